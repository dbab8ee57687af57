//! What comes from the server: text, ends of messages, GMCP; and which of it answers a command.

use super::super::metrics::Phase;
use super::super::scenario::Method;
use super::super::telnet::{Lines, without_escapes};
use super::plan::ECHO_COMMAND;
use super::{Dummy, LONGEST_LINE, SETTLED, What, World, fill, limits};

impl Dummy {
    pub(super) fn text(&mut self, world: &mut World<'_>, text: &[u8]) {
        match self.phase {
            Phase::Playing => {
                let watched = self.watches();
                if watched {
                    self.lines(world, text);
                } else if limits::may_be_limit(text)
                    && let Some(problem) = limits::recognise(text)
                {
                    self.count(world, problem);
                }
                self.play_text(world);
            }
            Phase::Connected => {
                self.lines_if_followed(world, text);
                // A queue that the server talks about is no welcome screen.
                if let Some(problem) = limits::recognise(text) {
                    self.count(world, problem);
                    return;
                }
                self.set_phase(world, Phase::Welcome);
                self.flags.answered = true;
                self.deadline = world.now + SETTLED;
            }
            Phase::Welcome => {
                self.lines_if_followed(world, text);
                if self.deadline != super::NEVER {
                    self.deadline = world.now + SETTLED;
                }
            }
            Phase::Authing => {
                let step = self.step;
                self.lines(world, text);
                // Lines of this text may have ended the step; what it says belongs to that one then.
                if self.step == step {
                    self.login_text(world);
                }
            }
            Phase::Leaving => self.lines(world, text),
            Phase::Waiting | Phase::Connecting | Phase::Resting | Phase::Ended(_) => {}
        }
    }

    /// Text came while playing.
    fn play_text(&mut self, world: &mut World<'_>) {
        let Some(pending) = self.pending else {
            return;
        };
        match pending.method {
            // What came in lines above may have closed it already and sent the next.
            Method::FirstByte if pending.sent < world.now => self.complete(world, world.now),
            Method::Quiet => {
                self.more().last_text = world.now;
                // The deadline moves with it.
                self.play_expired(world);
            }
            _ => {}
        }
    }

    /// Must lines be made of the text?
    fn watches(&self) -> bool {
        self.flags.followed
            || self.flags.trying
            || matches!(self.method, Method::GmcpEcho | Method::EchoCommand)
            || self.pending.as_ref().is_some_and(|pending| pending.watched)
    }

    fn lines_if_followed(&mut self, world: &mut World<'_>, text: &[u8]) {
        if self.flags.followed {
            self.lines(world, text);
        }
    }

    fn lines(&mut self, world: &mut World<'_>, text: &[u8]) {
        let mut lines = self
            .more()
            .lines
            .take()
            .unwrap_or_else(|| Lines::new(LONGEST_LINE));
        lines.push(text, |line| {
            self.tell(world, || What::Received(line.text.to_vec()));
            self.line(world, line.text);
        });
        // A prompt has no end of line.
        if !lines.partial().text.is_empty() {
            self.line(world, lines.partial().text);
        }
        self.more().lines = Some(lines);
    }

    /// A line, or what there is of one.
    fn line(&mut self, world: &mut World<'_>, line: &[u8]) {
        match self.phase {
            Phase::Authing => self.login_line(world, line),
            Phase::Leaving => self.leave_line(world, line),
            Phase::Playing => self.play_line(world, line),
            _ => {}
        }
    }

    fn play_line(&mut self, world: &mut World<'_>, line: &[u8]) {
        if limits::may_be_limit(line)
            && let Some(problem) = limits::recognise(line)
        {
            self.count(world, problem);
        }
        self.saves_and_failures(world, line);
        if let Some(step) = fill::find_tag(self.number, line) {
            return self.complete_tag(world, step);
        }
        let expected = self.pending.filter(|pending| pending.method == Method::Expect);
        if let Some(pending) = expected {
            let action = &world.plan.scenario.actions[usize::from(pending.action)];
            let plain = without_escapes(line);
            let found = action
                .expect
                .as_ref()
                .is_some_and(|expect| expect.is_in(&String::from_utf8_lossy(&plain)));
            if found || pending.failed {
                self.complete(world, world.now);
            }
        }
    }

    /// What the scenario looks for in the answer to the pending command, beside its end.
    fn saves_and_failures(&mut self, world: &mut World<'_>, line: &[u8]) {
        let plan = world.plan;
        let Some(pending) = self.pending.filter(|pending| pending.watched) else {
            return;
        };
        let action = &plan.scenario.actions[usize::from(pending.action)];
        let plain = without_escapes(line);
        if pending.echo {
            self.echo_times(world, &plain);
        }
        if action.fail.is_none() && action.save.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&plain);
        for (variable, pattern) in &action.save {
            if let Some(value) = pattern.group(&text) {
                self.push_to_list(plan, *variable, value.as_bytes());
            }
        }
        let failed = action.fail.as_ref().is_some_and(|fail| fail.is_in(&text));
        if failed && !pending.failed {
            if let Some(pending) = &mut self.pending {
                pending.failed = true;
            }
            world.shared.metrics.window.counters.failed += 1;
            world.shared.metrics.actions[usize::from(pending.action)].failed += 1;
            self.count(world, super::Problem::Failed);
        }
    }

    /// The original's echo command answers with our time and the server's.
    fn echo_times(&mut self, world: &mut World<'_>, line: &[u8]) {
        let times = memchr::memmem::find(line, ECHO_COMMAND.as_bytes())
            .and_then(|at| std::str::from_utf8(&line[at + ECHO_COMMAND.len()..]).ok())
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.split_once(','))
            .and_then(|(ours, theirs)| {
                Some((
                    ours.trim().parse::<f64>().ok()?,
                    theirs.trim().parse::<f64>().ok()?,
                ))
            });
        let Some((sent, there)) = times else {
            return;
        };
        let now = world.plan.options.epoch + world.now as f64 / 1e9;
        // Clocks of two processes; a negative difference is their error.
        let nanos = |seconds: f64| (seconds.max(0.0) * 1e9) as u64;
        let metrics = &mut world.shared.metrics;
        for lags in [&mut metrics.lag_in, &mut metrics.window.lag_in] {
            lags.record(nanos(there - sent));
        }
        for lags in [&mut metrics.lag_out, &mut metrics.window.lag_out] {
            lags.record(nanos(now - there));
        }
    }

    /// `GA` or `EOR`.
    pub(super) fn prompt(&mut self, world: &mut World<'_>) {
        self.flags.prompts = true;
        self.flush_line(world);
        match self.phase {
            Phase::Welcome if self.deadline != super::NEVER => self.welcomed(world),
            Phase::Authing => self.login_prompt(world),
            Phase::Playing
                if self
                    .pending
                    .is_some_and(|pending| pending.method == Method::Prompt) =>
            {
                self.complete(world, world.now);
            }
            _ => {}
        }
    }

    /// What there is of a line was a prompt.
    fn flush_line(&mut self, world: &mut World<'_>) {
        let Some(mut lines) = self.more.as_mut().and_then(|more| more.lines.take()) else {
            return;
        };
        if !lines.partial().text.is_empty() {
            self.tell(world, || What::Received(lines.partial().text.to_vec()));
        }
        lines.clear();
        self.more().lines = Some(lines);
    }

    pub(super) fn gmcp(&mut self, world: &mut World<'_>, package: &[u8], json: &[u8]) {
        self.tell(world, || {
            What::Telnet(format!(
                "GMCP {} {}",
                String::from_utf8_lossy(package),
                String::from_utf8_lossy(json)
            ))
        });
        if package.eq_ignore_ascii_case(b"Logged.In") || package.eq_ignore_ascii_case(b"logged_in") {
            self.login_is_proven();
        }
        if self.phase != Phase::Playing {
            return;
        }
        if package.eq_ignore_ascii_case(b"Core.Ping") {
            let waits = self
                .pending
                .is_some_and(|pending| pending.method == Method::GmcpPing);
            if waits {
                self.complete(world, world.now);
            } else {
                self.trial_succeeded(world, Method::GmcpPing);
            }
        } else if let Some(step) = fill::find_tag(self.number, json) {
            self.complete_tag(world, step);
        }
    }
}
