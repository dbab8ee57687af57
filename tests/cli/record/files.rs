//! `prof record`: the file of the dump, and what can be wrong with it.

use super::super::{prof, python};
use super::{DEFINES, Folder, WORK, calls, dump, start, until};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

#[test]
fn a_full_disk_leaves_the_old_file() {
    // A limit of the size of files says what a full disk says, by another number.
    let program = format!(
        "{DEFINES}import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))\nprint('went on')\nsys.exit(3)\n"
    );
    let folder = Folder::new();
    folder.write("out.prof", "old");
    let Some(mut recording) = start(&folder, &[], &program) else {
        return;
    };
    recording.line("went on");
    let (code, text) = recording.end();
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("warning: ")
            && text.contains("error: there is no dump: ")
            && text.contains("/out.prof: File too large\n"),
        "{text}"
    );
    assert_eq!(folder.names(""), ["out.prof", "program.py"]);
    assert_eq!(std::fs::read(folder.file("out.prof")).expect("a file"), b"old");
}

#[test]
fn snapshots_fail_and_succeed_in_turn() {
    let program = "
import resource, signal, time
def work(n):
    return sum(range(n))
work(1)
no, more = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, more))
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.01)
resource.setrlimit(resource.RLIMIT_FSIZE, (no, more))
";
    let folder = Folder::new();
    let Some(recording) = start(&folder, &["--every", "0"], program) else {
        return;
    };
    let (code, text) = recording.end();
    assert_eq!(code, 0, "{text}");
    // The failure is told, and made good by the last dump.
    assert!(
        text.contains("File too large") && !text.contains("error: "),
        "{text}"
    );
    assert_eq!(calls(&dump(&folder.file("out.prof")), "work"), 1);
}

#[test]
fn a_bad_place_is_found_before_the_program_starts() {
    if python().is_none() {
        return;
    }
    let folder = Folder::new();
    folder.write("program.py", "open('started', 'w')\n");
    // /sys takes no files, not even from root.
    for (output, why) in [
        ("/sys/x.prof", ""),
        ("no/x.prof", "there is no such folder"),
        (".", "it is a folder"),
    ] {
        let result = prof()
            .args(["record", "-o", output, "program.py"])
            .current_dir(folder.path())
            .assert()
            .code(2);
        let text = String::from_utf8_lossy(&result.get_output().stderr).into_owned();
        assert!(
            text.starts_with(&format!("error: cannot write `{output}`: {why}")),
            "{text}"
        );
        assert!(!folder.file("started").exists());
    }
}

#[test]
fn the_output_may_be_replaced_meanwhile() {
    let folder = Folder::new();
    let Some(mut recording) = start(&folder, &["--every", "50ms"], WORK) else {
        return;
    };
    recording.line("works");
    until("a snapshot", || folder.file("out.prof").exists());
    let other = folder.file("other");
    std::fs::write(&other, "not ours").expect("a file");
    std::fs::rename(&other, folder.file("out.prof")).expect("it is there");
    recording.signal(15);
    recording.end();
    assert!(calls(&dump(&folder.file("out.prof")), "work") > 0);
}

#[test]
fn without_a_name_the_dump_has_the_program_s() {
    if python().is_none() {
        return;
    }
    let folder = Folder::new();
    folder.write("my app.py", DEFINES);
    let result = prof()
        .args(["record", "my app.py"])
        .current_dir(folder.path())
        .assert()
        .success();
    let text = String::from_utf8_lossy(&result.get_output().stderr).into_owned();
    assert!(text.contains("hint: prof stats 'my app.prof'"), "{text}");
    assert_eq!(calls(&dump(&folder.file("my app.prof")), "work"), 50);
}

#[test]
fn a_link_to_a_dump_stays_and_no_pipe_or_device_is_replaced() {
    let Some(python) = python() else { return };
    let folder = Folder::new();
    folder.write("app.py", DEFINES);
    folder.write("real.prof", "old");
    std::os::unix::fs::symlink("real.prof", folder.file("link.prof")).expect("a link");
    nix::unistd::mkfifo(&folder.file("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let record = |output: &str| {
        let mut prof = prof();
        prof.args(["record", "-o", output, "--", python, "app.py"]);
        prof.current_dir(folder.path()).assert()
    };
    record("link.prof").success();
    assert!(folder.file("link.prof").is_symlink());
    assert_eq!(calls(&dump(&folder.file("real.prof")), "work"), 50);
    let refused = record("pipe").code(2);
    let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(
        text.starts_with("error: cannot write `pipe`: it is no file, "),
        "{text}"
    );
    assert_eq!(folder.names(""), ["app.py", "link.prof", "pipe", "real.prof"]);
}

#[test]
fn a_dump_may_have_any_name() {
    let Some(python) = python() else { return };
    for name in [&b"a\nb.prof"[..], b"a\xff.prof"] {
        let folder = Folder::new();
        folder.write(
            "app.py",
            &format!("{DEFINES}import os\nif os.fork(): os.wait()\nelse: work(1)\n"),
        );
        let mut prof = prof();
        prof.args(["record", "-o"]).arg(OsStr::from_bytes(name));
        prof.args(["--children", "--merge", "--", python, "app.py"]);
        let recorded = prof.current_dir(folder.path()).assert().success();
        let text = String::from_utf8_lossy(&recorded.get_output().stderr).into_owned();
        assert!(text.contains(".prof is the sum of 2 dumps"), "{text}");
        assert_eq!(
            calls(&dump(&folder.path().join(OsStr::from_bytes(name))), "work"),
            51
        );
    }
}

#[test]
fn a_dump_of_an_earlier_recording_is_told_as_such() {
    let folder = Folder::new();
    folder.write("out.prof", "old");
    let Some(recording) = start(&folder, &["--every", "0"], "os.kill(os.getpid(), 9)\n") else {
        return;
    };
    let (code, text) = recording.end();
    assert_eq!(code, 137, "{text}");
    assert!(
        text.starts_with("error: there is no dump: ") && text.contains("; out.prof is an earlier one\n"),
        "{text}"
    );
}
