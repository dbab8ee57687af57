//! What is told while a program is recorded, and at its end: what it took, and where the dump is.

use super::super::output::Output;
use crate::python::text;
use crate::record::climb::Climb;
use crate::record::cost::Cost;
use crate::record::status::{Dump, Event, Story};
use crate::timeit::report::units::{count, counted, time};
use nix::sys::resource::{UsageWho, getrusage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Memory that doubles, and grows by this, is told.
const GROWTH: u64 = 100 << 20;

/// Warns of what happens in the program, of each thing once.
pub(super) struct Watch {
    quiet: bool,
    failures: BTreeSet<String>,
    /// Of each process: its memory at the first dump, until growth was told.
    memory: BTreeMap<u32, Option<u64>>,
    /// The process that is looked at.
    climb: (u32, Climb),
    /// How many warnings there were.
    warnings: u64,
}

impl Watch {
    pub(super) fn new(quiet: bool) -> Watch {
        Watch {
            quiet,
            failures: BTreeSet::new(),
            memory: BTreeMap::new(),
            climb: (0, Climb::default()),
            warnings: 0,
        }
    }

    /// How many warnings there were until now: each is a line on the terminal.
    pub(super) fn warnings(&self) -> u64 {
        self.warnings
    }

    /// Adds a look at the memory of a process, in bytes; each comes so long after the one before.
    pub(super) fn look(&mut self, process: u32, bytes: u64, step: Duration, output: &mut Output) {
        if self.climb.0 != process {
            self.climb = (process, Climb::default());
        }
        let Some(climbs) = self.climb.1.look(bytes) else {
            return;
        };
        if self.memory.insert(process, None) == Some(None) || self.quiet {
            return;
        }
        let message = format!(
            "memory climbs: from {} to {} in {}, all of the time, in process {process}; --max-rss SIZE ends the recording in time",
            size(climbs.from),
            size(climbs.to),
            seconds(step.saturating_mul(u32::try_from(climbs.steps).unwrap_or(u32::MAX))),
        );
        self.warnings += 1;
        output.report("warning", &message);
    }

    pub(super) fn tell(&mut self, event: &Event, output: &mut Output) {
        let message = match event {
            Event::Started { .. } => None,
            Event::Saved(dump) => self.growth(dump).filter(|_| !self.quiet),
            Event::Failed { process, why } => self.failures.insert(why.clone()).then(|| {
                format!("process {process} could not save its profile: {why}; the file is as it was before, and the program goes on")
            }),
            Event::Taken => Some(
                "the program set a profiler of its own, which ended the recording: the dump holds what came before it".to_owned(),
            ),
            Event::Limit(memory) => Some(format!(
                "the program takes {}, more than --max-rss: recording ends, the program goes on",
                size(*memory)
            )),
            Event::Kept => Some("recording has ended, the program goes on; Ctrl-C once more ends it, too".to_owned())
                .filter(|_| !self.quiet),
        };
        if let Some(message) = message {
            self.warnings += 1;
            output.report("warning", &text::shown(message.as_bytes()));
        }
    }

    fn growth(&mut self, dump: &Dump) -> Option<String> {
        let first = self.memory.entry(dump.process).or_insert(Some(dump.memory));
        let before = first
            .filter(|&before| before > 0 && dump.memory > 2 * before && dump.memory - before > GROWTH)?;
        *first = None;
        Some(format!(
            "memory grew from {} to {} while process {} was recorded; --max-rss SIZE ends the recording in time",
            size(before),
            size(dump.memory),
            dump.process
        ))
    }
}

/// How it ended.
pub(super) struct End<'a> {
    /// The dump as the user names it, and from the root.
    pub(super) path: &'a Path,
    pub(super) dump: &'a Path,
    /// The program itself.
    pub(super) process: u32,
    pub(super) took: Duration,
    /// How many dumps were added to one.
    pub(super) merged: Option<usize>,
}

/// What a recording took and where it is; without a dump, why there is none.
pub(super) fn print(story: &Story, end: &End<'_>, quiet: bool, output: &mut Output) {
    if let Some(why) = &story.failure {
        let kept = if story.dumps.is_empty() {
            "there is no dump"
        } else {
            "the dump is an earlier one"
        };
        output.report("error", &text::shown(format!("{kept}: {why}").as_bytes()));
    } else if !story.started {
        output.report(
            "error",
            "nothing was recorded: Python did not import what records",
        );
        output.report(
            "hint",
            "a wrapper around Python may change PYTHONPATH, or ran Python with -E, -I or -S; name the interpreter itself",
        );
        return;
    } else if story.dumps.is_empty() {
        let mut message =
            "there is no dump: the program was killed before the first snapshot, did not begin, or went \
                           on in the background"
                .to_owned();
        if end.dump.exists() {
            message += &format!("; {} is an earlier one", end.path.display());
        }
        output.report("error", &text::shown(message.as_bytes()));
        output.report(
            "hint",
            "--every 1s writes snapshots earlier; a program in the background writes its dump when it ends",
        );
        return;
    }
    if quiet || story.dumps.is_empty() {
        return;
    }
    output.report("recorded", &text::shown(line(story, end).as_bytes()));
    if let Some(cost) = story.cost() {
        print_cost(&cost, output);
    }
    let word = shell_word(end.path);
    output.report(
        "hint",
        &text::shown(format!("prof stats {word} --sort cumulative --limit 30").as_bytes()),
    );
}

/// More than this, and a program does not do what it does without us.
const SLOW: f64 = 2.0;
/// What is below this nobody waits for.
const NOTICED: Duration = Duration::from_millis(100);
/// What is below this is not known.
const TOLD: Duration = Duration::from_millis(1);

/// What cProfile added.
pub(super) fn print_cost(cost: &Cost, output: &mut Output) {
    if cost.added < TOLD {
        return;
    }
    output.report("cost", &cost_line(cost));
    if cost.times() > SLOW && cost.added > NOTICED {
        output.report(
            "warning",
            "functions that are called often look dearer than they are; `prof record --pid PID` samples a program and hardly slows it",
        );
    }
}

fn cost_line(cost: &Cost) -> String {
    let times = cost.times();
    // The more there is of it, the less is known of the rest.
    let digits = usize::from(times < 3.0);
    format!(
        "cProfile added about {} to the CPU time after Python's start, {}: about {times:.digits$} times as slow as without",
        time(cost.added.as_secs_f64(), 2, None),
        seconds(cost.used)
    )
}

/// The most memory, and what the process took when its recording began.
pub(super) fn peak_memory(peak: u64, story: &Story, process: u32) -> String {
    let before = match story.memory.get(&process) {
        Some(&before @ 1..) => format!(" ({} at the start)", size(before)),
        _ => String::new(),
    };
    format!("peak memory {}{before}", size(peak))
}

/// A path as it can be typed.
pub(super) fn shell_word(path: &Path) -> String {
    let path = path.to_string_lossy();
    if path
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte))
    {
        path.into_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

fn line(story: &Story, end: &End<'_>) -> String {
    let mut line = seconds(end.took);
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) {
        let cpu = [usage.user_time(), usage.system_time()]
            .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6);
        line += &format!(", CPU {}", time(cpu[0] + cpu[1], 3, None));
    }
    if let Some(peak) = story.peak() {
        line += &format!(", {}", peak_memory(peak, story, end.process));
    }
    let path = end.path.to_string_lossy();
    match (end.merged, story.dumps.get(end.dump)) {
        (Some(merged), _) => line += &format!("; {path} is the sum of {}", counted(merged as u64, "dump")),
        (None, Some(dump)) => {
            line += &format!(
                "; {} in {path} ({})",
                counted(dump.functions, "function"),
                size(dump.bytes)
            );
            let more = story.dumps.len() - 1;
            if more > 0 {
                line += &format!(", {} in {path}.PID", counted(more as u64, "more dump"));
            }
        }
        (None, None) => line += &format!("; {} in {path}.PID", counted(story.dumps.len() as u64, "dump")),
    }
    if story.snapshots > 0 {
        line += &format!(
            "; {}, the longest took {} and held up the program for {}",
            counted(story.snapshots, "snapshot"),
            seconds(story.longest.0),
            seconds(story.longest.1)
        );
    }
    line
}

pub(super) fn seconds(duration: Duration) -> String {
    time(duration.as_secs_f64(), 3, None)
}

/// Bytes for people, in units of 1024 as `free -h` has them.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    if bytes < 1024 {
        return format!("{} bytes", count(bytes));
    }
    let mut unit = "KiB";
    value /= 1024.0;
    for larger in ["MiB", "GiB"] {
        if value >= 1023.95 {
            value /= 1024.0;
            unit = larger;
        }
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::cost::{Prices, Work};

    /// Is growth told after dumps with this much memory, in MiB?
    fn check_growth(memory: &[u64], expected: &[bool]) {
        let mut watch = Watch::new(false);
        let told: Vec<bool> = memory
            .iter()
            .map(|memory| {
                let dump = Dump {
                    process: 1,
                    is_snapshot: true,
                    functions: 1,
                    bytes: 1,
                    took: Duration::ZERO,
                    held: Duration::ZERO,
                    memory: memory << 20,
                    peak: memory << 20,
                    prices: Prices::default(),
                    work: Work::default(),
                    path: "a.prof".into(),
                };
                watch.growth(&dump).is_some()
            })
            .collect();
        assert_eq!(told, expected, "{memory:?}");
    }

    #[test]
    fn memory_that_climbs_is_told_once() {
        check_growth(&[100, 150, 199, 201, 400], &[false, false, false, true, false]);
        check_growth(&[10, 100, 111], &[false, false, true]);
        check_growth(&[1000, 1900], &[false, false]);
        // The system does not say.
        check_growth(&[0, 5000], &[false, false]);
    }

    #[test]
    fn the_cost_is_told_as_about() {
        let cost = Cost {
            used: Duration::from_millis(6400),
            added: Duration::from_millis(1857),
        };
        assert_eq!(
            cost_line(&cost),
            "cProfile added about 1.9 s to the CPU time after Python's start, 6.40 s: about 1.4 times as slow as without"
        );
        let cost = Cost {
            added: Duration::from_secs(5),
            ..cost
        };
        assert!(cost_line(&cost).ends_with(": about 5 times as slow as without"));
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1,023 bytes"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (5000 << 30, "5000.0 GiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
