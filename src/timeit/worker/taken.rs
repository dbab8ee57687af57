//! What came of a plan so far.

use super::protocol::Message;
use crate::timeit::session::{Case, Growth, Progress, Reason, Row, Sample, Stop, Watch};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Numbers for each sample in `rows`.
const ROW: usize = 8;

/// A case that the worker knows.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) case: Case,
    /// Seconds a loop took last.
    pub(super) per_loop: Option<f64>,
    pub(super) growth: Option<Growth>,
}

/// A watch, and what to tell it when the worker says nothing.
pub(super) struct Watched<'a> {
    pub(super) progress: Option<Progress>,
    pub(super) since: Instant,
    pub(super) watch: &'a mut dyn Watch,
}

impl Watched<'_> {
    pub(super) fn tick(&mut self) -> ControlFlow<()> {
        match self.progress {
            Some(progress) => self.watch.progress(Progress {
                elapsed: progress.elapsed.max(self.since.elapsed()),
                ..progress
            }),
            None => ControlFlow::Continue(()),
        }
    }
}

/// What came of a plan so far.
pub(super) struct Taken<'a> {
    plan: &'a [Row],
    pub(super) samples: Vec<Sample>,
    /// Since complete rows were told last.
    pub(super) since: Instant,
    /// Of the row that runs: its place in the plan, loops done, and wall and processor time that they took.
    running: Option<(usize, u64, Duration, Duration)>,
}

/// What a message meant for the plan.
pub(super) enum Took {
    More,
    Done,
    Error,
    /// A sample has no time.
    Untimed,
}

impl<'a> Taken<'a> {
    pub(super) fn new(plan: &'a [Row]) -> Taken<'a> {
        Taken {
            plan,
            samples: Vec::with_capacity(plan.len()),
            since: Instant::now(),
            running: None,
        }
    }

    pub(super) fn take(&mut self, message: &Message, cases: &mut [Prepared]) -> Took {
        match message.kind.as_str() {
            kind @ ("rows" | "done") => {
                for numbers in message.numbers.chunks_exact(ROW) {
                    let Some(&row) = self.plan.get(self.samples.len()) else {
                        break;
                    };
                    let Some(sample) = sample(row, numbers) else {
                        return Took::Untimed;
                    };
                    if let Some(case) = cases.get_mut(row.case) {
                        case.per_loop = Some(sample.wall.as_secs_f64() / row.loops.max(1) as f64);
                    }
                    self.samples.push(sample);
                }
                self.since = Instant::now();
                self.running = None;
                if kind == "done" { Took::Done } else { Took::More }
            }
            "grown" => {
                let case = usize::try_from(message.number(0)).ok();
                if let Some(case) = case.and_then(|case| cases.get_mut(case)) {
                    case.growth = Some(Growth {
                        name: message.text(0),
                        before: message.count(1),
                        after: message.count(2),
                        loops: message.count(3),
                    });
                }
                Took::More
            }
            "progress" => {
                self.running = Some(running(message));
                Took::More
            }
            "error" => {
                self.running = Some(running(message));
                Took::Error
            }
            _ => Took::More,
        }
    }

    /// How far the row is that runs.
    pub(super) fn progress(&self) -> Option<Progress> {
        let (place, done, elapsed, process_cpu) = self.running.unwrap_or_default();
        // Rows before it may be complete and not told yet.
        let &row = self.plan.get(place.max(self.samples.len()))?;
        Some(Progress {
            row,
            done,
            elapsed,
            process_cpu,
        })
    }

    /// Were fewer samples told than asked for?
    pub(super) fn is_short(&self) -> bool {
        self.samples.len() < self.plan.len()
    }

    pub(super) fn stop(self, reason: Reason) -> Stop {
        let mut running = self.progress();
        if let Some(running) = &mut running
            && matches!(reason, Reason::TimeOut | Reason::Interrupted)
            && running.elapsed.is_zero()
        {
            // Of code that does not let the worker speak, the time is known from here.
            running.elapsed = self.since.elapsed();
        }
        Stop {
            reason,
            running,
            samples: self.samples,
        }
    }
}

/// `None` without time on the wall, which every worker knows.
fn sample(row: Row, numbers: &[i64]) -> Option<Sample> {
    let at = |place: usize| numbers.get(place).copied().unwrap_or(0);
    let known = |place: usize| u64::try_from(at(place)).ok();
    let count = |place: usize| known(place).unwrap_or(0);
    let time = |place: usize| known(place).map(Duration::from_nanos);
    Some(Sample {
        row,
        wall: time(0)?,
        cpu: time(1),
        process_cpu: time(2),
        voluntary_switches: count(3),
        involuntary_switches: known(4),
        faults: count(5),
        peak_memory: count(6),
        setup: time(7).unwrap_or_default(),
        usage: None,
    })
}

fn running(message: &Message) -> (usize, u64, Duration, Duration) {
    let time = |place| nanoseconds(message.number(place));
    let place = usize::try_from(message.number(0)).unwrap_or(0);
    (place, message.count(1), time(2), time(3))
}

fn nanoseconds(number: i64) -> Duration {
    Duration::from_nanos(u64::try_from(number).unwrap_or(0))
}
