//! What is kept of a dump while it is read: values, and the reference list in four bytes each.

use crate::format::marshal::Container;
use crate::profile::{EdgeRange, Error, KeyId, StrId};

/// A value of the dump, as far as a dump may contain it. Small, since there is one for each flagged object.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Int(i64),
    /// The place of an int beyond 64 bits.
    Wide(u32),
    Float(f64),
    Text(StrId),
    /// A Python 2 str, or bytes of Python 3.
    Bytes(StrId),
    Key(KeyId),
    /// `('__sampled__',)`
    Marker,
    /// A tuple of four numbers: its place among `edges`.
    Edge(u32),
    /// The same, which stands in the profile's list of edges: its place there.
    ListedEdge(u32),
    /// A tuple of four numbers and callers: its place among `rows`.
    Row(u32),
    Callers(EdgeRange),
    /// Anything that no dump contains.
    Other(Other),
    /// Flagged and still open.
    Open(Container),
}

/// What a value is that no dump contains.
#[derive(Clone, Copy)]
pub(super) enum Other {
    Singleton(u8),
    Complex,
    Huge,
    Tuple(u32),
    Container(Container),
    BadDict,
    Recursive,
}

impl Value {
    pub(super) fn name(self) -> String {
        match self {
            Value::Int(_) | Value::Wide(_) => "an int".into(),
            Value::Float(_) => "a float".into(),
            Value::Text(_) => "a str".into(),
            Value::Bytes(_) => "bytes".into(),
            Value::Key(_) => "a function (file, line, name)".into(),
            Value::Marker => "the mark of a sampled profile".into(),
            Value::Edge(_) | Value::ListedEdge(_) => "a tuple of four numbers".into(),
            Value::Row(_) => "the numbers of a function".into(),
            Value::Callers(_) => "a dict".into(),
            Value::Other(Other::Singleton(b'N')) => "None".into(),
            Value::Other(Other::Singleton(b'T')) => "True".into(),
            Value::Other(Other::Singleton(b'F')) => "False".into(),
            Value::Other(Other::Singleton(_)) => "a singleton".into(),
            Value::Other(Other::Complex) => "a complex number".into(),
            Value::Other(Other::Huge) => "an int of more than 127 bits".into(),
            Value::Other(Other::Tuple(len)) => {
                format!("a tuple of {len} items that is nothing a dump contains")
            }
            Value::Other(Other::Container(container)) => format!("a {}", container.name()),
            Value::Other(Other::BadDict) => "a dict that does not map callers to calls".into(),
            Value::Other(Other::Recursive) | Value::Open(_) => "an object that contains itself".into(),
        }
    }
}

/// The flagged values, by number. A dump has one for each caller, looked up for each edge in no order that a
/// cache likes: in four bytes each they stay close (three times faster than with whole values, in which
/// case reading waits for memory most of the time).
#[derive(Default)]
pub(super) struct References {
    /// A tag in the upper bits, in the others a small value or a place in one of the lists below.
    entries: Vec<u32>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    ranges: Vec<EdgeRange>,
    others: Vec<Other>,
    open: Vec<Container>,
}

const PAYLOAD_BITS: u32 = 28;
const PAYLOAD: u32 = (1 << PAYLOAD_BITS) - 1;

const SMALL_INT: u32 = 0;
const INT: u32 = 1;
const WIDE: u32 = 2;
const FLOAT: u32 = 3;
const TEXT: u32 = 4;
const BYTES: u32 = 5;
const KEY: u32 = 6;
const MARKER: u32 = 7;
const EDGE: u32 = 8;
const ROW: u32 = 9;
const CALLERS: u32 = 10;
const OTHER: u32 = 11;
const OPEN: u32 = 12;
const LISTED_EDGE: u32 = 13;

impl References {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all but the first `len` values.
    pub(super) fn truncate(&mut self, len: usize) {
        self.entries.truncate(len);
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Error> {
        let entry = self.pack(value)?;
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn set(&mut self, index: u32, value: Value) -> Result<(), Error> {
        self.entries[index as usize] = self.pack(value)?;
        Ok(())
    }

    /// Asks the memory for an entry that will be wanted soon. An index without an entry does no harm.
    #[inline]
    pub(super) fn prefetch(&self, index: u32) {
        #[cfg(target_arch = "x86_64")]
        if let Some(entry) = self.entries.get(index as usize) {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            #[expect(
                unsafe_code,
                reason = "there is no safe way to prefetch; measured in `Cursor::look_ahead`"
            )]
            // SAFETY: prefetching reads nothing that the program can see and cannot fault.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(entry).cast());
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = index;
    }

    pub(super) fn get(&self, index: u32) -> Value {
        self.try_get(index)
            .expect("the marshal reader has checked the bounds")
    }

    #[inline]
    pub(super) fn try_get(&self, index: u32) -> Option<Value> {
        let entry = *self.entries.get(index as usize)?;
        let (payload, place) = (entry & PAYLOAD, (entry & PAYLOAD) as usize);
        Some(match entry >> PAYLOAD_BITS {
            KEY => Value::Key(KeyId(payload)),
            SMALL_INT => Value::Int(i64::from(payload)),
            TEXT => Value::Text(StrId(payload)),
            INT => Value::Int(self.ints[place]),
            WIDE => Value::Wide(payload),
            FLOAT => Value::Float(self.floats[place]),
            BYTES => Value::Bytes(StrId(payload)),
            MARKER => Value::Marker,
            EDGE => Value::Edge(payload | SHARED),
            ROW => Value::Row(payload | SHARED),
            CALLERS => Value::Callers(self.ranges[place]),
            OTHER => Value::Other(self.others[place]),
            LISTED_EDGE => Value::ListedEdge(payload),
            _ => Value::Open(self.open[place]),
        })
    }

    fn pack(&mut self, value: Value) -> Result<u32, Error> {
        fn keep<T>(list: &mut Vec<T>, value: T) -> u32 {
            list.push(value);
            u32::try_from(list.len() - 1).unwrap_or(u32::MAX)
        }
        let (tag, payload) = match value {
            Value::Int(value) => match u32::try_from(value) {
                Ok(small) if small <= PAYLOAD => (SMALL_INT, small),
                _ => (INT, keep(&mut self.ints, value)),
            },
            Value::Wide(place) => (WIDE, place),
            Value::Float(value) => (FLOAT, keep(&mut self.floats, value)),
            Value::Text(id) => (TEXT, id.0),
            Value::Bytes(id) => (BYTES, id.0),
            Value::Key(id) => (KEY, id.0),
            Value::Marker => (MARKER, 0),
            Value::Edge(place) => (EDGE, place & !SHARED),
            Value::ListedEdge(place) => (LISTED_EDGE, place),
            Value::Row(place) => (ROW, place & !SHARED),
            Value::Callers(range) => (CALLERS, keep(&mut self.ranges, range)),
            Value::Other(other) => (OTHER, keep(&mut self.others, other)),
            Value::Open(container) => (OPEN, keep(&mut self.open, container)),
        };
        if payload > PAYLOAD {
            Err(Error::TooLarge)
        } else {
            Ok(tag << PAYLOAD_BITS | payload)
        }
    }
}

/// Set in the place of an edge or row that stands in the table of shared ones.
pub(super) const SHARED: u32 = 1 << 31;
