//! Tells why a measurement ended early, and what the code printed.

use super::super::output::Output;
use super::super::{Code, Failure};
use crate::python::text;
use crate::timeit::report::units;
use crate::timeit::session::{CodeError, Part, Printed, Reason};

/// Lines that are shown of what the code printed.
const LINES: usize = 10;

/// Tells why it ended; the exit code for it.
pub(super) fn tell(reason: &Reason, is_out_of_time: bool, output: &mut Output) -> Result<Code, Failure> {
    // What is on standard output comes before what is told of it.
    output.flush()?;
    Ok(match reason {
        Reason::Code(error) => {
            tell_error(error, output);
            Code::Failed
        }
        Reason::TimeOut => {
            output.report("error", "out of time: one repeat took longer than --timeout");
            Code::TimeOut
        }
        Reason::Interrupted if is_out_of_time => {
            output.report("error", "out of time: it took longer than --max-time");
            Code::TimeOut
        }
        Reason::Interrupted => {
            output.report("error", "interrupted");
            Code::Interrupted
        }
        Reason::Died { status, output: end } => {
            let message = format!("the process that runs the code ended: {status}");
            output.report("error", &text::shown(message.as_bytes()));
            tell_end(end.as_bytes(), output);
            Code::Failed
        }
        Reason::Failed(failed) => {
            output.report("error", &text::shown(failed.message.as_bytes()));
            tell_end(failed.output.as_bytes(), output);
            if let Some(hint) = &failed.hint {
                output.report("hint", &text::shown(hint.as_bytes()));
            }
            Code::Failed
        }
        Reason::Start { message, hint } => {
            let mut lines = message.lines();
            let first = lines.next().unwrap_or_default();
            output.report("error", &text::shown(first.as_bytes()));
            lines.for_each(|line| tell_end(line.as_bytes(), output));
            output.report("hint", &text::shown(hint.as_bytes()));
            Code::Usage
        }
    })
}

fn tell_error(error: &CodeError, output: &mut Output) {
    let place = match error.part {
        Some(Part::Setup) => "the setup",
        Some(Part::Statement) => "the statement",
        Some(Part::GlobalSetup) => "the global setup",
        None => "the code",
    };
    match &error.invalid_in {
        Some(language) => {
            let message = format!("{place} is no valid {language}");
            output.report("error", &text::shown(message.as_bytes()));
        }
        None => output.report("error", &format!("{place} failed")),
    }
    if error.shown.is_empty() {
        let short = format!("{}: {}", error.kind, error.message);
        output.lines(&short, "");
    }
    output.lines(&error.shown, "");
    if let Some(hint) = &error.hint {
        output.report("hint", &text::shown(hint.as_bytes()));
    }
}

/// Tells why `-p` gives the time on the wall.
pub(super) fn tell_no_processor(implementation: &str, output: &mut Output) {
    let name = text::shown(implementation.as_bytes());
    let message =
        format!("-p: the worker of {name} does not tell processor time; this is the time on the wall");
    output.report("note", &message);
}

/// Tells what the code printed, or the end of it.
pub(super) fn tell_printed(printed: &Printed, output: &mut Output) -> Result<(), Failure> {
    if printed.total == 0 {
        return Ok(());
    }
    output.flush()?;
    let bytes = units::counted(printed.total, "byte");
    let lines = printed.end.split(|&byte| byte == b'\n').count();
    let is_all = printed.total == printed.end.len() as u64 && lines <= LINES + 1;
    let end = if is_all { "" } else { "; the end of it" };
    output.report("note", &format!("the code printed {bytes}{end}:"));
    tell_end(&printed.end, output);
    Ok(())
}

fn tell_end(bytes: &[u8], output: &mut Output) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.trim_end_matches('\n').lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
    output.lines(&last.join("\n"), "  ");
}
