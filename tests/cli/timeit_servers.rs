//! `prof timeit` with what servers need: global setups, `await`, one setup for all, cold starts, Django, Evennia.

use super::{Printed, prof, python};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

fn timeit(folder: &Path, arguments: &[&str]) -> Printed {
    let mut command = prof();
    command
        .arg("timeit")
        .args(arguments)
        .current_dir(folder)
        .timeout(Duration::from_secs(120));
    Printed::of(&mut command)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// With Python: what it prints; it must succeed.
fn check(arguments: &[&str], expected: &str) {
    if python().is_none() {
        return;
    }
    let printed = timeit(folder().path(), arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {}", printed.err);
    assert!(printed.out.contains(expected), "{arguments:?}: {}", printed.out);
}

/// With Python: it fails with this code, and says this.
fn check_failure(arguments: &[&str], code: i32, expected: &[&str]) {
    if python().is_none() {
        return;
    }
    let printed = timeit(folder().path(), arguments);
    assert_eq!(printed.code, Some(code), "{arguments:?}: {}", printed.err);
    for part in expected {
        assert!(printed.err.contains(part), "{arguments:?}: {}", printed.err);
    }
}

#[test]
fn a_global_setup_is_seen_and_runs_once() {
    // Its process is forked: the count that it wrote is that of one run.
    let setup = "import os; open('count', 'a').write('x'); number = 7";
    let folder = folder();
    if python().is_none() {
        return;
    }
    let printed = timeit(
        folder.path(),
        &[
            "--global-setup",
            setup,
            "--auto",
            "--processes",
            "4",
            "--max-time",
            "0.3",
            "assert number == 7",
        ],
    );
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    assert!(printed.out.contains("4 processes"), "{}", printed.out);
    let count = std::fs::read_to_string(folder.path().join("count")).expect("a file");
    assert_eq!(count, "x");
    check_failure(
        &[
            "--global-setup",
            "x = 1",
            "--global-setup",
            "1 / 0",
            "-n",
            "1",
            "x",
        ],
        1,
        &[
            "the global setup failed",
            "File \"<global setup>\", line 2",
            "ZeroDivisionError",
        ],
    );
}

#[test]
fn one_setup_serves_all_samples() {
    // With a setup before each, the list would be empty at each.
    check(
        &[
            "--setup-mode",
            "once",
            "-s",
            "a = []",
            "a.append(1); assert len(a) <= 6",
            "-n",
            "2",
            "-r",
            "3",
        ],
        "best total of 3",
    );
    check_failure(
        &[
            "--setup-mode",
            "once",
            "-s",
            "a = []",
            "a.append(1); assert len(a) <= 5",
            "-n",
            "2",
            "-r",
            "3",
        ],
        1,
        &["the statement failed", "AssertionError"],
    );
    check_failure(
        &["--setup-mode", "once", "-s", "x = 1\n1 / 0", "x", "-n", "1"],
        1,
        &["the setup failed", "File \"<setup>\", line 2"],
    );
    check_failure(
        &["--setup-mode", "once", "x = 1", "nothing", "-n", "1"],
        1,
        &["File \"<stmt>\", line 2", "NameError"],
    );
}

#[test]
fn code_may_await() {
    check(
        &[
            "--async",
            "-s",
            "import asyncio",
            "await asyncio.sleep(0)",
            "-n",
            "10",
        ],
        "for 10 loops",
    );
    check_failure(
        &["--async", "x = 1", "await nothing()", "-n", "1"],
        1,
        &[
            "Traceback (most recent call last):\n  File \"<stmt>\", line 2",
            "NameError",
        ],
    );
    check_failure(
        &["--async", "--setup-mode", "once", "pass"],
        2,
        &["do not go together"],
    );
}

#[test]
fn cold_starts_import_anew() {
    // In one process the second import would find the module.
    check(
        &[
            "--cold",
            "--processes",
            "3",
            "import sys; assert 'colorsys' not in sys.modules; import colorsys",
        ],
        "3 processes",
    );
    check_failure(&["--cold", "-n", "5", "pass"], 2, &["cannot be used with"]);
}

#[test]
fn bad_worlds_are_told() {
    check_failure(
        &["--rollback", "pass"],
        2,
        &["--rollback needs --django or --evennia"],
    );
    check_failure(
        &["--evennia", ".", "pass"],
        2,
        &["no Evennia game in `.`", "evennia --init"],
    );
    check_failure(
        &["--django", "no_such.settings", "pass", "-n", "1"],
        1,
        &["the global setup failed", "ModuleNotFoundError"],
    );
    check_failure(&["--cold", "--cmd", "true"], 2, &["--cold: this is for snippets"]);
}

/// An environment with Evennia 5.0.1.
fn environment() -> Option<PathBuf> {
    let found = std::env::var_os("PROF_EVENNIA_VENV").map(PathBuf::from);
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "PROF_EVENNIA_VENV names no environment with Evennia"
        );
        eprintln!("skipped: PROF_EVENNIA_VENV names no environment with Evennia");
    }
    found
}

fn evennia(environment: &Path, folder: &Path, arguments: &[&str]) {
    let status = Command::new(environment.join("bin/evennia"))
        .args(arguments)
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("evennia runs");
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
}

/// Rows of objects, and the number that the next one gets.
fn rows(environment: &Path, game: &Path) -> String {
    let script = "import sqlite3; print(sqlite3.connect('server/evennia.db3').execute('select count(*), \
                  (select seq from sqlite_sequence where name = ''objects_objectdb'') from objects_objectdb').fetchall())"
        .replace("''", "\\'");
    let output = Command::new(environment.join("bin/python"))
        .args(["-c", &script])
        .current_dir(game)
        .output()
        .expect("python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn an_evennia_game_is_timed_and_left_as_it_was() {
    let Some(environment) = environment() else { return };
    let folder = folder();
    evennia(&environment, folder.path(), &["--init", "game"]);
    let game = folder.path().join("game");
    evennia(&environment, &game, &["migrate"]);
    let python = environment.display().to_string();
    let write = "create_object('evennia.DefaultObject', key='stone', nohome=True)";
    let timeit = |more: &[&str]| {
        let printed = timeit(&game, &[&["--evennia", ".", "--python", &python], more].concat());
        assert_eq!(printed.code, Some(0), "{more:?}: {}", printed.err);
        printed.out
    };
    // Without a rollback it stays: so it is known that the code writes.
    timeit(&[write, "-n", "1"]);
    let before = rows(&environment, &game);
    assert_eq!(before, "[(1, 1)]");
    let counted = format!("{write}; assert ObjectDB.objects.count() > 1");
    let out = timeit(&["--rollback", &counted, "-n", "2", "-r", "3"]);
    assert!(out.contains("best total of 3"), "{out}");
    assert_eq!(rows(&environment, &game), before);
    let out = timeit(&[
        "--rollback",
        write,
        "--auto",
        "--processes",
        "3",
        "--max-time",
        "0.5",
    ]);
    assert!(out.contains("3 processes"), "{out}");
    assert_eq!(rows(&environment, &game), before);
    // What `evennia shell` shows.
    timeit(&[
        "assert search_object('stone')[0].key == evennia.search_object('stone')[0].key",
        "-n",
        "1",
    ]);
    // The same world as a plain Django project.
    let printed = timeit(&[
        "ObjectDB.objects.count()",
        "--auto",
        "--processes",
        "3",
        "--max-time",
        "0.3",
    ]);
    assert!(printed.contains("3 processes"), "{printed}");
}
