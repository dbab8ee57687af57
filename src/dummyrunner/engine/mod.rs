//! Plays a run: sockets, threads, ticks and the orderly stop. Concurrency stays in here.
//!
//! Each thread has a reactor with dummies of its own, who never change it, and shares nothing with the others on the
//! hot path: once a second it gives its window of metrics away, and at the end all of them.

mod clock;
mod connect;
mod helper;
mod limits;
mod reactor;
mod socket;
#[cfg(test)]
mod tests;

pub use limits::raise_descriptors;

use super::dummy::{Plan, Told};
use super::metrics::{Metrics, Window};
use super::settings::Printed;
use reactor::{Orders, Reactor};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How a run is played.
#[derive(Clone, Debug)]
pub struct Setup {
    /// When the run begins: the moment that the plan's `epoch` tells by the wall clock.
    pub start: Instant,
    /// The server.
    pub target: SocketAddr,
    /// Addresses to connect from, in turn; empty: the system's choice, and on loopback as many as are needed.
    pub sources: Vec<IpAddr>,
    /// Reactors, each in a thread.
    pub threads: usize,
    /// Connections begun a second; `None`: as fast as they are accepted.
    pub connect_rate: Option<f64>,
    /// When logouts begin.
    pub duration: Option<Duration>,
    /// How many dummies there shall be, changed by whoever holds it too while the run goes; `None`: as the scenario's
    /// stages say, or all.
    pub wanted: Option<Arc<AtomicU32>>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// All dummies had ended by themselves.
    AllEnded,
    /// Its time was over.
    Duration,
    /// It was asked to stop, by the observer or a [`Stopper`].
    Asked,
    /// The functions of the settings file all failed, or their helper is gone.
    Functions,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Everything measured.
    pub metrics: Metrics,
    /// From the start to the beginning of the logouts.
    pub played: Duration,
    /// From the start to the end.
    pub elapsed: Duration,
    /// Why it ended.
    pub why: Why,
}

/// What happened in a run, told while it goes.
pub trait Observer {
    /// Half a second is over: how things stand, for who looks at them.
    fn glance(&mut self, at: Duration, window: &Window);

    /// A second is over: `at` since the start, with the windows of all threads. `false` ends the run.
    fn second(&mut self, at: Duration, window: &Window) -> bool;

    /// Something happened to a dummy that is followed.
    fn told(&mut self, told: &[Told]);
}

/// Ends a run from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Sender<Message>);

impl Stopper {
    /// The first time all dummies log out; the second time the run is broken off.
    pub fn stop(&self) {
        // A run that is over needs no stop.
        let _ = self.0.send(Message::Stop);
    }
}

/// A run that can be stopped before it begins.
#[derive(Debug)]
pub struct Run {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    channels: Vec<UnixStream>,
    printed: Printed,
}

/// From a reactor or a stopper.
#[derive(Debug)]
enum Message {
    Stop,
    Window(usize, Box<Window>),
    Told(Vec<Told>),
    /// The functions of the settings file are of no use any more.
    NoFunctions,
    Done(usize, Box<Metrics>),
}

impl Default for Run {
    fn default() -> Run {
        let (sender, receiver) = mpsc::channel();
        Run {
            sender,
            receiver,
            channels: Vec::new(),
            printed: Printed::default(),
        }
    }
}

impl Run {
    /// A run whose dummies ask the helper of a settings file for their commands: a channel for each thread. The plan
    /// must be [one with functions](Plan::with_functions). What the helper has to tell goes to `printed`.
    #[must_use]
    pub fn with_functions(channels: Vec<UnixStream>, printed: Printed) -> Run {
        Run {
            channels,
            printed,
            ..Run::default()
        }
    }

    /// What stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.sender.clone())
    }

    /// Plays it.
    ///
    /// # Errors
    /// What the system says when it has no more threads or descriptors for the reactors themselves.
    pub fn play(self, plan: Arc<Plan>, setup: &Setup, observer: &mut dyn Observer) -> io::Result<Outcome> {
        let start = setup.start;
        // No thread without a dummy.
        let count = setup.threads.clamp(1, plan.options.dummies.max(1) as usize);
        let mut threads = Vec::with_capacity(count);
        let mut channels = self.channels.into_iter();
        for index in 0..count {
            let mut reactor =
                Reactor::new(index, count, start, Arc::clone(&plan), setup, self.sender.clone())?;
            if let Some(channel) = channels.next() {
                reactor.ask_through(channel, self.printed.clone())?;
            }
            threads.push(Thread::start(index, reactor)?);
        }
        let mut conductor = Conductor {
            start,
            threads,
            duration: setup.duration,
            metrics: Metrics::default(),
            stopping: None,
            why: Why::AllEnded,
            windows: vec![None; count],
            half: None,
        };
        conductor.conduct(&self.receiver, observer);
        let elapsed = start.elapsed();
        Ok(Outcome {
            metrics: conductor.metrics,
            played: conductor.stopping.unwrap_or(elapsed),
            elapsed,
            why: conductor.why,
        })
    }
}

/// A reactor's thread.
struct Thread {
    orders: Arc<Orders>,
    /// `None` when it has given its metrics.
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    fn start(index: usize, reactor: Reactor) -> io::Result<Thread> {
        let orders = reactor.orders();
        let handle = std::thread::Builder::new()
            .name(format!("dummies {index}"))
            .spawn(move || reactor.run())?;
        Ok(Thread {
            orders,
            handle: Some(handle),
        })
    }
}

/// Hears of all threads, and tells them to stop.
struct Conductor {
    start: Instant,
    threads: Vec<Thread>,
    duration: Option<Duration>,
    metrics: Metrics,
    /// When the logouts began.
    stopping: Option<Duration>,
    why: Why,
    /// The newest window of each thread, until all have given one.
    windows: Vec<Option<Box<Window>>>,
    /// The first half of the second that runs.
    half: Option<Window>,
}

impl Conductor {
    fn conduct(&mut self, receiver: &Receiver<Message>, observer: &mut dyn Observer) {
        while self.threads.iter().any(|thread| thread.handle.is_some()) {
            let left = match (self.duration, self.stopping) {
                (Some(duration), None) => duration.saturating_sub(self.start.elapsed()),
                _ => Duration::from_secs(3600),
            };
            match receiver.recv_timeout(left) {
                Ok(Message::Stop) => self.stop(Why::Asked),
                Ok(Message::Window(index, window)) => self.window(index, window, observer),
                Ok(Message::Told(told)) => observer.told(&told),
                Ok(Message::NoFunctions) => self.stop(Why::Functions),
                Ok(Message::Done(index, metrics)) => self.done(index, &metrics),
                Err(RecvTimeoutError::Timeout) => {
                    if self
                        .duration
                        .is_some_and(|duration| self.start.elapsed() >= duration)
                    {
                        self.stop(Why::Duration);
                    }
                }
                // The run holds a sender itself.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn stop(&mut self, why: Why) {
        if self.stopping.is_none() {
            self.stopping = Some(self.start.elapsed());
            self.why = why;
        } else if why != Why::Asked {
            return;
        }
        self.threads.iter().for_each(|thread| thread.orders.stop());
    }

    fn done(&mut self, index: usize, metrics: &Metrics) {
        self.metrics.add(metrics);
        if let Some(handle) = self.threads[index].handle.take() {
            // It has sent its last message; if it could panic the panic goes on here.
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
        // What it last said of its phases stays true; its lags were told.
        let window = Window {
            counters: metrics.window.counters,
            phases: metrics.window.phases,
            ..Window::default()
        };
        self.windows[index] = Some(Box::new(window));
    }

    fn window(&mut self, index: usize, window: Box<Window>, observer: &mut dyn Observer) {
        match &mut self.windows[index] {
            // Its second before was not complete: another thread is late, but nothing may be lost.
            Some(known) => {
                known.add_lags(&window);
                known.counters = window.counters;
                known.phases = window.phases;
            }
            none => *none = Some(window),
        }
        if self.windows.iter().any(Option::is_none) {
            return;
        }
        let mut sum = Window::default();
        for (window, thread) in self.windows.iter_mut().zip(&self.threads) {
            if thread.handle.is_none() {
                // It gives no more; its counts are those of its end.
                if let Some(window) = window {
                    sum.add(window);
                    window.restart();
                }
            } else if let Some(window) = window.take() {
                sum.add(&window);
            }
        }
        let at = self.start.elapsed();
        observer.glance(at, &sum);
        // The last window of a run may be the first half of a second: it must not be lost.
        let ended = sum.phases.all_ended() == sum.phases.total();
        let Some(mut second) = self.half.take().or_else(|| ended.then(Window::default)) else {
            self.half = Some(sum);
            return;
        };
        second.add_lags(&sum);
        second.counters = sum.counters;
        second.phases = sum.phases;
        let goes_on = observer.second(at, &second);
        if !goes_on && self.stopping.is_none() {
            self.stop(Why::Asked);
        }
    }
}
