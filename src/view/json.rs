//! Rows as JSON. The schema, `prof-stats/1`, is described in the README; numbers are exact: counts and int times
//! are ints of any size, float times have all their digits.

use super::rows::{Edge, LeftOut, Row, Rows, Subject, View};
use crate::profile::{EdgeCalls, Totals};
use crate::python::Seconds;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::Write;

/// Writes one JSON object and a line end.
///
/// # Errors
/// What `out` says.
pub fn write(rows: &Rows, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, rows)?;
    out.write_all(b"\n")
}

/// A time, exact. JSON has no infinity and no NaN: these are strings.
pub(super) struct Time(pub(super) Seconds);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Seconds::Int(value) => serializer.serialize_i128(value),
            Seconds::Float(value) if value.is_finite() => serializer.serialize_f64(value),
            Seconds::Float(value) => serializer.serialize_str(&crate::python::number::repr_float(value)),
        }
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", "prof-stats/1")?;
        map.serialize_entry("files", &self.files)?;
        map.serialize_entry("sampled", &self.sampled)?;
        map.serialize_entry("totals", &Sums(&self.totals))?;
        map.serialize_entry("left_out", &self.left_out)?;
        map.serialize_entry("order", &self.order)?;
        let rows: Vec<RowOf<'_>> = self.rows.iter().map(|row| RowOf { row, rows: self }).collect();
        map.serialize_entry("rows", &rows)?;
        map.end()
    }
}

struct Sums<'a>(&'a Totals);

impl Serialize for Sums<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_sums(&mut map, self.0)?;
        map.end()
    }
}

pub(super) fn put_sums<M: SerializeMap>(map: &mut M, totals: &Totals) -> Result<(), M::Error> {
    map.serialize_entry("calls", &totals.calls)?;
    map.serialize_entry("primitive_calls", &totals.primitive)?;
    map.serialize_entry("own_seconds", &Time(totals.own))
}

impl Serialize for LeftOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("functions", &self.functions)?;
        put_sums(&mut map, &self.totals)?;
        map.end()
    }
}

fn put_subject<M: SerializeMap>(map: &mut M, subject: &Subject) -> Result<(), M::Error> {
    match subject {
        Subject::Function { file, line, name } => {
            map.serialize_entry("file", file)?;
            map.serialize_entry("line", line)?;
            map.serialize_entry("name", name)
        }
        Subject::Group { name, functions } => {
            map.serialize_entry("group", name)?;
            map.serialize_entry("functions", functions)
        }
    }
}

struct RowOf<'a> {
    row: &'a Row,
    rows: &'a Rows,
}

impl Serialize for RowOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let calls = &self.row.calls;
        let mut map = serializer.serialize_map(None)?;
        put_subject(&mut map, &self.row.subject)?;
        map.serialize_entry("calls", &calls.total)?;
        map.serialize_entry("primitive_calls", &calls.primitive)?;
        map.serialize_entry("own_seconds", &Time(calls.own))?;
        map.serialize_entry("cumulative_seconds", &Time(calls.cumulative))?;
        map.serialize_entry("own_percent", &self.rows.percent(calls.own.as_f64()))?;
        map.serialize_entry(
            "cumulative_percent",
            &self.rows.percent(calls.cumulative.as_f64()),
        )?;
        match self.rows.view {
            View::Functions => {}
            View::Callers => map.serialize_entry("callers", &self.row.edges)?,
            View::Callees => map.serialize_entry("callees", &self.row.edges)?,
        }
        map.end()
    }
}

impl Serialize for Edge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_subject(&mut map, &self.subject)?;
        match self.calls {
            EdgeCalls::Counted(count) => map.serialize_entry("calls", &count)?,
            EdgeCalls::Timed(calls) => {
                map.serialize_entry("calls", &calls.total)?;
                map.serialize_entry("primitive_calls", &calls.primitive)?;
                map.serialize_entry("own_seconds", &Time(calls.own))?;
                map.serialize_entry("cumulative_seconds", &Time(calls.cumulative))?;
            }
        }
        map.end()
    }
}
