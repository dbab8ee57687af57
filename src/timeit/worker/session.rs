//! A session with a worker in any language: what is asked, what is answered, and how it is stopped.

use super::channel::Link;
use super::process::{Heard, INTERRUPT_PATIENCE, Process, words};
use super::protocol::Message;
use super::taken::{Prepared, Taken, Took, Watched};
use crate::system_text::system_text;
use crate::timeit::session::{
    Case, CodeError, Growth, Part, Printed, Reason, Row, Runtime, Sample, Stop, Watch,
};
use nix::sys::wait::WaitStatus;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The version of the protocol; workers hold the same.
const VERSION: i64 = 1;
/// How long a program may take to start: many packages on slow disks.
const START: Duration = Duration::from_secs(60);
/// Interrupts are looked for, and the watch is asked, so often.
const TICK: Duration = Duration::from_millis(250);
/// The worker tells complete rows, and how far it is, so often.
const TELLS_EVERY: Duration = Duration::from_millis(250);
/// A row that is expected to take at least this is watched in the worker.
const LONG: Duration = Duration::from_millis(200);
/// No bound: far enough for anyone.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What holds for all that a session does.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::timeit) struct Bounds {
    /// How long one sample may take.
    pub(in crate::timeit) timeout: Option<Duration>,
    /// Once set, what runs ends as interrupted.
    pub(in crate::timeit) interrupted: Option<&'static AtomicBool>,
    /// What a crash of the program may come from, as it ends a sentence.
    pub(in crate::timeit) crash: &'static str,
}

/// What errors call a program that does not start.
#[derive(Clone, Copy, Debug)]
pub(in crate::timeit) struct Called<'a> {
    /// As the user named it.
    pub(in crate::timeit) shown: &'a str,
    /// What it should be, such as `a Ruby interpreter`.
    pub(in crate::timeit) kind: &'a str,
    /// What to do.
    pub(in crate::timeit) hint: &'a str,
}

/// A process that times cases.
#[derive(Debug)]
pub(in crate::timeit) struct Worker {
    pub(in crate::timeit) process: Process,
    bounds: Bounds,
    cases: Vec<Prepared>,
}

impl Worker {
    /// Starts a program, sends it its source where it reads that, and hears what it is.
    ///
    /// # Errors
    /// If it cannot be started, or does not speak the protocol.
    pub(in crate::timeit) fn start(
        command: Command,
        link: Link,
        source: &[u8],
        bounds: Bounds,
        called: Called<'_>,
    ) -> Result<(Worker, Message), Stop> {
        let Called { shown, kind, hint } = called;
        let failed = |message: String| {
            Stop::from(Reason::Start {
                message: message.into(),
                hint: hint.into(),
            })
        };
        let process = Process::start(command, link)
            .map_err(|error| failed(format!("cannot start `{shown}`: {}", system_text(&error))))?;
        let mut worker = Worker::of(process, bounds);
        worker.process.send(source);
        let hello = worker
            .hear(Instant::now() + START)
            .map_err(|stop| match stop.reason {
                Reason::Died { status, output } => failed(not_started(called, &status, &output)),
                Reason::TimeOut => failed(format!("`{shown}` gave no answer within {} s", START.as_secs())),
                reason => reason.into(),
            })?;
        if hello.kind != "hello" {
            return Err(failed(format!(
                "`{shown}` does not run as {kind}: it does not say hello"
            )));
        }
        match hello.number(0) {
            VERSION => Ok((worker, hello)),
            other => Err(failed(format!(
                "`{shown}` speaks version {other} of the protocol of workers; this is version {VERSION}"
            ))),
        }
    }

    /// One whose process runs already.
    pub(in crate::timeit) fn of(process: Process, bounds: Bounds) -> Worker {
        Worker {
            process,
            bounds,
            cases: Vec::new(),
        }
    }

    /// Asks what is answered within the time that a program may take to start.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(in crate::timeit) fn ask_soon(&mut self, request: &Message) -> Result<Message, Stop> {
        self.process.send(&request.encode());
        self.hear_soon()
    }

    /// The next message, within the time that a program may take to start.
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::timeit) fn hear_soon(&mut self) -> Result<Message, Stop> {
        self.hear(Instant::now() + START)
    }

    fn hear(&mut self, until: Instant) -> Result<Message, Stop> {
        self.answer(until, None).map_err(Stop::from)
    }

    /// Asks, and waits for the answer as long as a sample may take.
    ///
    /// # Errors
    /// Why there is none; an `error` is an answer.
    pub(in crate::timeit) fn ask(&mut self, request: &Message) -> Result<Message, Stop> {
        self.process.send(&request.encode());
        self.hear(Instant::now() + self.bounds.timeout.unwrap_or(FOREVER))
    }

    /// The next message. Ends early when the user interrupts, or the watch does.
    fn answer(&mut self, until: Instant, mut watch: Option<&mut Watched<'_>>) -> Result<Message, Reason> {
        loop {
            let now = Instant::now();
            if self.is_interrupted() {
                return Err(Reason::Interrupted);
            }
            if now >= until {
                return Err(Reason::TimeOut);
            }
            match self.process.hear(until.min(now + TICK)) {
                Heard::Message(message) => return Ok(message),
                Heard::Nothing => {
                    if let Some(watched) = &mut watch
                        && watched.tick().is_break()
                    {
                        return Err(Reason::Interrupted);
                    }
                }
                Heard::End => return Err(self.died()),
                Heard::Noise(error) => {
                    self.process.end(Duration::ZERO);
                    return Err(Reason::Died {
                        status: format!("its code wrote into the channel to prof: {error}"),
                        output: Box::default(),
                    });
                }
            }
        }
    }

    /// Ends a worker that does not keep to the protocol.
    fn refused(&mut self, why: &str) -> Reason {
        self.process.end(Duration::ZERO);
        Reason::Died {
            status: why.into(),
            output: Box::default(),
        }
    }

    fn is_interrupted(&self) -> bool {
        let flag = self.bounds.interrupted;
        flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    fn died(&mut self) -> Reason {
        let (status, printed) = self.process.end(INTERRUPT_PATIENCE);
        self.dead(status, &printed)
    }

    fn dead(&self, status: Option<WaitStatus>, printed: &Printed) -> Reason {
        Reason::Died {
            status: words(status, self.bounds.crash),
            output: String::from_utf8_lossy(&printed.end).into(),
        }
    }

    /// Interrupts the code and hears what it has to say until it is silent. `Ok`: the plan was complete.
    fn wind_down(&mut self, taken: &mut Taken<'_>, reason: Reason) -> Result<(), Reason> {
        self.process.interrupt();
        let until = Instant::now() + INTERRUPT_PATIENCE;
        while Instant::now() < until {
            match self.process.hear(until) {
                Heard::Message(message) => match taken.take(&message, &mut self.cases) {
                    Took::Done => return Ok(()),
                    Took::Error | Took::Untimed => break,
                    Took::More => {}
                },
                Heard::Nothing => {}
                Heard::End | Heard::Noise(_) => break,
            }
        }
        self.process.end(Duration::ZERO);
        Err(reason)
    }

    /// Prepares a case by this request.
    ///
    /// # Errors
    /// If the code cannot be compiled, or the process is gone.
    pub(in crate::timeit) fn prepare(&mut self, case: &Case, request: &Message) -> Result<(), Stop> {
        let answer = self.ask(request)?;
        match answer.kind.as_str() {
            "ready" => {
                self.cases.push(Prepared {
                    case: case.clone(),
                    per_loop: None,
                    growth: None,
                });
                Ok(())
            }
            "error" => Err(code_error(&answer).into()),
            _ => Err(unexpected(&answer)),
        }
    }

    /// Takes the samples of a plan.
    ///
    /// # Errors
    /// With what was complete until then.
    pub(in crate::timeit) fn run(
        &mut self,
        plan: &[Row],
        watch: &mut dyn Watch,
    ) -> Result<Vec<Sample>, Stop> {
        let mut numbers = vec![i64::from(plan.iter().any(|row| self.is_long(row)))];
        for row in plan {
            numbers.push(i64::try_from(row.case).unwrap_or(i64::MAX));
            numbers.push(i64::try_from(row.loops).unwrap_or(i64::MAX));
        }
        self.process.send(&Message::new("run", numbers, &[]).encode());
        let mut taken = Taken::new(plan);
        let more = if plan.len() > 1 {
            TELLS_EVERY
        } else {
            Duration::ZERO
        };
        let reason = loop {
            let until = taken.since + self.bounds.timeout.map_or(FOREVER, |timeout| timeout + more);
            let mut watched = Watched {
                progress: taken.progress(),
                since: taken.since,
                watch: &mut *watch,
            };
            let message = match self.answer(until, Some(&mut watched)) {
                Ok(message) => message,
                Err(reason) => break reason,
            };
            match taken.take(&message, &mut self.cases) {
                Took::Done if taken.is_short() => {
                    break self.refused("it says that it is done, but some samples are missing");
                }
                Took::Untimed => break self.refused("it tells a sample without time on the wall"),
                Took::Done => return Ok(taken.samples),
                Took::Error => break Reason::Code(Box::new(code_error(&message))),
                Took::More => {}
            }
            if let Some(progress) = taken.progress()
                && watch.progress(progress).is_break()
            {
                break Reason::Interrupted;
            }
        };
        if matches!(reason, Reason::Interrupted | Reason::TimeOut) {
            return match self.wind_down(&mut taken, reason) {
                Ok(()) => Ok(taken.samples),
                Err(reason) => Err(taken.stop(reason)),
            };
        }
        Err(taken.stop(reason))
    }

    /// Is it worth that the worker looks at it now and then? In some languages that has its price.
    fn is_long(&self, row: &Row) -> bool {
        let known = self.cases.get(row.case).and_then(|case| case.per_loop);
        row.loops > 1 && known.is_none_or(|seconds| seconds * row.loops as f64 > LONG.as_secs_f64())
    }

    /// A case that was prepared.
    pub(in crate::timeit) fn case(&self, case: usize) -> Option<&Case> {
        self.cases.get(case).map(|prepared| &prepared.case)
    }

    /// What grew most in the last sample of a case.
    pub(in crate::timeit) fn growth(&self, case: usize) -> Option<&Growth> {
        self.cases.get(case)?.growth.as_ref()
    }

    /// Ends the process in order: how it ended, if it did by itself, and what it printed.
    pub(in crate::timeit) fn finish(&mut self) -> (Option<WaitStatus>, Printed) {
        self.process.finish()
    }

    /// Ends the process in order.
    ///
    /// # Errors
    /// If it ends with an exit code or a signal: what the code left for later failed.
    pub(in crate::timeit) fn end(&mut self) -> Result<Printed, Reason> {
        match self.finish() {
            (None | Some(WaitStatus::Exited(_, 0)), printed) => Ok(printed),
            (status, printed) => Err(self.dead(status, &printed)),
        }
    }
}

/// The program that says hello; what it does not say of itself is empty.
pub(in crate::timeit) fn runtime(hello: &Message) -> Runtime {
    let executable = hello.texts.get(2).map(Vec::as_slice).unwrap_or_default();
    Runtime {
        implementation: hello.text(0),
        version: hello.text(1),
        executable: OsStr::from_bytes(executable).into(),
    }
}

/// What an `error` message tells.
pub(in crate::timeit) fn code_error(message: &Message) -> CodeError {
    CodeError {
        kind: message.text(0),
        message: message.text(1),
        shown: message.text(2),
        hint: None,
        part: match message.number(4) {
            0 => Some(Part::Setup),
            1 => Some(Part::Statement),
            _ => None,
        },
        line: usize::try_from(message.number(5)).ok().filter(|&line| line > 0),
        invalid_in: None,
    }
}

/// An answer that has no place here.
pub(in crate::timeit) fn unexpected(message: &Message) -> Stop {
    Stop::from(Reason::Died {
        status: format!("its code wrote into the channel to prof: `{}`", message.kind),
        output: Box::default(),
    })
}

fn not_started(called: Called<'_>, status: &str, output: &str) -> String {
    let output = output.trim();
    let last: Vec<&str> = output.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    let Called { shown, kind, .. } = called;
    let mut text = format!("`{shown}` does not run as {kind}: {status}");
    if !last.is_empty() {
        text.push('\n');
        text.push_str(&last.join("\n"));
    }
    text
}
