//! `prof timeit --cmd` and `--sh`, their files, and parameters. Verdicts are asked only where the difference is so great
//! that no neighbour can hide it.

use super::{Printed, prof};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

fn timeit(folder: &Path, arguments: &[&str]) -> Printed {
    let mut command = prof();
    command
        .arg("timeit")
        .args(arguments)
        .current_dir(folder)
        .timeout(Duration::from_secs(60));
    Printed::of(&mut command)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// What it prints; it must succeed.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let printed = timeit(folder, arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {}", printed.err);
    printed.out
}

/// It fails with this code, and says this.
fn check_failure(arguments: &[&str], code: i32, expected: &[&str]) {
    let printed = timeit(folder().path(), arguments);
    assert_eq!(printed.code, Some(code), "{arguments:?}: {}", printed.err);
    for part in expected {
        assert!(printed.err.contains(part), "{arguments:?}: {}", printed.err);
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

#[test]
fn two_commands_are_compared() {
    let folder = folder();
    let out = done(
        folder.path(),
        &["--cmd", "true", "--cmd", "sleep 0.05", "--runs", "12"],
    );
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("A  true"), "{out}");
    assert!(lines[0].contains("12 runs"), "{out}");
    assert!(lines[1].contains("mean ") && lines[1].contains("user "), "{out}");
    assert!(lines[2].starts_with("B  sleep 0.05"), "{out}");
    assert!(out.contains("B is ") && out.contains(" slower than A"), "{out}");
}

/// Expected: 50 ms is what `sleep` is told, and no run takes longer than all of them together by a clock around prof.
#[test]
fn a_sleep_takes_its_time() {
    let folder = folder();
    let file = folder.path().join("r.json");
    let started = std::time::Instant::now();
    done(
        folder.path(),
        &["--cmd", "sleep 0.05", "--runs", "8", "--json", "r.json"],
    );
    let whole = started.elapsed().as_secs_f64();
    let results = json(&file);
    let seconds = results["summary"]["figures"][0]["seconds"]
        .as_f64()
        .expect("a number");
    // Half of the runs take at least the median.
    assert!((0.05..whole / 4.0).contains(&seconds), "{seconds} of {whole}");
    let process = &results["processes"][0];
    assert_eq!(process["usage"][0][2], 0, "the exit code");
    assert_eq!(results["cases"][0]["statement"], "sleep 0.05");
}

/// The shell is that of what stands beside the command.
#[test]
fn without_a_shell_is_without_one_whatever_shell_is_named() {
    let folder = folder();
    let command = ["-N", "true", "--runs", "2", "--shell", "no-such-shell"];
    let out = done(folder.path(), &command);
    assert!(out.starts_with("true  ") && !out.contains("by itself"), "{out}");
    check_failure(
        &[&command[..], &["--prepare", "true"]].concat(),
        1,
        &["error: no command `no-such-shell` on the path\nhint: --shell names"],
    );
}

#[test]
fn what_stands_before_and_after_runs_in_order() {
    let folder = folder();
    let note = |word: &str| format!("printf {word} >> log");
    done(
        folder.path(),
        &[
            "--sh",
            "printf \"[$PROF_ITERATION]\" >> log",
            "--runs",
            "2",
            "--warmup",
            "1",
            "--setup-cmd",
            &note("s"),
            "--prepare",
            &note("p"),
            "--conclude",
            &note("c"),
            "--cleanup",
            &note("e"),
        ],
    );
    let log = fs::read_to_string(folder.path().join("log")).expect("a log");
    assert_eq!(log, "sp[0]cp[1]cp[2]ce");
}

#[test]
fn each_command_may_have_its_own() {
    let folder = folder();
    fs::write(folder.path().join("in"), "three\nshort\nlines\n").expect("a file");
    done(
        folder.path(),
        &[
            "--cmd",
            "A=1 sh -c 'cat; echo $A$B'",
            "--sh",
            "echo ${A}b >&2",
            "--runs",
            "2",
            "--env",
            "B={x}",
            "-L",
            "x",
            "7",
            "--input",
            "in",
            "--input",
            "null",
            "--output",
            "out",
            "--output",
            "null",
        ],
    );
    let out = fs::read_to_string(folder.path().join("out")).expect("the output");
    assert_eq!(out, "three\nshort\nlines\n17\n");
}

/// Expected: what the system itself says of the process.
#[test]
fn commands_run_on_the_processors_asked_for() {
    let folder = folder();
    let allowed = || fs::read_to_string("/proc/self/status").expect("Linux");
    let list = |status: &str| {
        let line = status.lines().find(|line| line.starts_with("Cpus_allowed_list:"));
        line.and_then(|line| line.split_whitespace().nth(1))
            .expect("a list")
            .to_owned()
    };
    let own = list(&allowed());
    let first = own.split([',', '-']).next().expect("a number");
    let command = [
        "--cpu",
        first,
        "--cmd",
        "cat /proc/self/status",
        "--output",
        "out",
        "--runs",
        "1",
    ];
    done(folder.path(), &command);
    let seen = fs::read_to_string(folder.path().join("out")).expect("the output");
    assert_eq!(list(&seen), first);
}

#[test]
fn the_shell_is_told_by_itself() {
    let out = done(folder().path(), &["--sh", "true", "--runs", "6"]);
    assert!(out.contains("`sh` by itself takes "), "{out}");
}

#[test]
fn failures_say_what_failed() {
    check_failure(
        &["--cmd", "no-such-command"],
        1,
        &["error: no command `no-such-command` on the path", "--sh"],
    );
    check_failure(
        &["--cmd", "./nothing"],
        1,
        &["cannot start `./nothing`: No such file"],
    );
    check_failure(
        &["--sh", "echo broken >&2; exit 3"],
        1,
        &["failed in run 1: exit code 3", "  broken"],
    );
    check_failure(&["--sh", "kill -9 $$"], 1, &["killed by signal 9 (SIGKILL)"]);
    check_failure(&["--cmd", "ls *.none"], 1, &["no shell expands the `*`"]);
    check_failure(
        &["--cmd", "true", "--prepare", "exit 4"],
        1,
        &["the command of --prepare failed: exit code 4"],
    );
    check_failure(
        &["--cmd", "cat", "--input", "none"],
        1,
        &["cannot read the input `none`: No such file or directory\n"],
    );
    check_failure(
        &["--cmd", "sleep 9", "--timeout", "0.3"],
        124,
        &["one run took longer than --timeout"],
    );
}

#[test]
fn what_was_measured_before_a_failure_is_reported() {
    let folder = folder();
    let printed = timeit(
        folder.path(),
        &[
            "--sh",
            "test $PROF_ITERATION -lt 3",
            "--runs",
            "9",
            "--json",
            "r.json",
            "--cleanup",
            "touch cleaned",
        ],
    );
    assert_eq!(printed.code, Some(1));
    assert!(printed.out.contains("3 runs"), "{}", printed.out);
    assert!(
        printed.err.contains("failed in run 4: exit code 1"),
        "{}",
        printed.err
    );
    assert!(folder.path().join("r.json").exists());
    assert!(folder.path().join("cleaned").exists());
}

#[test]
fn the_end_of_the_time_and_ctrl_c_report_what_there_is() {
    let folder = folder();
    let printed = timeit(
        folder.path(),
        &["--cmd", "sleep 0.1", "--runs", "900", "--max-time", "0.5"],
    );
    assert_eq!(printed.code, Some(124), "{}", printed.err);
    assert!(printed.out.contains(" runs"), "{}", printed.out);
    assert!(
        printed.err.contains("took longer than --max-time"),
        "{}",
        printed.err
    );
    // The command itself presses Ctrl-C in its third run.
    let line = "test $PROF_ITERATION -lt 2 || { kill -INT $PPID; sleep 9; }";
    let printed = timeit(
        folder.path(),
        &["--sh", line, "--runs", "9", "--cleanup", "touch cleaned"],
    );
    assert_eq!(printed.code, Some(130), "{}", printed.err);
    assert!(printed.out.contains("2 runs"), "{}", printed.out);
    assert!(printed.err.contains("error: interrupted"), "{}", printed.err);
    assert!(folder.path().join("cleaned").exists());
}

#[test]
fn failures_may_be_ignored() {
    let folder = folder();
    let out = done(
        folder.path(),
        &["--sh", "exit 3", "--runs", "3", "--ignore-failure=2,3"],
    );
    assert!(out.contains("3 runs"), "{out}");
    done(
        folder.path(),
        &["--sh", "kill -9 $$", "--runs", "2", "--ignore-failure"],
    );
    check_failure(
        &["--sh", "exit 4", "--ignore-failure=2,3"],
        1,
        &["exit code 4", "add 4"],
    );
}

#[test]
fn bad_usage_is_told() {
    for (arguments, expected) in [
        (&["--cmd", "a | b"][..], "only a shell understands `|`"),
        (&["--cmd", "echo 'a"], "nothing closes the '"),
        (&["--cmd", ""], "there is no command in it"),
        (&["--cmd", "true", "x = 1"], "--cmd and --sh time commands"),
        (&["--cmd", "true", "-n", "5"], "--runs is the number of runs"),
        (&["--cmd", "true", "--python", "3"], "this is for snippets"),
        (&["--runs", "5", "pass"], "--runs needs a command"),
        (
            &[
                "--cmd",
                "a",
                "--cmd",
                "b",
                "--cmd",
                "c",
                "--prepare",
                "x",
                "--prepare",
                "y",
            ],
            "2 times --prepare, but 3 commands",
        ),
        (
            &["--cmd", "true", "-L", "n", "1,2"],
            "the parameter `n` is used nowhere",
        ),
        (
            &["--cmd", "sleep {n}", "-P", "n", "2", "1"],
            "from 2 to 1 is nothing",
        ),
        (
            &["--cmd", "true {n}", "-L", "n", "1", "-D", "2"],
            "1 times -D, but 0 times -P",
        ),
        (
            &["--cmd", "true {n}", "-L", "n", "1", "-P", "n", "1", "2"],
            "the parameter `n` is given twice",
        ),
        (
            &["--cmd", "true", "--metrics", "speed"],
            "--metrics knows no `speed`",
        ),
        (&["--cmd", "true", "--ignore-failure=x"], "takes exit codes"),
        (&["--cmd", "true", "--shell", "sh '"], "cannot use --shell"),
        (&["--cpu", "1-0", "-N", "true"], "such as 0 or 0,2-3"),
        (&["--cpu", "1000", "-N", "true"], "hint: these we may use: "),
        (&["-N"], "there is no command to time"),
        (
            &["-N", "true", "-p", "make clean"],
            "--prepare runs a command before each run",
        ),
        (&["-N", "true", "-n", "5"], "--name its name"),
        (&["-N", "true", "-r", "3", "--runs", "4"], "-r is --runs here"),
        (
            &["--sh", "true", "--shell", "none"],
            "--sh and -S run commands in a shell",
        ),
        (
            &["-N", "true", "--metrics", "time_wall_clock:ms"],
            "-u is the unit of times",
        ),
        (
            &["--cmd", "true", "--export", "csv:x"],
            "it is hyperfine:FILE or pyperf:FILE",
        ),
    ] {
        check_failure(arguments, 2, &[expected]);
    }
}

#[test]
fn parameters_are_put_into_commands_and_beside() {
    let folder = folder();
    let out = done(
        folder.path(),
        &[
            "-P",
            "d",
            "0.01",
            "0.03",
            "-D",
            "0.01",
            "--cmd",
            "sleep {d}",
            "--prepare",
            "echo {d} >> log",
            "--runs",
            "2",
        ],
    );
    assert!(out.contains("d = 0.02  sleep 0.02"), "{out}");
    let log = fs::read_to_string(folder.path().join("log")).expect("a log");
    assert_eq!(log, "0.01\n0.02\n0.03\n0.03\n0.02\n0.01\n");
    // The time of a sleep is the number itself, and its start.
    assert!(
        out.contains("the time grows as d^0.") || out.contains("the time grows as d^1."),
        "{out}"
    );
}

#[test]
fn results_go_to_files_of_all_kinds() {
    let folder = folder();
    let out = done(
        folder.path(),
        &[
            "--cmd",
            "true",
            "--cmd",
            "sh -c ':'",
            "--runs",
            "6",
            "--json",
            "r.json",
            "--csv",
            "r.csv",
            "--markdown",
            "r.md",
            "--asciidoc",
            "r.adoc",
            "--html",
            "r.html",
            "--export",
            "hyperfine:h.json",
            "--export",
            "pyperf:p.json",
        ],
    );
    assert!(!out.is_empty());
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    assert!(
        read("r.md").contains("| name ") && read("r.md").contains("| command"),
        "{}",
        read("r.md")
    );
    assert!(read("r.adoc").starts_with("[cols="));
    assert!(read("r.html").starts_with("<!doctype html>"));
    let csv = read("r.csv");
    assert_eq!(csv.lines().count(), 13);
    let hyperfine = json(&folder.path().join("h.json"));
    assert_eq!(hyperfine["schema_version"], 2);
    assert_eq!(hyperfine["results"][1]["command"], "sh -c ':'");
    assert_eq!(
        hyperfine["results"][0]["measurements"].as_array().map(Vec::len),
        Some(6)
    );
    // Read back, nothing has changed.
    let again = timeit(folder.path(), &["compare", "r.json", "r.json"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(again.out.contains("6 runs"), "{}", again.out);
}

#[test]
fn order_is_as_asked() {
    let folder = folder();
    let run = |more: &[&str]| {
        let _ = fs::remove_file(folder.path().join("log"));
        let all = [
            &[
                "--sh",
                "printf A >> log",
                "--sh",
                "printf B >> log",
                "--runs",
                "3",
            ][..],
            more,
        ]
        .concat();
        done(folder.path(), &all);
        fs::read_to_string(folder.path().join("log")).expect("a log")
    };
    assert_eq!(run(&[]), "ABBAAB");
    assert_eq!(run(&["--order", "block"]), "AAABBB");
    // What one sets up the next may undo.
    assert_eq!(run(&["--setup-cmd", "printf s >> log"]), "sAAAsBBB");
    assert_eq!(run(&["--order", "random"]).len(), 6);
}

#[test]
fn a_command_that_wants_the_terminal_is_told_so() {
    // A terminal of our own, which script(1) makes; without it there is none to want.
    let Some(script) = ["/usr/bin/script"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    else {
        assert!(std::env::var_os("CI").is_none(), "no script(1)");
        eprintln!("skipped: no script(1)");
        return;
    };
    let prof = assert_cmd::cargo::cargo_bin!("prof").display().to_string();
    let line = format!("{prof} timeit --runs 1 --sh 'read answer < /dev/tty'");
    let output = assert_cmd::Command::new(script)
        .args(["-qec", &line, "/dev/null"])
        .timeout(Duration::from_secs(30))
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("wants to read from the terminal"), "{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
}
