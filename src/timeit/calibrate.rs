//! Picks how many loops make a sample.

use super::plan::Paced;
use super::session::{Row, Sample, Session, Stop, Watch};
use std::time::Duration;

/// No sample has more loops: a statement that takes no time at all must not count for ever.
const MOST_LOOPS: u64 = 1 << 40;

/// A first sample up to this long is taken again: it may be slow because it imports or fills caches.
const WORTH_REPEATING: Duration = Duration::from_millis(250);

/// Finds the loops of a case for samples of about `target`; one that takes longer has one loop. With them comes the
/// last sample that was taken: of a statement that takes minutes it may be all that there is time for.
///
/// # Errors
/// Those of the session.
pub(super) fn calibrate(
    session: &mut dyn Session,
    case: usize,
    target: Duration,
    watch: &mut dyn Watch,
) -> Result<(Paced, Option<Sample>), Stop> {
    let mut last = None;
    let mut best = |loops: u64, times: usize| -> Result<Duration, Stop> {
        let samples = session.run(&vec![Row { case, loops }; times], watch)?;
        let fastest = samples.iter().map(|sample| sample.wall).min();
        last = samples.into_iter().last();
        Ok(fastest.unwrap_or_default())
    };
    let mut loops = 1;
    let mut time = best(1, 1)?;
    if time < WORTH_REPEATING {
        time = time.min(best(1, 1)?);
    }
    while time < target / 3 && loops < MOST_LOOPS {
        // Tenfold steps: the time of few loops says little of the time of many.
        loops = scaled(loops, time, target)
            .min(loops.saturating_mul(10))
            .max(loops * 2);
        time = best(loops, 1)?;
    }
    // One interrupted sample would halve the loops.
    if time < target * 4 {
        time = time.min(best(loops, 3)?);
    }
    let exact = scaled(loops, time, target);
    let paced = Paced {
        loops: exact,
        sample: Duration::from_secs_f64(time.as_secs_f64() / loops as f64 * exact as f64),
    };
    Ok((paced, last))
}

fn scaled(loops: u64, time: Duration, target: Duration) -> u64 {
    let factor = target.as_secs_f64() / time.as_secs_f64().max(1e-9);
    // Floats saturate when they become integers.
    ((loops as f64 * factor).round() as u64).clamp(1, MOST_LOOPS)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, World};
    use super::super::session::Open as _;
    use super::*;
    use std::rc::Rc;

    /// What is picked for a statement whose `loops` take so many nanoseconds.
    fn check(cost: impl Fn(u64) -> u64 + 'static, expected: std::ops::RangeInclusive<u64>) {
        let world = World::new(move |_, taking| Duration::from_nanos(cost(taking.loops)));
        let mut session = fake::Opener::new(Rc::clone(&world)).open().expect("a session");
        let (found, _) =
            calibrate(session.as_mut(), 0, Duration::from_millis(1), &mut fake::Patient).expect("loops");
        assert!(
            expected.contains(&found.loops),
            "{found:?}, expected {expected:?}"
        );
    }

    #[test]
    fn samples_take_about_a_millisecond() {
        check(|loops| 100 * loops, 9990..=10_010);
        check(|loops| 300 + 7 * loops, 130_000..=150_000);
        check(|loops| 700_000 * loops, 1..=1);
        check(|loops| 5_000_000 * loops, 1..=1);
        check(|loops| 3_000_000_000 * loops, 1..=1);
    }

    #[test]
    fn what_grows_with_the_loops_is_no_trap() {
        check(|loops| loops * loops, 900..=1100);
    }

    #[test]
    fn what_takes_no_time_ends() {
        check(|_| 0, MOST_LOOPS..=MOST_LOOPS);
    }

    #[test]
    fn a_slow_first_run_does_not_decide() {
        let first = std::cell::Cell::new(true);
        check(
            move |loops| {
                if first.replace(false) {
                    20_000_000
                } else {
                    1000 * loops
                }
            },
            990..=1010,
        );
    }
}
