//! The stacks of one process, read by the crate py-spy.
//!
//! What py-spy does by itself and is done otherwise here: it reads all threads at each look, also of a program that
//! only waits, and it stops them all for that. Up to Python 3.10 it cannot tell which thread of the system a thread of
//! Python is, and takes those that wait for busy; here that is found in the C library's own record of the thread. And
//! it reads all names again each time; here most looks do without, see [`super::walk`].

use super::collect::{Function, Stack};
#[cfg(feature = "native")]
use super::native::{self, Native, Unwound};
use super::permission::permission_hint;
use super::threads::Threads;
use super::walk::{Walked, Walker};
use super::{Error, Options};
use crate::process::Process;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use py_spy::config::{LineNo, LockingStrategy};
use py_spy::{Config, PythonSpy, StackTrace};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, IoSliceMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

const AGAIN: Duration = Duration::from_millis(50);
/// Threads whose names are remembered, of a program that starts new ones for ever.
const MOST_NAMES: usize = 10_000;

/// A process that can be looked into.
pub(super) struct Spied {
    spy: PythonSpy,
    pid: u32,
    options: Options,
    threads: Threads,
    /// Threads of the system, by the number that Python gives them.
    known: HashMap<u64, i32>,
    /// Names of threads, as far as they are asked for, by both numbers: Python's comes back with another thread.
    names: HashMap<(u64, i32), String>,
    /// While it is of use.
    walker: Option<Walker>,
    /// Where frames of C code are asked for.
    #[cfg(feature = "native")]
    native: Option<Native>,
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
            // To begin with it looks into all threads by itself, and for frames of C they must be stopped.
            blocking: match options.native {
                true => LockingStrategy::Lock,
                false => LockingStrategy::NonBlocking,
            },
            native: options.native,
            lineno: LineNo::First,
            full_filenames: true,
            collect_thread_names: options.threads,
            gil_only: options.gil,
            ..Config::default()
        };
        let began = Instant::now();
        let mut spy = loop {
            match PythonSpy::retry_new(number, &config, 1) {
                Ok(spy) => break spy,
                Err(_) if process.usage().is_none() => return Err(Error::Ended(pid)),
                Err(error) if began.elapsed() >= patience => return Err(reason(pid, &error)),
                Err(_) => std::thread::sleep(AGAIN),
            }
        };
        // From now on we stop it, and not all threads.
        spy.config.blocking = LockingStrategy::NonBlocking;
        spy.config.native = false;
        #[cfg(feature = "native")]
        let native = options
            .native
            .then(|| Native::of(&spy))
            .transpose()
            .map_err(|why| Error::Unreadable { pid, why })?;
        let (version, addresses) = (&spy.version, &spy.addresses);
        // Whose lock it is stands elsewhere; and what is merged with frames of C are py-spy's.
        let walker = (!options.gil && !options.native).then(|| {
            Walker::of(
                Pid::from_raw(number),
                version.major,
                version.minor,
                addresses.interpreter_address,
            )
        });
        Ok(Spied {
            walker: walker.flatten(),
            #[cfg(feature = "native")]
            native,
            spy,
            pid,
            options: options.clone(),
            threads: Threads::of(pid),
            known: HashMap::new(),
            names: HashMap::new(),
            below: options
                .children
                .then(|| format!("process {pid}: {}", command(pid))),
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
        let time = || stopped.map_or(Duration::ZERO, |stopped| stopped.elapsed());
        #[cfg(feature = "native")]
        if let Some(native) = self.native.take() {
            let unwound = self.unwound(&native, &running);
            self.native = Some(native);
            drop(locks);
            let held = time();
            for unwound in unwound? {
                let (trace, is_whole) = native::merged(unwound, &mut self.spy);
                let stack = self.stack(thread_name(&trace), functions(trace.frames));
                stacks.extend(stack.map(|stack| Stack {
                    lacks_native: !is_whole,
                    ..stack
                }));
            }
            return Ok(held);
        }
        let read = self.read(&running);
        drop(locks);
        let held = time();
        stacks.extend(read?);
        Ok(held)
    }

    /// What is on the threads that are wanted, with the addresses of all code on the stacks of those that are stopped.
    #[cfg(feature = "native")]
    fn unwound(&mut self, native: &Native, running: &[i32]) -> Result<Vec<Unwound>, String> {
        let traces = self.traces(running)?;
        let unwound = traces.into_iter().map(|trace| {
            let thread = self.system_thread(trace.thread_id, trace.os_thread_id);
            native.unwind(trace, thread.filter(|thread| running.contains(thread)))
        });
        Ok(unwound.collect())
    }

    /// What is on the threads that are wanted.
    fn read(&mut self, running: &[i32]) -> Result<Vec<Stack>, String> {
        let walks = self.walks(running);
        if let Some(stacks) = walks.as_ref().and_then(|walks| self.named(walks)) {
            return Ok(stacks);
        }
        for (walked, system) in walks.iter().flatten() {
            let number = walked.thread.number;
            let names = &mut self.spy.python_thread_names;
            // py-spy has only the one number, and would give a thread the name of an earlier one.
            if !self.names.contains_key(&(number, *system)) && names.get(&number).is_some_and(Option::is_some)
            {
                names.remove(&number);
            }
        }
        let traces = self.traces(running)?;
        let mut stacks = Vec::with_capacity(traces.len());
        for trace in traces {
            let (number, told) = (trace.thread_id, trace.os_thread_id);
            if let Some(name) = &trace.thread_name
                && let Some(system) = self.system_thread(number, told)
            {
                if self.names.len() >= MOST_NAMES {
                    self.names.clear();
                }
                self.names.insert((number, system), name.clone());
            }
            let name = thread_name(&trace);
            let functions = functions(trace.frames);
            let mut walked = walks.iter().flatten();
            if let Some((walked, _)) = walked.find(|(walked, _)| walked.thread.number == number) {
                self.compare(walked, &functions);
            }
            stacks.extend(self.stack(name, functions));
        }
        Ok(stacks)
    }

    /// The frames of the threads that are wanted, with the numbers that the system gives to these; `None` where that
    /// cannot be told.
    fn walks(&mut self, running: &[i32]) -> Option<Vec<(Walked, i32)>> {
        let threads = self.walker.as_mut()?.threads()?;
        let mut walks = Vec::new();
        for thread in threads {
            let system = self.system_thread(thread.number, thread.system)?;
            if self.options.idle || running.contains(&system) {
                walks.push((self.walker.as_mut()?.walk(thread)?, system));
            }
        }
        Some(walks)
    }

    /// Their stacks, if they can be trusted and their threads' names are known.
    fn named(&mut self, walks: &[(Walked, i32)]) -> Option<Vec<Stack>> {
        let walker = self.walker.as_mut().filter(|walker| walker.is_proven())?;
        let mut read = Vec::with_capacity(walks.len());
        for (walked, system) in walks {
            let name = match self.options.threads {
                true => self.names.get(&(walked.thread.number, *system))?.clone(),
                false => String::new(),
            };
            read.push((name, walker.functions(walked)?));
        }
        let stacks = read
            .into_iter()
            .filter_map(|(name, functions)| self.stack(name, functions));
        Some(stacks.collect())
    }

    /// What py-spy has read shows whether frames are followed rightly here, unless they have changed meanwhile: not all
    /// threads are stopped.
    fn compare(&mut self, walked: &Walked, functions: &[Arc<Function>]) {
        let Some(walker) = &mut self.walker else { return };
        if walker.is_still(walked) {
            walker.compare(walked, functions);
        }
        if walker.is_lost() {
            self.walker = None;
        }
    }

    /// The stacks that are wanted, and their names, as py-spy reads them.
    fn traces(&mut self, running: &[i32]) -> Result<Vec<StackTrace>, String> {
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
                && self
                    .system_thread(holder.thread_id, holder.os_thread_id)
                    .is_none_or(|thread| thread == *only)
            {
                return Ok(vec![holder.clone()]);
            }
        }
        let mut traces = self.spy.get_stack_traces().map_err(failed)?;
        if !self.options.idle {
            traces.retain(
                |trace| match self.system_thread(trace.thread_id, trace.os_thread_id) {
                    Some(thread) => running.contains(&thread),
                    // py-spy has looked at the names of its functions.
                    None => trace.active,
                },
            );
        }
        Ok(traces)
    }

    /// The number that the system gives to a thread; `None` where it cannot be told.
    fn system_thread(&mut self, number: u64, told: Option<u64>) -> Option<i32> {
        if let Some(thread) = told {
            // In a container it has another number.
            return i32::try_from(thread)
                .ok()
                .filter(|&thread| self.threads.contains(thread));
        }
        if let Some(&thread) = self.known.get(&number)
            && self.threads.contains(thread)
        {
            return Some(thread);
        }
        let record = self.thread_record(number)?;
        let (numbers, _) = record.as_chunks::<4>();
        let thread = numbers
            .iter()
            .map(|&number| i32::from_ne_bytes(number))
            .find(|&number| number > 0 && self.threads.contains(number))?;
        self.known.insert(number, thread);
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

    /// `thread`: what it is called, where that is asked for.
    fn stack(&self, thread: String, functions: Vec<Arc<Function>>) -> Option<Stack> {
        if functions.is_empty() {
            return None;
        }
        let mut below: Vec<String> = self.below.iter().cloned().collect();
        if self.options.threads {
            below.push(format!("thread {thread}"));
        }
        Some(Stack {
            below,
            functions,
            lacks_native: false,
        })
    }
}

/// What py-spy knows to call a thread.
fn thread_name(trace: &StackTrace) -> String {
    let told = trace.os_thread_id.map(|told| told.to_string());
    let name = trace.thread_name.clone().or(told);
    name.unwrap_or_else(|| format!("{:#X}", trace.thread_id))
}

fn functions(frames: Vec<py_spy::Frame>) -> Vec<Arc<Function>> {
    let functions = frames.into_iter().map(|frame| {
        #[cfg(feature = "native")]
        if let Some(function) = native::function(&frame) {
            return function;
        }
        Arc::new(Function {
            name: frame.name,
            file: frame.filename,
            line: i64::from(frame.line),
        })
    });
    functions.collect()
}

fn is_there(pid: u32, thread: i32) -> bool {
    fs::exists(format!("/proc/{pid}/task/{thread}")).unwrap_or(false)
}

/// The program's name, for a frame. In brackets it would be read as a function's file.
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

#[cfg(test)]
mod tests;
