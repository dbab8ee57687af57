//! Exports, read by the tools that they are for. A tool that is missing is said so and skipped, but fails
//! the test under CI.
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod callgrind;
mod dot;

use prof::format::{Packing, read_profile};
use prof::profile::Profile;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

/// The dumps that every export is tried on.
fn dumps() -> Vec<(String, Profile)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths: Vec<_> = fs::read_dir(fixtures.join("stacks"))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a folder that can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "prof"))
        .collect();
    paths.push(fixtures.join("server.prof"));
    paths.sort();
    assert!(paths.len() > 5, "the fixtures are there");
    paths
        .into_iter()
        .map(|path| {
            let file = File::open(&path).expect("a fixture");
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, read_profile(file, Packing::None).expect("a dump"))
        })
        .collect()
}

/// Is a tool here? Asks for its version.
fn is_installed(tool: &str, version: &str) -> bool {
    let found = Command::new(tool).arg(version).output().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "no {tool} on PATH");
        eprintln!("skipped: no {tool} on PATH");
    }
    found
}

/// What a tool prints; it must succeed and complain of nothing.
fn run(command: &mut Command, what: &str) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the tool is installed");
    let complaints = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{what}: {status}: {complaints}");
    assert_eq!(complaints, "", "{what}");
    String::from_utf8(stdout).expect("text")
}
