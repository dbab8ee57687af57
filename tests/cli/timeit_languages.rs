//! `prof timeit --lang`, with the real interpreters and compilers that are here. One that is missing is told, and fails
//! the tests under CI.

use super::man::is_there;
use super::{Printed, prof};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A language, and code in it.
struct Language {
    /// What it needs on the path.
    program: &'static str,
    /// How it is asked for.
    options: &'static [&'static str],
    /// What reports call it.
    runtime: &'static str,
    /// What errors call it.
    name: &'static str,
    /// Takes at least 2 ms.
    sleep: (&'static str, &'static str),
    /// A setup, and a statement with `{n}` times the work.
    work: (&'static str, &'static str),
    /// Prints `hello`.
    print: (&'static str, &'static str),
    /// Ends the process with exit code 3.
    exit: (&'static str, &'static str),
    /// Never ends.
    endless: &'static str,
    /// Cannot be compiled, in its second line.
    invalid: &'static str,
    /// Fails in its second line, as the setup has it; and how that is told.
    fails: (&'static str, &'static str, &'static str),
    /// Leaves the loop.
    leaves: &'static str,
}

const NODE: Language = Language {
    program: "node",
    options: &["--lang", "node"],
    runtime: "Node.js ",
    name: "JavaScript",
    sleep: (
        "const b = new Int32Array(new SharedArrayBuffer(4))",
        "Atomics.wait(b, 0, 0, 2)",
    ),
    work: ("let x = 1", "for (let i = 0; i < {n}; i++) x = x * 3 % 7"),
    print: ("", "console.log('hello')"),
    exit: ("", "process.exit(3)"),
    endless: "for (;;);",
    invalid: "1 +\n)",
    fails: (
        "function f(x) {\n  return x.y.z\n}",
        "\nf(1)",
        "\n    at <stmt>:2:1\n",
    ),
    leaves: "throw 5",
};

const RUBY: Language = Language {
    program: "ruby",
    options: &["--lang", "ruby"],
    runtime: "Ruby ",
    name: "Ruby",
    sleep: ("", "sleep 0.002"),
    work: ("x = 1", "{n}.times { x = x * 3 % 7 }"),
    print: ("", "$stdout.write(\"hello\\n\")"),
    exit: ("", "exit!(3)"),
    endless: "loop {}",
    invalid: "1 +\n)",
    fails: ("def f(x)\n  1 / x\nend", "\nf(0)", "\n from <stmt>:2\n"),
    leaves: "return",
};

const C: Language = Language {
    program: "cc",
    options: &["--lang", "c"],
    runtime: "gcc ",
    name: "C",
    sleep: ("#include <unistd.h>", "usleep(2000)"),
    work: (
        "volatile int x = 1;",
        "for (int i = 0; i < {n}; i++) x = x * 3 % 7;",
    ),
    print: ("#include <stdio.h>", "puts(\"hello\");"),
    exit: ("#include <stdlib.h>", "exit(3)"),
    endless: "for (;;);",
    invalid: "1 +\nnothing",
    fails: (
        "",
        "*(volatile int *)0 = 1;",
        "killed by signal 11 (SIGSEGV: a segmentation fault)",
    ),
    leaves: "break;",
};

const RUST: Language = Language {
    program: "rustc",
    options: &["--lang", "rust"],
    runtime: "rustc ",
    name: "Rust",
    sleep: ("", "std::thread::sleep(std::time::Duration::from_millis(2))"),
    work: (
        "let mut x = 1u32;",
        "for _ in 0..{n} { x = std::hint::black_box(x) * 3 % 7; }",
    ),
    print: ("", "println!(\"hello\")"),
    exit: ("", "std::process::exit(3)"),
    endless: "loop {}",
    invalid: "1 +\nnothing",
    fails: (
        "let v = vec![1];\nlet at = 3;",
        "\nv[at]",
        ":\nindex out of bounds: the len is 1 but the index is 3\n",
    ),
    leaves: "break;",
};

const PERL: Language = Language {
    program: "perl",
    options: &["--config", "examples/workers/prof.toml", "--lang", "perl"],
    runtime: "Perl ",
    name: "Perl",
    sleep: ("", "select undef, undef, undef, 0.002"),
    work: ("my $x = 1;", "for my $i (1 .. {n}) { $x = $x * 3 % 7 }"),
    print: ("", "syswrite STDOUT, \"hello\\n\""),
    exit: ("", "exit 3"),
    endless: "while (1) {}",
    invalid: "use strict;\n$nothing = 1",
    fails: ("", "\ndie 'oh no'", "oh no at <stmt> line 2.\n"),
    leaves: "last",
};

const ALL: [Language; 5] = [NODE, RUBY, C, RUST, PERL];

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
fn what_fails_after_the_samples_is_told() {
    if !is_there(NODE.program) {
        return;
    }
    let rejects = "Promise.reject(new Error('oh no'))";
    // The last sample of a process, and one that others follow.
    for arguments in [&["-n1", "-r2"][..], &["--autorange", "-r2"], &["--auto"]] {
        let printed = timeit(&NODE, &[arguments, &[rejects]].concat());
        assert_eq!(printed.code, Some(1), "{arguments:?}: {}", printed.err);
        assert!(printed.err.contains("oh no\n"), "{arguments:?}: {}", printed.err);
        assert!(
            printed.err.contains(" at <stmt>:1:"),
            "{arguments:?}: {}",
            printed.err
        );
        assert!(!printed.err.contains("<prof"), "{arguments:?}: {}", printed.err);
    }
    let printed = timeit(
        &NODE,
        &["-n1", "-r2", "process.on('exit', () => process.exitCode = 4)"],
    );
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    assert!(printed.err.contains("ended: exit code 4\n"), "{}", printed.err);
    // Code that listens itself, or that catches in time.
    for (setup, statement) in [
        ("process.on('unhandledRejection', () => 0)", rejects),
        ("", "Promise.reject(5).catch(() => 0)"),
    ] {
        let printed = timeit(&NODE, &["-n1", "-r2", "-s", setup, statement]);
        assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{setup}");
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
        let id = i32::try_from(child.id()).expect("small");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGINT)
            .expect("it runs");
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
    let id = i32::try_from(child.id()).expect("small");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGINT)
        .expect("it runs");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(50));
    assert_eq!(std::fs::read_dir(&temporary).expect("a folder").count(), 0);
}

#[test]
fn a_literal_at_the_end_is_built_in_ruby() {
    if !is_there(RUBY.program) {
        return;
    }
    let best = |statement: &str| {
        let setup = ["-s", "a = 1; b = 2", "--name", "x"];
        let arguments = [&["-n200000", "-r5", "--csv", "-"], &setup[..], &[statement]].concat();
        let printed = timeit(&RUBY, &arguments);
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        let times = samples(&printed.out).into_iter().map(|sample| sample.1);
        times.fold(f64::INFINITY, f64::min)
    };
    // Both allocate an array of two; an empty loop takes a fourth of that.
    let (plain, kept) = (best("[a, b]"), best("x = [a, b]"));
    assert!(plain * 2.0 > kept, "{plain} {kept}");
    // What has no value, or has one only for who asks.
    for statement in ["a, b = b, a", "# nothing", "x = <<E\nhello\nE"] {
        assert!(best(statement) > 0.0, "{statement}");
    }
}

#[test]
fn unknown_names_have_their_place_in_javascript() {
    if !is_there(NODE.program) {
        return;
    }
    for (statement, place) in [
        ("nothing", "1:1"),
        // V8 places it at what is read of it.
        ("nothing.x", "1:9"),
        ("1 + nothing", "1:5"),
        ("\n nothing()", "2:2"),
        ("let x = nothing", "1:9"),
    ] {
        let printed = timeit(&NODE, &["-n2", "-s", "let y = 1", "--", statement]);
        let expected = "error: the statement failed\nReferenceError: nothing is not defined\n    at <stmt>:";
        assert_eq!(printed.err, format!("{expected}{place}\n"), "{statement}");
    }
}

/// What is told of arguments that cannot be used.
fn check_usage(arguments: &[&str], expected: &[&str]) {
    let mut command = prof();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("timeit")
        .args(arguments);
    let printed = Printed::of(&mut command);
    assert_eq!(
        (printed.code, &*printed.out),
        (Some(2), ""),
        "{arguments:?}: {}",
        printed.err
    );
    for part in expected {
        assert!(printed.err.contains(part), "{arguments:?}: {}", printed.err);
    }
}

#[test]
fn what_only_python_has_is_told() {
    for option in [
        &["--python", "3.11"][..],
        &["--python-args", "-X dev"],
        &["--hash-seed", "0"],
        &["--global-setup", "x"],
        &["--django", "x"],
        &["--evennia", "x"],
        &["--rollback"],
        &["--async"],
        &["--setup-mode", "once"],
        &["--profile"],
        &["--format", "timeit", "-n1"],
    ] {
        let told = format!("error: {}", option[0]);
        check_usage(
            &[option, &["--lang", "ruby", "1"]].concat(),
            &[&told, " is for Python, and --lang says Ruby\nhint: "],
        );
    }
    check_usage(
        &["--lang", "rust", "--gc", "both", "1"],
        &["error: --gc: rustc has no garbage collector that can be switched"],
    );
    check_usage(
        &[PERL.options, &["--gc", "both", "1"]].concat(),
        &["error: --gc: Perl has no garbage collector that can be switched"],
    );
    check_usage(&["--with", "x", "1"], &["--with needs --lang"]);
    check_usage(
        &["--lang", "python", "--config", "x", "1"],
        &["--config needs --lang"],
    );
    check_usage(&["--lang", "c", "--cmd", "ls"], &["--lang: this is for snippets"]);
    check_usage(
        &["--lang", "c", "--with", "a 'b", "1"],
        &["error: cannot use --with `a 'b`: "],
    );
    check_usage(
        &["--lang", "c", "--with", "./nothing", "1"],
        &[
            "/nothing`: No such file or directory\n",
            "hint: install a compiler of C, or name ",
        ],
    );
}

#[test]
fn files_that_declare_workers_are_found_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let inner = root.join("project/inner");
    let settings = root.join("settings/prof");
    for folder in [&inner, &settings] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let write = |path: &Path, text: &str| std::fs::write(path.join("prof.toml"), text).expect("a file");
    let errors = |arguments: &[&str]| {
        let mut command = prof();
        command
            .current_dir(&inner)
            .env("XDG_CONFIG_HOME", root.join("settings"));
        let printed = Printed::of(command.arg("timeit").args(arguments));
        assert_eq!(printed.code, Some(2), "{}", printed.err);
        printed.err
    };
    let err = errors(&["--lang", "lua", "1"]);
    assert!(
        err.contains("error: no language `lua` is known\nhint: known are python, node, ruby, rust, c; "),
        "{err}"
    );
    write(&settings, "[timeit.workers.tcl]\ncommand = ['./nothing-tcl']\n");
    write(
        &root.join("project"),
        "[timeit.workers.lua]\ncommand = ['./nothing-lua']\n",
    );
    let err = errors(&["--lang", "lua", "1"]);
    assert!(err.contains("/project/nothing-lua`: No such file"), "{err}");
    let err = errors(&["--lang", "tcl", "1"]);
    assert!(err.contains("/settings/prof/nothing-tcl`: No such file"), "{err}");
    let err = errors(&["--lang", "go", "1"]);
    assert!(
        err.contains("known are python, node, ruby, rust, c, lua, tcl;"),
        "{err}"
    );
    write(&inner, "[timeit.workers.lua]\ncomand = ['x']\n");
    let err = errors(&["--lang", "lua", "1"]);
    assert!(
        err.contains("/inner/prof.toml`: line 2, column 1: unknown field `comand`"),
        "{err}"
    );
    let err = errors(&["--config", "nothing.toml", "--lang", "lua", "1"]);
    assert!(
        err.contains("cannot read `nothing.toml`: No such file or directory"),
        "{err}"
    );
}
