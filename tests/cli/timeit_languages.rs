//! `prof timeit --lang`, with the real interpreters and compilers that are here. One that is missing is told, and fails
//! the tests under CI.

mod built;
mod code;
mod own;
mod usage;

use super::man::is_there;
use super::{Printed, prof, signal};
use code::{ALL, C, Language, NODE, RUBY};
use nix::sys::signal::Signal;
use std::process::{Command, Stdio};
use std::time::Duration;

fn here() -> impl Iterator<Item = Language> {
    ALL.into_iter().filter(|language| is_there(language.program))
}

fn timeit(language: &Language, arguments: &[&str]) -> Printed {
    let mut command = prof();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.arg("timeit").args(language.options).args(arguments);
    // No measurement here may run away.
    command.timeout(Duration::from_secs(120));
    Printed::of(&mut command)
}

/// The columns of all samples that count: loops, and seconds for each loop.
fn samples(csv: &str) -> Vec<(u64, f64)> {
    let lines = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>());
    let number = |text: &str| text.parse::<f64>().expect("a number");
    lines
        .filter(|columns| columns[3] == "timed")
        .map(|columns| (columns[6].parse().expect("loops"), number(columns[10])))
        .collect()
}

#[test]
fn loops_and_times_are_those_that_were_asked_for() {
    for language in here() {
        let (setup, statement) = language.sleep;
        let printed = timeit(
            &language,
            &[
                "-n3", "-r2", "--name", "x", "--csv", "-", "-s", setup, "--", statement,
            ],
        );
        assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{}", language.name);
        let samples = samples(&printed.out);
        let loops: Vec<u64> = samples.iter().map(|sample| sample.0).collect();
        assert_eq!(loops, [3, 3], "{}", language.name);
        // It sleeps: no less than it is told to, and on the busiest machine not for seconds.
        assert!(
            samples.iter().all(|sample| (0.002..2.0).contains(&sample.1)),
            "{}: {samples:?}",
            language.name
        );
    }
}

#[test]
fn more_work_is_slower() {
    for language in here() {
        let (setup, statement) = language.work;
        let (little, much) = (statement.replace("{n}", "10"), statement.replace("{n}", "1000"));
        let printed = timeit(
            &language,
            &[
                "--processes",
                "3",
                "--max-time",
                "1",
                "-s",
                setup,
                &little,
                "--vs",
                &much,
            ],
        );
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        let line = printed.out.lines().find(|line| line.contains("B is "));
        let line = line.unwrap_or_else(|| panic!("{}: {}", language.name, printed.out));
        let ratio = line
            .trim()
            .strip_prefix("B is ")
            .and_then(|rest| rest.split_once("x slower"));
        let ratio: f64 = ratio.expect("slower").0.parse().expect("a number");
        assert!((10.0..500.0).contains(&ratio), "{}: {line}", language.name);
    }
}

#[test]
fn the_program_is_named() {
    for language in here() {
        let statement = language.work.1.replace("{n}", "10");
        let printed = timeit(&language, &["-n5", "-s", language.work.0, &statement]);
        let is_named = printed.out.lines().next().is_some_and(|line| {
            line.contains(language.runtime) || language.program == "cc" && line.contains("clang ")
        });
        assert!(is_named, "{}", printed.out);
    }
}

#[test]
fn arguments_of_the_program_are_part_of_its_name() {
    for (language, with) in [(NODE, "node --jitless"), (RUBY, "ruby -W0"), (C, "cc -O1")] {
        if !is_there(language.program) {
            continue;
        }
        let (_, argument) = with.split_once(' ').expect("an argument");
        let printed = timeit(&language, &["-n5", "--with", with, "1"]);
        let first = printed.out.lines().next().unwrap_or_default();
        assert!(first.ends_with(argument), "{first}");
    }
}

#[test]
fn what_is_printed_stays_out_of_the_figures() {
    for language in here() {
        let (setup, statement) = language.print;
        let printed = timeit(&language, &["-n2", "-s", setup, statement]);
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        assert!(printed.out.starts_with("total "), "{}", printed.out);
        assert_eq!(
            printed.err,
            "note: the code printed 12 bytes:\n  hello\n  hello\n"
        );
    }
}

#[test]
fn errors_stand_in_the_lines_of_the_user() {
    for language in here() {
        let name = language.name;
        let printed = timeit(&language, &["-n2", language.invalid]);
        assert_eq!((printed.code, &*printed.out), (Some(1), ""), "{name}");
        let head = format!("error: the statement is no valid {name}\n");
        assert!(printed.err.starts_with(&head), "{name}: {}", printed.err);
        // A parser may tell where it began to wonder.
        let is_placed = ["<stmt>:2", "<stmt>:1", "<stmt> line 2"]
            .iter()
            .any(|at| printed.err.contains(at));
        assert!(is_placed, "{name}: {}", printed.err);

        let (setup, statement, told) = language.fails;
        let printed = timeit(&language, &["-n2", "-s", setup, "--", statement]);
        assert_eq!(printed.code, Some(1), "{name}");
        assert!(printed.err.contains(told), "{name}: {}", printed.err);
        assert!(
            told.contains("signal") || printed.err.contains("<stmt>"),
            "{name}: {}",
            printed.err
        );
        for ours in ["prof_", "<prof>", "worker", "/proc/"] {
            assert!(!printed.err.contains(ours), "{name}: {}", printed.err);
        }

        let printed = timeit(&language, &["-n2", language.leaves]);
        assert_eq!(printed.code, Some(1), "{name}: {}", printed.out);
        assert!(
            printed.err.starts_with("error: the statement failed\n"),
            "{name}: {}",
            printed.err
        );
    }
}

#[test]
fn ends_of_the_process_are_told() {
    for language in here() {
        let (setup, statement) = language.exit;
        let printed = timeit(&language, &["-n2", "-s", setup, statement]);
        assert_eq!(printed.code, Some(1), "{}", printed.err);
        let expected = "error: the process that runs the code ended: exit code 3\n";
        assert!(
            printed.err.starts_with(expected),
            "{}: {}",
            language.name,
            printed.err
        );
    }
}

#[test]
fn time_is_limited() {
    for language in here() {
        let name = language.name;
        let printed = timeit(&language, &["-n1", "--timeout", "0.3", language.endless]);
        assert_eq!(printed.code, Some(124), "{name}: {}", printed.err);
        assert!(
            printed.out.starts_with("stopped after 0 of 1 loop in "),
            "{name}: {}",
            printed.out
        );
        // What was done until then was told meanwhile.
        let (setup, statement) = language.sleep;
        let arguments = ["-n", "1000000", "--max-time", "1.5", "-s", setup, statement];
        let printed = timeit(&language, &arguments);
        assert_eq!(printed.code, Some(124), "{name}: {}", printed.err);
        let is_partial = printed.out.starts_with("stopped after ") && printed.out.contains(" ms per loop");
        assert!(is_partial, "{name}: {}", printed.out);
    }
}

#[test]
fn an_interrupt_gives_what_is_there() {
    for language in here() {
        let (setup, statement) = language.sleep;
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .arg("timeit")
            .args(language.options)
            .args(["-n2", "-r100000", "-s", setup, statement])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        // From then on Ctrl-C ends the measurement in order; before, it would end prof.
        let is_watched = |id: u32| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
            let caught = status
                .lines()
                .find_map(|line| line.strip_prefix("SigCgt:"))
                .expect("Linux");
            u64::from_str_radix(caught.trim(), 16).expect("a set of signals") & 2 != 0
        };
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while !is_watched(child.id()) {
            if std::time::Instant::now() > end {
                child.kill().and_then(|()| child.wait()).expect("it can be ended");
                panic!("{}: it does not start", language.name);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(&child, Signal::SIGINT);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{}", language.name);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(err.ends_with("error: interrupted\n"), "{}: {err}", language.name);
    }
}

#[test]
fn parameters_and_saved_results_are_as_in_python() {
    for language in here() {
        let name = language.name;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("saved.json");
        let file = file.to_str().expect("text");
        let (setup, statement) = language.work;
        let lists = ["-L", "n", "10,1000", "--processes", "3", "--max-time", "1"];
        let printed = timeit(
            &language,
            &[&lists[..], &["--save", file, "-s", setup, statement]].concat(),
        );
        assert_eq!(printed.code, Some(0), "{name}: {}", printed.err);
        assert!(printed.out.contains("n = 1000 is "), "{name}: {}", printed.out);
        let compared = prof()
            .args(["timeit", "compare", file, file])
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&compared.stdout).into_owned();
        assert!(
            compared.status.success() && text.contains("n = 10 "),
            "{name}: {text}"
        );
    }
}
