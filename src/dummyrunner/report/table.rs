//! The end of a run, for people.

use super::super::metrics::{ActionMetrics, End, Evidence, Lags};
use super::super::scenario::{Late, Method, Model, duration};
use super::{Report, dummies, megabytes, milliseconds, with_unit};
use crate::python::text::shown;
use prettytable::format::{Alignment, FormatBuilder};
use prettytable::{Cell, Row, Table};
use std::fmt::Write as _;

const HEAD: [&str; 12] = [
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
    out.push_str(&actions(report));
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
    let model = match &run.model {
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
    };
    let late = match run.late {
        Late::Queue => "queue",
        Late::Skip => "skip",
        Late::Send => "send",
    };
    let _ = writeln!(
        out,
        "{} on {} for {:.1} s: profile {}, model {model}, late ticks {late}, seed {}",
        dummies(plan.options.dummies),
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
    let evidence = Evidence::ALL
        .iter()
        .map(|(evidence, text)| (metrics.evidence[*evidence as usize], *text));
    let evidence: Vec<String> = evidence
        .filter(|(count, _)| *count > 0)
        .map(|(count, text)| format!("{count} by {text}"))
        .collect();
    let _ = write!(out, "logins:   {}", counters.logins);
    if !evidence.is_empty() {
        let _ = write!(out, " ({})", evidence.join(", "));
    }
    if !metrics.logins.is_empty() {
        let _ = write!(out, ", {}", points(&metrics.logins));
    }
    if counters.reconnects > 0 {
        let _ = write!(out, ", {} reconnects", counters.reconnects);
    }
    out.push('\n');
    let methods = Method::ALL
        .iter()
        .map(|(name, method)| (metrics.methods[*method as usize], *name));
    let methods: Vec<String> = methods
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{name} ({})", dummies(count)))
        .collect();
    let methods = if methods.is_empty() {
        "no method, as nobody got in".into()
    } else {
        methods.join(", ")
    };
    let _ = writeln!(out, "answers:  found by {methods}");
    let _ = writeln!(
        out,
        "commands: {} sent = {} answered + {} lost + {} not looked at + {} cut off; {} late answers",
        counters.sent, counters.answered, counters.lost, counters.unmeasured, counters.cut_off, counters.late
    );
}

fn actions(report: &Report<'_>) -> String {
    let mut table = Table::new();
    table.set_format(FormatBuilder::new().padding(0, 2).build());
    let seconds = report.outcome.played.as_secs_f64().max(1e-9);
    let mut row = |cells: Vec<String>| {
        let cell = |(at, text): (usize, &String)| {
            Cell::new_align(
                text,
                if at == 0 {
                    Alignment::LEFT
                } else {
                    Alignment::RIGHT
                },
            )
        };
        table.add_row(Row::new(cells.iter().enumerate().map(cell).collect()));
    };
    row(HEAD.iter().map(|&text| text.to_owned()).collect());
    let metrics = &report.outcome.metrics;
    for (action, metrics) in report.plan.scenario.actions.iter().zip(&metrics.actions) {
        if metrics.sent > 0 {
            // prettytable fails on escape sequences and on characters joined to one.
            row(cells(
                &shown(action.name.as_bytes()).replace('\u{200d}', "\\u200d"),
                metrics,
                seconds,
            ));
        }
    }
    row(cells("total", &metrics.total(), seconds));
    if metrics.login_commands.sent > 0 {
        row(cells("(login, logout)", &metrics.login_commands, seconds));
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
        let each = cost.cpu.as_micros() as u64 / commands.max(1);
        let _ = write!(
            out,
            "{}: CPU {:.0}% of a core, at most {:.0}%, {} a command; memory {} to {}, {} threads",
            cost.name,
            mean * 100.0,
            most * 100.0,
            with_unit(each),
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
        let value = check.value.map_or("nothing measured".into(), |value| {
            check.condition.value_text(value)
        });
        let word = if check.passed { "kept  " } else { "FAILED" };
        let _ = writeln!(
            out,
            "  {word}  {} ({value})",
            shown(check.condition.to_string().as_bytes())
        );
    }
}
