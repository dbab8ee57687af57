//! What the recorder in the program tells: a line for each event, `KIND PROCESS WORD...`. A line is not trusted; one
//! that is not understood is passed over, and what is cut off is not there yet.

use super::cost::{Cost, Price, Prices, Work};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// Something that happened in the program.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Recording began in a process, under this version of Python.
    Started {
        /// The process.
        process: u32,
        /// Such as `3.11`.
        version: String,
        /// The memory that the process took then; 0 where the system does not say.
        memory: u64,
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
#[derive(Clone, Debug, PartialEq)]
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
    /// The most memory that it took until then; 0 where the system does not say.
    pub peak: u64,
    /// What the profiler adds there.
    pub prices: Prices,
    /// What the program did while it was recorded.
    pub work: Work,
    /// Its file.
    pub path: PathBuf,
}

/// Reads one line.
pub(super) fn parse(line: &str) -> Option<Event> {
    let mut words = line.splitn(3, ' ');
    let (kind, process, rest) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    let process = process.parse().ok()?;
    Some(match kind {
        "start" => {
            let (version, memory) = rest.split_once(' ')?;
            Event::Started {
                process,
                version: version.into(),
                memory: memory.parse().ok()?,
            }
        }
        "dump" => {
            let mut words = rest.splitn(17, ' ');
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
                peak: number(next())?,
                work: Work {
                    calls: number(next())?,
                    builtin_calls: number(next())?,
                    own: Duration::from_micros(number(next())?),
                    used: Duration::from_micros(number(next())?),
                },
                prices: Prices {
                    call: Price::nanos(number(next())?, number(next())?),
                    builtin_call: Price::nanos(number(next())?, number(next())?),
                    slower: number(next())? as f64 / 1000.0,
                },
                path: path_of(next()?)?,
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

/// A path in hexadecimal digits: names of files hold any byte.
fn path_of(digits: &str) -> Option<PathBuf> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    rest.is_empty().then(|| OsString::from_vec(bytes).into())
}

/// What is known of a recording: all that it told until now.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Has it begun in any process?
    pub started: bool,
    /// The memory of each process when it began.
    pub memory: BTreeMap<u32, u64>,
    /// The last dump of each file.
    pub dumps: BTreeMap<PathBuf, Dump>,
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
            Event::Started { process, memory, .. } => {
                self.started = true;
                self.memory.insert(*process, *memory);
            }
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

    /// The most memory that one of the processes took, in bytes; `None` where the system does not say.
    #[must_use]
    pub fn peak(&self) -> Option<u64> {
        let peaks = self.dumps.values().map(|dump| dump.peak);
        peaks.max().filter(|&peak| peak > 0)
    }

    /// The processor time of all processes while they were recorded, as far as their dumps tell.
    #[must_use]
    pub fn used(&self) -> Duration {
        self.dumps.values().map(|dump| dump.work.used).sum()
    }

    /// What the recording cost in all processes whose dumps are there; `None` where that was not measured.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        let added = self.dumps.values().map(|dump| dump.prices.added(&dump.work));
        let sum = Cost {
            used: self.used(),
            added: added.sum(),
        };
        (sum.added > Duration::ZERO).then_some(sum)
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
        check(
            "start 7 3.11 4096",
            Some(Event::Started {
                process: 7,
                version,
                memory: 4096,
            }),
        );
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
            peak: 8192,
            work: Work {
                calls: 10,
                builtin_calls: 20,
                own: Duration::from_micros(700),
                used: Duration::from_micros(900),
            },
            prices: Prices {
                call: Price::nanos(40, 250),
                builtin_call: Price::nanos(20, 90),
                slower: 1.25,
            },
            path: OsString::from_vec(b"/a \xff\nc.prof".to_vec()).into(),
        };
        check(
            "dump 7 every 3 99 1500 20 4096 8192 10 20 700 900 40 250 20 90 1250 2f6120ff0a632e70726f66",
            Some(Event::Saved(dump)),
        );
        for line in [
            "",
            "dump",
            "dump 7 every 3 99",
            "limit 7 x",
            "start x",
            "start 7 3.11",
            "what 7",
            "dump 7 every -1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 70",
            "dump 7 every 1 2 3 4 5 70",
            "dump 7 every 3 99 1500 20 4096 8192 10 20 700 900 40 250 20 90 1250 2f6",
            "dump 7 every 3 99 1500 20 4096 8192 10 20 700 900 40 250 20 90 1250 p.",
        ] {
            check(line, None);
        }
    }
}
