//! How far a median may be off.

use super::Samples;
use super::distributions::{fair_coin, student_quantile};

/// The level at which intervals are wanted everywhere: the truth lies outside in one of twenty.
pub const LEVEL: f64 = 0.95;

/// From and to, and how often such an interval holds the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The share of such intervals that hold the truth: at least what was asked for, or the most that can be had.
    pub coverage: f64,
    /// How it was found.
    pub method: Method,
}

/// How an interval was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Two of the values themselves; exact whatever their distribution is.
    OrderStatistics,
    /// Wilcoxon's signed ranks; exact where values lie as far above the truth as below.
    SignedRanks,
    /// Student's t; exact for normal values. Used where there are too few values for anything else.
    Student,
    /// Resampling of whole clusters.
    Bootstrap,
}

impl Interval {
    /// Half its width.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Does it hold this value?
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Both ends through a rising function.
    #[must_use]
    pub fn map(self, rising: impl Fn(f64) -> f64) -> Interval {
        Interval {
            low: rising(self.low),
            high: rising(self.high),
            ..self
        }
    }
}

/// The interval of a median between two of the values: the narrowest pair, equally far from both ends, that holds
/// the median at least as often as `level`. With fewer than six values none does so at 95%; then the whole range
/// comes, and `coverage` tells what it is worth.
///
/// ```
/// use prof::statistics::{Samples, interval};
/// let six = Samples::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
/// let found = interval::of_median(&six, 0.95);
/// assert_eq!((found.low, found.high), (1.0, 6.0));
/// assert_eq!(found.coverage, 1.0 - 2.0 / 64.0);
/// ```
#[must_use]
pub fn of_median(values: &Samples, level: f64) -> Interval {
    let n = values.len();
    let tail = (1.0 - level) / 2.0;
    let left_out = (0..n / 2)
        .take_while(|&k| fair_coin(k, n) <= tail)
        .last()
        .unwrap_or(0);
    Interval {
        low: values.sorted()[left_out],
        high: values.sorted()[n - 1 - left_out],
        coverage: (1.0 - 2.0 * fair_coin(left_out, n)).max(0.0),
        method: Method::OrderStatistics,
    }
}

/// Student's interval of the mean; `None` for fewer than two values.
#[must_use]
pub fn student(values: &Samples, level: f64) -> Option<Interval> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let half = student_quantile(level, (n - 1) as f64) * values.deviation() / (n as f64).sqrt();
    Some(Interval {
        low: values.mean() - half,
        high: values.mean() + half,
        coverage: level,
        method: Method::Student,
    })
}

/// The interval of the median of positive values: exact where there are enough of them, otherwise Student's of
/// their logarithms, stretched to hold the median. `None` for one value: nothing is known of how it varies.
#[must_use]
pub fn of_positive_median(values: &Samples, level: f64) -> Option<Interval> {
    let exact = of_median(values, level);
    if exact.coverage >= level {
        return Some(exact);
    }
    let logarithms = values.sorted().iter().map(|value| value.ln()).collect();
    let found = student(&Samples::new(logarithms)?, level)?.map(f64::exp);
    Some(Interval {
        low: found.low.min(values.median()),
        high: found.high.max(values.median()),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rising(n: u32) -> Samples {
        Samples::new((1..=n).map(f64::from).collect()).expect("values")
    }

    /// Expected: tables of the ranks for the interval of a median (Conover, *Practical Nonparametric
    /// Statistics*): 2 and 8 of 9, 6 and 15 of 20, 40 and 61 of 100.
    #[test]
    fn the_ranks_of_tables() {
        for (n, low, high) in [(6, 1, 6), (8, 1, 8), (9, 2, 8), (20, 6, 15), (100, 40, 61)] {
            let found = of_median(&rising(n), 0.95);
            assert_eq!(
                (found.low, found.high),
                (f64::from(low), f64::from(high)),
                "n = {n}"
            );
            assert!(found.coverage >= 0.95);
        }
    }

    #[test]
    fn few_values_say_what_they_reach() {
        let found = of_median(&rising(3), 0.95);
        assert_eq!((found.low, found.high, found.coverage), (1.0, 3.0, 0.75));
        assert_eq!(of_median(&rising(1), 0.95).coverage, 0.0);
    }

    #[test]
    fn few_values_have_the_interval_of_student() {
        assert_eq!(of_positive_median(&rising(1), 0.95), None);
        let three = Samples::new(vec![1.0, 1.0, 1.0]).expect("values");
        let found = of_positive_median(&three, 0.95).expect("three values");
        assert_eq!((found.low, found.high, found.method), (1.0, 1.0, Method::Student));
        // ln: 0, 0.0953, 0.1823; mean 0.0925, deviation 0.0912, t 4.303.
        let found =
            of_positive_median(&Samples::new(vec![1.0, 1.1, 1.2]).expect("values"), 0.95).expect("three");
        assert!(
            (found.low - 0.8746).abs() < 1e-3 && (found.high - 1.3756).abs() < 2e-3,
            "{found:?}"
        );
        let six = of_positive_median(&rising(6), 0.95).expect("six values");
        assert_eq!(six.method, Method::OrderStatistics);
    }
}
