//! What the recorder in the program tells: a line for each event, `KIND PROCESS WORD...`. A line is not trusted; one
//! that is not understood is passed over, and what is cut off is not there yet.

use std::collections::BTreeMap;
use std::time::Duration;

/// Something that happened in the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Recording began in a process, under this version of Python.
    Started {
        /// The process.
        process: u32,
        /// Such as `3.11`.
        version: String,
    },
    /// A dump was written.
    Saved(Dump),
    /// A dump could not be written, or else part of the recording does not work, and why.
    Failed {
        /// The process.
        process: u32,
        /// Why.
        why: String,
    },
    /// The program set a profiler of its own, which ended the recording.
    Taken,
    /// The program took more memory than it may, so recording ends.
    Limit(u64),
    /// The first interrupt ended the recording.
    Kept,
}

/// A dump that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// The process that wrote it.
    pub process: u32,
    /// Is it one of many, of a program that goes on?
    pub is_snapshot: bool,
    /// How many functions it holds.
    pub functions: u64,
    /// Its size.
    pub bytes: u64,
    /// How long it took to make and write.
    pub took: Duration,
    /// The longest time at a stretch that nothing else of the program could run meanwhile.
    pub held: Duration,
    /// The memory that the process took then; 0 where the system does not say.
    pub memory: u64,
    /// Its file.
    pub path: String,
}

/// Reads one line.
pub(super) fn parse(line: &str) -> Option<Event> {
    let mut words = line.splitn(3, ' ');
    let (kind, process, rest) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    let process = process.parse().ok()?;
    Some(match kind {
        "start" => Event::Started {
            process,
            version: rest.into(),
        },
        "dump" => {
            let mut words = rest.splitn(7, ' ');
            let mut next = || words.next();
            let why = next()?;
            let number = |word: Option<&str>| word?.parse::<u64>().ok();
            Event::Saved(Dump {
                process,
                is_snapshot: matches!(why, "every" | "asked"),
                functions: number(next())?,
                bytes: number(next())?,
                took: Duration::from_micros(number(next())?),
                held: Duration::from_micros(number(next())?),
                memory: number(next())?,
                path: next()?.into(),
            })
        }
        "failed" => Event::Failed {
            process,
            why: rest.into(),
        },
        "taken" => Event::Taken,
        "limit" => Event::Limit(rest.parse().ok()?),
        "kept" => Event::Kept,
        _ => return None,
    })
}

/// What is known of a recording: all that it told until now.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Has it begun in any process?
    pub started: bool,
    /// The last dump of each file.
    pub dumps: BTreeMap<String, Dump>,
    /// How many snapshots were written, and the one that took longest.
    pub snapshots: u64,
    /// The longest time that a snapshot took, and the longest time that one held up the program.
    pub longest: (Duration, Duration),
    /// The last failure that no dump made good.
    pub failure: Option<String>,
}

impl Story {
    /// Adds an event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Started { .. } => self.started = true,
            Event::Saved(dump) => {
                if dump.is_snapshot {
                    self.snapshots += 1;
                    self.longest.0 = self.longest.0.max(dump.took);
                    self.longest.1 = self.longest.1.max(dump.held);
                }
                self.failure = None;
                self.dumps.insert(dump.path.clone(), dump.clone());
            }
            Event::Failed { why, .. } => self.failure = Some(why.clone()),
            Event::Taken | Event::Limit(_) | Event::Kept => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<Event>) {
        assert_eq!(parse(line), expected, "{line}");
    }

    #[test]
    fn lines_are_events_or_nothing() {
        let version = "3.11".into();
        check("start 7 3.11", Some(Event::Started { process: 7, version }));
        let why = "No space left on device".into();
        check(
            "failed 7 No space left on device",
            Some(Event::Failed { process: 7, why }),
        );
        check("taken 7", Some(Event::Taken));
        check("limit 7 1000", Some(Event::Limit(1000)));
        let dump = Dump {
            process: 7,
            is_snapshot: true,
            functions: 3,
            bytes: 99,
            took: Duration::from_micros(1500),
            held: Duration::from_micros(20),
            memory: 4096,
            path: "/a b/c.prof".into(),
        };
        check(
            "dump 7 every 3 99 1500 20 4096 /a b/c.prof",
            Some(Event::Saved(dump)),
        );
        for line in [
            "",
            "dump",
            "dump 7 every 3 99",
            "limit 7 x",
            "start x",
            "what 7",
            "dump 7 every -1 2 3 4 5 p",
        ] {
            check(line, None);
        }
    }
}
