use super::super::{fake, saved};
use super::*;
use proptest::prelude::*;

/// What pyperf 2.10 writes, cut to what matters.
const FILE: &str = r#"{"version": "1.0",
    "metadata": {"perf_version": "2.10.0", "unit": "second", "python_implementation": "cpython",
        "python_version": "3.11.7 (64-bit)", "cpu_count": 2, "cpu_model_name": "AMD EPYC", "name": "timeit",
        "loops": 262144, "timeit_stmt": "'sum(range(100))'"},
    "benchmarks": [{"runs": [
        {"metadata": {"calibrate_loops": 262144}, "warmups": [[1, 1.8e-06], [2, 1.07e-06]]},
        {"metadata": {"duration": 0.77}, "values": [6.5e-07, 6.25e-07], "warmups": [[262144, 8.3e-07]]},
        {"values": [6.75e-07]}]}]}"#;

#[test]
fn a_file_of_pyperf_is_read() {
    let results = saved::read(FILE.as_bytes()).expect("a file of pyperf");
    assert_eq!(results.cases[0].name, "timeit");
    assert_eq!(results.runtimes[0].to_string(), "CPython 3.11.7");
    assert_eq!(results.runs.len(), 2);
    let found = estimate::estimate(&results, Side { case: 0, runtime: 0 }).expect("values");
    assert!((found.seconds - 6.5625e-07).abs() < 1e-12, "{found:?}");
    assert_eq!((found.samples, found.loops), (3, 262_144));
    assert_eq!(results.tool, "pyperf 2.10.0");
}

fn check_error(from: &str, to: &str, expected: &str) {
    let text = FILE.replace(from, to);
    assert_ne!(text, FILE);
    let error = saved::read(text.as_bytes())
        .expect_err("a broken file")
        .to_string();
    assert_eq!(error, expected);
}

#[test]
fn errors_say_where() {
    check_error(
        "\"1.0\"",
        "6",
        "version: pyperf format 6; only \"1.0\" can be read",
    );
    check_error(
        "\"second\"",
        "\"byte\"",
        "benchmarks[0].runs[0]: values in `byte`, not in seconds",
    );
    check_error("6.75e-07", "-1", "benchmarks[0].runs[2]: -1.0 is no time");
    check_error("6.75e-07", "1e300", "benchmarks[0].runs[2]: 1e300 is no time");
    check_error(
        "[{\"runs\"",
        "[{\"run\"",
        "line 8, column 32: missing field `runs`",
    );
    let empty = r#"{"version": "1.0", "benchmarks": []}"#;
    let error = saved::read(empty.as_bytes()).expect_err("empty").to_string();
    assert_eq!(error, "benchmarks: no values");
}

#[test]
fn what_is_written_is_read() {
    let results = fake::results(&["a", "b\n\x1b[31m", "a"], &["3.11.7", "3.13.0"]);
    let found = saved::read(&write(&results).expect("samples")).expect("our own file");
    let names: Vec<&str> = found.cases.iter().map(|case| &*case.name).collect();
    assert_eq!(
        names,
        [
            "a on CPython 3.11.7",
            "b\\n\\x1b[31m on CPython 3.11.7",
            "a on CPython 3.11.7 (2)",
            "a on CPython 3.13.0",
            "b\\n\\x1b[31m on CPython 3.13.0",
            "a on CPython 3.13.0 (2)"
        ]
    );
    for (case, side) in results.sides().enumerate() {
        let before = estimate::estimate(&results, side).expect("samples");
        let runtime = side.runtime;
        let after = estimate::estimate(&found, Side { case, runtime }).expect("samples");
        assert!(
            (after.seconds / before.seconds - 1.0).abs() < 0.005,
            "{after:?} {before:?}"
        );
        assert_eq!(after.samples, VALUES, "{after:?}");
    }
    assert_eq!(write(&Results::default()), None);
}

proptest! {
    #[test]
    fn cut_and_changed_files_never_panic(at in 0..FILE.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = FILE.as_bytes().to_vec();
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = byte;
        }
        if let Ok(results) = saved::read(&bytes) {
            let _ = saved::write(&results);
        }
    }
}
