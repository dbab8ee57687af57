//! What a user is told when something is wrong.

use crate::{fail, fixture, prof};

/// Runs `prof stats` on these bytes; returns what it says of them.
fn told_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("x.prof"), bytes).expect("a temporary file");
    let output = prof()
        .current_dir(folder.path())
        .args(["stats", "x.prof"])
        .assert()
        .code(2);
    String::from_utf8(output.get_output().stderr.clone()).expect("text")
}

#[test]
fn a_bad_file_is_told_with_its_place_and_what_to_do() {
    let dump = std::fs::read(fixture("server.prof")).expect("the fixture is there");
    let check = |bytes: &[u8], message: &str, hint: &str| {
        let told = told_of(bytes);
        assert!(
            told.starts_with("error: cannot read `x.prof`: ") && told.contains(message),
            "{told}"
        );
        assert!(told.contains(hint), "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
    };
    check(
        &dump[..1000],
        "byte 1000: the data ends",
        "hint: the file is cut short",
    );
    check(
        b"",
        "byte 0: the data ends",
        "hint: the file is empty: was the profiled program killed",
    );
    check(
        b"main;f 3\nmain;g x\n",
        "line 2: expected a whole number at the end of the line, found `x`",
        "hint: folded stacks look like",
    );
    check(b"{\"version\": 1}", "found byte 0x22", "JSON");
    check(b"\x80\x04\x95\x10\0\0\0", "found byte 0x80", "pickle");
    check(b"\xa7\r\r\n\0\0\0\0", "byte 0", "compiled Python module");
    check(b"{0", "the profile has no functions", "never enabled");
    check(
        b"[\x01\0\0\0N",
        "expected a dict of functions, found a list",
        "prof stats reads what cProfile",
    );
    check(
        b"{i\x01\0\0\0i\x02\0\0\x000",
        "expected a function (file, line, name), found an int",
        "cProfile",
    );
}

#[test]
fn names_from_files_reach_a_message_escaped() {
    // A function called ESC[31m with callers of both kinds, added to itself with the other kind.
    let dump = |value: &[u8]| {
        let key = b")\x03Z\x04a.pyi\x01\0\0\0Z\x05\x1b[31m";
        let row = b")\x05i\x01\0\0\0i\x01\0\0\0g\0\0\0\0\0\0\0\0g\0\0\0\0\0\0\0\0{";
        [b"{", &key[..], &row[..], &key[..], value, b"00"].concat()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let timed = b")\x04i\x01\0\0\0i\x01\0\0\0g\0\0\0\0\0\0\0\0g\0\0\0\0\0\0\0\0";
    std::fs::write(folder.path().join("a"), dump(b"i\x01\0\0\0")).expect("a temporary file");
    std::fs::write(folder.path().join("b"), dump(timed)).expect("a temporary file");
    let output = prof()
        .current_dir(folder.path())
        .args(["stats", "a", "b"])
        .assert()
        .code(2);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        told.contains("cannot add `b`: `a.py:1(\\x1b[31m)` has caller numbers of two kinds"),
        "{told}"
    );
}

#[test]
fn bad_usage_is_told_with_what_is_valid() {
    assert!(fail(&["stats"], 2).contains("no file is named"));
    assert!(
        fail(&["stats", "missing.prof"], 2)
            .contains("cannot read `missing.prof`: No such file or directory\n")
    );
    assert!(fail(&["stats", "."], 2).contains("cannot read `.`: Is a directory"));
    let told = fail(&["stats", "fixtures/server.prof", "--sort", "cum"], 2);
    assert!(
        told.contains("`cum` is not a sort key") && told.contains("keys are calls, ncalls, cumtime"),
        "{told}"
    );
    assert!(
        fail(&["stats", "fixtures/server.prof", "--exclude", "("], 2).contains("cannot use the pattern `(`")
    );
    assert!(
        fail(&["stats", "fixtures/server.prof", "--exclude", "."], 2).contains("every function is excluded")
    );
    assert!(fail(&["stats", "fixtures/server.prof", "--min-percent", "x"], 2).contains("expected 0 to 100"));
    let told = fail(
        &[
            "stats",
            "fixtures/server.prof",
            "--write",
            "/nonexistent/out.prof",
        ],
        2,
    );
    assert!(
        told.ends_with("cannot write `/nonexistent/out.prof`: No such file or directory\n"),
        "{told}"
    );
}

#[test]
fn an_output_file_that_cannot_be_written_leaves_the_old_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.prof");
    std::fs::write(&path, "old").expect("a temporary file");
    prof()
        .args(["stats", "missing.prof", "--write"])
        .arg(&path)
        .assert()
        .code(2);
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "old");
}
