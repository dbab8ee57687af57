//! One level: so many dummies log in, the server settles, and windows are measured until they say one thing.
//!
//! A level is decided early when its windows agree: at least two of them, steady, with enough answers for the
//! percentile that is asked for. Enough means that some ten answers are expected beyond the percentile, or that so many
//! on one side of the limit cannot be chance (a binomial tail below 1%). Answers that wait in one queue are not
//! independent, which is why one window alone never decides, and why the search repeats the levels at the edge.
//! A lag that keeps growing from window to window belongs to a server that is full, however small it still is.

use super::super::metrics::{Counters, Lags, Phase, Phases, Window};
use super::super::report::span::Span;
use super::super::scenario::condition::{Clock, Comparison, Condition, Metric, Point};
use super::{NEAR, Settings, measure};
use crate::process::Sample;
use crate::statistics::distributions::coin;
use std::time::Duration;

/// Answers wanted beyond a percentile.
const BEYOND: f64 = 10.0;
const FEWEST_ANSWERS: f64 = 50.0;
/// As unlikely must it be that a clear level is one by chance.
const CHANCE: f64 = 0.01;
/// Two windows that differ by no more are alike.
const ALIKE: f64 = 0.25;
/// Below this share of the limit nobody minds how the figure moves.
const FAR: f64 = 0.25;
/// Growth over three windows, each above the one before, that is no accident.
const GROWTH: f64 = 1.3;
/// So many of a level's dummies are enough when the others cannot get in.
const NEARLY_ALL: f64 = 0.98;
/// Seconds that must be calm before a rest is over.
const REST: f64 = 3.0;
/// Our own lateness, as a share of the limit, from which on a lag is not the server's.
const OURS: f64 = 0.1;
/// The same where the limit is no time.
const OURS_US: f64 = 100_000.0;

/// What came of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The condition held.
    Kept,
    /// It did not.
    Failed,
    /// It grew from window to window: the server is full.
    Growing,
    /// Not all could log in.
    NotIn,
    /// Nothing was there to be measured.
    NotMeasured,
    /// It failed while prof itself was too slow.
    Ours,
}

impl Outcome {
    /// A word for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::Failed => "failed",
            Outcome::Growing => "failed: grows",
            Outcome::NotIn => "failed: logins",
            Outcome::NotMeasured => "failed: no answers",
            Outcome::Ours => "our own limit",
        }
    }
}

/// A level that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was measured in its windows; from and to are those of the whole level.
    pub span: Span,
    /// What the condition measures, in its unit.
    pub value: Option<f64>,
    /// The verdict.
    pub outcome: Outcome,
    /// Its windows agreed; else it lies near the edge.
    pub is_clear: bool,
}

/// A second of the run.
#[derive(Debug)]
pub(super) struct Second<'a> {
    pub(super) length: Duration,
    pub(super) window: &'a Window,
    /// What was counted, and who stood where, when it began.
    pub(super) before: (&'a Counters, &'a Phases),
    pub(super) processes: &'a [Option<Sample>],
}

impl Second<'_> {
    fn add_to(&self, span: &mut Span) {
        span.add(self.length, self.window, self.before, self.processes);
    }
}

/// A level that goes on.
#[derive(Debug)]
pub(super) struct Level {
    dummies: u32,
    began: Duration,
    stage: Stage,
    /// Seconds that were measured and make no window yet.
    current: Span,
    windows: Vec<Span>,
    /// All that were measured, with those that were given up.
    count: u32,
    /// What the condition measured in the windows while dummies logged in.
    joining: Vec<Option<f64>>,
    rest: Rest,
    /// The lag of the window before in the rest.
    rested: Option<u64>,
}

/// What comes before a level that follows one that failed: with fewer dummies the server works off what waits, or the
/// next level would be judged by the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    /// Dummies meanwhile.
    pub(super) dummies: u32,
    /// It is over when 95% of the answers come within so many microseconds.
    pub(super) lag: u64,
}

#[derive(Debug)]
enum Stage {
    /// The server recovers since this time.
    Resting(Duration),
    /// Dummies log in or out; how far they are from the number, and since when that is no better.
    Joining {
        missing: u32,
        since: Duration,
    },
    /// All are there since this time.
    Settling(Duration),
    Measuring,
}

impl Stage {
    fn joining(at: Duration) -> Stage {
        Stage::Joining {
            missing: u32::MAX,
            since: at,
        }
    }
}

impl Level {
    pub(super) fn new(dummies: u32, at: Duration, rest: Option<Rest>) -> Level {
        Level {
            dummies,
            began: at,
            stage: match rest {
                Some(_) => Stage::Resting(at),
                None => Stage::joining(at),
            },
            rest: rest.unwrap_or(Rest { dummies, lag: 0 }),
            current: Span::default(),
            windows: Vec::new(),
            count: 0,
            joining: Vec::new(),
            rested: Some(u64::MAX),
        }
    }

    /// How many are wanted at the moment.
    pub(super) fn wanted(&self) -> u32 {
        match self.stage {
            Stage::Resting(_) => self.rest.dummies,
            _ => self.dummies,
        }
    }

    /// How many it is about.
    pub(super) fn dummies(&self) -> u32 {
        self.dummies
    }

    pub(super) fn state(&self, at: Duration) -> String {
        match &self.stage {
            Stage::Resting(since) => format!(
                "the server recovers with {} for {} s",
                self.rest.dummies,
                at.saturating_sub(*since).as_secs()
            ),
            Stage::Joining { .. } => "dummies come or go".into(),
            Stage::Settling(since) => {
                format!("settles for {} s", at.saturating_sub(*since).as_secs())
            }
            Stage::Measuring => format!("window {}", self.count + 1),
        }
    }

    /// A second is over. Returns the level once it is decided.
    pub(super) fn second(&mut self, at: Duration, second: &Second<'_>, settings: &Settings) -> Option<Tried> {
        match &mut self.stage {
            Stage::Resting(since) => {
                let waited = at.saturating_sub(*since);
                second.add_to(&mut self.current);
                if self.current.seconds + 0.5 < REST {
                    return None;
                }
                let window = std::mem::take(&mut self.current);
                let lag = window.lag.percentile(95.0);
                let is_well = lag.is_some_and(|lag| lag <= self.rest.lag);
                if is_well || waited >= settings.window * settings.windows {
                    self.stage = Stage::joining(at);
                } else if lag > self.rested {
                    // Even these are too many.
                    self.rest.dummies = (self.rest.dummies / 2).max(1);
                }
                self.rested = lag;
                None
            }
            Stage::Joining { missing, since } => {
                second.add_to(&mut self.current);
                let playing = second.window.phases.of(Phase::Playing);
                let now = playing.abs_diff(self.dummies);
                if now < *missing {
                    *missing = now;
                    *since = at;
                }
                if now == 0 {
                    self.stage = Stage::Settling(at);
                } else if at.saturating_sub(*since) >= settings.login {
                    if f64::from(playing) >= f64::from(self.dummies) * NEARLY_ALL {
                        self.stage = Stage::Settling(at);
                    } else {
                        let all = std::mem::take(&mut self.current);
                        return Some(self.decided(all, at, Outcome::NotIn, true, settings));
                    }
                }
                if matches!(self.stage, Stage::Settling(_)) {
                    self.current = Span::default();
                    return None;
                }
                self.give_up(at, settings)
            }
            Stage::Settling(since) => {
                if at.saturating_sub(*since) >= settings.settle {
                    self.stage = Stage::Measuring;
                }
                None
            }
            Stage::Measuring => {
                second.add_to(&mut self.current);
                // A second is never quite one.
                if self.current.seconds + 0.5 < settings.window.as_secs_f64() {
                    return None;
                }
                let window = std::mem::take(&mut self.current);
                self.count += 1;
                self.forget_recovery(&window, settings);
                self.windows.push(window);
                self.decide(at, settings)
            }
        }
    }

    /// A level fails before all are in when fewer are already far too many: logins let a lag rise, but not without end.
    fn give_up(&mut self, at: Duration, settings: &Settings) -> Option<Tried> {
        if self.current.seconds + 0.5 < settings.window.as_secs_f64() {
            return None;
        }
        let window = std::mem::take(&mut self.current);
        let condition = &settings.condition;
        let value = measure(condition, &window, settings.server);
        self.joining.push(value);
        let is_far = value.is_some_and(|value| value > condition.value * NEAR);
        if is_far && grows(condition, &self.joining) {
            return Some(self.decided(window, at, Outcome::Growing, true, settings));
        }
        None
    }

    /// Windows in which the server still worked off what a higher level had left say nothing of this one.
    fn forget_recovery(&mut self, window: &Span, settings: &Settings) {
        let condition = &settings.condition;
        if !is_upper_limit(condition) {
            return;
        }
        let value = |span: &Span| measure(condition, span, settings.server);
        let before = self.windows.last().and_then(value);
        if let (Some(before), Some(now)) = (before, value(window))
            && before > condition.value
            && now < before * 0.5
        {
            self.windows.clear();
        }
    }

    fn decide(&mut self, at: Duration, settings: &Settings) -> Option<Tried> {
        let condition = &settings.condition;
        let is_last = self.count >= settings.windows;
        let values: Vec<Option<f64>> = self
            .windows
            .iter()
            .map(|window| measure(condition, window, settings.server))
            .collect();
        let holds = |value: Option<f64>| {
            value.is_some_and(|value| condition.comparison.holds(value, condition.value))
        };
        let grows = grows(condition, &values);
        if !is_last {
            let all = self.pooled(0);
            let [.., before, now] = values[..] else {
                return None;
            };
            if !has_enough(condition, &all) || !is_steady(condition, before?, now?) {
                return None;
            }
            let agree = values.iter().all(|value| holds(*value) == holds(now));
            // What is near the limit must be seen not to grow.
            let is_near = is_upper_limit(condition) && now? > condition.value * FAR;
            if !agree || holds(now) && (grows || is_near && values.len() < 3) {
                return None;
            }
            let outcome = if holds(now) {
                Outcome::Kept
            } else {
                Outcome::Failed
            };
            return Some(self.decided(all, at, outcome, true, settings));
        }
        // Time is up: the newer half counts, where it has enough.
        let half = self.pooled(self.windows.len() / 2);
        let counts = if has_enough(condition, &half) {
            half
        } else {
            self.pooled(0)
        };
        let value = measure(condition, &counts, settings.server);
        let outcome = match value {
            None => Outcome::NotMeasured,
            Some(_) if !holds(value) => Outcome::Failed,
            Some(_) if grows => Outcome::Growing,
            Some(_) => Outcome::Kept,
        };
        Some(self.decided(counts, at, outcome, false, settings))
    }

    fn pooled(&self, from: usize) -> Span {
        let mut all = Span::default();
        self.windows[from..].iter().for_each(|window| all.join(window));
        all
    }

    fn decided(
        &self,
        mut span: Span,
        at: Duration,
        outcome: Outcome,
        is_clear: bool,
        settings: &Settings,
    ) -> Tried {
        (span.dummies, span.dummies_before) = (self.dummies, self.dummies);
        (span.from, span.to) = (self.began, at);
        let value = measure(&settings.condition, &span, settings.server);
        let outcome = if outcome != Outcome::Kept && is_ours(&settings.condition, &span, value) {
            Outcome::Ours
        } else {
            outcome
        };
        Tried {
            value,
            span,
            outcome,
            is_clear,
        }
    }
}

/// Must the figure stay below something? All that grows with the load does.
fn is_upper_limit(condition: &Condition) -> bool {
    matches!(condition.comparison, Comparison::Less | Comparison::LessOrEqual)
}

/// Are there enough answers to say anything?
fn has_enough(condition: &Condition, span: &Span) -> bool {
    let Metric::Time(clock, point) = condition.metric else {
        return span.counted.sent > 0 || condition.metric == Metric::LoggedIn;
    };
    let lags: &Lags = match clock {
        Clock::Service => &span.service,
        Clock::Harness => &span.harness,
        Clock::Response | Clock::Login => &span.lag,
    };
    let count = lags.len();
    let Point::Percentile(percent) = point else {
        return count as f64 >= FEWEST_ANSWERS;
    };
    let rare = 1.0 - percent / 100.0;
    if rare <= 0.0 || rare >= 1.0 {
        return count as f64 >= FEWEST_ANSWERS;
    }
    if count as f64 >= (BEYOND / rare).max(FEWEST_ANSWERS) {
        return true;
    }
    let limit = condition.value.round() as u64;
    let above = (count as f64 * (1.0 - lags.share_between(0, limit))).round() as usize;
    let count = count as usize;
    let too_few = coin(above, count, rare);
    let too_many = if above == 0 {
        1.0
    } else {
        1.0 - coin(above - 1, count, rare)
    };
    count as f64 >= FEWEST_ANSWERS / 2.0 && too_few.min(too_many) < CHANCE
}

/// Do two windows, one after the other, say the same?
fn is_steady(condition: &Condition, before: f64, now: f64) -> bool {
    if is_upper_limit(condition) && before.max(now) < condition.value * FAR {
        return true;
    }
    // What has failed twice and does not get better need not stand still.
    let limit = condition.value;
    if is_upper_limit(condition) && before > limit && now > limit && now > before * (1.0 - ALIKE) {
        return true;
    }
    (now - before).abs() <= before.abs().max(now.abs()) * ALIKE
}

/// Has the figure grown from each window to the next, and is it no longer small?
fn grows(condition: &Condition, values: &[Option<f64>]) -> bool {
    let [.., Some(first), Some(second), Some(third)] = values[..] else {
        return false;
    };
    is_upper_limit(condition)
        && first < second
        && second < third
        && third > first * GROWTH
        && third > condition.value * FAR
}

/// Might the level have held, had prof itself been on time?
fn is_ours(condition: &Condition, span: &Span, value: Option<f64>) -> bool {
    // Below a millisecond it is the system's.
    let Some(late) = span.harness.percentile(99.0).filter(|late| *late > 1000) else {
        return false;
    };
    match condition.metric {
        Metric::Time(..) => value.is_some_and(|value| {
            late as f64 > condition.value * OURS && value - (late as f64) < condition.value
        }),
        _ => late as f64 > OURS_US,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(micros: &[(u64, usize)]) -> Span {
        let mut span = Span::default();
        for (value, count) in micros {
            (0..*count).for_each(|_| span.lag.record(value * 1000));
        }
        span.counted.sent = span.lag.len();
        span
    }

    fn condition(text: &str) -> Condition {
        Condition::parse(text).expect("a condition")
    }

    #[test]
    fn a_percentile_needs_answers_beyond_it() {
        let p95 = condition("lag.p95 < 10ms");
        // Near the limit ten beyond it are wanted: 200.
        assert!(!has_enough(&p95, &with(&[(1000, 184), (20_000, 10)])));
        assert!(has_enough(&p95, &with(&[(1000, 190), (20_000, 10)])));
        // 0.95^90 is below 1%, 0.95^89 is not.
        assert!(has_enough(&p95, &with(&[(1000, 90)])));
        assert!(!has_enough(&p95, &with(&[(1000, 89)])));
        // All above.
        assert!(has_enough(&p95, &with(&[(20_000, 25)])));
        assert!(!has_enough(&condition("lag.p99 < 10ms"), &with(&[(1000, 90)])));
    }

    #[test]
    fn steady_and_growing() {
        let limit = condition("lag.p95 < 100ms");
        let check = |before: f64, now: f64| is_steady(&limit, before * 1000.0, now * 1000.0);
        assert!(check(1.0, 20.0), "both far below");
        assert!(check(80.0, 95.0) && !check(60.0, 95.0));
        assert!(check(200.0, 900.0), "failed, and worse");
        assert!(!check(900.0, 200.0), "failed, and much better");
        let grows = |values: &[f64]| {
            let values: Vec<Option<f64>> = values.iter().map(|value| Some(value * 1000.0)).collect();
            super::grows(&limit, &values)
        };
        assert!(grows(&[30.0, 40.0, 50.0]) && grows(&[90.0, 30.0, 40.0, 50.0]));
        assert!(!grows(&[1.0, 2.0, 3.0]) && !grows(&[40.0, 41.0, 42.0]) && !grows(&[40.0, 60.0]));
    }
}
