//! `prof timeit` with every Python that is here: 2.7 and 3.6 to 3.13. Others come from PROF_TEST_PYTHONS, paths
//! with colons between, which replaces the search.

use super::{Printed, prof};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSIONS: [&str; 9] = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];

/// Version and path of each. One that is missing is told, and fails the test under CI.
pub(super) fn pythons() -> Vec<(String, PathBuf)> {
    if let Some(paths) = std::env::var_os("PROF_TEST_PYTHONS") {
        return std::env::split_paths(&paths)
            .map(|path| (version(&path).expect("a Python"), path))
            .collect();
    }
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".pyenv")));
    let installed = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    folders.extend(
        installed
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin")),
    );
    VERSIONS
        .iter()
        .filter_map(|&wanted| {
            let found = folders
                .iter()
                .map(|folder| folder.join(format!("python{wanted}")))
                // A shim may stand for nothing, and is asked for what it is.
                .find(|path| version(path).is_some_and(|found| found == wanted));
            if found.is_none() {
                assert!(std::env::var_os("CI").is_none(), "no Python {wanted}");
                eprintln!("skipped: no Python {wanted}");
            }
            Some((wanted.to_owned(), found?))
        })
        .collect()
}

/// Such as `3.11`.
fn version(python: &Path) -> Option<String> {
    let code = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])";
    let output = Command::new(python).args(["-c", code]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_loop_is_the_bytecode_of_timeit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (version, python) in pythons() {
        let output = Command::new(&python)
            .arg(root.join("tests/cli/timeit_bytecode.py"))
            .args(["worker.py", "more.py"].map(|name| root.join("src/timeit/python").join(name)))
            .output()
            .expect("it was there");
        let out = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{version}: {out}{err}");
        let (count, rest) = out.split_once(' ').unwrap_or_default();
        assert_eq!(rest, "snippets\n", "{version}: {out}");
        assert!(count.parse::<u32>().expect("a number") >= 28, "{version}: {out}");
    }
}

/// What `prof timeit` prints on standard error with these arguments and this Python; it must fail with code 1.
fn error(python: &Path, arguments: &[&str]) -> String {
    let mut command = prof();
    command
        .args(["timeit", "-n2", "--python"])
        .arg(python)
        .args(arguments);
    let output = command.assert().code(1);
    String::from_utf8(output.get_output().stderr.clone()).expect("text")
}

#[test]
fn errors_show_the_lines_of_the_user() {
    for (version, python) in pythons() {
        let shown = error(
            &python,
            &[
                "-s",
                "def f(x):",
                "-s",
                "    return 1 // x",
                "for i in (1,",
                "  0):",
                "    f(i)",
            ],
        );
        let lines: Vec<&str> = shown
            .lines()
            // Marks below the line came with 3.11.
            .filter(|line| !line.trim_matches([' ', '^', '~']).is_empty())
            .collect();
        let expected = [
            "error: the statement failed",
            "Traceback (most recent call last):",
            "  File \"<stmt>\", line 3, in <module>",
            "    f(i)",
            "  File \"<setup>\", line 2, in f",
            "    return 1 // x",
        ];
        assert_eq!(lines[..6], expected, "{version}: {shown}");
        // 3.14 has other words for integers.
        assert!(
            lines[6].starts_with("ZeroDivisionError: ") && lines.len() == 7,
            "{version}: {shown}"
        );
    }
}

#[test]
fn syntax_errors_have_a_caret() {
    for (version, python) in pythons() {
        let mut cases = vec![
            (vec!["x = 1", "x +"], "<stmt>", 2, "x +"),
            (vec!["-s", "x = 1", "-s", "(", "pass"], "<setup>", 2, "("),
            (vec!["pass", "return 1"], "<stmt>", 2, "return 1"),
            (vec!["pass", "break"], "<stmt>", 2, "break"),
        ];
        if version != "2.7" {
            // 2.7 only warns.
            cases.push((
                vec!["-s", "x = 1", "-s", "from os import *", "pass"],
                "<setup>",
                2,
                "from os import *",
            ));
            cases.push((
                vec!["-s", "x = 1", "pass", "from os import *"],
                "<stmt>",
                2,
                "from os import *",
            ));
        }
        for (arguments, part, line, text) in cases {
            let shown = error(&python, &arguments);
            let place = format!("is no valid Python\n  File \"{part}\", line {line}\n    {text}\n");
            assert!(shown.contains(&place), "{version}: {shown}");
            assert!(shown.contains("^\nSyntaxError: "), "{version}: {shown}");
        }
    }
}

/// Processes are forked from one that has run the global setup, and one of them runs under cProfile.
#[test]
fn every_python_has_a_global_setup() {
    let once = ["--global-setup", "def f(x): return x + 1"];
    let options = ["--processes", "3", "--max-time", "1", "--profile", "f(1)"];
    for (version, python) in pythons() {
        let mut command = prof();
        command.arg("timeit").args(once).args(options).arg("--python");
        let printed = Printed::of(command.arg(&python));
        assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{version}");
        let has_all = printed.out.starts_with("f(1)  ") && printed.out.contains("<global setup>:1(f)");
        assert!(has_all, "{version}: {}", printed.out);
    }
}

#[test]
fn every_python_times_a_loop() {
    for (version, python) in pythons() {
        let mut command = prof();
        command.args([
            "timeit",
            "-n1000",
            "-r2",
            "-s",
            "a = []",
            "a.append('\u{e9}')",
            "--python",
        ]);
        let output = command.arg(&python).assert().success();
        let out = String::from_utf8_lossy(&output.get_output().stdout);
        assert!(
            out.starts_with("best total of 2: ") && out.contains(" for 1,000 loops "),
            "{out}"
        );
        assert!(out.contains(&format!(" CPython {version}.")), "{out}");
        assert!(output.get_output().stderr.is_empty(), "{version}");
    }
}
