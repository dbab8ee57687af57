//! What dummies do on a real game, told by us and by the game itself.

use super::{Game, text};
use serde_json::Value;
use std::fs;
use std::process::Command;

const PROFILES: [&str; 7] = [
    "idler",
    "looker",
    "normal_player",
    "normal_builder",
    "heavy_builder",
    "socializing_builder",
    "only_digger",
];
const DUMMIES: u64 = 6;

/// What a run left behind.
struct Run {
    report: Value,
    /// Every command that was sent.
    sent: Vec<String>,
}

impl Run {
    /// Plays for some seconds, fast.
    fn play(game: &Game, arguments: &[&str]) -> Run {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (json, trace) = (file("run.json"), file("trace.jsonl"));
        let dummies = DUMMIES.to_string();
        let usual = [
            &dummies,
            "--duration",
            "6s",
            "--chance-of-login",
            "1",
            "--json",
            &json,
            "--trace",
            &trace,
        ];
        let output = game.dummyrunner(&[&usual[..], arguments].concat());
        let said = format!(
            "{arguments:?}\n{}\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(0), "{said}");
        let read = |name: &str| fs::read_to_string(name).expect("the run wrote it");
        let lines = read(&trace);
        let events = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let sent = events.filter_map(|event| event["sent"].as_str().map(str::to_owned));
        Run {
            report: serde_json::from_str(&read(&json)).expect("JSON"),
            sent: sent.collect(),
        }
    }

    fn count(&self, pointer: &str) -> u64 {
        self.report.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
    }

    fn sent(&self, start: &str) -> u64 {
        self.sent.iter().filter(|line| line.starts_with(start)).count() as u64
    }
}

/// How much more the game counts than before.
fn since(before: &Value, after: &Value, what: &str) -> u64 {
    let number = |counts: &Value| counts[what].as_u64().expect("the script counts it");
    number(after) - number(before)
}

#[test]
fn what_we_say_of_each_profile_is_what_the_game_says() {
    let Some(mut game) = Game::up(&[]) else {
        return;
    };
    for profile in PROFILES {
        let before = game.counts();
        let run = Run::play(
            &game,
            &[
                "--profile",
                profile,
                "--timestep",
                "250ms",
                "--chance-of-action",
                "1",
            ],
        );
        let after = game.counts();
        check_run(profile, &run);
        for what in [
            "logged_in",
            "logged_out",
            "quit",
            "accounts",
            "characters",
            "first_rooms",
        ] {
            assert_eq!(since(&before, &after, what), DUMMIES, "{profile}: {what}");
        }
        assert_eq!(since(&before, &after, "failed_logins"), 0, "{profile}");
        // Each room that was asked for is there, with both its exits, and each object.
        let digs = run.sent("dig/tel ");
        assert_eq!(since(&before, &after, "rooms"), DUMMIES + digs, "{profile}");
        assert_eq!(since(&before, &after, "exits"), 2 * digs, "{profile}");
        assert_eq!(
            since(&before, &after, "objects"),
            run.sent("create testing_obj_"),
            "{profile}"
        );
        if profile == "only_digger" {
            assert!(digs >= DUMMIES, "{digs}");
        }
    }
    the_original_is_spoken(&game);
    super::settings::check(&game);
    a_stopped_game_is_told(&mut game);
    what_dummies_made_can_be_deleted(&game);
}

/// Every dummy was in by evidence, every command was answered, and the server was watched.
fn check_run(profile: &str, run: &Run) {
    let report = &run.report;
    let count = |pointer: &str| run.count(pointer);
    assert_eq!(
        count("/ends/logged out"),
        DUMMIES,
        "{profile}: {}",
        report["ends"]
    );
    assert_eq!(
        count("/logins/evidence/GMCP Logged.In"),
        DUMMIES,
        "{profile}: {}",
        report["logins"]["evidence"]
    );
    assert_eq!(
        count("/methods/gmcp-echo"),
        DUMMIES,
        "{profile}: {}",
        report["methods"]
    );
    assert_eq!(report["problems"], Value::Array(vec![]), "{profile}");
    let sent = count("/commands/sent");
    // A command each 250 ms for some 5 s, unless the machine is very slow.
    assert!(sent > DUMMIES * 4, "{profile}: {}", report["commands"]);
    assert_eq!(
        count("/commands/answered") + count("/commands/cut_off"),
        sent,
        "{profile}: {}",
        report["commands"]
    );
    assert_eq!(
        count("/total/response/count"),
        count("/commands/answered"),
        "{profile}"
    );
    assert!(
        count("/total/response/p50_us") > 100,
        "{profile}: no server is that fast"
    );
    let processes = report["processes"].as_array().expect("a list");
    let names: Vec<&str> = processes
        .iter()
        .filter_map(|process| process["name"].as_str())
        .collect();
    assert_eq!(names, ["server", "portal", "prof"], "{profile}");
    let cpu = |at: usize| processes[at]["cpu_seconds"].as_f64().unwrap_or(0.0);
    assert!(
        cpu(0) > cpu(2),
        "{profile}: the server works more than we do: {processes:?}"
    );
}

/// `--format dummyrunner`, read as a script would that was made for the original.
fn the_original_is_spoken(game: &Game) {
    let output = game.dummyrunner(&[
        "2",
        "--duration",
        "33s",
        "--timestep",
        "500ms",
        "--format",
        "dummyrunner",
    ]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}\n{}", text(&output.stderr));
    let line = |start: &str| {
        out.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_default()
    };
    for start in [
        "    TELNET_PORT = ",
        "-> connected Dummy-001",
        "<- server sent login screen Dummy-002",
        "-> create/login Dummy-001",
        "== logged in Dummy-002",
        ".. All clients connected and logged in!",
        "-> logout/disconnect (",
        "... dummy client runner stopped after 3",
    ] {
        assert!(!line(start).is_empty(), "{start}\n{out}");
    }
    let average = line(".. running 30s average: ~");
    let lag = |after: &str| {
        let (_, rest) = average.split_once(after).unwrap_or_default();
        let digits: String = rest
            .chars()
            .take_while(|c| "0123456789.e-+".contains(*c))
            .collect();
        digits.parse::<f64>().unwrap_or(f64::NAN)
    };
    let [total, there, back] = [lag("lag: "), lag("(in: "), lag("out: ")];
    assert!(
        total > 0.0 && there > 0.0 && back > 0.0 && total < 10.0,
        "{average}"
    );
}

fn a_stopped_game_is_told(game: &mut Game) {
    game.down();
    let output = game.dummyrunner(&["2", "--duration", "3s"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("the game is not running") && said.contains("evennia start"),
        "{said}"
    );
}

/// By what `--cleanup` prints, as a user would paste it.
fn what_dummies_made_can_be_deleted(game: &Game) {
    let before = game.counts();
    let commands = text(&game.dummyrunner(&["--cleanup"]).stdout);
    let bin = game.python().parent().expect("a folder of commands").to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    let shell = shell
        .arg("-c")
        .arg(&commands)
        .current_dir(game.home())
        .env("PATH", path);
    let output = shell.output().expect("a shell");
    let (out, counts) = (text(&output.stdout), game.counts());
    assert!(output.status.success(), "{out}\n{}", text(&output.stderr));
    for what in ["accounts", "characters", "rooms", "exits", "objects"] {
        assert_eq!(counts[what], 0, "{what}: {out}");
    }
    // The first room and the superuser's character stay.
    assert_eq!(counts["all_objects"], 2, "{before}");
}
