//! Cold mode: each sample is the first and only loop of a fresh process, for what is slow but once, such as an import.
//!
//! Cases come in turn, every second round backwards. Nothing is dropped: a first time is what is asked for. Time is the
//! caller's clock, so that tests need none.

use super::auto::{End, Settings};
use super::compare;
use super::results::{Kind, Results, Run, Taken};
use super::session::{Open, Printed, Reason, Row, Watch};
use std::time::Duration;

/// Rounds that are wanted, if that does not take far longer than was asked for.
const LEAST: usize = 6;

/// More do not help.
const MOST: usize = 1000;

/// Measures cases on every program that `openers` start, into `results`. What was complete stays there when it ends
/// early.
pub fn measure(
    results: &mut Results,
    openers: &mut [Box<dyn Open + '_>],
    settings: &Settings,
    clock: &dyn Fn() -> Duration,
    watch: &mut dyn Watch,
) -> End {
    let begin = clock();
    let mut end = End::default();
    end.stopped = rounds(
        results,
        openers,
        settings,
        &|| clock().saturating_sub(begin),
        watch,
        &mut end.printed,
    )
    .err();
    results.elapsed = clock().saturating_sub(begin);
    end
}

fn rounds(
    results: &mut Results,
    openers: &mut [Box<dyn Open + '_>],
    settings: &Settings,
    elapsed: &dyn Fn() -> Duration,
    watch: &mut dyn Watch,
    printed: &mut Printed,
) -> Result<(), Reason> {
    let mut next_look = LEAST;
    for round in 0..settings.processes.unwrap_or(MOST) {
        let before = elapsed();
        let mut order: Vec<(usize, usize)> = (0..openers.len())
            .flat_map(|program| (0..results.cases.len()).map(move |case| (program, case)))
            .collect();
        // The first must be in order: it finds out what the programs are.
        if round % 2 == 1 {
            order.reverse();
        }
        for (program, case) in order {
            sample(
                results,
                openers[program].as_mut(),
                (program, case, round),
                elapsed,
                watch,
                printed,
            )?;
        }
        let now = elapsed();
        let limit = match settings.processes {
            Some(_) => continue,
            None if round + 1 < LEAST => settings.patience.max(settings.max_time),
            None => settings.max_time,
        };
        if now + now.saturating_sub(before) / 2 > limit {
            break;
        }
        if round + 1 >= next_look {
            next_look = (round + 1) * 3 / 2;
            if compare::is_settled(results, settings.precision) {
                break;
            }
        }
    }
    Ok(())
}

fn sample(
    results: &mut Results,
    opener: &mut dyn Open,
    (program, case, round): (usize, usize, usize),
    elapsed: &dyn Fn() -> Duration,
    watch: &mut dyn Watch,
    most_printed: &mut Printed,
) -> Result<(), Reason> {
    let began = elapsed();
    let mut session = opener.open().map_err(|stop| stop.reason)?;
    if results.runtimes.len() == program {
        results.runtimes.push(session.runtime().clone());
    }
    session
        .prepare(&results.cases[case])
        .map_err(|stop| stop.reason)?;
    let start = elapsed().saturating_sub(began);
    // It is the only case of this process.
    let taken = session.run(&[Row { case: 0, loops: 1 }], watch);
    let ended = session.end().map(|printed| {
        if printed.total > most_printed.total {
            *most_printed = printed;
        }
    });
    let samples = taken.map_err(|stop| stop.reason)?;
    ended?;
    results.runs.push(Run {
        runtime: program,
        start,
        grown: Vec::new(),
        taken: samples
            .into_iter()
            .map(|mut sample| {
                sample.row.case = case;
                Taken {
                    kind: Kind::Timed,
                    request: 0,
                    round,
                    sample,
                }
            })
            .collect(),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Opener, Patient, World};
    use super::super::session::Case;
    use super::*;
    use crate::timeit::compare::Verdict;
    use crate::timeit::estimate::estimate;
    use std::rc::Rc;

    #[test]
    fn each_sample_has_a_process() {
        // In a process every loop but the first takes no time; both are the first case of theirs.
        let world = World::new(|world, taking| {
            let first = if taking.earlier == 0 { 1.0 } else { 0.0 };
            let case = if taking.process % 4 == 1 || taking.process % 4 == 2 {
                3.0
            } else {
                2.0
            };
            Duration::from_secs_f64(first * case * 1e-3 * (1.0 + 0.01 * world.noise()))
        });
        let mut results = Results {
            cases: vec![Case::default(), Case::default()],
            ..Results::default()
        };
        let mut openers: Vec<Box<dyn Open>> = vec![Box::new(Opener::new(Rc::clone(&world)))];
        let settings = Settings {
            precision: 0.0,
            ..Settings::default()
        };
        let end = measure(
            &mut results,
            &mut openers,
            &settings,
            &|| world.now.get(),
            &mut Patient,
        );
        assert!(end.stopped.is_none());
        assert_eq!(world.processes(), results.runs.len());
        assert!(results.runs.iter().all(|run| run.taken.len() == 1));
        // 2 s of processes that take 20 ms to start and 2 or 3 ms for the sample.
        assert!((84..=92).contains(&results.runs.len()), "{}", results.runs.len());
        let side = results.sides().next().expect("a side");
        let found = estimate(&results, side).expect("samples");
        assert!((found.seconds - 0.002).abs() < 2e-5, "{found:?}");
        let found = compare::compare(&results);
        assert_eq!(found[0].verdict, Verdict::Slower);
        assert!((found[0].ratio - 1.5).abs() < 0.02, "{found:?}");
    }
}
