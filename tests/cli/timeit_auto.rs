//! `prof timeit --auto`, `--vs`, saved results and comparisons. Verdicts are asked only where the difference is so great
//! that no neighbour can hide it.

use super::{Printed, prof, python};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Six processes give an exact interval, and take a moment.
const QUICK: [&str; 4] = ["--processes", "6", "--max-time", "0.6"];
const FAST: &str = "pass";
const SLOW: &str = "sum(range(2000))";

/// What it prints in a folder; results with names are kept there, too.
fn timeit(folder: &Path, arguments: &[&str]) -> Printed {
    let mut command = prof();
    command.arg("timeit").args(arguments).current_dir(folder);
    command
        .env("XDG_DATA_HOME", folder)
        .timeout(Duration::from_secs(120));
    Printed::of(&mut command)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// With Python: these arguments and [`QUICK`].
fn quick(folder: &Path, arguments: &[&str]) -> Option<Printed> {
    python()?;
    Some(timeit(folder, &[arguments, &QUICK].concat()))
}

/// Without measuring: fails as bad usage, with this in its message.
fn check_usage(arguments: &[&str], expected: &str) {
    let printed = timeit(folder().path(), arguments);
    assert_eq!(printed.code, Some(2), "{arguments:?}: {}", printed.err);
    assert!(printed.err.contains(expected), "{arguments:?}: {}", printed.err);
    assert_eq!(printed.out, "", "{arguments:?}");
}

#[test]
fn a_figure_has_an_interval_and_says_what_it_comes_from() {
    let folder = folder();
    let Some(printed) = quick(folder.path(), &["--auto", SLOW]) else {
        return;
    };
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    let line = printed.out.lines().next().expect("a line");
    for part in [
        SLOW,
        " us  ± ",
        "%  (min ",
        ", 6 processes, ",
        " samples, ",
        "% undisturbed",
    ] {
        assert!(line.contains(part), "`{line}` has no `{part}`");
    }
}

#[test]
fn cases_are_compared_and_checks_have_their_exit_code() {
    let folder = folder();
    let arguments = [
        FAST,
        "--vs",
        SLOW,
        "--name",
        "nothing",
        "--name",
        "much",
        "--fail-if",
    ];
    let Some(printed) = quick(folder.path(), &[&arguments[..], &["slower > 50%"]].concat()) else {
        return;
    };
    assert_eq!(printed.code, Some(3), "{}", printed.err);
    assert!(printed.out.starts_with("nothing  pass"), "{}", printed.out);
    assert!(
        printed.out.contains("  much is ") && printed.out.contains("x slower than nothing ("),
        "{}",
        printed.out
    );
    assert!(
        printed.err.starts_with("failed: slower > 50%: much is "),
        "{}",
        printed.err
    );
    let Some(printed) = quick(folder.path(), &[&arguments[..], &["faster > 50%"]].concat()) else {
        return;
    };
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
}

#[test]
fn the_json_holds_every_sample() {
    let folder = folder();
    let Some(printed) = quick(
        folder.path(),
        &["--auto", SLOW, "-s", "import json", "--json", "-"],
    ) else {
        return;
    };
    let value: Value = serde_json::from_str(&printed.out).expect("nothing but JSON");
    assert_eq!(value["format"], "prof timeit");
    assert_eq!(value["version"], 1);
    assert_eq!(value["cases"][0]["statement"], SLOW);
    assert_eq!(value["cases"][0]["setup"], "import json");
    assert_eq!(value["runtimes"][0]["implementation"], "CPython");
    assert_eq!(value["columns"][5], "wall_ns");
    assert_eq!(value["processes"].as_array().map(Vec::len), Some(6));
    for process in value["processes"].as_array().expect("processes") {
        let samples = process["samples"].as_array().expect("samples");
        let count = |kind: &str| samples.iter().filter(|sample| sample[0] == kind).count();
        assert!(count("timed") >= 10 && count("warmup") >= 1, "{process}");
        assert!(count("probe") == 3 && count("reference") >= 1, "{process}");
        assert!(
            samples.iter().all(|sample| sample[5].as_u64() > Some(0)),
            "{process}"
        );
    }
    assert!(value["summary"]["figures"][0]["seconds"].as_f64() > Some(0.0));
}

#[test]
fn all_reports_of_one_measurement() {
    let folder = folder();
    let files = ["--json", "a.json", "--csv", "a.csv", "--markdown", "-", "--hist"];
    let Some(printed) = quick(folder.path(), &[&["--auto", SLOW][..], &files].concat()) else {
        return;
    };
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    assert!(printed.out.starts_with("|"), "{}", printed.out);
    assert!(printed.out.contains("| `sum(range(2000))` |"), "{}", printed.out);
    let csv = fs::read_to_string(folder.path().join("a.csv")).expect("a file");
    assert!(csv.starts_with("name,runtime,process,"), "{csv}");
    let json: Value =
        serde_json::from_slice(&fs::read(folder.path().join("a.json")).expect("a file")).expect("JSON");
    let samples = json["processes"].as_array().expect("processes").iter();
    let samples: usize = samples
        .filter_map(|process| process["samples"].as_array())
        .map(Vec::len)
        .sum();
    assert_eq!(csv.lines().count(), samples + 1);

    let Some(printed) = quick(folder.path(), &["--auto", SLOW, "--hist"]) else {
        return;
    };
    assert!(printed.out.matches('█').count() > 20, "{}", printed.out);
}

#[test]
fn results_are_saved_and_compared() {
    let folder = folder();
    let Some(saved) = quick(folder.path(), &["--auto", SLOW, "--save", "monday"]) else {
        return;
    };
    assert_eq!((saved.code, saved.err.as_str()), (Some(0), ""));
    assert!(folder.path().join("prof/timeit/monday.json").is_file());
    let arguments = [
        "--auto",
        FAST,
        "--baseline",
        "monday",
        "--save",
        "friday.json",
        "--fail-if",
        "faster > 50%",
    ];
    let printed = quick(folder.path(), &arguments).expect("it was there before");
    assert_eq!(printed.code, Some(3), "{}", printed.err);
    assert!(
        printed.out.contains("faster than sum(range(2000)) in monday ("),
        "{}",
        printed.out
    );
    assert!(
        printed.err.starts_with("failed: faster > 50%: pass is "),
        "{}",
        printed.err
    );

    let compare = [
        "compare",
        "prof/timeit/monday.json",
        "friday.json",
        "--fail-if",
        "slower > 0%",
    ];
    let printed = timeit(folder.path(), &compare);
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    assert!(
        printed.out.starts_with("prof/timeit/monday.json  CPython "),
        "{}",
        printed.out
    );
    assert!(
        printed
            .out
            .contains("faster than sum(range(2000)) in prof/timeit/monday.json ("),
        "{}",
        printed.out
    );

    let printed = timeit(folder.path(), &["--auto", FAST, "--baseline", "tuesday"]);
    assert_eq!(printed.code, Some(2));
    assert!(
        printed.err.contains("no results are saved as `tuesday`"),
        "{}",
        printed.err
    );
    assert!(printed.err.contains("saved are monday"), "{}", printed.err);
}

#[test]
fn an_error_after_the_first_processes_keeps_what_was_measured() {
    let folder = folder();
    let setup = "import os; n = len(os.listdir('.')); open(str(n) + '.txt', 'w').close()";
    let statement = "if n > 40: raise ValueError('too many')";
    let Some(printed) = quick(folder.path(), &["--auto", "-s", setup, statement]) else {
        return;
    };
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    assert!(printed.err.contains("ValueError: too many"), "{}", printed.err);
    assert!(
        printed.out.contains(" per") || printed.out.contains("(min "),
        "{}",
        printed.out
    );
}

#[test]
fn time_that_is_over_is_told_when_nothing_was_measured() {
    let folder = folder();
    if python().is_none() {
        return;
    }
    let printed = timeit(
        folder.path(),
        &["--auto", "--max-time", "0.5", "import time; time.sleep(60)"],
    );
    assert_eq!(printed.code, Some(124), "{}", printed.err);
    assert!(printed.err.contains("out of time"), "{}", printed.err);
}

#[test]
fn bad_usage_is_told_before_anything_is_measured() {
    check_usage(
        &["--fail-if", "slower > 5%", "--auto", "pass"],
        "needs something to compare with",
    );
    check_usage(
        &["--fail-if", "slower", "a", "--vs", "b"],
        "column 7: expected `>` or `>=`",
    );
    check_usage(
        &["--json", "no/folder/x.json", "pass"],
        "cannot write `no/folder/x.json`",
    );
    check_usage(&["-n", "5", "--processes", "3", "b"], "--processes needs --auto");
    check_usage(
        &["-n", "5", "--vs", "a", "b", "--format", "timeit"],
        "has no place",
    );
    check_usage(&["--auto", "-n", "5", "b"], "cannot be used with");
    check_usage(
        &["--auto", "a", "--name", "x", "--name", "y"],
        "2 times --name, but only 1",
    );
    check_usage(&["--auto", "a", "--precision", "5"], "such as 1%");
    check_usage(
        &["--auto", "a", "--json", "no/folder/x.json"],
        "cannot write `no/folder/x.json`",
    );
    check_usage(
        &["--auto", "a", "--json", "-", "--csv", "-"],
        "can only be one of",
    );
    check_usage(&["--auto", "a", "--save", ".."], "no name for results");
    check_usage(&["--auto", "a", "--baseline", "no.json"], "cannot read `no.json`");
    check_usage(
        &["--auto", "a", "--export", "x:y"],
        "it is hyperfine:FILE or pyperf:FILE",
    );
    check_usage(&["--auto", "a", "--format", "timeit"], "has no place");
    check_usage(&["compare", "a.json"], "NEW.json");
}

#[test]
fn files_that_are_no_results_are_told_with_the_place() {
    let folder = folder();
    fs::write(
        folder.path().join("cut.json"),
        "{\"format\": \"prof timeit\",\n \"version\"",
    )
    .expect("a file");
    fs::write(folder.path().join("other.json"), "[1, 2]").expect("a file");
    for (file, expected) in [
        (
            "cut.json",
            "cannot read `cut.json`: line 2, column 10: EOF while parsing an object",
        ),
        (
            "other.json",
            "cannot read `other.json`: it is JSON, but neither a result",
        ),
    ] {
        let printed = timeit(folder.path(), &["compare", file, file]);
        assert_eq!(printed.code, Some(2));
        assert!(printed.err.contains(expected), "{}", printed.err);
        assert!(printed.err.contains("hint: "), "{}", printed.err);
    }
}

/// The program `pyperf`: PYPERF, or on the path. Without it the test says so and passes, but fails under CI.
pub(crate) fn pyperf(arguments: &[&str], folder: &Path) -> Option<String> {
    let program = std::env::var_os("PYPERF").unwrap_or_else(|| "pyperf".into());
    let output = std::process::Command::new(&program)
        .args(arguments)
        .current_dir(folder)
        .output();
    let Ok(output) = output else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no pyperf: PYPERF is not set, and none is on PATH"
        );
        eprintln!("skipped: no pyperf in PYPERF or on PATH");
        return None;
    };
    let text = String::from_utf8(output.stdout).expect("text");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {text}{complaints}");
    assert_eq!(complaints, "", "{arguments:?}");
    Some(text)
}

/// Expected: what the real pyperf says of our files.
#[test]
fn pyperf_reads_our_files_and_we_read_its() {
    let folder = folder();
    let path = folder.path();
    // Twelve processes have at least sixty values that count: as many as pyperf wants in both files.
    let of = |statements: &[&str], file: &str| {
        python()?;
        let export = format!("pyperf:{file}");
        let options = [
            "--processes",
            "12",
            "--name",
            "one",
            "--name",
            "two",
            "--export",
            &export,
        ];
        Some(timeit(path, &[statements, &options].concat()))
    };
    let Some(printed) = of(&[SLOW, "--vs", FAST], "a.json") else {
        return;
    };
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    of(&["sum(range(200))", "--vs", FAST], "b.json").expect("it was there before");
    let Some(shown) = pyperf(&["show", "a.json"], path) else {
        return;
    };
    assert!(
        shown.contains("one") && shown.contains("two") && shown.matches("\nMean +- std dev: ").count() == 2,
        "{shown}"
    );
    let stats = pyperf(&["stats", "a.json"], path).expect("it was there before");
    assert!(stats.contains("Total number of values: 60"), "{stats}");
    assert!(stats.contains("Loop iterations per value: "), "{stats}");
    let metadata = pyperf(&["metadata", "a.json"], path).expect("it was there before");
    assert!(
        metadata.contains("- timeit_stmt: 'sum(range(2000))'"),
        "{metadata}"
    );
    let hist = pyperf(&["hist", "a.json"], path).expect("it was there before");
    assert!(hist.contains('#'), "{hist}");
    let compared = pyperf(&["compare_to", "a.json", "b.json"], path).expect("it was there before");
    assert!(
        compared.contains("x faster") && !compared.contains("ERROR"),
        "{compared}"
    );

    // What pyperf itself writes, with metadata and calibration of its own.
    pyperf(&["convert", "a.json", "--indent", "-o", "converted.json"], path).expect("it was there before");
    let compared = timeit(path, &["compare", "converted.json", "b.json"]);
    assert_eq!((compared.code, compared.err.as_str()), (Some(0), ""));
    assert!(
        compared.out.contains("one is ") && compared.out.contains("x faster than in converted.json ("),
        "{}",
        compared.out
    );
    let own = ["timeit", "--fast", "-q", "-p", "3", "-o", "own.json.gz", SLOW];
    pyperf(&own, path).expect("it was there before");
    let compared = timeit(path, &["compare", "own.json.gz", "b.json"]);
    assert_eq!(compared.code, Some(2), "{}", compared.err);
    assert!(compared.err.contains("nothing in common"), "{}", compared.err);
    let compared = timeit(path, &["compare", "own.json.gz", "own.json.gz"]);
    assert_eq!((compared.code, compared.err.as_str()), (Some(0), ""));
    assert!(compared.out.contains("own.json.gz  CPython "), "{}", compared.out);
}

#[test]
fn fixed_mode_compares_and_keeps_its_samples() {
    if python().is_none() {
        return;
    }
    let folder = folder();
    let fixed = ["-n", "20", "-r", "3"];
    let printed = timeit(
        folder.path(),
        &[
            &fixed[..],
            &[SLOW, "--vs", FAST, "--json", "run.json", "--save", "run"],
        ]
        .concat(),
    );
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    for part in [
        "A  best total of 3: ",
        "\nB  best total of 3: ",
        "\n  B took 0.",
        " --auto can\n",
    ] {
        assert!(printed.out.contains(part), "{part:?} in {}", printed.out);
    }
    let saved = fs::read(folder.path().join("run.json")).expect("it is written");
    let saved: Value = serde_json::from_slice(&saved).expect("JSON");
    let samples = saved.to_string().matches("\"timed\"").count();
    assert_eq!(samples, 6, "{saved}");
    let alone = ["--csv", "-", SLOW];
    let printed = timeit(folder.path(), &[&fixed[..], &alone].concat());
    assert_eq!(
        printed.out.lines().count(),
        4,
        "a head and three samples: {}",
        printed.out
    );
    let named = [
        SLOW,
        "--name",
        "A",
        "--baseline",
        "run",
        "--fail-if",
        "slower > 5%",
    ];
    let printed = timeit(folder.path(), &[&fixed[..], &named].concat());
    assert_eq!(
        printed.code,
        Some(0),
        "one process proves nothing: {}",
        printed.err
    );
    assert!(
        printed.out.contains("\nA took ") && printed.out.contains("--auto can"),
        "{}",
        printed.out
    );
}
