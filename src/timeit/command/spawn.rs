//! Starts a process and waits for it, as near to its own time as can be had.
//!
//! The child shares our memory until its `execve` (clone with `CLONE_VM | CLONE_VFORK`): nothing is copied, and it can
//! leave the time in our memory right before that call. So what is measured begins when the system loads the program,
//! and ends when we hear of its end: neither our own start of the child nor what it prepares is in it.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::time::Duration;

/// The stack of the child until its `execve`: it makes a handful of system calls.
const STACK: usize = 64 * 1024;

/// Waiting is interrupted so often, to see whether it should end.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// What to start. The pointers that the system call takes are made once.
pub(super) struct Program {
    file: CString,
    folder: Option<CString>,
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    // What the pointers point to.
    _arguments: Vec<CString>,
    _environment: Vec<CString>,
    /// The variable that counts runs: [`ITERATION`], `=` and digits.
    iteration: Box<[u8]>,
}

/// The variable that tells a command how many runs of it came before, from 0.
pub const ITERATION: &str = "PROF_ITERATION";

/// Digits of a count.
const DIGITS: usize = 20;

impl Program {
    /// A file with its arguments, the first being its own name, in this environment.
    pub(super) fn new(
        file: CString,
        arguments: Vec<CString>,
        environment: Vec<CString>,
        folder: Option<CString>,
    ) -> Program {
        let mut iteration = format!("{ITERATION}=").into_bytes();
        iteration.resize(iteration.len() + DIGITS + 1, 0);
        let iteration = iteration.into_boxed_slice();
        let pointers = |texts: &[CString]| texts.iter().map(|text| text.as_ptr()).collect::<Vec<_>>();
        let mut argv = pointers(&arguments);
        argv.push(std::ptr::null());
        let mut envp = pointers(&environment);
        envp.push(iteration.as_ptr().cast());
        envp.push(std::ptr::null());
        Program {
            file,
            folder,
            argv,
            envp,
            _arguments: arguments,
            _environment: environment,
            iteration,
        }
    }

    /// The next run is this one, from 0.
    pub(super) fn set_iteration(&mut self, mut count: u64) {
        let start = ITERATION.len() + 1;
        let mut digits = [0; DIGITS];
        let mut length = 0;
        loop {
            digits[length] = b'0' + (count % 10) as u8;
            length += 1;
            count /= 10;
            if count == 0 {
                break;
            }
        }
        digits[..length].reverse();
        self.iteration[start..start + length].copy_from_slice(&digits[..length]);
        self.iteration[start + length] = 0;
        let end = self.envp.len() - 2;
        // The text was written through its owner: take its address anew.
        self.envp[end] = self.iteration.as_ptr().cast();
    }

    pub(super) fn file(&self) -> &CStr {
        &self.file
    }
}

/// Where a process reads and writes; `None` is where we do.
#[derive(Clone, Copy, Default)]
pub(super) struct Streams<'a> {
    pub(super) input: Option<BorrowedFd<'a>>,
    pub(super) output: Option<BorrowedFd<'a>>,
    pub(super) errors: Option<BorrowedFd<'a>>,
}

/// How a process ended, and what it took.
pub(super) struct Ended {
    pub(super) wall: Duration,
    /// As `wait4` gives it.
    pub(super) status: c_int,
    pub(super) usage: libc::rusage,
    /// It was stopped because it wanted the terminal, and killed.
    pub(super) wanted_terminal: bool,
}

/// What a look at a run that lasts decides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    GoOn,
    /// A signal to its process group.
    Send(Signal),
}

/// What the child is told, and where it leaves the time of its start.
struct Shared {
    file: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
    folder: *const c_char,
    streams: [RawFd; 3],
    has_group: bool,
    start: libc::timespec,
    error: c_int,
}

/// Starts processes: holds the stack on which they begin.
pub(super) struct Spawner {
    stack: Vec<u128>,
}

impl Spawner {
    pub(super) fn new() -> Spawner {
        Spawner {
            stack: vec![0; STACK / size_of::<u128>()],
        }
    }

    /// Runs a program to its end. With `has_group` it leads a process group of its own, which signals reach. `look`
    /// is asked about four times a second, and told how long it runs.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn run(
        &mut self,
        program: &Program,
        streams: Streams<'_>,
        has_group: bool,
        look: &mut dyn FnMut(Duration) -> Look,
    ) -> io::Result<Ended> {
        let descriptor = |stream: Option<BorrowedFd<'_>>| stream.map_or(-1, |stream| stream.as_raw_fd());
        let mut shared = Shared {
            file: program.file.as_ptr(),
            argv: program.argv.as_ptr(),
            envp: program.envp.as_ptr(),
            folder: program
                .folder
                .as_ref()
                .map_or(std::ptr::null(), |folder| folder.as_ptr()),
            streams: [streams.input, streams.output, streams.errors].map(descriptor),
            has_group,
            start: libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            error: 0,
        };
        let shared: *mut Shared = &raw mut shared;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        #[expect(unsafe_code, reason = "only clone starts a process that shares our memory")]
        // SAFETY: the child runs on a stack of its own, of which the end is given, and we are stopped until it has
        // called execve or ended, so what it reads and writes through `shared` is valid and no one else's.
        let pid = unsafe {
            libc::clone(
                begin,
                self.stack.as_mut_ptr_range().end.cast(),
                flags,
                shared.cast(),
            )
        };
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        #[expect(unsafe_code, reason = "the child wrote it behind the compiler's back")]
        // SAFETY: it points to a live value, which the child no longer writes to.
        let (start, error) = unsafe {
            (
                (&raw const (*shared).start).read_volatile(),
                (&raw const (*shared).error).read_volatile(),
            )
        };
        let ended = wait(pid, start, has_group, look);
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        Ok(ended)
    }
}

/// What the child does: from its stack to the program.
#[expect(
    unsafe_code,
    reason = "system calls, in a child in which nothing else is allowed"
)]
extern "C" fn begin(shared: *mut c_void) -> c_int {
    let shared: *mut Shared = shared.cast();
    // SAFETY: `shared` is what `Spawner::run` passed and is valid until execve; the calls get numbers and the addresses
    // of null-terminated texts and lists.
    unsafe {
        // What would outlive us when we are killed dies with us.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if (*shared).has_group {
            libc::setpgid(0, 0);
        }
        // Rust's runtime ignores it, and what is ignored stays so in programs.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        for (target, &descriptor) in [0, 1, 2].iter().zip(&(*shared).streams) {
            if descriptor >= 0 && libc::dup2(descriptor, *target) < 0 {
                (*shared).error = *libc::__errno_location();
                libc::_exit(127);
            }
        }
        if !(*shared).folder.is_null() && libc::chdir((*shared).folder) < 0 {
            (*shared).error = *libc::__errno_location();
            libc::_exit(127);
        }
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut (*shared).start);
        libc::execve((*shared).file, (*shared).argv, (*shared).envp);
        (*shared).error = *libc::__errno_location();
        libc::_exit(127)
    }
}

fn now() -> libc::timespec {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    #[expect(unsafe_code, reason = "the same clock that the child reads")]
    // SAFETY: it writes one timespec.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now);
    }
    now
}

fn since(start: libc::timespec) -> Duration {
    let now = now();
    let nanoseconds = (now.tv_sec - start.tv_sec) * 1_000_000_000 + (now.tv_nsec - start.tv_nsec);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

fn wait(
    pid: libc::pid_t,
    start: libc::timespec,
    has_group: bool,
    look: &mut dyn FnMut(Duration) -> Look,
) -> Ended {
    let mut wanted_terminal = false;
    loop {
        let mut status = 0;
        #[expect(unsafe_code, reason = "a plain record of numbers")]
        // SAFETY: all of its fields are numbers, for which zero is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        #[expect(unsafe_code, reason = "only wait4 tells what one child used")]
        // SAFETY: it writes one status and one rusage.
        let found = unsafe { libc::wait4(pid, &raw mut status, libc::WUNTRACED, &raw mut usage) };
        let wall = since(start);
        if found == pid && libc::WIFSTOPPED(status) {
            // In a group of its own it may not read from the terminal.
            let signal = libc::WSTOPSIG(status);
            if has_group && (signal == libc::SIGTTIN || signal == libc::SIGTTOU) {
                wanted_terminal = true;
                send(pid, has_group, Signal::SIGKILL);
            }
            continue;
        }
        if found == pid || io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Ended {
                wall,
                status,
                usage,
                wanted_terminal,
            };
        }
        if let Look::Send(signal) = look(wall) {
            send(pid, has_group, signal);
        }
    }
}

fn send(pid: libc::pid_t, has_group: bool, signal: Signal) {
    let target = if has_group { -pid } else { pid };
    #[expect(unsafe_code, reason = "a signal to a child that was not reaped yet")]
    // SAFETY: it takes two numbers; the process still exists, so the number is no one else's.
    unsafe {
        libc::kill(target, signal as c_int);
    }
}

/// While it lives, waits are interrupted every [`TICK`].
pub(super) struct Ticks {
    before: Option<SigAction>,
}

extern "C" fn nothing(_: c_int) {}

impl Ticks {
    pub(super) fn start() -> Ticks {
        let handler = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
        #[expect(unsafe_code, reason = "a signal handler")]
        // SAFETY: the handler does nothing.
        let before = unsafe { sigaction(Signal::SIGALRM, &handler) }.ok();
        set_timer(TICK);
        Ticks { before }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        set_timer(Duration::ZERO);
        if let Some(before) = &self.before {
            #[expect(unsafe_code, reason = "a signal handler")]
            // SAFETY: it was installed before.
            let _ = unsafe { sigaction(Signal::SIGALRM, before) };
        }
    }
}

fn set_timer(every: Duration) {
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: every.subsec_micros().into(),
    };
    let timer = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    #[expect(unsafe_code, reason = "the C library is the only way to it")]
    // SAFETY: it reads one itimerval, and writes none.
    unsafe {
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
    }
}
