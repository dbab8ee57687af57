//! `prof record`: runs a Python program under cProfile and keeps its profile, however it ends; or samples one that
//! runs already.

mod attach;
mod file;
mod game;
mod live;
mod summary;

use super::duration::parse_seconds;
use super::output::Output;
use super::places::places;
use super::{Code, Failure};
use crate::python::text;
use crate::record::recorder::Options;
use crate::record::status::{Event, Story};
use crate::record::{forward, run, target};
use crate::system_text::system_text;
pub(super) use attach::parse_rate;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// Run a Python program under cProfile, whose profile is kept however it ends; or sample one that runs already
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof record -o server.prof -- python server.py --port 4000
  prof record -o server.prof server.py --port 4000
  prof record -o server.prof -m mymodule --its-option
  prof record --every 5s --threads -o server.prof -- .venv/bin/python server.py
  prof record -o web.prof gunicorn app:app
  prof record -o server.prof --game mygame
  prof record --pid 4242 --duration 30s -o stacks.folded
  prof record --pid 4242 --duration 30s --flamegraph out.svg

COMMAND is an interpreter with its arguments, a script (or folder or zip file), -m MODULE, -c CODE, or a command whose \
first line names a Python. All behind it belongs to it; options of ours stand before.

The dump is written when the program ends, by itself, with an exception, with os._exit, or by SIGTERM, SIGINT or SIGHUP; \
before it execs another program; every --every; and on SIGUSR1 (`kill -USR1 PID`) if the program does not use that. \
After kill -9 the file is whole and misses what came after the last snapshot.

--pid leaves the program as it is and samples its stacks from outside. Ctrl-C ends the sampling, not the program.

The exit code is the program's, 128 + signal if one ended it; 2 if it was not started. With --pid it is 0, 1 if nothing \
was sampled, 2 if it cannot be, and 130 if --duration was cut short.")]
pub(super) struct Args {
    /// Where the dump goes [default: the program's name with .prof, in the working folder]; with --pid stacks, in the
    /// format that the ending tells: .folded, .svg, .json (speedscope), .pb.gz (pprof), .prof; repeat for more, - for
    /// folded stacks on standard output [default: PID.folded]
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,

    /// How often to write a snapshot while the program runs; 0 for never
    #[arg(long, value_name = "SECONDS", value_parser = parse_every, default_value = "30s")]
    every: Every,

    /// Record all threads, not only the main one; with --pid a frame for each thread
    #[arg(long)]
    threads: bool,

    /// Record child processes, too: each writes FILE.PID; with --pid each has a frame
    #[arg(long)]
    children: bool,

    /// Add the dumps of all processes to one, FILE; that of the program itself is FILE.PID, too
    #[arg(long, requires = "children")]
    merge: bool,

    /// End the recording, but not the program, when it takes more memory, such as 500M or 2G
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    max_rss: Option<u64>,

    /// The first Ctrl-C ends only the recording, and the program goes on
    #[arg(long)]
    keep_running: bool,

    /// The interpreter, where the command names none: a path, the folder of a virtual environment, a version such as
    /// 3.11, or a name [default: the active virtual environment's, else python3 on the path]
    #[arg(long, value_name = "PYTHON")]
    python: Option<OsString>,

    /// Start the Evennia game in this folder as its launcher does, and record its Server: FILE, after a reload FILE-2,
    /// and so on [default: server.prof]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["command", "pid", "children", "merge"])]
    game: Option<PathBuf>,

    /// With --game: record its Portal, not its Server
    #[arg(long, requires = "game")]
    portal: bool,

    /// Print nothing, unless something goes wrong
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    attach: attach::Args,

    /// What to run
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present_any = ["pid", "game"]
    )]
    command: Vec<OsString>,
}

/// `None` is never.
#[derive(Clone, Copy, Debug)]
struct Every(Option<Duration>);

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    if let Some(pid) = &args.attach.pid {
        return attach::run(pid, args, output);
    }
    if let Some(option) = args.attach.misplaced() {
        let failure = Failure::usage(format!("{option} is for a program that runs already"));
        let hint = match args.game {
            Some(_) => {
                "leave it out; or sample the game as it runs: evennia start, then prof record --pid server/server.pid"
            }
            None => "prof record --pid PID samples one; options of the program stand behind it",
        };
        return Err(failure.hint(Some(hint)));
    }
    if let Some(folder) = &args.game {
        return game::run(folder, args, output);
    }
    let target = target::find(&args.command, args.python.as_deref(), &places())
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    let path = match &args.output[..] {
        [path] => path.clone(),
        [] => {
            let mut name = target.name.clone();
            name.push(".prof");
            name.into()
        }
        _ => return Err(Failure::usage("-o: a program that is run writes one dump")),
    };
    let dump = file::prepare(&path)?;
    let options = Options {
        every: args.every.0,
        threads: args.threads,
        children: args.children,
        max_memory: args.max_rss,
        keep_running: args.keep_running,
        only: None,
    };
    if args.children && target.program.is_some() {
        output.report(
            "warning",
            "children that Python starts with -E, -I or -S, too, as multiprocessing does, are not recorded",
        );
    }
    forward::hold();
    let variable = std::env::var_os("PYTHONPATH");
    let mut command = Command::new(&target.python);
    if target.program.is_none() {
        command.args(&target.arguments);
    }
    let running =
        run::start(command, &options, &dump, variable, target.program.as_ref()).map_err(|error| {
            let python = target.python.to_string_lossy();
            Failure::usage(format!("cannot start `{python}`: {}", system_text(&error)))
        })?;
    let process = running.process();
    forward::to(process);
    let mut story = Story::default();
    let mut watch = summary::Watch::new(args.quiet);
    let mut live = (!args.quiet).then(|| live::Live::new(process));
    let (status, took) = running.wait(|event, at| match event {
        Some(event) => {
            watch.tell(&event, output);
            story.add(&event);
            if let (Event::Saved(dump), Some(live)) = (&event, &mut live)
                && let Some(line) = live.snapshot(dump, at)
            {
                output.report("recording", &text::shown(line.as_bytes()));
            }
        }
        None => {
            if let Some(memory) = live.as_mut().and_then(|live| live.memory(at)) {
                watch.look(process, memory, live::LOOK, output);
            }
        }
    })?;
    forward::to(0);
    // What goes wrong from here on is told, but the code is the program's.
    let merged = if args.merge {
        match file::merge(&dump, process, &story, output) {
            Ok(count) => Some(count),
            Err(failure) => {
                failure.tell(output)?;
                None
            }
        }
    } else {
        None
    };
    let end = summary::End {
        path: &path,
        dump: &dump,
        process,
        took,
        merged,
    };
    summary::print(&story, &end, args.quiet, output);
    Ok(code_of(status))
}

fn code_of(status: ExitStatus) -> Code {
    let number = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .and_then(|number| u8::try_from(number).ok());
    Code::Program(number.unwrap_or(1))
}

fn parse_every(text: &str) -> Result<Every, String> {
    if matches!(text, "0" | "0s" | "never") {
        return Ok(Every(None));
    }
    let every = parse_seconds(text)?;
    if every < Duration::from_millis(10) {
        return Err("snapshots need at least 10ms between them".into());
    }
    Ok(Every(Some(every)))
}

/// Bytes, such as 500M, 2G, 1.5GB or 4096k.
fn parse_size(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let short = lower
        .strip_suffix("ib")
        .or(lower.strip_suffix('b'))
        .unwrap_or(&lower);
    let (number, unit) = [
        ('k', 1024.0),
        ('m', 1024.0 * 1024.0),
        ('g', 1024.0 * 1024.0 * 1024.0),
    ]
    .into_iter()
    .find_map(|(letter, unit)| Some((short.strip_suffix(letter)?, unit)))
    .unwrap_or((short, 1.0));
    number
        .trim()
        .parse::<f64>()
        .ok()
        .map(|number| number * unit)
        .filter(|bytes| (1.0..1e15).contains(bytes))
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "it is a number of bytes, such as 500M or 2G".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("4096", Some(4096)),
            ("1k", Some(1024)),
            ("1.5MB", Some(1_572_864)),
            ("2GiB", Some(2 << 30)),
            ("0", None),
            ("-1M", None),
            ("inf", None),
            ("M", None),
        ] {
            assert_eq!(parse_size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn snapshots_can_be_left_out() {
        assert!(parse_every("0").is_ok_and(|every| every.0.is_none()));
        assert!(parse_every("2m").is_ok_and(|every| every.0 == Some(Duration::from_secs(120))));
        assert!(parse_every("1ms").is_err());
    }
}
