//! callgrind files, read by `callgrind_annotate` of Valgrind.

use crate::{dumps, folder, is_there, run};
use prof::export::callgrind::{self, Options};
use prof::format::folded;
use prof::profile::{Calls, Profile};
use prof::python::{Dialect, Seconds};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// What `callgrind_annotate` says: the total, and the own times of functions by `file:name`. It prefixes
/// nothing else and leaves out what is 0.
fn annotate(profile: &Profile, what: &str) -> (u64, BTreeMap<String, u64>) {
    let folder = folder();
    let path = folder.path().join("callgrind.out.test");
    let mut text = Vec::new();
    callgrind::write(profile, &Options::default(), &mut text).expect("a Vec takes everything");
    fs::write(&path, text).expect("a temporary file");
    let report = run(
        Command::new("callgrind_annotate")
            .args(["--threshold=100", "--auto=no", "--show-percs=no"])
            .arg(&path),
        what,
    );
    assert!(!report.contains("WARNING"), "{what}: {report}");
    let mut total = None;
    let mut functions = BTreeMap::new();
    for line in report.lines() {
        let Some((number, name)) = line.trim_start().split_once("  ") else {
            continue;
        };
        let Ok(number) = number.replace(',', "").parse::<u64>() else {
            continue;
        };
        if name == "PROGRAM TOTALS" {
            total = Some(number);
        } else {
            let name = name.trim().trim_end_matches(" []");
            *functions.entry(name.to_owned()).or_default() += number;
        }
    }
    (total.expect("a line of totals"), functions)
}

/// Own times of functions by `file:name`; those that share both add up.
fn own_times(profile: &Profile) -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for function in profile.functions() {
        let key = profile.key_of(function);
        let name = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let file = if profile.file(key).is_empty() {
            "~".to_owned()
        } else {
            name(profile.file(key))
        };
        let own = profile.calls(function).own.nanoseconds().expect("a time");
        *times
            .entry(format!("{file}:{}", name(profile.name(key))))
            .or_default() += own;
    }
    times.retain(|_, &mut own| own > 0);
    times
}

/// `file:name:line` of functions that share the rest as `file:name`.
fn without_lines(found: BTreeMap<String, u64>, known: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (name, own) in found {
        let short = match name.rsplit_once(':') {
            Some((short, line)) if line.parse::<u32>().is_ok() && known.contains_key(short) => short,
            _ => &name,
        };
        *sums.entry(short.to_owned()).or_default() += own;
    }
    sums.retain(|_, &mut own| own > 0);
    sums
}

fn check(profile: &Profile, what: &str) {
    let expected = own_times(profile);
    let (total, functions) = annotate(profile, what);
    assert_eq!(total, expected.values().sum::<u64>(), "{what}");
    assert_eq!(without_lines(functions, &expected), expected, "{what}");
}

#[test]
fn callgrind_annotate_finds_the_times_of_the_dump() {
    if is_there("callgrind_annotate") {
        for (name, profile) in dumps() {
            check(&profile, &name);
        }
    }
}

#[test]
fn callgrind_annotate_reads_odd_names() {
    if !is_there("callgrind_annotate") {
        return;
    }
    let mut profile = Profile::new(Dialect::Python3);
    let names = [
        "(12) f",
        "f",
        "na\u{ef}ve",
        "fn=g",
        "calls=3 4",
        "+5 6",
        "# x",
        "a b",
    ];
    for (at, name) in (1..).zip(names) {
        let key = profile
            .key(b"(3) a.py", at, name.as_bytes())
            .expect("a small profile");
        let calls = Calls {
            primitive: 1,
            total: 1,
            own: Seconds::Int(at.into()),
            cumulative: Seconds::Int(at.into()),
        };
        profile.insert(key, calls, Default::default());
    }
    check(&profile, "odd names");
}

#[test]
fn callgrind_annotate_reads_stacks() {
    if is_there("callgrind_annotate") {
        let tree = folded::read(&b"main (a.py:1);f (a.py:9) 30\nmain (a.py:1);<built-in len> 12\n"[..]);
        let profile = Profile::from_stacks(&tree.expect("folded stacks"), 0.01).expect("a small tree");
        check(&profile, "stacks");
        assert_eq!(annotate(&profile, "stacks").0, 420_000_000);
    }
}
