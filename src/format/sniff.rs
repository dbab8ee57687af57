//! Which format are these bytes? Asked of the first few only.

use super::folded;
use std::io::Read;

/// How many bytes are looked at.
pub const HEAD: usize = 512;

/// The first bytes of an input, [`HEAD`] of them or all there are.
///
/// # Errors
/// What the input says.
pub fn head(input: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What is often given to a reader of cProfile dumps in place of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing at all.
    Empty,
    /// Only zero bytes: room that was never written.
    Zeros,
    /// Packed by gzip.
    Gzip,
    /// Folded stacks: `a;b;c 12` lines.
    Folded,
    /// Any JSON; speedscope and Chrome traces are.
    Json,
    /// A callgrind file.
    Callgrind,
    /// A profile.proto of pprof (packed by gzip it is seen once unpacked).
    Pprof,
    /// A Python pickle, protocol 2 or later.
    Pickle,
    /// A compiled Python module.
    Pyc,
    /// An executable or a core dump.
    Elf,
    /// A data file of Linux perf.
    Perf,
    /// A SQLite database.
    Sqlite,
    /// A page or an SVG.
    Markup,
    /// Text that pstats or another tool printed, or Python source.
    Text,
}

impl Kind {
    /// What the file is, and what to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Kind::Empty => {
                "the file is empty: was the profiled program killed before it saved? cProfile writes only at the end"
            }
            Kind::Zeros => {
                "the file holds only zeros: the disk was full, or the machine went down while it was written"
            }
            Kind::Gzip => {
                "the file is packed by gzip: let its name end in .gz, or use zcat FILE | prof stats -"
            }
            Kind::Folded => {
                "this looks like folded stacks, not like a cProfile dump: prof flamegraph and prof export may read it"
            }
            Kind::Json => {
                "this looks like JSON, not like a cProfile dump: prof flamegraph and prof export may read it"
            }
            Kind::Callgrind => {
                "this looks like a callgrind file, not like a cProfile dump: prof flamegraph and prof export may read it"
            }
            Kind::Pprof => {
                "this looks like a pprof profile, not like a cProfile dump: prof flamegraph and prof export may read it"
            }
            Kind::Pickle => {
                "this looks like a pickle, not like a cProfile dump: save with Profile.dump_stats(FILE)"
            }
            Kind::Pyc => {
                "this is a compiled Python module: profile it with python -m cProfile -o FILE SCRIPT"
            }
            Kind::Elf => "this is a program or a core dump, not a cProfile dump",
            Kind::Perf => "this is data of Linux perf, not a cProfile dump",
            Kind::Sqlite => "this is an SQLite database, not a cProfile dump",
            Kind::Markup => "this looks like a page or a picture, not like a cProfile dump",
            Kind::Text => {
                "this looks like text, not like a cProfile dump: save one with python -m cProfile -o FILE SCRIPT"
            }
        }
    }
}

/// What bytes look like that could not be read as a dump, if it is something known.
#[must_use]
pub fn near_miss(head: &[u8]) -> Option<Kind> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    let trimmed = head.trim_ascii_start();
    Some(match head {
        [] => Kind::Empty,
        _ if head.iter().all(|&byte| byte == 0) => Kind::Zeros,
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [0x80, 2..=5, ..] => Kind::Pickle,
        // The magic number of every CPython since 1.5 ends so.
        [_, _, b'\r', b'\n', ..] => Kind::Pyc,
        _ if begins(b"\x7fELF") => Kind::Elf,
        _ if begins(b"PERFILE2") => Kind::Perf,
        _ if begins(b"SQLite format 3\0") => Kind::Sqlite,
        // Field 1, a ValueType: two varint fields.
        [0x0a, 2 | 4, 8, _, ..] | [0x0a, 4, _, _, 16, ..] => Kind::Pprof,
        _ if begins(b"# callgrind format") || begins(b"version: 1\n") || begins(b"events:") => {
            Kind::Callgrind
        }
        _ if !is_text(head) => return None,
        _ if begins(folded::NANOSECONDS.as_bytes()) => Kind::Folded,
        _ if is_json(trimmed) => Kind::Json,
        _ if trimmed.starts_with(b"<") && !begins_with_frame(trimmed) => Kind::Markup,
        _ if is_folded(head) => Kind::Folded,
        _ => Kind::Text,
    })
}

/// Does this begin with a name that Python gives to code without one? Stacks of samples most often do.
fn begins_with_frame(text: &[u8]) -> bool {
    let names = [
        "module", "lambda", "listcomp", "setcomp", "dictcomp", "genexpr", "string", "stdin",
    ];
    let end = text.iter().position(|&byte| byte == b'>');
    let name = end.map_or(&b""[..], |end| &text[1..end]);
    names.iter().any(|known| known.as_bytes() == name) || name.starts_with(b"frozen ")
}

fn is_text(head: &[u8]) -> bool {
    // A character may be cut at the end of the head.
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == HEAD,
    };
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    utf16
        || valid
            && !head
                .iter()
                .any(|&byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

fn is_json(text: &[u8]) -> bool {
    let Some((&first, rest)) = text.split_first() else {
        return false;
    };
    let next = rest.trim_ascii_start().first().copied();
    match first {
        b'{' => matches!(next, Some(b'"' | b'}') | None),
        b'[' => matches!(
            next,
            Some(b'{' | b'[' | b'"' | b']' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n') | None
        ),
        _ => false,
    }
}

/// Do the lines of this beginning look like folded stacks: the first is frames, a space, and a whole number, and such a
/// line somewhere has more than one frame?
pub(super) fn is_folded(beginning: &[u8]) -> bool {
    let lines = beginning.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut stacks = lines
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .peekable();
    let first_is_one = stacks.peek().is_some_and(|line| is_folded_line(line));
    first_is_one && stacks.any(|line| line.contains(&b';') && is_folded_line(line))
}

fn is_folded_line(line: &[u8]) -> bool {
    let Some(space) = line.iter().rposition(|&byte| byte == b' ') else {
        return false;
    };
    let weight = &line[space + 1..];
    !weight.is_empty() && weight.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_recognised() {
        let check = |head: &[u8], expected| assert_eq!(near_miss(head), expected, "{head:?}");
        check(b"", Some(Kind::Empty));
        check(&[0; 100], Some(Kind::Zeros));
        check(b"main;f;g 12\nmain;h 3\n", Some(Kind::Folded));
        check(b"# a comment\n(1 more) 7\nmain;h 3\nmain;i", Some(Kind::Folded));
        check(b"<module> (a.py:1);f 12\n", Some(Kind::Folded));
        // A single frame, which could be anything, were it not said before.
        check(
            b"# weights are nanoseconds\n<built-in method builtins.len> 7\n",
            Some(Kind::Folded),
        );
        // A line that goes on behind what is looked at.
        check(b"<module> (a.py:1);f (a.py:3);g (a.py", Some(Kind::Text));
        check(b"<html><head>", Some(Kind::Markup));
        check(b"chapter 1\nchapter 2\n", Some(Kind::Text));
        check(b"{\"a\": 1}", Some(Kind::Json));
        check(b"[1, 2]", Some(Kind::Json));
        check(b"\x80\x04\x95\x10\0", Some(Kind::Pickle));
        check(b"\xa7\r\r\n\0\0\0\0", Some(Kind::Pyc));
        check(b"\x7fELF\x02\x01", Some(Kind::Elf));
        check(b"\x0a\x04\x08\x01\x10\x02\x12", Some(Kind::Pprof));
        check(b"# callgrind format\nversion: 1\n", Some(Kind::Callgrind));
        check(b"   ncalls  tottime  percall\n", Some(Kind::Text));
        check(b"<svg xmlns=", Some(Kind::Markup));
        check(b"\xff\xfeh\0i\0", Some(Kind::Text));
        check(b"{\xa9\x03\xda\x04a.py", None);
    }
}
