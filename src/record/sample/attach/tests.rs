//! With the Pythons that are here.
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use super::*;
use crate::interpreter::{Places, find};
use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const VERSIONS: [&str; 8] = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];

/// Says that it is there, and waits: within functions of all kinds, one of which is called from C.
const PROGRAM: &str = "
import sys, threading
class Zähler:
    def 深い(self):
        sys.stdout.write('there\\n'); sys.stdout.flush()
        sys.stdin.read()
    def method(self):
        return max([1], key=lambda one: self.深い())
def generator():
    yield [Zähler().method() for _ in range(1)]
exec(compile('def made():\\n    return list(generator())', '/tmp/𝒻 x.py', 'exec'))
def outer(n):
    return outer(n - 1) if n else made()
thread = threading.Thread(target=threading.Event().wait, args=(60,), daemon=True)
thread.start()
outer(100)
";

/// Ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two threads, one after the other: the second has the number of the first.
const TURNS: &str = "
import sys, threading
def wait(end):
    end.wait(60)
for name in ['ALPHA', 'BETA']:
    end = threading.Event()
    thread = threading.Thread(target=wait, args=(end,), name=name, daemon=True)
    thread.start()
    sys.stdout.write('there\\n'); sys.stdout.flush()
    sys.stdin.readline()
    end.set()
    thread.join()
";

fn start(python: &Path, text: &str) -> Program {
    let child = Command::new(python)
        .args(["-c", text])
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONUTF8", "1")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut program = Program(child.expect("it starts"));
    hear(&mut program);
    program
}

/// Waits until it says that it is there.
fn hear(program: &mut Program) {
    let mut line = [0; 6];
    let output = program.0.stdout.as_mut().expect("a pipe");
    output.read_exact(&mut line).expect("it speaks");
    assert_eq!(&line, b"there\n");
}

/// What its threads do once all of them wait.
fn look(spied: &mut Spied) -> Vec<Stack> {
    // A program has something left to do between what it says and its wait.
    while !spied.threads.running().expect("it waits").is_empty() {
        std::thread::yield_now();
    }
    let mut stacks = Vec::new();
    spied.look(&mut stacks).expect("it waits");
    stacks.sort_by(|a, b| a.below.cmp(&b.below));
    stacks
}

/// Version and path of each that is here.
fn pythons() -> Vec<(&'static str, PathBuf)> {
    let of = |name: &str| std::env::var_os(name).unwrap_or_default();
    let home = PathBuf::from(of("HOME")).join(".pyenv/versions");
    let places = Places {
        path: std::env::split_paths(&of("PATH")).collect(),
        versions: vec![PathBuf::from(of("PYENV_ROOT")).join("versions"), home],
        ..Places::default()
    };
    let found = |version: &&'static str| Some((*version, find(Some(OsStr::new(*version)), &places).ok()?));
    let pythons: Vec<_> = VERSIONS.iter().filter_map(found).collect();
    if pythons.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "no Python 3.6 to 3.13");
        eprintln!("skipped: no Python 3.6 to 3.13");
    }
    pythons
}

#[test]
fn frames_that_are_followed_are_those_that_py_spy_reads() {
    for (version, python) in pythons() {
        let program = start(&python, PROGRAM);
        let options = Options {
            idle: true,
            threads: true,
            ..Options::default()
        };
        let mut spied = match Spied::attach(program.0.id(), &options, Duration::from_secs(10)) {
            Ok(spied) => spied,
            Err(Error::Permission { .. }) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: other processes may not be looked into here");
                return;
            }
            Err(error) => panic!("{version}: {error}"),
        };
        let by_py_spy = look(&mut spied);
        let is_proven = |spied: &Spied| spied.walker.as_ref().is_some_and(Walker::is_proven);
        assert!(is_proven(&spied), "{version}");
        let followed = look(&mut spied);
        assert_eq!(followed, by_py_spy, "{version}");
        // What is known is told again, and what is not is read anew.
        assert_eq!(look(&mut spied), by_py_spy, "{version}");
        assert_eq!(followed.len(), 2, "{version}");
        let main = followed.iter().find(|stack| stack.functions.len() > 100);
        let main = main.expect("the main thread");
        assert_eq!(main.below, ["thread MainThread"], "{version}");
        let deepest = &main.functions[0];
        assert!(deepest.name.ends_with("深い"), "{version}: {}", deepest.name);
        assert_eq!(
            (deepest.file.as_str(), deepest.line),
            ("<string>", 4),
            "{version}"
        );
        let made = main.functions.iter().find(|function| function.name == "made");
        assert_eq!(made.expect("it calls").file, "/tmp/𝒻 x.py", "{version}");
    }
}

#[test]
fn a_build_with_other_places_is_left_to_py_spy() {
    let Some((version, python)) = pythons().pop() else {
        return;
    };
    let program = start(&python, PROGRAM);
    let options = Options {
        idle: true,
        ..Options::default()
    };
    let Ok(mut spied) = Spied::attach(program.0.id(), &options, Duration::from_secs(10)) else {
        assert!(std::env::var_os("CI").is_none(), "{version}");
        return;
    };
    // The names of another version: here are other things.
    let pid = Pid::from_raw(program.0.id() as i32);
    let interpreter = spied.spy.addresses.interpreter_address;
    let other = if version == "3.6" { 12 } else { 6 };
    spied.walker = Walker::of(pid, 3, other, interpreter);
    for _ in 0..60 {
        let mut stacks = Vec::new();
        spied.look(&mut stacks).expect("it waits");
        assert!(stacks.iter().any(|stack| stack.functions.len() > 100));
    }
    assert!(!spied.walker.as_ref().is_some_and(Walker::is_proven), "{version}");
}

#[test]
fn a_thread_that_has_the_number_of_another_has_its_own_name() {
    for (version, python) in pythons() {
        let mut program = start(&python, TURNS);
        let options = Options {
            idle: true,
            threads: true,
            ..Options::default()
        };
        let Ok(mut spied) = Spied::attach(program.0.id(), &options, Duration::from_secs(10)) else {
            assert!(std::env::var_os("CI").is_none(), "{version}");
            return;
        };
        for name in ["thread ALPHA", "thread BETA"] {
            for _ in 0..3 {
                let stacks = look(&mut spied);
                let names: Vec<&str> = stacks.iter().map(|stack| stack.below[0].as_str()).collect();
                assert_eq!(names, [name, "thread MainThread"], "{version}");
            }
            if name == "thread ALPHA" {
                let input = program.0.stdin.as_mut().expect("a pipe");
                input.write_all(b"\n").expect("it listens");
                hear(&mut program);
            }
        }
    }
}
