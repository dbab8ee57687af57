//! `prof dummyrunner`: its demo game, and dummies on it.

mod html;
mod play;
#[cfg(feature = "attach")]
mod record;
mod settings;

use super::fail;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn the_demo_game_serves_until_a_signal() {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
        .args(["dummyrunner", "demo", "--serve-only", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("text");
    let address = line
        .strip_prefix("The demo game listens on ")
        .and_then(|rest| rest.split(". ").next())
        .unwrap_or_else(|| panic!("{line}"));
    let port = address.rsplit(':').next().unwrap_or_default().to_owned();
    let mut player = TcpStream::connect(address).expect("it listens");
    player
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a socket");
    player
        .write_all(b"create Ada secret\r\ny\r\nconnect Ada secret\r\nnonsense\r\nquit\r\n")
        .expect("it reads");
    let mut seen = Vec::new();
    player.read_to_end(&mut seen).expect("it closes");
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("Quitting."), "{seen}");
    // The port is taken now.
    let message = fail(&["dummyrunner", "demo", "--serve-only", "--port", &port], 2);
    assert!(message.contains(": Address already in use\nhint: "), "{message}");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a small number"));
    kill(pid, Signal::SIGINT).expect("it runs");
    let mut report = String::new();
    out.read_to_string(&mut report).expect("text");
    assert!(child.wait().expect("it ends").success());
    for line in [
        "connections  1, at most 1 at a time",
        "1 by quit",
        "commands     5, 1 unknown",
    ] {
        assert!(report.contains(line), "{report}");
    }
}

#[test]
fn a_wrong_stall_is_told() {
    let message = fail(&["dummyrunner", "demo", "--serve-only", "--stall", "5s/1s"], 2);
    assert!(
        message.contains("the pause is not shorter than the period"),
        "{message}"
    );
}

#[test]
fn the_demo_needs_nothing_else() {
    let report = super::run(&[
        "dummyrunner",
        "demo",
        "3",
        "--duration",
        "3s",
        "--",
        "--timestep",
        "20ms",
        "--chance-of-action",
        "1",
        "--seed",
        "7",
    ]);
    assert!(report.contains("dummies:  3 in = 3 logged out"), "{report}");
    assert!(report.contains("found by gmcp-echo (3 dummies)"), "{report}");
    let message = fail(&["dummyrunner", "demo", "--", "--no-such-thing"], 2);
    assert!(
        message.contains("'--no-such-thing'") && message.contains("hint: after --"),
        "{message}"
    );
}
