//! What is told of commands that cannot start, or that fail.

use super::spawn::Ended;
use super::{Ignore, Input, Output};
use crate::system_text::system_text;
use crate::timeit::session::Failed;
use nix::sys::signal::Signal;
use std::io;

/// The exit code; below 0 the signal.
pub(super) fn status(ended: &Ended) -> i32 {
    if libc::WIFSIGNALED(ended.status) {
        -libc::WTERMSIG(ended.status)
    } else {
        libc::WEXITSTATUS(ended.status)
    }
}

/// A status in words.
pub(super) fn ending(status: i32) -> String {
    if status >= 0 {
        return format!("exit code {status}");
    }
    let name = Signal::try_from(-status).map_or("", Signal::as_str);
    format!("killed by signal {} ({name})", -status)
}

pub(super) fn bad_name_text(text: &str) -> Failed {
    Failed {
        message: format!("`{text}` has a null byte, which no command may have"),
        ..Failed::default()
    }
}

pub(super) fn unreadable(input: &Input, error: &io::Error) -> Failed {
    let path = match input {
        Input::File(path) => path.display().to_string(),
        Input::Null => "/dev/null".into(),
    };
    let hint = (error.raw_os_error() == Some(libc::ESPIPE))
        .then(|| "each run reads the input anew: save it in a file first".to_owned());
    Failed {
        message: format!("cannot read the input `{path}`: {}", system_text(error)),
        output: String::new(),
        hint,
    }
}

pub(super) fn unwritable(output: &Output, error: &io::Error) -> Failed {
    let path = match output {
        Output::File(path) => path.display().to_string(),
        _ => "a pipe".into(),
    };
    Failed {
        message: format!("cannot write the output `{path}`: {}", system_text(error)),
        ..Failed::default()
    }
}

pub(super) fn not_started(text: &str, error: &io::Error) -> Failed {
    let hint = match error.raw_os_error() {
        Some(libc::ENOEXEC) => {
            Some("it is no program the system knows; a script needs a first line such as #!/bin/sh")
        }
        Some(libc::EACCES) => Some("it must be a file that may be executed: chmod +x"),
        Some(libc::E2BIG) => Some("arguments and environment are too long together"),
        _ => None,
    };
    Failed {
        message: format!("cannot start `{text}`: {}", system_text(error)),
        output: String::new(),
        hint: hint.map(str::to_owned),
    }
}

/// A run of a command that ended with a status which matters.
pub(super) fn failed(
    text: &str,
    unexpanded: Option<char>,
    run: u64,
    ended: &Ended,
    ignore: &Ignore,
) -> Failed {
    let status = status(ended);
    if ended.wanted_terminal {
        return Failed {
            message: format!(
                "`{text}` wants to read from the terminal, which a command that is timed cannot"
            ),
            output: String::new(),
            hint: Some(
                "give it what it asks for with --input FILE, or an option that makes it ask nothing".into(),
            ),
        };
    }
    let hint = match (unexpanded, status, ignore) {
        (Some(c), 1.., _) => format!("no shell expands the `{c}` in it: --sh runs it in one"),
        (_, 127, _) => "a shell gives 127 for a command that it does not find".into(),
        _ if status < 0 => "--ignore-failure times it all the same".into(),
        (_, _, Ignore::Codes(_)) => format!("--ignore-failure takes more codes: add {status}"),
        _ => "--ignore-failure times it all the same, --output inherit shows all that it prints".into(),
    };
    Failed {
        message: format!("`{text}` failed in run {}: {}", run + 1, ending(status)),
        output: String::new(),
        hint: Some(hint),
    }
}
