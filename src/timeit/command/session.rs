//! A session whose samples are processes.

use super::counters::{Absent, Counting};
use super::failures::{bad_name_text, ending, failed, not_started, status, unreadable, unwritable};
use super::spawn::{ITERATION, Look, Program, Spawner, Streams, Ticks};
use super::stream::{Errors, Reads, Writes, null};
use super::{Command, Settings};
use crate::system_text::system_text;
use crate::timeit::session::{Case, Failed, Progress, Reason, Row, Runtime, Sample, Session, Stop, Watch};
use crate::timeit::usage::Usage;
use nix::sys::signal::Signal;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A command that is told to end may take so long.
const PATIENCE: Duration = Duration::from_millis(500);

/// The system counts the memory that we had when a process began as its own; it counts in batches, hence a margin.
const MEMORY_MARGIN: u64 = 256 * 1024;

/// Commands that are ready to run.
pub struct CommandSession {
    runtime: Runtime,
    settings: Settings,
    /// Prepared as cases, in this order.
    commands: Vec<Command>,
    ready: Vec<Ready>,
    spawner: Spawner,
    counting: Counting,
    null: OwnedFd,
    errors: Errors,
}

/// One command, with all that it needs.
struct Ready {
    text: String,
    unexpanded: Option<char>,
    program: Program,
    input: Reads,
    output: Writes,
    setup: Option<Program>,
    prepare: Option<Program>,
    conclude: Option<Program>,
    cleanup: Option<Program>,
    runs: u64,
}

impl CommandSession {
    /// A session for these commands, which become ready one after the other by [`Session::prepare`]; and what cannot be
    /// counted of them.
    ///
    /// # Errors
    /// If the system refuses what is needed for any command.
    pub fn new(commands: Vec<Command>, settings: Settings) -> io::Result<(CommandSession, Option<Absent>)> {
        let (counting, absent) = Counting::start(&settings.counters);
        let session = CommandSession {
            runtime: Runtime {
                implementation: "command".into(),
                version: String::new(),
                executable: PathBuf::new(),
            },
            settings,
            commands,
            ready: Vec::new(),
            spawner: Spawner::new(),
            counting,
            null: null()?,
            errors: Errors::new()?,
        };
        Ok((session, absent))
    }

    /// Finds a program as a shell does.
    fn find(&self, name: &str) -> Result<CString, Failed> {
        let failed = |message: String, hint: Option<&str>| Failed {
            message,
            output: String::new(),
            hint: hint.map(str::to_owned),
        };
        let bad_name = |_| failed(format!("`{name}` has a null byte"), None);
        if name.contains('/') {
            return CString::new(name).map_err(bad_name);
        }
        let is_program = |path: &PathBuf| {
            path.metadata()
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        let mut places = self.settings.path.iter().map(|folder| folder.join(name));
        match places.find(is_program) {
            Some(path) => CString::new(path.into_os_string().into_vec()).map_err(|_| bad_name_text(name)),
            None => Err(failed(
                format!("no command `{name}` on the path"),
                Some(
                    if self.settings.shell.first().is_some_and(|shell| shell == name) {
                        "--shell names the shell in which commands run"
                    } else {
                        "what only a shell knows, such as its functions and aliases, needs --sh"
                    },
                ),
            )),
        }
    }

    fn program(&self, words: &[String], environment: &[(OsString, OsString)]) -> Result<Program, Failed> {
        let name = words.first().map_or("", String::as_str);
        let file = self.find(name)?;
        let arguments = words
            .iter()
            .map(|word| CString::new(word.as_str()).map_err(|_| bad_name_text(word)))
            .collect::<Result<_, _>>()?;
        let mut all = self.settings.environment.clone();
        for (name, value) in environment {
            all.retain(|(other, _)| other != name);
            all.push((name.clone(), value.clone()));
        }
        all.retain(|(name, _)| name != ITERATION);
        let pairs = all.into_iter().map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            CString::new(name.into_vec()).map_err(|_| bad_name_text("a variable of the environment"))
        });
        let folder = self.settings.folder.as_ref().map(|folder| folder.as_os_str());
        let folder = folder.map(|folder| CString::new(OsStr::as_bytes(folder)));
        Ok(Program::new(
            file,
            arguments,
            pairs.collect::<Result<_, _>>()?,
            folder.transpose().map_err(|_| bad_name_text("the folder"))?,
        ))
    }

    fn ready(&self, command: &Command) -> Result<Ready, Failed> {
        let beside = |text: &Option<String>| {
            let words = |text: &String| {
                let mut words = self.settings.shell.clone();
                words.extend(["-c".to_owned(), text.clone()]);
                self.program(&words, &command.environment)
            };
            text.as_ref().map(words).transpose()
        };
        Ok(Ready {
            text: command.text.clone(),
            unexpanded: command.unexpanded,
            program: self.program(&command.words, &command.environment)?,
            input: Reads::open(&command.input).map_err(|error| unreadable(&command.input, &error))?,
            output: Writes::open(&command.output).map_err(|error| unwritable(&command.output, &error))?,
            setup: beside(&command.setup)?,
            prepare: beside(&command.prepare)?,
            conclude: beside(&command.conclude)?,
            cleanup: beside(&command.cleanup)?,
            runs: 0,
        })
    }

    /// Runs what belongs to a command; how long it took.
    fn beside(&mut self, case: usize, which: Beside) -> Result<Duration, Reason> {
        let ready = &mut self.ready[case];
        let runs = ready.runs;
        let (program, option) = match which {
            Beside::Setup => (&mut ready.setup, "--setup-cmd"),
            Beside::Prepare => (&mut ready.prepare, "--prepare"),
            Beside::Conclude => (&mut ready.conclude, "--conclude"),
            Beside::Cleanup => (&mut ready.cleanup, "--cleanup"),
        };
        let Some(program) = program else {
            return Ok(Duration::ZERO);
        };
        program.set_iteration(runs);
        self.errors.clear();
        let streams = Streams {
            input: Some(self.null.as_fd()),
            output: Some(self.null.as_fd()),
            errors: Some(self.errors.fd()),
        };
        let mut limits = Limits::new(&self.settings, None);
        // What is to be cleaned up is cleaned up after Ctrl-C, too.
        limits.is_deaf = which == Beside::Cleanup;
        let began = Instant::now();
        let ended = self
            .spawner
            .run(program, streams, false, &mut |elapsed| limits.look(elapsed));
        // Ctrl-C reaches it directly: it may have ended before we looked.
        let is_interrupted = !limits.is_deaf && limits.is_interrupted();
        if let Some(reason) = limits.reason.or(is_interrupted.then_some(Reason::Interrupted)) {
            return Err(reason);
        }
        let text = String::from_utf8_lossy(program.file().to_bytes()).into_owned();
        let ended = ended.map_err(|error| Reason::Failed(Box::new(not_started(&text, &error))))?;
        match status(&ended) {
            0 => Ok(began.elapsed()),
            status => Err(Reason::Failed(Box::new(Failed {
                message: format!("the command of {option} failed: {}", ending(status)),
                output: self.errors.end(),
                hint: None,
            }))),
        }
    }

    /// One run, with what stands before and after.
    fn sample(
        &mut self,
        row: Row,
        own_memory: u64,
        watch: &mut dyn Watch,
    ) -> Result<Sample, (Reason, Option<Progress>)> {
        let setup = self
            .beside(row.case, Beside::Prepare)
            .map_err(|reason| (reason, None))?;
        let ready = &mut self.ready[row.case];
        ready.program.set_iteration(ready.runs);
        let file_failed = |what: &str, error: &io::Error| {
            let message = format!(
                "cannot use the {what} of `{}` again: {}",
                ready.text,
                system_text(error)
            );
            (
                Reason::Failed(Box::new(Failed {
                    message,
                    ..Failed::default()
                })),
                None,
            )
        };
        ready
            .input
            .rewind()
            .map_err(|error| file_failed("input", &error))?;
        ready
            .output
            .begin()
            .map_err(|error| file_failed("output", &error))?;
        let (output, errors) = ready.output.fds(&self.null, &self.errors);
        let streams = Streams {
            input: Some(ready.input.fd(&self.null)),
            output,
            errors,
        };
        let mut limits = Limits::new(&self.settings, Some((watch, row)));
        let ended = self.spawner.run(&ready.program, streams, true, &mut |elapsed| {
            self.errors.trim();
            limits.look(elapsed)
        });
        let Limits { reason, .. } = limits;
        let counters = self.counting.take();
        let ended = ended.map_err(|error| {
            let failed = not_started(&ready.text, &error);
            (Reason::Failed(Box::new(failed)), None)
        })?;
        if let Some(reason) = reason {
            let running = Progress {
                row,
                done: 0,
                elapsed: ended.wall,
                process_cpu: time(ended.usage.ru_utime) + time(ended.usage.ru_stime),
            };
            return Err((reason, Some(running)));
        }
        let run = ready.runs;
        ready.runs += 1;
        let status = status(&ended);
        if status != 0 && !self.settings.ignore.covers(status) {
            let ignore = &self.settings.ignore;
            let mut failed = failed(&ready.text, ready.unexpanded, run, &ended, ignore);
            failed.output = self.errors.end();
            return Err((Reason::Failed(Box::new(failed)), None));
        }
        self.beside(row.case, Beside::Conclude)
            .map_err(|reason| (reason, None))?;
        let (user, system) = (time(ended.usage.ru_utime), time(ended.usage.ru_stime));
        let count = |number: libc::c_long| u64::try_from(number).unwrap_or(0);
        let memory = count(ended.usage.ru_maxrss) * 1024;
        Ok(Sample {
            row,
            wall: ended.wall,
            cpu: Some(user + system),
            process_cpu: Some(user + system),
            // The end of a process is counted as one.
            voluntary_switches: count(ended.usage.ru_nvcsw).saturating_sub(1),
            involuntary_switches: Some(count(ended.usage.ru_nivcsw)),
            faults: count(ended.usage.ru_minflt) + count(ended.usage.ru_majflt),
            peak_memory: if memory > own_memory + MEMORY_MARGIN {
                memory
            } else {
                0
            },
            setup,
            usage: Some(Usage {
                user,
                system,
                status,
                counters,
            }),
        })
    }
}

impl Session for CommandSession {
    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn prepare(&mut self, case: &Case) -> Result<(), Stop> {
        let stop = |failed| Stop {
            reason: Reason::Failed(Box::new(failed)),
            samples: Vec::new(),
            running: None,
        };
        let command = self
            .commands
            .get(self.ready.len())
            .cloned()
            .unwrap_or_else(|| Command {
                text: case.statement.clone(),
                words: vec![case.statement.clone()],
                ..Command::default()
            });
        let ready = self.ready(&command).map_err(stop)?;
        self.ready.push(ready);
        Ok(())
    }

    fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
        let _ticks = Ticks::start();
        self.errors.trim();
        let own_memory = own_peak_memory();
        let mut samples = Vec::with_capacity(plan.len());
        for &row in plan {
            match self.sample(row, own_memory, watch) {
                Ok(sample) => samples.push(sample),
                Err((reason, running)) => {
                    return Err(Stop {
                        reason,
                        samples,
                        running,
                    });
                }
            }
        }
        Ok(samples)
    }

    fn begin(&mut self, case: usize) -> Result<(), Stop> {
        self.beside_all(case, Beside::Setup)
    }

    fn finish(&mut self, case: usize) -> Result<(), Stop> {
        self.beside_all(case, Beside::Cleanup)
    }
}

impl CommandSession {
    fn beside_all(&mut self, case: usize, which: Beside) -> Result<(), Stop> {
        let _ticks = Ticks::start();
        self.beside(case, which).map(drop).map_err(|reason| Stop {
            reason,
            samples: Vec::new(),
            running: None,
        })
    }
}

/// What belongs to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Setup,
    Prepare,
    Conclude,
    Cleanup,
}

/// What may end a run early.
struct Limits<'a> {
    settings: &'a Settings,
    watch: Option<(&'a mut dyn Watch, Row)>,
    reason: Option<Reason>,
    told: Duration,
    is_deaf: bool,
}

impl<'a> Limits<'a> {
    fn new(settings: &'a Settings, watch: Option<(&'a mut dyn Watch, Row)>) -> Limits<'a> {
        Limits {
            settings,
            watch,
            reason: None,
            told: Duration::ZERO,
            is_deaf: false,
        }
    }

    fn is_interrupted(&self) -> bool {
        let flag = self.settings.interrupted;
        flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    fn look(&mut self, elapsed: Duration) -> Look {
        if self.reason.is_some() {
            return if elapsed > self.told + PATIENCE {
                Look::Send(Signal::SIGKILL)
            } else {
                Look::GoOn
            };
        }
        let progress = |row| Progress {
            row,
            done: 0,
            elapsed,
            process_cpu: Duration::ZERO,
        };
        let wants_end = |(watch, row): &mut (&mut dyn Watch, Row)| {
            watch.progress(progress(*row)) == ControlFlow::Break(())
        };
        let (reason, signal) = if !self.is_deaf && self.is_interrupted() {
            (Reason::Interrupted, Signal::SIGINT)
        } else if self.settings.timeout.is_some_and(|limit| elapsed > limit) {
            (Reason::TimeOut, Signal::SIGTERM)
        } else if self.watch.as_mut().is_some_and(wants_end) {
            (Reason::Interrupted, Signal::SIGTERM)
        } else {
            return Look::GoOn;
        };
        self.reason = Some(reason);
        self.told = elapsed;
        Look::Send(signal)
    }
}

fn time(time: libc::timeval) -> Duration {
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    Duration::from_micros(part(time.tv_sec) * 1_000_000 + part(time.tv_usec))
}

/// The most memory that we held; the system counts it for every process that we start.
fn own_peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.map_or(u64::MAX - MEMORY_MARGIN, |kilobytes| kilobytes * 1024)
}
