//! `--lang`: which language the code is in, and what runs it.

use super::super::{Failure, interrupt};
use super::interpreter::split_pair;
use super::{Args, Collector, Format};
use crate::system_text::system_text;
use crate::timeit::auto::python_reference;
use crate::timeit::command::words;
use crate::timeit::language::{Language, Settings, declared};
use crate::timeit::session::{Case, Open};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file that declares other languages than those that are known.
const FILE: &str = "prof.toml";

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Languages")]
pub(super) struct Options {
    /// The language of the code: python, node, ruby, rust, c, or one that a prof.toml declares [default: python]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<String>,

    /// What runs or compiles it, with its arguments, such as 'ruby --yjit' or 'clang -O3'; repeat to compare several
    #[arg(long, value_name = "COMMAND")]
    with: Vec<String>,

    /// The file that declares workers for other languages, as examples/workers/prof.toml does [default: prof.toml in the
    /// working folder or above it, then in ~/.config/prof]
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
}

impl Options {
    /// How many programs are asked for.
    pub(super) fn count(&self) -> usize {
        self.with.len().max(1)
    }

    /// What is given of all this, by name.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.lang.is_some().then_some("--lang").or(self.without_lang())
    }

    /// What is given and only goes with `--lang`, by name.
    fn without_lang(&self) -> Option<&'static str> {
        let given = [
            (!self.with.is_empty(), "--with"),
            (self.config.is_some(), "--config"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }
}

/// What runs the code.
pub(super) struct Programs {
    pub(super) openers: Vec<Box<dyn Open>>,
    /// The loop that tells how fast the machine is.
    pub(super) reference: Option<Case>,
}

/// An opener for each program that is asked for, to run these cases.
pub(super) fn programs(args: &Args, cases: &[Case]) -> Result<Programs, Failure> {
    let options = &args.language;
    let name = options.lang.as_deref().unwrap_or("python");
    if name == "python" {
        return pythons(args);
    }
    let language = language(name, options.config.as_deref())?;
    check_options(args, &language)?;
    let commands = match options.with.as_slice() {
        [] => vec![language.command.iter().map(OsString::from).collect()],
        with => with
            .iter()
            .map(|text| command(text))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let environment: Vec<_> = args
        .interpreter
        .variables()
        .iter()
        .map(split_pair)
        .collect::<Result<_, _>>()?;
    let folder = args.interpreter.folder()?;
    let reference = language.reference.clone().filter(|_| !args.world.is_cold());
    let cases: Vec<Case> = cases.iter().chain(&reference).cloned().collect();
    let open = |command| {
        let settings = Settings {
            command,
            environment: environment.clone(),
            folder: folder.cloned(),
            timeout: args.timeout,
            interrupted: Some(interrupt::watch()),
        };
        language.opener(settings, &cases)
    };
    Ok(Programs {
        openers: commands.into_iter().map(open).collect(),
        reference,
    })
}

fn pythons(args: &Args) -> Result<Programs, Failure> {
    if let Some(option) = args.language.without_lang() {
        return Err(
            Failure::usage(format!("{option} needs --lang with another language than Python"))
                .hint(Some("--python names an interpreter of Python")),
        );
    }
    let pythons = args
        .interpreter
        .openers(&args.world, args.timeout, interrupt::watch())?;
    Ok(Programs {
        openers: pythons
            .into_iter()
            .map(|python| Box::new(python) as Box<dyn Open>)
            .collect(),
        // One loop of a fresh process has no room for another.
        reference: (!args.world.is_cold()).then(python_reference),
    })
}

/// The language of this name; one that is not known is looked for in the file that was named, or in those that there
/// are.
fn language(name: &str, config: Option<&Path>) -> Result<Language, Failure> {
    if let Some(language) = Language::known(name) {
        return Ok(language);
    }
    let files = match config {
        Some(file) => vec![file.to_owned()],
        None => files(),
    };
    let mut known: Vec<String> = declared::KNOWN.map(str::to_owned).into();
    for file in &files {
        let mut declared = declared_in(file)?;
        if let Some(language) = declared.remove(name) {
            return Ok(language);
        }
        known.extend(declared.into_keys());
    }
    let known = known.join(", ");
    let hint = format!(
        "known are {known}; a file {FILE} declares others: [timeit.workers.{name}] and below it command = [\"PROGRAM\", \
         \"ARGUMENT\"]"
    );
    Err(Failure::usage(format!("no language `{name}` is known")).hint(Some(hint)))
}

/// The files that there are, those that are nearer first.
fn files() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let folder = |variable: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    let settings = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    let above = here.ancestors().map(|folder| folder.join(FILE));
    let of_user = settings.map(|folder| folder.join("prof").join(FILE));
    above.chain(of_user).filter(|file| file.is_file()).collect()
}

fn declared_in(file: &Path) -> Result<BTreeMap<String, Language>, Failure> {
    let shown = file.to_string_lossy();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read `{shown}`: {}", system_text(&error))))?;
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    declared::read(&text, path.parent().unwrap_or(Path::new("/"))).map_err(|error| {
        Failure::usage(format!("cannot use `{shown}`: {error}"))
            .hint(Some("examples/workers/prof.toml shows what it may hold"))
    })
}

/// Fails if anything is given that this language does not know.
fn check_options(args: &Args, language: &Language) -> Result<(), Failure> {
    if args.gc != Collector::Off && !language.has_collector {
        return Err(Failure::usage(format!(
            "--gc: {} has no garbage collector that can be switched off and on",
            language.program
        ))
        .hint(Some("leave it out")));
    }
    let only_python = [
        args.interpreter.given(),
        args.world.given_but_cold(),
        args.is_profiled().then_some("--profile"),
        (args.format == Format::Timeit).then_some("--format timeit"),
    ];
    let Some(option) = only_python.into_iter().flatten().next() else {
        return Ok(());
    };
    let hint = match option {
        "--python" | "--python-args" => "--with names what runs the code, with its arguments",
        _ => "leave it out",
    };
    let name = &language.name;
    Err(Failure::usage(format!("{option} is for Python, and --lang says {name}")).hint(Some(hint)))
}

/// The words of a command. A program that is named by a path is found from our folder, whatever `--cwd` says.
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
