//! The command line: the only layer that reads arguments, the environment or the terminal, opens the
//! user's files, prints, or exits.

mod browser;
mod completions;
mod diff;
mod dummyrunner;
mod duration;
mod exit;
mod export;
mod flamegraph;
mod input;
mod interrupt;
mod man;
mod modification_time;
mod output;
mod picture;
mod places;
mod record;
mod signals;
mod stack_files;
mod stats;
mod timeit;
mod view;

pub use exit::{Code, Failure};

use crate::self_profile::SelfProfile;
use clap::{ColorChoice, Parser, Subcommand};
use output::Output;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Times Python code, records, reads, draws, converts and compares profiles, and loads game servers with players
#[derive(Debug, Parser)]
#[command(
    name = "prof",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Examples:
  prof stats server.prof --sort cumulative --limit 30
  prof timeit 'sorted(range(1000))'
  prof record -o app.prof app.py; prof stats app.prof --sort tottime --top 20
  prof view server.prof
  prof flamegraph server.prof
  prof diff before.prof after.prof
  prof dummyrunner 10

Profiles are read without Python; timing and recording Python code needs the Python that it runs in.
`prof COMMAND --help` tells more about a command, with examples.")]
struct Cli {
    /// Whether to use colour; without this only on a terminal, and never when NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,

    /// Sample prof itself while it runs, and draw a flame graph of it
    #[arg(long, global = true, value_name = "FILE.svg", hide_short_help = true)]
    self_profile: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Stats(stats::Args),
    View(view::Args),
    Flamegraph(flamegraph::Args),
    Export(export::Args),
    Diff(diff::Args),
    Timeit(Box<timeit::Args>),
    Dummyrunner(Box<dummyrunner::Args>),
    Record(record::Args),
    Man(man::Args),
    Completions(completions::Args),
}

/// Runs `prof` with these arguments, the first being its own name. All that goes wrong is printed; the code
/// says what it was.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Scripts ask this of every tool they use: half of the time would go into options that nobody asks for.
    if let [_, asked] = &arguments[..]
        && (asked == "--version" || asked == "-V")
    {
        let mut output = Output::new(ColorChoice::Auto);
        let version = concat!("prof ", env!("CARGO_PKG_VERSION"), "\n");
        let result = output.raw().write_all(version.as_bytes()).map_err(Failure::from);
        let result = result.and_then(|()| output.flush()).map(|()| Code::Done);
        return exit::finish(result, &mut output);
    }
    signals::survive_large_files();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let mut output = Output::new(cli.color);
    let result = run_command(cli, &mut output).and_then(|code| output.flush().map(|()| code));
    exit::finish(result, &mut output)
}

fn run_command(cli: Cli, output: &mut Output) -> Result<Code, Failure> {
    let sampling = cli.self_profile.as_deref().map(Sampling::start).transpose()?;
    let result = match cli.command {
        Command::Stats(args) => stats::run(args, output),
        Command::View(args) => view::run(&args, output),
        Command::Flamegraph(args) => flamegraph::run(args, output),
        Command::Export(args) => export::run(args, output),
        Command::Diff(args) => diff::run(&args, output),
        Command::Timeit(args) => timeit::run(&args, output),
        Command::Dummyrunner(args) => dummyrunner::run(&args, output),
        Command::Record(args) => record::run(&args, output),
        Command::Man(args) => man::run(&args, output),
        Command::Completions(args) => completions::run(&args, output),
    };
    // Also of a command that failed, or whose output nobody wanted to the end.
    match (
        sampling.map_or(Ok(()), |sampling| sampling.finish(output)),
        result,
    ) {
        (Err(failure), Err(first)) => {
            failure.tell(output)?;
            Err(first)
        }
        (Err(failure), Ok(_)) => Err(failure),
        (Ok(()), result) => result,
    }
}

/// `--self-profile`.
struct Sampling {
    profile: SelfProfile,
    path: PathBuf,
}

impl Sampling {
    fn start(path: &Path) -> Result<Sampling, Failure> {
        output::check_folder(path)?;
        Ok(Sampling {
            path: path.into(),
            profile: SelfProfile::start().map_err(|error| Failure::usage(error.to_string()))?,
        })
    }

    fn finish(self, output: &mut Output) -> Result<(), Failure> {
        let picture = self.profile.flamegraph("prof");
        let picture = picture.map_err(|error| Failure::failed(format!("--self-profile: {error}")))?;
        output::write_file(&self.path, &picture.svg)?;
        if let Some(why) = picture.empty {
            let message = format!("{}: {why}", self.path.display());
            output.report("note", &crate::python::text::shown(message.as_bytes()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_version_is_that_of_the_command_line() {
        let expected = concat!("prof ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(Cli::command().render_version(), expected);
    }
}
