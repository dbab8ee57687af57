//! How many players a server holds: dummies are added and taken away while a run goes, until a condition such as
//! `lag.p95 < 500ms` is just kept.
//!
//! ```text
//! windows of the run -> level (does the condition hold with so many?) -> search (which number next?) -> edge (the answer)
//! ```
//!
//! A [`Capacity`] hears each second of the run and says how many dummies are wanted; it has no clock, no sockets and no
//! threads of its own. Kept true: every level and the whole search have an end, and what was found so far can be told
//! at any moment.

mod edge;
mod level;
mod search;
#[cfg(test)]
mod tests;

pub use edge::Edge;
pub use level::{Outcome, Tried};

use super::metrics::{Counters, Phases, Window};
use super::report::span::Span;
use super::report::verdict::point_of;
use super::scenario::condition::{Clock, Condition, Metric};
use crate::process::Sample;
use level::{Level, Rest, Second};
use search::{Next, Search};
use std::time::Duration;

/// What is searched, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What must hold.
    pub condition: Condition,
    /// Dummies of the first level.
    pub first: u32,
    /// No level has more.
    pub most: u32,
    /// From the last login of a level to its first window.
    pub settle: Duration,
    /// Length of a window; a level has two of them at least.
    pub window: Duration,
    /// Windows of a level at most.
    pub windows: u32,
    /// A level has failed when nobody more logs in for so long.
    pub login: Duration,
    /// Levels around the edge, after it was found.
    pub repeats: u32,
    /// Which of the watched processes is the server.
    pub server: Option<usize>,
}

/// A search that goes on.
#[derive(Debug)]
pub struct Capacity {
    settings: Settings,
    search: Search,
    level: Level,
    tried: Vec<Tried>,
    /// When the last second ended, and what was then.
    before: (Duration, Counters, Phases),
    end: Option<End>,
}

/// A figure below so many times the limit has missed it by little; one above it by far.
const NEAR: f64 = 4.0;

/// Why a search is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The edge was found, and repeated.
    Found,
    /// The condition held with as many as there may be.
    Most,
    /// It did not hold with one.
    Nothing,
    /// prof itself was the limit, again and again.
    Ours,
    /// It was stopped, or its time was over.
    Stopped,
}

/// How many players the server holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// So many, with an interval.
    Found(Edge),
    /// At least so many: the most that held.
    AtLeast(u32),
    /// Fewer than so many: the fewest that did not hold.
    FewerThan(u32),
    /// Nothing was measured.
    Unknown,
}

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was to hold.
    pub condition: Condition,
    /// All levels, in their order.
    pub levels: Vec<Tried>,
    /// The answer.
    pub held: Held,
    /// Why the search ended.
    pub end: End,
}

impl Capacity {
    /// Begins with the first level.
    #[must_use]
    pub fn new(settings: Settings) -> Capacity {
        let first = settings.first.clamp(1, settings.most.max(1));
        Capacity {
            search: Search::new(first, settings.most.max(1), settings.repeats),
            level: Level::new(first, Duration::ZERO, None),
            settings,
            tried: Vec::new(),
            before: (Duration::ZERO, Counters::default(), Phases::default()),
            end: None,
        }
    }

    /// How many dummies are wanted now.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        self.level.wanted()
    }

    /// What must hold.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.settings.condition
    }

    /// Why it is over; `None` while it goes on.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// A second is over. Returns the level that ended with it.
    pub fn second(&mut self, at: Duration, window: &Window, processes: &[Option<Sample>]) -> Option<&Tried> {
        if self.end.is_some() {
            return None;
        }
        let (then, counters, phases) =
            std::mem::replace(&mut self.before, (at, window.counters, window.phases));
        let second = Second {
            length: at.saturating_sub(then),
            window,
            before: (&counters, &phases),
            processes,
        };
        let tried = self.level.second(at, &second, &self.settings)?;
        match self.search.tell(tried.span.dummies, tried.outcome) {
            Next::Level(dummies) => {
                let rest = self.rest(&tried, dummies);
                self.level = Level::new(dummies, at, rest);
            }
            Next::End(end) => self.end = Some(end),
        }
        self.tried.push(tried);
        self.tried.last()
    }

    /// How the server recovers from a level that failed.
    fn rest(&self, tried: &Tried, next: u32) -> Option<Rest> {
        if tried.outcome == Outcome::Kept {
            return None;
        }
        let condition = &self.settings.condition;
        // What missed the limit by little has not left much to do, and logging in again has its price.
        let is_near = tried.value.is_some_and(|value| value < condition.value * NEAR);
        let dummies = tried.span.dummies.min(next);
        let calm = self
            .tried
            .iter()
            .rev()
            .find(|level| level.outcome == Outcome::Kept);
        let calm = calm.and_then(|level| level.span.lag.percentile(95.0));
        let calm = calm.map(|micros| micros as f64 * 1.5 + 1000.0);
        let lag = match condition.metric {
            Metric::Time(..) => {
                let (least, most) = (condition.value * 0.25, condition.value * 0.9);
                calm.map_or(least, |calm| calm.clamp(least, most))
            }
            _ => calm.unwrap_or(f64::MAX),
        };
        Some(Rest {
            dummies: if is_near {
                dummies - dummies / 4
            } else {
                dummies.div_ceil(2)
            },
            lag: lag.max(1000.0) as u64,
        })
    }

    /// Where the search is, in a line.
    #[must_use]
    pub fn state(&self, at: Duration) -> String {
        let range = match (self.search.low(), self.search.high()) {
            (None, None) => String::new(),
            (Some(low), None) => format!("; {low} held"),
            (None, Some(high)) => format!("; {high} did not hold"),
            (Some(low), Some(high)) => format!("; {low} held, {high} did not"),
        };
        format!(
            "search: level {} with {} dummies, {}{range}",
            self.tried.len() + 1,
            self.level.dummies(),
            self.level.state(at)
        )
    }

    /// What was found so far.
    #[must_use]
    pub fn finish(self) -> Finding {
        let end = self.end.unwrap_or(End::Stopped);
        let low = self.search.low();
        let high = self.search.high();
        let held = match (end, low, high) {
            (End::Found | End::Stopped | End::Ours, Some(_), Some(_)) => edge::estimate(self.search.trials())
                .map_or_else(|| low.map_or(Held::Unknown, Held::AtLeast), Held::Found),
            (_, Some(low), _) => Held::AtLeast(low),
            (_, None, Some(high)) => Held::FewerThan(high),
            (_, None, None) => Held::Unknown,
        };
        Finding {
            condition: self.settings.condition,
            levels: self.tried,
            held,
            end,
        }
    }
}

impl Finding {
    /// The answer in a line: `holds 312 (303 … 320) players with lag.p95 < 500ms`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let with = &self.condition;
        let players = |count: u32| if count == 1 { "player" } else { "players" };
        match &self.held {
            Held::Found(edge) => format!(
                "holds {} ({} … {}) {} with {with}",
                edge.best,
                edge.low,
                edge.high,
                players(edge.best)
            ),
            Held::AtLeast(low) => format!("holds at least {low} {} with {with}", players(*low)),
            Held::FewerThan(high) => format!("does not hold {high} {} with {with}", players(*high)),
            Held::Unknown => format!("nothing can be said of {with}: no level was measured to its end"),
        }
    }

    /// What stands behind it, in a line.
    #[must_use]
    pub fn explanation(&self) -> String {
        let held = self
            .levels
            .iter()
            .filter(|level| level.outcome == Outcome::Kept)
            .count();
        let text = format!("{held} of {} levels kept it", self.levels.len());
        let why = match (self.end, &self.held) {
            (End::Found, _) => {
                "the interval is at 95%, of the number with which it holds in half of the tries".to_owned()
            }
            (End::Most, _) => "there may be no more dummies: --max-dummies, open files".to_owned(),
            (End::Nothing, _) => "not even one is held".to_owned(),
            (End::Ours, _) => {
                let last = self.levels.last().map_or(0, |level| level.span.dummies);
                format!(
                    "with {last} prof itself was too slow for the figures: that is our limit, not the server's"
                )
            }
            (End::Stopped, Held::Found(_)) => {
                "the search was ended before its time, the interval at 95% is wide".to_owned()
            }
            (End::Stopped, _) => "the search was ended before its time".to_owned(),
        };
        format!("{text}; {why}")
    }
}

/// What a condition measures of a part of a run, in its unit; `None` where there was nothing to measure.
#[must_use]
pub fn measure(condition: &Condition, span: &Span, server: Option<usize>) -> Option<f64> {
    match condition.metric {
        Metric::Time(clock, point) => {
            let lags = match clock {
                Clock::Response => &span.lag,
                Clock::Service => &span.service,
                Clock::Harness => &span.harness,
                // Logins are over when a level is measured.
                Clock::Login => return None,
            };
            point_of(lags, point)
        }
        Metric::ErrorRate => (span.counted.sent > 0).then(|| span.errors() as f64 / span.counted.sent as f64),
        Metric::Errors => Some(span.errors() as f64),
        Metric::Lost => Some(span.counted.lost as f64),
        Metric::Rate => Some(span.rate()),
        Metric::LoggedIn => {
            let [fewest, _] = span.playing?;
            Some((f64::from(fewest) / f64::from(span.dummies.max(1))).min(1.0))
        }
        Metric::ServerCpu => span.cores(server?),
    }
}

/// Can a level be judged by this condition?
///
/// # Errors
/// Why not, for people.
pub fn check(condition: &Condition) -> Result<(), String> {
    if condition.action.is_some() {
        return Err("a level is judged by all actions together".into());
    }
    match condition.metric {
        Metric::Time(Clock::Login, _) => Err("a level is judged when its logins are over".into()),
        Metric::Rate => Err("more dummies send more, whether the server holds them or not".into()),
        _ => Ok(()),
    }
}
