//! What is told while a program is recorded, and at its end: what it took, and where the dump is.

use super::super::output::Output;
use crate::python::text;
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
}

impl Watch {
    pub(super) fn new(quiet: bool) -> Watch {
        Watch {
            quiet,
            failures: BTreeSet::new(),
            memory: BTreeMap::new(),
        }
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
        output.report(
            "error",
            "there is no dump: the program was killed before the first snapshot, did not begin, or went on in the background",
        );
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
    let word = shell_word(end.path);
    output.report(
        "hint",
        &text::shown(format!("prof stats {word} --sort cumulative --limit 30").as_bytes()),
    );
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
        // In kilobytes.
        let peak = u64::try_from(usage.max_rss()).unwrap_or(0) * 1024;
        line += &format!(
            ", CPU {}, peak memory {}",
            time(cpu[0] + cpu[1], 3, None),
            size(peak)
        );
    }
    let path = end.path.to_string_lossy();
    match (end.merged, story.dumps.get(&*end.dump.to_string_lossy())) {
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
