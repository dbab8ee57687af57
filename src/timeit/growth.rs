//! How the time of a case grows with a parameter that is a number.
//!
//! The exponent is the slope of the logarithm of the time over that of the parameter (least squares over all its values),
//! one for each process: all values ran in each, so slopes of processes vary as slopes do, and the interval is that of
//! the middle of theirs ([`shift`]). Where n log n, which has one constant less to fit with, lies nearer to the figures
//! than the power, that is what is said.

use super::estimate::{estimate, of_run};
use super::parameters::{Set, label};
use super::results::{Results, Side};
use super::session::Case;
use crate::statistics::interval::{Interval, LEVEL};
use crate::statistics::{Samples, shift};

/// Fewer values of a parameter say nothing of a curve.
const FEWEST: usize = 3;

/// A law with a logarithm is only thought of where the exponent is in this range: just above that of the plain law.
const JUST_ABOVE: std::ops::Range<f64> = 0.02..0.4;

/// How a case grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// What varies.
    pub parameter: String,
    /// What the other parameters are, and which case it is; empty if there is only one.
    pub of: String,
    /// Value and seconds, by rising value.
    pub points: Vec<(f64, f64)>,
    /// The time grows with this power of the parameter.
    pub exponent: f64,
    /// How far that may be off; `None` for one process.
    pub interval: Option<Interval>,
    /// Does the parameter times its logarithm fit better?
    pub is_n_log_n: bool,
}

/// Cases that differ in one parameter alone.
struct Series {
    parameter: String,
    /// What the other parameters are.
    others: Set,
    /// Which of the texts it comes from.
    text: usize,
    of: String,
    runtime: usize,
    /// Case and value.
    cases: Vec<(usize, f64)>,
}

/// The growth of everything that was timed with at least three values of a number above 0.
#[must_use]
pub fn find(results: &Results) -> Vec<Growth> {
    let mut found = Vec::new();
    for runtime in 0..results.runtimes.len() {
        found.extend(
            series(&results.cases, runtime)
                .into_iter()
                .filter_map(|series| growth(results, series)),
        );
    }
    if let [only] = &mut found[..] {
        only.of.clear();
    } else if results.runtimes.len() > 1 {
        let each = found.len() / results.runtimes.len();
        for (at, one) in found.iter_mut().enumerate() {
            one.of = format!(
                "{}{}{}",
                one.of,
                if one.of.is_empty() { "" } else { " on " },
                results.runtimes[at / each.max(1)]
            );
        }
    }
    found
}

fn series(cases: &[Case], runtime: usize) -> Vec<Series> {
    let mut found: Vec<Series> = Vec::new();
    for (place, case) in cases.iter().enumerate() {
        // Cases from one text come with each set of parameters once.
        let earlier = cases[..place]
            .iter()
            .filter(|other| other.parameters == case.parameters)
            .count();
        for (at, (name, value)) in case.parameters.iter().enumerate() {
            let Some(value) = value
                .parse::<f64>()
                .ok()
                .filter(|&value| value > 0.0 && value.is_finite())
            else {
                continue;
            };
            let mut others = case.parameters.clone();
            others.remove(at);
            let same = |series: &&mut Series| {
                series.others == others && series.text == earlier && series.parameter == *name
            };
            if let Some(series) = found.iter_mut().find(same) {
                series.cases.push((place, value));
                continue;
            }
            found.push(Series {
                parameter: name.clone(),
                of: series_name(&case.name, &others),
                others,
                text: earlier,
                runtime,
                cases: vec![(place, value)],
            });
        }
    }
    found
}

/// What a series is called: the name without its parameters, and the parameters that do not vary.
fn series_name(name: &str, others: &Set) -> String {
    let text = name.split(" (").next().unwrap_or_default();
    let text = if text.contains(" = ") { "" } else { text };
    let others = label(others);
    match (text, &*others) {
        ("", label) => label.to_owned(),
        (text, "") => text.to_owned(),
        (text, label) => format!("{text} ({label})"),
    }
}

fn growth(results: &Results, mut series: Series) -> Option<Growth> {
    series.cases.sort_by(|one, other| one.1.total_cmp(&other.1));
    series.cases.dedup_by(|one, other| one.1 == other.1);
    let points: Vec<(f64, f64)> = series
        .cases
        .iter()
        .filter_map(|&(case, value)| {
            let runtime = series.runtime;
            Some((value, estimate(results, Side { case, runtime })?.seconds))
        })
        .filter(|point| point.1 > 0.0)
        .collect();
    if points.len() < FEWEST {
        return None;
    }
    let slopes = results.runs_of(series.runtime).filter_map(|run| {
        let of_case = |&(case, value): &(usize, f64)| {
            let values = Samples::new(of_run(results, run, case).values)?;
            Some((value, values.median()))
        };
        // A process in which one is missing would have a slope of its own kind.
        let points: Option<Vec<(f64, f64)>> = series.cases.iter().map(of_case).collect();
        slope(&points?)
    });
    let slopes = Samples::new(slopes.collect());
    let exponent = slopes
        .as_ref()
        .map_or_else(|| slope(&points), |slopes| Some(shift::estimate(slopes)))?;
    Some(Growth {
        is_n_log_n: is_n_log_n(&points, exponent),
        parameter: series.parameter,
        of: series.of,
        points,
        exponent,
        interval: slopes.and_then(|slopes| shift::interval(&slopes, LEVEL)),
    })
}

/// The slope of the logarithms.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let logarithms: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x.ln(), y.ln())).collect();
    let count = logarithms.len() as f64;
    let mean_x = logarithms.iter().map(|point| point.0).sum::<f64>() / count;
    let mean_y = logarithms.iter().map(|point| point.1).sum::<f64>() / count;
    let products: f64 = logarithms.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let squares: f64 = logarithms.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    Some(products / squares).filter(|slope| slope.is_finite())
}

/// How far figures lie from a law, in squares of logarithms, its constant being fitted.
fn misfit(points: &[(f64, f64)], law: impl Fn(f64) -> f64) -> f64 {
    let rests: Vec<f64> = points.iter().map(|&(x, y)| y.ln() - law(x)).collect();
    let mean = rests.iter().sum::<f64>() / rests.len() as f64;
    rests.iter().map(|rest| (rest - mean).powi(2)).sum()
}

fn is_n_log_n(points: &[(f64, f64)], exponent: f64) -> bool {
    // The logarithm of 1 is 0: such a law cannot hold there.
    JUST_ABOVE.contains(&(exponent - 1.0))
        && points.iter().all(|point| point.0 > 1.5)
        && misfit(points, |x| (x * x.ln()).ln()) < misfit(points, |x| exponent * x.ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;

    /// Results with a case for each value, whose times follow a law.
    fn results(values: &[f64], law: impl Fn(f64) -> f64) -> Results {
        let names: Vec<String> = values.iter().map(|value| format!("n = {value}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut results = fake::results(&names, &["3.11.7"]);
        for (case, value) in results.cases.iter_mut().zip(values) {
            case.parameters = vec![("n".into(), value.to_string())];
        }
        for taken in results.runs.iter_mut().flat_map(|run| &mut run.taken) {
            if let Some(value) = values.get(taken.sample.row.case) {
                // The world gives the case of place k a time of k + 1 microseconds.
                let factor = law(*value) / (taken.sample.row.case + 1) as f64;
                taken.sample.wall = taken.sample.wall.mul_f64(factor);
                taken.sample.cpu = Some(taken.sample.wall);
            }
        }
        results
    }

    fn check(law: impl Fn(f64) -> f64, exponent: f64, is_n_log_n: bool) {
        let found = find(&results(&[10.0, 100.0, 1000.0, 10_000.0], law));
        assert_eq!(found.len(), 1);
        let found = &found[0];
        assert_eq!((&*found.parameter, &*found.of), ("n", ""));
        assert!((found.exponent - exponent).abs() < 0.01, "{found:?}");
        assert_eq!(found.is_n_log_n, is_n_log_n, "{found:?}");
        let interval = found.interval.expect("processes");
        assert!(
            interval.low <= exponent + 0.01 && exponent - 0.01 <= interval.high,
            "{interval:?}"
        );
        assert!(interval.half_width() < 0.02, "{interval:?}");
    }

    /// Expected: the laws themselves; the slope of n log n over these four decades is that of its logarithms by hand.
    #[test]
    fn laws_are_found() {
        check(|n| n, 1.0, false);
        check(|n| n * n, 2.0, false);
        check(|_| 5.0, 0.0, false);
        check(f64::sqrt, 0.5, false);
        check(|n| n.powf(1.2), 1.2, false);
        // ln ln 10, 100, 1000, 10000 = 0.834, 1.527, 1.933, 2.220; slope over ln n: 0.1979.
        check(|n| n * n.ln(), 1.198, true);
    }

    #[test]
    fn few_values_or_words_have_no_growth() {
        assert_eq!(find(&results(&[10.0, 100.0], |n| n)), []);
        let mut words = results(&[1.0, 2.0, 3.0], |n| n);
        for (case, word) in words.cases.iter_mut().zip(["a", "b", "c"]) {
            case.parameters = vec![("n".into(), word.into())];
        }
        assert_eq!(find(&words), []);
    }

    #[test]
    fn two_parameters_are_a_series_each() {
        let mut two = results(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], |n| n);
        for (at, case) in two.cases.iter_mut().enumerate() {
            let value = |name: &str, value: usize| (name.to_owned(), value.to_string());
            case.parameters = vec![value("n", 10 * (at % 3 + 1)), value("m", at / 3)];
        }
        let found: Vec<(String, String, usize)> = find(&two)
            .into_iter()
            .map(|growth| (growth.parameter, growth.of, growth.points.len()))
            .collect();
        assert_eq!(
            found,
            [("n".into(), "m = 0".into(), 3), ("n".into(), "m = 1".into(), 3)]
        );
    }
}
