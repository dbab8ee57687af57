//! `prof completions`: what shells need to complete the command line.

use super::output::Output;
use super::{Cli, Code, Failure};
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Print what a shell needs to complete commands and options at Tab
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof completions bash > ~/.local/share/bash-completion/completions/prof
  prof completions zsh > ~/.zfunc/_prof          # with fpath+=~/.zfunc before compinit in ~/.zshrc
  prof completions fish > ~/.config/fish/completions/prof.fish
  prof completions elvish > ~/.config/elvish/lib/prof.elv   # with `use prof` in rc.elv
  prof completions powershell >> $PROFILE

A new shell then knows them.")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    // Into memory first: the generator panics where its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "prof", &mut script);
    output.raw().write_all(&script)?;
    Ok(Code::Done)
}
