//! What every kind of runner offers: open a fresh process, prepare cases in it, run a plan, and give samples
//! or a typed [`Stop`]. Plans, statistics and reports know nothing else of it.

use super::usage::Usage;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// What to time: source texts, in the language of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// What reports call it.
    pub name: String,
    /// The statement, its lines joined by line feeds.
    pub statement: String,
    /// Run before every sample, not timed; empty for none.
    pub setup: String,
    /// Whether the garbage collector stays on while a sample runs.
    pub collect_garbage: bool,
    /// The parameters that were put into it: name and value.
    pub parameters: Vec<(String, String)>,
}

/// One sample to take: a prepared case, and how many loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place of the case in the order of [`Session::prepare`], from 0.
    pub case: usize,
    /// Executions of the statement in one go.
    pub loops: u64,
}

/// What one row gave. Counts are differences over the timed part of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What was asked.
    pub row: Row,
    /// Wall-clock time of all loops.
    pub wall: Duration,
    /// Processor time of the thread, where it can be read.
    pub cpu: Option<Duration>,
    /// Processor time of the whole process with all its threads, where it can be read.
    pub process_cpu: Option<Duration>,
    /// Times the thread waited of its own will.
    pub voluntary_switches: u64,
    /// Times the thread was interrupted by the system: such a sample is not clean. `None` where that is not known.
    pub involuntary_switches: Option<u64>,
    /// Page faults, minor and major.
    pub faults: u64,
    /// Peak resident memory of the process so far, bytes.
    pub peak_memory: u64,
    /// Time of the setup before it, where there was one.
    pub setup: Duration,
    /// What the system says of it, where it was a process of its own.
    pub usage: Option<Usage>,
}

/// A container of the timed code that grew while a sample ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The variable's name.
    pub name: String,
    /// Items right before the first loop.
    pub before: u64,
    /// Items right after the last.
    pub after: u64,
    /// Loops between.
    pub loops: u64,
}

/// What the timed code printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// The end of it, at most some kilobytes of raw bytes.
    pub end: Vec<u8>,
    /// Bytes in all.
    pub total: u64,
}

/// The program behind a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// Such as `CPython`.
    pub implementation: String,
    /// Such as `3.11.7`.
    pub version: String,
    /// The executable itself, not a shim.
    pub executable: PathBuf,
}

/// How far a long row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The row it runs.
    pub row: Row,
    /// Loops done so far.
    pub done: u64,
    /// Since the row began.
    pub elapsed: Duration,
    /// Processor time of the process in the same time; zero where it cannot be read.
    pub process_cpu: Duration,
}

/// Looks at long rows while they run, a few times a second. `Break` ends the plan as interrupted.
pub trait Watch {
    /// Called now and then while a row runs.
    fn progress(&mut self, progress: Progress) -> ControlFlow<()>;
}

/// Why a plan ended early. Nothing measured is lost: what was complete is in `samples`, the row that ran in
/// `running`.
#[derive(Debug)]
pub struct Stop {
    /// Why.
    pub reason: Reason,
    /// Rows of the plan that were complete.
    pub samples: Vec<Sample>,
    /// How far the row was that did not end.
    pub running: Option<Progress>,
}

/// Why a session gave no answer.
#[derive(Debug)]
pub enum Reason {
    /// The user's code raised an error, or cannot be compiled.
    Code(Box<CodeError>),
    /// It took longer than was allowed.
    TimeOut,
    /// The user wants no more.
    Interrupted,
    /// The process ended by itself: its status as words, and the last that it printed.
    Died {
        /// Such as `exit code 3` or `killed by signal 9`.
        status: String,
        /// The end of what it printed on stderr and stdout, at most some kilobytes.
        output: Box<str>,
    },
    /// It could not be started, or does not speak the protocol.
    Start {
        /// Why; further lines are what it printed.
        message: Box<str>,
        /// What to do.
        hint: Box<str>,
    },
    /// A command failed, or what belongs to it.
    Failed(Box<Failed>),
}

/// A command that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// Which, and how.
    pub message: String,
    /// The end of what it wrote, at most some kilobytes.
    pub output: String,
    /// What to do.
    pub hint: Option<String>,
}

/// An error in the user's code, placed in the user's own text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeError {
    /// The type, such as `NameError`.
    pub kind: String,
    /// Its text.
    pub message: String,
    /// What is printed: the traceback or the syntax error with its caret, none of our frames in it.
    pub shown: String,
    /// What to do, where a known trap was met.
    pub hint: Option<String>,
    /// Where it is, or what of the user's code called what failed.
    pub part: Option<Part>,
    /// The line in that part, from 1.
    pub line: Option<usize>,
    /// The language of which it is no valid code, where it cannot even be compiled.
    pub invalid_in: Option<String>,
}

/// A piece of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Run before the loop.
    Setup,
    /// Run in the loop.
    Statement,
    /// Run once in a process, before all.
    GlobalSetup,
}

impl From<Reason> for Stop {
    /// Before anything was measured.
    fn from(reason: Reason) -> Stop {
        Stop {
            reason,
            samples: Vec::new(),
            running: None,
        }
    }
}

impl From<CodeError> for Stop {
    fn from(error: CodeError) -> Stop {
        Reason::Code(Box::new(error)).into()
    }
}

/// One fresh process that times cases.
pub trait Session {
    /// What it runs on.
    fn runtime(&self) -> &Runtime;

    /// How long a case must run in a fresh process until it is as fast as it becomes: above zero for programs that
    /// compile while they run.
    fn warm_up(&self) -> Duration {
        Duration::ZERO
    }

    /// Compiles a case; its place is the number of cases before it.
    ///
    /// # Errors
    /// If the code cannot be compiled, or the process is gone.
    fn prepare(&mut self, case: &Case) -> Result<(), Stop>;

    /// Takes the samples of a plan, in its order.
    ///
    /// # Errors
    /// With what was complete until then.
    fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop>;

    /// What stands before all samples of a case, such as the command of `--setup-cmd`.
    ///
    /// # Errors
    /// If that fails.
    fn begin(&mut self, case: usize) -> Result<(), Stop> {
        let _ = case;
        Ok(())
    }

    /// What stands after all samples of a case, also when they ended early.
    ///
    /// # Errors
    /// If that fails.
    fn finish(&mut self, case: usize) -> Result<(), Stop> {
        let _ = case;
        Ok(())
    }

    /// Takes a sample under a profiler: a dump of cProfile, or `None` where there is no profiler.
    ///
    /// # Errors
    /// If the code fails, or the process is gone.
    fn profile(&mut self, row: Row) -> Result<Option<Vec<u8>>, Stop> {
        let _ = row;
        Ok(None)
    }

    /// What grew most in the last sample of a case, if anything did and it can be seen.
    fn growth(&self, case: usize) -> Option<&Growth> {
        let _ = case;
        None
    }

    /// Ends the process in order, and tells what its code printed on standard output and error.
    ///
    /// # Errors
    /// If what the code left for later failed then; what it printed is in the reason.
    fn end(self: Box<Self>) -> Result<Printed, Reason> {
        Ok(Printed::default())
    }
}

/// Starts sessions: a fresh process each.
pub trait Open {
    /// Does what must be done once, before time is counted, such as loading a server's code.
    ///
    /// # Errors
    /// If that fails.
    fn ready(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    /// Starts one.
    ///
    /// # Errors
    /// If the program cannot be started.
    fn open(&mut self) -> Result<Box<dyn Session>, Stop>;
}

impl fmt::Display for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.implementation)?;
        if !self.version.is_empty() {
            write!(formatter, " {}", self.version)?;
        }
        Ok(())
    }
}
