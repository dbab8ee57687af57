//! What to run: an interpreter and its arguments, from the words of a command.

use crate::interpreter::{self, Places};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// A program to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The interpreter.
    pub python: PathBuf,
    /// Its arguments: its own options, then the program and what is for it.
    pub arguments: Vec<OsString>,
    /// What the program is called, for a dump without a name.
    pub name: OsString,
}

/// Why there is nothing to record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such interpreter.
    #[error(transparent)]
    Interpreter(#[from] interpreter::Error),
    /// No command.
    #[error("no program to record")]
    Nothing,
    /// The first word is neither of us nor of Python.
    #[error("`{0}` is no option of prof record, and none of Python that goes with it")]
    Option(String),
    /// An option of Python that shuts the recorder out.
    #[error("Python's option {0} keeps out what records")]
    ShutOut(String),
    /// An interpreter is named both ways.
    #[error("the command names an interpreter, and so does --python")]
    Twice,
    /// No such file or command.
    #[error("no program `{0}`: there is no such file, and no such command on the path")]
    Missing(String),
    /// Something else than Python.
    #[error("`{0}` is no Python program: no interpreter, no .py file, and its first line names no Python")]
    Foreign(String),
    /// A folder without a main module.
    #[error("the folder `{0}` is no Python program: it has no __main__.py")]
    Folder(String),
}

impl Error {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Interpreter(error) => Some(error.hint()),
            Error::Nothing | Error::Missing(_) | Error::Option(_) => {
                Some("as in `prof record -o app.prof app.py`, `-m app` or `-- python app.py`")
            }
            Error::ShutOut(_) => {
                Some("record without it: -E, -I and -S make Python ignore PYTHONPATH or sitecustomize")
            }
            Error::Twice => Some("leave out one of them"),
            Error::Foreign(_) | Error::Folder(_) => {
                Some("name the interpreter: `prof record -- python PROGRAM`; only Python can be recorded")
            }
        }
    }
}

/// Finds out what a command means: an interpreter with its arguments, a script, a folder or zip file with a main
/// module, `-m` or `-c`, or a command on the path whose first line names a Python. `python` is the interpreter that
/// is asked for.
///
/// # Errors
/// If it is no Python program, or one that cannot be recorded.
pub fn find(command: &[OsString], python: Option<&OsStr>, places: &Places) -> Result<Target, Error> {
    let (first, rest) = command.split_first().ok_or(Error::Nothing)?;
    if first.as_bytes().starts_with(b"-") && first != "-" {
        if first.as_bytes().starts_with(b"--") {
            return Err(Error::Option(first.to_string_lossy().into_owned()));
        }
        return target(interpreter::find(python, places)?, command.to_vec());
    }
    if is_interpreter(first) && !Path::new(first).is_dir() {
        if python.is_some() {
            return Err(Error::Twice);
        }
        return target(interpreter::find(Some(first), places)?, rest.to_vec());
    }
    script(first, rest, python, places)
}

fn script(
    first: &OsString,
    rest: &[OsString],
    python: Option<&OsStr>,
    places: &Places,
) -> Result<Target, Error> {
    let shown = || first.to_string_lossy().into_owned();
    let path = Path::new(first);
    let on_path = || {
        let name = (!first.as_bytes().contains(&b'/')).then_some(first)?;
        let mut folders = places.path.iter().map(|folder| folder.join(name));
        folders.find(|path| path.is_file())
    };
    let is_here = path.exists();
    let program = if is_here {
        path.to_owned()
    } else {
        on_path().ok_or_else(|| Error::Missing(shown()))?
    };
    let ends = |end: &str| program.extension().is_some_and(|extension| extension == end);
    if program.is_dir() && !program.join("__main__.py").exists() && !program.join("__main__.pyc").exists() {
        return Err(Error::Folder(shown()));
    }
    let is_plain = program.is_dir() || ["py", "pyw", "pyc", "pyz", "zip"].iter().any(|end| ends(end));
    let named = if is_here && is_plain {
        None
    } else {
        first_line(&program)
    };
    let mut arguments = Vec::new();
    let interpreter = match (python, named) {
        (Some(python), _) => interpreter::find(Some(python), places)?,
        (None, None) if is_here && is_plain => interpreter::find(None, places)?,
        (None, None) => return Err(Error::Foreign(shown())),
        (None, Some((interpreter, options))) => {
            arguments = options;
            interpreter::find(Some(&interpreter), places)?
        }
    };
    arguments.push(program.into_os_string());
    arguments.extend(rest.iter().cloned());
    target(interpreter, arguments)
}

/// The Python that the first line of a file names, and its options.
fn first_line(program: &Path) -> Option<(OsString, Vec<OsString>)> {
    let mut line = Vec::new();
    let file = File::open(program).ok()?;
    BufReader::new(file.take(1024))
        .read_until(b'\n', &mut line)
        .ok()?;
    let words = line.strip_prefix(b"#!")?.split(u8::is_ascii_whitespace);
    let mut words = words
        .filter(|word| !word.is_empty())
        .map(|word| OsString::from_vec(word.to_vec()))
        .peekable();
    let mut interpreter = words.next()?;
    if Path::new(&interpreter).file_name()? == "env" {
        words.next_if(|word| word == "-S");
        interpreter = words.next()?;
    }
    is_interpreter(&interpreter).then(|| (interpreter, words.collect()))
}

/// Such as `python`, `python3.11`, `/usr/bin/python3` or `pypy3`.
fn is_interpreter(word: &OsStr) -> bool {
    let Some(name) = Path::new(word).file_name().and_then(OsStr::to_str) else {
        return false;
    };
    ["python", "pypy"].iter().any(|start| {
        name.strip_prefix(start).is_some_and(|version| {
            let version = version.trim_end_matches(['t', 'd', 'm']);
            version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    })
}

fn target(python: PathBuf, arguments: Vec<OsString>) -> Result<Target, Error> {
    let name = name(&arguments)?;
    Ok(Target {
        python,
        arguments,
        name,
    })
}

/// What is run, by Python's own rules for its options.
fn name(arguments: &[OsString]) -> Result<OsString, Error> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let letters = word.as_bytes();
        if letters == b"-" || !letters.starts_with(b"-") {
            let stem = Path::new(word).file_stem().filter(|_| word != "-");
            return Ok(stem.unwrap_or(OsStr::new("stdin")).to_owned());
        }
        if letters == b"--" {
            let script = words.next().and_then(|word| Path::new(word).file_stem());
            return Ok(script.unwrap_or(OsStr::new("stdin")).to_owned());
        }
        if letters.starts_with(b"--") {
            // Only one of the long options comes with a program.
            if word == "--check-hash-based-pycs" {
                words.next();
                continue;
            }
            return Err(Error::Option(word.to_string_lossy().into_owned()));
        }
        for (place, letter) in letters.iter().enumerate().skip(1) {
            let value = || {
                let rest = &letters[place + 1..];
                (!rest.is_empty()).then(|| OsString::from_vec(rest.to_vec()))
            };
            match letter {
                b'E' | b'I' | b'S' => return Err(Error::ShutOut(format!("-{}", char::from(*letter)))),
                b'c' => return Ok("python".into()),
                b'm' => {
                    let module = value().or_else(|| words.next().cloned());
                    let module = module.ok_or_else(|| Error::Option("-m".into()))?;
                    let bytes = module.as_bytes().rsplit(|byte| *byte == b'/').next();
                    return Ok(OsString::from_vec(bytes.unwrap_or_default().to_vec()));
                }
                b'W' | b'X' | b'Q' => {
                    if value().is_none() {
                        words.next();
                    }
                    break;
                }
                b'h' | b'V' | b'?' => return Err(Error::Option(word.to_string_lossy().into_owned())),
                _ => {}
            }
        }
    }
    // The program comes from standard input.
    Ok("stdin".into())
}

#[cfg(test)]
mod tests {
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
        check(&["./manage"], Some("python3"), "./bin/python3 ./manage = manage");
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
            &["python3", "-sI", "a.py"],
            None,
            "Python's option -I keeps out what records",
        );
        check(&["./isolated"], None, "Python's option -E keeps out what records");
        check(
            &["python3", "a.py"],
            Some("3"),
            "the command names an interpreter, and so does --python",
        );
    }
}
