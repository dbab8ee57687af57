//! A page with the figures, how samples are spread, and how they followed each other: one file that needs nothing else.
//!
//! Everything is drawn here, so the page needs no script. Colours follow the reader's choice of light or dark. All text
//! is escaped; nothing that a user typed becomes markup.

mod course;
mod flame;
mod growth;
mod scale;
mod spread;

use super::commands;
use super::figures::{figure, reach, sentence};
use super::growth as growth_text;
use super::units::{Unit, counted, time};
use crate::markup::{escaped_lines, escaped_shown as escaped};
use crate::statistics::Samples;
use crate::timeit::compare::{Verdict, compare};
use crate::timeit::estimate::{Estimate, estimate, of_run};
use crate::timeit::findings;
use crate::timeit::growth::find as find_growth;
use crate::timeit::profiled::Profiled;
use crate::timeit::results::{Results, Side, Taken};

const STYLE: &str = include_str!("page.css");

/// The width of drawings, in their own units.
const WIDTH: f64 = 960.0;

/// Room on the left for names.
const LEFT: f64 = 190.0;

const RIGHT: f64 = 24.0;

/// Room for the numbers of an axis.
const AXIS: f64 = 30.0;

/// What is drawn of one case.
struct Drawn {
    name: String,
    estimate: Estimate,
    /// Samples behind the figure.
    values: Samples,
    /// All samples in the order taken, and whether they were left alone.
    course: Vec<(f64, bool)>,
}

/// The page, with what a profiler saw of the cases, if it was asked.
#[must_use]
pub fn render(results: &Results, profiled: &[Profiled], unit: Option<Unit>) -> String {
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
        out.push_str(&spread::draw(&all, unit));
        out.push_str("<p class=\"note\">The line is the figure, the band around it its interval; below stands how often each time was seen.</p>\n");
    }
    if !profiled.is_empty() {
        out.push_str("<h2>Where the time goes</h2>\n");
    }
    for of in profiled {
        out.push_str(&flame::draw(of, &results.name(of.side), unit));
    }
    if !all.is_empty() {
        for (at, of_growth) in find_growth(results).iter().enumerate() {
            if at == 0 {
                out.push_str("<h2>How the time grows</h2>\n");
            }
            out.push_str(&format!(
                "<p>{}</p>\n",
                escaped(&growth_text::sentence(of_growth))
            ));
            out.push_str(&growth::draw(of_growth, unit));
        }
        out.push_str("<h2>In the order taken</h2>\n");
        out.push_str(&course::draw(&all, unit));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;

    #[test]
    fn nothing_that_was_typed_becomes_markup() {
        let mut results = fake::results(&["<script>alert(1)</script>", "b&\""], &["3.11.7"]);
        results.cases[0].statement = "</code><img src=x>\n\x1b[31m".into();
        results.machine.processor = Some("<b>".into());
        let page = render(&results, &[], None);
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
        assert_eq!(render(&results, &[], None), render(&results, &[], None));
        assert!(render(&Results::default(), &[], None).ends_with("</html>\n"));
    }
}
