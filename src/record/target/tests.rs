use super::*;
use std::os::unix::fs::PermissionsExt as _;

/// Interpreter, arguments and name for a command, or the error; `bin` is on the path.
fn check(command: &[&str], python: Option<&str>, expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for (name, text) in [
        ("bin/python3", ""),
        ("bin/python3.9", ""),
        ("bin/tool", "#!/usr/bin/env -S python3.9 -u\n"),
        ("bin/ls", "\x7fELF"),
        ("app.py", "#!/usr/bin/env python3.9\n"),
        ("app.pyc", ""),
        ("manage", "#!bin/python3.9 -s\n"),
        ("isolated", "#!bin/python3.9 -Es\n"),
        ("run.sh", "#!/bin/sh\n"),
        ("folder/__main__.py", ""),
        ("empty/a.py", ""),
    ] {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(
            &path,
            text.replace("bin/python", &format!("{}/bin/python", root.display()))
                .replace(&format!("/usr/{}/bin", root.display()), "/usr/bin"),
        )
        .expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a file");
    }
    let places = Places {
        path: vec![root.join("bin")],
        ..Places::default()
    };
    let prefix = format!("{}/", root.display());
    let command: Vec<OsString> = command
        .iter()
        .map(|word| word.replace("./", &prefix).into())
        .collect();
    let found = match find(&command, python.map(OsStr::new), &places) {
        Ok(target) => {
            let arguments: Vec<_> = target
                .arguments
                .iter()
                .map(|word| word.to_string_lossy())
                .collect();
            let python = target.python.to_string_lossy();
            format!(
                "{python} {} = {}",
                arguments.join(" "),
                target.name.to_string_lossy()
            )
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(found.replace(&prefix, "./"), expected);
}

#[test]
fn a_command_names_an_interpreter_or_a_program() {
    check(
        &["python3.9", "-Wd", "-X", "dev", "a/b.py", "-x"],
        None,
        "./bin/python3.9 -Wd -X dev a/b.py -x = b",
    );
    check(
        &["python3", "-bm", "http.server", "80"],
        None,
        "./bin/python3 -bm http.server 80 = http.server",
    );
    check(
        &["-m", "http.server", "-m"],
        None,
        "./bin/python3 -m http.server -m = http.server",
    );
    check(&["-c", "pass"], Some("3.9"), "./bin/python3.9 -c pass = python");
    check(&["./app.py", "-o"], None, "./bin/python3 ./app.py -o = app");
    check(&["./app.py"], Some("3.9"), "./bin/python3.9 ./app.py = app");
    check(&["./folder"], None, "./bin/python3 ./folder = folder");
    check(&["python3", "-"], None, "./bin/python3 - = stdin");
}

#[test]
fn two_dashes_end_the_options_of_python() {
    check(
        &["python3", "-s", "--", "a.py"],
        None,
        "./bin/python3 -s -- a.py = a",
    );
}

#[test]
fn a_first_line_names_the_interpreter() {
    check(&["tool", "x"], None, "./bin/python3.9 -u ./bin/tool x = tool");
    check(&["./manage"], None, "./bin/python3.9 -s ./manage = manage");
    check(&["./isolated"], None, "./bin/python3.9 -Es ./isolated = isolated");
    check(&["./manage"], Some("python3"), "./bin/python3 ./manage = manage");
}

/// What the recorder runs, for the arguments of an interpreter.
fn check_program(arguments: &[&str], expected: Option<(Kind, &str, &[&str], &[&str])>) {
    let words: Vec<OsString> = arguments.iter().map(Into::into).collect();
    let target = target("python3".into(), words.clone()).expect("it can be recorded");
    let owned = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<OsString>>();
    let expected = expected.map(|(kind, value, options, rest)| Program {
        kind,
        value: value.into(),
        words,
        options: owned(options),
        rest: owned(rest),
    });
    assert_eq!(target.program, expected, "{arguments:?}");
}

#[test]
fn a_program_that_keeps_the_recorder_out_is_run_by_it() {
    let file = tempfile::Builder::new().suffix(".py").tempfile().expect("a file");
    let file = file.path().to_str().expect("text");
    check_program(&["-s", file, "-I"], None);
    check_program(
        &["-I", file, "-c", "x"],
        Some((Kind::Script, file, &["-I"], &["-c", "x"])),
    );
    check_program(
        &["-W", "error", "-sE", "--", file, "x"],
        Some((Kind::Script, file, &["-W", "error", "-sE"], &["x"])),
    );
    check_program(
        &["-Wd", "-Sm", "http.server", "80"],
        Some((Kind::Module, "http.server", &["-Wd", "-S"], &["80"])),
    );
    check_program(&["-Icpass", "-x"], Some((Kind::Code, "pass", &["-I"], &["-x"])));
    check_program(&["-I", "-c", "pass"], Some((Kind::Code, "pass", &["-I"], &[])));
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("text");
    check_program(&["-E", folder], Some((Kind::Folder, folder, &["-E"], &[])));
}

#[test]
fn what_cannot_be_recorded_is_an_error() {
    let foreign = "is no Python program: no interpreter, no .py file, and its first line names no Python";
    check(&[], None, "no program to record");
    check(&["ls"], None, &format!("`ls` {foreign}"));
    check(&["./run.sh"], None, &format!("`./run.sh` {foreign}"));
    check(
        &["./empty"],
        None,
        "the folder `./empty` is no Python program: it has no __main__.py",
    );
    check(
        &["nothing"],
        None,
        "no program `nothing`: there is no such file, and no such command on the path",
    );
    check(
        &["--evry", "3"],
        None,
        "`--evry` is no option of prof record, and none of Python that goes with it",
    );
    check(
        &["python3", "-sI", "-"],
        None,
        "Python's option -I keeps out what records",
    );
    check(
        &["python3", "-sI", "./app.pyc"],
        None,
        "Python's option -I keeps out what records",
    );
    check(
        &["python3", "-sI", "no.py"],
        None,
        "no program `no.py`: there is no such file, and no such command on the path",
    );
    check(
        &["python3", "a.py"],
        Some("3"),
        "the command names an interpreter, and so does --python",
    );
}
