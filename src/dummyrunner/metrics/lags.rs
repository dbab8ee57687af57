//! A histogram of lags: microseconds from 1 to 120 s with three digits.

use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

/// The longest lag that is told apart; longer ones count as this.
pub const LONGEST_US: u64 = 120_000_000;
const DIGITS: u8 = 3;

/// Lags, in microseconds. Takes no memory before the first.
#[derive(Clone, Debug, Default)]
pub struct Lags(Option<Box<Histogram<u64>>>);

impl Lags {
    /// Adds a lag in nanoseconds.
    pub fn record(&mut self, nanos: u64) {
        if let Some(histogram) = self.histogram() {
            histogram.saturating_record(nanos / 1000);
        }
    }

    fn histogram(&mut self) -> Option<&mut Histogram<u64>> {
        if self.0.is_none() {
            // The bounds are constants that the crate accepts, as the tests show.
            self.0 = Histogram::new_with_bounds(1, LONGEST_US, DIGITS)
                .ok()
                .map(Box::new);
        }
        self.0.as_deref_mut()
    }

    /// Adds all lags of another histogram.
    pub fn add(&mut self, other: &Lags) {
        if let (Some(other), Some(histogram)) = (&other.0, other.0.as_ref().and_then(|_| self.histogram())) {
            // Both have the same bounds, so it fits.
            let _ = histogram.add(&**other);
        }
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        if let Some(histogram) = &mut self.0 {
            histogram.reset();
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, |histogram| histogram.len())
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lag, in microseconds, that so many percent do not exceed; `None` without any lag.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        self.some()
            .map(|histogram| histogram.value_at_percentile(percent).min(histogram.max()))
    }

    /// The mean in microseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.some().map(Histogram::mean)
    }

    /// The longest in microseconds.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.some().map(Histogram::max)
    }

    /// The value, in microseconds, in whose bucket most lags fall, and their share.
    #[must_use]
    pub fn share_between(&self, low_us: u64, high_us: u64) -> f64 {
        self.some().map_or(0.0, |histogram| {
            histogram.count_between(low_us, high_us) as f64 / histogram.len() as f64
        })
    }

    /// All of it, lossless: HdrHistogram's V2 format, deflated, in base64. `None` without any lag.
    #[must_use]
    pub fn encoded(&self) -> Option<String> {
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        V2DeflateSerializer::new()
            .serialize(self.some()?, &mut bytes)
            .ok()?;
        Some(base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    fn some(&self) -> Option<&Histogram<u64>> {
        self.0.as_deref().filter(|histogram| !histogram.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::Deserializer;

    fn of(micros: &[u64]) -> Lags {
        let mut lags = Lags::default();
        micros.iter().for_each(|micros| lags.record(micros * 1000));
        lags
    }

    #[test]
    fn percentiles_of_known_lags() {
        let lags = of(&(1..=1000).collect::<Vec<_>>());
        assert_eq!(
            [50.0, 90.0, 99.0, 100.0].map(|percent| lags.percentile(percent)),
            [500, 900, 990, 1000].map(Some)
        );
        assert_eq!((lags.len(), lags.max()), (1000, Some(1000)));
        assert_eq!(Lags::default().percentile(50.0), None);
    }

    #[test]
    fn lags_out_of_range_count_at_its_ends() {
        let lags = of(&[0, 500_000_000]);
        assert_eq!(lags.len(), 2);
        let longest = lags.max().expect("a lag") as f64;
        assert!((longest / LONGEST_US as f64 - 1.0).abs() < 0.2, "{longest}");
    }

    #[test]
    fn sums_and_what_is_encoded_lose_nothing() {
        let mut sum = of(&[1, 2, 3]);
        sum.add(&of(&[1000, 1_000_000]));
        sum.add(&Lags::default());
        assert_eq!(sum.len(), 5);
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(sum.encoded().expect("lags"))
            .expect("base64");
        let read: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .expect("a histogram");
        assert_eq!(Some(&read), sum.0.as_deref());
        sum.clear();
        assert!(sum.is_empty() && sum.encoded().is_none());
    }
}
