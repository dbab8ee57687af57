//! UTF-8 for display, wherever it was cut.

/// Decodes UTF-8; each bad sequence becomes one U+FFFD, as in [`String::from_utf8_lossy`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8 {
    /// The start of a character whose end has not come.
    held: [u8; 4],
    len: u8,
}

impl Utf8 {
    /// Appends the characters that are complete with these bytes.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut String) {
        while self.len > 0 {
            let Some((&byte, rest)) = bytes.split_first() else {
                return;
            };
            let held = usize::from(self.len);
            let mut text = self.held;
            text[held] = byte;
            match std::str::from_utf8(&text[..=held]) {
                Ok(character) => {
                    out.push_str(character);
                    (bytes, self.len) = (rest, 0);
                }
                Err(error) if error.error_len().is_none() => {
                    (bytes, self.held, self.len) = (rest, text, self.len + 1);
                }
                // The byte is no part of what is held; it begins anew.
                Err(_) => self.finish(out),
            }
        }
        while let Err(error) = std::str::from_utf8(bytes) {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            out.push_str(&String::from_utf8_lossy(valid));
            let Some(bad) = error.error_len() else {
                self.held[..rest.len()].copy_from_slice(rest);
                // At most three bytes.
                self.len = rest.len() as u8;
                return;
            };
            out.push(char::REPLACEMENT_CHARACTER);
            bytes = &rest[bad..];
        }
        out.push_str(&String::from_utf8_lossy(bytes));
    }

    /// No more comes: a cut character is shown as U+FFFD.
    pub fn finish(&mut self, out: &mut String) {
        if std::mem::take(&mut self.len) > 0 {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(chunks: &[&[u8]]) -> String {
        let (mut utf8, mut out) = (Utf8::default(), String::new());
        for chunk in chunks {
            utf8.push(chunk, &mut out);
        }
        utf8.finish(&mut out);
        out
    }

    #[test]
    fn a_character_in_two_chunks_is_one() {
        assert_eq!(
            decode(&[b"caf\xc3", b"\xa9 \xf0\x9f", b"", b"\x90", b"\x8d"]),
            "café 🐍"
        );
        assert_eq!(decode(&[b"\xf0\x9f", b"x\xc3"]), "\u{fffd}x\u{fffd}");
    }

    proptest! {
        #[test]
        fn equals_the_standard_library(
            bytes in proptest::collection::vec(prop_oneof![
                any::<u8>(), Just(0xf0), Just(0x9f), Just(0x90), Just(0xed), Just(0xa0), Just(0xe2), Just(b'a'),
            ], 0..24),
            cuts in proptest::collection::vec(0..24usize, 0..8),
        ) {
            let decoded = decode(&super::super::testing::cut(&bytes, &cuts));
            prop_assert_eq!(decoded, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}
