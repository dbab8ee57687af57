//! A comparison as JSON, schema `prof-diff/1`: one object.
//!
//! | member | what |
//! | --- | --- |
//! | `before`, `after` | of each profile `files`, `sampled`, `functions`, `totals` (`calls`, `primitive_calls`, `own_seconds`) and `left_out` (null, or `functions` and their totals) |
//! | `normalize`, `scale` | null, `time` or `calls`; by how much the calls and times of BEFORE are multiplied in changes (1 without) |
//! | `order` | what the rows are sorted by |
//! | `functions` | how many are in both (`matched`), of these `unchanged`; `new`; `gone` |
//! | `change` | of the totals: `calls`, `calls_percent`, `own_seconds`, `own_percent` |
//! | `rows` | `status` (`changed`, `same`, `new`, `gone`), `before` and `after` (null, or `file`, `line`, `name`, `calls`, `primitive_calls`, `own_seconds`, `cumulative_seconds` as the profile has them), and `change` |
//! | `change` of a row | `calls`, `own_seconds`, `cumulative_seconds`, `own_seconds_per_call` and `cumulative_seconds_per_call` (null unless both sides have calls), each with its `..._percent` |
//! | `others` | the functions that are not listed: `functions`, of these `changed`, `calls` and `own_seconds` of their change; with the changes of all rows they add up to those of the totals |
//! | `checks` | for each `--fail-if`: `check` (its text), `functions` (whether it matched any), `breaches` (`function`, null for the total; `metric`; `change` and `change_percent`) |
//!
//! Numbers are exact: counts are ints of any size unless they are scaled, float times have all their digits. JSON
//! has no infinity and no NaN: these are the strings `"inf"`, `"-inf"` and `"nan"`. A percentage of what was zero
//! before is `"inf"`.

use super::{Breach, Delta, Function, Metric, Normalize, Others, Report, Row, SideReport};
use crate::python::Seconds;
use crate::view::json::{Time, put_sums};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::Write;

/// A check's text and what it found; `None` if it matches no function.
pub type Checked<'a> = (&'a str, Option<Vec<Breach>>);

/// Writes one JSON object and a line end.
///
/// # Errors
/// What `out` says.
pub fn write(report: &Report, checks: &[Checked<'_>], out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Whole(report, checks))?;
    out.write_all(b"\n")
}

struct Whole<'a>(&'a Report, &'a [Checked<'a>]);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Whole(report, checks) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", "prof-diff/1")?;
        map.serialize_entry("before", &report.before)?;
        map.serialize_entry("after", &report.after)?;
        let normalize = report.normalize.map(|normalize| match normalize {
            Normalize::Time => "time",
            Normalize::Calls => "calls",
        });
        map.serialize_entry("normalize", &normalize)?;
        map.serialize_entry("scale", &report.scale)?;
        map.serialize_entry("order", report.order.heading())?;
        map.serialize_entry("functions", &Counts(report))?;
        map.serialize_entry("change", &Totals(report))?;
        map.serialize_entry("rows", &report.rows)?;
        map.serialize_entry("others", &report.others)?;
        let checks: Vec<_> = checks.iter().map(Checks).collect();
        map.serialize_entry("checks", &checks)?;
        map.end()
    }
}

struct Checks<'a>(&'a Checked<'a>);

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (text, breaches) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("check", text)?;
        map.serialize_entry("functions", &breaches.is_some())?;
        map.serialize_entry("breaches", breaches.as_deref().unwrap_or_default())?;
        map.end()
    }
}

impl Serialize for Breach {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metric = match self.metric {
            Metric::Own => "own_seconds",
            Metric::Cumulative => "cumulative_seconds",
            Metric::Calls => "calls",
            Metric::PerCall => "own_seconds_per_call",
            Metric::CumulativePerCall => "cumulative_seconds_per_call",
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("function", &self.name)?;
        map.serialize_entry("metric", metric)?;
        put_delta(&mut map, ["change", "change_percent"], Some(&self.delta))?;
        map.end()
    }
}

impl Serialize for SideReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("files", &self.files)?;
        map.serialize_entry("sampled", &self.sampled)?;
        map.serialize_entry("functions", &self.functions)?;
        map.serialize_entry("totals", &Sums(&self.totals))?;
        map.serialize_entry("left_out", &self.left_out)?;
        map.end()
    }
}

struct Sums<'a>(&'a crate::profile::Totals);

impl Serialize for Sums<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_sums(&mut map, self.0)?;
        map.end()
    }
}

struct Counts<'a>(&'a Report);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("matched", &self.0.matched)?;
        map.serialize_entry("unchanged", &self.0.same)?;
        map.serialize_entry("new", &self.0.new)?;
        map.serialize_entry("gone", &self.0.gone)?;
        map.end()
    }
}

struct Totals<'a>(&'a Report);

impl Serialize for Totals<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_delta(&mut map, ["calls", "calls_percent"], Some(&self.0.calls))?;
        put_delta(&mut map, ["own_seconds", "own_percent"], Some(&self.0.own))?;
        map.end()
    }
}

fn put_delta<M: SerializeMap>(map: &mut M, names: [&str; 2], delta: Option<&Delta>) -> Result<(), M::Error> {
    let percent = delta.map(|delta| Time(Seconds::Float(delta.percent())));
    map.serialize_entry(names[0], &delta.map(|delta| Time(delta.change)))?;
    map.serialize_entry(names[1], &percent)
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", self.status())?;
        map.serialize_entry("before", &self.before)?;
        map.serialize_entry("after", &self.after)?;
        map.serialize_entry("change", &Changes(self))?;
        map.end()
    }
}

impl Serialize for Function {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("file", &self.file)?;
        map.serialize_entry("line", &self.line)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("calls", &self.calls.total)?;
        map.serialize_entry("primitive_calls", &self.calls.primitive)?;
        map.serialize_entry("own_seconds", &Time(self.calls.own))?;
        map.serialize_entry("cumulative_seconds", &Time(self.calls.cumulative))?;
        map.end()
    }
}

struct Changes<'a>(&'a Row);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.0;
        let mut map = serializer.serialize_map(None)?;
        put_delta(&mut map, ["calls", "calls_percent"], Some(&row.calls))?;
        put_delta(&mut map, ["own_seconds", "own_percent"], Some(&row.own))?;
        put_delta(
            &mut map,
            ["cumulative_seconds", "cumulative_percent"],
            Some(&row.cumulative),
        )?;
        put_delta(
            &mut map,
            ["own_seconds_per_call", "own_per_call_percent"],
            row.per_call.as_ref(),
        )?;
        put_delta(
            &mut map,
            ["cumulative_seconds_per_call", "cumulative_per_call_percent"],
            row.cumulative_per_call.as_ref(),
        )?;
        map.end()
    }
}

impl Serialize for Others {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("functions", &self.functions)?;
        map.serialize_entry("changed", &self.changed)?;
        map.serialize_entry("calls", &Time(self.calls.change))?;
        map.serialize_entry("own_seconds", &Time(self.own.change))?;
        map.end()
    }
}
