//! Looks for tags and regular expressions anywhere in a line.

use fancy_regex::Regex;
use memchr::memmem::Finder;
use std::borrow::Cow;

/// What to look for in a line: just this text, or a regular expression.
#[derive(Debug)]
pub struct Pattern(Kind);

#[derive(Debug)]
enum Kind {
    Literal(Box<Finder<'static>>),
    /// On the text decoded with U+FFFD for what is no UTF-8.
    Regex(Box<Regex>),
}

/// Why a pattern cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("no regular expression: {0}")]
pub struct PatternError(#[from] Box<fancy_regex::Error>);

impl Pattern {
    /// Just this text.
    #[must_use]
    pub fn literal(text: &str) -> Pattern {
        Pattern(Kind::Literal(Box::new(Finder::new(text).into_owned())))
    }

    /// A regular expression in the syntax of the crate `fancy-regex`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn regex(text: &str) -> Result<Pattern, PatternError> {
        Ok(Pattern(Kind::Regex(Box::new(
            Regex::new(text).map_err(Box::new)?,
        ))))
    }

    /// Is it anywhere in the line? A regular expression that takes too long matches nothing.
    #[must_use]
    pub fn is_in(&self, line: &[u8]) -> bool {
        match &self.0 {
            Kind::Literal(finder) => finder.find(line).is_some(),
            Kind::Regex(regex) => regex.is_match(&*String::from_utf8_lossy(line)).unwrap_or(false),
        }
    }

    /// The first group of the match, or all of it where there is no group.
    #[must_use]
    pub fn capture(&self, line: &[u8]) -> Option<String> {
        match &self.0 {
            Kind::Literal(finder) => {
                finder.find(line)?;
                Some(String::from_utf8_lossy(finder.needle()).into_owned())
            }
            Kind::Regex(regex) => {
                let line = String::from_utf8_lossy(line);
                let captures = regex.captures(&*line).ok()??;
                Some(captures.get(1).or(captures.get(0))?.as_str().to_owned())
            }
        }
    }
}

/// The line without colours and other escape sequences of terminals (ECMA-48).
#[must_use]
pub fn without_escapes(line: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPE: u8 = 0x1b;
    let Some(first) = memchr::memchr(ESCAPE, line) else {
        return Cow::Borrowed(line);
    };
    let (plain, mut rest) = line.split_at(first);
    let mut out = plain.to_vec();
    while let [_, sequence @ ..] = rest {
        rest = after_escape(sequence);
        let len = memchr::memchr(ESCAPE, rest).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..len]);
        rest = &rest[len..];
    }
    Cow::Owned(out)
}

/// What follows an escape sequence, given what follows its ESC.
fn after_escape(sequence: &[u8]) -> &[u8] {
    let len = match sequence {
        [b'[', parameters @ ..] => {
            let is_parameter = |byte: &u8| matches!(byte, 0x20..=0x3f);
            2 + parameters.iter().take_while(|byte| is_parameter(byte)).count()
        }
        [b']', text @ ..] => {
            // Up to BEL or ESC \, whose backslash is taken for a sequence of its own.
            let end = text.iter().position(|&byte| matches!(byte, 7 | 0x1b));
            match end.map(|end| (end, text[end])) {
                Some((end, 7)) => end + 2,
                Some((end, _)) => end + 1,
                None => sequence.len(),
            }
        }
        [0x20..=0x2f, ..] => 2,
        [0x1b, ..] => 0,
        _ => 1,
    };
    sequence.get(len..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_anywhere() {
        let tag = Pattern::literal("Echo returns: ['t17'], {}");
        assert!(tag.is_in(b"\x1b[1mBob says hi. Echo returns: ['t17'], {}\x1b[0m"));
        assert!(!tag.is_in(b"Echo returns: ['t170'], {}"));
        assert_eq!(
            tag.capture(b"..Echo returns: ['t17'], {}").as_deref(),
            Some("Echo returns: ['t17'], {}")
        );
    }

    #[test]
    fn a_pattern_captures_its_group() {
        let pattern = Pattern::regex(r"(?i)you become (\w+)").expect("a pattern");
        assert_eq!(
            pattern.capture("…You become Ada.".as_bytes()).as_deref(),
            Some("Ada")
        );
        assert_eq!(pattern.capture(b"You become \xff"), None);
        assert!(pattern.is_in(b"\xff you become B"));
        let whole = Pattern::regex("b+").expect("a pattern");
        assert_eq!(whole.capture(b"abbc").as_deref(), Some("bb"));
        assert!(Pattern::regex("(").is_err());
    }

    #[test]
    fn a_pattern_without_end_matches_nothing() {
        let pattern = Pattern::regex(r"(a|a|\1b)*$").expect("a pattern");
        assert!(!pattern.is_in(format!("{}c", "a".repeat(60)).as_bytes()));
    }

    #[test]
    fn escape_sequences_are_taken_out() {
        let check = |line: &[u8], expected: &str| {
            assert_eq!(String::from_utf8_lossy(&without_escapes(line)), expected);
        };
        check(b"plain", "plain");
        check(b"\x1b[1;31mred\x1b[0m \x1b[Kx", "red x");
        check(b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b]open", "ab");
        check(b"\x1b(Ba\x1b7b\x1b", "ab");
        check(b"a\x1b[", "a");
        check(b"\x1b\x1b[1mx", "x");
    }
}
