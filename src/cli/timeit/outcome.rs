//! What all modes share around a measurement: the results before it begins, and what becomes of them after.

use super::super::exit::First;
use super::super::output::Output;
use super::super::{Code, Failure};
use super::keep::Store;
use super::{Args, checks};
use crate::date;
use crate::timeit::baseline;
use crate::timeit::check::Check;
use crate::timeit::compare::compare;
use crate::timeit::machine::Files;
use crate::timeit::profiled::Profiled;
use crate::timeit::report::text;
use crate::timeit::results::{Metric, Results};
use crate::timeit::session::Case;
use std::time::{SystemTime, UNIX_EPOCH};

/// The checks of `--fail-if`, for so many things that are measured.
pub(super) fn checks_of(args: &Args, sides: usize) -> Result<Vec<Check>, Failure> {
    let checks = checks::parse(&args.fail_if)?;
    if !checks.is_empty() && sides < 2 && !args.keep.has_baseline() {
        return Err(Failure::usage("--fail-if needs something to compare with")
            .hint(Some("add --vs CODE, another --python, or --baseline NAME")));
    }
    Ok(checks)
}

/// What is known before anything is measured.
pub(super) fn new_results(args: &Args, cases: Vec<Case>, files: &Files) -> Results {
    Results {
        tool: concat!("prof ", env!("CARGO_PKG_VERSION")).into(),
        date: date::iso(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| time.as_secs()),
        ),
        metric: if args.process { Metric::Cpu } else { Metric::Wall },
        machine: files.machine(),
        cases,
        ..Results::default()
    }
}

/// How text for people is written.
pub(super) fn text_options(args: &Args, output: &Output) -> text::Options {
    text::Options {
        unit: args.unit,
        verbose: args.verbose > 0,
        width: output.width(),
        color: output.is_colored(),
        columns: Vec::new(),
    }
}

/// Writes what is to be kept, with what a profiler saw, and tells what became of the baseline and of the checks.
pub(super) fn keep(
    args: &Args,
    store: &Store<'_>,
    results: &Results,
    profiled: &[Profiled],
    checks: &[Check],
    output: &mut Output,
) -> Result<Code, Failure> {
    if results.runs.is_empty() {
        return Ok(Code::Done);
    }
    let changes = store
        .baseline()
        .map(|(old, label)| baseline::compare(results, old, label));
    if let Some(changes) = changes.as_ref().filter(|_| !store.is_silent()) {
        let text = text::render_changes(changes, &text_options(args, output));
        output.raw().write_all(text.as_bytes())?;
    }
    let written = store.write(results, profiled, args.unit, output);
    if changes.as_ref().is_some_and(Vec::is_empty) {
        output.report(
            "warning",
            "the baseline has nothing in common with what was measured",
        );
    }
    let comparisons = match changes {
        Some(changes) => changes.into_iter().map(|change| change.comparison).collect(),
        None => compare(results),
    };
    let code = checks::run(checks, &comparisons, output)?;
    written.map(|()| code)
}

/// How it ends: what failed while measuring counts for more than what could not be kept of it, which is told all the
/// same.
pub(super) fn ended(
    measured: Code,
    kept: Result<Code, Failure>,
    output: &mut Output,
) -> Result<Code, Failure> {
    let mut first = First::default();
    let mut code = Code::Done;
    first.note(kept.map(|kept| code = kept), output);
    first.note(output.kept_failure(), output);
    let kept = match first.end() {
        // A reader that has gone away changes nothing of what a check has found.
        Err(failure) if code == Code::Done || !failure.is_closed_pipe() => Err(failure),
        _ => Ok(code),
    };
    match (measured, kept) {
        (Code::Done, kept) => kept,
        (measured, Ok(_)) => Ok(measured),
        (measured, Err(failure)) => failure.tell(output).map(|()| measured),
    }
}
