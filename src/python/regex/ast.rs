//! What an expression says, after Python's rules have accepted it.
//!
//! Flags are not resolved here: up to Python 3.10 a global flag may stand anywhere and holds for all
//! that came before it, so only the whole tree knows them.

use crate::python::Version;
use std::collections::BTreeSet;

/// A set of the letters that may stand in `(?…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(u8);

impl Flags {
    pub(super) const IGNORE_CASE: Flags = Flags(1);
    pub(super) const LOCALE: Flags = Flags(2);
    pub(super) const MULTILINE: Flags = Flags(4);
    pub(super) const DOT_ALL: Flags = Flags(8);
    pub(super) const UNICODE: Flags = Flags(16);
    pub(super) const VERBOSE: Flags = Flags(32);
    pub(super) const ASCII: Flags = Flags(64);
    pub(super) const TEMPLATE: Flags = Flags(128);
    /// Those that say what a letter is; a scoped one replaces the others.
    pub(super) const TYPES: Flags = Flags(2 | 16 | 64);

    /// The flag of a letter, if that version has it.
    pub(super) fn of_letter(letter: u32, python: Version) -> Option<Flags> {
        Some(match char::from_u32(letter)? {
            'i' => Flags::IGNORE_CASE,
            'L' => Flags::LOCALE,
            'm' => Flags::MULTILINE,
            's' => Flags::DOT_ALL,
            'u' => Flags::UNICODE,
            'x' => Flags::VERBOSE,
            'a' if !python.is_python2() => Flags::ASCII,
            't' if !python.at_least(13) => Flags::TEMPLATE,
            _ => return None,
        })
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any of `other` is set.
    pub(super) fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn and(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }

    pub(super) fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    pub(super) fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }

    /// The flags inside a group `(?add-remove:…)`.
    pub(super) fn scoped(self, add: Flags, remove: Flags) -> Flags {
        let base = if add.has(Flags::TYPES) {
            self.without(Flags::TYPES)
        } else {
            self
        };
        base.with(add).without(remove)
    }

    /// Whether `\w` and its kin, and case, mean the ASCII ones only.
    pub(super) fn ascii_only(self) -> bool {
        // A C locale knows no letters beyond ASCII, and the locale outweighs `u`.
        self.has(Flags::LOCALE) || !self.has(Flags::UNICODE)
    }
}

/// `\d`, `\s`, `\w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Digit,
    Space,
    Word,
}

/// One member of a set `[…]`. Characters are code points, surrogates included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetItem {
    Char(u32),
    Range(u32, u32),
    Class { class: Class, negated: bool },
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `^`
    Begin,
    /// `$`
    End,
    /// `\A`
    TextBegin,
    /// `\Z`, and `\z` from 3.14 on
    TextEnd,
    /// `\b`
    Boundary,
    /// `\B`
    NoBoundary,
}

/// What a repeat gives back when the rest does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// Items that follow each other.
pub(super) type Sequence = Vec<Node>;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Char(u32),
    /// `.`
    Any,
    Set {
        negated: bool,
        items: Vec<SetItem>,
    },
    At(Place),
    Branch(Vec<Sequence>),
    Group {
        /// From 1, in the order of the opening parentheses; `None` if it captures nothing.
        number: Option<u32>,
        add: Flags,
        remove: Flags,
        body: Sequence,
    },
    Atomic(Sequence),
    Repeat {
        min: u32,
        /// `None` for no limit.
        max: Option<u32>,
        greed: Greed,
        body: Sequence,
    },
    Look {
        behind: bool,
        negated: bool,
        body: Sequence,
    },
    Reference(u32),
    Conditional {
        group: u32,
        yes: Sequence,
        no: Option<Sequence>,
    },
}

/// A whole expression.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) body: Sequence,
    /// The flags of its outermost level.
    pub(super) flags: Flags,
    /// The groups that some reference or condition names, in order.
    pub(super) referenced: Vec<u32>,
    /// Those of them that some condition names.
    pub(super) conditions: BTreeSet<u32>,
    /// Python's idea of the width of each group, from group 0; see [`Widths`].
    pub(super) widths: Widths,
}

/// Least and greatest width of items as Python computes them, which decides what may stand in a look-behind.
///
/// The caps matter: they are what makes `(?<=a{4294967294}b)` wrong or right.
#[derive(Debug, Clone)]
pub(super) struct Widths {
    python: Version,
    groups: Vec<Option<(u128, u128)>>,
}

/// What Python counts as "no limit", and the first repeat count it refuses.
pub(super) const MAX_REPEAT: u32 = u32::MAX;

impl Widths {
    pub(super) fn new(python: Version) -> Self {
        Widths {
            python,
            groups: vec![None],
        }
    }

    /// How many groups there are, the whole expression (0) included.
    pub(super) fn groups(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap_or(u32::MAX)
    }

    /// Begins a group and returns its number.
    pub(super) fn open(&mut self) -> u32 {
        self.groups.push(None);
        self.groups() - 1
    }

    pub(super) fn close(&mut self, group: u32, body: &[Node]) {
        self.groups[group as usize] = Some(self.of(body));
    }

    /// Whether a group is there and complete, so that it may be referred to.
    pub(super) fn is_closed(&self, group: u32) -> bool {
        self.groups.get(group as usize).is_some_and(Option::is_some)
    }

    pub(super) fn of(&self, nodes: &[Node]) -> (u128, u128) {
        let (low_cap, high_cap) = self.caps();
        let (mut low, mut high) = (0u128, 0u128);
        for node in nodes {
            let (l, h) = self.of_node(node);
            low = low.saturating_add(l);
            high = high.saturating_add(h);
        }
        (low.min(low_cap), high.min(high_cap))
    }

    fn caps(&self) -> (u128, u128) {
        if self.python.at_least(11) {
            (1 << 64, 1 << 64)
        } else {
            (u128::from(MAX_REPEAT) - 1, u128::from(MAX_REPEAT))
        }
    }

    fn of_node(&self, node: &Node) -> (u128, u128) {
        match node {
            Node::Char(_) | Node::Any | Node::Set { .. } => (1, 1),
            Node::At(_) | Node::Look { .. } => (0, 0),
            Node::Group { body, .. } | Node::Atomic(body) => self.of(body),
            Node::Branch(branches) => self.of_branches(branches),
            Node::Repeat { min, max, body, .. } => {
                let (low, high) = self.of(body);
                let high = match max {
                    Some(max) => high.saturating_mul(u128::from(*max)),
                    None if self.python.at_least(11) && high > 0 => self.caps().1,
                    None => high.saturating_mul(u128::from(MAX_REPEAT)),
                };
                (low.saturating_mul(u128::from(*min)), high)
            }
            // 2.7 leaves both out, and so looks behind too short a way.
            Node::Reference(_) | Node::Conditional { .. } if self.python.is_python2() => (0, 0),
            Node::Reference(group) => self
                .groups
                .get(*group as usize)
                .copied()
                .flatten()
                .unwrap_or((0, 0)),
            Node::Conditional { yes, no, .. } => {
                let (low, high) = self.of(yes);
                match no {
                    Some(no) => {
                        let (l, h) = self.of(no);
                        (low.min(l), high.max(h))
                    }
                    None => (0, high),
                }
            }
        }
    }

    fn of_branches(&self, branches: &[Sequence]) -> (u128, u128) {
        branches.iter().fold((self.caps().0, 0), |(low, high), branch| {
            let (l, h) = self.of(branch);
            (low.min(l), high.max(h))
        })
    }
}
