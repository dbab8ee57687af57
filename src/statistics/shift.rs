//! Where the middle of differences lies: the Hodges-Lehmann estimate, and Wilcoxon's interval.
//!
//! The estimate is the median of all means of two values (Walsh averages), each value with itself included.
//! Nearly as sharp as the mean where values are normal, and a quarter of them may be wild. Source: Hodges and
//! Lehmann, *Estimates of location based on rank tests*, 1963; Hollander and Wolfe, *Nonparametric Statistical
//! Methods*, 3.2 and 3.3.

use super::Samples;
use super::distributions::{signed_rank_bound, signed_rank_tails, student_tails};
use super::interval::{self, Interval, Method};

/// The Hodges-Lehmann estimate. Takes n log n steps and no memory, so thousands of values are nothing.
///
/// ```
/// use prof::statistics::{Samples, shift};
/// // Means of two: 0, 0.5, 5, 1, 5.5, 10. Their median:
/// assert_eq!(shift::estimate(&Samples::new(vec![0.0, 1.0, 10.0]).unwrap()), 3.0);
/// ```
#[must_use]
pub fn estimate(values: &Samples) -> f64 {
    let count = walsh_count(values);
    if count % 2 == 1 {
        walsh(values, count / 2 + 1)
    } else {
        f64::midpoint(walsh(values, count / 2), walsh(values, count / 2 + 1))
    }
}

/// The interval of the middle at this level. Wilcoxon's where there are enough values (six for 95%), below that
/// Student's; `None` for fewer than two values.
#[must_use]
pub fn interval(values: &Samples, level: f64) -> Option<Interval> {
    let (bound, tail) = signed_rank_bound(values.len(), (1.0 - level) / 2.0);
    if bound == 0 {
        return interval::student(values, level);
    }
    Some(Interval {
        low: walsh(values, bound),
        high: walsh(values, walsh_count(values) + 1 - bound),
        coverage: 1.0 - 2.0 * tail,
        method: Method::SignedRanks,
    })
}

/// The chance of values so far from 0 if 0 were their middle, by the test that [`interval()`] inverts at 95%.
#[must_use]
pub fn chance(values: &Samples) -> f64 {
    let n = values.len();
    if n < 2 {
        return 1.0;
    }
    if signed_rank_bound(n, (1.0 - interval::LEVEL) / 2.0).0 == 0 {
        let error = values.deviation() / (n as f64).sqrt();
        return if error > 0.0 {
            student_tails(values.mean() / error, (n - 1) as f64)
        } else if values.mean() == 0.0 {
            1.0
        } else {
            0.0
        };
    }
    // The signed-rank sum is the number of Walsh averages above 0; ties count half.
    let below = count_at_most(values, -f64::MIN_POSITIVE);
    let above = walsh_count(values) - count_at_most(values, 0.0);
    let ties = walsh_count(values) - below - above;
    signed_rank_tails(n, above as f64 + ties as f64 / 2.0)
}

fn walsh_count(values: &Samples) -> usize {
    values.len() * (values.len() + 1) / 2
}

/// How many means of two values are at most `limit`.
fn count_at_most(values: &Samples, limit: f64) -> usize {
    let sorted = values.sorted();
    let mut count = 0;
    // The partners of a value are those from itself on; as the value rises, fewer of the great ones fit.
    let mut end = sorted.len();
    for (at, &value) in sorted.iter().enumerate() {
        while end > at && f64::midpoint(value, sorted[end - 1]) > limit {
            end -= 1;
        }
        if end <= at {
            break;
        }
        count += end - at;
    }
    count
}

/// The Walsh average of this rank, from 1: the least number that so many of them do not exceed, found by halving.
fn walsh(values: &Samples, rank: usize) -> f64 {
    let (mut low, mut high) = (values.min(), values.max());
    if count_at_most(values, low) >= rank {
        return low;
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return high;
        }
        if count_at_most(values, middle) >= rank {
            high = middle;
        } else {
            low = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples(values: &[f64]) -> Samples {
        Samples::new(values.to_vec()).expect("finite values")
    }

    fn all_averages(values: &[f64]) -> Samples {
        let pairs = (0..values.len()).flat_map(|i| (i..values.len()).map(move |j| (i, j)));
        samples(
            &pairs
                .map(|(i, j)| f64::midpoint(values[i], values[j]))
                .collect::<Vec<_>>(),
        )
    }

    /// Expected: the depression scale of nine patients in Hollander and Wolfe, example 3.1 (R:
    /// `wilcox.test(y, x, paired = TRUE, conf.int = TRUE)`): estimate -0.46, interval at 96.1% -0.786 to -0.010,
    /// chance 0.03906.
    #[test]
    #[expect(clippy::approx_constant, reason = "a value of the book, not pi")]
    fn the_example_of_the_book() {
        let x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let values = samples(&x.iter().zip(&y).map(|(x, y)| y - x).collect::<Vec<_>>());
        assert!((estimate(&values) + 0.46).abs() < 1e-9, "{}", estimate(&values));
        let found = interval(&values, 0.95).expect("nine values");
        assert!(
            (found.low + 0.786).abs() < 1e-9 && (found.high + 0.010).abs() < 1e-9,
            "{found:?}"
        );
        assert!((found.coverage - 0.9609).abs() < 1e-4);
        assert!((chance(&values) - 0.039_06).abs() < 1e-5);
    }

    #[test]
    fn few_values_have_the_interval_of_student() {
        assert_eq!(interval(&samples(&[1.0]), 0.95), None);
        assert_eq!(chance(&samples(&[1.0])), 1.0);
        let found = interval(&samples(&[0.9, 1.0, 1.1]), 0.95).expect("three values");
        assert_eq!(found.method, Method::Student);
        assert!(
            (found.low - 0.7516).abs() < 1e-3 && (found.high - 1.2484).abs() < 1e-3,
            "{found:?}"
        );
        assert!((chance(&samples(&[0.9, 1.0, 1.1])) - 0.0033).abs() < 1e-4);
        assert_eq!(chance(&samples(&[0.0, 0.0])), 1.0);
        assert_eq!(chance(&samples(&[1.0, 1.0])), 0.0);
    }

    proptest! {
        #[test]
        fn ranks_are_those_of_the_sorted_averages(values in prop::collection::vec(-100..100i32, 1..40)) {
            let values: Vec<f64> = values.into_iter().map(|value| f64::from(value) / 7.0).collect();
            let (some, all) = (samples(&values), all_averages(&values));
            for rank in [1, all.len().div_ceil(2), all.len()] {
                prop_assert!((walsh(&some, rank) - all.sorted()[rank - 1]).abs() < 1e-12);
            }
            prop_assert!((estimate(&some) - all.median()).abs() < 1e-12);
        }

        #[test]
        fn the_interval_leaves_out_0_where_the_chance_is_small(values in prop::collection::vec(-3.0..5.0f64, 6..30)) {
            let some = samples(&values);
            let found = interval(&some, 0.95).expect("six values");
            prop_assert_eq!(found.contains(0.0), chance(&some) > 0.05);
        }
    }
}
