//! How time grows with a parameter: a sentence, and a small plot for terminals.

use super::units::{Unit, significant, time};
use crate::timeit::growth::Growth;

/// Rows and columns of a plot.
const ROWS: usize = 9;
const COLUMNS: usize = 52;

/// What is said: `the time grows as n^1.02 ± 0.03`.
#[must_use]
pub fn sentence(growth: &Growth) -> String {
    let name = &growth.parameter;
    let of = if growth.of.is_empty() {
        String::new()
    } else {
        format!("{}: ", growth.of)
    };
    let exponent = growth.exponent;
    let reach = growth
        .interval
        .map(|found| (found.high - exponent).max(exponent - found.low));
    // A digit more than the interval allows misleads less than one too few.
    let digits = reach.map_or(2, |reach| {
        (-reach.max(1e-3).log10().floor()).clamp(1.0, 3.0) as usize
    });
    let shown_reach = reach
        .map(|reach| format!(" ± {reach:.digits$}"))
        .unwrap_or_default();
    let power = format!("{name}^{exponent:.digits$}{shown_reach}");
    let first = growth.points.first().map_or(0.0, |point| point.0);
    let last = growth.points.last().map_or(0.0, |point| point.0);
    let range = format!("from {} to {}", number(first), number(last));
    let is_flat = growth.interval.is_some_and(|found| found.contains(0.0)) && exponent.abs() < 0.05;
    if growth.is_n_log_n {
        format!("{of}the time grows as {name} log {name}, {range}, which fits better than {power}")
    } else if is_flat {
        format!("{of}the time does not depend on {name}, {range}: {power}")
    } else if exponent < 0.0 {
        format!("{of}the time falls as {power}, {range}")
    } else {
        format!("{of}the time grows as {power}, {range}")
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 && value < 1e15 {
        format!("{value:.0}")
    } else {
        significant(value, 4)
    }
}

/// A plot of time over the parameter, both logarithmic; indented, with a line feed at the end.
#[must_use]
pub fn plot(growth: &Growth, unit: Option<Unit>) -> String {
    let ends = |values: &dyn Fn(&(f64, f64)) -> f64| {
        let all = || growth.points.iter().map(values);
        (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max))
    };
    let (low, high) = ends(&|point| point.1);
    let (first, last) = ends(&|point| point.0);
    let place = |value: f64, (low, high): (f64, f64), most: usize| {
        let share = (value / low).ln() / (high / low).ln();
        // All alike stand in the middle.
        let share = if share.is_finite() { share } else { 0.5 };
        (share * (most - 1) as f64).round() as usize
    };
    let mut grid = vec![[' '; COLUMNS]; ROWS];
    for &(value, seconds) in &growth.points {
        let row = ROWS - 1 - place(seconds, (low, high), ROWS).min(ROWS - 1);
        grid[row][place(value, (first, last), COLUMNS).min(COLUMNS - 1)] = '●';
    }
    let labels = [time(high, 3, unit), time(low, 3, unit)];
    let width = labels.iter().map(String::len).max().unwrap_or(0);
    let mut out = String::new();
    for (at, row) in grid.iter().enumerate() {
        let label = match at {
            0 => &*labels[0],
            at if at == ROWS - 1 => &*labels[1],
            _ => "",
        };
        let line: String = row.iter().collect();
        out.push_str(&format!("    {label:>width$} │{}\n", line.trim_end()));
    }
    out.push_str(&format!("    {:>width$} └{}\n", "", "─".repeat(COLUMNS)));
    let (left, right) = (number(first), number(last));
    let name = &growth.parameter;
    let between = COLUMNS.saturating_sub(left.len() + right.len() + name.chars().count());
    out.push_str(&format!(
        "    {:>width$}  {left}{}{name}{}{right}\n",
        "",
        " ".repeat(between / 2),
        " ".repeat(between - between / 2)
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::interval::{Interval, Method};

    fn growth(points: &[(f64, f64)], exponent: f64, reach: f64, is_n_log_n: bool) -> Growth {
        Growth {
            parameter: "n".into(),
            of: String::new(),
            points: points.to_vec(),
            exponent,
            interval: Some(Interval {
                low: exponent - reach,
                high: exponent + reach,
                coverage: 0.95,
                method: Method::SignedRanks,
            }),
            is_n_log_n,
        }
    }

    const LINE: [(f64, f64); 3] = [(10.0, 1e-6), (100.0, 1e-5), (1000.0, 1e-4)];

    #[test]
    fn growth_is_a_sentence() {
        for (exponent, reach, is_n_log_n, expected) in [
            (
                1.021,
                0.034,
                false,
                "the time grows as n^1.02 ± 0.03, from 10 to 1000",
            ),
            (
                1.2,
                0.2,
                true,
                "the time grows as n log n, from 10 to 1000, which fits better than n^1.2 ± 0.2",
            ),
            (
                0.001,
                0.002,
                false,
                "the time does not depend on n, from 10 to 1000: n^0.001 ± 0.002",
            ),
            (
                -0.98,
                0.05,
                false,
                "the time falls as n^-0.98 ± 0.05, from 10 to 1000",
            ),
        ] {
            assert_eq!(sentence(&growth(&LINE, exponent, reach, is_n_log_n)), expected);
        }
    }

    #[test]
    fn points_stand_where_they_belong() {
        let plot = plot(&growth(&LINE, 1.0, 0.1, false), None);
        let lines: Vec<&str> = plot.lines().collect();
        assert_eq!(lines.len(), 11);
        assert_eq!(lines[0], format!("     100 us │{}●", " ".repeat(51)));
        assert_eq!(lines[4], format!("            │{}●", " ".repeat(26)));
        assert_eq!(lines[8], "    1.00 us │●");
        assert_eq!(
            lines[10].split_whitespace().collect::<Vec<_>>(),
            ["10", "n", "1000"]
        );
    }

    #[test]
    fn equal_times_stand_in_the_middle() {
        let flat: Vec<(f64, f64)> = LINE.iter().map(|point| (point.0, 1e-6)).collect();
        let plot = plot(&growth(&flat, 0.0, 0.1, false), None);
        assert_eq!(plot.lines().nth(4).expect("a row").matches('●').count(), 3);
    }
}
