//! A run as one page for a browser: curves, tables and settings. It needs no network, and no script to be read; the
//! script only tells the values below the pointer.
//!
//! Kept true: what files and servers say is text in it, never markup, and the page's own rules (a content security
//! policy with the digests of the one style and the one script) would stop it if it were.

mod capacity;
mod curves;
mod facts;
mod hot;
mod lag;
mod plot;
mod scale;
mod series;
mod text;

use super::super::scenario::{Late, Model, duration, print::print};
use super::history::Cost;
use super::{Report, dummies, megabytes, milliseconds, table};
use plot::Axis;
use serde_json::{Value, json};
use std::fmt::Write as _;
use text::{escaped, escaped_lines, fill, table};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// What the page's own rules let through; a test tells the new one when a file was changed.
const STYLE_HASH: &str = "sha256-5tLQWodMjIpnOr3INzDdNpOSdesSjhSbutfhGX7viw0=";
const SCRIPT_HASH: &str = "sha256-deP/sf9GnPCCjswPYLRpEgwNs+qJfqmxlrD0lCoqNos=";

/// The page.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let outcome = report.outcome;
    let grouped = series::Grouped::new(report.history);
    let times = grouped.times();
    let plots = curves::plots(report, &grouped);
    let axis = Axis {
        times: &times,
        end: times.last().copied().unwrap_or(1.0).max(1.0),
        parts: curves::parts(report),
    };
    let mut sections = String::new();
    facts::alerts(report, &mut sections);
    capacity::section(report, &mut sections);
    problems(report, &mut sections);
    time_section(&plots, &axis, &grouped, &mut sections);
    lag::section(report, &mut sections);
    stages(report, &mut sections);
    actions(report, &mut sections);
    processes(report, &mut sections);
    hot::section(report, &mut sections);
    settings(report, &mut sections);
    let heading = format!("{} on {}", dummies(report.dummies()), report.target);
    let subtitle = format!(
        "{} for {:.1} s, began {}",
        report.profile,
        outcome.played.as_secs_f64(),
        began(&report.plan.options.stamp)
    );
    fill(
        PAGE,
        &[
            ("style-hash", STYLE_HASH),
            ("script-hash", SCRIPT_HASH),
            ("style", STYLE),
            ("script", SCRIPT),
            ("title", &escaped(&format!("{heading}: prof dummyrunner"))),
            ("heading", &escaped(&heading)),
            ("subtitle", &escaped(&subtitle)),
            ("tiles", &facts::tiles(report)),
            ("summary", &facts::summary(report)),
            ("sections", &sections),
            ("version", env!("CARGO_PKG_VERSION")),
            ("data", &data(&plots, &axis)),
        ],
    )
}

/// `YYYYmmddHHMMSS` for people.
fn began(stamp: &str) -> String {
    match (stamp.len(), stamp.is_ascii()) {
        (14, true) => format!(
            "{}-{}-{} {}:{}:{} UTC",
            &stamp[..4],
            &stamp[4..6],
            &stamp[6..8],
            &stamp[8..10],
            &stamp[10..12],
            &stamp[12..]
        ),
        _ => stamp.to_owned(),
    }
}

/// What the script reads.
fn data(plots: &[plot::TimePlot], axis: &Axis<'_>) -> String {
    // Six digits are more than a picture shows.
    let short = |value: &f64| -> Value {
        if *value == 0.0 || !value.is_finite() {
            return json!(0);
        }
        let power = 10_f64.powf(5.0 - value.abs().log10().floor());
        let rounded = (value * power).round() / power;
        if rounded.fract() == 0.0 {
            json!(rounded as i64)
        } else {
            json!(rounded)
        }
    };
    let plot = |plot: &plot::TimePlot| {
        let curves = plot.curves.iter().map(|curve| {
            let values = curve.values.iter();
            values
                .map(|value| value.as_ref().map_or(Value::Null, short))
                .collect::<Value>()
        });
        let value = json!({ "unit": plot.unit.word(), "curves": curves.collect::<Value>() });
        (plot.id.to_owned(), value)
    };
    let object = json!({
        "times": axis.times.iter().map(|time| json!((time * 1000.0).round() / 1000.0)).collect::<Value>(),
        "end": axis.end,
        "left": plot::LEFT,
        "right": plot::RIGHT,
        "width": plot::WIDTH,
        "parts": axis.parts.iter().map(|(from, to, label, _)| json!([from, to, label])).collect::<Value>(),
        "plots": plots.iter().map(plot).collect::<serde_json::Map<_, _>>(),
    });
    // Within JSON `<` stands only in texts, where this means the same; so nothing in it can end the block.
    object.to_string().replace('<', "\\u003c")
}

fn time_section(plots: &[plot::TimePlot], axis: &Axis<'_>, grouped: &series::Grouped<'_>, out: &mut String) {
    out.push_str("<section aria-labelledby=\"over-time\">\n<h2 id=\"over-time\">Over time</h2>\n");
    if axis.times.is_empty() {
        out.push_str("<p class=\"lead\">The run was over before its first second.</p>\n</section>\n");
        return;
    }
    if grouped.size > 1 {
        let _ = writeln!(
            out,
            "<p class=\"lead\">Each point stands for {} seconds: of lags, processors and memory the highest, of rates the \
             mean, with the range of the seconds around it.</p>",
            grouped.size
        );
    }
    out.push_str(
        "<p class=\"at\" aria-live=\"off\"><output id=\"told\">Point at a plot, or choose one and use the arrow keys: the values of all at that time</output></p>\n",
    );
    for plot in plots {
        out.push_str(&plot.render(axis));
    }
    out.push_str("</section>\n");
}

fn stages(report: &Report<'_>, out: &mut String) {
    let stages = &report.history.stages;
    if stages.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"stages\">\n<h2 id=\"stages\">Stages</h2>\n");
    let head = table::stage_head(report);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    out.push_str(&table(
        "Lag by stage, in milliseconds",
        &head,
        1,
        &table::stage_rows(report),
    ));
    lag::over_dummies(stages, out);
    out.push_str("</section>\n");
}

fn actions(report: &Report<'_>, out: &mut String) {
    out.push_str("<section aria-labelledby=\"actions\">\n<h2 id=\"actions\">By action</h2>\n");
    let caption = if report.plan.has_intended_times() {
        "Lag is from the intended send to the answer, service from the actual send"
    } else {
        "Lag is from the actual send to the answer"
    };
    out.push_str(&table(caption, &table::HEAD, 1, &table::action_rows(report)));
    out.push_str("</section>\n");
}

fn problems(report: &Report<'_>, out: &mut String) {
    let problems = report.problems();
    if problems.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"problems\">\n<h2 id=\"problems\">What went wrong</h2>\n");
    let rows: Vec<Vec<String>> = problems
        .into_iter()
        .map(|(problem, count)| vec![problem.text().into(), count.to_string(), problem.hint().into()])
        .collect();
    let mut html = table(
        "By kind, with what to do about it",
        &["what", "times", "hint"],
        3,
        &rows,
    );
    // The number is one.
    html = html.replace("<th scope=\"col\" class=\"t\">times", "<th scope=\"col\">times");
    out.push_str(&html);
    out.push_str("</section>\n");
}

fn processes(report: &Report<'_>, out: &mut String) {
    let costs = report.history.costs();
    if costs.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"processes\">\n<h2 id=\"processes\">Processes</h2>\n");
    let counters = &report.outcome.metrics.window.counters;
    let commands = counters.sent + counters.login_commands;
    let row = |cost: &Cost| {
        let [mean, most] = cost.cores;
        vec![
            cost.name.clone(),
            cost.pids
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            format!("{:.0}%", mean * 100.0),
            format!("{:.0}%", most * 100.0),
            cost.each(commands).map(milliseconds).unwrap_or_default(),
            megabytes(cost.rss[0]),
            megabytes(cost.rss[1]),
            megabytes(cost.rss[2]),
            cost.threads.to_string(),
            cost.descriptors
                .map(|count| count.to_string())
                .unwrap_or_default(),
            format!("{:.0}", cost.switches[0] + cost.switches[1]),
        ]
    };
    let rows: Vec<Vec<String>> = costs.iter().map(row).collect();
    let head = [
        "process",
        "pid",
        "CPU",
        "at most",
        "CPU ms a command",
        "memory first",
        "last",
        "most",
        "threads",
        "descriptors",
        "switches/s",
    ];
    out.push_str(&table("CPU in percent of one core", &head, 1, &rows));
    out.push_str("</section>\n");
}

fn settings(report: &Report<'_>, out: &mut String) {
    let plan = report.plan;
    let run = &plan.scenario.run;
    let late = match run.late {
        Late::Queue => "sent after the answer, and counted from when they were due",
        Late::Skip => "left out and counted",
        Late::Send => "sent at once",
    };
    let mut rows = vec![
        ("server", report.target.to_string()),
        ("profile", report.profile.clone()),
        ("model", table::model(run)),
        ("seed", plan.options.seed.to_string()),
        ("threads", report.threads.to_string()),
        ("answers found by", table::methods(report)),
        ("logins known by", table::evidence(report)),
    ];
    if matches!(run.model, Model::Tick) {
        rows.insert(3, ("ticks while a dummy waits", late.into()));
    }
    rows.push((
        "a command is lost after",
        duration::show(plan.scenario.lag.timeout),
    ));
    out.push_str("<section aria-labelledby=\"settings\">\n<h2 id=\"settings\">Settings</h2>\n<dl class=\"settings\">\n");
    for (name, value) in rows {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(&value));
    }
    let _ = writeln!(
        out,
        "</dl>\n<details><summary>The scenario as it was played</summary>\n<pre>{}</pre></details>\n</section>",
        escaped_lines(&print(&plan.scenario))
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_pages_own_rules_let_its_style_and_script_through() {
        let hash = |text: &str| {
            let digest = Sha256::digest(text.as_bytes());
            format!(
                "sha256-{}",
                base64::engine::general_purpose::STANDARD.encode(digest)
            )
        };
        assert_eq!((STYLE_HASH, SCRIPT_HASH), (&*hash(STYLE), &*hash(SCRIPT)));
        // What ends these elements would change what is hashed.
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }

    #[test]
    fn a_moment_for_people() {
        assert_eq!(began("20261122193005"), "2026-11-22 19:30:05 UTC");
    }
}
