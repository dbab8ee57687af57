//! The rows of a report for everything but pstats' own text: functions, their callers or callees, or groups.

use super::group::{Group, GroupBy, groups};
use super::{Selection, SortKey, Stats};
use crate::profile::callees::Callees;
use crate::profile::{Calls, EdgeCalls, KeyId, Profile, Totals};
use crate::python::number::fixed3;
use crate::python::{Dialect, text};

/// What is shown of each function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Its numbers.
    Functions,
    /// Its numbers and who called it.
    Callers,
    /// Its numbers and whom it called.
    Callees,
}

/// What a row stands for.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A function.
    Function {
        /// Its file, `~` for a C function.
        file: String,
        /// Its first line, 0 for a C function.
        line: i64,
        /// Its name.
        name: String,
    },
    /// A file, module or package.
    Group {
        /// Its name.
        name: String,
        /// How many functions it has.
        functions: usize,
    },
}

/// A caller or callee of a row.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The other function.
    pub subject: Subject,
    /// The name that pstats shows.
    pub shown: String,
    /// What is known of the calls.
    pub calls: EdgeCalls,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it stands for.
    pub subject: Subject,
    /// The name that pstats shows.
    pub shown: String,
    /// Its numbers.
    pub calls: Calls,
    /// Its callers or callees, sorted by file, line and name; empty unless asked for.
    pub edges: Vec<Edge>,
}

/// Everything that a report in another format shows.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The files, as pstats names them.
    pub files: Vec<String>,
    /// Do counts mean samples?
    pub sampled: bool,
    /// The sums over all functions, listed or not.
    pub totals: Totals,
    /// What was left out on request.
    pub left_out: Option<LeftOut>,
    /// What the rows are sorted by.
    pub order: Option<String>,
    /// What the edges of each row are.
    pub view: View,
    /// In the order of the report.
    pub rows: Vec<Row>,
}

/// Functions that were left out of a profile on request.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// How many.
    pub functions: usize,
    /// The sums over them.
    pub totals: Totals,
}

/// What was left out, in a sentence.
impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "left out: {} functions with {} seconds of their own, which cumulative times still contain",
            self.functions,
            fixed3(self.totals.own.as_f64())
        )
    }
}

impl Rows {
    /// Seconds as percent of all own time; 0 where there is none.
    #[must_use]
    pub fn percent(&self, seconds: f64) -> f64 {
        percent_of(seconds, self.totals)
    }
}

/// Seconds as percent of all own time; 0 where there is none.
#[must_use]
pub fn percent_of(seconds: f64, totals: Totals) -> f64 {
    let total = totals.own.as_f64();
    if total > 0.0 { seconds / total * 100.0 } else { 0.0 }
}

impl Stats {
    /// The selected functions as rows.
    #[must_use]
    pub fn rows(&self, selection: &Selection, view: View) -> Rows {
        let keys: Vec<KeyId> = self.keys(selection).collect();
        let callees = (view == View::Callees).then(|| Callees::new(&self.profile));
        let row = |(&function, &key): (_, &KeyId)| {
            let mut edges: Vec<(KeyId, EdgeCalls)> = match (&callees, view) {
                (Some(callees), _) => callees
                    .of(key)
                    .map(|(callee, place)| (self.profile.key_of(callee), self.profile.edge(place).1))
                    .collect(),
                (None, View::Callers) => self.profile.callers(function).collect(),
                (None, _) => Vec::new(),
            };
            edges.sort_by(|(a, _), (b, _)| self.profile.compare_keys(*a, *b));
            let edges = edges.into_iter().map(|(key, calls)| Edge {
                subject: subject(&self.profile, key),
                shown: readable(&self.profile, &self.profile.standard_name(key)),
                calls,
            });
            Row {
                subject: subject(&self.profile, key),
                shown: readable(&self.profile, &self.profile.standard_name(key)),
                calls: self.profile.calls(function),
                edges: edges.collect(),
            }
        };
        let rows = selection.functions.iter().zip(&keys).map(row).collect();
        self.with_rows(rows, view, self.order.as_ref().map(|order| order.heading.clone()))
    }

    /// All functions, grouped, sorted by these keys, or by own time without any; ties stay in file order. Of the
    /// keys that a group has no value for, the name counts.
    #[must_use]
    pub fn grouped_rows(&self, by: GroupBy, keys: &[SortKey]) -> Rows {
        let mut groups = groups(&self.profile, by);
        let keys = if keys.is_empty() { &[SortKey::Time] } else { keys };
        groups.sort_by(|a, b| {
            let orders = keys.iter().map(|key| match key {
                SortKey::Calls | SortKey::Samples => b.calls.total.cmp(&a.calls.total),
                SortKey::PrimitiveCalls => b.calls.primitive.cmp(&a.calls.primitive),
                SortKey::Cumulative => b.calls.cumulative.compare(a.calls.cumulative),
                SortKey::Time => b.calls.own.compare(a.calls.own),
                SortKey::File
                | SortKey::Line
                | SortKey::Name
                | SortKey::NameFileLine
                | SortKey::StandardName => a.name.cmp(&b.name),
            });
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let row = |Group {
                       name,
                       functions,
                       calls,
                   }: Group| {
            let shown = readable(&self.profile, &name);
            Row {
                subject: Subject::Group {
                    name: shown.clone(),
                    functions,
                },
                shown,
                calls,
                edges: Vec::new(),
            }
        };
        let heading: Vec<&str> = keys.iter().map(|key| key.heading()).collect();
        self.with_rows(
            groups.into_iter().map(row).collect(),
            View::Functions,
            Some(heading.join(", ")),
        )
    }

    fn with_rows(&self, rows: Vec<Row>, view: View, order: Option<String>) -> Rows {
        Rows {
            files: self
                .files
                .iter()
                .map(|file| String::from_utf8_lossy(file).into_owned())
                .collect(),
            sampled: self.profile.is_sampled(),
            totals: self.profile.totals(),
            left_out: self.left_out.clone(),
            order,
            view,
            rows,
        }
    }
}

fn subject(profile: &Profile, key: KeyId) -> Subject {
    Subject::Function {
        file: readable(profile, profile.file(key)),
        line: profile.line(key),
        name: readable(profile, profile.name(key)),
    }
}

/// Text as Unicode: what is no valid text shows as U+FFFD.
pub(super) fn readable(profile: &Profile, name: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    match profile.dialect() {
        Dialect::Python3 => text::push_raw(&mut bytes, name),
        Dialect::Python2 => bytes.extend_from_slice(name),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
