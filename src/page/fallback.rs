//! What a browser without scripts shows: the first functions as a plain table.

use super::Contents;
pub(super) use crate::markup::escaped;
use crate::profile::stacks::Unit;
use std::fmt::Write as _;

/// Functions of the table.
const LISTED: usize = 100;

/// The functions with the most own time.
pub(super) fn table(contents: &Contents) -> String {
    let mut rows: Vec<_> = contents.functions[..contents.listed]
        .iter()
        .filter_map(|function| Some((function, function.numbers[1]?)))
        .collect();
    rows.sort_by_key(|(_, numbers)| std::cmp::Reverse(numbers.own));
    rows.truncate(LISTED);
    let mut out = String::from(
        "<p>This page needs JavaScript. Without it here are the functions with the most own time.</p>\n\
         <table><thead><tr><th>own</th><th>cumulative</th><th>function</th></tr></thead><tbody>\n",
    );
    let amount = |weight: u64| match contents.unit {
        Unit::Nanoseconds => format!("{:.3} s", weight as f64 * 1e-9),
        Unit::Samples => weight.to_string(),
    };
    for (function, numbers) in rows {
        let place = match &function.file {
            Some(file) => format!(" ({file}:{})", function.line),
            None => String::new(),
        };
        let name = escaped(&format!("{}{place}", function.name));
        let (own, cumulative) = (amount(numbers.own), amount(numbers.cumulative));
        writeln!(out, "<tr><td>{own}</td><td>{cumulative}</td><td>{name}</td></tr>")
            .expect("writing to a String does not fail");
    }
    out.push_str("</tbody></table>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("<script>", "&lt;script&gt;");
        check("a\"b'c&d", "a&quot;b&#39;c&amp;d");
    }
}
