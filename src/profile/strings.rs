//! Every file and function name once, in one piece of memory.

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher as _;

/// A name in [`Strings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StrId(pub(crate) u32);

/// An interner: the same bytes get the same id.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    index: HashTable<u32>,
}

impl Strings {
    /// The bytes of a name.
    #[must_use]
    pub fn get(&self, id: StrId) -> &[u8] {
        slice(&self.bytes, &self.ends, id.0)
    }

    /// The id of these bytes, new or known; `None` when all names together pass 4 GiB.
    pub fn intern(&mut self, text: &[u8]) -> Option<StrId> {
        let Strings { bytes, ends, index } = self;
        let found = index.find(hash(text), |&id| slice(bytes, ends, id) == text);
        if let Some(&id) = found {
            return Some(StrId(id));
        }
        let id = u32::try_from(ends.len()).ok()?;
        let end = u32::try_from(bytes.len() + text.len()).ok()?;
        bytes.extend_from_slice(text);
        ends.push(end);
        index.insert_unique(hash(text), id, |&id| hash(slice(bytes, ends, id)));
        Some(StrId(id))
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[u32], id: u32) -> &'a [u8] {
    let start = if id == 0 { 0 } else { ends[id as usize - 1] };
    &bytes[start as usize..ends[id as usize] as usize]
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_get_the_same_id() {
        let mut strings = Strings::default();
        let ids: Vec<_> = (0..1000)
            .map(|i| strings.intern(format!("name{}", i % 500).as_bytes()))
            .collect();
        assert_eq!(ids[..500], ids[500..]);
        assert_eq!(strings.get(ids[499].expect("small")), b"name499");
        assert_eq!(strings.intern(b""), strings.intern(b""));
    }
}
