//! Text as Python holds it: its length, its `repr`, and its way to a pipe or a terminal.

use super::{Dialect, Version};
use fancy_regex::Regex;
use std::sync::LazyLock;

/// The number of code points (Python 3; a lone surrogate is one) or of bytes (Python 2).
#[must_use]
pub fn length(text: &[u8], dialect: Dialect) -> usize {
    match dialect {
        Dialect::Python2 => text.len(),
        Dialect::Python3 => text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count(),
    }
}

/// A piece of WTF-8 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A Unicode character.
    Char(char),
    /// A lone surrogate, U+D800 to U+DFFF.
    Surrogate(u16),
    /// A byte that is no part of valid WTF-8; only Python 2 names have these.
    Byte(u8),
}

/// Cuts text into characters, lone surrogates and stray bytes.
pub fn pieces(text: &[u8]) -> impl Iterator<Item = Piece> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let &first = rest.first()?;
        let len = match first {
            0..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        let whole = rest.get(..len).unwrap_or(rest);
        if let Some(c) = std::str::from_utf8(whole).ok().and_then(|s| s.chars().next()) {
            rest = &rest[len..];
            return Some(Piece::Char(c));
        }
        if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf] = *whole {
            rest = &rest[3..];
            return Some(Piece::Surrogate(
                0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f),
            ));
        }
        rest = &rest[1..];
        Some(Piece::Byte(first))
    })
}

/// Is this UTF-8 in which lone surrogates may stand in three bytes? A pair of surrogates that stands for
/// one character is no text: CPython reads such a name but can print it nowhere.
///
/// # Errors
/// The offset of the first byte that cannot be decoded.
pub fn check_wtf8(text: &[u8]) -> Result<(), usize> {
    let mut at = 0;
    while let Err(error) = std::str::from_utf8(&text[at..]) {
        at += error.valid_up_to();
        match text[at..] {
            [0xed, 0xa0..=0xaf, 0x80..=0xbf, 0xed, 0xb0..=0xbf, ..] => return Err(at),
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => at += 3,
            _ => return Err(at),
        }
    }
    Ok(())
}

/// Text as Python decodes an argument or a file name: bytes that are no UTF-8 become U+DC80 to U+DCFF.
#[must_use]
pub fn from_system(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for &byte in chunk.invalid() {
            out.extend_from_slice(&[0xed, 0xb0 | byte >> 6, 0x80 | byte & 0x3f]);
        }
    }
    out
}

/// Appends text as it goes to a pipe or a file: undecodable bytes that Python escaped as
/// U+DC80 to U+DCFF become those bytes again, all else stays as it is.
pub fn push_raw(out: &mut Vec<u8>, text: &[u8]) {
    let mut from = 0;
    // 0xed starts no other three-byte form than those of U+D000 to U+DFFF.
    while let Some(found) = text[from..].iter().position(|&byte| byte == 0xed) {
        let at = from + found;
        out.extend_from_slice(&text[from..at]);
        if let [0xed, second @ (0xb2 | 0xb3), third @ 0x80..=0xbf, ..] = text[at..] {
            out.push(second << 6 | third & 0x3f);
            from = at + 3;
        } else {
            out.push(0xed);
            from = at + 1;
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// Appends text as it may be shown on a terminal: control characters and other unprintable ones
/// escaped, what cannot be encoded as `?`.
pub fn push_shown(out: &mut Vec<u8>, text: &[u8]) {
    for piece in pieces(text) {
        match piece {
            Piece::Char(c @ ' '..='~') => out.push(c as u8),
            Piece::Char('\n') => out.extend_from_slice(b"\\n"),
            Piece::Char('\t') => out.extend_from_slice(b"\\t"),
            Piece::Char('\r') => out.extend_from_slice(b"\\r"),
            Piece::Char(c) if is_printable(c, Version::NEWEST) => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Piece::Char(c) => push_escape(out, u32::from(c)),
            Piece::Surrogate(_) => out.push(b'?'),
            Piece::Byte(byte) => push_escape(out, u32::from(byte)),
        }
    }
}

/// Text as it may be shown on a terminal, see [`push_shown`].
///
/// ```
/// assert_eq!(prof::python::text::shown(b"\x1b[31mred"), "\\x1b[31mred");
/// ```
#[must_use]
pub fn shown(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    push_shown(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

fn push_escape(out: &mut Vec<u8>, code: u32) {
    let escape = match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.extend_from_slice(escape.as_bytes());
}

/// Python's `repr` of a str (of that version), in WTF-8; in 2.7 of a byte string.
///
/// ```
/// use prof::python::{Version, text::repr};
/// assert_eq!(repr(b"it's\n", Version::NEWEST), br#""it's\n""#);
/// assert_eq!(repr("\u{e9}".as_bytes(), Version::PYTHON2), br"'\xc3\xa9'");
/// ```
#[must_use]
pub fn repr(text: &[u8], python: Version) -> Vec<u8> {
    let quote = if text.contains(&b'\'') && !text.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    let mut out = vec![quote];
    let mut push = |piece: Piece| match piece {
        Piece::Char('\n') => out.extend_from_slice(b"\\n"),
        Piece::Char('\t') => out.extend_from_slice(b"\\t"),
        Piece::Char('\r') => out.extend_from_slice(b"\\r"),
        Piece::Char(c) if c == '\\' || c == char::from(quote) => out.extend_from_slice(&[b'\\', c as u8]),
        Piece::Char(c @ ' '..='~') => out.push(c as u8),
        Piece::Char(c) if is_printable(c, python) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Piece::Char(c) => push_escape(&mut out, u32::from(c)),
        Piece::Surrogate(code) => push_escape(&mut out, u32::from(code)),
        Piece::Byte(byte) => push_escape(&mut out, u32::from(byte)),
    };
    match python.dialect() {
        Dialect::Python3 => pieces(text).for_each(&mut push),
        Dialect::Python2 => {
            let piece = |&byte: &u8| {
                if byte < 0x80 {
                    Piece::Char(char::from(byte))
                } else {
                    Piece::Byte(byte)
                }
            };
            text.iter().map(piece).for_each(&mut push);
        }
    }
    out.push(quote);
    out
}

/// Python's `str.isprintable` of one character, by the Unicode version of that Python where our
/// tables still know it.
fn is_printable(c: char, python: Version) -> bool {
    static UNPRINTABLE: LazyLock<Regex> = LazyLock::new(|| class(r"[\p{C}\p{Z}]"));
    // The oldest Unicode that a covered Python 3 has; newer characters are asked for by age.
    static IN_UNICODE_9: LazyLock<Regex> = LazyLock::new(|| class(r"\p{Age=9.0}"));
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let mut buffer = [0; 4];
    let text = c.encode_utf8(&mut buffer);
    let is_in = |regex: &Regex| regex.is_match(text).expect("a single class cannot backtrack");
    if is_in(&UNPRINTABLE) {
        return false;
    }
    if python.at_least(14) || is_in(&IN_UNICODE_9) {
        return true;
    }
    let age = match python.minor {
        ..=6 => return false,
        7 => "11.0",
        8 => "12.1",
        9 | 10 => "13.0",
        11 => "14.0",
        12 => "15.0",
        _ => "15.1",
    };
    is_in(&class(&format!(r"\p{{Age={age}}}")))
}

fn class(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a class of known properties")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogate_escapes_become_their_bytes() {
        let mut out = Vec::new();
        push_raw(&mut out, b"a\xed\xb3\xbfb\xed\xa0\x80c\xed\x95\x9c");
        assert_eq!(out, b"a\xffb\xed\xa0\x80c\xed\x95\x9c");
    }

    #[test]
    fn lengths_count_code_points_or_bytes() {
        assert_eq!(length("h\u{e9}\u{1f600}".as_bytes(), Dialect::Python3), 3);
        assert_eq!(length(b"\xed\xb3\xbf", Dialect::Python3), 1);
        assert_eq!(length("h\u{e9}".as_bytes(), Dialect::Python2), 3);
    }

    #[test]
    fn repr_is_that_of_python_3_13() {
        let check = |text: &str, expected: &str| {
            let repr = repr(text.as_bytes(), Version { major: 3, minor: 13 });
            assert_eq!(String::from_utf8_lossy(&repr), expected);
        };
        check("it's (", "\"it's (\"");
        check("it's \"", "'it\\'s \"'");
        check("\u{e9}\u{a0}\u{200b}\u{ad}", "'\u{e9}\\xa0\\u200b\\xad'");
        check(
            "\u{1f600}\u{10ffff}\u{e000}\\",
            "'\u{1f600}\\U0010ffff\\ue000\\\\'",
        );
        check("\x07\x7f", "'\\x07\\x7f'");
    }

    #[test]
    fn printable_follows_the_unicode_of_the_version() {
        // U+1FAE0 came with Unicode 14: Python 3.11 prints it, 3.10 escapes it.
        let at = |minor| repr("\u{1fae0}".as_bytes(), Version { major: 3, minor });
        assert_eq!(at(10), b"'\\U0001fae0'");
        assert_eq!(at(11), "'\u{1fae0}'".as_bytes());
        assert_eq!(at(15), at(11));
    }

    #[test]
    fn only_utf8_and_lone_surrogates_pass() {
        assert_eq!(check_wtf8(b"a\xed\xb3\xbfb"), Ok(()));
        assert_eq!(check_wtf8(b"ab\xff"), Err(2));
        assert_eq!(check_wtf8(b"\xc0\x80"), Err(0));
        assert_eq!(check_wtf8(b"\xed\xa0"), Err(0));
        assert_eq!(check_wtf8(b"x\xed\xa0\x80\xed\xb0\x80"), Err(1));
    }

    #[test]
    fn pieces_lose_no_byte() {
        let text = b"a\xff\xc3\xa9\xed\xa0\x80\xf0\x9f";
        let seen: Vec<Piece> = pieces(text).collect();
        let expected = [
            Piece::Char('a'),
            Piece::Byte(0xff),
            Piece::Char('\u{e9}'),
            Piece::Surrogate(0xd800),
            Piece::Byte(0xf0),
            Piece::Byte(0x9f),
        ];
        assert_eq!(seen, expected);
    }
}
