//! Files in TOML that people write, and the places of their mistakes.

use serde::de::DeserializeOwned;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Error {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// For people.
    pub message: String,
}

impl Error {
    /// Of this byte of the text.
    pub(crate) fn at(text: &str, byte: usize, message: impl Into<String>) -> Error {
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Error {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

/// Reads a text.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| {
        // The crate's own message may show the source below its first line.
        let message = error.message().lines().next().unwrap_or("no TOML");
        Error::at(text, error.span().map_or(0, |span| span.start), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_line_and_column() {
        let error = read::<toml::Table>("a = 1\n\u{e9} = ?").expect_err("no TOML");
        assert_eq!(error.line, 2);
        let found = |byte: usize| {
            let error = Error::at("ab\n\u{e9}cd", byte, "x");
            (error.line, error.column)
        };
        assert_eq!(
            [0, 1, 3, 5, 99].map(found),
            [(1, 1), (1, 2), (2, 1), (2, 2), (2, 4)]
        );
    }
}
