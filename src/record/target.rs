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
    /// What is run in the place of Python, where its own options (`-E`, `-I`, `-S`) keep the recorder out.
    pub program: Option<Program>,
}

/// A program that the recorder runs, and not Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is.
    pub kind: Kind,
    /// Its path, name or code.
    pub value: OsString,
    /// All arguments of the interpreter, as they would be without us.
    pub words: Vec<OsString>,
    /// The options of Python among them.
    pub options: Vec<OsString>,
    /// What is for the program.
    pub rest: Vec<OsString>,
}

/// What Python is told to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with source.
    Script,
    /// A folder or zip file with a main module.
    Folder,
    /// `-m`.
    Module,
    /// `-c`.
    Code,
    /// Standard input, or a compiled file.
    Other,
}

impl Kind {
    /// For the recorder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Script => "script",
            Kind::Folder => "folder",
            Kind::Module => "module",
            Kind::Code => "code",
            Kind::Other => "other",
        }
    }

    fn of(path: &Path) -> Kind {
        let ends = |end: &str| path.extension().is_some_and(|extension| extension == end);
        if path.is_dir() || ends("pyz") || ends("zip") {
            Kind::Folder
        } else if ends("pyc") || ends("pyo") || !path.is_file() {
            // One that is not there is for Python to tell.
            Kind::Other
        } else {
            Kind::Script
        }
    }
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
            Error::ShutOut(_) => Some(
                "with -E, -I and -S only a script, -m and -c can be recorded, no standard input and no .pyc file",
            ),
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
    let told = told(&arguments)?;
    let program = match told.shuts_out {
        None => None,
        Some(_) if !told.value.is_empty() && told.kind == Kind::Other && !Path::new(&told.value).exists() => {
            return Err(Error::Missing(told.value.to_string_lossy().into_owned()));
        }
        Some(letter) if told.kind == Kind::Other => {
            return Err(Error::ShutOut(format!("-{}", char::from(letter))));
        }
        Some(_) => Some(Program {
            kind: told.kind,
            value: told.value,
            options: told.options,
            rest: arguments[told.rest.min(arguments.len())..].to_vec(),
            words: arguments.clone(),
        }),
    };
    Ok(Target {
        python,
        arguments,
        name: told.name,
        program,
    })
}

/// What the arguments of an interpreter tell it.
struct Told {
    kind: Kind,
    value: OsString,
    name: OsString,
    /// Those before the program.
    options: Vec<OsString>,
    /// Where those for the program begin.
    rest: usize,
    /// The option that keeps the recorder out.
    shuts_out: Option<u8>,
}

/// What is run, by Python's own rules for its options.
fn told(arguments: &[OsString]) -> Result<Told, Error> {
    let mut told = Told {
        kind: Kind::Other,
        value: OsString::new(),
        name: "stdin".into(),
        options: Vec::new(),
        rest: 0,
        shuts_out: None,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let letters = word.as_bytes();
        if letters == b"-" || letters == b"--" || !letters.starts_with(b"-") {
            let path = if letters == b"--" {
                words.next()
            } else {
                Some(word)
            };
            if let Some(path) = path.filter(|path| *path != "-") {
                told.kind = Kind::of(Path::new(path));
                told.value.clone_from(path);
                if let Some(stem) = Path::new(path).file_stem() {
                    told.name = stem.to_owned();
                }
            }
            told.rest = arguments.len() - words.len();
            return Ok(told);
        }
        if letters.starts_with(b"--") {
            // Only one of the long options comes with a program.
            if word == "--check-hash-based-pycs" {
                told.options.push(word.clone());
                told.options.extend(words.next().cloned());
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
                b'E' | b'I' | b'S' => told.shuts_out = Some(*letter),
                b'c' | b'm' => {
                    let value = value().or_else(|| words.next().cloned());
                    let option = || Error::Option(format!("-{}", char::from(*letter)));
                    told.value = value.ok_or_else(option)?;
                    (told.kind, told.name) = if *letter == b'c' {
                        (Kind::Code, "python".into())
                    } else {
                        let last = told.value.as_bytes().rsplit(|byte| *byte == b'/').next();
                        let name = OsString::from_vec(last.unwrap_or_default().to_vec());
                        (Kind::Module, name)
                    };
                    if place > 1 {
                        told.options.push(OsString::from_vec(letters[..place].to_vec()));
                    }
                    told.rest = arguments.len() - words.len();
                    return Ok(told);
                }
                b'W' | b'X' | b'Q' => {
                    if value().is_none() {
                        told.options.push(word.clone());
                        told.options.extend(words.next().cloned());
                    } else {
                        told.options.push(word.clone());
                    }
                    break;
                }
                b'h' | b'V' | b'?' => return Err(Error::Option(word.to_string_lossy().into_owned())),
                _ => {}
            }
            if place + 1 == letters.len() {
                told.options.push(word.clone());
            }
        }
    }
    // The program comes from standard input.
    told.rest = arguments.len();
    Ok(told)
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
}
