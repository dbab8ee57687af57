//! Whole functions of a dump, read in one step.
//!
//! Nearly all of a large dump is as cProfile makes it and CPython's marshal writes it: names are short ASCII or
//! earlier ones, numbers are plain, and what has references is flagged. Reading that through single events
//! takes four times the instructions. What is not exactly of this form is left, untouched, to the general way,
//! so nothing depends on it but speed.

use super::Loader;
use super::value::{References, Value};
use crate::profile::{Calls, Count, EdgeCalls, Key, KeyId, StrId};
use crate::python::Seconds;

/// How many bytes should be at hand; a function that needs more than there are is read the general way.
pub(super) const LOOKAHEAD: usize = 16 * 1024;

/// So many references stay in the processor's cache, so that looking ahead gains nothing.
pub(super) const CACHED: usize = 64 * 1024;

const FLAG: u8 = 0x80;

/// Asks the memory for what is referred to in the bytes to come, which begin at a value. References have no order
/// that a cache likes, and waiting for one after the other would take a third of the time of reading a large dump.
/// Returns how many bytes were looked at: whole values, up to the first that is not usual.
pub(super) fn look_ahead(bytes: &[u8], references: &References) -> usize {
    let mut rest = bytes;
    loop {
        let len = match rest {
            [b'r', a, b, c, d, ..] => {
                references.prefetch(u32::from_le_bytes([*a, *b, *c, *d]));
                5
            }
            [code, second, ..] => match code & !FLAG {
                b'i' => 5,
                b'g' => 9,
                b')' => 2,
                b'{' | b'0' => 1,
                b'z' | b'Z' => 2 + usize::from(*second),
                _ => break,
            },
            _ => break,
        };
        match rest.get(len..) {
            Some(after) => rest = after,
            None => break,
        }
    }
    bytes.len() - rest.len()
}

/// Reads `key: (cc, nc, tt, ct, {caller: (nc, cc, tt, ct), ...})` and adds it. Returns its length in bytes and the
/// number of flagged objects in it; `None`, with nothing changed, when it is not of the usual form or not complete.
pub(super) fn function(bytes: &[u8], loader: &mut Loader) -> Option<(usize, u32)> {
    let (edges_before, references_before) = (loader.profile.edge_count(), loader.references.len());
    let mut cursor = Cursor { bytes, loader };
    let complete = cursor.function(edges_before);
    let rest = cursor.bytes.len();
    if complete.is_none() {
        loader.profile.truncate_edges(edges_before);
        loader.references.truncate(references_before);
        return None;
    }
    Some((
        bytes.len() - rest,
        (loader.references.len() - references_before) as u32,
    ))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    loader: &'a mut Loader,
}

impl Cursor<'_> {
    fn function(&mut self, first_edge: usize) -> Option<()> {
        let key = self.key()?;
        let row = self.begin(b')')?;
        self.expect([5])?;
        let (primitive, total) = (Count::from(self.int()?), Count::from(self.int()?));
        let (own, cumulative) = (self.float()?, self.float()?);
        let dict = self.begin(b'{')?;
        while *self.bytes.first()? != b'0' {
            self.edge()?;
        }
        self.expect([b'0'])?;
        let edges = self.loader.profile.edge_count();
        let callers = self.loader.profile.edges_since(first_edge);
        if self.loader.profile.edge_count() < edges {
            // A caller stood there twice, so that flagged edges may have moved.
            return None;
        }
        self.end(dict, Value::Callers(callers))?;
        let calls = Calls {
            primitive,
            total,
            own,
            cumulative,
        };
        if row.is_some() {
            let value = self.loader.share_row(calls, callers);
            self.end(row, value)?;
        }
        self.loader.profile.insert(key, calls, callers);
        Some(())
    }

    #[inline]
    fn edge(&mut self) -> Option<()> {
        let caller = self.key()?;
        let slot = self.begin(b')')?;
        self.expect([4])?;
        let (total, primitive) = (Count::from(self.int()?), Count::from(self.int()?));
        let (own, cumulative) = (self.float()?, self.float()?);
        let place = self.loader.profile.edge_count() as u32;
        let calls = EdgeCalls::Timed(Calls {
            primitive,
            total,
            own,
            cumulative,
        });
        self.loader.profile.push_edge(caller, calls).ok()?;
        self.end(slot, Value::ListedEdge(place))
    }

    /// The type byte of a container. It takes its number, if it is flagged, before its items; what stands in its
    /// place until it is complete is no part of a usual function.
    #[inline]
    fn begin(&mut self, code: u8) -> Option<Option<u32>> {
        let byte = self.byte()?;
        if byte & !FLAG != code {
            return None;
        }
        if byte & FLAG == 0 {
            return Some(None);
        }
        self.loader.references.push(Value::Marker).ok()?;
        Some(Some(self.loader.references.len() as u32 - 1))
    }

    #[inline]
    fn end(&mut self, slot: Option<u32>, value: Value) -> Option<()> {
        slot.map_or(Some(()), |slot| self.loader.references.set(slot, value).ok())
    }

    #[inline]
    fn key(&mut self) -> Option<KeyId> {
        if *self.bytes.first()? == b'r' {
            self.byte()?;
            return match self.refer()? {
                Value::Key(key) => Some(key),
                _ => None,
            };
        }
        let slot = self.begin(b')')?;
        self.expect([3])?;
        let (file, line, name) = (self.name()?, self.int()?, self.name()?);
        let key = self.loader.profile.key_from(Key { file, line, name }).ok()?;
        self.end(slot, Value::Key(key))?;
        Some(key)
    }

    #[inline]
    fn name(&mut self) -> Option<StrId> {
        let code = self.byte()?;
        if code == b'r' {
            return match self.refer()? {
                Value::Text(id) => Some(id),
                _ => None,
            };
        }
        if !matches!(code & !FLAG, b'z' | b'Z') {
            return None;
        }
        let len = usize::from(self.byte()?);
        let (text, rest) = self.bytes.split_at_checked(len)?;
        if !text.is_ascii() {
            return None;
        }
        let id = self.loader.profile.strings_mut().intern(text)?;
        self.bytes = rest;
        if code & FLAG != 0 {
            self.loader.references.push(Value::Text(id)).ok()?;
        }
        Some(id)
    }

    #[inline]
    fn int(&mut self) -> Option<i64> {
        match self.byte()? {
            b'i' => Some(i64::from(i32::from_le_bytes(self.take()?))),
            INT_FLAGGED => {
                let value = i64::from(i32::from_le_bytes(self.take()?));
                self.loader.references.push(Value::Int(value)).ok()?;
                Some(value)
            }
            b'r' => match self.refer()? {
                Value::Int(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    #[inline]
    fn float(&mut self) -> Option<Seconds> {
        match self.byte()? {
            b'g' => Some(Seconds::Float(f64::from_le_bytes(self.take()?))),
            FLOAT_FLAGGED => {
                let value = f64::from_le_bytes(self.take()?);
                self.loader.references.push(Value::Float(value)).ok()?;
                Some(Seconds::Float(value))
            }
            b'r' => match self.refer()? {
                Value::Float(value) => Some(Seconds::Float(value)),
                _ => None,
            },
            _ => None,
        }
    }

    #[inline]
    fn refer(&mut self) -> Option<Value> {
        let index = u32::from_le_bytes(self.take()?);
        self.loader.references.try_get(index)
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(first)
    }

    #[inline]
    fn expect<const N: usize>(&mut self, expected: [u8; N]) -> Option<()> {
        (self.take()? == expected).then_some(())
    }
}

const INT_FLAGGED: u8 = b'i' | FLAG;
const FLOAT_FLAGGED: u8 = b'g' | FLAG;
