//! Words of the page, safe to stand in it.

pub(super) use crate::markup::{escaped_lines, escaped_shown as escaped};
use std::fmt::Write as _;

/// A table: names of columns, of which the first `left` are texts, and rows of cells.
pub(super) fn table(caption: &str, head: &[&str], left: usize, rows: &[Vec<String>]) -> String {
    let class = |at: usize| if at < left { " class=\"t\"" } else { "" };
    let mut out = format!(
        "<div class=\"scroll\"><table><caption>{}</caption>\n<thead><tr>",
        escaped(caption)
    );
    for (at, name) in head.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(at), escaped(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = match at {
                0 => write!(out, "<th scope=\"row\" class=\"t\">{cell}</th>"),
                _ => write!(out, "<td{}>{cell}</td>", class(at)),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// Fills `{{name}}` in a page by what stands for the name; what is filled in is not looked at again.
pub(super) fn fill(page: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        out.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(
            escaped("<b a='\"'>&\u{1b}"),
            "&lt;b a=&#39;&quot;&#39;&gt;&amp;\\x1b"
        );
        assert_eq!(escaped_lines("a\u{7}\n<b"), "a\\x07\n&lt;b");
        let page = fill("<{{a}}|{{b}}|{{c}}>", &[("a", "{{b}}"), ("b", "x")]);
        assert_eq!(page, "<{{b}}|x|>");
    }
}
