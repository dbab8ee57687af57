//! Reads and writes the files that Python's `cProfile` saves: one marshalled dict,
//! function -> (cc, nc, tt, ct, callers). The tuple orders end here; outside, numbers have names.
//!
//! A file is not trusted. What is read goes straight into the [`Profile`], whose size follows from the
//! bytes that are really there; objects that the file shares stay shared; what is none of a dump's
//! types is an error that says where it stands.
//!
//! Source: CPython `Lib/cProfile.py` (`snapshot_stats`), `Lib/profile.py`, and `../shared/specs/pstats.md`.

use super::marshal::{self, Container, Event, Item, Reader, TextKind};
use super::{Error, Shape};
use crate::profile::{Calls, Count, EdgeCalls, EdgeRange, Key, Profile, StrId};
use crate::python::{Dialect, Seconds, text};
use std::io::Read;

#[cfg(test)]
mod tests;
mod usual;
mod value;
mod write;

pub use write::write;

use value::{Other, References, SHARED, Value};

/// The key that Python 3.15's sampling profiler adds.
const SAMPLED: &[u8] = b"__sampled__";

/// Reads one dump.
///
/// # Errors
/// Why the bytes are no dump: [`Error::Marshal`], [`Error::Shape`] or [`Error::Profile`].
pub fn read(input: impl Read) -> Result<Profile, Error> {
    read_with(input, Way::Fast)
}

/// Whether functions of the usual form are read in one step; only tests want the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Fast,
    #[cfg(test)]
    General,
}

fn read_with(input: impl Read, way: Way) -> Result<Profile, Error> {
    let mut reader = Reader::new(input);
    let mut loader = Loader::new();
    // How far it was looked ahead, at the end of a value.
    let mut looked_at = 0;
    while let Some(item) = reader.next()? {
        loader.take(item)?;
        if way == Way::Fast && loader.is_between_functions() {
            loop {
                let at = reader.offset();
                let bytes = reader.lookahead(usual::LOOKAHEAD)?;
                let end = at + bytes.len() as u64;
                if looked_at < end && loader.references.len() > usual::CACHED {
                    let from = looked_at.max(at) - at;
                    let ahead = usual::look_ahead(&bytes[from as usize..], &loader.references);
                    looked_at = at + from + ahead as u64;
                }
                let Some((bytes, references)) = usual::function(bytes, &mut loader) else {
                    break;
                };
                reader.skip(bytes, references);
            }
        }
    }
    loader.finish(reader.is_modern())
}

/// A container that is being read.
struct Frame {
    container: Container,
    /// The number of items, where it is known before.
    len: u32,
    slot: Option<u32>,
    /// Where this container's items begin among `values`.
    first_value: usize,
    /// What stood in the side tables when it began: unflagged items of it are dropped when it is complete.
    first_edge: usize,
    first_row: usize,
    /// For a dict: the key whose value comes next, where it stood, and where the edges begin.
    key: Option<(Value, u64)>,
    first_caller: usize,
    /// For a dict other than the outermost: whether it maps callers to calls so far.
    is_callers: bool,
    /// Whether another dict was read inside, whose edges stand among this one's.
    holds_dict: bool,
    /// The frame of the innermost dict: this one or one around it.
    innermost_dict: usize,
}

/// Longer tuples are nothing that a dump contains, so their items need not be kept.
const LONGEST_TUPLE: u32 = 5;

struct Loader {
    profile: Profile,
    frames: Vec<Frame>,
    values: Vec<Value>,
    references: References,
    interned: Vec<StrId>,
    wide: Vec<i128>,
    edges: Vec<Calls>,
    rows: Vec<(Calls, EdgeRange)>,
    /// Flagged edges and rows, which stay.
    shared_edges: Vec<Calls>,
    shared_rows: Vec<(Calls, EdgeRange)>,
    /// Where a name first stood as bytes, and where one was referred to as only Python 2 does.
    bytes_name: Option<u64>,
    interned_name: Option<u64>,
    /// The first name that is no UTF-8: an error if this turns out to be Python 3.
    bad_text: Option<u64>,
    root: Option<Value>,
}

impl Loader {
    fn new() -> Loader {
        Loader {
            profile: Profile::new(Dialect::Python3),
            frames: Vec::new(),
            values: Vec::new(),
            references: References::default(),
            interned: Vec::new(),
            wide: Vec::new(),
            edges: Vec::new(),
            rows: Vec::new(),
            shared_edges: Vec::new(),
            shared_rows: Vec::new(),
            bytes_name: None,
            interned_name: None,
            bad_text: None,
            root: None,
        }
    }

    #[inline]
    fn take(&mut self, item: Item<'_>) -> Result<(), Error> {
        let Item { offset, slot, event } = item;
        let value = match event {
            Event::Int(value) => Value::Int(value),
            Event::Float(value) => Value::Float(value),
            Event::Reference(index) => self.refer(offset, index)?,
            Event::Open(container, len) => {
                return self.open(container, len, slot);
            }
            Event::Close | Event::CloseWithoutValue => return self.close(offset),
            Event::Text(bytes, kind) => self.text(offset, bytes, kind)?,
            Event::Interned(index) => {
                self.interned_name.get_or_insert(offset);
                Value::Text(self.interned[index as usize])
            }
            Event::Wide(value) => {
                self.wide.push(value);
                Value::Wide(self.wide.len() as u32 - 1)
            }
            Event::Huge => Value::Other(Other::Huge),
            Event::Complex => Value::Other(Other::Complex),
            Event::Singleton(code) => Value::Other(Other::Singleton(code)),
        };
        if let Some(slot) = slot {
            debug_assert_eq!(slot as usize, self.references.len());
            self.references.push(value)?;
        }
        self.put(value, offset)
    }

    fn text(&mut self, offset: u64, bytes: &[u8], kind: TextKind) -> Result<Value, Error> {
        let id = self
            .profile
            .strings_mut()
            .intern(bytes)
            .ok_or(crate::profile::Error::TooLarge)?;
        Ok(match kind {
            TextKind::Bytes => Value::Bytes(id),
            TextKind::Latin1 => Value::Text(id),
            TextKind::Utf8 | TextKind::Interned => {
                if kind == TextKind::Interned {
                    self.interned.push(id);
                }
                if self.bad_text.is_none() && text::check_wtf8(bytes).is_err() {
                    self.bad_text = Some(offset);
                }
                Value::Text(id)
            }
        })
    }

    fn refer(&self, offset: u64, index: u32) -> Result<Value, Error> {
        match self.references.get(index) {
            Value::Open(container) if !container.is_referable_while_open() => {
                let known = self.references.len();
                Err(marshal::Error::BadReference {
                    offset,
                    index: i64::from(index),
                    known,
                }
                .into())
            }
            Value::Open(_) => Ok(Value::Other(Other::Recursive)),
            value => Ok(value),
        }
    }

    fn open(&mut self, container: Container, len: Option<u32>, slot: Option<u32>) -> Result<(), Error> {
        if slot.is_some() {
            self.references.push(Value::Open(container))?;
        }
        let is_dict = matches!(container, Container::Dict | Container::FrozenDict);
        let outer_dict = self.frames.last().map_or(0, |frame| frame.innermost_dict);
        if is_dict && let Some(outer) = self.frames.get_mut(outer_dict) {
            outer.holds_dict = true;
        }
        let innermost_dict = if is_dict { self.frames.len() } else { outer_dict };
        self.frames.push(Frame {
            container,
            len: len.unwrap_or(0),
            slot,
            first_value: self.values.len(),
            first_edge: self.edges.len(),
            first_row: self.rows.len(),
            key: None,
            first_caller: self.profile.edge_count(),
            is_callers: true,
            holds_dict: false,
            innermost_dict,
        });
        Ok(())
    }

    /// Does a function come next, or the end of the dump?
    #[inline]
    fn is_between_functions(&self) -> bool {
        matches!(&self.frames[..], [frame] if frame.container == Container::Dict && frame.key.is_none())
    }

    /// A value is complete: it goes to the container that it stands in.
    #[inline]
    fn put(&mut self, value: Value, offset: u64) -> Result<(), Error> {
        let outermost = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        match frame.container {
            Container::Tuple if frame.len <= LONGEST_TUPLE => self.values.push(value),
            Container::Dict | Container::FrozenDict => match frame.key.take() {
                None => frame.key = Some((value, offset)),
                Some((key, key_offset)) if outermost => self.function(key, key_offset, value, offset)?,
                Some((key, _)) => self.caller(key, value)?,
            },
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, offset: u64) -> Result<(), Error> {
        let frame = self.frames.pop().expect("the reader closes only what it opened");
        let mut value = match frame.container {
            Container::Tuple if frame.len <= LONGEST_TUPLE => self.tuple(&frame, offset)?,
            Container::Tuple => Value::Other(Other::Tuple(frame.len)),
            Container::Dict | Container::FrozenDict if self.frames.is_empty() => {
                Value::Callers(EdgeRange::default())
            }
            Container::Dict | Container::FrozenDict if frame.is_callers && !frame.holds_dict => {
                Value::Callers(self.profile.edges_since(frame.first_caller))
            }
            Container::Dict | Container::FrozenDict => Value::Other(Other::BadDict),
            container => Value::Other(Other::Container(container)),
        };
        self.values.truncate(frame.first_value);
        if let Some(slot) = frame.slot {
            value = self.share(value);
            self.references.set(slot, value)?;
        }
        self.put(value, offset)
    }

    /// Moves a flagged value to where it stays.
    fn share(&mut self, value: Value) -> Value {
        match value {
            Value::Edge(place) => {
                self.shared_edges.push(self.edge(place));
                Value::Edge((self.shared_edges.len() as u32 - 1) | SHARED)
            }
            Value::Row(place) => {
                let (calls, callers) = self.row(place);
                self.share_row(calls, callers)
            }
            other => other,
        }
    }

    fn share_row(&mut self, calls: Calls, callers: EdgeRange) -> Value {
        self.shared_rows.push((calls, callers));
        Value::Row((self.shared_rows.len() as u32 - 1) | SHARED)
    }

    fn edge(&self, place: u32) -> Calls {
        if place & SHARED == 0 {
            self.edges[place as usize]
        } else {
            self.shared_edges[(place & !SHARED) as usize]
        }
    }

    fn row(&self, place: u32) -> (Calls, EdgeRange) {
        if place & SHARED == 0 {
            self.rows[place as usize]
        } else {
            self.shared_rows[(place & !SHARED) as usize]
        }
    }

    /// What a complete tuple is. Edges and rows that stood in it unflagged are dropped: no tuple that a
    /// dump contains holds any.
    fn tuple(&mut self, frame: &Frame, offset: u64) -> Result<Value, Error> {
        self.edges.truncate(frame.first_edge);
        self.rows.truncate(frame.first_row);
        let items = &self.values[frame.first_value..];
        Ok(match *items {
            [file, Value::Int(line), name] => match (self.name(file), self.name(name)) {
                (Some((file, file_bytes)), Some((name, name_bytes))) => {
                    if file_bytes || name_bytes {
                        self.bytes_name.get_or_insert(offset);
                    }
                    Value::Key(self.profile.key_from(Key { file, line, name })?)
                }
                _ => Value::Other(Other::Tuple(3)),
            },
            // An edge has its counts the other way round than a function.
            [total, primitive, own, cumulative] => match self.calls(primitive, total, own, cumulative) {
                Some(calls) => {
                    self.edges.push(calls);
                    Value::Edge(self.edges.len() as u32 - 1)
                }
                None => Value::Other(Other::Tuple(4)),
            },
            [primitive, total, own, cumulative, Value::Callers(callers)] => {
                match self.calls(primitive, total, own, cumulative) {
                    Some(calls) => {
                        self.rows.push((calls, callers));
                        Value::Row(self.rows.len() as u32 - 1)
                    }
                    None => Value::Other(Other::Tuple(5)),
                }
            }
            [Value::Text(only)] if self.profile.strings().get(only) == SAMPLED => Value::Marker,
            ref items => Value::Other(Other::Tuple(items.len() as u32)),
        })
    }

    fn name(&self, value: Value) -> Option<(StrId, bool)> {
        match value {
            Value::Text(id) => Some((id, false)),
            Value::Bytes(id) => Some((id, true)),
            _ => None,
        }
    }

    fn calls(&self, primitive: Value, total: Value, own: Value, cumulative: Value) -> Option<Calls> {
        Some(Calls {
            primitive: self.count(primitive)?,
            total: self.count(total)?,
            own: self.seconds(own)?,
            cumulative: self.seconds(cumulative)?,
        })
    }

    fn count(&self, value: Value) -> Option<Count> {
        match value {
            Value::Int(value) => Some(Count::from(value)),
            Value::Wide(place) => Some(self.wide[place as usize]),
            _ => None,
        }
    }

    fn seconds(&self, value: Value) -> Option<Seconds> {
        match value {
            Value::Float(value) => Some(Seconds::Float(value)),
            value => self.count(value).map(Seconds::Int),
        }
    }

    /// A pair of the outermost dict.
    fn function(&mut self, key: Value, key_offset: u64, value: Value, offset: u64) -> Result<(), Error> {
        match (key, value) {
            (Value::Key(key), Value::Row(place)) => {
                let (calls, callers) = self.row(place);
                self.profile.insert(key, calls, callers);
                // An unflagged row is used up.
                self.rows.truncate(if place & SHARED == 0 {
                    place as usize
                } else {
                    self.rows.len()
                });
                Ok(())
            }
            (Value::Marker, _) => {
                self.profile.set_sampled(true);
                Ok(())
            }
            (Value::Key(_), value) => Err(shape(
                offset,
                "the numbers of a function (cc, nc, tt, ct, callers)",
                value,
            )),
            (key, _) => Err(shape(key_offset, "a function (file, line, name)", key)),
        }
    }

    /// A pair of a dict inside: it should be a caller and its calls.
    fn caller(&mut self, key: Value, value: Value) -> Result<(), Error> {
        let calls = match value {
            Value::Edge(place) => {
                let calls = self.edge(place);
                self.edges.truncate(if place & SHARED == 0 {
                    place as usize
                } else {
                    self.edges.len()
                });
                Some(EdgeCalls::Timed(calls))
            }
            Value::ListedEdge(place) => Some(self.profile.edge(place as usize).1),
            value => self.count(value).map(EdgeCalls::Counted),
        };
        let frame = self.frames.last_mut().expect("a pair stands in a dict");
        match (key, calls) {
            (Value::Key(key), Some(calls)) if frame.is_callers => self.profile.push_edge(key, calls)?,
            _ => frame.is_callers = false,
        }
        Ok(())
    }

    fn finish(mut self, modern: bool) -> Result<Profile, Error> {
        match self.root {
            Some(Value::Callers(_)) => {}
            Some(other) => return Err(shape(0, "a dict of functions", other)),
            None => unreachable!("the reader ends with a complete object"),
        }
        if let (Some(offset), true) = (self.interned_name, modern) {
            return Err(marshal::Error::UnknownType { offset, byte: b'R' }.into());
        }
        if let (Some(offset), true) = (self.bytes_name, modern) {
            return Err(Shape {
                offset,
                expected: "a name",
                found: "bytes".into(),
            }
            .into());
        }
        if self.interned_name.is_some() || self.bytes_name.is_some() {
            self.profile.set_dialect(Dialect::Python2);
        } else if let Some(offset) = self.bad_text {
            return Err(marshal::Error::BadText { offset }.into());
        }
        if self.profile.is_empty() {
            return Err(Error::NoFunctions);
        }
        self.profile.sum_up()?;
        Ok(self.profile)
    }
}

fn shape(offset: u64, expected: &'static str, found: Value) -> Error {
    Shape {
        offset,
        expected,
        found: found.name(),
    }
    .into()
}
