//! Whether what was measured is good: thresholds, warnings, and what a condition measures.

use super::super::metrics::{Evidence, Lags, Metrics, Problem};
use super::super::scenario::condition::{Clock, Condition, Metric, Point};
use super::super::scenario::{Late, Method, Model};
use super::{Report, with_unit};
use crate::evennia::MIXIN;
use std::time::Duration;

/// A threshold and whether it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The threshold.
    pub condition: Condition,
    /// What was measured; `None`: nothing that it could be compared with.
    pub value: Option<f64>,
    /// Kept.
    pub passed: bool,
}

impl Checked {
    /// What was measured, for people: times with three digits.
    #[must_use]
    pub fn value_text(&self) -> String {
        self.value.map_or("nothing measured".into(), |value| {
            measured_text(&self.condition, value)
        })
    }
}

/// A measured value of a condition's metric, for people: times with three digits.
#[must_use]
pub fn measured_text(condition: &Condition, value: f64) -> String {
    match condition.metric {
        Metric::Time(..) => with_unit(value.max(0.0).round() as u64),
        Metric::Rate => format!("{value:.1}"),
        Metric::ErrorRate | Metric::LoggedIn | Metric::ServerCpu => format!("{:.2}%", value * 100.0),
        _ => condition.value_text(value),
    }
}

/// What a condition measures, in its unit; `None` where nothing was measured.
#[must_use]
pub fn measure(
    condition: &Condition,
    metrics: &Metrics,
    actions: &[String],
    played: Duration,
) -> Option<f64> {
    let action = match &condition.action {
        None => metrics.total(),
        Some(name) => metrics
            .actions
            .get(actions.iter().position(|known| known == name)?)?
            .clone(),
    };
    let of_all = condition.action.is_none();
    let errors = if of_all {
        errors(metrics)
    } else {
        action.lost + action.failed
    };
    match condition.metric {
        Metric::Time(clock, point) => {
            let lags = match clock {
                Clock::Response if !action.response.is_empty() => &action.response,
                Clock::Response | Clock::Service => &action.service,
                Clock::Harness => &metrics.harness,
                Clock::Login => &metrics.logins,
            };
            point_of(lags, point)
        }
        Metric::Errors => Some(errors as f64),
        Metric::ErrorRate => (action.sent > 0).then(|| errors as f64 / action.sent as f64),
        Metric::Lost => Some(action.lost as f64),
        Metric::Rate => Some(action.sent as f64 / played.as_secs_f64().max(1e-9)),
        // Processes are not among what dummies measure.
        Metric::ServerCpu => None,
        Metric::LoggedIn => {
            let all = metrics.window.phases.total();
            let logins: u32 = metrics.evidence.iter().sum();
            (all > 0).then(|| (f64::from(logins) / f64::from(all)).min(1.0))
        }
    }
}

/// A number of a histogram, in microseconds.
#[must_use]
pub fn point_of(lags: &Lags, point: Point) -> Option<f64> {
    match point {
        Point::Percentile(percent) => lags.percentile(percent).map(|micros| micros as f64),
        Point::Mean => lags.mean(),
        Point::Max => lags.max().map(|micros| micros as f64),
    }
}

/// All that went wrong.
#[must_use]
pub fn errors(metrics: &Metrics) -> u64 {
    metrics.problems.iter().sum()
}

impl Report<'_> {
    /// Compares all thresholds.
    #[must_use]
    pub fn check(&self) -> Vec<Checked> {
        let scenario = &self.plan.scenario;
        let names: Vec<String> = scenario
            .actions
            .iter()
            .map(|action| action.name.clone())
            .collect();
        let check = |condition: &Condition| {
            let value = match condition.metric {
                Metric::ServerCpu => self.server_cores(),
                _ => measure(condition, &self.outcome.metrics, &names, self.outcome.played),
            };
            Checked {
                condition: condition.clone(),
                value,
                // What was never measured cannot have been kept.
                passed: value.is_some_and(|value| condition.comparison.holds(value, condition.value)),
            }
        };
        scenario.thresholds.iter().map(check).collect()
    }

    /// Processors that were busy with the server on average, where it was watched.
    fn server_cores(&self) -> Option<f64> {
        let costs = self.history.costs();
        let cost = costs.iter().find(|cost| cost.name == "server")?;
        Some(cost.cores[0])
    }

    /// Was our own lateness more than a twentieth of the lag, and more than a millisecond?
    #[must_use]
    pub fn is_harness_limit(&self) -> bool {
        let metrics = &self.outcome.metrics;
        let lag = metrics.total().response.percentile(50.0);
        let late = metrics.harness.percentile(99.0);
        matches!((lag, late), (Some(lag), Some(late)) if late > 1000 && late as f64 > lag as f64 * 0.05)
    }

    /// What a reader must know to trust the figures.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let metrics = &self.outcome.metrics;
        let counters = &metrics.window.counters;
        let scenario = &self.plan.scenario;
        let mut warnings = Vec::new();
        if self.is_harness_limit() {
            let late = metrics.harness.percentile(99.0).unwrap_or(0);
            warnings.push(format!(
                "prof itself sent 1% of the commands {} late or later: it is the limit here, not the server",
                with_unit(late)
            ));
        }
        if matches!(scenario.run.model, Model::Closed | Model::Think(_)) {
            warnings.push(
                "dummies that wait for answers send less to a slow server: these lags leave out what players would \
                 have waited (no response time, service time only)"
                    .into(),
            );
        }
        if counters.ticks_dropped > 0 {
            let why = match scenario.run.late {
                Late::Skip => "the dummy still waited",
                Late::Queue | Late::Send => "more than 100 were waiting, or the run ended first",
            };
            warnings.push(format!("{} ticks sent nothing: {why}", counters.ticks_dropped));
        }
        if metrics.methods[Method::FirstByte as usize] > 0 && scenario.lag.method == Method::Auto {
            warnings.push(
                "the first text after a command was taken for its answer: other players' texts may have been counted; \
                 an `expect` for each action is safer"
                    .into(),
            );
        }
        let guessed = metrics.evidence[Evidence::Text as usize];
        let expected = scenario.login.iter().any(|step| step.expect.is_some());
        if guessed > 0 && expected {
            warnings.push(format!(
                "{guessed} logins went on without the expected text: look at one with --follow 1"
            ));
        }
        if let Some(hint) = self.limits() {
            warnings.push(hint);
        }
        if let Some(hint) = self.nagle() {
            warnings.push(hint);
        }
        warnings
    }

    /// How to take off the limits that dummies met, where they may be Evennia's and it was not said before the run.
    fn limits(&self) -> Option<String> {
        let limits = [
            Problem::AccountLimit,
            Problem::LoginLimit,
            Problem::ConnectionLimit,
            Problem::CommandLimit,
        ];
        let problems = &self.outcome.metrics.problems;
        if limits.iter().all(|problem| problems[*problem as usize] == 0) {
            return None;
        }
        match self.mixin {
            None => Some(format!(
                "dummies met limits of the server. If it is Evennia, make this the last line of server/conf/settings.py, \
                 then `evennia reboot`:\n    {MIXIN}"
            )),
            Some(true) => Some(
                "dummies met limits of the server, though the game's settings take them off: the running Server was \
                 started without, `evennia reboot` mends it"
                    .into(),
            ),
            Some(false) => None,
        }
    }

    /// Small packets that wait for each other show as a peak at the time that acknowledgements are held back.
    fn nagle(&self) -> Option<String> {
        let service = self.outcome.metrics.total().service;
        let share = |low, high| service.share_between(low, high);
        // Linux holds them back for 40 ms, others for 200.
        let peak = [(39_000, 50_000, 40), (199_000, 212_000, 200)];
        let (_, _, wait) = peak
            .into_iter()
            .find(|(low, high, _)| service.len() >= 20 && share(*low, *high) > 0.5)?;
        Some(format!(
            "most answers take just over {wait} ms, as when small packets wait for delayed acknowledgements: look for a \
             missing TCP_NODELAY, also between the server's own processes"
        ))
    }

    /// What went wrong, by kind, the most first.
    #[must_use]
    pub fn problems(&self) -> Vec<(Problem, u64)> {
        let counts = &self.outcome.metrics.problems;
        let all = Problem::ALL
            .into_iter()
            .map(|problem| (problem, counts[problem as usize]));
        let mut problems: Vec<_> = all.filter(|(_, count)| *count > 0).collect();
        problems.sort_by_key(|(problem, count)| (std::cmp::Reverse(*count), *problem));
        problems
    }
}
