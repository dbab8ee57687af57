//! What to run: an interpreter and its arguments, from the words of a command.

mod arguments;

use crate::interpreter::{self, Places};
use arguments::told;
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

#[cfg(test)]
mod tests;
