//! How samples followed each other.

use super::scale::{Scale, range};
use super::{AXIS, Drawn, LEFT, RIGHT, WIDTH, name_label, open, tick_label};
use crate::timeit::report::units::Unit;

/// The height of the samples of one case in the order taken.
const COURSE: f64 = 110.0;

/// No more points are drawn of one case: they would hide each other.
const POINTS: usize = 1500;

/// The samples of each case in the order taken.
pub(super) fn draw(all: &[Drawn], unit: Option<Unit>) -> String {
    let height = (COURSE + AXIS) * all.len() as f64;
    let mut out = open(height, "samples in the order taken");
    for (at, one) in all.iter().enumerate() {
        let top = (COURSE + AXIS) * at as f64 + 8.0;
        let (low, high) = range(std::slice::from_ref(one));
        let scale = Scale::new(low, high, top + COURSE, top);
        out.push_str(&name_label(&one.name, top + COURSE / 2.0));
        for tick in scale.ticks().into_iter().step_by(2) {
            let y = scale.place(tick);
            out.push_str(&format!(
                "<line x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"grid\"/><text x=\"{:.0}\" y=\"{:.1}\" class=\"side\">{}</text>\n",
                WIDTH - RIGHT,
                WIDTH - RIGHT - 2.0,
                y - 3.0,
                tick_label(tick, unit)
            ));
        }
        let step = one.course.len().div_ceil(POINTS).max(1);
        let last = one.course.len().saturating_sub(1).max(1) as f64;
        let (mut clean, mut disturbed) = (String::new(), String::new());
        for (place, &(value, is_clean)) in one.course.iter().enumerate().step_by(step) {
            let x = LEFT + 3.0 + (WIDTH - RIGHT - LEFT - 70.0) * place as f64 / last;
            let points = if is_clean { &mut clean } else { &mut disturbed };
            points.push_str(&format!("M{x:.1} {:.1}h0", scale.place(value)));
        }
        out.push_str(&format!(
            "<path d=\"{disturbed}\" class=\"disturbed\"/><path d=\"{clean}\" class=\"points\"/>\n"
        ));
    }
    out.push_str("</svg>\n");
    out
}
