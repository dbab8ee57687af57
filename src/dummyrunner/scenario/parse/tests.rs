use super::super::builtin::parse_alone;
use super::super::print::print;
use super::super::{Late, Model};
use super::*;
use proptest::prelude::*;

/// One action, so that only what is tested is wrong.
const ACTION: &str = "[[action]]\nname = \"look\"\ncommands = [\"look\"]\n";

fn check_bad(text: &str, line: usize, column: usize, part: &str) {
    let error = parse_alone(text).expect_err(text);
    assert_eq!((error.line, error.column), (line, column), "{text}\n{error}");
    assert!(error.message.contains(part), "{error}");
}

fn good(text: &str) -> Scenario {
    let scenario = parse_alone(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let printed = print(&scenario);
    assert_eq!(parse_alone(&printed).as_ref(), Ok(&scenario), "{printed}");
    scenario
}

#[test]
fn an_action_is_enough() {
    let scenario = good(ACTION);
    assert_eq!(scenario.run.timestep, Duration::from_secs(1));
    assert_eq!(scenario.profiles[0].name, "default");
    assert_eq!(scenario.profiles[0].weights, [(0, 1.0)]);
    assert_eq!(scenario.lag.method, Method::Auto);
    assert!(scenario.login.is_empty() && scenario.logout.is_empty());
}

#[test]
fn all_that_the_tables_can_hold() {
    let scenario = good(
        r#"
[run]
target = "[::1]:4000"
model = "rate"
rate = 50
arrivals = "poisson"
late = "skip"
timestep = 0.5
chance_of_action = 1
chance_of_login = 0.25
logins_at_once = 3
seed = 7
duration = "1m"
profile = "b"
welcome = false

[lag]
method = "echo-command"
probe = "say {tag}"
probe_share = 0.5
quiet = "50ms"
timeout = "5s"

[login]
name = "Dummy{letters}"
password = "x{gid}"
commands = ["{name}", { send = "{password}", expect = 'HP: \d+', fail = "Wrong", once = true }]
fail = "banned"

[logout]
commands = [{ send = "quit", expect = "bye" }]

[vars]
doors = ["north", "o'hara \"x\""]
word = "hello"

[[action]]
name = "walk about"
commands = ["{pick doors}", "say {word} {hp} {rand 1 6}"]
otherwise = [["look"], ["wait"]]
save = { hp = 'HP: (\d+)' }
remember = { objs = ["o{n}", "p{n}"] }
timeout = "2s"
answer = false
when = "objs"
think = { lognormal = ["2s", 0.5] }

[[action]]
name = "b"
weight = 2.5
commands = ["b"]
expect = "^B"
fail = "no b"

[profile.a]
b = 1

[profile.b]
"walk about" = 2
b = 1.5

[[pool]]
profile = "a"
share = 0.25

[[pool]]
profile = "b"
count = 3

[[stage]]
dummies = 10
over = "30s"
hold = 60

[threshold]
"lag.p99" = "< 500ms"
"errors.rate" = "<= 1%"
abort_after = "10s"
"#,
    );
    assert_eq!(
        scenario.run.model,
        Model::Rate {
            rate: 50.0,
            poisson: true
        }
    );
    assert_eq!(scenario.run.late, Late::Skip);
    assert_eq!(
        scenario.login[0].fail.as_ref().map(Pattern::source),
        Some("banned")
    );
    assert_eq!(
        scenario.login[1].fail.as_ref().map(Pattern::source),
        Some("Wrong")
    );
    let names: Vec<&str> = scenario
        .variables
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    assert_eq!(names, ["exits", "objs", "doors", "word", "hp"]);
    assert_eq!(scenario.actions[0].alternatives.len(), 3);
    assert_eq!(scenario.actions[0].remember.len(), 2);
    assert_eq!(scenario.profiles[1].weights, [(0, 2.0), (1, 1.5)]);
    assert_eq!(scenario.abort_after, Some(Duration::from_secs(10)));
    assert_eq!(scenario.stages[0].hold, Duration::from_secs(60));
}

#[test]
fn models_of_thinking() {
    for think in [
        "2",
        "\"2s\"",
        "{ uniform = [\"1s\", 3] }",
        "{ exponential = \"2s\" }",
        "{ recorded = [1, 2.5] }",
    ] {
        good(&format!("[run]\nmodel = \"think\"\nthink = {think}\n{ACTION}"));
    }
    good(&format!("[run]\nmodel = \"closed\"\n{ACTION}"));
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    let with = |head: &str| format!("{head}\n{ACTION}");
    check_bad("", 1, 1, "no [[action]]");
    let first = "[run]\nprofile = \"p\"\nchance_of_action = 7\n";
    check_bad(first, 3, 20, "a chance is 0 to 1");
    check_bad("[[stage]]\ndummies = 1\nover = \"x\"\n", 3, 8, "");
    check_bad(
        "[run]\nprofile = \"p\"\n[profile.p]\nx = 1\n[[pool]]\nprofile = \"q\"\n",
        1,
        1,
        "no [[action]]",
    );
    check_bad("[run\n", 1, 5, "");
    check_bad(&with("[run]\nmodle = \"tick\""), 2, 1, "modle");
    check_bad(&with("[run]\nmodel = \"tock\""), 2, 9, "known are tick, rate");
    check_bad(&with("[run]\nmodel = \"rate\""), 2, 9, "`rate = ");
    check_bad(&with("[run]\ntimestep = 0"), 2, 12, "1ms to 1h");
    check_bad(&with("[run]\ntimestep = \"soon\""), 2, 12, "no duration");
    check_bad(&with("[run]\nchance_of_action = 1.5"), 2, 20, "0 to 1");
    check_bad(&with("[run]\nseed = -1"), 2, 8, "from 0");
    check_bad(&with("[run]\ntarget = \"localhost\""), 2, 10, "HOST:PORT");
    check_bad(&with("[run]\nprofile = \"x\""), 2, 11, "known are default");
    check_bad(
        &with("[login]\ncommands = [\n  \"ab {nmae}\",\n]"),
        3,
        8,
        "unknown name `nmae`",
    );
    check_bad(&with("[login]\nname = \"Bob\""), 2, 8, "begin with `Dummy`");
    check_bad(
        &with("[login]\ncommands = [{ send = \"a\", expect = \"(\" }]"),
        2,
        36,
        "no regular expression",
    );
    check_bad(
        &with("[lag]\nmethod = \"echo-command\"\nprobe = \"say hi\""),
        3,
        9,
        "{tag}",
    );
    check_bad(
        &with("[login]\nname = \"Dummy{name}\""),
        2,
        8,
        "always come out the same",
    );
    check_bad(
        &with("[login]\npassword = \"x{counter}\""),
        2,
        12,
        "{name} and columns",
    );
    check_bad(&with("[lag]\nmethod = \"expect\""), 4, 8, "needs `expect`");
    check_bad(
        &with("[threshold]\n\"lag.p99\" = \"500ms\""),
        2,
        1,
        "begins with none",
    );
    check_bad(
        &with("[threshold]\n\"p99(x)\" = \"< 500ms\""),
        2,
        1,
        "unknown action `x`",
    );
    check_bad(&with("[profile.p]\nlook = 0"), 1, 10, "all weights");
    check_bad(&with("[profile.p]\nlok = 1"), 2, 1, "unknown action `lok`");
    check_bad(&format!("{ACTION}{ACTION}"), 5, 8, "different names");
    check_bad("[[action]]\nname = \"x\"\ncommands = []", 3, 12, "empty list");
    check_bad(
        "[[action]]\nname = \"x\"\ncommands = [\"\u{e4}\", \"\"]",
        3,
        18,
        "empty command",
    );
    check_bad(
        "[[action]]\nname = \"x\"\ncommands = [\"a\"]\nsave = { hp = \"no group\" }",
        4,
        15,
        "group",
    );
    check_bad(
        "[[action]]\nname = \"x\"\ncommands = [\"a\"]\nweight = -1",
        4,
        10,
        "weight",
    );
    check_bad(
        "[[action]]\nname = \"x\"\ncommands = [\"a\"]\nwhen = \"gold\"",
        4,
        8,
        "`gold`",
    );
    check_bad(
        &with("[[feed]]\nname = \"a\"\nfile = \"a.csv\""),
        3,
        8,
        "no files",
    );
}

#[test]
fn feeds_give_columns_to_templates() {
    let text = format!(
        "[[feed]]\nname = \"people\"\nfile = \"a.csv\"\n[login]\nname = \"{{people.key}}\"\n{ACTION}"
    );
    let mut load = |path: &str| Ok(format!("key\n{path}\n"));
    let scenario = parse(&text, &mut load).expect("a scenario");
    assert_eq!(scenario.feeds[0].columns, ["key"]);
    assert_eq!(&*scenario.feeds[0].rows[0][0], "a.csv");
    let mut missing = |_: &str| Err("no such file".to_owned());
    assert_eq!(parse(&text, &mut missing).map_err(|error| error.line), Err(3));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = parse_alone(&text);
    }

    /// A scenario with a byte changed or cut off.
    #[test]
    fn a_damaged_scenario_is_read_or_refused(at in 0..3000usize, byte in 32..127u8, cut in any::<bool>()) {
        let mut text = print(&super::super::builtin::load("normal_builder").expect("a profile")).into_bytes();
        let at = at % text.len();
        if cut { text.truncate(at); } else { text[at] = byte; }
        if let Ok(text) = String::from_utf8(text) {
            let _ = parse_alone(&text);
        }
    }
}
