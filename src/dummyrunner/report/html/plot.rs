//! Plots as SVG: curves over time under each other, and points over numbers. Colours come from the page's style.

use super::scale::{Scale, Unit, clock};
use super::series::Curve;
use super::text::escaped;
use std::fmt::Write as _;

/// The width of all plots, in units of the picture, and where the axes begin and end in it. The script knows them, too.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const LEFT: f64 = 64.0;
pub(super) const RIGHT: f64 = 12.0;
const TOP: f64 = 8.0;
/// Room for the numbers of the axis below.
const BOTTOM: f64 = 22.0;

/// How curves are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Lines,
    /// Areas on top of each other.
    Stack,
    /// A needle for each value above 0: rare events stay visible.
    Needles,
}

/// Curves over time.
#[derive(Debug)]
pub(super) struct TimePlot {
    /// A word that is unique on the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What a reader must know of it.
    pub(super) note: String,
    pub(super) unit: Unit,
    pub(super) is_log: bool,
    pub(super) style: Style,
    pub(super) height: f64,
    pub(super) curves: Vec<Curve>,
    /// Levels with a line across, and what they are.
    pub(super) limits: Vec<(f64, String)>,
}

/// What all plots over time share.
#[derive(Debug)]
pub(super) struct Axis<'a> {
    pub(super) times: &'a [f64],
    pub(super) end: f64,
    /// Parts of the run: from, to, its label, and whether it is shaded.
    pub(super) parts: Vec<(f64, f64, String, bool)>,
}

impl TimePlot {
    /// A figure: title, legend, picture.
    pub(super) fn render(&self, axis: &Axis<'_>) -> String {
        if self.is_empty() {
            return format!(
                "<figure><figcaption><h3>{}</h3><p class=\"note aside\">none</p></figcaption></figure>\n",
                escaped(self.title)
            );
        }
        let mut out = String::new();
        let _ = write!(
            out,
            "<figure class=\"time\" id=\"plot-{}\" tabindex=\"0\">\n<figcaption><h3>{}</h3><ul class=\"legend\">",
            self.id,
            escaped(self.title)
        );
        for (at, curve) in self.curves.iter().enumerate() {
            let _ = write!(
                out,
                "<li><span class=\"swatch c{at}\"></span>{} <output data-curve=\"{at}\"></output></li>",
                escaped(&curve.name)
            );
        }
        out.push_str("</ul>");
        if !self.note.is_empty() {
            let _ = write!(out, "<p class=\"note\">{}</p>", escaped(&self.note));
        }
        out.push_str("</figcaption>\n");
        self.picture(axis, &mut out);
        out.push_str("</figure>\n");
        out
    }

    /// Did nothing ever happen?
    fn is_empty(&self) -> bool {
        let values = self.curves.iter().flat_map(|curve| curve.values.iter().flatten());
        values.into_iter().all(|value| *value == 0.0)
    }

    fn picture(&self, axis: &Axis<'_>, out: &mut String) {
        let below = self.stacked();
        let scale = self.scale(&below);
        let frame = Frame {
            x: Scale::time(axis.end),
            y: scale,
            height: self.height,
        };
        frame.open(self.title, &self.description(axis), out);
        for (from, to, label, is_shaded) in &axis.parts {
            let (x, end) = (frame.at_x(*from), frame.at_x(*to));
            let class = if *is_shaded { "part shaded" } else { "part" };
            let _ = writeln!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\"><title>{}</title></rect>",
                (end - x).max(0.0),
                self.height,
                escaped(label)
            );
            // Where it fits; all of them can be seen by pointing.
            if self.style == Style::Stack && end - x > 12.0 + 8.0 * label.len() as f64 {
                let _ = writeln!(
                    out,
                    "<text class=\"name\" x=\"{:.1}\" y=\"{}\">{}</text>",
                    (x + end) / 2.0,
                    TOP + 14.0,
                    escaped(label)
                );
            }
        }
        frame.grid(
            &|value| clock(value, axis.end),
            &|value| self.unit.tick(value),
            out,
        );
        for (value, label) in &self.limits {
            frame.limit(*value, label, out);
        }
        for (at, curve) in self.curves.iter().enumerate() {
            match self.style {
                Style::Stack => {
                    let floor = at.checked_sub(1).map(|at| below[at].as_slice());
                    let path = frame.area(axis.times, &below[at], floor);
                    let _ = writeln!(out, "<path class=\"area c{at}\" d=\"{path}\"/>");
                }
                Style::Needles => {
                    let path = frame.needles(axis.times, &curve.values);
                    let width = (frame.inner() / axis.times.len().max(1) as f64 * 0.8).clamp(1.5, 8.0);
                    let _ = writeln!(
                        out,
                        "<path class=\"needle c{at}\" stroke-width=\"{width:.1}\" d=\"{path}\"/>"
                    );
                }
                Style::Lines => {
                    if let Some(band) = &curve.band {
                        let (low, high): (Vec<f64>, Vec<f64>) = band.iter().copied().unzip();
                        let path = frame.area(axis.times, &high, Some(&low));
                        let _ = writeln!(out, "<path class=\"band c{at}\" d=\"{path}\"/>");
                    }
                    let path = frame.line(axis.times, &curve.values);
                    let _ = writeln!(out, "<path class=\"line c{at}\" d=\"{path}\"/>");
                }
            }
        }
        let _ = writeln!(
            out,
            "<line class=\"cross\" x1=\"0\" x2=\"0\" y1=\"{TOP}\" y2=\"{}\"/>\n</svg>",
            TOP + self.height
        );
    }

    /// Running sums of a stack.
    fn stacked(&self) -> Vec<Vec<f64>> {
        let mut sums: Vec<Vec<f64>> = Vec::new();
        for curve in &self.curves {
            let values = curve.values.iter().enumerate();
            let sum =
                values.map(|(at, value)| value.unwrap_or(0.0) + sums.last().map_or(0.0, |below| below[at]));
            let sum = sum.collect();
            sums.push(sum);
        }
        sums
    }

    fn scale(&self, below: &[Vec<f64>]) -> Scale {
        let limits = self.limits.iter().map(|(value, _)| *value);
        let values = self
            .curves
            .iter()
            .flat_map(|curve| curve.values.iter().flatten().copied());
        if self.is_log {
            return Scale::log(values.chain(limits));
        }
        let most = match self.style {
            Style::Stack => below
                .last()
                .map_or(0.0, |top| top.iter().copied().fold(0.0, f64::max)),
            _ => {
                let bands = self.curves.iter().filter_map(|curve| curve.band.as_ref());
                let bands = bands.flatten().map(|(_, high)| *high);
                values.chain(limits).chain(bands).fold(0.0, f64::max)
            }
        };
        Scale::linear(most, self.unit)
    }

    fn description(&self, axis: &Axis<'_>) -> String {
        let curves: Vec<String> = self
            .curves
            .iter()
            .map(|curve| {
                let most = curve.values.iter().flatten().copied().reduce(f64::max);
                match most {
                    Some(most) => format!("{} (at most {})", curve.name, self.unit.tick(round(most))),
                    None => format!("{} (no values)", curve.name),
                }
            })
            .collect();
        format!("Over {}: {}", clock(axis.end, axis.end), curves.join(", "))
    }
}

/// Three digits.
fn round(value: f64) -> f64 {
    if value <= 0.0 {
        return value;
    }
    let power = 10_f64.powf(2.0 - value.log10().floor());
    (value * power).round() / power
}

/// Axes, and what is drawn between them.
pub(super) struct Frame {
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) height: f64,
}

impl Frame {
    fn inner(&self) -> f64 {
        WIDTH - LEFT - RIGHT
    }

    pub(super) fn at_x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * self.inner()
    }

    pub(super) fn at_y(&self, value: f64) -> f64 {
        TOP + (1.0 - self.y.place(value)) * self.height
    }

    pub(super) fn open(&self, title: &str, description: &str, out: &mut String) {
        let _ = writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\"><title>{}</title><desc>{}</desc>",
            TOP + self.height + BOTTOM,
            escaped(title),
            escaped(description)
        );
    }

    /// Lines across, and numbers at both axes.
    pub(super) fn grid(
        &self,
        x_text: &dyn Fn(f64) -> String,
        y_text: &dyn Fn(f64) -> String,
        out: &mut String,
    ) {
        for &tick in &self.y.ticks {
            let y = self.at_y(tick);
            let _ = writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"y\" x=\"{}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0,
                escaped(&y_text(tick))
            );
        }
        let bottom = TOP + self.height;
        for &tick in &self.x.ticks {
            let x = self.at_x(tick);
            // What stands at the edge must not be cut off.
            let class = if x > WIDTH - RIGHT - 20.0 { "x last" } else { "x" };
            let _ = writeln!(
                out,
                "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom}\" y2=\"{}\"/>\
                 <text class=\"{class}\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                bottom + 4.0,
                bottom + 17.0,
                escaped(&x_text(tick))
            );
        }
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{bottom}\" y2=\"{bottom}\"/>",
            WIDTH - RIGHT
        );
    }

    /// A part of the width.
    pub(super) fn stripe(&self, from: f64, to: f64, class: &str, out: &mut String) {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\"/>",
            (to - from).max(2.0),
            self.height
        );
    }

    /// A level that is not to be crossed.
    pub(super) fn limit(&self, value: f64, label: &str, out: &mut String) {
        let y = self.at_y(value);
        let _ = writeln!(
            out,
            "<line class=\"limit\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"limit\" x=\"{}\" y=\"{:.1}\">{}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            y - 4.0,
            escaped(label)
        );
    }

    /// A line through the values, broken where there are none; a value alone is a dot.
    pub(super) fn line(&self, times: &[f64], values: &[Option<f64>]) -> String {
        let mut path = String::new();
        let mut is_down = false;
        for (at, (time, value)) in times.iter().zip(values).enumerate() {
            let Some(value) = value else {
                is_down = false;
                continue;
            };
            let (x, y) = (self.at_x(*time), self.at_y(*value));
            let _ = write!(path, "{}{x:.1} {y:.1}", if is_down { 'L' } else { 'M' });
            if !is_down && !matches!(values.get(at + 1), Some(Some(_))) {
                path.push_str("h0.1");
            }
            is_down = true;
        }
        path
    }

    fn area(&self, times: &[f64], top: &[f64], floor: Option<&[f64]>) -> String {
        let mut path = String::new();
        for (at, (time, value)) in times.iter().zip(top).enumerate() {
            let mark = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{mark}{:.1} {:.1}", self.at_x(*time), self.at_y(*value));
        }
        for (at, time) in times.iter().enumerate().rev() {
            let value = floor.map_or(0.0, |floor| floor[at]);
            let _ = write!(path, "L{:.1} {:.1}", self.at_x(*time), self.at_y(value));
        }
        if !path.is_empty() {
            path.push('Z');
        }
        path
    }

    fn needles(&self, times: &[f64], values: &[Option<f64>]) -> String {
        let mut path = String::new();
        for (time, value) in times.iter().zip(values) {
            if let Some(value) = value.filter(|value| *value > 0.0) {
                let _ = write!(
                    path,
                    "M{:.1} {:.1}V{:.1}",
                    self.at_x(*time),
                    TOP + self.height,
                    self.at_y(value)
                );
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let frame = Frame {
            x: Scale::time(4.0),
            y: Scale::linear(4.0, Unit::Count),
            height: 100.0,
        };
        let path = frame.line(&[1.0, 2.0, 3.0, 4.0], &[Some(0.0), Some(4.0), None, Some(2.0)]);
        // 924 units for 4 s, from 64 on; 100 for 4, from 108 upwards.
        assert_eq!(path, "M295.0 108.0L526.0 8.0M988.0 58.0h0.1");
    }
}
