//! Python's grammar of regular expressions, with what each version refuses.
//!
//! Source: the manual of Python's `re`; CPython's own parser and compiler (`sre_parse`, `sre_compile`, 2.7 and
//! 3.6 to 3.13), read for their rules; and the answers of these versions to the expressions of the
//! differential test. 3.14 and later by the manual alone. Rules that changed:
//!
//! | since | what |
//! | --- | --- |
//! | 3.6 | unknown escapes of letters are errors; scoped flags; `\u`, `\U`; group names by `str.isidentifier` |
//! | 3.7 | `(?a:…)` and `(?u:…)`; an `L` flag is an error of the expression |
//! | 3.8 | `\N{name}` |
//! | 3.9 | a condition on a group that is nowhere is an error of the expression |
//! | 3.11 | possessive repeats, atomic groups; global flags only at the start |
//! | 3.12 | numbers of groups are plain ASCII digits |
//! | 3.13 | no `t` flag |
//! | 3.14 | `\z` |

use crate::python::Version;
use std::collections::{BTreeSet, HashMap};

use super::Error;
use super::ast::{Expression, Flags, Greed, MAX_REPEAT, Node, Place, Sequence, SetItem, Widths};
use super::escape;
use super::tokens::{Token, Tokens};

/// Deeper nesting is [`Error::TooHard`]. Python's own limit depends on the stack it is called on.
pub(super) const MAX_DEPTH: u32 = 100;

/// Reads a whole expression.
pub(super) fn parse(pattern: &[u32], python: Version) -> Result<Expression, Error> {
    let mut flags = Flags::default();
    loop {
        let mut parser = Parser::new(pattern, flags, python);
        match parser.expression() {
            Ok(body) => {
                // 2.7 notices only at the end, if all is well so far, that white space did not count.
                let all_read = parser.tokens.peek().is_none();
                if python.is_python2()
                    && all_read
                    && parser.flags.has(Flags::VERBOSE)
                    && !flags.has(Flags::VERBOSE)
                {
                    flags = parser.flags;
                    continue;
                }
                return parser.finish(body);
            }
            Err(Stop::Verbose) => flags = flags.with(Flags::VERBOSE),
            Err(Stop::Error(error)) => return Err(error),
        }
    }
}

/// Why reading ends early.
#[derive(Debug)]
pub(super) enum Stop {
    Error(Error),
    /// Up to 3.10: `(?x)` was found after the start, and all is to be read again as verbose.
    Verbose,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

pub(super) struct Parser {
    pub(super) tokens: Tokens,
    pub(super) python: Version,
    pub(super) flags: Flags,
    pub(super) widths: Widths,
    pub(super) names: HashMap<Vec<u32>, u32>,
    pub(super) referenced: BTreeSet<u32>,
    pub(super) conditions: BTreeSet<u32>,
    /// The first group that the outermost look-behind cannot refer to, while inside one.
    pub(super) behind: Option<u32>,
    /// The highest group some condition names, and where.
    pub(super) highest_condition: Option<(u32, usize)>,
    /// 2.7: a condition on a number that its compiler cannot hold was read.
    pub(super) wild_condition: bool,
}

impl Parser {
    fn new(pattern: &[u32], flags: Flags, python: Version) -> Self {
        Parser {
            tokens: Tokens::new(pattern),
            python,
            flags,
            widths: Widths::new(python),
            names: HashMap::new(),
            referenced: BTreeSet::new(),
            conditions: BTreeSet::new(),
            behind: None,
            highest_condition: None,
            wild_condition: false,
        }
    }

    /// An error at the next token.
    pub(super) fn invalid(&self, message: impl Into<String>) -> Stop {
        Stop::Error(self.error(message))
    }

    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::Invalid {
            position: self.tokens.position(),
            message: message.into(),
        }
    }

    /// Takes the next token; at the end of the text this is an error.
    pub(super) fn expect(&mut self, message: &str) -> Result<Token, Stop> {
        self.tokens.next().ok_or_else(|| self.invalid(message))
    }

    fn expression(&mut self) -> Result<Sequence, Stop> {
        let body = self.alternation(self.flags.has(Flags::VERBOSE), 0)?;
        if self.tokens.is_at_dangling_backslash() {
            return Err(self.invalid("bad escape (end of pattern)"));
        }
        Ok(body)
    }

    /// Branches up to a `)` that is left, or the end.
    pub(super) fn alternation(&mut self, mut verbose: bool, depth: u32) -> Result<Sequence, Stop> {
        if depth > MAX_DEPTH {
            return Err(Stop::Error(Error::TooHard {
                reason: "too deeply nested",
            }));
        }
        let mut branches = Vec::new();
        loop {
            let first = depth == 0 && branches.is_empty();
            branches.push(self.sequence(verbose, depth, first)?);
            if !self.tokens.take('|') {
                break;
            }
            if depth == 0 && self.python.at_least(11) {
                verbose = self.flags.has(Flags::VERBOSE);
            }
        }
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            last => {
                branches.extend(last);
                vec![Node::Branch(branches)]
            }
        })
    }

    /// Items up to a `|` or `)` that is left, or the end. `first`: flags for all may stand here (3.11 on).
    pub(super) fn sequence(&mut self, mut verbose: bool, depth: u32, first: bool) -> Result<Sequence, Stop> {
        let mut items: Sequence = Vec::new();
        while let Some(token) = self.tokens.peek() {
            if token.is_in("|)") {
                break;
            }
            self.tokens.next();
            if verbose || self.python.is_python2() && self.flags.has(Flags::VERBOSE) {
                if token.is_in(" \t\n\r\x0b\x0c") {
                    continue;
                }
                if token.is('#') {
                    while self.tokens.next().is_some_and(|token| !token.is('\n')) {}
                    continue;
                }
            }
            if token.escaped {
                let node = escape::outside_set(self, token)?;
                if let Node::Reference(group) = node {
                    self.check_reference(group)?;
                }
                items.push(node);
            } else if token.is_in("*+?{") {
                self.repeat(token, &mut items)?;
            } else if token.is('(') {
                let allow_flags = first && items.is_empty();
                match self.group(verbose, depth, allow_flags)? {
                    Some(node) => items.push(node),
                    // 3.11 on; older versions read all again.
                    None if self.python.at_least(11) && first => verbose = self.flags.has(Flags::VERBOSE),
                    None => {}
                }
            } else {
                items.push(match char::from_u32(token.code) {
                    Some('[') => self.set()?,
                    Some('.') => Node::Any,
                    Some('^') => Node::At(Place::Begin),
                    Some('$') => Node::At(Place::End),
                    _ => Node::Char(token.code),
                });
            }
        }
        if self.tokens.is_at_dangling_backslash() {
            return Err(self.invalid("bad escape (end of pattern)"));
        }
        Ok(items)
    }

    /// The rest of a set, after its `[`.
    fn set(&mut self) -> Result<Node, Stop> {
        const OPEN: &str = "unterminated character set";
        let negated = self.tokens.take('^');
        let mut items: Vec<SetItem> = Vec::new();
        loop {
            let token = self.expect(OPEN)?;
            if token.is(']') && !items.is_empty() {
                break;
            }
            let low = self.set_item(token)?;
            if !self.tokens.take('-') {
                items.push(low);
                continue;
            }
            let token = self.expect(OPEN)?;
            if token.is(']') {
                items.extend([low, SetItem::Char(u32::from('-'))]);
                break;
            }
            match (low, self.set_item(token)?) {
                (SetItem::Char(low), SetItem::Char(high)) if low <= high => {
                    items.push(SetItem::Range(low, high));
                }
                _ => return Err(self.invalid("bad character range")),
            }
        }
        // From 3.7 on, members given twice are dropped first. A set of one character is no set to it,
        // which can be seen: see `charset::Case`.
        let one = items.len() == 1 || self.python.at_least(7) && items.iter().all(|item| *item == items[0]);
        Ok(match items[0] {
            SetItem::Char(code) if one && !negated => Node::Char(code),
            SetItem::Char(code) if one => Node::Set {
                negated,
                items: vec![SetItem::Range(code, code)],
            },
            item if one => Node::Set {
                negated,
                items: vec![item],
            },
            _ => Node::Set { negated, items },
        })
    }

    fn set_item(&mut self, token: Token) -> Result<SetItem, Stop> {
        if token.escaped {
            escape::in_set(self, token)
        } else {
            Ok(SetItem::Char(token.code))
        }
    }

    /// A repeat of the last item; or a plain `{`.
    fn repeat(&mut self, token: Token, items: &mut Sequence) -> Result<(), Stop> {
        let (min, max) = match char::from_u32(token.code) {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            _ => match self.counts()? {
                Some(counts) => counts,
                None => {
                    items.push(Node::Char(token.code));
                    return Ok(());
                }
            },
        };
        match items.last() {
            None | Some(Node::At(_)) => return Err(self.invalid("nothing to repeat")),
            Some(Node::Repeat { .. }) => return Err(self.invalid("multiple repeat")),
            Some(_) => {}
        }
        let greed = if self.tokens.take('?') {
            Greed::Lazy
        } else if self.python.at_least(11) && self.tokens.take('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let body = items.pop().into_iter().collect();
        items.push(Node::Repeat {
            min,
            max,
            greed,
            body,
        });
        Ok(())
    }

    /// `min,max}` after a `{`; `None`, and nothing read, if it is something else.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, Stop> {
        let start = self.tokens.mark();
        let position = self.tokens.position();
        if self.tokens.sees('}') {
            return Ok(None);
        }
        let low = self.count();
        let high = if self.tokens.take(',') { self.count() } else { low };
        if !self.tokens.take('}') {
            self.tokens.go_back(start);
            return Ok(None);
        }
        if self.tokens.is_at_dangling_backslash() {
            return Err(self.invalid("bad escape (end of pattern)"));
        }
        let fits = |count: Option<u64>| match count {
            Some(count) => match u32::try_from(count) {
                Ok(count) if count < MAX_REPEAT => Ok(Some(count)),
                _ => Err(Stop::Error(Error::Overflow { position })),
            },
            None => Ok(None),
        };
        let (low, high) = (fits(low)?.unwrap_or(0), fits(high)?);
        if high.is_some_and(|high| high < low) {
            return Err(self.invalid("min repeat greater than max repeat"));
        }
        Ok(Some((low, high)))
    }

    fn count(&mut self) -> Option<u64> {
        let mut value = None;
        while let Some(digit) = self.tokens.take_digit(10) {
            value = Some(
                value
                    .unwrap_or(0u64)
                    .saturating_mul(10)
                    .saturating_add(u64::from(digit)),
            );
        }
        value
    }

    /// The tokens up to `end`, as text: a name.
    pub(super) fn name(&mut self, end: char) -> Result<Vec<u32>, Stop> {
        let mut name = Vec::new();
        loop {
            let token = self.expect("unterminated name")?;
            if token.is(end) {
                break;
            }
            if token.escaped {
                name.push(u32::from('\\'));
            }
            name.push(token.code);
        }
        if name.is_empty() {
            Err(self.invalid("missing name"))
        } else {
            Ok(name)
        }
    }

    /// Whether a group may be referred to here.
    pub(super) fn check_reference(&mut self, group: u32) -> Result<(), Stop> {
        if !self.widths.is_closed(group) {
            return Err(self.invalid("cannot refer to an open group"));
        }
        self.check_behind(group)?;
        self.referenced.insert(group);
        Ok(())
    }

    pub(super) fn check_behind(&self, group: u32) -> Result<(), Stop> {
        match self.behind {
            Some(_) if self.python.is_python2() => Ok(()),
            Some(_) if !self.widths.is_closed(group) => Err(self.invalid("cannot refer to an open group")),
            Some(limit) if group >= limit => {
                Err(self.invalid("cannot refer to group defined in the same lookbehind subpattern"))
            }
            _ => Ok(()),
        }
    }

    /// How many groups were opened so far, the whole expression (0) included.
    pub(super) fn groups(&self) -> u32 {
        self.widths.groups()
    }
}
