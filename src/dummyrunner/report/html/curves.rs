//! The curves of the page: what is drawn over time.

use super::super::super::metrics::Phase;
use super::super::super::scenario::condition::{Clock, Metric};
use super::super::Report;
use super::plot::{Style, TimePlot};
use super::scale::Unit;
use super::series::Grouped;

/// Height of a usual plot.
const LOW: f64 = 96.0;
const HIGH: f64 = 190.0;

/// All plots over time, from above.
pub(super) fn plots(report: &Report<'_>, grouped: &Grouped<'_>) -> Vec<TimePlot> {
    let mut plots = vec![
        dummies(grouped),
        commands(report, grouped),
        lag(report, grouped),
        errors(grouped),
    ];
    plots.extend(processes(report, grouped));
    plots.push(harness(grouped));
    plots
}

/// Parts of the run with their labels; every other one is shaded.
pub(super) fn parts(report: &Report<'_>) -> Vec<(f64, f64, String, bool)> {
    let stages = report.history.stages.iter();
    let levels = report
        .capacity
        .into_iter()
        .flat_map(|finding| finding.levels.iter());
    let spans = stages.chain(levels.map(|level| &level.span)).enumerate();
    let parts = spans.map(|(at, stage)| {
        let label = format!("{} dummies", stage.label());
        (
            stage.from.as_secs_f64(),
            stage.to.as_secs_f64(),
            label,
            at % 2 == 1,
        )
    });
    parts.collect()
}

fn plot(id: &'static str, title: &'static str, unit: Unit) -> TimePlot {
    TimePlot {
        id,
        title,
        note: String::new(),
        unit,
        is_log: false,
        style: Style::Lines,
        height: LOW,
        curves: Vec::new(),
        limits: Vec::new(),
    }
}

fn dummies(grouped: &Grouped<'_>) -> TimePlot {
    let count = |name: &str, phases: &'static [Phase]| {
        grouped.last(name, |second| {
            let counts = phases.iter().map(|phase| second.phases.of(*phase));
            counts.sum::<u32>().into()
        })
    };
    TimePlot {
        style: Style::Stack,
        curves: vec![
            count("in", &[Phase::Playing]),
            count("logging in", &[Phase::Connected, Phase::Welcome, Phase::Authing]),
            count("connecting", &[Phase::Connecting]),
            count("logging out", &[Phase::Leaving]),
            count("waiting to connect again", &[Phase::Resting]),
        ],
        ..plot("dummies", "Dummies", Unit::Count)
    }
}

fn commands(report: &Report<'_>, grouped: &Grouped<'_>) -> TimePlot {
    let counters = &report.outcome.metrics.window.counters;
    let looked_at = counters.sent.saturating_sub(counters.unmeasured);
    TimePlot {
        note: match counters.unmeasured {
            0 => String::new(),
            _ => format!(
                "answers were looked for after {:.0}% of the commands (probe_share)",
                looked_at as f64 * 100.0 / counters.sent.max(1) as f64
            ),
        },
        curves: vec![
            grouped.rate("sent", |second| second.counted.sent),
            grouped.rate("answered", |second| second.counted.answered),
        ],
        ..plot("commands", "Commands a second", Unit::Count)
    }
}

fn lag(report: &Report<'_>, grouped: &Grouped<'_>) -> TimePlot {
    let point = |name: &str, at: usize| grouped.most(name, |second| second.lag.map(|lag| lag[at] as f64));
    let mut curves = vec![
        point("p50", 0),
        point("p90", 1),
        point("p99", 2),
        point("longest", 3),
    ];
    if report.plan.has_intended_times() {
        curves.push(grouped.most("service p99", |second| {
            second.service.map(|service| service[1] as f64)
        }));
    }
    let searched = report.capacity.map(|finding| &finding.condition);
    let limits = report
        .plan
        .scenario
        .thresholds
        .iter()
        .chain(searched)
        .filter(|threshold| {
            threshold.action.is_none() && matches!(threshold.metric, Metric::Time(Clock::Response, _))
        });
    TimePlot {
        note: "of the answers of each second; powers of ten".into(),
        is_log: true,
        height: HIGH,
        curves,
        limits: limits
            .map(|threshold| (threshold.value, threshold.to_string()))
            .collect(),
        ..plot("lag", "Lag", Unit::Micros)
    }
}

fn errors(grouped: &Grouped<'_>) -> TimePlot {
    let curves = vec![
        grouped.rate("not answered", |second| second.counted.lost),
        grouped.rate("failed", |second| second.counted.failed),
        grouped.rate("cut off by the end of a connection", |second| {
            second.counted.cut_off
        }),
    ];
    TimePlot {
        style: Style::Needles,
        curves,
        ..plot("errors", "Errors a second", Unit::Count)
    }
}

/// Processor and memory, where any process was watched.
fn processes(report: &Report<'_>, grouped: &Grouped<'_>) -> Vec<TimePlot> {
    let names = report.history.names.iter().enumerate();
    let mut cpu = plot("cpu", "CPU", Unit::Cores);
    let mut memory = plot("memory", "Memory", Unit::Bytes);
    for (at, name) in names {
        let sample =
            move |second: &super::super::history::Second| second.processes.get(at).copied().flatten();
        cpu.curves
            .push(grouped.busiest(name, |second| sample(second).map(|sample| sample.cores)));
        memory
            .curves
            .push(grouped.most(name, |second| sample(second).map(|sample| sample.rss as f64)));
    }
    if cpu
        .curves
        .iter()
        .all(|curve| curve.values.iter().all(Option::is_none))
    {
        return Vec::new();
    }
    cpu.note = "of one core".into();
    if report.history.names.iter().any(|name| name == "server") {
        cpu.limits = vec![(1.0, "one core".into())];
    }
    vec![cpu, memory]
}

fn harness(grouped: &Grouped<'_>) -> TimePlot {
    let point =
        |name: &str, at: usize| grouped.most(name, |second| second.harness.map(|late| late[at] as f64));
    TimePlot {
        note: "how late prof itself sent; far below the lag, or the lag is not the server's".into(),
        is_log: true,
        curves: vec![point("p50", 0), point("p99", 1)],
        ..plot("harness", "Our own lateness", Unit::Micros)
    }
}
