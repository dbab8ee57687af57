//! A thread that samples until it is stopped, or the program ends.

use super::attach::Spied;
use super::collect::{Collector, Counts, Stack};
use super::pace::Pace;
use super::{Error, Options};
use crate::process::{Process, Source};
use crate::profile::stacks::StackTree;
use nix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it is looked which children it has, and whether it was started again.
const SURVEY: Duration = Duration::from_secs(1);
/// How often it is looked what the program costs.
const MEASURE: Duration = Duration::from_millis(250);
/// How long a program that has just been started may take to load Python.
const PATIENCE: Duration = Duration::from_millis(500);
/// A child is tried so often: it may not have loaded Python yet, or be no Python.
const TRIES: u32 = 3;
/// Looks at a child that fail one after the other, from which on it is left alone: it became another program.
const MISSES: u32 = 100;

/// Samples that were taken.
#[derive(Debug)]
pub struct Sampled {
    /// All stacks, in samples.
    pub tree: StackTree,
    /// How it went.
    pub counts: Counts,
    /// The version of the program's Python.
    pub python: String,
    /// Did the program end by itself?
    pub ended: bool,
}

/// A sampling that goes on.
#[derive(Debug)]
pub struct Sampling {
    thread: JoinHandle<Result<Sampled, Error>>,
    /// Dropped to stop it.
    stop: Sender<()>,
    counts: Arc<Mutex<Counts>>,
    /// The process that was found first.
    pid: u32,
}

impl Sampling {
    /// Begins to sample a process. Where its number comes from a file, what is there after its end is sampled on.
    ///
    /// # Errors
    /// If there is none, it is no Python, or may not be looked into; or this build cannot do what is asked for.
    pub fn start(source: Source, options: Options) -> Result<Sampling, Error> {
        if options.native && cfg!(not(feature = "native")) {
            return Err(Error::NoNative);
        }
        let (stop, stopped) = channel();
        let (attached, attaching) = channel();
        let counts = Arc::new(Mutex::new(Counts::default()));
        let shared = Arc::clone(&counts);
        // What reads a process must stay in one thread: the system lets no other go on with what one has stopped.
        let thread = std::thread::Builder::new()
            .name("sampler".into())
            .spawn(move || match Task::begin(source, options, shared) {
                Ok(task) => {
                    // Who asked may be gone, which the task finds out itself.
                    let _ = attached.send(Ok(task.pid));
                    task.run(&stopped)
                }
                Err(error) => {
                    let _ = attached.send(Err(error));
                    Err(Error::Ended(0))
                }
            })?;
        let pid = attaching
            .recv()
            .map_err(|_| std::io::Error::other("the sampler ended"))??;
        Ok(Sampling {
            thread,
            stop,
            counts,
            pid,
        })
    }

    /// The process that was found.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.pid
    }

    /// How it goes.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has the program ended?
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it, and returns what was sampled.
    ///
    /// # Errors
    /// If there were more functions than are kept.
    pub fn finish(self) -> Result<Sampled, Error> {
        drop(self.stop);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(std::io::Error::other("the sampler broke down").into()))
    }
}

/// A process that is looked into.
struct Target {
    spied: Spied,
    process: Process,
    /// Looks that failed, one after the other.
    misses: u32,
}

impl Target {
    fn find(source: &Source, options: &Options) -> Result<Target, Error> {
        let pid = source.pid().ok_or_else(|| match source {
            Source::Pid(pid) => Error::NoProcess(*pid),
            Source::File(path) => Error::NoProcessIn(path.to_string_lossy().into_owned()),
        })?;
        Target::attach(pid, options, PATIENCE)
    }

    fn attach(pid: u32, options: &Options, patience: Duration) -> Result<Target, Error> {
        let process = Process::find(pid).map_err(|_| Error::NoProcess(pid))?;
        let spied = Spied::attach(pid, options, patience)?;
        Ok(Target {
            spied,
            process,
            misses: 0,
        })
    }
}

/// Can this process be sampled? Finds out without taking a sample.
///
/// # Errors
/// Why not.
pub fn check(source: &Source) -> Result<(), Error> {
    Target::find(source, &Options::default()).map(|_| ())
}

/// What the thread does.
struct Task {
    source: Source,
    options: Options,
    shared: Arc<Mutex<Counts>>,
    pid: u32,
    python: String,
    /// `None` once it has ended, until another one is there.
    target: Option<Target>,
    children: Vec<Target>,
    /// Children that were tried, and how often.
    tried: BTreeMap<u32, u32>,
    collector: Collector,
    counts: Counts,
    stacks: Vec<Stack>,
    /// Of the target: its processor time when it was found.
    cpu_before: Duration,
    /// That of earlier ones.
    cpu_of_earlier: Duration,
    began: Instant,
    own_before: Duration,
}

impl Task {
    fn begin(source: Source, options: Options, shared: Arc<Mutex<Counts>>) -> Result<Task, Error> {
        let target = Target::find(&source, &options)?;
        let pid = target.process.pid();
        Ok(Task {
            source,
            options,
            shared,
            pid,
            python: target.spied.version(),
            cpu_before: target.process.usage().map_or(Duration::ZERO, |usage| usage.cpu),
            target: Some(target),
            children: Vec::new(),
            tried: BTreeMap::new(),
            collector: Collector::new(),
            counts: Counts::default(),
            stacks: Vec::new(),
            cpu_of_earlier: Duration::ZERO,
            began: Instant::now(),
            own_before: own_cpu(),
        })
    }

    fn run(mut self, stopped: &Receiver<()>) -> Result<Sampled, Error> {
        let seed = u64::from(self.pid);
        let mut pace = Pace::new(self.options.rate, seed);
        let mut surveyed = None;
        loop {
            let now = self.began.elapsed();
            let (due, missed) = pace.next(now);
            self.counts.missed += missed;
            match stopped.recv_timeout(due.saturating_sub(now)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if surveyed.is_none_or(|at| self.began.elapsed() >= at + SURVEY) {
                surveyed = Some(self.began.elapsed());
                self.survey();
            }
            if self.began.elapsed() >= self.counts.measured + MEASURE {
                self.measure();
            }
            self.look()?;
            if self.target.is_none() && matches!(self.source, Source::Pid(_)) {
                break;
            }
            self.tell();
        }
        self.measure();
        self.tell();
        Ok(Sampled {
            tree: self.collector.tree,
            counts: self.counts,
            python: self.python,
            ended: self.target.is_none(),
        })
    }

    /// One look at all processes.
    fn look(&mut self) -> Result<(), Error> {
        let Some(target) = &mut self.target else {
            return Ok(());
        };
        self.counts.looks += 1;
        self.stacks.clear();
        let (mut held, mut failure) = (Duration::ZERO, None);
        match target.spied.look(&mut self.stacks) {
            Ok(time) => held += time,
            Err(_) if target.process.usage().is_none() => {
                self.counts.looks -= 1;
                self.end();
                return Ok(());
            }
            Err(why) => failure = Some(why),
        }
        self.children
            .retain_mut(|child| match child.spied.look(&mut self.stacks) {
                Ok(time) => {
                    held += time;
                    child.misses = 0;
                    true
                }
                Err(_) if child.process.usage().is_none() => false,
                Err(why) => {
                    child.misses += 1;
                    failure.get_or_insert(why);
                    child.misses < MISSES
                }
            });
        if let Some(why) = failure {
            self.counts.errors += 1;
            self.counts.first_error.get_or_insert(why);
        } else if self.stacks.is_empty() {
            self.counts.idle += 1;
        }
        for stack in &self.stacks {
            self.collector.add(stack)?;
        }
        self.counts.samples += self.stacks.len() as u64;
        self.counts.without_native += self.stacks.iter().filter(|stack| stack.lacks_native).count() as u64;
        self.counts.held += held;
        self.counts.longest = self.counts.longest.max(held);
        self.counts.elapsed = self.began.elapsed();
        self.counts.own_cpu = own_cpu().saturating_sub(self.own_before);
        Ok(())
    }

    /// The process has ended.
    fn end(&mut self) {
        self.cpu_of_earlier = self.counts.cpu;
        self.target = None;
        self.children.clear();
        self.tried.clear();
    }

    /// What is done once a second.
    fn survey(&mut self) {
        self.measure();
        if self.target.is_none()
            && let Some(pid) = self.source.pid()
            && let Ok(target) = Target::attach(pid, &self.options, Duration::ZERO)
        {
            self.cpu_before = Duration::ZERO;
            self.counts.restarts += 1;
            self.target = Some(target);
        }
        if let Some(target) = &self.target
            && self.options.children
        {
            for child in target.spied.children() {
                let tries = self.tried.entry(child).or_default();
                let is_known = self.children.iter().any(|known| known.process.pid() == child);
                if is_known || *tries >= TRIES {
                    continue;
                }
                *tries += 1;
                self.children
                    .extend(Target::attach(child, &self.options, Duration::ZERO).ok());
            }
        }
    }

    /// What the program costs.
    fn measure(&mut self) {
        let Some(target) = &self.target else {
            return;
        };
        match target.process.usage() {
            Some(usage) => {
                self.counts.measured = self.began.elapsed();
                self.counts.cpu = self.cpu_of_earlier + usage.cpu.saturating_sub(self.cpu_before);
                self.counts.memory = usage.rss;
                self.counts.peak_memory = self.counts.peak_memory.max(usage.rss);
            }
            None => self.end(),
        }
    }

    fn tell(&self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.clone_from(&self.counts);
    }
}

/// The processor time of this thread.
fn own_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
