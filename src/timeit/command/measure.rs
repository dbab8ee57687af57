//! Takes samples of commands: in which order, how many, and when it is enough.
//!
//! Commands come in rounds, every second one backwards (A B, B A), so what drifts meets all alike and neighbours are
//! pairs. Samples that followed each other are alike, so they are grouped into blocks of consecutive rounds, which stand
//! where processes stand with snippets: a figure is the median of the blocks' medians, and intervals draw whole blocks.
//! Time is the caller's clock, so that tests need none.

use crate::random::Random;
use crate::statistics::bootstrap::SEED;
use crate::timeit::compare;
use crate::timeit::results::{Kind, Results, Run, Taken};
use crate::timeit::session::{Reason, Row, Session, Watch};
use std::time::Duration;

/// What is asked of a measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// No round is begun that would end after this, once there are enough.
    pub max_time: Duration,
    /// Stop at this in any case, as if the user wanted no more.
    pub limit: Option<Duration>,
    /// Stop when all intervals reach no farther than this from their figure; 0.01 is 1%. `None` takes all the time.
    pub precision: Option<f64>,
    /// At least so many runs of each command, whatever time they take.
    pub least: u64,
    /// At most so many.
    pub most: u64,
    /// Runs before these, which do not count.
    pub warmup: u64,
    /// Which comes when.
    pub order: Order,
}

/// In which order commands run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// In turn, every second round backwards.
    #[default]
    Abba,
    /// All runs of one, then all of the next.
    Block,
    /// In turn, each round in an order of its own.
    Random,
}

/// So many rounds are blocks of their own; more than these are grouped into [`BLOCKS`].
const SINGLE_ROUNDS: usize = 40;

/// Blocks of many rounds.
const BLOCKS: usize = 20;

/// Wall-clock time of a request: long enough that what stands between requests does not matter.
const REQUEST: Duration = Duration::from_millis(100);

/// No request has more rounds.
const MOST_ROUNDS: u64 = 512;

/// The share of the time that the start of the shell may take.
const REFERENCE_SHARE: f64 = 0.1;

/// Runs of the shell alone that are wanted, whatever share that is.
const LEAST_REFERENCES: usize = 5;

/// Looks at whether it is enough cost time, and each is a chance to stop by luck: they come ever more seldom.
const FIRST_LOOK: u64 = 10;

/// Measures the cases of `results` in a session in which they are not prepared yet. What was complete stays in
/// `results` when it ends early; the reason why comes back.
pub fn measure(
    results: &mut Results,
    session: &mut dyn Session,
    settings: &Settings,
    clock: &dyn Fn() -> Duration,
    watch: &mut dyn Watch,
) -> Option<Reason> {
    let begin = clock();
    let mut meter = Meter {
        session,
        settings,
        clock,
        watch,
        begin,
        has_reference: results.reference.is_some(),
        reference_time: Duration::ZERO,
        references: 0,
        random: Random::new(SEED),
        results,
        done: Vec::new(),
    };
    let stopped = meter.run().err();
    results.elapsed = clock().saturating_sub(begin);
    stopped
}

struct Meter<'a> {
    results: &'a mut Results,
    session: &'a mut dyn Session,
    settings: &'a Settings,
    clock: &'a dyn Fn() -> Duration,
    watch: &'a mut dyn Watch,
    begin: Duration,
    has_reference: bool,
    reference_time: Duration,
    references: usize,
    random: Random,
    /// Blocks that are complete: with [`Order::Block`], those of the commands before.
    done: Vec<Run>,
}

impl Meter<'_> {
    fn run(&mut self) -> Result<(), Reason> {
        self.results.runtimes.push(self.session.runtime().clone());
        let cases = self.results.cases.len();
        let all: Vec<_> = self
            .results
            .cases
            .iter()
            .chain(&self.results.reference)
            .cloned()
            .collect();
        for case in &all {
            self.session.prepare(case).map_err(|stop| stop.reason)?;
        }
        if self.settings.order == Order::Block {
            for case in 0..cases {
                let share = self.settings.max_time.mul_f64((case + 1) as f64 / cases as f64);
                self.group(&[case], share)?;
            }
            Ok(())
        } else {
            self.group(&(0..cases).collect::<Vec<_>>(), self.settings.max_time)
        }
    }

    fn elapsed(&self) -> Duration {
        (self.clock)().saturating_sub(self.begin)
    }

    /// All runs of some commands, with what stands before and after all.
    fn group(&mut self, cases: &[usize], until: Duration) -> Result<(), Reason> {
        let mut begun = 0;
        let result = cases
            .iter()
            .try_for_each(|&case| {
                begun += 1;
                self.session.begin(case).map_err(|stop| stop.reason)
            })
            .and_then(|()| self.warm_up(cases))
            .and_then(|()| self.rounds(cases, until));
        if self.settings.order == Order::Block {
            self.done = self.results.runs.clone();
        }
        // What was set up is cleaned up however it ended; the first thing that failed is what is told.
        let cleaned = cases[..begun]
            .iter()
            .map(|&case| self.session.finish(case).map_err(|stop| stop.reason))
            .fold(Ok(()), Result::and);
        result.and(cleaned)
    }

    fn warm_up(&mut self, cases: &[usize]) -> Result<(), Reason> {
        for _ in 0..self.settings.warmup {
            for &case in cases {
                let plan = [Row { case, loops: 1 }];
                self.session.run(&plan, self.watch).map_err(|stop| stop.reason)?;
            }
        }
        Ok(())
    }

    fn rounds(&mut self, cases: &[usize], until: Duration) -> Result<(), Reason> {
        let mut taken = Vec::new();
        let mut round = 0;
        let mut count = 1;
        let mut next_look = FIRST_LOOK.max(self.settings.least);
        loop {
            let before = self.elapsed();
            let result = self.request(cases, round..round + count, &mut taken);
            if let Err(reason) = result {
                self.publish(&taken);
                return Err(reason);
            }
            round += count;
            let now = self.elapsed();
            if round >= self.settings.most {
                break;
            }
            let is_over = self.settings.limit.is_some_and(|limit| now >= limit);
            if is_over && round < self.settings.least {
                self.publish(&taken);
                return Err(Reason::Interrupted);
            }
            let lasts = now.saturating_sub(before).div_f64(count as f64);
            // Another round when at least half of it fits.
            let fit =
                (until.saturating_sub(now).as_secs_f64() / lasts.as_secs_f64().max(1e-9)).round() as u64;
            if round >= self.settings.least && fit == 0 {
                break;
            }
            if round >= next_look
                && let Some(precision) = self.settings.precision
            {
                next_look = round * 3 / 2;
                self.publish(&taken);
                if compare::is_settled(self.results, precision) {
                    return Ok(());
                }
            }
            let wanted = (REQUEST.as_secs_f64() / lasts.as_secs_f64().max(1e-9)) as u64;
            let missing = self.settings.least.saturating_sub(round);
            let missing = if self.settings.limit.is_some() {
                missing.min(1)
            } else {
                missing
            };
            let left = fit.max(missing);
            // The first rounds say little of how long later ones take.
            count = wanted
                .min(count * 4)
                .min(left)
                .min(self.settings.most - round)
                .clamp(1, MOST_ROUNDS);
        }
        self.publish(&taken);
        Ok(())
    }

    /// Takes some rounds.
    fn request(
        &mut self,
        cases: &[usize],
        rounds: std::ops::Range<u64>,
        taken: &mut Vec<Taken>,
    ) -> Result<(), Reason> {
        let mut plan = Vec::new();
        for round in rounds {
            let mut order = cases.to_vec();
            match self.settings.order {
                Order::Random => shuffle(&mut order, &mut self.random),
                _ if round % 2 == 1 => order.reverse(),
                _ => {}
            }
            plan.extend(order.into_iter().map(|case| (round, case)));
        }
        if self.has_reference && self.wants_reference() {
            let place = self.results.cases.len();
            let round = plan.last().map_or(0, |last| last.0);
            plan.push((round, place));
        }
        let rows: Vec<Row> = plan.iter().map(|&(_, case)| Row { case, loops: 1 }).collect();
        let (samples, reason) = match self.session.run(&rows, self.watch) {
            Ok(samples) => (samples, None),
            Err(stop) => (stop.samples, Some(stop.reason)),
        };
        let place = self.results.cases.len();
        for (&(round, case), sample) in plan.iter().zip(samples) {
            if case == place {
                self.references += 1;
                self.reference_time += sample.wall;
            }
            taken.push(Taken {
                kind: if case == place {
                    Kind::Reference
                } else {
                    Kind::Timed
                },
                request: 0,
                round: usize::try_from(round).unwrap_or(usize::MAX),
                sample,
            });
        }
        reason.map_or(Ok(()), Err)
    }

    fn wants_reference(&self) -> bool {
        self.references < LEAST_REFERENCES || self.reference_time < self.elapsed().mul_f64(REFERENCE_SHARE)
    }

    /// Puts what was taken so far into the results.
    fn publish(&mut self, taken: &[Taken]) {
        self.results.runs.clone_from(&self.done);
        self.results.runs.extend(blocks(taken));
    }
}

/// Groups samples in the order taken into blocks of consecutive rounds.
fn blocks(taken: &[Taken]) -> Vec<Run> {
    let rounds = taken.last().map_or(0, |last| last.round + 1);
    let count = if rounds <= SINGLE_ROUNDS { rounds } else { BLOCKS };
    let mut runs = vec![Run::default(); count];
    for one in taken {
        runs[one.round * count / rounds].taken.push(one.clone());
    }
    runs.retain(|run| !run.taken.is_empty());
    runs
}

fn shuffle(order: &mut [usize], random: &mut Random) {
    for last in (1..order.len()).rev() {
        order.swap(last, random.place(last + 1));
    }
}

#[cfg(test)]
mod tests;
