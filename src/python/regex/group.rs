//! What may follow an opening parenthesis: captures, `(?…)` of all kinds, and flags.

use super::Error;
use super::ast::{Flags, Node};
use super::names;
use super::parse::{MAX_DEPTH, Parser, Stop};
use super::tokens::Token;

/// The first group number Python cannot hold.
const MAX_GROUPS: i64 = 2_147_483_647;

impl Parser {
    /// The rest of a group, after its `(`; `None` if it adds no item (a comment, flags for all).
    pub(super) fn group(
        &mut self,
        verbose: bool,
        depth: u32,
        allow_flags: bool,
    ) -> Result<Option<Node>, Stop> {
        if !self.tokens.take('?') {
            return self.capture(None, verbose, depth).map(Some);
        }
        let token = self.expect("unexpected end of pattern")?;
        let kind = if token.escaped {
            None
        } else {
            char::from_u32(token.code)
        };
        match kind {
            Some('P') => self.python_group(verbose, depth).map(Some),
            Some(':') => self
                .scoped(Flags::default(), Flags::default(), verbose, depth)
                .map(Some),
            Some('#') => {
                while !self.expect("missing ), unterminated comment")?.is(')') {}
                Ok(None)
            }
            Some('=') => self.look(false, false, verbose, depth).map(Some),
            Some('!') => self.look(false, true, verbose, depth).map(Some),
            Some('<') => {
                let token = self.expect("unexpected end of pattern")?;
                if !token.is_in("=!") {
                    return Err(self.invalid("unknown extension ?<"));
                }
                self.look(true, token.is('!'), verbose, depth).map(Some)
            }
            Some('(') => self.conditional(verbose, depth).map(Some),
            Some('>') if self.python.at_least(11) => {
                let body = self.alternation(verbose, depth + 1)?;
                self.close()?;
                Ok(Some(Node::Atomic(body)))
            }
            Some(c)
                if c == '-' && !self.python.is_python2()
                    || Flags::of_letter(token.code, self.python).is_some() =>
            {
                self.flags(token, verbose, depth, allow_flags)
            }
            _ => Err(self.invalid("unknown extension")),
        }
    }

    fn close(&mut self) -> Result<(), Stop> {
        if self.tokens.take(')') {
            Ok(())
        } else {
            Err(self.invalid("missing ), unterminated subpattern"))
        }
    }

    fn group_name(&mut self, end: char) -> Result<Vec<u32>, Stop> {
        let name = self.name(end)?;
        if names::is_group_name(&name, self.python) {
            Ok(name)
        } else {
            Err(self.invalid("bad character in group name"))
        }
    }

    /// `(?P<name>…)` and `(?P=name)`.
    fn python_group(&mut self, verbose: bool, depth: u32) -> Result<Node, Stop> {
        if self.tokens.take('<') {
            let name = self.group_name('>')?;
            return self.capture(Some(name), verbose, depth);
        }
        if !self.tokens.take('=') {
            return Err(self.invalid("unknown extension ?P"));
        }
        let name = self.group_name(')')?;
        let group = *self
            .names
            .get(&name)
            .ok_or_else(|| self.invalid("unknown group name"))?;
        // 2.7 lets an open group through if it is named; such a reference matches nothing.
        if !self.python.is_python2() {
            self.check_reference(group)?;
        }
        self.referenced.insert(group);
        Ok(Node::Reference(group))
    }

    fn capture(&mut self, name: Option<Vec<u32>>, verbose: bool, depth: u32) -> Result<Node, Stop> {
        let group = self.widths.open();
        if let Some(name) = name
            && self.names.insert(name, group).is_some()
        {
            return Err(self.invalid("redefinition of group name"));
        }
        let body = self.alternation(verbose, depth + 1)?;
        self.close()?;
        self.widths.close(group, &body);
        Ok(Node::Group {
            number: Some(group),
            add: Flags::default(),
            remove: Flags::default(),
            body,
        })
    }

    /// A group that captures nothing, with flags of its own.
    fn scoped(&mut self, add: Flags, remove: Flags, verbose: bool, depth: u32) -> Result<Node, Stop> {
        let verbose = (verbose || add.has(Flags::VERBOSE)) && !remove.has(Flags::VERBOSE);
        let body = self.alternation(verbose, depth + 1)?;
        self.close()?;
        Ok(Node::Group {
            number: None,
            add,
            remove,
            body,
        })
    }

    fn look(&mut self, behind: bool, negated: bool, verbose: bool, depth: u32) -> Result<Node, Stop> {
        let outer = self.behind;
        if behind {
            self.behind = outer.or(Some(self.widths.groups()));
        }
        let body = self.alternation(verbose, depth + 1)?;
        self.behind = outer;
        self.close()?;
        Ok(Node::Look {
            behind,
            negated,
            body,
        })
    }

    /// `(?(group)yes|no)`, after the second parenthesis.
    fn conditional(&mut self, verbose: bool, depth: u32) -> Result<Node, Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop::Error(Error::TooHard {
                reason: "too deeply nested",
            }));
        }
        let position = self.tokens.position();
        let name = self.name(')')?;
        let is_plain_number = name.iter().all(|c| (u32::from('0')..=u32::from('9')).contains(c));
        let is_name = names::is_group_name(&name, self.python);
        let group = if is_name {
            *self
                .names
                .get(&name)
                .ok_or_else(|| self.invalid("unknown group name"))?
        } else {
            let number = match names::integer(&name, self.python) {
                Some(number) if is_plain_number || !self.python.at_least(12) => number,
                _ => return Err(self.invalid("bad character in group name")),
            };
            if self.python.is_python2() {
                match number {
                    // 2.7 takes 0 for no condition at all.
                    0 => return self.scoped(Flags::default(), Flags::default(), verbose, depth),
                    1..=0x1_0000_0000 => {}
                    _ => self.wild_condition = true,
                }
            } else if number <= 0 || number >= MAX_GROUPS {
                return Err(self.invalid("bad group number"));
            }
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        if self.highest_condition.is_none_or(|(highest, _)| group > highest) {
            self.highest_condition = Some((group, position));
        }
        self.check_behind(group)?;
        self.referenced.insert(group);
        self.conditions.insert(group);
        let yes = self.sequence(verbose, depth + 1, false)?;
        let no = if self.tokens.take('|') {
            Some(self.sequence(verbose, depth + 1, false)?)
        } else {
            None
        };
        if self.tokens.sees('|') {
            return Err(self.invalid("conditional backref with more than two branches"));
        }
        self.close()?;
        Ok(Node::Conditional { group, yes, no })
    }

    /// `(?flags)`, `(?flags:…)`, `(?add-remove:…)`, after their first character.
    fn flags(&mut self, first: Token, verbose: bool, depth: u32, allow: bool) -> Result<Option<Node>, Stop> {
        let mut token = first;
        let mut add = Flags::default();
        while let Some(flag) = self.flag(token) {
            add = add.with(flag);
            if self.python.at_least(7) {
                if flag == Flags::LOCALE {
                    return Err(self.invalid("bad inline flags: cannot use 'L' flag with a str pattern"));
                }
                if flag.has(Flags::TYPES) && add.and(Flags::TYPES) != flag {
                    return Err(self.invalid("bad inline flags: flags 'a', 'u' and 'L' are incompatible"));
                }
            }
            token = self.expect("missing -, : or )")?;
        }
        if token.is(')') {
            return self.global_flags(add, verbose, allow);
        }
        if self.python.is_python2() || !token.is_in(":-") {
            return Err(self.invalid("unknown flag"));
        }
        let types_are_global = !self.python.at_least(7);
        let is_global =
            |flags: Flags| flags.has(Flags::TEMPLATE) || types_are_global && flags.has(Flags::TYPES);
        if is_global(add) {
            return Err(self.invalid("bad inline flags: cannot turn on global flag"));
        }
        let mut remove = Flags::default();
        if token.is('-') {
            token = self.expect("missing flag")?;
            while let Some(flag) = self.flag(token) {
                if !types_are_global && flag.has(Flags::TYPES) {
                    return Err(self.invalid("bad inline flags: cannot turn off flags 'a', 'u' and 'L'"));
                }
                remove = remove.with(flag);
                token = self.expect("missing :")?;
            }
            if remove.is_empty() || !token.is(':') {
                return Err(self.invalid("unknown flag"));
            }
            if is_global(remove) {
                return Err(self.invalid("bad inline flags: cannot turn off global flag"));
            }
            if !add.and(remove).is_empty() {
                return Err(self.invalid("bad inline flags: flag turned on and off"));
            }
        }
        self.scoped(add, remove, verbose, depth).map(Some)
    }

    fn flag(&self, token: Token) -> Option<Flags> {
        if token.escaped {
            None
        } else {
            Flags::of_letter(token.code, self.python)
        }
    }

    fn global_flags(&mut self, add: Flags, verbose: bool, allow: bool) -> Result<Option<Node>, Stop> {
        self.flags = self.flags.with(add);
        if self.python.at_least(11) {
            if !allow {
                return Err(self.invalid("global flags not at the start of the expression"));
            }
        } else if !self.python.is_python2() && self.flags.has(Flags::VERBOSE) && !verbose {
            return Err(Stop::Verbose);
        }
        Ok(None)
    }
}
