//! Exit codes, and how a failure is told.

use super::output::Output;
use crate::python::text;
use crate::system_text::system_text;
use std::process::ExitCode;

/// What the exit code of `prof` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// All is done, or the reader of our output wanted no more of it.
    Done,
    /// It ran, but what it measured failed.
    Failed,
    /// Bad usage, or input that cannot be read.
    Usage,
    /// A `--fail-if` or strict check holds.
    Check,
    /// Out of time.
    TimeOut,
    /// Interrupted.
    Interrupted,
    /// That of the program that ran for us.
    Program(u8),
}

impl Code {
    /// What the system is told.
    fn number(self) -> u8 {
        match self {
            Code::Done => 0,
            Code::Failed => 1,
            Code::Usage => 2,
            Code::Check => 3,
            Code::TimeOut => 124,
            Code::Interrupted => 130,
            Code::Program(number) => number,
        }
    }
}

/// Why a command ends early: what is printed as `error:` and `hint:`, and the exit code.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    code: Code,
}

impl Failure {
    /// Bad usage or input.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            hint: None,
            code: Code::Usage,
        }
    }

    /// It ran, but came to nothing.
    pub fn failed(message: impl Into<String>) -> Failure {
        Failure {
            code: Code::Failed,
            ..Failure::usage(message)
        }
    }

    /// The same with a hint on what to do, if there is one.
    #[must_use]
    pub fn hint(self, hint: Option<impl Into<String>>) -> Failure {
        Failure {
            hint: hint.map(Into::into),
            ..self
        }
    }

    /// What went wrong, not yet escaped for a terminal.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Prints it without ending the command, unless the reader of our output wants no more.
    pub(super) fn tell(self, output: &mut Output) -> Result<(), Failure> {
        if self.is_closed_pipe() {
            return Err(self);
        }
        print(&self.message, self.hint.as_deref(), output);
        Ok(())
    }

    /// Does only the reader of our output want no more?
    pub(super) fn is_closed_pipe(&self) -> bool {
        self.message.is_empty()
    }

    /// The reader of our output closed it: nothing to tell, and no failure.
    fn closed_pipe() -> Failure {
        Failure {
            message: String::new(),
            hint: None,
            code: Code::Done,
        }
    }
}

/// The first of several failures, none of which keeps back what comes after it; further ones are told at once.
#[derive(Default)]
pub(super) struct First(Option<Failure>);

impl First {
    /// Notes how one thing ended. That the reader of our output wants no more counts only where nothing else failed.
    pub(super) fn note(&mut self, result: Result<(), Failure>, output: &mut Output) {
        let Err(failure) = result else { return };
        match &self.0 {
            Some(before) if !before.is_closed_pipe() => {
                if !failure.is_closed_pipe() {
                    print(&failure.message, failure.hint.as_deref(), output);
                }
            }
            _ => self.0 = Some(failure),
        }
    }

    /// The first failure, if there was one.
    pub(super) fn end(self) -> Result<(), Failure> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Failures of writing to standard output; those of files are told where the file is known.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::closed_pipe(),
            _ => Failure {
                message: format!("cannot write the output: {}", system_text(&error)),
                hint: None,
                code: Code::Failed,
            },
        }
    }
}

/// Prints why it ended, if it did not end well.
pub(super) fn finish(result: Result<Code, Failure>, output: &mut Output) -> ExitCode {
    let code = match result {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => Code::Done,
        Err(Failure { message, hint, code }) => {
            print(&message, hint.as_deref(), output);
            code
        }
    };
    ExitCode::from(code.number())
}

fn print(message: &str, hint: Option<&str>, output: &mut Output) {
    output.report("error", &text::shown(message.as_bytes()));
    if let Some(hint) = hint {
        output.report("hint", &text::shown(hint.as_bytes()));
    }
}

/// Prints what clap says of the arguments: help and version on standard output, all else as an error.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done if even this cannot be printed.
    let _ = error.print();
    let code = if error.use_stderr() {
        Code::Usage
    } else {
        Code::Done
    };
    ExitCode::from(code.number())
}
