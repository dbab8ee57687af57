#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use super::{Python, Settings};
use crate::interpreter::{Places, find};
use crate::timeit::session::{Case, Open as _, Part, Progress, Reason, Row, Sample, Session, Stop, Watch};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The first Python on the path.
fn python() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = Places {
        path: std::env::split_paths(&path).collect(),
        ..Places::default()
    };
    let found = find(None, &places).ok();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no Python on the path");
        eprintln!("skipped: no Python on the path");
    }
    found
}

/// Looks on; says stop once so many loops of the last row are known to be done.
struct Looks {
    last: Row,
    most: u64,
}

impl Watch for Looks {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        if progress.row == self.last && progress.done >= self.most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn settings() -> Option<Settings> {
    let mut settings = Settings::new(python()?);
    settings.timeout = Some(Duration::from_secs(60));
    Some(settings)
}

/// Runs a case with these loops, one sample each.
fn run_with(
    settings: Settings,
    setup: &str,
    statement: &str,
    loops: &[u64],
    most: u64,
) -> Result<Vec<Sample>, Stop> {
    let mut session = Python::new(settings).open()?;
    run_in(&mut *session, setup, statement, loops, most)
}

fn run_in(
    session: &mut dyn Session,
    setup: &str,
    statement: &str,
    loops: &[u64],
    most: u64,
) -> Result<Vec<Sample>, Stop> {
    session.prepare(&Case {
        name: "A".into(),
        statement: statement.into(),
        setup: setup.into(),
        collect_garbage: false,
        parameters: Vec::new(),
    })?;
    let plan: Vec<Row> = loops.iter().map(|&loops| Row { case: 0, loops }).collect();
    let last = *plan.last().expect("a row");
    session.run(&plan, &mut Looks { last, most })
}

/// The error that this code ends in.
fn error_of(setup: &str, statement: &str) -> Option<crate::timeit::session::CodeError> {
    match run_with(settings()?, setup, statement, &[1], u64::MAX) {
        Err(Stop {
            reason: Reason::Code(error),
            ..
        }) => Some(*error),
        other => panic!("{statement}: {other:?}"),
    }
}

/// What is shown of an error, its lines cut at the end.
fn check_error(setup: &str, statement: &str, at: Option<(Part, usize)>, shown: &str) {
    let Some(error) = error_of(setup, statement) else {
        return;
    };
    // Carets below the line came with 3.11.
    let lines: Vec<&str> = error
        .shown
        .lines()
        .filter(|line| error.kind == "SyntaxError" || !line.trim_matches([' ', '^', '~']).is_empty())
        .collect();
    assert_eq!(lines.join("\n"), shown);
    assert_eq!(error.part.zip(error.line), at);
}

/// How a process ends that runs this code.
fn check_death(statement: &str, expected: &str) {
    let Some(settings) = settings() else { return };
    match run_with(settings, "", statement, &[1], u64::MAX) {
        Err(Stop {
            reason: Reason::Died { status, .. },
            ..
        }) => assert!(status.contains(expected), "{statement}: {status}"),
        other => panic!("{statement}: {other:?}"),
    }
}

#[test]
fn samples_are_taken() {
    let Some(settings) = settings() else { return };
    let before = Instant::now();
    let samples = run_with(settings, "x = 1", "x + 1", &[1, 1000, 10], u64::MAX).expect("samples");
    let elapsed = before.elapsed();
    let loops: Vec<u64> = samples.iter().map(|sample| sample.row.loops).collect();
    assert_eq!(loops, [1, 1000, 10]);
    for sample in samples {
        assert!(sample.wall < elapsed && sample.process_cpu.is_some_and(|cpu| cpu < elapsed));
        assert!(sample.peak_memory > 1 << 20 && !sample.setup.is_zero());
    }
}

#[test]
fn the_code_sees_a_main_program_of_its_own() {
    let Some(settings) = settings() else { return };
    let setup = "import sys, __main__\nglobal here\nhere = 1";
    let statement = "assert __main__.__dict__ is globals() and __name__ == '__main__' and here == 1\n\
                     assert sys.path[0] == '' and sys.stdin.read() == ''\n\
                     assert not any(name in globals() for name in ('Worker', 'os', 'PID'))";
    run_with(settings, setup, statement, &[2], u64::MAX).expect("all hold");
}

#[test]
fn what_grows_is_seen() {
    let Some(settings) = settings() else { return };
    let mut session = Python::new(settings).open().expect("a session");
    run_in(&mut *session, "a = [0]; b = [1]", "a.append(1)", &[50], u64::MAX).expect("samples");
    let growth = session.growth(0).expect("it grew");
    assert_eq!(
        (growth.name.as_str(), growth.before, growth.after, growth.loops),
        ("a", 1, 51, 50)
    );
}

#[test]
fn the_end_of_what_is_printed_is_kept() {
    let Some(settings) = settings() else { return };
    let mut session = Python::new(settings).open().expect("a session");
    let statement = "import sys\nsys.stdout.write('x' * 1000000 + 'end\\n')\nsys.stdout.flush()";
    run_in(&mut *session, "", statement, &[3], u64::MAX).expect("samples");
    let printed = session.end().expect("an end in order");
    assert_eq!(printed.total, 3 * 1_000_004);
    assert!(printed.end.len() <= 4096 && printed.end.ends_with(b"xend\n"));
}

#[test]
fn errors_show_the_lines_of_the_user() {
    check_error(
        "def f(x):\n    return 1 / x",
        "for i in (1,\n  0):\n    f(i)",
        Some((Part::Statement, 3)),
        "Traceback (most recent call last):\n  File \"<stmt>\", line 3, in <module>\n    f(i)\n  \
         File \"<setup>\", line 2, in f\n    return 1 / x\nZeroDivisionError: division by zero",
    );
    check_error(
        "\n\nboom",
        "pass",
        Some((Part::Setup, 3)),
        "Traceback (most recent call last):\n  File \"<setup>\", line 3, in <module>\n    boom\n\
         NameError: name 'boom' is not defined",
    );
}

#[test]
fn syntax_errors_have_a_caret() {
    for (setup, statement, part, line) in [
        ("", "x = 1\nx +", Part::Statement, 2),
        ("pass\n(", "pass", Part::Setup, 2),
        ("", "pass\nreturn 1", Part::Statement, 2),
        ("x = 1\ny = 2", "pass\nfrom os import *", Part::Statement, 2),
        ("x = 1\nfrom os import *", "pass", Part::Setup, 2),
    ] {
        let Some(error) = error_of(setup, statement) else {
            return;
        };
        assert_eq!((error.part, error.line), (Some(part), Some(line)), "{error:?}");
        let wrong = match part {
            Part::Setup => setup,
            _ => statement,
        };
        let wrong = wrong.lines().nth(line - 1).expect("the line");
        let name = if part == Part::Setup { "<setup>" } else { "<stmt>" };
        assert!(
            error
                .shown
                .contains(&format!("File \"{name}\", line {line}\n    {wrong}\n")),
            "{error:?}"
        );
        assert!(error.shown.contains("^\nSyntaxError: "), "{error:?}");
    }
}

#[test]
fn ends_of_the_process_are_told() {
    check_death("import os; os._exit(3)", "exit code 3");
    check_death("import os; os.kill(os.getpid(), 9)", "killed by signal 9");
    check_death("import os; os.closerange(3, 100)", "closed the channel");
    check_death(
        "import os\nfor n in range(3, 20):\n  try: os.write(n, b'nonsense\\n')\n  except OSError: pass",
        "wrote into",
    );
}

#[test]
fn exits_and_interrupts_of_the_code_are_its_errors() {
    for (statement, kind) in [
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(): f()\nf()", "RecursionError"),
        ("x = 'a' * (1 << 60)", "MemoryError"),
    ] {
        let Some(error) = error_of("", statement) else {
            return;
        };
        assert_eq!(error.kind, kind);
    }
}

#[test]
fn a_watch_that_says_stop_gets_what_is_there() {
    let Some(settings) = settings() else { return };
    let stop = run_with(settings, "import time", "time.sleep(0.001)", &[3, 1_000_000], 11)
        .expect_err("it is stopped");
    assert!(matches!(stop.reason, Reason::Interrupted), "{stop:?}");
    assert_eq!(stop.samples.len(), 1);
    let running = stop.running.expect("a row ran");
    assert!(running.done > 10 && running.row.loops == 1_000_000, "{running:?}");
    assert!(running.elapsed > Duration::from_millis(1) * u32::try_from(running.done).expect("few"));
}

/// The processes of a group that are not dead.
fn members(group: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("Linux");
    processes
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter(|stat| {
            // After the name: state, parent, group.
            let words: Vec<&str> = stat
                .rsplit(')')
                .next()
                .map(|rest| rest.split_whitespace().collect())
                .unwrap_or_default();
            words.get(2) == Some(&group) && words.first() != Some(&"Z")
        })
        .collect()
}

#[test]
fn a_loop_that_never_ends_is_killed_with_its_children() {
    let Some(mut settings) = settings() else { return };
    settings.timeout = Some(Duration::from_millis(700));
    let file = tempfile::NamedTempFile::new().expect("a file");
    let statement = format!(
        "import os, time\nif os.fork() == 0:\n    time.sleep(1000)\nopen({:?}, 'w').write(str(os.getpid()))\n\
         while True:\n    try: time.sleep(0.01)\n    except KeyboardInterrupt: pass",
        file.path()
    );
    let stop = run_with(settings, "", &statement, &[1], u64::MAX).expect_err("it takes too long");
    assert!(matches!(stop.reason, Reason::TimeOut), "{stop:?}");
    let group = std::fs::read_to_string(file.path()).expect("a file");
    let end = Instant::now() + Duration::from_secs(10);
    while !members(&group).is_empty() {
        assert!(Instant::now() < end, "of {group}: {:?}", members(&group));
    }
}

#[test]
fn a_child_that_comes_back_does_not_answer() {
    let Some(settings) = settings() else { return };
    let samples = run_with(
        settings,
        "import os",
        "if os.fork() == 0: pass",
        &[1, 1],
        u64::MAX,
    );
    assert_eq!(samples.expect("samples").len(), 2);
}
