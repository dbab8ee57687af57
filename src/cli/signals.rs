//! Ctrl-C, SIGTERM and the end of the terminal end a run in good order.

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

/// From now on these signals call `stop` instead of ending the process, and so does a terminal that is closed. Threads
/// that are started later inherit this, so it comes before any other thread.
pub(super) fn stop_on_signals(stop: impl FnMut() + Send + 'static) -> Result<Signals, Failure> {
    wait_for(block()?, stop)
}

/// The same, but who goes away with the terminal leaves all as it is.
pub(super) fn stop_on_interrupts(stop: impl FnMut() + Send + 'static) -> Result<Signals, Failure> {
    wait_for(block_these(&[Signal::SIGINT, Signal::SIGTERM])?, stop)
}

fn wait_for(signals: SigSet, mut stop: impl FnMut() + Send + 'static) -> Result<Signals, Failure> {
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
        .map_err(|error| cannot_catch(&error))?;
    Ok(Signals(stopped))
}

/// Keeps these signals from this thread and all that it starts, for one that will wait for them.
pub(super) fn block() -> Result<SigSet, Failure> {
    // Under nohup it is ignored; what is held back would come all the same.
    if handle(Signal::SIGHUP, nothing, SaFlags::empty()) {
        block_these(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP])
    } else {
        block_these(&[Signal::SIGINT, Signal::SIGTERM])
    }
}

fn block_these(signals: &[Signal]) -> Result<SigSet, Failure> {
    let signals = SigSet::from_iter(signals.iter().copied());
    signals.thread_block().map_err(|error| cannot_catch(&error))?;
    Ok(signals)
}

fn cannot_catch(error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("cannot catch signals: {error}"))
}

/// What is done in a handler: no more than an atomic.
type Handler = extern "C" fn(libc::c_int);

extern "C" fn nothing(_: libc::c_int) {}

/// Installs a handler, and tells whether it stands: a signal that is ignored, as interrupts are in a shell's background
/// job, stays so.
pub(super) fn handle(signal: Signal, handler: Handler, flags: SaFlags) -> bool {
    let action = SigAction::new(SigHandler::Handler(handler), flags, SigSet::empty());
    #[expect(unsafe_code, reason = "a signal handler")]
    // SAFETY: a [`Handler`] does what is allowed at any time, and what is put back was in place a moment ago.
    unsafe {
        let Ok(before) = sigaction(signal, &action) else {
            return false;
        };
        let is_ignored = matches!(before.handler(), SigHandler::SigIgn);
        if is_ignored {
            let _ = sigaction(signal, &before);
        }
        !is_ignored
    }
}

/// From now on a file that grows beyond the limit of its size (ulimit -f), such as standard output, is an error as others
/// are, and does not end the process. Programs that it starts get the signal as before: a handler ends with the program
/// that has it, while a signal that is ignored stays so.
pub(super) fn survive_large_files() {
    handle(Signal::SIGXFSZ, nothing, SaFlags::SA_RESTART);
}
