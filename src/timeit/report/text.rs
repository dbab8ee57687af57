//! The report for people: a line for each figure, one for each comparison, then what should be known of them.

use super::commands::{self, Column};
use super::figures::{digits, figure, reach, sentence};
use super::growth as growth_text;
use super::units::{Unit, counted, time};
use crate::python::text::shown;
use crate::statistics::interval::{LEVEL, Method};
use crate::timeit::baseline::Change;
use crate::timeit::compare::{Verdict, compare};
use crate::timeit::estimate::{self, Estimate};
use crate::timeit::results::{Metric, Results};
use crate::timeit::{findings, growth};
use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a report is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The unit of all times; without it the one that fits.
    pub unit: Option<Unit>,
    /// More digits.
    pub verbose: bool,
    /// The columns that a line may take; statements are cut to fit.
    pub width: Option<usize>,
    /// Are verdicts coloured?
    pub color: bool,
    /// What is told of commands beside their time; nothing here is the usual.
    pub columns: Vec<Column>,
}

/// No statement is cut to less.
const NARROWEST: usize = 16;

/// None is longer where nothing says how long lines may be.
const WIDEST: usize = 60;

/// The figures, comparisons and findings of results.
#[must_use]
pub fn render(results: &Results, options: &Options) -> String {
    let mut out = figures(results, options);
    out.push_str(&shell(results, options));
    out.push_str(&comparisons(results, options));
    out.push_str(&grown(results, options));
    for finding in findings::find(results) {
        let of = finding.of.filter(|_| results.sides().count() > 1);
        let of = of.map(|name| format!("{name}: ")).unwrap_or_default();
        out.push_str(&format!(
            "  {}\n",
            shown(format!("{of}{}", finding.what).as_bytes())
        ));
    }
    out
}

/// How long the shell of commands takes by itself.
fn shell(results: &Results, options: &Options) -> String {
    let (true, Some(case), Some(estimate)) = (
        results.is_of_commands(),
        &results.reference,
        estimate::reference(results, 0),
    ) else {
        return String::new();
    };
    let figure = figure(&estimate, options.unit, 2 * usize::from(options.verbose));
    let reach = estimate.precision().map(reach).unwrap_or_default();
    let text = format!(
        "`{}` by itself takes {figure} {reach}, which is part of the time of what it runs",
        case.name
    );
    format!("  {}\n", shown(text.as_bytes()))
}

/// How times grow with parameters, each with a plot.
#[must_use]
pub fn grown(results: &Results, options: &Options) -> String {
    let mut out = String::new();
    for of in growth::find(results) {
        out.push_str(&format!("  {}\n", shown(growth_text::sentence(&of).as_bytes())));
        out.push_str(&growth_text::plot(&of, options.unit));
    }
    out
}

/// A line for each comparison that results allow.
#[must_use]
pub fn comparisons(results: &Results, options: &Options) -> String {
    let mut out = String::new();
    for comparison in compare(results) {
        out.push_str("  ");
        push_verdict(
            &shown(sentence(&comparison).as_bytes()),
            comparison.verdict,
            options,
            &mut out,
        );
    }
    out
}

/// What became of a baseline.
#[must_use]
pub fn render_changes(changes: &[Change], options: &Options) -> String {
    let mut out = String::new();
    for Change { comparison, machine } in changes {
        let mut text = sentence(comparison);
        if let Some(machine) = machine {
            let word = if *machine > 1.0 { "slower" } else { "faster" };
            let percent = (machine.max(1.0 / machine) - 1.0) * 100.0;
            text.push_str(&format!(
                "; the machine itself is {percent:.0}% {word} than then, by the reference loop, which this allows for"
            ));
        }
        push_verdict(&shown(text.as_bytes()), comparison.verdict, options, &mut out);
    }
    out
}

fn push_verdict(text: &str, verdict: Verdict, options: &Options, out: &mut String) {
    let style = match verdict {
        Verdict::Faster => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Verdict::Slower => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Verdict::Same | Verdict::CannotTell { .. } => Style::new(),
    };
    if options.color && style != Style::new() {
        out.push_str(&format!("{style}{text}{style:#}\n"));
    } else {
        out.push_str(text);
        out.push('\n');
    }
}

/// A line for each figure.
#[must_use]
pub fn figures(results: &Results, options: &Options) -> String {
    let lines: Vec<[String; 5]> = results
        .sides()
        .filter_map(|side| {
            let estimate = estimate::estimate(results, side)?;
            let name = results.name(side);
            let statement = results.cases.get(side.case).map_or("", |case| &case.statement);
            let label = match (results.sides().count(), statement.trim()) {
                (_, "") => name,
                (1, statement) => statement.to_owned(),
                // Names that users gave may be the statement.
                (_, statement) if statement == name => name,
                (_, statement) => format!("{name}  {statement}"),
            };
            let reach = estimate.precision().map(reach).unwrap_or_default();
            Some([
                shown(label.as_bytes()),
                figure(&estimate, options.unit, 2 * usize::from(options.verbose)),
                reach,
                details(&estimate, results, options),
                commands::line(results, side, &options.columns).unwrap_or_default(),
            ])
        })
        .collect();
    let widest = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
    let short = widest(1) + widest(2) + 4;
    let long = short + widest(3) + 2;
    // Where a line has no room for all, the details come below it.
    let is_narrow = options
        .width
        .is_some_and(|width| width < long + NARROWEST.min(widest(0)));
    let rest = if is_narrow { short } else { long };
    let room = options.width.map_or(WIDEST, |width| width.saturating_sub(rest));
    let label_width = widest(0).min(room.max(NARROWEST));
    let between = if is_narrow { "\n    " } else { "  " };
    let mut out = String::new();
    for [label, figure, reach, details, more] in &lines {
        let label = cut(label, label_width);
        let line = format!(
            "{label}{}  {}{figure}  {reach}{}",
            " ".repeat(label_width.saturating_sub(label.width())),
            " ".repeat(widest(1).saturating_sub(figure.width())),
            " ".repeat(widest(2).saturating_sub(reach.width())),
        );
        let line = if is_narrow { line.trim_end() } else { &line };
        out.push_str(&format!("{line}{between}{details}\n"));
        if !more.is_empty() {
            out.push_str(&format!("    {more}\n"));
        }
    }
    out
}

/// Cuts text to so many columns; its beginning tells more than its end.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.into();
    }
    let mut left = width.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let columns = c.width().unwrap_or(0);
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    });
    let mut out: String = kept.collect();
    out.push('…');
    out
}

fn details(estimate: &Estimate, results: &Results, options: &Options) -> String {
    let metric = results.metric;
    let is_of_commands = results.is_of_commands();
    let more = 2 * usize::from(options.verbose);
    let unit = options
        .unit
        .unwrap_or_else(|| Unit::of(estimate.seconds, digits(estimate.precision())));
    let min = time(estimate.min, 4 + more, Some(unit));
    let processes = estimate.medians.len();
    let mut parts = vec![format!("min {min}")];
    if is_of_commands {
        parts.push(counted(estimate.samples as u64, "run"));
    } else {
        parts.push(if processes == 1 {
            "1 process".into()
        } else {
            format!("{processes} processes")
        });
        parts.push(counted(estimate.samples as u64, "sample"));
    }
    if metric == Metric::Cpu {
        parts.push("processor time".into());
    } else if let Some(clean) = estimate.clean {
        let clean = clean as f64 / estimate.samples.max(1) as f64 * 100.0;
        parts.push(format!("{clean:.0}% undisturbed"));
    }
    let by_processor = estimate.by_processor;
    if by_processor == processes {
        parts.push("too few undisturbed: processor time".into());
    } else if by_processor > 0 && is_of_commands {
        parts.push(format!(
            "processor time in {by_processor} of {processes} {}, too few undisturbed there",
            groups(estimate)
        ));
    } else if by_processor > 0 {
        parts.push(format!(
            "processor time in {by_processor} processes, too few undisturbed there"
        ));
    }
    if estimate.left_out > 0 && is_of_commands {
        parts.push(format!(
            "{} of {} {} too disturbed to count",
            estimate.left_out,
            processes + estimate.left_out,
            groups(estimate)
        ));
    } else if estimate.left_out > 0 {
        let word = if estimate.left_out == 1 {
            "process"
        } else {
            "processes"
        };
        parts.push(format!(
            "{} more {word} too disturbed to count",
            estimate.left_out
        ));
    }
    match estimate.interval {
        None if is_of_commands => parts.push("no interval from one run".into()),
        None => parts.push("no interval from one process".into()),
        Some(found) if found.method == Method::Student => {
            parts.push(format!("{:.0}% interval by Student's t", LEVEL * 100.0));
        }
        Some(_) => {}
    }
    format!("({})", parts.join(", "))
}

/// What stands where processes stand with snippets: blocks of consecutive runs, or few runs by themselves.
fn groups(estimate: &Estimate) -> &'static str {
    if estimate.medians.len() + estimate.left_out == estimate.samples {
        "runs"
    } else {
        "groups of them"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::{baseline, fake};

    fn check(names: &[&str], versions: &[&str], options: Options, expected: &[&str]) {
        let text = render(&fake::results(names, versions), &options);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn one_case() {
        check(
            &["A"],
            &["3.11.7"],
            Options::default(),
            &["A()  999.8 ns  ± 0.1%  (min 995.0 ns, 6 processes, 360 samples, 94% undisturbed)"],
        );
    }

    #[test]
    fn statements_are_cut_and_nothing_raw_is_shown() {
        let mut results = fake::results(&["A"], &["3.11.7"]);
        results.cases[0].statement = "\x1b[31mf(a)\nlong statement that goes on and on and on".into();
        let options = Options {
            width: Some(100),
            ..Options::default()
        };
        let text = render(&results, &options);
        assert!(text.starts_with("\\x1b[31mf(a)\\nlong sta…  "), "{text}");
        assert!(
            text.lines().next().is_some_and(|line| line.width() <= 100),
            "{text}"
        );
    }

    #[test]
    fn changes_tell_of_the_machine() {
        let old = fake::results(&["A"], &["3.11.7"]);
        let mut new = old.clone();
        for taken in new.runs.iter_mut().flat_map(|run| &mut run.taken) {
            taken.sample.wall = taken.sample.wall.mul_f64(1.2);
        }
        let text = render_changes(&baseline::compare(&new, &old, "old.json"), &Options::default());
        assert!(text.contains("A is the same as in old.json within 1%"), "{text}");
        assert!(
            text.contains("the machine itself is 20% slower than then"),
            "{text}"
        );
    }
}
