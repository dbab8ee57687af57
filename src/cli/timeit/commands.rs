//! Whole commands: `--cmd` and `--sh`.

mod options;

pub(super) use options::Options;

use super::super::output::Output;
use super::super::{Code, Failure, interrupt};
use super::auto::Until;
use super::cases::{headline, letter};
use super::interpreter::split_pair;
use super::keep::Store;
use super::outcome::{checks_of, ended, keep, new_results, text_options};
use super::stops::tell;
use super::watch::Runs;
use super::{Args, Collector, Format, auto};
use crate::timeit::command::measure;
use crate::timeit::command::{Absent, Command, CommandSession, Input, Output as Writes, Settings, words};
use crate::timeit::machine::Files;
use crate::timeit::parameters::{self, Set};
use crate::timeit::report::text;
use crate::timeit::session::{Case, Reason};
use crate::timeit::usage::Counter;
use options::Line;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

/// Runs of each command that are wanted at least.
const LEAST: u64 = 10;

/// What snippets know and commands do not.
fn check_snippet_options(args: &Args) -> Result<(), Failure> {
    let given = [
        (
            args.code.has_files() || args.code.has_statement() && args.commands.takes_statements().is_none(),
            "a statement",
        ),
        (args.number.is_some(), "-n"),
        (args.autorange, "--autorange"),
        (args.auto.has_vs(), "--vs"),
        (args.auto.misplaced().is_some(), "--processes"),
        (args.gc != Collector::Off, "--gc"),
        (
            args.interpreter.given().is_some(),
            args.interpreter.given().unwrap_or_default(),
        ),
        (
            args.language.given().is_some(),
            args.language.given().unwrap_or_default(),
        ),
        (args.format != Format::Text, "--format timeit"),
        (args.is_profiled(), "--profile"),
        (
            args.world.given().is_some(),
            args.world.given().unwrap_or_default(),
        ),
    ];
    if args.code.setup().iter().any(|setup| setup.to_str().is_none()) {
        return Err(Failure::usage("--setup is not valid UTF-8"));
    }
    // Whoever comes from hyperfine means a command by it, which would be timed.
    if args.process && args.commands.takes_statements().is_some() {
        return Err(
            Failure::usage("-p is processor time here, which -N and -S do not take").hint(Some(
                "--prepare runs a command before each run; --cmd and --sh take -p",
            )),
        );
    }
    match given.into_iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, name)) => Err(Failure::usage(format!(
            "{name}: this is for snippets, and --cmd and --sh time commands"
        ))
        .hint(Some(match name {
            "-n" => "--runs is the number of runs of a command, --name its name",
            "--vs" => "another --cmd or --sh is compared",
            "a statement" => {
                "the whole command is one argument, as in --cmd 'ls -l'; --setup-cmd and --prepare run before"
            }
            _ => "leave it out",
        }))),
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    check_snippet_options(args)?;
    let options = &args.commands;
    let sets = args.parameters.sets()?;
    let (columns, counters) = options.columns()?;
    let shell = shell(options.shell.as_deref())?;
    let lines = options.lines(args.code.statement())?;
    let (cases, mut commands) = all(args, &lines, &sets, &shell)?;
    let uses_shell = lines.iter().any(|line| line.is_for_shell);
    let settings = settings(args, shell, counters)?;
    let plan = plan(args, cases.len())?;
    let checks = checks_of(args, cases.len())?;
    let store = Store::new(&args.keep)?;
    if store.has_files() {
        output.keep_failure();
    }
    let files = Files::default();
    let mut results = new_results(args, cases, &files);
    if uses_shell {
        let mut words = settings.shell.clone();
        let text = words.join(" ");
        words.extend(["-c".to_owned(), String::new()]);
        commands.push(Command {
            text: text.clone(),
            words,
            ..Command::default()
        });
        results.reference = Some(Case {
            name: text.clone(),
            statement: format!("{text} -c ''"),
            ..Case::default()
        });
    }
    let (mut session, absent) = CommandSession::new(commands, settings)
        .map_err(|error| Failure::usage(format!("cannot start commands: {error}")))?;
    let before = files.snapshot();
    let began = Instant::now();
    let mut until = Until::new(args.max_time);
    let stopped = {
        let mut watch = Runs::new(&mut until, plan.max_time);
        measure::measure(&mut results, &mut session, &plan, &|| began.elapsed(), &mut watch)
    };
    results.activity = before.until(&files.snapshot());
    let stopped = stopped.filter(|reason| {
        // The end of the time is no accident if there are figures, and no number of runs was asked for.
        let is_end = matches!(reason, Reason::Interrupted) && until.is_over();
        !(is_end && options.runs.or(args.repeat).is_none() && auto::has_figures(&results))
    });
    if !results.runs.is_empty() && !store.is_silent() {
        let options = text::Options {
            columns,
            ..text_options(args, output)
        };
        let report = text::render(&results, &options);
        output.raw().write_all(report.as_bytes())?;
    }
    if let Some(absent) = &absent {
        output.flush()?;
        output.report("note", &absent_line(absent));
    }
    let kept = keep(args, &store, &results, &[], &checks, output);
    let code = match stopped {
        Some(Reason::TimeOut) => {
            output.flush()?;
            output.report("error", "out of time: one run took longer than --timeout");
            Code::TimeOut
        }
        Some(reason) => tell(&reason, until.is_over(), output)?,
        None => Code::Done,
    };
    ended(code, kept, output)
}

fn absent_line(absent: &Absent) -> String {
    let names: Vec<&str> = absent.counters.iter().map(|counter| counter.name()).collect();
    format!("not counted: {}: {}", names.join(", "), absent.why)
}

/// The shell and its arguments.
fn shell(text: Option<&str>) -> Result<Vec<String>, Failure> {
    let text = match text {
        None | Some("default" | "none") => "sh",
        Some(text) => text,
    };
    match words::split(text) {
        Ok(line) if line.environment.is_empty() => Ok(line.words),
        Ok(_) => Err(Failure::usage(
            "--shell takes a shell and its arguments; --env sets variables",
        )),
        Err(error) => Err(Failure::usage(format!("cannot use --shell `{text}`: {error}"))),
    }
}

fn settings(args: &Args, shell: Vec<String>, counters: Vec<Counter>) -> Result<Settings, Failure> {
    let folder = args.interpreter.folder()?;
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    Ok(Settings {
        path: std::env::split_paths(&path).map(absolute).collect(),
        environment: std::env::vars_os().collect(),
        shell,
        folder: folder.cloned(),
        ignore: args.commands.ignore()?,
        timeout: args.timeout,
        interrupted: Some(interrupt::watch()),
        counters,
    })
}

/// Places on the path that depend on where we are mean our folder, not that of `--cwd`.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn plan(args: &Args, cases: usize) -> Result<measure::Settings, Failure> {
    let options = &args.commands;
    let runs = options.runs.or(args.repeat);
    if args.repeat.is_some() && (options.runs.or(options.min_runs).or(options.max_runs)).is_some() {
        return Err(Failure::usage(
            "-r is --runs here, which has no place beside --runs, --min-runs and --max-runs",
        ));
    }
    let planned = auto::planned_time(u32::try_from(cases).unwrap_or(u32::MAX));
    let least = match (runs, options.min_runs, args.max_time) {
        (Some(runs), ..) => runs,
        (_, Some(least), _) => least,
        // What was asked for is a limit; what we chose is only a plan.
        (.., Some(_)) => 1,
        _ => LEAST,
    };
    let most = runs.or(options.max_runs).unwrap_or(u64::MAX);
    Ok(measure::Settings {
        max_time: args.max_time.unwrap_or(planned),
        limit: args.max_time,
        precision: runs.is_none().then(|| args.auto.precision()),
        least: least.min(most),
        most,
        warmup: options.warmup,
        order: options.order(!args.setups().is_empty()),
    })
}

/// One of these for each command: one for all, or one for each.
fn of<'a, T>(values: &'a [T], at: usize, lines: usize, option: &str) -> Result<Option<&'a T>, Failure> {
    match values.len() {
        0 => Ok(None),
        1 => Ok(values.first()),
        count if count == lines => Ok(values.get(at)),
        count => Err(Failure::usage(format!(
            "{count} times {option}, but {lines} commands: give it once for all, or once for each"
        ))),
    }
}

/// Every command with every set of parameters, as cases and as what is run.
fn all(
    args: &Args,
    lines: &[Line],
    sets: &[Set],
    shell: &[String],
) -> Result<(Vec<Case>, Vec<Command>), Failure> {
    let options = &args.commands;
    let setups = args.setups();
    args.auto
        .check_names(lines.len() * sets.len(), "a name for each command")?;
    let is_alone = lines.len() * sets.len() == 1;
    let (mut cases, mut commands) = (Vec::new(), Vec::new());
    for (at, line) in lines.iter().enumerate() {
        for set in sets {
            let place = (at, lines.len());
            let command = command(args, line, place, set, shell)?;
            let letter = if lines.len() > 1 {
                letter(at)
            } else {
                String::new()
            };
            let name = match args.auto.name(cases.len()) {
                Some(name) => name.to_owned(),
                None if is_alone => headline(&command.text),
                None if set.is_empty() => letter,
                None if letter.is_empty() => parameters::label(set),
                None => format!("{letter} ({})", parameters::label(set)),
            };
            cases.push(Case {
                name,
                statement: command.text.clone(),
                setup: String::new(),
                collect_garbage: false,
                parameters: set.clone(),
            });
            commands.push(command);
        }
    }
    let texts = lines.iter().map(|line| line.text.as_str());
    let beside = [&setups, &options.prepare, &options.conclude, &options.cleanup];
    let beside = beside.into_iter().flatten().map(String::as_str);
    let env = args
        .interpreter
        .variables()
        .iter()
        .filter_map(|pair| pair.to_str());
    let paths = options
        .input
        .iter()
        .chain(&options.output)
        .filter_map(|path| path.to_str());
    args.parameters
        .check_use(texts.chain(beside).chain(env).chain(paths))?;
    Ok((cases, commands))
}

/// The command at this place among so many.
fn command(
    args: &Args,
    line: &Line,
    (at, lines): (usize, usize),
    set: &Set,
    shell: &[String],
) -> Result<Command, Failure> {
    let options = &args.commands;
    let fill = |text: &String| parameters::fill(text, set);
    let fill_path = |path: &OsString| {
        path.to_str()
            .map_or_else(|| path.clone(), |path| parameters::fill(path, set).into())
    };
    let text = fill(&line.text);
    let mut environment = args
        .interpreter
        .variables()
        .iter()
        .map(|pair| split_pair(&fill_path(pair)))
        .collect::<Result<Vec<_>, _>>()?;
    let (words, unexpanded) = if line.is_for_shell {
        let mut words = shell.to_vec();
        words.extend(["-c".to_owned(), text.clone()]);
        (words, None)
    } else {
        let split = words::split(&text).map_err(|error| bad_line(&text, &error))?;
        let pairs = split.environment.into_iter();
        environment.extend(pairs.map(|(name, value)| (name.into(), value.into())));
        (split.words, split.unexpanded)
    };
    let input = match of(&options.input, at, lines, "--input")?.map(fill_path) {
        None => Input::Null,
        Some(name) if name == "null" => Input::Null,
        Some(name) => Input::File(name.into()),
    };
    let output = match of(&options.output, at, lines, "--output")?.map(fill_path) {
        None if options.show_output => Writes::Inherit,
        None => Writes::Null,
        Some(name) => match name.to_str() {
            Some("null") => Writes::Null,
            Some("pipe") => Writes::Pipe,
            Some("inherit") => Writes::Inherit,
            _ => Writes::File(name.into()),
        },
    };
    Ok(Command {
        text,
        words,
        unexpanded,
        environment,
        input,
        output,
        setup: of(&args.setups(), at, lines, "--setup-cmd")?.map(fill),
        prepare: of(&options.prepare, at, lines, "--prepare")?.map(fill),
        conclude: of(&options.conclude, at, lines, "--conclude")?.map(fill),
        cleanup: of(&options.cleanup, at, lines, "--cleanup")?.map(fill),
    })
}

fn bad_line(text: &str, error: &words::Error) -> Failure {
    let hint = match error {
        words::Error::Operator { operator, .. } => {
            format!("--sh runs it in a shell; in quotes, `'{operator}'` goes to the command as it is")
        }
        words::Error::Empty => "a command is a program and its arguments, such as --cmd 'ls -l'".into(),
        _ => "quotes and \\ are those of a shell".into(),
    };
    Failure::usage(format!("cannot run --cmd `{text}`: {error}")).hint(Some(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_given_once_or_for_each() {
        let both = ["a", "b"];
        assert_eq!(of(&both, 1, 2, "--prepare").expect("two"), Some(&"b"));
        assert_eq!(of(&both[..1], 1, 2, "--prepare").expect("one"), Some(&"a"));
        assert_eq!(of::<&str>(&[], 1, 2, "--prepare").expect("none"), None);
        assert!(of(&both, 0, 3, "--prepare").is_err());
    }
}
