use super::*;
use crate::timeit::compare::Verdict;
use crate::timeit::estimate;
use crate::timeit::fake::{self, Patient};
use crate::timeit::results::Side;
use crate::timeit::session::{Case, Runtime, Sample, Stop};
use std::cell::Cell;
use std::rc::Rc;

/// Commands that take some milliseconds each, and what was asked of them: a letter for each run, `<` and `>` before
/// and after all of one.
struct Fake {
    runtime: Runtime,
    now: Rc<Cell<Duration>>,
    costs: Vec<f64>,
    asked: String,
    fails_after: usize,
    random: Random,
}

impl Session for Fake {
    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn prepare(&mut self, _: &Case) -> Result<(), Stop> {
        Ok(())
    }

    fn run(&mut self, plan: &[Row], _: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
        let mut samples = Vec::new();
        for &row in plan {
            if self.asked.chars().filter(|c| c.is_alphabetic()).count() >= self.fails_after {
                return Err(Stop {
                    reason: Reason::TimeOut,
                    samples,
                    running: None,
                });
            }
            self.asked.push(char::from(b'A' + row.case as u8));
            let wall =
                Duration::from_secs_f64(self.costs[row.case] * 1e-3 * (1.0 + 0.01 * self.random.unit()));
            self.now.set(self.now.get() + wall);
            samples.push(Sample {
                cpu: Some(wall),
                process_cpu: Some(wall),
                ..fake::sample(row, wall)
            });
        }
        Ok(samples)
    }

    fn begin(&mut self, _: usize) -> Result<(), Stop> {
        self.asked.push('<');
        Ok(())
    }

    fn finish(&mut self, _: usize) -> Result<(), Stop> {
        self.asked.push('>');
        Ok(())
    }
}

fn settings() -> Settings {
    Settings {
        max_time: Duration::from_secs(2),
        limit: None,
        precision: None,
        least: 1,
        most: u64::MAX,
        warmup: 0,
        order: Order::Abba,
    }
}

fn measured(
    costs: &[f64],
    with_shell: bool,
    settings: &Settings,
    fails_after: usize,
) -> (Results, String, bool) {
    let now = Rc::new(Cell::new(Duration::ZERO));
    let mut session = Fake {
        runtime: Runtime {
            implementation: "command".into(),
            version: String::new(),
            executable: "".into(),
        },
        now: Rc::clone(&now),
        costs: costs.to_vec(),
        asked: String::new(),
        fails_after,
        random: Random::new(7),
    };
    let cases = costs.len() - usize::from(with_shell);
    let mut results = Results {
        cases: vec![Case::default(); cases],
        reference: with_shell.then(Case::default),
        ..Results::default()
    };
    let stopped = measure(&mut results, &mut session, settings, &|| now.get(), &mut Patient);
    (results, session.asked, stopped.is_some())
}

fn check(costs: &[f64], settings: &Settings, expected: &str) {
    assert_eq!(measured(costs, false, settings, usize::MAX).1, expected);
}

#[test]
fn every_second_round_is_backwards() {
    let four = Settings {
        least: 4,
        most: 4,
        ..settings()
    };
    check(&[1.0, 1.0], &four, "<<ABBAABBA>>");
    check(
        &[1.0, 1.0],
        &Settings {
            order: Order::Block,
            ..four.clone()
        },
        "<AAAA><BBBB>",
    );
    check(
        &[1.0, 1.0],
        &Settings {
            warmup: 2,
            most: 1,
            ..four
        },
        "<<ABABAB>>",
    );
}

#[test]
fn time_and_the_least_number_decide() {
    // 2 s of 300 ms: another round while at least half of it fits.
    check(&[300.0], &settings(), "<AAAAAAA>");
    check(
        &[300.0],
        &Settings {
            least: 9,
            ..settings()
        },
        "<AAAAAAAAA>",
    );
    // A limit of the user's counts for more.
    let limited = Settings {
        least: 9,
        limit: Some(Duration::from_secs(2)),
        ..settings()
    };
    let (_, asked, is_stopped) = measured(&[300.0], false, &limited, usize::MAX);
    assert_eq!((&*asked, is_stopped), ("<AAAAAAA>", true));
    check(
        &[300.0],
        &Settings {
            least: 9,
            most: 3,
            ..settings()
        },
        "<AAA>",
    );
}

#[test]
fn what_is_sharp_enough_ends_early() {
    let sharp = Settings {
        precision: Some(0.02),
        least: 10,
        ..settings()
    };
    let (_, asked, _) = measured(&[10.0], false, &sharp, usize::MAX);
    assert!(asked.len() < 40, "{asked}");
}

#[test]
fn what_failed_is_cleaned_up_and_nothing_is_lost() {
    let (results, asked, is_stopped) = measured(&[100.0, 100.0], false, &settings(), 5);
    assert_eq!(asked, "<<ABBAA>>");
    assert!(is_stopped);
    assert_eq!(results.runs.iter().map(|run| run.taken.len()).sum::<usize>(), 5);
}

#[test]
fn many_rounds_are_twenty_blocks() {
    let many = Settings {
        least: 400,
        most: 400,
        ..settings()
    };
    let (results, _, _) = measured(&[1.0, 1.02], false, &many, usize::MAX);
    assert_eq!(results.runs.len(), 20);
    assert!(results.runs.iter().all(|run| run.taken.len() == 40));
    let found = compare::compare(&results);
    assert_eq!(found[0].verdict, Verdict::Slower);
    assert!((found[0].ratio - 1.02).abs() < 0.002, "{found:?}");
}

#[test]
fn commands_that_ran_one_after_the_other_are_compared_without_pairs() {
    let many = Settings {
        least: 60,
        most: 60,
        order: Order::Block,
        ..settings()
    };
    let (results, _, _) = measured(&[1.0, 1.05], false, &many, usize::MAX);
    let found = compare::compare(&results);
    assert_eq!(found[0].verdict, Verdict::Slower);
    assert_eq!(found[0].pairs, 0);
    assert!((found[0].ratio - 1.05).abs() < 0.004, "{found:?}");
}

#[test]
fn the_shell_is_measured_beside() {
    let (results, asked, _) = measured(&[10.0, 1.0], true, &settings(), usize::MAX);
    let shell = asked.matches('B').count();
    assert!((5..=40).contains(&shell), "{shell}");
    let estimate = estimate::estimate(&results, Side { case: 0, runtime: 0 }).expect("samples");
    assert!((estimate.seconds - 0.01005).abs() < 1e-4);
    assert!(estimate::reference(&results, 0).expect("samples").seconds < 0.0011);
}
