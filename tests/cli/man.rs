//! `prof man`: pages that the programs for them take without a complaint.

use crate::{fail, prof, run};
use std::process::Command;

/// Is this program there? Without it the test says so and passes, but fails under CI.
pub(crate) fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "no {program} on PATH");
        eprintln!("skipped: no {program} on PATH");
    }
    found
}

#[test]
fn groff_has_nothing_to_say_of_any_page() {
    if !is_there("groff") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    // A folder that is not there yet.
    let pages = folder.path().join("man/man1");
    prof().args(["man", "-o"]).arg(&pages).assert().success();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&pages).expect("the folder") {
        let path = entry.expect("an entry").path();
        let output = Command::new("groff")
            .args(["-man", "-ww", "-Tutf8"])
            .arg(&path)
            .output()
            .expect("groff runs");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && complaints.is_empty(),
            "{}: {complaints}",
            path.display()
        );
        names.push(path.file_name().expect("a name").to_string_lossy().into_owned());
    }
    names.sort();
    for name in ["prof.1", "prof-stats.1", "prof-timeit-compare.1", "prof-man.1"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
}

#[test]
fn a_page_says_what_help_says() {
    let page = run(&["man", "stats"]);
    assert!(page.contains("\nprof\\-stats \\- Print cProfile dumps"), "{page}");
    assert!(page.contains("\\fB\\-\\-strip\\-dirs\\fR\n"), "{page}");
    assert!(page.contains(".SH EXAMPLES\n.nf\nprof stats"), "{page}");
}

#[test]
fn a_command_that_is_not_there_is_told_with_those_that_are() {
    let error = fail(&["man", "timeit", "stats"], 2);
    assert!(
        error.contains("error: `prof timeit` has no command `stats`\nhint: there are compare\n"),
        "{error}"
    );
    let error = fail(&["man", "stats", "x"], 2);
    assert!(error.contains("hint: prof man stats\n"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let folder = file.path().join("man1");
    let error = fail(&["man", "-o", folder.to_str().expect("text")], 2);
    assert!(error.contains("error: cannot make the folder `"), "{error}");
    assert!(error.contains("man1`: Not a directory"), "{error}");
}
