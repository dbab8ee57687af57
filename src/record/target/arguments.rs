//! What an interpreter is told to run, by Python's own rules for its options.

use super::{Error, Kind};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// What the arguments of an interpreter tell it.
pub(super) struct Told {
    pub(super) kind: Kind,
    pub(super) value: OsString,
    pub(super) name: OsString,
    /// Those before the program.
    pub(super) options: Vec<OsString>,
    /// Where those for the program begin.
    pub(super) rest: usize,
    /// The option that keeps the recorder out.
    pub(super) shuts_out: Option<u8>,
}

/// What is run, by Python's own rules for its options.
pub(super) fn told(arguments: &[OsString]) -> Result<Told, Error> {
    let mut told = Told {
        kind: Kind::Other,
        value: OsString::new(),
        name: "stdin".into(),
        options: Vec::new(),
        rest: 0,
        shuts_out: None,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let letters = word.as_bytes();
        if letters == b"-" || letters == b"--" || !letters.starts_with(b"-") {
            let path = if letters == b"--" {
                words.next()
            } else {
                Some(word)
            };
            if let Some(path) = path.filter(|path| *path != "-") {
                told.kind = Kind::of(Path::new(path));
                told.value.clone_from(path);
                if let Some(stem) = Path::new(path).file_stem() {
                    told.name = stem.to_owned();
                }
            }
            told.rest = arguments.len() - words.len();
            return Ok(told);
        }
        if letters.starts_with(b"--") {
            // Only one of the long options comes with a program.
            if word == "--check-hash-based-pycs" {
                told.options.push(word.clone());
                told.options.extend(words.next().cloned());
                continue;
            }
            return Err(Error::Option(word.to_string_lossy().into_owned()));
        }
        for (place, letter) in letters.iter().enumerate().skip(1) {
            let value = || {
                let rest = &letters[place + 1..];
                (!rest.is_empty()).then(|| OsString::from_vec(rest.to_vec()))
            };
            match letter {
                b'E' | b'I' | b'S' => told.shuts_out = Some(*letter),
                b'c' | b'm' => {
                    let value = value().or_else(|| words.next().cloned());
                    let option = || Error::Option(format!("-{}", char::from(*letter)));
                    told.value = value.ok_or_else(option)?;
                    (told.kind, told.name) = if *letter == b'c' {
                        (Kind::Code, "python".into())
                    } else {
                        let last = told.value.as_bytes().rsplit(|byte| *byte == b'/').next();
                        let name = OsString::from_vec(last.unwrap_or_default().to_vec());
                        (Kind::Module, name)
                    };
                    if place > 1 {
                        told.options.push(OsString::from_vec(letters[..place].to_vec()));
                    }
                    told.rest = arguments.len() - words.len();
                    return Ok(told);
                }
                b'W' | b'X' | b'Q' => {
                    if value().is_none() {
                        told.options.push(word.clone());
                        told.options.extend(words.next().cloned());
                    } else {
                        told.options.push(word.clone());
                    }
                    break;
                }
                b'h' | b'V' | b'?' => return Err(Error::Option(word.to_string_lossy().into_owned())),
                _ => {}
            }
            if place + 1 == letters.len() {
                told.options.push(word.clone());
            }
        }
    }
    // The program comes from standard input.
    told.rest = arguments.len();
    Ok(told)
}
