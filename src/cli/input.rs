//! A path or `-` to a profile; adds the path to errors.

use super::{Failure, modification_time};
use crate::format::any::{self, Input};
use crate::format::{self, Packing, read_profile};
use crate::profile::Profile;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

/// A profile and the line that names its file in the head of a report, raw bytes.
pub(super) struct Loaded {
    pub(super) profile: Profile,
    pub(super) file_line: Vec<u8>,
}

/// A profile of any kind, and the time of its file's last change.
pub(super) struct LoadedAny {
    pub(super) input: Input,
    pub(super) date: Option<String>,
}

/// Loads a profile in any known format; `-` is standard input.
pub(super) fn load_any(path: &OsStr) -> Result<LoadedAny, Failure> {
    let load = || {
        if path == "-" {
            return Ok(LoadedAny {
                input: any::read(io::stdin().lock()).map_err(of_format)?,
                date: None,
            });
        }
        let file = File::open(path).map_err(Error::System)?;
        let input = any::read(&file).map_err(of_format)?;
        let date = file
            .metadata()
            .ok()
            .and_then(|metadata| modification_time::of(&metadata));
        Ok(LoadedAny { input, date })
    };
    load().map_err(|error: Error| error.of(path))
}

/// Why a file could not be loaded.
#[derive(Debug)]
pub(super) enum Error {
    /// It cannot be opened or read.
    System(io::Error),
    /// It is no profile.
    Format(format::Error),
}

/// Loads a dump, or stacks that were sampled `rate` times a second, as functions; `-` is standard input.
pub(super) fn load_or_sum_up(path: &OsStr, rate: f64) -> Result<Loaded, Error> {
    let failed = match load(path) {
        Ok(loaded) => return Ok(loaded),
        Err(error) => error,
    };
    // What was read from standard input is gone.
    if path == "-" || !matches!(failed, Error::Format(_)) {
        return Err(failed);
    }
    let Ok(Input::Stacks(tree)) = File::open(path)
        .map_err(Error::System)
        .and_then(|file| any::read(file).map_err(of_format))
    else {
        return Err(failed);
    };
    let profile = Profile::from_stacks(&tree, 1.0 / rate).map_err(|error| Error::Format(error.into()))?;
    Ok(Loaded {
        profile,
        file_line: file_line(path),
    })
}

/// Loads a dump; `-` is standard input. What is packed by gzip is unpacked from standard input, and from a file
/// whose name says so.
pub(super) fn load(path: &OsStr) -> Result<Loaded, Error> {
    if path == "-" {
        let profile = read_profile(io::stdin().lock(), Packing::Gzip).map_err(of_format)?;
        return Ok(Loaded {
            profile,
            file_line: b"-".into(),
        });
    }
    let file = File::open(path).map_err(Error::System)?;
    // By the name, not by the content alone: pstats, too, rejects a packed file that is named as a dump.
    let packing = if path.as_bytes().ends_with(b"gz") {
        Packing::Gzip
    } else {
        Packing::None
    };
    let profile = read_profile(&file, packing).map_err(of_format)?;
    Ok(Loaded {
        profile,
        file_line: file_line(path),
    })
}

/// The line that names a file in the head of a report. pstats, too, looks at the path again after it has read the file.
fn file_line(path: &OsStr) -> Vec<u8> {
    let time = std::fs::metadata(path)
        .ok()
        .and_then(|metadata| modification_time::of(&metadata));
    let mut file_line = time
        .map(|time| format!("{time}    ").into_bytes())
        .unwrap_or_default();
    file_line.extend_from_slice(path.as_bytes());
    file_line
}

/// What the system says while reading is the system's failure, not the format's.
fn of_format(error: format::Error) -> Error {
    match error {
        format::Error::Marshal(format::marshal::Error::Io { source, .. })
            if source.raw_os_error().is_some() =>
        {
            Error::System(source)
        }
        error => Error::Format(error),
    }
}

impl Error {
    /// What the user is told.
    pub(super) fn of(self, path: &OsStr) -> Failure {
        let path = path.to_string_lossy();
        match self {
            Error::System(error) => Failure::usage(format!("cannot read `{path}`: {}", system_text(&error))),
            Error::Format(error) => {
                Failure::usage(format!("cannot read `{path}`: {error}")).hint(error.hint())
            }
        }
    }
}

/// What the system says, without Rust's number and what a crate adds behind it, such as the name of a temporary file.
pub(super) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().into()
}
