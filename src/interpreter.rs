//! Finds the interpreter that the user means: a path, a virtual environment, a version or a name; without any of
//! these the active virtual environment's, else the first `python3` or `python` on the path.

use std::cmp::Reverse;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// Where interpreters may be; what of it the environment says.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Folders of commands, in order: PATH.
    pub path: Vec<PathBuf>,
    /// The active virtual environment: VIRTUAL_ENV.
    pub virtual_env: Option<PathBuf>,
    /// Folders that hold one folder for each interpreter, named by its version: pyenv's and uv's.
    pub versions: Vec<PathBuf>,
}

/// There is no such interpreter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was named and nothing is there.
    #[error("no Python: neither python3 nor python is on the path, and no virtual environment is active")]
    None,
    /// VIRTUAL_ENV names a folder without an interpreter.
    #[error("the active virtual environment `{}` has no Python", .0.display())]
    Environment(PathBuf),
    /// No such file or folder.
    #[error("no Python at `{}`: no such file or folder", .0.display())]
    Missing(PathBuf),
    /// A folder that is none of a virtual environment.
    #[error("no Python in `{}`: it has no bin/python", .0.display())]
    Folder(PathBuf),
    /// A file that cannot be run.
    #[error("`{}` is not an executable file", .0.display())]
    NotExecutable(PathBuf),
    /// A version that is not installed, and those that are.
    #[error("no Python {version} is installed{}", others(.found))]
    Version {
        /// What was asked for.
        version: String,
        /// Versions that were found.
        found: Vec<String>,
    },
    /// A name that is not on the path.
    #[error("no command `{0}` on the path")]
    Name(String),
}

impl Error {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::None => "install Python, or name an interpreter or a virtual environment with --python",
            Error::Environment(_) => "activate another one, or name an interpreter with --python",
            _ => {
                "--python takes a path, the folder of a virtual environment, a version such as 3.11, or a name"
            }
        }
    }
}

fn others(found: &[String]) -> String {
    if found.is_empty() {
        String::new()
    } else {
        format!("; there are {}", found.join(", "))
    }
}

/// Finds an interpreter. It may be a shim: what it really is, it tells itself when it runs.
///
/// # Errors
/// If there is none.
pub fn find(choice: Option<&OsStr>, places: &Places) -> Result<PathBuf, Error> {
    let Some(choice) = choice else {
        return default(places);
    };
    let path = Path::new(choice);
    let text = choice.to_string_lossy();
    if text.contains('/') || path.is_dir() {
        return of_path(path);
    }
    if is_version(&text) {
        return of_version(&text, places);
    }
    on_path(choice, places).ok_or_else(|| Error::Name(text.into_owned()))
}

fn default(places: &Places) -> Result<PathBuf, Error> {
    if let Some(folder) = &places.virtual_env {
        return in_folder(folder).ok_or_else(|| Error::Environment(folder.clone()));
    }
    ["python3", "python", "python2"]
        .iter()
        .find_map(|name| on_path(OsStr::new(name), places))
        .ok_or(Error::None)
}

fn of_path(path: &Path) -> Result<PathBuf, Error> {
    if path.is_dir() {
        return in_folder(path).ok_or_else(|| Error::Folder(path.into()));
    }
    if !path.exists() {
        return Err(Error::Missing(path.into()));
    }
    if !is_executable(path) {
        return Err(Error::NotExecutable(path.into()));
    }
    Ok(absolute(path))
}

/// The interpreter of a virtual environment or of an installation.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    ["bin/python", "bin/python3", "python", "python3"]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| is_executable(path))
        .map(|path| absolute(&path))
}

/// Such as 3, 3.11, 3.11.7 or 3.13t.
fn is_version(text: &str) -> bool {
    let digits = text.strip_suffix('t').unwrap_or(text);
    digits
        .split('.')
        .all(|part| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The first command of that version on the path, or else the newest installation in a folder of versions. A shim
/// may stand for nothing that is there, so it is taken to mean such an installation.
fn of_version(version: &str, places: &Places) -> Result<PathBuf, Error> {
    let installed = installed(places);
    let best = || {
        let mut all = installed.iter();
        all.find(|(found, _)| matches_version(found, version))
            .map(|(_, path)| path.clone())
    };
    let name = OsString::from(format!("python{version}"));
    let commands = places.path.iter().map(|folder| folder.join(&name));
    for command in commands.filter(|path| is_executable(path)) {
        if !command.parent().is_some_and(|folder| folder.ends_with("shims")) {
            return Ok(absolute(&command));
        }
        if let Some(found) = best() {
            return Ok(found);
        }
    }
    best().ok_or_else(|| Error::Version {
        version: version.into(),
        found: installed.into_iter().map(|(version, _)| version).collect(),
    })
}

/// Does `3.11.7` answer to `3.11`?
fn matches_version(found: &str, wanted: &str) -> bool {
    let (found, found_threads) = split_threads(found);
    let (wanted, wanted_threads) = split_threads(wanted);
    found_threads == wanted_threads
        && found
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn split_threads(version: &str) -> (&str, bool) {
    match version.strip_suffix('t') {
        Some(version) => (version, true),
        None => (version, false),
    }
}

/// Versions and interpreters in the folders of versions, the newest first.
fn installed(places: &Places) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = places
        .versions
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // uv's folders are named as `cpython-3.11.7-linux-x86_64-gnu`.
            let version = match name.strip_prefix("cpython-") {
                Some(rest) => rest.split('-').next()?.replace("+freethreaded", "t"),
                None => name.clone(),
            };
            is_version(&version).then_some(())?;
            Some((version, in_folder(&entry.path())?))
        })
        .collect();
    let key = |version: &str| -> Vec<u32> {
        let (digits, _) = split_threads(version);
        digits.split('.').filter_map(|part| part.parse().ok()).collect()
    };
    found.sort_by_key(|(version, path)| (Reverse(key(version)), path.clone()));
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

fn on_path(name: &OsStr, places: &Places) -> Option<PathBuf> {
    places
        .path
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path))
        .map(|path| absolute(&path))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The working folder of the session may be another than ours. Links stay: a virtual environment's `python` is one.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A folder with these files; those whose name does not end in `.txt` can be run.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, "").expect("a file");
            let mode = if file.ends_with(".txt") { 0o644 } else { 0o755 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a file");
        }
        folder
    }

    /// What is found for a choice, relative to the folder, or the start of the error.
    fn check(files: &[&str], choice: Option<&str>, virtual_env: Option<&str>, expected: &str) {
        let folder = folder(files);
        let root = folder.path();
        let places = Places {
            path: vec![root.join("nothing"), root.join("shims"), root.join("bin")],
            virtual_env: virtual_env.map(|name| root.join(name)),
            versions: vec![root.join("pyenv"), root.join("uv")],
        };
        // Paths are given in full.
        let choice = choice.map(|choice| match choice.strip_prefix("./") {
            Some(path) => root.join(path).into_os_string(),
            None => OsString::from(choice),
        });
        let found = match find(choice.as_deref(), &places) {
            Ok(path) => path
                .strip_prefix(root)
                .expect("below it")
                .to_string_lossy()
                .into_owned(),
            Err(error) => error.to_string().replace(&*root.to_string_lossy(), "."),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn without_a_choice_it_is_the_environment_or_the_path() {
        check(&["bin/python", "bin/python3"], None, None, "bin/python3");
        check(&["shims/python", "bin/python3"], None, None, "bin/python3");
        check(&["bin/python3", "v/bin/python"], None, Some("v"), "v/bin/python");
        check(
            &["bin/python3", "v/a.txt"],
            None,
            Some("v"),
            "the active virtual environment `./v` has no Python",
        );
        check(
            &["bin/a"],
            None,
            None,
            "no Python: neither python3 nor python is on the path, and no virtual environment is active",
        );
    }

    #[test]
    fn a_choice_is_a_path_a_folder_or_a_name() {
        check(&["x/py"], Some("./x/py"), None, "x/py");
        check(&["x/bin/python3"], Some("./x"), Some("v"), "x/bin/python3");
        check(&["bin/pypy"], Some("pypy"), None, "bin/pypy");
        check(
            &["x/a.txt"],
            Some("./x/a.txt"),
            None,
            "`./x/a.txt` is not an executable file",
        );
        check(
            &["x/a.txt"],
            Some("./x"),
            None,
            "no Python in `./x`: it has no bin/python",
        );
        check(
            &[],
            Some("./x"),
            None,
            "no Python at `./x`: no such file or folder",
        );
        check(&["bin/a"], Some("pypy"), None, "no command `pypy` on the path");
    }

    #[test]
    fn a_version_is_a_command_or_the_newest_installation() {
        let pyenv = [
            "pyenv/3.9.18/bin/python",
            "pyenv/3.11.7/bin/python",
            "pyenv/3.11.10/bin/python",
        ];
        check(&pyenv, Some("3.11"), None, "pyenv/3.11.10/bin/python");
        check(&pyenv, Some("3"), None, "pyenv/3.11.10/bin/python");
        check(&pyenv, Some("3.11.7"), None, "pyenv/3.11.7/bin/python");
        check(
            &pyenv,
            Some("3.1"),
            None,
            "no Python 3.1 is installed; there are 3.11.10, 3.11.7, 3.9.18",
        );
        check(
            &["bin/python3.11", pyenv[1]],
            Some("3.11"),
            None,
            "bin/python3.11",
        );
        check(
            &["shims/python3.11", "bin/python3.11", pyenv[1]],
            Some("3.11"),
            None,
            pyenv[1],
        );
        check(
            &["shims/python3.11", "bin/python3.11"],
            Some("3.11"),
            None,
            "bin/python3.11",
        );
        check(
            &["shims/python3.11"],
            Some("3.11"),
            None,
            "no Python 3.11 is installed",
        );
        let uv = "uv/cpython-3.13.0+freethreaded-linux-x86_64-gnu/bin/python3";
        check(&[uv, "pyenv/3.13.1/bin/python"], Some("3.13t"), None, uv);
    }
}
