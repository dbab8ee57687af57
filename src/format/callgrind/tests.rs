//! The examples are those of the format's kinds of lines, with sums by hand.

use super::*;
use crate::profile::attribution::{Options, attribute};

/// Functions as `file:line(name) calls/primitive own cumulative`, then their callers, in nanoseconds.
fn shown(file: &Callgrind) -> Vec<String> {
    let profile = &file.profile;
    let ns = |seconds: Seconds| (seconds.as_f64() * 1e9).round();
    let numbers = |calls: Calls| {
        let (own, cumulative) = (ns(calls.own), ns(calls.cumulative));
        format!("{}/{} {own} {cumulative}", calls.total, calls.primitive)
    };
    let name = |key| String::from_utf8_lossy(&profile.standard_name(key)).into_owned();
    let mut lines = Vec::new();
    for function in profile.functions() {
        lines.push(format!(
            "{} {}",
            name(profile.key_of(function)),
            numbers(profile.calls(function))
        ));
        for (caller, edge) in profile.callers(function) {
            let EdgeCalls::Timed(calls) = edge else {
                panic!("edges have times");
            };
            lines.push(format!("  <- {} {}", name(caller), numbers(calls)));
        }
    }
    lines
}

fn check(text: &str, expected: &[&str]) -> Callgrind {
    let file = read(text.as_bytes()).expect("a callgrind file");
    assert_eq!(shown(&file), expected);
    file
}

#[test]
fn names_are_numbered_and_lines_relative() {
    let file = check(
        "# callgrind format\nversion: 1\ncreator: x\npositions: line\nevents: Ir Dr\nsummary: 820 1\n\n\
         fl=(1) file1.c\nfn=(1) main\n16 20 1\ncfn=(2) func1\ncalls=1 50\n16 400\n\
         cfi=(2) file2.c\ncfn=(3) func2\ncalls=3 +4\n* 400\n\n\
         fn=(2)\n51 100\ncfi=(2)\ncfn=(3)\ncalls=2 0x14\n+2 300\nfi=(2)\n3 0\nfe=(1)\n-1 5\n\n\
         fl=(2)\nfn=(3)\n20 700\n",
        &[
            "file1.c:16(main) 1/1 20 820",
            "file1.c:50(func1) 1/1 105 405",
            "  <- file1.c:16(main) 1/1 105 400",
            "file2.c:20(func2) 5/5 700 700",
            "  <- file1.c:16(main) 3/3 400 400",
            "  <- file1.c:50(func1) 2/2 300 300",
        ],
    );
    assert_eq!((file.event.as_str(), file.is_time), ("Ir", false));
}

#[test]
fn times_objects_recursion_and_unknown_files() {
    let file = check(
        "events: Time_(10ns) Memory_(bytes)\r\npositions: instr line\r\nob=/bin/x\r\nfl=???\r\nfn=f\r\n\
         0x10 0 4\r\ncfn=f\r\ncalls=3 0 0\r\n0x12 0 3\r\njump=1 0 0\r\n0x13 0\r\n\r\n\
         ob=\r\nfl=~\r\nfn=<len>\r\n0 0 2\r\n",
        &[
            "/bin/x:0(f) 3/1 40 40",
            "  <- /bin/x:0(f) 3/0 30 30",
            "{len} 1/1 20 20",
        ],
    );
    assert!(file.is_time);
    let tree = attribute(&file.profile, &Options::default())
        .expect("a small profile")
        .tree;
    assert_eq!(tree.total(), 60);
}

#[test]
fn units_of_time_are_known_by_name() {
    let check = |event: &str, expected| assert_eq!(unit(event), expected, "{event}");
    check("ns", (true, 1e9));
    check("Time_(\u{b5}s)", (true, 1e6));
    check("Microseconds", (true, 1e6));
    check("msec", (true, 1e3));
    check("s", (true, 1.0));
    check("Ir", (false, 1e9));
    check("Samples", (false, 1e9));
}

fn check_error(text: &str, message: &str) {
    let error = read(text.as_bytes()).expect_err("no callgrind file");
    assert_eq!(error.to_string(), message);
}

#[test]
fn errors_say_where_and_what() {
    check_error("", "the file has no functions");
    check_error("events: Ir\n", "the file has no functions");
    check_error(
        "fn=f\n1 2\n",
        "line 2: expected `events:` before the first cost, found `1 2`",
    );
    check_error(
        "events: Ir\n1 2\n",
        "line 2: expected `fn=` before the first cost, found `1 2`",
    );
    check_error(
        "events: Ir\nfn=(7)\n",
        "line 2: expected a number that was given a name before, found `fn=(7)`",
    );
    check_error(
        "events: Ir\nfn=f\n1 1.5\n",
        "line 3: expected a whole number as the cost, found `1 1.5`",
    );
    check_error(
        "events: Ir\nfn=f\n-2 1\n",
        "line 3: expected a position: a number, `+n`, `-n` or `*`, found `-2 1`",
    );
    check_error(
        "events: Ir\nfn=f\ncalls=1 2\n1 1\n",
        "line 3: expected `cfn=` before each `calls=`, found `calls=1 2`",
    );
    check_error(
        "events: Ir\nfn=f\ncfn=g\ncalls=1 2\n",
        "line 5: the file ends before the cost of the calls in the line above",
    );
    check_error(
        "events: Ir\nfn=f\ncfn=g\ncalls=1 2\nfn=g\n",
        "line 5: expected the cost of the calls in the line above, found `fn=g`",
    );
    check_error(
        "events: Ir\nfn=f\n1 18446744073709551615\n1 1\n",
        "line 4: the costs add up to more than 2^64 - 1",
    );
    check_error(
        "hello\n",
        "line 1: expected `key: value`, `key=value` or a line of costs, found `hello`",
    );
    assert!(read(b"x").expect_err("no callgrind file").hint().is_some());
}

#[test]
fn every_cut_or_changed_byte_is_read_or_refused() {
    let text = b"positions: instr line\nevents: us\nob=o\nfl=(1) a\nfn=(1) f\n0x1 2 3\ncfi=(1)\ncfn=(2) g\ncalls=2 * +1\n+1 * 4\nfn=(2)\n1 5 4\njump=1 2\n*\n";
    for at in 0..text.len() {
        let _ = read(&text[..at]);
        let mut changed = text.to_vec();
        for byte in 0..=255 {
            changed[at] = byte;
            if let Ok(file) = read(&changed) {
                attribute(&file.profile, &Options::default()).expect("a small profile");
            }
        }
    }
}
