//! The two directions in which `prof` and a worker speak.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Instant;

/// The environment's name for the file from which a worker reads.
const REQUESTS: &str = "PROF_REQUESTS";
/// The environment's name for the file into which it writes.
const ANSWERS: &str = "PROF_ANSWERS";

/// How a worker gets its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::timeit) enum Link {
    /// A socket as its standard input.
    Input,
    /// Two pipes, which the environment names as files: any language can open these.
    Files,
}

/// Our end, in both directions. Writing never blocks.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) reads: File,
    pub(super) writes: File,
}

impl Channel {
    pub(super) fn new(reads: OwnedFd, writes: OwnedFd) -> io::Result<Channel> {
        let flags = OFlag::from_bits_retain(fcntl(&writes, FcntlArg::F_GETFL)?);
        fcntl(&writes, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Channel {
            reads: reads.into(),
            writes: writes.into(),
        })
    }

    /// Our end, and the worker's.
    pub(super) fn socket() -> io::Result<(Channel, OwnedFd)> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok((
            Channel::new(ours.try_clone()?.into(), ours.into())?,
            theirs.into(),
        ))
    }

    /// Writes as much as can be written at once, or waits for room.
    pub(super) fn write(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        match self.writes.write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut room = [PollFd::new(self.writes.as_fd(), PollFlags::POLLOUT)];
                match poll(&mut room, timeout(until)) {
                    Ok(0) => Err(io::ErrorKind::TimedOut.into()),
                    Ok(_) | Err(Errno::EINTR) => Ok(0),
                    Err(error) => Err(error.into()),
                }
            }
            result => result,
        }
    }
}

/// Tells the program by its environment where its channel is, and lets it have it.
pub(super) fn leave_open(command: &mut Command, [requests, answers]: [RawFd; 2]) {
    command.env(REQUESTS, format!("/dev/fd/{requests}"));
    command.env(ANSWERS, format!("/dev/fd/{answers}"));
    #[expect(
        unsafe_code,
        reason = "descriptors of one child alone can only be left open in that child"
    )]
    // SAFETY: between fork and exec nothing is called but fcntl, which is allowed there; the descriptors are open
    // until the program is started.
    unsafe {
        command.pre_exec(move || {
            for descriptor in [requests, answers] {
                if libc::fcntl(descriptor, libc::F_SETFD, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
}

/// Rounded up, so that a wait does not end before its time.
pub(super) fn timeout(until: Instant) -> PollTimeout {
    let left = until.saturating_duration_since(Instant::now());
    let milliseconds = left.as_micros().div_ceil(1000);
    PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
}
