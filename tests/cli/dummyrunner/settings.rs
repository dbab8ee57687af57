//! Settings files of Evennia's Dummyrunner, on the demo game. What they do must not depend on how busy the machine is:
//! chances are 1, and what is counted is what both sides saw.

use crate::timeit_pythons::pythons;
use crate::{fail, prof, python};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// As short as the manual's own, with one of its slips: parentheses that make no tuple.
const SHORT: &str = r#"
TIMESTEP = 0.05
CHANCE_OF_ACTION = 1.0


def begin(client):
    who = "Guest-%s" % client.gid
    return (
        "create %s secret77" % who,
        "connect %s secret77" % who,
    )


def end(client):
    return ("quit")


def glance(client):
    return ("look")


ACTIONS = (begin, end, (1.0, glance))
"#;

/// A folder with a settings file of this text, and its path.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bots.py");
    fs::write(&path, text).expect("a file");
    let path = path.to_str().expect("text").to_owned();
    (folder, path)
}

/// What `prof dummyrunner demo` prints on standard output and error, and its exit code.
fn demo(dummies: &str, settings: &str, more: &[&str]) -> (String, String, Option<i32>) {
    let output = prof()
        .args([
            "dummyrunner",
            "demo",
            dummies,
            "--duration",
            "2s",
            "--",
            "--settings",
            settings,
        ])
        .args(more)
        .output()
        .expect("the binary");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn check(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn a_short_file_with_the_manuals_slips_runs_as_it_was_meant() {
    if python().is_none() {
        return;
    }
    let text = SHORT
        .replace("\"Guest-%s\" % client.gid", "f\"Guest-{client.gid}\"")
        .replace("\"create %s secret77\" % who,", "f\"create {who} secret77\"")
        .replace("\"connect %s secret77\" % who,", "f\"connect {who} secret77\"");
    let (_folder, path) = file(&text);
    let (out, err, code) = demo("3", &path, &["--seed", "5"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let warning = format!("warning: {path}, line 9: a comma is missing after this command");
    assert_eq!(err.matches("warning:").count(), 1, "{err}");
    check(&err, &[&warning, "3 logins,", "and 3 quits"]);
    check(
        &out,
        &[
            "profile ACTIONS, model tick 50ms with chance 1",
            "dummies:  3 in = 3 logged out",
            "\nglance ",
        ],
    );
}

#[test]
fn every_python_runs_a_file() {
    for (version, python) in pythons() {
        let (_folder, path) = file(SHORT);
        let python = python.to_str().expect("text");
        let (out, err, code) = demo("2", &path, &["--python", python]);
        assert_eq!(code, Some(0), "{version}: {out}{err}");
        check(&out, &["dummies:  2 in = 2 logged out", "\nglance "]);
    }
}

#[test]
fn evennias_own_file_runs_unchanged() {
    let Some(folder) = std::env::var_os("PROF_EVENNIA_VENV") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "PROF_EVENNIA_VENV names no environment with Evennia"
        );
        eprintln!("skipped: PROF_EVENNIA_VENV names no environment with Evennia");
        return;
    };
    let python = Path::new(&folder).join("bin/python");
    let python = python.to_str().expect("text");
    let more = [
        "--python",
        python,
        "--profile",
        "heavy_builder",
        "--timestep",
        "20ms",
        "--chance-of-action",
        "1",
    ];
    let (out, err, code) = demo("5", "evennia.server.profiling.dummyrunner_settings", &more);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(!err.contains("warning: /"), "{err}");
    check(
        &out,
        &[
            "profile heavy_builder",
            "dummies:  5 in = 5 logged out",
            "\nc_digs ",
            "\nc_creates_obj ",
        ],
    );
}

#[test]
fn functions_that_fail_are_told_once_and_counted() {
    if python().is_none() {
        return;
    }
    let more = "\ndef odd(client):\n    print('\\x1b[31mred')\n    return client.nothing\nACTIONS += ((1, odd), (1, lambda client: None))\n";
    let (_folder, path) = file(&(SHORT.to_owned() + more));
    let (out, err, code) = demo("3", &path, &["--seed", "1"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(err.matches("Traceback").count(), 1, "{err}");
    check(
        &err,
        &[
            "odd failed (told once, then only counted)",
            "the client has no attribute `nothing`",
            "\\x1b[31mred",
            "3 logins,",
        ],
    );
    check(
        &out,
        &[
            "3 in = 3 logged out",
            "Python functions that failed",
            "Python functions that gave no command",
        ],
    );
}

#[test]
fn a_run_without_functions_ends_and_everyone_logs_out() {
    if python().is_none() {
        return;
    }
    let hopeless = SHORT.replace("return (\"look\")", "return 1 / 0");
    let (_folder, path) = file(&hopeless);
    let (out, err, code) = demo("2", &path, &[]);
    assert_eq!(code, Some(1), "{out}{err}");
    check(
        &err,
        &[
            "failed: every action of the settings file failed every time",
            "and 2 quits",
        ],
    );
    check(&out, &["2 in = 2 logged out"]);

    let dying = SHORT.replace(
        "return (\"look\")",
        "import os; print('good\\x07bye'); os._exit(7)",
    );
    let (_folder, path) = file(&dying);
    let (out, err, code) = demo("2", &path, &[]);
    assert_eq!(code, Some(1), "{out}{err}");
    check(
        &err,
        &[
            "gone: it ended with exit code 7; it last said: good\\x07bye",
            "and 2 quits",
        ],
    );
    check(&out, &["2 in = 2 logged out"]);
}

#[test]
fn what_cannot_be_used_is_told_before_anything_connects() {
    if python().is_none() {
        return;
    }
    let (folder, path) = file(SHORT);
    let with = |more: &[&str]| {
        let arguments: Vec<&str> = ["dummyrunner", "1", "--settings"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        fail(&arguments, 2)
    };
    check(
        &with(&[&path, "--profile", "looker"]),
        &["it has no PROFILE, so there is no profile `looker` in it\nhint: "],
    );
    check(
        &with(&[&path, "--python", "/nowhere"]),
        &["no Python at `/nowhere`"],
    );
    check(&with(&[&path, "--scenario", "x.toml"]), &["cannot be used with"]);
    let missing = folder.path().join("none.py");
    check(
        &with(&[missing.to_str().expect("text")]),
        &["none.py`: there is no such file\nhint: "],
    );
    check(
        &fail(&["dummyrunner", "1", "--python", "3"], 2),
        &["--python without --settings"],
    );
}

#[test]
fn the_helper_does_not_outlive_prof() {
    if python().is_none() {
        return;
    }
    let (folder, path) = file(
        "import os\nopen(os.path.join(os.path.dirname(__file__), 'pid'), 'w').write(str(os.getpid()) + '.')\nwhile True: pass\n",
    );
    let pid_file: PathBuf = folder.path().join("pid");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(["dummyrunner", "1", "--settings", &path])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary");
    let until = Instant::now() + Duration::from_secs(60);
    let pid = loop {
        if let Some(pid) = fs::read_to_string(&pid_file)
            .ok()
            .and_then(|text| text.strip_suffix('.').map(str::to_owned))
        {
            break pid;
        }
        assert!(
            Instant::now() < until && child.try_wait().expect("it runs").is_none(),
            "it never began"
        );
        std::thread::yield_now();
    };
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let stat = Path::new("/proc").join(pid).join("stat");
    // A process that nobody waits for yet is dead all the same.
    let lives = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    while lives() {
        assert!(Instant::now() < until, "the helper lives on");
        std::thread::yield_now();
    }
}
