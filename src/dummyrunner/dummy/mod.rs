//! One dummy as a state machine: it knows no sockets and no clock.
//!
//! The engine tells it what happened and what time it is; it appends what must be sent to `out`, and its phase and
//! [`Dummy::wake`] say what the engine has to do next: connect, close, or come back at some time.
//!
//! Kept true: a dummy is in one phase at any time and every phase has an end; a command is sent only after the
//! dummy knows that it is free, or counted as what it is; each command of a login waits for its own evidence.

mod answer;
mod fill;
mod functions;
mod limits;
mod login;
mod plan;
mod play;
mod tap;
#[cfg(test)]
mod tests;

pub use plan::{Options, Plan, Reconnect};
pub use tap::{Told, What};

use super::metrics::{End, Evidence, Metrics, Phase, Problem};
use super::scenario::{Method, Model};
use super::telnet::{Event, Known, Lines};
use crate::random::Random;
use std::collections::VecDeque;
use std::time::Duration;

/// Length of a slot of the timer wheel, in nanoseconds. Ticks are meant for the start of a slot, so that one wake-up
/// serves all dummies of it.
pub const SLOT: u64 = 1_000_000;
/// No timer.
pub const NEVER: u64 = u64::MAX;

const SECOND: u64 = 1_000_000_000;
const CONNECT_TIMEOUT: u64 = 30 * SECOND;
/// As the original: after so long without a welcome screen it asks for one.
const WELCOME_TIMEOUT: u64 = 30 * SECOND;
const MOST_RETRIES: u8 = 2;
/// A text is over when nothing more came for so long, and no end of message either.
const SETTLED: u64 = SECOND / 10;
const LONGEST_BACKOFF: u64 = 60 * SECOND;
/// Ticks that are left out in a row: a chance of zero must not be drawn for ever.
const MOST_SKIPPED: u32 = 1000;
/// The longest line that is looked at.
const LONGEST_LINE: u32 = 16 << 10;

/// What a dummy needs from outside at each call.
#[derive(Debug)]
pub struct World<'a> {
    /// Nanoseconds since the start of the run.
    pub now: u64,
    /// The run.
    pub plan: &'a Plan,
    /// What the dummies of a thread share.
    pub shared: &'a mut Shared,
    /// What must be sent is appended here.
    pub out: &'a mut Vec<u8>,
}

/// What the dummies of a thread share.
#[derive(Debug, Default)]
pub struct Shared {
    /// What is measured.
    pub metrics: Metrics,
    /// What is told of followed dummies, oldest first.
    pub told: Vec<Told>,
    /// When logouts must be over.
    pub leave_by: u64,
    /// What the helper of a settings file must be asked.
    pub asks: Vec<u8>,
    /// Somebody waits for an answer to these.
    pub is_urgent: bool,
    /// It answers no more.
    pub is_helper_gone: bool,
    /// Did a dummy's echo or ping over GMCP come back?
    echo_works: Option<bool>,
    ping_works: Option<bool>,
    scratch: Vec<u8>,
}

impl Shared {
    /// For the dummies of a thread.
    #[must_use]
    pub fn new(metrics: Metrics) -> Shared {
        Shared {
            metrics,
            leave_by: NEVER,
            ..Shared::default()
        }
    }
}

/// One simulated player.
#[derive(Debug)]
pub struct Dummy {
    random: Random,
    number: u32,
    /// Commands sent.
    istep: u32,
    /// Actions begun.
    actions: u32,
    /// Texts that were new each time.
    counter: u32,
    tick_at: u64,
    interval: u64,
    /// The end of whatever its phase waits for.
    deadline: u64,
    connected_at: u64,
    /// When its login began.
    auth_at: u64,
    pending: Option<Pending>,
    cursor: Cursor,
    phase: Phase,
    method: Method,
    attempts: u16,
    /// The command of the login or logout that runs.
    step: u16,
    retries: u8,
    evidence: Evidence,
    flags: Flags,
    /// What most dummies do not need.
    more: Option<Box<More>>,
}

/// A command whose answer has not come.
#[derive(Clone, Copy, Debug)]
struct Pending {
    intended: u64,
    sent: u64,
    /// The dummy's count of commands when it was sent: its tag.
    step: u32,
    action: u16,
    method: Method,
    /// Lines must be looked at.
    watched: bool,
    /// It was the action's last command.
    last: bool,
    failed: bool,
    /// It asks the original's echo command for times.
    echo: bool,
}

/// Where a dummy is in its action.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// `NONE` between actions.
    action: u16,
    alternative: u16,
    command: u16,
    element: u16,
}

const NONE: u16 = u16::MAX;

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    followed: bool,
    /// GMCP is agreed.
    gmcp: bool,
    /// The server ends its messages with `GA` or `EOR`.
    prompts: bool,
    /// Some text came since the last command of the login or logout, or since the connection.
    answered: bool,
    /// The login is done; the method that finds answers is being tried out.
    trying: bool,
    /// The commands that are sent only once were sent and worked.
    created: bool,
    /// It was in at least once on this connection.
    was_in: bool,
    /// A logout was asked for.
    leaving: bool,
    /// It was drawn that the next tick sends something.
    acts: bool,
}

/// What most dummies do not need.
#[derive(Debug, Default)]
struct More {
    /// Intended times of commands that wait for an answer to another.
    backlog: VecDeque<u64>,
    /// Commands under way beside the pending one, where late ticks are sent at once.
    beside: VecDeque<Pending>,
    lines: Option<Lines>,
    lists: Lists,
    /// When the last text came, for the method quiet.
    last_text: u64,
    /// When a timing mark was asked for; 0: none is under way.
    marked_at: u64,
    given: functions::Given,
}

/// Lists and variables that differ from the scenario's, by number.
#[derive(Debug, Default)]
struct Lists(Vec<(usize, Vec<Box<str>>)>);

impl Dummy {
    /// Dummy number `number`, from 0, which has not begun.
    #[must_use]
    pub fn new(plan: &Plan, number: u32) -> Dummy {
        let mut random = plan.random(number, 0);
        let timestep = plan.scenario.run.timestep;
        let dither = (timestep / 10)
            .min(Duration::from_millis(500))
            .max(timestep / 1000);
        let interval = timestep.saturating_sub(dither.mul_f64(random.unit()));
        Dummy {
            random,
            number,
            istep: 0,
            actions: 0,
            counter: 0,
            tick_at: NEVER,
            interval: nanos(interval).max(1),
            deadline: NEVER,
            connected_at: 0,
            auth_at: 0,
            pending: None,
            cursor: Cursor {
                action: NONE,
                alternative: 0,
                command: 0,
                element: 0,
            },
            phase: Phase::Waiting,
            method: Method::FirstByte,
            attempts: 0,
            step: 0,
            retries: 0,
            evidence: Evidence::None,
            flags: Flags {
                followed: plan.options.traced || plan.options.followed.contains(&number),
                ..Flags::default()
            },
            more: None,
        }
    }

    /// Where it is: a dummy that is connecting needs a connection, one that rests or has ended needs none.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When [`Dummy::timer`] must be called next, or [`NEVER`].
    #[must_use]
    pub fn wake(&self) -> u64 {
        self.tick_at.min(self.deadline)
    }

    /// Begins to connect.
    pub fn start(&mut self, world: &mut World<'_>) {
        self.set_phase(world, Phase::Connecting);
        self.connected_at = world.now;
        self.deadline = world.now + CONNECT_TIMEOUT;
    }

    /// The connection is made.
    pub fn connected(&mut self, world: &mut World<'_>) {
        if self.phase != Phase::Connecting {
            return;
        }
        world.shared.metrics.window.counters.connected += 1;
        world.shared.metrics.window.counters.reconnects += u64::from(self.attempts > 0);
        self.set_phase(world, Phase::Connected);
        self.flags = Flags {
            followed: self.flags.followed,
            created: self.flags.created,
            ..Flags::default()
        };
        self.evidence = Evidence::None;
        self.retries = 0;
        self.tick_at = world.now + (self.random.unit() * self.interval as f64) as u64;
        self.deadline = world.now + WELCOME_TIMEOUT;
        self.introduce(world);
        if !world.plan.scenario.run.welcome {
            self.set_phase(world, Phase::Welcome);
            self.welcomed(world);
        }
    }

    /// The connection could not be made, or is no more.
    pub fn lost(&mut self, world: &mut World<'_>, problem: Problem) {
        match self.phase {
            Phase::Waiting | Phase::Resting | Phase::Ended(_) => {}
            Phase::Connecting => self.fail(world, problem, End::ConnectFailed),
            Phase::Connected | Phase::Welcome | Phase::Authing => self.fail(world, problem, End::LoginFailed),
            Phase::Playing => self.fail(world, problem, End::Lost),
            // The server has read all of it, or it could not have said goodbye.
            Phase::Leaving => self.end_of_leaving(world, true),
        }
    }

    /// Something came from the server.
    pub fn received(&mut self, world: &mut World<'_>, event: Event<'_>) {
        match event {
            Event::Text(text) => self.text(world, text),
            Event::GoAhead | Event::EndOfRecord => self.prompt(world),
            Event::Gmcp { package, json } => self.gmcp(world, package, json),
            Event::Option {
                option: Known::Gmcp,
                on,
                ..
            } => {
                self.flags.gmcp = on;
                self.tell(world, || {
                    What::Telnet(format!("GMCP {}", if on { "agreed" } else { "ended" }))
                });
            }
            Event::TimingMark => self.timing_mark(world),
            Event::CorruptStream => self.lost(world, Problem::Corrupt),
            event => self.tell(world, || What::Telnet(format!("{event:?}"))),
        }
    }

    /// It is `wake` or later.
    pub fn timer(&mut self, world: &mut World<'_>) {
        while self.tick_at <= world.now {
            let at = self.tick_at.div_ceil(SLOT) * SLOT;
            if at > world.now {
                break;
            }
            self.tick_at = self.tick_at.saturating_add(self.interval);
            self.tick(world, at);
        }
        if self.deadline <= world.now {
            self.deadline = NEVER;
            self.expire(world);
        }
    }

    /// Logs out.
    pub fn stop(&mut self, world: &mut World<'_>) {
        self.flags.leaving = true;
        match self.phase {
            Phase::Waiting | Phase::Connecting => self.end(world, End::NeverConnected),
            Phase::Resting => self.end(world, End::Lost),
            Phase::Connected | Phase::Welcome => self.end(world, End::NotIn),
            Phase::Authing | Phase::Playing => self.leave(world),
            Phase::Leaving | Phase::Ended(_) => {}
        }
    }

    /// Ends at once.
    pub fn abandon(&mut self, world: &mut World<'_>) {
        match self.phase {
            Phase::Ended(_) => {}
            Phase::Waiting | Phase::Connecting => self.end(world, End::NeverConnected),
            Phase::Resting => self.end(world, End::Lost),
            _ => self.end(world, End::Aborted),
        }
    }

    /// Stands by again after its turn in a ramp was over.
    pub fn stand_by(&mut self, world: &mut World<'_>) {
        if matches!(self.phase, Phase::Ended(_)) {
            self.set_phase(world, Phase::Waiting);
            self.flags.leaving = false;
        }
    }

    fn tick(&mut self, world: &mut World<'_>, at: u64) {
        match self.phase {
            Phase::Welcome if self.deadline == NEVER => self.pass_gate(world),
            Phase::Playing => {
                let run = &world.plan.scenario.run;
                if run.model != Model::Tick || self.flags.trying {
                    return;
                }
                let chance = run.chance_of_action;
                if std::mem::take(&mut self.flags.acts) || self.random.unit() < chance {
                    self.want(world, at);
                }
                self.skip_idle_ticks(chance);
            }
            _ => {}
        }
    }

    /// Ticks at which nothing will be sent need no wake-up: with few dummies these are most of what we cost.
    fn skip_idle_ticks(&mut self, chance: f64) {
        if self.phase != Phase::Playing {
            return;
        }
        for _ in 0..MOST_SKIPPED {
            self.flags.acts = self.random.unit() < chance;
            if self.flags.acts {
                return;
            }
            self.tick_at = self.tick_at.saturating_add(self.interval);
        }
    }

    /// What the phase waited for did not come.
    fn expire(&mut self, world: &mut World<'_>) {
        match self.phase {
            Phase::Connecting => self.fail(world, Problem::ConnectTimeout, End::ConnectFailed),
            Phase::Connected if self.retries < MOST_RETRIES => {
                self.retries += 1;
                self.deadline = world.now + WELCOME_TIMEOUT;
                self.tell_move(world, What::Retry);
                super::telnet::push_command(world.out, b"look");
            }
            Phase::Connected => self.fail(world, Problem::NoWelcome, End::LoginFailed),
            Phase::Welcome => self.welcomed(world),
            Phase::Authing => self.login_expired(world),
            Phase::Playing => self.play_expired(world),
            Phase::Leaving if self.waits_for_helper() => self.helper_ended(world),
            Phase::Leaving => self.end_of_leaving(world, false),
            Phase::Resting => self.start(world),
            Phase::Waiting | Phase::Ended(_) => {}
        }
    }

    /// Something went wrong that ends this connection.
    fn fail(&mut self, world: &mut World<'_>, problem: Problem, end: End) {
        self.count(world, problem);
        let again = match world.plan.options.reconnect {
            Reconnect::Never => false,
            Reconnect::Always => true,
            Reconnect::Times(times) => u32::from(self.attempts) < times,
        };
        if !again || self.flags.leaving {
            return self.end(world, end);
        }
        self.close(world);
        self.attempts = self.attempts.saturating_add(1);
        self.set_phase(world, Phase::Resting);
        // Full jitter, so that those who were cut off together do not come back together.
        let longest = (SECOND << self.attempts.min(6)).min(LONGEST_BACKOFF);
        self.deadline = world.now + (self.random.unit() * longest as f64) as u64;
    }

    fn end(&mut self, world: &mut World<'_>, end: End) {
        self.close(world);
        self.set_phase(world, Phase::Ended(end));
    }

    /// Forgets what belonged to the connection.
    fn close(&mut self, world: &mut World<'_>) {
        self.cut_off(world);
        self.tick_at = NEVER;
        self.deadline = NEVER;
        self.cursor.action = NONE;
        if let Some(more) = &mut self.more {
            more.lines = None;
            more.marked_at = 0;
        }
    }

    /// Commands that are under way will not be answered.
    fn cut_off(&mut self, world: &mut World<'_>) {
        let mut count = u64::from(self.pending.take().is_some());
        if let Some(more) = &mut self.more {
            count += more.beside.len() as u64;
            more.beside.clear();
            world.shared.metrics.window.counters.ticks_dropped += more.backlog.len() as u64;
            more.backlog.clear();
            let starved = more.given.forget();
            // Where nothing ticks, no tick is lost.
            if world.plan.has_intended_times() {
                world.shared.metrics.window.counters.ticks_dropped += starved as u64;
            }
        }
        world.shared.metrics.window.counters.cut_off += count;
    }

    fn count(&mut self, world: &mut World<'_>, problem: Problem) {
        world.shared.metrics.problem(problem);
        self.tell(world, || What::Problem(problem.text()));
    }

    fn set_phase(&mut self, world: &mut World<'_>, to: Phase) {
        let from = self.phase;
        world.shared.metrics.window.phases.step(from, to);
        self.phase = to;
        self.tell_move(world, What::Phase(from, to));
    }

    /// Of moves more may be told than of anything else.
    fn tell_move(&self, world: &mut World<'_>, what: What) {
        if self.flags.followed || world.plan.options.phases_told {
            self.push_told(world, what);
        }
    }

    #[inline]
    fn tell(&self, world: &mut World<'_>, what: impl FnOnce() -> What) {
        if self.flags.followed {
            self.push_told(world, what());
        }
    }

    fn push_told(&self, world: &mut World<'_>, what: What) {
        world.shared.told.push(Told {
            number: self.number,
            at: world.now,
            istep: self.istep,
            age: world.now.saturating_sub(self.connected_at),
            what,
        });
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER / 2)
}
