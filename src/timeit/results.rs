//! What a measurement gives: every sample with its place, and what ran it. Reports, findings, comparisons and
//! saved files are all made from this, and from nothing else.

use super::machine::{Activity, Machine};
use super::session::{Case, Growth, Progress, Runtime, Sample};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which time is the headline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The clock on the wall.
    #[default]
    Wall,
    /// Processor time of the whole process.
    Cpu,
}

impl Metric {
    /// This time of all loops of a sample.
    #[must_use]
    pub fn of(self, sample: &Sample) -> Duration {
        match self {
            Metric::Wall => sample.wall,
            Metric::Cpu => sample.process_cpu.or(sample.cpu).unwrap_or(sample.wall),
        }
    }

    /// This time of a sample that was not complete.
    #[must_use]
    pub fn of_progress(self, progress: &Progress) -> Duration {
        match self {
            Metric::Wall => progress.elapsed,
            // Where it cannot be read.
            Metric::Cpu if progress.process_cpu.is_zero() => progress.elapsed,
            Metric::Cpu => progress.process_cpu,
        }
    }

    /// This one, or the clock on the wall if any of these samples does not know it.
    #[must_use]
    pub fn known_of<'a>(self, samples: impl IntoIterator<Item = &'a Sample>) -> Metric {
        let is_known = |sample: &Sample| sample.process_cpu.or(sample.cpu).is_some();
        if samples.into_iter().all(is_known) {
            self
        } else {
            Metric::Wall
        }
    }
}

/// Everything that one measurement found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The version of `prof` that measured, or the tool that wrote the file.
    pub tool: String,
    /// When it began, as `2026-11-22T16:02:15Z`; empty if not known.
    pub date: String,
    /// How long it took in all.
    pub elapsed: Duration,
    /// Which time the headline is.
    pub metric: Metric,
    /// What it ran on.
    pub machine: Machine,
    /// What else the machine did meanwhile.
    pub activity: Activity,
    /// What was timed.
    pub cases: Vec<Case>,
    /// The loop that tells how fast the machine was, if one ran.
    pub reference: Option<Case>,
    /// What ran them; every case ran on each.
    pub runtimes: Vec<Runtime>,
    /// The processes, in the order they were started.
    pub runs: Vec<Run>,
}

/// What one fresh process gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Its place in [`Results::runtimes`].
    pub runtime: usize,
    /// Until it was ready to time: the start of the program, and compiling.
    pub start: Duration,
    /// In the order taken.
    pub taken: Vec<Taken>,
    /// What grew most in a sample, for cases where it can be seen: the case, and what.
    pub grown: Vec<(usize, Growth)>,
}

/// What a sample is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The first after a pause, which is slow: left out of all figures.
    Warmup,
    /// One that counts.
    Timed,
    /// One with an eighth of the loops: tells whether time grows with their number.
    Probe,
    /// One of the reference loop; its case is the number of cases.
    Reference,
}

/// A sample and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What it is for.
    pub kind: Kind,
    /// The request it came with, counted in its process.
    pub request: usize,
    /// The round, counted in its process: samples of different cases in one round are a pair.
    pub round: usize,
    /// What was measured.
    pub sample: Sample,
}

impl Taken {
    /// Seconds of wall-clock time for each loop.
    #[must_use]
    pub fn wall(&self) -> f64 {
        per_loop(self.sample.wall, self.sample.row.loops)
    }

    /// Seconds of processor time of the thread for each loop.
    #[must_use]
    pub fn cpu(&self) -> Option<f64> {
        self.sample.cpu.map(|time| per_loop(time, self.sample.row.loops))
    }

    /// Seconds of processor time of the process for each loop.
    #[must_use]
    pub fn process_cpu(&self) -> Option<f64> {
        let time = self.sample.process_cpu.or(self.sample.cpu);
        time.map(|time| per_loop(time, self.sample.row.loops))
    }

    /// Was it left alone by the system, as far as that is known?
    ///
    /// A process that never waits of its own will was, if it ran all the time: a long one is always interrupted for
    /// moments that do not matter, and a short one may wait for a processor before it starts, which no count tells.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let sample = &self.sample;
        let interruptions = sample.involuntary_switches.unwrap_or(0);
        match (sample.usage, sample.process_cpu) {
            (Some(_), Some(cpu)) if sample.voluntary_switches == 0 => {
                sample.wall.saturating_sub(cpu) <= LEAST_PAUSE.max(sample.wall.mul_f64(PAUSES))
            }
            (Some(_), _) => interruptions <= OWN_SWITCHES,
            _ => interruptions == 0,
        }
    }
}

/// When a process begins its program we go on, and may take its place for a moment.
const OWN_SWITCHES: u64 = 1;

/// A process that stood still for less was left alone: starting and ending take about as much.
const LEAST_PAUSE: Duration = Duration::from_micros(100);

/// The share of the time that moments in which the system interrupts a process take on a machine at rest.
const PAUSES: f64 = 0.02;

fn per_loop(time: Duration, loops: u64) -> f64 {
    time.as_secs_f64() / loops.max(1) as f64
}

impl Run {
    /// The samples of a case that count.
    pub fn timed(&self, case: usize) -> impl Iterator<Item = &Taken> {
        self.of(Kind::Timed, case)
    }

    /// The samples of one kind and case.
    pub fn of(&self, kind: Kind, case: usize) -> impl Iterator<Item = &Taken> {
        self.taken
            .iter()
            .filter(move |taken| taken.kind == kind && taken.sample.row.case == case)
    }
}

impl Results {
    /// The processes of a runtime.
    pub fn runs_of(&self, runtime: usize) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.runtime == runtime)
    }

    /// Everything that has figures of its own: each case on each runtime.
    pub fn sides(&self) -> impl Iterator<Item = Side> + use<> {
        let cases = self.cases.len();
        (0..self.runtimes.len()).flat_map(move |runtime| (0..cases).map(move |case| Side { case, runtime }))
    }

    /// Are its samples processes of their own?
    #[must_use]
    pub fn is_of_commands(&self) -> bool {
        self.runs
            .iter()
            .flat_map(|run| run.taken.first())
            .any(|taken| taken.sample.usage.is_some())
    }

    /// What a report calls it: the case, and the runtime where there are several.
    #[must_use]
    pub fn name(&self, side: Side) -> String {
        let case = self.cases.get(side.case).map_or("", |case| &case.name);
        let runtime = self.runtimes.get(side.runtime);
        match runtime {
            Some(runtime) if self.runtimes.len() > 1 && self.cases.len() > 1 => {
                format!("{case} on {}", self.runtime_name(runtime))
            }
            Some(runtime) if self.runtimes.len() > 1 => self.runtime_name(runtime),
            _ => case.to_owned(),
        }
    }

    /// The version, or more where two runtimes have the same.
    fn runtime_name(&self, runtime: &Runtime) -> String {
        let same = |other: &&Runtime| other.to_string() == runtime.to_string();
        if self.runtimes.iter().filter(same).count() > 1 {
            format!("{runtime} ({})", runtime.executable.display())
        } else {
            runtime.to_string()
        }
    }
}

/// A case on a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Its place in [`Results::cases`].
    pub case: usize,
    /// Its place in [`Results::runtimes`].
    pub runtime: usize,
}
