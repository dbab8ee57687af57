//! `prof record --pid`: real programs, sampled from outside.

use super::super::{prof, python, run};
use super::{Folder, signal, until};
use prof::format::folded;
use prof::process::Process;
use prof::profile::Profile;
use prof::profile::stacks::StackTree;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A program that works in `work`, called by `main`, for at most a minute; a thread of it waits.
const WORKER: &str = "\
import os, sys, threading, time
def work():
    total = 0
    for number in range(20000):
        total += number
def main():
    end = time.time() + 60
    while time.time() < end:
        work()
def wait_long():
    time.sleep(60)
thread = threading.Thread(target=wait_long, name='waits')
thread.daemon = True
thread.start()
print(os.getpid())
sys.stdout.flush()
main()
";

/// A program that runs by itself, and ends with the test.
struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it; it prints a line when it is up.
fn start(python: &str, folder: &Folder, text: &str) -> Program {
    folder.write("program.py", text);
    let mut child = Command::new(python)
        .arg("program.py")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let lines = BufReader::new(child.stdout.take().expect("piped"));
    let mut program = Program { child, lines };
    program.line();
    program
}

impl Program {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        line
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Waits until it has worked for so long that it was looked at, on a busy machine as well.
    fn works(&self) {
        let process = Process::find(self.child.id()).expect("it runs");
        let cpu = || process.usage().expect("it runs").cpu;
        let before = cpu();
        until("the program works", || {
            cpu() > before + Duration::from_millis(300)
        });
    }
}

/// What `prof record` says on standard error; it must end with this code.
fn record(folder: &Folder, arguments: &[&str], code: i32) -> String {
    let assert = prof()
        .arg("record")
        .args(arguments)
        .current_dir(folder.path())
        .assert()
        .code(code);
    String::from_utf8(assert.get_output().stderr.clone()).expect("text")
}

/// A sampling that goes on, once it has begun.
fn begin(folder: &Folder, arguments: &[&str]) -> (Child, String) {
    begin_as(Command::new(env!("CARGO_BIN_EXE_prof")), folder, arguments)
}

/// The same of a command that becomes `prof`.
fn begin_as(mut prof: Command, folder: &Folder, arguments: &[&str]) -> (Child, String) {
    let mut prof = prof
        .arg("record")
        .args(arguments)
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prof");
    let mut told = String::new();
    let stderr = prof.stderr.as_mut().expect("piped");
    let mut byte = [0];
    while !told.ends_with('\n') && stderr.read(&mut byte).expect("it is open") == 1 {
        told.push(char::from(byte[0]));
    }
    assert!(told.starts_with("sampling process "), "{told}");
    (prof, told)
}

fn end(mut prof: Child) -> (Option<i32>, String) {
    until("prof ends", || prof.try_wait().expect("a child").is_some());
    let mut told = String::new();
    let mut stderr = prof.stderr.take().expect("piped");
    stderr.read_to_string(&mut told).expect("text");
    (prof.wait().expect("it has ended").code(), told)
}

fn stacks(folder: &Folder, name: &str) -> StackTree {
    let text = std::fs::read(folder.file(name)).expect("the file is written");
    folded::read(&text[..]).expect("folded stacks")
}

/// Samples of stacks with this text in their line.
fn samples(tree: &StackTree, part: &str) -> u64 {
    let mut text = Vec::new();
    folded::write(tree, &mut text).expect("a Vec grows");
    String::from_utf8_lossy(&text)
        .lines()
        .filter(|line| line.contains(part))
        .map(|line| {
            let weight = line.rsplit(' ').next().expect("a weight");
            weight.parse::<u64>().expect("a number")
        })
        .sum()
}

#[test]
fn stacks_are_those_of_what_works() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let program = start(python, &folder, WORKER);
    let told = record(
        &folder,
        &[
            "--pid",
            &program.pid(),
            "--duration",
            "1s",
            "-o",
            "a.folded",
            "-o",
            "a.json",
            "-o",
            "a.pb.gz",
            "-o",
            "a.prof",
            "--flamegraph",
            "a.svg",
        ],
        0,
    );
    let tree = stacks(&folder, "a.folded");
    // A hundred are due; a busy machine may leave some out.
    assert!((30..=110).contains(&tree.total()), "{} {told}", tree.total());
    let work = "<module> (program.py:1);main (program.py:6);work (program.py:2)";
    assert!(samples(&tree, work) * 10 >= tree.total() * 9, "{told}");
    assert_eq!(samples(&tree, "wait_long"), 0, "it waits");
    let svg = std::fs::read_to_string(folder.file("a.svg")).expect("a picture");
    assert!(svg.contains("work (program.py:2)") && svg.ends_with("</svg>\n") || svg.ends_with("</svg>"));
    for name in ["a.json", "a.pb.gz", "a.folded"] {
        let path = folder.file(name);
        let rows = run(&["stats", path.to_str().expect("text"), "--sort", "tottime"]);
        assert!(
            rows.contains("nsamples") && rows.contains("program.py:2(work)"),
            "{rows}"
        );
    }
    let dump = folder.file("a.prof");
    let rows = run(&["stats", dump.to_str().expect("text"), "--limit", "work"]);
    assert!(rows.contains("program.py:2(work)"), "{rows}");
    assert!(
        told.contains("sampled: ") && told.contains("cost: program CPU "),
        "{told}"
    );
    assert_eq!(folder.names(".prof"), [""; 0], "nothing else is left");
    // Nobody ended it.
    let mut program = program;
    assert!(program.child.try_wait().expect("a child").is_none());
}

#[test]
fn threads_have_frames_and_those_that_wait_are_sampled_on_request() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let program = start(python, &folder, WORKER);
    let base = ["--duration", "500ms", "-q", "--threads", "-o", "a.txt", "--pid"];
    let told = record(&folder, &[&base[..], &[&program.pid(), "--idle"]].concat(), 0);
    assert!(
        !told.contains("sampled:") && !told.contains("wrote:"),
        "quiet: {told}"
    );
    let tree = stacks(&folder, "a.txt");
    assert!(samples(&tree, "thread waits;") > 0 && samples(&tree, "thread MainThread;") > 0);
    let (waits, works) = (samples(&tree, "wait_long"), samples(&tree, "main (program.py:6)"));
    assert!(
        waits.abs_diff(works) <= 2,
        "one of each at every look: {waits} {works}"
    );
    record(&folder, &[&base[..], &[&program.pid(), "--gil"]].concat(), 0);
    let tree = stacks(&folder, "a.txt");
    assert_eq!(samples(&tree, "wait_long"), 0);
    assert!(samples(&tree, "work (program.py:2)") > 0);
    record(
        &folder,
        &[&base[..], &[&program.pid(), "--nonblocking"]].concat(),
        0,
    );
    assert!(samples(&stacks(&folder, "a.txt"), "work (program.py:2)") > 0);
}

#[test]
fn a_program_that_ends_leaves_what_was_sampled() {
    let Some(python) = python() else { return };
    for number in [9, 15] {
        let folder = Folder::new();
        let mut program = start(python, &folder, WORKER);
        let (prof, _) = begin(&folder, &["-p", &program.pid(), "-d", "60s", "-o", "a.folded"]);
        std::thread::sleep(Duration::from_millis(500));
        signal(program.child.id() as i32, number);
        program.child.wait().expect("a child");
        let (code, told) = end(prof);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("has ended; what was sampled is kept"), "{told}");
        assert!(samples(&stacks(&folder, "a.folded"), "work (program.py:2)") > 0);
    }
}

#[test]
fn ctrl_c_ends_the_sampling_and_not_the_program() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let mut program = start(python, &folder, WORKER);
    let pid = program.pid();
    for (number, options, expected) in [(2, &[][..], 0), (15, &[], 0), (2, &["--duration", "60s"], 130)] {
        let arguments = [&["--pid", &pid, "-o", "a.folded"][..], options].concat();
        let (prof, _) = begin(&folder, &arguments);
        program.works();
        signal(prof.id() as i32, number);
        let (code, told) = end(prof);
        assert_eq!(code, Some(expected), "{told}");
        assert!(stacks(&folder, "a.folded").total() > 0, "{told}");
        std::fs::remove_file(folder.file("a.folded")).expect("it is there");
    }
    assert!(program.child.try_wait().expect("a child").is_none());
}

#[test]
fn a_terminal_that_is_closed_ends_the_sampling_in_order_unless_that_is_ignored() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let program = start(python, &folder, WORKER);
    for (action, last) in [("SIG_DFL", 1), ("SIG_IGN", 2)] {
        let text = format!(
            "import os, signal, sys\nsignal.signal(signal.SIGHUP, signal.{action})\nos.execv(sys.argv[1], sys.argv[1:])"
        );
        let mut command = Command::new(python);
        command.args(["-c", &text, env!("CARGO_BIN_EXE_prof")]);
        let (mut prof, _) = begin_as(command, &folder, &["--pid", &program.pid(), "-o", "a.folded"]);
        program.works();
        signal(prof.id() as i32, 1);
        if last != 1 {
            program.works();
            assert_eq!(prof.try_wait().expect("a child"), None, "{action}");
            signal(prof.id() as i32, last);
        }
        let (code, told) = end(prof);
        assert_eq!(code, Some(0), "{told}");
        assert!(stacks(&folder, "a.folded").total() > 0, "{told}");
        assert_eq!(folder.names("."), Vec::<String>::new(), "nothing is left behind");
        std::fs::remove_file(folder.file("a.folded")).expect("it is there");
    }
}

#[test]
fn prof_may_be_killed_while_it_reads() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let text = WORKER.replace(
        "        work()\n",
        "        work()\n        if os.path.exists('go'):\n            print('goes on')\n            sys.exit(7)\n",
    );
    let mut program = start(python, &folder, &text);
    let (mut prof, _) = begin(
        &folder,
        &["--pid", &program.pid(), "--rate", "2000", "-o", "a.folded"],
    );
    std::thread::sleep(Duration::from_millis(200));
    prof.kill().and_then(|()| prof.wait()).expect("it ran");
    folder.write("go", "");
    assert_eq!(program.line(), "goes on\n");
    assert_eq!(program.child.wait().expect("a child").code(), Some(7));
}

/// A program that only waits for its child, which works; it ends when its input does.
fn start_with_child(python: &str, folder: &Folder) -> (Child, String) {
    folder.write("child.py", WORKER);
    let text = "import os, subprocess, sys\n\
        child = subprocess.Popen([sys.executable, 'child.py'], stdout=subprocess.PIPE)\n\
        child.stdout.readline()\nprint(child.pid)\nsys.stdout.flush()\n\
        try:\n    sys.stdin.read()\nfinally:\n    child.kill()\n";
    folder.write("program.py", text);
    let mut parent = Command::new(python)
        .arg("program.py")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let mut line = String::new();
    let mut lines = BufReader::new(parent.stdout.take().expect("piped"));
    lines.read_line(&mut line).expect("a line");
    (parent, line.trim().to_owned())
}

#[test]
fn children_have_frames_of_their_own() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let (mut parent, child) = start_with_child(python, &folder);
    let pid = parent.id().to_string();
    let told = record(
        &folder,
        &["-p", &pid, "-d", "1s", "--children", "-o", "a.folded"],
        0,
    );
    drop(parent.stdin.take());
    parent.wait().expect("a child");
    let tree = stacks(&folder, "a.folded");
    let child = format!("process {child}: ");
    assert!(samples(&tree, &child) * 10 >= tree.total() * 9, "{told}");
    assert!(samples(&tree, "work (child.py:2)") > 0);
    // A process is no function of a file.
    let profile = Profile::from_stacks(&tree, 0.01).expect("a small tree");
    let mut functions = profile.functions().map(|function| profile.key_of(function));
    assert!(
        functions.any(|key| profile.name(key).starts_with(child.as_bytes()) && profile.file(key) == b"~")
    );
}

#[test]
fn a_child_that_cannot_be_read_for_a_while_is_sampled_on() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let (mut parent, child) = start_with_child(python, &folder);
    let pid = parent.id().to_string();
    let (prof, _) = begin(&folder, &["--pid", &pid, "--children", "-o", "a.folded"]);
    // Another one stops the child meanwhile, so that we cannot: more often than it would be tried anew.
    record(
        &folder,
        &["-p", &child, "-r", "2000", "-d", "4s", "-o", "b.folded"],
        0,
    );
    let process = Process::find(child.parse().expect("a number")).expect("it runs");
    let cpu = || process.usage().expect("it runs").cpu;
    let before = cpu();
    until("the child works", || cpu() > before + Duration::from_secs(1));
    signal(prof.id() as i32, 2);
    let (_, told) = end(prof);
    drop(parent.stdin.take());
    parent.wait().expect("a child");
    assert!(
        told.contains(" failed, the first: a thread cannot be stopped"),
        "{told}"
    );
    // A hundred looks were due in the last second alone.
    assert!(stacks(&folder, "a.folded").total() > 25, "{told}");
}

#[test]
fn a_server_that_is_started_again_is_sampled_on() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let text = |name: &str| WORKER.replace("work", name);
    let first = start(python, &folder, &text("first"));
    folder.write("server.pid", &first.pid());
    let (prof, _) = begin(&folder, &["--pid", "server.pid", "-o", "a.folded"]);
    std::thread::sleep(Duration::from_millis(300));
    drop(first);
    let second = start(python, &folder, &text("second"));
    folder.write("server.pid", &format!("{}\n", second.pid()));
    // It is looked for once a second.
    std::thread::sleep(Duration::from_millis(2500));
    signal(prof.id() as i32, 2);
    let (code, told) = end(prof);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("started again 1 time"), "{told}");
    let tree = stacks(&folder, "a.folded");
    assert!(
        samples(&tree, "first (") > 0 && samples(&tree, "second (") > 0,
        "{told}"
    );
}

#[test]
fn what_cannot_be_sampled_is_an_error() {
    let folder = Folder::new();
    let mut sleeper = Command::new("sleep").arg("60").spawn().expect("sleep");
    let pid = sleeper.id().to_string();
    let told = record(&folder, &["--pid", &pid], 2);
    assert!(told.contains("(sleep) is no Python program\nhint: "), "{told}");
    sleeper.kill().and_then(|()| sleeper.wait()).expect("it ran");
    let told = record(&folder, &["--pid", &pid], 2);
    assert!(told.contains(&format!("no process {pid} runs\nhint: ")), "{told}");
    folder.write("empty.pid", "");
    for (arguments, expected) in [
        (&["--pid", "empty.pid"][..], "does not name a process that runs"),
        (&["--pid", "no.pid"], "neither the number of a process nor a file"),
        (&["--pid", &pid, "-o", "a.xyz"], "no format has this ending"),
        (&["--pid", &pid, "-o", "none/a.svg"], "cannot write `none/a.svg`"),
        (
            &["--pid", &pid, "--native", "--nonblocking"],
            "cannot be used with",
        ),
        (&["--pid", &pid, "--rate", "0"], "a number of looks a second"),
        (
            &["--rate", "7", "x.py"],
            "--rate is for a program that runs already",
        ),
        (
            &["--duration", "7s", "--game", "."],
            "--duration is for a program that runs already",
        ),
        (&["-o", "a", "-o", "b", "-c", "pass"], "writes one dump"),
    ] {
        let told = record(&folder, arguments, 2);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
    assert_eq!(folder.names(""), ["empty.pid"]);
}

#[test]
fn stacks_may_go_to_standard_output() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let program = start(python, &folder, WORKER);
    let recorded = prof()
        .args([
            "record",
            "-p",
            &program.pid(),
            "-d",
            "1s",
            "-o",
            "-",
            "-o",
            "a.svg",
        ])
        .current_dir(folder.path())
        .assert()
        .success();
    let tree = folded::read(&recorded.get_output().stdout[..]).expect("folded stacks");
    assert!(samples(&tree, "work (program.py:2)") > 0);
    assert_eq!(folder.names(""), ["a.svg", "program.py"]);
}

#[test]
fn a_program_that_only_waits_gives_nothing() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let program = start(
        python,
        &folder,
        "import sys, time\nprint(1)\nsys.stdout.flush()\ntime.sleep(60)\n",
    );
    let told = record(
        &folder,
        &["-p", &program.pid(), "-d", "200ms", "-o", "a.folded"],
        1,
    );
    assert!(
        told.contains("nothing was sampled: the program only waited"),
        "{told}"
    );
    assert!(told.contains("hint: --idle"), "{told}");
    assert_eq!(folder.names("a"), [""; 0]);
}

#[test]
fn without_the_right_it_says_how_to_get_it() {
    use std::os::unix::process::CommandExt as _;
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let program = start(python, &folder, WORKER);
    let mut prof = Command::new(env!("CARGO_BIN_EXE_prof"));
    // The folder and the binary may not be open to others: only root can give away its rights, and who has none can
    // look at the first process, which is root's.
    let pid = if nix::unistd::geteuid().is_root() {
        prof.uid(65534).gid(65534);
        program.pid()
    } else {
        "1".into()
    };
    let result = prof
        .args(["record", "-o", "/tmp/never.folded", "--pid", &pid])
        .output();
    let Ok(output) = result else {
        eprintln!("skipped: others may not run the binary");
        return;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("does not let prof look into process"), "{told}");
    assert!(told.contains("hint: it belongs to another user"), "{told}");
}

#[test]
fn samples_are_rows_of_functions() {
    let folder = Folder::new();
    // 4 samples with main on the stack, one of them in it; work has 3, all its own.
    folder.write(
        "a.folded",
        "<module> (a.py:1);main (a.py:5);work (a.py:2) 3\n<module> (a.py:1);main (a.py:5) 1\n",
    );
    let path = folder.file("a.folded");
    let rows = run(&[
        "stats",
        path.to_str().expect("text"),
        "--rate",
        "10",
        "--sort",
        "tottime",
    ]);
    let expected = "\
 nsamples  tottime persample cumtime persample filename:lineno(function)
        3    0.300    0.100    0.300    0.100 a.py:2(work)
      4/1    0.100    0.025    0.400    0.400 a.py:5(main)
      4/0    0.000    0.000    0.400          a.py:1(<module>)
";
    assert!(rows.contains(expected), "{rows}");
}

/// Expected: a program that does nothing but compress is in zlib's library nearly always.
#[test]
fn frames_of_c_stand_on_the_function_that_called_them() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    let text = "\
import os, sys, time, zlib
def squeeze(data):
    end = time.time() + 60
    while time.time() < end:
        zlib.compress(data, 9)
print(os.getpid())
sys.stdout.flush()
squeeze(os.urandom(200000))
";
    let program = start(python, &folder, text);
    let arguments = [
        "--pid",
        &program.pid(),
        "--native",
        "--duration",
        "2s",
        "-o",
        "c.folded",
    ];
    if cfg!(not(feature = "native")) {
        let told = record(&folder, &arguments, 2);
        assert!(
            told.contains("this build of prof cannot read frames of C code\nhint: "),
            "{told}"
        );
        assert!(told.contains("--features native"), "{told}");
        assert_eq!(folder.names("c."), [""; 0]);
        return;
    }
    record(&folder, &arguments, 0);
    let tree = stacks(&folder, "c.folded");
    let all = samples(&tree, "squeeze (program.py:2)");
    let text = std::fs::read_to_string(folder.file("c.folded")).expect("text");
    let in_zlib: u64 = text
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .filter(|(stack, _)| {
            stack
                .split_once("squeeze (program.py:2);")
                .is_some_and(|(_, above)| above.contains("libz.so"))
        })
        .map(|(_, samples)| samples.parse::<u64>().expect("a count"))
        .sum();
    assert!(all > 10, "{text}");
    assert!(in_zlib * 10 > all * 8, "{in_zlib} of {all}: {text}");
}
