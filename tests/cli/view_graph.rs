//! The call graph of the page of `prof view`, and the menu that leads to it, in a real browser.

use crate::chromium::chromium;
use crate::devtools::Browser;
use crate::fixture;
use crate::view_page::{find_frame, folded, hash, open, opened, temporary};
use serde_json::json;

/// The texts that the canvas is drawn with next, for as long as the page is open.
fn listen_to_texts(browser: &mut Browser) {
    browser.ask(
        "(() => { window.texts = []; const draw = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
            window.texts.push(text); return draw.call(this, text, ...rest); }; })()",
    );
}

/// Draws the chart anew and returns its texts, sorted.
fn texts(browser: &mut Browser) -> Vec<String> {
    browser.ask("window.texts = []");
    browser.press("d");
    let texts = browser.ask("window.texts.sort()");
    serde_json::from_value(texts).expect("texts")
}

/// Expected: counted by hand. `a` and `b` call each other, and no stack counts twice for a function or a call.
#[test]
fn the_call_graph_counts_each_stack_once() {
    let folder = temporary();
    let stacks = folded(folder.path(), "a.folded", "main;a;b;a 10\nmain;b 20\nmain;a 5\n");
    let Some((mut browser, _)) = opened(&[&stacks], folder.path(), "#view=graph") else {
        return;
    };
    listen_to_texts(&mut browser);
    // Of 35 samples: main to a 15, to b 20, and 10 from each of the two to the other.
    let mut expected = vec!["28.6%", "28.6%", "42.9%", "57.1%"];
    expected.extend(["main", "100%", "a", "42.9%  own 42.9%", "b", "85.7%  own 57.1%"]);
    expected.sort_unstable();
    assert_eq!(texts(&mut browser), expected);

    browser.ask("document.getElementById('canvas').focus()");
    browser.press("ArrowDown");
    let status = browser.text("#status");
    assert_eq!(status, "b: 30 samples, 85.7% of all, own 20 samples");
    // Of b alone, 30 samples: 10 came by a, and a ran in 10 of them, which are the same.
    browser.press("Enter");
    assert_eq!(browser.text("#detail h2"), "b");
    let mut expected = vec!["33.3%", "33.3%", "33.3%", "66.7%"];
    expected.extend(["main", "100%", "a", "33.3%  own 33.3%", "b", "100%  own 66.7%"]);
    expected.sort_unstable();
    assert_eq!(texts(&mut browser), expected);
    browser.press("ArrowUp");
    let status = browser.text("#status");
    assert_eq!(status, "main: 30 samples, 100% of b, own 0 samples");
    let link = hash(&mut browser);
    // A second click on the function leads out, as Backspace does.
    let (x, y) = find_frame(&mut browser, "b: 30 samples");
    browser.click(x, y, false);
    assert_eq!(hash(&mut browser), "#view=graph");
    browser.ask("history.back()");
    browser.wait(&format!("location.hash === '{link}'"));
    browser.press("Backspace");
    assert_eq!(hash(&mut browser), "#view=graph");
    // Nothing is hidden without a word.
    browser.ask("(() => { const s = document.getElementById('least'); s.value = '20'; s.dispatchEvent(new Event('change')); })()");
    assert_eq!(hash(&mut browser), "#view=graph&least=20");
    assert_eq!(browser.complaints, [""; 0]);
}

/// Expected: the numbers of pstats for `_union`, which `__add__` alone calls, 5457 times.
#[test]
fn the_call_graph_of_a_dump_tells_calls_and_moves() {
    let folder = temporary();
    let Some((mut browser, page)) = opened(&[&fixture("server.prof")], folder.path(), "#view=graph") else {
        return;
    };
    let left_out = browser.text("#left-out");
    assert!(
        left_out.contains("functions with less than 2% left out"),
        "{left_out}"
    );
    let width =
        "(() => { const s = document.getElementById('scroller'); return s.scrollWidth > s.clientWidth; })()";
    assert_eq!(
        browser.ask(width),
        json!(true),
        "the whole graph is wider than its place"
    );
    let place =
        "(() => { const s = document.getElementById('scroller'); return [s.scrollLeft, s.scrollTop]; })()";
    let before = browser.ask(place);
    let link = hash(&mut browser);
    browser.drag((500.0, 300.0), (400.0, 250.0));
    let after = browser.ask(place);
    for at in 0..2 {
        assert!(after[at].as_f64() > before[at].as_f64(), "{before} {after}");
    }
    assert_eq!(hash(&mut browser), link, "a drag chooses nothing");
    browser.press("/");
    browser.type_text("_union");
    browser.click_on("#body tr");
    listen_to_texts(&mut browser);
    let texts = texts(&mut browser);
    assert!(
        texts.iter().any(|text| text.starts_with("_union cmdset")),
        "{texts:?}"
    );
    assert!(
        texts.iter().any(|text| text == "100% 5\u{202f}457\u{d7}"),
        "{texts:?}"
    );
    assert_eq!(browser.complaints, [""; 0]);
    // Opened by its link, in a window that has no room for all of it, the function is at half the height.
    let link = hash(&mut browser).replace("&q=_union", "");
    drop(browser);
    let mut browser = Browser::start(chromium().expect("it was there before"), 1280, 720);
    open(&mut browser, &page, &link);
    let middle = browser.ask(
        "(() => { const b = document.getElementById('scroller').getBoundingClientRect();
        return b.top + b.height / 2; })()",
    );
    let (_, y) = find_frame(&mut browser, "_union (cmdset.py:230)");
    let distance = (y - middle.as_f64().expect("a place")).abs();
    assert!(distance < 40.0, "{y} is not near {middle}");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_menu_offers_what_can_be_done_with_a_function() {
    let folder = temporary();
    let Some((mut browser, _)) = opened(&[&fixture("server.prof")], folder.path(), "") else {
        return;
    };
    let (x, y) = find_frame(&mut browser, "_union");
    browser.click_right(x, y);
    let items = browser.ask("[...document.querySelectorAll('#menu button')].map((item) => item.textContent)");
    let expected = [
        "Zoom to this frame",
        "All its callers and callees (Sandwich)",
        "Its call graph",
        "Only module evennia",
        "Only file cmdset.py",
        "Search for this name",
        "Copy name",
        "Copy file and line",
    ];
    assert_eq!(items, json!(expected));
    browser.press("Escape");
    let hidden = "document.getElementById('menu').hidden";
    assert_eq!(browser.ask(hidden), json!(true));
    assert_eq!(browser.ask("document.activeElement.id"), json!("canvas"));
    browser.click_right(x, y);
    browser.press("ArrowDown");
    browser.press("ArrowDown");
    browser.press("Enter");
    assert!(hash(&mut browser).starts_with("#view=graph&fn="));
    assert_eq!(browser.text("#detail h2"), "_union");
    // By a key in the table it is that of the chosen function.
    browser.ask("document.getElementById('rows').focus()");
    browser.ask(
        "document.getElementById('rows').dispatchEvent(new MouseEvent('contextmenu', { button: 0, bubbles: true }))",
    );
    assert_eq!(
        browser.ask("document.getElementById('menu').getAttribute('aria-label')"),
        json!("_union (cmdset.py:230)")
    );
    browser.press("Escape");
    assert_eq!(browser.ask("document.activeElement.id"), json!("rows"));
    // In the list of callers, too; whether the browser lets a page copy or not, the name is told.
    let place = browser.ask(
        "(() => { const b = document.querySelector('#callers td.name button').getBoundingClientRect();
        return [b.left + 5, b.top + 5]; })()",
    );
    let number = |at: usize| place[at].as_f64().expect("a place");
    browser.click_right(number(0), number(1));
    browser.click_on("#menu button:nth-last-child(2)");
    browser.wait("document.getElementById('status').textContent.endsWith(': __add__')");
    assert_eq!(
        browser.text("#detail h2"),
        "_union",
        "the right button chooses nothing"
    );
    assert_eq!(browser.complaints, [""; 0]);
}

/// By hand: `main` and 200 functions of 0.5% each are 201, of which the picture has room for 150.
#[test]
fn what_has_no_room_in_the_graph_is_told() {
    let folder = temporary();
    let lines: String = (0..200).map(|number| format!("main;f{number} 1\n")).collect();
    let stacks = folded(folder.path(), "many.folded", &lines);
    let Some((mut browser, _)) = opened(&[&stacks], folder.path(), "#view=graph&least=0.5") else {
        return;
    };
    assert_eq!(
        browser.text("#left-out"),
        "51 more left out: only the largest 150 are drawn"
    );
}
