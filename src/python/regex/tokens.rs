//! Bytes to code points, and code points to the tokens Python's parser reads: a character, or a
//! backslash and the character after it.
//!
//! That pairing holds everywhere, in comments too: in `(?#\))` the comment ends at the second parenthesis.

use crate::python::Version;

/// Where lone surrogates are kept in a `str`: the last 2,048 code points, which nothing uses and which
/// are no letters, digits or spaces either.
pub(super) const SURROGATE_BASE: u32 = 0x10_F800;

/// Splits off the first code point. Bytes that are not UTF-8 count as Python's `surrogateescape` has them.
fn next_code_point(bytes: &[u8]) -> (u32, usize) {
    let lead = bytes[0];
    let (len, low, bits) = match lead {
        0..0x80 => return (u32::from(lead), 1),
        0xC2..0xE0 => (2, 0x80, u32::from(lead & 0x1F)),
        0xE0..0xF0 => (3, 0x800, u32::from(lead & 0x0F)),
        0xF0..0xF5 => (4, 0x1_0000, u32::from(lead & 0x07)),
        _ => return (0xDC00 + u32::from(lead), 1),
    };
    let mut code = bits;
    for i in 1..len {
        match bytes.get(i) {
            Some(&next) if next & 0xC0 == 0x80 => code = code << 6 | u32::from(next & 0x3F),
            _ => return (0xDC00 + u32::from(lead), 1),
        }
    }
    if code < low || code > 0x10_FFFF {
        return (0xDC00 + u32::from(lead), 1);
    }
    (code, len)
}

/// The code points of a text: UTF-8 in which surrogates may stand (Python 3), or bytes (2.7).
pub(super) fn code_points(bytes: &[u8], python: Version) -> Vec<u32> {
    if python.is_python2() {
        return bytes.iter().map(|&byte| u32::from(byte)).collect();
    }
    let mut rest = bytes;
    let mut codes = Vec::with_capacity(bytes.len());
    while !rest.is_empty() {
        let (code, len) = next_code_point(rest);
        codes.push(code);
        rest = &rest[len..];
    }
    codes
}

/// A code point as a `char`, lone surrogates at [`SURROGATE_BASE`].
pub(super) fn to_char(code: u32) -> char {
    match code {
        0xD800..=0xDFFF => char::from_u32(SURROGATE_BASE + (code - 0xD800)),
        _ => char::from_u32(code),
    }
    .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) code: u32,
    /// Whether a backslash stands before it.
    pub(super) escaped: bool,
    /// Where it begins, in characters from 0.
    pub(super) position: usize,
}

impl Token {
    /// Whether it is this character, not escaped.
    pub(super) fn is(self, wanted: char) -> bool {
        !self.escaped && self.code == u32::from(wanted)
    }

    /// Whether it is one of these characters, not escaped.
    pub(super) fn is_in(self, wanted: &str) -> bool {
        wanted.chars().any(|c| self.is(c))
    }

    /// The digit it is in this base, not escaped.
    pub(super) fn digit(self, base: u32) -> Option<u32> {
        if self.escaped {
            None
        } else {
            char::from_u32(self.code)?.to_digit(base)
        }
    }
}

/// A reader of tokens that knows the one to come.
#[derive(Debug)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
    at: usize,
    /// In characters.
    end: usize,
    dangling: bool,
}

impl Tokens {
    pub(super) fn new(codes: &[u32]) -> Self {
        let mut tokens = Vec::with_capacity(codes.len());
        let mut dangling = false;
        let mut position = 0;
        while let Some(&code) = codes.get(position) {
            if code != u32::from('\\') {
                tokens.push(Token {
                    code,
                    escaped: false,
                    position,
                });
                position += 1;
            } else if let Some(&code) = codes.get(position + 1) {
                tokens.push(Token {
                    code,
                    escaped: true,
                    position,
                });
                position += 2;
            } else {
                dangling = true;
                break;
            }
        }
        Tokens {
            tokens,
            at: 0,
            end: codes.len(),
            dangling,
        }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Takes the next token if it is this character.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek().is_some_and(|token| token.is(wanted));
        self.at += usize::from(found);
        found
    }

    /// Whether the next token is this character.
    pub(super) fn sees(&self, wanted: char) -> bool {
        self.peek().is_some_and(|token| token.is(wanted))
    }

    /// Takes the next token if it is a digit in this base.
    pub(super) fn take_digit(&mut self, base: u32) -> Option<u32> {
        let digit = self.peek()?.digit(base)?;
        self.at += 1;
        Some(digit)
    }

    /// Whether all tokens are read and a lone backslash is left, which is an error wherever it stands.
    pub(super) fn is_at_dangling_backslash(&self) -> bool {
        self.dangling && self.at == self.tokens.len()
    }

    /// The place of the next token, in characters from 0.
    pub(super) fn position(&self) -> usize {
        self.peek().map_or(self.end, |token| token.position)
    }

    /// For [`Tokens::go_back`].
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    pub(super) fn go_back(&mut self, mark: usize) {
        self.at = mark;
    }
}
