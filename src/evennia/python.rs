//! Which interpreters may be a game's own.

use super::{Game, Part};
use crate::interpreter::{self, Places};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Names that people give to virtual environments.
const NAMES: [&str; 5] = ["evenv", ".venv", "venv", "env", ".env"];

/// Interpreters in which Evennia may be installed, the most likely first: that of the running game, the active virtual
/// environment, one beside or in the game's folder, that of the `evennia` command, the first on the path.
#[must_use]
pub fn interpreters(game: &Game, places: &Places) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    found.extend(Part::ALL.into_iter().filter_map(|part| of_process(game, part)));
    let mut folders: Vec<PathBuf> = places.virtual_env.iter().cloned().collect();
    for place in game.folder().ancestors().take(3) {
        folders.extend(NAMES.map(|name| place.join(name)));
        folders.extend(environments_in(place));
    }
    found.extend(folders.iter().filter_map(|folder| in_folder(folder)));
    found.extend(
        places
            .path
            .iter()
            .filter_map(|folder| of_command(&folder.join("evennia"))),
    );
    found.extend(interpreter::find(
        None,
        &Places {
            virtual_env: None,
            ..places.clone()
        },
    ));
    let mut seen = Vec::new();
    found.retain(|path| {
        let is_new = !seen.contains(path);
        seen.push(path.clone());
        is_new
    });
    found
}

/// The first word of the running process: the link in its virtual environment, which `/proc/PID/exe` has lost.
fn of_process(game: &Game, part: Part) -> Option<PathBuf> {
    let process = game.process(part)?;
    let line = fs::read(format!("/proc/{}/cmdline", process.pid())).ok()?;
    let word = line.split(|byte| *byte == 0).next()?;
    let path = Path::new(OsStr::from_bytes(word));
    (path.is_absolute() && path.is_file()).then(|| path.into())
}

fn in_folder(folder: &Path) -> Option<PathBuf> {
    if !folder.is_dir() {
        return None;
    }
    interpreter::find(Some(folder.as_os_str()), &Places::default()).ok()
}

/// Virtual environments of any name.
fn environments_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("pyvenv.cfg").is_file())
        .collect();
    folders.sort();
    folders
}

/// The interpreter that a command's first line names.
fn of_command(command: &Path) -> Option<PathBuf> {
    let text = fs::read(command).ok()?;
    let line = text.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let path = Path::new(OsStr::from_bytes(line.trim_ascii()));
    path.is_file().then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn executable(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a folder above")).expect("folders");
        fs::write(path, text).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own file");
    }

    #[test]
    fn environments_come_in_the_order_of_likeliness() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        let game = root.join("mygame");
        fs::create_dir_all(game.join("server/conf")).expect("folders");
        fs::write(game.join("server/conf/settings.py"), "").expect("a file");
        for python in [
            "active/bin/python",
            "evenv/bin/python",
            "odd/bin/python",
            "bin/python3",
        ] {
            executable(&root.join(python), "");
        }
        fs::write(root.join("odd/pyvenv.cfg"), "").expect("a file");
        let line = format!("#!{}\n", root.join("active/bin/python").display());
        executable(&root.join("bin/evennia"), &line);
        let places = Places {
            path: vec![root.join("bin")],
            virtual_env: Some(root.join("active")),
            versions: Vec::new(),
        };
        let game = Game::around(&game).expect("the game");
        let found = interpreters(&game, &places);
        let names: Vec<&Path> = found
            .iter()
            .filter_map(|path| path.strip_prefix(&root).ok())
            .collect();
        let expected = [
            "active/bin/python",
            "evenv/bin/python",
            "odd/bin/python",
            "bin/python3",
        ];
        assert_eq!(names, expected.map(Path::new), "each once");
    }
}
