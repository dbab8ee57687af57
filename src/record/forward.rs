//! Signals that come to `prof` while it records: those that somebody sends go to the program, as they would without
//! `prof` in between; those of the terminal went there by themselves. None ends `prof` before the program has ended.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::sync::atomic::{AtomicI32, Ordering};

static PROGRAM: AtomicI32 = AtomicI32::new(0);

const SIGNALS: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

#[expect(
    unsafe_code,
    reason = "a signal handler looks at what the system hands over, and sends a signal"
)]
extern "C" fn forward(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let program = PROGRAM.load(Ordering::Relaxed);
    // SAFETY: the system hands over a valid siginfo_t; `kill` is allowed in a handler, and its error number is put back.
    unsafe {
        let by_somebody =
            !info.is_null() && matches!((*info).si_code, libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL);
        if by_somebody && program > 0 {
            let error = *libc::__errno_location();
            libc::kill(program, signal);
            *libc::__errno_location() = error;
        }
    }
}

/// From now on signals do not end `prof`. Those that are ignored stay so, and the program inherits that.
pub fn hold() {
    let handler = SigAction::new(
        SigHandler::SigAction(forward),
        SaFlags::SA_SIGINFO | SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    for signal in SIGNALS {
        #[expect(unsafe_code, reason = "a signal handler")]
        // SAFETY: the handler only does what is allowed at any time; see there.
        unsafe {
            if let Ok(before) = sigaction(signal, &handler)
                && matches!(before.handler(), SigHandler::SigIgn)
            {
                // It was installed a moment ago and is valid.
                let _ = sigaction(signal, &before);
            }
        }
    }
}

/// Forwards signals to this process, until 0 is told.
pub fn to(process: u32) {
    PROGRAM.store(i32::try_from(process).unwrap_or(0), Ordering::Relaxed);
}
