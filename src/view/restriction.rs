//! Limits on what a report lists: by count, share or pattern.

use super::Error;
use super::rows::percent_of;
use crate::profile::{FunctionId, Profile};
use crate::python::number::repr_float;
use crate::python::regex::{self, Pattern};
use crate::python::{Version, Word, text};

/// One limit. They are applied one after the other.
#[derive(Debug)]
pub enum Restriction {
    /// The first so many; nothing if there are no more than that, or if it is negative.
    Count(i64),
    /// The first part of the list, from 0 up to below 1; any other number does nothing.
    Share(f64),
    /// Those whose cumulative time is at least this percentage of all time; not known to pstats.
    MinPercent(f64),
    /// Those in whose standard name the pattern is found.
    Pattern {
        /// As it was given: UTF-8 with lone surrogates for bytes that are none.
        text: Vec<u8>,
        /// Compiled.
        pattern: Box<Pattern>,
    },
    /// A pattern that Python rejects: it is reported and does nothing.
    Invalid(Vec<u8>),
}

impl Restriction {
    /// A word as the browser of pstats understands it: an int, else a float, else a pattern.
    ///
    /// # Errors
    /// A pattern for which Python raises something else than `re.error`, or that is too large for us.
    pub fn parse(word: &[u8], python: Version) -> Result<Restriction, regex::Error> {
        Ok(match Word::parse(word, python) {
            Word::Int(count) => Restriction::Count(count),
            Word::Float(share) => Restriction::Share(share),
            Word::Text => match Pattern::new(word, python) {
                Ok(pattern) => Restriction::Pattern {
                    text: word.into(),
                    pattern: Box::new(pattern),
                },
                Err(regex::Error::Invalid { .. }) => Restriction::Invalid(word.into()),
                Err(error) => return Err(error),
            },
        })
    }

    /// Shortens `functions` and says so in `message`, as pstats does.
    pub(super) fn apply(
        &self,
        profile: &Profile,
        functions: &mut Vec<FunctionId>,
        message: &mut Vec<u8>,
        python: Version,
    ) -> Result<(), Error> {
        let before = functions.len();
        match self {
            Restriction::Count(count) => {
                functions.truncate(usize::try_from(*count).unwrap_or(before));
            }
            Restriction::Share(share) => {
                if (0.0..1.0).contains(share) {
                    functions.truncate((before as f64 * share + 0.5) as usize);
                }
            }
            Restriction::MinPercent(percent) => functions.retain(|&function| {
                let cumulative = profile.calls(function).cumulative.as_f64();
                percent_of(cumulative, profile.totals()) >= *percent
            }),
            Restriction::Pattern { pattern, .. } => {
                let mut name = Vec::new();
                let mut kept = Vec::with_capacity(functions.len());
                for &function in &*functions {
                    name.clear();
                    profile.push_standard_name(profile.key_of(function), &mut name);
                    if pattern.is_match(&name)? {
                        kept.push(function);
                    }
                }
                *functions = kept;
            }
            Restriction::Invalid(pattern) => {
                message.extend_from_slice(b"   <Invalid regular expression ");
                message.extend_from_slice(&text::repr(pattern, python));
                message.extend_from_slice(b">\n");
            }
        }
        if functions.len() != before {
            let reduced = format!(
                "   List reduced from {before} to {} due to restriction <",
                functions.len()
            );
            message.extend_from_slice(reduced.as_bytes());
            match self {
                Restriction::Count(count) => message.extend_from_slice(count.to_string().as_bytes()),
                Restriction::Share(share) => message.extend_from_slice(repr_float(*share).as_bytes()),
                Restriction::MinPercent(percent) => {
                    message.extend_from_slice(format!("at least {percent} percent").as_bytes());
                }
                Restriction::Pattern { text, .. } | Restriction::Invalid(text) => {
                    message.extend_from_slice(&text::repr(text, python));
                }
            }
            message.extend_from_slice(b">\n");
        }
        Ok(())
    }
}
