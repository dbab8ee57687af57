//! Sessions whose samples are processes: whole commands, as `--cmd` and `--sh` give them.
//!
//! Everything is ready before the clock starts: the file is found, descriptors are open, the list of arguments and the
//! environment are made. Its `spawn` tells from when to when the clock runs. A shell is part of what is timed; how long
//! it takes to start by itself is measured beside, and never subtracted: a difference of two noisy times may be below 0.

mod counters;
mod failures;
pub mod measure;
mod session;
mod spawn;
mod stream;
pub mod words;

pub use counters::Absent;
pub use session::CommandSession;
pub use spawn::ITERATION;

use super::usage::Counter;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A command to time, and what belongs to it.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// As the user wrote it.
    pub text: String,
    /// The program and its arguments; with a shell that is the first of them.
    pub words: Vec<String>,
    /// A character that is not expanded, because there is no shell.
    pub unexpanded: Option<char>,
    /// Set in its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it reads.
    pub input: Input,
    /// Where it writes.
    pub output: Output,
    /// Run before all of its runs, by the shell.
    pub setup: Option<String>,
    /// Run before each.
    pub prepare: Option<String>,
    /// Run after each.
    pub conclude: Option<String>,
    /// Run after all, also when they ended early.
    pub cleanup: Option<String>,
}

/// Where a command reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Nothing is there to read.
    #[default]
    Null,
    /// A file, from its beginning at each run.
    File(PathBuf),
}

/// Where a command writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Nowhere. Errors are kept, to be shown if it fails.
    #[default]
    Null,
    /// Into a pipe that someone reads: some programs do nothing where they see the null device.
    Pipe,
    /// Where `prof` does.
    Inherit,
    /// Into a file, which each run empties.
    File(PathBuf),
}

/// Which failures do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ignore {
    /// Each matters.
    #[default]
    None,
    /// None does.
    All,
    /// Exit codes.
    Codes(Vec<i32>),
}

impl Ignore {
    fn covers(&self, status: i32) -> bool {
        match self {
            Ignore::None => false,
            Ignore::All => true,
            Ignore::Codes(codes) => codes.contains(&status),
        }
    }
}

/// What all commands of a measurement share.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folders of commands.
    pub path: Vec<PathBuf>,
    /// The environment; that of a command is added.
    pub environment: Vec<(OsString, OsString)>,
    /// The shell and its arguments, without `-c`: for what is run beside the commands.
    pub shell: Vec<String>,
    /// The working folder; ours without it.
    pub folder: Option<PathBuf>,
    /// Which failures do not matter.
    pub ignore: Ignore,
    /// How long one run may take.
    pub timeout: Option<Duration>,
    /// Once set, what runs ends as interrupted.
    pub interrupted: Option<&'static AtomicBool>,
    /// What the processor shall count.
    pub counters: Vec<Counter>,
}
