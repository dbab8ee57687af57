//! How dummies get in.

use super::*;

#[test]
fn each_command_of_a_login_waits_for_the_answer_to_the_one_before() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), evennia).start();
    sim.run(3000);
    assert_eq!(sim.phases().of(Phase::Playing), 1);
    let times: Vec<(u64, &str)> = sim
        .log
        .iter()
        .map(|(at, _, line)| (at / MS, line.split(' ').next().unwrap_or("")))
        .take(6)
        .collect();
    let words: Vec<&str> = times.iter().map(|(_, word)| *word).collect();
    assert_eq!(words, ["create", "yes", "connect", "dig", "teleport", "py"]);
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    // The answers took 50, 300 and 400 ms; `dig` and `teleport` 10 ms and the silence that ends them.
    assert_eq!(gaps, [50, 300, 400, 110, 110]);
    assert_eq!(sim.shared.metrics.evidence[Evidence::Expect as usize], 1);
    sim.check_sums();
}

#[test]
fn a_login_on_another_server_goes_on_after_any_text_and_silence() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), after(5)).start();
    sim.run(6000);
    assert_eq!(sim.phases().of(Phase::Playing), 1);
    assert_eq!(sim.shared.metrics.evidence[Evidence::Text as usize], 1);
}

#[test]
fn a_welcome_screen_that_was_asked_for_again_is_no_answer_to_the_login() {
    let slow = |now: u64, line: &str| match line.split(' ').next() {
        Some("look") => Some((8000 * MS, b"Welcome!\n".to_vec())),
        _ => evennia(now, line).map(|(delay, text)| (delay + 6000 * MS, text)),
    };
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), slow);
    sim.greeting_after = 35_000 * MS;
    let mut sim = sim.start();
    sim.run(60_000);
    let times: Vec<(u64, &str)> = sim
        .log
        .iter()
        .map(|(at, _, line)| (at / MS, line.split(' ').next().unwrap_or("")))
        .take(4)
        .collect();
    // Asked again after 30 s, in after 35; the second screen comes in the middle of the first answer.
    assert_eq!(
        times,
        [
            (30_000, "look"),
            (35_100, "create"),
            (41_150, "yes"),
            (47_450, "connect")
        ]
    );
}

#[test]
fn a_strict_login_does_not() {
    let mut scenario = load("looker").expect("a profile");
    scenario.strict_login = true;
    let mut sim = Sim::new(scenario, options(1), after(5)).start();
    sim.run(60_000);
    assert_eq!(sim.phases().ended(End::LoginFailed), 1);
    assert_eq!(sim.problem(Problem::LoginTimeout), 1);
    assert_eq!(sim.log.len(), 1);
}

#[test]
fn refused_logins_are_told_apart() {
    let check = |text: &'static str, expected: Problem| {
        let mut sim = Sim::new(load("looker").expect("a profile"), options(1), move |_, _| {
            Some((MS, text.into()))
        })
        .start();
        sim.run(3000);
        assert_eq!(
            (sim.problem(expected), sim.phases().ended(End::LoginFailed)),
            (1, 1),
            "{text}"
        );
        sim.check_sums();
    };
    check("Username and/or password is incorrect.\n", Problem::WrongPassword);
    check(
        "You are creating too many accounts. Please wait.\n",
        Problem::AccountLimit,
    );
    check(
        "Too many login failures; please try again in a few minutes.\n",
        Problem::LoginLimit,
    );
    check("Sorry, that name already exists.\n", Problem::LoginRefused);
}

#[test]
fn as_many_log_in_at_once_as_the_gate_lets_through() {
    let mut scenario = load("looker").expect("a profile");
    scenario.run.chance_of_login = 0.0;
    let mut sim = Sim::new(scenario, options(30), evennia).start();
    let mut most = 0;
    for _ in 0..800 {
        sim.run(10);
        most = most.max(sim.phases().of(Phase::Authing));
    }
    assert_eq!((most, sim.phases().of(Phase::Playing)), (10, 30));
}

#[test]
fn a_silent_server_is_asked_again_and_given_up() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), |_, _| None);
    sim.greeting.clear();
    let mut sim = sim.start();
    sim.run(100_000);
    assert_eq!(sim.lines(), ["look", "look"]);
    assert_eq!(
        (
            sim.problem(Problem::NoWelcome),
            sim.phases().ended(End::LoginFailed)
        ),
        (1, 1)
    );
}

#[test]
fn a_queue_of_connections_is_no_welcome_screen() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), evennia);
    sim.greeting = b"Game DoS protection is active. You are queued to connect in 3 seconds ...\r\n".to_vec();
    let mut sim = sim.start();
    sim.run(1000);
    assert_eq!(
        (
            sim.phases().of(Phase::Connected),
            sim.problem(Problem::ConnectionLimit)
        ),
        (1, 1)
    );
    sim.fly(0, 0, b"Welcome!\r\n".to_vec());
    sim.run(2000);
    assert_eq!(sim.phases().of(Phase::Playing), 1);
}
