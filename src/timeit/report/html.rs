//! A page with the figures, how samples are spread, and how they followed each other: one file that needs nothing else.
//!
//! Everything is drawn here, so the page needs no script. Colours follow the reader's choice of light or dark. All text
//! is escaped; nothing that a user typed becomes markup.

use super::figures::{figure, reach, sentence};
use super::units::{Unit, counted, time};
use super::{commands, growth as growth_text};
use crate::markup::{escaped_lines, escaped_shown as escaped};
use crate::statistics::Samples;
use crate::timeit::compare::{Verdict, compare};
use crate::timeit::estimate::{Estimate, estimate, of_run};
use crate::timeit::results::{Results, Side, Taken};
use crate::timeit::{findings, growth};

const STYLE: &str = include_str!("page.css");

/// The width of drawings, in their own units.
const WIDTH: f64 = 960.0;

/// Room on the left for names.
const LEFT: f64 = 190.0;

const RIGHT: f64 = 24.0;

/// Room for the numbers of an axis.
const AXIS: f64 = 30.0;

/// The height of one row of the spread.
const ROW: f64 = 62.0;

/// The height of the samples of one case in the order taken.
const COURSE: f64 = 110.0;

/// Columns of a histogram.
const COLUMNS: usize = 120;

/// No more points are drawn of one case: they would hide each other.
const POINTS: usize = 1500;

/// Where times differ by more than this, the axis is logarithmic.
const LOGARITHMIC: f64 = 8.0;

/// What is drawn of one case.
struct Drawn {
    name: String,
    estimate: Estimate,
    /// Samples behind the figure.
    values: Samples,
    /// All samples in the order taken, and whether they were left alone.
    course: Vec<(f64, bool)>,
}

/// The page.
#[must_use]
pub fn render(results: &Results, unit: Option<Unit>) -> String {
    let all: Vec<Drawn> = results.sides().filter_map(|side| drawn(results, side)).collect();
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    let title = match &all[..] {
        [one] => format!("{}: {}", escaped(&one.name), figure(&one.estimate, unit, 0)),
        _ => "prof timeit".into(),
    };
    out.push_str(&format!(
        "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    ));
    out.push_str("<h1>prof timeit</h1>\n");
    out.push_str(&head(results));
    out.push_str(&table(results, &all, unit));
    out.push_str(&verdicts(results));
    if !all.is_empty() {
        out.push_str("<h2>How the samples are spread</h2>\n");
        out.push_str(&spread(&all, unit));
        out.push_str("<p class=\"note\">The line is the figure, the band around it its interval; below stands how often each time was seen.</p>\n");
        for (at, of_growth) in growth::find(results).iter().enumerate() {
            if at == 0 {
                out.push_str("<h2>How the time grows</h2>\n");
            }
            out.push_str(&format!(
                "<p>{}</p>\n",
                escaped(&growth_text::sentence(of_growth))
            ));
            out.push_str(&grows(of_growth, unit));
        }
        out.push_str("<h2>In the order taken</h2>\n");
        out.push_str(&courses(&all, unit));
        out.push_str("<p class=\"note\">Pale samples were interrupted by the system.</p>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn drawn(results: &Results, side: Side) -> Option<Drawn> {
    let runs = || results.runs_of(side.runtime);
    let values = runs().flat_map(|run| of_run(results, run, side.case).values);
    let course = runs().flat_map(|run| run.timed(side.case));
    let time =
        |taken: &Taken| results.metric.of(&taken.sample).as_secs_f64() / taken.sample.row.loops.max(1) as f64;
    Some(Drawn {
        name: results.name(side),
        estimate: estimate(results, side)?,
        values: Samples::new(values.filter(|&value| value > 0.0).collect())?,
        course: course.map(|taken| (time(taken), taken.is_clean())).collect(),
    })
}

/// When, where and by what.
fn head(results: &Results) -> String {
    let machine = &results.machine;
    let cores = machine.cores.map(|cores| counted(u64::from(cores), "processor"));
    let runtimes: Vec<String> = results.runtimes.iter().map(ToString::to_string).collect();
    let parts = [
        Some(results.tool.clone()),
        Some(runtimes.join(", ")).filter(|_| !results.is_of_commands()),
        Some(results.date.replace('T', " ").replace('Z', " UTC")),
        machine.processor.clone(),
        cores,
        machine.kernel.clone(),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .map(|part| escaped(&part))
        .collect();
    format!("<p class=\"head\">{}</p>\n", parts.join(" · "))
}

fn table(results: &Results, all: &[Drawn], unit: Option<Unit>) -> String {
    let mut out = String::from(
        "<table>\n<tr><th>name</th><th>what</th><th>time</th><th>±</th><th>min</th><th>samples</th></tr>\n",
    );
    for one in all {
        let statement = results
            .cases
            .get(one.estimate.side.case)
            .map_or("", |case| &case.statement);
        let more = commands::line(results, one.estimate.side, &[]).unwrap_or_default();
        let more = if more.is_empty() {
            String::new()
        } else {
            format!("<div class=\"more\">{}</div>", escaped(&more))
        };
        out.push_str(&format!(
            "<tr><td>{}</td><td><code>{}</code>{more}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            escaped(&one.name),
            escaped_lines(statement),
            figure(&one.estimate, unit, 0),
            one.estimate.precision().map(reach).unwrap_or_default(),
            time(one.estimate.min, 4, unit),
            one.estimate.samples,
        ));
    }
    out.push_str("</table>\n");
    out
}

fn verdicts(results: &Results) -> String {
    let mut items = Vec::new();
    for comparison in compare(results) {
        let class = match comparison.verdict {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::Same | Verdict::CannotTell { .. } => "same",
        };
        items.push((class, sentence(&comparison)));
    }
    for finding in findings::find(results) {
        let of = finding.of.map(|name| format!("{name}: ")).unwrap_or_default();
        items.push(("finding", format!("{of}{}", finding.what)));
    }
    if items.is_empty() {
        return String::new();
    }
    let lines: String = items
        .iter()
        .map(|(class, text)| format!("<li class=\"{class}\">{}</li>\n", escaped(text)))
        .collect();
    format!("<ul>\n{lines}</ul>\n")
}

/// From values to places.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    is_logarithmic: bool,
}

impl Scale {
    /// All of a range above 0, with some room; logarithmic where it is wide.
    fn new(low: f64, high: f64, from: f64, to: f64) -> Scale {
        let is_logarithmic = high > low * LOGARITHMIC;
        let (low, high) = if is_logarithmic {
            (low / 1.1, high * 1.1)
        } else {
            let room = (high - low).max(high * 1e-3) * 0.04;
            ((low - room).max(0.0), high + room)
        };
        Scale {
            low,
            high,
            from,
            to,
            is_logarithmic,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = if self.is_logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round values for the axis.
    fn ticks(&self) -> Vec<f64> {
        if self.is_logarithmic {
            let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
            let steps: &[f64] = if self.high / self.low > 200.0 {
                &[1.0]
            } else {
                &[1.0, 2.0, 5.0]
            };
            return powers
                .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
                .filter(|&value| value >= self.low && value <= self.high)
                .collect();
        }
        let raw = (self.high - self.low) / 6.0;
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|step| step * power)
            .find(|&step| step >= raw)
            .unwrap_or(raw);
        let first = (self.low / step).ceil() as i64;
        (first..first + 20)
            .map(|at| at as f64 * step)
            .take_while(|&value| value <= self.high)
            .collect()
    }
}

/// The range that holds nearly all values of all cases.
fn range(all: &[Drawn]) -> (f64, f64) {
    let low = all
        .iter()
        .map(|one| one.values.min())
        .fold(f64::INFINITY, f64::min);
    let high = all.iter().map(|one| {
        let values = &one.values;
        let quarters = values.quantile(0.75) - values.quantile(0.25);
        values
            .max()
            .min(values.quantile(0.75) + 6.0 * quarters.max(values.median() * 0.002))
    });
    (low, high.fold(low, f64::max))
}

fn tick_label(value: f64, unit: Option<Unit>) -> String {
    let text = time(value, 3, unit);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

fn open(height: f64, label: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(label)
    )
}

/// Names are cut to the room on the left; the whole name shows on the figure.
fn name_label(name: &str, y: f64) -> String {
    let shown: String = if name.chars().count() > 26 {
        name.chars().take(25).chain(['…']).collect()
    } else {
        name.to_owned()
    };
    format!(
        "<text x=\"{:.0}\" y=\"{y:.1}\" class=\"name\">{}<title>{}</title></text>\n",
        LEFT - 12.0,
        escaped(&shown),
        escaped(name)
    )
}

/// A row for each case: how often each time was seen, the figure and its interval.
fn spread(all: &[Drawn], unit: Option<Unit>) -> String {
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

/// The samples of each case in the order taken.
fn courses(all: &[Drawn], unit: Option<Unit>) -> String {
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

/// Time against a parameter, both logarithmic.
fn grows(of: &growth::Growth, unit: Option<Unit>) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;

    #[test]
    fn nothing_that_was_typed_becomes_markup() {
        let mut results = fake::results(&["<script>alert(1)</script>", "b&\""], &["3.11.7"]);
        results.cases[0].statement = "</code><img src=x>\n\x1b[31m".into();
        results.machine.processor = Some("<b>".into());
        let page = render(&results, None);
        assert!(
            !page.contains("<script") && !page.contains("<img") && !page.contains("<b>"),
            "{page}"
        );
        assert!(!page.contains('\x1b'));
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        // The page of a browser that is offline looks the same.
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("@import"));
    }

    #[test]
    fn the_same_results_are_the_same_page() {
        let results = fake::results(&["a"], &["3.11.7"]);
        assert_eq!(render(&results, None), render(&results, None));
        assert!(render(&Results::default(), None).ends_with("</html>\n"));
    }

    fn check_ticks(low: f64, high: f64, expected: &[f64]) {
        let found = Scale::new(low, high, 0.0, 1.0).ticks();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn axes_have_round_numbers() {
        check_ticks(1.0, 2.0, &[1.0, 1.2, 1.4, 1.6, 1.8, 2.0]);
        check_ticks(1.0, 90.0, &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        check_ticks(1e-6, 1e-3, &[1e-6, 1e-5, 1e-4, 1e-3]);
    }
}
