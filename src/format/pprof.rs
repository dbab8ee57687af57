//! Reads the files of pprof: `profile.proto`, packed by gzip or not.
//!
//! Of several values the default one is taken, or the last if the file names none, as `go tool pprof` does.
//! Times become nanoseconds, anything else is counted as it is. A function is placed at its first line; if
//! the file does not say that, at the smallest line that is seen of it, so that one function stays one.
//! What was inlined into a place is shown below it. Labels, mappings and the rest are skipped.
//!
//! The file is not trusted: fields are decoded one by one, the unpacked size and the number of frames are
//! bounded, and the tree grows only with what is really there.
//!
//! Source: `proto/profile.proto` of the repository google/pprof; Protocol Buffers' wire format.

use super::proto;
use crate::profile::stacks::{self, Frame, FrameId, FrameKind, Mark, NodeId, StackTree, Unit};
use flate2::read::MultiGzDecoder;
use prost::Message;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::io::{self, Read as _};

/// What a packed file may unpack to, in bytes.
pub const LARGEST: u64 = 1 << 30;

/// Why bytes are no profile of pprof. Offsets count unpacked bytes from 0.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The packing is broken.
    #[error("the file cannot be unpacked: {0}")]
    Unpack(#[source] io::Error),
    /// It would unpack to more than [`LARGEST`].
    #[error("the file unpacks to more than {LARGEST} bytes")]
    Unpacked,
    /// The bytes end inside a field.
    #[error("byte {offset}: the file ends inside {inside}")]
    Truncated {
        /// Where the field begins.
        offset: usize,
        /// What it is.
        inside: &'static str,
    },
    /// A field is none of the format.
    #[error("byte {offset}: expected {expected}, found {found}")]
    Field {
        /// Where it begins.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A message cannot be decoded.
    #[error("byte {offset}: expected {expected}: {source}")]
    Message {
        /// Where it begins.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
        /// What is wrong with it.
        source: prost::DecodeError,
    },
    /// There is not a single stack.
    #[error("the profile has no samples")]
    NoStacks,
    /// The stacks or their weights go beyond what is kept.
    #[error("byte {offset}: {source}")]
    Stacks {
        /// The sample that was too much.
        offset: usize,
        /// What was too much.
        source: stacks::Error,
    },
}

impl Error {
    /// What the user can do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Unpack(_) | Error::Truncated { .. } => {
                Some("the file is cut short or damaged: fetch or write it again")
            }
            Error::Field { .. } | Error::Message { .. } => {
                Some("pprof's files hold one profile.proto message, usually packed by gzip")
            }
            Error::NoStacks => Some("the profiler saw nothing: let it run longer, or at a higher rate"),
            Error::Unpacked | Error::Stacks { .. } => None,
        }
    }
}

/// One field of the outermost message: its number, where it begins, and its bytes if it has a length, else
/// its number.
struct Field<'a> {
    number: u64,
    offset: usize,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    fn shown(self) -> String {
        match self {
            Value::Number(number) => format!("the number {number}"),
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        }
    }
}

/// The fields of a message, one after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn new(bytes: &'a [u8]) -> Fields<'a> {
        Fields { bytes, at: 0 }
    }

    fn varint(&mut self, inside: &'static str) -> Result<u64, Error> {
        let offset = self.at;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(Error::Truncated { offset, inside });
            };
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::Field {
            offset,
            expected: "a number of at most 10 bytes",
            found: "a longer one".into(),
        })
    }

    fn take(&mut self, offset: usize, len: u64) -> Result<&'a [u8], Error> {
        let inside = "a field";
        let len = usize::try_from(len).map_err(|_| Error::Truncated { offset, inside })?;
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or(Error::Truncated { offset, inside })?;
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn next(&mut self) -> Result<Option<Field<'a>>, Error> {
        let offset = self.at;
        if offset == self.bytes.len() {
            return Ok(None);
        }
        let key = self.varint("the key of a field")?;
        let (number, kind) = (key >> 3, key & 7);
        let value = match kind {
            0 => Value::Number(self.varint("a number")?),
            1 => Value::Bytes(self.take(offset, 8)?),
            2 => {
                let len = self.varint("the length of a field")?;
                Value::Bytes(self.take(offset, len)?)
            }
            5 => Value::Bytes(self.take(offset, 4)?),
            _ => {
                return Err(Error::Field {
                    offset,
                    expected: "a field of a known kind",
                    found: format!("kind {kind}"),
                });
            }
        };
        if number == 0 {
            return Err(Error::Field {
                offset,
                expected: "a field numbered from 1",
                found: "number 0".into(),
            });
        }
        Ok(Some(Field {
            number,
            offset,
            value,
        }))
    }
}

impl<'a> Field<'a> {
    fn bytes(&self, expected: &'static str) -> Result<&'a [u8], Error> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) => Err(self.wrong(expected, self.value.shown())),
        }
    }

    fn message<M: Message + Default>(&self, expected: &'static str) -> Result<M, Error> {
        M::decode(self.bytes(expected)?).map_err(|source| Error::Message {
            offset: self.offset,
            expected,
            source,
        })
    }

    fn wrong(&self, expected: &'static str, found: String) -> Error {
        Error::Field {
            offset: self.offset,
            expected,
            found,
        }
    }
}

/// The tables that samples refer to.
#[derive(Default)]
struct Tables<'a> {
    texts: Vec<&'a [u8]>,
    types: Vec<proto::ValueType>,
    default_type: i64,
    functions: FxHashMap<u64, proto::Function>,
    /// For each location a range of `lines`, and its address.
    locations: FxHashMap<u64, (std::ops::Range<usize>, u64)>,
    /// Ids of functions, the innermost first.
    lines: Vec<u64>,
    /// For each function the smallest line that is seen of it.
    smallest_line: FxHashMap<u64, i64>,
}

impl<'a> Tables<'a> {
    fn read(bytes: &'a [u8]) -> Result<Tables<'a>, Error> {
        let mut tables = Tables::default();
        let mut fields = Fields::new(bytes);
        while let Some(field) = fields.next()? {
            match field.number {
                1 => tables.types.push(field.message("a type of values")?),
                4 => tables.add_location(field.message("a location")?),
                5 => {
                    let function: proto::Function = field.message("a function")?;
                    tables.functions.insert(function.id, function);
                }
                6 => tables.texts.push(field.bytes("a text")?),
                14 => match field.value {
                    Value::Number(number) => tables.default_type = number as i64,
                    Value::Bytes(_) => return Err(field.wrong("a number", field.value.shown())),
                },
                _ => {}
            }
        }
        Ok(tables)
    }

    fn add_location(&mut self, location: proto::Location) {
        let start = self.lines.len();
        for line in location.line {
            self.lines.push(line.function_id);
            if line.line > 0 {
                let smallest = self.smallest_line.entry(line.function_id).or_insert(line.line);
                *smallest = line.line.min(*smallest);
            }
        }
        self.locations
            .insert(location.id, (start..self.lines.len(), location.address));
    }

    /// A text by its number; nothing if there is none.
    fn text(&self, number: i64) -> &'a [u8] {
        usize::try_from(number)
            .ok()
            .and_then(|at| self.texts.get(at))
            .copied()
            .unwrap_or_default()
    }

    /// The place of the value to take, and what one of it stands for.
    fn value(&self) -> Option<(usize, Unit, i64)> {
        let last = self.types.len().checked_sub(1)?;
        let wanted = self.text(self.default_type);
        let named = |kind: &proto::ValueType| self.text(kind.r#type) == wanted;
        let place = match wanted {
            b"" => last,
            _ => self.types.iter().position(named).unwrap_or(last),
        };
        let (unit, factor) = match self.text(self.types[place].unit) {
            b"nanoseconds" | b"nanosecond" | b"ns" => (Unit::Nanoseconds, 1),
            b"microseconds" | b"microsecond" | b"us" => (Unit::Nanoseconds, 1_000),
            b"milliseconds" | b"millisecond" | b"ms" => (Unit::Nanoseconds, 1_000_000),
            b"seconds" | b"second" | b"s" => (Unit::Nanoseconds, 1_000_000_000),
            _ => (Unit::Samples, 1),
        };
        Some((place, unit, factor))
    }

    fn frame(&self, tree: &mut StackTree, function: u64, address: u64) -> Result<FrameId, stacks::Error> {
        let Some(function) = self.functions.get(&function) else {
            return tree.intern(Frame::label(format!("{address:#x}").as_bytes()));
        };
        let name = [function.name, function.system_name]
            .into_iter()
            .map(|name| self.text(name))
            .find(|name| !name.is_empty())
            .unwrap_or(b"?");
        let file = self.text(function.filename);
        if file.is_empty() {
            return tree.intern(Frame::label(name));
        }
        let seen = || self.smallest_line.get(&function.id).copied().unwrap_or(0);
        let line = match function.start_line {
            line if line > 0 => line,
            _ => seen(),
        };
        tree.intern(Frame {
            name,
            file,
            line,
            kind: FrameKind::Python,
        })
    }
}

/// Reads a profile, packed by gzip or not.
///
/// # Errors
/// Why the bytes are no profile; see [`Error::hint`].
pub fn read(bytes: &[u8]) -> Result<StackTree, Error> {
    let bytes = unpack(bytes)?;
    let tables = Tables::read(&bytes)?;
    let (place, unit, factor) = tables.value().ok_or(Error::NoStacks)?;
    let mut stacks = Stacks {
        tables: &tables,
        tree: StackTree::new(unit),
        frames: FxHashMap::default(),
        // A frame takes a byte of a sample, but for those that were inlined.
        frames_left: bytes.len() * 4 + 1_000_000,
    };
    let mut any = false;
    let mut fields = Fields::new(&bytes);
    while let Some(field) = fields.next()? {
        if field.number != 2 {
            continue;
        }
        any = true;
        let sample: proto::Sample = field.message("a sample")?;
        let Some(&value) = sample.value.get(place) else {
            return Err(field.wrong("a value for each type", format!("{} values", sample.value.len())));
        };
        let Ok(weight) = u64::try_from(value) else {
            return Err(field.wrong("a value that is not negative", value.to_string()));
        };
        let too_much = |source| Error::Stacks {
            offset: field.offset,
            source,
        };
        let weight = weight
            .checked_mul(factor as u64)
            .ok_or_else(|| too_much(stacks::Error::Overflow))?;
        if weight > 0 {
            stacks.add(&field, &sample.location_id, weight)?;
        }
    }
    if any {
        Ok(stacks.tree)
    } else {
        Err(Error::NoStacks)
    }
}

/// The tree while it grows.
struct Stacks<'a> {
    tables: &'a Tables<'a>,
    tree: StackTree,
    /// By function, and by address where there is none.
    frames: FxHashMap<(u64, u64), FrameId>,
    frames_left: usize,
}

impl Stacks<'_> {
    fn add(&mut self, field: &Field<'_>, locations: &[u64], weight: u64) -> Result<(), Error> {
        let too_much = |source| Error::Stacks {
            offset: field.offset,
            source,
        };
        let tables = self.tables;
        let mut node = NodeId::ROOT;
        for id in locations.iter().rev() {
            let Some((lines, address)) = tables.locations.get(id) else {
                return Err(field.wrong("a location of the file", format!("id {id}")));
            };
            let lines = match &tables.lines[lines.clone()] {
                [] => &[0][..],
                lines => lines,
            };
            self.frames_left = self
                .frames_left
                .checked_sub(lines.len())
                .ok_or_else(|| too_much(stacks::Error::TooLarge))?;
            for &function in lines.iter().rev() {
                let known = tables.functions.contains_key(&function);
                let key = if known { (function, 0) } else { (0, *address) };
                let frame = match self.frames.get(&key) {
                    Some(&frame) => frame,
                    None => {
                        let frame = tables
                            .frame(&mut self.tree, function, *address)
                            .map_err(too_much)?;
                        self.frames.insert(key, frame);
                        frame
                    }
                };
                node = self.tree.child(node, frame, Mark::Exact).map_err(too_much)?;
            }
        }
        self.tree.add_weight(node, weight).map_err(too_much)
    }
}

fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(LARGEST + 1)
        .read_to_end(&mut unpacked)
        .map_err(Error::Unpack)?;
    if unpacked.len() as u64 > LARGEST {
        return Err(Error::Unpacked);
    }
    Ok(Cow::Owned(unpacked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export;
    use crate::export::testing::{assert_same, listing, reconstructed, some_text_tree, some_tree};
    use proptest::prelude::*;

    fn packed(tree: &StackTree) -> Vec<u8> {
        let mut file = Vec::new();
        export::pprof::write(tree, "a title", &mut file).expect("a small tree");
        file
    }

    fn plain(tree: &StackTree) -> Vec<u8> {
        unpack(&packed(tree)).expect("our own file").into_owned()
    }

    #[test]
    fn a_dump_comes_back_as_it_went() {
        let tree = reconstructed(include_bytes!("../../fixtures/server.prof"));
        let again = read(&packed(&tree)).expect("our own file");
        assert_eq!(again.total(), tree.total());
        assert_eq!(again.unit(), Unit::Nanoseconds);
        assert_same(&again, &tree);
        assert_eq!(packed(&tree), packed(&tree.clone()));
    }

    /// A profile of two values: `samples` and `wall` in microseconds; `inner` was inlined into `outer`.
    fn two_values(default_sample_type: i64) -> Vec<u8> {
        let texts = [
            "",
            "samples",
            "count",
            "wall",
            "microseconds",
            "outer",
            "inner",
            "/a.py",
        ];
        let kind = |r#type, unit| proto::ValueType { r#type, unit };
        let function = |id, name, start_line| proto::Function {
            id,
            name,
            system_name: 0,
            filename: 7,
            start_line,
        };
        let line = |function_id, line| proto::Line { function_id, line };
        let location = |id, address, line| proto::Location { id, address, line };
        proto::Profile {
            sample_type: vec![kind(1, 2), kind(3, 4)],
            sample: vec![
                proto::Sample {
                    location_id: vec![2, 1],
                    value: vec![2, 30],
                },
                proto::Sample {
                    location_id: vec![3, 1],
                    value: vec![1, 5],
                },
            ],
            location: vec![
                location(1, 0, vec![line(2, 12), line(1, 9)]),
                location(2, 0, vec![line(2, 11)]),
                location(3, 0x10, vec![]),
            ],
            function: vec![function(1, 5, 3), function(2, 6, 0)],
            string_table: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
            default_sample_type,
            ..proto::Profile::default()
        }
        .encode_to_vec()
    }

    #[test]
    fn the_last_or_the_default_value_is_taken_and_inlined_lines_are_frames() {
        let check = |default, unit, weights: [u64; 2]| {
            let tree = read(&two_values(default)).expect("a profile");
            assert_eq!(tree.unit(), unit);
            let path = |last: &str| {
                ["outer /a.py:3", "inner /a.py:11", last]
                    .map(str::to_owned)
                    .to_vec()
            };
            let expected = [(path("0x10 "), weights[1]), (path("inner /a.py:11"), weights[0])];
            assert_eq!(listing(&tree), expected);
        };
        check(0, Unit::Nanoseconds, [30_000, 5_000]);
        check(3, Unit::Nanoseconds, [30_000, 5_000]);
        check(1, Unit::Samples, [2, 1]);
        check(5, Unit::Nanoseconds, [30_000, 5_000]);
    }

    fn check_error(bytes: &[u8], message: &str) {
        let error = read(bytes).expect_err("no profile");
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn errors_say_where_and_what() {
        check_error(b"", "the profile has no samples");
        check_error(b"\x0a\x05ab", "byte 0: the file ends inside a field");
        check_error(
            b"\x48\x01\x0b",
            "byte 2: expected a field of a known kind, found kind 3",
        );
        check_error(b"\x48\x01\x0a\0", "the profile has no samples");
        check_error(
            b"\x0a\0\x12\x02\x08\x01",
            "byte 2: expected a value for each type, found 0 values",
        );
        check_error(
            b"\x0a\0\x12\x04\x08\x01\x10\x01",
            "byte 2: expected a location of the file, found id 1",
        );
        assert!(read(b"\x1f\x8b\x08").expect_err("cut").hint().is_some());
    }

    #[test]
    fn a_bomb_of_inlined_lines_is_refused() {
        let mut bomb = proto::Profile {
            sample_type: vec![proto::ValueType::default()],
            ..proto::Profile::default()
        };
        bomb.location.push(proto::Location {
            id: 1,
            address: 0,
            line: vec![proto::Line::default(); 10_000],
        });
        bomb.sample.push(proto::Sample {
            location_id: vec![1; 10_000],
            value: vec![1],
        });
        let error = read(&bomb.encode_to_vec()).expect_err("100 million frames");
        assert!(matches!(error, Error::Stacks { .. }), "{error}");
    }

    #[test]
    fn every_cut_or_changed_byte_is_read_or_refused() {
        let tree = reconstructed(include_bytes!("../../fixtures/stacks/two_contexts.prof"));
        for file in [packed(&tree), plain(&tree), two_values(0)] {
            for at in 0..file.len() {
                let _ = read(&file[..at]);
                for flip in [1, 8, 128, 255] {
                    let mut changed = file.clone();
                    changed[at] ^= flip;
                    let _ = read(&changed);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(tree in some_text_tree()) {
            prop_assume!(tree.total() > 0);
            let again = read(&packed(&tree)).expect("our own file");
            prop_assert_eq!(listing(&again), listing(&tree));
        }

        #[test]
        fn the_total_is_kept_whatever_the_names(tree in some_tree()) {
            prop_assume!(tree.total() > 0);
            prop_assert_eq!(read(&packed(&tree)).expect("our own file").total(), tree.total());
        }

        #[test]
        fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
