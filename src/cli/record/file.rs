//! The dump's file: what can be found wrong with it before the program starts, and what earlier recordings left.

use super::super::output::{Output, followed, is_replaced, write_file};
use super::super::{Failure, input};
use crate::format::pstats;
use crate::profile::Profile;
use crate::record::recorder::UNFINISHED;
use crate::record::status::Story;
use crate::system_text::system_text;
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The dump's path from the root, once it is known that it can be written.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.to_string_lossy();
    let failed = |why: &str| Failure::usage(format!("cannot write `{shown}`: {why}"));
    let system = |error: std::io::Error| failed(&system_text(&error));
    if path.is_dir() || shown.ends_with('/') {
        return Err(failed("it is a folder"));
    }
    if path.file_name().is_none() {
        return Err(failed("it is no name of a file"));
    }
    if !is_replaced(path) {
        return Err(failed(
            "it is no file, and a dump takes the place of what has its name",
        ));
    }
    let whole = std::path::absolute(followed(path)).map_err(system)?;
    let folder = whole.parent().ok_or_else(|| failed("it has no folder"))?;
    if !folder.is_dir() {
        return Err(failed("there is no such folder").hint(Some("make the folder first")));
    }
    // A file that is there is replaced, so it need not be writable.
    tempfile::Builder::new()
        .prefix(".prof-")
        .tempfile_in(folder)
        .map_err(system)?;
    if let Some(name) = whole.file_name() {
        remove_unfinished(folder, name);
    }
    Ok(whole)
}

/// Removes what processes that were killed while they wrote left behind.
fn remove_unfinished(folder: &Path, name: &OsStr) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let file = entry.file_name();
        let process = file.to_str().and_then(|file| {
            let rest = file.strip_prefix('.')?.strip_prefix(name.to_str()?)?;
            // A child's has its number twice.
            rest.strip_suffix(UNFINISHED)?.rsplit('.').next()?.parse().ok()
        });
        if let Some(process @ 1..) = process
            && kill(Pid::from_raw(process), None) == Err(Errno::ESRCH)
        {
            // The next recording tries again.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Adds the dumps of all processes to one; that of the program itself stays under another name. Returns how many there
/// are; what fails is told.
pub(super) fn merge(dump: &Path, process: u32, story: &Story, output: &mut Output) -> Result<usize, Failure> {
    let mut own = dump.as_os_str().to_owned();
    own.push(format!(".{process}"));
    let mut sum: Option<Profile> = None;
    let mut count = 0;
    for path in story.dumps.keys() {
        let mut path = path.as_os_str().to_owned();
        if path == dump.as_os_str() {
            std::fs::rename(dump, &own)?;
            path.clone_from(&own);
        }
        let loaded = match input::load(&path) {
            Ok(loaded) => loaded.profile,
            Err(error) => {
                error.of(&path).tell(output)?;
                continue;
            }
        };
        count += 1;
        match &mut sum {
            None => sum = Some(loaded),
            Some(sum) => sum.add(&loaded).map_err(|error| {
                Failure::usage(format!("cannot add `{}`: {error}", path.to_string_lossy()))
            })?,
        }
    }
    if let Some(sum) = sum {
        write_file(dump, &pstats::write(&sum))?;
    }
    Ok(count)
}
