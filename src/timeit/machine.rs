//! What the machine is, and what else it did while we measured. Reads the files with which Linux tells; where one
//! is missing, so is what it would tell. Changes nothing.
//!
//! Source: proc(5), the kernel's `admin-guide/cgroup-v2` and `admin-guide/pm/cpufreq`.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What stays the same while we measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Such as `AMD EPYC`.
    pub processor: Option<String>,
    /// Processors that are there.
    pub cores: Option<u32>,
    /// Such as `Linux 6.1.0`.
    pub kernel: Option<String>,
    /// What sets the frequency, such as `powersave`.
    pub governor: Option<String>,
    /// Processors that the control group may use, if it may not use all.
    pub quota: Option<f64>,
}

/// What else happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// Processes that ran or wanted to, over the minute before the start.
    pub load: Option<f64>,
    /// The same, right at the start, without ourselves.
    pub running: Option<u32>,
    /// The share of processor time that the host gave to other machines.
    pub steal: Option<f64>,
    /// Seconds in which the control group was not let run.
    pub throttled: Option<f64>,
}

/// What counters say at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    load: Option<f64>,
    running: Option<u32>,
    /// Ticks of all kinds, and those stolen.
    ticks: Option<(u64, u64)>,
    throttled_us: Option<u64>,
}

/// Where the files are.
#[derive(Clone, Debug)]
pub struct Files {
    proc: PathBuf,
    sys: PathBuf,
}

impl Default for Files {
    fn default() -> Files {
        Files {
            proc: "/proc".into(),
            sys: "/sys".into(),
        }
    }
}

impl Files {
    /// What the machine is.
    #[must_use]
    pub fn machine(&self) -> Machine {
        let processors = read(&self.proc.join("cpuinfo")).unwrap_or_default();
        let lines = |key: &str| {
            processors
                .lines()
                .filter_map(|line| line.split_once(':'))
                .filter(|(name, _)| name.trim() == key)
                .map(|(_, value)| value.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let cores = u32::try_from(lines("processor").len())
            .ok()
            .filter(|&count| count > 0);
        let kernel = read(&self.proc.join("sys/kernel/osrelease"));
        let governor = self.sys.join("devices/system/cpu/cpu0/cpufreq/scaling_governor");
        Machine {
            processor: lines("model name").into_iter().next(),
            cores: cores.or_else(|| std::thread::available_parallelism().ok()?.get().try_into().ok()),
            kernel: kernel.map(|release| format!("Linux {}", release.trim())),
            governor: read(&governor).map(|name| name.trim().to_owned()),
            quota: self.quota(),
        }
    }

    /// What counters say now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let load = read(&self.proc.join("loadavg")).unwrap_or_default();
        let mut words = load.split_whitespace();
        let running = words
            .clone()
            .nth(3)
            .and_then(|word| word.split('/').next()?.parse().ok());
        Snapshot {
            load: words.next().and_then(|word| word.parse().ok()),
            running,
            ticks: read(&self.proc.join("stat")).and_then(|text| ticks(&text)),
            throttled_us: self.throttled(),
        }
    }

    /// The folder of our control group, version 2.
    fn group(&self) -> Option<PathBuf> {
        let groups = read(&self.proc.join("self/cgroup"))?;
        let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
        Some(self.sys.join("fs/cgroup").join(path.trim_start_matches('/')))
    }

    /// The tightest quota of our control group and of those it is in.
    fn quota(&self) -> Option<f64> {
        let group = self.group()?;
        let top = self.sys.join("fs/cgroup");
        let quotas = group
            .ancestors()
            .take_while(|folder| folder.starts_with(&top))
            .filter_map(|folder| {
                let text = read(&folder.join("cpu.max"))?;
                let (quota, period) = text.trim().split_once(' ')?;
                Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok().filter(|&period| period > 0.0)?)
            });
        quotas.min_by(f64::total_cmp)
    }

    fn throttled(&self) -> Option<u64> {
        let text = read(&self.group()?.join("cpu.stat"))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("throttled_usec "))?;
        line.trim().parse().ok()
    }
}

impl Snapshot {
    /// What happened from this to a later one.
    #[must_use]
    pub fn until(&self, later: &Snapshot) -> Activity {
        let steal = self
            .ticks
            .zip(later.ticks)
            .and_then(|((all, stolen), (all_later, stolen_later))| {
                let all = all_later.checked_sub(all).filter(|&ticks| ticks > 0)?;
                Some(stolen_later.saturating_sub(stolen) as f64 / all as f64)
            });
        let throttled = self.throttled_us.zip(later.throttled_us);
        Activity {
            load: self.load,
            running: self.running.map(|count| count.saturating_sub(1)),
            steal,
            throttled: throttled.map(|(before, after)| after.saturating_sub(before) as f64 / 1e6),
        }
    }
}

/// All ticks and the stolen ones, from the first line of `/proc/stat`: user, nice, system, idle, iowait, irq,
/// softirq, steal. What follows counts guests, which are in user and nice already.
fn ticks(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map_while(|word| word.parse().ok())
        .collect();
    let all = ticks.iter().fold(0u64, |sum, &count| sum.saturating_add(count));
    (ticks.len() == 8).then(|| (all, ticks[7]))
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as Linux has them, in a folder.
    fn files(contents: &[(&str, &str)]) -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in contents {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let files = Files {
            proc: folder.path().join("proc"),
            sys: folder.path().join("sys"),
        };
        (folder, files)
    }

    #[test]
    fn a_machine_is_read() {
        let (_folder, files) = files(&[
            (
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n",
            ),
            ("proc/sys/kernel/osrelease", "6.1.0-13\n"),
            ("proc/self/cgroup", "0::/work/job\n"),
            ("sys/fs/cgroup/work/job/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/work/cpu.max", "150000 100000\n"),
            (
                "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "powersave\n",
            ),
        ]);
        let expected = Machine {
            processor: Some("AMD EPYC".into()),
            cores: Some(2),
            kernel: Some("Linux 6.1.0-13".into()),
            governor: Some("powersave".into()),
            quota: Some(1.5),
        };
        assert_eq!(files.machine(), expected);
    }

    #[test]
    fn what_is_missing_is_not_known() {
        let (_folder, files) = files(&[]);
        let machine = files.machine();
        assert_eq!(
            (machine.processor, machine.quota, machine.governor),
            (None, None, None)
        );
        assert_eq!(files.snapshot().until(&files.snapshot()), Activity::default());
    }

    #[test]
    fn activity_is_the_difference_of_two_moments() {
        let stat = |user: u32, steal: u32| format!("cpu  {user} 0 50 1000 0 0 0 {steal} 7 0\ncpu0 1 2 3\n");
        let throttled = |time: u32| format!("usage_usec 5\nthrottled_usec {time}\n");
        let moment = |user, steal, time| {
            let (_folder, files) = files(&[
                ("proc/loadavg", "6.21 3.00 1.00 4/123 999\n"),
                ("proc/stat", &stat(user, steal)),
                ("proc/self/cgroup", "0::/\n"),
                ("sys/fs/cgroup/cpu.stat", &throttled(time)),
            ]);
            files.snapshot()
        };
        let expected = Activity {
            load: Some(6.21),
            running: Some(3),
            steal: Some(0.1),
            throttled: Some(0.25),
        };
        assert_eq!(moment(100, 10, 1000).until(&moment(280, 30, 251_000)), expected);
    }

    #[test]
    fn broken_files_tell_nothing() {
        let (_folder, files) = files(&[
            ("proc/loadavg", "\n"),
            ("proc/stat", "cpu  1 2 x\n"),
            ("proc/self/cgroup", "0::/a\n"),
            ("sys/fs/cgroup/a/cpu.max", "100 0\n"),
            ("sys/fs/cgroup/a/cpu.stat", "throttled_usec -3\n"),
        ]);
        assert_eq!(files.snapshot().until(&files.snapshot()), Activity::default());
        assert_eq!(files.machine().quota, None);
    }
}
