//! Reads and writes the files of pyperf, version 1.0 of its JSON format, so that `pyperf show`, `stats`, `hist` and
//! `compare_to` take our results, and we take pyperf's.
//!
//! A benchmark becomes a case, a run a process, a value a sample. Values are seconds for each loop. What pyperf does
//! not know is lost on the way out: which samples were interrupted (only those that count are written), the pairs
//! of cases, the reference loop. pyperf's test of two files needs as many values in both, and pyperf itself writes
//! sixty of them: where we have more, so many are written, evenly spaced over all processes. Source: the documentation of pyperf, "pyperf JSON format" and "Metadata".

use super::estimate;
use super::machine::{Activity, Machine};
use super::results::{Kind, Metric, Results, Run, Side, Taken};
use super::saved::Error;
use super::session::{Case, Row, Runtime, Sample};
use crate::python::{Version, text};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

const VERSION: &str = "1.0";

/// Values of a benchmark that pyperf takes by default: three in each of twenty processes.
const VALUES: usize = 60;

/// Results as the bytes of a pyperf file; `None` if nothing was measured, for pyperf reads no empty file.
#[must_use]
pub fn write(results: &Results) -> Option<Vec<u8>> {
    let mut names = Vec::new();
    let benchmarks: Vec<Value> = results
        .sides()
        .filter_map(|side| benchmark(results, side, &mut names))
        .collect();
    if benchmarks.is_empty() {
        return None;
    }
    let mut metadata = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value
            .map(|value| one_line(&value))
            .filter(|value| !value.is_empty())
        {
            metadata.insert(key.into(), Value::String(value));
        }
    };
    put("cpu_model_name", results.machine.processor.clone());
    put("platform", results.machine.kernel.clone());
    put("date", Some(results.date.replace('T', " ").replace('Z', "")));
    put("prof_version", Some(results.tool.clone()));
    put("unit", Some("second".into()));
    if let Some(cores) = results.machine.cores.filter(|&cores| cores > 0) {
        metadata.insert("cpu_count".into(), cores.into());
    }
    let file = json!({"version": VERSION, "metadata": metadata, "benchmarks": benchmarks});
    let mut bytes = serde_json::to_vec(&file).expect("strings and numbers alone are always JSON");
    bytes.push(b'\n');
    Some(bytes)
}

/// pyperf wants no line ends in metadata.
fn one_line(value: &str) -> String {
    text::shown(value.as_bytes()).trim().to_owned()
}

fn benchmark(results: &Results, side: Side, names: &mut Vec<String>) -> Option<Value> {
    let (case, runtime) = (results.cases.get(side.case)?, results.runtimes.get(side.runtime)?);
    let of_runs: Vec<(&Run, Vec<f64>)> = results
        .runs_of(side.runtime)
        .map(|run| (run, values(results, run, side.case)))
        .collect();
    let total: usize = of_runs.iter().map(|(_, values)| values.len()).sum();
    // Those of all values, counted through, where another of 60 equal parts begins.
    let part = |at: usize| at * VALUES.min(total) / total.max(1);
    let mut at = 0;
    let mut runs = Vec::new();
    for (run, values) in of_runs {
        let kept = values.into_iter().filter(|_| {
            at += 1;
            part(at) > part(at - 1)
        });
        runs.extend(run_value(run, side.case, kept.collect()));
    }
    if runs.is_empty() {
        return None;
    }
    // Names must differ.
    let plain = one_line(&results.name(side));
    let plain = if plain.is_empty() { "timeit".into() } else { plain };
    let mut name = plain.clone();
    let mut count = 1;
    while names.contains(&name) {
        count += 1;
        name = format!("{plain} ({count})");
    }
    names.push(name.clone());
    let mut metadata = Map::new();
    metadata.insert("name".into(), name.into());
    let mut put = |key: &str, value: &str| {
        if !value.trim().is_empty() {
            metadata.insert(key.into(), one_line(value).into());
        }
    };
    put("python_implementation", &runtime.implementation.to_lowercase());
    put("python_version", &runtime.version);
    let repr =
        |code: &str| String::from_utf8_lossy(&text::repr(code.as_bytes(), Version::NEWEST)).into_owned();
    put("timeit_stmt", &repr(&case.statement));
    if !case.setup.is_empty() {
        put("timeit_setup", &repr(&case.setup));
    }
    Some(json!({"metadata": metadata, "runs": runs}))
}

/// The values that count, but those that pyperf would refuse.
fn values(results: &Results, run: &Run, case: usize) -> Vec<f64> {
    let mut values = estimate::of_run(results, run, case).values;
    values.retain(|&value| value > 0.0);
    values
}

fn run_value(run: &Run, case: usize, values: Vec<f64>) -> Option<Value> {
    let first = run.timed(case).next()?;
    if values.is_empty() {
        return None;
    }
    let warmups: Vec<(u64, f64)> = run
        .of(Kind::Warmup, case)
        .map(|taken| (taken.sample.row.loops, taken.wall()))
        .collect();
    let duration: Duration = run
        .taken
        .iter()
        .map(|taken| taken.sample.wall + taken.sample.setup)
        .sum();
    let memory = run
        .timed(case)
        .map(|taken| taken.sample.peak_memory)
        .max()
        .unwrap_or(0);
    let mut metadata = Map::new();
    metadata.insert("loops".into(), first.sample.row.loops.into());
    metadata.insert("duration".into(), (run.start + duration).as_secs_f64().into());
    if memory > 0 {
        metadata.insert("mem_max_rss".into(), memory.into());
    }
    let mut value = json!({"metadata": metadata, "values": values});
    if !warmups.is_empty() {
        value["warmups"] = json!(warmups);
    }
    Some(value)
}

#[derive(Deserialize)]
struct Suite {
    version: Value,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Benchmark {
    #[serde(default)]
    metadata: Map<String, Value>,
    runs: Vec<RunFile>,
}

#[derive(Deserialize)]
struct RunFile {
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    values: Vec<f64>,
    #[serde(default)]
    warmups: Option<Vec<(u64, f64)>>,
}

/// Reads a pyperf file.
///
/// # Errors
/// What is wrong, and where: also where values are no times.
pub(super) fn read(bytes: &[u8]) -> Result<Results, Error> {
    let suite: Suite = serde_json::from_slice(bytes)?;
    if suite.version != VERSION {
        let problem = format!("pyperf format {}; only \"{VERSION}\" can be read", suite.version);
        return Err(Error::value("version", problem));
    }
    let common = suite.metadata.unwrap_or_default();
    let word = |key: &str| Some(common.get(key)?.as_str()?.to_owned());
    let mut results = Results {
        tool: word("perf_version").map_or_else(
            || word("prof_version").unwrap_or_else(|| "pyperf".into()),
            |version| format!("pyperf {version}"),
        ),
        date: word("date").unwrap_or_default(),
        machine: Machine {
            processor: word("cpu_model_name"),
            cores: common
                .get("cpu_count")
                .and_then(Value::as_u64)
                .and_then(|count| count.try_into().ok()),
            kernel: word("platform"),
            ..Machine::default()
        },
        activity: Activity::default(),
        metric: Metric::Wall,
        ..Results::default()
    };
    for (at, benchmark) in suite.benchmarks.into_iter().enumerate() {
        let place = format!("benchmarks[{at}]");
        add(&mut results, &common, benchmark, &place)?;
    }
    if results.runs.is_empty() {
        return Err(Error::value("benchmarks", "no values"));
    }
    results.elapsed = results.runs.iter().map(|run| run.start).sum();
    Ok(results)
}

fn add(
    results: &mut Results,
    common: &Map<String, Value>,
    benchmark: Benchmark,
    place: &str,
) -> Result<(), Error> {
    let metadata = benchmark.metadata;
    let case = results.cases.len();
    let mut name = None;
    for (at, file) in benchmark.runs.into_iter().enumerate() {
        let place = format!("{place}.runs[{at}]");
        let find = |key: &str| {
            file.metadata
                .get(key)
                .or_else(|| metadata.get(key))
                .or_else(|| common.get(key))
        };
        let word = |key: &str| find(key).and_then(Value::as_str);
        if let Some(unit) = word("unit").filter(|&unit| unit != "second") {
            return Err(Error::value(place, format!("values in `{unit}`, not in seconds")));
        }
        name = name.or_else(|| word("name").map(str::to_owned));
        let runtime = Runtime {
            implementation: implementation(word("python_implementation").unwrap_or("Python")),
            // Such as `3.11.7 (64-bit) revision ...`.
            version: word("python_version")
                .and_then(|version| version.split_whitespace().next())
                .unwrap_or("of unknown version")
                .to_owned(),
            executable: word("python_executable").unwrap_or_default().into(),
        };
        let count = |key: &str| find(key).and_then(Value::as_u64).filter(|&count| count > 0);
        let loops = count("loops").and_then(|loops| loops.checked_mul(count("inner_loops").unwrap_or(1)));
        let mut taken = Vec::new();
        let warmups = file.warmups.unwrap_or_default();
        let warmups = warmups
            .into_iter()
            .map(|(loops, value)| (Kind::Warmup, Some(loops), value));
        let values = file.values.into_iter().map(|value| (Kind::Timed, loops, value));
        for (kind, loops, value) in warmups.chain(values) {
            let sample = sample(case, loops, value).map_err(|problem| Error::value(&*place, problem))?;
            taken.push(Taken {
                kind,
                request: 0,
                round: taken.len(),
                sample,
            });
        }
        // Runs that only find the number of loops have no values.
        if !taken.iter().any(|taken| taken.kind == Kind::Timed) {
            continue;
        }
        let same = |other: &Runtime| other.to_string() == runtime.to_string();
        let runtime = results.runtimes.iter().position(same).unwrap_or_else(|| {
            results.runtimes.push(runtime);
            results.runtimes.len() - 1
        });
        results.runs.push(Run {
            runtime,
            start: Duration::ZERO,
            taken,
            grown: Vec::new(),
        });
    }
    results.cases.push(Case {
        name: name.unwrap_or_else(|| format!("benchmark {}", case + 1)),
        statement: metadata
            .get("timeit_stmt")
            .or_else(|| common.get("timeit_stmt"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        ..Case::default()
    });
    Ok(())
}

/// pyperf writes names as `sys.implementation.name` does.
fn implementation(name: &str) -> String {
    match name {
        "cpython" => "CPython".into(),
        "pypy" => "PyPy".into(),
        name => name.to_owned(),
    }
}

/// A sample of so many loops that take so many seconds each. Where the number is not known, of as many as take a
/// millisecond: whole nanoseconds for one loop would be too coarse.
fn sample(case: usize, loops: Option<u64>, value: f64) -> Result<Sample, String> {
    let broken = || format!("{value:?} is no time");
    if value.is_nan() || value < 0.0 {
        return Err(broken());
    }
    let loops = loops
        .filter(|&loops| loops > 0)
        .unwrap_or_else(|| ((1e-3 / value.max(1e-12)) as u64).max(1));
    Ok(Sample {
        row: Row { case, loops },
        wall: Duration::try_from_secs_f64(value * loops as f64).map_err(|_| broken())?,
        cpu: None,
        process_cpu: None,
        voluntary_switches: 0,
        involuntary_switches: None,
        faults: 0,
        peak_memory: 0,
        setup: Duration::ZERO,
        usage: None,
    })
}

#[cfg(test)]
mod tests;
