//! Code that is built before it runs: in C and Rust.

use super::super::man::is_there;
use super::super::{Printed, prof, signal};
use super::code::{C, RUST};
use super::timeit;
use nix::sys::signal::Signal;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn compilers_leave_no_file_behind() {
    for language in [C, RUST] {
        if !is_there(language.program) {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        for statement in ["1;", language.invalid] {
            let mut command = prof();
            command
                .args(["timeit", "-n1"])
                .args(language.options)
                .arg(statement);
            command.env("TMPDIR", folder.path());
            command.output().expect("it runs");
            let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
            assert!(left.is_empty(), "{}: {left:?}", language.name);
        }
    }
}

#[test]
fn what_cannot_be_put_together_is_told() {
    for (language, arguments, told) in [
        (
            C,
            ["-s", "int missing(void);", "missing()"],
            "undefined reference to `missing'",
        ),
        (RUST, ["--with", "rustc --nonsense", "1"], "nonsense"),
    ] {
        if !is_there(language.program) {
            continue;
        }
        let printed = timeit(&language, &[&["-n1"], &arguments[..]].concat());
        assert_eq!((printed.code, &*printed.out), (Some(1), ""), "{}", printed.err);
        let is_told = printed.err.contains("` cannot build the code\n") && printed.err.contains(told);
        assert!(
            is_told && !printed.err.contains("prof-timeit-"),
            "{}",
            printed.err
        );
    }
}

#[test]
fn a_compiler_that_builds_nothing_is_told() {
    let printed = timeit(&C, &["-n1", "--with", "true", "1"]);
    assert_eq!((printed.code, &*printed.out), (Some(1), ""), "{}", printed.err);
    assert!(
        printed
            .err
            .starts_with("error: `true` built no program\nhint: install a compiler of C"),
        "{}",
        printed.err
    );
}

#[test]
fn compilers_are_compared() {
    if !is_there("cc") {
        return;
    }
    let code = [
        "-s",
        "int a[1000], s = 0;",
        "for (int i = 0; i < 1000; i++) s += a[i];",
    ];
    let with = [
        "--with",
        "cc -O0",
        "--with",
        "cc -O3",
        "--processes",
        "3",
        "--max-time",
        "1",
    ];
    let printed = timeit(&C, &[&with[..], &code[..]].concat());
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    assert!(
        printed.out.contains(" -O3 is ") && printed.out.contains("x faster than "),
        "{}",
        printed.out
    );
}

#[test]
fn nothing_is_taken_out_of_the_loop() {
    // What an optimiser would compute once: a thousand times the work must take clearly longer.
    for (language, setup, statement) in [
        (
            RUST,
            "let v: Vec<u64> = (0..{n}).collect();",
            "v.iter().sum::<u64>()",
        ),
        (
            C,
            "int a[{n}] = {1}, n = {n};",
            "({ int s = 0; for (int i = 0; i < n; i++) s += a[i]; s; })",
        ),
    ] {
        if !is_there(language.program) {
            continue;
        }
        let lists = ["-L", "n", "10,10000", "--processes", "3", "--max-time", "1"];
        let printed = timeit(&language, &[&lists[..], &["-s", setup, statement]].concat());
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        let line = printed.out.lines().find(|line| line.contains("n = 10000 is "));
        let ratio = line.and_then(|line| line.split(" is ").nth(1)?.split('x').next()?.parse::<f64>().ok());
        assert!(ratio.is_some_and(|ratio| ratio > 50.0), "{}", printed.out);
    }
}

#[test]
fn literals_of_the_setup_are_not_known_in_the_loop() {
    if !is_there(RUST.program) {
        return;
    }
    // What is known while it is built costs what a number costs: nothing.
    for (setup, dear, cheap) in [
        ("let x = 2f64;", "x.powf(2.5)", "x"),
        ("let s = \"12345\";", "s.parse::<u32>()", "s.len()"),
    ] {
        let options = ["--processes", "3", "--max-time", "1", "-s", setup];
        let printed = timeit(&RUST, &[&options[..], &[dear, "--vs", cheap]].concat());
        assert!(times_faster(&printed) > 2.0, "{}", printed.out);
    }
}

/// How many times faster B is than A, by the verdict.
fn times_faster(printed: &Printed) -> f64 {
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let line = printed.out.lines().find(|line| line.contains("B is "));
    let ratio = line.and_then(|line| {
        let (ratio, _) = line.trim().strip_prefix("B is ")?.split_once("x faster")?;
        ratio.parse::<f64>().ok()
    });
    ratio.unwrap_or_else(|| panic!("{}", printed.out))
}

#[test]
fn a_name_that_cannot_go_through_memory_leaves_the_others_there() {
    for (language, setup, dear, cheap) in [
        (
            RUST,
            // The name v was moved, and is another one in the statement.
            "let x = 2f64; let v = vec![1]; let w = v;",
            "x.powf(2.5) + f64::from(w.iter().map(|v| v + 1).sum::<i32>())",
            "w.len()",
        ),
        (
            C,
            "#include <math.h>\ndouble x = 2; register int q = 3;",
            "pow(x, 2.5) + q",
            "q",
        ),
    ] {
        if !is_there(language.program) {
            continue;
        }
        let options = ["--processes", "3", "--max-time", "1", "-s", setup];
        let printed = timeit(&language, &[&options[..], &[dear, "--vs", cheap]].concat());
        assert!(times_faster(&printed) > 5.0, "{}", printed.out);
    }
}

#[test]
fn code_in_c_may_fork_and_be_slower_than_its_rival() {
    if !is_there(C.program) {
        return;
    }
    // The end of a child must not send what its parent did not send yet.
    let includes = "#include <unistd.h>\n#include <sys/wait.h>\n#include <stdlib.h>";
    let fork = "pid_t p = fork(); if (!p) exit(0); waitpid(p, 0, 0);";
    let printed = timeit(&C, &["-n10", "-r5", "-s", includes, fork]);
    assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{}", printed.out);
    // A row is complete, and the next is so long that its progress is told.
    let slow = ["usleep(2000)", "--vs", "usleep(8000)"];
    let printed = timeit(&C, &[&["-n64", "-r2", "-s", includes][..], &slow].concat());
    assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{}", printed.out);
}

#[test]
fn compilers_hear_of_the_environment() {
    if !is_there(C.program) {
        return;
    }
    let printed = timeit(&C, &["-n10", "--env", "CFLAGS=-DFOO=3", "FOO"]);
    assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{}", printed.out);
    // They change what runs, and so are part of its name.
    assert!(printed.out.contains(" -DFOO=3\n"), "{}", printed.out);
    let mut command = prof();
    command.args(["timeit", "--lang", "c", "-n1", "1"]);
    command.env("TMPDIR", "/nonexistent");
    let printed = Printed::of(&mut command);
    assert!(
        printed
            .err
            .starts_with("error: cannot make a folder for the program: No such file or directory"),
        "{}",
        printed.err
    );
    assert!(
        printed.err.contains("\nhint: the program is built in TMPDIR"),
        "{}",
        printed.err
    );
}

#[test]
fn an_interrupt_ends_the_compiler() {
    if !is_there("gcc") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let started = folder.path().join("started");
    // What gcc starts is this, and takes a minute.
    let with = format!("gcc -wrapper \"sh,-c,: >'{}'; sleep 60\"", started.display());
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).expect("a folder");
    let began = std::time::Instant::now();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(["timeit", "--lang", "c", "--with", &with, "-n1", "1"])
        .env("TMPDIR", &temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    while !started.exists() {
        if began.elapsed() > Duration::from_secs(30) {
            child.kill().and_then(|()| child.wait()).expect("it can be ended");
            panic!("the compiler does not start");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, Signal::SIGINT);
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(50));
    assert_eq!(std::fs::read_dir(&temporary).expect("a folder").count(), 0);
}
