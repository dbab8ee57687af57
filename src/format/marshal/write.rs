//! The writing half: what a cProfile dump needs, in version 2 (which every Python reads) or 4.

use super::FLAG;
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// Appends marshalled values to a buffer, each name and each tuple that `Id` stands for only once.
///
/// ```
/// use prof::format::marshal::Writer;
/// let mut writer: Writer<u32> = Writer::version4();
/// writer.begin_dict();
/// writer.text(b"a", 0);
/// writer.int(1);
/// writer.end_dict();
/// assert_eq!(writer.into_bytes(), b"{\xda\x01ai\x01\x00\x00\x000");
/// ```
#[derive(Debug)]
pub struct Writer<Id> {
    out: Vec<u8>,
    version4: bool,
    /// The reference number (version 4) or interned number (version 2) of what was written.
    known: FxHashMap<Id, u32>,
}

impl<Id: Copy + Eq + Hash> Writer<Id> {
    /// For Python 3.4 and later.
    #[must_use]
    pub fn version4() -> Writer<Id> {
        Writer {
            out: Vec::new(),
            version4: true,
            known: FxHashMap::default(),
        }
    }

    /// For Python 2; names are byte strings.
    #[must_use]
    pub fn version2() -> Writer<Id> {
        Writer {
            version4: false,
            ..Writer::version4()
        }
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Begins a dict; keys and values follow, then [`Writer::end_dict`].
    pub fn begin_dict(&mut self) {
        self.out.push(b'{');
    }

    /// Ends a dict.
    pub fn end_dict(&mut self) {
        self.out.push(b'0');
    }

    /// Begins a tuple of `len` items, which follow.
    pub fn begin_tuple(&mut self, len: u8) {
        self.tuple_head(len, 0);
    }

    /// Begins a tuple that can be referred to as `id`. If it was written before, writes the reference and
    /// returns false: then no items follow. Version 2 has no references and always writes in full.
    pub fn begin_shared_tuple(&mut self, len: u8, id: Id) -> bool {
        if !self.version4 {
            self.tuple_head(len, 0);
        } else if self.refer(b'r', id) {
            return false;
        } else {
            self.tuple_head(len, FLAG);
        }
        true
    }

    fn tuple_head(&mut self, len: u8, flag: u8) {
        if self.version4 {
            self.out.extend_from_slice(&[b')' | flag, len]);
        } else {
            self.out.push(b'(');
            self.out.extend_from_slice(&u32::from(len).to_le_bytes());
        }
    }

    /// If `id` is known, writes the reference to it; else gives it the next number.
    fn refer(&mut self, code: u8, id: Id) -> bool {
        let next = self.known.len() as u32;
        let known = *self.known.entry(id).or_insert(next);
        if known < next {
            self.out.push(code);
            self.out.extend_from_slice(&known.to_le_bytes());
        }
        known < next
    }

    /// Writes a name: WTF-8 text, or bytes in version 2.
    pub fn text(&mut self, text: &[u8], id: Id) {
        if self.refer(if self.version4 { b'r' } else { b'R' }, id) {
            return;
        }
        let len = text.len() as u32;
        if !self.version4 {
            self.out.push(b't');
        } else if !text.is_ascii() {
            self.out.push(b'u' | FLAG);
        } else if let Ok(short) = u8::try_from(len) {
            self.out.extend_from_slice(&[b'Z' | FLAG, short]);
            self.out.extend_from_slice(text);
            return;
        } else {
            self.out.push(b'A' | FLAG);
        }
        self.out.extend_from_slice(&len.to_le_bytes());
        self.out.extend_from_slice(text);
    }

    /// Writes an int.
    pub fn int(&mut self, value: i128) {
        if let Ok(small) = i32::try_from(value) {
            self.out.push(b'i');
            self.out.extend_from_slice(&small.to_le_bytes());
            return;
        }
        let mut digits = Vec::new();
        let mut rest = value.unsigned_abs();
        while rest > 0 {
            digits.push((rest & 0x7fff) as u16);
            rest >>= 15;
        }
        let count = digits.len() as i32;
        self.out.push(b'l');
        self.out
            .extend_from_slice(&(if value < 0 { -count } else { count }).to_le_bytes());
        self.out.extend(digits.into_iter().flat_map(u16::to_le_bytes));
    }

    /// Writes a float.
    pub fn float(&mut self, value: f64) {
        self.out.push(b'g');
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes `True`.
    pub fn truth(&mut self) {
        self.out.push(b'T');
    }
}
