//! `prof timeit`, with the Python that is on the path.

use super::{Printed, prof, python, signal};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What `prof timeit` prints with these arguments, and how it ends.
fn timeit(arguments: &[&str]) -> Option<Printed> {
    timeit_with(arguments, "")
}

fn timeit_with(arguments: &[&str], input: &str) -> Option<Printed> {
    python()?;
    let mut command = prof();
    command.arg("timeit").args(arguments).write_stdin(input);
    // No measurement here may run away.
    command.timeout(Duration::from_secs(120));
    Some(Printed::of(&mut command))
}

/// Checks a code, what standard output starts with, and what standard error has.
fn check(arguments: &[&str], code: i32, out: &str, err: &str) {
    let Some(printed) = timeit(arguments) else { return };
    assert_eq!(printed.code, Some(code), "{arguments:?}: {}", printed.err);
    assert!(printed.out.starts_with(out), "{arguments:?}: {}", printed.out);
    assert!(printed.err.contains(err), "{arguments:?}: {}", printed.err);
    if out.is_empty() {
        assert_eq!(printed.out, "", "{arguments:?}");
    }
    if err.is_empty() {
        assert_eq!(printed.err, "", "{arguments:?}");
    }
}

#[test]
fn a_million_loops_are_the_default() {
    let Some(printed) = timeit(&["pass"]) else { return };
    assert!(printed.out.starts_with("total "), "{}", printed.out);
    assert!(printed.out.contains(" for 1,000,000 loops "), "{}", printed.out);
    assert!(
        printed.out.contains(" ns per loop ") && printed.out.contains("CPython "),
        "{}",
        printed.out
    );
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
}

#[test]
fn the_search_for_loops_prints_nothing_where_a_report_for_programs_goes() {
    let search = ["--autorange", "-t", "1ms", "-v"];
    for format in ["text", "timeit"] {
        let more = ["--format", format, "--json", "-", "pass"];
        let Some(printed) = timeit(&[&search[..], &more].concat()) else {
            return;
        };
        let value: serde_json::Value = serde_json::from_str(&printed.out).expect("JSON alone");
        assert_eq!(value["format"], "prof timeit");
    }
    check(&[&search[..], &["--quiet", "pass"]].concat(), 0, "", "");
    let endless = ["--autorange", "--timeout", "0.3", "--quiet", "while 1: pass"];
    check(&endless, 124, "", "error: out of time");
}

#[test]
fn a_check_that_cannot_hold_is_told() {
    let compared = ["-n", "100", "1", "--vs", "sum(range(100))"];
    let checked = [&compared[..], &["--fail-if", "slower > 5%"]].concat();
    check(&compared, 0, "A  ", "");
    check(&checked, 0, "A  ", "warning: --fail-if says nothing of");
}

#[test]
fn several_arguments_are_the_lines_of_one_statement() {
    check(
        &[
            "-n",
            "2",
            "-s",
            "a = [1, 2]",
            "-s",
            "b = []",
            "for i in a:",
            "    b.append(i)",
            "assert len(b) in (2, 4), b",
        ],
        0,
        "total ",
        "",
    );
}

#[test]
fn code_comes_from_files_and_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_owned()
    };
    let setup = path("setup.py", "\u{feff}x = 1\r\ny = 2\r\n");
    let statement = path("statement.py", "assert (x, y, z) == (1, 2, 3)\n");
    let both = ["-n1", "--setup-file", &setup, "-s", "z = 3"];
    check(
        &[&both[..], &["--stmt-file", &statement]].concat(),
        0,
        "total ",
        "",
    );
    for arguments in [["-", ""], ["--stmt-file", "-"]] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|word| !word.is_empty()).collect();
        let arguments = [&["-n1"], &arguments[..]].concat();
        let Some(printed) = timeit_with(&arguments, "x = 1\nboom") else {
            return;
        };
        assert_eq!(printed.code, Some(1));
        assert!(
            printed
                .err
                .contains("File \"<stmt>\", line 2, in <module>\n    boom"),
            "{}",
            printed.err
        );
    }
    check(
        &["--stmt-file", "-", "--setup-file", "-"],
        2,
        "",
        "standard input can only be one of",
    );
    check(
        &["--stmt-file", "nothing/there"],
        2,
        "",
        "cannot read `nothing/there`: No such file",
    );
    let null = path("null.py", "x\0y");
    check(&["--stmt-file", &null], 2, "", "byte 1: a null byte");
}

#[test]
fn the_line_of_timeit_is_printed() {
    let Some(printed) = timeit(&["--format", "timeit", "-n", "100", "-r", "3", "-u", "sec", "pass"]) else {
        return;
    };
    let Some(time) = printed
        .out
        .strip_prefix("100 loops, best of 3: ")
        .and_then(|rest| rest.strip_suffix(" sec per loop\n"))
    else {
        panic!("{}", printed.out)
    };
    assert!(time.parse::<f64>().expect("a number") < 1.0);

    let Some(printed) = timeit(&[
        "--format=timeit",
        "--autorange",
        "-t",
        "1ms",
        "-v",
        "sum(range(1000))",
    ]) else {
        return;
    };
    let lines: Vec<&str> = printed.out.lines().collect();
    assert!(
        lines[0].starts_with("1 loop -> ") && lines[1].starts_with("2 loops -> "),
        "{}",
        printed.out
    );
    assert!(lines[2].starts_with("5 loops -> "), "{}", printed.out);
    let last = lines.last().expect("a line");
    assert!(
        last.contains(" loops, best of 5: ") && last.ends_with(" usec per loop"),
        "{}",
        printed.out
    );
    assert!(
        lines[lines.len() - 3].starts_with("raw times: "),
        "{}",
        printed.out
    );
}

#[test]
fn the_collector_can_be_compared() {
    let Some(printed) = timeit(&[
        "--gc",
        "both",
        "-n",
        "100",
        "-r",
        "2",
        "-s",
        "import gc",
        "gc.isenabled()",
    ]) else {
        return;
    };
    let lines: Vec<&str> = printed.out.lines().collect();
    assert!(
        lines[0].starts_with("gc off  best total of 2: "),
        "{}",
        printed.out
    );
    assert!(
        lines[2].starts_with("gc on   best total of 2: "),
        "{}",
        printed.out
    );
    assert!(lines[4].contains("with the garbage collector"), "{}", printed.out);
    for (when, expected) in [("on", "True"), ("off", "False")] {
        let statement = format!("assert gc.isenabled() is {expected}");
        check(
            &["--gc", when, "-n1", "-s", "import gc", &statement],
            0,
            "total ",
            "",
        );
    }
}

#[test]
fn the_surroundings_can_be_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("beside.py"), "value = 7").expect("a file");
    let path = folder.path().to_str().expect("text");
    check(
        &[
            "-n1",
            "--cwd",
            path,
            "--env",
            "PROF_A=1=2",
            "--hash-seed",
            "5",
            "--python-args",
            "-O -W ignore",
            "-s",
            "import os, sys, beside",
            "if (beside.value, os.environ['PROF_A'], os.environ['PYTHONHASHSEED'], sys.flags.optimize) != (7, '1=2', '5', 1): raise ValueError",
        ],
        0,
        "total ",
        "",
    );
    check(&["--cwd", "nothing/there", "pass"], 2, "", "it is no folder");
    check(&["--env", "A", "pass"], 2, "", "it is NAME=VALUE");
    check(&["--hash-seed", "x", "pass"], 2, "", "a number from 0");
}

#[test]
fn errors_have_a_code_of_their_own() {
    check(
        &["-n1", "boom"],
        1,
        "",
        "NameError: name 'boom' is not defined\nhint: define it first: -s 'boom = ...'",
    );
    check(
        &["-n1", "x +"],
        1,
        "",
        "error: the statement is no valid Python\n  File \"<stmt>\", line 1",
    );
    check(
        &["-n1", "-s", "x = 1/0", "pass"],
        1,
        "",
        "error: the setup failed\nTraceback",
    );
    check(&["-n1", "import os; os._exit(3)"], 1, "", "ended: exit code 3");
    check(
        &["-n1", "-r3", "import os; os.kill(os.getpid(), 11)"],
        1,
        "",
        "killed by signal 11 (SIGSEGV",
    );
    check(&["-n", "-1", "pass"], 2, "", "it cannot be negative");
    check(&["-r", "0", "pass"], 2, "", "it is at least 1");
    check(&["-u", "minutes", "pass"], 2, "", "it is nsec, usec, msec or sec");
    check(
        &["--python", "nothing/there", "pass"],
        2,
        "",
        "error: no Python at `nothing/there`",
    );
    check(
        &["--python", "/bin/sh", "pass"],
        2,
        "",
        "error: `/bin/sh` does not run as a Python interpreter",
    );
    check(
        &["--format", "timeit", "--gc", "both"],
        2,
        "",
        "no place for --gc both",
    );
}

#[test]
fn without_python_it_says_so() {
    let mut command = prof();
    command
        .args(["timeit", "pass"])
        .env("PATH", "/nothing")
        .env_remove("VIRTUAL_ENV");
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8(output.stderr).expect("text");
    assert!(err.starts_with("error: no Python: neither python3"), "{err}");
    assert!(err.contains("\nhint: install Python"), "{err}");
}

#[test]
fn what_the_code_prints_is_told_and_escaped() {
    let Some(printed) = timeit(&["-n", "3", r"print('a\x1b[31mb')"]) else {
        return;
    };
    assert!(
        printed.out.starts_with("total ") && printed.out.lines().count() == 1,
        "{}",
        printed.out
    );
    let line = "  a\\x1b[31mb\n";
    assert_eq!(
        printed.err,
        format!("note: the code printed 24 bytes:\n{line}{line}{line}")
    );

    let Some(printed) = timeit(&["-n", "1000", "print('x' * 999)"]) else {
        return;
    };
    assert!(
        printed
            .err
            .starts_with("note: the code printed 1,000,000 bytes; the end of it:\n"),
        "{}",
        printed.err
    );
    assert!(printed.err.len() < 5000);
}

#[test]
fn a_run_that_takes_too_long_is_told_as_far_as_it_came() {
    check(
        &[
            "--timeout",
            "0.6",
            "-n",
            "1000",
            "-s",
            "import time",
            "time.sleep(0.01)",
        ],
        124,
        "stopped after ",
        "error: out of time: one repeat took longer than --timeout",
    );
    check(
        &[
            "--max-time",
            "600ms",
            "-n",
            "1",
            "-r",
            "1000",
            "-s",
            "import time",
            "time.sleep(0.01)",
        ],
        124,
        "best total of ",
        "error: out of time: it took longer than --max-time",
    );
    check(
        &["--timeout", "0.5", "while True: pass"],
        124,
        "stopped after 0 of",
        "error: out of time",
    );
}

/// Starts a measurement that takes long, and waits until its code runs: then the file has the number of its group.
#[expect(clippy::zombie_processes, reason = "the callers wait for it")]
fn start(code: &str) -> Option<(Child, String)> {
    python()?;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let statement = format!(
        "import os, time\nopen({:?}, 'a').write('%d\\n' % os.getpgrp())\n{code}",
        file.path()
    );
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(["timeit", "-n", "100000", &statement])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let text = std::fs::read_to_string(file.path()).expect("a file");
        // A few loops, so that there is something to tell.
        if text.lines().count() > 2 {
            return Some((child, text.lines().next().expect("a line").to_owned()));
        }
        if Instant::now() > end {
            child.kill().and_then(|()| child.wait()).expect("it can be ended");
            panic!("it does not start");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until no process of a group is alive.
fn wait_gone(group: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    let is_member = |entry: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let rest: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        (rest.get(2) == Some(&group) && rest.first() != Some(&"Z")).then_some(())
    };
    while std::fs::read_dir("/proc")
        .expect("Linux")
        .filter_map(is_member)
        .count()
        > 0
    {
        assert!(Instant::now() < end, "processes of {group} are left");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_interrupt_gives_what_is_there() {
    let Some((child, group)) = start("time.sleep(0.01)") else {
        return;
    };
    signal(&child, nix::sys::signal::Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let out = String::from_utf8(output.stdout).expect("text");
    assert!(
        out.starts_with("stopped after ") && out.contains(" ms per loop"),
        "{out}"
    );
    assert_eq!(output.stderr, b"error: interrupted\n");
    wait_gone(&group);
}

#[test]
fn nothing_is_left_when_prof_is_killed() {
    // Code that does not let go of the interpreter, and a child that knows nothing of prof.
    let code =
        "if os.fork() == 0: os.execlp('sleep', 'sleep', '1000')\nif os.path.exists('/'): time.sleep(0.05)";
    let Some((mut child, group)) = start(code) else {
        return;
    };
    signal(&child, nix::sys::signal::Signal::SIGKILL);
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(9));
    wait_gone(&group);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    if python().is_none() {
        return;
    }
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(["timeit", "-n", "1", "pass"])
        .stdout(writer)
        .output()
        .expect("it runs");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stderr.is_empty());
}

#[test]
fn the_interpreter_ends_in_order_where_the_code_needs_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("written");
    let open = format!("global f\nf = open({path:?}, 'w')");
    check(&["-n", "2", "-s", &open, "f.write('x')"], 0, "total ", "");
    if python().is_some() {
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "xx");
    }
    check(
        &[
            "-n",
            "1",
            "-s",
            "import atexit",
            "atexit.register(print, 'the end')",
        ],
        0,
        "total ",
        "note: the code printed 8 bytes:\n  the end\n",
    );
    // A thread that is not waited for.
    let thread = "threading.Thread(target=time.sleep, args=(1000,)).start()";
    check(
        &["-n", "1", "-s", "import threading, time", thread],
        0,
        "total ",
        "",
    );
}
