//! The Rust side of `differential.py`.
//!
//! Reads lines `major.minor pattern text,text,…`, pattern and texts in hexadecimal, and answers each with
//! `V` and one digit for each text (`0`, `1`, or `T` for too hard), or with why there is no pattern:
//! `I` (invalid), `O` (overflow), `R:` and an exception, `T` (too hard).

use std::io::{BufRead, Write};

use prof::python::Version;
use prof::python::regex::{Error, Pattern};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut fields = line.split(' ');
        let version = fields
            .next()
            .and_then(Version::parse)
            .expect("a version that is covered");
        let pattern = bytes(fields.next().expect("a pattern"));
        let texts = fields.next().expect("texts").split(',').map(bytes);
        writeln!(out, "{}", answer(&pattern, texts, version))?;
    }
    out.flush()
}

fn answer(pattern: &[u8], texts: impl Iterator<Item = Vec<u8>>, version: Version) -> String {
    let pattern = match Pattern::new(pattern, version) {
        Ok(pattern) => pattern,
        Err(Error::Invalid { .. }) => return "I".to_owned(),
        Err(Error::Overflow { .. }) => return "O".to_owned(),
        Err(Error::Raises { exception, .. }) => return format!("R:{exception}"),
        Err(Error::TooHard { .. }) => return "T".to_owned(),
    };
    let found = texts.map(|text| match pattern.is_match(&text) {
        Ok(true) => '1',
        Ok(false) => '0',
        Err(_) => 'T',
    });
    std::iter::once('V').chain(found).collect()
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    hexadecimal
        .as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}
