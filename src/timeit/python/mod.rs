//! Sessions in CPython 2.7, 3.6 and later.
//!
//! # The worker
//!
//! The interpreter is started as `PYTHON -c BOOTSTRAP`, with one end of a socket pair as its standard input. The
//! bootstrap moves that end to another descriptor, which is closed in programs that the code starts, puts the
//! null device in its place, and reads the worker from it; nothing is installed or written. Standard output and
//! error go to one pipe, of which the end is kept.
//!
//! The worker puts the user's code into the template of the interpreter's own `timeit`, as text where that cannot
//! change its strings, else as syntax trees: the same bytecode as timeit compiles, which a test holds against every
//! Python that is installed. The code sees a fresh `__main__`.
//!
//! # The protocol, version 1
//!
//! A message is a line `KIND number ... / length ...`, then as many texts as there are lengths, of so many bytes.
//! Times are nanoseconds. The first thing sent, to the bootstrap, is a line with the lengths of the three parts
//! of the worker, then these.
//!
//! | from prof | numbers | texts |
//! | --- | --- | --- |
//! | `prepare` | 1 if the garbage collector stays on | setup, statement |
//! | `run` | 1 for `progress`, then case and loops of each row | |
//!
//! | from the worker | numbers | texts |
//! | --- | --- | --- |
//! | `hello` | version of the protocol, three of the interpreter | implementation, version, executable |
//! | `ready` | | |
//! | `rows` | 8 for each row that is complete and not told yet: wall clock, processor time of the thread and of the process, voluntary and involuntary switches, faults, peak memory in bytes, time of the setup; -1 for none | |
//! | `progress` | row of the plan, loops done, wall-clock and processor time | |
//! | `grown` | case, items before and after, loops | name |
//! | `done` | as `rows`: the rest | |
//! | `error` | as `progress`; then 0 in the setup, 1 in the statement, -1 elsewhere; line or 0 | type, message, what to show |
//!
//! `run` is answered by any number of `rows`, `progress` and `grown`, then `done` or `error`; rows come at least
//! four times a second. Closing the channel ends the worker.

mod hints;

mod process;
mod protocol;
mod session;

use crate::timeit::session::{Open, Session, Stop};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How the processes of sessions are started and bounded.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The interpreter, as [`crate::interpreter`] finds it.
    pub python: PathBuf,
    /// Arguments before ours.
    pub arguments: Vec<OsString>,
    /// Added to the environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The working folder; ours without it.
    pub folder: Option<PathBuf>,
    /// How long one sample may take.
    pub timeout: Option<Duration>,
    /// Once set, what runs ends as interrupted.
    pub interrupted: Option<&'static AtomicBool>,
}

impl Settings {
    /// An interpreter in the surroundings of this process.
    #[must_use]
    pub fn new(python: impl Into<PathBuf>) -> Settings {
        Settings {
            python: python.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            timeout: None,
            interrupted: None,
        }
    }
}

/// Opens sessions in one interpreter.
#[derive(Debug)]
pub struct Python {
    settings: Settings,
}

impl Python {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(settings: Settings) -> Python {
        Python { settings }
    }
}

impl Open for Python {
    fn open(&mut self) -> Result<Box<dyn Session>, Stop> {
        let session = session::PythonSession::start(&self.settings)?;
        // What was found may be a shim that takes a second to find the interpreter: only the first session pays.
        let executable = &session.runtime().executable;
        if executable.is_absolute() {
            self.settings.python.clone_from(executable);
        }
        Ok(Box::new(session))
    }
}

#[cfg(test)]
mod tests;
