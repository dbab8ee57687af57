//! Time against a parameter.

use super::scale::Scale;
use super::{AXIS, LEFT, RIGHT, WIDTH, open, tick_label};
use crate::markup::escaped_shown as escaped;
use crate::timeit::growth;
use crate::timeit::report::units::{Unit, time};

/// Time against a parameter, both logarithmic.
pub(super) fn draw(of: &growth::Growth, unit: Option<Unit>) -> String {
    const HEIGHT: f64 = 260.0;
    let ends = |values: &dyn Fn(&(f64, f64)) -> f64| {
        let all = || of.points.iter().map(values);
        (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max))
    };
    let logarithmic = |(low, high): (f64, f64), from: f64, to: f64| Scale {
        low: low / 1.2,
        high: high * 1.2,
        from,
        to,
        is_logarithmic: true,
    };
    let across = logarithmic(ends(&|point| point.0), LEFT, WIDTH - RIGHT);
    let up = logarithmic(ends(&|point| point.1), HEIGHT, 10.0);
    let mut out = open(HEIGHT + AXIS + 14.0, "how the time grows");
    for &(value, _) in &of.points {
        let x = across.place(value);
        out.push_str(&format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"10\" y2=\"{HEIGHT}\" class=\"grid\"/><text x=\"{x:.1}\" y=\"{:.0}\" class=\"tick\">{value}</text>\n",
            HEIGHT + 18.0
        ));
    }
    for tick in up.ticks() {
        let y = up.place(tick);
        out.push_str(&format!(
            "<line x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"grid\"/><text x=\"{:.0}\" y=\"{:.1}\" class=\"name\">{}</text>\n",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            tick_label(tick, unit)
        ));
    }
    let mut path = String::new();
    for (at, &(value, seconds)) in of.points.iter().enumerate() {
        let (x, y) = (across.place(value), up.place(seconds));
        path.push_str(&format!("{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' }));
        out.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" class=\"dot\"><title>{} = {value}: {}</title></circle>\n",
            escaped(&of.parameter),
            time(seconds, 4, unit)
        ));
    }
    out.push_str(&format!(
        "<path d=\"{path}\" class=\"line\"/><text x=\"{:.0}\" y=\"{:.0}\" class=\"tick\">{}</text>\n</svg>\n",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT + 38.0,
        escaped(&of.parameter)
    ));
    out
}
