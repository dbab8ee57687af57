//! `prof stats`: reads cProfile dumps and prints them as pstats does.

use super::output::Output;
use super::{Code, Failure, browser, input};
use crate::python::{Dialect, Version, text};
use crate::view::{self, Notes, Restriction, SortKey, Stats, VALID_KEYS};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// Print cProfile dumps exactly as Python's pstats does, without Python
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof stats server.prof --sort cumulative --limit 30
  prof stats server.prof --strip-dirs --sort cumulative,tottime --limit 30 --limit 'twisted|evennia'
  prof stats a.prof b.prof --callers --limit send
  prof stats server.prof --interactive")]
pub(super) struct Args {
    /// Dumps that cProfile, profile or another profiler saved, gzipped or not; several are added; - is
    /// standard input
    #[arg(value_name = "FILE")]
    files: Vec<OsString>,

    /// One more dump to add, after those above
    #[arg(long, value_name = "FILE")]
    add: Vec<OsString>,

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

    /// Print as this version of Python does: 2.7, 3.6 ... 3.15
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    like: Option<Version>,

    /// Browse the profile: the commands of `python -m pstats`, with completion and history on a terminal
    #[arg(short, long)]
    interactive: bool,
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
    let mut stats = load(first, args.like)?;
    // The library takes what follows the first from the back.
    for path in rest.iter().rev().chain(&args.add) {
        let more = input::load(path).map_err(|error| error.of(path))?;
        let add = stats.add(&more.profile, more.file_line);
        add.map_err(|error| Failure::usage(format!("cannot add `{}`: {error}", path.to_string_lossy())))?;
    }
    let python = stats.python();
    if args.strip_dirs {
        stats
            .strip_dirs()
            .map_err(|error| Failure::usage(error.to_string()))?;
    }
    if !args.sort.is_empty() {
        stats.sort(&sort_keys(&args.sort, python)?);
    }
    if args.reverse {
        stats.reverse();
    }
    let restrictions = args
        .limit
        .iter()
        .map(|word| restriction(word, python))
        .collect::<Result<Vec<_>, _>>()?;
    let shown = output.shown();
    let notes = if args.callers {
        stats.print_callers(&restrictions, shown, output.raw())
    } else if args.callees {
        stats.print_callees(&restrictions, shown, output.raw())
    } else {
        stats.print_stats(&restrictions, shown, output.raw())
    }
    .map_err(of_view)?;
    warn(notes, output);
    Ok(Code::Done)
}

/// Loads the first dump. Without `--like` the text is that of the newest Python that can read it.
pub(super) fn load(path: &OsStr, like: Option<Version>) -> Result<Stats, Failure> {
    let loaded = input::load(path).map_err(|error| error.of(path))?;
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
    let word = match python.dialect() {
        Dialect::Python2 => word.as_bytes().into(),
        Dialect::Python3 => text::from_system(word.as_bytes()),
    };
    Restriction::parse(&word, python).map_err(|error| {
        Failure::usage(format!(
            "cannot use the pattern `{}`: {error}",
            text::shown(&word)
        ))
    })
}

pub(super) fn of_view(error: view::Error) -> Failure {
    match error {
        view::Error::Io(error) => error.into(),
        error => Failure::usage(error.to_string()).hint(Some("use a simpler pattern")),
    }
}

pub(super) fn warn(notes: Notes, output: &mut Output) {
    if notes.callers_without_numbers > 0 {
        let count = notes.callers_without_numbers;
        output.report(
            "warning",
            &format!("{count} callers have no numbers of their own: their time is left empty"),
        );
    }
}
