//! Playing: which command comes next, when it is sent, and what its answer means.

use super::super::metrics::Problem;
use super::super::scenario::template::Template;
use super::super::scenario::{Action, Late, Method, Model};
use super::super::telnet;
use super::{Cursor, Dummy, NEVER, NONE, Pending, Plan, SECOND, What, World, fill, nanos};

/// Ticks that can wait for an answer to an earlier command.
pub(super) const LONGEST_BACKLOG: usize = 100;
/// An echo or a ping that does not come back in this time is none that the server knows, unless the server is slow.
const TRIAL: u64 = 2 * SECOND;
/// It is as slow as the login was, with so much to spare: others log in at the same time.
const TRIAL_LOGINS: u64 = 4;
/// The step in the tag of a trial: no command ever has it.
const TRIAL_STEP: u32 = u32::MAX;
/// Every so many commands a timing mark is asked for.
const MARK_EVERY: u32 = 16;

/// A command that is to be sent now.
pub(super) struct Due {
    /// Its action.
    pub(super) action: u16,
    /// Is it the last of it?
    pub(super) last: bool,
    /// Does it ask the original's echo command for times?
    pub(super) echo: bool,
    /// Does the server answer it by itself?
    pub(super) is_answered: bool,
}

impl Dummy {
    /// The login is done. Finds out which method can find answers, then plays.
    pub(super) fn begin_play(&mut self, world: &mut World<'_>) {
        self.flags.trying = true;
        let method = world.plan.scenario.lag.method;
        if method != Method::Auto {
            return self.use_method(world, method);
        }
        if !self.flags.gmcp {
            return self.use_best(world);
        }
        match world.shared.echo_works {
            Some(true) => self.use_method(world, Method::GmcpEcho),
            Some(false) => self.try_ping(world),
            None => {
                world.shared.scratch.clear();
                fill::push_tag(self.number, TRIAL_STEP, &mut world.shared.scratch);
                telnet::push_gmcp_echo(world.out, &String::from_utf8_lossy(&world.shared.scratch));
                self.method = Method::GmcpEcho;
                self.deadline = world.now + self.trial_time(world);
            }
        }
    }

    fn try_ping(&mut self, world: &mut World<'_>) {
        match world.shared.ping_works {
            Some(true) => self.use_method(world, Method::GmcpPing),
            Some(false) => self.use_best(world),
            None => {
                telnet::push_gmcp_ping(world.out);
                self.method = Method::GmcpPing;
                self.deadline = world.now + self.trial_time(world);
            }
        }
    }

    /// How long an echo or a ping may take to come back.
    fn trial_time(&self, world: &World<'_>) -> u64 {
        let login = world.now.saturating_sub(self.auth_at);
        let longest = nanos(world.plan.scenario.lag.timeout).max(TRIAL);
        login.saturating_mul(TRIAL_LOGINS).clamp(TRIAL, longest)
    }

    /// What is left where nothing can be asked to come back.
    fn use_best(&mut self, world: &mut World<'_>) {
        let method = if self.flags.prompts {
            Method::Prompt
        } else {
            Method::FirstByte
        };
        self.use_method(world, method);
    }

    /// An echo or ping came back.
    pub(super) fn trial_succeeded(&mut self, world: &mut World<'_>, method: Method) {
        match method {
            Method::GmcpEcho => world.shared.echo_works = Some(true),
            _ => world.shared.ping_works = Some(true),
        }
        if self.flags.trying {
            self.use_method(world, method);
        }
    }

    fn trial_failed(&mut self, world: &mut World<'_>) {
        if self.method == Method::GmcpEcho {
            // One that works outweighs one that does not: a single dummy may just be slow.
            world.shared.echo_works.get_or_insert(false);
            self.try_ping(world);
        } else {
            world.shared.ping_works.get_or_insert(false);
            self.use_best(world);
        }
    }

    /// An echo that was given up may have come back late, or to another dummy.
    fn use_better(&mut self, world: &mut World<'_>) {
        let is_chosen = world.plan.scenario.lag.method == Method::Auto && self.flags.gmcp;
        if is_chosen && self.method != Method::GmcpEcho && world.shared.echo_works == Some(true) {
            let methods = &mut world.shared.metrics.methods;
            methods[self.method as usize] -= 1;
            methods[Method::GmcpEcho as usize] += 1;
            self.method = Method::GmcpEcho;
        }
    }

    fn use_method(&mut self, world: &mut World<'_>, method: Method) {
        self.method = method;
        self.flags.trying = false;
        self.deadline = NEVER;
        world.shared.metrics.methods[method as usize] += 1;
        if world.plan.functions {
            self.ask_next(world);
        }
        match &world.plan.scenario.run.model {
            Model::Closed => self.send_next(world, world.now, Some(world.now)),
            Model::Think(think) => self.deadline = world.now + nanos(think.draw(&mut self.random)),
            Model::Tick | Model::Rate { .. } => {}
        }
    }

    /// A command should be sent now, or should have been at the time that was intended.
    pub fn want(&mut self, world: &mut World<'_>, intended: u64) {
        if self.pending.is_some() {
            match world.plan.scenario.run.late {
                Late::Queue => {
                    let backlog = &mut self.more().backlog;
                    if backlog.len() < LONGEST_BACKLOG {
                        backlog.push_back(intended);
                    } else {
                        world.shared.metrics.window.counters.ticks_dropped += 1;
                    }
                    return;
                }
                Late::Skip => {
                    world.shared.metrics.window.counters.ticks_dropped += 1;
                    return;
                }
                Late::Send => {}
            }
        }
        self.send_next(world, intended, Some(intended));
    }

    /// Can it take a command at all?
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.phase == super::Phase::Playing && !self.flags.trying
    }

    /// Sends the next command; `free_since`: when the dummy could have sent it, had it been there, `None` if only the
    /// answer to another has just made it free.
    pub(super) fn send_next(&mut self, world: &mut World<'_>, intended: u64, free_since: Option<u64>) {
        let plan = world.plan;
        let mut line = std::mem::take(&mut world.shared.scratch);
        line.clear();
        let due = match plan.functions {
            true => self.next_given(world, intended, free_since, &mut line),
            false => self.next_filled(world, &mut line),
        };
        let Some(Due {
            action: at,
            last,
            echo,
            is_answered,
        }) = due
        else {
            world.shared.scratch = line;
            return;
        };
        let action = &plan.scenario.actions[usize::from(at)];
        let now = world.now;
        if let Some(since) = free_since.filter(|_| plan.has_intended_times()) {
            let late = now.saturating_sub(since);
            world.shared.metrics.harness.record(late);
            world.shared.metrics.window.harness.record(late);
        }
        telnet::push_command(world.out, &line);
        self.tell(world, || What::Sent(line.clone()));
        self.use_better(world);
        let method = self.method_of(world, action, is_answered);
        if let Some(method) = method {
            self.push_probe(world, method, &mut line);
        }
        world.shared.scratch = line;
        let counters = &mut world.shared.metrics.window.counters;
        counters.sent += 1;
        world.shared.metrics.actions[usize::from(at)].sent += 1;
        self.ask_for_mark(world);
        let step = self.istep;
        self.istep = step.wrapping_add(1);
        if last && plan.functions {
            self.ask_next(world);
        }
        let Some(method) = method else {
            world.shared.metrics.window.counters.unmeasured += 1;
            if last {
                self.remember(world, at);
            }
            return self.unanswered(world);
        };
        let pending = Pending {
            intended,
            sent: now,
            step,
            action: at,
            method,
            watched: method == Method::Expect || action.fail.is_some() || !action.save.is_empty() || echo,
            last,
            failed: false,
            echo,
        };
        if self.pending.is_none() {
            self.pending = Some(pending);
            self.deadline = now + self.timeout(world, at);
        } else {
            self.more().beside.push_back(pending);
        }
    }

    /// Sent without looking for an answer: in a closed loop nothing would say when to go on.
    pub(super) fn unanswered(&mut self, world: &mut World<'_>) {
        if let Model::Closed | Model::Think(_) = world.plan.scenario.run.model {
            self.deadline = world.now + nanos(world.plan.scenario.run.timestep);
        }
    }

    fn timeout(&self, world: &World<'_>, action: u16) -> u64 {
        let own = world
            .plan
            .scenario
            .actions
            .get(usize::from(action))
            .and_then(|action| action.timeout);
        nanos(own.unwrap_or(world.plan.scenario.lag.timeout))
    }

    /// How the answer of this action is found; `None`: it is not looked for.
    fn method_of(&mut self, world: &World<'_>, action: &Action, is_answered: bool) -> Option<Method> {
        if action.expect.is_some() {
            return Some(Method::Expect);
        }
        if self.method.is_fence() {
            let share = world.plan.probe_share;
            return (share >= 1.0 || self.random.unit() < share).then_some(self.method);
        }
        is_answered.then_some(self.method)
    }

    /// The probe goes into the same write, so that the server reads both together.
    fn push_probe(&mut self, world: &mut World<'_>, method: Method, scratch: &mut Vec<u8>) {
        match method {
            Method::GmcpEcho => {
                scratch.clear();
                fill::push_tag(self.number, self.istep, scratch);
                telnet::push_gmcp_echo(world.out, &String::from_utf8_lossy(scratch));
            }
            Method::GmcpPing => telnet::push_gmcp_ping(world.out),
            Method::EchoCommand => {
                if let Some(probe) = &world.plan.scenario.lag.probe {
                    scratch.clear();
                    self.fill(world.plan, world.now, probe, 0, scratch);
                    telnet::push_command(world.out, scratch);
                }
            }
            _ => {}
        }
    }

    /// Only a server that speaks telnet is asked, and once that it has not answered never again.
    fn ask_for_mark(&mut self, world: &mut World<'_>) {
        if self.flags.gmcp && self.istep.is_multiple_of(MARK_EVERY) {
            let now = world.now;
            let more = self.more();
            if more.marked_at == 0 {
                more.marked_at = now.max(1);
                telnet::push_timing_mark(world.out);
            }
        }
    }

    pub(super) fn timing_mark(&mut self, world: &mut World<'_>) {
        if let Some(more) = self.more.as_mut().filter(|more| more.marked_at > 0) {
            world
                .shared
                .metrics
                .transport
                .record(world.now.saturating_sub(more.marked_at));
            more.marked_at = 0;
        }
    }

    /// The scenario's command that is due; `None` if no action is possible.
    fn next_filled(&mut self, world: &mut World<'_>, line: &mut Vec<u8>) -> Option<Due> {
        let plan = world.plan;
        let (at, last) = self.next_command(world)?;
        let action = &plan.scenario.actions[usize::from(at.action)];
        let template = &action.alternatives[usize::from(at.alternative)][usize::from(at.command)];
        self.fill(plan, world.now, template, usize::from(at.element), line);
        Some(Due {
            action: at.action,
            last,
            echo: plan.echoes[usize::from(at.action)],
            is_answered: action.answer,
        })
    }

    /// Where that command is, and whether it is the last of its action.
    fn next_command(&mut self, world: &mut World<'_>) -> Option<(Cursor, bool)> {
        if self.cursor.action == NONE && !self.pick(world) {
            return None;
        }
        let plan = world.plan;
        let at = self.cursor;
        let commands =
            &plan.scenario.actions[usize::from(at.action)].alternatives[usize::from(at.alternative)];
        let each = commands.get(usize::from(at.command)).and_then(Template::each);
        let elements = each.map_or(1, |list| self.list(plan, list).len());
        if usize::from(at.element) + 1 < elements {
            self.cursor.element += 1;
        } else {
            self.cursor.element = 0;
            self.cursor.command += 1;
        }
        let last = usize::from(self.cursor.command) >= commands.len();
        if last {
            self.cursor.action = NONE;
        }
        Some((at, last))
    }

    /// Draws an action by weight, and the first of its alternatives that can be filled in.
    fn pick(&mut self, world: &mut World<'_>) -> bool {
        let plan = world.plan;
        // An action that is not possible now is drawn again; a scenario may have none that is.
        for _ in 0..50 {
            let Some(action) = self.draw(plan) else {
                return false;
            };
            let known = &plan.scenario.actions[usize::from(action)];
            if known.when.is_some_and(|list| self.list(plan, list).is_empty()) {
                continue;
            }
            let possible = known
                .alternatives
                .iter()
                .position(|commands| commands.iter().all(|template| self.is_possible(plan, template)));
            if let Some(alternative) = possible {
                self.actions = self.actions.wrapping_add(1);
                self.cursor = Cursor {
                    action,
                    alternative: alternative as u16,
                    command: 0,
                    element: 0,
                };
                return true;
            }
        }
        false
    }

    /// Draws an action by weight.
    pub(super) fn draw(&mut self, plan: &Plan) -> Option<u16> {
        let profile = plan.profiles.get(self.number as usize).copied().unwrap_or(0);
        let weights = plan.cumulative.get(usize::from(profile))?;
        let drawn = self.random.unit();
        let found = weights
            .iter()
            .find(|(running, _)| *running > drawn)
            .or(weights.last());
        found.map(|(_, action)| *action)
    }

    /// A command was answered at this time.
    pub(super) fn complete(&mut self, world: &mut World<'_>, at: u64) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        self.record(world, pending, at);
        self.after_answer(world, pending);
    }

    /// A tag came back.
    pub(super) fn complete_tag(&mut self, world: &mut World<'_>, step: u32) {
        if step == TRIAL_STEP {
            return self.trial_succeeded(world, Method::GmcpEcho);
        }
        let pending = self.pending;
        match pending {
            Some(pending) if pending.step == step => self.complete(world, world.now),
            _ => {
                let beside = self.more.as_mut().map(|more| &mut more.beside);
                let found = beside.and_then(|beside| {
                    let at = beside.iter().position(|pending| pending.step == step)?;
                    beside.remove(at)
                });
                match found {
                    Some(pending) => self.record(world, pending, world.now),
                    None => world.shared.metrics.window.counters.late += 1,
                }
            }
        }
    }

    fn record(&mut self, world: &mut World<'_>, pending: Pending, at: u64) {
        let (response, service) = keep(world, pending, at);
        let metrics = &mut world.shared.metrics;
        metrics.window.counters.answered += 1;
        metrics.actions[usize::from(pending.action)].answered += 1;
        self.tell(world, || What::Answered {
            action: Some(pending.action),
            response,
            service,
        });
        if pending.last && !pending.failed {
            self.remember(world, pending.action);
        }
    }

    /// What an action adds to the dummy's lists.
    fn remember(&mut self, world: &mut World<'_>, action: u16) {
        let plan = world.plan;
        for (list, template) in &plan.scenario.actions[usize::from(action)].remember {
            let mut text = Vec::new();
            self.fill(plan, world.now, template, 0, &mut text);
            self.push_to_list(plan, *list, &text);
        }
    }

    /// No answer came in time: counted, and recorded as having taken all that time.
    fn lose(&mut self, world: &mut World<'_>) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let at = pending.sent + self.timeout(world, pending.action);
        keep(world, pending, at);
        let metrics = &mut world.shared.metrics;
        metrics.window.counters.lost += 1;
        metrics.actions[usize::from(pending.action)].lost += 1;
        self.count(world, Problem::Lost);
        self.after_answer(world, pending);
    }

    /// The dummy is free: what comes next, by the model.
    fn after_answer(&mut self, world: &mut World<'_>, done: Pending) {
        let plan = world.plan;
        if let Some(next) = self.more.as_mut().and_then(|more| more.beside.pop_front()) {
            self.deadline = next.sent + self.timeout(world, next.action);
            self.pending = Some(next);
            return;
        }
        self.deadline = NEVER;
        match &plan.scenario.run.model {
            Model::Closed => match &plan.scenario.actions[usize::from(done.action)].think {
                Some(think) => self.deadline = world.now + nanos(think.draw(&mut self.random)),
                None => self.send_next(world, world.now, Some(world.now)),
            },
            Model::Think(think) => {
                let think = plan.scenario.actions[usize::from(done.action)]
                    .think
                    .as_ref()
                    .unwrap_or(think);
                self.deadline = world.now + nanos(think.draw(&mut self.random));
            }
            Model::Tick | Model::Rate { .. } => {
                while self.pending.is_none() {
                    let next = self.more.as_mut().and_then(|more| more.backlog.pop_front());
                    let Some(intended) = next else {
                        return;
                    };
                    self.send_next(world, intended, None);
                }
            }
        }
    }

    /// The deadline of whatever playing waits for.
    pub(super) fn play_expired(&mut self, world: &mut World<'_>) {
        if self.flags.trying {
            return self.trial_failed(world);
        }
        let Some(pending) = self.pending else {
            // It has thought enough.
            return self.send_next(world, world.now, Some(world.now));
        };
        let lost_at = pending.sent + self.timeout(world, pending.action);
        let quiet_at = self.quiet_at(world, pending);
        if quiet_at.is_some_and(|(_, end)| world.now >= end) {
            let at = quiet_at.map_or(world.now, |(last, _)| last);
            self.complete(world, at);
        } else if world.now >= lost_at {
            self.lose(world);
        } else {
            self.deadline = quiet_at.map_or(lost_at, |(_, end)| end.min(lost_at));
        }
    }

    /// When the last text came that may answer a command of the method quiet, and when the silence after it will have
    /// been long enough.
    fn quiet_at(&self, world: &World<'_>, pending: Pending) -> Option<(u64, u64)> {
        let last = self.more.as_ref().map(|more| more.last_text)?;
        let answers = pending.method == Method::Quiet && last >= pending.sent;
        answers.then(|| (last, last.saturating_add(nanos(world.plan.scenario.lag.quiet))))
    }
}

/// Records the lags of a command that ended at this time. Returns them: from when it was intended, and from when it was
/// sent.
fn keep(world: &mut World<'_>, pending: Pending, at: u64) -> (u64, u64) {
    let response = at.saturating_sub(pending.intended);
    let service = at.saturating_sub(pending.sent);
    let intended = world.plan.has_intended_times();
    let metrics = &mut world.shared.metrics;
    let lag = if intended { response } else { service };
    metrics.window.lag.record(lag);
    metrics.window.service.record(service);
    let action = &mut metrics.actions[usize::from(pending.action)];
    action.service.record(service);
    if intended {
        action.response.record(response);
    }
    (response, service)
}
