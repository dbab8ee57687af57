//! Ctrl-C, for commands that print what they have when it comes.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// From now on the first Ctrl-C only sets the flag that is returned; the second ends `prof`. Where interrupts are
/// ignored, as in a shell's background job, they stay so.
pub(super) fn watch() -> &'static AtomicBool {
    let handler = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESETHAND, SigSet::empty());
    #[expect(unsafe_code, reason = "a signal handler")]
    // SAFETY: the handler only stores into an atomic, which is allowed at any time.
    unsafe {
        if let Ok(before) = sigaction(Signal::SIGINT, &handler)
            && matches!(before.handler(), SigHandler::SigIgn)
        {
            // It was installed a moment ago and is valid.
            let _ = sigaction(Signal::SIGINT, &before);
        }
    }
    &INTERRUPTED
}
