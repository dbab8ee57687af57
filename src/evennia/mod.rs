//! An Evennia game: its folder, its interpreter, what its settings say, and its two processes.
//!
//! A game is a folder with `server/conf/settings.py`. Its Server and its Portal, while they run, keep their numbers in
//! `server/server.pid` and `server/portal.pid`, and have the folder as their working folder. The settings are Python:
//! they are run, in the game's own interpreter, and nothing is changed.
//!
//! Source: the manual of Evennia 5, and what a running 5.0.1 leaves in its folder.

mod python;
mod settings;

pub use python::interpreters;
pub use settings::{Error, Settings};

use crate::process::{Process, Source};
use std::path::{Path, PathBuf};

/// The line that takes a game's limits off, for tests only.
pub const MIXIN: &str = "from evennia.server.profiling.settings_mixin import *";
/// The settings of dummies that Evennia brings itself.
pub const OWN_DUMMYRUNNER: &str = "evennia.server.profiling.dummyrunner_settings";
/// Commands that take away what dummies made, for a shell.
pub const CLEANUP: &str = include_str!("cleanup.sh");

/// A game's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    folder: PathBuf,
}

/// One of a game's two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Runs the game.
    Server,
    /// Keeps the players' connections.
    Portal,
}

impl Part {
    /// Both.
    pub const ALL: [Part; 2] = [Part::Server, Part::Portal];

    /// As in the names of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Server => "server",
            Part::Portal => "portal",
        }
    }
}

impl Game {
    /// The game in this folder, or in the one that holds it: any folder of a game will do. `None`: there is none.
    #[must_use]
    pub fn around(folder: &Path) -> Option<Game> {
        // Links are followed, as the running game tells its folder without them.
        let folder = folder.canonicalize().ok()?;
        let found = folder
            .ancestors()
            .find(|folder| settings_file(folder).is_file())?;
        Some(Game { folder: found.into() })
    }

    /// The game that this process is the Server or the Portal of.
    #[must_use]
    pub fn of_process(pid: u32) -> Option<Game> {
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        let game = Game::around(&folder)?;
        let is_part = |part: Part| game.source(part).pid() == Some(pid);
        Part::ALL.into_iter().any(is_part).then_some(game)
    }

    /// Its folder, absolute.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where its settings stand.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        settings_file(&self.folder)
    }

    /// Where the number of a process of it is.
    #[must_use]
    pub fn source(&self, part: Part) -> Source {
        Source::File(self.folder.join("server").join(format!("{}.pid", part.name())))
    }

    /// A process of it, if it runs.
    #[must_use]
    pub fn process(&self, part: Part) -> Option<Process> {
        let process = Process::find(self.source(part).pid()?).ok()?;
        // An old file may hold a number that belongs to another program by now.
        let folder = std::fs::read_link(format!("/proc/{}/cwd", process.pid())).ok()?;
        (folder == self.folder).then_some(process)
    }

    /// Were the settings changed after the running Server had read them?
    #[must_use]
    pub fn is_older_than_settings(&self) -> bool {
        let Source::File(pid) = self.source(Part::Server) else {
            return false;
        };
        let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
        matches!((changed(&self.settings_file()), changed(&pid)), (Ok(settings), Ok(start)) if settings > start)
    }
}

fn settings_file(folder: &Path) -> PathBuf {
    folder.join("server").join("conf").join("settings.py")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn any_folder_of_a_game_is_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        let game = root.join("mygame");
        fs::create_dir_all(game.join("server/conf")).expect("folders");
        fs::create_dir_all(game.join("world/deep")).expect("folders");
        assert_eq!(Game::around(&game), None, "no settings yet");
        fs::write(game.join("server/conf/settings.py"), "").expect("a file");
        for inside in ["", "server", "world/deep"] {
            let found = Game::around(&game.join(inside)).expect("the game");
            assert_eq!(found.folder(), game);
        }
        assert_eq!(Game::around(&root), None);
        assert_eq!(Game::around(&root.join("none")), None);
    }

    #[test]
    fn a_number_of_another_program_is_no_server() {
        let folder = tempfile::tempdir().expect("a folder");
        let conf = folder.path().join("server/conf");
        fs::create_dir_all(&conf).expect("folders");
        fs::write(conf.join("settings.py"), "").expect("a file");
        let game = Game::around(folder.path()).expect("the game");
        // We run, but not in that folder.
        fs::write(
            folder.path().join("server/server.pid"),
            std::process::id().to_string(),
        )
        .expect("a file");
        assert!(game.process(Part::Server).is_none());
        assert_eq!(Game::of_process(std::process::id()).map(|game| game.folder), None);
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .current_dir(folder.path())
            .spawn()
            .expect("sleep is on every system");
        fs::write(folder.path().join("server/server.pid"), child.id().to_string()).expect("a file");
        assert_eq!(
            game.process(Part::Server).map(|process| process.pid()),
            Some(child.id())
        );
        assert_eq!(Game::of_process(child.id()), Some(game));
        child.kill().and_then(|()| child.wait()).expect("it ran");
    }
}
