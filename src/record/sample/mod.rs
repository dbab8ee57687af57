//! Samples the stacks of a Python program that runs already, from outside: nothing is started in it or changed.
//!
//! ```text
//! attach    a process -> its stacks now, by the crate py-spy (feature `attach`)
//! walk      the same by the places of structures in memory, once py-spy has said what is there
//! threads   which of its threads the system runs at this moment
//! pace      when to look: as often as asked, but never in step with the program
//! native    frames of C code between those of Python (feature `native`)
//! collect   stacks -> StackTree, counts
//! sampling  all of that in a thread of its own, until it is stopped or the program ends
//! ```
//!
//! # What a sample is
//!
//! At each look every thread that runs gives one stack of Python functions, each with its file and *first* line, so that
//! functions are told apart as in a dump of cProfile. Functions of C have no frame of their own, unless they are asked
//! for: their time is that of the Python function that called them. A thread that waits gives none, unless it is asked for; a look at a program
//! that only waits costs next to nothing, as no memory of it is read.
//!
//! # What it costs the program
//!
//! The threads that run are stopped while their stacks are read, else one stack in ten of a busy server is torn: read
//! while its functions return. Threads that wait are left alone: stopping them would wake them up, and end calls such
//! as `epoll_wait` early. How long the program was stopped is measured and told: while it stands still only what moves
//! is read, the frames, in a dozen calls of the system.
//!
//! Source: proc(5), ptrace(2), process_vm_readv(2), and `../shared/specs/export.md`, section 7.

#[cfg(feature = "attach")]
mod attach;
#[cfg(not(feature = "attach"))]
#[path = "without.rs"]
mod attach;
mod collect;
#[cfg(feature = "attach")]
mod layout;
#[cfg(feature = "attach")]
mod memory;
#[cfg(feature = "native")]
mod native;
mod pace;
#[cfg(feature = "attach")]
mod permission;
mod sampling;
#[cfg(feature = "attach")]
mod threads;
#[cfg(feature = "attach")]
mod walk;

pub use collect::Counts;
pub use sampling::{Sampled, Sampling, check};

/// How samples are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Looks a second.
    pub rate: f64,
    /// Only the thread that holds the interpreter's lock.
    pub gil: bool,
    /// Threads that wait, too.
    pub idle: bool,
    /// A frame for each thread, with its name, below its stacks.
    pub threads: bool,
    /// Child processes, too, each below a frame of its own.
    pub children: bool,
    /// Read while the program runs on: it is never stopped, but stacks may be torn, and some cannot be read.
    pub nonblocking: bool,
    /// Frames of C code, too, in a build with the feature `native`.
    pub native: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            rate: 100.0,
            gil: false,
            idle: false,
            threads: false,
            children: false,
            nonblocking: false,
            native: false,
        }
    }
}

/// Why a process cannot be sampled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This build is without the crate that reads other processes.
    #[error("this build of prof cannot sample running programs")]
    NotBuilt,
    /// This build is without the library that follows stacks of C code.
    #[error("--native: this build of prof cannot read frames of C code")]
    NoNative,
    /// No process has this number.
    #[error("no process {0} runs")]
    NoProcess(u32),
    /// The file does not hold the number of a process that runs.
    #[error("`{0}` does not name a process that runs")]
    NoProcessIn(String),
    /// The system does not let us look into it.
    #[error("the system does not let prof look into process {pid}")]
    Permission {
        /// The process.
        pid: u32,
        /// What would help.
        hint: &'static str,
    },
    /// There is no Python in it.
    #[error("process {pid} ({program}) is no Python program")]
    NotPython {
        /// The process.
        pid: u32,
        /// What runs there.
        program: String,
    },
    /// A Python that is not known.
    #[error("process {pid} runs a Python that is not supported: {version}")]
    Version {
        /// The process.
        pid: u32,
        /// Its version.
        version: String,
    },
    /// It ended before the first look.
    #[error("process {0} ended before a sample was taken")]
    Ended(u32),
    /// Its Python cannot be read, for another reason.
    #[error("cannot read the Python of process {pid}: {why}")]
    Unreadable {
        /// The process.
        pid: u32,
        /// Why.
        why: String,
    },
    /// The system gives us no thread.
    #[error("cannot begin to sample: {0}")]
    System(#[from] std::io::Error),
    /// There are more functions than are kept.
    #[error(transparent)]
    Stacks(#[from] crate::profile::stacks::Error),
}

impl Error {
    /// What to do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::NotBuilt => {
                Some("build it with the feature `attach`, which is on by default: cargo build --release")
            }
            Error::NoNative => Some(
                "build it with `cargo build --release --features native`, which needs libunwind (Debian: libunwind-dev, \
                 liblzma-dev); without it time in C code is that of the Python function that called it",
            ),
            Error::NoProcess(_) | Error::NoProcessIn(_) => {
                Some("`ps -eo pid,args | grep [p]ython` lists Python programs")
            }
            Error::Permission { hint, .. } => Some(hint),
            Error::NotPython { .. } => {
                Some("name the Python process itself, not the shell or the supervisor that started it")
            }
            Error::Version { .. } => Some("CPython 2.7 and 3.3 to 3.15 can be sampled"),
            Error::Unreadable { .. } => {
                Some("CPython 2.7 and 3.3 to 3.15 can be sampled; try again once the program is up")
            }
            Error::Ended(_) | Error::System(_) | Error::Stacks(_) => None,
        }
    }
}
