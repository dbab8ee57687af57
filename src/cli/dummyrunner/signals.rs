//! Ctrl-C and SIGTERM end a run in good order.

use super::super::Failure;
use crate::dummyrunner::engine::Stopper;
use nix::sys::signal::{SigSet, Signal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a signal came.
pub(super) struct Signals(Arc<AtomicBool>);

impl Signals {
    pub(super) fn was_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// From now on these signals stop the run instead of the process: the first in good order, the second at once.
pub(super) fn stop_on_signals(stopper: Stopper) -> Result<Signals, Failure> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    // Threads that are started later inherit this; one thread waits for the signals of all.
    signals
        .thread_block()
        .map_err(|error| Failure::usage(format!("cannot catch signals: {error}")))?;
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    let wait = move || {
        while signals.wait().is_ok() {
            seen.store(true, Ordering::SeqCst);
            stopper.stop();
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .map_err(|error| Failure::usage(format!("cannot catch signals: {error}")))?;
    Ok(Signals(stopped))
}
