//! `prof record --game`, when the Server is killed while dummies play.

use super::shared::{calls_of, until_within};
use super::{Game, text};
use prof::format::pstats;
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often a snapshot is written.
const EVERY: Duration = Duration::from_secs(2);
/// What a busy machine may take to write one.
const SLACK: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(120);

/// All that dummies do, so that commands can be counted.
const LOOKS: &str = r#"
[run]
timestep = "200ms"
chance_of_action = 1.0
chance_of_login = 1.0

[login]
name = "Dummy_{gid}"
commands = [
    { send = "create {name} {password}", expect = '\[Y\]/N', once = true },
    { send = "yes", expect = 'account .*was created', once = true },
    { send = "connect {name} {password}", expect = 'You become' },
]

[logout]
commands = ["quit"]

[[action]]
name = "looks"
commands = ["look"]

[profile.looker]
looks = 1.0
"#;

fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(PATIENCE, what, holds);
}

/// Calls of `CmdLook.func` in a dump; the dummies use no other command of its file.
fn looks(path: &Path) -> u64 {
    let Ok(file) = File::open(path) else { return 0 };
    let profile = pstats::read(file).expect("a whole dump");
    calls_of(&profile, |name, file| {
        name == b"func" && file.ends_with(b"/commands/default/general.py")
    })
}

#[test]
fn a_server_that_is_killed_loses_no_more_than_the_last_interval() {
    let Some(mut game) = Game::up(&[]) else {
        return;
    };
    game.down();
    let file = |name: &str| game.folder.path().join(name);
    let (dump, told, trace) = (file("server.prof"), file("told.log"), file("trace.jsonl"));
    fs::write(file("looks.toml"), LOOKS).expect("a file");
    let log = || File::create(file("out.log")).expect("a file");
    let every = format!("{}s", EVERY.as_secs());
    let mut recorder = Command::new(env!("CARGO_BIN_EXE_prof"))
        .args(["record", "--every", &every, "-o"])
        .arg(&dump)
        .arg("--game")
        .arg(game.home())
        .arg("--python")
        .arg(game.python())
        .stdin(Stdio::null())
        .stdout(log())
        .stderr(File::create(&told).expect("a file"))
        .spawn()
        .expect("prof runs");
    game.runs = true;
    let told = || fs::read_to_string(&told).expect("text");
    until("the game runs", || {
        let ended = recorder.try_wait().expect("a child");
        assert!(ended.is_none(), "{}", told());
        told().contains(" runs, telnet ")
    });
    let mut players = Command::new(env!("CARGO_BIN_EXE_prof"))
        .args(["dummyrunner", "10", "--duration", "20s", "--scenario"])
        .arg(file("looks.toml"))
        .arg("--trace")
        .arg(&trace)
        .current_dir(game.home())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prof runs");
    // The worst moment: shortly before the next snapshot, in the middle of the load.
    until("a snapshot that is old", || {
        let age = fs::metadata(&dump)
            .and_then(|file| file.modified())
            .ok()
            .and_then(|at| at.elapsed().ok());
        let ended = players.try_wait().expect("a child");
        assert_eq!(ended, None, "the dummies do not play");
        age.is_some_and(|age| age > EVERY.mul_f64(0.9)) && looks(&dump) > 100
    });
    let server = fs::read_to_string(game.home().join("server/server.pid")).expect("it runs");
    let server = nix::unistd::Pid::from_raw(server.trim().parse().expect("a number"));
    nix::sys::signal::kill(server, nix::sys::signal::Signal::SIGKILL).expect("it runs");
    until("it is told", || told().contains("ended without a last dump"));
    let found = looks(&dump);

    let output = players.wait_with_output().expect("it ends");
    let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    let lines = fs::read_to_string(&trace).unwrap_or_else(|error| panic!("{error}: {said}"));
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let sent = events.iter().filter(|event| event["sent"] == "look").count() as u64;
    let answered: Vec<f64> = events
        .iter()
        .filter(|event| event["answered"]["action"] == "looks")
        .filter_map(|event| event["at"].as_f64())
        .collect();
    // Nothing is answered after the kill, and until then something was all the time.
    let killed = answered.iter().copied().fold(0.0, f64::max);
    let known = killed - (EVERY + SLACK).as_secs_f64();
    let expected = answered.iter().filter(|&&at| at <= known).count() as u64;
    assert!(expected > 20, "{expected} of {}\n{said}", answered.len());
    assert!(
        (expected..=sent).contains(&found),
        "{found} in the dump; {} answered, {expected} of them {EVERY:?} before the end; {sent} sent\n{said}",
        answered.len()
    );
    // The Portal has gone on.
    game.down();
    until("prof ends", || recorder.try_wait().expect("a child").is_some());
    assert_eq!(
        recorder.wait().expect("it has ended").code(),
        Some(0),
        "{}",
        told()
    );
}
