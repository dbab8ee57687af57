//! `prof export`: a profile as other tools' files.

use super::output::Output;
use super::picture::{self, Data, Filters, Loaded, Target};
use super::stats::{of_view, parse_percent, pattern};
use super::{Code, Failure};
use crate::export::{callgrind, chrome, dot, firefox, json, pprof, speedscope};
use crate::format::folded;
use crate::profile::{KeyId, Profile, attribution};
use crate::python::Version;
use crate::view::{self, Stats, View};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

/// Write a profile in another tool's format
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof export --to callgrind server.prof             # callgrind.out.server, for KCachegrind
  prof export --to speedscope server.prof            # server.speedscope.json
  prof export --to pprof server.prof                 # server.pb.gz, for go tool pprof
  prof export --to dot server.prof -o - | dot -Tsvg > server.svg
  prof export --to folded server.prof -o - | sort -t' ' -k2 -n | tail

Stacks of a cProfile dump (for folded, speedscope, pprof, chrome and firefox) are an estimate that conserves its time; \
see prof flamegraph --help. The other formats hold functions and their callers as the dump has them.")]
pub(super) struct Args {
    /// Profiles of any kind that prof flamegraph reads; several are added; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,

    /// The format
    #[arg(long, value_enum)]
    to: Format,

    /// The file to write; - is standard output. Without this a name made of the first file's, here
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    filters: Filters,

    /// Leave folders out of file names; functions that then have the same name are added
    #[arg(long)]
    strip_dirs: bool,

    /// For callgrind, dot and csv from samples: how many were taken in a second
    #[arg(long, value_name = "HZ", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,

    #[command(flatten)]
    graph: Graph,
}

/// How a graph of functions is cut.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options for dot")]
struct Graph {
    /// Leave out functions with less than this percentage of the time
    #[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = parse_percent)]
    node_percent: f64,

    /// Leave out calls with less than this percentage of the time
    #[arg(long, value_name = "PERCENT", default_value = "0.1", value_parser = parse_percent)]
    edge_percent: f64,

    /// Only functions whose name this matches, and what they call
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    root: Option<OsString>,

    /// Only functions whose name this matches, and what calls them
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    leaf: Option<OsString>,

    /// Only functions so many calls away
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// Put the functions of one package into one frame
    #[arg(long)]
    clusters: bool,

    /// Colour by own time, not by cumulative time
    #[arg(long)]
    color_by_own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For KCachegrind, QCachegrind and callgrind_annotate
    Callgrind,
    /// For speedscope
    Speedscope,
    /// For pprof: gzipped profile.proto
    Pprof,
    /// For Graphviz: a graph as gprof2dot draws it
    Dot,
    /// Folded stacks, for flame graph tools
    Folded,
    /// A trace for Chrome and Perfetto
    Chrome,
    /// For the Firefox Profiler
    Firefox,
    /// Functions and callers, or stacks where the profile has stacks
    Json,
    /// Functions and their callers, a line each
    Csv,
}

impl Format {
    /// The name of the file for a profile of this name.
    fn file_name(self, stem: &str) -> String {
        match self {
            Format::Callgrind => format!("callgrind.out.{stem}"),
            Format::Speedscope => format!("{stem}.speedscope.json"),
            Format::Pprof => format!("{stem}.pb.gz"),
            Format::Dot => format!("{stem}.dot"),
            Format::Folded => format!("{stem}.folded"),
            Format::Chrome => format!("{stem}.trace.json"),
            Format::Firefox => format!("{stem}.firefox.json"),
            Format::Json => format!("{stem}.json"),
            Format::Csv => format!("{stem}.csv"),
        }
    }
}

pub(super) fn run(args: Args, output: &mut Output) -> Result<Code, Failure> {
    let mut loaded = picture::load(&args.files)?;
    if args.strip_dirs {
        loaded.strip_dirs()?;
    }
    let target = Target::new(args.output.as_ref(), args.to.file_name(&loaded.stem));
    let title = loaded.title.clone();
    let mut bytes = Vec::new();
    let written = match (args.to, &loaded.data) {
        (Format::Json, Data::Stacks(_)) => json::write(&stacks(&loaded, &args, output)?, &title, &mut bytes),
        (Format::Callgrind | Format::Dot | Format::Json | Format::Csv, _) => {
            let profile = profile(loaded.data, &args)?;
            check_size(&profile)?;
            picture::warn_of(attribution::Suspicious::of(&profile), &title, output);
            write_functions(profile, title, &args, &mut bytes)?
        }
        (Format::Speedscope, _) => speedscope::write(&stacks(&loaded, &args, output)?, &title, &mut bytes),
        (Format::Pprof, _) => pprof::write(&stacks(&loaded, &args, output)?, &title, &mut bytes),
        (Format::Chrome, _) => chrome::write(&stacks(&loaded, &args, output)?, &title, &mut bytes),
        (Format::Firefox, _) => firefox::write(&stacks(&loaded, &args, output)?, &title, &mut bytes),
        (Format::Folded, _) => folded::write(&stacks(&loaded, &args, output)?, &mut bytes),
    };
    written.map_err(|error| Failure::usage(format!("cannot write this profile so: {error}")))?;
    target.write(&bytes, output)?;
    Ok(Code::Done)
}

/// Functions and callers, counted or made of stacks.
fn profile(data: Data, args: &Args) -> Result<Profile, Failure> {
    let profile = match data {
        Data::Profile(profile) => *profile,
        Data::Stacks(tree) => Profile::from_stacks(&tree, 1.0 / f64::from(args.rate))
            .map_err(|error| Failure::usage(error.to_string()))?,
    };
    args.filters.apply_to_profile(profile)
}

/// A small file whose functions share their callers may stand for more than any disk holds.
pub(super) fn check_size(profile: &Profile) -> Result<(), Failure> {
    const MOST_SHARED: u64 = 10_000_000;
    let (uses, stored) = (profile.edge_uses(), profile.edge_count() as u64);
    if uses > MOST_SHARED.max(stored) {
        return Err(Failure::usage(format!(
            "the profile has {stored} callers, which its functions share so that {uses} would be written; at most \
             {MOST_SHARED} are"
        )));
    }
    Ok(())
}

/// A format of functions and callers.
fn write_functions(
    profile: Profile,
    title: String,
    args: &Args,
    bytes: &mut Vec<u8>,
) -> Result<io::Result<()>, Failure> {
    Ok(match args.to {
        Format::Callgrind => {
            let options = callgrind::Options { command: title };
            callgrind::write(&profile, &options, bytes).map(|_| ())
        }
        Format::Dot => {
            let options = args.graph.options(&profile, title)?;
            dot::write(&profile, &options, bytes).map(|_| ())
        }
        format => {
            let stats = Stats::new(profile, title.into_bytes(), Version::NEWEST);
            let rows = stats.rows(&stats.select(&[]).map_err(of_view)?, View::Callers);
            if format == Format::Json {
                view::json::write(&rows, bytes)
            } else {
                view::csv::write(&rows, bytes)
            }
        }
    })
}

impl Graph {
    fn options(&self, profile: &Profile, title: String) -> Result<dot::Options, Failure> {
        let color_by = if self.color_by_own {
            dot::ColorBy::Own
        } else {
            dot::ColorBy::Total
        };
        Ok(dot::Options {
            node_percent: self.node_percent,
            edge_percent: self.edge_percent,
            color_by,
            roots: matching(profile, self.root.as_deref())?,
            leaves: matching(profile, self.leaf.as_deref())?,
            depth: self.depth,
            clusters: self.clusters,
            title,
            ..dot::Options::default()
        })
    }
}

/// The functions whose name a pattern matches; none without a pattern.
fn matching(profile: &Profile, word: Option<&OsStr>) -> Result<Vec<KeyId>, Failure> {
    let Some(word) = word else {
        return Ok(Vec::new());
    };
    let pattern = pattern(word, Version::NEWEST)?;
    let mut found = Vec::new();
    for function in profile.functions() {
        let key = profile.key_of(function);
        let name = profile.standard_name(key);
        if pattern.is_match(&name).map_err(|error| of_view(error.into()))? {
            found.push(key);
        }
    }
    if found.is_empty() {
        let problem = format!("no function matches `{}`", word.to_string_lossy());
        return Err(Failure::usage(problem));
    }
    Ok(found)
}

fn stacks(
    loaded: &Loaded,
    args: &Args,
    output: &mut Output,
) -> Result<crate::profile::stacks::StackTree, Failure> {
    let mut stacks = picture::stacks(loaded, &attribution::Options::default(), output)?;
    args.filters.apply(&mut stacks)?;
    Ok(stacks.tree)
}
