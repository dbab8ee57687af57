//! Getting in and out: the gate, the commands of the login, each after the evidence of the one before, and the logout.

use super::super::metrics::{Evidence, Phase, Problem};
use super::super::scenario::Step;
use super::super::telnet::{self, without_escapes};
use super::{Dummy, End, NEVER, SECOND, SETTLED, What, World, limits, nanos};

/// Silence after an answer that did not say what was expected: long enough for a server that thinks between two
/// messages.
const UNEXPECTED_SETTLED: u64 = SECOND;

impl Dummy {
    /// The welcome screen is complete.
    pub(super) fn welcomed(&mut self, world: &mut World<'_>) {
        self.deadline = NEVER;
        if world.plan.scenario.login.is_empty() {
            self.auth_at = world.now;
            self.logged_in(world);
        } else {
            self.pass_gate(world);
        }
    }

    /// As the original: by chance at each tick, or at once while few are logging in.
    pub(super) fn pass_gate(&mut self, world: &mut World<'_>) {
        let authing = world.shared.metrics.window.phases.of(Phase::Authing);
        let chance = world.plan.scenario.run.chance_of_login;
        if self.random.unit() < chance || authing < world.plan.options.logins_at_once {
            self.set_phase(world, Phase::Authing);
            self.auth_at = world.now;
            self.step = 0;
            self.send_step(world);
        }
    }

    /// What is known of the command of the login that runs.
    fn login_step<'p>(&self, plan: &'p super::Plan) -> Option<&'p Step> {
        let at = match plan.functions {
            true => self.given_step(),
            false => Some(self.step.into()),
        };
        plan.scenario.login.get(at?)
    }

    /// A line, or what there is of one, during the login.
    pub(super) fn login_line(&mut self, world: &mut World<'_>, line: &[u8]) {
        let plan = world.plan;
        let Some(step) = self.login_step(plan) else {
            return;
        };
        let plain = without_escapes(line);
        let text = String::from_utf8_lossy(&plain);
        // Of a login that we did not write only the commands that we know can be said to have failed.
        let may_fail = !plan.functions || step.expect.is_some();
        if may_fail && step.fail.as_ref().is_some_and(|fail| fail.is_in(&text)) {
            let problem = limits::recognise(&plain).unwrap_or(Problem::LoginRefused);
            return self.fail(world, problem, End::LoginFailed);
        }
        if step.expect.as_ref().is_some_and(|expect| expect.is_in(&text)) {
            self.evidence = stronger(self.evidence, Evidence::Expect);
            self.note_question(step);
            self.next_step(world);
        }
    }

    /// Text came during the login: the step is over when no more comes, if nothing else ends it.
    pub(super) fn login_text(&mut self, world: &mut World<'_>) {
        if self.phase != Phase::Authing {
            return;
        }
        self.flags.answered = true;
        let step = self.login_step(world.plan);
        match step {
            Some(Step { expect: Some(_), .. }) if world.plan.scenario.strict_login => {}
            // It may be a welcome screen that was asked for again: a server so slow can have others on their way.
            Some(Step { expect: Some(_), .. }) if self.retries > 0 => {}
            Some(Step { expect: Some(_), .. }) => self.deadline = world.now + UNEXPECTED_SETTLED,
            _ => self.deadline = world.now + SETTLED,
        }
    }

    /// The server ended a message during the login.
    pub(super) fn login_prompt(&mut self, world: &mut World<'_>) {
        let step = self.login_step(world.plan);
        if self.flags.answered && step.is_some_and(|step| step.expect.is_none()) {
            self.weaken();
            self.next_step(world);
        }
    }

    /// The server says over GMCP that we are in.
    pub(super) fn login_is_proven(&mut self) {
        self.evidence = Evidence::Gmcp;
    }

    pub(super) fn login_expired(&mut self, world: &mut World<'_>) {
        let step = self.login_step(world.plan);
        let must_match = world.plan.scenario.strict_login && step.is_some_and(|step| step.expect.is_some());
        // A command that is not ours may be one without an answer; the server has answered the one before.
        let may_be_silent = world.plan.functions && self.step > 0;
        if !self.flags.answered && !may_be_silent || must_match {
            return self.fail(world, Problem::LoginTimeout, End::LoginFailed);
        }
        self.weaken();
        self.next_step(world);
    }

    /// This step was taken on weak evidence; what proves the login as a whole stays.
    fn weaken(&mut self) {
        self.evidence = stronger(self.evidence, Evidence::Text);
    }

    fn next_step(&mut self, world: &mut World<'_>) {
        let lag = world.now.saturating_sub(self.sent_at());
        let metrics = &mut world.shared.metrics.login_commands;
        metrics.answered += 1;
        metrics.service.record(lag);
        metrics.response.record(lag);
        self.step += 1;
        self.send_step(world);
    }

    /// Sends the command of this step, or is in.
    fn send_step(&mut self, world: &mut World<'_>) {
        let plan = world.plan;
        if plan.functions {
            return self.send_given_step(world);
        }
        let steps = &plan.scenario.login;
        while self.flags.created && steps.get(usize::from(self.step)).is_some_and(|step| step.once) {
            self.step += 1;
        }
        match steps.get(usize::from(self.step)) {
            Some(step) => {
                self.send_line(world, step);
                self.deadline = world.now + nanos(plan.scenario.lag.timeout);
            }
            None => {
                self.flags.created = true;
                self.logged_in(world);
            }
        }
    }

    fn send_line(&mut self, world: &mut World<'_>, step: &Step) {
        let mut line = std::mem::take(&mut world.shared.scratch);
        line.clear();
        self.fill(world.plan, world.now, &step.send, 0, &mut line);
        self.send_login_line(world, line);
    }

    pub(super) fn send_login_line(&mut self, world: &mut World<'_>, line: Vec<u8>) {
        telnet::push_command(world.out, &line);
        self.istep += 1;
        self.flags.answered = false;
        // A login has no use for a pending command; its time of sending stands here.
        self.set_sent_at(world.now);
        world.shared.metrics.window.counters.login_commands += 1;
        world.shared.metrics.login_commands.sent += 1;
        self.tell(world, || What::Sent(line.clone()));
        world.shared.scratch = line;
    }

    fn sent_at(&self) -> u64 {
        self.more.as_ref().map_or(0, |more| more.last_text)
    }

    fn set_sent_at(&mut self, now: u64) {
        self.more().last_text = now;
    }

    pub(super) fn logged_in(&mut self, world: &mut World<'_>) {
        let metrics = &mut world.shared.metrics;
        metrics.logins.record(world.now.saturating_sub(self.auth_at));
        metrics.window.counters.logins += 1;
        metrics.evidence[self.evidence as usize] += 1;
        self.attempts = 0;
        self.flags.was_in = true;
        self.set_phase(world, Phase::Playing);
        self.begin_play(world);
    }

    /// Logs out: one command after the other, each after an answer to the one before.
    pub(super) fn leave(&mut self, world: &mut World<'_>) {
        self.cut_off(world);
        self.tick_at = NEVER;
        self.set_phase(world, Phase::Leaving);
        self.step = 0;
        self.deadline = world.shared.leave_by;
        match world.plan.scenario.logout.first() {
            Some(_) if world.plan.functions => self.ask_logout(world),
            Some(step) => self.send_line(world, step),
            None => self.end_of_leaving(world, true),
        }
    }

    /// A line during the logout.
    pub(super) fn leave_line(&mut self, world: &mut World<'_>, line: &[u8]) {
        let plan = world.plan;
        if plan.functions {
            return self.given_logout_line(world);
        }
        let step = plan.scenario.logout.get(usize::from(self.step));
        let answers = match step.and_then(|step| step.expect.as_ref()) {
            Some(expect) => expect.is_in(&String::from_utf8_lossy(&without_escapes(line))),
            None => true,
        };
        if !answers {
            return;
        }
        // The last one is answered by the end of the connection; text alone may belong to an earlier command.
        match plan.scenario.logout.get(usize::from(self.step) + 1) {
            Some(next) => {
                self.step += 1;
                self.send_line(world, next);
            }
            None => self.flags.answered = true,
        }
    }

    /// The server closed the connection, or time is up.
    pub(super) fn end_of_leaving(&mut self, world: &mut World<'_>, closed: bool) {
        let end = match (self.flags.was_in, closed || self.flags.answered) {
            (false, _) => End::NotIn,
            (true, true) => End::LoggedOut,
            (true, false) => End::Unconfirmed,
        };
        self.end(world, end);
    }
}

/// The best evidence of a login: what the server says itself, then an expected text, then any text.
fn stronger(so_far: Evidence, step: Evidence) -> Evidence {
    match (so_far, step) {
        (Evidence::Gmcp, _) => Evidence::Gmcp,
        (Evidence::None, step) => step,
        (so_far, Evidence::Expect) => {
            // An expected text proves more than the silence before it.
            if so_far == Evidence::Text {
                Evidence::Expect
            } else {
                so_far
            }
        }
        (so_far, _) => so_far,
    }
}
