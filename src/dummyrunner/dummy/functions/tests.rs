//! One dummy, a simulated clock, and a helper that a test plays itself.

use super::super::super::metrics::Metrics;
use super::super::super::scenario::Method;
use super::super::super::settings::protocol::{Line, Reader};
use super::super::super::settings::{Function, Settings};
use super::super::super::telnet::{Client, Event};
use super::super::{Options, Reconnect, Shared};
use super::*;
use std::time::Duration;

const MS: u64 = 1_000_000;

struct Play {
    plan: Plan,
    shared: Shared,
    dummy: Dummy,
    now: u64,
    out: Vec<u8>,
}

impl Play {
    /// A dummy with one action, `look`, each second; connected, and with its login asked for.
    fn new() -> Play {
        let function = |name: &str, weight| Function {
            name: name.into(),
            line: 1,
            weight,
        };
        let settings = Settings {
            path: "bots.py".into(),
            timestep: 1.0,
            chance_of_action: 1.0,
            chance_of_login: 1.0,
            port: None,
            profile: None,
            functions: vec![
                function("login", 0.0),
                function("logout", 0.0),
                function("look", 2.0),
            ],
            warnings: Vec::new(),
            is_django_set_up: false,
            seconds: 0.0,
            python: "3.12.1".into(),
        };
        let mut scenario = settings.scenario();
        scenario.run.welcome = false;
        scenario.lag.method = Method::FirstByte;
        let options = Options {
            dummies: 1,
            seed: 7,
            client: Client::Evennia,
            reconnect: Reconnect::Never,
            grace: Duration::from_secs(5),
            followed: Vec::new(),
            traced: false,
            phases_told: false,
            stamp: "20260102030405".into(),
            epoch: 1_000_000.0,
            logins_at_once: 10,
        };
        let plan = Plan::new(scenario, options).with_functions();
        let mut play = Play {
            shared: Shared::new(Metrics::new(1, 1)),
            dummy: Dummy::new(&plan, 0),
            plan,
            now: 0,
            out: Vec::new(),
        };
        play.act(Dummy::start);
        play.act(Dummy::connected);
        play
    }

    /// The same, logged in, with its first action asked for.
    fn playing() -> Play {
        let mut play = Play::new();
        play.check(&["c 0", "a 0 1 0 0"], "");
        play.helper("0 1\x1fconnect me pw");
        play.server("You become me.");
        play.check(&["a 0 2 2 1"], "connect me pw\r\n");
        play
    }

    fn act(&mut self, act: impl FnOnce(&mut Dummy, &mut World<'_>)) {
        let mut world = World {
            now: self.now,
            plan: &self.plan,
            shared: &mut self.shared,
            out: &mut self.out,
        };
        act(&mut self.dummy, &mut world);
    }

    /// The helper says a line.
    fn helper(&mut self, line: &str) {
        let mut answer = None;
        Reader::default().feed(format!("{line}\n").as_bytes(), |line| {
            if let Line::Answer { ask, result, .. } = line {
                answer = Some((ask, result));
            }
        });
        let (ask, result) = answer.expect("an answer");
        self.act(|dummy, world| dummy.answered(world, ask, result));
    }

    /// The server says a line, a millisecond later.
    fn server(&mut self, line: &str) {
        self.now += MS;
        let text = format!("{line}\r\n");
        self.act(|dummy, world| dummy.received(world, Event::Text(text.as_bytes())));
    }

    /// Goes to the dummy's next timer, and so many milliseconds beyond it.
    fn tick(&mut self, beyond: u64) {
        self.now = self.dummy.tick_at.div_ceil(super::super::SLOT) * super::super::SLOT + beyond * MS;
        self.act(Dummy::timer);
    }

    /// What the helper was asked, and what the server was sent, since the last time.
    fn check(&mut self, asks: &[&str], sent: &str) {
        let asked = String::from_utf8(std::mem::take(&mut self.shared.asks)).expect("text");
        assert_eq!(asked.lines().collect::<Vec<_>>(), asks);
        assert_eq!(String::from_utf8_lossy(&std::mem::take(&mut self.out)), sent);
    }

    fn problem(&self, problem: Problem) -> u64 {
        self.shared.metrics.problems[problem as usize]
    }
}

#[test]
fn a_login_waits_for_each_answer_and_answers_the_question_itself() {
    let mut play = Play::new();
    play.check(&["c 0", "a 0 1 0 0"], "");
    play.helper("0 1\x1fcreate me pw\x1fconnect me pw\x1fdig here");
    play.check(&[], "create me pw\r\n");
    play.server("Is this what you intended? [Y]/N?");
    play.check(&[], "yes\r\n");
    play.server("A new account 'me' was created. Welcome!");
    play.check(&[], "connect me pw\r\n");
    play.server("You become me.");
    play.check(&[], "dig here\r\n");
    play.server("You dig.");
    assert_eq!(play.dummy.phase(), Phase::Authing);
    play.now += 200 * MS;
    play.act(Dummy::timer);
    assert_eq!(play.dummy.phase(), Phase::Playing);
    play.check(&["a 0 2 2 4"], "");
}

#[test]
fn a_login_that_answers_the_question_is_left_alone() {
    let mut play = Play::new();
    play.helper("0 1\x1fcreate me pw\x1f Yes");
    play.server("Is this what you intended? [Y]/N?");
    play.check(&["c 0", "a 0 1 0 0"], "create me pw\r\n Yes\r\n");
}

#[test]
fn a_login_that_fails_ends_the_dummy() {
    let mut play = Play::new();
    play.helper("0 1 !");
    assert_eq!(play.dummy.phase(), Phase::Ended(End::LoginFailed));
    assert_eq!(play.problem(Problem::Function), 1);

    let mut play = Play::new();
    play.helper("0 1\x1fconnect me pw");
    play.server("Username and/or password is incorrect.");
    assert_eq!(play.problem(Problem::WrongPassword), 1);
}

#[test]
fn the_next_action_is_asked_for_when_the_last_command_is_sent() {
    let mut play = Play::playing();
    play.helper("0 2\x1flook a\x1flook b");
    play.check(&[], "");
    play.tick(0);
    play.check(&[], "look a\r\n");
    play.server("A.");
    play.tick(0);
    play.check(&["a 0 3 2 3"], "look b\r\n");
    play.server("B.");
    // An answer to an older ask is none.
    play.helper("0 2\x1fold");
    play.tick(0);
    play.check(&[], "");
    play.helper("0 3\x1fnew");
    play.check(&["a 0 4 2 4"], "new\r\n");
}

#[test]
fn a_tick_that_waits_for_the_function_is_our_own_lateness() {
    let mut play = Play::playing();
    play.tick(0);
    assert!(play.shared.is_urgent);
    play.now += 30 * MS;
    play.helper("0 2\x1flook");
    play.check(&["a 0 3 2 2"], "look\r\n");
    let metrics = &play.shared.metrics;
    assert_eq!(metrics.harness.max().map(|us| us / 1000), Some(30));
    play.server("A room.");
    let response = play.shared.metrics.actions[0].response.max();
    assert_eq!(response.map(|us| us / 1000), Some(31));
    assert_eq!(
        play.shared.metrics.actions[0].service.max().map(|us| us / 1000),
        Some(1)
    );
}

#[test]
fn ticks_that_waited_are_sent_one_after_the_other() {
    let mut play = Play::playing();
    play.tick(0);
    play.tick(0);
    play.helper("0 2\x1fone\x1ftwo");
    play.check(&[], "one\r\n");
    play.server("1");
    play.check(&["a 0 3 2 3"], "two\r\n");
}

#[test]
fn nothing_to_do_lets_one_tick_pass() {
    let mut play = Play::playing();
    play.helper("0 2");
    assert_eq!(play.problem(Problem::NoCommands), 1);
    play.check(&[], "");
    play.tick(0);
    play.check(&["a 0 3 2 1"], "");
    // Now the tick comes first.
    play.tick(0);
    play.helper("0 3 !");
    assert_eq!(play.problem(Problem::Function), 1);
    play.check(&["a 0 4 2 1"], "");
    play.helper("0 4\x1flook");
    play.check(&[], "");
    play.tick(0);
    play.check(&["a 0 5 2 2"], "look\r\n");
}

#[test]
fn the_time_is_filled_in_when_it_is_sent() {
    let mut play = Play::playing();
    play.helper("0 2\x1fdummyrunner_echo_response {timestamp} {x}\x1fsay {timestamp}");
    play.tick(0);
    let (seconds, rest) = (play.now / 1000 / MS, play.now / 1000 % MS);
    play.check(
        &[],
        &format!(
            "dummyrunner_echo_response {}.{rest:06} {{x}}\r\n",
            1_000_000 + seconds
        ),
    );
    let sent = 1_000_000.0 + play.now as f64 / 1e9;
    play.server(&format!(
        "dummyrunner_echo_response: {sent:.6},{:.6}",
        sent + 0.0004
    ));
    assert_eq!(play.shared.metrics.lag_in.max(), Some(400));
    play.tick(0);
    play.check(&["a 0 3 2 3"], "say {timestamp}\r\n");
}

#[test]
fn all_strings_of_the_logout_are_sent() {
    let mut play = Play::playing();
    play.shared.leave_by = play.now + 5000 * MS;
    play.act(Dummy::stop);
    play.check(&["a 0 3 1 1"], "");
    // The server may talk before the function has answered.
    play.server("Someone says hi.");
    play.helper("0 3\x1fsay bye\x1fquit");
    play.check(&[], "say bye\r\n");
    play.server("You say bye.");
    play.check(&[], "quit\r\n");
    play.act(|dummy, world| dummy.lost(world, Problem::Closed));
    assert_eq!(play.dummy.phase(), Phase::Ended(End::LoggedOut));
}

#[test]
fn a_logout_function_that_takes_too_long_is_not_waited_for() {
    let mut play = Play::playing();
    play.shared.leave_by = play.now + 4000 * MS;
    play.act(Dummy::stop);
    play.check(&["a 0 3 1 1"], "");
    play.now += 2000 * MS;
    play.act(Dummy::timer);
    play.check(&[], "quit\r\n");
    play.helper("0 3\x1ftoo late");
    play.now += 2000 * MS;
    play.act(Dummy::timer);
    play.check(&[], "");
    assert_eq!(play.dummy.phase(), Phase::Ended(End::Unconfirmed));
}

#[test]
fn without_the_helper_dummies_quit() {
    let mut play = Play::playing();
    play.shared.is_helper_gone = true;
    play.act(Dummy::helper_ended);
    play.act(Dummy::stop);
    play.check(&[], "quit\r\n");

    let mut play = Play::playing();
    play.act(Dummy::stop);
    play.shared.is_helper_gone = true;
    play.act(Dummy::helper_ended);
    play.check(&["a 0 3 1 1"], "quit\r\n");
}
