//! What is told of options and files that cannot be used.

use super::super::{Printed, prof};
use super::code::PERL;
use std::path::Path;

/// What is told of arguments that cannot be used.
fn check_usage(arguments: &[&str], expected: &[&str]) {
    let mut command = prof();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("timeit")
        .args(arguments);
    let printed = Printed::of(&mut command);
    assert_eq!(
        (printed.code, &*printed.out),
        (Some(2), ""),
        "{arguments:?}: {}",
        printed.err
    );
    for part in expected {
        assert!(printed.err.contains(part), "{arguments:?}: {}", printed.err);
    }
}

#[test]
fn what_only_python_has_is_told() {
    for option in [
        &["--python", "3.11"][..],
        &["--python-args", "-X dev"],
        &["--hash-seed", "0"],
        &["--global-setup", "x"],
        &["--django", "x"],
        &["--evennia", "x"],
        &["--rollback"],
        &["--async"],
        &["--setup-mode", "once"],
        &["--profile"],
        &["--format", "timeit", "-n1"],
    ] {
        let told = format!("error: {}", option[0]);
        check_usage(
            &[option, &["--lang", "ruby", "1"]].concat(),
            &[&told, " is for Python, and --lang says Ruby\nhint: "],
        );
    }
    check_usage(
        &["--lang", "rust", "--gc", "both", "1"],
        &["error: --gc: rustc has no garbage collector that can be switched"],
    );
    check_usage(
        &[PERL.options, &["--gc", "both", "1"]].concat(),
        &["error: --gc: Perl has no garbage collector that can be switched"],
    );
    check_usage(&["--with", "x", "1"], &["--with needs --lang"]);
    check_usage(
        &["--lang", "python", "--config", "x", "1"],
        &["--config needs --lang"],
    );
    check_usage(&["--lang", "c", "--cmd", "ls"], &["--lang: this is for snippets"]);
    check_usage(
        &["--lang", "c", "--with", "a 'b", "1"],
        &["error: cannot use --with `a 'b`: "],
    );
    check_usage(
        &["--lang", "c", "--with", "./nothing", "1"],
        &[
            "/nothing`: No such file or directory\n",
            "hint: install a compiler of C, or name ",
        ],
    );
}

#[test]
fn files_that_declare_workers_are_found_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let inner = root.join("project/inner");
    let settings = root.join("settings/prof");
    for folder in [&inner, &settings] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let write = |path: &Path, text: &str| std::fs::write(path.join("prof.toml"), text).expect("a file");
    let errors = |arguments: &[&str]| {
        let mut command = prof();
        command
            .current_dir(&inner)
            .env("XDG_CONFIG_HOME", root.join("settings"));
        let printed = Printed::of(command.arg("timeit").args(arguments));
        assert_eq!(printed.code, Some(2), "{}", printed.err);
        printed.err
    };
    let err = errors(&["--lang", "lua", "1"]);
    assert!(
        err.contains("error: no language `lua` is known\nhint: known are python, node, ruby, rust, c; "),
        "{err}"
    );
    write(&settings, "[timeit.workers.tcl]\ncommand = ['./nothing-tcl']\n");
    write(
        &root.join("project"),
        "[timeit.workers.lua]\ncommand = ['./nothing-lua']\n",
    );
    let err = errors(&["--lang", "lua", "1"]);
    assert!(err.contains("/project/nothing-lua`: No such file"), "{err}");
    let err = errors(&["--lang", "tcl", "1"]);
    assert!(err.contains("/settings/prof/nothing-tcl`: No such file"), "{err}");
    let err = errors(&["--lang", "go", "1"]);
    assert!(
        err.contains("known are python, node, ruby, rust, c, lua, tcl;"),
        "{err}"
    );
    write(&inner, "[timeit.workers.lua]\ncomand = ['x']\n");
    let err = errors(&["--lang", "lua", "1"]);
    assert!(
        err.contains("/inner/prof.toml`: line 2, column 1: unknown field `comand`"),
        "{err}"
    );
    let err = errors(&["--config", "nothing.toml", "--lang", "lua", "1"]);
    assert!(
        err.contains("cannot read `nothing.toml`: No such file or directory"),
        "{err}"
    );
}
