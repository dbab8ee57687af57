//! A run, ready to be played: the scenario and all that is worked out of it once for all dummies.

use super::super::scenario::template::{Part, Template};
use super::super::scenario::{Lag, Method, Model, Scenario};
use super::super::telnet::{Client, Known, Settings};
use crate::random::Random;
use std::sync::Arc;
use std::time::Duration;

/// What the command line says of a run, beside the scenario.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many dummies.
    pub dummies: u32,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Which client they look like.
    pub client: Client,
    /// What happens after a lost connection.
    pub reconnect: Reconnect,
    /// How long logouts may take.
    pub grace: Duration,
    /// Whose dialogue is told: numbers from 0.
    pub followed: Vec<u32>,
    /// Is all of it told, of all?
    pub traced: bool,
    /// Is at least told of all how they move on?
    pub phases_told: bool,
    /// When the run begins, as `YYYYmmddHHMMSS`: part of names.
    pub stamp: String,
    /// The same moment in seconds since 1970.
    pub epoch: f64,
    /// How many dummies of a thread may be logging in at once, whatever the chance says.
    pub logins_at_once: u32,
}

/// What happens after a lost connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// The dummy is done.
    Never,
    /// It connects again.
    Always,
    /// So many times in a row.
    Times(u32),
}

/// A run, ready to be played.
#[derive(Debug)]
pub struct Plan {
    /// What dummies do.
    pub scenario: Scenario,
    /// What else was asked for.
    pub options: Options,
    /// How their end of telnet behaves.
    pub telnet: Arc<Settings>,
    /// The profile of each dummy.
    pub(super) profiles: Vec<u16>,
    /// For each profile its actions with the running total of their weights, which ends at 1.
    pub(super) cumulative: Vec<Vec<(f64, u16)>>,
    /// For each action: does one of its commands ask the original's echo command for times?
    pub(super) echoes: Vec<bool>,
    /// The share of commands that get a probe.
    pub(super) probe_share: f64,
    /// Do the functions of a settings file give the commands?
    pub(super) functions: bool,
}

/// The original's command that answers with the time.
pub(super) const ECHO_COMMAND: &str = "dummyrunner_echo_response";
/// Below so many dummies every command gets a probe.
const FEW: u32 = 200;
const SHARE_OF_MANY: f64 = 0.1;

impl Plan {
    /// Works out a run.
    #[must_use]
    pub fn new(scenario: Scenario, options: Options) -> Plan {
        let cumulative = scenario.profiles.iter().map(|profile| {
            let sum: f64 = profile.weights.iter().map(|(_, weight)| weight).sum();
            let mut running = 0.0;
            let weights = profile.weights.iter().map(|(action, weight)| {
                running += weight / sum;
                (running, *action as u16)
            });
            weights.collect()
        });
        let asks = |template: &Template| {
            template.source().starts_with(ECHO_COMMAND) && template.parts().contains(&Part::Timestamp)
        };
        let echoes = scenario
            .actions
            .iter()
            .map(|action| action.alternatives.iter().flatten().any(asks));
        Plan {
            cumulative: cumulative.collect(),
            echoes: echoes.collect(),
            profiles: scenario.profiles_of(options.dummies),
            probe_share: probe_share(&scenario, options.dummies),
            telnet: Arc::new(settings(options.client, &scenario.lag)),
            functions: false,
            scenario,
            options,
        }
    }

    /// The run with commands that the functions of a settings file give; the scenario is
    /// [that of the file](crate::dummyrunner::settings::Settings::scenario).
    #[must_use]
    pub fn with_functions(mut self) -> Plan {
        self.functions = true;
        self
    }

    /// Do the functions of a settings file give the commands?
    #[must_use]
    pub fn has_functions(&self) -> bool {
        self.functions
    }

    /// Does the model know when a command should have been sent?
    #[must_use]
    pub fn has_intended_times(&self) -> bool {
        matches!(self.scenario.run.model, Model::Tick | Model::Rate { .. })
    }

    /// The generator of a dummy; `purpose` keeps its draws for different things apart.
    pub(super) fn random(&self, number: u32, purpose: u64) -> Random {
        Random::stream(self.options.seed, u64::from(number) | purpose << 32)
    }
}

/// A dummy that waits for its answer needs to know it, so only where nothing waits may probes be few.
fn probe_share(scenario: &Scenario, dummies: u32) -> f64 {
    match (&scenario.run.model, scenario.lag.probe_share) {
        (Model::Closed | Model::Think(_), _) => 1.0,
        (_, Some(share)) => share,
        (_, None) if dummies < FEW => 1.0,
        (_, None) => SHARE_OF_MANY,
    }
}

/// A client that answers nothing of itself agrees to what the measuring of lag needs.
fn settings(client: Client, lag: &Lag) -> Settings {
    let settings = Settings::client(client);
    if client != Client::Evennia {
        return settings;
    }
    let settings = match lag.method {
        Method::Auto | Method::GmcpEcho | Method::GmcpPing => settings.accepting(Known::Gmcp),
        _ => settings,
    };
    match lag.method {
        // Without this Evennia sends no end of its messages.
        Method::Auto | Method::Prompt => settings
            .refusing(Known::SuppressGoAhead)
            .accepting(Known::EndOfRecord),
        _ => settings,
    }
}
