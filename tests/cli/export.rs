//! `prof export`: names, choices and what is said. The tools that the files are for read them in
//! `tests/consumers`.

use crate::{fail, fixture, prof};
use predicates::prelude::*;

const SERVER: &str = "fixtures/server.prof";

/// What these arguments write.
fn exported(arguments: &[&str]) -> Vec<u8> {
    let output = prof()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([&["export", "-o", "-"], arguments].concat())
        .assert()
        .success();
    output.get_output().stdout.clone()
}

fn text(arguments: &[&str]) -> String {
    String::from_utf8(exported(arguments)).expect("text")
}

#[test]
fn each_format_is_written_under_its_usual_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (format, name) in [
        ("callgrind", "callgrind.out.chain"),
        ("speedscope", "chain.speedscope.json"),
        ("pprof", "chain.pb.gz"),
        ("dot", "chain.dot"),
        ("folded", "chain.folded"),
        ("chrome", "chain.trace.json"),
        ("firefox", "chain.firefox.json"),
        ("json", "chain.json"),
        ("csv", "chain.csv"),
    ] {
        let mut command = prof();
        command
            .current_dir(folder.path())
            .args(["export", "--to", format])
            .arg(fixture("stacks/chain.prof"));
        command
            .assert()
            .success()
            .stdout("")
            .stderr(predicate::str::contains(format!("wrote: {name}")));
        let written = std::fs::metadata(folder.path().join(name)).expect("it is there");
        assert!(written.len() > 50, "{name}");
    }
}

#[test]
fn what_is_written_can_be_read_again_with_the_same_total() {
    let total = |bytes: Vec<u8>| {
        let output = prof()
            .args(["export", "--to", "folded", "-o", "-", "-"])
            .write_stdin(bytes)
            .assert()
            .success();
        let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        let weights = text
            .lines()
            .map(|line| line.rsplit(' ').next().and_then(|w| w.parse::<u64>().ok()));
        weights.map(|weight| weight.expect("a weight")).sum::<u64>()
    };
    let expected = total(exported(&["--to", "folded", SERVER]));
    // pstats: 130.639 seconds.
    assert_eq!(expected / 1_000_000, 130_639);
    for format in ["speedscope", "pprof"] {
        assert_eq!(total(exported(&["--to", format, SERVER])), expected, "{format}");
    }
    let callgrind = total(exported(&["--to", "callgrind", SERVER]));
    assert!(
        callgrind.abs_diff(expected) < 10_000,
        "each function is rounded: {callgrind} {expected}"
    );
}

/// pstats: 130.639 seconds, in all formats that hold its stacks.
#[test]
fn nanoseconds_are_no_samples_when_they_are_read_again() {
    for format in ["speedscope", "pprof"] {
        let output = prof()
            .args(["stats", "-", "--format", "json"])
            .write_stdin(exported(&["--to", format, SERVER]))
            .assert()
            .success();
        let found: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).expect("JSON");
        let seconds = found["totals"]["own_seconds"].as_f64().expect("a number");
        assert!((seconds - 130.639).abs() < 0.001, "{format}: {seconds}");
    }
}

#[test]
fn stacks_become_functions_where_a_format_wants_them() {
    let output = prof()
        .args(["export", "--to", "csv", "-o", "-", "-", "--rate", "1000"])
        .write_stdin("main;f 3\nmain;f;f 2\nmain 5\n")
        .assert()
        .success();
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    // f was seen on the stack 5 times, below main, and once below itself 2 times.
    assert!(text.contains("main") && text.contains("0.005"), "{text}");
}

#[test]
fn a_graph_is_cut_as_asked() {
    let nodes = |more: &[&str]| {
        let arguments = [&["--to", "dot", SERVER], more].concat();
        text(&arguments)
            .lines()
            .filter(|line| line.contains("label=") && !line.contains("->"))
            .count()
    };
    let usual = nodes(&[]);
    assert!(nodes(&["--node-percent", "5"]) < usual);
    assert!(nodes(&["--leaf", "execute at"]) < usual);
    assert!(text(&["--to", "dot", SERVER]).starts_with("digraph"));
    assert!(
        fail(&["export", "--to", "dot", SERVER, "--root", "no such"], 2)
            .contains("no function matches `no such`")
    );
    assert!(
        fail(&["export", "--to", "dot", SERVER, "--focus", "x"], 2)
            .contains("--to dot has --root and --leaf")
    );
}

#[test]
fn json_and_csv_have_all_callers() {
    let json: serde_json::Value = serde_json::from_slice(&exported(&["--to", "json", SERVER])).expect("JSON");
    assert_eq!(json["schema"], "prof-stats/1");
    let rows = json["rows"].as_array().expect("rows");
    let edges: usize = rows
        .iter()
        .map(|row| row["callers"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(text(&["--to", "csv", SERVER]).lines().count(), 1 + edges);
    assert!(!text(&["--to", "csv", SERVER, "--exclude-idle"]).contains("'poll' of 'select.epoll'"));
}

#[test]
fn broken_inputs_are_told() {
    let told = |bytes: &[u8]| {
        let output = prof()
            .args(["export", "--to", "folded", "-"])
            .write_stdin(bytes)
            .assert()
            .code(2);
        String::from_utf8_lossy(&output.get_output().stderr).into_owned()
    };
    assert!(
        told(b"{\"a\": 1}").contains("error: cannot read `-`"),
        "{}",
        told(b"{\"a\": 1}")
    );
    assert!(
        told(b"events: ns\nfn=f\n1 x\n").contains("line 3"),
        "{}",
        told(b"events: ns\nfn=f\n1 x\n")
    );
    assert!(
        told(b"a;b 1\na;c x\n").contains("line 2"),
        "{}",
        told(b"a;b 1\na;c x\n")
    );
}

/// A dump in which so many functions share one dict of as many callers: small, but it stands for the square of that.
fn shared_callers(functions: u32) -> Vec<u8> {
    let key = |name: u32| {
        let name = format!("f{name}");
        let mut key = b")\x03z\x01ai\x01\0\0\0z".to_vec();
        key.push(name.len() as u8);
        key.extend(name.as_bytes());
        key
    };
    let counts = b"i\x01\0\0\0i\x01\0\0\0g\0\0\0\0\0\0\xf0?g\0\0\0\0\0\0\xf0?";
    let mut dump = b"{".to_vec();
    for function in 0..functions {
        dump.extend(key(function));
        dump.extend(b")\x05");
        dump.extend(counts);
        if function > 0 {
            dump.extend(b"r\0\0\0\0");
            continue;
        }
        // The first dict is the one that is referred to.
        dump.push(b'{' | 0x80);
        for caller in 0..functions {
            dump.extend(key(caller));
            dump.extend(b")\x04");
            dump.extend(counts);
        }
        dump.push(b'0');
    }
    dump.push(b'0');
    dump
}

#[test]
fn callers_shared_by_all_functions_do_not_fill_the_disk() {
    for format in ["callgrind", "dot", "csv", "speedscope"] {
        let mut command = prof();
        command
            .args(["export", "--to", format, "-o", "-", "-"])
            .write_stdin(shared_callers(5000));
        command
            .assert()
            .code(2)
            .stdout("")
            .stderr(predicate::str::contains("callers").or(predicate::str::contains("call edges")));
    }
    let small = prof()
        .args(["export", "--to", "callgrind", "-o", "-", "-"])
        .write_stdin(shared_callers(50))
        .assert()
        .success();
    assert!(small.get_output().stdout.len() > 50 * 50 * 10);
}

#[test]
fn mixed_threads_are_told_with_every_format() {
    for format in ["callgrind", "dot", "speedscope", "csv"] {
        let mut command = prof();
        command
            .args(["export", "--to", format, "-o", "-", SERVER])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        command
            .assert()
            .success()
            .stderr(predicate::str::contains("who called whom may not be"));
    }
}
