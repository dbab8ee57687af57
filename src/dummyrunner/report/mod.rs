//! What a run says: while it goes, at its end, and for programs. All of it takes values and gives text.

pub mod capacity;
pub mod dialogue;
pub mod history;
pub mod hot;
pub mod html;
pub mod json;
pub mod junit;
pub mod live;
pub mod original;
pub mod span;
pub mod table;
pub mod verdict;

use super::capacity::Finding;
use super::dummy::Plan;
use super::engine::Outcome;
use super::metrics::Lags;
use std::net::SocketAddr;

/// A run that is over.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was played.
    pub plan: &'a Plan,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// The server.
    pub target: SocketAddr,
    /// The profile or profiles, for people.
    pub profile: String,
    /// Reactors.
    pub threads: usize,
    /// Second by second, with the processes beside it.
    pub history: &'a history::History,
    /// Do the settings of an Evennia game take its limits off? `None`: no settings were read.
    pub mixin: Option<bool>,
    /// What a search for capacity found, where there was one.
    pub capacity: Option<&'a Finding>,
    /// Where the server spent its time, if that was sampled.
    pub hot: Option<hot::Hot>,
}

impl Report<'_> {
    /// How many dummies there were.
    #[must_use]
    pub fn dummies(&self) -> u32 {
        self.outcome.metrics.window.phases.total()
    }

    /// The lag of all actions: from the intended send, or where the model has none from the actual one.
    #[must_use]
    pub fn lag(&self) -> Lags {
        let total = self.outcome.metrics.total();
        if total.response.is_empty() {
            total.service
        } else {
            total.response
        }
    }
}

/// A number of dummies.
#[must_use]
pub fn dummies(count: u32) -> String {
    match count {
        1 => "1 dummy".into(),
        count => format!("{count} dummies"),
    }
}

/// Microseconds as milliseconds with three digits.
#[must_use]
pub fn milliseconds(micros: u64) -> String {
    let value = micros as f64 / 1000.0;
    match value {
        0.0..10.0 => format!("{value:.3}"),
        10.0..100.0 => format!("{value:.2}"),
        100.0..1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Microseconds with the unit that fits.
#[must_use]
pub fn with_unit(micros: u64) -> String {
    if micros >= 1_000_000 {
        format!("{:.2} s", micros as f64 / 1e6)
    } else {
        format!("{} ms", milliseconds(micros))
    }
}

/// Bytes as millions of them.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_whatever_the_size() {
        let shown = [0, 512, 9_999, 12_345, 123_456, 1_234_567].map(milliseconds);
        assert_eq!(shown, ["0.000", "0.512", "9.999", "12.35", "123.5", "1235"]);
        assert_eq!([900, 1_500_000].map(with_unit), ["0.900 ms", "1.50 s"]);
    }
}
