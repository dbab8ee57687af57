//! Fixed mode, and timeit's own search for the number of loops.

use super::super::output::Output;
use super::super::{Code, Failure};
use super::keep::Store;
use super::language::programs;
use super::stops::{tell, tell_no_processor, tell_printed};
use super::watch::Bar;
use super::{Args, Collector, Format, cases, outcome};
use crate::timeit::fixed::{self, Fixed};
use crate::timeit::machine::Files;
use crate::timeit::report::{fixed as report, text, timeit_line, units};
use crate::timeit::results::{Metric, Results};
use crate::timeit::session::{Open, Progress, Reason, Session, Stop};
use std::time::Instant;

/// As `timeit.timeit`.
const NUMBER: u64 = 1_000_000;
/// As `python -m timeit`.
const AUTORANGE_REPEAT: u64 = 5;

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let cases = cases::cases(args, args.code.read()?)?;
    if args.format == Format::Timeit && cases.len() > 1 {
        return Err(Failure::usage(
            "--format timeit has no place for --vs and parameters",
        ));
    }
    let mut openers = programs(args, &cases)?.openers;
    let checks = outcome::checks_of(args, cases.len() * openers.len())?;
    let store = Store::new(&args.keep)?;
    if store.has_files() {
        output.keep_failure();
    }
    let files = Files::default();
    let mut measured = Measured {
        results: outcome::new_results(args, cases, &files),
        is_printed: !store.is_silent(),
    };
    let before = files.snapshot();
    let began = Instant::now();
    let mut worst = Code::Done;
    for opener in &mut openers {
        match run_in(opener.as_mut(), &mut measured, args, output)? {
            Code::Done => {}
            Code::Failed => worst = Code::Failed,
            code => {
                worst = code;
                break;
            }
        }
    }
    let Measured {
        mut results,
        is_printed,
    } = measured;
    results.elapsed = began.elapsed();
    results.activity = before.until(&files.snapshot());
    if is_printed && args.format == Format::Text && args.gc != Collector::Both {
        let options = outcome::text_options(args, output);
        let text = text::comparisons(&results, &options) + &text::grown(&results, &options);
        output.raw().write_all(text.as_bytes())?;
    }
    let kept = outcome::keep(args, &store, &results, &[], &checks, output);
    outcome::ended(worst, kept, output)
}

/// What was found so far, and whether it goes to standard output as text for people.
struct Measured {
    results: Results,
    is_printed: bool,
}

/// Measures in one interpreter and prints; a measurement that ended early is printed as far as it came.
fn run_in(
    opener: &mut dyn Open,
    measured: &mut Measured,
    args: &Args,
    output: &mut Output,
) -> Result<Code, Failure> {
    if let Err(stop) = opener.ready() {
        return tell(&stop.reason, false, output);
    }
    let began = Instant::now();
    let mut session = match opener.open() {
        Ok(session) => session,
        Err(stop) => return tell(&stop.reason, false, output),
    };
    let code = measure(&mut *session, began, measured, args, output);
    let ended = session.end();
    let code = code?;
    match ended {
        Ok(printed) => tell_printed(&printed, output)?,
        Err(reason) if code == Code::Done => return tell(&reason, false, output),
        // Why it ended before is told already.
        Err(_) => {}
    }
    Ok(code)
}

fn measure(
    session: &mut dyn Session,
    began: Instant,
    measured: &mut Measured,
    args: &Args,
    output: &mut Output,
) -> Result<Code, Failure> {
    let Measured { results, is_printed } = measured;
    for case in &results.cases {
        if let Err(stop) = session.prepare(case) {
            return tell(&stop.reason, false, output);
        }
    }
    let start = began.elapsed();
    let is_search = args.autorange || args.number == Some(0);
    let mut bar = Bar::new(args.max_time);
    let mut loops = args.number.unwrap_or(NUMBER);
    if is_search {
        let (trials, found) = search(session, args, &mut bar);
        if *is_printed {
            output.raw().write_all(trials.as_bytes())?;
        }
        match found {
            Ok(found) => loops = found,
            Err(stop) => {
                if *is_printed {
                    tell_partial(stop.running, &stop.reason, args, output)?;
                }
                return tell(&stop.reason, bar.is_out_of_time(), output);
            }
        }
    }
    let repeat = args
        .repeat
        .unwrap_or(if is_search { AUTORANGE_REPEAT } else { 1 });
    let cases = results.cases.len();
    bar.expect(repeat.saturating_mul(cases as u64));
    let fixed = fixed::measure(session, 0..cases, loops, repeat, &mut bar);
    bar.clear();
    let asked = metric(args);
    let metric = asked.known_of(&fixed.samples);
    if metric != asked {
        results.metric = metric;
        tell_no_processor(&session.runtime().implementation, output);
    }
    match args.format {
        Format::Text if *is_printed => {
            let style = report::Style {
                metric,
                ..style(args)
            };
            let text = report::text(&fixed, &results.cases, session.runtime(), style);
            output.raw().write_all(text.as_bytes())?;
        }
        Format::Timeit if *is_printed => print_as_timeit(&fixed, loops, args, output)?,
        _ => {}
    }
    if !fixed.samples.is_empty() {
        results.runs.push(fixed.run(results.runtimes.len(), start, cases));
        results.runtimes.push(session.runtime().clone());
    }
    let Some((reason, running)) = fixed.stop else {
        return Ok(Code::Done);
    };
    if *is_printed {
        tell_partial(running, &reason, args, output)?;
    }
    tell(&reason, bar.is_out_of_time(), output)
}

/// How far the sample came that did not end. An error in the first loop says enough by itself.
fn tell_partial(
    running: Option<Progress>,
    reason: &Reason,
    args: &Args,
    output: &mut Output,
) -> Result<(), Failure> {
    let is_told = |running: &Progress| {
        !running.elapsed.is_zero() && (running.done > 0 || !matches!(reason, Reason::Code(_)))
    };
    if let Some(running) = running.filter(is_told) {
        let text = report::partial(&running, style(args));
        output.raw().write_all(text.as_bytes())?;
    }
    Ok(())
}

/// Finds the number of loops; with `-v` its trials are told, as timeit does.
fn search(session: &mut dyn Session, args: &Args, bar: &mut Bar) -> (String, Result<u64, Stop>) {
    let mut trials = String::new();
    let mut each = |loops, time: std::time::Duration| {
        if args.verbose == 0 {
            return;
        }
        trials += &match args.format {
            Format::Timeit => timeit_line::trial(loops, time.as_secs_f64(), timeit_style(args)),
            Format::Text => format!(
                "  {} in {}\n",
                units::counted(loops, "loop"),
                units::time(time.as_secs_f64(), 3, None)
            ),
        };
    };
    let found = fixed::autorange(session, 0, metric(args), args.target_time, bar, &mut each);
    if args.verbose > 0 && args.format == Format::Timeit {
        trials.push('\n');
    }
    (trials, found)
}

fn print_as_timeit(fixed: &Fixed, loops: u64, args: &Args, output: &mut Output) -> Result<(), Failure> {
    let metric = metric(args);
    let times: Vec<f64> = fixed
        .samples
        .iter()
        .map(|sample| metric.of(sample).as_secs_f64())
        .collect();
    if times.is_empty() {
        return Ok(());
    }
    let style = timeit_style(args);
    let mut text = String::new();
    if args.verbose > 0 {
        text += &timeit_line::raw(&times, style);
    }
    text += &timeit_line::result(loops, &times, style);
    output.raw().write_all(text.as_bytes())?;
    output.flush()?;
    if let Some(warning) = timeit_line::warning(loops, &times, style) {
        output.lines(&warning, "");
    }
    Ok(())
}

fn metric(args: &Args) -> Metric {
    if args.process { Metric::Cpu } else { Metric::Wall }
}

fn style(args: &Args) -> report::Style {
    report::Style {
        metric: metric(args),
        unit: args.unit,
        verbose: args.verbose > 0,
    }
}

fn timeit_style(args: &Args) -> timeit_line::Style {
    timeit_line::Style {
        digits: 3 + usize::from(args.verbose.saturating_sub(1)),
        unit: args.unit,
    }
}
