//! `--fail-if`.

use super::super::output::Output;
use super::super::{Code, Failure};
use crate::python::text;
use crate::timeit::check::Check;
use crate::timeit::compare::Comparison;
use crate::timeit::report::figures::sentence;

pub(super) fn parse(texts: &[String]) -> Result<Vec<Check>, Failure> {
    let parse = |text: &String| {
        Check::parse(text).map_err(|error| {
            Failure::usage(format!("cannot use --fail-if `{text}`: {error}"))
                .hint(Some("such as --fail-if 'slower > 5%'"))
        })
    };
    texts.iter().map(parse).collect()
}

/// Tells each comparison for which a check holds, and whether there is one of which no check can say anything.
pub(super) fn run(
    checks: &[Check],
    comparisons: &[Comparison],
    output: &mut Output,
) -> Result<Code, Failure> {
    // What is on standard output comes before what is told of it.
    output.flush()?;
    let mut code = Code::Done;
    for check in checks {
        for comparison in comparisons.iter().filter(|comparison| check.holds(comparison)) {
            code = Code::Check;
            let message = format!("{}: {}", check.text(), sentence(comparison));
            output.report("failed", &text::shown(message.as_bytes()));
        }
    }
    if !checks.is_empty() && comparisons.iter().any(|comparison| comparison.interval.is_none()) {
        output.report(
            "warning",
            "--fail-if says nothing of figures without an interval: --auto gives one, from several processes",
        );
    }
    Ok(code)
}
