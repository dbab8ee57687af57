//! Ctrl-C, for commands that print what they have when it comes.

use super::signals;
use nix::sys::signal::{SaFlags, Signal};
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// From now on the first Ctrl-C only sets the flag that is returned; the second ends `prof`. Where interrupts are
/// ignored, as in a shell's background job, they stay so.
pub(super) fn watch() -> &'static AtomicBool {
    signals::handle(Signal::SIGINT, note, SaFlags::SA_RESETHAND);
    &INTERRUPTED
}
