//! What a search for capacity found: the answer, and its levels.

use super::super::capacity::{Finding, Held, Tried};
use super::super::scenario::condition::Condition;
use super::span::Span;
use super::verdict::measured_text;
use super::{dummies, json, milliseconds, table};
use serde_json::{Value, json as object};
use std::fmt::Write as _;

/// The table and the answer, as text.
#[must_use]
pub fn render(finding: &Finding, names: &[String]) -> String {
    let mut out = String::new();
    if !finding.levels.is_empty() {
        out.push_str(&table::columns(&head(finding, names), rows(finding)));
        out.push('\n');
    }
    let _ = writeln!(out, "{}\n  {}", finding.sentence(), finding.explanation());
    out
}

/// Columns of the levels.
pub(super) fn head(finding: &Finding, names: &[String]) -> Vec<String> {
    let process = names.first().map_or("", String::as_str);
    let words = [
        "dummies",
        "at s",
        "measured s",
        "answers",
        "sent/s",
        "errors",
        "p50 ms",
        "p95 ms",
        "p99 ms",
    ];
    let mut head: Vec<String> = words.into_iter().map(str::to_owned).collect();
    head.push(format!("{process} CPU").trim_start().to_owned());
    head.extend([finding.condition.metric_text(), finding.condition.limit_text()]);
    head
}

/// A row for each level.
pub(super) fn rows(finding: &Finding) -> Vec<Vec<String>> {
    let row = |level: &Tried| {
        let span = &level.span;
        let point = |percent: f64| span.lag.percentile(percent).map(milliseconds).unwrap_or_default();
        vec![
            span.dummies.to_string(),
            format!("{:.0}", span.from.as_secs_f64()),
            format!("{:.0}", span.seconds),
            span.lag.len().to_string(),
            format!("{:.1}", span.rate()),
            span.errors().to_string(),
            point(50.0),
            point(95.0),
            point(99.0),
            cpu(span),
            value(level, &finding.condition),
            level.outcome.word().to_owned(),
        ]
    };
    finding.levels.iter().map(row).collect()
}

fn cpu(span: &Span) -> String {
    span.cores(0)
        .map(|cores| format!("{:.0}%", cores * 100.0))
        .unwrap_or_default()
}

fn value(level: &Tried, condition: &Condition) -> String {
    level
        .value
        .map_or("-".into(), |value| measured_text(condition, value))
}

/// A level, as soon as it is over.
#[must_use]
pub fn level_line(level: &Tried, condition: &Condition) -> String {
    format!(
        "{:>5.0} s  {}: {} {} ({} answers in {:.0} s)",
        level.span.to.as_secs_f64(),
        dummies(level.span.dummies),
        condition.metric_text(),
        format_args!("{}, {}", value(level, condition), level.outcome.word()),
        level.span.lag.len(),
        level.span.seconds
    )
}

/// The same for programs.
#[must_use]
pub fn value_of(finding: &Finding, names: &[String]) -> Value {
    let (kind, edge) = match &finding.held {
        Held::Found(edge) => ("found", Some(edge)),
        Held::AtLeast(_) => ("at least", None),
        Held::FewerThan(_) => ("fewer than", None),
        Held::Unknown => ("unknown", None),
    };
    let players = match &finding.held {
        Held::Found(edge) => Some(edge.best),
        Held::AtLeast(count) | Held::FewerThan(count) => Some(*count),
        Held::Unknown => None,
    };
    let levels = finding.levels.iter().map(|level| {
        object!({
            "value": level.value,
            "outcome": level.outcome.word(),
            "windows_agreed": level.is_clear,
            "measured": json::span(&level.span, names),
        })
    });
    object!({
        "condition": finding.condition.to_string(),
        "sentence": finding.sentence(),
        "explanation": finding.explanation(),
        "kind": kind,
        "players": players,
        "low": edge.map(|edge| edge.low),
        "high": edge.map(|edge| edge.high),
        "coverage": edge.map(|_| 0.95),
        "levels": levels.collect::<Value>(),
    })
}
