//! Stub until the translator lands.
#![expect(missing_docs, reason = "stub")]

#[derive(Debug)]
pub struct Pattern(fancy_regex::Regex);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("invalid")]
    Invalid {},
    #[error("overflow")]
    Overflow,
    #[error("too hard")]
    TooHard,
}

impl Pattern {
    pub fn new(pattern: &[u8], _python: (u8, u8)) -> Result<Pattern, Error> {
        let text = std::str::from_utf8(pattern).map_err(|_| Error::Invalid {})?;
        fancy_regex::Regex::new(text)
            .map(Pattern)
            .map_err(|_| Error::Invalid {})
    }

    pub fn is_match(&self, text: &[u8]) -> Result<bool, Error> {
        self.0
            .is_match(String::from_utf8_lossy(text).as_ref())
            .map_err(|_| Error::TooHard)
    }
}
