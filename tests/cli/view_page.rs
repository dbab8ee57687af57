//! The page of `prof view` in a real browser, used as people use it.

use crate::chromium::chromium;
use crate::devtools::Browser;
use crate::{fixture, prof};
use serde_json::json;
use std::path::{Path, PathBuf};

#[path = "../../benches/generated/mod.rs"]
mod generated;

const VIEWS: [&str; 8] = [
    "icicle", "flame", "sunburst", "squares", "sandwich", "graph", "reverse", "files",
];

/// Writes the page of some files and opens it; waits until it is drawn.
pub(super) fn opened(files: &[&Path], folder: &Path, hash: &str) -> Option<(Browser, PathBuf)> {
    let chromium = chromium()?;
    let page = folder.join("page.html");
    prof()
        .arg("view")
        .args(files)
        .arg("--no-open")
        .arg("-o")
        .arg(&page)
        .assert()
        .success();
    let mut browser = Browser::start(chromium, 1400, 900);
    open(&mut browser, &page, hash);
    Some((browser, page))
}

pub(super) fn open(browser: &mut Browser, page: &Path, hash: &str) {
    browser.open(&format!("file://{}{hash}", page.display()));
    browser.wait("location.protocol === 'file:' && performance.getEntriesByName('prof-drawn').length");
    browser.settle();
}

pub(super) fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes stacks to a file.
pub(super) fn folded(folder: &Path, name: &str, stacks: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, stacks).expect("a temporary file");
    path
}

/// How many colours the canvas has: a drawn chart has many, an empty one has one.
fn colors(browser: &mut Browser) -> u64 {
    let count = browser.ask(
        "(() => { const c = document.getElementById('canvas');
        const d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
        return new Set(d).size; })()",
    );
    count.as_u64().expect("a number")
}

/// Moves over the chart until the state line tells of a frame whose text contains this; returns where.
pub(super) fn find_frame(browser: &mut Browser, wanted: &str) -> (f64, f64) {
    let place = browser.ask(
        "(() => { const b = document.getElementById('scroller').getBoundingClientRect();
        return [b.left, b.top, b.width, b.height]; })()",
    );
    let number = |at: usize| place[at].as_f64().expect("a place");
    let (left, top, width, height) = (number(0), number(1), number(2), number(3));
    for row in 0..(height / 20.0) as u32 {
        for column in 0..28 {
            let (x, y) = (
                left + (f64::from(column) + 0.3) * width / 28.0,
                top + f64::from(row) * 20.0 + 9.0,
            );
            browser.point(x, y);
            if browser.text("#status").contains(wanted) {
                return (x, y);
            }
        }
    }
    panic!("no frame tells of {wanted}");
}

fn show(browser: &mut Browser, view: &str) {
    browser.click_on(&format!("[data-view={view}]"));
    browser.wait(&format!("document.documentElement.dataset.drawn === '{view}'"));
    browser.settle();
}

pub(super) fn hash(browser: &mut Browser) -> String {
    browser.ask("location.hash").as_str().expect("text").to_owned()
}

#[test]
fn every_view_of_the_server_is_drawn_zoomed_searched_and_clicked_through() {
    let folder = temporary();
    let Some((mut browser, page)) = opened(&[&fixture("server.prof")], folder.path(), "") else {
        return;
    };
    assert!(browser.text("#summary").starts_with("130.639 seconds"));
    assert!(
        browser.text("#body tr").contains("66.536"),
        "the poll leads the table"
    );

    // Zoom and choose in the icicle; the link tells it.
    let (x, y) = find_frame(&mut browser, "_union");
    browser.click(x, y, false);
    assert_eq!(browser.text("#detail h2"), "_union");
    let zoomed = hash(&mut browser);
    assert!(zoomed.contains("fn=") && zoomed.contains("at="), "{zoomed}");
    // pstats: 5457 calls, own 0.248, cumulative 17.181; called by __add__ alone.
    let numbers = browser.text(".numbers").replace('\u{202f}', "");
    assert!(
        numbers.contains("5457") && numbers.contains("17.181 s"),
        "{numbers}"
    );
    assert!(
        browser.text("#callers").contains("Called by 1")
            && browser.text("#callers tbody").contains("__add__")
    );
    for view in VIEWS {
        show(&mut browser, view);
        let count = colors(&mut browser);
        assert!(count > 20, "{view} has {count} colours");
    }
    // Through the callers and callees, both ways.
    browser.click_on("#callers td.name button");
    assert_eq!(browser.text("#detail h2"), "__add__");
    let callee = "(() => [...document.querySelectorAll('#callees td.name button')].find((b) => b.textContent === '_union').click())()";
    browser.ask(callee);
    assert_eq!(browser.text("#detail h2"), "_union");

    // Back through the states, and the link opened anew.
    browser.ask("history.back()");
    browser.wait("document.querySelector('#detail h2').textContent === '__add__'");
    browser.open("about:blank");
    open(&mut browser, &page, &zoomed);
    assert_eq!(browser.text("#detail h2"), "_union");
    let (x, y) = find_frame(&mut browser, "_union");
    // The root of the zoom is as wide as the picture, and a second click leads out.
    browser.click(x, y, false);
    assert_ne!(hash(&mut browser), zoomed);

    // Search: what stats says of the same pattern.
    browser.press("/");
    browser.type_text("cmdset.py");
    let told = browser.text("#matched").replace('\u{202f}', "");
    let stats = prof()
        .args(["stats", "--format", "json", "--limit", r"cmdset\.py"])
        .arg(fixture("server.prof"))
        .assert()
        .success();
    let stats: serde_json::Value = serde_json::from_slice(&stats.get_output().stdout).expect("JSON");
    let rows = stats["rows"].as_array().expect("rows");
    let own: f64 = rows
        .iter()
        .map(|row| row["own_seconds"].as_f64().expect("seconds"))
        .sum();
    assert!(
        told.starts_with(&format!("{} functions \u{b7} own {own:.3} s", rows.len())),
        "{told}"
    );
    let listed = browser.ask("document.getElementById('table').getAttribute('aria-rowcount')");
    assert_eq!(listed, json!((rows.len() + 1).to_string()));
    browser.press("Escape");
    assert_eq!(
        browser.ask("document.getElementById('matched').hidden"),
        json!(true)
    );
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn the_keyboard_reaches_everything() {
    let folder = temporary();
    let stacks = folded(
        folder.path(),
        "a.folded",
        "main;work;inner 25\nmain;work 25\nmain;rest 50\n",
    );
    let Some((mut browser, _)) = opened(&[&stacks], folder.path(), "") else {
        return;
    };
    browser.ask("document.getElementById('canvas').focus()");
    for (key, told) in [
        ("ArrowDown", "all: 100 samples"),
        ("ArrowDown", "main: 100 samples, 100% of all"),
        ("ArrowDown", "rest: 50 samples, 50.0% of all"),
        ("ArrowRight", "work: 50 samples, 50.0% of all, own 25 samples"),
        ("ArrowDown", "inner: 25 samples, 25.0% of all"),
        ("ArrowUp", "work: 50 samples"),
    ] {
        browser.press(key);
        let status = browser.text("#status");
        assert!(status.starts_with(told), "{key}: {status}");
    }
    browser.press("Enter");
    assert_eq!(browser.text("#detail h2"), "work");
    assert!(hash(&mut browser).contains("at="));
    browser.press("Backspace");
    browser.press("Backspace");
    assert!(!hash(&mut browser).contains("at="));
    for (key, view) in VIEWS.iter().chain(&["table"]).enumerate() {
        browser.press(&(key + 1).to_string());
        assert_eq!(browser.ask("document.documentElement.dataset.view"), json!(view));
        let chosen = browser.ask("document.querySelector('[role=tab][aria-selected=true]').dataset.view");
        assert_eq!(chosen, json!(view));
    }
    // The table by arrows, and its head by a click: the name upwards, then downwards.
    browser.ask("document.getElementById('rows').focus()");
    browser.press("ArrowDown");
    browser.press("ArrowUp");
    browser.press("ArrowUp");
    let first = browser.text("#body tr b");
    assert_eq!(browser.text("#detail h2"), first);
    browser.click_on("#columns th.name button");
    assert_eq!(browser.text("#body tr b"), "inner");
    assert_eq!(
        browser.ask("document.querySelector('th.name').getAttribute('aria-sort')"),
        json!("ascending")
    );
    browser.click_on("#columns th.name button");
    assert_eq!(browser.text("#body tr b"), "work");
    let theme = "document.documentElement.dataset.theme";
    assert_eq!(browser.ask(theme), json!("light"));
    browser.press("d");
    assert_eq!(browser.ask(theme), json!("dark"));
    let ground = browser.ask("getComputedStyle(document.body).backgroundColor");
    assert_eq!(ground, json!("rgb(20, 23, 28)"));
    browser.press("?");
    assert_eq!(browser.ask("document.getElementById('keys').open"), json!(true));
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn names_are_shown_and_never_run() {
    let names = [
        "<script>document.title='run'</script>",
        "</script><script>document.title='run'</script>",
        "\"><img src=x onerror=document.title='run'>",
        "{{script}}",
        "<!--<script>",
        "&ltb&amp",
        "\u{202e}back",
        "\u{65e5}\u{672c}",
    ];
    let folder = temporary();
    let lines: String = names
        .iter()
        .zip(1..)
        .map(|(name, weight)| format!("main;{name} {weight}\n"))
        .collect();
    let stacks = folded(folder.path(), "<img src=x onerror=document.title='run'>", &lines);
    let Some((mut browser, _)) = opened(&[&stacks], folder.path(), "") else {
        return;
    };
    let shown =
        browser.ask("[...document.querySelectorAll('#body b')].map((b) => b.textContent).slice(0, -1)");
    let expected: Vec<String> = names
        .iter()
        .rev()
        .map(|name| name.replace('\u{202e}', "\\u202e"))
        .collect();
    assert_eq!(shown, json!(expected));
    for view in VIEWS {
        show(&mut browser, view);
        browser.click_on("#body tr");
    }
    assert_ne!(browser.ask("document.title"), json!("run"));
    assert_eq!(browser.ask("document.querySelectorAll('img').length"), json!(0));
    assert_eq!(browser.complaints, [""; 0]);
    // The policy holds for what might come in all the same.
    browser.ask(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);
        const i = new Image(); i.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; document.body.append(i); })()",
    );
    browser.wait("true");
    assert_eq!(browser.ask("window.ran === undefined"), json!(true));
    browser.settle();
    let text = browser.complaints.join("\n");
    assert!(text.contains("Content Security Policy"), "{text}");
}

#[test]
fn a_comparison_colors_what_grew_and_what_shrank() {
    let folder = temporary();
    let before = folded(
        folder.path(),
        "before",
        "m;grew 10\nm;shrank 60\nm;same 40\nm;gone 5\n",
    );
    let after = folded(
        folder.path(),
        "after",
        "m;grew 60\nm;shrank 10\nm;same 40\nm;new 5\n",
    );
    let Some((mut browser, _)) = opened(&[&before, &after], folder.path(), "") else {
        return;
    };
    assert!(
        browser
            .text("#summary")
            .starts_with("115 samples \u{2192} 115 samples")
    );
    let mut color = |name: &str| {
        let (x, y) = find_frame(&mut browser, &format!("{name}: "));
        // Away from the frame, so that it is not marked; then its colour beside its label.
        browser.point(5.0, 5.0);
        let pixel = format!(
            "(() => {{ const c = document.getElementById('canvas'); const b = c.getBoundingClientRect();
            return [...c.getContext('2d').getImageData({x} - b.left, {y} - b.top + 8, 1, 1).data]; }})()"
        );
        let pixel = browser.ask(&pixel);
        let part = |at: usize| pixel[at].as_i64().expect("a byte");
        part(0) - part(2)
    };
    let (grew, shrank, same) = (color("grew"), color("shrank"), color("same"));
    assert!(grew > 60, "red: {grew}");
    assert!(shrank < -60, "blue: {shrank}");
    assert!(same.abs() < 20, "grey: {same}");
    let rows = browser.ask("[...document.querySelectorAll('#body tr')].map((r) => r.textContent)");
    let row = |name: &str| {
        let rows = rows.as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row.as_str().is_some_and(|row| row.contains(name)));
        row.and_then(|row| row.as_str())
            .unwrap_or_else(|| panic!("no {name} in {rows:?}"))
            .to_owned()
    };
    assert!(row("gone").contains("\u{2212}5") && row("new").contains("+5"));
    assert!(row("grew").contains("+50") && row("shrank").contains("\u{2212}50"));
    // The widths of before: there what is gone has one.
    browser.ask("(() => { const s = document.getElementById('side'); s.value = '0'; s.dispatchEvent(new Event('change')); })()");
    browser.settle();
    find_frame(&mut browser, "gone: 5 samples");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_very_deep_recursion_can_be_looked_at() {
    let folder = temporary();
    let deep = format!("main;short 5\nmain;{}end 5\n", "f;".repeat(20_000));
    let stacks = folded(folder.path(), "deep.folded", &deep);
    let Some((mut browser, _)) = opened(&[&stacks], folder.path(), "") else {
        return;
    };
    browser.click_on("#body tr");
    for view in VIEWS {
        show(&mut browser, view);
    }
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn source_stands_beside_its_function() {
    let folder = temporary();
    let file = folder.path().join("rules.py");
    std::fs::write(
        &file,
        "import os\n\ndef parse(text):\n    return '<b>' + text\n\nend = 1\n",
    )
    .expect("a file");
    let stacks = folded(
        folder.path(),
        "a.folded",
        &format!("main;parse ({}:3) 5\n", file.display()),
    );
    let Some(chromium) = chromium() else { return };
    let page = folder.path().join("page.html");
    let mut command = prof();
    command
        .args(["view", "--source", "--no-open"])
        .arg(&stacks)
        .arg("-o")
        .arg(&page);
    command.assert().success();
    let mut browser = Browser::start(chromium, 1400, 900);
    open(&mut browser, &page, "");
    browser.click_on("#body tr");
    let lines =
        browser.ask("[...document.querySelectorAll('#source li')].map((l) => [l.value, l.textContent])");
    assert_eq!(
        lines,
        json!([[3, "def parse(text):"], [4, "    return '<b>' + text"]])
    );
}

#[test]
fn a_served_page_loads_itself_again_and_keeps_its_state() {
    let Some(chromium) = chromium() else { return };
    let folder = temporary();
    let path = folded(folder.path(), "live.folded", "main;work 30\nmain;rest 10\n");
    let served = crate::view::Served::start(&path);
    let mut browser = Browser::start(chromium, 1400, 900);
    browser.open(&format!("http://127.0.0.1:{}/#view=squares&q=work", served.port));
    browser.wait("document.querySelector('#summary')?.textContent.startsWith('40 samples')");
    browser.wait("document.documentElement.dataset.drawn === 'squares'");
    folded(folder.path(), "next", "main;work 30\nmain;rest 10\nmain;more 5\n");
    std::fs::rename(folder.path().join("next"), &path).expect("it is renamed");
    browser.wait("document.querySelector('#summary')?.textContent.startsWith('45 samples')");
    browser.wait("document.documentElement.dataset.drawn === 'squares'");
    assert!(
        browser
            .text("#matched")
            .starts_with("1 function \u{b7} own 30 samples, 66.7%")
    );
    std::fs::write(&path, "no profile").expect("a temporary file");
    browser.wait("!document.getElementById('problem').hidden");
    assert!(browser.text("#problem").contains("cannot read"));
    assert_eq!(browser.complaints, [""; 0]);
}

/// Ten thousand functions always; a hundred thousand under CI, since a debug build needs half a minute for them.
#[test]
fn large_profiles_load_soon_and_do_not_freeze() {
    let Some(chromium) = chromium() else { return };
    let folder = temporary();
    let mut sizes = vec![(10_000, 3 << 20)];
    if std::env::var_os("CI").is_some() {
        sizes.push((100_000, 30 << 20));
    }
    let mut browser = Browser::start(chromium, 1400, 900);
    for (functions, most_bytes) in sizes {
        let dump = folder.path().join(format!("{functions}.prof"));
        let mut profile = generated::profile(functions);
        profile.sum_up().expect("sums fit");
        std::fs::write(&dump, prof::format::pstats::write(&profile)).expect("room");
        let page = folder.path().join(format!("{functions}.html"));
        prof()
            .args(["view", "--no-open"])
            .arg(&dump)
            .arg("-o")
            .arg(&page)
            .assert()
            .success();
        let bytes = page.metadata().expect("it is there").len();
        assert!(bytes < most_bytes, "{functions} functions: {bytes} bytes");
        open(&mut browser, &page, "");
        let drawn = browser.ask("performance.getEntriesByName('prof-drawn')[0].startTime");
        let drawn = drawn.as_f64().expect("milliseconds");
        // The bars are 1 s and 3 s on a quiet machine; a test must hold on a busy one.
        eprintln!("{functions} functions: {bytes} bytes, drawn after {drawn:.0} ms");
        assert!(drawn < 15_000.0, "{functions} functions: drawn after {drawn} ms");
        browser.click_on("#body tr");
        for view in VIEWS {
            show(&mut browser, view);
            let count = colors(&mut browser);
            assert!(count > 3, "{view} has {count} colours");
        }
        let count = browser.ask("document.getElementById('table').getAttribute('aria-rowcount')");
        assert_eq!(count, json!((functions + 1).to_string()));
        // To the end of the list and back.
        browser.ask("document.getElementById('rows').scrollTop = 1e9");
        browser.settle();
        let last =
            browser.ask("Number(document.querySelector('#body').lastChild.getAttribute('aria-rowindex'))");
        assert_eq!(last, json!(functions + 1));
        browser.press("/");
        browser.type_text("function_77");
        assert!(browser.text("#matched").contains("functions"));
        browser.press("Escape");
    }
    assert_eq!(browser.complaints, [""; 0]);
}

/// Pictures of all views for people who change the page: `PICTURES=folder cargo test --test cli pictures`.
#[test]
fn pictures() {
    let Some(folder) = std::env::var_os("PICTURES").map(PathBuf::from) else {
        return;
    };
    let work = temporary();
    let Some((mut browser, _)) = opened(&[&fixture("server.prof")], work.path(), "") else {
        return;
    };
    let (x, y) = find_frame(&mut browser, "get_and_merge_cmdsets");
    browser.click(x, y, true);
    for theme in ["light", "dark"] {
        for view in VIEWS {
            show(&mut browser, view);
            let picture = browser.picture();
            std::fs::write(folder.join(format!("{view}-{theme}.png")), picture).expect("room");
        }
        browser.press("d");
    }
}
