//! Commands that the functions of a settings file give: asked for as soon as those before are sent, so that they are
//! there when they are due.

use super::super::metrics::{End, Problem};
use super::super::scenario::{Model, Step};
use super::super::settings::protocol::{self, Commands, Failed};
use super::super::settings::{FIRST_ACTION, LOGIN, LOGOUT};
use super::plan::{ECHO_COMMAND, Plan};
use super::play::{Due, LONGEST_BACKLOG};
use super::{Dummy, Phase, SECOND, World, nanos};
use std::collections::VecDeque;

/// Sent at the end when no function says what to send.
const QUIT: &str = "quit";
/// Ticks that are so far apart leave time to ask for many dummies at once.
const LONG_INTERVAL: u64 = SECOND / 20;
/// What fills the place of the time in the original's echo command.
const TIMESTAMP: &[u8] = b"{timestamp}";

/// What functions gave a dummy, and what it asked.
#[derive(Debug, Default)]
pub(super) struct Given {
    commands: Commands,
    /// The function that they are of, or that was asked.
    function: u32,
    /// Counts what was asked, so that an answer that comes too late is known.
    ask: u32,
    is_asked: bool,
    /// The answer held nothing: the next tick passes.
    is_idle: bool,
    /// The command of the login that runs was answered by a question.
    is_questioned: bool,
    /// The login's step that the command that runs is like.
    like: usize,
    /// Intended times of commands that wait for the function, and since when.
    starved: VecDeque<(u64, u64)>,
}

impl Given {
    /// The connection is no more, or the dummy leaves. Returns how many ticks waited.
    pub(super) fn forget(&mut self) -> usize {
        let dropped = self.starved.len();
        let ask = self.ask;
        *self = Given {
            ask,
            ..Given::default()
        };
        dropped
    }
}

impl Dummy {
    /// Tells the helper of a new connection.
    pub(super) fn introduce(&mut self, world: &mut World<'_>) {
        if world.plan.functions {
            protocol::push_connected(&mut world.shared.asks, self.number);
        }
    }

    /// Asks for a call of a function.
    pub(super) fn ask(&mut self, world: &mut World<'_>, function: u32) {
        let (number, istep) = (self.number, self.istep);
        // An action is not needed before the next tick; most ticks are far apart.
        let may_wait = world.plan.scenario.run.model == Model::Tick && self.interval > LONG_INTERVAL;
        world.shared.is_urgent |= function < FIRST_ACTION || !may_wait;
        let given = &mut self.more().given;
        given.ask = given.ask.wrapping_add(1);
        given.is_asked = true;
        given.function = function;
        given.commands = Commands::default();
        if world.shared.is_helper_gone {
            self.helper_ended(world);
        } else {
            protocol::push_call(&mut world.shared.asks, number, given.ask, function, istep);
        }
    }

    /// Asks for what comes next.
    pub(super) fn ask_next(&mut self, world: &mut World<'_>) {
        if let Some(action) = self.draw(world.plan) {
            self.ask(world, FIRST_ACTION + u32::from(action));
        }
    }

    /// A function was called: what came of the call that was asked for under this number.
    pub fn answered(&mut self, world: &mut World<'_>, ask: u32, result: Result<Commands, Failed>) {
        let phase = self.phase;
        let given = &mut self.more().given;
        if !given.is_asked || given.ask != ask {
            return;
        }
        given.is_asked = false;
        match (phase, given.function) {
            (Phase::Authing, LOGIN) => self.login_given(world, result),
            (Phase::Playing, FIRST_ACTION..) => self.action_given(world, result),
            (Phase::Leaving, LOGOUT) => {
                self.deadline = world.shared.leave_by;
                self.logout_given(world, result);
            }
            _ => {}
        }
    }

    /// Asks for the logout. A helper that takes too long must leave time to log out without it.
    pub(super) fn ask_logout(&mut self, world: &mut World<'_>) {
        self.deadline = world.now + world.shared.leave_by.saturating_sub(world.now) / 2;
        self.ask(world, LOGOUT);
    }

    /// Does it wait for an answer of the helper?
    pub(super) fn waits_for_helper(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.given.is_asked)
    }

    /// No function will be called any more.
    pub fn helper_ended(&mut self, world: &mut World<'_>) {
        if self.phase == Phase::Leaving && self.waits_for_helper() {
            self.more().given.is_asked = false;
            self.deadline = world.shared.leave_by;
            self.send_logout(world, Commands::one(QUIT));
        }
    }

    /// The next command that was given; if there is none, the tick waits for the function.
    pub(super) fn next_given(
        &mut self,
        world: &mut World<'_>,
        intended: u64,
        free_since: Option<u64>,
        line: &mut Vec<u8>,
    ) -> Option<Due> {
        let now = world.now;
        let given = &mut self.more().given;
        if let Some(command) = given.commands.first() {
            let echo = push_filled(world.plan, now, command, line);
            given.commands.advance();
            return Some(Due {
                action: given.function.saturating_sub(FIRST_ACTION) as u16,
                last: given.commands.is_empty(),
                echo,
                is_answered: !is_silent(line),
            });
        }
        if std::mem::take(&mut given.is_idle) {
            self.ask_next(world);
            self.unanswered(world);
        } else if given.starved.len() < LONGEST_BACKLOG {
            world.shared.is_urgent = true;
            given.starved.push_back((intended, free_since.unwrap_or(now)));
        } else {
            world.shared.metrics.window.counters.ticks_dropped += 1;
        }
        None
    }

    fn action_given(&mut self, world: &mut World<'_>, result: Result<Commands, Failed>) {
        let result = self.checked(world, result);
        let given = &mut self.more().given;
        let Some(commands) = result else {
            // A tick that waited has passed with nothing; else the next one will.
            match given.starved.pop_front() {
                Some(_) => {
                    self.ask_next(world);
                    self.unanswered(world);
                }
                None => given.is_idle = true,
            }
            return;
        };
        given.commands = commands;
        let starved = std::mem::take(&mut given.starved);
        self.actions = self.actions.wrapping_add(1);
        for (intended, since) in starved {
            if self.pending.is_none() && !self.more().given.commands.is_empty() {
                self.send_next(world, intended, Some(since));
            } else {
                self.want(world, intended);
            }
        }
    }

    fn login_given(&mut self, world: &mut World<'_>, result: Result<Commands, Failed>) {
        match result {
            Err(Failed) => self.fail(world, Problem::Function, End::LoginFailed),
            Ok(commands) => {
                if commands.is_empty() {
                    self.count(world, Problem::NoCommands);
                }
                self.more().given.commands = commands;
                self.send_given_command(world);
            }
        }
    }

    /// The login begins, or goes on.
    pub(super) fn send_given_step(&mut self, world: &mut World<'_>) {
        if self.step == 0 {
            self.deadline = world.now + nanos(world.plan.scenario.lag.timeout);
            return self.ask(world, LOGIN);
        }
        self.send_given_command(world);
    }

    fn send_given_command(&mut self, world: &mut World<'_>) {
        let plan = world.plan;
        let mut line = std::mem::take(&mut world.shared.scratch);
        line.clear();
        let given = &mut self.more().given;
        let is_questioned = std::mem::take(&mut given.is_questioned);
        let Some(command) = given.commands.first() else {
            world.shared.scratch = line;
            return self.logged_in(world);
        };
        if is_questioned && !is_answer(command) {
            line.extend_from_slice(b"yes");
        } else {
            push_filled(plan, world.now, command, &mut line);
            given.commands.advance();
        }
        given.like = like(plan, &line);
        self.send_login_line(world, line);
        self.deadline = world.now + nanos(plan.scenario.lag.timeout);
    }

    /// The number of the login's step that is like the command that runs.
    pub(super) fn given_step(&self) -> Option<usize> {
        self.more.as_ref().map(|more| more.given.like)
    }

    /// The step was answered as expected; is that a question that its next command must answer?
    pub(super) fn note_question(&mut self, step: &Step) {
        if first_word(step.send.source().as_bytes()) == b"create" {
            self.more().given.is_questioned = true;
        }
    }

    fn logout_given(&mut self, world: &mut World<'_>, result: Result<Commands, Failed>) {
        match result {
            Err(Failed) => {
                self.count(world, Problem::Function);
                self.send_logout(world, Commands::one(QUIT));
            }
            Ok(commands) if commands.is_empty() => {
                self.count(world, Problem::NoCommands);
                self.end_of_leaving(world, true);
            }
            Ok(commands) => self.send_logout(world, commands),
        }
    }

    fn send_logout(&mut self, world: &mut World<'_>, commands: Commands) {
        self.more().given.commands = commands;
        self.send_logout_command(world);
    }

    fn send_logout_command(&mut self, world: &mut World<'_>) {
        let mut line = std::mem::take(&mut world.shared.scratch);
        line.clear();
        let given = &mut self.more().given;
        if let Some(command) = given.commands.first() {
            push_filled(world.plan, world.now, command, &mut line);
            given.commands.advance();
        }
        self.send_login_line(world, line);
    }

    /// A line during the logout: the next command may go, and the last one is answered.
    pub(super) fn given_logout_line(&mut self, world: &mut World<'_>) {
        let given = &self.more().given;
        if given.is_asked {
            return;
        }
        match given.commands.is_empty() {
            true => self.flags.answered = true,
            false => self.send_logout_command(world),
        }
    }

    /// The commands of an action, if there are any; else that is counted.
    fn checked(&mut self, world: &mut World<'_>, result: Result<Commands, Failed>) -> Option<Commands> {
        match result {
            Ok(commands) if !commands.is_empty() => return Some(commands),
            Ok(_) => self.count(world, Problem::NoCommands),
            Err(Failed) => self.count(world, Problem::Function),
        }
        None
    }
}

/// Appends a command, with the time filled in where the original does so. Is it one that asks for times?
fn push_filled(plan: &Plan, now: u64, command: &[u8], out: &mut Vec<u8>) -> bool {
    let place = command
        .starts_with(ECHO_COMMAND.as_bytes())
        .then(|| memchr::memmem::find(command, TIMESTAMP))
        .flatten();
    let Some(at) = place else {
        out.extend_from_slice(command);
        return false;
    };
    out.extend_from_slice(&command[..at]);
    out.extend_from_slice(format!("{:.6}", plan.options.epoch + now as f64 / 1e9).as_bytes());
    out.extend_from_slice(&command[at + TIMESTAMP.len()..]);
    true
}

/// Evennia answers it with nothing.
fn is_silent(command: &[u8]) -> bool {
    first_word(command) == b"idle"
}

/// Does it answer a question that can be answered by yes?
fn is_answer(command: &[u8]) -> bool {
    let answers: [&[u8]; 6] = [b"y", b"yes", b"n", b"no", b"a", b"abort"];
    answers.contains(&command.trim_ascii().to_ascii_lowercase().as_slice())
}

/// The step of the scenario's login that is most like a command: the one of the same word, else one that expects nothing.
fn like(plan: &Plan, command: &[u8]) -> usize {
    let steps = &plan.scenario.login;
    let same = |step: &Step| first_word(step.send.source().as_bytes()) == first_word(command);
    steps
        .iter()
        .position(same)
        .or_else(|| steps.iter().position(|step| step.expect.is_none()))
        .unwrap_or(usize::MAX)
}

fn first_word(command: &[u8]) -> &[u8] {
    let mut words = command.trim_ascii_start().split(|&byte| byte == b' ');
    words.next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
