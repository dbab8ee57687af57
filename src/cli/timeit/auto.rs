//! Auto mode: `--auto`, `--vs`, several interpreters.

use super::super::output::Output;
use super::super::{Code, Failure};
use super::code::Snippet;
use super::keep::Store;
use super::language::{Programs, programs};
use super::stops::{tell, tell_printed};
use super::{Args, Collector, Format, checks, profile};
use crate::date;
use crate::timeit::auto::{self, Settings};
use crate::timeit::baseline;
use crate::timeit::check::Check;
use crate::timeit::cold;
use crate::timeit::machine::Files;
use crate::timeit::parameters;
use crate::timeit::report::text;
use crate::timeit::results::{Metric, Results};
use crate::timeit::session::{Case, Progress, Reason, Watch};
use std::ops::ControlFlow;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    #[arg(long, value_name = "NAME")]
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
    let stopped = end.stopped.filter(|reason| {
        // The end of the time is no accident if there are figures.
        !(matches!(reason, Reason::Interrupted) && until.is_over() && has_figures(&results))
    });
    let options = text_options(args, output);
    if !results.runs.is_empty() && !store.prints_itself() {
        let report = text::render(&results, &options);
        output.raw().write_all(report.as_bytes())?;
    }
    let code = keep(args, &store, &results, &checks, output)?;
    tell_printed(&end.printed, output)?;
    if let Some(reason) = stopped {
        return tell(&reason, until.is_over(), output);
    }
    if args.profile || args.profile_out.is_some() {
        let is_shown = !store.prints_itself();
        match profile::run(
            &mut openers,
            &results,
            args.profile_out.as_deref(),
            is_shown,
            output,
        )? {
            Code::Done => {}
            failed => return Ok(failed),
        }
    }
    Ok(code)
}

/// The checks of `--fail-if`, for so many things that are measured.
pub(super) fn checks_of(args: &Args, sides: usize) -> Result<Vec<Check>, Failure> {
    let checks = checks::parse(&args.fail_if)?;
    if !checks.is_empty() && sides < 2 && !args.keep.has_baseline() {
        return Err(Failure::usage("--fail-if needs something to compare with")
            .hint(Some("add --vs CODE, another --python, or --baseline NAME")));
    }
    Ok(checks)
}

/// What is known before anything is measured.
pub(super) fn new_results(args: &Args, cases: Vec<Case>, files: &Files) -> Results {
    Results {
        tool: concat!("prof ", env!("CARGO_PKG_VERSION")).into(),
        date: date::iso(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| time.as_secs()),
        ),
        metric: if args.process { Metric::Cpu } else { Metric::Wall },
        machine: files.machine(),
        cases,
        ..Results::default()
    }
}

pub(super) fn text_options(args: &Args, output: &Output) -> text::Options {
    text::Options {
        unit: args.unit,
        verbose: args.verbose > 0,
        width: output.width(),
        color: output.is_colored(),
        columns: Vec::new(),
    }
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

/// The statement and each `--vs`, with every set of parameters and with or without the garbage collector.
pub(super) fn cases(args: &Args, snippet: Snippet) -> Result<Vec<Case>, Failure> {
    let options = &args.auto;
    let mut statements = vec![snippet.statement];
    statements.extend(options.vs.iter().cloned());
    let sets = args.parameters.sets()?;
    let texts = statements.iter().chain([&snippet.setup]);
    args.parameters.check_use(texts.map(String::as_str))?;
    options.check_names(
        statements.len() * sets.len(),
        "the statement and each --vs, with each parameter",
    )?;
    let is_alone = statements.len() == 1;
    let collectors: &[(bool, &str)] = match args.gc {
        Collector::Off => &[(false, "")],
        Collector::On => &[(true, "")],
        Collector::Both => &[(false, " without gc"), (true, " with gc")],
    };
    let mut cases = Vec::new();
    let all = statements.iter().enumerate();
    let all = all.flat_map(|(at, statement)| sets.iter().map(move |set| (at, statement, set)));
    for (place, (at, statement, set)) in all.enumerate() {
        let statement = parameters::fill(statement, set);
        let name = match options.name(place) {
            Some(name) => name.to_owned(),
            None if is_alone && set.is_empty() => headline(&statement),
            None if is_alone => parameters::label(set),
            None if set.is_empty() => letter(at),
            None => format!("{} ({})", letter(at), parameters::label(set)),
        };
        cases.extend(collectors.iter().map(|&(collect_garbage, suffix)| Case {
            name: format!("{name}{suffix}"),
            statement: statement.clone(),
            setup: parameters::fill(&snippet.setup, set),
            collect_garbage,
            parameters: set.clone(),
        }));
    }
    Ok(cases)
}

/// The first line of a statement, not too long for a name.
pub(super) fn headline(statement: &str) -> String {
    let line = statement.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("pass").trim();
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A, B, ... Z, AA, AB, ...
pub(super) fn letter(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    match at / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letter(more - 1)),
    }
}

/// Writes what is to be kept, and tells what became of the baseline and of the checks.
pub(super) fn keep(
    args: &Args,
    store: &Store<'_>,
    results: &Results,
    checks: &[Check],
    output: &mut Output,
) -> Result<Code, Failure> {
    if results.runs.is_empty() {
        return Ok(Code::Done);
    }
    let changes = store
        .baseline()
        .map(|(old, label)| baseline::compare(results, old, label));
    if let Some(changes) = changes.as_ref().filter(|_| !store.prints_itself()) {
        let text = text::render_changes(changes, &text_options(args, output));
        output.raw().write_all(text.as_bytes())?;
    }
    store.write(results, args.unit, output)?;
    if changes.as_ref().is_some_and(Vec::is_empty) {
        output.report(
            "warning",
            "the baseline has nothing in common with what was measured",
        );
    }
    match changes {
        Some(changes) => {
            let changes: Vec<_> = changes.into_iter().map(|change| change.comparison).collect();
            checks::run(checks, &changes, output)
        }
        None => checks::run(checks, &crate::timeit::compare::compare(results), output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_letters() {
        assert_eq!(
            [0, 1, 25, 26, 27, 51, 52].map(letter),
            ["A", "B", "Z", "AA", "AB", "AZ", "BA"]
        );
    }

    #[test]
    fn a_lone_statement_has_its_first_line_for_a_name() {
        assert_eq!(headline("\n  x = 1\ny = 2"), "x = 1");
        assert_eq!(headline(""), "pass");
        assert_eq!(headline(&"é".repeat(50)).chars().count(), 41);
    }

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
