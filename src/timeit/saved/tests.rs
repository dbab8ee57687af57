use super::super::fake;
use super::*;
use proptest::prelude::*;

#[test]
fn what_is_written_is_read() {
    let results = fake::results(&["a", "b"], &["3.11.7", "3.13.0"]);
    assert_eq!(read(&write(&results)).expect("our own file"), results);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &write(&results)).expect("memory");
    let packed = packed.finish().expect("memory");
    assert_eq!(read(&packed).expect("our own file"), results);
}

fn check_error(text: &str, expected: &str) {
    let error = read(text.as_bytes()).expect_err("a broken file");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn errors_say_where() {
    check_error("", "line 1, column 0: EOF while parsing a value");
    check_error("{\n \"format\": ?", "line 2, column 12: expected value");
    check_error(
        "[1, 2]",
        "it is JSON, but neither a result of prof timeit nor one of pyperf",
    );
    check_error(
        "{}",
        "it is JSON, but neither a result of prof timeit nor one of pyperf",
    );
    check_error(
        r#"{"format": "prof timeit", "version": 2}"#,
        "it has version 2 of the format; this prof reads 1",
    );
    check_error(
        r#"{"format": "prof timeit", "version": "1"}"#,
        "version: expected a whole number",
    );
    check_error(
        r#"{"format": "prof timeit", "version": 1}"#,
        "line 1, column 39: missing field `elapsed_s`",
    );
    let file = |processes: &str| {
        format!(
            r#"{{"format": "prof timeit", "version": 1, "elapsed_s": 1, "metric": "wall",
            "cases": [{{"name": "a", "statement": "a"}}], "reference": null,
            "runtimes": [{{"implementation": "CPython", "version": "3"}}], "processes": {processes}}}"#
        )
    };
    assert!(read(file("[]").as_bytes()).is_ok());
    check_error(
        &file(r#"[{"runtime": 1, "samples": []}]"#),
        "processes[0]: runtime 1, but there are 1",
    );
    let samples = |line: &str| file(&format!(r#"[{{"runtime": 0, "samples": [{line}]}}]"#));
    check_error(
        &samples(r#"["timed", 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]"#),
        "processes[0].samples[0]: case 1, but there are 1",
    );
    check_error(
        &samples(r#"["timed", 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]"#),
        "processes[0].samples[0]: no loops",
    );
    check_error(
        &file("[]").replace("\"elapsed_s\": 1", "\"elapsed_s\": -1"),
        "elapsed_s: cannot convert float seconds to Duration: value is negative",
    );
}

#[test]
fn a_broken_gzip_layer_is_told() {
    let error = read(&[0x1f, 0x8b, 8, 0, 0]).expect_err("cut").to_string();
    assert!(error.starts_with("cannot unpack: "), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn cut_and_changed_files_never_panic(at in 0..20_000usize, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = write(&fake::results(&["a"], &["3.11.7"]));
        let at = at % bytes.len();
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = byte;
        }
        if let Ok(results) = read(&bytes) {
            let _ = Summary::new(&results);
            let _ = write(&results);
        }
    }
}
