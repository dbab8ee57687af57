//! What a run shows while it goes.

use super::super::Failure;
use super::super::output::Output;
use super::capacity::Steering;
use super::files::Files;
use super::record::Recorder;
use super::{Args, Format, holds};
use crate::dummyrunner::capacity::Finding;
use crate::dummyrunner::dummy::{Plan, Told};
use crate::dummyrunner::engine::Observer;
use crate::dummyrunner::metrics::Window;
use crate::dummyrunner::report::history::History;
use crate::dummyrunner::report::live::Live;
use crate::dummyrunner::report::{dialogue, original, span};
use crate::dummyrunner::scenario::Scenario;
use crate::dummyrunner::scenario::condition::{Condition, Metric};
use crate::dummyrunner::settings::Printed;
use crate::process::{Meter, Sample};
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
    steering: Option<Steering>,
    scenario: Scenario,
    dummies: u32,
    original: Option<original::Lines>,
    /// Lines of the block that stands on the terminal.
    block: Option<usize>,
    next_line: Duration,
    /// The reader of our output is gone, or a file cannot be written: the run ends.
    failure: Option<Failure>,
    /// What a settings file prints.
    pub(super) printed: Option<Printed>,
    /// Samples the server.
    pub(super) recorder: Option<Recorder>,
}

/// What was kept of a run that is over.
pub(super) struct Shown {
    pub(super) history: History,
    /// What a search for capacity found.
    pub(super) finding: Option<Finding>,
    /// What sampled the server.
    pub(super) recorder: Option<Recorder>,
}

impl<'a> Show<'a> {
    pub(super) fn new(
        args: &Args,
        plan: &Plan,
        watched: Vec<(String, Meter)>,
        steering: Option<Steering>,
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
            history: History::new(names).with_stages(span::of_stages(&plan.scenario.stages)),
            meters,
            steering,
            scenario: plan.scenario.clone(),
            dummies,
            original: (args.format == Format::Dummyrunner).then(|| original::Lines::new(dummies)),
            block: draws.then_some(0),
            next_line: EVERY,
            failure: None,
            printed: None,
            recorder: None,
        }
    }

    /// All that was kept of the run, or what could not be printed or written.
    pub(super) fn finish(self) -> Result<Shown, Failure> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Shown {
                history: self.history,
                finding: self.steering.map(Steering::finish),
                recorder: self.recorder,
            }),
        }
    }

    /// How many dummies are wanted at this time.
    fn wanted(&self, at: Duration) -> u32 {
        match &self.steering {
            Some(steering) => steering.wanted(),
            None => self.scenario.wanted(at).unwrap_or(self.dummies),
        }
    }

    /// A line in its place above the block, if there is one.
    fn say(&mut self, line: &str) {
        match self.block {
            Some(lines) => {
                self.output.redraw(lines, line);
                self.block = Some(0);
            }
            None => self.output.progress(line),
        }
    }

    /// Steers a search. `false` when it is over.
    fn steer(&mut self, at: Duration, window: &Window, processes: &[Option<Sample>]) -> bool {
        let Some(steering) = &mut self.steering else {
            return true;
        };
        let (line, goes_on) = steering.second(at, window, processes);
        self.live.set_dummies(steering.wanted());
        if let Some(line) = line {
            self.say(&line);
        }
        goes_on
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
        let printed = self.printed.as_ref().map(|printed| printed.take(false));
        if let Some(text) = printed.filter(|text| !text.is_empty()) {
            self.output.lines(&String::from_utf8_lossy(&text), "");
            // The block is drawn anew below it.
            self.block = self.block.map(|_| 0);
        }
        if let Some(lines) = self.block {
            self.live.glance(at, window);
            let mut block = self.live.block();
            if let Some(steering) = &self.steering {
                block = block + "\n         " + &steering.state(at);
            }
            self.block = Some(self.output.redraw(lines, &block));
        }
    }

    fn second(&mut self, at: Duration, window: &Window) -> bool {
        let processes: Vec<_> = self.meters.iter_mut().map(|meter| meter.sample(at)).collect();
        self.history.wanted = self.wanted(at);
        let searches = self.steer(at, window, &processes);
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
        self.failure.is_none() && searches
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
