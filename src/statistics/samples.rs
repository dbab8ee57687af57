//! Values of one kind, and their plain summary.

/// Values in rising order; at least one, all finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    sorted: Vec<f64>,
}

impl Samples {
    /// Sorts values; `None` if there are none, or if one is not finite.
    ///
    /// ```
    /// use prof::statistics::Samples;
    /// assert_eq!(Samples::new(vec![3.0, 1.0, 2.0]).unwrap().median(), 2.0);
    /// assert!(Samples::new(vec![]).is_none());
    /// ```
    #[must_use]
    pub fn new(mut values: Vec<f64>) -> Option<Samples> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        Some(Samples { sorted: values })
    }

    /// The values in rising order.
    #[must_use]
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// How many; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The smallest.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.sorted[0]
    }

    /// The greatest.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.sorted[self.len() - 1]
    }

    /// The middle value, or the mean of the two in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        let half = self.len() / 2;
        if self.len() % 2 == 1 {
            self.sorted[half]
        } else {
            f64::midpoint(self.sorted[half - 1], self.sorted[half])
        }
    }

    /// The value below which this share of the values lies, 0 to 1, with straight lines between values (as
    /// `statistics.quantiles(..., method="inclusive")` of Python, and R's default).
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * (self.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(self.len() - 1);
        let (low, high) = (self.sorted[below], self.sorted[above]);
        low + (high - low) * (place - below as f64)
    }

    /// The arithmetic mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.len() as f64
    }

    /// The standard deviation of the population that these are a sample of; 0 for one value.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        if self.len() < 2 {
            return 0.0;
        }
        let mean = self.mean();
        let squares: f64 = self.sorted.iter().map(|value| (value - mean).powi(2)).sum();
        (squares / (self.len() - 1) as f64).sqrt()
    }

    /// The median distance from the median: a spread that a few wild values do not move.
    #[must_use]
    pub fn median_distance(&self) -> f64 {
        let median = self.median();
        let distances = self.sorted.iter().map(|value| (value - median).abs()).collect();
        Samples::new(distances).map_or(0.0, |distances| distances.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples(values: &[f64]) -> Samples {
        Samples::new(values.to_vec()).expect("finite values")
    }

    #[test]
    fn no_values_and_no_numbers_are_no_samples() {
        assert_eq!(Samples::new(vec![]), None);
        assert_eq!(Samples::new(vec![1.0, f64::NAN]), None);
        assert_eq!(Samples::new(vec![f64::INFINITY]), None);
    }

    /// Expected: Python's `statistics` (median, quantiles(n=100, method="inclusive"), stdev).
    #[test]
    fn the_summary_is_that_of_python() {
        let some = samples(&[2.5, 0.5, 8.25, 3.0, 4.75, 1.0]);
        assert_eq!(some.median(), 2.75);
        assert_eq!((some.min(), some.max()), (0.5, 8.25));
        assert!((some.quantile(0.05) - 0.625).abs() < 1e-12);
        assert!((some.quantile(0.90) - 6.5).abs() < 1e-12);
        assert!(
            (some.deviation() - 2.844_585_499_974_8).abs() < 1e-9,
            "{}",
            some.deviation()
        );
        assert_eq!(some.median_distance(), 1.875);
        assert_eq!(samples(&[7.0]).deviation(), 0.0);
        assert_eq!(samples(&[7.0]).quantile(0.3), 7.0);
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_stay_inside(values in prop::collection::vec(-1e9..1e9f64, 1..50)) {
            let some = samples(&values);
            let quantiles: Vec<f64> = (0..=20u8).map(|at| some.quantile(f64::from(at) / 20.0)).collect();
            prop_assert!(quantiles.windows(2).all(|two| two[0] <= two[1]));
            prop_assert_eq!(quantiles[0], some.min());
            prop_assert_eq!(quantiles[20], some.max());
        }
    }
}
