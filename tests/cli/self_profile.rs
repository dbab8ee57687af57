//! `--self-profile`: a picture of `prof` itself, whatever it does.

use super::record::Folder;
use super::{fixture, prof, python, run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};

/// How much must be in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    /// Functions of `prof`: it works long enough.
    Functions,
    /// Those, or words that say that it was over too soon.
    Picture,
}

use Wanted::{Functions, Picture};

/// What each command is given: `SERVER` stands for a dump of a game server, `PYTHON` for an interpreter, `WORKER` for
/// the number of a process. It runs in a folder of its own, one after the other.
const COMMANDS: &[(&str, Wanted)] = &[
    (
        "stats SERVER SERVER SERVER SERVER SERVER SERVER SERVER SERVER --sort time --callers",
        Functions,
    ),
    ("view SERVER -o page.html --no-open", Functions),
    ("flamegraph SERVER -o picture.svg", Functions),
    ("export --to callgrind SERVER -o callgrind.out", Picture),
    ("export --to speedscope SERVER -o speedscope.json", Functions),
    ("diff SERVER SERVER", Functions),
    ("timeit --python PYTHON -n 10 -r 2 pass", Picture),
    ("timeit --python PYTHON -n 10 -r 5 --json old.json pass", Picture),
    ("timeit compare old.json old.json", Picture),
    ("timeit --runs 3 --cmd true", Picture),
    ("record -o out.prof -- PYTHON -c pass", Picture),
    (
        "record --children --merge -o merged.prof -- PYTHON -c pass",
        Picture,
    ),
    #[cfg(feature = "attach")]
    (
        "record --pid WORKER --duration 1s --rate 500 -o stacks.folded",
        Functions,
    ),
    ("dummyrunner demo 20 --duration 3s", Functions),
    ("dummyrunner --print-scenario looker", Picture),
    ("man record", Picture),
    ("man -o pages", Picture),
    ("completions bash", Picture),
];

fn check_picture(folder: &Folder, what: &str, wanted: Wanted, said: &str) {
    let svg = std::fs::read_to_string(folder.file("self.svg"));
    let svg = svg.unwrap_or_else(|error| panic!("{what}: {error}: {said}"));
    assert!(
        svg.starts_with("<?xml ") && svg.contains("<svg ") && svg.trim_end().ends_with("</svg>"),
        "{what}"
    );
    let is_empty = svg.contains(">nothing was sampled: ");
    assert_eq!(
        said.contains("note: self.svg: nothing was sampled: "),
        is_empty,
        "{what}: {said}"
    );
    if wanted == Functions || !is_empty {
        assert!(!is_empty && svg.contains("<title>"), "{what}: {said}");
    }
    if wanted == Functions {
        assert!(
            svg.contains("<title>prof::cli::") || svg.contains("<title>prof::"),
            "{what}"
        );
    }
    std::fs::remove_file(folder.file("self.svg")).expect("it was there");
    assert_eq!(folder.names(".prof-"), [""; 0], "{what}: nothing is left behind");
}

#[test]
fn every_command_leaves_a_picture() {
    let Some(python) = python() else { return };
    let help = run(&["--help"]);
    let commands = help.split("Commands:\n").nth(1).expect("a list");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // What is told of a command may take several lines.
    let commands = commands.filter(|line| !line.starts_with("   "));
    for name in commands.filter_map(|line| line.split_ascii_whitespace().next()) {
        let is_tried = COMMANDS
            .iter()
            .any(|(command, _)| command.split(' ').next() == Some(name));
        assert!(is_tried || name == "help", "{name}");
    }
    let folder = Folder::new();
    let server = fixture("server.prof");
    let mut worker = Command::new(python)
        .args([
            "-c",
            "import time\nend = time.time() + 120\nwhile time.time() < end: sum(range(1000))",
        ])
        .spawn()
        .expect("Python");
    let pid = worker.id().to_string();
    for &(command, wanted) in COMMANDS {
        let words = command.split(' ').map(|word| match word {
            "SERVER" => server.to_str().expect("a plain path"),
            "PYTHON" => python,
            "WORKER" => &pid,
            word => word,
        });
        let output = prof()
            .args(["--self-profile", "self.svg"])
            .args(words)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command}: {said}");
        check_picture(&folder, command, wanted, &said);
    }
    worker.kill().and_then(|()| worker.wait()).expect("it runs");
}

/// Starts one that runs until a signal, waits for a line, ends it by Ctrl-C.
fn check_until_signal(command: &[&str], line: &str) {
    let folder = Folder::new();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(command)
        .args(["--self-profile", "self.svg"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let streams: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take().expect("piped")),
        Box::new(child.stderr.take().expect("piped")),
    ];
    let (told, lines) = std::sync::mpsc::channel();
    for stream in streams {
        let told = told.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                // Nobody listens once the test has failed.
                let _ = told.send(line);
            }
        });
    }
    drop(told);
    assert!(
        lines.iter().any(|told| told.contains(line)),
        "{command:?} never said {line}"
    );
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("it runs");
    let said: Vec<String> = lines.iter().collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{command:?}");
    check_picture(&folder, &format!("{command:?}"), Picture, &said.join("\n"));
}

#[test]
fn what_ctrl_c_ends_leaves_a_picture() {
    let server = fixture("server.prof");
    let server = server.to_str().expect("a plain path");
    check_until_signal(&["view", "--serve", "--no-open", server], "serving: ");
    check_until_signal(
        &["dummyrunner", "demo", "--serve-only", "--port", "0"],
        "The demo game listens on",
    );
}

#[test]
fn what_fails_leaves_a_picture_too() {
    let folder = Folder::new();
    let output = prof()
        .args(["stats", "no-such.prof", "--self-profile", "self.svg"])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    check_picture(&folder, "stats", Picture, &said);
    // A place where it cannot be is told before anything runs.
    let output = prof()
        .args([
            "--self-profile",
            "no/self.svg",
            "record",
            "-o",
            "out.prof",
            "-c",
            "pass",
        ])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error: cannot write `no/self.svg`"), "{said}");
    assert_eq!(folder.names(""), [""; 0], "nothing ran");
}

/// Programs that are timed or recorded get neither the timer nor a handler.
#[test]
fn programs_are_not_sampled() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    folder.write(
        "state.py",
        "import os, signal, sys
masks = [line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn', 'SigCgt'))]
with open('state', 'a') as file:
    print(signal.getitimer(signal.ITIMER_PROF), masks, file=file)
",
    );
    for command in [
        &["timeit", "--runs", "2", "--cmd"][..],
        &["record", "-o", "out.prof", "--"],
    ] {
        let mut states = Vec::new();
        for sampled in [false, true] {
            let mut prof = prof();
            if sampled {
                prof.args(["--self-profile", "self.svg"]);
            }
            prof.args(command);
            if command[0] == "timeit" {
                prof.arg(format!("{python} state.py"));
            } else {
                prof.args([python, "state.py"]);
            }
            prof.current_dir(folder.path()).assert().success();
            let state = std::fs::read_to_string(folder.file("state")).expect("it ran");
            std::fs::remove_file(folder.file("state")).expect("it is there");
            states.push(state.lines().next().unwrap_or_default().to_owned());
        }
        assert!(states[0].starts_with("(0.0, 0.0) ["), "{states:?}");
        assert_eq!(states[0], states[1], "{command:?}");
    }
}
