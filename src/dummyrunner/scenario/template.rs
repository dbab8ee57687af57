//! Commands with places to fill in: `look {pick exits}`, `create {name} {password}`.
//!
//! A template is read once; an unknown name is an error then, so that none can come up in a run.

use crate::random::Random;
use std::ops::Range;

/// A command, cut into what stands and what is filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// A piece of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text as it stands.
    Text(Box<str>),
    /// The name of the dummy's account.
    Name,
    /// Its password.
    Password,
    /// The dummy's id in the world: when the run began, and its number.
    Gid,
    /// The dummy's number in this run, from 1, in three digits or more.
    Cid,
    /// The dummy's number in letters, for servers whose names have no digits.
    Letters,
    /// Commands that the dummy has sent.
    Istep,
    /// A text that is new for each action, and in it always the same.
    N,
    /// A text that is new each time.
    Counter,
    /// The wall clock in seconds since 1970, when the command is sent.
    Timestamp,
    /// The tag of the probe that closes the command.
    Tag,
    /// A whole number in a range, both ends included.
    Rand(i64, i64),
    /// One element of a list, drawn.
    Pick(usize),
    /// The command once for each element of a list.
    Each(usize),
    /// The newest value of a variable.
    Variable(usize),
    /// A column of the dummy's line in a feed.
    Feed(usize, usize),
}

/// Why a template cannot be used, and the bytes of it that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Where in the source.
    pub at: Range<usize>,
    /// For people.
    pub message: String,
}

/// Finds what names in templates stand for.
pub trait Names {
    /// The number of a list or variable.
    fn variable(&self, name: &str) -> Option<usize>;
    /// The numbers of a feed and one of its columns.
    fn feed(&self, feed: &str, column: &str) -> Option<(usize, usize)>;
    /// All that could have been meant, for a hint.
    fn known(&self) -> Vec<String>;
}

/// What templates fill in.
pub trait Values {
    /// Appends the value of a part that is not text, number or list.
    fn push(&mut self, part: &Part, out: &mut Vec<u8>);
    /// The elements of a list.
    fn list(&self, list: usize) -> &[Box<str>];
    /// The dummy's generator.
    fn random(&mut self) -> &mut Random;
}

const NAMES: [&str; 14] = [
    "name",
    "password",
    "gid",
    "cid",
    "letters",
    "istep",
    "n",
    "counter",
    "timestamp",
    "tag",
    "rand A B",
    "pick LIST",
    "each LIST",
    "VARIABLE",
];

impl Template {
    /// Reads a template; `{{` and `}}` are braces.
    ///
    /// # Errors
    /// An unknown name, a brace without its other, or what a command cannot hold.
    pub fn parse(source: &str, names: &dyn Names) -> Result<Template, Bad> {
        let bad = |at: Range<usize>, message: String| Err(Bad { at, message });
        if let Some(at) = source.find(|c: char| c.is_control()) {
            return bad(
                at..at + 1,
                "a command is one line without control characters".into(),
            );
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut text = String::new();
        let mut rest = 0;
        while let Some(found) = source[rest..].find(['{', '}']) {
            let at = rest + found;
            text.push_str(&source[rest..at]);
            let brace = &source[at..=at];
            if source[at + 1..].starts_with(brace) {
                text.push_str(brace);
                rest = at + 2;
                continue;
            }
            let end = source[at..].find('}').filter(|_| brace == "{");
            let Some(end) = end else {
                return bad(
                    at..at + 1,
                    format!("a single `{brace}`; write `{brace}{brace}` if it is meant"),
                );
            };
            let inside = at + 1..at + end;
            let part =
                parse_part(&source[inside.clone()], names).map_err(|message| Bad { at: inside, message })?;
            if matches!(part, Part::Each(_)) && parts.iter().any(|part| matches!(part, Part::Each(_))) {
                return bad(at..at + end + 1, "a command can go through one list only".into());
            }
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text).into()));
            }
            parts.push(part);
            rest = at + end + 1;
        }
        text.push_str(&source[rest..]);
        if !text.is_empty() {
            parts.push(Part::Text(text.into()));
        }
        Ok(Template {
            source: source.into(),
            parts,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its pieces.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The list that it goes through.
    #[must_use]
    pub fn each(&self) -> Option<usize> {
        self.parts.iter().find_map(|part| match part {
            Part::Each(list) => Some(*list),
            _ => None,
        })
    }

    /// Can it be filled in: is there something in all lists that it draws from?
    pub fn is_possible(&self, values: &impl Values) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Pick(list) | Part::Each(list) | Part::Variable(list) => !values.list(*list).is_empty(),
            _ => true,
        })
    }

    /// Appends the command, filled in; `element` is the place in the list that it goes through.
    pub fn render(&self, values: &mut impl Values, element: usize, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Rand(low, high) => {
                    let span = high.abs_diff(*low).saturating_add(1);
                    let number = low.wrapping_add_unsigned(values.random().below(span));
                    out.extend_from_slice(number.to_string().as_bytes());
                }
                Part::Pick(list) => {
                    let bound = values.list(*list).len() as u64;
                    let at = values.random().below(bound) as usize;
                    push_element(values, *list, at, out);
                }
                Part::Each(list) => push_element(values, *list, element, out),
                Part::Variable(list) => {
                    let last = values.list(*list).len().wrapping_sub(1);
                    push_element(values, *list, last, out);
                }
                part => values.push(part, out),
            }
        }
    }
}

/// Nothing where there is no such element: the list may have lost its oldest since.
fn push_element(values: &impl Values, list: usize, at: usize, out: &mut Vec<u8>) {
    if let Some(text) = values.list(list).get(at) {
        out.extend_from_slice(text.as_bytes());
    }
}

fn parse_part(inside: &str, names: &dyn Names) -> Result<Part, String> {
    let words: Vec<&str> = inside.split_whitespace().collect();
    let variable = |name: &str| names.variable(name).ok_or_else(|| unknown(name, names));
    Ok(match words[..] {
        ["name"] => Part::Name,
        ["password"] => Part::Password,
        ["gid"] => Part::Gid,
        ["cid"] => Part::Cid,
        ["letters"] => Part::Letters,
        ["istep"] => Part::Istep,
        ["n"] => Part::N,
        ["counter"] => Part::Counter,
        ["timestamp"] => Part::Timestamp,
        ["tag"] => Part::Tag,
        ["pick", list] => Part::Pick(variable(list)?),
        ["each", list] => Part::Each(variable(list)?),
        ["rand", low, high] => match (low.parse(), high.parse()) {
            (Ok(low), Ok(high)) if low <= high => Part::Rand(low, high),
            _ => {
                return Err(format!(
                    "`{{rand {low} {high}}}` needs two whole numbers, the smaller first"
                ));
            }
        },
        ["rand" | "pick" | "each", ..] => {
            return Err("write `{rand 1 100}`, `{pick LIST}` or `{each LIST}`".into());
        }
        [name] => match name.split_once('.') {
            Some((feed, column)) => {
                let (feed, column) = names.feed(feed, column).ok_or_else(|| unknown(name, names))?;
                Part::Feed(feed, column)
            }
            None => Part::Variable(variable(name)?),
        },
        [] => return Err("nothing stands in `{}`".into()),
        _ => return Err(unknown(inside.trim(), names)),
    })
}

fn unknown(name: &str, names: &dyn Names) -> String {
    let known: Vec<String> = NAMES
        .iter()
        .map(|&name| name.to_owned())
        .chain(names.known())
        .collect();
    format!("unknown name `{name}`; known are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Two;

    impl Names for Two {
        fn variable(&self, name: &str) -> Option<usize> {
            ["exits", "objs"].iter().position(|known| *known == name)
        }

        fn feed(&self, feed: &str, column: &str) -> Option<(usize, usize)> {
            (feed == "accounts" && column == "key").then_some((0, 0))
        }

        fn known(&self) -> Vec<String> {
            vec!["exits".into(), "objs".into()]
        }
    }

    struct Fixed {
        lists: [Vec<Box<str>>; 2],
        random: Random,
    }

    impl Values for Fixed {
        fn push(&mut self, part: &Part, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("<{part:?}>").as_bytes());
        }

        fn list(&self, list: usize) -> &[Box<str>] {
            &self.lists[list]
        }

        fn random(&mut self) -> &mut Random {
            &mut self.random
        }
    }

    fn values() -> Fixed {
        Fixed {
            lists: [vec!["north".into(), "south".into()], Vec::new()],
            random: Random::stream(1, 1),
        }
    }

    fn check(source: &str, expected: &str) {
        let template = Template::parse(source, &Two).expect("a template");
        let mut out = Vec::new();
        template.render(&mut values(), 1, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
        assert_eq!(template.source(), source);
    }

    fn check_bad(source: &str, at: Range<usize>, part: &str) {
        let bad = Template::parse(source, &Two).expect_err(source);
        assert_eq!(bad.at, at, "{source}: {}", bad.message);
        assert!(bad.message.contains(part), "{}", bad.message);
    }

    #[test]
    fn places_are_filled_in() {
        check("look", "look");
        check("create {name} {password}", "create <Name> <Password>");
        check("look {each exits}!", "look south!");
        check("{exits}", "south");
        check("x {accounts.key}", "x <Feed(0, 0)>");
        check("{rand 7 7}{{}}", "7{}");
        check("{rand -2 -2}", "-2");
    }

    #[test]
    fn unknown_names_and_stray_braces_are_errors_with_their_place() {
        check_bad("look {pick doors}", 6..16, "`doors`");
        check_bad("look {where}", 6..11, "known are name");
        check_bad("look {", 5..6, "{{");
        check_bad("look }", 5..6, "}}");
        check_bad("{rand 2 1}", 1..9, "smaller first");
        check_bad("{rand 1}", 1..7, "{rand 1 100}");
        check_bad("{}", 1..1, "nothing");
        check_bad("a\nb", 1..2, "one line");
        check_bad("{each exits} {each objs}", 13..24, "one list");
        check_bad("{accounts.age}", 1..13, "accounts.age");
    }

    #[test]
    fn a_command_that_draws_from_an_empty_list_is_not_possible() {
        let possible = |source: &str| {
            let template = Template::parse(source, &Two).expect("a template");
            template.is_possible(&values())
        };
        assert!(possible("look {pick exits}"));
        assert!(!possible("look {pick objs}"));
        assert!(!possible("look {objs}"));
        assert!(possible("look"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(source in ".*") {
            if let Ok(template) = Template::parse(&source, &Two) {
                template.render(&mut values(), 9, &mut Vec::new());
            }
        }
    }
}
