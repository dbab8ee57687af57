//! How samples are spread: a histogram for each case, with the figure and its interval.

use super::scale::{Scale, range};
use super::{AXIS, Drawn, LEFT, RIGHT, WIDTH, name_label, open, tick_label};
use crate::markup::escaped_shown as escaped;
use crate::timeit::report::figures::{figure, reach};
use crate::timeit::report::units::{Unit, counted};

/// The height of one row of the spread.
const ROW: f64 = 62.0;

/// Columns of a histogram.
const COLUMNS: usize = 120;

/// A row for each case: how often each time was seen, the figure and its interval.
pub(super) fn draw(all: &[Drawn], unit: Option<Unit>) -> String {
    let (low, high) = range(all);
    let scale = Scale::new(low, high, LEFT, WIDTH - RIGHT);
    let bottom = ROW * all.len() as f64;
    let mut out = open(bottom + AXIS, "how samples are spread");
    for tick in scale.ticks() {
        let x = scale.place(tick);
        out.push_str(&format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{bottom}\" class=\"grid\"/><text x=\"{x:.1}\" y=\"{:.0}\" class=\"tick\">{}</text>\n",
            bottom + 18.0,
            tick_label(tick, unit)
        ));
    }
    for (at, one) in all.iter().enumerate() {
        let base = ROW * (at + 1) as f64 - 6.0;
        out.push_str(&name_label(&one.name, base - ROW / 2.0 + 8.0));
        let (bars, beyond) = bars(one, &scale, base);
        out.push_str(&bars);
        let estimate = &one.estimate;
        let label = format!(
            "{}: {} {}",
            one.name,
            figure(estimate, unit, 0),
            estimate.precision().map(reach).unwrap_or_default()
        );
        if let Some(found) = estimate.interval {
            let (from, to) = (scale.place(found.low), scale.place(found.high));
            out.push_str(&format!(
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"interval\"><title>{}</title></rect>\n",
                base - ROW + 10.0,
                (to - from).max(1.0),
                ROW - 10.0,
                escaped(&label)
            ));
        }
        let x = scale.place(estimate.seconds);
        out.push_str(&format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{base:.1}\" class=\"figure\"><title>{}</title></line>\n",
            base - ROW + 10.0,
            escaped(&label)
        ));
        if beyond > 0 {
            out.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{:.1}\" class=\"beyond\">{} beyond</text>\n",
                WIDTH - RIGHT,
                base - ROW + 18.0,
                counted(beyond as u64, "sample")
            ));
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The histogram of a case on its base line, and how many samples lie beyond the right end.
fn bars(one: &Drawn, scale: &Scale, base: f64) -> (String, usize) {
    let width = (scale.to - scale.from) / COLUMNS as f64;
    let mut counts = [0usize; COLUMNS];
    let mut beyond = 0;
    for &value in one.values.sorted() {
        if value > scale.high {
            beyond += 1;
        } else {
            let column = ((scale.place(value) - scale.from) / width) as usize;
            counts[column.min(COLUMNS - 1)] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let mut path = String::new();
    for (at, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (ROW - 14.0) * count as f64 / most;
        path.push_str(&format!(
            "M{:.1} {base:.1}v-{height:.1}h{width:.2}v{height:.1}z",
            scale.from + at as f64 * width
        ));
    }
    (format!("<path d=\"{path}\" class=\"bars\"/>\n"), beyond)
}
