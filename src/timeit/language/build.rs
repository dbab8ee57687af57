//! Programs that are built from the code, in C or Rust: one holds all cases, each in a file and a function of its own, and
//! the worker. It is built once, before anything is measured; a session is a process of it. No file stays, unless
//! `prof` is killed while it builds: the program is deleted when it is built, and started by the descriptor that we keep.
//!
//! Setup and statement keep the numbers of their lines. An optimiser may take nothing out of the loop: what the setup
//! binds and the statement uses goes through memory that the optimiser must think is changed by each loop, and the
//! statement's value is used. What cannot be built so is built without that; what fails then is told. Loops begin where
//! a line of the processor's cache does: the sum of a vector took 74 ns there, and 141 ns at the place that chance gave the
//! same instructions.

use super::c;
use super::rust;
use super::tokens::{Dialect, unbalanced};
use super::{Language, Opened, Settings};
use crate::keeper;
use crate::system_text::system_text;
use crate::timeit::session::{Case, CodeError, Failed, Open, Part, Reason, Session, Stop};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{AccessFlags, Pid, access};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What to do where files cannot be written.
const FOLDER: &str = "the program is built in TMPDIR, or /tmp: let that name a folder that can be written to";

/// What to do where nothing that is built can be started.
const MOUNT: &str =
    "TMPDIR must name a folder whose programs may run: its file system is mounted with noexec";

/// The end of a compiler, and interrupts, are looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Opens sessions in a program that is built from the cases.
#[derive(Debug)]
pub(super) struct Built {
    language: Language,
    dialect: Dialect,
    settings: Settings,
    cases: Rc<[Case]>,
    /// The program, once it is built.
    program: Option<File>,
}

impl Built {
    pub(super) fn new(language: Language, dialect: Dialect, settings: Settings, cases: &[Case]) -> Built {
        Built {
            language,
            dialect,
            settings,
            cases: cases.into(),
            program: None,
        }
    }

    fn build(&self) -> Result<File, Stop> {
        for case in self.cases.iter() {
            for (part, code) in [(Part::Setup, &case.setup), (Part::Statement, &case.statement)] {
                if let Some((line, message)) = unbalanced(code, self.dialect) {
                    return Err(self.told(Diagnosis {
                        kind: "error".into(),
                        shown: format!("{}:{line}: {message}", name(part)),
                        message,
                        at: Some((part, line)),
                    }));
                }
            }
        }
        let folder = tempfile::Builder::new().prefix("prof-timeit-").tempdir();
        let folder = folder.map_err(|error| self.failed("make a folder for the program", &error, FOLDER))?;
        let compiler = Compiler {
            settings: &self.settings,
            folder: folder.path(),
        };
        let built = match self.dialect {
            Dialect::C => c::build(&compiler, &self.cases),
            Dialect::Rust => rust::build(&compiler, &self.cases),
        };
        match built {
            Ok(program) if !program.exists() => Err(Stop::from(Reason::Failed(Box::new(Failed {
                message: format!("`{}` built no program", self.settings.shown()),
                hint: Some(self.language.hint()),
                ..Failed::default()
            })))),
            Ok(program) => access(&program, AccessFlags::X_OK)
                .map_err(|error| self.failed("start the program that was built", &error.into(), MOUNT))
                .and_then(|()| {
                    let file = File::open(&program);
                    file.map_err(|error| self.failed("read the program that was built", &error, FOLDER))
                }),
            Err(_) if compiler.is_interrupted() => Err(Reason::Interrupted.into()),
            Err(Error::Start(error)) => {
                let what = format!("start `{}`", self.settings.shown());
                Err(self.failed(&what, &error, &self.language.hint()))
            }
            Err(Error::System(error)) => Err(self.failed("write the program", &error, FOLDER)),
            Err(Error::Code(diagnosis)) => Err(self.told(diagnosis)),
        }
    }

    fn told(&self, diagnosis: Diagnosis) -> Stop {
        let Diagnosis {
            kind,
            message,
            shown,
            at,
        } = diagnosis;
        if at.is_none() {
            // Such as what is missing when all is put together, or an option that is not known.
            return Stop::from(Reason::Failed(Box::new(Failed {
                message: format!("`{}` cannot build the code", self.settings.shown()),
                output: shown,
                hint: None,
            })));
        }
        Stop::from(CodeError {
            kind,
            message,
            shown,
            hint: None,
            part: at.map(|(part, _)| part),
            line: at.map(|(_, line)| line),
            invalid_in: Some(self.language.name.clone()),
        })
    }

    fn failed(&self, what: &str, error: &io::Error, hint: &str) -> Stop {
        let why = system_text(error);
        Stop::from(Reason::Start {
            message: format!("cannot {what}: {why}").into(),
            hint: hint.into(),
        })
    }
}

impl Open for Built {
    fn ready(&mut self) -> Result<(), Stop> {
        if self.program.is_none() {
            self.program = Some(self.build()?);
        }
        Ok(())
    }

    fn open(&mut self) -> Result<Box<dyn Session>, Stop> {
        self.ready()?;
        let descriptor = self.program.as_ref().map_or(-1, File::as_raw_fd);
        let command = vec![OsString::from(format!("/proc/self/fd/{descriptor}"))];
        let mut session = Opened {
            built: Some(Rc::clone(&self.cases)),
            ..self.settings.start(&self.language, command, "")?
        };
        // What the compiler was told is part of what ran, in the order in which it hears it.
        let (before, after) = match self.dialect {
            Dialect::C => ("CFLAGS", Some("LDFLAGS")),
            Dialect::Rust => ("RUSTFLAGS", None),
        };
        let of = |variable: &str| flags(&self.settings.environment, variable);
        session.name_arguments(&of(before));
        session.name_arguments(self.settings.arguments());
        session.name_arguments(&after.map(of).unwrap_or_default());
        session.runtime.executable = self
            .settings
            .command
            .first()
            .map(PathBuf::from)
            .unwrap_or_default();
        Ok(Box::new(session))
    }
}

/// The words of a variable such as CFLAGS, which may be added to our environment.
fn flags(added: &[(OsString, OsString)], variable: &str) -> Vec<OsString> {
    let added = added.iter().rfind(|(name, _)| name == variable);
    let text = added.map_or_else(|| std::env::var_os(variable), |(_, value)| Some(value.clone()));
    let text = text.unwrap_or_default();
    text.to_string_lossy()
        .split_whitespace()
        .map(OsString::from)
        .collect()
}

/// How a compiler died that did not end by itself: of that the code is not to blame.
fn death(status: ExitStatus) -> Option<String> {
    let signal = status.signal()?;
    let name = Signal::try_from(signal).map_or_else(|_| String::new(), |name| format!(" ({name})"));
    Some(format!("the compiler was killed by signal {signal}{name}"))
}

/// What reports call a piece of the user's code, as the file that it is in.
pub(super) fn name(part: Part) -> &'static str {
    match part {
        Part::Setup => "<setup>",
        _ => "<stmt>",
    }
}

/// Why nothing was built.
pub(super) enum Error {
    /// The compiler cannot be started.
    Start(io::Error),
    /// Files cannot be written.
    System(io::Error),
    /// What it says of the code.
    Code(Diagnosis),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::System(error)
    }
}

/// What a compiler says of the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diagnosis {
    /// Such as `error` or `E0425`.
    pub(super) kind: String,
    pub(super) message: String,
    /// All of it, in the user's own lines.
    pub(super) shown: String,
    pub(super) at: Option<(Part, usize)>,
}

/// A compiler, and where it works.
pub(super) struct Compiler<'a> {
    settings: &'a Settings,
    pub(super) folder: &'a Path,
}

impl Compiler<'_> {
    pub(super) fn program(&self) -> Command {
        let program = self
            .settings
            .command
            .first()
            .map_or(OsStr::new(""), OsString::as_os_str);
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).env("TMPDIR", self.folder);
        self.settings.surround(&mut command);
        command
    }

    fn is_interrupted(&self) -> bool {
        self.settings
            .interrupted
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Runs it to its end, or until it is interrupted: it and all that it started end then, and if `prof` is killed.
    pub(super) fn run(&self, command: &mut Command) -> Result<Output, Error> {
        let interrupted = || Error::System(io::ErrorKind::Interrupted.into());
        if self.is_interrupted() {
            return Err(interrupted());
        }
        // Without it builds work as well.
        let _ = keeper::start();
        let [out, err] = ["stdout", "stderr"].map(|name| self.folder.join(name));
        command
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .process_group(0);
        let mut child = command.spawn().map_err(Error::Start)?;
        let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let _guard = keeper::guard(group);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if self.is_interrupted() {
                // What has ended meanwhile needs no signal.
                let _ = killpg(group, Signal::SIGKILL);
                child.wait()?;
                return Err(interrupted());
            }
            std::thread::sleep(LOOK_EVERY);
        };
        if let Some(message) = death(status) {
            return Err(Error::Code(Diagnosis {
                kind: "error".into(),
                shown: message.clone(),
                message,
                at: None,
            }));
        }
        Ok(Output {
            status,
            stdout: std::fs::read(out)?,
            stderr: std::fs::read(err)?,
        })
    }

    /// What the user gave it.
    pub(super) fn arguments(&self) -> &[OsString] {
        self.settings.arguments()
    }

    /// Writes a file, and gives its path.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// The words of a variable such as CFLAGS.
    pub(super) fn flags(&self, variable: &str) -> Vec<OsString> {
        flags(&self.settings.environment, variable)
    }

    /// What it says of the code, all in one; if it says nothing that has a place there, the end of what it printed.
    pub(super) fn diagnosis(&self, output: &Output, found: impl IntoIterator<Item = Diagnosis>) -> Diagnosis {
        let mut found = found.into_iter();
        let Some(mut all) = found.next() else {
            let shown = self.tail(&output.stderr);
            return Diagnosis {
                kind: "error".into(),
                message: shown.lines().next().unwrap_or("it cannot be built").to_owned(),
                shown,
                at: None,
            };
        };
        for one in found {
            // Several cases say the same of a setup that they share.
            if !all.shown.contains(&one.shown) {
                all.shown.push('\n');
                all.shown.push_str(&one.shown);
            }
        }
        all
    }

    /// The end of what it printed, without the names of our files.
    fn tail(&self, stderr: &[u8]) -> String {
        let text = String::from_utf8_lossy(stderr);
        let folder = format!("{}/", self.folder.display());
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default();
        last.join("\n").replace(&folder, "")
    }
}

/// A line of the user's code with a mark below these columns, from 1. Of a long line the beginning.
pub(super) fn marked(
    case: &Case,
    (part, line): (Part, usize),
    columns: std::ops::Range<usize>,
) -> Option<(String, String)> {
    const MOST: usize = 1000;
    let code = match part {
        Part::Setup => &case.setup,
        _ => &case.statement,
    };
    let text = code.lines().nth(line.checked_sub(1)?)?;
    let text: String = text.chars().take(MOST).collect();
    let start = columns.start.saturating_sub(1).min(MOST);
    let width = columns
        .end
        .saturating_sub(columns.start)
        .clamp(1, MOST - start + 1);
    Some((text, format!("{}{}", " ".repeat(start), "^".repeat(width))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_marked_and_long_ones_cut() {
        let case = Case {
            setup: "int a;\nint b;".into(),
            statement: "é".repeat(3000),
            ..Case::default()
        };
        let check = |at, columns, expected: Option<(&str, &str)>| {
            let found = marked(&case, at, columns);
            let found = found.as_ref().map(|(text, mark)| (&**text, &**mark));
            assert_eq!(found, expected);
        };
        check((Part::Setup, 2), 5..6, Some(("int b;", "    ^")));
        check((Part::Setup, 1), 1..4, Some(("int a;", "^^^")));
        check((Part::Setup, 3), 1..2, None);
        check((Part::Setup, 0), 1..2, None);
        let (cut, all) = ("é".repeat(1000), "^".repeat(1001));
        check((Part::Statement, 1), 1..9999, Some((&cut, &all)));
        let end = format!("{}^", " ".repeat(1000));
        check((Part::Statement, 1), 2000..2500, Some((&cut, &end)));
    }
}
