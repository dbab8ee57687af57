//! A comparison as CSV (RFC 4180, with plain line ends): a head line, then one line for each function. A function
//! that one side does not have leaves that side's columns empty.

use super::{Delta, Function, Report};
use crate::profile::Calls;
use crate::python::Seconds;
use crate::python::number::repr_float;
use crate::view::csv::quoted;
use std::io::Write;

const HEAD: &str = "status,file,line,name,before_file,before_line,before_name,\
    calls_before,calls_after,calls_change,calls_percent,own_seconds_before,own_seconds_after,own_seconds_change,\
    own_percent,cumulative_seconds_before,cumulative_seconds_after,cumulative_seconds_change,cumulative_percent,\
    own_per_call_change,own_per_call_percent";

/// Writes all rows. Numbers are exact; those before are as the profile has them, changes are scaled if BEFORE is.
///
/// # Errors
/// What `out` says.
pub fn write(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{HEAD}")?;
    for row in &report.rows {
        write!(out, "{}", row.status())?;
        write_function(row.after.as_ref(), out)?;
        write_function(row.before.as_ref(), out)?;
        let sides = [&row.before, &row.after].map(|side| side.as_ref().map(|function| function.calls));
        let mut measure = |of: fn(Calls) -> Seconds, delta| {
            for calls in sides {
                write!(
                    out,
                    ",{}",
                    calls.map(|calls| exact(of(calls))).unwrap_or_default()
                )?;
            }
            write_change(Some(delta), out)
        };
        measure(|calls| Seconds::Int(calls.total), &row.calls)?;
        measure(|calls| calls.own, &row.own)?;
        measure(|calls| calls.cumulative, &row.cumulative)?;
        write_change(row.per_call.as_ref(), out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_function(function: Option<&Function>, out: &mut dyn Write) -> std::io::Result<()> {
    match function {
        Some(Function { file, line, name, .. }) => {
            write!(out, ",{},{line},{}", quoted(file), quoted(name))
        }
        None => write!(out, ",,,"),
    }
}

fn write_change(delta: Option<&Delta>, out: &mut dyn Write) -> std::io::Result<()> {
    match delta {
        Some(delta) => write!(out, ",{},{}", exact(delta.change), repr_float(delta.percent())),
        None => write!(out, ",,"),
    }
}

fn exact(value: Seconds) -> String {
    match value {
        Seconds::Int(value) => value.to_string(),
        Seconds::Float(value) => repr_float(value),
    }
}
