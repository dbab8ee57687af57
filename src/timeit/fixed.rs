//! Fixed mode: the number of loops is given, and all of them run in one go, as with `timeit.timeit`; and timeit's
//! own search for that number.

use super::results::{Kind, Metric, Run, Taken};
use super::session::{Growth, Progress, Reason, Row, Sample, Session, Stop, Watch};
use std::ops::{ControlFlow, Range};
use std::time::Duration;

/// What fixed mode measured.
#[derive(Debug, Default)]
pub struct Fixed {
    /// Complete samples, in the order taken.
    pub samples: Vec<Sample>,
    /// How far each sample was when it was looked at, a few times a second; for those that took long enough.
    pub looks: Vec<Vec<Progress>>,
    /// What grew in the last sample of each case, where anything did.
    pub growth: Vec<Option<Growth>>,
    /// Why it ended early, if it did, and how far the last sample was.
    pub stop: Option<(Reason, Option<Progress>)>,
}

impl Fixed {
    /// The same as a process among results, after this time until it was ready. Samples of one repeat are a round.
    #[must_use]
    pub fn run(&self, runtime: usize, start: Duration, cases: usize) -> Run {
        let taken = |(at, sample): (usize, &Sample)| Taken {
            kind: Kind::Timed,
            request: at / ROWS,
            round: at / cases.max(1),
            sample: *sample,
        };
        let growth = self.growth.iter().enumerate();
        Run {
            runtime,
            start,
            taken: self.samples.iter().enumerate().map(taken).collect(),
            grown: growth
                .filter_map(|(case, growth)| Some((case, growth.clone()?)))
                .collect(),
        }
    }
}

/// Rows in one request: more would make requests long, for nothing.
const ROWS: usize = 1000;

/// Takes so many samples of each case, of so many loops each. Cases take turns: A, B, B, A and so on.
pub fn measure(
    session: &mut dyn Session,
    cases: Range<usize>,
    loops: u64,
    repeat: u64,
    watch: &mut dyn Watch,
) -> Fixed {
    let mut fixed = Fixed::default();
    let turn = |turn: u64| -> Vec<usize> {
        if turn.is_multiple_of(2) {
            cases.clone().collect()
        } else {
            cases.clone().rev().collect()
        }
    };
    let mut rows = (0..repeat)
        .flat_map(turn)
        .map(|case| Row { case, loops })
        .peekable();
    while rows.peek().is_some() && fixed.stop.is_none() {
        let plan: Vec<Row> = rows.by_ref().take(ROWS).collect();
        let mut looks = Looks {
            looks: &mut fixed.looks,
            watch,
        };
        match session.run(&plan, &mut looks) {
            Ok(samples) => fixed.samples.extend(samples),
            Err(stop) => {
                fixed.samples.extend(stop.samples);
                fixed.stop = Some((stop.reason, stop.running));
            }
        }
    }
    fixed.growth = cases.map(|case| session.growth(case).cloned()).collect();
    fixed
}

/// Keeps what is seen of long samples.
struct Looks<'a> {
    looks: &'a mut Vec<Vec<Progress>>,
    watch: &'a mut dyn Watch,
}

impl Watch for Looks<'_> {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        if progress.done > 0 {
            match self.looks.last_mut() {
                // A look that found nothing new says nothing of the speed.
                Some(sample) if sample.last().is_some_and(|last| last.done == progress.done) => {}
                Some(sample)
                    if sample
                        .last()
                        .is_some_and(|last| last.row == progress.row && last.done < progress.done) =>
                {
                    sample.push(progress);
                }
                _ => self.looks.push(vec![progress]),
            }
        }
        self.watch.progress(progress)
    }
}

/// Finds the number of loops as `Timer.autorange` of CPython 3.7 and later does: the first of 1, 2, 5, 10, 20,
/// 50 and so on whose loops take at least `target` together. `each` hears of every trial.
///
/// # Errors
/// The first stop of the session.
pub fn autorange(
    session: &mut dyn Session,
    case: usize,
    metric: Metric,
    target: Duration,
    watch: &mut dyn Watch,
    each: &mut dyn FnMut(u64, Duration),
) -> Result<u64, Stop> {
    let mut loops = 1;
    for step in [2, 5, 2].iter().cycle() {
        let samples = session.run(&[Row { case, loops }], watch)?;
        let time = samples
            .first()
            .map(|sample| metric.of(sample))
            .unwrap_or_default();
        each(loops, time);
        if time >= target {
            break;
        }
        // 1, 2, 5, 10: twice, two and a half times, twice.
        loops = match (step, loops.checked_mul(2)) {
            (5, _) => loops / 2 * 5,
            (_, Some(doubled)) => doubled,
            (_, None) => break,
        };
        if loops > u64::MAX / 8 {
            break;
        }
    }
    Ok(loops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;
    use crate::timeit::session::{Case, Runtime};
    use std::path::PathBuf;

    /// A session in which every loop of case `n` takes `n + 1` microseconds.
    struct Fake {
        runtime: Runtime,
        asked: Vec<Row>,
        stops_after: usize,
    }

    fn fake() -> Fake {
        Fake {
            runtime: Runtime {
                implementation: "Fake".into(),
                version: "1".into(),
                executable: PathBuf::new(),
            },
            asked: Vec::new(),
            stops_after: usize::MAX,
        }
    }

    impl Session for Fake {
        fn runtime(&self) -> &Runtime {
            &self.runtime
        }

        fn prepare(&mut self, _: &Case) -> Result<(), Stop> {
            Ok(())
        }

        fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
            let mut samples = Vec::new();
            for &row in plan {
                let wall = Duration::from_nanos(row.loops * 1000 * (row.case as u64 + 1));
                for part in 1..4 {
                    let progress = Progress {
                        row,
                        done: row.loops * part / 4,
                        elapsed: wall * u32::try_from(part).expect("small") / 4,
                        process_cpu: Duration::ZERO,
                    };
                    if watch.progress(progress).is_break() || self.asked.len() >= self.stops_after {
                        return Err(Stop {
                            reason: Reason::Interrupted,
                            samples,
                            running: Some(progress),
                        });
                    }
                }
                self.asked.push(row);
                samples.push(Sample {
                    process_cpu: Some(wall * 2),
                    ..fake::sample(row, wall)
                });
            }
            Ok(samples)
        }
    }

    struct Nobody;

    impl Watch for Nobody {
        fn progress(&mut self, _: Progress) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    /// The loops that the search tries, for a target in microseconds.
    fn check_search(metric: Metric, target: u64, expected: &[u64]) {
        let mut tried = Vec::new();
        let target = Duration::from_micros(target);
        let mut each = |loops, _| tried.push(loops);
        let found = autorange(&mut fake(), 0, metric, target, &mut Nobody, &mut each).expect("no stop");
        assert_eq!(tried, expected);
        assert_eq!(Some(&found), expected.last());
    }

    #[test]
    fn the_search_takes_the_steps_of_timeit() {
        check_search(Metric::Wall, 1, &[1]);
        check_search(Metric::Wall, 2, &[1, 2]);
        check_search(
            Metric::Wall,
            2001,
            &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
        );
        check_search(Metric::Cpu, 9, &[1, 2, 5]);
    }

    #[test]
    fn cases_take_turns() {
        let mut session = fake();
        let fixed = measure(&mut session, 0..2, 10, 3, &mut Nobody);
        let order: Vec<usize> = session.asked.iter().map(|row| row.case).collect();
        assert_eq!(order, [0, 1, 1, 0, 0, 1]);
        assert_eq!(fixed.samples.len(), 6);
        assert!(fixed.stop.is_none());
    }

    #[test]
    fn what_was_complete_survives_a_stop() {
        let mut session = fake();
        session.stops_after = 2;
        let fixed = measure(&mut session, 0..1, 100, 5, &mut Nobody);
        assert_eq!(fixed.samples.len(), 2);
        let Some((Reason::Interrupted, Some(running))) = fixed.stop else {
            panic!("it was interrupted")
        };
        assert_eq!(running.done, 25);
    }

    #[test]
    fn looks_are_kept_for_each_sample() {
        let fixed = measure(&mut fake(), 0..1, 100, 2, &mut Nobody);
        let done: Vec<Vec<u64>> = fixed
            .looks
            .iter()
            .map(|looks| looks.iter().map(|look| look.done).collect())
            .collect();
        assert_eq!(done, [[25, 50, 75], [25, 50, 75]]);
    }
}
