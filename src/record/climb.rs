//! Does a process's memory climb? Asked of looks at it, at equal times.
//!
//! Memory that climbs takes more at each of [`LOOKS`] looks in a row, in no one step more than half of it, and at the
//! end a quarter and [`LEAST`] more than at the beginning. So what is loaded at once is none, nor what comes and goes
//! as garbage does; for the latter, of two looks the lower counts. Slow growth shows at longer times: at twice, four
//! times, ... the time between two looks.

/// So many looks in a row.
pub const LOOKS: usize = 6;
/// Bytes that must have come.
pub const LEAST: u64 = 100 << 20;

/// What was seen. The first scale holds the lower ones of two looks, each other the lower of two of the one before.
#[derive(Clone, Debug, Default)]
pub struct Climb {
    scales: Vec<Scale>,
}

#[derive(Clone, Debug, Default)]
struct Scale {
    /// The newest at the end; [`LOOKS`] at most.
    seen: Vec<u64>,
    /// The first of two.
    half: Option<u64>,
}

/// Memory that climbs, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Climbs {
    /// At the first of the looks.
    pub from: u64,
    /// At the last.
    pub to: u64,
    /// How many times the time between two looks lies between them.
    pub steps: u64,
}

impl Climb {
    /// Adds a look, in bytes.
    pub fn look(&mut self, bytes: u64) -> Option<Climbs> {
        let (mut value, mut steps) = (bytes, 2);
        for place in 0.. {
            if place == self.scales.len() {
                self.scales.push(Scale::default());
            }
            let scale = &mut self.scales[place];
            let Some(first) = scale.half.take() else {
                scale.half = Some(value);
                return None;
            };
            value = first.min(value);
            if scale.seen.len() == LOOKS {
                scale.seen.remove(0);
            }
            scale.seen.push(value);
            if let Some((from, to)) = climbs(&scale.seen) {
                return Some(Climbs {
                    from,
                    to,
                    steps: steps * (LOOKS as u64 - 1),
                });
            }
            steps *= 2;
        }
        None
    }
}

fn climbs(seen: &[u64]) -> Option<(u64, u64)> {
    let (&[from, .., to], LOOKS) = (seen, seen.len()) else {
        return None;
    };
    let growth = to.checked_sub(from)?;
    let is_steady = seen
        .windows(2)
        .all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= growth / 2);
    (is_steady && growth > LEAST && growth > from / 4).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which look is it told, and from where to where? Numbers are MiB.
    fn check(looks: impl IntoIterator<Item = u64>, expected: Option<(usize, u64, u64, u64)>) {
        let mut climb = Climb::default();
        let told = looks.into_iter().enumerate().find_map(|(place, look)| {
            let climbs = climb.look(look << 20)?;
            Some((place + 1, climbs.from >> 20, climbs.to >> 20, climbs.steps))
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn steady_growth_is_told() {
        // The lower ones of two: 100, 140, 180, 220, 260, 300.
        check((0..).map(|at| 100 + 20 * at).take(12), Some((12, 100, 300, 10)));
    }

    #[test]
    fn growth_that_a_short_time_does_not_show_is_seen_over_a_long_one() {
        // 1 MiB a look: 100 MiB and more over five steps come first at 32 looks a step, the sixth of which ends at 192.
        check((0..).map(|at| 100 + at).take(1000), Some((192, 100, 260, 160)));
    }

    #[test]
    fn garbage_that_comes_and_goes_is_none() {
        check((0..).map(|at| 100 + 50 * (at % 7)).take(1000), None);
    }

    #[test]
    fn what_is_loaded_at_once_is_none() {
        check((0..).map(|at| if at < 20 { 100 } else { 2000 }).take(1000), None);
    }

    #[test]
    fn little_of_much_is_none() {
        // 24 MiB a step of two looks are more than 100 MiB in five, but not a quarter of 10 GiB, nor at longer times
        // before it stops.
        check((0..).map(|at| 10_240 + 12 * at.min(100)).take(1000), None);
        // Nor is half of 100 MiB.
        check((0..).map(|at| 100 + 2 * at.min(25)).take(1000), None);
    }
}
