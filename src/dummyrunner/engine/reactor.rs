//! The dummies of one thread: their sockets, their timers, and what is told of them.

use super::super::dummy::{Dummy, NEVER, Plan, SLOT, Shared, World};
use super::super::metrics::{Metrics, Phase, Problem, Window};
use super::super::scenario::Model;
use super::super::telnet::Telnet;
use super::super::wheel::Wheel;
use super::clock::Alarm;
use super::connect::{MOST_CONNECTING, Pace, source};
use super::helper::Channel;
use super::socket::{Connection, Got, problem};
use super::{Message, Setup};
use crate::random::Random;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

const SECOND: u64 = 1_000_000_000;
/// What was measured is given away so often.
const WINDOW: u64 = SECOND / 2;
const EVENTS: usize = 1024;
/// Received at a time, by all dummies of the thread.
const BUFFER: usize = 64 << 10;
/// So many buffers in a row belong to one dummy, then the others have their turn.
const MOST_READS: usize = 4;
/// Bytes a minute to one dummy that no game sends. A minute, so that a flood is one on a slow machine, too.
const FLOOD: u64 = 128 << 20;
/// Connections begun before timers and answers have their turn.
const MOST_BEGUN: u32 = 64;

/// What the conductor tells a reactor.
#[derive(Debug)]
pub(super) struct Orders {
    stops: AtomicU8,
    waker: Waker,
}

impl Orders {
    /// Log out; a second time: break off.
    pub(super) fn stop(&self) {
        // Two say all; more must not wrap around.
        let _ = self
            .stops
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |stops| {
                Some(stops.saturating_add(1))
            });
        // Should it fail, the reactor still looks once a second.
        let _ = self.waker.wake();
    }
}

/// The dummies of one thread.
pub(super) struct Reactor {
    pub(super) index: usize,
    /// Threads: dummy number k belongs to thread k mod so many.
    pub(super) count: usize,
    start: Instant,
    plan: Arc<Plan>,
    target: SocketAddr,
    sources: Vec<IpAddr>,
    pace: Pace,
    pub(super) sender: Sender<Message>,
    orders: Arc<Orders>,
    obeyed: u8,
    pub(super) poll: Poll,
    alarm: Alarm,
    wheel: Wheel,
    pub(super) slots: Vec<Slot>,
    pub(super) shared: Shared,
    pub(super) buffer: Box<[u8]>,
    out: Vec<u8>,
    replies: Vec<u8>,
    /// Sockets that may hold more than was read.
    again: Vec<u32>,
    /// Dummies that were started.
    begun: u32,
    /// When the next window is given away.
    next_window: u64,
    arrivals: Option<Arrivals>,
    /// To the helper of a settings file.
    pub(super) helper: Option<Channel>,
    /// When what dummies have asked must go out.
    pub(super) hold_asks: Option<u64>,
    /// How many dummies there shall be, over all threads, where that is decided while the run goes.
    steered: Option<Arc<AtomicU32>>,
}

pub(super) struct Slot {
    dummy: Dummy,
    telnet: Telnet,
    connection: Option<Connection>,
    /// What its timer is set to.
    armed: u64,
    /// Bytes received in that minute.
    received: u64,
    minute: u32,
}

/// The thread's share of commands at a given rate.
struct Arrivals {
    /// Nanoseconds between two.
    step: f64,
    random: Option<Random>,
    next: f64,
    turn: usize,
}

impl Reactor {
    pub(super) fn new(
        index: usize,
        count: usize,
        start: Instant,
        plan: Arc<Plan>,
        setup: &Setup,
        sender: Sender<Message>,
    ) -> io::Result<Reactor> {
        let all = plan.options.dummies as usize;
        let numbers = (index..all).step_by(count);
        let slots: Vec<Slot> = numbers.map(|number| Slot::new(&plan, number as u32)).collect();
        let poll = Poll::new()?;
        let ids = slots.len();
        let orders = Orders {
            stops: AtomicU8::new(0),
            waker: Waker::new(poll.registry(), Token(ids))?,
        };
        let alarm = Alarm::new(poll.registry(), Token(ids + 1))?;
        let metrics = Metrics::new(plan.scenario.actions.len(), ids as u32);
        let share = ids as f64 / all.max(1) as f64;
        let arrivals = match plan.scenario.run.model {
            Model::Rate { rate, poisson } => Some(Arrivals {
                step: SECOND as f64 / (rate * share),
                random: poisson.then(|| Random::stream(plan.options.seed, u64::MAX - index as u64)),
                next: 0.0,
                turn: 0,
            }),
            _ => None,
        };
        Ok(Reactor {
            index,
            count,
            start,
            target: setup.target,
            sources: setup.sources.clone(),
            pace: Pace {
                rate: setup.connect_rate.map(|rate| rate * share),
            },
            sender,
            orders: Arc::new(orders),
            obeyed: 0,
            poll,
            alarm,
            // Two more than dummies: the second, and what is begun or arrives.
            wheel: Wheel::new(ids + 2, SLOT),
            slots,
            shared: Shared::new(metrics),
            buffer: vec![0; BUFFER].into(),
            out: Vec::new(),
            replies: Vec::new(),
            again: Vec::new(),
            begun: 0,
            next_window: WINDOW,
            arrivals,
            helper: None,
            hold_asks: None,
            steered: setup.wanted.clone(),
            plan,
        })
    }

    pub(super) fn orders(&self) -> Arc<Orders> {
        Arc::clone(&self.orders)
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut due = Vec::new();
        self.wheel.set(self.slots.len() as u32, self.next_window);
        loop {
            let now = self.now();
            self.obey(now);
            self.alarm.is_over(now);
            self.wheel.advance(now, &mut due);
            for (id, _) in due.drain(..) {
                self.timer(id);
            }
            self.arrive(now);
            self.begin(now);
            self.read_again();
            self.tell();
            self.ask(now);
            if self.is_over(now) {
                break;
            }
            let wait = self.wait(now);
            match self.poll.poll(&mut events, wait) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Without a poll nobody can be served; what was measured is given all the same.
                Err(_) => break,
            }
            for event in &events {
                self.event(event);
            }
        }
        self.give_window();
        self.tell();
        let done = Message::Done(self.index, Box::new(self.shared.metrics));
        // Nobody listens only if the run was given up.
        let _ = self.sender.send(done);
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// How long the poll may wait.
    fn wait(&mut self, now: u64) -> Option<std::time::Duration> {
        if !self.again.is_empty() || self.may_begin(now) {
            return Some(std::time::Duration::ZERO);
        }
        let mut next = self.wheel.next();
        if self.has_waiting(now)
            && let Some(at) = self.pace.next(self.begun)
        {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        if let Some(at) = self.hold_asks {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        if let Some(arrivals) = &self.arrivals {
            // In slots, so that one wake-up serves all of a slot.
            let at = (arrivals.next as u64).div_ceil(SLOT) * SLOT;
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        self.alarm.set(self.now(), next)
    }

    fn event(&mut self, event: &mio::event::Event) {
        let Token(id) = event.token();
        if id == self.helper_token().0 {
            return self.hear(event.is_writable());
        }
        let Some(connection) = self.slots.get_mut(id).and_then(|slot| slot.connection.as_mut()) else {
            return;
        };
        let id = id as u32;
        if !connection.is_made {
            match connection.is_ready() {
                Ok(true) => {
                    let flushed = connection.flush();
                    self.act(id, Dummy::connected);
                    if let Err(problem) = flushed {
                        self.lost(id, problem);
                    }
                }
                Ok(false) => return,
                Err(error) => return self.lost(id, problem(&error)),
            }
        } else if event.is_writable()
            && let Err(problem) = connection.flush()
        {
            return self.lost(id, problem);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(id, event.is_read_closed() || event.is_error());
        }
    }

    /// Reads what there is; `ends`: the end comes behind it, and no other event will tell.
    fn read(&mut self, id: u32, ends: bool) {
        for _ in 0..MOST_READS {
            let slot = &mut self.slots[id as usize];
            let Some(connection) = &mut slot.connection else {
                return;
            };
            match connection.read(&mut self.buffer) {
                Got::Nothing => return,
                Got::End(problem) => return self.lost(id, problem),
                Got::Bytes(count, more) => {
                    let now = self.start.elapsed().as_nanos() as u64;
                    self.shared.metrics.window.counters.bytes_in += count as u64;
                    let mut world = World {
                        now,
                        plan: &self.plan,
                        shared: &mut self.shared,
                        out: &mut self.out,
                    };
                    let dummy = &mut slot.dummy;
                    slot.telnet
                        .receive(&self.buffer[..count], &mut self.replies, |event| {
                            dummy.received(&mut world, event);
                        });
                    if slot.is_flooded(count as u64, now) {
                        slot.dummy.lost(&mut world, Problem::Flood);
                    }
                    self.settle(id);
                    if !more && !ends {
                        return;
                    }
                }
            }
        }
        // Others have their turn first.
        self.again.push(id);
    }

    fn read_again(&mut self) {
        for id in std::mem::take(&mut self.again) {
            self.read(id, true);
        }
    }

    fn timer(&mut self, id: u32) {
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.armed = NEVER;
            self.act(id, Dummy::timer);
        } else {
            self.give_window();
            let now = self.now();
            while self.next_window <= now {
                self.next_window += WINDOW;
            }
            self.wheel.set(id, self.next_window);
        }
    }

    fn lost(&mut self, id: u32, problem: Problem) {
        self.act(id, |dummy, world| dummy.lost(world, problem));
    }

    /// Lets a dummy do something, and does what comes of it.
    pub(super) fn act(&mut self, id: u32, act: impl FnOnce(&mut Dummy, &mut World<'_>)) {
        let now = self.now();
        let slot = &mut self.slots[id as usize];
        let mut world = World {
            now,
            plan: &self.plan,
            shared: &mut self.shared,
            out: &mut self.out,
        };
        act(&mut slot.dummy, &mut world);
        self.settle(id);
    }

    /// Sends what a dummy has written, sets its timer, and connects or closes as its phase asks.
    fn settle(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        let mut failed = None;
        if !self.replies.is_empty() || !self.out.is_empty() {
            // Answers of telnet itself go first: the dummy's commands may build on them.
            if !self.replies.is_empty() {
                self.replies.append(&mut self.out);
                std::mem::swap(&mut self.replies, &mut self.out);
            }
            if let Some(connection) = &mut slot.connection {
                self.shared.metrics.window.counters.bytes_out += self.out.len() as u64;
                failed = connection.send(&self.out).err();
            }
            self.out.clear();
        }
        let wake = slot.dummy.wake();
        if wake < slot.armed {
            slot.armed = wake;
            self.wheel.set(id, wake);
        }
        if let Some(problem) = failed {
            return self.lost(id, problem);
        }
        match (slot.dummy.phase(), &mut slot.connection) {
            (Phase::Connecting, None) => self.connect(id),
            (Phase::Resting | Phase::Ended(_) | Phase::Waiting, Some(connection)) => {
                connection.finish();
                slot.connection = None;
            }
            _ => {}
        }
    }

    fn connect(&mut self, id: u32) {
        let number = self.index as u32 + id * self.count as u32;
        let begun = Connection::begin(self.target, source(self.target, &self.sources, number));
        let registered = begun.and_then(|mut connection| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut connection.stream, Token(id as usize), interest)?;
            Ok(connection)
        });
        match registered {
            Ok(connection) => {
                let slot = &mut self.slots[id as usize];
                slot.connection = Some(connection);
                slot.telnet = Telnet::new(Arc::clone(&self.plan.telnet));
            }
            Err(error) => self.lost(id, problem(&error)),
        }
    }

    /// How many dummies of this thread are wanted now.
    fn wanted(&self, now: u64) -> u32 {
        let all = self.slots.len() as u32;
        let wanted = match &self.steered {
            Some(wanted) => Some(wanted.load(Ordering::Relaxed)),
            None => self.plan.scenario.wanted(std::time::Duration::from_nanos(now)),
        };
        match wanted {
            Some(wanted) => (wanted as usize)
                .saturating_sub(self.index)
                .div_ceil(self.count)
                .min(all as usize) as u32,
            None => all,
        }
    }

    /// Are there dummies whose turn may come?
    fn has_waiting(&self, now: u64) -> bool {
        self.obeyed == 0
            && self.begun < self.wanted(now)
            // Who is still logging out comes back only after that.
            && self.slots[self.begun as usize].dummy.phase() != Phase::Leaving
    }

    fn may_begin(&self, now: u64) -> bool {
        self.has_waiting(now)
            && self.begun < self.pace.allowed(now)
            && self.shared.metrics.window.phases.of(Phase::Connecting) < MOST_CONNECTING
    }

    /// Begins connections, or ends those that a ramp wants no more.
    fn begin(&mut self, now: u64) {
        for _ in 0..MOST_BEGUN {
            if !self.may_begin(now) {
                break;
            }
            let id = self.begun;
            self.begun += 1;
            self.act(id, |dummy, world| {
                dummy.stand_by(world);
                dummy.start(world);
            });
        }
        if self.obeyed > 0 {
            return;
        }
        let wanted = self.wanted(now);
        if self.begun > wanted {
            self.shared.leave_by = now + self.grace();
            while self.begun > wanted {
                self.begun -= 1;
                self.act(self.begun, Dummy::stop);
            }
        }
    }

    /// Commands whose time has come, to one dummy after the other.
    fn arrive(&mut self, now: u64) {
        let Some(mut arrivals) = self.arrivals.take() else {
            return;
        };
        let playing = self.shared.metrics.window.phases.of(Phase::Playing);
        while arrivals.next <= now as f64 {
            let intended = (arrivals.next as u64).div_ceil(SLOT) * SLOT;
            if intended > now {
                break;
            }
            arrivals.next += match &mut arrivals.random {
                Some(random) => random.exponential(arrivals.step),
                None => arrivals.step,
            };
            if playing == 0 || self.obeyed > 0 {
                continue;
            }
            for _ in 0..self.slots.len() {
                arrivals.turn = (arrivals.turn + 1) % self.slots.len();
                if self.slots[arrivals.turn].dummy.is_playing() {
                    self.act(arrivals.turn as u32, |dummy, world| dummy.want(world, intended));
                    break;
                }
            }
        }
        self.arrivals = Some(arrivals);
    }

    fn grace(&self) -> u64 {
        self.plan.options.grace.as_nanos() as u64
    }

    fn obey(&mut self, now: u64) {
        let stops = self.orders.stops.load(Ordering::SeqCst);
        if stops > 0 && self.obeyed == 0 {
            self.shared.leave_by = now + self.grace();
            self.all(Dummy::stop);
        }
        if stops > 1 && self.obeyed < 2 {
            self.all(Dummy::abandon);
        }
        self.obeyed = stops;
    }

    pub(super) fn all(&mut self, act: impl Fn(&mut Dummy, &mut World<'_>)) {
        for id in 0..self.slots.len() as u32 {
            self.act(id, &act);
        }
    }

    /// Have all ended, and will none begin again?
    fn is_over(&self, now: u64) -> bool {
        let phases = &self.shared.metrics.window.phases;
        if phases.all_ended() < phases.total() {
            return false;
        }
        let stages_end = self.plan.scenario.stages_end();
        if self.steered.is_some() {
            return self.obeyed > 0;
        }
        self.obeyed > 0 || stages_end.is_none_or(|end| now >= end.as_nanos() as u64)
    }

    /// Gives away what was measured since the last time.
    fn give_window(&mut self) {
        let mut window = Window::default();
        let current = &mut self.shared.metrics.window;
        window.counters = current.counters;
        window.phases = current.phases;
        std::mem::swap(&mut window.lag, &mut current.lag);
        std::mem::swap(&mut window.service, &mut current.service);
        std::mem::swap(&mut window.harness, &mut current.harness);
        std::mem::swap(&mut window.lag_in, &mut current.lag_in);
        std::mem::swap(&mut window.lag_out, &mut current.lag_out);
        // Nobody listens only if the run was given up.
        let _ = self.sender.send(Message::Window(self.index, Box::new(window)));
    }

    fn tell(&mut self) {
        if !self.shared.told.is_empty() {
            let _ = self
                .sender
                .send(Message::Told(std::mem::take(&mut self.shared.told)));
        }
    }
}

impl Slot {
    fn new(plan: &Arc<Plan>, number: u32) -> Slot {
        Slot {
            dummy: Dummy::new(plan, number),
            telnet: Telnet::new(Arc::clone(&plan.telnet)),
            connection: None,
            armed: NEVER,
            received: 0,
            minute: 0,
        }
    }

    /// Does the server send more than any game would?
    fn is_flooded(&mut self, count: u64, now: u64) -> bool {
        let minute = (now / (60 * SECOND)) as u32;
        if minute != self.minute {
            self.minute = minute;
            self.received = 0;
        }
        self.received += count;
        self.received > FLOOD
    }
}
