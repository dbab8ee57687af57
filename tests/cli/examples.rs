//! The programs in `examples/`, which `cargo test` builds beside the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

fn built(example: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("this test is a program");
    let target = tests
        .parent()
        .and_then(Path::parent)
        .expect("it stands in the target folder");
    target.join("examples").join(example)
}

#[test]
fn hot_functions_prints_a_report_and_its_hottest_function() {
    let output = Command::new(built("hot_functions"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("`cargo test` has built it");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("Ordered by: internal time"), "{text}");
    assert!(
        text.ends_with("51% of the time is in {method 'poll' of 'select.epoll' objects}\n"),
        "{text}"
    );
}

/// The tour on a machine without Python, with its files in this folder: exit code and output.
fn tour(folder: &Path) -> (Option<i32>, String) {
    let nothing = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(built("tour"))
        .arg(folder)
        .current_dir(nothing.path())
        .env_clear()
        .env("PATH", nothing.path())
        .env("HOME", nothing.path())
        .output()
        .expect("`cargo test` has built it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[test]
fn the_tour_needs_no_python_and_no_server() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, text) = tour(folder.path());
    assert_eq!(code, Some(0), "{text}");
    for part in [
        // As pstats counts them.
        "  5325610    6.655    0.000   11.889    0.000 command.py:243(__eq__)\n",
        "\ndummies:  10 in = 10 logged out\n",
        "\nleft out: no Python was found\n",
        "\nTry next\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    for (name, start) in [
        ("server.svg", "<?xml"),
        ("server.html", "<!doctype html>"),
        ("dummies.html", "<!doctype html>"),
    ] {
        let path = folder.path().join(name);
        let file = std::fs::read_to_string(&path).expect("a file of the tour");
        let is_it = file
            .get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start));
        assert!(is_it, "{name}: {}", &file[..file.len().min(40)]);
        assert!(text.contains(&format!("{name}  ")), "{name} in\n{text}");
    }
}

#[test]
fn a_step_of_the_tour_that_fails_is_told_and_the_others_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("server.svg/in the way")).expect("a folder");
    let (code, text) = tour(folder.path());
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("server.svg: exit code 2; the tour goes on\n"),
        "{text}"
    );
    assert!(folder.path().join("dummies.html").is_file(), "{text}");
    assert!(text.trim_end().ends_with("server.svg: exit code 2"), "{text}");
}
