//! Did the time per loop rise while one long sample ran?

use super::session::{Progress, Sample};
use std::time::Duration;

/// Seconds per loop at the begin and at the end of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rise {
    /// In the first third.
    pub from: f64,
    /// In the last third.
    pub to: f64,
}

/// Looks that are needed at least: fewer show more of the neighbours than of the code.
const LOOKS: usize = 6;
/// What is less than this is not told.
const LEAST: f64 = 1.1;

/// Finds a rise in what was seen of a sample and, if it was complete, its end. It must show on the wall and in
/// processor time, so that waiting for a neighbour is none; and every piece of the last third must be slower
/// than all of the first.
#[must_use]
pub fn find(looks: &[Progress], sample: Option<&Sample>) -> Option<Rise> {
    if looks.len() < LOOKS {
        return None;
    }
    let rise = of(
        looks,
        sample.map(|sample| (sample.row.loops, sample.wall)),
        |look| look.elapsed,
    )?;
    let cpu = sample.and_then(|sample| Some((sample.row.loops, sample.process_cpu?)));
    of(looks, cpu, |look| look.process_cpu)?;
    Some(rise)
}

fn of(
    looks: &[Progress],
    end: Option<(u64, Duration)>,
    time: impl Fn(&Progress) -> Duration,
) -> Option<Rise> {
    let mut points = vec![(0, Duration::ZERO)];
    points.extend(looks.iter().map(|look| (look.done, time(look))));
    points.extend(end);
    let mut rates: Vec<f64> = points
        .windows(2)
        .filter_map(|pair| {
            let loops = pair[1].0.checked_sub(pair[0].0).filter(|&loops| loops > 0)?;
            Some(pair[1].1.checked_sub(pair[0].1)?.as_secs_f64() / loops as f64)
        })
        .collect();
    let third = rates.len() / 3;
    let count = rates.len();
    let (first, rest) = rates.split_at_mut_checked(third)?;
    let last = rest.split_at_mut_checked(count - 2 * third)?.1;
    first.sort_by(f64::total_cmp);
    last.sort_by(f64::total_cmp);
    let (&highest, &lowest) = (first.last()?, last.first()?);
    let rise = Rise {
        from: first[first.len() / 2],
        to: last[last.len() / 2],
    };
    (lowest > highest && rise.to > rise.from * LEAST).then_some(rise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::session::Row;

    /// Pieces of 1000 loops each, of so many milliseconds on the wall and of processor time.
    fn check(wall: &[u64], cpu: &[u64], expected: Option<(f64, f64)>) {
        let mut look = Progress {
            row: Row {
                case: 0,
                loops: 1_000_000,
            },
            done: 0,
            elapsed: Duration::ZERO,
            process_cpu: Duration::ZERO,
        };
        let mut looks = Vec::new();
        for (&wall, &cpu) in wall.iter().zip(cpu) {
            look.done += 1000;
            look.elapsed += Duration::from_millis(wall);
            look.process_cpu += Duration::from_millis(cpu);
            looks.push(look);
        }
        let found = find(&looks, None).map(|rise| (rise.from * 1e6, rise.to * 1e6));
        let rounded = found.map(|(from, to)| (from.round(), to.round()));
        assert_eq!(rounded, expected);
    }

    #[test]
    fn a_steady_rise_is_one() {
        let pieces = [100, 110, 120, 130, 140, 150, 160, 170, 180];
        check(&pieces, &pieces, Some((110.0, 170.0)));
    }

    #[test]
    fn noise_and_neighbours_are_none() {
        let even = [100; 9];
        check(&even, &even, None);
        check(&[100, 180, 90, 100, 170, 110, 160, 90, 180], &[100; 9], None);
        // The machine was given to others: the processor time stayed.
        check(&[100, 100, 100, 150, 150, 150, 200, 200, 200], &even, None);
        check(&[100, 200, 300], &[100, 200, 300], None);
        check(&[], &[], None);
        let less = [100, 100, 100, 104, 104, 104, 108, 108, 108];
        check(&less, &less, None);
    }
}
