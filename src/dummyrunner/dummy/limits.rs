//! Recognises what servers say when a limit of theirs was hit, or a login failed.
//!
//! Source of the texts: what a running Evennia 5 answers; the looser ones are the usual words of other games.

use super::super::metrics::Problem;

/// Lower-case words that must all be in a line, and what it means.
const SIGNS: [(&[&str], Problem); 11] = [
    (&["dos protection"], Problem::ConnectionLimit),
    (&["too many connections"], Problem::ConnectionLimit),
    (&["creating too many accounts"], Problem::AccountLimit),
    (&["too many", "account"], Problem::AccountLimit),
    (&["too many login"], Problem::LoginLimit),
    (&["commands too fast"], Problem::CommandLimit),
    (&["too many commands"], Problem::CommandLimit),
    (&["string that was too long"], Problem::LengthLimit),
    (&["password is incorrect"], Problem::WrongPassword),
    (&["incorrect", "password"], Problem::WrongPassword),
    (&["wrong password"], Problem::WrongPassword),
];
/// What is looked at of a line: such messages are short.
const LONGEST: usize = 200;

/// What a line of the server says of its limits or a bad login.
pub(super) fn recognise(line: &[u8]) -> Option<Problem> {
    let mut lower = [0; LONGEST];
    let len = line.len().min(LONGEST);
    lower[..len].copy_from_slice(&line[..len]);
    lower[..len].make_ascii_lowercase();
    let has = |word: &&str| memchr::memmem::find(&lower[..len], word.as_bytes()).is_some();
    let found = SIGNS.iter().find(|(words, _)| words.iter().all(has));
    found.map(|(_, problem)| *problem)
}

/// Does a text that answers a command begin as a line about limits does? Cheap enough to be asked of every answer.
pub(super) fn may_be_limit(text: &[u8]) -> bool {
    let mut rest = text;
    // Line ends and colours come first.
    loop {
        match rest {
            [b'\r' | b'\n', more @ ..] => rest = more,
            [0x1b, b'[', more @ ..] => {
                let end = more
                    .iter()
                    .position(u8::is_ascii_alphabetic)
                    .map_or(more.len(), |at| at + 1);
                rest = &more[end..];
            }
            _ => break,
        }
    }
    rest.starts_with(b"You entered") || rest.starts_with(b"Too many")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_bad_logins_are_told_apart() {
        let check = |line: &str, expected: Option<Problem>| {
            assert_eq!(recognise(line.as_bytes()), expected, "{line}");
        };
        check(
            "My Game DoS protection is active.You are queued to connect in 3 seconds ...",
            Some(Problem::ConnectionLimit),
        );
        check(
            "\x1b[31mYou are creating too many accounts. Please log into one.",
            Some(Problem::AccountLimit),
        );
        check(
            "Too many login failures; please try again in a few minutes.",
            Some(Problem::LoginLimit),
        );
        check(
            "You entered commands too fast. Wait a moment and try again.",
            Some(Problem::CommandLimit),
        );
        check(
            "You entered a string that was too long.",
            Some(Problem::LengthLimit),
        );
        check(
            "Username and/or password is incorrect.",
            Some(Problem::WrongPassword),
        );
        check("You see many accounts of the war.", None);
        check(&"x".repeat(5000), None);
    }

    #[test]
    fn only_a_beginning_is_looked_at() {
        assert!(may_be_limit(b"\r\n\x1b[0;31mYou entered commands too fast."));
        assert!(!may_be_limit(b"A room. You entered it."));
        assert!(!may_be_limit(b"\x1b["));
    }
}
