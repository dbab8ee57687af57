//! `prof dummyrunner`: simulated players on a game server.

mod demo;

use super::output::Output;
use super::{Code, Failure};

/// Let simulated players load a game server, or serve a small game to try it on
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(demo::Args),
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    match &args.command {
        Command::Demo(args) => demo::run(args, output),
    }
}
