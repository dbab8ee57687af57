//! `prof timeit`: times snippets in the user's own Python, in other languages, and commands.

mod auto;
mod cases;
mod checks;
mod code;
mod commands;
mod compare;
mod fixed;
mod interpreter;
mod keep;
mod language;
mod outcome;
mod parameters;
mod processors;
mod profile;
mod stops;
mod watch;
mod world;

use super::duration::parse_seconds;
use super::output::Output;
use super::{Code, Failure};
use crate::timeit::report::units::Unit;
use std::time::Duration;

/// Time snippets of Python and other languages, and commands
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  prof timeit '[i for i in range(100)]'
  prof timeit -s 'a = []' 'for i in range(100):' '    a.append(i)'
  prof timeit -n 1000 -r 5 -s 'import json' 'json.dumps([1, 2])'
  prof timeit --stmt-file snippet.py --setup-file setup.py -n 100
  prof timeit --autorange --format timeit '[i for i in range(100)]'
  prof timeit --auto '[i for i in range(100)]'
  prof timeit '[i for i in range(100)]' --vs 'list(range(100))'
  prof timeit --python 3.11 --python 3.13 'sorted(range(100))' --json result.json
  prof timeit --auto 'f()' -s 'from app import f' --baseline monday --fail-if 'slower > 5%'
  prof timeit compare monday.json friday.json
  prof timeit --cmd 'fd . /usr' --cmd 'find /usr'
  prof timeit -N 'hexdump file' 'xxd file' -w 3
  prof timeit --sh 'sort big.txt | uniq -c' --prepare 'sync' --runs 20
  prof timeit -L size 10,100,1000 -s 'd = list(range({size}))' 'sorted(d)'
  prof timeit --evennia mygame --rollback 'search_object(\"limbo\")'
  prof timeit --cold 'import json'
  prof timeit 'f()' --vs 'g()' -s 'from app import f, g' --profile --html figures.html
  prof timeit --lang node '[3, 1, 2].sort()'
  prof timeit --lang ruby -s 'a = (1..1000).to_a' 'a.sum' --vs 'a.inject(:+)'
  prof timeit --lang c -s '#include <math.h>' -s 'volatile double x = 2;' 'sqrt(x)'
  prof timeit --lang rust -s 'let v: Vec<u64> = (0..1000).collect();' 'v.iter().sum::<u64>()'
  prof timeit -P threads 1 8 --cmd 'make -j {threads}' --prepare 'make clean'

Without -n the statement runs 1,000,000 times, as with timeit.timeit(). Several STATEMENTs are the lines of \
one; a line that starts with - comes after --. The setup runs once before every repeat and is not timed. The \
code runs in a function, as in timeit: its names are local, and fast.

With --lang c lines of the setup that begin with # stand before the function. C is built with cc -O2, Rust \
with rustc -C opt-level=3 --edition 2021; CFLAGS, LDFLAGS, RUSTFLAGS and what --with adds come after that. \
There and in Node.js compilers leave out what nobody uses: let the statement end with an expression that has \
the result, v.iter().sum::<u64>() and not let s: u64 = v.iter().sum();

--auto, and comparing, take short samples in several fresh processes, leave out those that the system \
interrupted, and give an interval that holds in 19 of 20 cases. --fail-if 'slower > 5%' (or faster, or >=) \
holds only if the whole interval says so.

Exit codes: 0 done, 1 the code failed, 2 bad usage, 3 a --fail-if holds, 124 out of time, 130 interrupted; \
what was measured until then is printed.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    code: code::Args,

    #[command(flatten)]
    auto: auto::Options,

    #[command(flatten)]
    language: language::Options,

    #[command(flatten)]
    commands: commands::Options,

    #[command(flatten)]
    parameters: parameters::Args,

    #[command(flatten)]
    world: world::Args,

    /// Then run the code once more under cProfile, and show where its time goes; --html draws it
    #[arg(long)]
    profile: bool,

    /// The same, and keep it: as a dump for `prof stats` (.prof), a flame graph (.svg), or .folded, .json (speedscope),
    /// .pb.gz (pprof); with several cases the second is FILE-2.prof, and so on
    #[arg(long, value_name = "FILE.prof|FILE.svg")]
    profile_out: Option<std::path::PathBuf>,

    #[command(flatten)]
    keep: keep::Args,

    /// Exit with code 3 if this holds, such as 'slower > 5%'; repeat for more
    #[arg(long, value_name = "CHECK")]
    fail_if: Vec<String>,

    #[command(flatten)]
    interpreter: interpreter::Args,

    /// How often to run the statement: in one go, for each repeat; 0 is --autorange [default: 1,000,000]
    #[arg(short, long, value_name = "N", value_parser = parse_number, allow_negative_numbers = true)]
    number: Option<u64>,

    /// How often to take the time of all loops [default: 1, with --autorange 5]. With commands it is --runs
    #[arg(short, long, value_name = "N", value_parser = parse_repeat, allow_negative_numbers = true)]
    repeat: Option<u64>,

    /// Count processor time, of all threads, instead of the time on the wall
    #[arg(short, long)]
    process: bool,

    /// The unit of times per loop
    #[arg(short, long, value_name = "UNIT", value_parser = parse_unit)]
    unit: Option<Unit>,

    /// More digits, and the time of every repeat
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Whether Python's garbage collector runs during the loops; both: measures both ways in turn
    #[arg(long, value_name = "WHEN", value_enum, default_value = "off")]
    gc: Collector,

    /// Find the number of loops as `python -m timeit` does: 1, 2, 5, 10 and so on until they take --target-time
    #[arg(long, conflicts_with = "number")]
    autorange: bool,

    /// How long the loops of --autorange take at least
    #[arg(short, long, value_name = "SECONDS", value_parser = parse_seconds, default_value = "0.2")]
    target_time: Duration,

    /// Stop when one repeat takes longer
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: Option<Duration>,

    /// Stop when all takes longer; --auto plans for this [default of --auto: 2s, and 1s for each more to compare]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    max_time: Option<Duration>,

    /// Run on these processors alone, such as 0 or 0,2-3
    #[arg(long, value_name = "LIST", value_parser = processors::Processors::parse)]
    cpu: Option<processors::Processors>,

    /// For people, or the very text of `python -m timeit`
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Compare(compare::Args),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Collector {
    On,
    Off,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Timeit,
}

impl Args {
    /// What runs before all runs of a command: `--setup-cmd`, or `--setup`, which has no code beside commands.
    fn setups(&self) -> Vec<String> {
        let setups = self.code.setup().iter();
        let setups = setups.map(|setup| setup.to_string_lossy().into_owned());
        self.commands.setups().iter().cloned().chain(setups).collect()
    }

    /// Is a profile wanted after the figures?
    fn is_profiled(&self) -> bool {
        self.profile || self.profile_out.is_some()
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    if args.format == Format::Timeit && args.gc == Collector::Both {
        return Err(Failure::usage("--format timeit has no place for --gc both"));
    }
    if let Some(Command::Compare(args)) = &args.command {
        return compare::run(args, output);
    }
    if let Some(processors) = &args.cpu {
        processors.choose()?;
    }
    if args.commands.is_wanted() {
        return commands::run(args, output);
    }
    if let Some(option) = args.commands.misplaced() {
        return Err(Failure::usage(format!("{option} needs a command"))
            .hint(Some("--cmd 'COMMAND' times one, --sh 'COMMAND' one in a shell")));
    }
    let is_fixed = args.number.is_some() || args.repeat.is_some() || args.autorange;
    let has_parameters = args.parameters.is_given();
    if args.is_profiled() && is_fixed {
        return Err(Failure::usage(
            "--profile goes with --auto, not with -n, -r and --autorange",
        ));
    }
    let programs = args.interpreter.count().max(args.language.count());
    let is_auto = args.auto.is_wanted(programs, has_parameters, is_fixed);
    if is_auto || args.is_profiled() || args.world.is_cold() {
        return auto::run(args, output);
    }
    if let Some(option) = args.auto.misplaced() {
        return Err(Failure::usage(format!("{option} needs --auto"))
            .hint(Some("leave out -n, -r and --autorange, and add --auto")));
    }
    fixed::run(args, output)
}

fn parse_count(text: &str) -> Result<u64, String> {
    if text.starts_with('-') {
        return Err("it cannot be negative".into());
    }
    let digits = text.replace(['_', ','], "");
    match digits.parse::<u64>() {
        Ok(count) if count <= i64::MAX as u64 => Ok(count),
        // 1e6, which timeit does not know, but people do.
        _ => match digits.parse::<f64>() {
            Ok(count) if count.fract() == 0.0 && (0.0..1e18).contains(&count) => Ok(count as u64),
            _ => Err("it is a whole number such as 1000, 1_000 or 1e3".into()),
        },
    }
}

/// `-n`, which names a command in hyperfine.
fn parse_number(text: &str) -> Result<u64, String> {
    parse_count(text).map_err(|message| format!("{message}; a command gets a name by --name"))
}

fn parse_repeat(text: &str) -> Result<u64, String> {
    match parse_count(text)? {
        0 => Err("it is at least 1".into()),
        count => Ok(count),
    }
}

fn parse_unit(text: &str) -> Result<Unit, String> {
    match text {
        "nsec" | "ns" => Ok(Unit::Nanoseconds),
        "usec" | "us" | "µs" | "μs" => Ok(Unit::Microseconds),
        "msec" | "ms" => Ok(Unit::Milliseconds),
        "sec" | "s" => Ok(Unit::Seconds),
        _ => Err("it is nsec, usec, msec or sec".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_and_not_negative() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1_000", Some(1000)),
            ("1e6", Some(1_000_000)),
            ("9223372036854775807", Some(i64::MAX as u64)),
            ("9223372036854775808", None),
            ("-5", None),
            ("1.5", None),
            ("inf", None),
            ("", None),
        ] {
            assert_eq!(parse_count(text).ok(), expected, "{text}");
        }
        assert!(parse_repeat("0").is_err());
    }
}
