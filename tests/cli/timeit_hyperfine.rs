//! What hyperfine does: the table of the README, row by row, and the files that its own scripts read. With a real
//! hyperfine 2.0 (HYPERFINE, or on the path) its column is tried, too.

use super::{Printed, python};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Programs of the examples. All end at once, but for those that are shells.
const PROGRAMS: [&str; 14] = [
    "sleep",
    "hexdump",
    "xxd",
    "sync",
    "sudo",
    "make",
    "g++",
    "clang++",
    "git",
    "python",
    "my-command",
    "my_command",
    "./benchmark-cpp",
    "./benchmark-rust",
];

/// A folder with the programs and files that the examples name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).expect("a folder");
    let program = |path: &Path, text: &str| {
        fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("a program");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a program");
    };
    for name in PROGRAMS.iter().chain(&["./baseline", "./candidate"]) {
        match name.strip_prefix("./") {
            Some(name) => program(&folder.path().join(name), ":"),
            None => program(&bin.join(name), ":"),
        }
    }
    program(&bin.join("zsh"), "exec bash \"$@\"");
    fs::write(folder.path().join("file"), "TODO\n").expect("a file");
    fs::write(folder.path().join("main.cpp"), "").expect("a file");
    fs::create_dir(folder.path().join("tools")).expect("a folder");
    std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin!("prof"), bin.join("prof")).expect("a link");
    folder
}

/// What a line of bash prints there.
fn run(folder: &Path, line: &str) -> Printed {
    let path = std::env::var("PATH").expect("a path");
    let line = format!("my_function() {{ :; }}; export -f my_function; {line}");
    let mut command = assert_cmd::Command::new("bash");
    command
        .args(["-c", &line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .timeout(Duration::from_secs(60));
    Printed::of(&mut command)
}

/// The rows of the tables between the words before them and the next section: the cells, without the marks of code.
fn rows(head: &str) -> Vec<[String; 2]> {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let (_, rest) = readme.split_once(&format!("| {head} |")).expect("the table");
    let table = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    table
        .map(|line| {
            let line = line.trim_matches('|').replace("\\|", "\u{0}");
            let cell = |cell: &str| cell.trim().replace('\u{0}', "|");
            let (left, right) = line.split_once('|').expect("two cells");
            [cell(left), cell(right)]
        })
        .collect()
}

fn code(cell: &str) -> &str {
    cell.strip_prefix('`')
        .and_then(|cell| cell.strip_suffix('`'))
        .expect("a command")
}

/// hyperfine, if there is one. Without it the test says so and goes on, but fails under CI.
fn hyperfine() -> Option<String> {
    let program = std::env::var("HYPERFINE").unwrap_or_else(|_| "hyperfine".into());
    let output = std::process::Command::new(&program).arg("--version").output();
    if output.is_ok_and(|output| output.stdout.starts_with(b"hyperfine 2.")) {
        return Some(program);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no hyperfine 2: HYPERFINE is not set, and none is on PATH"
    );
    eprintln!("skipped: no hyperfine 2 in HYPERFINE or on PATH");
    None
}

/// Few runs, unless the example says how many.
fn quick(line: &str, few: &str) -> String {
    let (program, rest) = line.split_once(' ').expect("a command");
    if line.contains("--runs") {
        return line.to_owned();
    }
    match rest.strip_prefix("timeit ") {
        Some(rest) => format!("{program} timeit {few} {rest}"),
        None => format!("{program} {few} {rest}"),
    }
}

#[test]
fn every_row_of_the_table_runs() {
    let rows = rows("hyperfine | prof timeit");
    assert!(rows.len() >= 19, "{rows:?}");
    let folder = folder();
    for [_, ours] in &rows {
        let line = quick(code(ours), "--min-runs 1 --max-runs 2");
        let printed = run(folder.path(), &line);
        assert_eq!(printed.code, Some(0), "{line}: {}", printed.err);
        // A busy machine may be slow enough for a single run.
        let has_runs = printed.out.contains(" runs, ") || printed.out.contains(" run, ");
        assert!(has_runs, "{line}: {}", printed.out);
    }
    for name in ["output-0.log", "output-1.log", "table.md", "results.json"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    let Some(hyperfine) = hyperfine() else { return };
    for [theirs, _] in &rows {
        let line = quick(code(theirs), "--runs 2").replacen("hyperfine", &hyperfine, 1);
        let printed = run(folder.path(), &line);
        // A virtual machine may count no instructions; hyperfine ends there, we go on.
        let counts_nothing = printed.err.contains("is unavailable for");
        assert!(
            printed.code == Some(0) || counts_nothing,
            "{line}: {}",
            printed.err
        );
    }
}

/// Options in a text, such as `-w` and `--warmup`.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let is_option = |word: &&str| {
        let name = word.trim_start_matches('-');
        let dashes = word.len() - name.len();
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && (dashes == 2 || dashes == 1 && name.len() == 1)
    };
    words.filter(is_option).map(str::to_owned).collect()
}

#[test]
fn the_table_names_every_option_of_hyperfine() {
    let Some(hyperfine) = hyperfine() else { return };
    let help = std::process::Command::new(hyperfine)
        .arg("--help")
        .output()
        .expect("it runs");
    let help = String::from_utf8(help.stdout).expect("text");
    // An option stands at the beginning of a line.
    let lines = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'));
    let known: String = lines
        .map(|line| line.split("  ").next().unwrap_or_default().to_owned() + " ")
        .collect();
    let named = options(&rows("option of hyperfine | here").concat().join(" "));
    let missing: Vec<String> = options(&known).difference(&named).cloned().collect();
    // `-p` is told in words; these are of every program.
    assert_eq!(missing, ["--help", "--version", "-V", "-h"], "{known}");
}

/// All places of a value, with what kind of value stands there; places in lists are one.
fn shape(value: &Value, place: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                shape(value, &format!("{place}.{name}"), out);
            }
        }
        Value::Array(items) => {
            for item in items {
                shape(item, &format!("{place}[]"), out);
            }
        }
        Value::Number(_) => drop(out.insert(format!("{place}: number"))),
        Value::String(_) => drop(out.insert(format!("{place}: text"))),
        Value::Bool(_) => drop(out.insert(format!("{place}: bool"))),
        Value::Null => drop(out.insert(format!("{place}: null"))),
    }
}

/// Expected: the file that hyperfine 2.0.0 wrote for the same command line (`fixtures/README.md`).
#[test]
fn our_export_has_the_shape_of_hyperfine_s() {
    let folder = folder();
    let printed = run(
        folder.path(),
        "prof timeit -N -r 3 -L x 1,2 'true {x}' --command-name one --command-name two --export-json ours.json",
    );
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let read = |path: &Path| -> BTreeSet<String> {
        let value: Value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
        let mut places = BTreeSet::new();
        shape(&value, "", &mut places);
        places
    };
    let ours = read(&folder.path().join("ours.json"));

    let theirs = read(&super::fixture("timeit/hyperfine-2.0.json"));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        // What `true` takes is less than what the tests take, which hides it.
        let is_memory = |place: &&String| !place.contains("memory_peak_resident");
        a.difference(b).filter(is_memory).cloned().collect()
    };
    // Names are those that were given here; which tool wrote it is the one thing that differs.
    assert_eq!(
        only(&ours, &theirs),
        [".metadata.prof_version: text", ".results[].name: text"]
    );
    assert_eq!(only(&theirs, &ours), [".metadata.hyperfine_version: text"]);
}

#[test]
fn standard_output_takes_an_export() {
    let folder = folder();
    let printed = run(folder.path(), "prof timeit -N -r 2 true --export-json -");
    assert_eq!((printed.code, &*printed.err), (Some(0), ""));
    let value: Value = serde_json::from_str(&printed.out).expect("JSON alone");
    assert_eq!(value["results"][0]["command"], "true");
    let printed = run(folder.path(), "prof timeit -N true --export-json - --json -");
    assert_eq!(printed.code, Some(2));
    assert!(printed.err.contains("can only be one of"), "{}", printed.err);
}

/// Seconds in a text of pyperf, such as `Minimum:         10.6 ms`.
fn seconds_after(text: &str, title: &str) -> f64 {
    let (_, rest) = text
        .split_once(title)
        .unwrap_or_else(|| panic!("no {title} in {text}"));
    let mut words = rest.split_whitespace();
    let number: f64 = words.next().and_then(|word| word.parse().ok()).expect("a number");
    match words.next() {
        Some("sec") => number,
        Some("ms") => number / 1e3,
        unit => panic!("{unit:?} in {text}"),
    }
}

/// pyperf, where there is one, reads what was measured of commands. Expected: the times of our export for hyperfine.
#[test]
fn our_file_for_pyperf_holds_commands() {
    if python().is_none() {
        return;
    }
    let folder = folder();
    for (name, seconds) in [("a", "0.01"), ("b", "0.02")] {
        let line = format!(
            "PATH=${{PATH#*:}}; '{}' timeit --cmd 'sleep {seconds}' --name pause --runs 25 -q --export pyperf:{name}.json \
             --export hyperfine:{name}.times",
            assert_cmd::cargo::cargo_bin!("prof").display()
        );
        let printed = run(folder.path(), &line);
        assert_eq!((printed.code, &*printed.out, &*printed.err), (Some(0), "", ""));
    }
    let Some(shown) = super::timeit_auto::pyperf(&["show", "a.json"], folder.path()) else {
        return;
    };
    let times = fs::read(folder.path().join("a.times")).expect("our other export");
    let times: Value = serde_json::from_slice(&times).expect("JSON");
    let runs = times["results"][0]["measurements"].as_array().expect("runs");
    let seconds = |run: &Value| run["time_wall_clock"]["value"].as_f64().expect("seconds");
    let is_near = |told: f64, ours: f64| assert!((told / ours - 1.0).abs() < 0.01, "{told} is not {ours}");
    let mean = runs.iter().map(seconds).sum::<f64>() / runs.len() as f64;
    is_near(seconds_after(&shown, "Mean +- std dev: "), mean);
    let ask = |arguments: &[&str]| {
        super::timeit_auto::pyperf(arguments, folder.path()).expect("it was there before")
    };
    let stats = ask(&["stats", "a.json"]);
    assert!(stats.contains("Total number of values: 25"), "{stats}");
    let least = runs.iter().map(seconds).fold(f64::INFINITY, f64::min);
    is_near(seconds_after(&stats, "Minimum: "), least);
    let metadata = ask(&["metadata", "a.json"]);
    assert!(metadata.contains("sleep 0.01"), "{metadata}");
    // On a busy machine pyperf may see no difference.
    let is_unsure = |text: &str| text.contains("not significant (1): pause");
    let compared = ask(&["compare_to", "a.json", "b.json"]);
    assert!(
        compared.contains("x slower") || is_unsure(&compared),
        "{compared}"
    );
    let table = ask(&["compare_to", "--table", "a.json", "b.json"]);
    assert!(table.contains("| pause") || is_unsure(&table), "{table}");
    assert!(ask(&["hist", "a.json"]).contains('#'));
}
