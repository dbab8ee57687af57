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
//! # The protocol
//!
//! That of all workers ([`super::worker`]), and more. The first thing sent, to the bootstrap, is a line with the lengths of
//! the three parts of the worker, then these. `hello` has three numbers more, the version of the interpreter. The second
//! number of `prepare` is 0 as timeit does it, 1 with `await`, 2 with one setup for all samples. Where `progress` is wanted a
//! thread in the worker looks for it; its mere existence makes Python 2.7 slower.
//!
//! | from prof | numbers | texts |
//! | --- | --- | --- |
//! | `world` | 1 if what is written to databases is undone after each sample | the source of `world.py`, `django` or `evennia` or nothing, the settings of Django, the global setup |
//! | `fork` | | |
//! | `profile` | case, loops | the source of `world.py` |
//!
//! | from the worker | numbers | texts |
//! | --- | --- | --- |
//! | `send` | | |
//! | `profile` | | a dump of cProfile |
//! | `forked` | its process number | |
//!
//! `world` is answered by `ready` or `error`; `fork` by `send`, whereupon prof sends one byte with two descriptors, a
//! channel and the other end of an output: the process that is forked says `forked`, with its number, on that channel, and
//! from then on is a worker of its own.

mod hints;
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
    /// What the code finds, if that is more than an interpreter.
    pub world: Option<World>,
    /// How the code is put together.
    pub mode: Mode,
}

/// What is set up once, and shared by the processes that measure: each is forked from the one in which that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// Whose applications are loaded.
    pub framework: Framework,
    /// Code run once, at module level: cases see its names.
    pub code: String,
    /// Is what a sample writes to databases undone after it?
    pub rollback: bool,
}

/// Whose applications are loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Framework {
    /// None.
    #[default]
    None,
    /// Django with these settings, such as `mysite.settings`.
    Django(String),
    /// The Evennia game in the working folder.
    Evennia,
}

/// How setup and statement are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As timeit does it: the setup runs before each sample.
    #[default]
    Timeit,
    /// The same in an `async` function: they may `await`.
    Async,
    /// The setup runs once in each process.
    Once,
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
            world: None,
            mode: Mode::Timeit,
        }
    }
}

/// Opens sessions in one interpreter.
#[derive(Debug)]
pub struct Python {
    settings: Settings,
    /// The process in which the world was set up, from which others are forked.
    first: Option<session::PythonSession>,
}

impl Python {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(settings: Settings) -> Python {
        Python {
            settings,
            first: None,
        }
    }
}

impl Open for Python {
    fn ready(&mut self) -> Result<(), Stop> {
        if self.settings.world.is_some() && self.first.is_none() {
            self.first = Some(session::PythonSession::start(&self.settings)?);
        }
        Ok(())
    }

    fn open(&mut self) -> Result<Box<dyn Session>, Stop> {
        self.ready()?;
        if let Some(first) = &mut self.first {
            return Ok(Box::new(first.fork()?));
        }
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
