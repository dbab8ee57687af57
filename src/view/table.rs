//! Rows as a table for people: percent of the total, colour, names cut to the terminal; and as Markdown.

use super::rows::{Rows, View};
use crate::profile::{Calls, EdgeCalls};
use crate::python::number::fixed3;
use crate::python::text;
use anstyle::{AnsiColor, Style};
use prettytable::format::{Alignment, FormatBuilder, LinePosition, LineSeparator};
use prettytable::{Cell, Row as Line, Table};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a table is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// For a terminal or a text file.
    Plain {
        /// The columns that a line may take; names are cut to fit.
        width: Option<usize>,
        /// Whether rows with much own time are coloured.
        color: bool,
    },
    /// A Markdown table.
    Markdown,
}

/// No name is cut to less than this.
const NARROWEST_NAME: usize = 20;
const HEAD: [&str; 8] = [
    "ncalls", "own s", "own %", "per call", "cum s", "cum %", "per call", "function",
];

/// The whole report as text.
#[must_use]
pub fn render(rows: &Rows, layout: Layout) -> String {
    let lines = lines(rows, layout == Layout::Markdown);
    let name_width = match layout {
        Layout::Plain {
            width: Some(width), ..
        } => {
            let others: usize = (0..HEAD.len() - 1)
                .map(|column| {
                    2 + lines
                        .iter()
                        .map(|line| line.cells[column].len())
                        .max()
                        .unwrap_or(0)
                        .max(HEAD[column].len())
                })
                .sum();
            width.saturating_sub(others).max(NARROWEST_NAME)
        }
        _ => usize::MAX,
    };
    let mut table = Table::new();
    table.set_format(match layout {
        Layout::Markdown => FormatBuilder::new()
            .column_separator('|')
            .borders('|')
            .padding(1, 1)
            .separator(LinePosition::Title, LineSeparator::new('-', '|', '|', '|'))
            .build(),
        Layout::Plain { .. } => FormatBuilder::new().padding(0, 2).build(),
    });
    let cell = |column: usize, text: &str| {
        let alignment = if column == HEAD.len() - 1 {
            Alignment::LEFT
        } else {
            Alignment::RIGHT
        };
        Cell::new_align(text, alignment)
    };
    let last = if rows
        .rows
        .iter()
        .any(|row| matches!(row.subject, super::Subject::Group { .. }))
    {
        "group"
    } else {
        HEAD[7]
    };
    let mut head = HEAD;
    head[HEAD.len() - 1] = last;
    if rows.sampled {
        head[0] = "nsamples";
    }
    table.set_titles(Line::new(
        head.iter()
            .enumerate()
            .map(|(column, text)| cell(column, text))
            .collect(),
    ));
    for line in &lines {
        let mut cells: Vec<Cell> = line
            .cells
            .iter()
            .enumerate()
            .map(|(column, text)| cell(column, text))
            .collect();
        cells.push(cell(HEAD.len() - 1, &cut(&line.name, name_width)));
        table.add_row(Line::new(cells));
    }
    let mut out = head_lines(rows, layout);
    let color = matches!(layout, Layout::Plain { color: true, .. });
    for (at, text) in table.to_string().lines().enumerate() {
        let text = text.trim_end();
        match layout {
            Layout::Markdown if at == 1 => out.push_str(&alignments(text)),
            // The first line is the head.
            _ if color => {
                let style = if at == 0 {
                    Style::new().bold()
                } else {
                    heat(lines.get(at - 1).map_or(0.0, |line| line.share))
                };
                out.push_str(&format!("{style}{text}{style:#}"));
            }
            _ => out.push_str(text),
        }
        out.push('\n');
    }
    out
}

fn head_lines(rows: &Rows, layout: Layout) -> String {
    let mut out = String::new();
    let totals = &rows.totals;
    let end = if layout == Layout::Markdown { "  \n" } else { "\n" };
    for file in &rows.files {
        out.push_str(&text::shown(file.as_bytes()));
        out.push_str(end);
    }
    let what = if rows.sampled { "samples" } else { "calls" };
    out.push_str(&format!(
        "{} {what} ({} primitive) in {} seconds",
        totals.calls,
        totals.primitive,
        fixed3(totals.own.as_f64())
    ));
    if let Some(order) = &rows.order {
        out.push_str(&format!(", ordered by {order}"));
    }
    if let Some(left_out) = &rows.left_out {
        out.push_str(end);
        out.push_str(&left_out.to_string());
    }
    out.push_str("\n\n");
    out
}

/// One line of the table.
struct TableLine {
    /// All columns but the name.
    cells: [String; HEAD.len() - 1],
    name: String,
    /// Own time as a part of all.
    share: f64,
}

fn lines(rows: &Rows, markdown: bool) -> Vec<TableLine> {
    let name = |shown: &str| {
        if markdown {
            markdown_code(shown)
        } else {
            cell_text(shown)
        }
    };
    let mut lines = Vec::with_capacity(rows.rows.len());
    for row in &rows.rows {
        lines.push(TableLine {
            cells: cells(rows, row.calls),
            name: name(&row.shown),
            share: rows.percent(row.calls.own.as_f64()) / 100.0,
        });
        let arrow = if rows.view == View::Callers { "<-" } else { "->" };
        for edge in &row.edges {
            let cells = match edge.calls {
                EdgeCalls::Timed(calls) => cells(rows, calls),
                EdgeCalls::Counted(count) => {
                    let mut cells: [String; HEAD.len() - 1] = Default::default();
                    cells[0] = count.to_string();
                    cells
                }
            };
            lines.push(TableLine {
                cells,
                name: format!("  {arrow} {}", name(&edge.shown)),
                share: 0.0,
            });
        }
    }
    lines
}

fn cells(rows: &Rows, calls: Calls) -> [String; HEAD.len() - 1] {
    let count = if calls.total == calls.primitive {
        calls.total.to_string()
    } else {
        format!("{}/{}", calls.total, calls.primitive)
    };
    let (own, cumulative) = (calls.own.as_f64(), calls.cumulative.as_f64());
    let per = |quotient: Option<f64>| quotient.map(short).unwrap_or_default();
    [
        count,
        fixed3(own),
        format!("{:.1}", rows.percent(own)),
        per(calls.own.per(calls.total)),
        fixed3(cumulative),
        format!("{:.1}", rows.percent(cumulative)),
        per(calls.cumulative.per(calls.primitive)),
    ]
}

/// Seconds with a unit that keeps three digits: a call takes microseconds more often than seconds.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        _ if !value.is_finite() => fixed3(value),
        0.0 => "0".into(),
        1.0.. => format!("{value:.3} s"),
        1e-3.. => format!("{:.3} ms", value * 1e3),
        1e-6.. => format!("{:.3} us", value * 1e6),
        _ => format!("{:.3} ns", value * 1e9),
    }
}

/// A name as a cell may hold it: prettytable fails on escape sequences and on characters joined to one, so these
/// are escaped in files, too.
fn cell_text(name: &str) -> String {
    let shown = text::shown(name.as_bytes());
    shown.replace('\u{200d}', "\\u200d")
}

fn markdown_code(name: &str) -> String {
    format!("`{}`", cell_text(name).replace('`', "'").replace('|', "\\|"))
}

/// Cuts a name to so many terminal columns; its end tells more than its beginning.
fn cut(name: &str, width: usize) -> String {
    if name.width() <= width {
        return name.into();
    }
    let mut left = width.saturating_sub(1);
    let kept = name.char_indices().rev().take_while(|(_, c)| {
        let fits = c.width().unwrap_or(0) <= left;
        left = left.saturating_sub(c.width().unwrap_or(0));
        fits
    });
    let start = kept.last().map_or(name.len(), |(at, _)| at);
    format!("\u{2026}{}", &name[start..])
}

/// How loud a row is, by its own time.
fn heat(share: f64) -> Style {
    match share {
        0.1.. => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        0.03.. => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        _ => Style::new(),
    }
}

/// The second line of a Markdown table with a mark for each column that is set to the right.
fn alignments(line: &str) -> String {
    let columns: Vec<&str> = line.trim_matches('|').split('|').collect();
    let marked = columns.iter().enumerate().map(|(at, dashes)| {
        if at + 1 < columns.len() && dashes.len() > 1 {
            format!("{}:", &dashes[1..])
        } else {
            (*dashes).to_string()
        }
    });
    format!("|{}|", marked.collect::<Vec<_>>().join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_end() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("/a/long/path.py:12(f)", 11), "\u{2026}h.py:12(f)");
        assert_eq!(
            cut("\u{6f22}\u{5b57}\u{6f22}\u{5b57}", 6),
            "\u{2026}\u{6f22}\u{5b57}"
        );
    }

    #[test]
    fn cells_that_would_break_the_table_are_escaped() {
        assert_eq!(
            cell_text("a\x1b[31m\u{1f468}\u{200d}\u{1f469}\n"),
            "a\\x1b[31m\u{1f468}\\u200d\u{1f469}\\n"
        );
        assert_eq!(markdown_code("a|b`c"), "`a\\|b'c`");
    }

    #[test]
    fn times_of_a_call_get_a_fitting_unit() {
        assert_eq!(
            [0.0, 1.5, 0.0025, 0.000_002_5, 3e-9].map(short),
            ["0", "1.500 s", "2.500 ms", "2.500 us", "3.000 ns"]
        );
    }
}
