//! `prof stats --interactive`: the commands of `python -m pstats`.
//!
//! With standard input from a pipe or a file the output is that of pstats, prompts included. On a terminal a
//! line editor reads, with history and completion.

use super::output::Output;
use super::stats::{of_view, restriction, version_for, warn};
use super::{Code, Failure, input};
use crate::python::{Version, Word, text};
use crate::system_text::system_text;
use crate::view::{SortKey, Stats, VALID_KEYS};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, IsTerminal as _};
use std::os::unix::ffi::OsStrExt as _;

mod editor;
mod help;

use editor::Editor;

/// Runs the browser over these files until its input ends.
pub(super) fn run(files: &[OsString], like: Option<Version>, output: &mut Output) -> Result<Code, Failure> {
    let on_terminal = output.is_terminal() && std::io::stdin().is_terminal();
    let mut browser = Browser {
        stats: None,
        name: OsString::new(),
        last: Vec::new(),
        like,
    };
    if let Some((first, rest)) = files.split_first() {
        browser.read(first, output)?;
        for file in rest {
            browser.add(file, output)?;
        }
    }
    say(output, b"Welcome to the profile statistics browser.")?;
    if on_terminal {
        let mut editor = Editor::new();
        loop {
            output.flush()?;
            editor.set_functions(browser.stats.as_ref());
            let prompt = text::shown(&browser.prompt());
            let Some(line) = editor.read(&prompt)? else {
                break;
            };
            if browser.run(line.as_bytes(), output)? == Next::Stop {
                break;
            }
        }
    } else {
        let mut stdin = std::io::stdin().lock();
        loop {
            output.raw().write_all(&browser.prompt())?;
            output.flush()?;
            let mut line = Vec::new();
            let count = stdin
                .read_until(b'\n', &mut line)
                .map_err(|error| Failure::usage(format!("cannot read commands: {}", system_text(&error))))?;
            let command: &[u8] = if count == 0 { b"EOF" } else { &line };
            if browser.run(command, output)? == Next::Stop {
                break;
            }
        }
    }
    say(output, b"Goodbye.")?;
    Ok(Code::Done)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Continue,
    Stop,
}

struct Browser {
    stats: Option<Stats>,
    /// What was read last: the prompt, and what `read` reads again.
    name: OsString,
    /// What an empty line repeats.
    last: Vec<u8>,
    like: Option<Version>,
}

const NOTHING_LOADED: &[u8] = b"No statistics object is loaded.";

impl Browser {
    fn prompt(&self) -> Vec<u8> {
        [self.name.as_bytes(), b"% "].concat()
    }

    fn run(&mut self, line: &[u8], output: &mut Output) -> Result<Next, Failure> {
        let line = line.trim_ascii();
        let repeated;
        let line = if line.is_empty() {
            repeated = self.last.clone();
            &repeated[..]
        } else {
            line
        };
        let helped;
        let line = match line {
            [] => return Ok(Next::Continue),
            [b'!', ..] => {
                unknown(output, line)?;
                return Ok(Next::Continue);
            }
            [b'?', rest @ ..] => {
                helped = [b"help ", rest].concat();
                &helped[..]
            }
            _ => line,
        };
        let end = line
            .iter()
            .position(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'_'))
            .unwrap_or(line.len());
        let (command, argument) = (&line[..end], line[end..].trim_ascii());
        self.last = if line == b"EOF" { Vec::new() } else { line.to_vec() };
        let argument_path = OsStr::from_bytes(argument);
        match command {
            b"EOF" => {
                say(output, b"")?;
                return Ok(Next::Stop);
            }
            b"quit" => return Ok(Next::Stop),
            b"help" => help::print(argument, self.python(), output)?,
            b"add" => self.add(argument_path, output)?,
            b"read" if argument.is_empty() && self.name.is_empty() => {
                say(output, b"No statistics object is current -- cannot reload.")?;
            }
            b"read" => {
                let path = if argument.is_empty() {
                    self.name.clone()
                } else {
                    argument_path.into()
                };
                self.read(&path, output)?;
            }
            b"stats" | b"callers" | b"callees" => self.report(command, argument, output)?,
            b"sort" => self.sort(argument, output)?,
            b"strip" => match &mut self.stats {
                Some(stats) => stats
                    .strip_dirs()
                    .map_err(|error| Failure::usage(error.to_string()))?,
                None => say(output, NOTHING_LOADED)?,
            },
            b"reverse" => match &mut self.stats {
                Some(stats) => stats.reverse(),
                None => say(output, NOTHING_LOADED)?,
            },
            _ => unknown(output, line)?,
        }
        Ok(Next::Continue)
    }

    fn python(&self) -> Version {
        self.stats
            .as_ref()
            .map(Stats::python)
            .or(self.like)
            .unwrap_or(Version::NEWEST)
    }

    fn read(&mut self, path: &OsStr, output: &mut Output) -> Result<(), Failure> {
        let loaded = match input::load(path) {
            Ok(loaded) => loaded,
            Err(input::Error::System(error)) => return say(output, system_text(&error).as_bytes()),
            Err(input::Error::Format(error)) => return say(output, error.in_python().as_bytes()),
        };
        match version_for(&loaded, self.like) {
            Ok(python) => {
                self.stats = Some(Stats::new(loaded.profile, loaded.file_line, python));
                self.name = path.into();
                Ok(())
            }
            Err((problem, _)) => say(output, format!("TypeError: {problem}").as_bytes()),
        }
    }

    fn add(&mut self, path: &OsStr, output: &mut Output) -> Result<(), Failure> {
        let Some(stats) = &mut self.stats else {
            return say(output, NOTHING_LOADED);
        };
        match input::load(path) {
            Ok(more) => stats
                .add(&more.profile, more.file_line)
                .map_err(|error| Failure::usage(format!("cannot add `{}`: {error}", path.to_string_lossy()))),
            Err(input::Error::System(error)) => {
                let mut message = b"Failed to load statistics for ".to_vec();
                message.extend_from_slice(path.as_bytes());
                let number = error.raw_os_error().unwrap_or_default();
                message.extend_from_slice(format!(": [Errno {number}] {}: ", system_text(&error)).as_bytes());
                message.extend_from_slice(&text::repr(&text::from_system(path.as_bytes()), stats.python()));
                say(output, &message)
            }
            Err(error) => Err(error.of(path)),
        }
    }

    fn report(&mut self, command: &[u8], argument: &[u8], output: &mut Output) -> Result<(), Failure> {
        let python = self.python();
        let mut restrictions = Vec::new();
        for word in argument
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
        {
            if matches!(Word::parse(word, python), Word::Float(share) if !(share.is_nan() || (0.0..=1.0).contains(&share)))
            {
                say(output, b"Fraction argument must be in [0, 1]")?;
                continue;
            }
            match restriction(OsStr::from_bytes(word), python) {
                Ok(restriction) => restrictions.push(restriction),
                Err(failure) => return failure.tell(output),
            }
        }
        let Some(stats) = &mut self.stats else {
            return say(output, NOTHING_LOADED);
        };
        let shown = output.shown();
        let notes = match command {
            b"stats" => stats.print_stats(&restrictions, shown, output.raw()),
            b"callers" => stats.print_callers(&restrictions, shown, output.raw()),
            _ => stats.print_callees(&restrictions, shown, output.raw()),
        };
        match notes {
            Ok(notes) => warn(notes, output),
            Err(error @ crate::view::Error::Io(_)) => return Err(of_view(error)),
            Err(error) => of_view(error).tell(output)?,
        }
        Ok(())
    }

    fn sort(&mut self, argument: &[u8], output: &mut Output) -> Result<(), Failure> {
        let Some(stats) = &mut self.stats else {
            return say(output, NOTHING_LOADED);
        };
        let key = |word: &str| {
            if stats.profile().is_sampled() {
                SortKey::parse_sampled(word)
            } else {
                SortKey::parse(word, stats.python())
            }
        };
        let words = std::str::from_utf8(argument).unwrap_or("?");
        let keys: Option<Vec<SortKey>> = words.split_ascii_whitespace().map(key).collect();
        match keys {
            Some(keys) if !keys.is_empty() => stats.sort(&keys),
            _ => {
                say(output, b"Valid sort keys (unique prefixes are accepted):")?;
                for (key, sorts_by) in VALID_KEYS {
                    say(output, format!("{key} -- {}", sorts_by.heading()).as_bytes())?;
                }
            }
        }
        Ok(())
    }
}

fn unknown(output: &mut Output, line: &[u8]) -> Result<(), Failure> {
    say(output, &[b"*** Unknown syntax: ", line].concat())
}

/// Prints a line: exact bytes to a pipe, escaped to a terminal.
fn say(output: &mut Output, line: &[u8]) -> Result<(), Failure> {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    match output.shown() {
        crate::view::Shown::Raw => text::push_raw(&mut bytes, line),
        crate::view::Shown::Escaped => text::push_shown(&mut bytes, line),
    }
    bytes.push(b'\n');
    Ok(output.raw().write_all(&bytes)?)
}
