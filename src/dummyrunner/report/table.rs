//! The end of a run, for people.

use super::super::metrics::{ActionMetrics, End, Evidence, Lags};
use super::super::scenario::{Late, Method, Model, Run, duration};
use super::span::Span;
use super::{Report, capacity, dummies, megabytes, milliseconds, with_unit};
use crate::python::text::shown;
use prettytable::format::{Alignment, FormatBuilder};
use prettytable::{Cell, Row, Table};
use std::fmt::Write as _;

/// Columns of the table by action.
pub(super) const HEAD: [&str; 12] = [
    "action",
    "sent",
    "/s",
    "answered",
    "lost",
    "failed",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "service p99",
];

/// The whole report as text.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let mut out = String::new();
    head(report, &mut out);
    out.push('\n');
    if let Some(finding) = report.capacity {
        out.push_str(&capacity::render(finding, &report.history.names));
        out.push_str("\nof the whole search:\n");
    }
    out.push_str(&columns(&HEAD, action_rows(report)));
    stages(report, &mut out);
    lags(report, &mut out);
    costs(report, &mut out);
    if let Some(hot) = &report.hot {
        out.push_str(&hot.text());
    }
    problems(report, &mut out);
    thresholds(report, &mut out);
    for warning in report.warnings() {
        let _ = writeln!(out, "warning: {warning}");
    }
    out
}

fn head(report: &Report<'_>, out: &mut String) {
    let (plan, outcome) = (report.plan, report.outcome);
    let metrics = &outcome.metrics;
    let run = &plan.scenario.run;
    let model = model(run);
    let late = match run.late {
        Late::Queue => "queue",
        Late::Skip => "skip",
        Late::Send => "send",
    };
    let _ = writeln!(
        out,
        "{} on {} for {:.1} s: profile {}, model {model}, late ticks {late}, seed {}",
        dummies(report.dummies()),
        report.target,
        outcome.played.as_secs_f64(),
        shown(report.profile.as_bytes()),
        plan.options.seed
    );
    let phases = &metrics.window.phases;
    let ends = End::ALL.iter().map(|(end, text)| (phases.ended(*end), *text));
    let ends: Vec<String> = ends
        .filter(|(count, _)| *count > 0)
        .map(|(count, text)| format!("{count} {text}"))
        .collect();
    let _ = writeln!(out, "dummies:  {} in = {}", phases.total(), ends.join(" + "));
    let counters = &metrics.window.counters;
    let evidence = evidence(report);
    let _ = write!(out, "logins:   {}", counters.logins);
    if !evidence.is_empty() {
        let _ = write!(out, " ({evidence})");
    }
    if !metrics.logins.is_empty() {
        let _ = write!(out, ", {}", points(&metrics.logins));
    }
    if counters.reconnects > 0 {
        let _ = write!(out, ", {} reconnects", counters.reconnects);
    }
    out.push('\n');
    let _ = writeln!(out, "answers:  found by {}", methods(report));
    let _ = writeln!(
        out,
        "commands: {} sent = {} answered + {} lost + {} not looked at + {} cut off; {} late answers",
        counters.sent, counters.answered, counters.lost, counters.unmeasured, counters.cut_off, counters.late
    );
}

/// When commands are sent, for people.
pub(super) fn model(run: &Run) -> String {
    match &run.model {
        Model::Tick => format!(
            "tick {} with chance {}",
            duration::show(run.timestep),
            run.chance_of_action
        ),
        Model::Rate { rate, poisson } => {
            format!(
                "rate {rate}/s {}",
                if *poisson {
                    "at random times"
                } else {
                    "in equal steps"
                }
            )
        }
        Model::Think(_) => "think".into(),
        Model::Closed => "closed".into(),
    }
}

/// How logins were known to be done, with how many were; empty without any.
pub(super) fn evidence(report: &Report<'_>) -> String {
    let evidence = Evidence::ALL
        .iter()
        .map(|(evidence, text)| (report.outcome.metrics.evidence[*evidence as usize], *text));
    let evidence: Vec<String> = evidence
        .filter(|(count, _)| *count > 0)
        .map(|(count, text)| format!("{count} by {text}"))
        .collect();
    evidence.join(", ")
}

/// How answers were found, with how many dummies found them so.
pub(super) fn methods(report: &Report<'_>) -> String {
    let methods = Method::ALL
        .iter()
        .map(|(name, method)| (report.outcome.metrics.methods[*method as usize], *name));
    let methods: Vec<String> = methods
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{name} ({})", dummies(count)))
        .collect();
    if methods.is_empty() {
        "no method, as nobody got in".into()
    } else {
        methods.join(", ")
    }
}

/// A row for each action that was played, one for all, and one for logins.
pub(super) fn action_rows(report: &Report<'_>) -> Vec<Vec<String>> {
    let seconds = report.outcome.played.as_secs_f64().max(1e-9);
    let metrics = &report.outcome.metrics;
    let actions = report.plan.scenario.actions.iter().zip(&metrics.actions);
    let mut rows: Vec<Vec<String>> = actions
        .filter(|(_, metrics)| metrics.sent > 0)
        .map(|(action, metrics)| cells(&action.name, metrics, seconds))
        .collect();
    rows.push(cells("total", &metrics.total(), seconds));
    if metrics.login_commands.sent > 0 {
        rows.push(cells("(login, logout)", &metrics.login_commands, seconds));
    }
    rows
}

/// Columns of the table by stage.
pub(super) fn stage_head(report: &Report<'_>) -> Vec<String> {
    let words = [
        "dummies", "from s", "to s", "were in", "sent/s", "errors", "p50 ms", "p95 ms", "p99 ms",
    ];
    // The server stands first, where it is watched.
    let process = report.history.names.first().map_or("", String::as_str);
    let process = format!("{process} CPU");
    let words = words.into_iter().map(str::to_owned);
    words.chain([process.trim_start().to_owned()]).collect()
}

/// A row for each stage.
pub(super) fn stage_rows(report: &Report<'_>) -> Vec<Vec<String>> {
    report.history.stages.iter().map(stage_cells).collect()
}

fn stage_cells(stage: &Span) -> Vec<String> {
    let point = |percent: f64| {
        stage
            .lag
            .percentile(percent)
            .map(milliseconds)
            .unwrap_or_default()
    };
    let was_in = match stage.playing {
        None => String::new(),
        Some([fewest, most]) if fewest == most => most.to_string(),
        Some([fewest, most]) => format!("{fewest} to {most}"),
    };
    vec![
        stage.label(),
        format!("{}", stage.from.as_secs_f64()),
        format!("{}", stage.to.as_secs_f64()),
        was_in,
        format!("{:.1}", stage.rate()),
        stage.errors().to_string(),
        point(50.0),
        point(95.0),
        point(99.0),
        stage
            .cores(0)
            .map(|cores| format!("{:.0}%", cores * 100.0))
            .unwrap_or_default(),
    ]
}

/// Rows under their heads, in columns; of each row the first cell stands left.
pub(super) fn columns<T: AsRef<str>>(head: &[T], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.set_format(FormatBuilder::new().padding(0, 2).build());
    let head = head.iter().map(|text| text.as_ref().to_owned()).collect();
    for cells in std::iter::once(head).chain(rows) {
        let cell = |(at, text): (usize, &String)| {
            let side = if at == 0 {
                Alignment::LEFT
            } else {
                Alignment::RIGHT
            };
            // prettytable fails on escape sequences and on characters joined to one.
            let text = shown(text.as_bytes()).replace('\u{200d}', "\\u200d");
            Cell::new_align(&text, side)
        };
        table.add_row(Row::new(cells.iter().enumerate().map(cell).collect()));
    }
    table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn cells(name: &str, metrics: &ActionMetrics, seconds: f64) -> Vec<String> {
    let lag = if metrics.response.is_empty() {
        &metrics.service
    } else {
        &metrics.response
    };
    let point = |lags: &Lags, percent: f64| lags.percentile(percent).map(milliseconds).unwrap_or_default();
    vec![
        name.into(),
        metrics.sent.to_string(),
        format!("{:.1}", metrics.sent as f64 / seconds),
        metrics.answered.to_string(),
        metrics.lost.to_string(),
        metrics.failed.to_string(),
        point(lag, 50.0),
        point(lag, 90.0),
        point(lag, 99.0),
        point(lag, 99.9),
        lag.max().map(milliseconds).unwrap_or_default(),
        point(&metrics.service, 99.0),
    ]
}

fn stages(report: &Report<'_>, out: &mut String) {
    let rows = stage_rows(report);
    if !rows.is_empty() {
        out.push_str("\nby stage:\n");
        out.push_str(&columns(&stage_head(report), rows));
    }
}

fn lags(report: &Report<'_>, out: &mut String) {
    let metrics = &report.outcome.metrics;
    let kind = if report.plan.has_intended_times() {
        "from the intended send to the answer; service from the actual send"
    } else {
        "from the actual send to the answer"
    };
    let _ = writeln!(out, "\nlag is {kind}");
    let mut line = |name: &str, lags: &Lags| {
        if !lags.is_empty() {
            let _ = writeln!(out, "{name}: {}", points(lags));
        }
    };
    line("our own lateness", &metrics.harness);
    line("transport (telnet alone)", &metrics.transport);
    line("echo command, to the server", &metrics.lag_in);
    line("echo command, back", &metrics.lag_out);
}

/// What the server paid, and we.
fn costs(report: &Report<'_>, out: &mut String) {
    let counters = &report.outcome.metrics.window.counters;
    let commands = counters.sent + counters.login_commands;
    for cost in report.history.costs() {
        let [mean, most] = cost.cores;
        let [first, last, _] = cost.rss;
        let each = cost.each(commands);
        let each = each.map_or(String::new(), |each| format!(", {} a command", with_unit(each)));
        let _ = write!(
            out,
            "{}: CPU {:.0}% of a core, at most {:.0}%{each}; memory {} to {}, {} threads",
            cost.name,
            mean * 100.0,
            most * 100.0,
            megabytes(first),
            megabytes(last),
            cost.threads
        );
        if let Some(count) = cost.descriptors {
            let _ = write!(out, ", {count} descriptors");
        }
        let _ = writeln!(
            out,
            ", {:.0} context switches/s",
            cost.switches[0] + cost.switches[1]
        );
    }
}

fn points(lags: &Lags) -> String {
    let point = |percent: f64| lags.percentile(percent).map(with_unit).unwrap_or_default();
    format!("p50 {}, p99 {}, max {}", point(50.0), point(99.0), point(100.0))
}

fn problems(report: &Report<'_>, out: &mut String) {
    let problems = report.problems();
    if problems.is_empty() {
        return;
    }
    out.push_str("\nwhat went wrong:\n");
    for (problem, count) in problems {
        let _ = writeln!(
            out,
            "{count:>8}  {}\n          {}",
            problem.text(),
            problem.hint()
        );
    }
}

fn thresholds(report: &Report<'_>, out: &mut String) {
    let checked = report.check();
    if checked.is_empty() {
        return;
    }
    out.push_str("\nthresholds:\n");
    for check in checked {
        let word = if check.passed { "kept  " } else { "FAILED" };
        let _ = writeln!(
            out,
            "  {word}  {} ({})",
            shown(check.condition.to_string().as_bytes()),
            check.value_text()
        );
    }
}
