//! `prof record --pid`: samples a Python program that runs already.

use super::super::duration::parse_seconds;
use super::super::output::Output;
use super::super::stack_files::{About, Files, Format};
use super::super::{Code, Failure, signals};
use super::summary::{seconds, shell_word, size};
use crate::process::Source;
use crate::python::text::shown;
use crate::record::sample::{Counts, Error, Options, Sampled, Sampling};
use crate::timeit::report::units::{count, counted};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How a running program is sampled.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options for --pid")]
#[group(id = "attach")]
pub(super) struct Args {
    /// Sample the stacks of a Python program that runs already: its number, or a file that holds it, such as an
    /// Evennia game's server/server.pid
    #[arg(short, long, value_name = "PID|FILE", conflicts_with_all = ["command", "every", "merge", "max_rss", "keep_running", "python"])]
    pub(super) pid: Option<String>,

    /// How long; without this until Ctrl-C, or until the program ends
    #[arg(short, long, value_name = "TIME", value_parser = parse_seconds)]
    duration: Option<Duration>,

    /// Looks a second [default: 100]
    #[arg(short, long, value_name = "HZ", value_parser = parse_rate)]
    rate: Option<f64>,

    /// The format of the files that -o names; without this by their endings
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: Option<Format>,

    /// Draw a flame graph, too
    #[arg(long, value_name = "FILE.svg")]
    flamegraph: Vec<PathBuf>,

    /// Threads that wait, too
    #[arg(long)]
    idle: bool,

    /// Only the thread that holds the interpreter's lock
    #[arg(long)]
    gil: bool,

    /// Never stop the program to read its stacks: some are then torn, and some cannot be read
    #[arg(long)]
    nonblocking: bool,

    /// Frames of C code, too; in a build with the feature `native`
    #[arg(long, conflicts_with = "nonblocking", hide_short_help = cfg!(not(feature = "native")))]
    native: bool,
}

pub(in super::super) fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok();
    rate.filter(|rate| (0.1..=10_000.0).contains(rate))
        .ok_or_else(|| "it is a number of looks a second, from 0.1 to 10000".into())
}

impl Args {
    /// The option that says how to sample, where a program is to be run instead.
    pub(super) fn misplaced(&self) -> Option<&'static str> {
        let given = [
            ("--duration", self.duration.is_some()),
            ("--rate", self.rate.is_some()),
            ("--to", self.to.is_some()),
            ("--flamegraph", !self.flamegraph.is_empty()),
            ("--idle", self.idle),
            ("--gil", self.gil),
            ("--nonblocking", self.nonblocking),
            ("--native", self.native),
        ];
        given.into_iter().find_map(|(name, given)| given.then_some(name))
    }
}

/// How often it is looked at signals and the end, and how often a terminal shows how things stand.
const LOOK: Duration = Duration::from_millis(100);
const SHOW: Duration = Duration::from_millis(500);

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let hint = error.hint();
        Failure::usage(error.to_string()).hint(hint)
    }
}

pub(super) fn run(pid: &str, args: &super::Args, output: &mut Output) -> Result<Code, Failure> {
    let own = &args.attach;
    let source = match pid.parse() {
        Ok(pid) => Source::Pid(pid),
        Err(_) if Path::new(pid).exists() => Source::File(pid.into()),
        Err(_) => {
            let message =
                format!("--pid `{pid}` is neither the number of a process nor a file that holds one");
            return Err(Failure::usage(message));
        }
    };
    let rate = own.rate.unwrap_or(Options::default().rate);
    let options = Options {
        rate,
        gil: own.gil,
        idle: own.idle,
        threads: args.threads,
        children: args.children,
        nonblocking: own.nonblocking,
        native: own.native,
    };
    let (told, signal) = channel();
    // Before any other thread, since they inherit what is held back.
    let signals = signals::stop_on_signals(move || {
        // Once it is over nobody listens.
        let _ = told.send(());
    })?;
    let default = PathBuf::from(format!("{}.folded", source.pid().unwrap_or(0)));
    let files = Files::begin(&args.output, own.to, &own.flamegraph, default)?;
    let sampling = Sampling::start(source, options)?;
    let pid = sampling.process();
    if !args.quiet {
        output.progress(&format!(
            "sampling process {pid} {} times a second {}",
            rate,
            match own.duration {
                Some(time) => format!("for {}; Ctrl-C ends it earlier", seconds(time)),
                None => "until Ctrl-C, or until it ends".into(),
            }
        ));
    }
    let mut block = (!args.quiet && std::io::stderr().is_terminal()).then_some(0);
    let began = Instant::now();
    let mut shown_at = began;
    while !sampling.is_over() && own.duration.is_none_or(|time| began.elapsed() < time) {
        let left = own
            .duration
            .map_or(LOOK, |time| time.saturating_sub(began.elapsed()));
        match signal.recv_timeout(left.min(LOOK)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Some(lines) = block
            && shown_at.elapsed() >= SHOW
        {
            shown_at = Instant::now();
            block = Some(output.redraw(lines, &live(&sampling.counts(), own.nonblocking)));
        }
    }
    let sampled = sampling.finish()?;
    if sampled.ended && !args.quiet {
        output.report(
            "note",
            &format!("process {pid} has ended; what was sampled is kept"),
        );
    }
    finish(&sampled, pid, (rate, own.nonblocking), files, args.quiet, output)?;
    Ok(if signals.was_stopped() && own.duration.is_some() {
        Code::Interrupted
    } else {
        Code::Done
    })
}

/// Writes the files, and says how it went.
fn finish(
    sampled: &Sampled,
    pid: u32,
    (rate, nonblocking): (f64, bool),
    files: Files,
    quiet: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let counts = &sampled.counts;
    if counts.samples == 0 {
        let failure = match &counts.first_error {
            Some(error) => Failure::failed(format!("nothing was sampled: {error}")),
            None => Failure::failed(format!(
                "nothing was sampled: the program only waited in {}",
                counted(counts.looks, "look")
            ))
            .hint(Some(
                "--idle samples threads that wait, too; or give it something to do meanwhile",
            )),
        };
        return Err(failure);
    }
    let about = About {
        title: format!("process {pid}"),
        subtitle: format!(
            "{} in {} at {} a second \u{b7} Python {}",
            counted(counts.samples, "sample"),
            seconds(counts.elapsed),
            rate,
            sampled.python
        ),
        rate,
    };
    let for_stats = files.for_stats().map(Path::to_owned);
    files.finish(&sampled.tree, &about, quiet, output)?;
    warn(counts, output);
    if quiet {
        return Ok(());
    }
    output.report("sampled", &line(counts, pid, &sampled.python));
    output.report("cost", &cost(counts, nonblocking));
    if let Some(path) = for_stats {
        let rate = if rate == Options::default().rate {
            String::new()
        } else {
            format!(" --rate {rate}")
        };
        let line = format!("prof stats {}{rate} --sort tottime --limit 20", shell_word(&path));
        output.report("hint", &shown(line.as_bytes()));
    }
    Ok(())
}

fn warn(counts: &Counts, output: &mut Output) {
    if let Some(error) = &counts.first_error {
        let message = format!("{} failed, the first: {error}", counted(counts.errors, "look"));
        output.report("warning", &shown(message.as_bytes()));
    }
    if counts.without_native > 0 {
        let message = format!(
            "{} no frames of C code, as the stack could not be followed",
            match counts.without_native {
                1 => "1 sample has".into(),
                samples => format!("{} samples have", count(samples)),
            }
        );
        output.report("warning", &message);
    }
    if counts.missed * 20 > counts.looks {
        output.report(
            "warning",
            "more than 5% of the looks were left out, as those before them ended too late: the machine is busy, or the \
             --rate too high",
        );
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// What was found, as one line.
fn line(counts: &Counts, pid: u32, python: &str) -> String {
    let mut line = format!(
        "{} of process {pid} (Python {python}): {} samples from {} ({:.1} a second), {} of them while it only waited",
        seconds(counts.elapsed),
        count(counts.samples),
        counted(counts.looks, "look"),
        counts.rate(),
        count(counts.idle)
    );
    if counts.missed > 0 {
        line += &format!("; {} left out", count(counts.missed));
    }
    if counts.restarts > 0 {
        line += &format!("; it was started again {}", counted(counts.restarts, "time"));
    }
    line
}

/// What it cost, as one line.
fn cost(counts: &Counts, nonblocking: bool) -> String {
    let [program, stopped, prof] = costs(counts, nonblocking);
    format!("{program}, {stopped}; {prof}")
}

/// What the program uses, how long it was stopped, what we use.
fn costs(counts: &Counts, nonblocking: bool) -> [String; 3] {
    let stopped = if nonblocking {
        "never stopped".into()
    } else {
        format!(
            "stopped for {} of the time, at most {}",
            percent(counts.held_share()),
            seconds(counts.longest)
        )
    };
    let (memory, own) = (size(counts.peak_memory), percent(counts.own_cores()));
    [
        format!(
            "program CPU {} of a core, memory {memory}",
            percent(counts.cores())
        ),
        stopped,
        format!("prof CPU {own} of a core"),
    ]
}

/// How it goes, for a terminal: in lines that fit 80 columns, as what does not is cut off.
fn live(counts: &Counts, nonblocking: bool) -> String {
    let [program, stopped, prof] = costs(counts, nonblocking);
    format!(
        "{:>5.0} s: {} samples from {} looks\n         {} waiting, {} failed, {} left out\n         {program}\n         \
         {stopped}; {prof}",
        counts.elapsed.as_secs_f64(),
        count(counts.samples),
        count(counts.looks),
        count(counts.idle),
        count(counts.errors),
        count(counts.missed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_of_80_columns_shows_all() {
        let hour = Duration::from_secs(3600);
        let counts = Counts {
            looks: 360_000,
            samples: 359_000,
            idle: 1_000,
            missed: 10_000,
            elapsed: hour,
            held: hour / 50,
            longest: Duration::from_micros(57_200),
            own_cpu: hour / 20,
            cpu: hour,
            measured: hour,
            peak_memory: 1_023 << 20,
            ..Counts::default()
        };
        let text = live(&counts, false);
        assert!(text.lines().all(|line| line.chars().count() < 80), "{text}");
        assert_eq!(
            cost(&counts, false),
            "program CPU 100.0% of a core, memory 1023.0 MiB, stopped for 2.0% of the time, at most 57.2 ms; prof CPU 5.0% \
             of a core"
        );
    }
}
