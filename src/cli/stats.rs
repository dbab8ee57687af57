//! `prof stats`: reads cProfile dumps and prints them as pstats does.

use super::output::Output;
use super::{Code, Failure, browser, input, output};
use crate::format::pstats;
use crate::profile::{Profile, is_idle};
use crate::python::regex::Pattern;
use crate::python::{Dialect, Version, text};
use crate::view::table::Layout;
use crate::view::{self, GroupBy, Notes, Restriction, SortKey, Stats, VALID_KEYS, View};
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Print cProfile dumps exactly as Python's pstats does, without Python; and sampled stacks as functions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof stats server.prof --sort cumulative --limit 30
  prof stats server.prof --strip-dirs --sort cumulative,tottime --limit 30 --limit 'twisted|evennia'
  prof stats a.prof b.prof --callers --limit send
  prof stats server.prof --interactive
  prof stats server.prof --format table --exclude-idle --sort tottime --top 20
  prof stats server.prof --group-by package
  prof stats a.prof b.prof --write both.prof
  prof stats stacks.folded --sort tottime --top 20   # from prof record --pid, py-spy, ...")]
pub(super) struct Args {
    /// Dumps that cProfile, profile or another profiler saved, gzipped or not, or sampled stacks; several are
    /// added; - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<OsString>,

    /// One more dump to add, after those above
    #[arg(long, value_name = "FILE")]
    add: Vec<OsString>,

    /// For sampled stacks (folded, pprof, speedscope): how many were taken in a second, 100 if it is not told
    #[arg(long, value_name = "HZ", value_parser = super::record::parse_rate)]
    rate: Option<f64>,

    /// Sort by these keys: calls, cumulative, filename, line, name, nfl, pcalls, stdname, tottime, or a
    /// prefix that pstats takes; -1, 0, 1, 2 are its old numbers
    #[arg(
        short,
        long,
        value_name = "KEY,...",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    sort: Vec<String>,

    /// Turn the sorted order round
    #[arg(short, long)]
    reverse: bool,

    /// Remove folders from file names; functions that then have the same name are added
    #[arg(long)]
    strip_dirs: bool,

    /// Show who called each function
    #[arg(long, conflicts_with = "callees")]
    callers: bool,

    /// Show whom each function called
    #[arg(long)]
    callees: bool,

    /// List only so many (30), this share (0.1), or those whose name a Python regular expression matches;
    /// repeat to narrow down
    #[arg(short, long, value_name = "N|SHARE|REGEX", allow_hyphen_values = true)]
    limit: Vec<OsString>,

    /// List no more than this, after everything else
    #[arg(long, value_name = "N")]
    top: Option<u32>,

    /// List only what has at least this percentage of the whole time, with what it called
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    min_percent: Option<f64>,

    /// Leave out functions that only wait, such as a server's poll and sleep; totals are computed anew
    #[arg(long)]
    exclude_idle: bool,

    /// Leave out functions whose name a Python regular expression matches; totals are computed anew
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    exclude: Vec<OsString>,

    /// One row for each file, module or package
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with_all = ["callers", "callees", "limit"])]
    group_by: Option<GroupBy>,

    /// Add up functions whose names differ only in a memory address
    #[arg(long)]
    fold_addresses: bool,

    /// The text of pstats, or a table with percentages, or for programs; grouped rows are a table by default
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,

    /// Save the profile, with all files added, as a dump that Python reads; nothing is printed
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Print as this version of Python does: 2.7, 3.6 ... 3.15
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    like: Option<Version>,

    /// Browse the profile: the commands of `python -m pstats`, with completion and history on a terminal
    #[arg(short, long)]
    interactive: bool,
}

/// Samples a second, as `prof record --pid` and py-spy take them.
const RATE: f64 = 100.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Table,
    Json,
    Csv,
    Markdown,
}

pub(super) fn parse_percent(word: &str) -> Result<f64, String> {
    word.parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "expected 0 to 100".into())
}

fn parse_version(word: &str) -> Result<Version, String> {
    Version::parse(word).ok_or_else(|| "expected 2.7, or 3.6 to 3.15".into())
}

pub(super) fn run(args: Args, output: &mut Output) -> Result<Code, Failure> {
    if args.interactive {
        let files: Vec<OsString> = args.files.into_iter().chain(args.add).collect();
        return browser::run(&files, args.like, output);
    }
    let Some((first, rest)) = args.files.split_first() else {
        return Err(Failure::usage("no file is named").hint(Some("prof stats FILE...; - is standard input")));
    };
    let mut stats = load(first, args.like, args.rate.unwrap_or(RATE))?;
    // The library takes what follows the first from the back.
    for path in rest.iter().rev().chain(&args.add) {
        let more = input::load_or_sum_up(path, args.rate.unwrap_or(RATE)).map_err(|error| error.of(path))?;
        let add = stats.add(&more.profile, more.file_line);
        add.map_err(|error| Failure::usage(format!("cannot add `{}`: {error}", path.to_string_lossy())))?;
    }
    change(&mut stats, &args)?;
    if let Some(path) = &args.write {
        output::write_file(path, &pstats::write(stats.profile()))?;
        return Ok(Code::Done);
    }
    let python = stats.python();
    let keys = sort_keys(&args.sort, python)?;
    if !keys.is_empty() {
        stats.sort(&keys);
    }
    if args.reverse {
        stats.reverse();
    }
    let restrictions = restrictions(&args, python)?;
    let format = args.format.unwrap_or(if args.group_by.is_some() {
        Format::Table
    } else {
        Format::Text
    });
    if format == Format::Text && args.group_by.is_none() {
        let notes = print_text(&mut stats, &args, &restrictions, output)?;
        warn(notes, output);
    } else {
        print_rows(&stats, &args, &keys, &restrictions, format, output)?;
    }
    // The process ends: giving the memory of a large profile back piece by piece is work for nothing.
    std::mem::forget(stats);
    Ok(Code::Done)
}

/// Makes the profile that is to be shown from the one that was read.
fn change(stats: &mut Stats, args: &Args) -> Result<(), Failure> {
    let failure = |error: crate::profile::Error| Failure::usage(error.to_string());
    if args.fold_addresses {
        stats.replace_profile(stats.profile().fold_addresses().map_err(failure)?);
    }
    exclude(stats, args.exclude_idle, &args.exclude)?;
    if args.strip_dirs {
        stats.strip_dirs().map_err(failure)?;
    }
    Ok(())
}

/// Leaves out what only waits, if that is wanted, and the functions whose name a pattern matches.
pub(super) fn exclude(stats: &mut Stats, idle: bool, words: &[OsString]) -> Result<(), Failure> {
    if !idle && words.is_empty() {
        return Ok(());
    }
    let python = stats.python();
    let patterns = words
        .iter()
        .map(|word| pattern(word, python))
        .collect::<Result<Vec<_>, _>>()?;
    let too_hard = Cell::new(None);
    let keep = |profile: &Profile, key| {
        let name = profile.standard_name(key);
        let is_excluded = |pattern: &Pattern| {
            pattern.is_match(&name).unwrap_or_else(|error| {
                too_hard.set(Some(error));
                false
            })
        };
        !(idle && is_idle(profile, key) || patterns.iter().any(is_excluded))
    };
    let kept = stats.retain(keep);
    kept.map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(error) = too_hard.take() {
        return Err(of_view(error.into()));
    }
    if stats.profile().is_empty() {
        return Err(Failure::usage("every function is excluded"));
    }
    Ok(())
}

/// All limits, in the order in which they apply.
fn restrictions(args: &Args, python: Version) -> Result<Vec<Restriction>, Failure> {
    let limits = args.limit.iter().map(|word| restriction(word, python));
    let percent = args
        .min_percent
        .map(|percent| Ok(Restriction::MinPercent(percent)));
    let top = args.top.map(|count| Ok(Restriction::Count(i64::from(count))));
    limits.chain(percent).chain(top).collect()
}

/// So many rows in file order are rarely what was wanted.
const MANY: usize = 2000;

fn print_text(
    stats: &mut Stats,
    args: &Args,
    restrictions: &[Restriction],
    output: &mut Output,
) -> Result<Notes, Failure> {
    if output.is_terminal() && !stats.is_sorted() && restrictions.is_empty() && stats.profile().len() > MANY {
        let hint = format!(
            "{} functions follow in the order of the file; try --sort cumulative --limit 30",
            stats.profile().len()
        );
        output.report("hint", &hint);
    }
    let shown = output.shown();
    match args.view() {
        View::Functions => stats.print_stats(restrictions, shown, output.raw()),
        View::Callers => stats.print_callers(restrictions, shown, output.raw()),
        View::Callees => stats.print_callees(restrictions, shown, output.raw()),
    }
    .map_err(of_view)
}

fn print_rows(
    stats: &Stats,
    args: &Args,
    keys: &[SortKey],
    restrictions: &[Restriction],
    format: Format,
    output: &mut Output,
) -> Result<(), Failure> {
    let rows = match args.group_by {
        Some(by) => {
            let mut rows = stats.grouped_rows(by, keys);
            if args.reverse {
                rows.rows.reverse();
            }
            if let Some(least) = args.min_percent {
                let totals = rows.totals;
                rows.rows
                    .retain(|row| view::percent_of(row.calls.cumulative.as_f64(), totals) >= least);
            }
            rows.rows
                .truncate(args.top.map_or(usize::MAX, |count| count as usize));
            rows
        }
        None => stats.rows(&stats.select(restrictions).map_err(of_view)?, args.view()),
    };
    match format {
        Format::Json => view::json::write(&rows, &mut std::io::BufWriter::new(output.raw()))?,
        Format::Csv => view::csv::write(&rows, &mut std::io::BufWriter::new(output.raw()))?,
        Format::Markdown => {
            let text = view::table::render(&rows, Layout::Markdown);
            output.raw().write_all(text.as_bytes())?;
        }
        Format::Table | Format::Text => {
            let layout = Layout::Plain {
                width: output.width(),
                color: output.is_colored(),
            };
            let text = view::table::render(&rows, layout);
            output.raw().write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

impl Args {
    fn view(&self) -> View {
        match (self.callers, self.callees) {
            (true, _) => View::Callers,
            (_, true) => View::Callees,
            _ => View::Functions,
        }
    }
}

/// Loads the first dump. Without `--like` the text is that of the newest Python that can read it.
pub(super) fn load(path: &OsStr, like: Option<Version>, rate: f64) -> Result<Stats, Failure> {
    let loaded = input::load_or_sum_up(path, rate).map_err(|error| error.of(path))?;
    let python = version_for(&loaded, like).map_err(|(problem, hint)| {
        Failure::usage(format!("cannot read `{}`: {problem}", path.to_string_lossy())).hint(Some(hint))
    })?;
    Ok(Stats::new(loaded.profile, loaded.file_line, python))
}

/// Whose text to print for this dump.
pub(super) fn version_for(
    loaded: &input::Loaded,
    like: Option<Version>,
) -> Result<Version, (String, &'static str)> {
    let dialect = loaded.profile.dialect();
    match like {
        None => Ok(match dialect {
            Dialect::Python2 => Version::PYTHON2,
            Dialect::Python3 => Version::NEWEST,
        }),
        Some(python) if python.dialect() != dialect => {
            let writer = if dialect == Dialect::Python2 {
                "Python 2"
            } else {
                "Python 3"
            };
            Err((
                format!("{writer} wrote it, which Python {python} cannot read"),
                "leave out --like",
            ))
        }
        Some(python) if loaded.profile.is_sampled() && !python.at_least(15) => Err((
            format!("it is a sampled profile, which Python {python} cannot read"),
            "leave out --like, or use --like 3.15",
        )),
        Some(python) => Ok(python),
    }
}

fn sort_keys(words: &[String], python: Version) -> Result<Vec<SortKey>, Failure> {
    if let [word] = words
        && let Some(key) = word.parse().ok().and_then(SortKey::from_number)
    {
        return Ok(vec![key]);
    }
    let key = |word: &String| {
        SortKey::parse(word, python).ok_or_else(|| {
            let valid: Vec<&str> = VALID_KEYS.iter().map(|(key, _)| *key).collect();
            let hint = format!("keys are {}; or one of -1, 0, 1, 2 alone", valid.join(", "));
            Failure::usage(format!(
                "`{word}` is not a sort key, or is the beginning of several"
            ))
            .hint(Some(hint))
        })
    };
    words.iter().map(key).collect()
}

/// A restriction from a word of the command line.
pub(super) fn restriction(word: &OsStr, python: Version) -> Result<Restriction, Failure> {
    let word = as_python_text(word, python);
    Restriction::parse(&word, python).map_err(|error| bad_pattern(&word, &error))
}

/// A pattern that must be one: unlike a restriction, an invalid one is an error.
pub(super) fn pattern(word: &OsStr, python: Version) -> Result<Pattern, Failure> {
    let word = as_python_text(word, python);
    Pattern::new(&word, python).map_err(|error| bad_pattern(&word, &error))
}

fn as_python_text(word: &OsStr, python: Version) -> Vec<u8> {
    match python.dialect() {
        Dialect::Python2 => word.as_bytes().into(),
        Dialect::Python3 => text::from_system(word.as_bytes()),
    }
}

fn bad_pattern(word: &[u8], error: &crate::python::regex::Error) -> Failure {
    Failure::usage(format!("cannot use the pattern `{}`: {error}", text::shown(word)))
}

pub(super) fn of_view(error: view::Error) -> Failure {
    match error {
        view::Error::Io(error) => error.into(),
        error => Failure::usage(error.to_string()).hint(Some("use a simpler pattern")),
    }
}

pub(super) fn warn(notes: Notes, output: &mut Output) {
    if notes.nothing_left && output.is_terminal() {
        output.report(
            "hint",
            "the limits leave no function; with --strip-dirs names have no folders to match",
        );
    }
    if notes.callers_without_numbers > 0 {
        let count = notes.callers_without_numbers;
        output.report(
            "warning",
            &format!("{count} callers have no numbers of their own: their time is left empty"),
        );
    }
}
