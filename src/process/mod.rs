//! What a running process costs: processor time, memory, threads, descriptors and context switches.
//!
//! Kept true: a number that the system gave to another process meanwhile is not taken for the one that was found.
//!
//! Source of the fields: proc(5). Processor time comes from the process's own clock, which counts nanoseconds where
//! `/proc/PID/stat` counts hundredths of a second.

mod listener;

pub use listener::listener;

use nix::time::ClockId;
use nix::unistd::Pid;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A process that was seen running.
#[derive(Clone, Debug)]
pub struct Process {
    pid: u32,
    /// Ticks from the machine's start to the process's.
    started: u64,
    clock: ClockId,
}

/// What a process has used and holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Processor time of all threads, user and system, since it started.
    pub cpu: Duration,
    /// Bytes of memory that it holds.
    pub rss: u64,
    /// Threads.
    pub threads: u32,
    /// Open descriptors; `None` where only the process's owner may see them.
    pub descriptors: Option<u32>,
    /// Times that a thread of those there are gave up the processor, since it started.
    pub voluntary: u64,
    /// Times that the processor was taken from it.
    pub involuntary: u64,
}

/// What a process used over some time, a second say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Whose it is: another number than before means that the server was started again.
    pub pid: u32,
    /// Processors that were busy with it: 0.5 is half a core.
    pub cores: f64,
    /// Processor time since the process started.
    pub cpu: Duration,
    /// Bytes of memory at its end.
    pub rss: u64,
    /// Threads at its end.
    pub threads: u32,
    /// Open descriptors at its end, where they may be seen.
    pub descriptors: Option<u32>,
    /// Context switches a second that the process asked for: it waits for something.
    pub voluntary: f64,
    /// Context switches a second that it did not: others want the processor.
    pub involuntary: f64,
}

/// Where a process's number is known from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This one.
    Pid(u32),
    /// A file that holds it, and another one after a restart.
    File(PathBuf),
}

/// Measures a process again and again.
#[derive(Debug)]
pub struct Meter {
    source: Source,
    process: Option<Process>,
    before: Option<(Duration, Usage)>,
}

impl Process {
    /// The process of this number.
    ///
    /// # Errors
    /// What the system says when there is none, or when it is not Linux.
    pub fn find(pid: u32) -> io::Result<Process> {
        let started = Stat::of(pid)?.started;
        let number = i32::try_from(pid).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(number))?;
        Ok(Process { pid, started, clock })
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it uses now; `None` once it has ended.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let stat = Stat::of(self.pid).ok()?;
        if stat.started != self.started || stat.is_over {
            return None;
        }
        let cpu = Duration::from(self.clock.now().ok()?);
        let (voluntary, involuntary) = switches(self.pid);
        Some(Usage {
            cpu,
            rss: stat.rss,
            threads: stat.threads,
            descriptors: descriptors(self.pid),
            voluntary,
            involuntary,
        })
    }
}

impl Source {
    /// The number of the process now; `None` without one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match self {
            Source::Pid(pid) => Some(*pid),
            Source::File(path) => fs::read_to_string(path).ok()?.trim().parse().ok(),
        }
    }
}

impl Meter {
    /// For a process that may not run yet.
    #[must_use]
    pub fn new(source: Source) -> Meter {
        Meter {
            source,
            process: None,
            before: None,
        }
    }

    /// What the process used since the last call; `at` is the time by a clock that all calls share. `None` when it
    /// does not run, and the first time it is seen.
    pub fn sample(&mut self, at: Duration) -> Option<Sample> {
        let usage = self.usage();
        let before = std::mem::replace(&mut self.before, usage.map(|usage| (at, usage)));
        let (usage, (then, before)) = (usage?, before?);
        let seconds = at.saturating_sub(then).as_secs_f64();
        if seconds <= 0.0 {
            return None;
        }
        let a_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        Some(Sample {
            pid: self.process.as_ref().map_or(0, Process::pid),
            cores: usage.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds,
            cpu: usage.cpu,
            rss: usage.rss,
            threads: usage.threads,
            descriptors: usage.descriptors,
            voluntary: a_second(usage.voluntary, before.voluntary),
            involuntary: a_second(usage.involuntary, before.involuntary),
        })
    }

    /// Of the known process, or once that has ended of the one that came after it.
    fn usage(&mut self) -> Option<Usage> {
        if let Some(usage) = self.process.as_ref().and_then(Process::usage) {
            return Some(usage);
        }
        // What the old one used says nothing of the new one.
        self.before = None;
        self.process = self.source.pid().and_then(|pid| Process::find(pid).ok());
        self.process.as_ref()?.usage()
    }
}

/// What is used of `/proc/PID/stat`.
struct Stat {
    started: u64,
    threads: u32,
    rss: u64,
    /// It has ended, and only its parent has not looked yet.
    is_over: bool,
}

impl Stat {
    fn of(pid: u32) -> io::Result<Stat> {
        Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    fn parse(line: &str) -> Option<Stat> {
        // The name of the program stands in parentheses, and may hold some of its own.
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The first field here is the third of the manual.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Stat {
            is_over: matches!(fields.first(), Some(&("Z" | "X" | "x"))),
            threads: number(20)? as u32,
            started: number(22)?,
            rss: number(24)? * page_size(),
        })
    }
}

fn page_size() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .map_or(4096, |size| size as u64)
}

/// Of the threads that there are: voluntary, involuntary.
fn switches(pid: u32) -> (u64, u64) {
    let mut sum = (0, 0);
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return sum;
    };
    for thread in threads.flatten() {
        // It may have ended meanwhile.
        let Ok(status) = fs::read_to_string(thread.path().join("status")) else {
            continue;
        };
        for line in status.lines() {
            let number = |text: &str| text.trim().parse::<u64>().unwrap_or(0);
            if let Some(text) = line.strip_prefix("voluntary_ctxt_switches:") {
                sum.0 += number(text);
            } else if let Some(text) = line.strip_prefix("nonvoluntary_ctxt_switches:") {
                sum.1 += number(text);
            }
        }
    }
    sum
}

fn descriptors(pid: u32) -> Option<u32> {
    let folder = format!("/proc/{pid}/fd");
    // Newer kernels tell the number as the folder's size; others want them counted.
    let told = fs::metadata(&folder).ok()?.len();
    let opened = fs::read_dir(&folder).ok()?;
    match told {
        0 => Some(opened.count() as u32),
        told => Some(told as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::{TimeVal, TimeValLike as _};

    #[test]
    fn a_name_with_parentheses_is_read_over() {
        // The fields of proc(5), counted by hand: 20 threads, 22 start, 24 pages.
        let line = "77 (a) b (c)) S 1 77 77 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 9 0 1234 9999 11 12";
        let stat = Stat::parse(line).expect("a line of the system");
        assert_eq!(
            (stat.threads, stat.started, stat.rss, stat.is_over),
            (9, 1234, 11 * page_size(), false)
        );
        assert!(Stat::parse("77 (a) Z 1").is_none());
    }

    #[test]
    fn our_own_work_is_seen() {
        // The system's other count of the same: no clock on the wall, as other tests work and wait meanwhile.
        let counted = || {
            let of_us = getrusage(UsageWho::RUSAGE_SELF).expect("we run");
            let micros = |time: TimeVal| Duration::from_micros(time.num_microseconds() as u64);
            micros(of_us.user_time()) + micros(of_us.system_time())
        };
        let tick = Duration::from_millis(10);
        let process = Process::find(std::process::id()).expect("we run");
        let first = process.usage().expect("we run").cpu;
        let mut sum = 0_u64;
        loop {
            let before = counted();
            let cpu = process.usage().expect("we run").cpu;
            let after = counted();
            assert!(before <= cpu + tick && cpu <= after + tick);
            if cpu >= first + 2 * tick {
                break;
            }
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let usage = process.usage().expect("we run");
        assert!(usage.rss > 1 << 20 && usage.threads >= 1 && usage.descriptors >= Some(3));
    }

    #[test]
    fn a_server_that_is_started_again_is_found_by_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("server.pid");
        let mut meter = Meter::new(Source::File(file.clone()));
        assert_eq!(meter.sample(Duration::ZERO), None, "no file yet");
        let sleeper = || {
            let child = std::process::Command::new("sleep").arg("60").spawn();
            child.expect("sleep is on every system")
        };
        let mut first = sleeper();
        fs::write(&file, format!("{}\n", first.id())).expect("a small file");
        assert_eq!(meter.sample(Duration::from_secs(1)), None, "seen once");
        let sample = meter.sample(Duration::from_secs(2)).expect("it runs");
        assert_eq!((sample.pid, sample.threads), (first.id(), 1));
        assert!(sample.cores < 0.5);
        first.kill().and_then(|()| first.wait()).expect("it ran");
        let mut second = sleeper();
        fs::write(&file, second.id().to_string()).expect("a small file");
        assert_eq!(meter.sample(Duration::from_secs(3)), None, "another process");
        let sample = meter.sample(Duration::from_secs(4)).expect("it runs");
        assert_eq!(sample.pid, second.id());
        second.kill().and_then(|()| second.wait()).expect("it ran");
        assert_eq!(meter.sample(Duration::from_secs(5)), None);
    }
}
