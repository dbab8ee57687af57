//! Text in lines, wherever it was cut, in bounded memory.

use memchr::memchr2;

/// A line without its end, or what there is of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes, at most as many as the limit.
    pub text: &'a [u8],
    /// It was longer; the rest is lost.
    pub is_cut: bool,
}

/// Makes lines of text. `LF`, `CR LF` and `CR NUL` end a line; `CR` at its start, as in the `LF CR` of
/// some games, is no part of it.
///
/// ```
/// let mut lines = prof::dummyrunner::telnet::Lines::new(1000);
/// let mut seen = Vec::new();
/// lines.push(b"one\r", |line| seen.push(line.text.to_vec()));
/// lines.push(b"\ntwo\nPassword: ", |line| seen.push(line.text.to_vec()));
/// assert_eq!(seen, [b"one", b"two"]);
/// assert_eq!(lines.partial().text, b"Password: ");
/// ```
#[derive(Debug)]
pub struct Lines {
    /// What there is of a line, with any `CR`.
    partial: Vec<u8>,
    limit: u32,
    /// The partial line was longer than the limit.
    is_cut: bool,
    /// The last byte was `CR`, kept or not.
    is_cr_last: bool,
}

/// Memory that an empty buffer may keep.
const KEPT: usize = 512;

impl Lines {
    /// Lines of at most `limit` bytes, counted with the `CR` of their end.
    #[must_use]
    pub fn new(limit: u32) -> Lines {
        Lines {
            partial: Vec::new(),
            limit,
            is_cut: false,
            is_cr_last: false,
        }
    }

    /// Takes a piece of text, and tells each line that ends in it.
    pub fn push(&mut self, text: &[u8], mut on: impl FnMut(Line<'_>)) {
        let mut rest = text;
        let mut from = 0;
        while let Some(found) = memchr2(b'\n', 0, &rest[from..]) {
            let at = from + found;
            let after_cr = match at {
                0 => self.is_cr_last,
                at => rest[at - 1] == b'\r',
            };
            // Elsewhere NUL is text like any other.
            if rest[at] == 0 && !after_cr {
                from = at + 1;
                continue;
            }
            if self.partial.is_empty() && !self.is_cut {
                on(self.line(&rest[..at]));
            } else {
                self.keep(&rest[..at]);
                on(self.partial());
                self.clear();
            }
            self.is_cr_last = false;
            rest = &rest[at + 1..];
            from = 0;
        }
        if let Some(&last) = rest.last() {
            self.keep(rest);
            self.is_cr_last = last == b'\r';
        }
    }

    /// What there is of the line that is not yet at its end: a prompt, it may be.
    #[must_use]
    pub fn partial(&self) -> Line<'_> {
        Line {
            is_cut: self.is_cut,
            ..self.line(&self.partial)
        }
    }

    /// Forgets what there is of a line, as after a prompt that something else has ended.
    pub fn clear(&mut self) {
        self.partial.clear();
        self.partial.shrink_to(KEPT);
        self.is_cut = false;
        self.is_cr_last = false;
    }

    fn keep(&mut self, text: &[u8]) {
        let room = (self.limit as usize).saturating_sub(self.partial.len());
        self.is_cut |= text.len() > room;
        self.partial.extend_from_slice(&text[..text.len().min(room)]);
    }

    fn line<'a>(&self, raw: &'a [u8]) -> Line<'a> {
        let mut text = &raw[..raw.len().min(self.limit as usize)];
        while let [b'\r', rest @ ..] = text {
            text = rest;
        }
        Line {
            text: text.strip_suffix(b"\r").unwrap_or(text),
            is_cut: raw.len() > self.limit as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text of a line, and whether it was cut.
    type Owned = (Vec<u8>, bool);

    fn collect(chunks: &[&[u8]], limit: u32) -> (Vec<Owned>, Owned) {
        let mut lines = Lines::new(limit);
        let mut seen = Vec::new();
        for chunk in chunks {
            lines.push(chunk, |line| seen.push((line.text.to_vec(), line.is_cut)));
        }
        let partial = lines.partial();
        assert!(lines.partial.capacity() <= KEPT.max(2 * limit as usize));
        (seen, (partial.text.to_vec(), partial.is_cut))
    }

    #[track_caller]
    fn check(text: &[u8], lines: &[&str], partial: &str) {
        let (seen, rest) = collect(&[text], 100);
        let seen: Vec<_> = seen
            .iter()
            .map(|(line, _)| String::from_utf8_lossy(line))
            .collect();
        assert_eq!(seen, lines);
        assert_eq!(String::from_utf8_lossy(&rest.0), partial);
    }

    #[test]
    fn all_line_ends_of_games_are_known() {
        check(b"a\r\nb\r\n", &["a", "b"], "");
        check(b"a\nb\n\nc", &["a", "b", ""], "c");
        check(b"a\n\rb\n\r\n\rc", &["a", "b", ""], "c");
        check(b"a\r\0b\r\0", &["a", "b"], "");
        check(b"10%\r20%\r\n", &["10%\r20%"], "");
        check(b"a\0b\n", &["a\0b"], "");
        check(b"name: \r", &[], "name: ");
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_is_whole() {
        let (lines, rest) = collect(&[b"0123456789\nab\n", b"012345", b"6789", b"\r\nc"], 8);
        let expected: &[(&[u8], bool)] = &[(b"01234567", true), (b"ab", false), (b"01234567", true)];
        let expected: Vec<_> = expected.iter().map(|(line, cut)| (line.to_vec(), *cut)).collect();
        assert_eq!(lines, expected);
        assert_eq!(rest, (b"c".to_vec(), false));
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            text in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(0), Just(b'x')], 0..60),
            cuts in proptest::collection::vec(0..60usize, 0..6),
            limit in 1..20u32,
        ) {
            let whole = collect(&[&text], limit);
            prop_assert_eq!(collect(&super::super::testing::cut(&text, &cuts), limit), whole);
        }
    }
}
