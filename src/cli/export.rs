//! `prof export`: a profile as other tools' files.

use super::output::Output;
use super::picture::{self, Filters, Loaded, Target};
use super::{Code, Failure};
use crate::format::folded;
use crate::profile::attribution;
use std::ffi::OsString;
use std::path::PathBuf;

/// Write a profile in another tool's format
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof export --to folded server.prof                # server.folded
  prof export --to folded server.prof -o - | sort -t' ' -k2 -n | tail

Stacks of a cProfile dump are an estimate that conserves its time; see prof flamegraph --help.")]
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Folded stacks, for flame graph tools
    Folded,
}

impl Format {
    /// The name of the file for a profile of this name.
    fn file_name(self, stem: &str) -> String {
        match self {
            Format::Folded => format!("{stem}.folded"),
        }
    }
}

pub(super) fn run(args: Args, output: &mut Output) -> Result<Code, Failure> {
    let mut loaded = picture::load(&args.files)?;
    if args.strip_dirs {
        loaded.strip_dirs()?;
    }
    let bytes = match args.to {
        Format::Folded => {
            let stacks = stacks(&loaded, &args, output)?;
            let mut bytes = Vec::new();
            folded::write(&stacks.tree, &mut bytes).map_err(|error| Failure::usage(error.to_string()))?;
            bytes
        }
    };
    Target::new(args.output.as_ref(), args.to.file_name(&loaded.stem)).write(&bytes, output)?;
    Ok(Code::Done)
}

fn stacks(loaded: &Loaded, args: &Args, output: &mut Output) -> Result<picture::Stacks, Failure> {
    let mut stacks = picture::stacks(&loaded.data, &attribution::Options::default(), output)?;
    args.filters.apply(&mut stacks)?;
    Ok(stacks)
}
