//! When to look: time is cut into equal slots, and each has one look at a random moment. So the rate is kept, and a
//! program that does things at round intervals is not always met at the same point.

use crate::random::Random;
use std::time::Duration;

/// The moments of looks, from 0.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    slot: Duration,
    random: Random,
    /// The number of the slot that is next.
    next: u64,
}

impl Pace {
    /// So many looks a second.
    pub(super) fn new(rate: f64, seed: u64) -> Pace {
        Pace {
            slot: Duration::from_secs_f64(1.0 / rate),
            random: Random::new(seed),
            next: 0,
        }
    }

    /// When to look next, as it is `now`; and how many slots went by without a look, since the last one took so long.
    pub(super) fn next(&mut self, now: Duration) -> (Duration, u64) {
        let current = (now.as_nanos() / self.slot.as_nanos().max(1)) as u64;
        let missed = current.saturating_sub(self.next);
        let slot = self.next + missed;
        self.next = slot + 1;
        let due = self.slot.mul_f64(slot as f64 + self.random.unit());
        (due.max(now), missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_one_look() {
        let mut pace = Pace::new(100.0, 7);
        let mut now = Duration::ZERO;
        let mut places = Vec::new();
        for slot in 0..1000 {
            let (due, missed) = pace.next(now);
            assert_eq!(missed, 0);
            let start = Duration::from_millis(10 * slot);
            assert!(
                (start..start + Duration::from_millis(10)).contains(&due),
                "{due:?}"
            );
            places.push((due - start).as_secs_f64());
            now = due;
        }
        // Uniform in 10 ms: the mean of 1,000 is 5 ms, give or take 0.3 (three times 2.9 ms / 1000^0.5).
        let mean = places.iter().sum::<f64>() / 1000.0;
        assert!((mean - 0.005).abs() < 0.0003, "{mean}");
    }

    #[test]
    fn slots_that_a_slow_look_took_are_missed() {
        let mut pace = Pace::new(100.0, 7);
        pace.next(Duration::ZERO);
        // The first look ended in the sixth slot: four between them had none.
        let (due, missed) = pace.next(Duration::from_millis(51));
        assert_eq!(missed, 4);
        assert!((51..60).contains(&due.as_millis()), "{due:?}");
        assert_eq!(pace.next(due).1, 0);
    }
}
