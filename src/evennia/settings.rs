//! What a game's settings say.

use super::Game;
use serde::Deserialize;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a game's settings say, of what matters here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Settings {
    /// The version of its interpreter.
    pub python: String,
    /// The version of Evennia; empty if it does not tell.
    pub evennia: String,
    /// The game's name.
    pub name: String,
    /// Can it be played by telnet?
    telnet: bool,
    /// Ports for telnet, in order.
    ports: Vec<u16>,
    /// The addresses it listens on.
    interfaces: Vec<String>,
    /// Are its limits off, as tests with dummies need it?
    pub mixin: bool,
    /// The module, or file, that says what the original's dummies do.
    pub dummyrunner: String,
}

/// Why a game's settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No interpreter has Evennia.
    #[error("no Python of the game in `{}` has Evennia{}", .game.display(), each(.tried))]
    NoEvennia {
        /// The game's folder.
        game: PathBuf,
        /// Interpreters, and what they said.
        tried: Vec<(PathBuf, String)>,
    },
    /// The settings fail.
    #[error("`{}` fails:\n{}", .file.display(), .traceback.trim_end())]
    Broken {
        /// The settings.
        file: PathBuf,
        /// Python's words.
        traceback: String,
    },
    /// The interpreter fails.
    #[error("`{}` did not read the settings: {what}", .python.display())]
    Python {
        /// The interpreter.
        python: PathBuf,
        /// What it said, or the system.
        what: String,
    },
}

fn each(tried: &[(PathBuf, String)]) -> String {
    let each = tried
        .iter()
        .map(|(python, what)| format!("\n  {}: {what}", python.display()));
    each.collect()
}

impl Error {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::NoEvennia { .. } => {
                "activate the game's virtual environment, or name it with --python; --port N needs no settings"
            }
            Error::Broken { .. } => "mend the settings; --port N needs none of them",
            Error::Python { .. } => "name the game's interpreter with --python; --port N needs no settings",
        }
    }
}

/// Longer than the slowest import on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes: tracebacks are far shorter.
const LONGEST_ANSWER: u64 = 1 << 20;
/// Evennia's launcher takes no other, if not told.
const MODULE: &str = "server.conf.settings";

/// One line of the script.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    NoEvennia { no_evennia: String },
    Broken { broken: String },
    Settings(Settings),
}

impl Settings {
    /// Reads the settings of a game in the first of these interpreters that has Evennia. Returns that with them.
    ///
    /// # Errors
    /// If none has it, the settings fail, or an interpreter does.
    pub fn read(game: &Game, interpreters: &[PathBuf]) -> Result<(PathBuf, Settings), Error> {
        let mut tried = Vec::new();
        for python in interpreters {
            match ask(python, game)? {
                Answer::Settings(settings) => return Ok((python.clone(), settings)),
                Answer::NoEvennia { no_evennia } => tried.push((python.clone(), no_evennia)),
                Answer::Broken { broken } => {
                    return Err(Error::Broken {
                        file: game.settings_file(),
                        traceback: broken,
                    });
                }
            }
        }
        Err(Error::NoEvennia {
            game: game.folder().into(),
            tried,
        })
    }

    /// The telnet port, as the original takes it: the first. `None`: the game has none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.ports.first().copied().filter(|_| self.telnet)
    }

    /// The address to connect to on this machine.
    #[must_use]
    pub fn host(&self) -> std::net::IpAddr {
        let listens = self
            .interfaces
            .iter()
            .find_map(|text| text.parse::<std::net::IpAddr>().ok());
        match listens {
            Some(ip) if !ip.is_unspecified() => ip,
            _ => std::net::Ipv4Addr::LOCALHOST.into(),
        }
    }
}

fn ask(python: &Path, game: &Game) -> Result<Answer, Error> {
    let failed = |what: String| Error::Python {
        python: python.into(),
        what,
    };
    let mut child = Command::new(python)
        .args(["-c", include_str!("settings.py"), MODULE])
        .current_dir(game.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // Both are read by threads: a child that the settings began may hold them open after our own has ended.
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut answers = child.stdout.take();
    let mut words = child.stderr.take();
    std::thread::spawn(move || {
        let mut text = String::new();
        // A line: what comes after it is not for us. Without one the text is none that we know.
        let _ = answers
            .take()
            .map(|pipe| BufReader::new(pipe.take(LONGEST_ANSWER)).read_line(&mut text));
        // Nobody listens only if time was up.
        let _ = sender.send(text);
    });
    let said = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = words.as_mut().map(|pipe| pipe.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let start = Instant::now();
    let line = receiver.recv_timeout(PATIENCE);
    if line.is_err() {
        // Ends it; one that has ended meanwhile needs none.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    let Ok(line) = line else {
        let seconds = start.elapsed().as_secs();
        return Err(failed(format!("it took more than {seconds} s")));
    };
    serde_json::from_str(&line).map_err(|_| {
        let said = if status.success() || !said.is_finished() {
            String::new()
        } else {
            said.join().unwrap_or_default()
        };
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        failed(last.map_or_else(
            || format!("it ended with {status}"),
            |line| line.trim().to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn game(folder: &Path) -> Game {
        fs::create_dir_all(folder.join("server/conf")).expect("folders");
        fs::write(folder.join("server/conf/settings.py"), "").expect("a file");
        Game::around(folder).expect("the game")
    }

    /// An interpreter that does this.
    fn python(folder: &Path, name: &str, script: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
        path
    }

    #[test]
    fn the_first_interpreter_that_has_evennia_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let game = game(folder.path());
        let without = python(
            folder.path(),
            "a",
            r#"echo '{"no_evennia": "No module", "python": "3.8"}'"#,
        );
        let with = python(
            folder.path(),
            "b",
            r#"echo '{"python": "3.11.7", "evennia": "5.0.1", "name": "g", "telnet": true, "ports": [4100, 4000],
"interfaces": ["0.0.0.0"], "mixin": false, "dummyrunner": "x.y"}' | tr -d '\n'; echo"#,
        );
        let (found, settings) = Settings::read(&game, &[without.clone(), with.clone()]).expect("settings");
        assert_eq!(
            (found, settings.port(), settings.host().to_string()),
            (with, Some(4100), "127.0.0.1".into())
        );
        let error = Settings::read(&game, &[without])
            .expect_err("none has it")
            .to_string();
        assert!(
            error.contains("has Evennia\n") && error.ends_with("No module"),
            "{error}"
        );
    }

    #[test]
    fn what_fails_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let game = game(folder.path());
        let error = |script: &str| {
            let python = python(folder.path(), "p", script);
            Settings::read(&game, &[python])
                .expect_err("it fails")
                .to_string()
        };
        let broken = error(r#"echo '{"broken": "Traceback\\nNameError: x"}'"#);
        assert!(
            broken.contains("settings.py` fails:\nTraceback\nNameError: x"),
            "{broken}"
        );
        assert!(error("echo nonsense; exit 0").contains("ended with exit status: 0"));
        assert!(error("exit 3").contains("exit status: 3"));
    }
}
