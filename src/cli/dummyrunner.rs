//! `prof dummyrunner`: simulated players on a telnet game server.

mod capacity;
mod demo;
mod files;
pub(super) mod game;
mod record;
mod scenario;
mod server;
mod settings;
mod show;
mod target;

use super::exit::First;
use super::output::Output;
use super::{Code, Failure, signals};
use crate::dummyrunner::dummy::{Options, Plan, Reconnect};
use crate::dummyrunner::engine::{self, Outcome, Run, Setup, Why};
use crate::dummyrunner::report::{self, Report, original, table, verdict};
use crate::dummyrunner::scenario::condition::Condition;
use crate::dummyrunner::scenario::{Scenario, duration, print};
use crate::dummyrunner::telnet::Client;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Play a telnet game server with simulated players, and measure how long it lets them wait
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  prof dummyrunner demo                 a small game server, and dummies on it: needs nothing else
  prof dummyrunner 10                   in a game folder of Evennia: ten dummies on its server;
                                        elsewhere on 127.0.0.1:4000
  prof dummyrunner 1                    one dummy: its dialogue is printed
  prof dummyrunner 500 --profile normal_player --duration 60s --json run.json
  prof dummyrunner 50 --duration 60s --record hot.svg    and where the server spends its time
  prof dummyrunner 100 --threshold 'lag.p99 < 500ms' --junit lag.xml
  prof dummyrunner --print-scenario looker > my.toml; prof dummyrunner 50 --scenario my.toml
  prof dummyrunner 50 --settings dummyrunner_settings.py --python venv

Profiles: idler, looker, normal_player, normal_builder, heavy_builder, socializing_builder, only_digger, as \
in Evennia's Dummyrunner. Dummies create accounts named Dummy_...: use a database that you can throw away.

Ctrl-C logs all dummies out and prints the report; a second Ctrl-C leaves at once. Exit codes: 0; 1 a \
threshold failed, or nobody logged in; 2 bad usage or scenario; 3 with --strict-harness; 130 interrupted \
before the planned end.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// The server is our own, and what dummies make on it goes with it.
    #[arg(skip)]
    is_demo: bool,

    /// How many dummies; a scenario with stages needs no number
    #[arg(value_name = "N")]
    dummies: Option<u32>,

    /// A game folder of Evennia; without this the one around the working folder, if no server is named
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    game: Option<PathBuf>,

    /// The server's port on this machine
    #[arg(short, long, value_name = "PORT", conflicts_with = "target")]
    port: Option<u16>,

    /// The server; without this 127.0.0.1:4000
    #[arg(short, long, value_name = "HOST:PORT")]
    target: Option<String>,

    /// Confirm that a server outside of private networks is yours to load
    #[arg(long)]
    i_own_this_server: bool,

    /// What dummies do: a profile of the scenario or settings file, or one that is built in
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Read what dummies do from a TOML file
    #[arg(long, value_name = "FILE.toml")]
    scenario: Option<PathBuf>,

    #[command(flatten)]
    settings: settings::Args,

    /// Print a built-in profile as TOML, to start from, and do nothing else
    #[arg(long, value_name = "NAME")]
    print_scenario: Option<String>,

    /// Print how to delete what dummies made on an Evennia game, and do nothing else
    #[arg(long)]
    cleanup: bool,

    /// Log all out after this time; without this 10m, but on a terminal only at Ctrl-C
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse)]
    duration: Option<Duration>,

    /// End the run once this holds over 10 s, such as 'p99 > 500ms'
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse)]
    until: Option<Condition>,

    /// Exit with code 1 unless this holds at the end, such as 'errors.rate < 1%'; repeat for more
    #[arg(long, value_name = "CONDITION", value_parser = Condition::parse)]
    threshold: Vec<Condition>,

    #[command(flatten)]
    play: scenario::Overrides,

    #[command(flatten)]
    search: capacity::Options,

    /// The seed of all random numbers
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u32>,

    /// Threads; without this one less than there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Connections begun a second; without this as fast as they are accepted
    #[arg(long, value_name = "N", value_parser = positive)]
    connect_rate: Option<f64>,

    /// After a lost connection: never, always, or up to so many times in a row
    #[arg(long, value_name = "never|always|N", default_value = "never", value_parser = reconnect)]
    reconnect: Reconnect,

    /// How long logouts may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    grace: Duration,

    /// Which client dummies look like to the server
    #[arg(long, value_name = "CLIENT", value_enum, default_value = "evennia")]
    client: ClientName,

    /// Connect from this address; repeat to spread connections
    #[arg(long, value_name = "IP")]
    source: Vec<IpAddr>,

    /// Print the dialogue of this dummy, from 1; repeat for more
    #[arg(long, value_name = "CID", value_parser = clap::value_parser!(u32).range(1..))]
    follow: Vec<u32>,

    /// Show telnet and GMCP in dialogues
    #[arg(short, long)]
    verbose: bool,

    /// The report as text, or the original's lines
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    format: Format,

    /// Write the report as JSON, with lossless histograms
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write each second as a line of CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Write the report as one page for a browser: curves, tables, settings
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write thresholds as test cases in JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write every send, receive and state of every dummy as JSON lines
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Watch what this process costs; repeat for more; `auto`, as without this: who listens on the port and, of an
    /// Evennia game, both its processes; `none`: only prof itself
    #[arg(long, value_name = "PID|auto|none", value_parser = server::parse)]
    server_pid: Vec<server::Choice>,

    /// Sample the stacks of the server, a Python program on this machine, while all dummies play, and show its hottest
    /// functions: .svg for a flame graph, .folded, .json (speedscope), .pb.gz (pprof); repeat for more
    #[arg(long, value_name = "FILE.svg")]
    record: Vec<PathBuf>,

    /// Exit with code 3 if prof itself was too slow for the figures to be trusted
    #[arg(long)]
    strict_harness: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(demo::Args),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table by action.
    Table,
    /// A JSON object.
    Json,
    /// What Evennia's Dummyrunner prints.
    Dummyrunner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ClientName {
    /// Refuses all telnet options.
    Raw,
    /// Agrees only to what measures lag.
    Evennia,
    /// Agrees to what Mudlet does.
    Mudlet,
}

/// A run without an end is none.
const LONGEST_UNATTENDED: Duration = Duration::from_secs(600);
/// Descriptors of prof itself.
const SPARE_DESCRIPTORS: u64 = 32;

fn positive(text: &str) -> Result<f64, String> {
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "not a number above 0".into())
}

fn reconnect(text: &str) -> Result<Reconnect, String> {
    match text {
        "never" => Ok(Reconnect::Never),
        "always" => Ok(Reconnect::Always),
        times => times
            .parse()
            .map(Reconnect::Times)
            .map_err(|_| "neither never, always, nor a number".into()),
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    if let Some(Command::Demo(args)) = &args.command {
        return demo::run(args, output);
    }
    if let Some(name) = &args.print_scenario {
        let scenario = scenario::built_in(name)?;
        output.raw().write_all(print::print(&scenario).as_bytes())?;
        return Ok(Code::Done);
    }
    if args.cleanup {
        output.raw().write_all(crate::evennia::CLEANUP.as_bytes())?;
        return Ok(Code::Done);
    }
    let file = scenario::of_file(args)?;
    // What the arguments alone get wrong is told before anything is loaded.
    let dummies = count(args, file.as_ref())?;
    if let Some(&cid) = args.follow.iter().find(|&&cid| cid > dummies) {
        return Err(Failure::usage(format!(
            "there is no dummy {cid} to follow among {dummies}"
        )));
    }
    let game = game::find(args, file.as_ref(), output)?;
    let source = settings::source(args, game.as_ref())?;
    let functions =
        source.map(|source| settings::Functions::load(&source, seed(args, None), threads(args), output));
    let mut functions = functions.transpose()?;
    let mut scenario = scenario::load(args, file, functions.as_ref())?;
    if args.search.is_wanted() {
        // The same share on all levels, and answers enough on the small ones.
        scenario.lag.probe_share.get_or_insert(1.0);
    }
    let target = target::resolve(args, &scenario, game.as_ref())?;
    let watched = server::watched(args, target, game.as_ref());
    let mut files = files::Files::begin(args)?;
    let planned = planned(args, &scenario);
    let game_folder = game.as_ref().map(|found| &found.game);
    let recorder = record::Recorder::begin(args, target, game_folder, planned)?;
    check_descriptors(dummies, output);
    // One moment by two clocks: times that servers send back are compared with it.
    let (start, epoch) = (Instant::now(), SystemTime::now());
    let mut plan = plan(args, scenario, dummies, epoch);
    if functions.is_some() {
        plan = plan.with_functions();
    }
    let mut setup = setup(args, &plan, target, start);
    let profile = scenario::profile_text(&plan.scenario);
    let names: Vec<String> = watched.iter().map(|(name, _)| name.clone()).collect();
    let steering = capacity::Steering::new(args, &plan.scenario, dummies, &names)?;
    setup.wanted = steering.as_ref().map(capacity::Steering::shared);
    banner(args, &plan, &setup, &profile, output)?;

    let run = match &mut functions {
        Some(functions) => Run::with_functions(std::mem::take(&mut functions.channels), functions.printed()),
        None => Run::default(),
    };
    let stopper = run.stopper();
    // The first in good order, the second at once.
    let signals = signals::stop_on_signals(move || stopper.stop())?;
    let mut show = show::Show::new(args, &plan, watched, steering, &mut files, output);
    show.printed = functions.as_ref().map(settings::Functions::printed);
    show.recorder = recorder;
    // The plan moves into the threads; the report needs it as well.
    let played = std::sync::Arc::new(plan);
    let mut outcome = run
        .play(std::sync::Arc::clone(&played), &setup, &mut show)
        .map_err(|error| Failure::usage(format!("cannot start: {error}")))?;
    let shown = show.finish()?;
    let gave_up = outcome.why == Why::Functions;
    let useless = functions.and_then(|functions| functions.finish(gave_up, output));
    if shown.finding.is_some() {
        // Those that no level wanted were none.
        let most = shown.history.seconds.iter().map(|second| second.wanted).max();
        let spare = dummies.saturating_sub(most.unwrap_or(0));
        outcome.metrics.window.phases.leave_out(spare);
    }
    let (hot, recorded) = match shown.recorder {
        Some(recorder) => recorder.finish(output)?,
        None => (None, Code::Done),
    };
    let report = Report {
        plan: &played,
        outcome: &outcome,
        target,
        profile,
        threads: setup.threads,
        history: &shown.history,
        mixin: game.as_ref().map(|game| game.settings.mixin),
        capacity: shown.finding.as_ref(),
        hot,
    };
    let text = match args.format {
        Format::Table => table::render(&report),
        Format::Json => report::json::render(&report),
        Format::Dummyrunner => original::end(&report),
    };
    let mut first = First::default();
    let printed = output.raw().write_all(text.as_bytes());
    first.note(printed.map_err(Into::into).and_then(|()| output.flush()), output);
    files.finish(&report, &mut first, output);
    if let Some(message) = &useless {
        output.report("failed", message);
    }
    let code = code(
        args,
        &report,
        &outcome,
        signals.was_stopped() && setup.duration.is_some(),
        output,
    );
    first.end()?;
    Ok(if code == Code::Done { recorded } else { code })
}

/// How the run went, as an exit code; what failed is told.
fn code(args: &Args, report: &Report<'_>, outcome: &Outcome, interrupted: bool, output: &mut Output) -> Code {
    let mut code = Code::Done;
    for check in report.check().iter().filter(|check| !check.passed) {
        output.report("failed", &format!("{} ({})", check.condition, check.value_text()));
        code = Code::Failed;
    }
    if outcome.metrics.window.counters.logins == 0 {
        output.report("failed", "nobody logged in");
        code = Code::Failed;
    }
    if outcome.why == Why::Functions {
        return Code::Failed;
    }
    if let Some(finding) = report.capacity.filter(|finding| !capacity::is_found(finding)) {
        output.report("failed", &finding.sentence());
        code = Code::Failed;
    }
    if interrupted && outcome.why == Why::Asked {
        return Code::Interrupted;
    }
    if code == Code::Done && args.strict_harness && report.is_harness_limit() {
        output.report("failed", "prof itself was too slow for these figures");
        return Code::Check;
    }
    code
}

/// How many dummies there are at most.
fn count(args: &Args, file: Option<&Scenario>) -> Result<u32, Failure> {
    let stages = args.play.stages.as_deref().or(file.map(|file| &file.stages[..]));
    let staged = stages.unwrap_or_default().iter().map(|stage| stage.dummies).max();
    match args.dummies.or(staged) {
        Some(0) => Err(Failure::usage("no dummies: nothing would happen")),
        Some(dummies) if dummies > 10_000_000 => {
            Err(Failure::usage("more dummies than any machine has ports for"))
        }
        _ if args.search.is_wanted() => Ok(args.search.most(args.dummies, descriptors())),
        Some(dummies) => Ok(dummies),
        None => Err(Failure::usage("how many dummies?").hint(Some("prof dummyrunner 10"))),
    }
}

/// Connections that the system lets us have.
fn descriptors() -> u64 {
    // Where it does not say, it lets us have them or tells when it does not.
    engine::raise_descriptors().map_or(u64::MAX, |limit| limit.saturating_sub(SPARE_DESCRIPTORS))
}

fn check_descriptors(dummies: u32, output: &mut Output) {
    let needed = u64::from(dummies) + SPARE_DESCRIPTORS;
    match engine::raise_descriptors() {
        Ok(limit) if limit < needed => {
            let message = format!(
                "{dummies} dummies need {needed} open files, and the limit is {limit}: raise it with ulimit -Hn"
            );
            output.report("warning", &message);
        }
        Ok(_) => {}
        Err(error) => output.report(
            "warning",
            &format!("cannot raise the limit of open files: {error}"),
        ),
    }
}

fn plan(args: &Args, scenario: Scenario, dummies: u32, epoch: SystemTime) -> Plan {
    let epoch = epoch.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = seed(args, scenario.run.seed);
    let mut followed: Vec<u32> = args.follow.iter().map(|cid| cid - 1).collect();
    if dummies == 1 && args.format == Format::Table {
        followed.push(0);
    }
    let at_once = scenario.run.logins_at_once.div_ceil(threads(args) as u32);
    let options = Options {
        dummies,
        seed,
        client: match args.client {
            ClientName::Raw => Client::Raw,
            ClientName::Evennia => Client::Evennia,
            ClientName::Mudlet => Client::Mudlet,
        },
        // Levels of a search have all their dummies, whatever happened to them on one before.
        reconnect: if args.search.is_wanted() && args.reconnect == Reconnect::Never {
            Reconnect::Always
        } else {
            args.reconnect
        },
        grace: args.grace,
        followed,
        traced: args.trace.is_some(),
        phases_told: args.format == Format::Dummyrunner,
        stamp: target::stamp(epoch.as_secs()),
        epoch: epoch.as_secs_f64(),
        logins_at_once: at_once,
    };
    Plan::new(scenario, options)
}

fn seed(args: &Args, known: Option<u64>) -> u64 {
    // Enough bits that two runs differ, few enough to type.
    let random = RandomState::new().build_hasher().finish() >> 32;
    args.seed.map(u64::from).or(known).unwrap_or(random)
}

fn threads(args: &Args) -> usize {
    match args.threads {
        Some(threads) => threads.into(),
        None => std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1)),
    }
}

fn setup(args: &Args, plan: &Plan, target: std::net::SocketAddr, start: Instant) -> Setup {
    let scenario = &plan.scenario;
    Setup {
        start,
        target,
        sources: args.source.clone(),
        threads: threads(args),
        connect_rate: args.connect_rate,
        duration: planned(args, scenario),
        wanted: None,
    }
}

/// When logouts begin.
fn planned(args: &Args, scenario: &Scenario) -> Option<Duration> {
    let planned = args.duration.or(scenario.run.duration).or(scenario.stages_end());
    let planned = planned.or(args.search.is_wanted().then_some(capacity::LONGEST));
    let attended = std::io::stderr().is_terminal();
    planned.or((!attended).then_some(LONGEST_UNATTENDED))
}

fn banner(
    args: &Args,
    plan: &Plan,
    setup: &Setup,
    profile: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    if args.format == Format::Dummyrunner {
        let text = original::banner(plan, setup.target.port());
        output.raw().write_all(text.as_bytes())?;
        output.flush()?;
    }
    let ends = match setup.duration {
        Some(time) => format!("for {}", duration::show(time)),
        None => "until Ctrl-C".into(),
    };
    output.progress(&crate::python::text::shown(
        format!(
            "{} on {}, profile {profile}, {ends}, seed {}; Ctrl-C logs them out",
            match args.search.is_wanted() {
                true => format!("search with at most {}", report::dummies(plan.options.dummies)),
                false => report::dummies(plan.options.dummies),
            },
            setup.target,
            plan.options.seed
        )
        .as_bytes(),
    ));
    if !plan.scenario.login.is_empty() && args.format != Format::Dummyrunner && !args.is_demo {
        output.report(
            "warning",
            "dummies create accounts and objects: not on a server with data to keep; --cleanup tells how to delete them",
        );
    }
    Ok(())
}

/// What `--until` looks at.
fn holds(condition: &Condition, lag: &crate::dummyrunner::metrics::Lags) -> bool {
    use crate::dummyrunner::scenario::condition::Metric;
    match condition.metric {
        Metric::Time(_, point) => verdict::point_of(lag, point)
            .is_some_and(|value| condition.comparison.holds(value, condition.value)),
        _ => false,
    }
}
