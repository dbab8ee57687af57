//! `prof dummyrunner` on the real Evennia: a game made from nothing, by `examples/evennia/game.py`.
//!
//! The variable `PROF_EVENNIA_VENV` names a virtual environment with `evennia==5.0.1`, as `.ci/evennia` makes one.
//! Without it these tests are skipped with a message, but fail where `CI` is set.

#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod kill;
mod limits;
mod profiles;
mod settings;
#[path = "../shared/mod.rs"]
mod shared;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A game that runs until the end of the test.
struct Game {
    folder: TempDir,
    /// What the script said: folder, port, interpreter and the numbers of its processes.
    told: Value,
    runs: bool,
}

impl Game {
    /// Makes and starts one; `None` where Evennia is missing.
    fn up(options: &[&str]) -> Option<Game> {
        let Some(venv) = std::env::var_os("PROF_EVENNIA_VENV") else {
            assert!(
                std::env::var_os("CI").is_none(),
                "PROF_EVENNIA_VENV names no environment with Evennia: .ci/evennia makes one"
            );
            eprintln!("skipped: PROF_EVENNIA_VENV names no environment with Evennia");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut words = vec!["--venv".into(), venv];
        words.extend(options.iter().map(Into::into));
        let output = script("up", folder.path(), &words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // From here on it is stopped, whatever else fails.
        let game = Game {
            folder,
            told: serde_json::from_str(&text).unwrap_or_default(),
            runs: true,
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(game)
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("mygame")
    }

    /// The game's interpreter.
    fn python(&self) -> PathBuf {
        self.told["python"].as_str().expect("the script tells it").into()
    }

    /// `prof dummyrunner` in the game's folder.
    fn dummyrunner(&self, arguments: &[&str]) -> Output {
        let mut prof = Command::new(env!("CARGO_BIN_EXE_prof"));
        let prof = prof.arg("dummyrunner").args(arguments).current_dir(self.home());
        prof.output().expect("prof runs")
    }

    /// What the game's own log and database say of dummies.
    fn counts(&self) -> Value {
        let output = script("counts", self.folder.path(), &[]);
        serde_json::from_slice(&output.stdout).expect("the script counts")
    }

    fn down(&mut self) {
        let output = script("down", self.folder.path(), &[]);
        self.runs = false;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Game {
    fn drop(&mut self) {
        if self.runs {
            script("down", self.folder.path(), &[]);
        }
    }
}

fn script(command: &str, folder: &Path, options: &[std::ffi::OsString]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/evennia/game.py");
    let mut python = Command::new("python3");
    let python = python.arg(script).arg(command).arg(folder).args(options);
    python.output().expect("python3 runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
