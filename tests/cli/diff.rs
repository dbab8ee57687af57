//! `prof diff`. What the dumps of `fixtures/diff` hold was counted by hand, see their README.

use crate::{fail, fixture, prof, python, run};
use predicates::prelude::*;
use serde_json::Value;

const BEFORE: &str = "fixtures/diff/before.prof";
const AFTER: &str = "fixtures/diff/after.prof";
const SERVER: &str = "fixtures/server.prof";

fn diff(arguments: &[&str]) -> String {
    run(&[&["diff", BEFORE, AFTER], arguments].concat())
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&run(arguments)).expect("JSON")
}

/// The lines below the head: what they end with.
fn names(table: &str) -> Vec<&str> {
    let (_, table) = table.split_once("\n\n").expect("a head and a table");
    let rows = table.lines().skip(1);
    rows.map(|line| line.rsplit("  ").next().unwrap_or("")).collect()
}

#[test]
fn the_table_shows_what_changed_most_and_adds_up() {
    let table = diff(&[]);
    let expected = "\
own time 0.215 -> 0.222 seconds (+0.007, +3.3%), calls 16 -> 13 (-3, -18.8%)
7 functions in both (3 unchanged), 1 new, 1 gone; ordered by change of own time

own s  own +/-    own %  cum s  cum +/-    cum %  calls  calls +/-   per call  per call %  function
0.120   +0.080  +200.0%  0.120   +0.080  +200.0%      4          0  30.000 ms     +200.0%  /home/game/world/rules.py:3(parse)
0.060   -0.060   -50.0%  0.060   -0.060   -50.0%      3         -3  20.000 ms        0.0%  /home/game/world/rules.py:6(roll)
0.000   -0.040     gone  0.000   -0.040     gone      0         -1                         /srv/old/game/world/rules.py:10(legacy)
0.025   +0.025      new  0.025   +0.025      new      1         +1                         /home/game/world/rules.py:13(cache)
0.009   +0.002   +28.6%  0.009   +0.002   +28.6%      1          0   9.000 ms      +28.6%  /home/game/world/rules.py:11(__init__)
0.000    0.000     0.0%  0.222   +0.007    +3.3%      1          0          0        0.0%  /home/game/world/rules.py:15(m)
0.008    0.000     0.0%                               3          0                         3 unchanged functions
0.222   +0.007    +3.3%                              13         -3                         total
";
    let (_, rest) = table.split_once("after.prof\n").expect("two lines of files");
    assert_eq!(rest, expected);
    let table = diff(&["--top", "1"]);
    let others = table.lines().rev().nth(1).expect("a line before the last");
    let cells: Vec<&str> = others.split_whitespace().collect();
    assert_eq!(
        cells,
        ["0.102", "-0.073", "-41.7%", "9", "-3", "8", "other", "functions"]
    );
}

#[test]
fn the_order_and_the_least_change_can_be_chosen() {
    let first = |arguments: &[&str]| names(&diff(arguments))[0].rsplit('(').next().map(str::to_owned);
    assert_eq!(first(&["--sort", "calls"]).as_deref(), Some("roll)"));
    assert_eq!(first(&["--sort", "per-call"]).as_deref(), Some("parse)"));
    assert_eq!(first(&["--sort", "name"]).as_deref(), Some("parse)"));
    // Two lines of what is not listed and the total come after the functions.
    assert_eq!(names(&diff(&["--min-change", "0.04"])).len(), 3 + 2);
    assert_eq!(names(&diff(&["--min-change", "60ms"])).len(), 2 + 2);
    assert_eq!(names(&diff(&["--min-change", "50%"])).len(), 4 + 2);
    assert_eq!(
        names(&diff(&["--sort", "calls", "--min-change", "3"])).len(),
        1 + 2
    );
    assert!(diff(&["--min-change", "9s"]).ends_with("No function that changed is to be listed.\n"));
    let error = fail(&["diff", BEFORE, AFTER, "--min-change", "much"], 2);
    assert!(
        error.contains("cannot use --min-change `much`: expected a number such as 5%"),
        "{error}"
    );
}

#[test]
fn json_has_all_functions_and_adds_up() {
    let report = json(&["diff", BEFORE, AFTER, "--format", "json"]);
    assert_eq!(report["schema"], "prof-diff/1");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 9);
    assert_eq!(rows[0]["before"]["file"], "/srv/old/game/world/rules.py");
    assert_eq!(rows[0]["before"]["own_seconds"], 0.04);
    assert_eq!(rows[0]["after"]["own_seconds"], 0.12);
    assert_eq!(rows[0]["change"]["calls"], 0);
    let of_status = |status: &str| {
        rows.iter()
            .find(|row| row["status"] == status)
            .expect("one of each")
    };
    assert_eq!(of_status("new")["before"], Value::Null);
    assert_eq!(of_status("new")["change"]["own_percent"], "inf");
    assert_eq!(of_status("gone")["after"], Value::Null);
    assert_eq!(of_status("gone")["change"]["own_percent"], -100.0);
    assert_eq!(of_status("same")["change"]["own_seconds"], 0.0);
    // Against a profile with which it has nothing in common, listed or not.
    for top in ["0", "7", "100000"] {
        let report = json(&["diff", BEFORE, SERVER, "--format", "json", "--top", top]);
        let own = |value: &Value| value["own_seconds"].as_f64().expect("a number");
        let calls = |value: &Value| value["calls"].as_i64().expect("a number");
        let rows = report["rows"].as_array().expect("rows");
        let listed: f64 = rows.iter().map(|row| own(&row["change"])).sum();
        let whole = own(&report["change"]);
        assert!((listed + own(&report["others"]) - whole).abs() < 1e-9 * whole);
        let listed: i64 = rows.iter().map(|row| calls(&row["change"])).sum();
        assert_eq!(listed + calls(&report["others"]), calls(&report["change"]));
    }
}

#[test]
fn csv_and_markdown_have_the_same_rows() {
    let csv = diff(&["--format", "csv"]);
    assert_eq!(csv.lines().count(), 1 + 9);
    let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [21; 10]);
    let line = "gone,,,,/srv/old/game/world/rules.py,10,legacy,1,,-1,-100.0,0.04,,-0.04,-100.0,0.04,,-0.04,-100.0,,\n";
    assert!(csv.contains(line), "{csv}");
    let markdown = diff(&["--format", "markdown"]);
    assert!(markdown.contains("\n|------:|"), "{markdown}");
    assert!(
        markdown.contains("| `/home/game/world/rules.py:3(parse)`      |\n"),
        "{markdown}"
    );
}

#[test]
fn the_same_profile_did_not_change() {
    let text = run(&["diff", SERVER, SERVER]);
    let expected = "2617 functions in both (2617 unchanged), 0 new, 0 gone; ordered by change of own time\n\n\
        No function changed.\n";
    assert!(text.ends_with(expected), "{text}");
    assert!(!text.contains("+"), "{text}");
    let report = json(&["diff", SERVER, SERVER, "--format", "json", "--normalize"]);
    assert_eq!(report["scale"], 1.0);
    assert_eq!(report["functions"]["unchanged"], report["functions"]["matched"]);
}

#[test]
fn runs_of_different_length_are_normalised() {
    let twice = tempfile::tempdir().expect("a temporary folder");
    let path = twice.path().join("twice.prof");
    let path = path.to_str().expect("a UTF-8 path");
    run(&["stats", SERVER, SERVER, "--write", path]);
    let grew = json(&["diff", SERVER, path, "--format", "json"]);
    assert_eq!(grew["change"]["own_percent"], 100.0);
    for by in ["--normalize", "--normalize=calls"] {
        let report = json(&["diff", SERVER, path, "--format", "json", by]);
        assert_eq!(report["scale"], 2.0);
        assert_eq!(report["functions"]["unchanged"], report["functions"]["matched"]);
    }
    let error = fail(&["diff", BEFORE, AFTER, "--normalize=size"], 2);
    assert!(error.contains("time, calls"), "{error}");
}

#[test]
fn excluded_functions_are_left_out_of_both() {
    let report = json(&["diff", SERVER, SERVER, "--format", "json", "--exclude-idle"]);
    assert!(report["before"]["left_out"]["own_seconds"].as_f64() > Some(10.0));
    assert_eq!(report["before"]["left_out"], report["after"]["left_out"]);
    let table = diff(&["--exclude", "parse|cache"]);
    assert!(!table.contains("parse"), "{table}");
    assert!(
        table.contains("left out: 2 functions with 0.145 seconds of their own"),
        "{table}"
    );
}

#[test]
fn checks_that_hold_fail() {
    let check = |checks: &[&str]| {
        let mut command = prof();
        command
            .args(["diff", BEFORE, AFTER, "--top", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        for check in checks {
            command.args(["--fail-if", check]);
        }
        command.assert()
    };
    check(&[r"own(\(parse\)) > 200%", "total > 10ms", "calls(.) >= 100"])
        .code(0)
        .stderr("");
    check(&["own(parse) >= 200%", "calls(roll) > 0", "cumulative(.) > 20ms"])
        .code(3)
        .stdout(predicate::str::contains("total\n"))
        .stderr(
            "failed: own(parse) >= 200%: own time of /home/game/world/rules.py:3(parse): \
             40.000 ms -> 120.000 ms (+200.0%)\n\
             failed: cumulative(.) > 20ms: cumulative time of /home/game/world/rules.py:3(parse): \
             40.000 ms -> 120.000 ms (+200.0%)\n\
             failed: cumulative(.) > 20ms: cumulative time of /home/game/world/rules.py:13(cache): \
             0 -> 25.000 ms (from nothing)\n",
        );
    check(&["total > 3%"])
        .code(3)
        .stderr("failed: total > 3%: own time of everything: 215.000 ms -> 222.000 ms (+3.3%)\n");
    check(&["own(no such) > 5%"])
        .code(0)
        .stderr("warning: --fail-if `own(no such) > 5%` matches no function\n");
    let error = fail(&["diff", BEFORE, AFTER, "--fail-if", "own(parse > 5%"], 2);
    assert!(
        error.starts_with(
            "error: cannot use --fail-if `own(parse > 5%`: column 11: expected `)` after the regular expression\n"
        ),
        "{error}"
    );
}

#[test]
fn errors_name_the_file() {
    assert!(fail(&["diff", BEFORE, "no such"], 2).contains("cannot read `no such`"));
    assert!(fail(&["diff", "-", "-"], 2).contains("only be one of the two"));
    assert!(fail(&["diff", BEFORE], 2).contains("<AFTER>"));
    prof()
        .args(["diff", "-"])
        .arg(fixture("diff/after.prof"))
        .write_stdin(std::fs::read(fixture("diff/before.prof")).expect("the fixture is there"))
        .assert()
        .success()
        .stdout(predicate::str::contains("before -\n"));
}

#[test]
fn names_are_escaped_and_colours_only_where_wanted() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("odd.prof");
    let script = "import marshal, sys\n\
        marshal.dump({('a.py', 1, '\\x1b[31mred\\n|`'): (1, 1, 1.0, 1.0, {})}, open(sys.argv[1], 'wb'))";
    let status = std::process::Command::new(python)
        .args(["-c", script])
        .arg(&path)
        .status();
    assert!(status.expect("Python runs").success());
    let path = path.to_str().expect("a UTF-8 path");
    let arguments = ["diff", BEFORE, path, "--fail-if", "own(red) > 5%"];
    for format in ["table", "markdown"] {
        prof()
            .args(arguments)
            .args(["--format", format])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .assert()
            .code(3)
            .stdout(
                predicate::str::contains('\x1b')
                    .not()
                    .and(predicate::str::contains("\\x1b[31mred\\n")),
            )
            .stderr(
                predicate::str::contains('\x1b')
                    .not()
                    .and(predicate::str::contains("\\x1b[31mred\\n")),
            );
    }
    let colored = diff(&["--color", "always"]);
    assert!(
        colored.contains("\x1b[31m0.120") && colored.contains("\x1b[34m0.060"),
        "{colored}"
    );
    assert!(!diff(&[]).contains('\x1b'));
}

#[test]
fn help_has_examples() {
    prof()
        .args(["diff", "--help"])
        .assert()
        .success()
        .stdout(predicate::str::contains(
            "Examples:\n  prof diff before.prof after.prof",
        ));
}

#[test]
fn json_holds_what_the_checks_found() {
    let mut command = prof();
    command
        .args([
            "diff",
            BEFORE,
            AFTER,
            "--format",
            "json",
            "--fail-if",
            "own(parse) > 5%",
        ])
        .args(["--fail-if", "own(none) > 5%", "--fail-if", "total > 1000%"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.assert().code(3);
    let report: Value = serde_json::from_slice(&output.get_output().stdout).expect("JSON");
    let checks = &report["checks"];
    assert_eq!(checks[0]["check"], "own(parse) > 5%");
    let breach = &checks[0]["breaches"][0];
    assert_eq!(breach["function"], "/home/game/world/rules.py:3(parse)");
    assert_eq!(breach["metric"], "own_seconds");
    let percent = breach["change_percent"].as_f64().expect("a number");
    assert!((percent - 200.0).abs() < 1e-9, "{percent}");
    let found = |at: usize| (checks[at]["functions"].clone(), checks[at]["breaches"].clone());
    assert_eq!(found(1), (false.into(), Value::Array(Vec::new())));
    assert_eq!(found(2), (true.into(), Value::Array(Vec::new())));
}

#[test]
fn samples_are_compared_as_functions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a temporary file");
        path.into_os_string().into_string().expect("a plain path")
    };
    let before = write("before.folded", "main;parse 30\nmain;send 10\n");
    let after = write("after.folded", "main;parse 60\nmain;send 10\n");
    let report = json(&["diff", &before, &after, "--rate", "10", "--format", "json"]);
    let row = &report["rows"][0];
    assert_eq!(
        (&row["after"]["name"], &row["status"]),
        (&"parse".into(), &"changed".into())
    );
    assert_eq!(row["change"]["own_seconds"], 3.0);
    assert_eq!(report["change"]["own_seconds"], 3.0);
}
