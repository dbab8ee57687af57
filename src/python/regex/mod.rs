//! Python's regular expressions, as far as `pstats` needs them: is an expression valid, and is there a
//! match anywhere in a text (`re.search`)?
//!
//! `parse` knows Python's grammar and what each version refuses; `translate` writes the expression for
//! the engine, `fancy-regex`. What holds:
//!
//! - An expression is [`Error::Invalid`] exactly if that version raises `re.error`.
//! - No input panics, recurses without bound or searches without end: what is too much is [`Error::TooHard`].
//! - Text need not be UTF-8: lone surrogates (Python 3) and any bytes (2.7) are characters too.
//!
//! Known differences, `KNOWN` in `tests/python-regex/cases.py` has an example of each but the first and the last two:
//!
//! - characters that came to Unicode, or got another case, after that Python;
//! - what groups hold after a failed negative look-around or a lazy repeat (Python up to 3.10, 3.6), after a failed pass of a
//!   possessive repeat (3.11 on), and after an empty pass of a repeat, which some references then see;
//! - scoped `(?a:…)` at the start, where Python looks for the first character by the outer flags;
//! - references under scoped `(?i:…)` in texts beyond ASCII: they fold by the engine's rule;
//! - other names of characters (`\N{LINE FEED}`) with wrong spacing, which pass.

mod ast;
mod charset;
mod check;
mod escape;
mod fold;
mod group;
mod names;
mod parse;
#[cfg(test)]
mod tests;
mod tokens;
mod translate;

use crate::python::Version;
use std::borrow::Cow;
use std::sync::OnceLock;

use fancy_regex::{Regex, RegexBuilder};

use ast::Expression;
use charset::Alphabet;
use translate::{Haystack, Lowering};

/// How often a search may go back and try otherwise.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// Bytes for one compiled automaton, and instructions for the parts that backtrack.
const SIZE_LIMIT: usize = 32 << 20;
const PROGRAM_LIMIT: usize = 1 << 18;

/// Why an expression is not used, or a search has no answer. Positions count characters from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Python raises `re.error`.
    #[error("position {position}: {message}")]
    Invalid {
        /// Where, in characters; for what Python finds only while it compiles, 0.
        position: usize,
        /// What is wrong.
        message: String,
    },
    /// A repeat count for which Python raises `OverflowError`.
    #[error("position {position}: the repetition number is too large")]
    Overflow {
        /// Where, in characters.
        position: usize,
    },
    /// Python raises something else that `pstats` does not expect.
    #[error("{exception} in Python: {message}")]
    Raises {
        /// The class of the exception.
        exception: &'static str,
        /// Its text.
        message: &'static str,
    },
    /// Valid, for all we know, but more than we are ready to work for.
    #[error("too hard: {reason}")]
    TooHard {
        /// What is too much.
        reason: &'static str,
    },
}

/// A regular expression of Python.
///
/// ```
/// use prof::python::Version;
/// use prof::python::regex::{Error, Pattern};
///
/// let python = Version { major: 3, minor: 13 };
/// let pattern = Pattern::new(br"\.py:\d+\(<lambda>\)$", python)?;
/// assert!(pattern.is_match(b"/srv/app/x.py:12(<lambda>)")?);
/// assert!(!pattern.is_match(b"{built-in method builtins.exec}")?);
/// assert!(matches!(Pattern::new(b"a**", python), Err(Error::Invalid { position: 3, .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Pattern {
    expression: Expression,
    python: Version,
    /// For texts that are not ASCII; there the engine's own folding is right.
    lowering: Option<Lowering>,
    /// One for each kind of text, made when the first such text comes.
    engines: [OnceLock<Result<Box<Regex>, Error>>; KINDS],
}

/// Four alphabets, with or without a last newline, short or long; and the empty text.
const KINDS: usize = 4 * 2 * 2 + 1;

impl Pattern {
    /// Reads an expression by the rules of a Python.
    ///
    /// For Python 3 `pattern` is UTF-8 in which lone surrogates may stand, three bytes each; for 2.7 it is bytes.
    ///
    /// # Errors
    /// All but [`Error::TooHard`] say what that Python would raise.
    pub fn new(pattern: &[u8], python: Version) -> Result<Pattern, Error> {
        let expression = parse::parse(&tokens::code_points(pattern, python), python)?;
        let lowering = Lowering::wanted_by(&expression);
        let pattern = Pattern {
            expression,
            python,
            lowering,
            engines: [const { OnceLock::new() }; KINDS],
        };
        // The usual kind of text, so that most expressions that are too large are refused here already.
        pattern.engine(Haystack {
            alphabet: Alphabet::Ascii,
            ends_in_newline: false,
            long: false,
            empty: false,
            lowered: false,
        })?;
        Ok(pattern)
    }

    /// Whether there is a match anywhere in `text`, which is encoded as the pattern was.
    ///
    /// # Errors
    /// [`Error::TooHard`] if the search takes too many steps, or the expression is too large for this text.
    pub fn is_match(&self, text: &[u8]) -> Result<bool, Error> {
        let (text, alphabet) = self.decode(text);
        let lowering = self.lowering.filter(|_| alphabet != Alphabet::Ascii);
        let text = match lowering {
            Some(lowering) => text.chars().map(|c| lowering.lower(c)).collect(),
            None => text,
        };
        let engine = self.engine(Haystack {
            alphabet,
            ends_in_newline: text.ends_with('\n'),
            long: text.len() >= translate::SHORT,
            empty: text.is_empty(),
            lowered: lowering.is_some(),
        })?;
        engine.is_match(&*text).map_err(|_| Error::TooHard {
            reason: "the search takes too many steps",
        })
    }

    /// The text for the engine. Plain ASCII and UTF-8 are not copied.
    fn decode<'t>(&self, text: &'t [u8]) -> (Cow<'t, str>, Alphabet) {
        match std::str::from_utf8(text) {
            Ok(text) if text.is_ascii() => (Cow::Borrowed(text), Alphabet::Ascii),
            Ok(text) if !self.python.is_python2() => (Cow::Borrowed(text), Alphabet::Unicode),
            _ => {
                let alphabet = if self.python.is_python2() {
                    Alphabet::Bytes
                } else {
                    Alphabet::Surrogates
                };
                let codes = tokens::code_points(text, self.python);
                (codes.into_iter().map(tokens::to_char).collect(), alphabet)
            }
        }
    }

    fn engine(&self, haystack: Haystack) -> Result<&Regex, Error> {
        let kind = if haystack.empty {
            KINDS - 1
        } else {
            haystack.alphabet as usize * 4
                + usize::from(haystack.ends_in_newline) * 2
                + usize::from(haystack.long)
        };
        let made = self.engines[kind].get_or_init(|| {
            let text = translate::translate(&self.expression, self.python, haystack)?;
            RegexBuilder::new(&text)
                .backtrack_limit(BACKTRACK_LIMIT)
                .delegate_size_limit(SIZE_LIMIT)
                .max_prog_size(PROGRAM_LIMIT)
                .build()
                .map(Box::new)
                .map_err(|_| Error::TooHard {
                    reason: "the expression is too large",
                })
        });
        match made {
            Ok(engine) => Ok(engine),
            Err(error) => Err(error.clone()),
        }
    }
}
