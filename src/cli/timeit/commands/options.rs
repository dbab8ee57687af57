//! The options of commands, and the commands themselves in the order in which they are given.

use super::super::super::Failure;
use crate::timeit::command::Ignore;
use crate::timeit::command::measure::Order;
use crate::timeit::report::commands::Column;
use crate::timeit::usage::Counter;
use clap::{Arg, ArgAction, ArgMatches};
use std::ffi::OsString;

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Commands")]
pub(in super::super) struct Options {
    #[command(flatten)]
    pub(super) lines: Lines,

    /// The STATEMENTs are commands, as with --cmd, and are compared
    #[arg(short = 'N', conflicts_with = "in_shell")]
    no_shell: bool,

    /// The STATEMENTs are commands for a shell, as with --sh
    #[arg(short = 'S')]
    in_shell: bool,

    /// The shell of --sh, of -S and of the commands that stand beside, with its arguments [default: sh]
    #[arg(long, value_name = "SHELL")]
    pub(super) shell: Option<String>,

    /// Exactly so many runs of each command
    #[arg(long, value_name = "N", value_parser = super::super::parse_repeat, conflicts_with_all = ["min_runs", "max_runs"])]
    pub(super) runs: Option<u64>,

    /// At least so many runs of each command [default: 10]
    #[arg(short, long, value_name = "N", value_parser = super::super::parse_repeat)]
    pub(super) min_runs: Option<u64>,

    /// At most so many runs of each command
    #[arg(short = 'M', long, value_name = "N", value_parser = super::super::parse_repeat)]
    pub(super) max_runs: Option<u64>,

    /// Runs before these, which do not count: they fill caches
    #[arg(short, long, value_name = "N", value_parser = super::super::parse_count, default_value = "0")]
    pub(super) warmup: u64,

    /// Run this in the shell before all runs of a command, such as one that compiles it; once for all commands, or
    /// once for each
    #[arg(long, value_name = "COMMAND")]
    setup_cmd: Vec<String>,

    /// Run this before each run, such as one that empties caches; once for all commands, or once for each
    #[arg(long, value_name = "COMMAND")]
    pub(super) prepare: Vec<String>,

    /// Run this after each run; once for all commands, or once for each
    #[arg(short = 'C', long, value_name = "COMMAND")]
    pub(super) conclude: Vec<String>,

    /// Run this after all runs of a command, also when they fail; once for all commands, or once for each
    #[arg(short, long, value_name = "COMMAND")]
    pub(super) cleanup: Vec<String>,

    /// Where commands read: null, or a file; once for all commands, or once for each [default: null]
    #[arg(long, value_name = "null|FILE")]
    pub(super) input: Vec<OsString>,

    /// Where commands write: null, pipe (some do less where they see the null device), inherit, or a file; once for all
    /// commands, or once for each [default: null]
    #[arg(long, value_name = "null|pipe|inherit|FILE")]
    pub(super) output: Vec<OsString>,

    /// Show what commands write: --output inherit
    #[arg(long, conflicts_with = "output")]
    pub(super) show_output: bool,

    /// Do not stop when a command fails, or fails with one of these exit codes
    #[arg(short, long, value_name = "CODES", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    ignore_failure: Option<String>,

    /// Which commands run when: in turn (abba: A B, B A), one after the other (block), or in turn in random order
    /// [default: abba, with --setup-cmd or --cleanup block]
    #[arg(long, value_name = "ORDER", value_enum)]
    order: Option<OrderName>,

    /// What to tell beside the time, separated by commas: mean, max, cpu, user, system, memory, faults, switches, cycles,
    /// instructions, cache-references, cache-misses, branch-misses, or all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    metrics: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OrderName {
    Abba,
    Block,
    Random,
}

/// `--cmd` and `--sh`, in the order in which they stand on the command line.
#[derive(Debug)]
pub(super) struct Lines(pub(super) Vec<Line>);

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) is_for_shell: bool,
    pub(super) text: String,
}

impl clap::Args for Lines {
    fn augment_args(command: clap::Command) -> clap::Command {
        let line = |name: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name("COMMAND")
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
        };
        command
            .arg(line("cmd").help("Time a command, without a shell: quotes are those of a shell, but nothing is expanded; NAME=VALUE in front sets its environment; repeat for more, which are compared"))
            .arg(line("sh").help("Time a command in a shell, whose own start is told, too; repeat for more"))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Lines::augment_args(command)
    }
}

impl clap::FromArgMatches for Lines {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Lines, clap::Error> {
        let of = |name: &str, is_for_shell: bool| -> Vec<(usize, Line)> {
            let places = matches.indices_of(name).into_iter().flatten();
            let texts = matches.get_many::<String>(name).into_iter().flatten();
            places
                .zip(texts)
                .map(|(place, text)| {
                    let text = text.clone();
                    (place, Line { is_for_shell, text })
                })
                .collect()
        };
        let mut lines = of("cmd", false);
        lines.extend(of("sh", true));
        lines.sort_by_key(|(place, _)| *place);
        Ok(Lines(lines.into_iter().map(|(_, line)| line).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Lines::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Options {
    /// Are there commands to time?
    pub(in super::super) fn is_wanted(&self) -> bool {
        !self.lines.0.is_empty() || self.takes_statements().is_some()
    }

    /// Are the STATEMENTs commands, and are those for a shell?
    pub(super) fn takes_statements(&self) -> Option<bool> {
        if self.in_shell || self.no_shell {
            return Some(self.in_shell);
        }
        // With a shell there are only commands that could run in it.
        let by_shell = self.shell.is_some() && self.lines.0.is_empty();
        by_shell.then(|| !self.has_no_shell())
    }

    /// Is it said that there is no shell?
    pub(super) fn has_no_shell(&self) -> bool {
        self.shell.as_deref() == Some("none")
    }

    /// The commands: the STATEMENTs where these are commands, then those of --cmd and --sh.
    pub(super) fn lines(&self, statements: &[OsString]) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        if let Some(is_for_shell) = self.takes_statements() {
            for text in statements {
                let text = text
                    .to_str()
                    .ok_or_else(|| Failure::usage("a command is not valid UTF-8"))?;
                let text = text.to_owned();
                lines.push(Line { is_for_shell, text });
            }
        }
        lines.extend_from_slice(&self.lines.0);
        if lines.is_empty() {
            return Err(Failure::usage("there is no command to time").hint(Some(
                "such as prof timeit -N 'ls -l', or prof timeit -S 'ls | wc'",
            )));
        }
        if self.has_no_shell() && lines.iter().any(|line| line.is_for_shell) {
            return Err(
                Failure::usage("--shell none: --sh and -S run commands in a shell")
                    .hint(Some("--cmd and -N run them without one")),
            );
        }
        Ok(lines)
    }

    /// What runs before all runs, as `--setup-cmd` has it.
    pub(in super::super) fn setups(&self) -> &[String] {
        &self.setup_cmd
    }

    /// What only commands know, and is given without one.
    pub(in super::super) fn misplaced(&self) -> Option<&'static str> {
        let given = [
            (self.runs.is_some(), "--runs"),
            (self.min_runs.is_some(), "--min-runs"),
            (self.max_runs.is_some(), "--max-runs"),
            (self.warmup > 0, "--warmup"),
            (!self.setup_cmd.is_empty(), "--setup-cmd"),
            (!self.prepare.is_empty(), "--prepare"),
            (!self.conclude.is_empty(), "--conclude"),
            (!self.cleanup.is_empty(), "--cleanup"),
            (!self.input.is_empty(), "--input"),
            (!self.output.is_empty(), "--output"),
            (self.show_output, "--show-output"),
            (self.ignore_failure.is_some(), "--ignore-failure"),
            (self.order.is_some(), "--order"),
            (!self.metrics.is_empty(), "--metrics"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// In which order commands run, with or without setups.
    pub(super) fn order(&self, has_setups: bool) -> Order {
        match self.order {
            Some(OrderName::Abba) => Order::Abba,
            Some(OrderName::Block) => Order::Block,
            Some(OrderName::Random) => Order::Random,
            // What one command sets up, the setup of the next may undo.
            None if has_setups || !self.cleanup.is_empty() => Order::Block,
            None => Order::Abba,
        }
    }

    pub(super) fn ignore(&self) -> Result<Ignore, Failure> {
        match self.ignore_failure.as_deref() {
            None => Ok(Ignore::None),
            Some("all" | "all-non-zero") => Ok(Ignore::All),
            Some(codes) => {
                let code = |code: &str| code.trim().parse::<u8>().ok().map(i32::from);
                let codes: Option<Vec<i32>> = codes.split(',').map(code).collect();
                codes.map(Ignore::Codes).ok_or_else(|| {
                    Failure::usage(
                        "--ignore-failure takes exit codes from 0 to 255, such as --ignore-failure=1,2",
                    )
                })
            }
        }
    }

    /// What is told beside the time, and what must be counted for it.
    pub(super) fn columns(&self) -> Result<(Vec<Column>, Vec<Counter>), Failure> {
        let mut columns = Vec::new();
        for name in &self.metrics {
            let name = name.trim();
            if name.contains(':') {
                return Err(
                    Failure::usage(format!("--metrics `{name}`: a name without a unit is wanted"))
                        .hint(Some("-u is the unit of times; all else has the one that fits")),
                );
            }
            match metric(name) {
                "all" => columns.extend(Column::all()),
                "default" => columns.push(Column::Memory),
                "time" => columns.extend([Column::Cpu, Column::User, Column::System]),
                // The figure itself.
                "wall" => {}
                known => columns.push(Column::named(known).ok_or_else(|| {
                    let names: Vec<&str> = Column::all().map(Column::name).collect();
                    Failure::usage(format!("--metrics knows no `{name}`"))
                        .hint(Some(format!("it knows {} and all", names.join(", "))))
                })?),
            }
        }
        let mut once: Vec<Column> = Vec::new();
        for column in columns {
            if !once.contains(&column) {
                once.push(column);
            }
        }
        let counters = once.iter().filter_map(|column| match column {
            Column::Counter(counter) => Some(*counter),
            _ => None,
        });
        let counters = counters.collect();
        Ok((once, counters))
    }
}

/// Our name of a metric, where hyperfine has another.
fn metric(name: &str) -> &str {
    match name {
        "time_wall_clock" => "wall",
        "time_cpu" => "cpu",
        "time_user" => "user",
        "time_system" => "system",
        "memory_peak_resident" => "memory",
        "cpu_cycles" => "cycles",
        "cache_references" => "cache-references",
        "cache_misses" => "cache-misses",
        "branch_misses" => "branch-misses",
        name => name,
    }
}
