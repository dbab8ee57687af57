//! Requests and answers, as lines.
//!
//! | line from prof | means |
//! | --- | --- |
//! | `c DUMMY` | the dummy has a new connection: its client object is made anew |
//! | `a DUMMY ASK FUNCTION ISTEP` | call this function for the dummy |
//!
//! | line from the helper | means |
//! | --- | --- |
//! | `DUMMY ASK`, then U+001F and a command for each | what the function returned |
//! | `DUMMY ASK !` | the function failed |
//! | `!`, then a text, its line ends as U+001F | something to tell the user: the first error of a function |
//! | `x` | every action has failed every time |
//!
//! A dummy counts what it asks: an answer to another ask than its newest is for a connection or a moment that is over.

use std::io::Write as _;

/// What stands before each command. No command holds a control character.
const SEPARATOR: u8 = 0x1f;
/// The longest line that an answer can have; a helper that says more without an end is broken.
const LONGEST_LINE: usize = 64 << 20;

/// The dummy has a new connection.
pub fn push_connected(out: &mut Vec<u8>, dummy: u32) {
    // Writing to memory does not fail.
    let _ = writeln!(out, "c {dummy}");
}

/// Call this function for the dummy.
pub fn push_call(out: &mut Vec<u8>, dummy: u32, ask: u32, function: u32, istep: u32) {
    let _ = writeln!(out, "a {dummy} {ask} {function} {istep}");
}

/// A line of the helper.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The answer to a call.
    Answer {
        /// For this dummy.
        dummy: u32,
        /// To its ask of this number.
        ask: u32,
        /// What came of it.
        result: Result<Commands, Failed>,
    },
    /// For the user.
    Note(Vec<u8>),
    /// Every action has failed every time.
    Hopeless,
    /// It is none of the protocol.
    Noise(&'a [u8]),
}

/// The function failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// Commands that a function returned, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// Each after a separator.
    text: Box<[u8]>,
    at: usize,
}

impl Commands {
    /// One command of our own.
    #[must_use]
    pub fn one(command: &str) -> Commands {
        let mut text = vec![SEPARATOR];
        text.extend_from_slice(command.as_bytes());
        Commands {
            text: text.into(),
            at: 0,
        }
    }

    /// Are none left?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The next one.
    #[must_use]
    pub fn first(&self) -> Option<&[u8]> {
        let rest = self.text.get(self.at + 1..)?;
        let end = memchr::memchr(SEPARATOR, rest).unwrap_or(rest.len());
        Some(&rest[..end])
    }

    /// Takes the next one away.
    pub fn advance(&mut self) {
        self.at += self.first().map_or(0, |first| first.len() + 1);
    }
}

/// Cuts what is heard, in pieces of any size, into lines.
#[derive(Debug, Default)]
pub struct Reader(Vec<u8>);

impl Reader {
    /// Calls `each` for every line that is complete now. Returns whether this can still become a line.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Line<'_>)) -> bool {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            if self.0.is_empty() {
                each(parse(&rest[..end]));
            } else {
                self.0.extend_from_slice(&rest[..end]);
                each(parse(&self.0));
                self.0.clear();
            }
            rest = &rest[end + 1..];
        }
        self.0.extend_from_slice(rest);
        self.0.len() <= LONGEST_LINE
    }
}

fn parse(line: &[u8]) -> Line<'_> {
    if line == b"x" {
        return Line::Hopeless;
    }
    if let Some(note) = line.strip_prefix(b"!") {
        let line_ends = |&byte: &u8| if byte == SEPARATOR { b'\n' } else { byte };
        return Line::Note(note.iter().map(line_ends).collect());
    }
    let end = memchr::memchr(SEPARATOR, line).unwrap_or(line.len());
    let (head, text) = line.split_at(end);
    let mut words = head.split(|&byte| byte == b' ');
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse().ok();
    let (Some(dummy), Some(ask)) = (number(), number()) else {
        return Line::Noise(line);
    };
    let result = match words.next() {
        None => Ok(Commands {
            text: text.into(),
            at: 0,
        }),
        Some(b"!") => Err(Failed),
        Some(_) => return Line::Noise(line),
    };
    Line::Answer { dummy, ask, result }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(line: &str, expected: Option<Result<&[&str], Failed>>) {
        let found = match parse(line.as_bytes()) {
            Line::Answer {
                dummy: 12,
                ask: 5,
                result,
            } => Some(result.map(texts)),
            _ => None,
        };
        let expected =
            expected.map(|result| result.map(|texts| texts.iter().map(|&text| text.into()).collect()));
        assert_eq!(found, expected, "{line:?}");
    }

    fn texts(mut commands: Commands) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(first) = commands.first() {
            texts.push(String::from_utf8_lossy(first).into_owned());
            commands.advance();
        }
        assert!(commands.is_empty());
        texts
    }

    #[test]
    fn answers_are_read() {
        check("12 5", Some(Ok(&[])));
        check("12 5\x1flook", Some(Ok(&["look"])));
        check("12 5\x1f\x1fsay a  b\x1f", Some(Ok(&["", "say a  b", ""])));
        check("12 5 !", Some(Err(Failed)));
        for noise in [
            "12",
            "",
            "12 x\x1flook",
            "hello 12",
            "12 5 6",
            "-1 5",
            "12 99999999999",
        ] {
            check(noise, None);
        }
        assert_eq!(parse(b"x"), Line::Hopeless);
        assert_eq!(parse(b"!a\x1f b"), Line::Note(b"a\n b".to_vec()));
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_are_cut(
            commands in prop::collection::vec("[ -~\u{e4}]{0,9}", 0..4),
            cut: prop::sample::Index,
        ) {
            let line: String = commands.iter().map(|command| format!("\x1f{command}")).collect();
            let bytes = format!("7 9{line}\nx\n").into_bytes();
            let (left, right) = bytes.split_at(cut.index(bytes.len()));
            let (mut reader, mut found) = (Reader::default(), Vec::new());
            for piece in [left, right] {
                let each = |line: Line<'_>| found.push(match line {
                    Line::Answer { dummy: 7, ask: 9, result: Ok(commands) } => texts(commands),
                    line => vec![format!("{line:?}")],
                });
                let is_line = reader.feed(piece, each);
                prop_assert!(is_line);
            }
            prop_assert_eq!(found, vec![commands, vec!["Hopeless".to_owned()]]);
        }

        #[test]
        fn any_bytes_are_lines(bytes: Vec<u8>) {
            let _ = Reader::default().feed(&bytes, |_| {});
        }
    }
}
