//! The very text of `python -m timeit` of CPython 3.7 and later: its line, what `-v` adds, and its warning.

use super::units::Unit;
use crate::python::number::general;

/// How it prints times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Significant digits: 3, and one more for each `-v` after the first.
    pub digits: usize,
    /// For all times; without it each has the one that fits.
    pub unit: Option<Unit>,
}

impl Style {
    fn time(self, seconds: f64) -> String {
        let unit = self.unit.unwrap_or_else(|| {
            // The smallest is also for what is smaller.
            let fits = Unit::ALL.iter().rfind(|unit| seconds >= unit.seconds());
            fits.copied().unwrap_or(Unit::Nanoseconds)
        });
        format!(
            "{} {}",
            general(seconds / unit.seconds(), self.digits),
            name(unit)
        )
    }
}

fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "nsec",
        Unit::Microseconds => "usec",
        Unit::Milliseconds => "msec",
        Unit::Seconds => "sec",
    }
}

fn loops(number: u64) -> String {
    format!("{number} loop{}", if number == 1 { "" } else { "s" })
}

/// What `-v` prints of a trial of the search for the number of loops.
#[must_use]
pub fn trial(number: u64, seconds: f64, style: Style) -> String {
    format!("{} -> {} secs\n", loops(number), general(seconds, style.digits))
}

/// What `-v` prints of the samples.
#[must_use]
pub fn raw(seconds: &[f64], style: Style) -> String {
    let times: Vec<String> = seconds.iter().map(|&seconds| style.time(seconds)).collect();
    format!("raw times: {}\n\n", times.join(", "))
}

/// The line itself, for the total times of samples of so many loops.
#[must_use]
pub fn result(number: u64, seconds: &[f64], style: Style) -> String {
    let (best, _) = extremes(number, seconds);
    format!(
        "{}, best of {}: {} per loop\n",
        loops(number),
        seconds.len(),
        style.time(best)
    )
}

/// What it says on standard error when the worst sample is far off.
#[must_use]
pub fn warning(number: u64, seconds: &[f64], style: Style) -> Option<String> {
    let (best, worst) = extremes(number, seconds);
    (worst >= best * 4.0).then(|| {
        format!(
            ":0: UserWarning: The test results are likely unreliable. The worst time ({}) was more than four \
             times slower than the best time ({}).\n",
            style.time(worst),
            style.time(best)
        )
    })
}

fn extremes(number: u64, seconds: &[f64]) -> (f64, f64) {
    let per_loop = seconds.iter().map(|seconds| seconds / number as f64);
    per_loop.fold((f64::INFINITY, 0.0), |(best, worst), seconds| {
        (best.min(seconds), worst.max(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_text_is_that_of_timeit() {
        let cases: Value =
            serde_json::from_str(include_str!("../../../fixtures/timeit/lines.json")).expect("JSON");
        let cases = cases.as_array().expect("a list");
        assert!(cases.len() > 100);
        for case in cases {
            let floats = |name: &str| -> Vec<f64> {
                let list = case[name].as_array().expect("a list");
                list.iter()
                    .map(|value| {
                        value
                            .as_str()
                            .and_then(|text| text.parse().ok())
                            .expect("a number")
                    })
                    .collect()
            };
            let verbose = usize::try_from(case["verbose"].as_u64().expect("a number")).expect("small");
            let style = Style {
                digits: 3 + verbose.saturating_sub(1),
                unit: Unit::ALL.into_iter().find(|&unit| case["unit"] == name(unit)),
            };
            let number = case["number"].as_u64().expect("a number");
            let mut text = String::new();
            if verbose > 0 {
                let mut loops = 1;
                for (index, &seconds) in floats("trials").iter().enumerate() {
                    text += &trial(loops, seconds, style);
                    loops = if index % 3 == 1 { loops / 2 * 5 } else { loops * 2 };
                }
                text += if text.is_empty() { "" } else { "\n" };
                text += &raw(&floats("times"), style);
            }
            text += &result(number, &floats("times"), style);
            assert_eq!(text, case["out"].as_str().expect("text"), "{case}");
            let complaint = warning(number, &floats("times"), style).unwrap_or_default();
            assert_eq!(complaint, case["err"].as_str().expect("text"), "{case}");
        }
    }
}
