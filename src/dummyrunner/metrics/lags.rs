//! A histogram of lags: microseconds from 1 to 120 s with three digits.

use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

/// The longest lag that is told apart; longer ones count as this.
pub const LONGEST_US: u64 = 120_000_000;
const DIGITS: u8 = 3;

/// So many are kept one by one: a histogram is 147 KB, far more than the few answers of half a second need.
const MOST_FEW: usize = 512;

/// Lags, in microseconds.
#[derive(Clone, Debug)]
pub struct Lags(Kept);

#[derive(Clone, Debug)]
enum Kept {
    /// As they came.
    Few(Vec<u32>),
    Many(Box<Histogram<u64>>),
}

impl Default for Lags {
    fn default() -> Lags {
        Lags(Kept::Few(Vec::new()))
    }
}

impl Lags {
    /// Adds a lag in nanoseconds.
    pub fn record(&mut self, nanos: u64) {
        // What is longer than the longest counts as that, so it fits.
        self.push((nanos / 1000).min(LONGEST_US) as u32);
    }

    fn push(&mut self, micros: u32) {
        match &mut self.0 {
            Kept::Few(few) if few.len() < MOST_FEW => few.push(micros),
            Kept::Few(_) => {
                self.many().saturating_record(micros.into());
            }
            Kept::Many(histogram) => histogram.saturating_record(micros.into()),
        }
    }

    /// All of them as a histogram, from now on.
    fn many(&mut self) -> &mut Histogram<u64> {
        if let Kept::Few(few) = &self.0 {
            self.0 = Kept::Many(Box::new(histogram_of(few)));
        }
        match &mut self.0 {
            Kept::Many(histogram) => histogram,
            Kept::Few(_) => unreachable!("it was just made a histogram"),
        }
    }

    /// Adds all lags of another.
    pub fn add(&mut self, other: &Lags) {
        match &other.0 {
            Kept::Few(few) => few.iter().for_each(|micros| self.push(*micros)),
            Kept::Many(histogram) => {
                // Both have the same bounds, so it fits.
                let _ = self.many().add(&**histogram);
            }
        }
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        match &mut self.0 {
            Kept::Few(few) => few.clear(),
            Kept::Many(histogram) => histogram.reset(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.0 {
            Kept::Few(few) => few.len() as u64,
            Kept::Many(histogram) => histogram.len(),
        }
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lag, in microseconds, that so many percent do not exceed; `None` without any lag.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        self.percentiles([percent]).map(|[micros]| micros)
    }

    /// Several at once, which costs little more than one.
    #[must_use]
    pub fn percentiles<const N: usize>(&self, percents: [f64; N]) -> Option<[u64; N]> {
        self.with(|histogram| {
            percents.map(|percent| histogram.value_at_percentile(percent).min(histogram.max()))
        })
    }

    /// The mean in microseconds.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.with(Histogram::mean)
    }

    /// The longest in microseconds.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.with(Histogram::max)
    }

    /// The share of lags between two, in microseconds.
    #[must_use]
    pub fn share_between(&self, low_us: u64, high_us: u64) -> f64 {
        let share =
            self.with(|histogram| histogram.count_between(low_us, high_us) as f64 / histogram.len() as f64);
        share.unwrap_or(0.0)
    }

    /// All of it, lossless: HdrHistogram's V2 format, deflated, in base64. `None` without any lag.
    #[must_use]
    pub fn encoded(&self) -> Option<String> {
        let bytes = self.with(|histogram| {
            let mut bytes = Vec::new();
            // Writing to memory does not fail.
            let written = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
            written.is_ok().then_some(bytes)
        });
        Some(base64::engine::general_purpose::STANDARD.encode(bytes??))
    }

    /// Looks at them as a histogram; `None` without any lag.
    fn with<T>(&self, look: impl FnOnce(&Histogram<u64>) -> T) -> Option<T> {
        match &self.0 {
            _ if self.is_empty() => None,
            Kept::Few(few) => Some(look(&histogram_of(few))),
            Kept::Many(histogram) => Some(look(histogram)),
        }
    }
}

fn histogram_of(few: &[u32]) -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("the crate accepts these bounds");
    few.iter()
        .for_each(|micros| histogram.saturating_record(u64::from(*micros)));
    histogram
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
        assert_eq!(Some(read), sum.with(Clone::clone));
        sum.clear();
        assert!(sum.is_empty() && sum.encoded().is_none());
    }

    #[test]
    fn many_are_kept_as_few_are() {
        // One by one, and as a histogram from the first.
        let count = MOST_FEW as u64 * 2;
        let mut few = Lags::default();
        let mut many = Lags::default();
        many.many();
        for at in 1..=count {
            for lags in [&mut few, &mut many] {
                lags.record(at * 7_000);
            }
            if [1, 2, 511, 512, 513, 1024].contains(&at) {
                assert_eq!(
                    few.percentiles([50.0, 99.0, 100.0]),
                    many.percentiles([50.0, 99.0, 100.0])
                );
                assert_eq!((few.mean(), few.max(), few.len()), (many.mean(), many.max(), at));
                assert_eq!(few.encoded(), many.encoded());
            }
        }
        // Sums of both kinds, both ways.
        let small = of(&[1, 2, 3]);
        let mut sum = small.clone();
        sum.add(&many);
        many.add(&small);
        assert_eq!((sum.encoded(), sum.len()), (many.encoded(), count + 3));
    }
}
