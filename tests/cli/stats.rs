//! What `prof stats` does beyond the text of pstats, which `corpus.rs` checks.

use crate::{fail, fixture, prof, python, run};
use predicates::prelude::*;
use serde_json::Value;
use std::io::Write as _;

const SERVER: &str = "fixtures/server.prof";

#[test]
fn a_gzipped_dump_reads_as_the_dump_from_a_file_and_from_standard_input() {
    let plain = std::fs::read(fixture("server.prof")).expect("the fixture is there");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&plain).expect("packing into memory");
    let packed = packer.finish().expect("packing into memory");
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("server.prof.gz"), &packed).expect("a temporary file");
    let arguments = ["--sort", "cumulative", "--limit", "5"];
    let text = |command: &mut assert_cmd::Command| {
        let output = command.args(arguments).assert().success();
        let text = String::from_utf8(output.get_output().stdout.clone()).expect("text");
        text.split_once("\n\n")
            .expect("a file line and the report")
            .1
            .to_owned()
    };
    let expected = text(prof().args(["stats"]).arg(fixture("server.prof")));
    assert!(expected.contains("cumulative time"));
    assert_eq!(
        text(
            prof()
                .current_dir(folder.path())
                .args(["stats", "server.prof.gz"])
        ),
        expected
    );
    assert_eq!(text(prof().args(["stats", "-"]).write_stdin(packed)), expected);
    assert_eq!(text(prof().args(["stats", "-"]).write_stdin(plain)), expected);
}

#[test]
fn json_numbers_are_those_of_the_dump() {
    let Some(python) = python() else { return };
    let json: Value =
        serde_json::from_str(&run(&["stats", SERVER, "--format", "json", "--callers"])).expect("JSON");
    assert_eq!(json["schema"], "prof-stats/1");
    // The dump, loaded by Python itself, in the same shape.
    let script = "import json, marshal, sys\n\
        dump = marshal.load(open(sys.argv[1], 'rb'))\n\
        row = lambda key, nc, cc, tt, ct: dict(file=key[0], line=key[1], name=key[2], calls=nc, primitive_calls=cc, \
        own_seconds=tt, cumulative_seconds=ct)\n\
        json.dump([dict(row(k, nc, cc, tt, ct), callers=[row(c, *callers[c]) for c in sorted(callers)]) \
        for k, (cc, nc, tt, ct, callers) in dump.items()], sys.stdout)";
    let output = std::process::Command::new(python)
        .args(["-c", script])
        .arg(fixture("server.prof"))
        .output();
    let expected: Vec<Value> = serde_json::from_slice(&output.expect("Python runs").stdout).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(&expected) {
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(&row[name], value, "{name} of {}", row["name"]);
        }
    }
}

#[test]
fn csv_has_a_line_for_each_function_or_edge() {
    let functions = run(&["stats", SERVER, "--format", "csv"]);
    assert!(functions.starts_with("file,line,name,calls,primitive_calls,own_seconds,cumulative_seconds\n"));
    let json: Value =
        serde_json::from_str(&run(&["stats", SERVER, "--format", "json", "--callers"])).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    assert_eq!(functions.lines().count(), 1 + rows.len());
    let edges: usize = rows
        .iter()
        .map(|row| row["callers"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(
        run(&["stats", SERVER, "--format", "csv", "--callers"])
            .lines()
            .count(),
        1 + edges
    );
    assert_eq!(
        run(&["stats", SERVER, "--format", "csv", "--callees"])
            .lines()
            .count(),
        1 + edges
    );
}

#[test]
fn excluding_idle_functions_recomputes_the_totals_and_says_so() {
    let all: Value = serde_json::from_str(&run(&["stats", SERVER, "--format", "json"])).expect("JSON");
    let busy: Value =
        serde_json::from_str(&run(&["stats", SERVER, "--format", "json", "--exclude-idle"])).expect("JSON");
    let own = |json: &Value| json["totals"]["own_seconds"].as_f64().expect("a number");
    let left_out = busy["left_out"]["own_seconds"].as_f64().expect("a number");
    // The poll of the reactor is half of this server's profile.
    assert!(left_out > 0.4 * own(&all));
    assert!((own(&all) - left_out - own(&busy)).abs() < 1e-6);
    let text = run(&["stats", SERVER, "--exclude-idle", "--limit", "1"]);
    assert!(
        text.contains("left out: 3 functions with 66.714 seconds of their own"),
        "{text}"
    );
    assert!(!run(&["stats", SERVER, "--exclude", "epoll"]).contains("epoll"));
}

#[test]
fn groups_share_out_all_own_time() {
    for by in ["file", "module", "package"] {
        let json: Value =
            serde_json::from_str(&run(&["stats", SERVER, "--group-by", by, "--format", "json"]))
                .expect("JSON");
        let own = |row: &Value| row["own_seconds"].as_f64().expect("a number");
        let rows = json["rows"].as_array().expect("rows");
        let sum: f64 = rows.iter().map(own).sum();
        assert!((sum - own(&json["totals"])).abs() < 1e-6, "{by}");
        assert!(rows.iter().map(own).is_sorted_by(|a, b| a >= b), "{by}");
        assert!(
            rows.iter()
                .all(|row| row["cumulative_seconds"].as_f64() >= row["own_seconds"].as_f64()),
            "{by}"
        );
    }
    assert!(run(&["stats", SERVER, "--group-by", "package"]).contains("  evennia\n"));
}

#[test]
fn the_least_percentage_and_the_top_limit_rows() {
    let table = run(&[
        "stats",
        SERVER,
        "--format",
        "table",
        "--min-percent",
        "50",
        "--sort",
        "cumulative",
    ]);
    let json: Value = serde_json::from_str(&run(&["stats", SERVER, "--format", "json"])).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    let large = rows
        .iter()
        .filter(|row| row["cumulative_percent"].as_f64() >= Some(50.0))
        .count();
    // Two lines of totals, an empty one, and the head.
    assert_eq!(table.lines().count(), 4 + large, "{table}");
    assert_eq!(
        run(&["stats", SERVER, "--format", "table", "--top", "3"])
            .lines()
            .count(),
        4 + 3
    );
    assert!(
        run(&["stats", SERVER, "--top", "3"]).contains("List reduced from 2617 to 3 due to restriction <3>")
    );
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let table = |color: &str| {
        run(&[
            "stats", SERVER, "--format", "table", "--top", "3", "--color", color,
        ])
    };
    assert!(table("always").contains("\x1b["));
    assert!(!table("never").contains('\x1b'));
    assert!(
        !table("auto").contains('\x1b'),
        "standard output is no terminal here"
    );
}

#[test]
fn folded_addresses_leave_no_address() {
    let names = |more: &[&str]| run(&[&["stats", SERVER, "--format", "csv"], more].concat());
    assert!(names(&[]).contains("at 0x7f"));
    assert!(!names(&["--fold-addresses"]).contains("at 0x7f"));
    assert!(names(&["--fold-addresses"]).contains("at 0x..>"));
}

#[test]
fn a_written_dump_loads_in_python_to_the_same_contents() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.prof");
    let written = path.to_str().expect("a UTF-8 path");
    run(&["stats", SERVER, "--write", written]);
    let script = "import marshal, sys\n\
        a, b = (marshal.load(open(path, 'rb')) for path in sys.argv[1:])\n\
        assert a == b and list(a) == list(b)";
    let status = std::process::Command::new(python)
        .args(["-c", script])
        .arg(fixture("server.prof"))
        .arg(&path)
        .status();
    assert!(status.expect("Python runs").success());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .collect();
    assert_eq!(left.len(), 1, "no temporary file stays: {left:?}");
}

#[test]
fn several_files_and_add_are_added() {
    let calls = |arguments: &[&str]| {
        let arguments = [&["stats", "--format", "json", "--top", "1"], arguments].concat();
        let json: Value = serde_json::from_str(&run(&arguments)).expect("JSON");
        json["totals"]["calls"].as_i64().expect("a number")
    };
    let once = calls(&[SERVER]);
    assert_eq!(calls(&[SERVER, SERVER]), 2 * once);
    assert_eq!(calls(&[SERVER, "--add", SERVER, "--add", SERVER]), 3 * once);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(["stats", "--format", "csv"])
        .arg(fixture("server.prof"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]));
}

#[test]
fn a_profile_of_prof_itself_is_drawn() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("self.svg");
    // So short a run may end before the first sample; then a warning says so.
    let output = prof()
        .args(["stats", "--sort", "time", "--self-profile"])
        .arg(&path)
        .args(std::iter::repeat_n(fixture("server.prof"), 60))
        .assert()
        .success();
    let warned = String::from_utf8_lossy(&output.get_output().stderr).contains("nothing was sampled");
    assert!(warned || std::fs::read_to_string(&path).is_ok_and(|svg| svg.ends_with("</svg>")));
}

#[test]
fn stacks_are_read_from_standard_input_as_from_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in [
        ("stacks.folded", &b"main (a.py:1);work (a.py:2) 30\nmain (a.py:1) 10\n"[..]),
        (
            "stacks.json",
            br#"{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"main"}]},"profiles":[{"type":"sampled","name":"","unit":"none","startValue":0,"endValue":3,"samples":[[0]],"weights":[3]}]}"#,
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        let of = |command: &mut assert_cmd::Command| {
            let output = command.assert().success();
            String::from_utf8(output.get_output().stdout.clone()).expect("text")
        };
        let words = ["stats", "--sort", "time", "--rate", "1000"];
        let from_file = of(prof().args(words).arg(&path));
        let from_input = of(prof().args(words).arg("-").write_stdin(bytes));
        let rows = |text: &str| text.split_once("function calls").expect("a head").1.to_owned();
        assert!(from_file.contains("main"), "{from_file}");
        assert_eq!(rows(&from_input), rows(&from_file));
        assert!(from_input.trim_start().starts_with('-'), "{from_input}");
    }
    prof()
        .args(["stats", "-"])
        .write_stdin("no profile at all")
        .assert()
        .code(2)
        .stderr(predicate::str::contains("cannot read `-`"));
}

#[test]
fn stacks_with_a_mistake_are_told_as_such() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = "main;work 30\nmain x\n";
    std::fs::write(folder.path().join("a.folded"), bytes).expect("a temporary file");
    for (name, input) in [("a.folded", ""), ("-", bytes)] {
        prof()
            .args(["stats", name])
            .current_dir(folder.path())
            .write_stdin(input)
            .assert()
            .code(2)
            .stderr(predicate::str::starts_with(format!(
                "error: cannot read `{name}`: line 2: "
            )));
    }
}

#[test]
fn help_has_examples() {
    for arguments in [&["--help"][..], &["stats", "--help"]] {
        prof()
            .args(arguments)
            .assert()
            .success()
            .stdout(predicate::str::contains("Examples:\n  prof stats server.prof"));
    }
}

#[test]
fn like_follows_the_version_asked_for() {
    let file = "fixtures/pstats/dumps/syn-val-sampled.prof";
    assert!(run(&["stats", file]).contains("nsamples"));
    assert!(fail(&["stats", file, "--like", "3.8"], 2).contains("Python 3.8 cannot read"));
    assert!(fail(&["stats", SERVER, "--like", "2.7"], 2).contains("Python 3 wrote it"));
    assert!(fail(&["stats", SERVER, "--like", "3.5"], 2).contains("3.6 to 3.15"));
    // `file` was no sort key in 3.6.
    assert!(
        fail(&["stats", SERVER, "--like", "3.6", "--sort", "file"], 2).contains("`file` is not a sort key")
    );
    run(&["stats", SERVER, "--like", "3.7", "--sort", "file", "--top", "1"]);
    // Possessive repeats came with 3.11.
    let limited = |version| {
        run(&[
            "stats", SERVER, "--like", version, "--limit", "a++b", "--top", "1",
        ])
    };
    assert!(limited("3.10").contains("<Invalid regular expression 'a++b'>"));
    assert!(!limited("3.11").contains("Invalid"));
}
