//! Rows as CSV (RFC 4180, with plain line ends): a head line, then one line for each row, or for each of its
//! callers or callees.

use super::rows::{Row, Rows, Subject, View};
use crate::profile::{Calls, EdgeCalls};
use crate::python::Seconds;
use crate::python::number::repr_float;
use std::io::Write;

/// Writes all rows. Numbers are exact.
///
/// # Errors
/// What `out` says.
pub fn write(rows: &Rows, out: &mut dyn Write) -> std::io::Result<()> {
    let grouped = matches!(
        rows.rows.first(),
        Some(Row {
            subject: Subject::Group { .. },
            ..
        })
    );
    let subject = if grouped {
        "group,functions"
    } else {
        "file,line,name"
    };
    let numbers = "calls,primitive_calls,own_seconds,cumulative_seconds";
    match rows.view {
        View::Functions => writeln!(out, "{subject},{numbers}")?,
        View::Callers => writeln!(out, "{subject},caller_file,caller_line,caller_name,{numbers}")?,
        View::Callees => writeln!(out, "{subject},callee_file,callee_line,callee_name,{numbers}")?,
    }
    for row in &rows.rows {
        if rows.view == View::Functions {
            write_subject(&row.subject, out)?;
            write_calls(row.calls, out)?;
        }
        for edge in &row.edges {
            write_subject(&row.subject, out)?;
            write_subject(&edge.subject, out)?;
            match edge.calls {
                EdgeCalls::Timed(calls) => write_calls(calls, out)?,
                EdgeCalls::Counted(count) => writeln!(out, "{count},,,")?,
            }
        }
    }
    Ok(())
}

fn write_subject(subject: &Subject, out: &mut dyn Write) -> std::io::Result<()> {
    match subject {
        Subject::Function { file, line, name } => write!(out, "{},{line},{},", quoted(file), quoted(name)),
        Subject::Group { name, functions } => write!(out, "{},{functions},", quoted(name)),
    }
}

fn write_calls(calls: Calls, out: &mut dyn Write) -> std::io::Result<()> {
    let exact = |seconds| match seconds {
        Seconds::Int(value) => value.to_string(),
        Seconds::Float(value) => repr_float(value),
    };
    writeln!(
        out,
        "{},{},{},{}",
        calls.total,
        calls.primitive,
        exact(calls.own),
        exact(calls.cumulative)
    )
}

pub(super) fn quoted(field: &str) -> std::borrow::Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("plain (f)"), "plain (f)");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
    }
}
