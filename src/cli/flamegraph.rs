//! `prof flamegraph`: a profile as a picture.

use super::output::Output;
use super::picture::{self, Filters, Stacks, Target, amount};
use super::{Code, Failure};
use crate::export::flamegraph::{self, Colors, Options, Sort};
use crate::profile::attribution;
use crate::profile::stacks::{ReverseLimits, StackTree};
use std::ffi::OsString;
use std::path::PathBuf;

/// Draw a profile as a flame graph, an SVG that zooms and searches in any browser
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof flamegraph server.prof                        # writes server.svg
  prof flamegraph server.prof --exclude-idle --inverted -o busy.svg
  prof flamegraph before.prof after.prof --diff      # red grew, blue shrank
  perf script | prof flamegraph -                    # and py-spy raw, folded stacks, DTrace, ...

A cProfile dump has no stacks, only functions and who called them: the stacks are an estimate that gives every function \
exactly its own time. The subtitle says how much of it is exact; estimated frames are marked ~ and paler.")]
pub(super) struct Args {
    /// Profiles of any kind: cProfile dumps, folded stacks, pprof, speedscope, callgrind, the text of perf script, DTrace,
    /// sample, VTune; several are added; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,

    /// Compare two profiles: widths are those of the second, red grew, blue shrank
    #[arg(long, conflicts_with_all = ["colors", "reverse"])]
    diff: bool,

    /// With --diff: scale the first profile to the total of the second
    #[arg(long, requires = "diff")]
    normalize: bool,

    /// The file to write; - is standard output. Without this the first file's name with .svg, here
    #[arg(short, long, value_name = "FILE.svg")]
    output: Option<PathBuf>,

    #[command(flatten)]
    filters: Filters,

    /// Callers above what they called: an icicle
    #[arg(long)]
    inverted: bool,

    /// Begin with the functions that took the time, and show their callers on them
    #[arg(long)]
    reverse: bool,

    /// Leave folders out of file names; functions that then have the same name are added
    #[arg(long)]
    strip_dirs: bool,

    /// What colours tell: module, own (share of own time), or a palette of inferno (hot, mem, io, aqua, ...)
    #[arg(long, value_name = "WHAT", default_value = "module")]
    colors: Colors,

    /// The order of neighbours
    #[arg(long, value_enum, default_value = "name")]
    sort: Sort,

    /// Do not draw what is narrower than this percentage
    #[arg(long, value_name = "PERCENT", default_value = "0.04", value_parser = super::stats::parse_percent)]
    min_width: f64,

    /// The width of the picture in pixels; without this it follows the window
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(200..=100_000))]
    width: Option<u32>,

    /// The heading; without this the name of the file
    #[arg(long)]
    title: Option<String>,

    /// Highlight what this matches when the picture opens
    #[arg(long, value_name = "TERM")]
    search: Option<String>,
}

pub(super) fn run(args: Args, output: &mut Output) -> Result<Code, Failure> {
    if args.diff {
        return run_difference(&args, output);
    }
    let mut loaded = picture::load(&args.files)?;
    if args.strip_dirs {
        loaded.strip_dirs()?;
    }
    let mut stacks = picture::stacks(&loaded, &args.attribution(), output)?;
    args.filters.apply(&mut stacks)?;
    if args.reverse {
        stacks.tree = reversed(&stacks.tree, args.min_width)?;
        stacks
            .remarks
            .push("turned round: callers stand on what they called".into());
    }
    let mut options = args.options(&loaded.title);
    options.subtitle = subtitle(&loaded.dates, &stacks);
    let svg = flamegraph::draw(&stacks.tree, &options).map_err(|error| Failure::usage(error.to_string()))?;
    Target::new(args.output.as_ref(), format!("{}.svg", loaded.stem)).write(&svg, output)?;
    Ok(Code::Done)
}

fn run_difference(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let [before, after] = &args.files[..] else {
        return Err(
            Failure::usage("--diff compares two files").hint(Some("prof flamegraph --diff BEFORE AFTER"))
        );
    };
    let mut load = |path: &OsString| {
        let mut loaded = picture::load(std::slice::from_ref(path))?;
        if args.strip_dirs {
            loaded.strip_dirs()?;
        }
        let mut stacks = picture::stacks(&loaded, &args.attribution(), output)?;
        args.filters.apply(&mut stacks)?;
        Ok::<_, Failure>((loaded, stacks))
    };
    let ((before, before_stacks), (after, after_stacks)) = (load(before)?, load(after)?);
    let mut options = args.options(&format!("{} -> {}", before.title, after.title));
    let unit = after_stacks.tree.unit();
    options.subtitle = format!(
        "{} -> {}; red grew, blue shrank{}",
        amount(before_stacks.tree.total(), before_stacks.tree.unit()),
        amount(after_stacks.tree.total(), unit),
        if args.normalize {
            "; the first scaled to the total of the second"
        } else {
            ""
        }
    );
    let difference =
        flamegraph::draw_difference(&before_stacks.tree, &after_stacks.tree, args.normalize, &options)
            .map_err(|error| Failure::usage(error.to_string()))?;
    Target::new(args.output.as_ref(), format!("{}.diff.svg", after.stem)).write(&difference.svg, output)?;
    report_gone(&difference.gone, unit, output);
    Ok(Code::Done)
}

/// Tells of functions that have no width in the picture since they are gone.
fn report_gone(gone: &[(String, u64)], unit: crate::profile::stacks::Unit, output: &mut Output) {
    const LISTED: usize = 10;
    if gone.is_empty() {
        return;
    }
    let sum = gone.iter().map(|(_, own)| own).sum();
    output.report(
        "gone",
        &format!(
            "{} functions with {} are only in the first profile:",
            gone.len(),
            amount(sum, unit)
        ),
    );
    for (name, own) in gone.iter().take(LISTED) {
        output.report(
            "gone",
            &format!(
                "{:>12} {}",
                amount(*own, unit),
                crate::python::text::shown(name.as_bytes())
            ),
        );
    }
}

/// What is narrower than the picture shows goes to `(N more)`.
fn reversed(tree: &StackTree, min_width: f64) -> Result<StackTree, Failure> {
    let limits = ReverseLimits {
        min_width: (tree.total() as f64 * min_width / 100.0) as u64,
        ..ReverseLimits::default()
    };
    tree.reversed(limits)
        .map_err(|error| Failure::usage(error.to_string()))
}

fn subtitle(dates: &[String], stacks: &Stacks) -> String {
    let mut parts = vec![amount(stacks.tree.total(), stacks.tree.unit())];
    parts.extend(stacks.remarks.iter().cloned());
    parts.extend_from_slice(dates);
    parts.join(" \u{b7} ")
}

impl Args {
    /// Stacks need not be finer than what is drawn.
    fn attribution(&self) -> attribution::Options {
        let default = attribution::Options::default();
        // Turned round, narrow stacks of one function stand beside each other and become a wide one; and what waits
        // can only be left out where it is drawn.
        let finer = match (self.reverse, self.filters.leave_out()) {
            (true, _) => 0.01,
            (_, true) => 0.1,
            _ => 1.0,
        };
        attribution::Options {
            min_share: (self.min_width / 100.0 * finer).max(1e-6),
            ..default
        }
    }

    fn options(&self, title: &str) -> Options {
        Options {
            title: self.title.clone().unwrap_or_else(|| title.into()),
            subtitle: String::new(),
            colors: self.colors,
            inverted: self.inverted,
            sort: self.sort,
            min_width: self.min_width,
            width: self.width.map(|width| width as usize),
            search: self.search.clone(),
        }
    }
}
