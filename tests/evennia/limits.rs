//! A game whose limits are on.

use super::{Game, text};
use serde_json::Value;

const MIXIN: &str = "from evennia.server.profiling.settings_mixin import *";

#[test]
fn limits_are_recognised_and_the_line_that_lifts_them_is_told_once() {
    let Some(game) = Game::up(&["--no-mixin"]) else {
        return;
    };
    let run = |arguments: &[&str]| {
        let usual = [
            "5",
            "--duration",
            "6s",
            "--chance-of-login",
            "1",
            "--format",
            "json",
        ];
        let output = game.dummyrunner(&[&usual[..], arguments].concat());
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let warnings = report["warnings"].to_string();
        (report, warnings, text(&output.stderr))
    };
    // From the settings, before the run.
    let (report, warnings, said) = run(&[]);
    assert_eq!(said.matches(MIXIN).count(), 1, "{said}");
    assert!(
        said.contains("settings_mixin off") && said.contains("evennia reboot"),
        "{said}"
    );
    assert_eq!(warnings.matches(MIXIN).count(), 0, "{warnings}");
    // Evennia's own limit is two new accounts from an address in ten minutes.
    assert_eq!(report["ends"]["logged out"], 2, "{report}");
    let problems = report["problems"].to_string();
    assert!(problems.contains("limit: accounts created"), "{problems}");
    // From what the server does, after the run.
    let port = game.told["port"].to_string();
    let (_, warnings, said) = run(&["--port", &port]);
    assert_eq!(said.matches(MIXIN).count(), 0, "{said}");
    assert_eq!(warnings.matches(MIXIN).count(), 1, "{warnings}");
}
