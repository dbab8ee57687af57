//! `--find-capacity`: what is searched, and how it is steered and told.

use super::super::Failure;
use super::Args;
use crate::dummyrunner::capacity::{self, Capacity, Finding, Held, Settings};
use crate::dummyrunner::metrics::Window;
use crate::dummyrunner::report::capacity::level_line;
use crate::dummyrunner::scenario::condition::{Condition, Metric};
use crate::dummyrunner::scenario::{Model, Scenario, duration};
use crate::process::Sample;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How the search goes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Search for capacity")]
pub(super) struct Options {
    /// Find how many players the server holds so that this holds, such as 'lag.p95 < 500ms'; begins with N dummies,
    /// or 10
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse, conflicts_with = "until")]
    find_capacity: Option<Condition>,

    /// No level of the search has more dummies
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), default_value_t = 20_000,
        requires = "find_capacity")]
    max_dummies: u32,

    /// How long the server settles before a level of the search is measured
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "5s", requires = "find_capacity")]
    settle: Duration,

    /// Length of a window; a level takes two to twelve of them
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "5s", requires = "find_capacity")]
    window: Duration,

    /// Levels measured again around the edge
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000), default_value_t = 8,
        requires = "find_capacity")]
    repeats: u32,
}

/// Dummies of the first level.
const FIRST: u32 = 10;
/// Windows of a level at most.
const WINDOWS: u32 = 12;
/// Without a login for so long a level has failed.
const LOGIN: Duration = Duration::from_secs(30);
/// A search has an end.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

fn seconds(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text)?;
    let fits = time >= Duration::from_secs(1) && time <= Duration::from_secs(600);
    if fits {
        Ok(time)
    } else {
        Err("it is 1s to 10m".into())
    }
}

impl Options {
    /// Is a search asked for?
    pub(super) fn is_wanted(&self) -> bool {
        self.find_capacity.is_some()
    }

    /// The most dummies that there may be, as far as the system allows, and no fewer than the first level has.
    pub(super) fn most(&self, first: Option<u32>, descriptors: u64) -> u32 {
        let allowed = u32::try_from(descriptors).unwrap_or(u32::MAX);
        self.max_dummies.min(allowed).max(first.unwrap_or(1))
    }
}

/// A search that steers a run.
pub(super) struct Steering {
    capacity: Capacity,
    wanted: Arc<AtomicU32>,
}

impl Steering {
    /// What the arguments ask for, with the names of the watched processes; `None` without a search.
    pub(super) fn new(
        args: &Args,
        scenario: &Scenario,
        most: u32,
        watched: &[String],
    ) -> Result<Option<Steering>, Failure> {
        let Some(condition) = &args.search.find_capacity else {
            return Ok(None);
        };
        let cannot = |why: &str| Failure::usage(format!("cannot search with `{condition}`: {why}"));
        capacity::check(condition)
            .map_err(|why| cannot(&why).hint(Some("such as --find-capacity 'lag.p95 < 500ms'")))?;
        if !scenario.stages.is_empty() {
            return Err(
                Failure::usage("the scenario has stages, and a search makes its own")
                    .hint(Some("leave out [[stage]], or --find-capacity")),
            );
        }
        if matches!(scenario.run.model, Model::Rate { .. }) {
            return Err(Failure::usage(
                "with a given rate the number of dummies changes nothing: there is no capacity to find",
            )
            .hint(Some("--model tick, as players are, or --model think")));
        }
        let server = watched.iter().position(|name| name == "server");
        if condition.metric == Metric::ServerCpu && server.is_none() {
            return Err(cannot("the server's process is not watched").hint(Some("name it with --server-pid")));
        }
        let capacity = Capacity::new(Settings {
            condition: condition.clone(),
            first: args.dummies.unwrap_or(FIRST),
            most,
            settle: args.search.settle,
            window: args.search.window,
            windows: WINDOWS,
            login: LOGIN,
            repeats: args.search.repeats,
            server,
        });
        let wanted = Arc::new(AtomicU32::new(capacity.wanted()));
        Ok(Some(Steering { capacity, wanted }))
    }

    /// What the run looks at.
    pub(super) fn shared(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.wanted)
    }

    /// How many are wanted now.
    pub(super) fn wanted(&self) -> u32 {
        self.capacity.wanted()
    }

    /// A second is over. Returns what there is to tell, and whether the search goes on.
    pub(super) fn second(
        &mut self,
        at: Duration,
        window: &Window,
        processes: &[Option<Sample>],
    ) -> (Option<String>, bool) {
        let tried = self.capacity.second(at, window, processes).cloned();
        self.wanted.store(self.capacity.wanted(), Ordering::Relaxed);
        (
            tried.map(|tried| level_line(&tried, self.capacity.condition())),
            self.capacity.end().is_none(),
        )
    }

    /// Where it is.
    pub(super) fn state(&self, at: Duration) -> String {
        self.capacity.state(at)
    }

    pub(super) fn finish(self) -> Finding {
        self.capacity.finish()
    }
}

/// Is there a number that the server holds?
pub(super) fn is_found(finding: &Finding) -> bool {
    matches!(finding.held, Held::Found(_) | Held::AtLeast(_))
}
