//! A child of `prof` that does nothing but wait for its end: if `prof` is killed, even by SIGKILL, it kills the
//! process groups of the user's interpreters that still run, with all that the user's code started in them.
//!
//! A signal at the parent's death (prctl) would reach the interpreter alone, and a thread in it could not act while
//! the user's code holds the interpreter's lock.

use nix::unistd::Pid;
use std::io::{PipeReader, PipeWriter, Write as _};
use std::os::fd::AsRawFd as _;
use std::sync::{Mutex, PoisonError};

/// The keeper's ears; open as long as `prof` lives.
static KEEPER: Mutex<Option<PipeWriter>> = Mutex::new(None);

/// The keeper looks after so many groups at once; those beyond that only lack its help.
const LIMIT: usize = 64;

/// A process group that is killed if `prof` dies before this is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    group: Pid,
}

/// Starts the keeper if there is none. Call it before the descriptors of an interpreter exist, since it holds copies
/// of all that are open.
pub(crate) fn start() -> std::io::Result<()> {
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    if keeper.is_none() {
        let (ears, mouth) = std::io::pipe()?;
        fork(&ears, &mouth)?;
        *keeper = Some(mouth);
    }
    Ok(())
}

/// Guards a process group.
pub(crate) fn guard(group: Pid) -> Guard {
    tell(group.as_raw());
    Guard { group }
}

impl Drop for Guard {
    fn drop(&mut self) {
        tell(-self.group.as_raw());
    }
}

fn tell(word: i32) {
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    // Without a keeper all works as well, but for the case that `prof` is killed.
    let written = keeper
        .as_mut()
        .is_none_or(|mouth| mouth.write_all(&word.to_ne_bytes()).is_ok());
    if !written {
        *keeper = None;
    }
}

#[expect(
    unsafe_code,
    reason = "only fork makes a process that shares this program's memory"
)]
fn fork(ears: &PipeReader, mouth: &PipeWriter) -> std::io::Result<()> {
    let (ears, mouth) = (ears.as_raw_fd(), mouth.as_raw_fd());
    // SAFETY: the child calls nothing but system calls that are allowed after fork, allocates nothing, and
    // never returns from `keep`.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error()),
        0 => keep(ears, mouth),
        _ => Ok(()),
    }
}

#[expect(
    unsafe_code,
    reason = "system calls, in a child in which nothing else is allowed"
)]
fn keep(ears: i32, mouth: i32) -> ! {
    let mut groups = [0_i32; LIMIT];
    // SAFETY: each call gets numbers, or the address and size of a local array.
    unsafe {
        // Signals of the terminal are not for it.
        libc::setpgid(0, 0);
        libc::close(mouth);
        loop {
            let mut word = [0_u8; 4];
            let count = libc::read(ears, word.as_mut_ptr().cast(), word.len());
            if count < 0 && *libc::__errno_location() == libc::EINTR {
                continue;
            }
            if count != 4 {
                break;
            }
            let word = i32::from_ne_bytes(word);
            let (from, to) = if word > 0 { (0, word) } else { (-word, 0) };
            if let Some(place) = groups.iter_mut().find(|group| **group == from) {
                *place = to;
            }
        }
        for &group in groups.iter().filter(|&&group| group > 1) {
            libc::kill(-group, libc::SIGKILL);
        }
        libc::_exit(0)
    }
}
