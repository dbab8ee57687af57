//! Auto mode: `--auto`, `--vs`, several interpreters.

use super::super::exit::First;
use super::super::output::Output;
use super::super::{Code, Failure};
use super::cases::cases;
use super::keep::Store;
use super::language::{Programs, programs};
use super::outcome::{checks_of, ended, keep, new_results, text_options};
use super::stops::{tell, tell_no_processor, tell_printed};
use super::{Args, Format, profile};
use crate::timeit::auto::{self, Settings};
use crate::timeit::cold;
use crate::timeit::machine::Files;
use crate::timeit::profiled;
use crate::timeit::report::text;
use crate::timeit::results::Results;
use crate::timeit::session::{Progress, Reason, Watch};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// For each case that is compared this is added to the time.
const EACH_MORE: Duration = Duration::from_secs(1);

/// A third process is waited for, unless the user said how long all may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Options {
    /// Choose loops, repeats and processes, and give an interval; also with --vs or several --python
    #[arg(long, conflicts_with_all = ["number", "repeat", "autorange"])]
    auto: bool,

    /// Compare with this, in turn and in the same processes; repeat for more. The setup is the same. With -n, -r or
    /// --autorange it takes turns in one process, which gives a ratio without an interval
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    vs: Vec<String>,

    /// What reports call the statement, then each --vs, or each command [default: A, B, C and so on]
    #[arg(long, visible_alias = "command-name", value_name = "NAME")]
    name: Vec<String>,

    /// Stop when figures are known as exactly, such as 1% or 0.5%
    #[arg(long, value_name = "PERCENT%", value_parser = parse_precision, default_value = "1%")]
    precision: f64,

    /// Start so many processes of each interpreter, whatever time it takes
    #[arg(long, value_name = "N", value_parser = parse_processes)]
    processes: Option<usize>,
}

impl Options {
    /// Is auto mode asked for?
    pub(super) fn is_wanted(&self, pythons: usize, has_parameters: bool, is_fixed: bool) -> bool {
        self.auto || !is_fixed && (!self.vs.is_empty() || pythons > 1 || has_parameters)
    }

    pub(super) fn has_vs(&self) -> bool {
        !self.vs.is_empty()
    }

    /// The code of each `--vs`.
    pub(super) fn others(&self) -> &[String] {
        &self.vs
    }

    pub(super) fn precision(&self) -> f64 {
        self.precision
    }

    /// The name that was given to this case.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.name.get(at).map(String::as_str)
    }

    /// Fails if more names are given than there is to be named.
    pub(super) fn check_names(&self, most: usize, what: &str) -> Result<(), Failure> {
        let names = self.name.len();
        if names > most {
            return Err(Failure::usage(format!(
                "{names} times --name, but only {most} to be named: {what}"
            )));
        }
        Ok(())
    }

    /// What is only known in auto mode, and given without it.
    pub(super) fn misplaced(&self) -> Option<&'static str> {
        self.processes.is_some().then_some("--processes")
    }
}

/// Such as 1% or 0.5%, as a share.
fn parse_precision(text: &str) -> Result<f64, String> {
    let number = text
        .trim()
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok());
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .map(|number| number / 100.0)
        .ok_or_else(|| "it is a number of percent, such as 1%".into())
}

fn parse_processes(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=10_000).contains(count));
    count.ok_or_else(|| "it is a number from 1 to 10000".into())
}

/// Samples that take less are left to end: what follows them is planned by the time.
const LONG_SAMPLE: Duration = Duration::from_secs(1);

/// Ends samples that run on when the time that the user allows is over. Ctrl-C comes through the session.
pub(super) struct Until(Option<Instant>);

impl Watch for Until {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        if progress.elapsed > LONG_SAMPLE && self.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Until {
    /// From now on so long.
    pub(super) fn new(max_time: Option<Duration>) -> Until {
        Until(max_time.and_then(|time| Instant::now().checked_add(time)))
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_some_and(|until| Instant::now() >= until)
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    if args.format == Format::Timeit {
        return Err(Failure::usage(
            "--format timeit has no place for --auto, --vs, several --python and --lang",
        ));
    }
    let snippet = args.code.read()?;
    let cases = cases(args, snippet)?;
    let Programs {
        mut openers,
        reference,
    } = programs(args, &cases)?;
    let checks = checks_of(args, cases.len() * openers.len())?;
    // All that may be wrong with files is told before anything is measured.
    let store = Store::new(&args.keep)?;
    let target = args.profile_out.clone().map(profile::Target::new).transpose()?;
    if store.has_files() || target.is_some() {
        output.keep_failure();
    }
    let sides = u32::try_from(cases.len() * openers.len()).unwrap_or(u32::MAX);
    let settings = settings(args, sides);
    let files = Files::default();
    let mut results = Results {
        reference,
        ..new_results(args, cases, &files)
    };
    for opener in &mut openers {
        if let Err(stop) = opener.ready() {
            return tell(&stop.reason, false, output);
        }
    }
    let before = files.snapshot();
    let began = Instant::now();
    // What was asked for is a limit; what we chose is only a plan.
    let mut until = Until::new(args.max_time);
    let measure = if args.world.is_cold() {
        cold::measure
    } else {
        auto::measure
    };
    let end = measure(
        &mut results,
        &mut openers,
        &settings,
        &|| began.elapsed(),
        &mut until,
    );
    results.activity = before.until(&files.snapshot());
    let all = results.runs.iter().flat_map(|run| &run.taken);
    let metric = results.metric.known_of(all.map(|taken| &taken.sample));
    if metric != results.metric {
        results.metric = metric;
        let names = results.runtimes.iter().map(|runtime| &*runtime.implementation);
        tell_no_processor(&names.collect::<Vec<_>>().join(", "), output);
    }
    let stopped = end.stopped.filter(|reason| {
        // The end of the time is no accident if there are figures.
        !(matches!(reason, Reason::Interrupted) && until.is_over() && has_figures(&results))
    });
    let options = text_options(args, output);
    if !results.runs.is_empty() && !store.is_silent() {
        let report = text::render(&results, &options);
        output.raw().write_all(report.as_bytes())?;
    }
    let (profiled, profile_stopped) = match &stopped {
        None if args.is_profiled() => profiled::profile(&mut openers, &results, args.world.is_cold()),
        _ => (Vec::new(), None),
    };
    let mut first = First::default();
    let mut checked = Code::Done;
    let kept = keep(args, &store, &results, &profiled, &checks, output).map(|code| checked = code);
    first.note(kept, output);
    tell_printed(&end.printed, output)?;
    if !store.is_silent() {
        profile::show(&profiled, &results, output)?;
    }
    let stopped = stopped.or(profile_stopped);
    if args.is_profiled() && profiled.is_empty() && stopped.is_none() {
        output.flush()?;
        output.report("warning", "nothing that ran the code has a profiler");
    }
    if let Some(target) = &target {
        output.flush()?;
        let written = target.write(&profiled, &results, output);
        first.note(written, output);
    }
    let code = match stopped {
        Some(reason) => tell(&reason, until.is_over(), output)?,
        None => Code::Done,
    };
    ended(code, first.end().map(|()| checked), output)
}

pub(super) fn has_figures(results: &Results) -> bool {
    results.sides().all(|side| {
        results
            .runs_of(side.runtime)
            .any(|run| run.timed(side.case).next().is_some())
    })
}

fn settings(args: &Args, sides: u32) -> Settings {
    let default = Settings::default();
    Settings {
        max_time: args.max_time.unwrap_or_else(|| planned_time(sides)),
        patience: args.max_time.unwrap_or(PATIENCE),
        precision: args.auto.precision,
        processes: args.auto.processes,
        ..default
    }
}

/// How long so many things that are compared are measured, if the user says nothing.
pub(super) fn planned_time(sides: u32) -> Duration {
    Settings::default().max_time + EACH_MORE * sides.saturating_sub(1).min(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_a_percentage() {
        for (text, expected) in [
            ("1%", Some(0.01)),
            ("0.5 %", Some(0.005)),
            ("0%", Some(0.0)),
            ("1", None),
            ("-1%", None),
            ("nan%", None),
        ] {
            assert_eq!(parse_precision(text).ok(), expected, "{text}");
        }
    }
}
