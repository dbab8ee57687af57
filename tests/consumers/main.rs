//! Exports, read by the programs they are for. `.ci/consumers` installs these; the variable `CONSUMERS`
//! names the folder of the npm packages. What is missing is skipped with a message, but fails where `CI` is
//! set.

mod callgrind;
mod dot;
mod firefox;
mod folded;
mod go_pprof;
mod kcachegrind;
mod pprof_format;
mod speedscope;

use prof::format::{Packing, read_profile};
use prof::profile::Profile;
use prof::profile::attribution::{Options, attribute};
use prof::profile::stacks::{FrameKind, StackTree};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// The dumps that every export is tried on, each with the name of its file.
fn dumps() -> Vec<(String, Profile)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths: Vec<_> = fs::read_dir(fixtures.join("stacks"))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a folder that can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "prof"))
        .collect();
    paths.push(fixtures.join("server.prof"));
    paths.sort();
    assert!(paths.len() > 5, "the fixtures are there: {paths:?}");
    paths
        .into_iter()
        .map(|path| {
            let file = File::open(&path).expect("a fixture");
            let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
            (name, read_profile(file, Packing::None).expect("a dump"))
        })
        .collect()
}

/// The trees of the same dumps.
fn trees() -> Vec<(String, StackTree)> {
    let tree = |profile| attribute(&profile, &Options::default()).expect("stacks").tree;
    dumps()
        .into_iter()
        .map(|(name, profile)| (name, tree(profile)))
        .collect()
}

/// A folder for files of one test, removed at its end.
fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

/// Writes each tree to a file named after it.
fn write_all(
    trees: Vec<(String, StackTree)>,
    folder: &Path,
    extension: &str,
    write: impl Fn(&StackTree, &str, &mut dyn Write) -> std::io::Result<()>,
) -> Vec<(PathBuf, String, StackTree)> {
    let written = trees.into_iter().map(|(name, tree)| {
        let file = folder.join(format!("{name}.{extension}"));
        let mut bytes = Vec::new();
        write(&tree, &name, &mut bytes).expect("a file");
        fs::write(&file, bytes).expect("room");
        (file, name, tree)
    });
    written.collect()
}

/// All trees as pprof files.
fn write_pprof(folder: &Path) -> Vec<(PathBuf, String, StackTree)> {
    write_all(trees(), folder, "pb.gz", |tree, title, out| {
        prof::export::pprof::write(tree, title, out)
    })
}

/// The own weight of each name in a tree.
fn own_by_name(tree: &StackTree) -> BTreeMap<String, u64> {
    let mut own = BTreeMap::new();
    for node in tree.nodes() {
        let frame = tree.frame_at(node).expect("no root");
        *own.entry(String::from_utf8_lossy(frame.name).into_owned())
            .or_default() += tree.own(node);
    }
    own.retain(|_, own| *own > 0);
    own
}

/// The names of the frames with the largest own weight, frames of one name but different places apart.
fn hottest(tree: &StackTree) -> Vec<String> {
    let mut own: BTreeMap<_, u64> = BTreeMap::new();
    for node in tree.nodes() {
        let frame = tree.frame_at(node).expect("no root");
        let file = if frame.kind == FrameKind::Python {
            frame.file
        } else {
            b""
        };
        *own.entry((frame.name, file, frame.line)).or_default() += tree.own(node);
    }
    let most = own.values().copied().max().expect("frames");
    own.retain(|_, own| *own == most);
    own.keys()
        .map(|frame| String::from_utf8_lossy(frame.0).into_owned())
        .collect()
}

/// Browsers and servers that wait for each other for less than a second: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that something is not there: `false`, or a failure where all should be.
#[expect(
    clippy::print_stderr,
    reason = "a test that does nothing must not look like one that passed"
)]
fn missing(what: &str) -> bool {
    assert!(
        std::env::var_os("CI").is_none(),
        "{what} is missing: run .ci/consumers"
    );
    eprintln!("skipped: {what} is missing, see .ci/consumers");
    false
}

fn find(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn is_there(program: &str) -> bool {
    find(program).is_some() || missing(program)
}

/// The npm packages of `.ci/consumers`, if this one is among them.
fn packages(package: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("CONSUMERS").unwrap_or_default()).join("node_modules");
    let there = is_there("node") && (folder.join(package).is_dir() || missing(package));
    there.then_some(folder)
}

/// Runs a script of this folder with the npm packages.
fn node(packages: &Path, script: &str, arguments: &[&Path]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/consumers")
        .join(script);
    let mut command = Command::new("node");
    command.env("NODE_PATH", packages).arg(script).args(arguments);
    succeed(command.output().expect("node starts"))
}

fn succeed(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}\n{errors}", output.status);
    text
}

/// What a program prints; it must succeed and complain of nothing.
fn run(command: &mut Command, what: &str) -> String {
    let output = command.output().expect("the program is installed");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = succeed(output);
    assert_eq!(complaints, "", "{what}");
    text
}
