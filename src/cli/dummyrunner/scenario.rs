//! The scenario that the arguments ask for: built in or from a file, with what they change of it.

use super::super::Failure;
use super::Args;
use super::settings::Functions;
use crate::dummyrunner::scenario::parse::{check_action, parse};
use crate::dummyrunner::scenario::{
    Late, Method, Model, Scenario, Size, Stage, Think, builtin, duration, stages,
};
use crate::system_text::system_text;
use std::path::Path;
use std::time::Duration;

/// What the command line changes of a scenario.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How dummies play (instead of what the scenario says)")]
pub(super) struct Overrides {
    /// When commands are sent: at ticks, so many a second, after thinking, or as soon as there is an answer
    #[arg(long, value_name = "MODEL", value_enum)]
    model: Option<ModelName>,

    /// Commands a second over all dummies, for --model rate
    #[arg(long, value_name = "N", value_parser = super::positive)]
    rate: Option<f64>,

    /// How long dummies think, for --model think
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    think: Option<Duration>,

    /// Time between a dummy's ticks (TIMESTEP)
    #[arg(long, value_name = "TIME", value_parser = timestep)]
    timestep: Option<Duration>,

    /// Chance that a tick sends a command (CHANCE_OF_ACTION)
    #[arg(long, value_name = "0..1", value_parser = share)]
    chance_of_action: Option<f64>,

    /// Chance that a tick begins a login, beside the ten that may log in at once (CHANCE_OF_LOGIN)
    #[arg(long, value_name = "0..1", value_parser = share)]
    chance_of_login: Option<f64>,

    /// What becomes of a tick while the dummy still waits for an answer
    #[arg(long, value_name = "WHAT", value_enum)]
    late: Option<LateName>,

    /// Which bytes answer a command
    #[arg(long, value_name = "METHOD", value_parser = method)]
    method: Option<Method>,

    /// The share of commands that get a probe
    #[arg(long, value_name = "0..1", value_parser = share)]
    probe_share: Option<f64>,

    /// When a command counts as lost
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// Change the number of dummies as the run goes, such as '100 over 30s hold 1m, 300 over 5s hold 30s'
    // An alias with its path: clap would take a plain `Vec` for an option that is given several times.
    #[arg(long, value_name = "STAGES", value_parser = stages::parse)]
    pub(super) stages: Option<std::vec::Vec<Stage>>,

    /// Play without logging in, for servers that need none
    #[arg(long)]
    no_login: bool,

    /// Do not wait for a welcome screen
    #[arg(long)]
    no_welcome: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ModelName {
    Tick,
    Rate,
    Think,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LateName {
    /// Send it after the answer; it keeps its intended time
    Queue,
    /// Count it and send nothing
    Skip,
    /// Send it at once, as the original
    Send,
}

fn share(text: &str) -> Result<f64, String> {
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "not a number from 0 to 1".into())
}

fn timestep(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text)?;
    let fits = time >= Duration::from_millis(1) && time <= Duration::from_secs(3600);
    if fits {
        Ok(time)
    } else {
        Err("a timestep is 1ms to 1h".into())
    }
}

fn method(text: &str) -> Result<Method, String> {
    let found = Method::ALL.iter().find(|(name, _)| *name == text);
    found.map(|(_, method)| *method).ok_or_else(|| {
        let names: Vec<&str> = Method::ALL.iter().map(|(name, _)| *name).collect();
        format!("known are {}", names.join(", "))
    })
}

/// A built-in profile.
pub(super) fn built_in(name: &str) -> Result<Scenario, Failure> {
    builtin::load(name).ok_or_else(|| {
        Failure::usage(format!("unknown profile `{name}`"))
            .hint(Some(format!("built in are {}", builtin::PROFILES.join(", "))))
    })
}

/// The scenario of the file that was named, if one was, with the profile that is to be played.
pub(super) fn of_file(args: &Args) -> Result<Option<Scenario>, Failure> {
    let Some(path) = &args.scenario else {
        return Ok(None);
    };
    let mut scenario = read(path)?;
    if let Some(name) = &args.profile {
        if !scenario.profiles.iter().any(|profile| profile.name == *name) {
            let names: Vec<&str> = scenario
                .profiles
                .iter()
                .map(|profile| profile.name.as_str())
                .collect();
            let message = format!("`{}` has no profile `{name}`", path.to_string_lossy());
            return Err(Failure::usage(message).hint(Some(format!("it has {}", names.join(", ")))));
        }
        scenario.run.profile = Some(name.clone());
        scenario.pools.clear();
    }
    Ok(Some(scenario))
}

/// The scenario of a run, complete.
pub(super) fn load(
    args: &Args,
    file: Option<Scenario>,
    functions: Option<&Functions>,
) -> Result<Scenario, Failure> {
    let mut scenario = match (file, functions) {
        (Some(scenario), _) => scenario,
        (None, Some(functions)) => functions.scenario(),
        (None, None) => built_in(args.profile.as_deref().unwrap_or(builtin::DEFAULT))?,
    };
    change(&mut scenario, &args.play)?;
    for condition in args.threshold.iter().chain(&args.until) {
        check_action(condition, &scenario.actions)
            .map_err(|message| Failure::usage(format!("cannot use `{condition}`: {message}")))?;
    }
    scenario.thresholds.extend(args.threshold.iter().cloned());
    if let Some(until) = &args.until
        && (until.action.is_some()
            || !matches!(
                until.metric,
                crate::dummyrunner::scenario::condition::Metric::Time(..)
            ))
    {
        return Err(Failure::usage(format!(
            "--until looks at the lag of all actions, not at `{until}`"
        ))
        .hint(Some("such as --until 'p99 > 500ms'")));
    }
    Ok(scenario)
}

fn read(path: &Path) -> Result<Scenario, Failure> {
    let shown = path.to_string_lossy();
    let cannot = |what: &str| Failure::usage(format!("cannot read `{shown}`: {what}"));
    let text = std::fs::read_to_string(path).map_err(|error| cannot(&system_text(&error)))?;
    // Files that a scenario names stand beside it.
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut load = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| {
            format!(
                "cannot read `{}`: {}",
                path.to_string_lossy(),
                system_text(&error)
            )
        })
    };
    parse(&text, &mut load).map_err(|error| {
        Failure::usage(format!("{shown}, {error}")).hint(Some(
            "`prof dummyrunner --print-scenario looker` prints one that works",
        ))
    })
}

fn change(scenario: &mut Scenario, play: &Overrides) -> Result<(), Failure> {
    let run = &mut scenario.run;
    let needs = |what: &str| Failure::usage(format!("this model needs {what}"));
    // `--rate 50` alone says enough.
    let model = play.model.or(match (play.rate, play.think) {
        (Some(_), _) => Some(ModelName::Rate),
        (None, Some(_)) => Some(ModelName::Think),
        _ => None,
    });
    match model {
        None => {}
        Some(ModelName::Tick) => run.model = Model::Tick,
        Some(ModelName::Closed) => run.model = Model::Closed,
        Some(ModelName::Rate) => {
            let rate = play.rate.ok_or_else(|| needs("--rate COMMANDS A SECOND"))?;
            run.model = Model::Rate { rate, poisson: true };
        }
        Some(ModelName::Think) => {
            let think = play.think.ok_or_else(|| needs("--think TIME"))?;
            run.model = Model::Think(Think::Constant(think));
        }
    }
    if let Some(late) = play.late {
        run.late = match late {
            LateName::Queue => Late::Queue,
            LateName::Skip => Late::Skip,
            LateName::Send => Late::Send,
        };
    }
    run.timestep = play.timestep.unwrap_or(run.timestep);
    run.chance_of_action = play.chance_of_action.unwrap_or(run.chance_of_action);
    run.chance_of_login = play.chance_of_login.unwrap_or(run.chance_of_login);
    run.welcome &= !play.no_welcome;
    if play.no_login {
        scenario.login.clear();
        scenario.logout.clear();
    }
    if let Some(stages) = &play.stages {
        scenario.stages.clone_from(stages);
    }
    let lag = &mut scenario.lag;
    lag.method = play.method.unwrap_or(lag.method);
    lag.probe_share = play.probe_share.or(lag.probe_share);
    lag.timeout = play.timeout.unwrap_or(lag.timeout);
    if lag.method == Method::EchoCommand && lag.probe.is_none() {
        return Err(Failure::usage("the method echo-command needs a probe")
            .hint(Some("write it into a scenario: [lag] probe = \"say {tag}\"")));
    }
    let unexpected = scenario
        .actions
        .iter()
        .find(|action| action.answer && action.expect.is_none());
    if let (Method::Expect, Some(action)) = (lag.method, unexpected) {
        return Err(Failure::usage(format!(
            "with the method expect, action `{}` needs `expect`",
            action.name
        )));
    }
    Ok(())
}

/// The profile or profiles that are played, for people.
pub(super) fn profile_text(scenario: &Scenario) -> String {
    if scenario.pools.is_empty() {
        let chosen = scenario.run.profile.as_deref();
        return chosen
            .or(scenario.profiles.first().map(|profile| profile.name.as_str()))
            .unwrap_or("none")
            .into();
    }
    let pools = scenario.pools.iter().map(|pool| {
        let name = scenario
            .profiles
            .get(pool.profile)
            .map_or("", |profile| profile.name.as_str());
        match pool.size {
            Size::Share(share) => format!("{name} ({share})"),
            Size::Count(count) => format!("{name} ({count} dummies)"),
        }
    });
    pools.collect::<Vec<_>>().join(" + ")
}
