//! The run in words and in a few numbers.

use super::super::super::capacity::Held;
use super::super::super::metrics::Lags;
use super::super::history::Cost;
use super::super::verdict::errors;
use super::super::{Report, megabytes, table, with_unit};
use super::scale::thousands;
use super::text::{escaped, table as html_table};
use std::fmt::Write as _;

/// From so much of a core on, a process that uses one core has no more to give.
const FULL: f64 = 0.95;

/// The numbers that one looks for first.
pub(super) fn tiles(report: &Report<'_>) -> String {
    let metrics = &report.outcome.metrics;
    let counters = &metrics.window.counters;
    let seconds = report.outcome.played.as_secs_f64().max(1e-9);
    let lag = report.lag();
    let mut out = String::from("<dl class=\"tiles\">\n");
    let mut tile = |name: &str, value: String, below: String, is_bad: bool| {
        let class = if is_bad { " class=\"bad\"" } else { "" };
        let _ = writeln!(
            out,
            "<div{class}><dt>{}</dt><dd>{}<small>{}</small></dd></div>",
            escaped(name),
            escaped(&value),
            escaped(&below)
        );
    };
    let in_at_most = report.history.seconds.iter();
    let in_at_most = in_at_most.map(|second| second.phases.of(super::super::super::metrics::Phase::Playing));
    let most = in_at_most.max().unwrap_or(0);
    tile(
        "Dummies in",
        thousands(most.into()),
        format!("at most, of {}", thousands(report.dummies().into())),
        counters.logins == 0,
    );
    tile(
        "Commands",
        format!("{:.1}/s", counters.sent as f64 / seconds),
        format!("{} in all", thousands(counters.sent as f64)),
        false,
    );
    for (name, percent) in [("Lag p50", 50.0), ("Lag p95", 95.0), ("Lag p99", 99.0)] {
        let below = format!("{percent}% wait no longer");
        let value = lag.percentile(percent).map_or("-".into(), with_unit);
        tile(name, value, below, false);
    }
    let errors = errors(metrics);
    let below = if counters.sent > 0 {
        format!("{:.2}% of commands", errors as f64 * 100.0 / counters.sent as f64)
    } else {
        "nothing was sent".into()
    };
    tile("Errors", thousands(errors as f64), below, errors > 0);
    if let Some(cost) = server(report) {
        let each = cost.each(counters.sent + counters.login_commands);
        tile(
            "CPU a command",
            each.map_or("-".into(), with_unit),
            format!("{}: {:.0}% of a core", cost.name, cost.cores[0] * 100.0),
            cost.name == "server" && cost.cores[1] >= FULL,
        );
    }
    out.push_str("</dl>");
    out
}

/// Sentences: who got in, how long they waited, what was the limit.
pub(super) fn summary(report: &Report<'_>) -> String {
    let mut out = String::from("<ul>\n");
    for sentence in sentences(report) {
        let _ = writeln!(out, "<li>{}</li>", escaped(&sentence));
    }
    out.push_str("</ul>");
    out
}

fn sentences(report: &Report<'_>) -> Vec<String> {
    let metrics = &report.outcome.metrics;
    let counters = &metrics.window.counters;
    let mut all = Vec::new();
    if let Some(finding) = report.capacity.filter(|finding| finding.held != Held::Unknown) {
        all.push(format!("The server {}.", finding.sentence()));
    }
    if counters.logins == 0 {
        all.push("Nobody logged in, so nothing can be said of the server under load.".into());
    } else {
        let mut text = format!(
            "{} {} ({})",
            thousands(counters.logins as f64),
            if counters.logins == 1 { "login" } else { "logins" },
            table::evidence(report)
        );
        if let (Some(half), Some(longest)) = (metrics.logins.percentile(50.0), metrics.logins.max()) {
            let _ = write!(
                text,
                "; half took up to {}, the longest {}",
                with_unit(half),
                with_unit(longest)
            );
        }
        all.push(text + ".");
    }
    let lag = report.lag();
    let point = |lags: &Lags, percent: f64| lags.percentile(percent).map_or("-".into(), with_unit);
    if !lag.is_empty() {
        all.push(format!(
            "Half of the commands were answered within {}, 95% within {}, 99% within {}; the slowest took {}.",
            point(&lag, 50.0),
            point(&lag, 95.0),
            point(&lag, 99.0),
            point(&lag, 100.0)
        ));
        let service = metrics.total().service;
        if let (true, Some(felt), Some(served)) = (
            report.plan.has_intended_times(),
            lag.percentile(99.0),
            service.percentile(99.0),
        ) && felt > served.saturating_mul(2)
            && felt > 10_000
        {
            all.push(format!(
                "Players would have waited longer than single answers took: counted from the actual send, 99% took up to \
                 {} only. Commands queued behind a dummy's own late answers.",
                with_unit(served)
            ));
        }
    }
    all.extend(limit(report));
    all
}

/// What would have to change for the server to hold more.
fn limit(report: &Report<'_>) -> Option<String> {
    if report.is_harness_limit() {
        return Some(
            "The load generator itself was late: these figures say more of it than of the server.".into(),
        );
    }
    let cost = server(report)?;
    let [mean, most] = cost.cores;
    let memory = megabytes(cost.rss[1]);
    let busy = format!(
        "The process {} used {:.0}% of a core on average and {:.0}% in its busiest second, and {memory} of memory at the end",
        cost.name,
        mean * 100.0,
        most * 100.0
    );
    let verdict = match () {
        // A game in our own process has more than one thread for what it does.
        () if cost.name != "server" => ".",
        () if mean >= FULL => {
            ": its one core was full. A Python server runs its code on one core at a time, so more players would only wait \
             longer."
        }
        () if most >= FULL => {
            ": its one core was full at times. A Python server runs its code on one core at a time."
        }
        () => ": the processor was not the limit.",
    };
    Some(busy + verdict)
}

/// Of the server, where it was watched; of the game in our own process otherwise.
fn server(report: &Report<'_>) -> Option<Cost> {
    let mut costs = report.history.costs();
    let at = costs.iter().position(|cost| cost.name == "server");
    let at = at.or_else(|| {
        costs
            .iter()
            .position(|cost| cost.name != "prof" && cost.name != "portal")
    })?;
    Some(costs.swap_remove(at))
}

/// Warnings and thresholds.
pub(super) fn alerts(report: &Report<'_>, out: &mut String) {
    for warning in report.warnings() {
        let _ = writeln!(
            out,
            "<p class=\"warn\"><strong>Warning:</strong> {}</p>",
            escaped(&warning)
        );
    }
    let checked = report.check();
    if checked.is_empty() {
        return;
    }
    let failed = checked.iter().filter(|check| !check.passed).count();
    if failed > 0 {
        let _ = writeln!(
            out,
            "<p class=\"fail\"><strong>Failed:</strong> {failed} of {} thresholds</p>",
            checked.len()
        );
    }
    let rows: Vec<Vec<String>> = checked
        .iter()
        .map(|check| {
            let word = if check.passed { "kept" } else { "FAILED" };
            vec![check.condition.to_string(), check.value_text(), word.into()]
        })
        .collect();
    out.push_str("<section aria-labelledby=\"thresholds\">\n<h2 id=\"thresholds\">Thresholds</h2>\n");
    out.push_str(&html_table(
        "What was to hold of the run",
        &["threshold", "measured", "verdict"],
        1,
        &rows,
    ));
    out.push_str("</section>\n");
}
