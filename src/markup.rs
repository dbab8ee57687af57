//! Text in HTML, SVG and XML.

use crate::python::text::shown;

/// Text whose signs mean nothing there, also in attributes of either quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The same of text that came from anywhere: control characters are shown.
pub(crate) fn escaped_shown(text: &str) -> String {
    escaped(&shown(text.as_bytes()))
}

/// The same for several lines, whose line ends stay.
pub(crate) fn escaped_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped_shown).collect();
    lines.join("\n")
}
