//! Profiles as pictures and as other tools' files. An export takes a profile or stacks and a writer, and writes whole
//! nanoseconds: what it rounds it rounds once, and its total is the sum of what it has written. The same
//! profile gives the same bytes, whatever the order of its functions.
//!
//! Source: `../shared/specs/export.md`, section 6.

pub mod callgrind;
pub mod chrome;
pub mod dot;
pub mod firefox;
pub mod flamegraph;
mod frames;
pub mod json;
pub mod pprof;
pub mod speedscope;
#[cfg(test)]
pub(crate) mod testing;

use crate::profile::{Calls, Count, EdgeCalls, Profile};
use crate::python::Seconds;
use crate::python::text::{Piece, pieces};
use std::borrow::Cow;
use std::io::{self, Write};

/// Text is handed on when it has grown to this size.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Writes out what has come together, if it is more than `above` bytes.
pub(crate) fn hand_on(text: &mut Vec<u8>, above: usize, out: &mut impl Write) -> io::Result<()> {
    if text.len() > above {
        out.write_all(text)?;
        text.clear();
    }
    Ok(())
}

/// The sum of own times, each in whole nanoseconds.
pub(crate) fn total(profile: &Profile) -> u128 {
    let own = |function| profile.calls(function).own.nanoseconds().unwrap_or(0);
    profile
        .functions()
        .map(|function| u128::from(own(function)))
        .sum()
}

/// A name on one line: control characters and other white space become spaces, those at the ends go, what
/// is no Unicode becomes U+FFFD, and nothing at all becomes `?`.
pub(crate) fn one_line(name: &[u8]) -> Cow<'_, [u8]> {
    let plain = name.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if plain && !name.is_empty() && name.trim_ascii().len() == name.len() {
        return Cow::Borrowed(name);
    }
    let clean: String = pieces(name)
        .map(|piece| match piece {
            Piece::Char(c) if c.is_control() || c.is_whitespace() => ' ',
            Piece::Char(c) => c,
            Piece::Surrogate(_) | Piece::Byte(_) => char::REPLACEMENT_CHARACTER,
        })
        .collect();
    Cow::Owned(match clean.trim() {
        "" => b"?".to_vec(),
        clean => clean.as_bytes().to_vec(),
    })
}

/// Calls through an edge and nanoseconds in them, with all that they called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeCost {
    pub(crate) calls: Count,
    pub(crate) nanoseconds: u64,
}

/// The cost of an edge. Where only its calls are known, it has their part of the callee's time. What cannot
/// be (less than 0, no number, centuries) is 0.
pub(crate) fn edge_cost(edge: EdgeCalls, callee: impl FnOnce() -> Calls) -> EdgeCost {
    let cumulative = match edge {
        EdgeCalls::Timed(edge) => edge.cumulative,
        EdgeCalls::Counted(count) => {
            let callee = callee();
            let share = count as f64 / callee.total.max(1) as f64;
            Seconds::Float(callee.cumulative.as_f64() * share)
        }
    };
    EdgeCost {
        calls: edge.total().max(0),
        nanoseconds: cumulative.nanoseconds().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_one_line() {
        let check = |name: &[u8], expected: &str| {
            assert_eq!(String::from_utf8_lossy(&one_line(name)), expected);
        };
        check(b"f", "f");
        check("na\u{ef}ve".as_bytes(), "na\u{ef}ve");
        check(b" a\r\nb\t", "a  b");
        check("a\u{2028}b\u{85}c".as_bytes(), "a b c");
        check(b" \n", "?");
        check(b"", "?");
        check(b"\xff\xed\xb2\x80", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn edges_without_times_get_their_part() {
        let callee = Calls {
            primitive: 4,
            total: 4,
            own: Seconds::Float(1.0),
            cumulative: Seconds::Float(2.0),
        };
        let check = |edge, callee, calls, nanoseconds| {
            assert_eq!(edge_cost(edge, || callee), EdgeCost { calls, nanoseconds });
        };
        check(EdgeCalls::Counted(1), callee, 1, 500_000_000);
        check(EdgeCalls::Counted(8), callee, 8, 4_000_000_000);
        check(EdgeCalls::Counted(-1), callee, 0, 0);
        check(EdgeCalls::Counted(3), Calls::default(), 3, 0);
        check(EdgeCalls::Timed(callee), Calls::default(), 4, 2_000_000_000);
        let odd = Calls {
            cumulative: Seconds::Float(f64::NAN),
            ..callee
        };
        check(EdgeCalls::Timed(odd), callee, 4, 0);
    }
}
