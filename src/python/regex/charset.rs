//! Sets of characters: what Python's sets hold, and how that is written for the engine.
//!
//! Most function names are ASCII. For such texts a set is written as its ASCII members, which keeps the
//! engine's automata small: Python's `\w` has 128 cases then, not a thousand ranges of Unicode.

use crate::python::Version;
use std::fmt::Write;

use super::ast::{Class, Flags, SetItem};
use super::fold;
use super::tokens::{SURROGATE_BASE, to_char};

/// A set that holds nothing. The engine's own way to fail at once would keep it from using its fast parts.
pub(super) const NEVER: &str = "[a&&b]";

/// The characters that occur in the texts an expression is translated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    Ascii,
    /// Python 2.7: bytes, as U+0000 to U+00FF.
    Bytes,
    Unicode,
    /// Unicode and lone surrogates, these as [`to_char`] has them.
    Surrogates,
}

impl Alphabet {
    /// The number of characters, if that is few.
    fn small(self) -> Option<u32> {
        match self {
            Alphabet::Ascii => Some(0x80),
            Alphabet::Bytes => Some(0x100),
            Alphabet::Unicode | Alphabet::Surrogates => None,
        }
    }

    fn has(self, code: u32) -> bool {
        match self.small() {
            Some(size) => code < size,
            None => self == Alphabet::Surrogates || !(0xD800..0xE000).contains(&code),
        }
    }
}

/// How characters compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    ignored: bool,
    /// Letters are those of Unicode, not only those of ASCII.
    unicode: bool,
    since_3_9: bool,
}

impl Case {
    pub(super) fn new(flags: Flags, python: Version) -> Self {
        Case {
            ignored: flags.has(Flags::IGNORE_CASE),
            unicode: !flags.ascii_only(),
            since_3_9: python.at_least(9),
        }
    }

    /// What equals this character, itself included.
    fn equals(self, code: u32) -> Vec<u32> {
        if self.ignored {
            fold::equals(code, self.unicode, self.since_3_9)
        } else {
            vec![code]
        }
    }

    /// What a member of a set stands for.
    ///
    /// Python forgets to lower members beyond U+FFFF, so that such a capital in a set equals nothing.
    fn equals_in_set(self, code: u32) -> Vec<u32> {
        if !self.ignored || !self.unicode || code <= 0xFFFF {
            return self.equals(code);
        }
        if fold::lower(code) == code {
            self.equals(code)
        } else {
            Vec::new()
        }
    }
}

/// Writes sets for one alphabet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    pub(super) alphabet: Alphabet,
}

impl Writer {
    /// One character.
    pub(super) fn char(self, code: u32, case: Case, out: &mut String) {
        let mut equal = case.equals(code);
        equal.retain(|&code| self.alphabet.has(code));
        match equal[..] {
            [] => out.push_str(NEVER),
            [only] => push_literal(to_char(only), out),
            _ => {
                out.push('[');
                for code in equal {
                    push_member(to_char(code), out);
                }
                out.push(']');
            }
        }
    }

    /// Any character but those given.
    pub(super) fn any_but(self, code: Option<u32>, out: &mut String) {
        let items: Vec<SetItem> = code.map(SetItem::Char).into_iter().collect();
        self.set(
            true,
            &items,
            Case {
                ignored: false,
                unicode: true,
                since_3_9: true,
            },
            out,
        );
    }

    pub(super) fn set(self, negated: bool, items: &[SetItem], case: Case, out: &mut String) {
        match self.alphabet.small() {
            Some(size) => {
                let holds = |code| items.iter().any(|&item| holds(item, code, case)) != negated;
                write_ranges(size, holds, out);
            }
            None => self.write_unicode(negated, items, case, out),
        }
    }

    fn write_unicode(self, negated: bool, items: &[SetItem], case: Case, out: &mut String) {
        let mut inner = String::new();
        for &item in items {
            match item {
                SetItem::Char(code) => {
                    for code in case.equals_in_set(code) {
                        self.push_range(code, code, &mut inner);
                    }
                }
                SetItem::Range(low, high) => self.push_folded_range(low, high, case, &mut inner),
                SetItem::Class { class, negated } => {
                    let members = class_members(class, case.unicode);
                    if negated {
                        let _ = write!(inner, "[^{members}]");
                    } else {
                        inner.push_str(members);
                    }
                }
            }
        }
        match (inner.is_empty(), negated) {
            (true, false) => out.push_str(NEVER),
            (true, true) => out.push_str(r"[\x{0}-\x{10FFFF}]"),
            (false, false) => drop(write!(out, "[{inner}]")),
            (false, true) => drop(write!(out, "[^{inner}]")),
        }
    }

    fn push_folded_range(self, low: u32, high: u32, case: Case, out: &mut String) {
        self.push_range(low, high, out);
        if !case.ignored {
            return;
        }
        if case.unicode && high >= 0x80 {
            for &code in fold::Groups::get(case.since_3_9).of_range(low, high).flatten() {
                if !(low..=high).contains(&code) {
                    self.push_range(code, code, out);
                }
            }
        } else {
            for code in low..=high.min(0x7F) {
                for equal in case.equals(code) {
                    self.push_range(equal, equal, out);
                }
            }
        }
    }

    /// A range of a Unicode alphabet; surrogates are elsewhere in it, or nowhere.
    fn push_range(self, low: u32, high: u32, out: &mut String) {
        let top = match self.alphabet {
            // The place of real characters is taken.
            Alphabet::Surrogates => SURROGATE_BASE - 1,
            _ => 0x10_FFFF,
        };
        let mut push = |low: u32, high: u32| {
            if low < high {
                let _ = write!(out, r"\x{{{low:X}}}-\x{{{high:X}}}");
            } else if low == high {
                push_member(char::from_u32(low).unwrap_or(char::REPLACEMENT_CHARACTER), out);
            }
        };
        push(low, high.min(0xD7FF));
        push(low.max(0xE000), high.min(top));
        if self.alphabet == Alphabet::Surrogates {
            let (low, high) = (low.max(0xD800), high.min(0xDFFF));
            if low <= high {
                push(SURROGATE_BASE + low - 0xD800, SURROGATE_BASE + high - 0xD800);
            }
        }
    }
}

/// The members of a class, as they are written inside a set of the engine.
fn class_members(class: Class, unicode: bool) -> &'static str {
    match (class, unicode) {
        (Class::Digit, true) => r"\p{Nd}",
        (Class::Digit, false) => "0-9",
        // Python counts the separators U+001C to U+001F as spaces, Unicode does not.
        (Class::Space, true) => r"\s\x{1C}-\x{1F}",
        (Class::Space, false) => r"\x{9}-\x{D}\x{20}",
        // `str.isalnum()` and `_`: no marks, unlike the engine's `\w`.
        (Class::Word, true) => r"\p{L}\p{N}_",
        (Class::Word, false) => "0-9A-Z_a-z",
    }
}

/// Whether a set member holds for a character below U+0100.
fn holds(item: SetItem, code: u32, case: Case) -> bool {
    match item {
        SetItem::Char(wanted) if !case.ignored => code == wanted,
        SetItem::Char(wanted) => case.equals(code).contains(&wanted),
        SetItem::Range(low, high) if !case.ignored => (low..=high).contains(&code),
        SetItem::Range(low, high) => case.equals(code).iter().any(|code| (low..=high).contains(code)),
        SetItem::Class { class, negated } => class_holds(class, code, case.unicode) != negated,
    }
}

fn class_holds(class: Class, code: u32, unicode: bool) -> bool {
    let Some(c) = char::from_u32(code).filter(|c| unicode || c.is_ascii()) else {
        return false;
    };
    match class {
        Class::Digit => c.is_ascii_digit(),
        Class::Space => {
            matches!(c, '\t'..='\r' | ' ') || unicode && matches!(c, '\x1c'..='\x1f' | '\u{85}' | '\u{A0}')
        }
        Class::Word => c == '_' || c.is_alphanumeric(),
    }
}

/// Writes those of the first `size` characters for which `holds` is true.
fn write_ranges(size: u32, holds: impl Fn(u32) -> bool, out: &mut String) {
    let start = out.len();
    let mut code = 0;
    while code < size {
        if !holds(code) {
            code += 1;
            continue;
        }
        let low = code;
        while code < size && holds(code) {
            code += 1;
        }
        out.push_str(if out.len() == start { "[" } else { "" });
        push_member(to_char(low), out);
        if code - low > 1 {
            out.push('-');
            push_member(to_char(code - 1), out);
        }
    }
    out.push_str(if out.len() == start { NEVER } else { "]" });
}

/// A character outside of sets.
fn push_literal(c: char, out: &mut String) {
    if r"\.+*?()|[]{}^$".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// A character inside of a set, where much has a meaning to the engine that has none to Python.
fn push_member(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        let _ = write!(out, r"\x{{{:X}}}", u32::from(c));
    }
}
