//! The game without sockets: bytes and the time in, bytes out.

use super::accounts::Accounts;
use super::limits::{self, Gate, Throttle};
use super::session::{MOST_WAITING, Session, State};
use super::slab::Slab;
use super::world::World;
use super::{Counts, Now, Options, commands, gmcp, login};
use crate::dummyrunner::telnet::{self, Event, Known, Settings, Side};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// For how long a client may take to read its last messages.
const LINGER: Duration = Duration::from_secs(10);

/// So many in a room notice who comes and goes.
const CROWD: usize = 50;

/// The game, with all its sessions.
#[derive(Debug)]
pub struct Game {
    pub(super) options: Options,
    pub(super) sessions: Slab<Session>,
    pub(super) accounts: Accounts,
    pub(super) world: World,
    pub(super) counts: Counts,
    pub(super) new_accounts: Throttle,
    pub(super) failures: Throttle,
    gate: Option<Gate>,
    settings: Arc<Settings>,
    /// Sessions that are in the game.
    pub(super) playing: usize,
    /// Sessions that wait for the welcome screen, and when they get it.
    queue: VecDeque<(Duration, u32, u64)>,
    /// What was said and waits for its time.
    delayed: VecDeque<Delayed>,
    /// Sessions that are closed once all is sent, and when they are closed in any case.
    closing: VecDeque<(Option<Duration>, u32, u64)>,
    /// Sessions that have something to send, or to be closed.
    listed: Vec<u32>,
    inbox: Inbox,
    /// A number for each connection: a session's may be used again.
    births: u64,
}

#[derive(Debug)]
struct Delayed {
    due: Duration,
    session: u32,
    birth: u64,
    bytes: Vec<u8>,
}

/// What one read told, in its order.
#[derive(Debug, Default)]
struct Inbox {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

#[derive(Debug)]
enum Item {
    Line {
        text: Range<usize>,
        is_cut: bool,
    },
    Gmcp {
        package: Range<usize>,
        json: Range<usize>,
    },
    TerminalType(Range<usize>),
    Option {
        side: Side,
        option: Known,
        on: bool,
    },
    AreYouThere,
}

impl Inbox {
    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        from..self.bytes.len()
    }

    fn take(&mut self, event: Event<'_>, lines: &mut telnet::Lines) {
        match event {
            Event::Text(text) => lines.push(text, |line| {
                let text = self.keep(line.text);
                self.items.push(Item::Line {
                    text,
                    is_cut: line.is_cut,
                });
            }),
            Event::Gmcp { package, json } => {
                let (package, json) = (self.keep(package), self.keep(json));
                self.items.push(Item::Gmcp { package, json });
            }
            Event::TerminalType(name) => {
                let name = self.keep(name);
                self.items.push(Item::TerminalType(name));
            }
            Event::Option { side, option, on } => self.items.push(Item::Option { side, option, on }),
            Event::AreYouThere => self.items.push(Item::AreYouThere),
            _ => {}
        }
    }
}

impl Game {
    /// A game that nobody plays yet.
    #[must_use]
    pub fn new(options: &Options) -> Game {
        Game {
            options: options.clone(),
            sessions: Slab::new(),
            accounts: Accounts::default(),
            world: World::new(),
            counts: Counts::default(),
            new_accounts: Throttle::accounts(),
            failures: Throttle::failures(),
            gate: options.connections_per_second.map(Gate::new),
            settings: Arc::new(Settings {
                us: match options.compression {
                    true => Settings::server().us,
                    false => Settings::server().us.without(Known::Compress2),
                },
                ..Settings::server()
            }),
            playing: 0,
            queue: VecDeque::new(),
            delayed: VecDeque::new(),
            closing: VecDeque::new(),
            listed: Vec::new(),
            inbox: Inbox::default(),
            births: 0,
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Someone has connected. Returns the number of the new session.
    pub fn connect(&mut self, address: IpAddr, now: Now) -> u32 {
        self.births += 1;
        let is_delayed = !self.options.lag.is_zero();
        let mut session = Session::new(Arc::clone(&self.settings), address, is_delayed);
        session.birth = self.births;
        let id = self.sessions.insert(session);
        self.counts.connections += 1;
        self.counts.peak = self.counts.peak.max(self.sessions.len());
        if self.sessions.len() > self.options.max_players {
            self.counts.full += 1;
            self.say(id, "The game is full. Please come back later.");
            self.close(id);
        } else {
            let at = self.gate.as_mut().map_or(now.running, |gate| gate.admit(now));
            if at <= now.running {
                login::welcome(self, id);
            } else {
                self.counts.limited += 1;
                self.say(id, &limits::queued(at - now.running));
                self.queue.push_back((at, id, self.births));
            }
        }
        self.settle(now);
        id
    }

    /// The peer sent this.
    pub fn receive(&mut self, id: u32, bytes: &[u8], now: Now) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.counts.received += bytes.len() as u64;
        if session.is_closing || session.is_slow {
            return;
        }
        let mut inbox = std::mem::take(&mut self.inbox);
        let (before, lines) = (session.wire.len(), &mut session.lines);
        let mut replies = Vec::new();
        session
            .telnet
            .receive(bytes, &mut replies, |event| inbox.take(event, lines));
        if !replies.is_empty() {
            session.send(&replies);
        }
        if session.wire.len() > before {
            self.list(id);
        }
        for item in &inbox.items {
            self.handle(id, item, &inbox.bytes, now);
        }
        inbox.items.clear();
        inbox.bytes.clear();
        inbox.bytes.shrink_to(128 << 10);
        inbox.items.shrink_to(4 << 10);
        self.inbox = inbox;
        self.settle(now);
    }

    fn handle(&mut self, id: u32, item: &Item, bytes: &[u8], now: Now) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.is_closing {
            return;
        }
        match item {
            Item::Line { text, is_cut } => self.line(id, &bytes[text.clone()], *is_cut, now),
            Item::Gmcp { package, json } => self.gmcp(id, &bytes[package.clone()], &bytes[json.clone()]),
            Item::TerminalType(name) => {
                let name = &bytes[name.clone()];
                // MTTS: bit 0 is ANSI colour.
                let mtts = name
                    .strip_prefix(b"MTTS ")
                    .and_then(|bits| std::str::from_utf8(bits).ok());
                let mtts = mtts.and_then(|bits| bits.trim().parse::<u32>().ok());
                if let Some(bits) = mtts {
                    session.has_color = bits & 1 != 0;
                } else if name.eq_ignore_ascii_case(b"dumb") {
                    session.has_color = false;
                }
            }
            Item::Option {
                side: Side::Us,
                option: Known::Compress2,
                on,
            } => {
                session.compress(*on);
                self.list(id);
            }
            Item::Option {
                side: Side::Us,
                option: Known::Mssp,
                on: true,
            } => self.tell_status(id, now),
            Item::Option { .. } => {}
            Item::AreYouThere => self.say(id, "Yes."),
        }
    }

    fn line(&mut self, id: u32, bytes: &[u8], is_cut: bool, now: Now) {
        self.counts.commands += 1;
        let limit = self.options.commands_per_second;
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if limit.is_some_and(|limit| !session.rate.allows(limit, now)) {
            self.counts.limited += 1;
            return self.say(id, limits::TOO_FAST);
        }
        if is_cut {
            self.counts.limited += 1;
            return self.say(id, limits::TOO_LONG);
        }
        let text = typed(bytes);
        match session.state {
            State::Queued => {}
            State::Playing(_) => {
                commands::run(self, id, &text, now);
                let player = self.sessions.get(id).and_then(Session::player);
                if player.is_some_and(|player| player.has_prompt) {
                    self.ask(id, "> ");
                }
            }
            _ => login::line(self, id, &text, now),
        }
    }

    fn gmcp(&mut self, id: u32, package: &[u8], json: &[u8]) {
        self.counts.gmcp += 1;
        if package.eq_ignore_ascii_case(b"Core.Echo") {
            let arguments = gmcp::python_arguments(json);
            self.say(id, &format!("Echo returns: {arguments}"));
        } else if package.eq_ignore_ascii_case(b"Core.Ping") {
            self.send_gmcp(id, "Core.Ping", "");
        }
    }

    /// A message over GMCP, if the client takes it.
    pub(super) fn send_gmcp(&mut self, id: u32, package: &str, json: &str) {
        let takes_gmcp = |session: &&mut Session| session.telnet.is_used(Side::Us, Known::Gmcp);
        if let Some(session) = self.sessions.get_mut(id).filter(takes_gmcp) {
            telnet::push_gmcp(session.out(), package, json);
            self.list(id);
        }
    }

    /// What a crawler wants to know.
    fn tell_status(&mut self, id: u32, now: Now) {
        let started = now.unix - now.running.as_secs_f64();
        let mut data = Vec::new();
        for (name, value) in [
            ("NAME", "prof dummyrunner demo".to_owned()),
            ("PLAYERS", self.playing.to_string()),
            ("UPTIME", format!("{started:.0}")),
            ("CODEBASE", concat!("prof ", env!("CARGO_PKG_VERSION")).to_owned()),
        ] {
            data.push(telnet::code::VARIABLE);
            data.extend_from_slice(name.as_bytes());
            data.push(telnet::code::VALUE);
            data.extend_from_slice(value.as_bytes());
        }
        if let Some(session) = self.sessions.get_mut(id) {
            telnet::push_subnegotiation(session.out(), telnet::code::MSSP, &[&data]);
            self.list(id);
        }
    }

    /// A message to one session, without its last line end.
    pub(super) fn say(&mut self, id: u32, text: &str) {
        if let Some(session) = self.sessions.get_mut(id).filter(|session| !session.is_slow) {
            session.say(text);
            self.list(id);
        }
    }

    /// A question to one session, answered on the same line.
    pub(super) fn ask(&mut self, id: u32, text: &str) {
        if let Some(session) = self.sessions.get_mut(id).filter(|session| !session.is_slow) {
            session.ask(text);
            self.list(id);
        }
    }

    /// A message to all in a room but one.
    pub(super) fn say_to_room(&mut self, room: u32, but: u32, text: &str) {
        let people = self
            .world
            .room(room)
            .map(|room| room.people.clone())
            .unwrap_or_default();
        for other in people {
            if other != but {
                self.say(other, text);
            }
        }
    }

    /// Tells those in a room but one who comes and goes. In a crowd nobody notices: there each arrival would
    /// be a message to thousands.
    pub(super) fn notice(&mut self, room: u32, but: u32, text: &str) {
        if self
            .world
            .room(room)
            .is_some_and(|room| room.people.len() <= CROWD)
        {
            self.say_to_room(room, but, text);
        }
    }

    /// Lists a session as having something to send, and drops it if that is too much.
    pub(super) fn list(&mut self, id: u32) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.waiting() > MOST_WAITING && !session.is_slow {
            session.is_slow = true;
            (session.wire, session.said) = (Vec::new(), Vec::new());
            self.counts.slow_readers += 1;
        }
        if !session.is_listed {
            session.is_listed = true;
            self.listed.push(id);
        }
    }

    /// Closes the session once all is sent.
    pub(super) fn close(&mut self, id: u32) {
        self.leave(id);
        if let Some(session) = self.sessions.get_mut(id) {
            session.is_closing = true;
            self.closing.push_back((None, id, session.birth));
            self.list(id);
        }
    }

    /// Takes the player of a session out of the game.
    fn leave(&mut self, id: u32) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let State::Playing(player) = std::mem::replace(&mut session.state, State::Welcome) else {
            return;
        };
        self.accounts.set_session(&player.name, None);
        self.playing -= 1;
        let room = self.world.place(id);
        for other in self.world.depart(id) {
            commands::fall(self, other);
        }
        self.notice(room, id, &format!("{} has left the game.", player.name));
    }

    /// The peer sends no more. It is sent what it was to be sent, then the connection is to be closed.
    pub fn hang_up(&mut self, id: u32, now: Now) {
        let Some(session) = self.sessions.get(id).filter(|session| !session.is_closing) else {
            return;
        };
        if !session.is_slow {
            self.counts.hang_ups += 1;
        }
        self.close(id);
        self.settle(now);
    }

    /// Tells everyone that the game ends, without delay.
    pub fn end(&mut self, now: Now) {
        let everyone: Vec<u32> = self.sessions.iter().map(|(id, _)| id).collect();
        for id in everyone {
            if let Some(session) = self.sessions.get_mut(id) {
                session.is_delayed = false;
            }
            self.say(id, "The game ends.");
        }
        self.settle(now);
    }

    /// The connection has ended, by whomever: forgets the session.
    pub fn forget(&mut self, id: u32, now: Now) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        if !session.is_closing && !session.is_slow {
            self.counts.hang_ups += 1;
        }
        self.leave(id);
        self.sessions.remove(id);
        self.settle(now);
    }

    /// Delays what was said in this step, or hands it to the wire.
    fn settle(&mut self, now: Now) {
        for (due, ..) in self.closing.iter_mut().rev() {
            match due {
                None => *due = Some(now.running + self.options.lag + LINGER),
                Some(_) => break,
            }
        }
        for &id in &self.listed {
            let Some(session) = self.sessions.get_mut(id) else {
                continue;
            };
            if session.said.is_empty() {
                continue;
            }
            let said = std::mem::take(&mut session.said);
            if session.is_delayed {
                session.delayed += said.len();
                self.delayed.push_back(Delayed {
                    due: now.running + self.options.lag,
                    session: id,
                    birth: session.birth,
                    bytes: said,
                });
            } else {
                session.send(&said);
            }
        }
    }

    /// Does what is due: welcomes those who had to wait, and sends what was delayed.
    pub fn tick(&mut self, now: Now) {
        while let Some(&(_, id, birth)) = self.queue.front().filter(|(due, ..)| *due <= now.running) {
            self.queue.pop_front();
            let is_same = |session: &Session| session.birth == birth && !session.is_closing;
            if self.sessions.get(id).is_some_and(is_same) {
                login::welcome(self, id);
            }
        }
        self.end_closing(now);
        self.settle(now);
        while self
            .delayed
            .front()
            .is_some_and(|delayed| delayed.due <= now.running)
        {
            let Some(delayed) = self.delayed.pop_front() else {
                break;
            };
            let session = self.sessions.get_mut(delayed.session);
            if let Some(session) = session.filter(|session| session.birth == delayed.birth) {
                session.delayed -= delayed.bytes.len();
                session.send(&delayed.bytes);
                self.list(delayed.session);
            }
        }
    }

    /// Drops those that have had time enough to read their last messages.
    fn end_closing(&mut self, now: Now) {
        while let Some(&(due, id, birth)) = self.closing.front() {
            // Those that are closed already are not waited for.
            let is_open = self
                .sessions
                .get(id)
                .is_some_and(|session| session.birth == birth);
            if is_open && due.is_none_or(|due| due > now.running) {
                return;
            }
            self.closing.pop_front();
            if let Some(session) = self.sessions.get_mut(id).filter(|_| is_open) {
                session.is_slow = true;
                self.counts.slow_readers += 1;
                self.list(id);
            }
        }
    }

    /// When [`tick`](Game::tick) has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        let queue = self.queue.front().map(|(due, ..)| *due);
        let closing = self.closing.front().and_then(|(due, ..)| *due);
        let delayed = self.delayed.front().map(|delayed| delayed.due);
        [queue, closing, delayed].into_iter().flatten().min()
    }

    /// Sessions that have something to send or are to be closed, each once.
    pub fn take_listed(&mut self, into: &mut Vec<u32>) {
        for &id in &self.listed {
            if let Some(session) = self.sessions.get_mut(id) {
                session.is_listed = false;
                into.push(id);
            }
        }
        self.listed.clear();
    }

    /// What waits to be sent to this session.
    #[must_use]
    pub fn output(&self, id: u32) -> &[u8] {
        self.sessions.get(id).map_or(&[], |session| &session.wire)
    }

    /// Bytes that wait to be sent to this session, now or later.
    #[must_use]
    pub fn waiting(&self, id: u32) -> usize {
        self.sessions.get(id).map_or(0, Session::waiting)
    }

    /// So much of it was sent.
    pub fn sent(&mut self, id: u32, bytes: usize) {
        self.counts.sent += bytes as u64;
        if let Some(session) = self.sessions.get_mut(id) {
            session.sent(bytes);
        }
    }

    /// Is nothing more to be sent to this session, and shall it be closed?
    #[must_use]
    pub fn is_done(&self, id: u32) -> bool {
        self.sessions.get(id).is_none_or(Session::is_done)
    }

    /// How many are connected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Is nobody connected?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A line as it was meant: decoded, without control characters; backspace takes back what is before it, for
/// clients that send each key as it is pressed.
fn typed(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains(char::is_control) {
        return text.trim().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{8}' | '\u{7f}' => {
                out.pop();
            }
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}
