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
        /// Whether rows are coloured: by own time, or by whether they grew or shrank.
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
    let mut head = HEAD;
    if rows
        .rows
        .iter()
        .any(|row| matches!(row.subject, super::Subject::Group { .. }))
    {
        head[HEAD.len() - 1] = "group";
    }
    if rows.sampled {
        head[0] = "nsamples";
    }
    let mut out = head_lines(rows, layout);
    draw(&head, &lines(rows, layout), layout, &mut out);
    out
}

/// One line of a table.
pub(crate) struct TableLine {
    /// All columns but the last.
    pub(crate) cells: Vec<String>,
    /// The last column, as [`name_cell`] makes it.
    pub(crate) name: String,
    /// Its colour, where colour is wanted.
    pub(crate) style: Style,
}

/// The columns that all cells but the last take, with the space after each.
pub(super) fn width_of_numbers(head: &[&str], lines: &[TableLine]) -> usize {
    let columns = head.iter().take(head.len().saturating_sub(1)).enumerate();
    let width = |(column, head): (usize, &&str)| {
        let cells = lines.iter().filter_map(|line| line.cells.get(column));
        2 + cells.map(String::len).max().unwrap_or(0).max(head.len())
    };
    columns.map(width).sum()
}

/// Appends a table: numbers set to the right, the last column to the left and cut to the layout's width.
pub(crate) fn draw(head: &[&str], lines: &[TableLine], layout: Layout, out: &mut String) {
    let name_width = match layout {
        Layout::Plain {
            width: Some(width), ..
        } => width
            .saturating_sub(width_of_numbers(head, lines))
            .max(NARROWEST_NAME),
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
        let alignment = if column + 1 == head.len() {
            Alignment::LEFT
        } else {
            Alignment::RIGHT
        };
        Cell::new_align(text, alignment)
    };
    table.set_titles(Line::new(
        head.iter()
            .enumerate()
            .map(|(column, text)| cell(column, text))
            .collect(),
    ));
    for line in lines {
        let mut cells: Vec<Cell> = line
            .cells
            .iter()
            .enumerate()
            .map(|(column, text)| cell(column, text))
            .collect();
        cells.push(cell(head.len() - 1, &cut(&line.name, name_width)));
        table.add_row(Line::new(cells));
    }
    let color = matches!(layout, Layout::Plain { color: true, .. });
    for (at, text) in table.to_string().lines().enumerate() {
        let text = text.trim_end();
        match layout {
            Layout::Markdown if at == 1 => out.push_str(&alignments(text)),
            // The first line is the head.
            _ if color => {
                let style = match at.checked_sub(1).and_then(|at| lines.get(at)) {
                    Some(line) => line.style,
                    None => Style::new().bold(),
                };
                out.push_str(&format!("{style}{text}{style:#}"));
            }
            _ => out.push_str(text),
        }
        out.push('\n');
    }
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

fn lines(rows: &Rows, layout: Layout) -> Vec<TableLine> {
    let name = |shown: &str| name_cell(shown, layout);
    let mut lines = Vec::with_capacity(rows.rows.len());
    for row in &rows.rows {
        lines.push(TableLine {
            cells: cells(rows, row.calls),
            name: name(&row.shown),
            style: heat(rows.percent(row.calls.own.as_f64()) / 100.0),
        });
        let arrow = if rows.view == View::Callers { "<-" } else { "->" };
        for edge in &row.edges {
            let cells = match edge.calls {
                EdgeCalls::Timed(calls) => cells(rows, calls),
                EdgeCalls::Counted(count) => {
                    let mut cells = vec![String::new(); HEAD.len() - 1];
                    cells[0] = count.to_string();
                    cells
                }
            };
            lines.push(TableLine {
                cells,
                name: format!("  {arrow} {}", name(&edge.shown)),
                style: Style::new(),
            });
        }
    }
    lines
}

fn cells(rows: &Rows, calls: Calls) -> Vec<String> {
    let count = if calls.total == calls.primitive {
        calls.total.to_string()
    } else {
        format!("{}/{}", calls.total, calls.primitive)
    };
    let (own, cumulative) = (calls.own.as_f64(), calls.cumulative.as_f64());
    let per = |quotient: Option<f64>| quotient.map(short).unwrap_or_default();
    vec![
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
pub(super) fn short(value: f64) -> String {
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

/// A name as the last column of this layout holds it.
pub(crate) fn name_cell(name: &str, layout: Layout) -> String {
    if layout == Layout::Markdown {
        markdown_code(name)
    } else {
        cell_text(name)
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
