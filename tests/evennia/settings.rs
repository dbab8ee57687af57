//! Settings files of the original's dummies, played on a real game.

use super::{Game, text};
use serde_json::Value;
use std::fs;

/// A file as users write them: classes and state of its own, imports of Evennia and of the game, a function that
/// fails, one that returns a bare string, and one that returns nothing.
const OWN: &str = r#"
import random
from evennia import settings_default
from evennia.utils.utils import make_iter
from server.conf import settings

TIMESTEP = 0.25
CHANCE_OF_ACTION = 1
CHANCE_OF_LOGIN = 1


class Walker:
    """State that all dummies share."""

    steps = 0

    def __call__(self, client):
        Walker.steps += 1
        client.walked = getattr(client, "walked", 0) + 1
        return ("look", "say %s has %d of %d" % (client.key, client.walked, Walker.steps))


def login(client):
    name = "Dummy_%s_own" % client.gid
    return ("create %s Kumquat-17" % name, "yes", "connect %s Kumquat-17" % name)


def logout(client):
    return "quit"


def bare(client):
    return "look here"


def broken(client):
    return settings.NO_SUCH_SETTING


def idle(client):
    return None


assert make_iter("x") and settings_default.TELNET_PORTS and random.random() < 1
ACTIONS = (login, logout, (0.4, Walker()), (0.3, bare), (0.2, broken), (0.1, idle))
"#;

/// Plays, and gives the report and what was said.
fn play(game: &Game, arguments: &[&str]) -> (Value, String) {
    let usual = ["4", "--duration", "8s", "--format", "json"];
    let output = game.dummyrunner(&[&usual[..], arguments].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}\n{}", text(&output.stdout));
    (serde_json::from_slice(&output.stdout).expect("JSON"), said)
}

fn sent(report: &Value, action: &str) -> u64 {
    let actions = report["actions"].as_array().expect("a list");
    let found = actions.iter().find(|found| found["name"] == action);
    found.and_then(|found| found["sent"].as_u64()).unwrap_or(0)
}

/// What users set up in a game is taken without a word, and Evennia's own file by its name.
pub(super) fn check(game: &Game) {
    let path = game.home().join("server/conf/settings.py");
    let before = fs::read_to_string(&path).expect("the game's settings");
    fs::write(game.home().join("world/dummies.py"), OWN).expect("a file");
    fs::write(
        &path,
        format!("{before}\nDUMMYRUNNER_SETTINGS_MODULE = \"world.dummies\"\n"),
    )
    .expect("a file");
    let (report, said) = play(game, &[]);
    assert_eq!(report["ends"]["logged out"], 4, "{said}");
    assert_eq!(report["logins"]["evidence"]["GMCP Logged.In"], 4, "{said}");
    assert!(
        sent(&report, "bare") > 0 && sent(&report, "Walker") > 0,
        "{}",
        report["actions"]
    );
    assert_eq!(
        sent(&report, "broken") + sent(&report, "idle"),
        0,
        "{}",
        report["actions"]
    );
    // Its traceback once, its count in the report.
    assert_eq!(said.matches("Traceback").count(), 1, "{said}");
    assert!(
        said.contains("NO_SUCH_SETTING") && said.contains("broken failed in"),
        "{said}"
    );
    let log = fs::read_to_string(game.home().join("server/logs/server.log")).expect("the game's log");
    let own = |line: &&str| line.contains("Logged in: Dummy_") && line.contains("_own(account");
    assert_eq!(log.lines().filter(own).count(), 4);
    fs::write(&path, before).expect("a file");

    let default = "evennia.server.profiling.dummyrunner_settings";
    let (report, said) = play(
        game,
        &[
            "--settings",
            default,
            "--profile",
            "normal_builder",
            "--timestep",
            "250ms",
            "--chance-of-login",
            "1",
        ],
    );
    assert_eq!(report["ends"]["logged out"], 4, "{said}");
    assert_eq!(report["problems"], Value::Array(vec![]), "{said}");
    assert!(
        report["commands"]["answered"].as_u64() > Some(20),
        "{}",
        report["commands"]
    );
}
