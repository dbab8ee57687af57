//! What dummies do.

use super::*;

#[test]
fn actions_send_one_command_a_tick_and_go_through_lists() {
    let text = "[run]\nchance_of_action = 1\ntimestep = 1\n[vars]\nexits = [\"north\", \"south\"]\n[[action]]\nname = \"a\"\n\
                commands = [\"look {each exits}\", \"wave\"]\n";
    let mut sim = Sim::new(parse_alone(text).expect("a scenario"), options(1), after(1)).start();
    sim.run(6200);
    assert_eq!(
        sim.lines()[..6],
        [
            "look north",
            "look south",
            "wave",
            "look north",
            "look south",
            "wave"
        ]
    );
    let gaps: Vec<u64> = sim
        .log
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0) / MS)
        .collect();
    assert!(gaps.iter().all(|gap| (900..=1001).contains(gap)), "{gaps:?}");
}

#[test]
fn what_was_dug_is_remembered_and_walked() {
    let mut scenario = load("normal_player").expect("a profile");
    let at = |name: &str| {
        scenario
            .actions
            .iter()
            .position(|action| action.name == name)
            .expect("an action")
    };
    let (digs, moves) = (at("digs"), at("moves"));
    scenario.profiles[0].weights = vec![(digs, 0.5), (moves, 0.5)];
    scenario.run.chance_of_action = 1.0;
    let mut sim = Sim::new(scenario, options(1), evennia).start();
    sim.run(120_000);
    let lines = sim.lines();
    let dug = lines
        .iter()
        .find_map(|line| line.strip_prefix("dig/tel "))
        .expect("a room");
    let exit = dug
        .split(" = ")
        .nth(1)
        .and_then(|exits| exits.split(", ").next())
        .expect("an exit");
    assert!(exit.starts_with("exit_20260102030405_001_"), "{exit}");
    assert!(lines.contains(&exit), "{lines:?}");
    // Names of rooms are never used twice.
    let mut rooms: Vec<&&str> = lines.iter().filter(|line| line.starts_with("dig/tel")).collect();
    let all = rooms.len();
    rooms.sort_unstable();
    rooms.dedup();
    assert_eq!(rooms.len(), all);
}

#[test]
fn answers_can_be_saved_and_decide_what_is_possible() {
    let text = "[run]\nchance_of_action = 1\ntimestep = 1\n[[action]]\nname = \"score\"\ncommands = [\"score\"]\n\
                save = { hp = 'HP (\\d+)' }\n[[action]]\nname = \"heal\"\nweight = 1000\nwhen = \"hp\"\ncommands = [\"heal {hp}\"]\n";
    let answer = |_: u64, _: &str| Some((MS, b"\x1b[1mHP 42\x1b[0m\n".to_vec()));
    let mut sim = Sim::new(parse_alone(text).expect("a scenario"), options(1), answer).start();
    sim.run(10_000);
    assert_eq!(sim.lines()[..3], ["score", "heal 42", "heal 42"]);
}

#[test]
fn chances_and_weights_come_out_as_they_were_given() {
    let mut scenario = load("looker").expect("a profile");
    scenario.login.clear();
    let mut sim = Sim::new(scenario, options(200), after(1)).start();
    sim.run(100_000);
    // 200 dummies, 100 s, a tick a little under a second, half of them acting.
    let sent = sim.counters().sent as f64;
    assert!((10_000.0..11_100.0).contains(&sent), "{sent}");
    let lag = sim.shared.metrics.actions[1].sent as f64 / sent;
    assert!((lag - 0.2).abs() < 0.02, "{lag}");
}
