//! The numbers that are compared, their changes, and limits for them.

use crate::profile::Calls;
use crate::python::Seconds;

/// A number of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Seconds in the function alone.
    Own,
    /// Seconds in it and in all it called.
    Cumulative,
    /// All calls.
    Calls,
    /// Own seconds for each call.
    PerCall,
    /// Cumulative seconds for each call that was not made by recursion.
    CumulativePerCall,
}

impl Metric {
    fn of(self, calls: Calls) -> Option<Seconds> {
        match self {
            Metric::Own => Some(calls.own),
            Metric::Cumulative => Some(calls.cumulative),
            Metric::Calls => Some(Seconds::Int(calls.total)),
            Metric::PerCall => calls.own.per(calls.total).map(Seconds::Float),
            Metric::CumulativePerCall => calls.cumulative.per(calls.primitive).map(Seconds::Float),
        }
    }

    /// Does it grow with the length of a run, so that normalising scales it?
    fn is_scaled(self) -> bool {
        !matches!(self, Metric::PerCall | Metric::CumulativePerCall)
    }
}

/// A number before and after. Counts are [`Seconds::Int`], as long as they are not scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta {
    /// Before, scaled; zero for a new function.
    pub before: Seconds,
    /// After; zero for a function that is gone.
    pub after: Seconds,
    /// After less before.
    pub change: Seconds,
}

impl Delta {
    pub(super) fn new(
        metric: Metric,
        before: Option<Calls>,
        after: Option<Calls>,
        scale: f64,
    ) -> Option<Delta> {
        let before = before.and_then(|calls| metric.of(calls));
        let after = after.and_then(|calls| metric.of(calls));
        if before.is_none() && after.is_none() {
            return None;
        }
        let mut before = before.unwrap_or_default();
        if scale != 1.0 && metric.is_scaled() {
            before = Seconds::Float(before.as_f64() * scale);
        }
        let after = after.unwrap_or_default();
        Some(Delta {
            before,
            after,
            change: minus(after, before),
        })
    }

    /// The change as percent of what was before: infinite if that was zero, zero if nothing changed.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let change = self.change.as_f64();
        if change == 0.0 {
            0.0
        } else {
            change / self.before.as_f64().abs() * 100.0
        }
    }

    /// Did the number change?
    #[must_use]
    pub fn is_change(&self) -> bool {
        // A NaN that stayed one did not change.
        self.change.as_f64() != 0.0 && !(self.before.is_nan() && self.after.is_nan())
    }
}

/// `a - b`, exact for ints as long as they fit.
fn minus(a: Seconds, b: Seconds) -> Seconds {
    match (a, b) {
        (Seconds::Int(a), Seconds::Int(b)) => match a.checked_sub(b) {
            Some(difference) => Seconds::Int(difference),
            None => Seconds::Float(a as f64 - b as f64),
        },
        (a, b) => Seconds::Float(a.as_f64() - b.as_f64()),
    }
}

fn magnitude(value: Seconds) -> Seconds {
    match value {
        Seconds::Int(value) => value
            .checked_abs()
            .map_or(Seconds::Float((value as f64).abs()), Seconds::Int),
        Seconds::Float(value) => Seconds::Float(value.abs()),
    }
}

/// How much a number may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Percent of what it was before.
    Percent(f64),
    /// So much, in seconds or calls.
    Absolute(f64),
}

/// Why a word is no [`Threshold`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ThresholdError {
    /// It does not begin with a number.
    #[error("expected a number such as {}", examples(*.metric))]
    Number {
        /// What is limited.
        metric: Metric,
    },
    /// The number is followed by something else than the unit of this metric.
    #[error("expected a value such as {}", examples(*.metric))]
    Unit {
        /// What is limited.
        metric: Metric,
        /// Where the unit begins, in bytes.
        at: usize,
    },
}

fn examples(metric: Metric) -> &'static str {
    match metric {
        Metric::Calls => "5% or 100",
        _ => "5%, 0.2s or 10ms",
    }
}

impl ThresholdError {
    /// The place in the word, in bytes.
    pub(super) fn at(self) -> usize {
        match self {
            ThresholdError::Number { .. } => 0,
            ThresholdError::Unit { at, .. } => at,
        }
    }
}

impl Threshold {
    /// Reads `5%`, and `0.2s`, `10ms`, `5us` or `5ns` for a time or `100` for calls.
    ///
    /// ```
    /// use prof::view::diff::{Metric, Threshold};
    /// assert_eq!(Threshold::parse("10ms", Metric::Own), Ok(Threshold::Absolute(0.01)));
    /// assert_eq!(Threshold::parse("5%", Metric::Calls), Ok(Threshold::Percent(5.0)));
    /// assert!(Threshold::parse("10ms", Metric::Calls).is_err());
    /// ```
    ///
    /// # Errors
    /// What was expected, and where.
    pub fn parse(word: &str, metric: Metric) -> Result<Threshold, ThresholdError> {
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
        let end = word.find(|c| !is_number(c)).unwrap_or(word.len());
        let number = word[..end]
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        let number = number.ok_or(ThresholdError::Number { metric })?;
        let seconds = |unit| (metric != Metric::Calls).then_some(Threshold::Absolute(number / unit));
        let found = match word[end..].trim() {
            "%" => Some(Threshold::Percent(number)),
            "" => (metric == Metric::Calls).then_some(Threshold::Absolute(number)),
            "s" => seconds(1.0),
            "ms" => seconds(1e3),
            "us" | "\u{b5}s" => seconds(1e6),
            "ns" => seconds(1e9),
            _ => None,
        };
        found.ok_or(ThresholdError::Unit { metric, at: end })
    }

    /// The change in the unit of this limit.
    fn of(self, delta: &Delta) -> f64 {
        match self {
            Threshold::Percent(_) => delta.percent(),
            Threshold::Absolute(_) => delta.change.as_f64(),
        }
    }

    fn value(self) -> f64 {
        match self {
            Threshold::Percent(value) | Threshold::Absolute(value) => value,
        }
    }

    /// Did the number grow by more than this, or by as much where that counts?
    #[must_use]
    pub fn is_exceeded(self, delta: &Delta, or_equal: bool) -> bool {
        // 0.3 less 0.1 is no more than 0.2, whatever floats make of it.
        const ROUNDING: f64 = 1e-9;
        let (growth, value) = (self.of(delta), self.value());
        let is_equal = growth == value || (growth - value).abs() <= ROUNDING * value.abs();
        if is_equal { or_equal } else { growth > value }
    }

    /// Did the number grow or shrink by at least this?
    #[must_use]
    pub fn is_reached(self, delta: &Delta) -> bool {
        let magnitude = Delta {
            change: magnitude(delta.change),
            ..*delta
        };
        self.is_exceeded(&magnitude, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(total: i128, own: f64) -> Option<Calls> {
        Some(Calls {
            primitive: total,
            total,
            own: Seconds::Float(own),
            cumulative: Seconds::Float(own),
        })
    }

    #[test]
    fn changes_are_absolute_and_in_percent() {
        let check = |metric, before, after, scale, change: f64, percent: f64| {
            let delta = Delta::new(metric, before, after, scale).expect("a number");
            assert_eq!((delta.change.as_f64(), delta.percent()), (change, percent));
        };
        check(Metric::Own, calls(1, 2.0), calls(1, 3.0), 1.0, 1.0, 50.0);
        check(Metric::Own, calls(1, 2.0), calls(1, 3.0), 2.0, -1.0, -25.0);
        check(Metric::Calls, calls(4, 2.0), calls(5, 3.0), 1.0, 1.0, 25.0);
        check(Metric::PerCall, calls(4, 2.0), calls(4, 3.0), 2.0, 0.25, 50.0);
        check(Metric::Own, None, calls(1, 3.0), 1.0, 3.0, f64::INFINITY);
        check(Metric::Own, calls(1, 3.0), None, 1.0, -3.0, -100.0);
        check(Metric::Own, None, calls(1, 0.0), 1.0, 0.0, 0.0);
        let huge = Delta::new(Metric::Calls, calls(i128::MIN, 0.0), calls(i128::MAX, 0.0), 1.0);
        assert!(huge.is_some_and(|delta| delta.change.as_f64() > 1e38));
        assert_eq!(Delta::new(Metric::PerCall, None, calls(0, 1.0), 1.0), None);
    }

    #[test]
    fn rounding_neither_exceeds_nor_misses_a_limit() {
        // A float says 0.19999999999999998.
        let delta = Delta::new(Metric::Own, calls(1, 0.1), calls(1, 0.3), 1.0).expect("a number");
        for limit in [Threshold::Absolute(0.2), Threshold::Percent(200.0)] {
            assert!(limit.is_exceeded(&delta, true) && !limit.is_exceeded(&delta, false));
            assert!(limit.is_reached(&delta));
        }
        let shrank = Delta::new(Metric::Own, calls(1, 0.3), calls(1, 0.1), 1.0).expect("a number");
        assert!(Threshold::Absolute(0.2).is_reached(&shrank));
        assert!(!Threshold::Percent(67.0).is_reached(&shrank));
    }

    #[test]
    fn limits_have_units() {
        let check = |word, metric, expected| {
            let found = Threshold::parse(word, metric);
            assert_eq!(found.map_err(ThresholdError::at), expected, "{word}");
        };
        check("5%", Metric::Own, Ok(Threshold::Percent(5.0)));
        check("-2.5 %", Metric::Own, Ok(Threshold::Percent(-2.5)));
        check("0.2s", Metric::Cumulative, Ok(Threshold::Absolute(0.2)));
        check("10us", Metric::PerCall, Ok(Threshold::Absolute(1e-5)));
        check("100", Metric::Calls, Ok(Threshold::Absolute(100.0)));
        check("100", Metric::Own, Err(3));
        check("1s", Metric::Calls, Err(1));
        check("5 parsecs", Metric::Own, Err(1));
        check("", Metric::Own, Err(0));
        check("--5%", Metric::Own, Err(0));
        check("inf%", Metric::Own, Err(0));
    }
}
