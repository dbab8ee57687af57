//! The module that records from within the program, put together from `python/`, with its settings before it.

use super::archive;
use super::target::Program;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

const PARTS: [&str; 9] = [
    include_str!("python/stats.py"),
    include_str!("python/file.py"),
    include_str!("python/profilers.py"),
    include_str!("python/cost.py"),
    include_str!("python/saving.py"),
    include_str!("python/signals.py"),
    include_str!("python/processes.py"),
    include_str!("python/boot.py"),
    include_str!("python/start.py"),
];

/// What a file is called while it is written: `.NAME.PROCESS` and this.
pub const UNFINISHED: &str = ".prof-part";

/// What is recorded, and when it is saved.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How often a snapshot is written while the program runs; `None` for never.
    pub every: Option<Duration>,
    /// All threads, not only the main one.
    pub threads: bool,
    /// Child processes, too, each to a file of its own.
    pub children: bool,
    /// Recording ends when the program takes more memory, in bytes.
    pub max_memory: Option<u64>,
    /// The first interrupt ends only the recording.
    pub keep_running: bool,
    /// Of the programs that are started one from another only the one with an argument `--python=` that ends so, as
    /// Twisted's daemons have it; each that is started so writes the next file: `a.prof`, `a-2.prof`, ...
    pub only: Option<&'static str>,
}

/// Where the module finds what it needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    /// The dump, from the root.
    pub(super) output: &'a Path,
    /// The file through which it talks to `prof`, and what its link must hold.
    pub(super) status: &'a str,
    pub(super) token: &'a str,
    /// Where the module itself lies, which is taken from the path of modules.
    pub(super) entry: &'a OsStr,
    /// PYTHONPATH as the program and its children see it.
    pub(super) variable: Option<&'a OsStr>,
    /// What to run in the place of Python, which keeps the module out.
    pub(super) program: Option<&'a Program>,
    /// Is it for children that are new programs?
    pub(super) child: bool,
}

/// The archive that Python imports.
///
/// # Errors
/// If it is too large, which it is not.
pub(super) fn archive(options: &Options, surroundings: Surroundings<'_>) -> io::Result<Vec<u8>> {
    let mut text = String::from("CONFIG = {");
    let bytes = |value: &[u8]| {
        let mut text = String::from("b'");
        for byte in value {
            text += &format!("\\x{byte:02x}");
        }
        text + "'"
    };
    let word = |value: bool| if value { "True" } else { "False" }.to_owned();
    let every = options.every.map_or(0.0, |every| every.as_secs_f64());
    for (key, value) in [
        ("output", bytes(surroundings.output.as_os_str().as_bytes())),
        ("status", bytes(surroundings.status.as_bytes())),
        ("token", bytes(surroundings.token.as_bytes())),
        ("entry", bytes(surroundings.entry.as_bytes())),
        (
            "variable",
            surroundings
                .variable
                .map_or("None".to_owned(), |value| bytes(value.as_bytes())),
        ),
        ("child", word(surroundings.child)),
        ("suffix", bytes(UNFINISHED.as_bytes())),
        ("every", format!("{every:?}")),
        ("threads", word(options.threads)),
        ("children", word(options.children)),
        ("max_rss", options.max_memory.unwrap_or(0).to_string()),
        ("keep_running", word(options.keep_running)),
        ("only", bytes(options.only.unwrap_or_default().as_bytes())),
    ] {
        text += &format!("'{key}': {value}, ");
    }
    text += "'program': ";
    if let Some(program) = surroundings.program {
        let words: Vec<String> = program.words.iter().map(|word| bytes(word.as_bytes())).collect();
        text += &format!(
            "('{}', {}), 'words': [{}]",
            program.kind.name(),
            bytes(program.value.as_bytes()),
            words.join(", ")
        );
    } else {
        text += "None";
    }
    text += "}\n";
    for part in PARTS {
        text += part;
        text += "\n\n";
    }
    let name = match surroundings.program {
        Some(_) => "prof_recorder.py",
        None => "sitecustomize.py",
    };
    archive::of(name, text.as_bytes()).map_err(io::Error::other)
}

/// The code that runs in a program's place, imports the module, and runs the program.
pub(super) fn boot(entry: &str) -> String {
    format!(
        "import sys\nsys.path.insert(0,'{entry}')\nfrom prof_recorder import start\nwith start:exec(start.code(globals()))"
    )
}

/// PYTHONPATH with the module before what it was.
pub(super) fn path_with(entry: &OsStr, before: Option<&OsStr>) -> OsString {
    let mut path = entry.to_owned();
    if let Some(before) = before {
        path.push(":");
        path.push(before);
    }
    path
}
