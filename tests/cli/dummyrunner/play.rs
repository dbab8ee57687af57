//! Dummies on the demo game, as a user starts them. What must not depend on how busy the machine is is waited for, not
//! timed.

use crate::{fail, prof, run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A demo game, ended with the test.
struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Demo {
    fn start() -> Demo {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
            .args([
                "dummyrunner",
                "demo",
                "--serve-only",
                "--port",
                "0",
                "--duration",
                "10m",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("text");
        let rest = line.strip_prefix("The demo game listens on ");
        let address = rest
            .and_then(|rest| rest.split(". ").next())
            .expect("an address")
            .to_owned();
        Demo { child, out, address }
    }

    /// Ends it; what it says of who was there.
    fn end(mut self) -> String {
        signal(&self.child, Signal::SIGINT);
        let mut report = String::new();
        self.out.read_to_string(&mut report).expect("text");
        report
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a small number"));
    kill(pid, signal).expect("it runs");
}

/// Starts dummies, waits until their output has had `lines` lines with this text, and stops them by a signal. Returns
/// all of their output and the exit code.
fn play_until(arguments: &[&str], text: &str, lines: usize, stop: Signal) -> (String, Option<i32>) {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .arg("dummyrunner")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut all = String::new();
    let mut seen = 0;
    while seen < lines {
        let from = all.len();
        if out.read_line(&mut all).expect("text") == 0 {
            panic!("it ended too early:\n{all}");
        }
        seen += usize::from(all[from..].contains(text));
    }
    signal(&child, stop);
    out.read_to_string(&mut all).expect("text");
    (all, child.wait().expect("it ends").code())
}

#[test]
fn one_dummy_shows_its_dialogue_and_logs_out_at_ctrl_c() {
    let demo = Demo::start();
    let (text, code) = play_until(
        &["1", "--target", &demo.address],
        "looks answered in",
        2,
        Signal::SIGINT,
    );
    assert_eq!(code, Some(130), "{text}");
    for part in [
        "-> create Dummy_",
        "== logged in\n",
        "-> look\n",
        "== logging out\n",
        "-> quit\n",
        "== logged out\n",
        "dummies:  1 in = 1 logged out\n",
        "answers:  found by gmcp-echo (1 dummy)\n",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert!(!text.contains('\x1b'), "{text}");
    let report = demo.end();
    assert!(report.contains("1 by quit"), "{report}");
}

#[test]
fn sigterm_logs_out_everyone_and_the_server_hears_every_quit() {
    let demo = Demo::start();
    let arguments = [
        "12",
        "--target",
        &demo.address,
        "--format",
        "dummyrunner",
        "--seed",
        "5",
        "--grace",
        "60s",
    ];
    let (text, _) = play_until(&arguments, "== logged in", 12, Signal::SIGTERM);
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(
        (
            count("-> connected"),
            count("-> create/login"),
            count("-> logout/disconnect")
        ),
        (12, 12, 12),
        "{text}"
    );
    assert!(
        text.lines()
            .last()
            .expect("a line")
            .starts_with("... dummy client runner stopped after "),
        "{text}"
    );
    let report = demo.end();
    assert!(report.contains("12 by quit"), "{report}");
}

#[test]
fn all_files_are_written_and_agree() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (json, csv, junit, trace) = (path("a.json"), path("a.csv"), path("a.xml"), path("a.jsonl"));
    // A fast game of looks, so that there is something to write wherever it runs.
    let arguments = [
        "dummyrunner",
        "3",
        "--target",
        &demo.address,
        "--duration",
        "6s",
        "--timestep",
        "20ms",
        "--seed",
        "9",
        "--json",
        &json,
        "--csv",
        &csv,
        "--junit",
        &junit,
        "--trace",
        &trace,
        "--threshold",
        "lost < 1",
        "--threshold",
        "lag.p50 < 1us",
    ];
    let output = prof().args(arguments).assert().code(1);
    let errors = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(errors.contains("failed: lag.p50 < 1us ("), "{errors}");
    let read = |path: &str| std::fs::read_to_string(path).expect("a file");
    let run: Value = serde_json::from_str(&read(&json)).expect("JSON");
    assert_eq!(
        (run["schema"].as_str(), run["seed"].as_u64()),
        (Some("prof-dummyrunner/1"), Some(9))
    );
    let count = |name: &str| run["commands"][name].as_u64().expect("a number");
    assert!(count("sent") > 0);
    assert_eq!(
        count("sent"),
        ["answered", "lost", "unmeasured", "cut_off"]
            .into_iter()
            .map(count)
            .sum::<u64>()
    );
    let ends: u64 = run["ends"]
        .as_object()
        .expect("ends")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(ends, 3, "{}", run["ends"]);
    assert_eq!(
        run["total"]["response"]["count"].as_u64(),
        Some(count("answered") + count("lost"))
    );
    let rows: Vec<Vec<String>> = read(&csv)
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect();
    let sent = rows[0].iter().position(|name| name == "sent").expect("a column");
    let sum: u64 = rows[1..]
        .iter()
        .filter_map(|row| row[sent].parse::<u64>().ok())
        .sum();
    assert_eq!(sum, count("sent"));
    let suite = read(&junit);
    assert!(
        suite.contains("tests=\"3\" failures=\"1\"") && suite.contains("name=\"lost &lt; 1\""),
        "{suite}"
    );
    let traced = read(&trace);
    let lines: Vec<Value> = traced
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let looks = lines.iter().filter(|line| line["answered"].is_object()).count() as u64;
    assert_eq!(looks, count("answered"));
    // The scenario in the report is the one that was played.
    assert!(
        run["scenario"]
            .as_str()
            .expect("text")
            .contains("timestep = \"20ms\"")
    );
}

/// The limit of the size of files stands for a disk that is full.
#[test]
fn a_file_that_cannot_be_written_keeps_back_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let prof = assert_cmd::cargo::cargo_bin!("prof");
    let line = format!(
        "ulimit -f 4; exec '{}' dummyrunner demo 2 --duration 1s -- --json a.json --csv a.csv",
        prof.display()
    );
    let mut command = Command::new("sh");
    let output = command.args(["-c", &line]).current_dir(folder.path()).output();
    let output = output.expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("error: cannot write `a.json`: File too large\n"),
        "{told}"
    );
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["a.csv"]);
}

#[test]
fn a_full_standard_output_keeps_back_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args([
            "dummyrunner",
            "demo",
            "2",
            "--duration",
            "1s",
            "--",
            "--csv",
            "a.csv",
        ])
        .current_dir(folder.path())
        .stdout(full.expect("a device"))
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(folder.path().join("a.csv").exists());
}

#[test]
fn nobody_listening_is_told_with_a_hint() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port().to_string();
    drop(free);
    let output = prof()
        .args(["dummyrunner", "3", "--port", &port])
        .assert()
        .code(1);
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(text.contains("3 in = 3 connection failed\n"), "{text}");
    assert!(
        text.contains("3  connection refused\n          start the server"),
        "{text}"
    );
}

#[test]
fn scenarios_are_printed_and_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("my.toml");
    let printed = run(&["dummyrunner", "--print-scenario", "normal_builder"]);
    std::fs::write(&path, &printed).expect("a file");
    // It is read before anything is connected; nobody listens on port 1.
    let name = path.to_string_lossy().into_owned();
    prof()
        .args(["dummyrunner", "1", "--port", "1", "--scenario", &name])
        .assert()
        .code(1);
    std::fs::write(&path, printed.replace("look {each objs}", "look {each things}")).expect("a file");
    let message = fail(&["dummyrunner", "1", "--scenario", &name], 2);
    let line = printed
        .lines()
        .position(|line| line.contains("look {each objs}"))
        .expect("a line")
        + 1;
    assert!(
        message.contains(&format!("line {line}, column 20: unknown name `things`")),
        "{message}"
    );
}

#[test]
fn the_examples_are_scenarios() {
    for name in ["plain-mud", "evennia"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/scenarios/{name}.toml"));
        let path = path.to_string_lossy().into_owned();
        // Read and checked; nobody listens on port 1.
        prof()
            .args(["dummyrunner", "2", "--port", "1", "--scenario", &path])
            .assert()
            .code(1);
    }
}

#[test]
fn what_cannot_be_done_is_told_before_anything_is_connected() {
    let check = |arguments: &[&str], part: &str| {
        let message = fail(&[&["dummyrunner"], arguments].concat(), 2);
        assert!(message.contains(part), "{arguments:?}: {message}");
    };
    check(&[], "how many dummies?");
    check(&["0"], "no dummies");
    check(&["x"], "invalid value 'x'");
    check(&["1", "--profile", "nobody"], "built in are idler, looker");
    check(&["1", "--target", "8.8.8.8:4000"], "--i-own-this-server");
    check(&["1", "--target", "nowhere"], "HOST:PORT");
    check(&["1", "--threshold", "p99"], "is no condition");
    check(&["1", "--threshold", "p99(x) < 1s"], "unknown action `x`");
    check(&["1", "--until", "errors > 1"], "--until looks at the lag");
    check(&["1", "--model", "rate"], "this model needs --rate");
    check(&["1", "--follow", "2"], "no dummy 2");
    check(
        &["1", "--json", "/nowhere/run.json"],
        "cannot write `/nowhere/run.json`",
    );
    check(&["1", "--method", "expect"], "needs `expect`");
    check(
        &["1", "--scenario", "/nowhere.toml"],
        "cannot read `/nowhere.toml`",
    );
}

#[test]
fn a_search_ends_where_there_may_be_no_more_dummies() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.json");
    let path = path.to_str().expect("a path in UTF-8");
    // A minute's lag at half of all answers: whatever the machine is busy with, that is kept.
    let search = [
        "--find-capacity",
        "lag.p50 < 60s",
        "--max-dummies",
        "2",
        "--settle",
        "1s",
        "--window",
        "1s",
    ];
    let play = ["--timestep", "20ms", "--chance-of-action", "1", "--json", path];
    let mut arguments = vec![
        "dummyrunner",
        "demo",
        "1",
        "--work",
        "1ms",
        "--duration",
        "5m",
        "--",
    ];
    arguments.extend(search);
    arguments.extend(play);
    let report = run(&arguments);
    assert!(
        report.contains("\nholds at least 2 players with lag.p50 < 1m\n"),
        "{report}"
    );
    assert!(report.contains("dummies:  2 in = 2 logged out"), "{report}");
    let json: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("it was written")).expect("JSON");
    let capacity = &json["capacity"];
    assert_eq!(
        (&capacity["kind"], &capacity["players"]),
        (&"at least".into(), &2.into())
    );
    let levels = capacity["levels"].as_array().expect("levels");
    let dummies: Vec<u64> = levels
        .iter()
        .filter_map(|level| level["measured"]["dummies"].as_u64())
        .collect();
    assert_eq!(dummies, [1, 2]);
    assert!(
        levels.iter().all(|level| level["outcome"] == "kept"),
        "{capacity}"
    );
}

#[test]
fn a_search_that_makes_no_sense_is_told_before_anything_is_connected() {
    for (arguments, text) in [
        (
            &["--find-capacity", "rate > 5"][..],
            "whether the server holds them or not",
        ),
        (&["--find-capacity", "p95(looks) < 1s"], "by all actions together"),
        (
            &["--find-capacity", "p95 < 1s", "--rate", "5"],
            "no capacity to find",
        ),
        (
            &["--find-capacity", "p95 < 1s", "--stages", "5 hold 1s"],
            "a search makes its own",
        ),
        (&["--find-capacity", "server.cpu < 80%"], "process is not watched"),
        (&["--stages", "5 over x"], "`x` is no duration"),
    ] {
        let message = fail(&[&["dummyrunner", "5", "--port", "9"], arguments].concat(), 2);
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn stages_in_words_are_reported_one_by_one() {
    let stages = "2 over 1s hold 1s, 4 hold 1s, 0 over 1s";
    let report = run(&[
        "dummyrunner",
        "demo",
        "4",
        "--duration",
        "5s",
        "--",
        "--stages",
        stages,
    ]);
    let (_, table) = report
        .split_once("\nby stage:\n")
        .unwrap_or_else(|| panic!("{report}"));
    let labels: Vec<&str> = table
        .lines()
        .skip(1)
        .take(4)
        .filter_map(|line| line.split("  ").next())
        .collect();
    assert_eq!(labels, ["0 to 2", "2", "4", "4 to 0"], "{report}");
}
