//! What snippets find when they run: a global setup, Django, an Evennia game; and how they are put together.

use super::super::Failure;
use super::super::dummyrunner::game::named;
use super::super::places::places;
use crate::evennia::{self, Game};
use crate::timeit::python::{Framework, Mode, World};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Servers")]
pub(super) struct Args {
    /// Run this once, at module level, before anything is measured; processes that measure are forked from the one in
    /// which it ran; repeat for more lines
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    global_setup: Vec<String>,

    /// Load Django with these settings once, such as mysite.settings
    #[arg(long, value_name = "SETTINGS", conflicts_with = "evennia")]
    django: Option<String>,

    /// Load the Evennia game in this folder once: the code sees what `evennia shell` shows, and all of evennia's own names
    #[arg(long, value_name = "GAMEDIR")]
    evennia: Option<PathBuf>,

    /// Undo what the code writes to databases after each sample; with --django or --evennia
    #[arg(long)]
    rollback: bool,

    /// Let the code await
    #[arg(long = "async")]
    is_async: bool,

    /// Whether the setup runs before each sample, or once in each process
    #[arg(long, value_name = "WHEN", value_enum, default_value = "each")]
    setup_mode: SetupMode,

    /// Time the first and only loop of fresh processes: what is slow but once, such as an import
    #[arg(long, conflicts_with_all = ["number", "repeat", "autorange"])]
    cold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SetupMode {
    Each,
    Once,
}

/// What is known of the world before any interpreter is chosen.
pub(super) struct Place {
    pub(super) world: Option<World>,
    /// The interpreter that has it, where that is found out.
    pub(super) python: Option<PathBuf>,
    /// Where the code runs, where that is fixed.
    pub(super) folder: Option<PathBuf>,
}

impl Args {
    pub(super) fn is_cold(&self) -> bool {
        self.cold
    }

    /// What is given of all this, by name.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.given_but_cold().or(self.cold.then_some("--cold"))
    }

    /// What is given of that which Python alone knows, by name.
    pub(super) fn given_but_cold(&self) -> Option<&'static str> {
        let given = [
            (!self.global_setup.is_empty(), "--global-setup"),
            (self.django.is_some(), "--django"),
            (self.evennia.is_some(), "--evennia"),
            (self.rollback, "--rollback"),
            (self.is_async, "--async"),
            (self.setup_mode == SetupMode::Once, "--setup-mode"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }

    pub(super) fn mode(&self) -> Result<Mode, Failure> {
        match (self.is_async, self.setup_mode) {
            (true, SetupMode::Once) => Err(Failure::usage("--async and --setup-mode once do not go together")
                .hint(Some("--global-setup runs once, too"))),
            (true, SetupMode::Each) => Ok(Mode::Async),
            (false, SetupMode::Once) if self.rollback => Err(Failure::usage(
                "--setup-mode once and --rollback do not go together: what the setup writes is undone after the first sample",
            )
            .hint(Some("leave out --setup-mode"))),
            (false, SetupMode::Once) => Ok(Mode::Once),
            (false, SetupMode::Each) => Ok(Mode::Timeit),
        }
    }

    /// The world, and where it is. The user may have chosen interpreter and folder.
    pub(super) fn place(&self, has_python: bool, folder: Option<&Path>) -> Result<Place, Failure> {
        let mut place = Place {
            world: None,
            python: None,
            folder: folder.map(Path::to_owned),
        };
        let framework = match (&self.django, &self.evennia) {
            (Some(settings), _) => Framework::Django(settings.clone()),
            (None, Some(game)) => {
                let game = named(game)?;
                if folder.is_some() {
                    return Err(Failure::usage(
                        "--cwd has no place with --evennia: the code runs in the game's folder",
                    ));
                }
                if !has_python {
                    place.python = Some(python_of(&game)?);
                }
                place.folder = Some(game.folder().to_owned());
                Framework::Evennia
            }
            (None, None) if self.rollback => {
                return Err(Failure::usage(
                    "--rollback needs --django or --evennia: it undoes their transactions",
                ));
            }
            (None, None) => Framework::None,
        };
        if framework != Framework::None || !self.global_setup.is_empty() {
            place.world = Some(World {
                framework,
                code: self.global_setup.join("\n"),
                rollback: self.rollback,
            });
        }
        Ok(place)
    }
}

/// The first interpreter that has Evennia and can read the game's settings.
fn python_of(game: &Game) -> Result<PathBuf, Failure> {
    let interpreters = evennia::interpreters(game, &places());
    match evennia::Settings::read(game, &interpreters) {
        Ok((python, _)) => Ok(python),
        Err(error) => {
            let hint = match &error {
                evennia::Error::NoEvennia { .. } => {
                    "activate the game's virtual environment, or name it with --python"
                }
                evennia::Error::Broken { .. } => "mend the settings",
                evennia::Error::Python { .. } => "name the game's interpreter with --python",
            };
            Err(Failure::usage(error.to_string()).hint(Some(hint)))
        }
    }
}
