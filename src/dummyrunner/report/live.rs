//! The state of a run while it goes: a block for a terminal, a line elsewhere.

use super::super::metrics::{Counters, Lags, Phase, Window};
use super::{megabytes, with_unit};
use crate::process::Sample;
use std::collections::VecDeque;
use std::time::Duration;

/// Seconds over which rates and lags are told.
const SPAN: usize = 10;

/// The newest seconds of a run.
#[derive(Debug, Default)]
pub struct Live {
    dummies: u32,
    at: Duration,
    latest: Window,
    /// For each of the newest seconds: when it ended, the counters then, its lags.
    seconds: VecDeque<(Duration, Counters, Lags, Lags)>,
    before: Counters,
    /// Names of the watched processes, and what they used in the newest second.
    names: Vec<String>,
    processes: Vec<Option<Sample>>,
}

impl Live {
    /// For so many dummies, with these processes beside them.
    #[must_use]
    pub fn new(dummies: u32, names: Vec<String>) -> Live {
        Live {
            dummies,
            names,
            ..Live::default()
        }
    }

    /// A second is over.
    pub fn add(&mut self, at: Duration, window: &Window, processes: &[Option<Sample>]) {
        self.processes = processes.to_vec();
        self.seconds
            .push_back((at, window.counters, window.lag.clone(), window.harness.clone()));
        if self.seconds.len() > SPAN
            && let Some((_, counters, _, _)) = self.seconds.pop_front()
        {
            self.before = counters;
        }
        self.glance(at, window);
    }

    /// Half a second is over: only counts are looked at.
    pub fn glance(&mut self, at: Duration, window: &Window) {
        self.at = at;
        self.latest.counters = window.counters;
        self.latest.phases = window.phases;
    }

    /// So many dummies are wanted now.
    pub fn set_dummies(&mut self, dummies: u32) {
        self.dummies = dummies;
    }

    /// The lags of the newest seconds.
    #[must_use]
    pub fn lag(&self) -> Lags {
        let mut sum = Lags::default();
        self.seconds.iter().for_each(|(_, _, lag, _)| sum.add(lag));
        sum
    }

    /// Lines: who is where, how much goes to and fro, how long it takes, and what it costs.
    #[must_use]
    pub fn block(&self) -> String {
        let mut harness = Lags::default();
        self.seconds.iter().for_each(|(_, _, _, late)| harness.add(late));
        let lag = self.lag();
        let point = |lags: &Lags, percent: f64| lags.percentile(percent).map_or("-".into(), with_unit);
        let (sent, answered) = self.rates();
        let counters = &self.latest.counters;
        format!(
            "{:>5} s  {}\n         commands {sent:.1}/s sent, {answered:.1}/s answered, {} in all; {} lost, {} failed\n         \
             lag p50 {} p99 {} over the last {} s; our own lateness p99 {}",
            self.at.as_secs(),
            self.gauges(),
            counters.sent,
            counters.lost,
            counters.failed,
            point(&lag, 50.0),
            point(&lag, 99.0),
            self.seconds.len(),
            point(&harness, 99.0)
        ) + &self
            .costs()
            .map_or_else(String::new, |costs| format!("\n         {costs}"))
    }

    /// What the processes use now; `None` where none is watched.
    fn costs(&self) -> Option<String> {
        let costs = self.names.iter().zip(&self.processes);
        let costs: Vec<String> = costs
            .map(|(name, sample)| match sample {
                Some(sample) => {
                    let percent = sample.cores * 100.0;
                    format!("{name} CPU {percent:.0}% {}", megabytes(sample.rss))
                }
                None => format!("{name} -"),
            })
            .collect();
        (!costs.is_empty()).then(|| costs.join("; "))
    }

    /// One line with the original's words for where dummies are.
    #[must_use]
    pub fn line(&self) -> String {
        let lag = self.lag();
        let point = |percent: f64| lag.percentile(percent).map_or("-".into(), with_unit);
        let (sent, answered) = self.rates();
        format!(
            "{:.0} s: {}; commands {sent:.1}/s sent, {answered:.1}/s answered; lag p50 {} p99 {}; {} lost",
            self.at.as_secs_f64(),
            self.gauges(),
            point(50.0),
            point(99.0),
            self.latest.counters.lost
        ) + &self
            .costs()
            .map_or_else(String::new, |costs| format!("; {costs}"))
    }

    /// Who is where, in the original's words.
    #[must_use]
    pub fn gauges(&self) -> String {
        let phases = &self.latest.phases;
        let mut text = format!(
            "conn: {} -> welcome screen: {} -> authing: {} -> loggedin/tot: {}/{}",
            phases.of(Phase::Connected),
            phases.of(Phase::Welcome),
            phases.of(Phase::Authing),
            phases.of(Phase::Playing),
            self.dummies
        );
        for (phase, word) in [(Phase::Leaving, "leaving"), (Phase::Resting, "resting")] {
            if phases.of(phase) > 0 {
                text.push_str(&format!(" {word}: {}", phases.of(phase)));
            }
        }
        if phases.all_ended() > 0 {
            text.push_str(&format!(" ended: {}", phases.all_ended()));
        }
        text
    }

    /// Commands sent and answered a second.
    fn rates(&self) -> (f64, f64) {
        let Some((first, ..)) = self.seconds.front() else {
            return (0.0, 0.0);
        };
        // The first second began one before it ended.
        let span = (self.at.saturating_sub(*first).as_secs_f64() + 1.0).max(1.0);
        let since = self.latest.counters.since(&self.before);
        (since.sent as f64 / span, since.answered as f64 / span)
    }
}
