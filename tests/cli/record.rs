//! `prof record`: faults that a profile survives, each with a real process.

#[cfg(feature = "attach")]
mod attach;
mod files;
mod game;
mod kill;

use super::python;
use super::shared::{calls_of, until_within};
use prof::format::pstats;
use prof::profile::Profile;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that is never ended by us may run so long before the test fails.
const PATIENCE: Duration = Duration::from_secs(180);

/// A folder for a program and its dumps.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Names that begin with this.
    pub(super) fn names(&self, start: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .filter(|name| name.starts_with(start))
            .collect();
        names.sort();
        names
    }
}

/// Reads a dump, which must be whole.
pub(super) fn dump(path: &Path) -> Profile {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    pstats::read(file).expect("a whole dump")
}

/// How often a function was called; 0 if the dump does not hold it.
pub(super) fn calls(profile: &Profile, name: &str) -> u64 {
    calls_of(profile, |found, _| found == name.as_bytes())
}

/// Waits for something, with patience.
pub(super) fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(PATIENCE, what, holds);
}

/// A recording that runs: `prof`, and the program's process number, which it prints first.
pub(super) struct Recording {
    pub(super) prof: Child,
    pub(super) program: i32,
    pub(super) lines: BufReader<std::process::ChildStdout>,
}

/// A test that fails leaves nothing running.
impl Drop for Recording {
    fn drop(&mut self) {
        if let Ok(None) = self.prof.try_wait() {
            for pid in [self.program, self.prof.id() as i32] {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
            let _ = self.prof.wait();
        }
    }
}

/// The program prints its number itself, before it works.
pub(super) fn start(folder: &Folder, options: &[&str], program: &str) -> Option<Recording> {
    Some(start_with(python()?, folder, options, program))
}

/// The same with a certain Python.
pub(super) fn start_with(python: &str, folder: &Folder, options: &[&str], program: &str) -> Recording {
    folder.write(
        "program.py",
        &format!("import os, sys\nprint(os.getpid())\nsys.stdout.flush()\n{program}"),
    );
    let mut prof = Command::new(env!("CARGO_BIN_EXE_prof"))
        .args(["record", "-o", "out.prof"])
        .args(options)
        .args(["--", python, "program.py"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prof");
    let mut lines = BufReader::new(prof.stdout.take().expect("piped"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    let program = line
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("no number: {line}"));
    Recording { prof, program, lines }
}

impl Recording {
    pub(super) fn signal(&self, number: i32) {
        signal(self.program, number);
    }

    /// Waits for a line that the program prints.
    pub(super) fn line(&mut self, expected: &str) {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), expected);
    }

    /// The exit code, and what prof and the program wrote on standard error.
    pub(super) fn end(mut self) -> (i32, String) {
        let mut code = None;
        until("prof ends", || {
            code = self.prof.try_wait().expect("a child");
            code.is_some()
        });
        let mut text = String::new();
        use std::io::Read as _;
        self.prof
            .stderr
            .take()
            .expect("piped")
            .read_to_string(&mut text)
            .expect("text");
        (code.and_then(|code| code.code()).expect("an exit code"), text)
    }
}

pub(super) fn signal(process: i32, number: i32) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{number} {process}")])
        .status()
        .expect("sh");
    assert!(status.success());
}

/// A program that works until it is ended.
const WORK: &str = "
def work(n):
    return sum(range(n))
work(1)
print('works')
sys.stdout.flush()
while True:
    work(1000)
";

/// Runs a short program to its end, without options of ours. Returns code, standard error and dump.
fn check(program: &str) -> Option<(i32, String, Profile)> {
    let folder = Folder::new();
    let recording = start(&folder, &[], program)?;
    let (code, text) = recording.end();
    let profile = dump(&folder.file("out.prof"));
    assert_eq!(folder.names("."), Vec::<String>::new(), "nothing is left behind");
    Some((code, text, profile))
}

const DEFINES: &str = "def work(n):\n    return sum(range(n))\nfor i in range(50): work(i)\n";

#[test]
fn sigterm_leaves_a_dump() {
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &[], WORK) else {
        return;
    };
    recording.line("works");
    recording.signal(15);
    let (code, text) = recording.end();
    assert_eq!(code, 143, "{text}");
    let profile = dump(&folder.file("out.prof"));
    // What has not returned counts, too.
    assert!(calls(&profile, "work") > 0 && calls(&profile, "<module>") > 0);
    assert!(
        text.contains("recorded: ") && text.contains("prof stats out.prof"),
        "{text}"
    );
}

#[test]
fn sigint_leaves_a_dump_and_the_traceback() {
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &[], WORK) else {
        return;
    };
    recording.line("works");
    recording.signal(2);
    let (code, text) = recording.end();
    // 3.6 and 3.7 exit with 1 themselves.
    assert!(matches!(code, 130 | 1), "{code}: {text}");
    assert!(text.contains("KeyboardInterrupt"), "{text}");
    assert!(calls(&dump(&folder.file("out.prof")), "work") > 0);
}

#[test]
fn handlers_of_the_program_run() {
    let program = format!(
        "{DEFINES}import signal, time\ndef bye(number, frame):\n    print('bye')\n    sys.exit(5)\nsignal.signal(signal.SIGTERM, bye)\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)\n"
    );
    let Some((code, _, profile)) = check(&program) else {
        return;
    };
    assert_eq!(code, 5);
    assert_eq!((calls(&profile, "work"), calls(&profile, "bye")), (50, 1));
}

#[test]
fn sigkill_leaves_the_last_snapshot() {
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &["--every", "50ms"], WORK) else {
        return;
    };
    recording.line("works");
    until("a snapshot with work", || {
        folder.file("out.prof").exists() && calls(&dump(&folder.file("out.prof")), "work") > 0
    });
    // Between dumps or in one: it is renamed when it is whole.
    recording.signal(9);
    let (code, _) = recording.end();
    assert_eq!(code, 137);
    assert!(calls(&dump(&folder.file("out.prof")), "work") > 0);
}

#[test]
fn sigkill_during_a_dump_leaves_the_one_before() {
    // Killed at many moments, with hardly anything but dumps going on.
    for round in 0..10 {
        let folder = Folder::new();
        let Some(mut recording) = start(&folder, &["--every", "10ms"], WORK) else {
            return;
        };
        recording.line("works");
        let seen = || {
            folder
                .names(".out.prof.")
                .iter()
                .any(|name| name.ends_with(".prof-part"))
        };
        until("a dump", || folder.file("out.prof").exists());
        let began = Instant::now();
        while !seen() && began.elapsed() < Duration::from_secs(2) {
            std::hint::spin_loop();
        }
        recording.signal(9);
        let program = recording.program;
        assert_eq!(recording.end().0, 137, "{round}");
        dump(&folder.file("out.prof"));
        let left = folder.names(".out.prof.");
        assert!(
            left.is_empty() || left == [format!(".out.prof.{program}.prof-part")],
            "{left:?}"
        );
        // The next recording removes it.
        if let Some(recording) = start(&folder, &[], DEFINES) {
            assert_eq!(recording.end().0, 0);
        }
        assert!(folder.names(".out.prof.").is_empty());
    }
}

#[test]
fn a_signal_asks_for_a_snapshot() {
    for options in [&[][..], &["--every", "0"]] {
        let folder = Folder::new();
        let Some(mut recording) = start(&folder, options, WORK) else {
            return;
        };
        recording.line("works");
        recording.signal(10);
        until("a snapshot", || folder.file("out.prof").exists());
        dump(&folder.file("out.prof"));
        recording.signal(15);
        let (code, text) = recording.end();
        assert_eq!(code, 143, "{text}");
        assert!(text.contains("1 snapshot,"), "{text}");
    }
}

#[test]
fn prof_may_die() {
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &["--every", "50ms"], WORK) else {
        return;
    };
    recording.line("works");
    recording.prof.kill().expect("it runs");
    recording.prof.wait().expect("a child");
    let before = || {
        std::fs::metadata(folder.file("out.prof"))
            .and_then(|data| data.modified())
            .ok()
    };
    let first = before();
    until("snapshots go on", || before() > first);
    recording.signal(15);
    until("the last dump", || {
        calls(&dump(&folder.file("out.prof")), "<module>") > 0
    });
}

#[test]
fn ends_that_pass_by_atexit_leave_a_dump() {
    for (end, expected) in [
        ("os._exit(6)\n", 6),
        ("os.abort()\n", 134),
        (
            "import atexit\ndef bad(): raise ValueError\natexit.register(bad)\n",
            0,
        ),
        ("raise KeyError\n", 1),
        (
            "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGINT)\nimport time\ntime.sleep(60)\n",
            130,
        ),
        (
            "import threading\nt = threading.Thread(target=os._exit, args=(6,))\nt.start()\nt.join()\n",
            6,
        ),
    ] {
        let Some((code, text, profile)) = check(&format!("{DEFINES}{end}")) else {
            return;
        };
        assert_eq!(code, expected, "{end}: {text}");
        assert_eq!(
            (calls(&profile, "work"), calls(&profile, "<module>") > 0),
            (50, true),
            "{end}"
        );
    }
}

#[test]
fn exec_leaves_a_dump() {
    let end = "try:\n    os.execv('/no/such', ['x'])\nexcept OSError: pass\nwork(1)\nsys.stdout.flush()\nos.execvp('sh', ['sh', '-c', 'exit 4'])\n";
    let Some((code, _, profile)) = check(&format!("{DEFINES}{end}")) else {
        return;
    };
    assert_eq!((code, calls(&profile, "work")), (4, 51));
}

#[test]
fn a_profiler_of_the_program_is_told() {
    for own in [
        "sys.setprofile(None)\n",
        "import cProfile\np = cProfile.Profile()\np.enable()\nlen('')\np.disable()\n",
    ] {
        let Some((code, text, profile)) = check(&format!("{DEFINES}{own}{DEFINES}")) else {
            return;
        };
        assert_eq!(code, 0, "{text}");
        // From 3.12 on ours goes on.
        let modern = text_of("import sys; print(sys.version_info >= (3, 12))") == "True";
        assert_eq!(text.contains("a profiler of its own"), !modern, "{text}");
        assert_eq!(calls(&profile, "work"), if modern { 100 } else { 50 });
    }
}

fn text_of(code: &str) -> String {
    let output = Command::new(python().expect("it was there"))
        .args(["-c", code])
        .output()
        .expect("python");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn threads_are_recorded_on_request() {
    let program = format!(
        "{DEFINES}import threading\ndef other():\n    for i in range(7): work(i)\nall = [threading.Thread(target=other) for _ in range(3)]\nfor t in all: t.start()\nfor t in all: t.join()\n"
    );
    for (options, expected) in [(&[][..], (50, 0)), (&["--threads"], (71, 3))] {
        let folder = Folder::new();
        let Some(recording) = start(&folder, options, &program) else {
            return;
        };
        let (code, text) = recording.end();
        assert_eq!(code, 0, "{text}");
        let profile = dump(&folder.file("out.prof"));
        assert_eq!((calls(&profile, "work"), calls(&profile, "other")), expected);
    }
}

#[test]
fn memory_ends_only_the_recording() {
    let program = format!(
        "{DEFINES}import time\nkept = bytearray(200 << 20)\nwhile not any('out.prof' in name for name in os.listdir('.')): time.sleep(0.01)\nprint('went on')\n"
    );
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &["--max-rss", "100M"], &program) else {
        return;
    };
    recording.line("went on");
    let (code, text) = recording.end();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("more than --max-rss: recording ends"), "{text}");
    assert_eq!(calls(&dump(&folder.file("out.prof")), "work"), 50);
}

#[test]
fn the_first_interrupt_may_end_only_the_recording() {
    let program = "
import signal, time
def work(n):
    return sum(range(n))
work(1)
def mine(number, frame):
    print('mine')
    sys.exit(8)
print(signal.signal(signal.SIGINT, mine) is signal.default_int_handler)
print(signal.getsignal(signal.SIGINT) is mine)
sys.stdout.flush()
while True:
    work(1000)
";
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &["--keep-running"], program) else {
        return;
    };
    recording.line("True");
    recording.line("True");
    recording.signal(2);
    // The next one may come while the first is being dealt with.
    until("the dump", || folder.file("out.prof").exists());
    assert!(calls(&dump(&folder.file("out.prof")), "work") > 0);
    // By way of prof, as a supervisor sends it.
    signal(i32::try_from(recording.prof.id()).expect("small"), 2);
    recording.line("mine");
    let (code, text) = recording.end();
    assert_eq!(code, 8, "{text}");
    assert!(
        text.contains("recording has ended, the program goes on"),
        "{text}"
    );
    assert_eq!(calls(&dump(&folder.file("out.prof")), "mine"), 0);
}

#[test]
fn signals_to_prof_reach_the_program() {
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &[], WORK) else {
        return;
    };
    recording.line("works");
    signal(i32::try_from(recording.prof.id()).expect("small"), 15);
    assert_eq!(recording.end().0, 143);
    assert!(calls(&dump(&folder.file("out.prof")), "work") > 0);
}

#[test]
fn what_is_no_python_is_refused() {
    for command in [
        &["sh", "-c", "exit"][..],
        &["no-such-command"],
        &["--no-such-option"],
        &["python3", "-I", "x.py"],
        &["python3", "-I", "-"],
    ] {
        let mut all = vec!["record", "-o", "/tmp/never.prof"];
        if command[0].starts_with("python") {
            if python().is_none() {
                return;
            }
            all.push("--");
        }
        all.extend(command);
        assert!(super::fail(&all, 2).contains("hint: "), "{command:?}");
    }
}
