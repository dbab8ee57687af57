//! Auto mode: as many fresh processes and samples as the time allows, until the figures are sharp enough.
//!
//! How many processes follows from what starting one costs: a quarter of the time may go into that, so a plain
//! interpreter is started some twenty times in two seconds, a server with all its code a few times. At least three
//! run, if that does not take far longer than was asked for. Where several programs are compared, their processes
//! come in turn. Where a quarter would start four or five processes, half of the time may go into six: an exact interval
//! needs these. Where many samples are interrupted they become shorter: of 0.4 ms far more stay whole than of 1 ms.
//! Time is the caller's clock, so that tests need none.

use super::calibrate::calibrate;
use super::compare;
use super::plan::{Paced, REFERENCE_SAMPLE, Shape};
use super::results::{Kind, Results, Run, Taken};
use super::session::{Case, Open, Printed, Reason, Row, Sample, Session, Stop, Watch};
use std::time::Duration;

/// What is asked of a measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// No process is started and no request made that would end after this.
    pub max_time: Duration,
    /// Unless fewer than three processes have run, and this is not over.
    pub patience: Duration,
    /// Stop when all intervals reach no farther than this from their figure; 0.01 is 1%.
    pub precision: f64,
    /// The time of a sample.
    pub sample_time: Duration,
    /// So many processes of each program, whatever starting costs.
    pub processes: Option<usize>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_time: Duration::from_secs(2),
            patience: Duration::from_secs(2),
            precision: 0.01,
            sample_time: Duration::from_millis(1),
            processes: None,
        }
    }
}

/// Fewer processes say nothing of how processes differ.
const FEWEST_PROCESSES: usize = 3;

/// More do not help.
const MOST_PROCESSES: usize = 64;

/// Starting may take this share of the time.
const START_SHARE: f64 = 0.25;

/// An exact interval at 95% needs so many.
const EXACT_PROCESSES: usize = 6;

/// For these starting may take this share.
const MOST_START_SHARE: f64 = 0.5;

/// With a smaller share of clean samples they are made shorter.
const ENOUGH_CLEAN: f64 = 0.8;

/// The time of a sample then, as a share of what was planned.
const SHORTER: f64 = 0.4;

/// The time that each process should at least have for its samples.
const LEAST_SHARE: Duration = Duration::from_millis(60);

/// How a measurement ended: what came of it is in the results in any case.
#[derive(Debug, Default)]
pub struct End {
    /// Why it ended early, if it did.
    pub stopped: Option<Reason>,
    /// What the timed code printed, in the process where it printed most.
    pub printed: Printed,
}

/// Measures cases on every program that `openers` start, into `results`, whose cases and reference say what to time.
/// What was complete stays there when it ends early.
pub fn measure(
    results: &mut Results,
    openers: &mut [Box<dyn Open + '_>],
    settings: &Settings,
    clock: &dyn Fn() -> Duration,
    watch: &mut dyn Watch,
) -> End {
    let begin = clock();
    let mut meter = Meter {
        results,
        settings,
        clock,
        watch,
        begin,
        printed: Printed::default(),
        shapes: vec![None; openers.len()],
        starts: vec![Duration::ZERO; openers.len()],
    };
    let stopped = meter.run(openers).err();
    let printed = meter.printed;
    results.elapsed = clock().saturating_sub(begin);
    End { stopped, printed }
}

struct Meter<'a> {
    results: &'a mut Results,
    settings: &'a Settings,
    clock: &'a dyn Fn() -> Duration,
    watch: &'a mut dyn Watch,
    begin: Duration,
    printed: Printed,
    /// For each program, once it is known.
    shapes: Vec<Option<Shape>>,
    /// What starting each took.
    starts: Vec<Duration>,
}

impl Meter<'_> {
    fn run(&mut self, openers: &mut [Box<dyn Open + '_>]) -> Result<(), Reason> {
        let programs = openers.len();
        let mut next_look = EXACT_PROCESSES;
        for block in 0.. {
            // Blocks in turn: what drifts meets all programs alike. The first block must be in order: it finds
            // out what the programs are.
            for turn in 0..programs {
                let program = if block % 2 == 0 { turn } else { programs - 1 - turn };
                if block > 0 && (!self.may_start(program, block) || self.is_enough(block)) {
                    return Ok(());
                }
                self.process(openers[program].as_mut(), program, block)?;
            }
            // Few looks: each is a chance to stop at a figure that is sharp by luck, and takes time from measuring.
            if block + 1 >= next_look && self.settings.processes.is_none() {
                next_look = (block + 1) * 3 / 2;
                if compare::is_settled(self.results, self.settings.precision) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        (self.clock)().saturating_sub(self.begin)
    }

    fn is_enough(&self, block: usize) -> bool {
        block >= self.settings.processes.unwrap_or(MOST_PROCESSES)
    }

    /// Would another process of this program end in time? As many as were asked for run in any case.
    fn may_start(&self, program: usize, block: usize) -> bool {
        let request = self.request_time(program);
        let limit = match self.settings.processes {
            Some(wanted) if block < wanted => return true,
            _ if block < FEWEST_PROCESSES => self.settings.patience.max(self.settings.max_time),
            _ => self.settings.max_time,
        };
        self.elapsed() + self.starts[program] + request <= limit
    }

    fn request_time(&self, program: usize) -> Duration {
        let shape = self.shapes[program].as_ref();
        shape.map(Shape::request_time).unwrap_or_default()
    }

    /// How many processes of each program fit, given what starting them takes.
    fn wanted(&self, program: usize) -> usize {
        let cost = |at: usize| {
            // Programs that have not run yet are taken for this one.
            let at = if self.shapes[at].is_some() { at } else { program };
            let least = self.request_time(at).max(LEAST_SHARE);
            let start = self.starts[at];
            move |share: f64| (start + least).max(start.div_f64(share))
        };
        let fit = |share: f64| {
            let block: Duration = (0..self.starts.len()).map(|at| cost(at)(share)).sum();
            (self.settings.max_time.as_secs_f64() / block.as_secs_f64().max(1e-6)) as usize
        };
        let fit = fit(START_SHARE).max(fit(MOST_START_SHARE).min(EXACT_PROCESSES));
        self.settings
            .processes
            .unwrap_or(fit.clamp(FEWEST_PROCESSES, MOST_PROCESSES))
    }

    /// Until when a process may take samples, counted from the beginning of all: what is left after the starts that
    /// are to come, shared out evenly.
    fn share(&self, program: usize, block: usize) -> Duration {
        let programs = self.starts.len();
        let done = self.results.runs.len();
        let later = (self.wanted(program).max(block + 1) * programs).saturating_sub(done);
        let now = self.elapsed();
        let starts = self.starts[program] * u32::try_from(later).unwrap_or(u32::MAX);
        let left = self.settings.max_time.saturating_sub(now).saturating_sub(starts);
        let share = left.div_f64((later + 1) as f64);
        if block == 0 && self.settings.processes.is_none() {
            // What the first start took says little of what the next ones will take.
            now + share.min(LEAST_SHARE * 2)
        } else {
            now + share
        }
    }

    fn process(&mut self, opener: &mut dyn Open, program: usize, block: usize) -> Result<(), Reason> {
        let began = self.elapsed();
        let mut session = opener.open().map_err(|stop| stop.reason)?;
        if self.results.runtimes.len() == program {
            self.results.runtimes.push(session.runtime().clone());
        }
        for case in self.results.cases.iter().chain(&self.results.reference) {
            session.prepare(case).map_err(|stop| stop.reason)?;
        }
        let start = self.elapsed().saturating_sub(began);
        self.starts[program] = if self.starts[program] == Duration::ZERO {
            start
        } else {
            // The first may go through a shim and find nothing in memory; any may be disturbed.
            self.starts[program].min(start)
        };
        let run = Run {
            runtime: program,
            start,
            ..Run::default()
        };
        // Even a process that ends badly has given samples.
        let at = self.results.runs.len();
        self.results.runs.push(run);
        let result = self.samples(session.as_mut(), program, block, at);
        let run = &mut self.results.runs[at];
        run.grown = (0..self.results.cases.len())
            .filter_map(|case| Some((case, session.growth(case)?.clone())))
            .collect();
        let ended = session.end().map(|printed| {
            if printed.total > self.printed.total {
                self.printed = printed;
            }
        });
        if self.results.runs[at].taken.is_empty() {
            self.results.runs.pop();
        }
        result.and(ended)
    }

    fn samples(
        &mut self,
        session: &mut dyn Session,
        program: usize,
        block: usize,
        at: usize,
    ) -> Result<(), Reason> {
        let mut is_warm = false;
        if self.shapes[program].is_none() || self.is_far_off(program) {
            let (mut shape, mut lasts) = self.calibrate(session).map_err(|stop| stop.reason)?;
            if self.warm_up(session, &shape)? {
                (shape, lasts) = self.calibrate(session).map_err(|stop| stop.reason)?;
            }
            is_warm = true;
            let is_over = self.elapsed() >= self.settings.max_time;
            self.shapes[program] = Some(shape);
            // Statements that take this long were measured by that.
            if is_over && lasts.iter().all(|sample| sample.row.loops == 1) {
                let taken = lasts.into_iter().map(|sample| Taken {
                    kind: Kind::Timed,
                    request: 0,
                    round: 0,
                    sample,
                });
                self.results.runs[at].taken.extend(taken);
                return Ok(());
            }
        }
        let Some(mut shape) = self.shapes[program].clone() else {
            return Ok(());
        };
        if !is_warm {
            self.warm_up(session, &shape)?;
        }
        let end = self.share(program, block);
        // Processes begin in turn with either order, so that none is always first after a start.
        let mut round = block % 2;
        for request in 0.. {
            let before = self.elapsed();
            let steps = shape.request(round, request == 0);
            round += shape.rounds();
            let rows: Vec<Row> = steps.iter().map(|step| step.row).collect();
            let (samples, stop) = match session.run(&rows, self.watch) {
                Ok(samples) => (samples, None),
                Err(stop) => (stop.samples, Some(stop.reason)),
            };
            let taken = steps.iter().zip(samples).map(|(step, sample)| Taken {
                kind: step.kind,
                request,
                round: step.round,
                sample,
            });
            self.results.runs[at].taken.extend(taken);
            if let Some(reason) = stop {
                return Err(reason);
            }
            if self.is_too_disturbed(program, at) {
                shape = shorter(&shape);
                self.shapes[program] = Some(shape.clone());
            }
            let now = self.elapsed();
            // Another one when at least half of it fits.
            if now + now.saturating_sub(before) / 2 > end {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Are samples of full length interrupted too often, and is it not setups that take the time?
    fn is_too_disturbed(&self, program: usize, at: usize) -> bool {
        let Some(shape) = &self.shapes[program] else {
            return false;
        };
        let planned = self.settings.sample_time;
        let is_full = |sample: Duration| sample > planned.mul_f64(0.7) && sample < planned * 2;
        if !shape
            .cases
            .iter()
            .all(|case| is_full(case.sample) && case.loops >= 10)
        {
            return false;
        }
        let run = &self.results.runs[at];
        let (mut all, mut clean, mut dear) = (0usize, 0usize, 0usize);
        for taken in run.taken.iter().filter(|taken| taken.kind == Kind::Timed) {
            all += 1;
            clean += usize::from(taken.is_clean());
            dear += usize::from(taken.sample.setup > planned / 10);
        }
        all > 0 && (clean as f64) < ENOUGH_CLEAN * all as f64 && dear * 2 < all
    }

    /// Were the last process' samples far shorter than planned? Then the first ones, from which the loops come, were
    /// slow for a reason of their own.
    fn is_far_off(&self, program: usize) -> bool {
        let (Some(shape), Some(last)) = (
            &self.shapes[program],
            self.results
                .runs
                .iter()
                .rev()
                .find(|run| run.runtime == program && !run.taken.is_empty()),
        ) else {
            return false;
        };
        shape.cases.iter().enumerate().any(|(case, paced)| {
            let walls: Vec<Duration> = last.timed(case).map(|taken| taken.sample.wall).collect();
            let longest = walls.iter().max();
            longest
                .is_some_and(|&longest| longest < paced.sample / 3 && longest < self.settings.sample_time / 3)
        })
    }

    /// Runs all cases in a fresh process that compiles while it runs, until they are as fast as they become. Did
    /// anything run?
    fn warm_up(&mut self, session: &mut dyn Session, shape: &Shape) -> Result<bool, Reason> {
        let time = session.warm_up();
        let cases = shape.cases.iter().chain(&shape.reference).enumerate();
        let rows: Vec<Row> = cases
            .flat_map(|(case, paced)| {
                // What takes longer than this was warmed up by its own loops.
                let times = time.as_secs_f64() / paced.sample.as_secs_f64().max(1e-6);
                let row = Row {
                    case,
                    loops: paced.loops,
                };
                std::iter::repeat_n(row, (times as usize).min(1000))
            })
            .collect();
        if !rows.is_empty() {
            session.run(&rows, self.watch).map_err(|stop| stop.reason)?;
        }
        Ok(!rows.is_empty())
    }

    /// The loops of all cases, and the last sample of each.
    fn calibrate(&mut self, session: &mut dyn Session) -> Result<(Shape, Vec<Sample>), Stop> {
        let mut lasts = Vec::new();
        let mut shape = Shape {
            cases: Vec::new(),
            reference: None,
        };
        for case in 0..self.results.cases.len() {
            let (paced, last) = calibrate(session, case, self.settings.sample_time, self.watch)?;
            shape.cases.push(paced);
            lasts.extend(last);
        }
        if self.results.reference.is_some() {
            let place = self.results.cases.len();
            shape.reference = Some(calibrate(session, place, REFERENCE_SAMPLE, self.watch)?.0);
        }
        Ok((shape, lasts))
    }
}

/// The same with fewer loops.
fn shorter(shape: &Shape) -> Shape {
    let cases = shape.cases.iter().map(|case| Paced {
        loops: ((case.loops as f64 * SHORTER) as u64).max(1),
        sample: case.sample.mul_f64(SHORTER),
    });
    Shape {
        cases: cases.collect(),
        reference: shape.reference,
    }
}

/// A loop that takes about ten microseconds everywhere, in Python. Versions run it at different speed: only times
/// on the same version may be compared through it.
#[must_use]
pub fn python_reference() -> Case {
    Case {
        name: "reference".into(),
        statement: "for item in items: pass".into(),
        setup: "items = tuple(range(1000))".into(),
        collect_garbage: false,
        parameters: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
