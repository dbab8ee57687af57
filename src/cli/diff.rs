//! `prof diff`: compares two profiles function by function.

use super::output::Output;
use super::{Code, Failure, input, stats};
use crate::format::any::Input;
use crate::profile::Profile;
use crate::python::{Dialect, Seconds, Version, text};
use crate::view::Stats;
use crate::view::diff::json::Checked;
use crate::view::diff::{
    self, Breach, Check, Diff, Metric, Normalize, Options, Order, Threshold, ThresholdError,
};
use crate::view::table::Layout;
use std::ffi::{OsStr, OsString};
use std::io::{BufWriter, Write as _};

/// Compare two profiles function by function
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof diff before.prof after.prof
  prof diff before.prof after.prof --sort cumulative --top 10 --exclude-idle
  prof diff monday.prof friday.prof --normalize --min-change 10ms
  prof diff before.prof after.prof --format markdown >> comment.md
  prof diff before.prof after.prof --fail-if 'own(rules.py) > 5%' --fail-if 'total > 0.5s'

A function is the same in both if its file and name are, wherever lines and folders moved to; memory
addresses in names do not count.

--fail-if METRIC(REGEX) OP VALUE: METRIC is own, cumulative, calls or per-call (own time for each call), \
or total without (REGEX), the own time of everything; OP is > or >=; VALUE is a growth of 5%, of 0.2s or \
10ms, or of 100 calls. REGEX is Python's, searched in names as `prof stats` shows them, which hold file \
and line: '\\(parse\\)$' is only the function parse. A new function has grown without end in percent. If a \
check holds, the exit code is 3.")]
pub(super) struct Args {
    /// The profile to compare with: a dump, or any other file that prof flamegraph reads; - is standard input
    #[arg(value_name = "BEFORE")]
    before: OsString,

    /// The profile to compare
    #[arg(value_name = "AFTER")]
    after: OsString,

    /// What must have changed most to come first
    #[arg(short, long, value_name = "KEY", value_enum, default_value = "own")]
    sort: Order,

    /// List no more than so many functions: 30 in a table and in Markdown, else all
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// List only what changed by at least this in what it is sorted by: 10ms, 5%, or 100 for calls; a bare
    /// number is seconds
    #[arg(long, value_name = "SECONDS|PERCENT%")]
    min_change: Option<String>,

    /// Scale BEFORE to the own time or the calls of AFTER, for runs of different length
    #[arg(
        long,
        value_name = "BY",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "time"
    )]
    normalize: Option<Normalize>,

    /// Leave out functions that only wait, such as a server's poll and sleep; totals are computed anew
    #[arg(long)]
    exclude_idle: bool,

    /// Leave out functions whose name a Python regular expression matches; totals are computed anew
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    exclude: Vec<OsString>,

    /// For files of samples: how many were taken in a second
    #[arg(long, value_name = "HZ", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,

    /// Exit with code 3 if this holds, such as 'cumulative(parse) > 5%'; repeat for more
    #[arg(long, value_name = "CHECK")]
    fail_if: Vec<String>,

    /// A table, or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[value(alias = "text")]
    Table,
    Json,
    Csv,
    Markdown,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let min_change = args.min_change.as_deref();
    let min_change = min_change
        .map(|word| parse_min_change(word, args.sort))
        .transpose()?;
    let checks: Vec<Check> = args
        .fail_if
        .iter()
        .map(|text| parse_check(text))
        .collect::<Result<_, _>>()?;
    if args.before == "-" && args.after == "-" {
        return Err(Failure::usage(
            "standard input can only be one of the two profiles",
        ));
    }
    let load = |path: &OsString| -> Result<Stats, Failure> {
        let mut stats = load(path, args.rate)?;
        stats::exclude(&mut stats, args.exclude_idle, &args.exclude)?;
        Ok(stats)
    };
    let (before, after) = (load(&args.before)?, load(&args.after)?);
    if before.profile().is_sampled() != after.profile().is_sampled() {
        output.report(
            "warning",
            "one of the profiles counts samples and the other calls: only times can be compared",
        );
    }
    let diff = Diff::new(&before, &after, args.normalize)
        .map_err(|error| Failure::usage(error.to_string()).hint(Some("leave out --normalize")))?;
    let for_people = matches!(args.format, Format::Table | Format::Markdown);
    let report = diff.report(&Options {
        order: args.sort,
        top: args.top.or(for_people.then_some(30)),
        min_change,
        unchanged: !for_people,
    });
    let checked = checks
        .iter()
        .map(|check| Ok((check.text(), breaches(check, &diff)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    match args.format {
        Format::Json => {
            let mut out = BufWriter::new(output.raw());
            diff::json::write(&report, &checked, &mut out)?;
            out.flush()?;
        }
        Format::Csv => {
            let mut out = BufWriter::new(output.raw());
            diff::csv::write(&report, &mut out)?;
            out.flush()?;
        }
        Format::Markdown => {
            let text = diff::table::render(&report, Layout::Markdown);
            output.raw().write_all(text.as_bytes())?;
        }
        Format::Table => {
            let layout = Layout::Plain {
                width: output.width(),
                color: output.is_colored(),
            };
            let text = diff::table::render(&report, layout);
            output.raw().write_all(text.as_bytes())?;
        }
    }
    tell(&checked, output)
}

/// Functions, counted or made of stacks.
fn load(path: &OsStr, rate: u32) -> Result<Stats, Failure> {
    let loaded = input::load_any(path)?;
    let profile = match loaded.input {
        Input::Profile(profile) => *profile,
        Input::Stacks(tree) => Profile::from_stacks(&tree, 1.0 / f64::from(rate))
            .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", path.to_string_lossy())))?,
    };
    let python = match profile.dialect() {
        Dialect::Python2 => Version::PYTHON2,
        Dialect::Python3 => Version::NEWEST,
    };
    let date = loaded.date.map(|date| format!("{date}    ")).unwrap_or_default();
    let title = [date.as_bytes(), path.as_encoded_bytes()].concat();
    Ok(Stats::new(profile, title, python))
}

fn parse_min_change(word: &str, order: Order) -> Result<Threshold, Failure> {
    let metric = order.metric();
    let threshold = match (Threshold::parse(word, metric), word.parse::<f64>()) {
        // A bare number of seconds.
        (Err(ThresholdError::Unit { .. }), Ok(seconds)) => Ok(Threshold::Absolute(seconds)),
        (found, _) => found,
    };
    threshold.map_err(|error| {
        let hint = (metric == Metric::Calls).then_some("with --sort calls it is a number of calls");
        Failure::usage(format!("cannot use --min-change `{word}`: {error}")).hint(hint)
    })
}

fn parse_check(text: &str) -> Result<Check, Failure> {
    Check::parse(text).map_err(|error| {
        Failure::usage(format!("cannot use --fail-if `{text}`: {error}"))
            .hint(Some("such as --fail-if 'cumulative(parse) > 5%'"))
    })
}

fn breaches(check: &Check, diff: &Diff<'_>) -> Result<Option<Vec<Breach>>, Failure> {
    check.breaches(diff).map_err(|error| {
        Failure::usage(format!("cannot use --fail-if `{}`: {error}", check.text()))
            .hint(Some("use a simpler pattern"))
    })
}

/// Tells each function that grew too much.
fn tell(checked: &[Checked<'_>], output: &mut Output) -> Result<Code, Failure> {
    // What is on standard output comes before what is told of it.
    output.flush()?;
    let mut code = Code::Done;
    for (check, breaches) in checked {
        match breaches {
            None => {
                let message = format!("--fail-if `{check}` matches no function");
                output.report("warning", &text::shown(message.as_bytes()));
            }
            Some(breaches) => {
                for breach in breaches {
                    code = Code::Check;
                    let message = format!("{check}: {}", sentence(breach));
                    output.report("failed", &text::shown(message.as_bytes()));
                }
            }
        }
    }
    Ok(code)
}

fn sentence(breach: &Breach) -> String {
    let Breach { name, metric, delta } = breach;
    let what = match metric {
        Metric::Own => "own time",
        Metric::Cumulative => "cumulative time",
        Metric::Calls => "calls",
        Metric::PerCall => "own time per call",
        Metric::CumulativePerCall => "cumulative time per call",
    };
    let shown = |value: Seconds| match metric {
        Metric::Calls => diff::table::count(value),
        _ => diff::table::seconds(value.as_f64()),
    };
    let percent = match delta.percent() {
        percent if percent.is_infinite() => "from nothing".to_owned(),
        percent => format!("{percent:+.1}%"),
    };
    let of = match name {
        Some(name) => format!("of {name}"),
        None => "of everything".to_owned(),
    };
    format!(
        "{what} {of}: {} -> {} ({percent})",
        shown(delta.before),
        shown(delta.after)
    )
}
