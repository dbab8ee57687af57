//! A session in a Python process: what is asked, what is answered, and how it is stopped.

use super::process::{Heard, INTERRUPT_PATIENCE, Process, words};
use super::protocol::Message;
use super::{Framework, Mode, Settings, World, hints};
use crate::timeit::session::{
    Case, CodeError, Growth, Part, Printed, Progress, Reason, Row, Runtime, Sample, Session, Stop, Watch,
};
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const WORKER: &str = include_str!("worker.py");
const MORE: &str = include_str!("more.py");
const WORLD: &str = include_str!("world.py");
const ERRORS: &str = include_str!("errors.py");
const BOOTSTRAP: &str = include_str!("bootstrap.py");

/// The version of the protocol; worker.py holds the same.
const VERSION: i64 = 1;
/// Numbers for each sample in `rows`.
const ROW: usize = 8;
/// How long an interpreter may take to start: sites with many packages on slow disks.
const START: Duration = Duration::from_secs(60);
/// Interrupts are looked for, and the watch is asked, so often.
const TICK: Duration = Duration::from_millis(250);
/// The worker tells complete rows, and how far it is, so often.
const TELLS_EVERY: Duration = Duration::from_millis(250);
/// A row that is expected to take at least this is watched by a thread in the worker.
const LONG: Duration = Duration::from_millis(200);

/// A Python process that times cases.
#[derive(Debug)]
pub(super) struct PythonSession {
    process: Process,
    runtime: Runtime,
    timeout: Option<Duration>,
    interrupted: Option<&'static std::sync::atomic::AtomicBool>,
    mode: Mode,
    cases: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    case: Case,
    /// Seconds a loop took last.
    per_loop: Option<f64>,
    growth: Option<Growth>,
}

impl PythonSession {
    /// Starts the interpreter and waits until the worker in it is ready.
    pub(super) fn start(settings: &Settings) -> Result<PythonSession, Stop> {
        let mut command = Command::new(&settings.python);
        command.args(&settings.arguments).arg("-c").arg(BOOTSTRAP);
        command.envs(settings.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &settings.folder {
            command.current_dir(folder);
        }
        let shown = settings.python.display();
        let process = Process::start(command)
            .map_err(|error| stop(Reason::Start(format!("cannot start `{shown}`: {error}"))))?;
        let mut session = PythonSession {
            process,
            runtime: Runtime {
                implementation: String::new(),
                version: String::new(),
                executable: settings.python.clone(),
            },
            timeout: settings.timeout,
            interrupted: settings.interrupted,
            mode: settings.mode,
            cases: Vec::new(),
        };
        let sources = [WORKER, MORE, ERRORS];
        let lengths = sources.map(|source| source.len().to_string()).join(" ");
        session
            .process
            .send(format!("{lengths}\n{}", sources.concat()).as_bytes());
        let hello = session.answer(Instant::now() + START, None).map_err(|reason| {
            stop(match reason {
                Reason::Died { status, output } => {
                    Reason::Start(not_started(&shown.to_string(), &status, &output))
                }
                Reason::TimeOut => {
                    Reason::Start(format!("`{shown}` gave no answer within {} s", START.as_secs()))
                }
                reason => reason,
            })
        })?;
        session.runtime = runtime(&hello).map_err(|reason| stop(Reason::Start(reason)))?;
        if let Some(world) = &settings.world {
            session.enter(world)?;
        }
        Ok(session)
    }

    /// Sets up what the code shall find.
    fn enter(&mut self, world: &World) -> Result<(), Stop> {
        let (framework, argument) = match &world.framework {
            Framework::None => ("", ""),
            Framework::Django(settings) => ("django", settings.as_str()),
            Framework::Evennia => ("evennia", ""),
        };
        let texts = [WORLD, framework, argument, &world.code];
        let request = Message::new("world", vec![i64::from(world.rollback)], &texts);
        self.process.send(&request.encode());
        let far = Instant::now() + self.timeout.unwrap_or(FOREVER);
        let answer = self.answer(far, None).map_err(stop)?;
        match answer.kind.as_str() {
            "ready" => Ok(()),
            "error" => {
                let mut error = self.code_error(&answer, &Case::default());
                error.part = Some(Part::GlobalSetup);
                error.hint = hints::of_world(&error.kind, &error.message, &world.framework);
                Err(stop(Reason::Code(Box::new(error))))
            }
            _ => Err(stop(unexpected(&answer))),
        }
    }

    /// A process that is as this one is now.
    pub(super) fn fork(&mut self) -> Result<PythonSession, Stop> {
        let failed = |error: std::io::Error| stop(Reason::Start(format!("cannot fork a process: {error}")));
        self.process.send(&Message::new("fork", Vec::new(), &[]).encode());
        let answer = self.answer(Instant::now() + START, None).map_err(stop)?;
        if answer.kind != "send" {
            return Err(stop(unexpected(&answer)));
        }
        let mut forked = PythonSession {
            process: self.process.forked().map_err(failed)?,
            runtime: self.runtime.clone(),
            timeout: self.timeout,
            interrupted: self.interrupted,
            mode: self.mode,
            cases: Vec::new(),
        };
        let answer = forked.answer(Instant::now() + START, None).map_err(stop)?;
        let number = i32::try_from(answer.number(0)).ok().filter(|&number| number > 1);
        match number {
            Some(number) if answer.kind == "forked" => forked.process.is_now(number),
            _ => return Err(stop(unexpected(&answer))),
        }
        Ok(forked)
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

    fn is_interrupted(&self) -> bool {
        self.interrupted.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    fn died(&mut self) -> Reason {
        let (status, printed) = self.process.end(INTERRUPT_PATIENCE);
        Reason::Died {
            status: words(status),
            output: String::from_utf8_lossy(&printed.end).into(),
        }
    }

    /// The error of a worker's `error` message.
    fn code_error(&self, message: &Message, case: &Case) -> CodeError {
        let (kind, text) = (message.text(0), message.text(1));
        let part = match message.number(4) {
            0 => Some(Part::Setup),
            1 => Some(Part::Statement),
            _ => None,
        };
        CodeError {
            hint: hints::of(&kind, &text, case, part, &self.runtime.version),
            kind,
            message: text,
            shown: message.text(2),
            part,
            line: usize::try_from(message.number(5)).ok().filter(|&line| line > 0),
        }
    }

    /// Interrupts the code and hears what it has to say until it is silent. `Ok`: the plan was complete.
    fn wind_down(&mut self, taken: &mut Taken<'_>, reason: Reason) -> Result<(), Reason> {
        if matches!(reason, Reason::Died { .. }) {
            return Err(reason);
        }
        self.process.interrupt();
        let until = Instant::now() + INTERRUPT_PATIENCE;
        while Instant::now() < until {
            match self.process.hear(until) {
                Heard::Message(message) => match taken.take(&message, &mut self.cases) {
                    Took::Done => return Ok(()),
                    Took::Error => break,
                    Took::More => {}
                },
                Heard::Nothing => {}
                Heard::End | Heard::Noise(_) => break,
            }
        }
        self.process.end(Duration::ZERO);
        Err(reason)
    }
}

impl Session for PythonSession {
    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn prepare(&mut self, case: &Case) -> Result<(), Stop> {
        // As timeit takes an empty one.
        let or_pass = |code: &str| {
            if code.is_empty() {
                "pass".to_owned()
            } else {
                code.to_owned()
            }
        };
        let request = Message::new(
            "prepare",
            vec![i64::from(case.collect_garbage), self.mode as i64],
            &[&or_pass(&case.setup), &or_pass(&case.statement)],
        );
        self.process.send(&request.encode());
        let far = Instant::now() + self.timeout.unwrap_or(FOREVER);
        let answer = self.answer(far, None).map_err(stop)?;
        match answer.kind.as_str() {
            "ready" => {
                self.cases.push(Prepared {
                    case: case.clone(),
                    per_loop: None,
                    growth: None,
                });
                Ok(())
            }
            "error" => Err(stop(Reason::Code(Box::new(self.code_error(&answer, case))))),
            _ => Err(stop(unexpected(&answer))),
        }
    }

    fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
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
            let until = taken.since + self.timeout.map_or(FOREVER, |timeout| timeout + more);
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
                Took::Done => return Ok(taken.samples),
                Took::Error => {
                    let case = taken.case(&self.cases).unwrap_or_default();
                    break Reason::Code(Box::new(self.code_error(&message, &case)));
                }
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

    fn profile(&mut self, row: Row) -> Result<Option<Vec<u8>>, Stop> {
        let numbers = [row.case as u64, row.loops].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let request = Message::new("profile", numbers.to_vec(), &[WORLD]);
        self.process.send(&request.encode());
        let far = Instant::now() + self.timeout.unwrap_or(FOREVER);
        let mut answer = self.answer(far, None).map_err(stop)?;
        match answer.kind.as_str() {
            "profile" if !answer.texts.is_empty() => Ok(Some(answer.texts.swap_remove(0))),
            "error" => {
                let case = self.cases.get(row.case).map(|prepared| prepared.case.clone());
                let error = self.code_error(&answer, &case.unwrap_or_default());
                Err(stop(Reason::Code(Box::new(error))))
            }
            _ => Err(stop(unexpected(&answer))),
        }
    }

    fn growth(&self, case: usize) -> Option<&Growth> {
        self.cases.get(case)?.growth.as_ref()
    }

    fn end(mut self: Box<Self>) -> Printed {
        self.process.finish()
    }
}

impl PythonSession {
    /// Is it worth a thread in the worker that looks at it now and then? Its mere existence makes Python 2.7 slower.
    fn is_long(&self, row: &Row) -> bool {
        let known = self.cases.get(row.case).and_then(|case| case.per_loop);
        row.loops > 1 && known.is_none_or(|seconds| seconds * row.loops as f64 > LONG.as_secs_f64())
    }
}

/// No bound: far enough for anyone.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A watch, and what to tell it when the worker says nothing.
struct Watched<'a> {
    progress: Option<Progress>,
    since: Instant,
    watch: &'a mut dyn Watch,
}

impl Watched<'_> {
    fn tick(&mut self) -> ControlFlow<()> {
        match self.progress {
            Some(progress) => self.watch.progress(Progress {
                elapsed: progress.elapsed.max(self.since.elapsed()),
                ..progress
            }),
            None => ControlFlow::Continue(()),
        }
    }
}

/// What came of a plan so far.
struct Taken<'a> {
    plan: &'a [Row],
    samples: Vec<Sample>,
    /// Since complete rows were told last.
    since: Instant,
    /// Of the row that runs: loops done, and wall and processor time that they took.
    running: Option<(u64, Duration, Duration)>,
}

enum Took {
    More,
    Done,
    Error,
}

impl<'a> Taken<'a> {
    fn new(plan: &'a [Row]) -> Taken<'a> {
        Taken {
            plan,
            samples: Vec::with_capacity(plan.len()),
            since: Instant::now(),
            running: None,
        }
    }

    fn take(&mut self, message: &Message, cases: &mut [Prepared]) -> Took {
        match message.kind.as_str() {
            kind @ ("rows" | "done") => {
                for numbers in message.numbers.chunks_exact(ROW) {
                    let Some(&row) = self.plan.get(self.samples.len()) else {
                        break;
                    };
                    let sample = sample(row, numbers);
                    if let Some(case) = cases.get_mut(row.case) {
                        case.per_loop = Some(sample.wall.as_secs_f64() / row.loops.max(1) as f64);
                    }
                    self.samples.push(sample);
                }
                self.since = Instant::now();
                self.running = None;
                if kind == "done" { Took::Done } else { Took::More }
            }
            "grown" => {
                let case = usize::try_from(message.number(0)).ok();
                if let Some(case) = case.and_then(|case| cases.get_mut(case)) {
                    case.growth = Some(Growth {
                        name: message.text(0),
                        before: message.count(1),
                        after: message.count(2),
                        loops: message.count(3),
                    });
                }
                Took::More
            }
            "progress" => {
                self.running = Some(running(message));
                Took::More
            }
            "error" => {
                self.running = Some(running(message));
                Took::Error
            }
            _ => Took::More,
        }
    }

    /// How far the row is that runs.
    fn progress(&self) -> Option<Progress> {
        let &row = self.plan.get(self.samples.len())?;
        let (done, elapsed, process_cpu) = self.running.unwrap_or_default();
        Some(Progress {
            row,
            done,
            elapsed,
            process_cpu,
        })
    }

    fn case(&self, cases: &[Prepared]) -> Option<Case> {
        let row = self.plan.get(self.samples.len())?;
        cases.get(row.case).map(|prepared| prepared.case.clone())
    }

    fn stop(self, reason: Reason) -> Stop {
        let mut running = self.progress();
        if let Some(running) = &mut running
            && matches!(reason, Reason::TimeOut | Reason::Interrupted)
            && running.elapsed.is_zero()
        {
            // Of code that does not let the worker speak, the time is known from here.
            running.elapsed = self.since.elapsed();
        }
        Stop {
            reason,
            running,
            samples: self.samples,
        }
    }
}

fn sample(row: Row, numbers: &[i64]) -> Sample {
    let at = |place: usize| numbers.get(place).copied().unwrap_or(0);
    let count = |place: usize| u64::try_from(at(place)).unwrap_or(0);
    let time = |place: usize| u64::try_from(at(place)).ok().map(Duration::from_nanos);
    Sample {
        row,
        wall: time(0).unwrap_or_default(),
        cpu: time(1),
        process_cpu: time(2),
        voluntary_switches: count(3),
        involuntary_switches: count(4),
        faults: count(5),
        peak_memory: count(6),
        setup: time(7).unwrap_or_default(),
        usage: None,
    }
}

fn running(message: &Message) -> (u64, Duration, Duration) {
    let time = |place| nanoseconds(message.number(place));
    (message.count(1), time(2), time(3))
}

fn nanoseconds(number: i64) -> Duration {
    Duration::from_nanos(u64::try_from(number).unwrap_or(0))
}

/// The program that says hello, if it is one that can be used.
fn runtime(hello: &Message) -> Result<Runtime, String> {
    if hello.kind != "hello" || hello.number(0) != VERSION {
        return Err("the interpreter does not run what it is given".into());
    }
    let (name, version) = (hello.text(0), hello.text(1));
    let executable = hello.texts.get(2).map(Vec::as_slice).unwrap_or_default();
    let implementation = match name.as_str() {
        "cpython" => "CPython".to_owned(),
        _ => name,
    };
    let known = match hello.number(1) {
        2 => hello.number(2) == 7,
        3 => hello.number(2) >= 6,
        major => major > 3,
    };
    if implementation != "CPython" || !known {
        return Err(format!(
            "prof times CPython 2.7, 3.6 and later; this is {implementation} {version}"
        ));
    }
    Ok(Runtime {
        implementation,
        version,
        executable: OsStr::from_bytes(executable).into(),
    })
}

fn not_started(python: &str, status: &str, output: &str) -> String {
    let output = output.trim();
    let last: Vec<&str> = output.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    let mut text = format!("`{python}` does not run as a Python interpreter: {status}");
    if !last.is_empty() {
        text.push('\n');
        text.push_str(&last.join("\n"));
    }
    text
}

fn unexpected(message: &Message) -> Reason {
    Reason::Died {
        status: format!("its code wrote into the channel to prof: `{}`", message.kind),
        output: Box::default(),
    }
}

fn stop(reason: Reason) -> Stop {
    Stop {
        reason,
        samples: Vec::new(),
        running: None,
    }
}
