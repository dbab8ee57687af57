//! How the samples of a case are spread, as bars of text.

use super::units::{Unit, time};
use crate::python::text::shown;
use crate::statistics::Samples;
use crate::timeit::estimate::of_run;
use crate::timeit::results::Results;

/// Rows of a histogram.
const ROWS: usize = 16;

/// Columns where nothing says how many there are.
const WIDTH: usize = 80;

/// No bar is longer, however wide the terminal is.
const LONGEST_BAR: usize = 100;

/// A histogram of the samples behind each figure; `None` for an unknown width.
#[must_use]
pub fn render(results: &Results, unit: Option<Unit>, width: Option<usize>) -> String {
    let mut out = String::new();
    for side in results.sides() {
        let runs = results.runs_of(side.runtime);
        let values = runs.flat_map(|run| of_run(results, run, side.case).values);
        let Some(values) = Samples::new(values.collect()) else {
            continue;
        };
        out.push_str(&format!("\n{}\n", shown(results.name(side).as_bytes())));
        push(&values, unit, width.unwrap_or(WIDTH), &mut out);
    }
    out
}

fn push(values: &Samples, unit: Option<Unit>, width: usize, out: &mut String) {
    let low = values.min();
    // A few wild samples would press all others into one row: they share the last.
    let far = values.quantile(0.75) + 4.0 * (values.quantile(0.75) - values.quantile(0.25));
    let inside = values.sorted().partition_point(|&value| value <= far).max(1);
    let high = values.sorted()[inside - 1];
    let step = (high - low) / ROWS as f64;
    let mut counts = [0usize; ROWS];
    let mut above = 0;
    for &value in values.sorted() {
        if value > high {
            above += 1;
        } else {
            // One value alone has a step of 0.
            let row = if step > 0.0 {
                ((value - low) / step) as usize
            } else {
                0
            };
            counts[row.min(ROWS - 1)] += 1;
        }
    }
    let rows = if step > 0.0 { ROWS } else { 1 };
    let unit = unit.unwrap_or_else(|| Unit::of(high, 4));
    // The digits that tell two rows apart.
    let digits = if step > 0.0 {
        ((high / step).log10().ceil() as usize + 1).clamp(3, 9)
    } else {
        4
    };
    let mut lines: Vec<(String, usize)> = (0..rows)
        .map(|row| (time(low + step * row as f64, digits, Some(unit)), counts[row]))
        .collect();
    if above > 0 {
        lines.push((format!("> {}", time(high, digits, Some(unit))), above));
    }
    let label_width = lines.iter().map(|line| line.0.len()).max().unwrap_or(0);
    let most = lines.iter().map(|line| line.1).max().unwrap_or(1).max(1);
    let count_width = most.to_string().len();
    let bar = width
        .saturating_sub(label_width + count_width + 5)
        .clamp(10, LONGEST_BAR);
    for (label, count) in lines {
        // No bar is nothing but where there is nothing.
        let length = (count * bar).div_ceil(most);
        let line = format!(
            "  {label:>label_width$} {count:>count_width$} {}",
            "█".repeat(length)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], width: usize, expected: &str) {
        let mut out = String::new();
        push(
            &Samples::new(values.to_vec()).expect("values"),
            None,
            width,
            &mut out,
        );
        let lines: Vec<&str> = out.lines().filter(|line| line.contains('█')).collect();
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn bars_are_scaled_to_the_width() {
        check(
            &[1e-6, 1e-6, 1e-6, 1e-6, 1.16e-6, 1.16e-6, 1.079e-6],
            30,
            "  1.000 us 4 ████████████████\n  1.070 us 1 ████\n  1.150 us 2 ████████",
        );
        check(&[2e-3], 20, "  2.000 ms 1 ██████████");
    }

    #[test]
    fn wild_samples_share_the_last_row() {
        let mut values: Vec<f64> = (0..40).map(|at| 1.0 + f64::from(at) * 0.001).collect();
        values.push(50.0);
        let mut out = String::new();
        push(&Samples::new(values).expect("values"), None, 80, &mut out);
        let last = out.lines().last().expect("rows");
        assert!(last.contains("> 1.039 s 1 "), "{out}");
    }
}
