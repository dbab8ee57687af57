//! Writes the JSON of hyperfine 2.0, schema version 2, so that its scripts and what else reads its files take our
//! results.
//!
//! A case becomes a result, a sample a measurement. Values are seconds and bytes; a snippet's are for each loop. What
//! hyperfine does not know is lost: which runs were interrupted, the pairs, waits and faults. Source: the files that
//! hyperfine 2.0.0 writes, one of which is in `fixtures/timeit`.

use super::parameters;
use super::results::{Kind, Metric as Headline, Results, Side, Taken};
use super::usage::Counter;
use crate::statistics::Samples;
use serde_json::{Map, Value, json};

const SCHEMA: u32 = 2;

/// A metric of hyperfine: its name, its unit, and where it comes from.
type Metric = (&'static str, Option<&'static str>, fn(&Taken) -> Option<f64>);

const METRICS: [Metric; 10] = [
    ("time_wall_clock", Some("second"), |taken| Some(taken.wall())),
    ("time_cpu", Some("second"), Taken::process_cpu),
    ("time_user", Some("second"), |taken| {
        Some(taken.sample.usage?.user.as_secs_f64())
    }),
    ("time_system", Some("second"), |taken| {
        Some(taken.sample.usage?.system.as_secs_f64())
    }),
    ("memory_peak_resident", Some("byte"), |taken| {
        Some(taken.sample.peak_memory as f64).filter(|&memory| memory > 0.0)
    }),
    ("cpu_cycles", None, |taken| counted(taken, Counter::Cycles)),
    ("instructions", None, |taken| {
        counted(taken, Counter::Instructions)
    }),
    ("cache_references", None, |taken| {
        counted(taken, Counter::CacheReferences)
    }),
    ("cache_misses", None, |taken| counted(taken, Counter::CacheMisses)),
    ("branch_misses", None, |taken| {
        counted(taken, Counter::BranchMisses)
    }),
];

fn counted(taken: &Taken, counter: Counter) -> Option<f64> {
    Some(taken.sample.usage?.counters.get(counter)? as f64)
}

/// Results as the bytes of such a file.
#[must_use]
pub fn write(results: &Results) -> Vec<u8> {
    let of_sides: Vec<Value> = results.sides().filter_map(|side| result(results, side)).collect();
    let mut metadata = json!({
        "prof_version": results.tool,
        "platform": {"os": std::env::consts::OS, "architecture": std::env::consts::ARCH},
    });
    if !results.date.is_empty() {
        metadata["start_time"] = results.date.clone().into();
    }
    let file = json!({
        "schema_version": SCHEMA,
        "metadata": metadata,
        "primary_metric": match results.metric {
            Headline::Wall => "time_wall_clock",
            Headline::Cpu => "time_cpu",
        },
        "results": of_sides,
    });
    let mut bytes = serde_json::to_vec_pretty(&file).expect("strings and numbers alone are always JSON");
    bytes.push(b'\n');
    bytes
}

fn result(results: &Results, side: Side) -> Option<Value> {
    let case = results.cases.get(side.case)?;
    let runs: Vec<&Taken> = results
        .runs_of(side.runtime)
        .flat_map(|run| run.of(Kind::Timed, side.case))
        .collect();
    if runs.is_empty() {
        return None;
    }
    let name = results.name(side);
    let command = if case.statement.is_empty() {
        &name
    } else {
        &case.statement
    };
    let mut value = json!({
        "command": command,
        "measurements": runs.iter().map(|taken| measurement(taken)).collect::<Vec<_>>(),
        "summary": summary(&runs),
    });
    if name != *command && !is_made_up(&name, side.case, &case.parameters) {
        value["name"] = name.into();
    }
    if !case.parameters.is_empty() {
        let parameters = case.parameters.iter();
        let parameters: Map<String, Value> = parameters
            .map(|(name, value)| (name.clone(), json!({"value": value})))
            .collect();
        value["parameters"] = parameters.into();
    }
    Some(value)
}

/// Letters and parameters, which reports call a command by, are no names: hyperfine shows the command itself. With
/// parameters, several cases in turn have the same letters.
fn is_made_up(name: &str, case: usize, parameters: &[(String, String)]) -> bool {
    let label = parameters::label(parameters);
    let rest = name.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = &name[..name.len() - rest.len()];
    // A is 0, Z is 25, AA is 26: more than there are cases are a word.
    let place = letters.bytes().try_fold(0_usize, |place, letter| {
        place.checked_mul(26)?.checked_add(usize::from(letter - b'A') + 1)
    });
    let has_letters = place.is_some_and(|place| (1..=case + 1).contains(&place));
    name == label || has_letters && (rest.is_empty() || rest == format!(" ({label})"))
}

fn measurement(taken: &Taken) -> Value {
    let mut measurement = Map::new();
    for (name, unit, of) in METRICS {
        let Some(number) = of(taken) else { continue };
        let value = match unit {
            Some(unit) => json!({"value": number, "unit": unit}),
            None => json!({"value": number as u64}),
        };
        measurement.insert(name.into(), value);
    }
    // A signal as shells tell it.
    let code = taken.sample.usage.map_or(0, |usage| usage.status);
    measurement.insert(
        "exit_code".into(),
        if code < 0 { 128 - code } else { code }.into(),
    );
    measurement.into()
}

fn summary(runs: &[&Taken]) -> Value {
    let mut summary = Map::new();
    for (name, unit, of) in METRICS {
        let Some(values) = Samples::new(runs.iter().filter_map(|taken| of(taken)).collect()) else {
            continue;
        };
        let deviation = (values.len() > 1).then(|| values.deviation());
        let mut value = json!({
            "count": values.len(),
            "mean": values.mean(),
            "stddev": deviation,
            "median": values.median(),
            "min": values.min(),
            "max": values.max(),
        });
        if let Some(unit) = unit {
            value["unit"] = unit.into();
        }
        summary.insert(name.into(), value);
    }
    summary.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;
    use crate::timeit::usage::Usage;
    use std::time::Duration;

    /// The names in an object, sorted.
    fn keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> = value
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        keys
    }

    fn of_commands() -> Value {
        let mut results = fake::results(&["A"], &["3.11.7"]);
        results.cases[0].parameters = vec![("x".into(), "1".into())];
        for taken in results.runs.iter_mut().flat_map(|run| &mut run.taken) {
            taken.sample.row.loops = 1;
            taken.sample.wall = Duration::from_millis(2);
            taken.sample.peak_memory = 1 << 20;
            taken.sample.usage = Some(Usage {
                user: Duration::from_millis(1),
                status: -9,
                ..Usage::default()
            });
        }
        serde_json::from_slice(&write(&results)).expect("JSON")
    }

    /// Expected: what hyperfine 2.0.0 wrote.
    #[test]
    fn it_has_the_shape_of_hyperfine() {
        let ours = of_commands();
        let theirs = include_bytes!("../../fixtures/timeit/hyperfine-2.0.json");
        let theirs: Value = serde_json::from_slice(theirs).expect("JSON");
        assert_eq!(ours["schema_version"], theirs["schema_version"]);
        assert_eq!(ours["primary_metric"], theirs["primary_metric"]);
        assert_eq!(keys(&ours), keys(&theirs));
        assert_eq!(
            keys(&ours["metadata"]["platform"]),
            keys(&theirs["metadata"]["platform"])
        );
        let (ours, theirs) = (&ours["results"][0], &theirs["results"][0]);
        // A name of its own, which the run of hyperfine did not have.
        let plain: Vec<&str> = keys(ours).into_iter().filter(|&key| key != "name").collect();
        assert_eq!(plain, keys(theirs));
        assert_eq!(keys(&ours["parameters"]["x"]), keys(&theirs["parameters"]["x"]));
        let (mine, other) = (&ours["measurements"][0], &theirs["measurements"][0]);
        assert_eq!(keys(mine), keys(other));
        for key in keys(other) {
            if key != "exit_code" {
                assert_eq!(mine[key]["unit"], other[key]["unit"], "{key}");
                assert!(mine[key]["value"].is_number(), "{key}");
                assert_eq!(
                    keys(&ours["summary"][key]),
                    keys(&theirs["summary"][key]),
                    "{key}"
                );
            }
        }
    }

    #[test]
    fn only_names_that_were_given_are_names() {
        let parameters = [("n".to_owned(), "10".to_owned())];
        for (name, case, expected) in [
            ("A", 0, true),
            ("B", 0, false),
            ("B", 1, true),
            ("B", 7, true),
            ("BC", 54, true),
            ("BC", 53, false),
            ("OLD", 0, false),
            ("NEW (n = 10)", 1, false),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 3, false),
            ("n = 10", 0, true),
            ("B (n = 10)", 1, true),
            ("Build", 1, false),
            ("A on CPython 3.11.7", 0, false),
            ("n = 11", 0, false),
        ] {
            assert_eq!(is_made_up(name, case, &parameters), expected, "{name}");
        }
    }

    #[test]
    fn values_are_base_units() {
        let ours = of_commands();
        let measurement = &ours["results"][0]["measurements"][0];
        assert_eq!(measurement["time_wall_clock"]["value"], 0.002);
        assert_eq!(measurement["time_user"]["value"], 0.001);
        assert_eq!(measurement["memory_peak_resident"]["value"], 1_048_576.0);
        assert_eq!(measurement["exit_code"], 137);
        assert_eq!(ours["results"][0]["summary"]["time_wall_clock"]["median"], 0.002);
    }
}
