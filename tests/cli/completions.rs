//! `prof completions`: scripts that the shells themselves can read.

use crate::man::is_there;
use crate::{fail, run};
use std::process::Command;

/// Runs a script in a shell; what it prints.
fn shell(program: &str, arguments: &[&str], script: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("script");
    std::fs::write(&path, script).expect("a temporary file");
    let output = Command::new(program)
        .args(arguments)
        .arg(&path)
        .output()
        .expect("the shell runs");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{program}: {complaints}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn bash_completes_commands_and_options() {
    if !is_there("bash") {
        return;
    }
    let ask = "
ask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _prof prof \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[*]}\"; }
ask prof fl
ask prof stats --strip
ask prof dummyrunner demo --serve
ask prof completions z
";
    let script = run(&["completions", "bash"]) + ask;
    assert_eq!(
        shell("bash", &["--norc"], &script),
        "flamegraph\n--strip-dirs\n--serve-only\nzsh\n"
    );
}

/// These shells are seldom there, also where tests must not be skipped.
#[test]
fn zsh_and_fish_can_read_theirs() {
    for name in ["zsh", "fish"] {
        let script = run(&["completions", name]);
        assert!(script.contains("dummyrunner"), "{name}");
        match Command::new(name).arg("--version").output() {
            Ok(_) => assert_eq!(shell(name, &["-n"], &script), ""),
            Err(_) => eprintln!("not read by {name}: it is not on PATH"),
        }
    }
}

#[test]
fn each_shell_has_a_script_of_its_own() {
    assert!(run(&["completions", "elvish"]).starts_with("\nuse builtin;"));
    assert!(run(&["completions", "powershell"]).contains("Register-ArgumentCompleter"));
    let error = fail(&["completions", "tcsh"], 2);
    assert!(error.contains("bash, elvish, fish, powershell, zsh"), "{error}");
}
