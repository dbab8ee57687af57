//! What the processor counts of the processes that we start, where the kernel lets us see it.
//!
//! A counter is opened on ourselves, off, to be inherited by children and to start at an `execve`: we make none, so
//! only the programs count. What a child counted is added to ours when it ends.
//!
//! A child whose counters are all inherited may be given our very counters when the kernel switches between the two,
//! and takes them with it when it ends. One counter beside them that is not inherited keeps it from that.
//!
//! Source: perf_event_open(2), and what the kernel does when it switches contexts that are clones.

use crate::system_text::system_text;
use crate::timeit::usage::{Counter, Counters};
use std::fs::File;
use std::io::{self, Read as _};
use std::mem::size_of;
use std::os::fd::FromRawFd as _;

const TYPE_HARDWARE: u32 = 0;

/// Flags of `perf_event_attr`, by their place.
const DISABLED: u64 = 1 << 0;
const INHERIT: u64 = 1 << 1;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
const ENABLE_ON_EXEC: u64 = 1 << 12;

/// Closed at an `execve`.
const CLOSE_ON_EXEC: libc::c_ulong = 1 << 3;

/// The first version of the structure, which every kernel knows.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint: u32,
    config1: u64,
}

/// Counters that are open.
pub(super) struct Counting {
    open: Vec<(Counter, Pair, u64)>,
}

/// A counter that children inherit, and one that they do not and that counts nothing.
struct Pair {
    inherited: File,
    _own: File,
}

/// Counters that cannot be had, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Which.
    pub counters: Vec<Counter>,
    /// Such as `this machine has none (a virtual one often hides them)`.
    pub why: String,
}

impl Counting {
    /// Opens what can be opened.
    pub(super) fn start(wanted: &[Counter]) -> (Counting, Option<Absent>) {
        let mut counting = Counting { open: Vec::new() };
        let mut absent: Option<Absent> = None;
        for &counter in wanted {
            match open_pair(TYPE_HARDWARE, hardware(counter)) {
                Ok(pair) => counting.open.push((counter, pair, 0)),
                Err(error) => absent
                    .get_or_insert_with(|| Absent {
                        counters: Vec::new(),
                        why: reason(&error),
                    })
                    .counters
                    .push(counter),
            }
        }
        (counting, absent)
    }

    /// What was counted since the last time.
    pub(super) fn take(&mut self) -> Counters {
        let mut counters = Counters::default();
        for (counter, pair, before) in &mut self.open {
            if let Some(count) = read(&mut pair.inherited) {
                counters.set(*counter, count.saturating_sub(*before));
                *before = count;
            }
        }
        counters
    }
}

/// The place in the kernel's list of general hardware events.
fn hardware(counter: Counter) -> u64 {
    match counter {
        Counter::Cycles => 0,
        Counter::Instructions => 1,
        Counter::CacheReferences => 2,
        Counter::CacheMisses => 3,
        Counter::BranchMisses => 5,
    }
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => {
            "the kernel forbids it (see /proc/sys/kernel/perf_event_paranoid)".into()
        }
        Some(libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP) => {
            "this machine has none to see, as is common for virtual ones".into()
        }
        _ => system_text(error),
    }
}

fn open_pair(kind: u32, config: u64) -> io::Result<Pair> {
    Ok(Pair {
        _own: open(kind, config, DISABLED)?,
        inherited: open(kind, config, DISABLED | INHERIT | ENABLE_ON_EXEC)?,
    })
}

fn open(kind: u32, config: u64, flags: u64) -> io::Result<File> {
    let attributes = Attributes {
        kind,
        size: u32::try_from(size_of::<Attributes>()).map_err(io::Error::other)?,
        config,
        flags: flags | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR,
        ..Attributes::default()
    };
    #[expect(unsafe_code, reason = "a system call that nothing wraps")]
    // SAFETY: it reads the attributes, whose size they hold, and returns a new descriptor, which no one else owns.
    unsafe {
        let descriptor = libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            0,
            -1,
            -1,
            CLOSE_ON_EXEC,
        );
        match i32::try_from(descriptor) {
            Ok(descriptor) if descriptor >= 0 => Ok(File::from_raw_fd(descriptor)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn read(file: &mut File) -> Option<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes).ok()?;
    Some(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
mod tests {
    use super::*;

    /// Virtual machines rarely have hardware counters, but all kernels count page faults the same way.
    #[test]
    fn a_child_counts_and_we_do_not() {
        const TYPE_SOFTWARE: u32 = 1;
        const PAGE_FAULTS: u64 = 2;
        let mut file = match open_pair(TYPE_SOFTWARE, PAGE_FAULTS) {
            Ok(pair) => pair,
            Err(error) => {
                eprintln!("skipped: this kernel lets us count nothing: {error}");
                return;
            }
        };
        // We fault, and it is not counted.
        std::hint::black_box(vec![1_u8; 4 << 20]);
        assert_eq!(read(&mut file.inherited), Some(0));
        let status = std::process::Command::new("true")
            .status()
            .expect("true is on every system");
        assert!(status.success());
        let first = read(&mut file.inherited).expect("a count");
        assert!(first > 0);
        std::process::Command::new("true")
            .status()
            .expect("it ran before");
        assert!(read(&mut file.inherited).expect("a count") > first);
    }

    #[test]
    fn what_cannot_be_counted_is_told_once() {
        let (counting, absent) = Counting::start(&Counter::ALL);
        let missing = absent.map_or(0, |absent| absent.counters.len());
        assert_eq!(counting.open.len() + missing, Counter::ALL.len());
    }
}
