//! A run for programs: every count, and every histogram without loss.

use super::super::dummy::Plan;
use super::super::metrics::{ActionMetrics, End, Evidence, Lags};
use super::super::scenario::Method;
use super::super::scenario::print::print;
use super::history::Cost;
use super::span::Span;
use super::{Report, capacity};
use serde_json::{Map, Value, json};

/// The whole run as one object, `"schema": "prof-dummyrunner/1"`.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let (plan, outcome) = (report.plan, report.outcome);
    let metrics = &outcome.metrics;
    let counters = &metrics.window.counters;
    let actions = plan.scenario.actions.iter().zip(&metrics.actions);
    let actions: Vec<Value> = actions
        .map(|(action, metrics)| self::action(&action.name, metrics))
        .collect();
    let object = json!({
        "schema": "prof-dummyrunner/1",
        "target": report.target.to_string(),
        "profile": report.profile,
        "dummies": report.dummies(),
        "seed": plan.options.seed,
        "threads": report.threads,
        "started": plan.options.epoch,
        "played_seconds": outcome.played.as_secs_f64(),
        "elapsed_seconds": outcome.elapsed.as_secs_f64(),
        "ended_by": match outcome.why {
            super::super::engine::Why::AllEnded => "all dummies ended",
            super::super::engine::Why::Duration => "duration",
            super::super::engine::Why::Asked => "stopped",
            super::super::engine::Why::Functions => "the settings file failed",
        },
        "scenario": scenario(plan),
        "commands": {
            "sent": counters.sent,
            "answered": counters.answered,
            "lost": counters.lost,
            "late_answers": counters.late,
            "failed": counters.failed,
            "unmeasured": counters.unmeasured,
            "cut_off": counters.cut_off,
            "ticks_dropped": counters.ticks_dropped,
            "of_logins": counters.login_commands,
        },
        "connections": {
            "made": counters.connected,
            "reconnects": counters.reconnects,
            "bytes_in": counters.bytes_in,
            "bytes_out": counters.bytes_out,
        },
        "ends": counted(End::ALL.iter().map(|(end, text)| (*text, u64::from(metrics.window.phases.ended(*end))))),
        "logins": {
            "done": counters.logins,
            "evidence": counted(Evidence::ALL.iter().map(|(evidence, text)| (*text, u64::from(metrics.evidence[*evidence as usize])))),
            "lag": lags(&metrics.logins),
            "commands": action("login", &metrics.login_commands),
        },
        "methods": counted(Method::ALL.iter().map(|(name, method)| (*name, u64::from(metrics.methods[*method as usize])))),
        "problems": report.problems().into_iter().map(|(problem, count)| json!({
            "kind": problem.text(),
            "count": count,
            "hint": problem.hint(),
        })).collect::<Vec<_>>(),
        "thresholds": report.check().into_iter().map(|check| json!({
            "condition": check.condition.to_string(),
            "value": check.value,
            "passed": check.passed,
        })).collect::<Vec<_>>(),
        "warnings": report.warnings(),
        "actions": actions,
        "total": action("total", &metrics.total()),
        "harness": lags(&metrics.harness),
        "transport": lags(&metrics.transport),
        "lag_in": lags(&metrics.lag_in),
        "lag_out": lags(&metrics.lag_out),
        "processes": report.history.costs().iter().map(cost).collect::<Value>(),
        "capacity": report.capacity.map_or(Value::Null, |finding| capacity::value_of(finding, &report.history.names)),
        "stages": report.history.stages.iter().map(|stage| span(stage, &report.history.names)).collect::<Value>(),
        "hot": report.hot.as_ref().map(super::hot::Hot::json),
        "seconds": report.history.json(),
    });
    format!("{object:#}\n")
}

/// A stage, or a level of a search.
pub(super) fn span(span: &Span, names: &[String]) -> Value {
    let names = names.iter().enumerate();
    let cores = names.filter_map(|(at, name)| Some((name.clone(), span.cores(at)?.into())));
    json!({
        "dummies": span.dummies,
        "dummies_before": span.dummies_before,
        "from_seconds": span.from.as_secs_f64(),
        "to_seconds": span.to.as_secs_f64(),
        "in_least": span.playing.map(|[fewest, _]| fewest),
        "in_most": span.playing.map(|[_, most]| most),
        "measured_seconds": span.seconds,
        "sent": span.counted.sent,
        "answered": span.counted.answered,
        "errors": span.errors(),
        "lag": lags(&span.lag),
        "service": lags(&span.service),
        "harness": lags(&span.harness),
        "cores": cores.collect::<Map<_, _>>(),
    })
}

/// What a process cost over the run.
fn cost(cost: &Cost) -> Value {
    json!({
        "name": cost.name,
        "pids": cost.pids,
        "cpu_seconds": cost.cpu.as_secs_f64(),
        "cores_mean": cost.cores[0],
        "cores_max": cost.cores[1],
        "rss_first_bytes": cost.rss[0],
        "rss_last_bytes": cost.rss[1],
        "rss_max_bytes": cost.rss[2],
        "threads_max": cost.threads,
        "descriptors_max": cost.descriptors,
        "voluntary_switches_per_second": cost.switches[0],
        "involuntary_switches_per_second": cost.switches[1],
    })
}

fn counted<'t>(counts: impl Iterator<Item = (&'t str, u64)>) -> Value {
    let counts = counts.filter(|(_, count)| *count > 0);
    Value::Object(
        counts
            .map(|(name, count)| (name.to_owned(), count.into()))
            .collect::<Map<_, _>>(),
    )
}

fn action(name: &str, metrics: &ActionMetrics) -> Value {
    json!({
        "name": name,
        "sent": metrics.sent,
        "answered": metrics.answered,
        "lost": metrics.lost,
        "failed": metrics.failed,
        "response": lags(&metrics.response),
        "service": lags(&metrics.service),
    })
}

/// As it was played. The commands of a settings file are in that file, and nothing here stands for them.
fn scenario(plan: &Plan) -> Option<String> {
    (!plan.has_functions()).then(|| print(&plan.scenario))
}

/// Percentiles to read, and the histogram to compute with; null without any lag.
fn lags(lags: &Lags) -> Value {
    let Some(histogram) = lags.encoded() else {
        return Value::Null;
    };
    json!({
        "count": lags.len(),
        "mean_us": lags.mean(),
        "p50_us": lags.percentile(50.0),
        "p90_us": lags.percentile(90.0),
        "p99_us": lags.percentile(99.0),
        "p99_9_us": lags.percentile(99.9),
        "max_us": lags.max(),
        "hdr_histogram_v2": histogram,
    })
}
