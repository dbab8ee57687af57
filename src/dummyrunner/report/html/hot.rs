//! The server's hottest functions, where they were sampled, and the way to their flame graph.

use super::super::Report;
use super::text::{escaped, table};
use std::fmt::Write as _;

pub(super) fn section(report: &Report<'_>, out: &mut String) {
    let Some(hot) = &report.hot else {
        return;
    };
    out.push_str("<section aria-labelledby=\"hot\">\n<h2 id=\"hot\">Where the server spends its time</h2>\n");
    let _ = writeln!(out, "<p>{}</p>", escaped(&hot.facts().join("; ")));
    if let (Some(path), Some(link)) = (&hot.flamegraph, &hot.link) {
        let _ = writeln!(
            out,
            "<p><a href=\"{}\">The flame graph: {}</a></p>",
            escaped(link),
            escaped(path)
        );
    }
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    let row = |function: &crate::record::hot::Function| {
        vec![
            function.name.clone(),
            percent(function.own),
            percent(function.cumulative),
        ]
    };
    let rows: Vec<Vec<String>> = hot.functions.iter().map(row).collect();
    out.push_str(&table(
        "Shares of the samples: in the function itself, and with all it called",
        &["function", "own", "cumulative"],
        1,
        &rows,
    ));
    out.push_str("</section>\n");
}

#[cfg(test)]
mod tests {
    use super::super::super::hot::address;
    use std::path::Path;

    #[test]
    fn a_link_leads_from_the_page_to_the_picture() {
        let check = |picture: &str, page: &str, expected: &str| {
            assert_eq!(address(Path::new(picture), Path::new(page)), expected);
        };
        check("/a/b/hot.svg", "/a/b/load.html", "hot.svg");
        check("/a/b/50% \"hot\".svg", "/a/b/load.html", "50%25%20%22hot%22.svg");
        check("/a/hot.svg", "/a/b/load.html", "file:///a/hot.svg");
    }
}
