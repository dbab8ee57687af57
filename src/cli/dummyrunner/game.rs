//! The Evennia game that is meant: the folder that was named, or the one that the user stands in.

use super::super::Failure;
use super::super::output::Output;
use super::super::places::places;
use super::{Args, settings};
use crate::dummyrunner::scenario::Scenario;
use crate::evennia::{self, Game, Part, Settings};
use crate::python::text::shown;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A game, and what was found out about it.
pub(super) struct Found {
    pub(super) game: Game,
    /// The game's own interpreter.
    pub(super) python: PathBuf,
    pub(super) settings: Settings,
}

/// The game, if one is meant: without `--game` only where neither arguments nor scenario name a server.
pub(super) fn find(
    args: &Args,
    scenario: Option<&Scenario>,
    output: &mut Output,
) -> Result<Option<Found>, Failure> {
    let names_a_server = scenario.is_some_and(|scenario| scenario.run.target.is_some());
    let game = match &args.game {
        Some(folder) => Some(named(folder)?),
        None if args.port.is_some() || args.target.is_some() || names_a_server => None,
        None => Game::around(Path::new(".")),
    };
    let Some(game) = game else {
        return Ok(None);
    };
    let pids = running(&game)?;
    let interpreters = match &args.settings.python {
        Some(python) => vec![settings::interpreter(Some(python.as_os_str()))?],
        None => evennia::interpreters(&game, &places()),
    };
    let (python, settings) = Settings::read(&game, &interpreters)
        .map_err(|error| Failure::usage(error.to_string()).hint(Some(error.hint())))?;
    let found = Found {
        game,
        python,
        settings,
    };
    found.tell(pids, output);
    Ok(Some(found))
}

pub(in crate::cli) fn named(folder: &Path) -> Result<Game, Failure> {
    if let Some(game) = Game::around(folder) {
        return Ok(game);
    }
    let message = format!("no Evennia game in `{}`", folder.display());
    let below = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let hint = match below
        .map(|entry| entry.path())
        .find_map(|path| Game::around(&path))
    {
        Some(game) => format!("there is one in `{}`", game.folder().display()),
        None => "a game folder has a file server/conf/settings.py; `evennia --init NAME` makes one".into(),
    };
    Err(Failure::usage(message).hint(Some(hint)))
}

/// The numbers of its two processes.
fn running(game: &Game) -> Result<[u32; 2], Failure> {
    let numbers = Part::ALL.map(|part| game.process(part).map(|process| process.pid()));
    let what = match numbers {
        [Some(server), Some(portal)] => return Ok([server, portal]),
        [None, None] => "the game is not running",
        [None, _] => "the game's Server is not running, only its Portal",
        _ => "the game's Portal is not running, only its Server",
    };
    let message = format!("{what}: `{}`", game.folder().display());
    Err(Failure::usage(message).hint(Some("start it in that folder: evennia start")))
}

impl Found {
    /// Has it settings for dummies that are not Evennia's?
    pub(super) fn has_own_dummies(&self) -> bool {
        let module = &self.settings.dummyrunner;
        !module.is_empty() && module != evennia::OWN_DUMMYRUNNER
    }

    /// Where the game can be played by telnet.
    pub(super) fn address(&self) -> Result<SocketAddr, Failure> {
        let port = self.settings.port().ok_or_else(|| {
            let file = self.game.settings_file();
            Failure::usage(format!("the game has no telnet port: `{}`", file.display())).hint(Some(
                "set TELNET_ENABLED and TELNET_PORTS there, or name a port with --port",
            ))
        })?;
        Ok(SocketAddr::new(self.settings.host(), port))
    }

    /// Says what was found, and what stands in the way of dummies.
    fn tell(&self, [server, portal]: [u32; 2], output: &mut Output) {
        let settings = &self.settings;
        output.progress(&shown(
            format!(
                "game {} in {}: Evennia {} on Python {} ({}), Server {server}, Portal {portal}, settings_mixin {}",
                settings.name,
                self.game.folder().display(),
                settings.evennia,
                settings.python,
                self.python.display(),
                if settings.mixin { "on" } else { "off" }
            )
            .as_bytes(),
        ));
        let file = self.game.settings_file();
        if !settings.mixin {
            output.report(
                "warning",
                &format!(
                    "the game limits logins, connections and commands, so most dummies will not get in. For a test, make \
                     this the last line of `{}`, then `evennia reboot`:\n    {}",
                    file.display(),
                    evennia::MIXIN
                ),
            );
        } else if self.game.is_older_than_settings() {
            output.report(
                "warning",
                &format!(
                    "`{}` was changed after the Server had started: it takes effect by `evennia reboot`",
                    file.display()
                ),
            );
        }
    }
}
