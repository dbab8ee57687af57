//! What one interpreter alone does.

use super::super::man::is_there;
use super::code::{NODE, RUBY};
use super::{samples, timeit};

#[test]
fn what_fails_after_the_samples_is_told() {
    if !is_there(NODE.program) {
        return;
    }
    let rejects = "Promise.reject(new Error('oh no'))";
    // The last sample of a process, and one that others follow.
    for arguments in [&["-n1", "-r2"][..], &["--autorange", "-r2"], &["--auto"]] {
        let printed = timeit(&NODE, &[arguments, &[rejects]].concat());
        assert_eq!(printed.code, Some(1), "{arguments:?}: {}", printed.err);
        assert!(printed.err.contains("oh no\n"), "{arguments:?}: {}", printed.err);
        assert!(
            printed.err.contains(" at <stmt>:1:"),
            "{arguments:?}: {}",
            printed.err
        );
        assert!(!printed.err.contains("<prof"), "{arguments:?}: {}", printed.err);
    }
    let printed = timeit(
        &NODE,
        &["-n1", "-r2", "process.on('exit', () => process.exitCode = 4)"],
    );
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    assert!(printed.err.contains("ended: exit code 4\n"), "{}", printed.err);
    // Code that listens itself, or that catches in time.
    for (setup, statement) in [
        ("process.on('unhandledRejection', () => 0)", rejects),
        ("", "Promise.reject(5).catch(() => 0)"),
    ] {
        let printed = timeit(&NODE, &["-n1", "-r2", "-s", setup, statement]);
        assert_eq!((printed.code, &*printed.err), (Some(0), ""), "{setup}");
    }
}

#[test]
fn a_literal_at_the_end_is_built_in_ruby() {
    if !is_there(RUBY.program) {
        return;
    }
    let best = |statement: &str| {
        let setup = ["-s", "a = 1; b = 2", "--name", "x"];
        let arguments = [&["-n200000", "-r5", "--csv", "-"], &setup[..], &[statement]].concat();
        let printed = timeit(&RUBY, &arguments);
        assert_eq!(printed.code, Some(0), "{}", printed.err);
        let times = samples(&printed.out).into_iter().map(|sample| sample.1);
        times.fold(f64::INFINITY, f64::min)
    };
    // Both allocate an array of two; an empty loop takes a fourth of that.
    let (plain, kept) = (best("[a, b]"), best("x = [a, b]"));
    assert!(plain * 2.0 > kept, "{plain} {kept}");
    // What has no value, or has one only for who asks.
    for statement in ["a, b = b, a", "# nothing", "x = <<E\nhello\nE"] {
        assert!(best(statement) > 0.0, "{statement}");
    }
}

#[test]
fn unknown_names_have_their_place_in_javascript() {
    if !is_there(NODE.program) {
        return;
    }
    for (statement, place) in [
        ("nothing", "1:1"),
        // V8 places it at what is read of it.
        ("nothing.x", "1:9"),
        ("1 + nothing", "1:5"),
        ("\n nothing()", "2:2"),
        ("let x = nothing", "1:9"),
    ] {
        let printed = timeit(&NODE, &["-n2", "-s", "let y = 1", "--", statement]);
        let expected = "error: the statement failed\nReferenceError: nothing is not defined\n    at <stmt>:";
        assert_eq!(printed.err, format!("{expected}{place}\n"), "{statement}");
    }
}
