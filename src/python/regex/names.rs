//! Names inside expressions: of groups, of characters, and numbers that stand in place of names.

use super::tokens::to_char;
use crate::python::Version;

/// Whether a name may name a group.
pub(super) fn is_group_name(name: &[u32], python: Version) -> bool {
    let ascii_part = |c: u32, first: bool| {
        u8::try_from(c).is_ok_and(|b| b.is_ascii_alphabetic() || b == b'_' || !first && b.is_ascii_digit())
    };
    let Some((&first, rest)) = name.split_first() else {
        return false;
    };
    if python.is_python2() || name.iter().all(|&c| c < 0x80) {
        return ascii_part(first, true) && rest.iter().all(|&c| ascii_part(c, false));
    }
    let text: String = name.iter().map(|&c| to_char(c)).collect();
    // Rare enough that the tables of identifiers need no home of their own.
    fancy_regex::Regex::new(r"\A[_\p{XID_Start}]\p{XID_Continue}*\z")
        .is_ok_and(|identifier| identifier.is_match(&text).unwrap_or(false))
}

/// The character that `\N{name}` means.
///
/// Letters may be in either case, but for the computed names (ideographs, Hangul), as in `unicodedata.lookup`.
pub(super) fn character(name: &[u32]) -> Option<u32> {
    let name: String = name.iter().map(|&c| char::from_u32(c)).collect::<Option<_>>()?;
    let found = unicode_names2::character(&name)?;
    // The crate also takes names with other spacing; Python does not.
    let proper = unicode_names2::name(found).map(|proper| proper.to_string());
    let is_proper = match &proper {
        Some(proper)
            if proper.starts_with("HANGUL SYLLABLE ") || proper.starts_with("CJK UNIFIED IDEOGRAPH-") =>
        {
            *proper == name
        }
        Some(proper) => proper.eq_ignore_ascii_case(&name),
        None => false,
    };
    (is_proper || is_alias(&name, proper.as_deref())).then_some(u32::from(found))
}

/// Whether this can be another name of a character: the crate does not tell aliases, only finds them.
fn is_alias(name: &str, proper: Option<&str>) -> bool {
    let squeeze = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect()
    };
    // The same letters as the proper name, yet not the proper name: only the spacing is wrong.
    if proper.is_some_and(|proper| squeeze(proper) == squeeze(name)) {
        return false;
    }
    let words_are_apart = name.split(' ').all(|word| !word.is_empty());
    words_are_apart
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'(' | b')'))
}

/// A number as Python's `int()` reads it: spaces around, a sign, and (3.6 on) underscores between digits.
/// Too large a number counts as the largest.
pub(super) fn integer(text: &[u32], python: Version) -> Option<i64> {
    let text: String = text.iter().map(|&c| to_char(c)).collect();
    let is_space = |c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c) && !python.is_python2();
    let text = text.trim_matches(is_space);
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    if digits.split('_').any(str::is_empty) || python.is_python2() && digits.contains('_') {
        return None;
    }
    let mut value = 0i64;
    for digit in digits.chars().filter(|&c| c != '_') {
        value = value
            .saturating_mul(10)
            .saturating_add(i64::from(digit.to_digit(10)?));
    }
    Some(if negative { -value } else { value })
}
