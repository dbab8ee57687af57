//! `prof timeit --profile`: where the time goes, after the figures, in text, on the page and in files.

use super::chromium::{chromium, document};
use super::{Printed, prof, python};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// One case calls functions of a module, the other a function that is not written in Python.
const CALLS: [&str; 3] = ["-s", "import colorsys", "colorsys.rgb_to_hls(0.1, 0.2, 0.3)"];
const BUILTIN: [&str; 2] = ["--vs", "sorted([3, 1, 2])"];
const QUICK: [&str; 2] = ["--max-time", "0.3"];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// With Python: what it prints in a folder.
fn timeit(folder: &Path, arguments: &[&[&str]]) -> Option<Printed> {
    python()?;
    let mut command = prof();
    command
        .arg("timeit")
        .args(arguments.concat())
        .current_dir(folder)
        .timeout(Duration::from_secs(120));
    Some(Printed::of(&mut command))
}

#[test]
fn the_hottest_functions_follow_the_figure_and_the_dump_is_kept() {
    let folder = folder();
    let more = ["--profile", "--profile-out", "x.prof"];
    let Some(printed) = timeit(folder.path(), &[&CALLS, &QUICK, &more]) else {
        return;
    };
    assert_eq!((printed.code, &*printed.err), (Some(0), "wrote: x.prof\n"));
    assert!(
        printed.out.contains("colorsys.py:") && printed.out.contains("(rgb_to_hls)"),
        "{}",
        printed.out
    );
    assert!(!printed.out.contains("_lsprof"), "{}", printed.out);
    let dump = super::run(&["stats", folder.path().join("x.prof").to_str().expect("a path")]);
    assert!(dump.contains("(rgb_to_hls)"), "{dump}");
    let printed = timeit(folder.path(), &[&["a = 1"], &QUICK, &more]).expect("it was there before");
    assert!(printed.out.contains("it calls no function"), "{}", printed.out);
    assert_eq!(
        printed.err,
        "warning: `x.prof` is not written: a = 1 calls no function\n"
    );
}

#[test]
fn functions_of_the_code_have_its_own_lines() {
    let code = [
        "-s",
        "x = 1",
        "-s",
        "def f():",
        "-s",
        "  return x",
        "y = 2",
        "f()",
        "g = lambda: y",
        "g()",
    ];
    for more in [&["--profile"][..], &["--profile", "--setup-mode", "once"]] {
        let Some(printed) = timeit(folder().path(), &[&code, &QUICK, more]) else {
            return;
        };
        for function in ["<setup>:2(f)", "<stmt>:3(<lambda>)"] {
            assert!(printed.out.contains(function), "{}{}", printed.out, printed.err);
        }
    }
}

#[test]
fn of_a_cold_start_there_is_one_loop() {
    let code = ["--cold", "import colorsys", "--profile"];
    let Some(printed) = timeit(folder().path(), &[&code, &QUICK]) else {
        return;
    };
    assert_eq!((printed.code, &*printed.err), (Some(0), ""));
    let told = "import colorsys: where 1 loop went under cProfile";
    assert!(printed.out.contains(told), "{}", printed.out);
}

#[test]
fn each_case_has_a_flame_graph_of_its_own() {
    let folder = folder();
    let Some(printed) = timeit(
        folder.path(),
        &[&CALLS, &BUILTIN, &QUICK, &["--profile-out", "hot.svg"]],
    ) else {
        return;
    };
    assert_eq!(
        (printed.code, &*printed.err),
        (Some(0), "wrote: hot.svg: A\nwrote: hot-2.svg: B\n")
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a picture");
    let (first, second) = (read("hot.svg"), read("hot-2.svg"));
    assert!(first.contains("rgb_to_hls (colorsys.py:") && !first.contains("builtins.sorted"));
    assert!(second.contains("builtins.sorted") && !second.contains("rgb_to_hls"));
    assert!(first.contains(" under cProfile · "), "the subtitle");
}

/// Expected: no more seconds than passed.
#[test]
fn stacks_that_were_kept_are_read_as_seconds() {
    let folder = folder();
    let began = std::time::Instant::now();
    let options = ["--profile-out", "hot.folded"];
    let Some(printed) = timeit(folder.path(), &[&CALLS, &QUICK, &options]) else {
        return;
    };
    let passed = began.elapsed().as_secs_f64();
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let assert = prof()
        .args(["stats", "hot.folded", "--format", "json"])
        .current_dir(folder.path())
        .assert()
        .success();
    let stats: Value = serde_json::from_slice(&assert.get_output().stdout).expect("JSON");
    let seconds = stats["totals"]["own_seconds"].as_f64().expect("seconds");
    assert!(seconds > 0.0 && seconds < passed, "{seconds} of {passed}");
}

#[test]
fn the_page_draws_a_flame_graph_for_each_case() {
    let folder = folder();
    let more = [
        "--profile",
        "--html",
        "page.html",
        "--name",
        "<b>one",
        "--name",
        "two",
    ];
    let Some(printed) = timeit(folder.path(), &[&CALLS, &BUILTIN, &QUICK, &more]) else {
        return;
    };
    assert_eq!((printed.code, &*printed.err), (Some(0), ""));
    let path = folder.path().join("page.html");
    let page = fs::read_to_string(&path).expect("a page");
    assert_eq!(page.matches("<g class=\"flame\">").count(), 2, "{page}");
    assert!(page.contains("<h3>&lt;b&gt;one</h3>") && page.contains("<h3>two</h3>"));
    assert!(page.contains("<title>rgb_to_hls (colorsys.py:") && page.contains(" per loop, "));
    assert!(page.contains("builtins.sorted"), "{page}");
    assert!(
        !page.contains("<script") && !page.contains("http"),
        "it needs nothing else"
    );
    // What a browser makes of it: every box is there, and has a height.
    let Some(chromium) = chromium() else { return };
    let seen = document(chromium, &path, folder.path());
    let boxes = |text: &str| {
        text.split("<g class=\"flame\">")
            .nth(1)
            .map(|part| part.matches("<rect").count())
    };
    assert_eq!(boxes(&seen), boxes(&page));
    assert!(boxes(&seen) > Some(1));
}

#[test]
fn without_a_profile_the_page_has_none() {
    let folder = folder();
    let Some(printed) = timeit(folder.path(), &[&CALLS, &QUICK, &["--auto", "--html", "-"]]) else {
        return;
    };
    assert!(!printed.out.contains("Where the time goes"), "{}", printed.out);
}

/// The second process has no figure yet spoilt: what was measured is kept, whatever the profiler meets.
#[test]
fn an_error_under_the_profiler_keeps_the_figures() {
    let folder = folder();
    // cProfile marks the code that it runs: nothing else is on the profiler's hook.
    let statement = "import sys; assert sys.getprofile() is None";
    let more = ["--profile", "--json", "x.json"];
    let Some(printed) = timeit(folder.path(), &[&[statement], &QUICK, &more]) else {
        return;
    };
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    assert!(printed.err.contains("AssertionError"), "{}", printed.err);
    assert!(printed.out.contains("(min "), "{}", printed.out);
    assert!(folder.path().join("x.json").is_file());
}

#[test]
fn bad_usage_is_told_before_anything_is_measured() {
    let check = |arguments: &[&str], expected: &[&str]| {
        let Some(printed) = timeit(folder().path(), &[arguments]) else {
            return;
        };
        assert_eq!((printed.code, &*printed.out), (Some(2), ""), "{}", printed.err);
        for part in expected {
            assert!(printed.err.contains(part), "{}", printed.err);
        }
    };
    check(&["--profile", "-n", "5", "pass"], &["--profile goes with --auto"]);
    check(
        &["--profile", "--cmd", "true"],
        &["--profile: this is for snippets"],
    );
    check(
        &["--profile-out", "x.png", "pass"],
        &[
            "--profile-out `x.png`: no format has this ending",
            "hint: name it .prof",
        ],
    );
    check(
        &["--profile-out", "no/folder/x.svg", "pass"],
        &["cannot write `no/folder/x.svg`"],
    );
}
