//! `prof timeit` where a disk is full: commands that fill it, and files of our own. The disk is a small one in memory
//! that only the command and `prof` see. Where nobody may mount one, as in some containers, most of these tests only say
//! so: that right cannot be installed.

use super::Printed;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A folder, in which `disk` is the place of a small disk.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("disk")).expect("a folder");
        Folder(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What `prof timeit` prints with these words of a shell, and then what is on the disk, when `disk` has 256 KiB.
    fn timeit(&self, words: &str) -> Option<(Printed, Vec<String>)> {
        if !can_mount() {
            eprintln!("skipped: no unshare(1), or no right to mount");
            return None;
        }
        let prof: PathBuf = assert_cmd::cargo::cargo_bin!("prof").into();
        let line = format!(
            "mount -t tmpfs -o size=256k none disk || exit 99\n'{}' timeit {words}\ncode=$?\nls -A disk > names\nexit $code",
            prof.display()
        );
        let mut command = assert_cmd::Command::new("unshare");
        command
            .args(["-rm", "sh", "-c", &line])
            .current_dir(self.path())
            .env("TZ", "UTC0")
            .timeout(Duration::from_secs(60));
        let printed = Printed::of(&mut command);
        let names = fs::read_to_string(self.path().join("names")).expect("a list");
        Some((printed, names.lines().map(str::to_owned).collect()))
    }
}

fn can_mount() -> bool {
    let line = "mount -t tmpfs -o size=64k none /mnt";
    let output = Command::new("unshare").args(["-rm", "sh", "-c", line]).output();
    output.is_ok_and(|output| output.status.success())
}

/// By hand: a disk of 256 KiB takes two times 100,000 bytes, and not three times.
#[test]
fn a_command_that_fills_the_disk_is_told_with_its_own_words() {
    let folder = Folder::new();
    let Some((printed, names)) = folder
        .timeit("--sh 'head -c 100000 /dev/zero >> disk/big' --runs 9 --json r.json --cleanup 'rm disk/big'")
    else {
        return;
    };
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    assert!(printed.out.contains(" 2 runs"), "{}", printed.out);
    assert!(
        printed.err.contains("failed in run 3: exit code 1")
            && printed.err.contains("No space left on device"),
        "{}",
        printed.err
    );
    assert_eq!(printed.err.matches("error: ").count(), 1);
    let saved = fs::read_to_string(folder.path().join("r.json")).expect("it is on another disk");
    assert!(saved.contains("\"timed\""));
    assert!(names.is_empty(), "it is cleaned up: {names:?}");
}

#[test]
fn a_full_disk_under_the_output_of_a_command_is_told() {
    let folder = Folder::new();
    let Some((printed, _)) = folder.timeit("--cmd 'head -c 300000 /dev/zero' --output disk/out --runs 3")
    else {
        return;
    };
    assert_eq!((printed.code, &*printed.out), (Some(1), ""), "{}", printed.err);
    assert!(
        printed.err.contains("failed in run 1: exit code 1")
            && printed.err.contains("No space left on device"),
        "{}",
        printed.err
    );
}

/// One error for each file that cannot be written; the report and the file on another disk are there, and no half file.
#[test]
fn files_that_do_not_fit_keep_back_nothing_else() {
    let folder = Folder::new();
    let before = "--setup-cmd 'head -c 260000 /dev/zero > disk/big'";
    let Some((printed, names)) = folder.timeit(&format!(
        "--cmd true --runs 300 {before} --json disk/r.json --csv r.csv --html disk/r.html"
    )) else {
        return;
    };
    assert_eq!(printed.code, Some(2), "{}", printed.err);
    assert!(printed.out.contains("300 runs"), "{}", printed.out);
    let errors: Vec<&str> = printed
        .err
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 2, "{}", printed.err);
    for name in ["r.json", "r.html"] {
        let expected = format!("error: cannot write `disk/{name}`: No space left on device");
        assert!(errors.contains(&&*expected), "{}", printed.err);
    }
    assert_eq!(names, ["big"]);
    let csv = fs::read_to_string(folder.path().join("r.csv")).expect("it is on another disk");
    assert_eq!(csv.lines().count(), 301);
}

/// What is to be checked is checked all the same.
#[test]
fn a_check_is_told_though_a_file_does_not_fit() {
    let folder = Folder::new();
    let before = "--setup-cmd 'head -c 260000 /dev/zero > disk/big'";
    let compared = "--cmd true --cmd 'sleep 0.05' --runs 20 --fail-if 'slower > 50%'";
    let Some((printed, _)) = folder.timeit(&format!("{compared} {before} --json disk/r.json")) else {
        return;
    };
    assert_eq!(printed.code, Some(2), "{}", printed.err);
    assert!(
        printed.err.contains("failed: slower > 50%: B is "),
        "{}",
        printed.err
    );
    assert!(
        printed.err.contains("cannot write `disk/r.json`: No space left"),
        "{}",
        printed.err
    );
}

/// What failed first is the exit code, and both are told.
#[test]
fn a_command_that_failed_counts_for_more_than_a_file() {
    let folder = Folder::new();
    let Some((printed, names)) =
        folder.timeit("--sh 'head -c 100000 /dev/zero >> disk/big' --runs 9 --save disk/r.json")
    else {
        return;
    };
    assert_eq!(printed.code, Some(1), "{}", printed.err);
    assert!(printed.out.contains(" 2 runs"), "{}", printed.out);
    assert!(printed.err.contains("failed in run 3"), "{}", printed.err);
    assert!(
        printed
            .err
            .contains("cannot write `disk/r.json`: No space left on device"),
        "{}",
        printed.err
    );
    assert_eq!(names, ["big"]);
}

/// The limit of the size of files is another way to be full, which ends programs that do not expect it.
#[test]
fn a_limit_of_the_size_of_files_is_an_error_as_others() {
    let folder = Folder::new();
    let prof: PathBuf = assert_cmd::cargo::cargo_bin!("prof").into();
    let line = format!(
        "ulimit -f 1; exec '{}' timeit --cmd true --runs 200 --json r.json",
        prof.display()
    );
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", &line]).current_dir(folder.path());
    let printed = Printed::of(command.timeout(Duration::from_secs(60)));
    assert_eq!(printed.code, Some(2), "{}", printed.err);
    assert!(printed.out.contains("200 runs"), "{}", printed.out);
    assert_eq!(printed.err, "error: cannot write `r.json`: File too large\n");
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    assert_eq!(names.len(), 1, "nothing but `disk`: {names:?}");
}

/// What runs with a standard output that takes nothing says on standard error, and its exit code.
fn without_output(folder: &Path, arguments: &[&str], stdout: impl Into<Stdio>) -> (Option<i32>, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("prof"));
    let command = command
        .arg("timeit")
        .args(arguments)
        .current_dir(folder)
        .stdout(stdout);
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told)
}

fn full() -> fs::File {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    full.expect("a device")
}

const FULL: &str = "error: cannot write the output: No space left on device\n";

#[test]
fn a_full_standard_output_is_told() {
    let (code, told) = without_output(Path::new("."), &["--cmd", "true", "--runs", "3"], full());
    assert_eq!((code, &*told), (Some(1), FULL));
}

/// Nor does one whose reader is gone, which is no failure.
#[test]
fn a_full_standard_output_keeps_back_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = ["--cmd", "true", "--runs", "3"];
    let fixed = ["-n", "10", "-r", "3", "pass"];
    let auto = ["--auto", "--processes", "2", "pass"];
    let mut modes = vec![&commands[..]];
    if super::python().is_some() {
        modes.extend([&fixed[..], &auto]);
    }
    for mode in modes {
        let arguments = [mode, &["--json", "r.json", "--csv", "r.csv"]].concat();
        let (reader, closed) = std::io::pipe().expect("a pipe");
        drop(reader);
        for (stdout, expected) in [
            (Stdio::from(full()), (Some(1), FULL)),
            (closed.into(), (Some(0), "")),
        ] {
            let (code, told) = without_output(folder.path(), &arguments, stdout);
            assert_eq!((code, &*told), expected, "{mode:?}");
            for name in ["r.json", "r.csv"] {
                fs::remove_file(folder.path().join(name)).expect("it is written");
            }
        }
    }
    // What a check has found counts, whoever reads.
    let checked = ["--cmd", "true", "--cmd", "sleep 0.2", "--runs", "7"];
    let arguments = [&checked[..], &["--fail-if", "slower > 5%", "--json", "r.json"]].concat();
    let (reader, closed) = std::io::pipe().expect("a pipe");
    drop(reader);
    let (code, told) = without_output(folder.path(), &arguments, closed);
    assert_eq!(code, Some(3), "{told}");
}
