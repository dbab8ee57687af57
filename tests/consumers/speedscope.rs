//! speedscope: its schema on speedscope files, and the program itself on these and on Chrome traces.

use crate::{alone, find, folder, hottest, is_there, node, packages, trees, write_all};
use prof::profile::stacks::{Frame, StackTree, Unit};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The fixtures and a tree of samples with awkward names.
fn all_trees() -> Vec<(String, StackTree)> {
    let mut awkward = StackTree::new(Unit::Samples);
    for (name, weight) in [("<b>&amp;\"\\", 3), ("a\n\u{1}\u{e9}\u{1f40d}", 7), ("", 2)] {
        let frame = awkward.intern(Frame::label(name.as_bytes())).expect("small");
        awkward.add_stack(&[frame, frame], weight).expect("small");
    }
    awkward.add_stack(&[], 5).expect("small");
    let mut trees = trees();
    trees.push(("awkward".into(), awkward));
    trees
}

#[test]
fn files_follow_the_schema() {
    let (Some(packages), Some(_)) = (packages("speedscope"), packages("ajv")) else {
        return;
    };
    let folder = folder();
    let files = write_all(
        all_trees(),
        folder.path(),
        "speedscope.json",
        |tree, title, out| prof::export::speedscope::write(tree, title, out),
    );
    let paths: Vec<&Path> = files.iter().map(|(path, ..)| path.as_path()).collect();
    assert_eq!(node(&packages, "speedscope_schema.js", &paths), "");
}

/// Opens the files in one browser; each must be shown without a word on the console.
fn check_shown(files: &[(PathBuf, String, StackTree)], folder: &Path) {
    let (Some(packages), Some(_)) = (packages("speedscope"), packages("playwright-core")) else {
        return;
    };
    if !is_there("chromium") {
        return;
    }
    let chromium = find("chromium").expect("it was there before");
    let mut arguments: Vec<&Path> = vec![&chromium, folder];
    arguments.extend(files.iter().map(|(path, ..)| path.as_path()));
    let _alone = alone();
    let output = node(&packages, "speedscope.js", &arguments);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), files.len());
    for (line, (_, name, tree)) in lines.iter().zip(files) {
        let shown: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(shown["said"], serde_json::json!([]), "{name}");
        let text = shown["text"].as_str().expect("text");
        if name != "awkward" {
            // The table starts with what takes most time itself; numbers stand before the
            // name; of a tie any may come first.
            let first = text.split("Symbol Name").nth(1).expect("a table").trim_start();
            let row: String = first.lines().take(3).collect::<Vec<_>>().join(" ");
            assert!(
                hottest(tree).iter().any(|name| row.contains(name)),
                "{name}: {row}"
            );
        }
    }
}

#[test]
fn speedscope_files_are_shown() {
    let folder = folder();
    let files = write_all(
        all_trees(),
        folder.path(),
        "speedscope.json",
        |tree, title, out| prof::export::speedscope::write(tree, title, out),
    );
    check_shown(&files, folder.path());
}

#[test]
fn chrome_traces_are_shown() {
    let folder = folder();
    let files = write_all(all_trees(), folder.path(), "trace.json", |tree, title, out| {
        prof::export::chrome::write(tree, title, out)
    });
    check_shown(&files, folder.path());
}
