//! Settings files of Evennia's Dummyrunner, unchanged: a helper process in the user's Python loads the file and calls
//! its functions; dummies send what these return.
//!
//! # What a file may hold, and what becomes of it
//!
//! | in the file | here |
//! | --- | --- |
//! | `TIMESTEP`, `CHANCE_OF_ACTION`, `CHANCE_OF_LOGIN` | the scenario's; options of the command line win |
//! | `TELNET_PORT` | the port on 127.0.0.1, unless the command line names a port or target |
//! | `ACTIONS` | login, logout, and weighted actions; each function is an action of the report, under its name |
//! | `PROFILE` | `--profile NAME` puts another name into its assignment before the file runs; a name that the file compares with nothing is an error |
//! | imports, classes, state, threads | run as they are, in one process for all dummies |
//! | imports of `evennia` or `django` | with a game folder, or `DJANGO_SETTINGS_MODULE` set, Django and Evennia are set up first; a file without them is spared that second |
//! | what it prints | shown on standard error, escaped; 16 KiB at most |
//! | standard input | is empty |
//!
//! # What functions get: `client`
//!
//! `key`, `cid`, `gid`, `istep`, `exits`, `objs`, `counter()`, `action_started`, `connection_timestamp`,
//! `connection_attempt`, and whatever the functions themselves set, for as long as the connection lasts. `factory`,
//! `transport`, `sendLine` and other parts of the original's network code are an error that says so.
//!
//! # What functions return
//!
//! | returned | means |
//! | --- | --- |
//! | a string | one command (the original sends its letters one by one) |
//! | a tuple, a list, a generator, any iterable | its elements as commands; what is no string is written as one, as in the original |
//! | a string with line breaks | one command for each line |
//! | `None` or nothing in it | nothing to do: the tick passes, counted (the original's dummy dies) |
//! | a number, bytes, `None` among commands | an error of the function |
//! | an error | its traceback once for each function, then counted; the dummy goes on with its next action (the original's dies) |
//!
//! `{timestamp}` in a command that begins with `dummyrunner_echo_response` is filled in when it is sent.
//!
//! Where string literals of a command list stand below each other without a comma, Python makes one string of them;
//! the sample in Evennia's manual does so. They are taken apart, with a warning, if: they are what a login, logout or
//! action function returns (or the only value of a variable that it only returns), alone or as an element of a tuple
//! or list; each begins on a line of its own; the one before begins with a word and ends with a letter, a digit, `}`,
//! a quote, `)`, `.`, `!` or `?`, and not with a space; the next begins with a word.
//!
//! # Differences on purpose
//!
//! - The next action is asked for as soon as the last command of the one before was sent, not at the tick, so that no
//!   send waits for Python. `istep` is the same; what the time or other dummies changed since is not seen. Where a
//!   send has to wait all the same, the wait is harness lateness.
//! - Each command of a login waits for its answer, and is known by it where it is one of Evennia's (`create`, `yes`,
//!   `connect`). If `create` is answered by Evennia's question whether that was intended and the next command does
//!   not answer it, `yes` is sent first.
//! - All strings of the logout function are sent (the original sends the first). Should the function fail, or take more
//!   than half of `--grace`, `quit` is.
//! - After a lost connection the dummy has the same `cid`, and a new client object with another `gid`.
//! - `idle` is not waited for where only text could answer it: Evennia answers it with nothing.
//! - The seed of the run goes to `random.seed` before the file is loaded. Names still hold the time, and draws of
//!   different dummies come in the order of their answers, so a run of the same seed is alike, not the same.
//!
//! # The helper
//!
//! `PYTHON -u -c BOOTSTRAP` with a socket as its standard input, from which it reads its own source; nothing is
//! installed or written. Each thread of dummies has a socket of its own to it (see [`protocol`]), so that answers need
//! no further thread on our side, and the state of the file is one. Requests go out once in a turn of a thread, or,
//! where ticks are far apart, once in 10 ms; the helper answers all that has come by then. It ends with its first socket; if `prof` is killed, it is killed, too.
//!
//! Source of the behaviour: Evennia's manual and its Dummyrunner, read and run.

mod process;
pub mod protocol;
mod scenario;
#[cfg(test)]
mod tests;

pub use process::Printed;

use process::{PATIENCE, Process, words};
use serde::Deserialize;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// The number of the login function.
pub const LOGIN: u32 = 0;
/// The number of the logout function.
pub const LOGOUT: u32 = 1;
/// The number of the first action.
pub const FIRST_ACTION: u32 = 2;

/// How long loading may take: Django on a slow machine takes ten seconds.
const LOAD_TIME: Duration = Duration::from_secs(60);

/// Which settings, and how they are loaded.
#[derive(Clone, Debug)]
pub struct Source {
    /// The interpreter.
    pub python: PathBuf,
    /// The game's folder: the working folder of the helper, first in its path, and where Django's settings are.
    pub game: Option<PathBuf>,
    /// A file that ends in `.py`, or the dotted name of a module. A file that is not here is looked for in the game.
    pub module: OsString,
    /// Instead of the file's PROFILE.
    pub profile: Option<String>,
}

/// What a settings file says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Settings {
    /// The file, in full.
    pub path: String,
    /// Seconds between ticks: 0.001 to 3600.
    pub timestep: f64,
    /// From 0 to 1.
    pub chance_of_action: f64,
    /// From 0 to 1.
    pub chance_of_login: f64,
    /// The server's port on this machine.
    pub port: Option<u16>,
    /// The profile that it plays, if it has them.
    pub profile: Option<String>,
    /// Login, logout, then the actions.
    pub functions: Vec<Function>,
    /// What is odd in it: the line, and what.
    pub warnings: Vec<(u32, String)>,
    /// Was Django set up for it?
    #[serde(rename = "django")]
    pub is_django_set_up: bool,
    /// How long loading took, without the start of the interpreter.
    pub seconds: f64,
    /// The interpreter's version.
    pub python: String,
}

/// A function of the file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Function {
    /// Its name, different from all others.
    pub name: String,
    /// Where it begins; 0 if nobody knows.
    pub line: u32,
    /// As written; 0 for login and logout.
    pub weight: f64,
}

/// A loaded file.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub settings: Settings,
    /// The process that calls its functions.
    pub helper: Helper,
    /// For the threads of dummies, one each.
    pub channels: Vec<UnixStream>,
}

/// The process that calls the functions.
#[derive(Debug)]
pub struct Helper(Process);

/// What the helper says at the end.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ending {
    /// What came of each function.
    pub functions: Vec<Calls>,
    /// Seconds of processor time that the helper took.
    pub cpu: f64,
}

/// What came of a function's calls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Calls {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub line: u32,
    /// How often it was called.
    pub calls: u64,
    /// Of these, calls that failed.
    pub errors: u64,
    /// Calls that gave no command.
    pub empty: u64,
    /// The first error, in a line.
    pub error: String,
}

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The interpreter cannot be started.
    #[error("cannot start `{}`", .python.display())]
    Start {
        /// The interpreter.
        python: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in the file must be mended.
    #[error("cannot use the settings `{path}`{}: {message}", place(*.line))]
    File {
        /// Which file.
        path: String,
        /// Where in it; 0: the whole.
        line: u32,
        /// What is wrong.
        message: String,
        /// What to do, if anything can be said.
        hint: String,
        /// The traceback, if an error of Python is behind it.
        trace: String,
    },
    /// The process ended while it loaded the file.
    #[error("cannot use the settings `{path}`: while it was loaded, {how}{}", said(.last))]
    Ended {
        /// As it was given.
        path: String,
        /// How it ended.
        how: String,
        /// What it last said.
        last: Option<String>,
    },
    /// It takes too long.
    #[error("cannot use the settings `{path}`: loading it is not done after {} s{}", LOAD_TIME.as_secs(), said(.last))]
    Slow {
        /// As it was given.
        path: String,
        /// What it last said.
        last: Option<String>,
    },
}

impl Error {
    /// What to do, if anything can be said.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Start { .. } => Some("name another Python with --python"),
            Error::File { hint, .. } => Some(hint).filter(|hint| !hint.is_empty()).map(String::as_str),
            Error::Ended { .. } => None,
            Error::Slow { .. } => Some("a settings file must not wait for anything, nor run the game itself"),
        }
    }

    /// The traceback that led to it; lines of a file, not for a terminal as they are.
    #[must_use]
    pub fn trace(&self) -> &str {
        match self {
            Error::File { trace, .. } => trace,
            _ => "",
        }
    }
}

fn place(line: u32) -> String {
    match line {
        0 => String::new(),
        line => format!(", line {line}"),
    }
}

fn said(last: &Option<String>) -> String {
    last.as_ref()
        .map_or(String::new(), |last| format!("; it last said: {last}"))
}

/// What the helper says when it has loaded the file, or could not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Hello {
    Bad { path: String, bad: Bad },
    Good(Settings),
}

#[derive(Deserialize)]
struct Bad {
    message: String,
    hint: String,
    line: u32,
    trace: String,
}

/// Starts the interpreter and loads the file, for so many threads of dummies. What the file prints while it is loaded
/// goes to `printed`, also where loading fails.
///
/// # Errors
/// If the interpreter cannot be started, or the file cannot be used.
pub fn load(
    source: &Source,
    seed: u64,
    channels: usize,
    printed: &mut dyn FnMut(&[u8]),
) -> Result<Loaded, Error> {
    let path = source.module.to_string_lossy().into_owned();
    let config = |channels: &[i32]| {
        serde_json::json!({
            "module": path,
            "game": source.game.as_ref().map(|game| game.to_string_lossy()),
            "profile": source.profile,
            "seed": seed,
            "channels": channels,
        })
        .to_string()
    };
    let (mut process, channels) =
        Process::start(&source.python, channels, config).map_err(|error| Error::Start {
            python: source.python.clone(),
            source: error,
        })?;
    let heard = process.hear(LOAD_TIME);
    if let Ok(Some(line)) = &heard
        && let Ok(Hello::Good(settings)) = serde_json::from_str(line)
    {
        return Ok(Loaded {
            settings,
            helper: Helper(process),
            channels,
        });
    }
    let status = process.end(if heard.is_err() { PATIENCE } else { Duration::ZERO });
    printed(&process.printed().take(true));
    if let Some(note) = process.printed().left_out_note() {
        printed(note.as_bytes());
    }
    let last = process.printed().last_line();
    let line = match heard {
        Ok(Some(line)) => line,
        Ok(None) => return Err(Error::Slow { path, last }),
        Err(_) => {
            let how = words(status);
            return Err(Error::Ended { path, how, last });
        }
    };
    Err(match serde_json::from_str(&line) {
        Ok(Hello::Bad { path, bad }) => Error::File {
            path,
            line: bad.line,
            message: bad.message,
            hint: bad.hint,
            trace: bad.trace,
        },
        _ => Error::Ended {
            path,
            how: "it wrote into its channel to prof".into(),
            last,
        },
    })
}

impl Helper {
    /// What the file prints, as it comes.
    #[must_use]
    pub fn printed(&self) -> Printed {
        self.0.printed().clone()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Ends it, when no dummy needs it any more.
    ///
    /// # Errors
    /// How it ended before, or that one of its functions still runs: for people.
    pub fn finish(mut self) -> Result<Ending, String> {
        self.0.send("end\n");
        let heard = self.0.hear(PATIENCE);
        let status = match heard {
            Ok(Some(_)) => self.0.end(PATIENCE),
            Ok(None) => self.0.end(Duration::ZERO),
            Err(_) => self.0.end(PATIENCE),
        };
        let ending = match heard {
            Ok(Some(line)) => serde_json::from_str(&line).ok(),
            Ok(None) => return Err("one of its functions still ran at the end, and was broken off".into()),
            Err(_) => None,
        };
        ending.ok_or_else(|| format!("its helper is gone: {}", words(status)))
    }
}
