//! Settings files of Evennia's Dummyrunner: which one, in which Python, and what is told of it.

use super::super::Failure;
use super::super::output::Output;
use super::super::places::places;
use super::game::Found;
use crate::dummyrunner::scenario::Scenario;
use crate::dummyrunner::settings::{self, Ending, Helper, Printed, Settings, Source};
use crate::interpreter;
use crate::python::text::shown;
use std::ffi::{OsStr, OsString};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Which settings file.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Read what dummies do from a settings file of Evennia's Dummyrunner, unchanged: FILE.py, or a module's name
    #[arg(long, value_name = "FILE.py", conflicts_with_all = ["scenario", "print_scenario"])]
    pub(super) settings: Option<OsString>,

    /// The Python of the game or for --settings: a path, the folder of a virtual environment, a version such as
    /// 3.11, or a name [default: the game's own; without a game the active virtual environment's, else python3 on
    /// the path]
    #[arg(long, value_name = "PYTHON")]
    pub(super) python: Option<OsString>,
}

/// A loaded settings file.
pub(super) struct Functions {
    settings: Settings,
    helper: Helper,
    pub(super) channels: Vec<UnixStream>,
    seed: u64,
}

/// The settings that are asked for: those that are named, else the game's. `None`: the built-in profiles play, also for
/// Evennia's own default settings, whose profiles they are.
pub(super) fn source(args: &super::Args, game: Option<&Found>) -> Result<Option<Source>, Failure> {
    let own = &args.settings;
    let module = match (&own.settings, game) {
        (Some(module), _) => module.clone(),
        (None, Some(found)) if args.scenario.is_none() && found.has_own_dummies() => {
            let module = &found.settings.dummyrunner;
            module.into()
        }
        (None, None) if own.python.is_some() => {
            return Err(Failure::usage(
                "--python without --settings or a game: nothing here needs Python",
            ));
        }
        _ => return Ok(None),
    };
    let python = match game {
        Some(found) => found.python.clone(),
        None => interpreter(own.python.as_deref())?,
    };
    Ok(Some(Source {
        python,
        game: game.map(|found| found.game.folder().to_owned()),
        module,
        profile: args.profile.clone(),
    }))
}

/// The interpreter that is meant.
pub(super) fn interpreter(choice: Option<&OsStr>) -> Result<PathBuf, Failure> {
    interpreter::find(choice, &places())
        .map_err(|error| Failure::usage(error.to_string()).hint(Some(error.hint())))
}

impl Functions {
    /// Loads a settings file for so many threads.
    pub(super) fn load(
        source: &Source,
        seed: u64,
        threads: usize,
        output: &mut Output,
    ) -> Result<Functions, Failure> {
        let mut tell = |text: &[u8]| output.lines(&String::from_utf8_lossy(text), "");
        let loaded = settings::load(source, seed, threads, &mut tell).map_err(|error| {
            tell(error.trace().as_bytes());
            let hint = error.hint().map(|hint| shown(hint.as_bytes()));
            let cause = match &error {
                settings::Error::Start { source, .. } => {
                    format!(": {}", crate::system_text::system_text(source))
                }
                _ => String::new(),
            };
            Failure::usage(shown(format!("{error}{cause}").as_bytes())).hint(hint)
        })?;
        let functions = Functions {
            settings: loaded.settings,
            helper: loaded.helper,
            channels: loaded.channels,
            seed,
        };
        tell(&functions.printed().take(false));
        let path = &functions.settings.path;
        for (line, warning) in &functions.settings.warnings {
            let message = format!("{path}, line {line}: {warning}");
            output.report("warning", &shown(message.as_bytes()));
        }
        Ok(functions)
    }

    pub(super) fn scenario(&self) -> Scenario {
        let mut scenario = self.settings.scenario();
        scenario.run.seed = Some(self.seed);
        scenario
    }

    pub(super) fn printed(&self) -> Printed {
        self.helper.printed()
    }

    /// Ends the helper, and tells what came of the functions. Returns why they are of no use, if the run ended for
    /// that.
    pub(super) fn finish(self, gave_up: bool, output: &mut Output) -> Option<String> {
        let printed = self.printed();
        let ending = self.helper.finish();
        output.lines(&String::from_utf8_lossy(&printed.take(true)), "");
        if let Some(note) = printed.left_out_note() {
            output.lines(&note, "");
        }
        match ending {
            Ok(ending) => {
                tell(&ending, &self.settings.path, output);
                gave_up.then(|| "every action of the settings file failed every time".into())
            }
            Err(how) => {
                let last = printed
                    .last_line()
                    .map_or(String::new(), |last| format!("; it last said: {last}"));
                let message = format!("{}: {how}{last}", self.settings.path);
                let message = shown(message.as_bytes());
                if !gave_up {
                    output.report("warning", &message);
                    return None;
                }
                Some(message)
            }
        }
    }
}

fn tell(ending: &Ending, path: &str, output: &mut Output) {
    let calls: u64 = ending.functions.iter().map(|function| function.calls).sum();
    let line = format!(
        "{path}: {calls} calls of its functions took {:.2} s of its Python's processor time",
        ending.cpu
    );
    output.progress(&shown(line.as_bytes()));
    for function in &ending.functions {
        if function.errors > 0 {
            let message = format!(
                "{path}, line {}: {} failed in {} of {} calls; the first: {}",
                function.line, function.name, function.errors, function.calls, function.error
            );
            output.report("warning", &shown(message.as_bytes()));
        }
    }
}
