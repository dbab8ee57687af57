//! Ctrl-C and SIGTERM end a run in good order.

use super::Failure;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a signal came.
pub(super) struct Signals(Arc<AtomicBool>);

impl Signals {
    pub(super) fn was_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// From now on these signals call `stop` instead of ending the process. Threads that are started later inherit this,
/// so it comes before any other thread.
pub(super) fn stop_on_signals(mut stop: impl FnMut() + Send + 'static) -> Result<Signals, Failure> {
    let signals = block()?;
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    let wait = move || {
        while signals.wait().is_ok() {
            seen.store(true, Ordering::SeqCst);
            stop();
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .map_err(|error| Failure::usage(format!("cannot catch signals: {error}")))?;
    Ok(Signals(stopped))
}

/// Keeps these signals from this thread and all that it starts, for one that will wait for them.
pub(super) fn block() -> Result<SigSet, Failure> {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    signals
        .thread_block()
        .map_err(|error| Failure::usage(format!("cannot catch signals: {error}")))?;
    Ok(signals)
}

extern "C" fn nothing(_: libc::c_int) {}

/// From now on a file that grows beyond the limit of its size (ulimit -f), such as standard output, is an error as others
/// are, and does not end the process. Programs that it starts get the signal as before: a handler ends with the program
/// that has it, while a signal that is ignored stays so.
pub(super) fn survive_large_files() {
    let handler = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    #[expect(unsafe_code, reason = "a signal handler")]
    // SAFETY: the handler does nothing, and what is put back was in place a moment ago.
    unsafe {
        if let Ok(before) = sigaction(Signal::SIGXFSZ, &handler)
            && matches!(before.handler(), SigHandler::SigIgn)
        {
            let _ = sigaction(Signal::SIGXFSZ, &before);
        }
    }
}
