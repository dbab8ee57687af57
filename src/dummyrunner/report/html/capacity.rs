//! The levels of a search for capacity: what was measured over the number of dummies, and the answer.

use super::super::super::capacity::{Finding, Held, Outcome};
use super::super::super::scenario::condition::Metric;
use super::super::Report;
use super::super::capacity::{head, rows};
use super::lag::figure;
use super::plot::Frame;
use super::scale::{Scale, Unit};
use super::text::{escaped, table};
use std::fmt::Write as _;

const HEIGHT: f64 = 220.0;

/// The answer, the plot and the table.
pub(super) fn section(report: &Report<'_>, out: &mut String) {
    let Some(finding) = report.capacity else {
        return;
    };
    out.push_str("<section aria-labelledby=\"capacity\">\n<h2 id=\"capacity\">Capacity</h2>\n");
    let _ = writeln!(
        out,
        "<p class=\"answer\">{}</p>\n<p class=\"lead\">{}.</p>",
        escaped(&capital(&finding.sentence())),
        escaped(&capital(&finding.explanation()))
    );
    if !finding.levels.is_empty() {
        plot(finding, out);
        let head = head(finding, &report.history.names);
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        out.push_str(&table("Levels in their order", &head, 1, &rows(finding)));
    }
    out.push_str("</section>\n");
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

fn plot(finding: &Finding, out: &mut String) {
    let condition = &finding.condition;
    let (unit, is_log) = match condition.metric {
        Metric::Time(..) => (Unit::Micros, true),
        Metric::ErrorRate | Metric::LoggedIn | Metric::ServerCpu => (Unit::Cores, false),
        _ => (Unit::Count, false),
    };
    let values = || finding.levels.iter().filter_map(|level| level.value);
    let numbers = finding.levels.iter().map(|level| f64::from(level.span.dummies));
    let most = numbers.fold(1.0, f64::max);
    let frame = Frame {
        x: Scale::around(0.0, most),
        y: if is_log {
            Scale::log(values().map(|value| value.max(1.0)).chain([condition.value]))
        } else {
            Scale::linear(values().chain([condition.value]).fold(0.0, f64::max), unit)
        },
        height: HEIGHT,
    };
    figure(
        &format!("{} by number of dummies", condition.metric_text()),
        "each dot is a level: filled where it kept the condition, hollow where it did not; the stripe is the answer with its \
         interval",
        &[],
        out,
    );
    frame.open("Levels of the search", &finding.sentence(), out);
    if let Held::Found(edge) = &finding.held {
        let (low, high) = (frame.at_x(f64::from(edge.low)), frame.at_x(f64::from(edge.high)));
        frame.stripe(low, high, "hold", out);
    }
    frame.grid(&|value| Unit::Count.tick(value), &|value| unit.tick(value), out);
    frame.limit(condition.value, &condition.to_string(), out);
    for level in &finding.levels {
        let Some(value) = level.value else { continue };
        let class = if level.outcome == Outcome::Kept {
            "dot c0"
        } else {
            "miss c5"
        };
        let _ = writeln!(
            out,
            "<circle class=\"{class}\" r=\"5\" cx=\"{:.1}\" cy=\"{:.1}\"><title>{} dummies: {}</title></circle>",
            frame.at_x(f64::from(level.span.dummies)),
            frame.at_y(value),
            level.span.dummies,
            escaped(level.outcome.word())
        );
    }
    out.push_str("</svg>\n</figure>\n");
}
