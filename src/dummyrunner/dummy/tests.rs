//! Dummies against a simulated server on a simulated clock.

mod actions;
mod ends;
mod lags;
mod logins;

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
