//! `prof flamegraph`: what it reads, writes and says. What the picture shows is checked beside the code.

use crate::{fail, fixture, prof};
use predicates::prelude::*;

const SERVER: &str = "fixtures/server.prof";

/// The SVG that these arguments give.
fn svg(arguments: &[&str]) -> String {
    let output = prof()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([&["flamegraph", "-o", "-"], arguments].concat())
        .assert()
        .success();
    String::from_utf8(output.get_output().stdout.clone()).expect("text")
}

/// The width of the whole picture, in the unit of its weights.
fn total(svg: &str) -> u64 {
    let (_, rest) = svg.split_once("total_samples=\"").expect("inferno writes it");
    rest.split_once('"')
        .and_then(|(number, _)| number.parse().ok())
        .expect("a number")
}

#[test]
fn the_picture_of_a_dump_holds_all_its_time_and_is_the_same_each_time() {
    let once = svg(&[SERVER]);
    // pstats: 130.639 seconds.
    assert_eq!(total(&once) / 1_000_000, 130_639);
    assert!(once.contains("2617 functions"));
    assert_eq!(once, svg(&[SERVER]));
    assert_eq!(total(&svg(&[SERVER, "--reverse"])), total(&once));
    assert_eq!(total(&svg(&[SERVER, "--strip-dirs"])) / 1_000_000, 130_639);
}

#[test]
fn it_is_written_under_the_name_of_the_profile_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = prof();
    command
        .current_dir(folder.path())
        .arg("flamegraph")
        .arg(fixture("server.prof"));
    command
        .assert()
        .success()
        .stdout("")
        .stderr(predicate::str::contains("wrote: server.svg"));
    let written = std::fs::read_to_string(folder.path().join("server.svg")).expect("it is there");
    assert!(written.starts_with("<?xml") && written.ends_with("</svg>"));
    prof()
        .current_dir(folder.path())
        .args(["flamegraph", "none.prof", "-o", "server.svg"])
        .assert()
        .code(2);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("server.svg")).expect("it is there"),
        written
    );
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn stacks_of_other_tools_are_known_by_their_content() {
    let drawn = |input: &str| {
        let output = prof()
            .args(["flamegraph", "-", "-o", "-"])
            .write_stdin(input)
            .assert()
            .success();
        String::from_utf8(output.get_output().stdout.clone()).expect("text")
    };
    let folded = drawn("main;work (a.py:3) 3\nmain;rest 4\n");
    assert_eq!(total(&folded), 7);
    assert!(folded.contains("work (a.py:3) (3 samples"));
    let perf = "python 42 1.0: 1 cycles:u:\n\
        \t 401000 inner (/usr/bin/python)\n\
        \t 402000 outer (/usr/bin/python)\n\n\
        python 42 1.1: 1 cycles:u:\n\
        \t 402000 outer (/usr/bin/python)\n\n";
    let perf = drawn(perf);
    assert_eq!(total(&perf), 2);
    assert!(
        perf.contains("<title>outer (2 samples") && perf.contains("<title>inner (1 samples"),
        "{perf}"
    );
}

#[test]
fn idle_time_and_other_stacks_can_be_left_out() {
    let all = total(&svg(&[SERVER]));
    let busy = svg(&[SERVER, "--exclude-idle"]);
    // The poll of the reactor takes half of the time.
    assert!(total(&busy) < all * 6 / 10, "{} of {all}", total(&busy));
    assert!(busy.contains("idle left out: 66."));
    let focus = svg(&[SERVER, "--focus", r"execute \("]);
    assert!(total(&focus) < all / 2 && focus.contains("only stacks with execute"));
    assert!(
        fail(
            &["flamegraph", SERVER, "-o", "-", "--focus", "no such function"],
            2
        )
        .contains("no function matches")
    );
}

#[test]
fn a_comparison_shows_both_totals() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("a"), "m;f 10\nm;g 10\n").expect("a temporary file");
    std::fs::write(folder.path().join("b"), "m;f 30\nm;h 10\n").expect("a temporary file");
    let mut command = prof();
    command
        .current_dir(folder.path())
        .args(["flamegraph", "a", "b", "--diff", "-o", "d.svg"]);
    command
        .assert()
        .success()
        .stderr(predicate::str::contains("gone: 1 functions with 10 samples"));
    let drawn = std::fs::read_to_string(folder.path().join("d.svg")).expect("it is there");
    assert!(drawn.contains("20 samples -&gt; 40 samples"), "{drawn}");
    assert_eq!(total(&drawn), 40);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    assert!(fail(&["flamegraph", "fixtures/README.md"], 2).contains("found other text"));
    assert!(fail(&["flamegraph", SERVER, "--diff"], 2).contains("--diff compares two files"));
    assert!(
        fail(&["flamegraph", SERVER, "--colors", "plaid"], 2).contains("expected module, own, or a palette")
    );
    let told = fail(
        &["flamegraph", "fixtures/pstats/dumps/adv-file-empty.bad.prof"],
        2,
    );
    assert!(told.contains("the file is empty"), "{told}");
}
