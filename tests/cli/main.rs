//! The binary as a user runs it.
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod browser;
mod chromium;
mod completions;
mod corpus;
mod devtools;
mod diff;
mod dummyrunner;
mod errors;
mod examples;
mod export;
mod flamegraph;
mod man;
mod record;
mod record_children;
mod record_same;
mod self_profile;
#[path = "../shared/mod.rs"]
mod shared;
mod stats;
mod timeit;
mod timeit_auto;
mod timeit_commands;
mod timeit_full_disk;
mod timeit_hyperfine;
mod timeit_languages;
mod timeit_profile;
mod timeit_pythons;
mod timeit_servers;
mod view;
mod view_graph;
mod view_page;

use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// The binary, with nothing of the surroundings that changes its output.
fn prof() -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("prof");
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command.env("TZ", "UTC0");
    command
}

/// What a command printed, and how it ended; all of it is text.
struct Printed {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Printed {
    fn of(command: &mut Command) -> Printed {
        let output = command.output().expect("it runs");
        Printed {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// A file below `fixtures/`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// What `prof` prints with these arguments; it must succeed.
fn run(arguments: &[&str]) -> String {
    let output = prof()
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .assert()
        .success();
    String::from_utf8(output.get_output().stdout.clone()).expect("text")
}

/// What `prof` prints on standard error with these arguments; it must fail with this code.
fn fail(arguments: &[&str], code: i32) -> String {
    let output = prof()
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .assert()
        .code(code);
    assert!(
        output.get_output().stdout.is_empty(),
        "a failure prints nothing on standard output"
    );
    String::from_utf8(output.get_output().stderr.clone()).expect("text")
}

/// Sends a signal to a program that runs.
fn signal(child: &std::process::Child, signal: nix::sys::signal::Signal) {
    let id = i32::try_from(child.id()).expect("small");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).expect("it runs");
}

/// A Python 3 with which results are compared. Without one the test says so and passes, but fails under CI.
fn python() -> Option<&'static str> {
    let found = ["python3", "python"].into_iter().find(|name| {
        let version = std::process::Command::new(name)
            .args(["-c", "import sys; print(sys.version_info[0])"])
            .output();
        version.is_ok_and(|output| output.stdout == b"3\n")
    });
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no python3 on PATH");
        eprintln!("skipped: no python3 on PATH");
    }
    found
}
