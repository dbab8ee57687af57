//! Workers that are scripts: what a user's own may do, right and wrong.

use super::{Language, Settings};
use crate::timeit::session::{Case, Part, Progress, Reason, Row, Sample, Session, Stop, Watch};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

struct Patient;

impl Watch for Patient {
    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A session with a worker that is a script of the shell, with its requests and answers as descriptors 3 and 4.
fn session(script: &str) -> Result<Box<dyn Session>, Stop> {
    let script = format!("exec 3<\"$PROF_REQUESTS\" 4>\"$PROF_ANSWERS\"\n{script}");
    let command = vec!["sh".into(), "-c".into(), script];
    let language = Language::own("shell".into(), command, Duration::ZERO);
    let settings = Settings {
        command: language.command.iter().map(OsString::from).collect(),
        timeout: Some(Duration::from_secs(60)),
        ..Settings::default()
    };
    language.opener(settings, &[]).open()
}

fn case(setup: &str, statement: &str) -> Case {
    Case {
        setup: setup.into(),
        statement: statement.into(),
        ..Case::default()
    }
}

fn rows(rows: &[(usize, u64)]) -> Vec<Row> {
    rows.iter().map(|&(case, loops)| Row { case, loops }).collect()
}

/// Why a worker cannot be used that does this when it starts.
fn check_start(script: &str, expected: &str) {
    match session(script).map(|_| ()) {
        Err(Stop {
            reason: Reason::Start { message, .. },
            ..
        }) => assert!(message.contains(expected), "{script}: {message}"),
        other => panic!("{script}: {other:?}"),
    }
}

/// What comes of one row of 10 loops, once a case is prepared.
fn run(answer: &str) -> Result<Vec<Sample>, Stop> {
    let hello = "echo 'hello 1 / 0 0 0' >&4; read line <&3; echo 'ready /' >&4; read line <&3";
    let mut session = session(&format!("{hello}; {answer}"))?;
    session.prepare(&case("", ""))?;
    session.run(&rows(&[(0, 10)]), &mut Patient)
}

#[test]
fn the_example_of_the_documentation_is_spoken() {
    let example = include_str!("../worker/example.md");
    let folder = tempfile::tempdir().expect("a folder");
    let heard = folder.path().join("heard");
    // The worker says its part from files, and writes down as many bytes as prof shall say.
    let mut script = String::new();
    let mut expected = String::new();
    let lines = example.lines().filter(|line| !line.starts_with("```"));
    for (at, line) in lines.enumerate() {
        let (who, message) = line.split_at(8);
        let message = message.replace('⏎', "\n");
        let file = folder.path().join(at.to_string());
        if who.trim() == "worker" {
            std::fs::write(&file, &message).expect("a file");
            writeln!(script, "cat '{}' >&4", file.display()).expect("text");
        } else {
            let count = message.len();
            let heard = heard.display();
            writeln!(script, "dd bs=1 count={count} <&3 >>'{heard}' 2>/dev/null").expect("text");
            expected.push_str(&message);
        }
    }
    let mut session = session(&script).expect("a session");
    let runtime = session.runtime();
    assert_eq!(runtime.to_string(), "Perl 5.36.0");
    assert_eq!(runtime.executable, Path::new("/usr/bin/perl"));
    session
        .prepare(&case("my $x = 21", "$x * 2"))
        .expect("it is ready");
    let samples = session.run(&rows(&[(0, 1000), (0, 1000)]), &mut Patient);
    let samples = samples.expect("samples");
    let [first, second] = samples[..] else {
        panic!("two samples: {samples:?}")
    };
    assert_eq!(
        (
            first.wall,
            first.cpu,
            first.process_cpu,
            first.peak_memory,
            first.setup
        ),
        (
            Duration::from_nanos(41_200),
            Some(Duration::from_nanos(41_010)),
            Some(Duration::from_nanos(41_000)),
            5 << 20,
            Duration::from_nanos(950)
        )
    );
    assert_eq!(second.wall, Duration::from_nanos(40_100));
    session
        .prepare(&case("my $x = 0", "1 / $x"))
        .expect("it is ready");
    let stop = session.run(&rows(&[(1, 1)]), &mut Patient).expect_err("it fails");
    let Reason::Code(error) = stop.reason else {
        panic!("{stop:?}")
    };
    assert_eq!(
        (&*error.kind, error.part, error.line, error.invalid_in),
        ("die", Some(Part::Statement), Some(1), None)
    );
    assert_eq!(error.shown, "Illegal division by zero at statement line 1.");
    session.end().expect("an end in order");
    assert_eq!(std::fs::read_to_string(&heard).expect("a file"), expected);
}

#[test]
fn what_starts_but_is_no_worker_is_told() {
    check_start("exit 3", "does not run as shell for prof: exit code 3");
    check_start("echo oh no; exit 1", "\noh no");
    check_start(
        "echo 'hello 2 /' >&4; cat <&3",
        "speaks version 2 of the protocol",
    );
    check_start("echo 'ready /' >&4; cat <&3", "it does not say hello");
    check_start("echo 'good morning' >&4; cat <&3", "good morning");
}

#[test]
fn little_is_enough() {
    let samples = run("echo 'done 5000 -1 -1 -1 -1 -1 -1 -1 /' >&4; cat <&3").expect("a sample");
    let [sample] = samples[..] else {
        panic!("one sample: {samples:?}")
    };
    assert_eq!(sample.wall, Duration::from_micros(5));
    assert_eq!((sample.cpu, sample.process_cpu), (None, None));
    assert_eq!(
        (sample.involuntary_switches, sample.faults, sample.peak_memory),
        (None, 0, 0)
    );
}

#[test]
fn rows_that_were_told_survive_what_comes_after() {
    let row = "1000 0 0 0 0 0 0 0";
    let check = |answer: &str, expected: &str, samples: usize| {
        let stop = run(answer).expect_err("it ends early");
        let told = match &stop.reason {
            Reason::Died { status, output } => format!("{status} {output}"),
            Reason::Code(error) => format!("{}: {}", error.kind, error.message),
            other => panic!("{other:?}"),
        };
        assert!(told.contains(expected), "{answer}: {told}");
        assert_eq!(stop.samples.len(), samples, "{answer}");
    };
    check("exit 7", "exit code 7", 0);
    check("echo last words; kill -9 $$", "killed by signal 9", 0);
    check("echo last words; exit 1", "last words", 0);
    check(&format!("echo 'rows {row} /' >&4; exit 7"), "exit code 7", 1);
    check("echo 'done /' >&4; cat <&3", "some samples are missing", 0);
    let untimed = "-1 0 0 0 0 0 0 0";
    check(
        &format!("echo 'done {untimed} /' >&4; cat <&3"),
        "without time on the wall",
        0,
    );
    check("echo 'what is this' >&4; cat <&3", "wrote into the channel", 0);
    check(
        "printf 'error 0 3 500 0 1 2 / 1 2 0\\nabc' >&4; cat <&3",
        "a: bc",
        0,
    );
}
