//! The stacks of one process, read by the crate py-spy.
//!
//! What py-spy does by itself and is done otherwise here: it reads all threads at each look, also of a program that
//! only waits, and it stops them all for that. Up to Python 3.10 it cannot tell which thread of the system a thread of
//! Python is, and takes those that wait for busy; here that is found in the C library's own record of the thread.

use super::collect::{Function, Stack};
use super::permission::permission_hint;
use super::threads::Threads;
use super::{Error, Options};
use crate::process::Process;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use py_spy::config::{LineNo, LockingStrategy};
use py_spy::{Config, PythonSpy, StackTrace};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, IoSliceMut};
use std::time::{Duration, Instant};

const AGAIN: Duration = Duration::from_millis(50);

/// A process that can be looked into.
pub(super) struct Spied {
    spy: PythonSpy,
    pid: u32,
    options: Options,
    threads: Threads,
    /// Threads of the system, by the number that Python gives them.
    known: HashMap<u64, i32>,
    /// The frame of the process itself.
    below: Option<String>,
}

impl Spied {
    /// `patience`: for a program that has just been started and may not have loaded Python yet.
    ///
    /// # Errors
    /// If it is gone, is no Python, or may not be looked into.
    pub(super) fn attach(pid: u32, options: &Options, patience: Duration) -> Result<Spied, Error> {
        let process = Process::find(pid).map_err(|_| Error::NoProcess(pid))?;
        let number = i32::try_from(pid).map_err(|_| Error::NoProcess(pid))?;
        // What is asked for here is the right that reading its memory needs.
        if let Err(error) = File::open(format!("/proc/{pid}/mem"))
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            return Err(Error::Permission {
                pid,
                hint: permission_hint(pid),
            });
        }
        let config = Config {
            blocking: LockingStrategy::AlreadyLocked,
            lineno: LineNo::First,
            full_filenames: true,
            collect_thread_names: options.threads,
            gil_only: options.gil,
            ..Config::default()
        };
        let began = Instant::now();
        let spy = loop {
            match PythonSpy::retry_new(number, &config, 1) {
                Ok(spy) => break spy,
                Err(_) if process.usage().is_none() => return Err(Error::Ended(pid)),
                Err(error) if began.elapsed() >= patience => return Err(reason(pid, &error)),
                Err(_) => std::thread::sleep(AGAIN),
            }
        };
        Ok(Spied {
            spy,
            pid,
            options: options.clone(),
            threads: Threads::of(pid),
            known: HashMap::new(),
            below: options
                .children
                .then(|| format!("process {pid} ({})", command(pid))),
        })
    }

    /// Of its Python.
    pub(super) fn version(&self) -> String {
        self.spy.version.to_string()
    }

    /// All processes that it started, and those that they started.
    pub(super) fn children(&self) -> Vec<u32> {
        let children = self.spy.process.child_processes().unwrap_or_default();
        children
            .into_iter()
            .filter_map(|(child, _)| u32::try_from(child).ok())
            .collect()
    }

    /// Appends what its threads do now. Returns how long any of them was stopped for that.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn look(&mut self, stacks: &mut Vec<Stack>) -> Result<Duration, String> {
        let running = self.threads.running().map_err(|error| error.to_string())?;
        // Who sleeps may hold the lock.
        if running.is_empty() && !self.options.idle && !self.options.gil {
            return Ok(Duration::ZERO);
        }
        let mut locks = Vec::new();
        let mut stopped = None;
        if !self.options.nonblocking {
            let threads = self.spy.process.threads().map_err(|error| error.to_string())?;
            for thread in threads {
                if thread.id().is_ok_and(|id| running.contains(&id)) {
                    match thread.lock() {
                        Ok(lock) => {
                            // A thread that waits for a processor stops only when it has one: until then it loses nothing.
                            stopped.get_or_insert_with(Instant::now);
                            locks.push(lock);
                        }
                        Err(_) if !is_there(self.pid, thread.id().unwrap_or(0)) => {}
                        Err(error) => {
                            return Err(format!(
                                "a thread cannot be stopped, is a debugger at work? ({error})"
                            ));
                        }
                    }
                }
            }
        }
        let read = self.read(&running);
        drop(locks);
        let held = stopped.map_or(Duration::ZERO, |stopped| stopped.elapsed());
        for trace in read? {
            stacks.extend(self.stack(trace));
        }
        Ok(held)
    }

    /// The stacks that are wanted.
    fn read(&mut self, running: &[i32]) -> Result<Vec<StackTrace>, String> {
        let failed = |error| format!("{error:#}");
        if self.options.gil {
            return self.spy.get_stack_traces().map_err(failed);
        }
        if let [only] = running
            && !self.options.idle
        {
            // Most often the one that runs holds the lock, and no other need be read.
            self.spy.config.gil_only = true;
            let holder = self.spy.get_stack_traces();
            self.spy.config.gil_only = false;
            if let [holder] = &*holder.map_err(failed)?
                && self.system_thread(holder).is_none_or(|thread| thread == *only)
            {
                return Ok(vec![holder.clone()]);
            }
        }
        let mut traces = self.spy.get_stack_traces().map_err(failed)?;
        if !self.options.idle {
            traces.retain(|trace| match self.system_thread(trace) {
                Some(thread) => running.contains(&thread),
                // py-spy has looked at the names of its functions.
                None => trace.active,
            });
        }
        Ok(traces)
    }

    /// The number that the system gives to a thread; `None` where it cannot be told.
    fn system_thread(&mut self, trace: &StackTrace) -> Option<i32> {
        if let Some(thread) = trace.os_thread_id {
            // In a container it has another number.
            return i32::try_from(thread)
                .ok()
                .filter(|&thread| self.threads.contains(thread));
        }
        if let Some(&thread) = self.known.get(&trace.thread_id)
            && self.threads.contains(thread)
        {
            return Some(thread);
        }
        let record = self.thread_record(trace.thread_id)?;
        let (numbers, _) = record.as_chunks::<4>();
        let thread = numbers
            .iter()
            .map(|&number| i32::from_ne_bytes(number))
            .find(|&number| number > 0 && self.threads.contains(number))?;
        self.known.insert(trace.thread_id, thread);
        Some(thread)
    }

    /// What the C library keeps of a thread, in which the system's number stands. Python names a thread by the address.
    fn thread_record(&self, address: u64) -> Option<[u8; 1152]> {
        let mut record = [0; 1152];
        let remote = RemoteIoVec {
            base: usize::try_from(address).ok()?,
            len: record.len(),
        };
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?);
        let read = process_vm_readv(pid, &mut [IoSliceMut::new(&mut record)], &[remote]).ok()?;
        (read == record.len()).then_some(record)
    }

    fn stack(&self, trace: StackTrace) -> Option<Stack> {
        if trace.frames.is_empty() {
            return None;
        }
        let mut below: Vec<String> = self.below.iter().cloned().collect();
        if self.options.threads {
            let number = trace.format_threadid();
            below.push(match &trace.thread_name {
                Some(name) => format!("thread {name}"),
                None => format!("thread {number}"),
            });
        }
        let functions = trace.frames.into_iter().map(|frame| Function {
            name: frame.name,
            file: frame.filename,
            line: i64::from(frame.line),
        });
        Some(Stack {
            below,
            functions: functions.collect(),
        })
    }
}

fn is_there(pid: u32, thread: i32) -> bool {
    fs::exists(format!("/proc/{pid}/task/{thread}")).unwrap_or(false)
}

/// The program's name, for a frame.
fn command(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&line).replace('\0', " ");
    // A frame ends at a `;` in folded stacks; arguments may be pages long.
    let short: String = words.trim().replace(';', ",").chars().take(60).collect();
    if short.is_empty() { "?".into() } else { short }
}

/// Why py-spy could not find the Python of a process.
fn reason(pid: u32, error: &impl std::fmt::Display) -> Error {
    // With all its causes.
    let why = format!("{error:#}");
    if let Some((_, version)) = why.split_once("Unsupported version of Python: ") {
        let version = version.into();
        return Error::Version { pid, version };
    }
    let program = fs::read_link(format!("/proc/{pid}/exe"))
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_default();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    if !name.contains("python") && !maps.contains("libpython") {
        let program = if name.is_empty() {
            "a part of the kernel"
        } else {
            name
        }
        .into();
        return Error::NotPython { pid, program };
    }
    Error::Unreadable { pid, why }
}
