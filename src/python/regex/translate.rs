//! An expression as text for the engine, `fancy-regex`.
//!
//! Only whether there is a match matters, so groups that nothing refers to become plain ones, and the
//! text is written for a kind of [`Haystack`]: most of Python's peculiarities (Unicode classes, `$` before
//! a last newline, `\B` in the empty text, large repeat counts) do not show in the usual ASCII name, and
//! then the whole expression runs on the engine's fast parts instead of its backtracking ones.

use crate::python::Version;
use std::fmt::Write;

use super::Error;
use super::ast::{Class, Expression, Flags, Greed, Node, Place, SetItem};
use super::charset::{Alphabet, Case, NEVER, Writer};
use super::fold;

/// Texts with fewer bytes are short.
pub(super) const SHORT: usize = 1000;

/// Longer look-behinds into a referred group are [`Error::TooHard`]; the engine counts them out.
const MAX_BEHIND: u128 = 100_000;

/// The kind of text an expression is translated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Haystack {
    pub(super) alphabet: Alphabet,
    /// A newline is its last character.
    pub(super) ends_in_newline: bool,
    /// It may have [`SHORT`] bytes or more.
    pub(super) long: bool,
    pub(super) empty: bool,
    /// It is given in lower case.
    pub(super) lowered: bool,
}

/// The text for the engine.
pub(super) fn translate(
    expression: &Expression,
    python: Version,
    haystack: Haystack,
) -> Result<String, Error> {
    let mut translator = Translator {
        expression,
        python,
        haystack,
        writer: Writer {
            alphabet: haystack.alphabet,
        },
        open: Vec::new(),
        out: String::new(),
    };
    translator.sequence(&expression.body, expression.flags, Spot::Whole)?;
    Ok(translator.out)
}

/// How the text is lowered before a search, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lowering {
    Ascii,
    Unicode,
}

impl Lowering {
    /// The engine folds references by another rule than Python. If all of an expression ignores case, by
    /// one idea of letters, the text can be lowered first and references be compared as they are.
    pub(super) fn wanted_by(expression: &Expression) -> Option<Lowering> {
        if expression.referenced.is_empty() {
            return None;
        }
        [Lowering::Ascii, Lowering::Unicode]
            .into_iter()
            .find(|lowering| lowering.suits(&expression.body, expression.flags))
    }

    fn suits(self, nodes: &[Node], flags: Flags) -> bool {
        nodes.iter().all(|node| match node {
            Node::At(_) | Node::Any => true,
            Node::Char(_) | Node::Set { .. } | Node::Reference(_) => {
                flags.has(Flags::IGNORE_CASE) && flags.ascii_only() == (self == Lowering::Ascii)
            }
            Node::Branch(branches) => branches.iter().all(|branch| self.suits(branch, flags)),
            Node::Group {
                add, remove, body, ..
            } => self.suits(body, flags.scoped(*add, *remove)),
            Node::Atomic(body) | Node::Repeat { body, .. } | Node::Look { body, .. } => {
                self.suits(body, flags)
            }
            Node::Conditional { yes, no, .. } => {
                self.suits(yes, flags) && self.suits(no.as_deref().unwrap_or_default(), flags)
            }
        })
    }

    pub(super) fn lower(self, c: char) -> char {
        match self {
            Lowering::Ascii => c.to_ascii_lowercase(),
            Lowering::Unicode => char::from_u32(fold::lower(u32::from(c))).unwrap_or(c),
        }
    }
}

/// What may be written at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// Alone between parentheses: anything.
    Whole,
    /// Among other items: no bare `|`.
    Item,
    /// Before a repeat: one item.
    Atom,
}

struct Translator<'a> {
    expression: &'a Expression,
    python: Version,
    haystack: Haystack,
    writer: Writer,
    /// The groups we are in.
    open: Vec<u32>,
    out: String,
}

impl Translator<'_> {
    fn sequence(&mut self, nodes: &[Node], flags: Flags, spot: Spot) -> Result<(), Error> {
        match (nodes, spot) {
            ([only], _) => self.node(only, flags, spot),
            (_, Spot::Atom) => self.wrapped("(?:", |this| this.sequence(nodes, flags, Spot::Whole)),
            _ => nodes
                .iter()
                .try_for_each(|node| self.node(node, flags, Spot::Item)),
        }
    }

    /// Writes `open`, what `inner` writes, and `)`.
    fn wrapped(
        &mut self,
        open: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.out.push_str(open);
        inner(self)?;
        self.out.push(')');
        Ok(())
    }

    fn node(&mut self, node: &Node, flags: Flags, spot: Spot) -> Result<(), Error> {
        let case = Case::new(flags, self.python);
        match node {
            Node::Char(code) => self.writer.char(*code, case, &mut self.out),
            Node::Any => {
                let but = (!flags.has(Flags::DOT_ALL)).then_some(u32::from('\n'));
                self.writer.any_but(but, &mut self.out);
            }
            Node::Set { negated, items } => self.writer.set(*negated, items, case, &mut self.out),
            Node::At(place) => self.place(*place, flags),
            Node::Branch(branches) => match single_characters(branches) {
                // Python makes this a set, which matters for `Case::equals_in_set`.
                Some(items) => self.writer.set(false, &items, case, &mut self.out),
                None if spot == Spot::Whole => self.branches(branches, flags)?,
                None => self.wrapped("(?:", |this| this.branches(branches, flags))?,
            },
            Node::Group {
                number,
                add,
                remove,
                body,
            } => {
                let flags = flags.scoped(*add, *remove);
                match number.filter(|number| self.is_referenced(*number)) {
                    Some(number) => {
                        self.open.push(number);
                        if self.expression.conditions.contains(&number) {
                            // Without the empty look-ahead the engine may hand `(a)|a` to a part that
                            // cannot come back for the second branch, though conditions tell them apart.
                            self.wrapped("((?=)", |this| this.sequence(body, flags, Spot::Item))?;
                        } else {
                            self.wrapped("(", |this| this.sequence(body, flags, Spot::Whole))?;
                        }
                        self.open.pop();
                    }
                    None => self.sequence(body, flags, spot)?,
                }
            }
            Node::Atomic(body) => self.wrapped("(?>", |this| this.sequence(body, flags, Spot::Whole))?,
            Node::Repeat {
                min,
                max,
                greed,
                body,
            } => {
                let repeat = Repeat {
                    min: *min,
                    max: *max,
                    greed: *greed,
                };
                if spot == Spot::Atom {
                    self.wrapped("(?:", |this| this.repeat(repeat, body, flags))?;
                } else {
                    self.repeat(repeat, body, flags)?;
                }
            }
            Node::Look {
                behind: false,
                negated,
                body,
            } => self.look_ahead(*negated, body, flags)?,
            Node::Look {
                behind: true,
                negated,
                body,
            } => self.look_behind(*negated, body, flags)?,
            Node::Reference(group) => self.reference(*group, flags),
            Node::Conditional { group, yes, no } => {
                self.conditional(*group, yes, no.as_deref().unwrap_or_default(), flags)?;
            }
        }
        Ok(())
    }

    fn branches(&mut self, branches: &[Vec<Node>], flags: Flags) -> Result<(), Error> {
        for (i, branch) in branches.iter().enumerate() {
            if i > 0 {
                self.out.push('|');
            }
            self.sequence(branch, flags, Spot::Whole)?;
        }
        Ok(())
    }

    fn is_referenced(&self, group: u32) -> bool {
        self.expression.referenced.binary_search(&group).is_ok()
    }

    /// The engine's number of a referenced group: others are not captured.
    fn engine_group(&self, group: u32) -> Option<usize> {
        let known = group < self.expression.widths.groups();
        self.expression
            .referenced
            .binary_search(&group)
            .ok()
            .filter(|_| known)
            .map(|index| index + 1)
    }

    fn place(&mut self, place: Place, flags: Flags) {
        let multiline = flags.has(Flags::MULTILINE);
        let unicode = !flags.ascii_only();
        self.out.push_str(match place {
            Place::Begin if multiline => "(?m:^)",
            Place::Begin | Place::TextBegin => r"\A",
            Place::End if multiline => "(?m:$)",
            Place::End if self.haystack.ends_in_newline => r"(?=\n?\z)",
            Place::End | Place::TextEnd => r"\z",
            // Up to 3.13 there is no `\B` in the empty text.
            Place::NoBoundary if self.haystack.empty && !self.python.at_least(14) => NEVER,
            Place::Boundary | Place::NoBoundary if self.haystack.alphabet == Alphabet::Ascii => {
                if place == Place::Boundary { r"\b" } else { r"\B" }
            }
            Place::Boundary | Place::NoBoundary => {
                return self.boundary(place == Place::NoBoundary, unicode);
            }
        });
    }

    /// A word boundary by Python's idea of a word, which is not the engine's.
    fn boundary(&mut self, negated: bool, unicode: bool) {
        let mut word = String::new();
        let class = SetItem::Class {
            class: Class::Word,
            negated: false,
        };
        let flags = if unicode { Flags::UNICODE } else { Flags::ASCII };
        self.writer
            .set(false, &[class], Case::new(flags, self.python), &mut word);
        let (same, other) = if negated { ("=", "!") } else { ("!", "=") };
        let _ = write!(
            self.out,
            "(?:(?<={word})(?{same}{word})|(?<!{word})(?{other}{word}))"
        );
    }

    fn repeat(&mut self, repeat: Repeat, body: &[Node], flags: Flags) -> Result<(), Error> {
        let Repeat {
            mut min,
            mut max,
            greed,
        } = repeat;
        let width = self.width(body);
        let captures = self.captures(body);
        if !self.haystack.long {
            // A short text has no room for so many.
            let limit = SHORT as u32;
            if width.min.saturating_mul(u64::from(min)) >= u64::from(limit) {
                return self.dead(body, captures, flags, NEVER);
            }
            // More passes than characters: some are empty, and more of these change nothing.
            min = min.min(limit);
            max = max.filter(|&max| max < limit);
        }
        if max == Some(0) {
            return self.dead(body, captures, flags, "");
        }
        if width.max == Some(0) {
            // The engine repeats nothing that has no width.
            return match (min, greed) {
                (0, Greed::Lazy) => self.wrapped("(?:|", |this| this.sequence(body, flags, Spot::Item)),
                (0, Greed::Greedy) => self.optional("(?:", body, flags),
                (0, Greed::Possessive) => self.optional("(?>", body, flags),
                (_, Greed::Possessive) => self.wrapped("(?>", |this| this.sequence(body, flags, Spot::Whole)),
                _ => self.sequence(body, flags, Spot::Item),
            };
        }
        if greed == Greed::Possessive {
            // In Python each pass is final by itself, not only all of them together.
            return self.wrapped("(?>", |this| {
                if body.iter().all(is_character) {
                    this.sequence(body, flags, Spot::Atom)?;
                } else {
                    this.wrapped("(?>", |this| this.sequence(body, flags, Spot::Whole))?;
                }
                this.counts(min, max);
                Ok(())
            });
        }
        self.sequence(body, flags, Spot::Atom)?;
        self.counts(min, max);
        if greed == Greed::Lazy {
            self.out.push('?');
        }
        Ok(())
    }

    fn optional(&mut self, open: &str, body: &[Node], flags: Flags) -> Result<(), Error> {
        self.wrapped(open, |this| {
            this.sequence(body, flags, Spot::Item)?;
            this.out.push('|');
            Ok(())
        })
    }

    /// Writes `instead` for something that cannot match, but keeps groups that are referred to, so that
    /// the numbers of the others stay right.
    fn dead(&mut self, body: &[Node], captures: bool, flags: Flags, instead: &str) -> Result<(), Error> {
        if captures {
            self.out.push_str("(?:");
            self.out.push_str(NEVER);
            self.sequence(body, flags, Spot::Item)?;
            self.out.push_str("|)");
        }
        self.out.push_str(instead);
        Ok(())
    }

    fn counts(&mut self, min: u32, max: Option<u32>) {
        let _ = match (min, max) {
            (0, None) => self.out.write_str("*"),
            (1, None) => self.out.write_str("+"),
            (0, Some(1)) => self.out.write_str("?"),
            (min, None) => write!(self.out, "{{{min},}}"),
            (min, Some(max)) if min == max => write!(self.out, "{{{min}}}"),
            (min, Some(max)) => write!(self.out, "{{{min},{max}}}"),
        };
    }

    fn look_ahead(&mut self, negated: bool, body: &[Node], flags: Flags) -> Result<(), Error> {
        self.wrapped(if negated { "(?!" } else { "(?=" }, |this| {
            this.sequence(body, flags, Spot::Whole)
        })
    }

    /// Python goes back by the width it computed and then matches forward.
    fn look_behind(&mut self, negated: bool, body: &[Node], flags: Flags) -> Result<(), Error> {
        let (width, _) = self.expression.widths.of(body);
        if width == 0 {
            return self.look_ahead(negated, body, flags);
        }
        if !self.haystack.long && width >= SHORT as u128 {
            return self.dead(body, self.captures(body), flags, if negated { "" } else { NEVER });
        }
        let open = if negated { "(?<!" } else { "(?<=" };
        if body.iter().all(is_plain) {
            return self.wrapped(open, |this| this.sequence(body, flags, Spot::Whole));
        }
        if width > MAX_BEHIND {
            return Err(Error::TooHard {
                reason: "a look-behind is too wide",
            });
        }
        self.wrapped(open, |this| {
            this.look_ahead(false, body, flags)?;
            this.writer.any_but(None, &mut this.out);
            let _ = write!(this.out, "{{{width}}}");
            Ok(())
        })
    }

    fn reference(&mut self, group: u32, flags: Flags) {
        match self.engine_group(group) {
            // 2.7 lets named groups refer to themselves; that never matches.
            Some(number) if !self.open.contains(&group) => {
                let folded = flags.has(Flags::IGNORE_CASE) && !self.haystack.lowered;
                let (open, close) = if folded { ("(?i:", ")") } else { ("", "") };
                let _ = write!(self.out, r"{open}\k<{number}>{close}");
            }
            _ => self.out.push_str(NEVER),
        }
    }

    fn conditional(&mut self, group: u32, yes: &[Node], no: &[Node], flags: Flags) -> Result<(), Error> {
        let Some(number) = self.engine_group(group) else {
            // Only 2.7 lets this through.
            self.dead(yes, self.captures(yes), flags, "")?;
            return self.wrapped("(?:", |this| this.sequence(no, flags, Spot::Whole));
        };
        let start = self.out.len();
        let _ = write!(self.out, "(?({number})");
        let before = self.out.len();
        self.sequence(yes, flags, Spot::Item)?;
        self.out.push('|');
        self.sequence(no, flags, Spot::Item)?;
        if self.out.len() == before + 1 {
            // To the engine, a condition without branches is an assertion.
            self.out.truncate(start);
        } else {
            self.out.push(')');
        }
        Ok(())
    }

    /// Whether a group that is referred to is in here.
    fn captures(&self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| match node {
            Node::Group {
                number: Some(number), ..
            } if self.is_referenced(*number) => true,
            Node::Group { body, .. }
            | Node::Atomic(body)
            | Node::Repeat { body, .. }
            | Node::Look { body, .. } => self.captures(body),
            Node::Branch(branches) => branches.iter().any(|branch| self.captures(branch)),
            Node::Conditional { yes, no, .. } => {
                self.captures(yes) || no.as_deref().is_some_and(|no| self.captures(no))
            }
            Node::Char(_) | Node::Any | Node::Set { .. } | Node::At(_) | Node::Reference(_) => false,
        })
    }

    /// The true width, unlike [`super::ast::Widths`].
    fn width(&self, nodes: &[Node]) -> Width {
        nodes.iter().fold(Width { min: 0, max: Some(0) }, |sum, node| {
            let width = match node {
                Node::Char(_) | Node::Any | Node::Set { .. } => Width { min: 1, max: Some(1) },
                Node::At(_) | Node::Look { .. } => Width { min: 0, max: Some(0) },
                Node::Reference(_) => Width { min: 0, max: None },
                Node::Group { body, .. } | Node::Atomic(body) => self.width(body),
                Node::Branch(branches) => branches
                    .iter()
                    .map(|branch| self.width(branch))
                    .reduce(Width::or)
                    .unwrap_or(sum),
                Node::Conditional { yes, no, .. } => {
                    self.width(yes).or(self.width(no.as_deref().unwrap_or_default()))
                }
                Node::Repeat { min, max, body, .. } => {
                    let width = self.width(body);
                    let max = match (width.max, max) {
                        (Some(0), _) | (_, Some(0)) => Some(0),
                        (Some(width), Some(max)) => Some(width.saturating_mul(u64::from(*max))),
                        _ => None,
                    };
                    Width {
                        min: width.min.saturating_mul(u64::from(*min)),
                        max,
                    }
                }
            };
            Width {
                min: sum.min.saturating_add(width.min),
                max: sum.max.zip(width.max).map(|(a, b)| a.saturating_add(b)),
            }
        })
    }
}

/// The counts of a repeat.
#[derive(Debug, Clone, Copy)]
struct Repeat {
    min: u32,
    max: Option<u32>,
    greed: Greed,
}

/// How many characters something matches; no `max` if there is no limit or it is not known.
#[derive(Debug, Clone, Copy)]
struct Width {
    min: u64,
    max: Option<u64>,
}

impl Width {
    fn or(self, other: Width) -> Width {
        Width {
            min: self.min.min(other.min),
            max: self.max.zip(other.max).map(|(a, b)| a.max(b)),
        }
    }
}

/// The branches as members of a set, if all are single characters.
fn single_characters(branches: &[Vec<Node>]) -> Option<Vec<SetItem>> {
    branches
        .iter()
        .map(|branch| match branch[..] {
            [Node::Char(code)] => Some(SetItem::Char(code)),
            _ => None,
        })
        .collect()
}

fn is_character(node: &Node) -> bool {
    matches!(node, Node::Char(_) | Node::Any | Node::Set { .. })
}

/// Whether the engine looks behind for this just as Python does.
fn is_plain(node: &Node) -> bool {
    match node {
        Node::Group {
            number: None, body, ..
        } => body.iter().all(is_plain),
        Node::Branch(branches) => branches.iter().flatten().all(is_plain),
        _ => is_character(node),
    }
}
