//! `prof record`: programs run as without it, with every Python that is here.

use super::record::{Folder, calls, dump, start_with, until};
use super::timeit_pythons::pythons;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Programs, and arguments of Python that run them.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    (
        "surroundings",
        &["program.py", "a", "--b"],
        "import os, sys
print(sys.argv, getattr(sys, 'orig_argv', [])[1:], sys.path, sorted(os.environ.items()), os.getcwd())
print(sorted(k for k in globals() if k != '__builtins__'), __name__, __file__, __doc__, __package__, __spec__)
print(sys.modules['__main__'].__dict__ is globals(), type(__loader__) if '__loader__' in globals() else None)
print([k for k in sys.modules if 'custom' in k], sorted(sys.flags) if 0 else sys.flags, sys.getrecursionlimit())
print(sorted(os.listdir('/proc/self/fd')), sys.stdin.read())
",
    ),
    ("module", &["-m", "program", "-m"], "import sys\nprint(sys.argv, sys.path[0], __name__, __file__, __package__)\n"),
    ("missing module", &["-m", "no_such_module"], ""),
    ("missing file", &["no_such_file.py"], ""),
    ("syntax error", &["program.py"], "x = 1\ndef f(:\n"),
    ("code", &["-c", "import sys; print(sys.argv, sys.path[0], sorted(globals())); f = 1 // 0", "-x"], ""),
    ("standard input", &["-"], ""),
    ("options", &["-Wd", "-O", "-u", "program.py"], "import sys\nprint(sys.flags.optimize, sys.warnoptions, __debug__)\n"),
    ("exception", &["program.py"], "def f(x):\n    return 1 // x\ndef g():\n    f(0)\ng()\n"),
    ("exit code", &["program.py"], "import sys\nsys.exit(7)\n"),
    ("exit text", &["program.py"], "raise SystemExit('gone')\n"),
    ("os._exit", &["program.py"], "import os, sys\nsys.stdout.flush()\nos._exit(9)\n"),
    (
        "hook",
        &["program.py"],
        "import sys\ndef hook(kind, value, tb):\n    print(kind.__name__, tb.tb_lineno, tb.tb_next)\nsys.excepthook = hook\nopen('/no/such')\n",
    ),
    (
        "atexit",
        &["program.py"],
        "import atexit\ndef bad():\n    raise ValueError('late')\natexit.register(bad)\natexit.register(print, 'first') if str is not bytes else None\n",
    ),
    ("interrupt", &["program.py"], "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor i in range(10**6): pass\n"),
    ("terminated", &["program.py"], "import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(20)\n"),
    (
        "handlers",
        &["program.py"],
        "import os, signal, sys, time
print([signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)])
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
def handler(number, frame):
    print('handled', int(number), frame.f_code.co_name)
print(signal.signal(signal.SIGTERM, handler), signal.signal(signal.SIGUSR1, handler))
print(signal.getsignal(signal.SIGTERM) is handler)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0.01)
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.01)
print(signal.signal(signal.SIGTERM, signal.SIG_DFL) is handler, signal.getsignal(signal.SIGTERM))
print(signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.getsignal(signal.SIGHUP))
os.kill(os.getpid(), signal.SIGHUP)
try:
    signal.signal(signal.SIGKILL, handler)
except (OSError, RuntimeError) as error:
    print(error)
sys.stdout.flush()
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(20)
",
    ),
    (
        "pickle",
        &["program.py"],
        "import pickle\nclass C(object):\n    pass\nprint(type(pickle.loads(pickle.dumps(C()))) is C, C.__module__)\n",
    ),
    (
        "stack",
        &["program.py"],
        "import inspect, sys, traceback
def f():
    traceback.print_stack(file=sys.stdout)
    print(len(inspect.stack()), inspect.stack()[-1][1])
f()
def deep(n):
    try:
        return deep(n + 1)
    except RuntimeError:
        return n
print(deep(0))
",
    ),
    (
        "threads",
        &["program.py"],
        "import threading
def work():
    print(threading.active_count(), threading.current_thread().name)
t = threading.Thread(target=work, name='worker')
t.start()
t.join()
print([t.name for t in threading.enumerate()])
",
    ),
    (
        "fork",
        &["-Wd", "program.py"],
        "import os, sys
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    print('child')
    sys.stdout.flush()
    os._exit(3)
print(os.waitpid(pid, 0)[1])
",
    ),
    (
        "spawn",
        &["program.py"],
        "import multiprocessing, os, sys
def double(x):
    return 2 * x
if __name__ == '__main__':
    if hasattr(multiprocessing, 'get_context'):
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            print(pool.map(double, [1, 2]))
    pool = multiprocessing.Pool(1)
    print(pool.map(double, [3]))
    pool.close()
    pool.join()
",
    ),
    (
        "own profiler from 3.12",
        &["program.py"],
        "import sys
if sys.version_info >= (3, 12):
    import cProfile
    p = cProfile.Profile()
    p.enable()
    sorted([2, 1])
    p.disable()
    print([e.code for e in p.getstats() if 'sorted' in str(e.code)])
",
    ),
    (
        "thrown into a generator",
        &["program.py"],
        "def numbers():
    try:
        yield 1
    except KeyError:
        yield 2
g = numbers()
next(g)
print(g.throw(KeyError()))
g.close()
",
    ),
    (
        "an error in a thread",
        &["program.py"],
        "import threading
def bad():
    raise ValueError('in a thread')
t = threading.Thread(target=bad, name='t')
t.start()
t.join()
",
    ),
    ("exec", &["program.py"], "import os, sys\nsys.stdout.flush()\nos.execv('/bin/sh', ['sh', '-c', 'echo $0 $PYTHONPATH; exit 4'])\n"),
    (
        "exec that fails",
        &["program.py"],
        "import os\ntry:\n    os.execvp('no-such-command', ['x'])\nexcept OSError as error:\n    print(error.errno)\n",
    ),
];

/// Those that are also run with options that keep the recorder out of Python.
const SHUT_OUT: &[&str] = &[
    "surroundings",
    "module",
    "missing module",
    "syntax error",
    "code",
    "exception",
    "exit text",
    "hook",
    "interrupt",
    "terminated",
    "pickle",
    "spawn",
    "exec",
];

fn run(mut command: Command, folder: &Path) -> Output {
    let mut child = command
        .current_dir(folder)
        .env_remove("PYTHONPATH")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    use std::io::Write as _;
    let mut input = child.stdin.take().expect("piped");
    // A program that ends early does not read it.
    let _ = input.write_all(b"print('from input')\n");
    drop(input);
    child.wait_with_output().expect("it ends")
}

/// What is bound to differ from run to run.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut result = String::new();
    for (place, part) in text.split("0x").enumerate() {
        let part = if place == 0 {
            part
        } else {
            part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
        };
        result += part;
    }
    result
}

#[test]
fn programs_run_as_without_us() {
    let folder = Folder::new();
    for (version, python) in pythons() {
        for (name, arguments, text) in PROGRAMS {
            if ["2.7", "3.6", "3.7"].contains(&version.as_str()) && *name == "missing file" {
                // It leaves without an end that a program could hear of.
                continue;
            }
            folder.write("program.py", text);
            check(&version, &python, &folder, name, arguments);
        }
        for (name, arguments, text) in PROGRAMS.iter().filter(|(name, ..)| SHUT_OUT.contains(name)) {
            folder.write("program.py", text);
            let options = if version == "2.7" {
                ["-E", "-S"]
            } else {
                ["-I", "-S"]
            };
            for option in options {
                // What is not in the path cannot be found, not even by pickle's or a child's import of the program.
                if option == "-I" && ["module", "spawn"].contains(name) {
                    continue;
                }
                check(
                    &version,
                    &python,
                    &folder,
                    name,
                    &[&[option], *arguments].concat(),
                );
            }
        }
    }
}

/// Runs a program with and without us.
fn check(version: &str, python: &Path, folder: &Folder, name: &str, arguments: &[&str]) {
    let mut alone = Command::new(python);
    alone.args(arguments);
    let alone = run(alone, folder.path());
    let mut recorded = Command::new(env!("CARGO_BIN_EXE_prof"));
    recorded
        .args(["record", "--quiet", "-o", "out.prof", "--"])
        .arg(python)
        .args(arguments);
    let recorded = run(recorded, folder.path());
    let what = format!("{version}: {name} {arguments:?}");
    assert_eq!(plain(&recorded.stdout), plain(&alone.stdout), "{what}");
    assert_eq!(plain(&recorded.stderr), plain(&alone.stderr), "{what}");
    use std::os::unix::process::ExitStatusExt as _;
    let expected = alone
        .status
        .code()
        .or(alone.status.signal().map(|signal| 128 + signal));
    assert_eq!(recorded.status.code(), expected, "{what}");
    // Where we find the error, nothing of it is recorded: the dump may be empty.
    if name != "syntax error" || arguments.len() == 1 {
        assert!(!dump(&folder.path().join("out.prof")).is_empty(), "{what}");
    }
    std::fs::remove_file(folder.path().join("out.prof")).expect("it is there");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name != "program.py" && name != "__pycache__" && name != "program.pyc")
        .collect();
    assert!(left.is_empty(), "{what}: {left:?}");
}

#[test]
fn every_python_survives_a_kill_and_knows_its_threads() {
    let program = "
import threading
def work(n):
    return sum(range(n))
def other():
    for i in range(7): work(i)
    go_on.wait()
for i in range(50): work(i)
go_on = threading.Event()
all = [threading.Thread(target=other) for _ in range(2)]
for t in all: t.start()
while True: work(1000)
";
    for (version, python) in pythons() {
        let python = python.to_str().expect("text");
        for (options, others) in [(&[][..], false), (&["--threads"], true)] {
            let folder = Folder::new();
            let options = [&["--every", "50ms"], options].concat();
            let recording = start_with(python, &folder, &options, program);
            let file = folder.file("out.prof");
            let expected = if others { 64 } else { 50 };
            until("a snapshot with work", || {
                file.exists() && calls(&dump(&file), "work") > expected
            });
            recording.signal(9);
            assert_eq!(recording.end().0, 137, "{version}");
            let profile = dump(&file);
            assert!(calls(&profile, "work") > expected, "{version}");
            let key = |function| profile.key_of(function);
            let ours = profile
                .functions()
                .any(|function| profile.file(key(function)).ends_with(b"sitecustomize.py"));
            assert!(!ours, "{version}: what records is not recorded");
        }
    }
}

#[test]
fn callers_stay_right_over_forks_threads_and_throws() {
    let program = "
import threading, subprocess
def leaf(): pass
def numbers():
    try:
        yield 1
    except KeyError:
        yield 2
def fork():
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0: os._exit(0)
    os.waitpid(pid, 0)
def throw():
    g = numbers()
    next(g)
    g.throw(KeyError())
    leaf()
def parent():
    for i in range(5):
        fork()
        throw()
        subprocess.check_call(['true'])
        t = threading.Thread(target=leaf)
        t.start()
        t.join()
        leaf()
parent()
leaf()
";
    for (version, python) in pythons() {
        let python = python.to_str().expect("text");
        for (options, in_threads) in [
            (&["--every", "20ms"][..], 0),
            (&["--threads"], 5),
            (&["--children"], 0),
        ] {
            let folder = Folder::new();
            let (code, text) = start_with(python, &folder, options, program).end();
            assert_eq!(code, 0, "{version}: {text}");
            let profile = dump(&folder.file("out.prof"));
            let of = |name: &str| {
                let function = profile
                    .functions()
                    .find(|&function| profile.name(profile.key_of(function)) == name.as_bytes())
                    .unwrap_or_else(|| panic!("{version}: no {name}"));
                let mut callers: Vec<(String, u64)> = profile
                    .callers(function)
                    .map(|(key, calls)| {
                        let calls = calls.total().to_string().parse().expect("a count");
                        (String::from_utf8_lossy(profile.name(key)).into_owned(), calls)
                    })
                    // `threading` calls the target from `run`.
                    .filter(|(name, _)| name != "run")
                    .collect();
                callers.sort();
                (profile.calls(function).total.to_string(), callers)
            };
            let calls = |name: &str, count: u64| (name.to_owned(), count);
            let what = format!("{version} {options:?}");
            assert_eq!(of("parent"), ("1".into(), vec![calls("<module>", 1)]), "{what}");
            let expected = vec![calls("<module>", 1), calls("parent", 5), calls("throw", 5)];
            assert_eq!(of("leaf"), ((11 + in_threads).to_string(), expected), "{what}");
            assert_eq!(of("fork").1, vec![calls("parent", 5)], "{what}");
        }
    }
}
