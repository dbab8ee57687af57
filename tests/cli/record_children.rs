//! `prof record`: children, daemons and merged dumps.

use super::record::{Folder, calls, dump, start, until};

const FORKS: &str = "
def work(n):
    return sum(range(n))
def child_work():
    for i in range(20): work(i)
for i in range(50): work(i)
sys.stdout.flush()
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        child_work()
        os._exit(0)
    os.waitpid(pid, 0)
";

#[test]
fn a_forked_child_records_nothing() {
    let folder = Folder::new();
    let Some(recording) = start(&folder, &[], FORKS) else {
        return;
    };
    assert_eq!(recording.end().0, 0);
    assert_eq!(folder.names("out"), ["out.prof"]);
    let profile = dump(&folder.file("out.prof"));
    assert_eq!((calls(&profile, "work"), calls(&profile, "child_work")), (50, 0));
}

#[test]
fn children_have_dumps_of_their_own() {
    let folder = Folder::new();
    let Some(recording) = start(&folder, &["--children"], FORKS) else {
        return;
    };
    let (code, text) = recording.end();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("2 more dumps in out.prof.PID"), "{text}");
    assert_eq!(calls(&dump(&folder.file("out.prof")), "work"), 50);
    let children = folder.names("out.prof.");
    assert_eq!(children.len(), 2);
    for child in children {
        let profile = dump(&folder.file(&child));
        assert_eq!((calls(&profile, "work"), calls(&profile, "child_work")), (20, 1));
    }
}

#[test]
fn dumps_of_children_are_merged() {
    let folder = Folder::new();
    let Some(recording) = start(&folder, &["--children", "--merge"], FORKS) else {
        return;
    };
    let program = recording.program;
    let (code, text) = recording.end();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("out.prof is the sum of 3 dumps"), "{text}");
    assert_eq!(calls(&dump(&folder.file("out.prof")), "work"), 90);
    assert_eq!(
        calls(&dump(&folder.file(&format!("out.prof.{program}"))), "work"),
        50
    );
}

#[test]
fn new_programs_are_children_too() {
    let program = "
import subprocess
def work(): pass
work()
code = 'import os\\ndef inner(): pass\\ninner()\\nprint(\"PYTHONPATH\" in os.environ)'
print(subprocess.check_output([sys.executable, '-c', code]).decode().strip())
";
    for (options, expected) in [(&[][..], 0), (&["--children"], 1)] {
        let folder = Folder::new();
        let Some(mut recording) = start(&folder, options, program) else {
            return;
        };
        // A variable of the surroundings stays.
        recording.line(if expected == 1 || std::env::var_os("PYTHONPATH").is_some() {
            "True"
        } else {
            "False"
        });
        assert_eq!(recording.end().0, 0);
        let children = folder.names("out.prof.");
        assert_eq!(children.len(), expected);
        for child in children {
            let profile = dump(&folder.file(&child));
            assert_eq!((calls(&profile, "inner"), calls(&profile, "work")), (1, 0));
        }
        assert!(folder.names(".").is_empty());
    }
}

#[test]
fn the_profile_goes_on_in_a_daemon() {
    let program = "
import time
def work(n):
    return sum(range(n))
def served():
    for i in range(30): work(i)
for i in range(50): work(i)
sys.stdout.flush()
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
null = os.open(os.devnull, os.O_RDWR)
for n in range(3): os.dup2(null, n)
parent = os.getppid()
served()
late = time.time() + 120
while not os.path.exists('end') and time.time() < late: time.sleep(0.01)
";
    for options in [&[][..], &["--every", "50ms"]] {
        let folder = Folder::new();
        let Some(recording) = start(&folder, options, program) else {
            return;
        };
        let (code, text) = recording.end();
        assert_eq!(code, 0, "{text}");
        let profile = || dump(&folder.file("out.prof"));
        if options.is_empty() {
            assert_eq!(calls(&profile(), "served"), 0);
        } else {
            until("a snapshot of the daemon", || calls(&profile(), "served") == 1);
        }
        folder.write("end", "");
        until("the dump of the daemon", || {
            calls(&profile(), "<module>") > 0 && calls(&profile(), "served") == 1
        });
        assert_eq!(calls(&profile(), "work"), 80);
    }
}

/// A daemon has the calls of the process that it was: its cost is that of the time of both.
#[test]
fn the_cost_of_a_daemon_is_that_of_all_its_calls() {
    let program = "
def work(n):
    return sum(range(n))
def cpu():
    return sum(os.times()[:2])
until = cpu() + 1
while cpu() < until: work(100)
if os.fork():
    os.wait()
else:
    os.setsid()
";
    let folder = Folder::new();
    let Some(recording) = start(&folder, &[], program) else {
        return;
    };
    let (code, text) = recording.end();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 more dump in out.prof.PID"), "{text}");
    // A second in each of two dumps, but for what Python took to start.
    let (_, cost) = text.split_once("after Python's start, ").expect("a cost");
    let used = cost
        .split_once(" s:")
        .and_then(|(used, _)| used.parse::<f64>().ok());
    assert!(used.is_some_and(|used| (1.7..4.0).contains(&used)), "{text}");
}
