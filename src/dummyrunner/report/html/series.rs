//! Curves of a run: one value a second, or of a long run one for several.

use super::super::history::{History, Second};
use std::time::Duration;

/// A curve has at most so many points: more than a screen has room for, and few enough that a day's report stays small.
const MOST: usize = 600;

/// The seconds of a run in groups of equal number.
#[derive(Debug)]
pub(super) struct Grouped<'a> {
    groups: Vec<Group<'a>>,
    /// Seconds in each.
    pub(super) size: usize,
}

#[derive(Debug)]
struct Group<'a> {
    seconds: &'a [Second],
    /// The length of each.
    lengths: Vec<f64>,
}

impl Group<'_> {
    /// Seconds with their lengths. A run ends within a second, and a moment of it says nothing of a rate.
    fn whole(&self) -> impl Iterator<Item = (&Second, f64)> {
        let seconds = self.seconds.iter().zip(self.lengths.iter().copied());
        seconds.filter(|(_, length)| *length > 0.5)
    }
}

/// A curve with a value, or none, for each group.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
    /// Least and greatest in a group, where that is not the value.
    pub(super) band: Option<Vec<(f64, f64)>>,
}

impl<'a> Grouped<'a> {
    pub(super) fn new(history: &'a History) -> Grouped<'a> {
        let size = history.seconds.len().div_ceil(MOST).max(1);
        let mut before = Duration::ZERO;
        let groups = history.seconds.chunks(size).map(|seconds| {
            let lengths = seconds.iter().map(|second| {
                let length = second.at.saturating_sub(before);
                before = second.at;
                length.as_secs_f64()
            });
            Group {
                lengths: lengths.collect(),
                seconds,
            }
        });
        Grouped {
            groups: groups.collect(),
            size,
        }
    }

    /// Ends of the groups, in seconds.
    pub(super) fn times(&self) -> Vec<f64> {
        let last = self.groups.iter().filter_map(|group| group.seconds.last());
        last.map(|second| second.at.as_secs_f64()).collect()
    }

    /// What was at the end of each group.
    pub(super) fn last(&self, name: &str, value: impl Fn(&Second) -> f64) -> Curve {
        self.curve(name, |group| group.seconds.last().map(&value))
    }

    /// The greatest of each group: a short spike must be seen.
    pub(super) fn most(&self, name: &str, value: impl Fn(&Second) -> Option<f64>) -> Curve {
        self.curve(name, |group| {
            group.seconds.iter().filter_map(&value).reduce(f64::max)
        })
    }

    /// The same of what is used a second.
    pub(super) fn busiest(&self, name: &str, value: impl Fn(&Second) -> Option<f64>) -> Curve {
        self.curve(name, |group| {
            let whole = group.whole().map(|(second, _)| second);
            whole.filter_map(&value).reduce(f64::max)
        })
    }

    /// A count, a second, with the least and the greatest of the seconds behind it.
    pub(super) fn rate(&self, name: &str, count: impl Fn(&Second) -> u64) -> Curve {
        let mean = |group: &Group<'_>| {
            let sum: u64 = group.seconds.iter().map(&count).sum();
            let length: f64 = group.lengths.iter().sum();
            (length > 0.0).then(|| sum as f64 / length)
        };
        let band = (self.size > 1).then(|| {
            let ends = self.groups.iter().map(|group| {
                let rates = group
                    .whole()
                    .map(|(second, length)| count(second) as f64 / length);
                rates.fold(None, |ends: Option<(f64, f64)>, rate| {
                    Some(ends.map_or((rate, rate), |(low, high)| (low.min(rate), high.max(rate))))
                })
            });
            ends.map(Option::unwrap_or_default).collect()
        });
        Curve {
            band,
            ..self.curve(name, mean)
        }
    }

    fn curve(&self, name: &str, value: impl Fn(&Group<'_>) -> Option<f64>) -> Curve {
        Curve {
            name: name.to_owned(),
            values: self.groups.iter().map(value).collect(),
            band: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::metrics::{Lags, Window};
    use super::*;

    fn history(seconds: u64) -> History {
        let mut history = History::new(Vec::new());
        let mut window = Window::default();
        for second in 1..=seconds {
            window.counters.sent += if second == 700 { 50 } else { 2 };
            if second == 700 {
                window.lag.record(2_000_000);
            } else {
                window.lag = Lags::default();
            }
            history.add(Duration::from_secs(second), &window, Vec::new());
        }
        history
    }

    #[test]
    fn a_day_stays_small_and_keeps_its_spikes() {
        let history = history(86_400);
        let grouped = Grouped::new(&history);
        assert_eq!((grouped.size, grouped.times().len()), (144, 600));
        assert_eq!(grouped.times()[599], 86_400.0);
        let lag = grouped.most("lag", |second| second.lag.map(|lag| lag[3] as f64));
        // The 700th second is in the fifth group.
        assert_eq!((lag.values[3], lag.values[4]), (None, Some(2000.0)));
        let sent = grouped.rate("sent", |second| second.counted.sent);
        assert_eq!(sent.values[4], Some(336.0 / 144.0));
        assert_eq!(sent.band.expect("groups")[4], (2.0, 50.0));
    }

    #[test]
    fn a_short_run_keeps_each_second() {
        let history = history(10);
        let grouped = Grouped::new(&history);
        let sent = grouped.rate("sent", |second| second.counted.sent);
        assert_eq!((sent.values.len(), sent.band), (10, None));
        assert_eq!(
            grouped.last("at", |second| second.at.as_secs_f64()).values[9],
            Some(10.0)
        );
    }
}
