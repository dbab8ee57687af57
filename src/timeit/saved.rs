//! Results as a file: what `--json` and `--save` write, and `--baseline` and `compare` read.
//!
//! # The schema, version 1
//!
//! One JSON object:
//!
//! | key | holds |
//! | --- | --- |
//! | `format`, `version` | `"prof timeit"` and `1`; a reader refuses versions above its own |
//! | `tool`, `date` | such as `"prof 0.1.0"`; when it began, UTC, `"2026-11-22T16:02:15Z"` |
//! | `elapsed_s`, `metric` | seconds in all; `"wall"` or `"cpu"`: which time the figures are |
//! | `machine` | `processor`, `cores`, `kernel`, `governor`, `quota` (processors that the control group may use); null where not known |
//! | `activity` | `load` and `running` at the start, `steal` (share of processor time given to other machines), `throttled` (seconds) |
//! | `cases` | what was timed: `name`, `statement`, `setup`, `collect_garbage` |
//! | `reference` | the loop that tells how fast the machine was, as a case; or null |
//! | `runtimes` | what ran it: `implementation`, `version`, `executable` (its file name) |
//! | `columns` | the names of the columns of samples |
//! | `processes` | in the order they ran: `runtime` (place in `runtimes`), `start_ns` (until ready), `grown`, `samples` |
//! | `summary` | what a report says: for people and other tools, made anew by readers |
//!
//! `samples` are arrays, in the order taken, by `columns`: `kind` (`"timed"` counts; `"warmup"` is the first after a
//! pause; `"probe"` has an eighth of the loops; `"reference"`, its case is the number of cases), `case`, `request`,
//! `round` (samples of different cases in one round are a pair), `loops`, `wall_ns`, `cpu_ns` and `process_cpu_ns`
//! (null where they cannot be read) of all loops, `voluntary` and `involuntary` context switches (the latter null where they are not known), `faults`,
//! `peak_memory` in bytes, `setup_ns`. `grown` holds `case`, `name`, `before`, `after`, `loops`: a container that
//! grew in a sample. Where samples are processes of their own, as with commands, `usage` has a line for each of
//! them: `user_ns`, `system_ns`, `status` (the exit code; below 0 the signal), then the counters `cycles`,
//! `instructions`, `cache-references`, `cache-misses`, `branch-misses`, null where they are not known. Cases have
//! `parameters`, pairs of name and value, where they were made from some.
//!
//! Readers ignore keys they do not know.

use super::machine::{Activity, Machine};
use super::pyperf;
use super::report::summary::Summary;
use super::results::{Kind, Metric, Results, Run, Taken};
use super::session::{Case, Growth, Row, Runtime, Sample};
use super::usage::{Counter, Counters, Usage};
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::Read as _;
use std::time::Duration;

const FORMAT: &str = "prof timeit";
const VERSION: u64 = 1;
const COLUMNS: [&str; 13] = [
    "kind",
    "case",
    "request",
    "round",
    "loops",
    "wall_ns",
    "cpu_ns",
    "process_cpu_ns",
    "voluntary",
    "involuntary",
    "faults",
    "peak_memory",
    "setup_ns",
];

/// Files unpack to at most this many bytes: a small one may claim to be endless.
const LARGEST: u64 = 1 << 30;

/// Why bytes are no results.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are no JSON, or not of the right shape.
    #[error("line {line}, column {column}: {problem}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The gzip layer is broken.
    #[error("cannot unpack: {0}")]
    Gzip(std::io::Error),
    /// They unpack to more than anyone measures.
    #[error("it unpacks to more than {} MiB", LARGEST >> 20)]
    Large,
    /// JSON of something else.
    #[error("it is JSON, but neither a result of prof timeit nor one of pyperf")]
    Unknown,
    /// Written by a later version.
    #[error("it has version {0} of the format; this prof reads {VERSION}")]
    Version(u64),
    /// A value that cannot be.
    #[error("{place}: {problem}")]
    Value {
        /// Such as `processes[2].samples[17]`.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    pub(super) fn value(place: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Value {
            place: place.into(),
            problem: problem.into(),
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::Version(_) => "read it with the version of prof that wrote it, or a later one",
            _ => "make one with `prof timeit --auto ... --save FILE.json`",
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        Error::Json {
            line,
            column,
            problem: text.strip_suffix(&place).unwrap_or(&text).to_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct File<'a> {
    format: Cow<'a, str>,
    version: u64,
    #[serde(default)]
    tool: Cow<'a, str>,
    #[serde(default)]
    date: Cow<'a, str>,
    elapsed_s: f64,
    metric: Metric,
    #[serde(default)]
    machine: Cow<'a, Machine>,
    #[serde(default)]
    activity: Cow<'a, Activity>,
    cases: Vec<CaseFile<'a>>,
    reference: Option<CaseFile<'a>>,
    runtimes: Vec<RuntimeFile<'a>>,
    #[serde(default, skip_deserializing)]
    columns: [&'static str; 13],
    processes: Vec<Process<'a>>,
    #[serde(skip_deserializing)]
    summary: Option<Summary>,
}

#[derive(Serialize, Deserialize)]
struct CaseFile<'a> {
    name: Cow<'a, str>,
    statement: Cow<'a, str>,
    #[serde(default)]
    setup: Cow<'a, str>,
    #[serde(default)]
    collect_garbage: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct RuntimeFile<'a> {
    implementation: Cow<'a, str>,
    version: Cow<'a, str>,
    #[serde(default)]
    executable: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Process<'a> {
    runtime: usize,
    #[serde(default)]
    start_ns: u64,
    #[serde(default)]
    grown: Vec<Grown<'a>>,
    samples: Vec<Line>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    usage: Vec<UsageLine>,
}

#[derive(Serialize, Deserialize)]
struct Grown<'a> {
    case: usize,
    name: Cow<'a, str>,
    before: u64,
    after: u64,
    loops: u64,
}

/// The columns of a sample.
#[derive(Serialize, Deserialize)]
struct Line(
    Kind,
    usize,
    usize,
    usize,
    u64,
    u64,
    Option<u64>,
    Option<u64>,
    u64,
    Option<u64>,
    u64,
    u64,
    u64,
);

/// User and system time, status, counters.
#[derive(Serialize, Deserialize)]
struct UsageLine(u64, u64, i32, [Option<u64>; Counter::ALL.len()]);

impl From<&Usage> for UsageLine {
    fn from(usage: &Usage) -> UsageLine {
        UsageLine(
            nanoseconds(usage.user),
            nanoseconds(usage.system),
            usage.status,
            Counter::ALL.map(|counter| usage.counters.get(counter)),
        )
    }
}

impl From<UsageLine> for Usage {
    fn from(UsageLine(user, system, status, counts): UsageLine) -> Usage {
        let mut counters = Counters::default();
        for (counter, count) in Counter::ALL.into_iter().zip(counts) {
            if let Some(count) = count {
                counters.set(counter, count);
            }
        }
        Usage {
            user: Duration::from_nanos(user),
            system: Duration::from_nanos(system),
            status,
            counters,
        }
    }
}

/// What tells kinds of files apart.
#[derive(Deserialize)]
struct Head {
    format: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
    benchmarks: Option<serde::de::IgnoredAny>,
}

/// Results as the bytes of a file; the same results give the same bytes.
#[must_use]
pub fn write(results: &Results) -> Vec<u8> {
    let case = |case: &Case| CaseFile {
        name: Cow::Owned(case.name.clone()),
        statement: Cow::Owned(case.statement.clone()),
        setup: Cow::Owned(case.setup.clone()),
        collect_garbage: case.collect_garbage,
        parameters: case.parameters.clone(),
    };
    let executable = |runtime: &Runtime| {
        let name = runtime.executable.file_name().unwrap_or_default();
        Cow::Owned(name.to_string_lossy().into_owned())
    };
    let file = File {
        format: FORMAT.into(),
        version: VERSION,
        tool: Cow::Borrowed(&results.tool),
        date: Cow::Borrowed(&results.date),
        elapsed_s: results.elapsed.as_secs_f64(),
        metric: results.metric,
        machine: Cow::Borrowed(&results.machine),
        activity: Cow::Borrowed(&results.activity),
        cases: results.cases.iter().map(case).collect(),
        reference: results.reference.as_ref().map(case),
        runtimes: results
            .runtimes
            .iter()
            .map(|runtime| RuntimeFile {
                implementation: Cow::Borrowed(&runtime.implementation),
                version: Cow::Borrowed(&runtime.version),
                executable: executable(runtime),
            })
            .collect(),
        columns: COLUMNS,
        processes: results.runs.iter().map(process).collect(),
        summary: Some(Summary::new(results)),
    };
    let mut bytes = serde_json::to_vec(&file).expect("strings and numbers alone are always JSON");
    bytes.push(b'\n');
    bytes
}

fn process(run: &Run) -> Process<'_> {
    Process {
        runtime: run.runtime,
        start_ns: nanoseconds(run.start),
        grown: run
            .grown
            .iter()
            .map(|(case, growth)| Grown {
                case: *case,
                name: Cow::Borrowed(&growth.name),
                before: growth.before,
                after: growth.after,
                loops: growth.loops,
            })
            .collect(),
        samples: run.taken.iter().map(line).collect(),
        usage: run
            .taken
            .iter()
            .filter_map(|taken| taken.sample.usage.as_ref().map(UsageLine::from))
            .collect(),
    }
}

fn line(taken: &Taken) -> Line {
    let sample = &taken.sample;
    Line(
        taken.kind,
        sample.row.case,
        taken.request,
        taken.round,
        sample.row.loops,
        nanoseconds(sample.wall),
        sample.cpu.map(nanoseconds),
        sample.process_cpu.map(nanoseconds),
        sample.voluntary_switches,
        sample.involuntary_switches,
        sample.faults,
        sample.peak_memory,
        nanoseconds(sample.setup),
    )
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads results, ours or pyperf's, gzipped or not.
///
/// # Errors
/// What is wrong, and where.
pub fn read(bytes: &[u8]) -> Result<Results, Error> {
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut all = Vec::new();
        let mut reader = MultiGzDecoder::new(bytes).take(LARGEST + 1);
        reader.read_to_end(&mut all).map_err(Error::Gzip)?;
        if all.len() as u64 > LARGEST {
            return Err(Error::Large);
        }
        unpacked = all;
        &unpacked
    } else {
        bytes
    };
    let head: Head = match serde_json::from_slice(bytes) {
        Ok(head) => head,
        // Numbers, arrays, texts: JSON, but nothing of ours.
        Err(error) if error.is_data() => return Err(Error::Unknown),
        Err(error) => return Err(error.into()),
    };
    match head.format.as_ref().and_then(serde_json::Value::as_str) {
        Some(FORMAT) => match head.version.as_ref().and_then(serde_json::Value::as_u64) {
            Some(VERSION) => checked(serde_json::from_slice(bytes)?),
            Some(version) => Err(Error::Version(version)),
            None => Err(Error::value("version", "expected a whole number")),
        },
        None if head.benchmarks.is_some() => pyperf::read(bytes),
        _ => Err(Error::Unknown),
    }
}

fn checked(file: File<'_>) -> Result<Results, Error> {
    let elapsed = Duration::try_from_secs_f64(file.elapsed_s)
        .map_err(|error| Error::value("elapsed_s", error.to_string()))?;
    let case = |case: CaseFile<'_>| Case {
        name: case.name.into_owned(),
        statement: case.statement.into_owned(),
        setup: case.setup.into_owned(),
        collect_garbage: case.collect_garbage,
        parameters: case.parameters,
    };
    let mut results = Results {
        tool: file.tool.into_owned(),
        date: file.date.into_owned(),
        elapsed,
        metric: file.metric,
        machine: file.machine.into_owned(),
        activity: file.activity.into_owned(),
        cases: file.cases.into_iter().map(case).collect(),
        reference: file.reference.map(case),
        runtimes: file
            .runtimes
            .into_iter()
            .map(|runtime| Runtime {
                implementation: runtime.implementation.into_owned(),
                version: runtime.version.into_owned(),
                executable: runtime.executable.into_owned().into(),
            })
            .collect(),
        runs: Vec::new(),
    };
    for (at, process) in file.processes.into_iter().enumerate() {
        let place = format!("processes[{at}]");
        if process.runtime >= results.runtimes.len() {
            let problem = format!(
                "runtime {}, but there are {}",
                process.runtime,
                results.runtimes.len()
            );
            return Err(Error::value(place, problem));
        }
        let run = run(process, results.cases.len())
            .map_err(|(sample, problem)| Error::value(format!("{place}.samples[{sample}]"), problem))?;
        results.runs.push(run);
    }
    Ok(results)
}

/// A process; else the place of a sample, and what is wrong with it.
fn run(process: Process<'_>, cases: usize) -> Result<Run, (usize, String)> {
    let samples = process.samples.len();
    if !process.usage.is_empty() && process.usage.len() != samples {
        let problem = format!("{samples} samples, but `usage` of {}", process.usage.len());
        return Err((0, problem));
    }
    let mut usage = process.usage.into_iter().map(Usage::from);
    let mut taken = Vec::with_capacity(samples);
    for (at, line) in process.samples.into_iter().enumerate() {
        let Line(
            kind,
            case,
            request,
            round,
            loops,
            wall,
            cpu,
            process_cpu,
            voluntary,
            involuntary,
            faults,
            memory,
            setup,
        ) = line;
        if loops == 0 {
            return Err((at, "no loops".into()));
        }
        if case >= cases && kind != Kind::Reference {
            return Err((at, format!("case {case}, but there are {cases}")));
        }
        taken.push(Taken {
            kind,
            request,
            round,
            sample: Sample {
                row: Row { case, loops },
                wall: Duration::from_nanos(wall),
                cpu: cpu.map(Duration::from_nanos),
                process_cpu: process_cpu.map(Duration::from_nanos),
                voluntary_switches: voluntary,
                involuntary_switches: involuntary,
                faults,
                peak_memory: memory,
                setup: Duration::from_nanos(setup),
                usage: usage.next(),
            },
        });
    }
    let grown = process.grown.into_iter().map(|grown| {
        let growth = Growth {
            name: grown.name.into_owned(),
            before: grown.before,
            after: grown.after,
            loops: grown.loops,
        };
        (grown.case, growth)
    });
    Ok(Run {
        runtime: process.runtime,
        start: Duration::from_nanos(process.start_ns),
        grown: grown.collect(),
        taken,
    })
}

#[cfg(test)]
mod tests;
