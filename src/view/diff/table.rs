//! A comparison as a table for people, coloured by what grew and what shrank; and as Markdown.

use super::{Delta, Normalize, Order, Report, Row, SideReport};
use crate::python::Seconds;
use crate::python::number::fixed3;
use crate::python::text;
use crate::view::table::{Layout, TableLine, draw, name_cell, short, width_of_numbers};
use anstyle::{AnsiColor, Style};

const HEAD: [&str; 11] = [
    "own s",
    "own +/-",
    "own %",
    "cum s",
    "cum +/-",
    "cum %",
    "calls",
    "calls +/-",
    "per call",
    "per call %",
    "function",
];
/// The columns that a terminal does without on which names have less room than [`NARROW_NAME`], the first first.
const SPARE: [usize; 5] = [8, 3, 6, 9, 5];
const NARROW_NAME: usize = 28;

/// The whole report as text.
#[must_use]
pub fn render(report: &Report, layout: Layout) -> String {
    let mut out = head_lines(report, layout);
    if report.rows.is_empty() {
        out.push_str(if report.others.changed == 0 {
            "No function changed.\n"
        } else {
            "No function that changed is to be listed.\n"
        });
        return out;
    }
    let mut lines: Vec<TableLine> = report.rows.iter().map(|row| line(report, row, layout)).collect();
    if report.others.functions > 0 {
        lines.push(others(report));
    }
    lines.push(total(report));
    let mut head: Vec<&str> = HEAD.into();
    if report.after.sampled {
        head[6] = "samples";
    }
    if let Layout::Plain {
        width: Some(width), ..
    } = layout
    {
        // What it is sorted by stays.
        let sorted_by = (report.order == Order::PerCall).then_some(9);
        let mut spare = SPARE.into_iter().filter(|&column| Some(column) != sorted_by);
        let mut dropped: Vec<usize> = Vec::new();
        while width_of_numbers(&head, &lines) + NARROW_NAME > width {
            let Some(column) = spare.next() else { break };
            let at = column - dropped.iter().filter(|&&earlier| earlier < column).count();
            head.remove(at);
            for line in &mut lines {
                line.cells.remove(at);
            }
            dropped.push(column);
        }
    }
    draw(&head, &lines, layout, &mut out);
    out
}

fn head_lines(report: &Report, layout: Layout) -> String {
    let mut out = String::new();
    let end = if layout == Layout::Markdown { "  \n" } else { "\n" };
    let mut side = |name: &str, side: &SideReport| {
        for file in &side.files {
            out.push_str(&format!("{name} {}{end}", text::shown(file.as_bytes())));
        }
        if let Some(left_out) = &side.left_out {
            out.push_str(&format!("       {left_out}{end}"));
        }
    };
    side("before", &report.before);
    side("after ", &report.after);
    let what = if report.after.sampled { "samples" } else { "calls" };
    out.push_str(&format!(
        "own time {} -> {} seconds ({}, {}), {what} {} -> {} ({}, {}){end}",
        fixed3(report.own.before.as_f64()),
        fixed3(report.own.after.as_f64()),
        signed(&report.own),
        percent(&report.own),
        count(report.calls.before),
        count(report.calls.after),
        signed_count(&report.calls),
        percent(&report.calls),
    ));
    if let Some(normalize) = report.normalize {
        let by = match normalize {
            Normalize::Time => "own time",
            Normalize::Calls => "calls",
        };
        out.push_str(&format!(
            "before is scaled by {:.6} to the {by} of after{end}",
            report.scale
        ));
    }
    out.push_str(&format!(
        "{} functions in both ({} unchanged), {} new, {} gone; ordered by {}\n\n",
        report.matched,
        report.same,
        report.new,
        report.gone,
        report.order.heading()
    ));
    out
}

fn line(report: &Report, row: &Row, layout: Layout) -> TableLine {
    let rate = |delta: &Delta| match row.status() {
        status @ ("new" | "gone") => status.to_owned(),
        _ => percent(delta),
    };
    let (per_call, per_call_change) = match &row.per_call {
        Some(delta) => (short(delta.after.as_f64()), percent(delta)),
        None => (String::new(), String::new()),
    };
    let ordered = match report.order {
        Order::Own | Order::Name => Some(row.own),
        Order::Cumulative => Some(row.cumulative),
        Order::Calls => Some(row.calls),
        Order::PerCall => row.per_call,
    };
    TableLine {
        cells: vec![
            fixed3(row.own.after.as_f64()),
            signed(&row.own),
            rate(&row.own),
            fixed3(row.cumulative.after.as_f64()),
            signed(&row.cumulative),
            rate(&row.cumulative),
            count(row.calls.after),
            signed_count(&row.calls),
            per_call,
            per_call_change,
        ],
        name: name_cell(&row.shown, layout),
        style: ordered.map_or(Style::new(), |delta| colour(&delta)),
    }
}

/// The line of what is not listed.
fn others(report: &Report) -> TableLine {
    let others = &report.others;
    let kind = if others.changed == 0 { "unchanged" } else { "other" };
    let plural = if others.functions == 1 { "" } else { "s" };
    TableLine {
        cells: sums(&others.own, &others.calls),
        name: format!("{} {kind} function{plural}", others.functions),
        style: Style::new().dimmed(),
    }
}

fn total(report: &Report) -> TableLine {
    TableLine {
        cells: sums(&report.own, &report.calls),
        name: "total".to_owned(),
        style: Style::new().bold(),
    }
}

/// The cells of a sum over functions; cumulative times cannot be added.
fn sums(own: &Delta, calls: &Delta) -> Vec<String> {
    let mut cells = vec![String::new(); HEAD.len() - 1];
    cells[0] = fixed3(own.after.as_f64());
    cells[1] = signed(own);
    cells[2] = percent(own);
    cells[6] = count(calls.after);
    cells[7] = signed_count(calls);
    cells
}

fn colour(delta: &Delta) -> Style {
    let change = delta.change.as_f64();
    if change > 0.0 {
        Style::new().fg_color(Some(AnsiColor::Red.into()))
    } else if change < 0.0 {
        Style::new().fg_color(Some(AnsiColor::Blue.into()))
    } else {
        Style::new()
    }
}

/// A change in seconds with its sign; none for what shows as zero.
fn signed(delta: &Delta) -> String {
    let change = fixed3(delta.change.as_f64());
    match change.as_str() {
        "0.000" | "-0.000" => "0.000".to_owned(),
        "nan" => change,
        _ if change.starts_with('-') => change,
        _ => format!("+{change}"),
    }
}

/// Seconds with a fitting unit, such as `12.500 ms`.
#[must_use]
pub fn seconds(value: f64) -> String {
    short(value)
}

fn percent(delta: &Delta) -> String {
    match delta.percent() {
        percent if percent == f64::INFINITY => "+inf%".to_owned(),
        percent if percent.abs() < 0.05 => "0.0%".to_owned(),
        percent => format!("{percent:+.1}%"),
    }
}

/// A number of calls, which is no whole number where it is scaled.
#[must_use]
pub fn count(count: Seconds) -> String {
    match count {
        Seconds::Int(count) => count.to_string(),
        Seconds::Float(count) => format!("{count:.1}"),
    }
}

fn signed_count(delta: &Delta) -> String {
    match delta.change {
        Seconds::Int(0) => "0".to_owned(),
        Seconds::Int(change) => format!("{change:+}"),
        Seconds::Float(change) => format!("{change:+.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Packing, read_profile};
    use crate::python::Version;
    use crate::view::Stats;
    use crate::view::diff::{Diff, Options};
    use unicode_width::UnicodeWidthStr as _;

    #[test]
    fn a_narrow_terminal_gets_fewer_columns() {
        let load = |name: &str| {
            let path = format!("{}/fixtures/diff/{name}.prof", env!("CARGO_MANIFEST_DIR"));
            let bytes = std::fs::read(path).expect("the fixture is there");
            let profile = read_profile(&bytes[..], Packing::None).expect("a profile");
            Stats::new(profile, name.into(), Version::NEWEST)
        };
        let (before, after) = (load("before"), load("after"));
        let diff = Diff::new(&before, &after, None).expect("small numbers");
        let check = |order, width, columns: &[&str]| {
            let report = diff.report(&Options {
                order,
                ..Options::default()
            });
            let layout = Layout::Plain {
                width: Some(width),
                color: false,
            };
            let text = render(&report, layout);
            let (_, table) = text.split_once("\n\n").expect("a head and a table");
            let head = table.lines().next().unwrap_or_default();
            let found: Vec<&str> = head
                .split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect();
            assert_eq!(found, columns);
            assert!(
                width < 60 || table.lines().all(|line| line.width() <= width),
                "{text}"
            );
        };
        check(Order::Own, 200, &HEAD);
        let narrow = [
            "own s",
            "own +/-",
            "own %",
            "cum +/-",
            "cum %",
            "calls +/-",
            "function",
        ];
        check(Order::Own, 88, &narrow);
        let narrowest = ["own s", "own +/-", "own %", "cum +/-", "calls +/-", "function"];
        check(Order::Own, 0, &narrowest);
        let by_call = [
            "own s",
            "own +/-",
            "own %",
            "cum +/-",
            "calls +/-",
            "per call %",
            "function",
        ];
        check(Order::PerCall, 80, &by_call);
    }
}
