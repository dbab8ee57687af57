use super::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn server() -> Profile {
    crate::format::pstats::read(&include_bytes!("../../../../fixtures/server.prof")[..]).expect("a dump")
}

/// The screen as text.
fn screen(browser: &mut Browser<'_>, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("no terminal is needed");
    terminal
        .draw(|frame| browser.draw(frame))
        .expect("nothing is written");
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(width.into());
    rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n")
        .collect()
}

fn press(browser: &mut Browser<'_>, code: KeyCode) {
    assert_eq!(browser.press(KeyEvent::from(code)), Next::Go, "{code:?}");
}

fn type_text(browser: &mut Browser<'_>, text: &str) {
    text.chars().for_each(|c| press(browser, KeyCode::Char(c)));
}

fn chosen<'a>(browser: &'a Browser<'_>) -> &'a str {
    let function = browser.function().expect("one is chosen");
    &browser.names[browser.profile.key_of(function).index()]
}

#[test]
fn the_screen_has_what_pstats_prints() {
    let profile = server();
    let mut browser = Browser::new(&profile, "server.prof".into(), Unit::Nanoseconds);
    let shown = screen(&mut browser, 110, 40);
    assert!(
        shown.contains("server.prof  130.639 seconds  20419780 calls  2617 functions"),
        "{shown}"
    );
    let first = shown.lines().nth(3).expect("a row");
    assert!(first.contains("1709     66.536   50.9"), "{first}");
    assert!(
        first.contains("<method 'poll' of 'select.epoll' objects>"),
        "{first}"
    );
    assert!(
        shown.contains(" Called by 1: <method") && shown.contains("doPoll (epollreactor.py:215)"),
        "{shown}"
    );
}

#[test]
fn search_jump_and_back() {
    let profile = server();
    let mut browser = Browser::new(&profile, String::new(), Unit::Nanoseconds);
    press(&mut browser, KeyCode::Char('/'));
    type_text(&mut browser, "_UNION");
    press(&mut browser, KeyCode::Enter);
    assert!(chosen(&browser).starts_with("_union"), "{}", chosen(&browser));
    // pstats: called by __add__ alone, 5457 times, 17.181 s.
    let callers = browser.callers();
    let milliseconds = (callers[0].nanoseconds + 500_000) / 1_000_000;
    assert_eq!((callers.len(), callers[0].calls, milliseconds), (1, 5457, 17_181));
    press(&mut browser, KeyCode::Tab);
    press(&mut browser, KeyCode::Enter);
    assert!(chosen(&browser).starts_with("__add__"));
    assert_eq!((&*browser.search, browser.pane), ("", Pane::Functions));
    press(&mut browser, KeyCode::Tab);
    press(&mut browser, KeyCode::Tab);
    assert_eq!(browser.pane, Pane::Callees);
    press(&mut browser, KeyCode::Backspace);
    assert!(chosen(&browser).starts_with("_union"));
}

#[test]
fn nothing_found_is_no_end() {
    let profile = server();
    let mut browser = Browser::new(&profile, String::new(), Unit::Nanoseconds);
    press(&mut browser, KeyCode::Char('/'));
    type_text(&mut browser, "no such function q");
    assert!(screen(&mut browser, 80, 24).contains("no function matches"));
    for code in [
        KeyCode::Down,
        KeyCode::End,
        KeyCode::Enter,
        KeyCode::Tab,
        KeyCode::Enter,
        KeyCode::PageDown,
    ] {
        press(&mut browser, code);
        screen(&mut browser, 80, 24);
    }
    press(&mut browser, KeyCode::Esc);
    assert_eq!(browser.order.len(), profile.len());
    assert_eq!(browser.press(KeyEvent::from(KeyCode::Esc)), Next::Stop);
}

#[test]
fn orders_and_ends() {
    let profile = server();
    let mut browser = Browser::new(&profile, String::new(), Unit::Nanoseconds);
    press(&mut browser, KeyCode::Char('s'));
    press(&mut browser, KeyCode::Home);
    // pstats by cumulative: 146.232 s.
    assert!(chosen(&browser).starts_with("maybeDeferred"));
    press(&mut browser, KeyCode::Char('r'));
    press(&mut browser, KeyCode::End);
    assert!(chosen(&browser).starts_with("maybeDeferred"));
    assert_eq!(
        browser.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)),
        Next::Stop
    );
}

#[test]
fn a_small_terminal_and_an_empty_profile_are_no_panic() {
    let profile = Profile::new(crate::python::Dialect::Python3);
    let mut browser = Browser::new(&profile, "\u{4e00}".into(), Unit::Samples);
    for (width, height) in [(1, 1), (3, 4), (20, 5), (200, 60)] {
        screen(&mut browser, width, height);
    }
}

#[test]
fn names_cannot_drive_the_terminal() {
    let mut profile = Profile::new(crate::python::Dialect::Python3);
    let key = profile
        .key(b"a\x1b[2Jb.py", 3, b"f\x07")
        .expect("a small profile");
    profile.insert(key, Calls::default(), Default::default());
    let mut browser = Browser::new(&profile, String::new(), Unit::Nanoseconds);
    let shown = screen(&mut browser, 100, 20);
    assert!(shown.contains("f\\x07 (a\\x1b[2Jb.py:3)"), "{shown}");
}
