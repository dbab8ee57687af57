//! What is timed: statement and setup, from arguments, files and standard input.

use super::super::Failure;
use crate::system_text::system_text;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// The statement to time, one line for each argument; - reads it from standard input. With -N or -S each is a command
    #[arg(value_name = "STATEMENT")]
    statement: Vec<OsString>,

    /// Read the statement from a file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "statement")]
    stmt_file: Option<OsString>,

    /// Run this before every repeat, not timed; repeat for more lines. With commands it is --setup-cmd
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true)]
    setup: Vec<OsString>,

    /// Read the setup from a file; the lines of -s come after it
    #[arg(long, value_name = "FILE")]
    setup_file: Option<OsString>,
}

/// Statement and setup.
pub(super) struct Snippet {
    pub(super) statement: String,
    pub(super) setup: String,
}

impl Args {
    /// Are there STATEMENTs?
    pub(super) fn has_statement(&self) -> bool {
        !self.statement.is_empty()
    }

    /// Each STATEMENT by itself.
    pub(super) fn statement(&self) -> &[OsString] {
        &self.statement
    }

    /// Each `--setup` by itself.
    pub(super) fn setup(&self) -> &[OsString] {
        &self.setup
    }

    /// Is code to be read from files?
    pub(super) fn has_files(&self) -> bool {
        self.stmt_file.is_some() || self.setup_file.is_some()
    }

    /// Reads what is to be read.
    pub(super) fn read(&self) -> Result<Snippet, Failure> {
        let statement = match (&self.stmt_file, self.statement.as_slice()) {
            (Some(file), _) => read(file)?,
            (None, [only]) if only == "-" => read(only)?,
            (None, lines) => joined(lines, "the statement")?,
        };
        let reads_input = |name: &OsStr| name == "-";
        let file = self.setup_file.as_deref();
        let twice = file.is_some_and(reads_input)
            && (self.stmt_file.as_deref().is_some_and(reads_input)
                || self.statement.first().is_some_and(|line| reads_input(line)));
        if twice {
            return Err(Failure::usage(
                "standard input can only be one of statement and setup",
            ));
        }
        let lines = joined(&self.setup, "the setup")?;
        let setup = match (file, lines) {
            (None, lines) => lines,
            (Some(file), lines) if lines.is_empty() => read(file)?,
            (Some(file), lines) => format!("{}\n{lines}", read(file)?),
        };
        Ok(Snippet { statement, setup })
    }
}

fn joined(lines: &[OsString], what: &str) -> Result<String, Failure> {
    let lines: Option<Vec<&str>> = lines.iter().map(|line| line.to_str()).collect();
    match lines {
        Some(lines) => Ok(lines.join("\n")),
        None => Err(Failure::usage(format!("{what} is not valid UTF-8"))),
    }
}

/// The text of a file, without a mark of its encoding and the end of its last line.
fn read(name: &OsStr) -> Result<String, Failure> {
    let shown = name.to_string_lossy();
    let failed = |why: &str| Failure::usage(format!("cannot read `{shown}`: {why}"));
    let mut bytes = Vec::new();
    let result = if name == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    result.map_err(|error| failed(&system_text(&error)))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        failed(&format!("byte {place}: it is not valid UTF-8"))
    })?;
    if let Some(place) = text.find('\0') {
        return Err(failed(&format!(
            "byte {place}: a null byte, which Python code cannot hold"
        )));
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}
