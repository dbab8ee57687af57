//! Pictures in a real browser: headless Chromium runs the picture's own script.

use crate::prof;
use std::process::Command;

/// A Chromium, by its usual names. Without one the test says so and passes, but fails under CI.
pub(crate) fn chromium() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no Chromium on PATH");
        eprintln!("skipped: no Chromium on PATH");
    }
    found
}

/// Without a window, and without a connection of its own.
pub(crate) const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Opens a file and returns the document after its scripts have run.
pub(crate) fn document(chromium: &str, path: &std::path::Path, profile: &std::path::Path) -> String {
    let output = Command::new(chromium)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .output()
        .expect("Chromium runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs when the picture is ready: clicks on a frame as a user does, then searches, and leaves what is seen then
/// in the document.
const SCRIPT: &str = r#"<script type="text/ecmascript"><![CDATA[
window.addEventListener("load", function () {
    var seen = [];
    var frames = document.getElementById("frames");
    var groups = Array.from(frames.querySelectorAll("g"));
    var named = function (name) {
        return groups.find(function (g) { return g.querySelector("title").textContent.indexOf(name) === 0; });
    };
    var width = function (name) { return parseFloat(named(name).querySelector("rect").getAttribute("width")); };
    var hidden = function (name) { return named(name).classList.contains("hide") || named(name).style.display === "none"; };
    seen.push("drawn=" + groups.length, "before=" + width("work"));
    named("work").dispatchEvent(new MouseEvent("click", { bubbles: true }));
    seen.push("zoomed=" + width("work"), "other=" + hidden("rest"));
    search("inner");
    seen.push("matched=" + document.getElementById("matched").textContent);
    seen.push("fill=" + named("inner").querySelector("rect").getAttribute("fill"));
    document.documentElement.setAttribute("data-seen", seen.join("|"));
});
]]></script>"#;

#[test]
fn a_flame_graph_draws_zooms_and_searches() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stacks = "main;work;inner 25\nmain;work 25\nmain;rest 50\n";
    let output = prof()
        .args(["flamegraph", "-", "-o", "-"])
        .write_stdin(stacks)
        .assert()
        .success();
    let svg = String::from_utf8(output.get_output().stdout.clone()).expect("text");
    let end = svg.rfind("</svg>").expect("an SVG ends");
    let path = folder.path().join("picture.svg");
    std::fs::write(&path, [&svg[..end], SCRIPT, &svg[end..]].concat()).expect("a temporary file");
    let document = document(chromium, &path, folder.path());
    let (_, seen) = document
        .split_once("data-seen=\"")
        .unwrap_or_else(|| panic!("no script ran: {document}"));
    let seen: std::collections::HashMap<&str, &str> = seen
        .split('"')
        .next()
        .unwrap_or_default()
        .split('|')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let number = |name: &str| seen[name].trim_end_matches('%').parse::<f64>().expect("a number");
    // main, work, inner, rest, and all.
    assert_eq!(number("drawn"), 5.0, "{seen:?}");
    assert!(number("zoomed") > 1.9 * number("before"), "{seen:?}");
    assert_eq!(seen["other"], "true", "{seen:?}");
    assert!(
        seen["matched"].contains("50"),
        "half of what is zoomed into: {seen:?}"
    );
    assert_eq!(seen["fill"], "rgb(230,0,230)", "{seen:?}");
}
