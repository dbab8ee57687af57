//! What Python checks once an expression is read, in its order, some of it only as it compiles.

use super::Error;
use super::ast::{Expression, Flags, Node, Sequence, Widths};
use super::parse::Parser;

impl Parser {
    /// What Python checks once all is read, in its order.
    pub(super) fn finish(self, body: Sequence) -> Result<Expression, Error> {
        let mut flags = self.flags;
        if !self.python.is_python2() {
            let raises = |message| {
                Err(Error::Raises {
                    exception: "ValueError",
                    message,
                })
            };
            if flags.has(Flags::LOCALE) {
                return raises("cannot use LOCALE flag with a str pattern");
            }
            if flags.has(Flags::ASCII) && flags.has(Flags::UNICODE) {
                return raises("ASCII and UNICODE flags are incompatible");
            }
            if !flags.has(Flags::ASCII) {
                flags = flags.with(Flags::UNICODE);
            }
        }
        if self.tokens.peek().is_some() {
            return Err(self.error("unbalanced parenthesis"));
        }
        let missing = self
            .highest_condition
            .filter(|&(group, _)| group >= self.widths.groups());
        if let Some((group, position)) = missing
            && self.python.at_least(9)
        {
            return Err(Error::Invalid {
                position,
                message: format!("invalid group reference {group}"),
            });
        }
        let mut runs = check(&body, flags, &self.widths)? < FIRST_WIDTH_REFUSED || self.python.at_least(11);
        if self.wild_condition {
            return Err(Error::Raises {
                exception: "OverflowError",
                message: "a group number out of range",
            });
        }
        runs &= match missing {
            // 2.7 takes "no groups" for "up to 100".
            Some((group, _)) => self.python.is_python2() && self.widths.groups() == 1 && group <= 100,
            None => true,
        };
        if !runs {
            return Err(Error::Raises {
                exception: "RuntimeError",
                message: "invalid SRE code",
            });
        }
        if self.python.is_python2() && self.widths.groups() > 100 {
            return Err(Error::Raises {
                exception: "AssertionError",
                message: "more than 100 groups",
            });
        }
        Ok(Expression {
            body,
            flags,
            referenced: self.referenced.into_iter().collect(),
            conditions: self.conditions,
            widths: self.widths,
        })
    }
}

/// Up to 3.10 the compiler's own check refuses look-behinds of this width.
const FIRST_WIDTH_REFUSED: u128 = 1 << 31;

/// What Python checks while it compiles: the width of look-behinds, and repeats under the `t` flag.
/// Returns the greatest width of a look-behind.
fn check(nodes: &[Node], flags: Flags, widths: &Widths) -> Result<u128, Error> {
    let invalid = |message: &str| {
        Err(Error::Invalid {
            position: 0,
            message: message.to_owned(),
        })
    };
    let mut widest = 0;
    for node in nodes {
        let within = match node {
            Node::Repeat { .. } if flags.has(Flags::TEMPLATE) => {
                return invalid("internal: unsupported template operator");
            }
            Node::Look {
                behind: true, body, ..
            } => {
                let (low, high) = widths.of(body);
                if low > u128::from(u32::MAX) {
                    return invalid("looks too much behind");
                }
                if low != high {
                    return invalid("look-behind requires fixed-width pattern");
                }
                low.max(check(body, flags, widths)?)
            }
            Node::Group { body, .. }
            | Node::Atomic(body)
            | Node::Repeat { body, .. }
            | Node::Look { body, .. } => check(body, flags, widths)?,
            Node::Branch(branches) => {
                let mut widest = 0;
                for branch in branches {
                    widest = check(branch, flags, widths)?.max(widest);
                }
                widest
            }
            Node::Conditional { yes, no, .. } => {
                check(yes, flags, widths)?.max(check(no.as_deref().unwrap_or_default(), flags, widths)?)
            }
            Node::Char(_) | Node::Any | Node::Set { .. } | Node::At(_) | Node::Reference(_) => 0,
        };
        widest = within.max(widest);
    }
    Ok(widest)
}
