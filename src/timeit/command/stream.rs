//! Where commands read and write.

use super::{Input, Output};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;

/// How much is shown of what a command wrote before it failed.
const SHOWN: u64 = 4096;

/// Kept errors are thrown away where they grow beyond this.
const KEPT: u64 = 1 << 16;

/// The null device, for reading and writing.
pub(super) fn null() -> io::Result<OwnedFd> {
    Ok(OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?
        .into())
}

/// A file in memory for what commands write on standard error, of which the end is shown if they fail.
pub(super) struct Errors(File);

impl Errors {
    pub(super) fn new() -> io::Result<Errors> {
        let descriptor = memfd_create(c"prof", MFdFlags::MFD_CLOEXEC)?;
        // Each write goes to the end, wherever that is after the file was emptied.
        let flags = nix::fcntl::OFlag::O_APPEND;
        nix::fcntl::fcntl(&descriptor, nix::fcntl::FcntlArg::F_SETFL(flags))?;
        Ok(Errors(descriptor.into()))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Empties it where it has become large: it takes memory.
    pub(super) fn trim(&self) {
        if self.0.metadata().is_ok_and(|file| file.len() > KEPT) {
            self.clear();
        }
    }

    pub(super) fn clear(&self) {
        // It stays large then, and no harm is done.
        let _ = self.0.set_len(0);
    }

    /// The end of what was written.
    pub(super) fn end(&self) -> String {
        let length = self.0.metadata().map_or(0, |file| file.len());
        let start = length.saturating_sub(SHOWN);
        let mut bytes = vec![0; usize::try_from(length - start).unwrap_or(0)];
        let count = self.0.read_at(&mut bytes, start).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }
}

/// An open input.
pub(super) struct Reads(Option<File>);

impl Reads {
    pub(super) fn open(input: &Input) -> io::Result<Reads> {
        let Input::File(path) = input else {
            return Ok(Reads(None));
        };
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // Each run begins at its beginning.
        file.rewind()?;
        Ok(Reads(Some(file)))
    }

    /// Ready for a run.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Some(file) => file.seek(SeekFrom::Start(0)).map(drop),
            None => Ok(()),
        }
    }

    pub(super) fn fd<'a>(&'a self, null: &'a OwnedFd) -> BorrowedFd<'a> {
        self.0.as_ref().map_or(null.as_fd(), |file| file.as_fd())
    }
}

/// An open output.
pub(super) enum Writes {
    Null,
    Inherit,
    File(File),
    Pipe(io::PipeWriter),
}

impl Writes {
    pub(super) fn open(output: &Output) -> io::Result<Writes> {
        Ok(match output {
            Output::Null => Writes::Null,
            Output::Inherit => Writes::Inherit,
            Output::File(path) => Writes::File(OpenOptions::new().append(true).create(true).open(path)?),
            Output::Pipe => {
                let (reader, writer) = io::pipe()?;
                // It ends when no one has the other end any more.
                std::thread::Builder::new()
                    .name("drain".into())
                    .spawn(move || drain(reader))?;
                Writes::Pipe(writer)
            }
        })
    }

    /// Ready for a run.
    pub(super) fn begin(&self) -> io::Result<()> {
        match self {
            Writes::File(file) if file.metadata()?.is_file() => file.set_len(0),
            _ => Ok(()),
        }
    }

    /// Standard output and error; `None` is where we write.
    pub(super) fn fds<'a>(
        &'a self,
        null: &'a OwnedFd,
        errors: &'a Errors,
    ) -> (Option<BorrowedFd<'a>>, Option<BorrowedFd<'a>>) {
        match self {
            Writes::Null => (Some(null.as_fd()), Some(errors.fd())),
            Writes::Inherit => (None, None),
            Writes::File(file) => (Some(file.as_fd()), Some(errors.fd())),
            Writes::Pipe(pipe) => (Some(pipe.as_fd()), Some(errors.fd())),
        }
    }
}

fn drain(mut reader: io::PipeReader) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
