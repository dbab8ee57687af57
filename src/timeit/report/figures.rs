//! Figures with as many digits as their interval allows, and verdicts as sentences.

use super::units::{Unit, time};
use crate::statistics::interval::Interval;
use crate::timeit::compare::{Comparison, SAME, Verdict};
use crate::timeit::estimate::Estimate;
use std::time::Duration;

/// Digits of a figure whose interval is not known.
const DIGITS: usize = 3;

/// Significant digits such that the last one stands for about as much as the figure may be off.
#[must_use]
pub fn digits(share: Option<f64>) -> usize {
    let Some(share) = share.filter(|share| share.is_finite()) else {
        return DIGITS;
    };
    // A share of 0.4% moves the third digit of 9.9 and the fourth of 1.1; the fourth tells more than it misleads.
    (1.0 - share.max(1e-6).log10().floor()).clamp(2.0, 6.0) as usize
}

/// The figure of an estimate, such as `1.661 us`, with so many more digits.
#[must_use]
pub fn figure(estimate: &Estimate, unit: Option<Unit>, more: usize) -> String {
    time(estimate.seconds, digits(estimate.precision()) + more, unit)
}

/// How far a figure may be off: `± 0.4%`.
#[must_use]
pub fn reach(share: f64) -> String {
    let percent = share * 100.0;
    // As with Student's interval of two processes: it says that nothing is known.
    if percent >= 100.0 {
        return "± >100%".into();
    }
    let decimals = match percent {
        ..0.1 => 2,
        ..10.0 => 1,
        _ => 0,
    };
    format!("± {percent:.decimals$}%")
}

/// Digits behind the point such that the last is about as great as the half width.
fn decimals(half_width: f64) -> usize {
    if half_width > 0.0 {
        (-half_width.log10().floor()).clamp(0.0, 4.0) as usize
    } else {
        4
    }
}

/// Ratios below this are told in percent.
const IN_PERCENT: f64 = 1.1;

/// What a comparison says, as a sentence: `B is 3.01x faster than A (2.97 … 3.04)`.
#[must_use]
pub fn sentence(comparison: &Comparison) -> String {
    let Comparison {
        base,
        name,
        ratio,
        interval,
        verdict,
        ..
    } = comparison;
    let range = interval.map(|found| signed_range(&found)).unwrap_or_default();
    match verdict {
        Verdict::Same => {
            let percent = SAME * 100.0;
            format!("{name} is the same as {base} within {percent:.0}% (takes {range} of its time)")
        }
        Verdict::Faster | Verdict::Slower => {
            let word = if *verdict == Verdict::Faster {
                "faster"
            } else {
                "slower"
            };
            let (factor, range) = factors(*ratio, *interval);
            format!("{name} is {factor} {word} than {base}{range}")
        }
        Verdict::CannotTell { more } => {
            let why = match (interval, more) {
                (None, _) => {
                    return format!(
                        "{name} took {ratio:.3} times as long as {base}; one process cannot tell whether that is the \
                         code: --auto can"
                    );
                }
                (Some(_), Some(more)) => format!(" (takes {range} of its time); {} more would", about(*more)),
                (Some(_), None) => format!(" (takes {range} of its time)"),
            };
            format!("cannot tell whether {name} is faster or slower than {base}{why}")
        }
    }
}

/// A ratio as how many times, or how many percent, and its interval in brackets.
fn factors(ratio: f64, interval: Option<Interval>) -> (String, String) {
    let factor = ratio.max(1.0 / ratio);
    let ends = interval.map(|found| {
        if ratio < 1.0 {
            (1.0 / found.high, 1.0 / found.low)
        } else {
            (found.low, found.high)
        }
    });
    let half = ends.map_or(factor * 0.05, |(low, high)| (high - low) / 2.0);
    if factor < IN_PERCENT {
        let places = decimals(half * 100.0);
        let percent = |factor: f64| (factor - 1.0) * 100.0;
        let range =
            ends.map(|(low, high)| format!(" ({:.places$} … {:.places$}%)", percent(low), percent(high)));
        (
            format!("{:.places$}%", percent(factor)),
            range.unwrap_or_default(),
        )
    } else {
        let places = decimals(half);
        let range = ends.map(|(low, high)| format!(" ({low:.places$} … {high:.places$})"));
        (format!("{factor:.places$}x"), range.unwrap_or_default())
    }
}

/// The ends of a ratio's interval, as percent: `99.2 … 100.4%`.
fn signed_range(found: &Interval) -> String {
    let places = decimals(found.half_width() * 100.0);
    format!(
        "{:.places$} … {:.places$}%",
        found.low * 100.0,
        found.high * 100.0
    )
}

/// A time for planning: `about 8 s`.
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil().max(1.0);
    match seconds {
        ..120.0 => format!("about {seconds:.0} s"),
        ..7200.0 => format!("about {:.0} min", (seconds / 60.0).ceil()),
        _ => "hours".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::interval::Method;

    #[test]
    fn digits_follow_the_interval() {
        for (share, expected) in [
            (Some(0.004), 4),
            (Some(0.03), 3),
            (Some(0.3), 2),
            (Some(2.0), 2),
            (Some(0.0), 6),
            (None, 3),
            (Some(f64::NAN), 3),
        ] {
            assert_eq!(digits(share), expected, "{share:?}");
        }
        for (share, expected) in [
            (0.004, "± 0.4%"),
            (0.000_23, "± 0.02%"),
            (0.25, "± 25%"),
            (20.0, "± >100%"),
        ] {
            assert_eq!(reach(share), expected);
        }
    }

    fn check(ratio: f64, ends: Option<(f64, f64)>, verdict: Verdict, expected: &str) {
        let comparison = Comparison {
            base: "A".into(),
            name: "B".into(),
            ratio,
            interval: ends.map(|(low, high)| Interval {
                low,
                high,
                coverage: 0.95,
                method: Method::Bootstrap,
            }),
            pairs: 100,
            processes: 10,
            verdict,
        };
        assert_eq!(sentence(&comparison), expected);
    }

    #[test]
    fn verdicts_are_sentences() {
        check(
            1.0 / 3.01,
            Some((1.0 / 3.04, 1.0 / 2.97)),
            Verdict::Faster,
            "B is 3.01x faster than A (2.97 … 3.04)",
        );
        check(
            1.0213,
            Some((1.0163, 1.0262)),
            Verdict::Slower,
            "B is 2.1% slower than A (1.6 … 2.6%)",
        );
        check(
            12.3,
            Some((11.0, 14.0)),
            Verdict::Slower,
            "B is 12x slower than A (11 … 14)",
        );
        check(
            1.001,
            Some((0.997, 1.004)),
            Verdict::Same,
            "B is the same as A within 1% (takes 99.7 … 100.4% of its time)",
        );
        check(
            1.01,
            Some((0.98, 1.04)),
            Verdict::CannotTell {
                more: Some(Duration::from_millis(7300)),
            },
            "cannot tell whether B is faster or slower than A (takes 98 … 104% of its time); about 8 s more would",
        );
        check(
            1.01,
            Some((0.5, 2.0)),
            Verdict::CannotTell {
                more: Some(Duration::from_secs(1000)),
            },
            "cannot tell whether B is faster or slower than A (takes 50 … 200% of its time); about 17 min more would",
        );
        check(
            1.01,
            None,
            Verdict::CannotTell { more: None },
            "B took 1.010 times as long as A; one process cannot tell whether that is the code: --auto can",
        );
    }
}
