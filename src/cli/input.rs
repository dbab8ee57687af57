//! A path or `-` to a profile; adds the path to errors.

use super::{Failure, modification_time};
use crate::format::any::{self, Input};
use crate::format::{self, Packing, read_profile};
use crate::profile::Profile;
use crate::system_text::system_text;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
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
    if path == "-" {
        // It can be read once only, and may have to be tried as both.
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(Error::System)?;
        return match from_standard_input(&bytes[..]) {
            Err(failed @ Error::Format(_)) => summed_up(&bytes[..], rate, b"-".into()).unwrap_or(Err(failed)),
            loaded => loaded,
        };
    }
    match load(path) {
        Err(failed @ Error::Format(_)) => {
            let file = File::open(path).map_err(Error::System)?;
            summed_up(file, rate, file_line(path)).unwrap_or(Err(failed))
        }
        loaded => loaded,
    }
}

/// Stacks as functions, or what is wrong with them; `None` for what is no stacks.
fn summed_up(input: impl Read, rate: f64, file_line: Vec<u8>) -> Option<Result<Loaded, Error>> {
    use format::Error::{Folded, Pprof};
    let tree = match any::read(input) {
        Ok(Input::Stacks(tree)) => tree,
        // Other JSON is no speedscope file.
        Err(error @ (Folded(_) | Pprof(_))) => return Some(Err(of_format(error))),
        Ok(Input::Profile(_)) | Err(_) => return None,
    };
    let profile = Profile::from_stacks(&tree, 1.0 / rate);
    Some(
        profile
            .map(|profile| Loaded { profile, file_line })
            .map_err(|error| Error::Format(error.into())),
    )
}

/// Loads a dump; `-` is standard input. What is packed by gzip is unpacked from standard input, and from a file
/// whose name says so.
pub(super) fn load(path: &OsStr) -> Result<Loaded, Error> {
    if path == "-" {
        return from_standard_input(io::stdin().lock());
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

fn from_standard_input(input: impl Read) -> Result<Loaded, Error> {
    Ok(Loaded {
        profile: read_profile(input, Packing::Gzip).map_err(of_format)?,
        file_line: b"-".into(),
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
