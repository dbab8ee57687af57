//! What a backslash and the characters after it mean, outside and inside of sets.

use super::Error;
use super::ast::{Class, Node, Place, SetItem};
use super::names;
use super::parse::{Parser, Stop};
use super::tokens::Token;
use crate::python::Version;

/// `\n` and its kin, the same everywhere.
fn control(letter: char) -> Option<u32> {
    Some(match letter {
        'a' => 0x07,
        'f' => 0x0C,
        'n' => 0x0A,
        'r' => 0x0D,
        't' => 0x09,
        'v' => 0x0B,
        '\\' => 0x5C,
        _ => return None,
    })
}

fn class(letter: char) -> Option<SetItem> {
    let class = match letter.to_ascii_lowercase() {
        'd' => Class::Digit,
        's' => Class::Space,
        'w' => Class::Word,
        _ => return None,
    };
    Some(SetItem::Class {
        class,
        negated: letter.is_ascii_uppercase(),
    })
}

fn place(letter: char, python: Version) -> Option<Place> {
    Some(match letter {
        'A' => Place::TextBegin,
        'Z' => Place::TextEnd,
        'z' if python.at_least(14) => Place::TextEnd,
        'b' => Place::Boundary,
        'B' => Place::NoBoundary,
        _ => return None,
    })
}

/// An escape outside of sets. That a reference is allowed where it stands is for the caller to check.
pub(super) fn outside_set(parser: &mut Parser, token: Token) -> Result<Node, Stop> {
    // Lone surrogates have no escapes of their own; any character that is no letter will do.
    let letter = char::from_u32(token.code).unwrap_or('\u{E000}');
    if let Some(place) = place(letter, parser.python) {
        return Ok(Node::At(place));
    }
    if let Some(item) = class(letter) {
        return Ok(Node::Set {
            negated: false,
            items: vec![item],
        });
    }
    match letter {
        '0' => octal(parser, 0, 2).map(Node::Char),
        '1'..='9' => reference(parser, u32::from(letter) - u32::from('0')),
        _ => common(parser, token, letter).map(Node::Char),
    }
}

/// An escape inside of a set.
pub(super) fn in_set(parser: &mut Parser, token: Token) -> Result<SetItem, Stop> {
    let letter = char::from_u32(token.code).unwrap_or('\u{E000}');
    if let Some(item) = class(letter) {
        return Ok(item);
    }
    match letter {
        'b' => Ok(SetItem::Char(0x08)),
        '0'..='7' => octal(parser, u32::from(letter) - u32::from('0'), 2).map(SetItem::Char),
        '8' | '9' => Err(parser.invalid("bad escape")),
        _ => common(parser, token, letter).map(SetItem::Char),
    }
}

fn common(parser: &mut Parser, token: Token, letter: char) -> Result<u32, Stop> {
    if let Some(code) = control(letter) {
        return Ok(code);
    }
    let is_text = !parser.python.is_python2();
    match letter {
        'x' => hexadecimal(parser, 2),
        'u' if is_text => hexadecimal(parser, 4),
        'U' if is_text => {
            let code = hexadecimal(parser, 8)?;
            match code {
                0..=0x10_FFFF => Ok(code),
                // `chr()` had two ways to refuse a number.
                0x8000_0000.. if !parser.python.at_least(13) => Err(Stop::Error(Error::Raises {
                    exception: "OverflowError",
                    message: "Python int too large to convert to C int",
                })),
                _ => Err(parser.invalid("bad escape")),
            }
        }
        'N' if parser.python.at_least(8) => {
            if !parser.tokens.take('{') {
                return Err(parser.invalid("missing {"));
            }
            let name = parser.name('}')?;
            names::character(&name).ok_or_else(|| parser.invalid("undefined character name"))
        }
        _ if is_text && letter.is_ascii_alphabetic() => Err(parser.invalid(format!("bad escape \\{letter}"))),
        _ => Ok(token.code),
    }
}

/// Exactly this many hexadecimal digits.
fn hexadecimal(parser: &mut Parser, digits: u32) -> Result<u32, Stop> {
    let mut code = 0u32;
    for _ in 0..digits {
        let digit = parser
            .tokens
            .take_digit(16)
            .ok_or_else(|| parser.invalid("incomplete escape"))?;
        code = code << 4 | digit;
    }
    Ok(code)
}

/// Up to `more` octal digits after the first one.
fn octal(parser: &mut Parser, first: u32, more: u32) -> Result<u32, Stop> {
    let mut code = first;
    for _ in 0..more {
        match parser.tokens.take_digit(8) {
            Some(digit) => code = code << 3 | digit,
            None => break,
        }
    }
    byte(parser, code)
}

/// 2.7 cuts octal values to a byte, the others refuse larger ones.
fn byte(parser: &Parser, code: u32) -> Result<u32, Stop> {
    if code <= 0xFF || parser.python.is_python2() {
        Ok(code & 0xFF)
    } else {
        Err(parser.invalid("octal escape value outside of range 0-0o377"))
    }
}

/// A number that does not begin with 0: three octal digits are a character, one or two digits a group.
fn reference(parser: &mut Parser, first: u32) -> Result<Node, Stop> {
    let mut group = first;
    if let Some(second) = parser.tokens.take_digit(10) {
        if first < 8
            && second < 8
            && let Some(third) = parser.tokens.take_digit(8)
        {
            return byte(parser, first << 6 | second << 3 | third).map(Node::Char);
        }
        group = first * 10 + second;
    }
    if group < parser.groups() {
        Ok(Node::Reference(group))
    } else {
        Err(parser.invalid(format!("invalid group reference {group}")))
    }
}
