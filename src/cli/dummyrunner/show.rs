//! What a run shows while it goes.

use super::super::Failure;
use super::super::output::Output;
use super::files::Files;
use super::record::Recorder;
use super::{Args, Format, holds};
use crate::dummyrunner::dummy::{Plan, Told};
use crate::dummyrunner::engine::Observer;
use crate::dummyrunner::metrics::Window;
use crate::dummyrunner::report::history::History;
use crate::dummyrunner::report::live::Live;
use crate::dummyrunner::report::{dialogue, original};
use crate::dummyrunner::scenario::condition::{Condition, Metric};
use crate::process::Meter;
use std::io::IsTerminal as _;
use std::time::Duration;

/// As often as the original.
const EVERY: Duration = Duration::from_secs(30);

/// Prints, and keeps what files will hold.
pub(super) struct Show<'a> {
    output: &'a mut Output,
    files: &'a mut Files,
    names: Vec<String>,
    followed: Vec<u32>,
    verbose: bool,
    until: Option<Condition>,
    /// Thresholds that end the run once they were failed for so long, and since when they are.
    abort: Option<(Vec<Condition>, Duration)>,
    failed_since: Option<Duration>,
    live: Live,
    history: History,
    /// Of the processes that the history names.
    meters: Vec<Meter>,
    original: Option<original::Lines>,
    /// Lines of the block that stands on the terminal.
    block: Option<usize>,
    next_line: Duration,
    /// The reader of our output is gone, or a file cannot be written: the run ends.
    failure: Option<Failure>,
    recorder: Option<Recorder>,
}

impl<'a> Show<'a> {
    pub(super) fn new(
        args: &Args,
        plan: &Plan,
        watched: Vec<(String, Meter)>,
        recorder: Option<Recorder>,
        files: &'a mut Files,
        output: &'a mut Output,
    ) -> Show<'a> {
        let follows = !plan.options.followed.is_empty();
        let draws = std::io::stderr().is_terminal() && !follows && args.format != Format::Dummyrunner;
        let dummies = plan.options.dummies;
        let actions = plan.scenario.actions.iter();
        let (names, mut meters): (Vec<String>, Vec<Meter>) = watched.into_iter().unzip();
        for meter in &mut meters {
            // What was used before the run is none of its cost.
            meter.sample(Duration::ZERO);
        }
        Show {
            output,
            files,
            names: actions.map(|action| action.name.clone()).collect(),
            followed: plan.options.followed.clone(),
            verbose: args.verbose,
            until: args.until.clone(),
            abort: plan
                .scenario
                .abort_after
                .map(|time| (plan.scenario.thresholds.clone(), time)),
            failed_since: None,
            live: Live::new(dummies, names.clone()),
            history: History::new(names),
            meters,
            original: (args.format == Format::Dummyrunner).then(|| original::Lines::new(dummies)),
            block: draws.then_some(0),
            next_line: EVERY,
            failure: None,
            recorder,
        }
    }

    /// All seconds, and what sampled the server; or what could not be printed or written.
    pub(super) fn finish(self) -> Result<(History, Option<Recorder>), Failure> {
        self.failure.map_or(Ok((self.history, self.recorder)), Err)
    }

    fn print(&mut self, text: &str) {
        let raw = self.output.raw();
        if let Err(error) = raw.write_all(text.as_bytes()).and_then(|()| raw.flush()) {
            self.failure.get_or_insert(error.into());
        }
    }

    /// Have thresholds been failed for as long as the scenario allows?
    fn aborts(&mut self, at: Duration) -> bool {
        let Some((thresholds, allowed)) = &self.abort else {
            return false;
        };
        let lag = self.live.lag();
        let fails = |condition: &Condition| {
            matches!(condition.metric, Metric::Time(..)) && !lag.is_empty() && !holds(condition, &lag)
        };
        if !thresholds.iter().any(fails) {
            self.failed_since = None;
            return false;
        }
        let since = *self.failed_since.get_or_insert(at);
        at.saturating_sub(since) >= *allowed
    }
}

impl Observer for Show<'_> {
    fn glance(&mut self, at: Duration, window: &Window) {
        if let Some(recorder) = &mut self.recorder {
            recorder.look(at, &window.phases);
        }
        if let Some(lines) = self.block {
            self.live.glance(at, window);
            self.block = Some(self.output.redraw(lines, &self.live.block()));
        }
    }

    fn second(&mut self, at: Duration, window: &Window) -> bool {
        let processes: Vec<_> = self.meters.iter_mut().map(|meter| meter.sample(at)).collect();
        self.live.add(at, window, &processes);
        self.history.add(at, window, processes);
        if let Some(text) = self.original.as_mut().and_then(|lines| lines.second(at, window)) {
            self.print(&text);
        }
        if at >= self.next_line && self.block.is_none() && self.original.is_none() {
            self.next_line += EVERY;
            self.output.progress(&self.live.line());
        }
        if self.aborts(at) {
            self.output.report(
                "failed",
                "a threshold was failed for as long as abort_after allows: the run ends",
            );
            return false;
        }
        if let Some(until) = &self.until
            && holds(until, &self.live.lag())
        {
            self.output.progress(&format!(
                "{until} holds after {:.0} s: the run ends",
                at.as_secs_f64()
            ));
            return false;
        }
        self.failure.is_none()
    }

    fn told(&mut self, told: &[Told]) {
        let several = self.followed.len() > 1;
        for told in told {
            let names = &self.names;
            if let Err(failure) = self.files.trace(|| dialogue::trace(told, names)) {
                self.failure.get_or_insert(failure);
            }
            let line = match &mut self.original {
                Some(lines) => lines.told(told).map(|line| line + "\n"),
                None if self.followed.contains(&told.number) => {
                    dialogue::line(told, &self.names, self.verbose, several)
                }
                None => None,
            };
            if let Some(line) = line {
                self.print(&line);
            }
        }
    }
}
