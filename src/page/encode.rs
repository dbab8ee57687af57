//! Columns of numbers and a table of texts as bytes, which the page's `decode.js` reads in the same order.
//!
//! Numbers are little-endian base 128 (7 bits a byte, the high bit says that more follow); signed ones are zigzag
//! coded. A script counts in doubles: what does not fit 2^53 becomes the nearest that does.

use rustc_hash::FxHashMap;

/// The largest number that a script tells from its neighbours.
const TOP: u64 = 1 << 53;

/// Bytes that grow.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
}

impl Encoder {
    pub(super) fn number(&mut self, number: u64) {
        let mut rest = number.min(TOP);
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    pub(super) fn signed(&mut self, number: i128) {
        let limit = i128::from(TOP / 2) - 1;
        let number = number.clamp(-limit, limit) as i64;
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn column(&mut self, numbers: impl IntoIterator<Item = u64>) {
        numbers.into_iter().for_each(|number| self.number(number));
    }

    pub(super) fn signed_column(&mut self, numbers: impl IntoIterator<Item = i128>) {
        numbers.into_iter().for_each(|number| self.signed(number));
    }

    /// How many texts, their lengths as a script counts them (in UTF-16), and the texts as UTF-8.
    pub(super) fn texts(&mut self, texts: &Texts) {
        self.number(texts.list.len() as u64);
        self.column(texts.list.iter().map(|text| text.encode_utf16().count() as u64));
        self.number(texts.list.iter().map(|text| text.len() as u64).sum());
        for text in &texts.list {
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }
}

/// Texts, each kept once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    list: Vec<String>,
    place: FxHashMap<String, u32>,
}

impl Texts {
    /// The number of a text, from 0.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        if let Some(&place) = self.place.get(text) {
            return place;
        }
        let place = self.list.len() as u32;
        self.list.push(text.to_owned());
        self.place.insert(text.to_owned(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        let check = |number, expected: &[u8]| {
            let mut encoder = Encoder::default();
            encoder.number(number);
            assert_eq!(encoder.bytes, expected, "{number}");
        };
        check(0, &[0]);
        check(127, &[0x7f]);
        check(128, &[0x80, 1]);
        check(300, &[0xac, 2]);
        let mut most = Encoder::default();
        most.number(u64::MAX);
        let mut top = Encoder::default();
        top.number(1 << 53);
        assert_eq!(most.bytes, top.bytes);
    }

    #[test]
    fn small_signed_numbers_stay_small() {
        let check = |number, expected: &[u8]| {
            let mut encoder = Encoder::default();
            encoder.signed(number);
            assert_eq!(encoder.bytes, expected, "{number}");
        };
        check(0, &[0]);
        check(-1, &[1]);
        check(1, &[2]);
        check(-64, &[0x7f]);
        check(64, &[0x80, 1]);
        let mut least = Encoder::default();
        least.signed(i128::MIN);
        assert_eq!(least.bytes.len(), 8);
    }

    #[test]
    fn texts_are_counted_as_a_script_counts() {
        let mut texts = Texts::default();
        assert_eq!(
            (texts.add("a"), texts.add("\u{1f600}"), texts.add("a")),
            (0, 1, 0)
        );
        let mut encoder = Encoder::default();
        encoder.texts(&texts);
        assert_eq!(
            encoder.bytes,
            [&[2, 1, 2, 5, b'a'][..], "\u{1f600}".as_bytes()].concat()
        );
    }
}
