//! Files to profiles and back. A reader takes bytes and returns a [`Profile`] or says where and why
//! they are none; it never trusts a length, recurses without bound or panics.

pub mod any;
pub mod callgrind;
pub mod folded;
pub mod marshal;
pub mod pprof;
pub mod proto;
pub mod pstats;
pub mod sniff;
pub mod speedscope;

use crate::profile::{self, Profile};
use flate2::read::MultiGzDecoder;
use std::io::{Cursor, Read};

/// Something of a wrong type in an otherwise readable file.
#[derive(Debug, thiserror::Error)]
#[error("byte {offset}: expected {expected}, found {found}")]
pub struct Shape {
    /// Where it ends.
    pub offset: u64,
    /// What should stand there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

/// Why bytes are not a profile.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are not marshal data, or end too early.
    #[error(transparent)]
    Marshal(#[from] marshal::Error),
    /// They are marshal data, but no profile.
    #[error(transparent)]
    Shape(#[from] Shape),
    /// A dump without a single function, as an empty dict is.
    #[error("the profile has no functions")]
    NoFunctions,
    /// The numbers or their amount go beyond what is kept.
    #[error(transparent)]
    Profile(#[from] profile::Error),
    /// Folded stacks with a line that is none.
    #[error(transparent)]
    Folded(#[from] folded::Error),
    /// Text that is no folded stacks and that no collapser knows.
    #[error(
        "line 1: expected folded stacks (`a;b;c 12`) or the text of a profiler that is known, found other text"
    )]
    UnknownText,
    /// Text of a known profiler that cannot be brought into folded form.
    #[error("cannot collapse it into folded stacks: {0}")]
    Collapse(std::io::Error),
    /// A pprof profile that cannot be read.
    #[error(transparent)]
    Pprof(#[from] pprof::Error),
    /// JSON that is no speedscope file, or a broken one.
    #[error(transparent)]
    Speedscope(#[from] speedscope::Error),
    /// A callgrind file that cannot be read.
    #[error(transparent)]
    Callgrind(#[from] callgrind::Error),
    /// The bytes are recognised as something else.
    #[error("{source}")]
    Other {
        /// What they look like.
        looks_like: sniff::Kind,
        /// Why they could not be read as a dump.
        source: Box<Error>,
    },
}

impl Error {
    /// What the user can do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Other { looks_like, .. } => Some(looks_like.hint()),
            Error::Marshal(marshal::Error::Truncated { .. } | marshal::Error::NoValue { .. }) => {
                Some("the file is cut short: let the profiled program finish writing, then try again")
            }
            Error::Marshal(_) | Error::Shape(_) => {
                Some("prof stats reads what cProfile, profile or python -m cProfile -o saved")
            }
            Error::NoFunctions => Some("the profiler was never enabled while the program ran"),
            Error::Folded(error) => error.hint(),
            Error::UnknownText => Some(
                "profiles are cProfile dumps, folded stacks, pprof, speedscope and callgrind files, and the output of \
                 perf script, DTrace, sample and VTune",
            ),
            Error::Pprof(error) => error.hint(),
            Error::Speedscope(error) => error.hint(),
            Error::Callgrind(error) => error.hint(),
            Error::Profile(_) | Error::Collapse(_) => None,
        }
    }

    /// The class and text of the exception that CPython raises for the same data, where that is defined.
    #[must_use]
    pub fn in_python(&self) -> String {
        match self {
            Error::Marshal(error) => error.in_python(),
            Error::Other { source, .. } => source.in_python(),
            Error::NoFunctions | Error::Shape(_) => format!("TypeError: {self}"),
            _ => format!("ValueError: {self}"),
        }
    }
}

/// Whether an input may be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Unpack what begins as gzip does.
    Gzip,
    /// As CPython reads it: packed data is an error.
    None,
}

/// Reads a cProfile dump.
///
/// # Errors
/// Why the bytes are no dump; see [`Error::hint`].
pub fn read_profile(mut input: impl Read, packing: Packing) -> Result<Profile, Error> {
    let head = sniff::head(&mut input).map_err(|source| marshal::Error::Io { offset: 0, source })?;
    if packing == Packing::Gzip && sniff::near_miss(&head) == Some(sniff::Kind::Gzip) {
        let mut unpacked = MultiGzDecoder::new(Cursor::new(head).chain(input));
        let head = sniff::head(&mut unpacked).map_err(|source| marshal::Error::Io { offset: 0, source })?;
        read_plain(head, unpacked)
    } else {
        read_plain(head, input)
    }
}

fn read_plain(head: Vec<u8>, input: impl Read) -> Result<Profile, Error> {
    // Only what cannot be a dump is asked what else it is.
    pstats::read(Cursor::new(&head).chain(input)).map_err(|source| match (&source, sniff::near_miss(&head)) {
        (Error::Marshal(_) | Error::Shape(_), Some(looks_like)) => Error::Other {
            looks_like,
            source: Box::new(source),
        },
        _ => source,
    })
}
