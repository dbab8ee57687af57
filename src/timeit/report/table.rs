//! Figures as a table in Markdown, for issues and comments, in AsciiDoc, for manuals, and in the outlines of Emacs.

use super::commands;
use super::figures::{figure, reach, sentence};
use super::units::{Unit, time};
use crate::timeit::compare::compare;
use crate::timeit::estimate::estimate;
use crate::timeit::findings;
use crate::timeit::results::Results;
use crate::view::table::{Layout, TableLine, draw, name_cell};
use anstyle::Style;

/// The cells of all figures, the statement last, and what stands above them.
fn cells(results: &Results, unit: Option<Unit>) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let several = results.sides().count() > 1;
    let is_of_commands = results.is_of_commands();
    let mut head = Vec::new();
    if several {
        head.push("name");
    }
    head.extend(["time", "±", "min"]);
    if is_of_commands {
        head.extend(["mean", "max", "user", "system", "runs", "command"]);
    } else {
        head.extend(["processes", "samples", "statement"]);
    }
    let line = |side| {
        let estimate = estimate(results, side)?;
        let statement = results.cases.get(side.case).map_or("", |case| &case.statement);
        let mut cells = Vec::new();
        if several {
            cells.push(results.name(side));
        }
        cells.extend([
            figure(&estimate, unit, 0),
            estimate.precision().map(reach).unwrap_or_default(),
            time(estimate.min, 4, unit),
        ]);
        if is_of_commands {
            let runs = commands::Runs::of(results, side)?;
            cells.extend([runs.mean, runs.max, runs.user, runs.system].map(|value| time(value, 4, unit)));
        } else {
            cells.push(estimate.medians.len().to_string());
        }
        cells.extend([estimate.samples.to_string(), statement.to_owned()]);
        Some(cells)
    };
    (head, results.sides().filter_map(line).collect())
}

/// Verdicts and findings, as sentences.
fn sentences(results: &Results) -> impl Iterator<Item = String> {
    let several = results.sides().count() > 1;
    let verdicts = compare(results)
        .into_iter()
        .map(|comparison| sentence(&comparison));
    let found = findings::find(results).into_iter().map(move |finding| {
        let of = finding.of.filter(|_| several);
        of.map(|name| format!("{name}: ")).unwrap_or_default() + &finding.what.to_string()
    });
    verdicts.chain(found)
}

/// A Markdown table, then verdicts and findings as a list.
#[must_use]
pub fn render(results: &Results, unit: Option<Unit>) -> String {
    let layout = Layout::Markdown;
    let (head, rows) = cells(results, unit);
    let has_names = head.first() == Some(&"name");
    let lines: Vec<TableLine> = rows
        .into_iter()
        .map(|mut cells| {
            let statement = cells.pop().unwrap_or_default();
            if let Some(name) = cells.first_mut().filter(|_| has_names) {
                *name = name_cell(name, layout);
            }
            TableLine {
                cells,
                name: name_cell(&statement, layout),
                style: Style::new(),
            }
        })
        .collect();
    let mut out = String::new();
    draw(&head, &lines, layout, &mut out);
    for (at, text) in sentences(results).enumerate() {
        if at == 0 {
            out.push('\n');
        }
        out.push_str(&format!("- {}\n", plain(&text)));
    }
    out
}

/// An AsciiDoc table, then verdicts and findings as a list. Source: the AsciiDoc language documentation, "Tables" and
/// "Passthroughs".
#[must_use]
pub fn asciidoc(results: &Results, unit: Option<Unit>) -> String {
    let (head, rows) = cells(results, unit);
    let columns: Vec<&str> = head
        .iter()
        .map(|name| match *name {
            "name" | "statement" | "command" => "<",
            _ => ">",
        })
        .collect();
    let mut out = format!("[cols=\"{}\", options=\"header\"]\n|===\n", columns.join(","));
    let shown_head: Vec<String> = head.iter().map(|name| format!("|{name}")).collect();
    out.push_str(&format!("{}\n", shown_head.join(" ")));
    for row in rows {
        out.push('\n');
        for (cell, column) in row.iter().zip(&columns) {
            let cell = if *column == "<" {
                literal(cell)
            } else {
                cell.clone()
            };
            out.push_str(&format!("|{cell}\n"));
        }
    }
    out.push_str("|===\n");
    for (at, text) in sentences(results).enumerate() {
        if at == 0 {
            out.push('\n');
        }
        out.push_str(&format!("* {}\n", passed(&text)));
    }
    out
}

/// A table of Emacs' org-mode, then verdicts and findings as a list. Source: the Org Manual, "Built-in Table Editor" and
/// "Emphasis and Monospace".
#[must_use]
pub fn orgmode(results: &Results, unit: Option<Unit>) -> String {
    let (head, rows) = cells(results, unit);
    let mut out = format!(
        "| {} |\n|{}|\n",
        head.join(" | "),
        vec!["---"; head.len()].join("+")
    );
    for row in rows {
        let cells = row.iter().zip(&head).map(|(cell, head)| match *head {
            "name" | "statement" | "command" => verbatim(cell),
            _ => cell.clone(),
        });
        out.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    for (at, text) in sentences(results).enumerate() {
        if at == 0 {
            out.push('\n');
        }
        out.push_str(&format!("- {}\n", crate::python::text::shown(text.as_bytes())));
    }
    out
}

/// Code that org-mode takes for nothing else, on one line. The end of a cell has no other form than its entity, which is
/// none between the marks of code.
fn verbatim(text: &str) -> String {
    let text = crate::python::text::shown(text.as_bytes());
    match (text.contains('|'), text.contains('=')) {
        _ if text.is_empty() => text,
        (true, _) => text.replace('|', "\\vert{}"),
        (false, true) => format!("~{text}~"),
        (false, false) => format!("={text}="),
    }
}

/// Code that AsciiDoc takes for nothing else, on one line.
fn literal(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("`{}`", passed(text))
}

/// Text between pass macros: nothing in it means anything, but the end of the macro, and the end of a cell.
fn passed(text: &str) -> String {
    let text = crate::python::text::shown(text.as_bytes());
    format!("pass:c[{}]", text.replace(']', "\\]").replace('|', "\\|"))
}

/// Text that Markdown takes for nothing else, on one line.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in crate::python::text::shown(text.as_bytes()).chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;

    #[test]
    fn names_cannot_break_the_table() {
        let mut results = fake::results(&["a|b", "*c*"], &["3.11.7"]);
        results.cases[0].statement = "x = 1\n\x1b[31m|`y`".into();
        let text = render(&results, None);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("| "), "{text}");
        assert!(lines[1].starts_with("|--"), "{text}");
        assert!(
            lines[2].contains("`a\\|b`") && lines[2].contains("`x = 1\\n\\x1b[31m\\|'y'`"),
            "{text}"
        );
        assert!(lines[5].starts_with("- \\*c\\* is 2.0"), "{text}");
        assert_eq!(lines.len(), 6, "{text}");
    }

    /// Expected: what Asciidoctor shows as the text itself, by its documentation.
    #[test]
    fn asciidoc_takes_names_as_they_are() {
        let mut results = fake::results(&["a|b]", "c"], &["3.11.7"]);
        results.cases[0].statement = "x = [1]\n|".into();
        let text = asciidoc(&results, None);
        assert!(
            text.starts_with("[cols=\"<,>,>,>,>,>,<\", options=\"header\"]\n|===\n|name |time "),
            "{text}"
        );
        assert!(text.contains("|`pass:c[a\\|b\\]]`\n"), "{text}");
        assert!(text.contains("|`pass:c[x = [1\\]\\n\\|]`\n"), "{text}");
        assert!(text.contains("\n|===\n\n* pass:c[c is 2.0"), "{text}");
    }

    /// Expected: by hand, from the Org Manual.
    #[test]
    fn org_tables_have_a_line_for_each_row() {
        let mut results = fake::results(&["a|b", "c"], &["3.11.7"]);
        results.cases[0].statement = "x = 1\n\x1b[0m".into();
        results.cases[1].statement = "f()".into();
        let text = orgmode(&results, None);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("| name | time | "), "{text}");
        assert_eq!(lines[1], "|---+---+---+---+---+---+---|");
        assert!(
            lines[2].starts_with("| a\\vert{}b | ") && lines[2].ends_with(" | ~x = 1\\n\\x1b[0m~ |"),
            "{text}"
        );
        assert!(
            lines[3].starts_with("| =c= | ") && lines[3].ends_with(" | =f()= |"),
            "{text}"
        );
        assert!(lines[5].starts_with("- c is 2.0"), "{text}");
    }
}
