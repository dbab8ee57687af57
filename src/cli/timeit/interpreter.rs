//! Which interpreters run the code, and in which surroundings.

use super::super::Failure;
use super::super::places::places;
use super::world;
use crate::interpreter;
use crate::timeit::python::{Python, Settings};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// The interpreter: a path, the folder of a virtual environment, a version such as 3.11, or a name; repeat
    /// for more [default: the active virtual environment's, else python3 on the path]
    #[arg(long, value_name = "PYTHON")]
    python: Vec<OsString>,

    /// Arguments for the interpreter, such as '-X dev'
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    python_args: Vec<OsString>,

    /// The seed of Python's hashes of text, a number or `random`
    #[arg(long, value_name = "N|random", value_parser = parse_seed)]
    hash_seed: Option<String>,

    /// The folder in which the code runs
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<PathBuf>,

    /// A variable for the environment of the code; repeat for more
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<OsString>,
}

impl Args {
    /// How many interpreters are asked for.
    pub(super) fn count(&self) -> usize {
        self.python.len().max(1)
    }

    /// What is given that only Python knows, by name.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [
            (!self.python.is_empty(), "--python"),
            (!self.python_args.is_empty(), "--python-args"),
            (self.hash_seed.is_some(), "--hash-seed"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// What is to be set in the environment, as it was written.
    pub(super) fn variables(&self) -> &[OsString] {
        &self.env
    }

    /// The folder in which it shall run.
    pub(super) fn folder(&self) -> Result<Option<&PathBuf>, Failure> {
        match &self.cwd {
            Some(folder) if !folder.is_dir() => {
                let folder = folder.display();
                Err(Failure::usage(format!(
                    "cannot run in `{folder}`: it is no folder"
                )))
            }
            folder => Ok(folder.as_ref()),
        }
    }

    /// An opener for each interpreter that is asked for.
    pub(super) fn openers(
        &self,
        world: &world::Args,
        timeout: Option<Duration>,
        interrupted: &'static AtomicBool,
    ) -> Result<Vec<Python>, Failure> {
        let mut environment = self.env.iter().map(split_pair).collect::<Result<Vec<_>, _>>()?;
        if let Some(seed) = &self.hash_seed {
            environment.push(("PYTHONHASHSEED".into(), seed.into()));
        }
        let mode = world.mode()?;
        let place = world.place(!self.python.is_empty(), self.folder()?.map(PathBuf::as_path))?;
        let arguments: Vec<OsString> = self
            .python_args
            .iter()
            .flat_map(|words| words.as_bytes().split(u8::is_ascii_whitespace))
            .filter(|word| !word.is_empty())
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect();
        let places = places();
        let open = |choice: Option<&OsString>| {
            let python = interpreter::find(choice.map(OsString::as_os_str), &places)
                .map_err(|error| Failure::usage(error.to_string()).hint(Some(error.hint())))?;
            Ok(Python::new(Settings {
                python,
                arguments: arguments.clone(),
                environment: environment.clone(),
                folder: place.folder.clone(),
                timeout,
                interrupted: Some(interrupted),
                world: place.world.clone(),
                mode,
            }))
        };
        if let Some(python) = &place.python {
            return Ok(vec![open(Some(&python.clone().into_os_string()))?]);
        }
        if self.python.is_empty() {
            return Ok(vec![open(None)?]);
        }
        self.python.iter().map(|python| open(Some(python))).collect()
    }
}

pub(super) fn split_pair(pair: &OsString) -> Result<(OsString, OsString), Failure> {
    let bytes = pair.as_bytes();
    match bytes.iter().position(|&byte| byte == b'=') {
        Some(at) if at > 0 => Ok((
            OsString::from_vec(bytes[..at].to_vec()),
            OsString::from_vec(bytes[at + 1..].to_vec()),
        )),
        _ => Err(Failure::usage(format!(
            "cannot use --env `{}`: it is NAME=VALUE",
            pair.to_string_lossy()
        ))),
    }
}

fn parse_seed(text: &str) -> Result<String, String> {
    match text.parse::<u32>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) if text == "random" => Ok(text.to_owned()),
        Err(_) => Err("it is `random` or a number from 0 to 4294967295".into()),
    }
}
