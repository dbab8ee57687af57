//! `prof record --game`: an Evennia game, started by its own launcher, with one of its two processes under cProfile.
//!
//! The launcher starts the Portal, and that the Server, each time anew after a reload. Each gets `sys.path` of the one
//! that starts it, and with it what records.

mod recorded;
mod told;

use super::super::dummyrunner::game::named;
use super::super::output::Output;
use super::super::places::places;
use super::super::{Code, Failure, signals};
use super::summary::{Watch, shell_word};
use super::{Args, file};
use crate::evennia::{self, Game, Part, Settings};
use crate::process::Meter;
use crate::record::recorder::Options;
use crate::record::run;
use crate::record::status::Story;
use crate::system_text::system_text;
use recorded::{Recorded, Start};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

pub(super) fn run(folder: &Path, args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let part = if args.portal { Part::Portal } else { Part::Server };
    let game = named(folder)?;
    refuse_if_running(&game)?;
    let given: Vec<PathBuf> = args.python.iter().map(PathBuf::from).collect();
    let interpreters = match &given[..] {
        [] => evennia::interpreters(&game, &places()),
        _ => vec![
            crate::interpreter::find(args.python.as_deref(), &places())
                .map_err(|error| Failure::usage(error.to_string()))?,
        ],
    };
    let (python, settings) = Settings::read(&game, &interpreters)
        .map_err(|error| Failure::usage(error.to_string()).hint(Some(error.hint())))?;
    let path = match &args.output[..] {
        [] => PathBuf::from(format!("{}.prof", part.name())),
        [path] => path.clone(),
        _ => {
            return Err(Failure::usage(
                "-o: a game writes one dump, and one more after each reload",
            ));
        }
    };
    let dump = file::prepare(&path)?;
    let options = Options {
        every: args.every.0,
        threads: args.threads,
        children: false,
        max_memory: args.max_rss,
        keep_running: args.keep_running,
        only: Some(match part {
            Part::Server => "/server/server.py",
            Part::Portal => "/portal/portal.py",
        }),
    };
    let launcher = launcher(&game, &python, "start");
    let running =
        run::start(launcher, &options, &dump, std::env::var_os("PYTHONPATH"), None).map_err(|error| {
            Failure::usage(format!(
                "cannot start `{}`: {}",
                python.display(),
                system_text(&error)
            ))
        })?;
    // Only now: the game would inherit that they are held back, and could not be ended by them.
    let (told, stop) = channel();
    signals::stop_on_interrupts(move || {
        // Once it is over nobody listens.
        let _ = told.send(());
    })?;
    let mut recorded = Recorded {
        meter: Meter::new(game.source(part)),
        game,
        part,
        python,
        running,
        story: Story::default(),
        watch: Watch::new(args.quiet),
        peak: 0,
        cpu: (Duration::ZERO, Duration::ZERO),
        pid: None,
        began: Instant::now(),
        looked: Duration::ZERO,
        stop,
        output,
    };
    match recorded.starts()? {
        Start::Failed => return Ok(Code::Failed),
        Start::Stopped => {}
        Start::Up => {
            if !args.quiet {
                recorded.say_that_it_runs(&settings, &path);
            }
            recorded.follow(args.quiet, args.keep_running)?;
        }
    }
    recorded.print(args.quiet);
    Ok(if recorded.story.dumps.is_empty() {
        Code::Failed
    } else {
        Code::Done
    })
}

fn refuse_if_running(game: &Game) -> Result<(), Failure> {
    let running: Vec<String> = Part::ALL
        .into_iter()
        .filter_map(|part| Some(format!("{} {}", part.name(), game.process(part)?.pid())))
        .collect();
    if running.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the game in `{}` runs already: {}",
        game.folder().display(),
        running.join(", ")
    );
    let pid = game.folder().join("server/server.pid");
    Err(Failure::usage(message).hint(Some(format!(
        "`evennia stop` first; or sample it as it is: prof record --pid {}",
        shell_word(&pid)
    ))))
}

/// The game's own launcher, which finds its other programs on the path.
fn launcher(game: &Game, python: &Path, what: &str) -> Command {
    let folder = python.parent().unwrap_or(Path::new("/"));
    let mut path = OsString::from(folder);
    if let Some(before) = std::env::var_os("PATH") {
        path.push(":");
        path.push(before);
    }
    let mut command = Command::new(python);
    let script = folder.join("evennia");
    if script.is_file() {
        command.arg(script);
    } else {
        command.args(["-m", "evennia.server.evennia_launcher"]);
    }
    command.arg(what).current_dir(game.folder()).env("PATH", path);
    command
}
