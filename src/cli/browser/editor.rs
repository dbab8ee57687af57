//! The browser's line editor on a terminal: history, and completion of commands, sort keys, file and function
//! names.

use super::help::COMMANDS;
use super::{Failure, Stats, VALID_KEYS};
use crate::python::text;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Context, Helper, Highlighter, Hinter, Validator};

pub(super) struct Editor {
    lines: rustyline::Editor<Words, DefaultHistory>,
}

impl Editor {
    pub(super) fn new() -> Editor {
        let config = Config::builder().completion_type(CompletionType::List).build();
        let mut lines = rustyline::Editor::with_config(config).expect("the configuration is valid");
        lines.set_helper(Some(Words {
            files: FilenameCompleter::new(),
            functions: Vec::new(),
            loaded: None,
        }));
        Editor { lines }
    }

    /// Offers the functions of what is loaded now.
    pub(super) fn set_functions(&mut self, stats: Option<&Stats>) {
        let Some(words) = self.lines.helper_mut() else {
            return;
        };
        let loaded = stats.map(|stats| (stats.profile().len(), stats.profile().totals().calls));
        if words.loaded == loaded {
            return;
        }
        words.loaded = loaded;
        words.functions = stats.map(function_names).unwrap_or_default();
    }

    /// The next line; `None` at the end of the input. Ctrl-C drops the line and asks again.
    pub(super) fn read(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        loop {
            match self.lines.readline(prompt) {
                Ok(line) => {
                    // A line that cannot be remembered is still run.
                    let _ = self.lines.add_history_entry(&line);
                    return Ok(Some(line));
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(None),
                Err(error) => return Err(Failure::usage(format!("cannot read commands: {error}"))),
            }
        }
    }
}

/// The names without files that can be typed as part of a pattern, sorted, each once.
fn function_names(stats: &Stats) -> Vec<String> {
    let profile = stats.profile();
    let names = profile
        .functions()
        .map(|function| text::shown(profile.name(profile.key_of(function))));
    let mut names: Vec<String> = names
        .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[derive(Helper, Highlighter, Hinter, Validator)]
struct Words {
    files: FilenameCompleter,
    functions: Vec<String>,
    /// What `functions` were taken from: the number of functions and of calls.
    loaded: Option<(usize, i128)>,
}

/// More candidates than these are of no help.
const MOST: usize = 200;

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        let start = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = &before[start..];
        let of = |words: &mut dyn Iterator<Item = &str>| {
            let fitting = words.filter(|candidate| candidate.starts_with(word)).take(MOST);
            fitting
                .map(|word| Pair {
                    display: word.into(),
                    replacement: word.into(),
                })
                .collect()
        };
        let found = match before.split_whitespace().next() {
            _ if before[..start].trim().is_empty() => {
                let mut commands: Vec<Pair> = of(&mut COMMANDS.iter().copied());
                for command in &mut commands {
                    command.replacement.push(' ');
                }
                commands
            }
            Some("help" | "?") => of(&mut COMMANDS.iter().copied()),
            Some("sort") => of(&mut VALID_KEYS.iter().map(|(key, _)| *key)),
            Some("add" | "read") => return self.files.complete(line, at, context),
            Some("stats" | "callers" | "callees") => of(&mut self.functions.iter().map(String::as_str)),
            _ => Vec::new(),
        };
        Ok((start, found))
    }
}
