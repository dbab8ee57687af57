//! Dummies against a simulated server on a simulated clock.

use super::super::metrics::Phases;
use super::super::scenario::builtin::{load, parse_alone};
use super::super::scenario::{Late, Scenario};
use super::super::telnet::{Client, Settings, Side, Telnet, push_gmcp_ping, push_text};
use super::*;
use crate::random::Random;
use std::collections::BTreeMap;
use std::time::Duration;

const MS: u64 = 1_000_000;

/// What a simulated server does with a line: its answer and when it comes. `None`: nothing comes.
type Answer = Box<dyn FnMut(u64, &str) -> Option<(u64, Vec<u8>)>>;

/// A server, dummies, and the time between them.
struct Sim {
    plan: Plan,
    shared: Shared,
    dummies: Vec<Dummy>,
    clients: Vec<Telnet>,
    servers: Vec<Telnet>,
    now: u64,
    answer: Answer,
    /// Does the server answer GMCP?
    gmcp: Gmcp,
    /// Until then it answers no GMCP: it has other work.
    busy_until: u64,
    greeting: Vec<u8>,
    /// When it comes after the connection.
    greeting_after: u64,
    /// Bytes on their way to a dummy, by time.
    flying: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    flown: u64,
    /// Lines that reached the server: when, from whom, what.
    log: Vec<(u64, usize, String)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Gmcp {
    No,
    Ping,
    Echo,
}

fn options(dummies: u32) -> Options {
    Options {
        dummies,
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
    }
}

/// A scenario without a login: one action, with this in its tables.
fn simple(run: &str, lag: &str, action: &str) -> Scenario {
    let text = format!(
        "[run]\nchance_of_action = 1\n{run}\n[lag]\n{lag}\n[[action]]\nname = \"look\"\ncommands = [\"look\"]\n{action}"
    );
    parse_alone(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

impl Sim {
    fn new(
        scenario: Scenario,
        options: Options,
        answer: impl FnMut(u64, &str) -> Option<(u64, Vec<u8>)> + 'static,
    ) -> Sim {
        let plan = Plan::new(scenario, options);
        let count = plan.options.dummies;
        let metrics = Metrics::new(plan.scenario.actions.len(), count);
        Sim {
            shared: Shared::new(metrics),
            dummies: (0..count).map(|number| Dummy::new(&plan, number)).collect(),
            clients: (0..count).map(|_| Telnet::new(plan.telnet.clone())).collect(),
            servers: (0..count)
                .map(|_| Telnet::new(Settings::server().into()))
                .collect(),
            plan,
            now: 0,
            answer: Box::new(answer),
            gmcp: Gmcp::No,
            busy_until: 0,
            greeting: b"Welcome!\r\n".to_vec(),
            greeting_after: MS,
            flying: BTreeMap::new(),
            flown: 0,
            log: Vec::new(),
        }
    }

    /// Everyone connects at once.
    fn start(mut self) -> Sim {
        for at in 0..self.dummies.len() {
            self.act(at, Dummy::start);
            self.connect(at);
        }
        self
    }

    fn connect(&mut self, at: usize) {
        self.clients[at] = Telnet::new(self.plan.telnet.clone());
        self.servers[at] = Telnet::new(Settings::server().into());
        self.act(at, Dummy::connected);
        let mut greeting = Vec::new();
        if self.gmcp != Gmcp::No {
            self.servers[at].wish(Side::Us, Known::Gmcp, true, &mut greeting);
        }
        greeting.extend_from_slice(&self.greeting);
        self.fly(at, self.greeting_after, greeting);
    }

    fn fly(&mut self, to: usize, delay: u64, bytes: Vec<u8>) {
        self.flown += 1;
        self.flying.insert((self.now + delay, self.flown), (to, bytes));
    }

    fn act(&mut self, at: usize, act: impl FnOnce(&mut Dummy, &mut World<'_>)) {
        let mut out = Vec::new();
        let mut world = World {
            now: self.now,
            plan: &self.plan,
            shared: &mut self.shared,
            out: &mut out,
        };
        act(&mut self.dummies[at], &mut world);
        self.reach_server(at, &out);
    }

    fn reach_server(&mut self, at: usize, bytes: &[u8]) {
        let (mut replies, mut text, mut out_of_band) = (Vec::new(), Vec::new(), Vec::new());
        self.servers[at].receive(bytes, &mut replies, |event| match event {
            Event::Text(part) => text.extend_from_slice(part),
            Event::Gmcp { package, json } => out_of_band.push((package.to_vec(), json.to_vec())),
            _ => {}
        });
        if !replies.is_empty() {
            self.fly(at, 0, replies);
        }
        let mut after = 0;
        for line in String::from_utf8_lossy(&text).split_terminator("\r\n") {
            self.log.push((self.now, at, line.to_owned()));
            if let Some((delay, answer)) = (self.answer)(self.now, line) {
                after = delay;
                let mut bytes = Vec::new();
                push_text(&mut bytes, &answer);
                self.fly(at, delay, bytes);
            }
        }
        for (package, json) in out_of_band {
            let mut bytes = Vec::new();
            match (package.as_slice(), self.gmcp) {
                (b"Core.Echo", Gmcp::Echo) => {
                    let tag = String::from_utf8_lossy(&json).replace('"', "");
                    push_text(&mut bytes, format!("Echo returns: ['{tag}'], {{}}\n").as_bytes());
                }
                (b"Core.Ping", Gmcp::Ping) => push_gmcp_ping(&mut bytes),
                _ => continue,
            }
            // In order with the commands before it.
            let work = self.busy_until.saturating_sub(self.now);
            self.fly(at, after.max(MS / 10).max(work), bytes);
        }
    }

    /// Lets time pass.
    fn run(&mut self, millis: u64) {
        let end = self.now + millis * MS;
        loop {
            let timer = self
                .dummies
                .iter()
                .enumerate()
                .map(|(at, dummy)| (dummy.wake().div_ceil(SLOT).saturating_mul(SLOT), at))
                .min();
            let arrival = self.flying.keys().next().map(|(time, _)| *time);
            let next = timer
                .map_or(NEVER, |(time, _)| time)
                .min(arrival.unwrap_or(NEVER));
            if next > end {
                self.now = end;
                return;
            }
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (at, bytes)) = self.flying.pop_first().expect("it was seen");
                self.arrive(at, &bytes);
            } else if let Some((_, at)) = timer {
                self.act(at, Dummy::timer);
            }
        }
    }

    fn arrive(&mut self, at: usize, bytes: &[u8]) {
        let (mut out, mut replies) = (Vec::new(), Vec::new());
        let mut world = World {
            now: self.now,
            plan: &self.plan,
            shared: &mut self.shared,
            out: &mut out,
        };
        let dummy = &mut self.dummies[at];
        self.clients[at].receive(bytes, &mut replies, |event| dummy.received(&mut world, event));
        replies.extend_from_slice(&out);
        self.reach_server(at, &replies);
    }

    fn stop(&mut self) {
        self.shared.leave_by = self.now + nanos(self.plan.options.grace);
        for at in 0..self.dummies.len() {
            self.act(at, Dummy::stop);
        }
    }

    fn counters(&self) -> super::super::metrics::Counters {
        self.shared.metrics.window.counters
    }

    fn phases(&self) -> Phases {
        self.shared.metrics.window.phases
    }

    fn problem(&self, problem: Problem) -> u64 {
        self.shared.metrics.problems[problem as usize]
    }

    fn lines(&self) -> Vec<&str> {
        self.log.iter().map(|(_, _, line)| line.as_str()).collect()
    }

    fn method(&self) -> Method {
        self.dummies[0].method
    }

    /// Every command has one end, and every dummy one phase.
    fn check_sums(&self) {
        let counters = self.counters();
        let open: u64 = self
            .dummies
            .iter()
            .map(|dummy| {
                u64::from(dummy.pending.is_some())
                    + dummy.more.as_ref().map_or(0, |more| more.beside.len() as u64)
            })
            .sum();
        assert_eq!(
            counters.sent,
            counters.answered + counters.lost + counters.unmeasured + counters.cut_off + open,
            "{counters:?}"
        );
        assert_eq!(self.phases().total() as usize, self.dummies.len());
    }
}

/// Answers everything after so many milliseconds.
fn after(millis: u64) -> impl FnMut(u64, &str) -> Option<(u64, Vec<u8>)> {
    move |_, _| Some((millis * MS, b"You see a room.\n".to_vec()))
}

/// As the original's server answers a login; `connect` takes longest.
fn evennia(_: u64, line: &str) -> Option<(u64, Vec<u8>)> {
    let word = line.split(' ').next().unwrap_or_default();
    let (millis, text): (u64, &str) = match word {
        "create" if !line.contains("testing_obj") => (
            50,
            "You want to create an account.\nIs this what you intended? [Y]/N?\n",
        ),
        "yes" => (300, "A new account 'x' was created. Welcome!\n"),
        "connect" => (400, "\nYou become Dummy.\n\nLimbo\n"),
        "quit" => (5, "Quitting. Hope to see you again, soon.\n"),
        "idle" => return None,
        _ => (10, "Done.\n"),
    };
    Some((millis * MS, text.as_bytes().to_vec()))
}

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

/// Frozen for the first second of every five, else quick.
fn frozen(now: u64, _: &str) -> Option<(u64, Vec<u8>)> {
    let into = now % (5 * SECOND);
    let wait = SECOND.saturating_sub(into);
    Some((wait + MS, b"You see a room.\n".to_vec()))
}

#[test]
fn a_server_that_freezes_shows_in_the_intended_time_and_hides_from_a_closed_loop() {
    let run = |run: &str, dummies: u32| {
        let scenario = simple(run, "method = \"first-byte\"", "");
        let mut sim = Sim::new(scenario, options(dummies), frozen).start();
        sim.run(60_000);
        sim.check_sums();
        sim.shared.metrics.total()
    };
    // A fifth of the time is frozen, for half a second on average: a tenth of all ticks waits for half a second or more.
    let ticking = run("timestep = 0.1", 20);
    let p90 = ticking.response.percentile(90.0).expect("lags");
    assert!((450_000..650_000).contains(&p90), "{p90}");
    // Service time alone shows less: commands queue behind the dummy's own late answer.
    let service = ticking.service.percentile(90.0).expect("lags");
    assert!(service < p90 / 2, "{service}");
    let closed = run("model = \"closed\"", 2);
    let p90 = closed.service.percentile(90.0).expect("lags");
    assert!(p90 < 2000, "{p90}");
    assert!(closed.response.is_empty());
    assert!(closed.service.max().expect("lags") > 900_000);
}

#[test]
fn a_command_without_an_answer_is_lost_at_the_timeout_and_its_late_answer_counted() {
    let mut first = true;
    let slow_once = move |_: u64, _: &str| {
        let millis = if std::mem::take(&mut first) { 40_000 } else { 10 };
        Some((millis * MS, b"You see a room.\n".to_vec()))
    };
    let mut sim = Sim::new(simple("timestep = 60", "", ""), options(1), slow_once);
    sim.gmcp = Gmcp::Echo;
    let mut sim = sim.start();
    sim.run(130_000);
    assert_eq!(sim.method(), Method::GmcpEcho);
    let counters = sim.counters();
    assert_eq!((counters.lost, counters.late), (1, 1));
    assert_eq!(counters.sent, 1 + counters.answered);
    let total = sim.shared.metrics.total();
    let longest = total.service.max().expect("lags");
    assert!((30_000_000..30_050_000).contains(&longest), "{longest}");
    assert_eq!(
        (total.service.len(), sim.problem(Problem::Lost)),
        (counters.sent, 1)
    );
    sim.check_sums();
}

#[test]
fn ticks_that_come_too_early_are_queued_skipped_or_sent() {
    let run = |late: Late| {
        let mut scenario = simple("timestep = 0.1", "", "");
        scenario.run.late = late;
        let mut sim = Sim::new(scenario, options(1), after(1000));
        sim.gmcp = Gmcp::Echo;
        let mut sim = sim.start();
        sim.run(5000);
        sim.check_sums();
        (sim.counters(), sim.shared.metrics.total())
    };
    let (counters, total) = run(Late::Queue);
    // One a second; the others wait, and the wait is part of their response.
    assert!((3..=5).contains(&counters.sent), "{counters:?}");
    assert_eq!(counters.ticks_dropped, 0);
    assert!(total.response.max() > Some(3_000_000) && total.service.max() < Some(1_100_000));
    let (counters, total) = run(Late::Skip);
    assert!(
        (3..=5).contains(&counters.sent) && counters.ticks_dropped > 30,
        "{counters:?}"
    );
    assert!(total.response.max() < Some(1_100_000));
    let (counters, total) = run(Late::Send);
    assert!(counters.sent > 40 && counters.ticks_dropped == 0, "{counters:?}");
    assert!(counters.answered > 30 && total.response.max() < Some(1_100_000));
}

#[test]
fn a_backlog_is_bounded() {
    let mut sim = Sim::new(
        simple("timestep = 0.01", "timeout = \"1h\"", ""),
        options(1),
        |_, _| None,
    )
    .start();
    sim.run(5000);
    assert_eq!(sim.counters().sent, 1);
    let backlog = sim.dummies[0].more.as_ref().map_or(0, |more| more.backlog.len());
    assert_eq!(backlog, 100);
    assert!(sim.counters().ticks_dropped > 350);
    sim.stop();
    sim.check_sums();
}

#[test]
fn auto_takes_the_best_method_that_the_server_answers() {
    let check = |gmcp: Gmcp, ends: &'static [u8], expected: Method| {
        let mut sim = Sim::new(load("looker").expect("a profile"), options(3), evennia);
        sim.gmcp = gmcp;
        sim.greeting.extend_from_slice(ends);
        let mut sim = sim.start();
        sim.run(8000);
        assert_eq!((sim.method(), sim.phases().of(Phase::Playing)), (expected, 3));
        assert_eq!(sim.shared.metrics.methods[expected as usize], 3);
    };
    check(Gmcp::Echo, b"", Method::GmcpEcho);
    check(Gmcp::Ping, b"", Method::GmcpPing);
    check(Gmcp::No, b"\xff\xf9", Method::Prompt);
    check(Gmcp::No, b"", Method::FirstByte);
}

#[test]
fn an_echo_that_a_busy_server_sends_late_is_used_all_the_same() {
    // A login takes a second here, so an echo is waited for four, and a ping as long.
    for busy in [3000, 6500, 12_000] {
        let mut sim = Sim::new(load("looker").expect("a profile"), options(3), evennia);
        sim.gmcp = Gmcp::Echo;
        sim.busy_until = busy * MS;
        let mut sim = sim.start();
        sim.run(60_000);
        let used = |method: Method| sim.shared.metrics.methods[method as usize];
        assert_eq!((used(Method::GmcpEcho), used(Method::GmcpPing)), (3, 0), "{busy}");
        assert_eq!(used(Method::FirstByte), 0, "{busy}");
        let counters = sim.counters();
        assert_eq!((counters.lost, counters.late), (0, 0), "{busy}");
        assert!(counters.answered > 5, "{busy}: {counters:?}");
        sim.check_sums();
    }
}

#[test]
fn methods_take_their_own_bytes_for_the_answer() {
    let check = |lag: &str, action: &str, answer: &'static [(u64, &[u8])], expected: Option<u64>| {
        let mut sim = Sim::new(simple("timestep = 5", lag, action), options(1), |_, _| None).start();
        while sim.log.is_empty() {
            sim.run(1);
        }
        for (millis, bytes) in answer {
            sim.fly(0, millis * MS, bytes.to_vec());
        }
        sim.run(3000);
        let found = sim
            .shared
            .metrics
            .total()
            .service
            .max()
            .map(|micros| micros / 1000);
        assert_eq!(found, expected, "{lag} {action}");
    };
    let answer: &[(u64, &[u8])] = &[
        (10, b"Bob says hi.\r\n"),
        (20, b"You see a ro"),
        (30, b"om.\r\n"),
        (40, b"> \xff\xf9"),
        (50, b"prof1x0 \r\n"),
    ];
    check("method = \"first-byte\"", "", answer, Some(10));
    check("method = \"expect\"", "expect = 'see a room'", answer, Some(30));
    check("", "expect = '^> $'", answer, Some(40));
    check("method = \"ga\"", "", answer, Some(40));
    check("method = \"quiet\"\nquiet = \"100ms\"", "", answer, Some(50));
    check(
        "method = \"echo-command\"\nprobe = \"say {tag}\"",
        "",
        answer,
        Some(50),
    );
    check(
        "method = \"expect\"",
        "expect = 'nothing'\nfail = 'room'",
        answer,
        Some(30),
    );
    check("", "answer = false", answer, None);
}

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
fn the_originals_echo_command_splits_the_lag() {
    let text = "[run]\nchance_of_action = 1\ntimestep = 1\n[[action]]\nname = \"measure_lag\"\n\
                commands = [\"dummyrunner_echo_response {timestamp}\"]\n";
    let answer = |now: u64, line: &str| {
        let sent = line.split(' ').nth(1).expect("a time");
        let there = 1_000_000.0 + (now + 30 * MS) as f64 / 1e9;
        Some((
            40 * MS,
            format!("dummyrunner_echo_response: {sent},{there:.6}\x1b[0m\n").into_bytes(),
        ))
    };
    let mut sim = Sim::new(parse_alone(text).expect("a scenario"), options(1), answer).start();
    sim.run(5000);
    let near = |lags: &super::super::metrics::Lags, millis: u64| {
        let micros = lags.percentile(50.0).expect("lags");
        assert!(micros.abs_diff(millis * 1000) < 100, "{micros}");
    };
    near(&sim.shared.metrics.lag_in, 30);
    near(&sim.shared.metrics.lag_out, 10);
}

#[test]
fn rate_limits_are_counted_while_playing() {
    let answer = |_: u64, _: &str| {
        Some((
            MS,
            b"You entered commands too fast. Wait a moment and try again.\n".to_vec(),
        ))
    };
    let mut sim = Sim::new(simple("timestep = 1", "", ""), options(1), answer).start();
    sim.run(5000);
    assert_eq!(sim.problem(Problem::CommandLimit), sim.counters().answered);
    assert!(sim.counters().answered > 3);
}

#[test]
fn stopping_logs_out_whoever_is_in() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(12), evennia).start();
    let phases = loop {
        sim.run(10);
        let phases = sim.phases();
        if phases.of(Phase::Playing) > 0 && phases.of(Phase::Authing) > 0 {
            break phases;
        }
    };
    let (playing, authing) = (phases.of(Phase::Playing), phases.of(Phase::Authing));
    sim.stop();
    assert_eq!(
        sim.lines().iter().filter(|line| **line == "quit").count(),
        (playing + authing) as usize
    );
    // Nobody hangs up before the server has answered.
    assert_eq!(sim.phases().of(Phase::Leaving), playing + authing);
    sim.run(4000);
    for at in 0..6 {
        sim.act(at, |dummy, world| dummy.lost(world, Problem::Closed));
    }
    sim.run(2000);
    let phases = sim.phases();
    assert_eq!(phases.all_ended(), 12);
    assert_eq!(phases.ended(End::LoggedOut), playing);
    assert_eq!(phases.ended(End::NotIn), 12 - playing);
    sim.check_sums();
}

#[test]
fn a_logout_that_nobody_answers_is_unconfirmed() {
    let mut sim = Sim::new(load("looker").expect("a profile"), options(1), |now, line| {
        if line == "quit" { None } else { evennia(now, line) }
    })
    .start();
    sim.run(3000);
    sim.stop();
    sim.run(4900);
    assert_eq!(sim.phases().of(Phase::Leaving), 1);
    sim.run(200);
    assert_eq!(sim.phases().ended(End::Unconfirmed), 1);
}

#[test]
fn a_lost_connection_is_made_again_after_a_while_with_the_same_account() {
    let mut options = options(1);
    options.reconnect = Reconnect::Times(2);
    let mut sim = Sim::new(load("looker").expect("a profile"), options, evennia).start();
    sim.run(3000);
    sim.log.clear();
    let closed = |dummy: &mut Dummy, world: &mut World<'_>| dummy.lost(world, Problem::Closed);
    sim.act(0, closed);
    assert_eq!(sim.phases().of(Phase::Resting), 1);
    let wait = sim.dummies[0].wake() - sim.now;
    assert!(wait <= 2 * SECOND, "{wait}");
    sim.run(2100);
    assert_eq!(sim.phases().of(Phase::Connecting), 1);
    sim.connect(0);
    sim.run(3000);
    assert_eq!(
        (sim.phases().of(Phase::Playing), sim.counters().reconnects),
        (1, 1)
    );
    // The account and its room are there.
    assert!(
        sim.lines()[0].starts_with("connect Dummy_20260102030405_001 "),
        "{:?}",
        sim.lines()
    );
    for _ in 0..3 {
        sim.act(0, closed);
        sim.run(10_000);
    }
    assert_eq!(sim.phases().ended(End::ConnectFailed), 1);
    sim.check_sums();
}

#[test]
fn the_same_seed_plays_the_same() {
    let lines = |seed: u64| {
        let mut options = options(3);
        options.seed = seed;
        let mut sim = Sim::new(load("normal_builder").expect("a profile"), options, evennia).start();
        sim.run(60_000);
        let mut log = sim.log;
        log.sort();
        log
    };
    assert_eq!(lines(1), lines(1));
    assert_ne!(lines(1), lines(2));
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

#[test]
fn few_probes_leave_the_others_unmeasured_but_not_unsent() {
    let mut sim = Sim::new(
        simple("timestep = 1", "probe_share = 0.25", ""),
        options(40),
        after(1),
    );
    sim.gmcp = Gmcp::Echo;
    let mut sim = sim.start();
    sim.run(60_000);
    let counters = sim.counters();
    let share = counters.answered as f64 / counters.sent as f64;
    assert!((share - 0.25).abs() < 0.05, "{share}");
    sim.check_sums();
}

#[test]
fn a_dummy_is_small() {
    assert!(size_of::<Dummy>() <= 200, "{}", size_of::<Dummy>());
}

#[test]
fn no_bytes_from_a_server_do_harm() {
    let mut random = Random::stream(3, 3);
    let mut sim = Sim::new(load("normal_builder").expect("a profile"), options(1), after(3)).start();
    sim.plan.options.reconnect = Reconnect::Always;
    let parts: [&[u8]; 8] = [
        b"\xff\xfb\xc9",
        b"\xff\xf9",
        b"\xff\xfa\xc9Core.Ping\xff\xf0",
        b"You become x\r\n",
        b"prof1x9",
        b"\x1b[31",
        b"\r\n\0",
        b"[Y]/N?\r\n",
    ];
    for _ in 0..3000 {
        let part = match random.below(100) {
            at @ 0..64 => parts[at as usize % parts.len()].to_vec(),
            64 => {
                sim.act(0, |dummy, world| dummy.lost(world, Problem::Reset));
                sim.run(70_000);
                if sim.phases().of(Phase::Connecting) == 1 {
                    sim.connect(0);
                }
                continue;
            }
            _ => (0..random.below(40)).map(|_| random.below(256) as u8).collect(),
        };
        sim.fly(0, random.below(50) * MS, part);
        sim.run(random.below(400));
        sim.check_sums();
    }
    assert!(sim.counters().sent > 10);
}
