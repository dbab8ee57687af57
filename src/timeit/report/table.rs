//! Figures as a Markdown table, for issues and comments.

use super::figures::{figure, reach, sentence};
use super::units::{Unit, time};
use crate::timeit::compare::compare;
use crate::timeit::estimate::estimate;
use crate::timeit::findings;
use crate::timeit::results::Results;
use crate::view::table::{Layout, TableLine, draw, name_cell};
use anstyle::Style;

/// The table, then verdicts and findings as a list.
#[must_use]
pub fn render(results: &Results, unit: Option<Unit>) -> String {
    let layout = Layout::Markdown;
    let several = results.sides().count() > 1;
    let lines: Vec<TableLine> = results
        .sides()
        .filter_map(|side| {
            let estimate = estimate(results, side)?;
            let statement = results.cases.get(side.case).map_or("", |case| &case.statement);
            let mut cells = Vec::new();
            if several {
                cells.push(name_cell(&results.name(side), layout));
            }
            cells.extend([
                figure(&estimate, unit, 0),
                estimate.precision().map(reach).unwrap_or_default(),
                time(estimate.min, 4, unit),
                estimate.medians.len().to_string(),
                estimate.samples.to_string(),
            ]);
            Some(TableLine {
                cells,
                name: name_cell(statement, layout),
                style: Style::new(),
            })
        })
        .collect();
    let mut head = vec!["name"];
    if !several {
        head.clear();
    }
    head.extend(["time", "±", "min", "processes", "samples", "statement"]);
    let mut out = String::new();
    draw(&head, &lines, layout, &mut out);
    let verdicts = compare(results)
        .into_iter()
        .map(|comparison| sentence(&comparison));
    let found = findings::find(results).into_iter().map(|finding| {
        let of = finding.of.filter(|_| several);
        of.map(|name| format!("{name}: ")).unwrap_or_default() + &finding.what.to_string()
    });
    for (at, text) in verdicts.chain(found).enumerate() {
        if at == 0 {
            out.push('\n');
        }
        out.push_str(&format!("- {}\n", plain(&text)));
    }
    out
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
}
