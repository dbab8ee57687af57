//! `prof timeit compare`: saved results against saved results.

use super::super::output::Output;
use super::super::{Code, Failure};
use super::{checks, keep, parse_unit};
use crate::python::text::shown;
use crate::timeit::baseline;
use crate::timeit::report::text;
use crate::timeit::report::units::Unit;
use crate::timeit::results::Results;
use std::ffi::OsString;

/// Compare results that were saved
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof timeit compare monday.json friday.json --fail-if 'slower > 5%'
  prof timeit compare pyperf-old.json pyperf-new.json

Files are those of --save and --json, or pyperf's, gzipped or not. Cases are the same if their code is, \
else by name. If the same reference loop ran in both, it tells whether the machine itself became slower or \
faster, and the comparison allows for that.")]
pub(super) struct Args {
    /// The results to compare with
    #[arg(value_name = "OLD.json")]
    old: OsString,

    /// The results to compare
    #[arg(value_name = "NEW.json")]
    new: OsString,

    /// Exit with code 3 if this holds, such as 'slower > 5%'; repeat for more
    #[arg(long, value_name = "CHECK")]
    fail_if: Vec<String>,

    /// The unit of times per loop
    #[arg(short, long, value_name = "UNIT", value_parser = parse_unit)]
    unit: Option<Unit>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let checks = checks::parse(&args.fail_if)?;
    if args.old == "-" && args.new == "-" {
        return Err(Failure::usage(
            "standard input can only be one of the two results",
        ));
    }
    let (old, new) = (keep::load(&args.old)?, keep::load(&args.new)?);
    let label = args.old.to_string_lossy();
    let changes = baseline::compare(&new, &old, &label);
    if changes.is_empty() {
        return Err(
            Failure::usage("the two have nothing in common: no case has the same code or name")
                .hint(Some("names are given by --name")),
        );
    }
    let options = text::Options {
        unit: args.unit,
        verbose: false,
        width: output.width(),
        color: output.is_colored(),
        columns: Vec::new(),
    };
    let mut report = String::new();
    for (name, results) in [(&args.old, &old), (&args.new, &new)] {
        report.push_str(&head(&name.to_string_lossy(), results));
        report.push_str(&text::figures(results, &options));
    }
    report.push_str(&text::render_changes(&changes, &options));
    output.raw().write_all(report.as_bytes())?;
    warn(&old, &new, output)?;
    let comparisons: Vec<_> = changes.into_iter().map(|change| change.comparison).collect();
    checks::run(&checks, &comparisons, output)
}

/// A line that says what a file holds.
fn head(name: &str, results: &Results) -> String {
    let mut parts = vec![name.to_owned()];
    let runtimes: Vec<String> = results.runtimes.iter().map(ToString::to_string).collect();
    parts.extend([runtimes.join(", "), results.date.clone(), results.tool.clone()]);
    parts.retain(|part| !part.is_empty());
    format!("{}\n", shown(parts.join("  ").as_bytes()))
}

/// Tells what else may be behind a difference.
fn warn(old: &Results, new: &Results, output: &mut Output) -> Result<(), Failure> {
    output.flush()?;
    let mut tell = |what: &str, before: Option<&str>, now: Option<&str>| {
        if let (Some(before), Some(now)) = (before, now)
            && before != now
        {
            let message = format!("{what}: `{before}`, then `{now}`");
            output.report("warning", &shown(message.as_bytes()));
        }
    };
    tell(
        "they ran on different processors",
        old.machine.processor.as_deref(),
        new.machine.processor.as_deref(),
    );
    if let ([before], [now]) = (&old.runtimes[..], &new.runtimes[..]) {
        tell(
            "they ran on different interpreters",
            Some(&before.to_string()),
            Some(&now.to_string()),
        );
    }
    Ok(())
}
