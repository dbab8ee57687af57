//! `--lang`: which language the code is in, and what runs it.

use super::super::{Failure, interrupt};
use super::interpreter::split_pair;
use super::{Args, Collector, Format};
use crate::timeit::auto::python_reference;
use crate::timeit::command::words;
use crate::timeit::language::{Interpreter, Language, Settings};
use crate::timeit::session::{Case, Open};
use std::ffi::OsString;
use std::path::Path;

/// Languages that are known without a file that declares them.
const KNOWN: &str = "python, node, ruby";

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Languages")]
pub(super) struct Options {
    /// The language of the code: python, node or ruby [default: python]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<String>,

    /// What runs it, with its arguments, such as 'ruby --yjit'; repeat to compare several [default: what PATH has]
    #[arg(long, value_name = "COMMAND")]
    with: Vec<String>,
}

impl Options {
    /// How many programs are asked for.
    pub(super) fn count(&self) -> usize {
        self.with.len().max(1)
    }

    /// What is given of all this, by name.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [(self.lang.is_some(), "--lang"), (!self.with.is_empty(), "--with")];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }

    fn is_python(&self) -> bool {
        self.lang.as_deref().is_none_or(|lang| lang == "python")
    }
}

/// What runs the code.
pub(super) struct Programs {
    pub(super) openers: Vec<Box<dyn Open>>,
    /// The loop that tells how fast the machine is.
    pub(super) reference: Option<Case>,
}

/// An opener for each program that is asked for.
pub(super) fn programs(args: &Args) -> Result<Programs, Failure> {
    let options = &args.language;
    if options.is_python() {
        if !options.with.is_empty() {
            return Err(
                Failure::usage("--with is for --lang").hint(Some("--python names an interpreter of Python"))
            );
        }
        let pythons = args
            .interpreter
            .openers(&args.world, args.timeout, interrupt::watch())?;
        return Ok(Programs {
            openers: pythons
                .into_iter()
                .map(|python| Box::new(python) as Box<dyn Open>)
                .collect(),
            reference: Some(python_reference()),
        });
    }
    let language = language(options.lang.as_deref().unwrap_or_default())?;
    check_options(args, &language)?;
    let commands = if options.with.is_empty() {
        vec![language.command.iter().map(OsString::from).collect()]
    } else {
        options
            .with
            .iter()
            .map(|text| command(text))
            .collect::<Result<Vec<_>, _>>()?
    };
    let mut openers: Vec<Box<dyn Open>> = Vec::new();
    for command in commands {
        let settings = Settings {
            command,
            environment: args
                .interpreter
                .variables()
                .iter()
                .map(split_pair)
                .collect::<Result<_, _>>()?,
            folder: args.interpreter.folder()?.cloned(),
            timeout: args.timeout,
            interrupted: Some(interrupt::watch()),
        };
        openers.push(Box::new(Interpreter::new(language.clone(), settings)));
    }
    Ok(Programs {
        openers,
        reference: language.reference,
    })
}

fn language(name: &str) -> Result<Language, Failure> {
    match name {
        "node" | "javascript" | "js" => Ok(Language::node()),
        "ruby" => Ok(Language::ruby()),
        _ => {
            Err(Failure::usage(format!("no language `{name}` is known"))
                .hint(Some(format!("known are {KNOWN}"))))
        }
    }
}

/// What Python alone knows.
fn check_options(args: &Args, language: &Language) -> Result<(), Failure> {
    let world = args.world.given_but_cold();
    let given = [
        (args.interpreter.given(), "--with names what runs the code"),
        (world, "leave it out"),
        (
            (args.profile || args.profile_out.is_some()).then_some("--profile"),
            "leave it out",
        ),
        (
            (args.format != Format::Text).then_some("--format timeit"),
            "leave it out",
        ),
        (
            (args.gc != Collector::Off && !language.has_collector).then_some("--gc"),
            "leave it out",
        ),
    ];
    match given.into_iter().find_map(|(option, hint)| Some((option?, hint))) {
        None => Ok(()),
        Some((option @ "--gc", hint)) => Err(Failure::usage(format!(
            "{option}: in {} no garbage collector can be switched off and on",
            language.program
        ))
        .hint(Some(hint))),
        Some((option, hint)) => Err(Failure::usage(format!(
            "{option} is for Python, and --lang says {}",
            language.name
        ))
        .hint(Some(hint))),
    }
}

/// The words of a command. A program that is named by a path is so from our folder, whatever `--cwd` says.
fn command(text: &str) -> Result<Vec<OsString>, Failure> {
    let failed = |why: &str| Failure::usage(format!("cannot use --with `{text}`: {why}"));
    let line = words::split(text).map_err(|error| failed(&error.to_string()))?;
    if !line.environment.is_empty() {
        return Err(failed("it begins with a variable").hint(Some("--env sets variables")));
    }
    let mut words: Vec<OsString> = line.words.into_iter().map(OsString::from).collect();
    if let Some(program) = words.first_mut()
        && program.to_string_lossy().contains('/')
    {
        *program = std::path::absolute(Path::new(program)).map_or_else(|_| program.clone(), Into::into);
    }
    Ok(words)
}
