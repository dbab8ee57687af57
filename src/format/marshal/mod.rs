//! Python's marshal format, versions 0 to 6, read as a stream of values and written.
//!
//! The reader yields one [`Event`] at a time: scalars as they come, containers as an opening and a
//! closing. It owns what the format demands, so that its users cannot get it wrong: reference
//! numbers are given at the flagged type byte (before the items), depth is limited, no length is
//! believed before the bytes are there, and the end of the input inside a value is an error.
//! Nothing is kept of what was read but the stack of open containers.
//!
//! Source: `../shared/specs/pstats.md`, section 9, from reading and running CPython 2.7 to 3.15.

mod source;
mod write;

pub use write::Writer;

use source::Source;
use std::io::Read;

/// How deep containers may be nested; CPython's limit.
pub const MAX_DEPTH: usize = 2000;

/// Set in a type byte: append this object to the reference list.
const FLAG: u8 = 0x80;

/// Why bytes are not marshal data. Offsets count bytes from 0 (of the unpacked data, if it was packed).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input ends where a value should begin.
    #[error("byte {offset}: the data ends where a value should follow")]
    NoValue {
        /// Where the input ends.
        offset: u64,
    },
    /// The input ends inside a value.
    #[error("byte {offset}: the data ends inside {inside}")]
    Truncated {
        /// Where the input ends.
        offset: u64,
        /// What was being read.
        inside: &'static str,
    },
    /// A byte that starts no value.
    #[error("byte {offset}: expected a marshal value, found byte 0x{byte:02x}{}", shown_ascii(*byte))]
    UnknownType {
        /// The place of the byte.
        offset: u64,
        /// The byte.
        byte: u8,
    },
    /// A reference to an object that is not there, or not complete.
    #[error("byte {offset}: reference to object {index}, but only {known} can be referred to here")]
    BadReference {
        /// The place of the reference.
        offset: u64,
        /// What it refers to.
        index: i64,
        /// How many objects there are.
        known: usize,
    },
    /// A length below zero, or otherwise impossible.
    #[error("byte {offset}: impossible length {length} of {of}")]
    BadLength {
        /// The place of the value.
        offset: u64,
        /// The length that stands there.
        length: i64,
        /// What it is the length of.
        of: &'static str,
    },
    /// An int whose digits are not as they must be.
    #[error("byte {offset}: a long int with {problem}")]
    BadLong {
        /// The place of the value.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A float in text that is no number.
    #[error("byte {offset}: expected a float, found the text `{found}`")]
    BadFloat {
        /// The place of the value.
        offset: u64,
        /// What stands there, escaped.
        found: String,
    },
    /// Text that is not UTF-8.
    #[error("byte {offset}: a name is not valid UTF-8")]
    BadText {
        /// The place of the name.
        offset: u64,
    },
    /// Containers nested too deep.
    #[error("byte {offset}: values are nested more than {MAX_DEPTH} deep")]
    TooDeep {
        /// The place of the container that is too much.
        offset: u64,
    },
    /// NULL where a value must stand.
    #[error("byte {offset}: expected a value inside {inside}, found the end mark of a dict")]
    Null {
        /// The place of the NULL.
        offset: u64,
        /// What was being read.
        inside: &'static str,
    },
    /// The input cannot be read.
    #[error("byte {offset}: {source}")]
    Io {
        /// How far reading came.
        offset: u64,
        /// What the system, or the unpacker, says.
        source: std::io::Error,
    },
}

fn shown_ascii(byte: u8) -> String {
    if byte.is_ascii_graphic() {
        format!(" (`{}`)", char::from(byte))
    } else {
        String::new()
    }
}

impl Error {
    /// The class and text of the exception that CPython raises for the same data.
    #[must_use]
    pub fn in_python(&self) -> String {
        let text = match self {
            Error::NoValue { .. } => return "EOFError: EOF read where object expected".into(),
            Error::Truncated { .. } => return "EOFError: EOF read where not expected".into(),
            Error::UnknownType { .. } => "bad marshal data (unknown type code)",
            Error::BadReference { .. } => "bad marshal data (invalid reference)",
            Error::BadLength { of, .. } => {
                return format!("ValueError: bad marshal data ({of} size out of range)");
            }
            Error::BadLong { problem, .. } if problem.contains("leading") => {
                "bad marshal data (unnormalized long data)"
            }
            Error::BadLong { .. } => "bad marshal data (digit out of range in long)",
            Error::BadFloat { found, .. } => {
                return format!("ValueError: could not convert string to float: '{found}'");
            }
            Error::BadText { .. } => return "UnicodeDecodeError: 'utf-8' codec can't decode the name".into(),
            Error::TooDeep { .. } => "recursion limit exceeded",
            Error::Null { inside, .. } => {
                return format!("TypeError: NULL object in marshal data for {inside}");
            }
            Error::Io { source, .. } => return format!("OSError: {source}"),
        };
        format!("ValueError: {text}")
    }
}

/// How a text was stored, as far as it tells more than the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// `s`: bytes in Python 3, the str of Python 2.
    Bytes,
    /// `t`: UTF-8 in Python 3, not checked; bytes in Python 2, which may refer to them by [`Event::Interned`].
    Interned,
    /// `u`: UTF-8. Not checked.
    Utf8,
    /// `a A z Z`: one byte a character, by CPython not checked to be ASCII but taken as Latin-1.
    Latin1,
}

/// A container whose items follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `(` or `)`.
    Tuple,
    /// `[`.
    List,
    /// `{`.
    Dict,
    /// `}`, since Python 3.15.
    FrozenDict,
    /// `<`.
    Set,
    /// `>`.
    FrozenSet,
    /// `:`, since Python 3.14.
    Slice,
}

impl Container {
    /// The name as an error uses it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Container::Tuple => "tuple",
            Container::List => "list",
            Container::Dict => "dict",
            Container::FrozenDict => "frozendict",
            Container::Set => "set",
            Container::FrozenSet => "frozenset",
            Container::Slice => "slice",
        }
    }

    fn is_dict(self) -> bool {
        matches!(self, Container::Dict | Container::FrozenDict)
    }

    /// May an item refer to this container while it is not complete?
    #[must_use]
    pub fn is_referable_while_open(self) -> bool {
        matches!(
            self,
            Container::Tuple | Container::List | Container::Dict | Container::Set
        )
    }
}

/// One step of reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// An int of up to 64 bits.
    Int(i64),
    /// An int of up to 128 bits that does not fit 64.
    Wide(i128),
    /// An int beyond 128 bits; its digits are not kept.
    Huge,
    /// A float.
    Float(f64),
    /// A str or bytes.
    Text(&'a [u8], TextKind),
    /// Python 2 only: the interned text of this number.
    Interned(u32),
    /// None, True, False, Ellipsis or StopIteration, by its type byte.
    Singleton(u8),
    /// A complex number; nothing here needs its value.
    Complex,
    /// The object of this number in the reference list. Only bounds were checked.
    Reference(u32),
    /// A container begins, with this many items; `None` for a dict, which ends when it ends.
    Open(Container, Option<u32>),
    /// The innermost container is complete.
    Close,
    /// A dict ended where a value should have been: its last key counts for nothing. The dict is complete.
    CloseWithoutValue,
}

/// An event, where it stood, and the number it has in the reference list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item<'a> {
    /// The offset of the type byte.
    pub offset: u64,
    /// The number in the reference list, if the object was flagged. On `Open` only, not on `Close`.
    pub slot: Option<u32>,
    /// What was read.
    pub event: Event<'a>,
}

/// Reads one marshalled object as a stream of events.
pub struct Reader<R> {
    source: Source<R>,
    open: Vec<Open>,
    references: u32,
    interned: u32,
    modern: bool,
    latin1: Vec<u8>,
    done: bool,
}

#[derive(Clone, Copy)]
struct Open {
    container: Container,
    /// Items still to come; for a dict whether a value comes next.
    left: u32,
}

const VALUE_NEXT: u32 = 1;

impl<R: Read> Reader<R> {
    /// Reads from `input`, which should not be buffered.
    pub fn new(input: R) -> Reader<R> {
        Reader {
            source: Source::new(input),
            open: Vec::new(),
            references: 0,
            interned: 0,
            modern: false,
            latin1: Vec::new(),
            done: false,
        }
    }

    /// Was there anything that Python 2 never writes: a reference, a flag, or a short form of version 4?
    pub fn is_modern(&self) -> bool {
        self.modern
    }

    /// The next event, or `None` when the object is complete. What follows it is not read.
    ///
    /// # Errors
    /// Any [`Error`]; the reader is then of no more use.
    #[expect(clippy::should_implement_trait, reason = "an event borrows the reader")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.done {
            return Ok(None);
        }
        if let Some(top) = self.open.last()
            && top.left == 0
            && !top.container.is_dict()
        {
            self.close();
            return Ok(Some(Item {
                offset: self.source.offset(),
                slot: None,
                event: Event::Close,
            }));
        }
        let offset = self.source.offset();
        let Some(byte) = self.source.byte()? else {
            return Err(Error::NoValue { offset });
        };
        let code = byte & !FLAG;
        if code == b'0' {
            return self.null(offset).map(Some);
        }
        let flagged = byte & FLAG != 0 && !matches!(code, b'N' | b'T' | b'F' | b'.' | b'S' | b'r');
        let slot = flagged.then_some(self.references);
        if flagged {
            self.modern = true;
            self.references += 1;
        }
        self.count_item();
        // A scalar at the top is the whole object.
        self.done = self.open.is_empty();
        let event = match code {
            b'i' => Event::Int(i64::from(self.int32("an int")?)),
            b'g' => Event::Float(f64::from_le_bytes(self.source.exact("a float")?)),
            b'r' => {
                self.modern = true;
                let index = self.int32("a reference")?;
                match u32::try_from(index) {
                    Ok(index) if index < self.references => Event::Reference(index),
                    _ => return Err(self.bad_reference(offset, i64::from(index))),
                }
            }
            b')' => {
                self.modern = true;
                let [len] = self.source.exact("a tuple")?;
                return self.open(Item {
                    offset,
                    slot,
                    event: Event::Open(Container::Tuple, Some(u32::from(len))),
                });
            }
            b'z' | b'Z' => {
                self.modern = true;
                let [len] = self.source.exact("a name")?;
                return self.latin1(offset, slot, u32::from(len)).map(Some);
            }
            b'a' | b'A' => {
                self.modern = true;
                let len = self.length(offset, "string")?;
                return self.latin1(offset, slot, len).map(Some);
            }
            b'u' | b't' | b's' => {
                let len = self.length(offset, if code == b's' { "bytes object" } else { "string" })?;
                let kind = match code {
                    b's' => TextKind::Bytes,
                    b't' => TextKind::Interned,
                    _ => TextKind::Utf8,
                };
                self.interned += u32::from(kind == TextKind::Interned);
                Event::Text(self.source.take(len, "a name")?, kind)
            }
            b'R' => {
                let index = self.int32("a reference to a name")?;
                match u32::try_from(index) {
                    Ok(index) if index < self.interned => Event::Interned(index),
                    _ => return Err(self.bad_reference(offset, i64::from(index))),
                }
            }
            b'I' => Event::Int(i64::from_le_bytes(self.source.exact("an int")?)),
            b'l' => self.long(offset)?,
            b'f' => Event::Float(self.text_float(offset)?),
            b'N' | b'T' | b'F' | b'.' | b'S' => Event::Singleton(code),
            b'x' => {
                self.text_float(offset)?;
                self.text_float(offset)?;
                Event::Complex
            }
            b'y' => {
                self.source.exact::<16>("a complex number")?;
                Event::Complex
            }
            b'(' | b'[' | b'<' | b'>' => {
                let container = match code {
                    b'(' => Container::Tuple,
                    b'[' => Container::List,
                    b'<' => Container::Set,
                    _ => Container::FrozenSet,
                };
                let len = self.length(offset, container.name())?;
                return self.open(Item {
                    offset,
                    slot,
                    event: Event::Open(container, Some(len)),
                });
            }
            b'{' => {
                return self.open(Item {
                    offset,
                    slot,
                    event: Event::Open(Container::Dict, None),
                });
            }
            b'}' => {
                self.modern = true;
                return self.open(Item {
                    offset,
                    slot,
                    event: Event::Open(Container::FrozenDict, None),
                });
            }
            b':' => {
                self.modern = true;
                return self.open(Item {
                    offset,
                    slot,
                    event: Event::Open(Container::Slice, Some(3)),
                });
            }
            _ => return Err(Error::UnknownType { offset, byte }),
        };
        Ok(Some(Item { offset, slot, event }))
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// The next bytes, at least `wanted` of them unless the input ends before, for a user who knows what mostly
    /// comes and can read it faster. What was read so is skipped by [`Reader::skip`].
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn lookahead(&mut self, wanted: usize) -> Result<&[u8], Error> {
        self.source.lookahead(wanted)
    }

    /// Leaves out `bytes` that [`Reader::lookahead`] gave: whole pairs of the innermost dict, or whole items of which
    /// there are more to come, with `references` flagged objects among them.
    pub fn skip(&mut self, bytes: usize, references: u32) {
        self.modern = true;
        self.references += references;
        self.source.skip(bytes);
    }

    fn open<'a>(&mut self, item: Item<'a>) -> Result<Option<Item<'a>>, Error> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Error::TooDeep { offset: item.offset });
        }
        if let Event::Open(container, len) = item.event {
            self.open.push(Open {
                container,
                left: len.unwrap_or(0),
            });
        }
        self.done = false;
        Ok(Some(item))
    }

    fn close(&mut self) {
        self.open.pop();
        self.done = self.open.is_empty();
    }

    /// An item of the innermost container begins.
    fn count_item(&mut self) {
        if let Some(top) = self.open.last_mut() {
            if top.container.is_dict() {
                top.left ^= VALUE_NEXT;
            } else {
                top.left -= 1;
            }
        }
    }

    fn null(&mut self, offset: u64) -> Result<Item<'static>, Error> {
        let event = match self.open.last() {
            Some(top) if top.container.is_dict() => {
                if top.left == VALUE_NEXT {
                    Event::CloseWithoutValue
                } else {
                    Event::Close
                }
            }
            Some(top) => {
                return Err(Error::Null {
                    offset,
                    inside: top.container.name(),
                });
            }
            None => {
                return Err(Error::Null {
                    offset,
                    inside: "object",
                });
            }
        };
        self.close();
        Ok(Item {
            offset,
            slot: None,
            event,
        })
    }

    fn bad_reference(&self, offset: u64, index: i64) -> Error {
        Error::BadReference {
            offset,
            index,
            known: self.references.max(self.interned) as usize,
        }
    }

    fn int32(&mut self, inside: &'static str) -> Result<i32, Error> {
        Ok(i32::from_le_bytes(self.source.exact(inside)?))
    }

    fn length(&mut self, offset: u64, of: &'static str) -> Result<u32, Error> {
        let length = self.int32(of)?;
        u32::try_from(length).map_err(|_| Error::BadLength {
            offset,
            length: i64::from(length),
            of,
        })
    }

    fn latin1(&mut self, offset: u64, slot: Option<u32>, len: u32) -> Result<Item<'_>, Error> {
        let bytes = self.source.take(len, "a name")?;
        let text = if bytes.is_ascii() {
            bytes
        } else {
            self.latin1.clear();
            let utf8: String = bytes.iter().copied().map(char::from).collect();
            self.latin1.extend_from_slice(utf8.as_bytes());
            &self.latin1
        };
        Ok(Item {
            offset,
            slot,
            event: Event::Text(text, TextKind::Latin1),
        })
    }

    fn long(&mut self, offset: u64) -> Result<Event<'static>, Error> {
        let count = self.int32("an int")?;
        if count == i32::MIN {
            return Err(Error::BadLength {
                offset,
                length: i64::from(count),
                of: "long",
            });
        }
        let digits = count.unsigned_abs();
        let (mut value, mut huge, mut last) = (0i128, false, 1);
        for place in 0..digits {
            let digit = u16::from_le_bytes(self.source.exact("an int")?);
            if digit > 0x7fff {
                return Err(Error::BadLong {
                    offset,
                    problem: "a digit out of range",
                });
            }
            // 8 digits are 120 bits; a ninth has room for 7 more.
            match place {
                0..=7 => value |= i128::from(digit) << (15 * place),
                8 if digit < 1 << 7 => value |= i128::from(digit) << 120,
                _ => huge = true,
            }
            last = digit;
        }
        if last == 0 {
            return Err(Error::BadLong {
                offset,
                problem: "a leading zero digit",
            });
        }
        let value = if count < 0 { -value } else { value };
        Ok(match i64::try_from(value) {
            _ if huge => Event::Huge,
            Ok(small) => Event::Int(small),
            Err(_) => Event::Wide(value),
        })
    }

    fn text_float(&mut self, offset: u64) -> Result<f64, Error> {
        let [len] = self.source.exact("a float")?;
        let bytes = self.source.take(u32::from(len), "a float")?;
        let until_nul = bytes.split(|&byte| byte == 0).next().unwrap_or(bytes);
        std::str::from_utf8(until_nul)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Error::BadFloat {
                offset,
                found: crate::python::text::shown(bytes),
            })
    }
}
