//! Stacks to the files of pprof (`profile.proto` packed by gzip), for `go tool pprof` and what else reads
//! them.
//!
//! The file holds one kind of value, `cpu` in nanoseconds or `samples`; a sample for each path that has a
//! weight, in the order of the frames; and for each frame a function with one location. Neither the file
//! nor its wrapping says when it was made, so that equal profiles give equal bytes.

use super::frames::{self, Numbered};
use crate::format::proto;
use crate::profile::stacks::{StackTree, Unit};
use flate2::{Compression, GzBuilder};
use hashbrown::HashMap;
use prost::Message as _;
use std::io::{self, Write};

/// The texts of the file, each once, numbered as they are met.
struct Texts {
    numbers: HashMap<String, i64, rustc_hash::FxBuildHasher>,
    all: Vec<Vec<u8>>,
}

impl Texts {
    fn new() -> Texts {
        let mut texts = Texts {
            numbers: HashMap::default(),
            all: Vec::new(),
        };
        texts.of("");
        texts
    }

    fn of(&mut self, text: &str) -> i64 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.all.len() as i64;
        self.all.push(text.as_bytes().to_vec());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Writes the stacks, packed; the title becomes the comment that `go tool pprof -comments` shows. A weight
/// without any frame gets the frame `?`.
///
/// ```
/// use prof::{export, format};
/// let tree = format::folded::read(&b"main;work 3\nmain 1\n"[..]).unwrap();
/// let mut file = Vec::new();
/// export::pprof::write(&tree, "a run", &mut file).unwrap();
/// assert_eq!(format::pprof::read(&file).unwrap().total(), 4);
/// ```
///
/// # Errors
/// Those of `out`; one of kind `InvalidInput` for weights of 2^63 and more, which the format does not hold;
/// one of kind `Other` if the tree is full.
pub fn write(tree: &StackTree, title: &str, out: impl Write) -> io::Result<()> {
    let tree = &*frames::without_empty_path(tree)?;
    let total = i64::try_from(tree.total()).map_err(|_| {
        let message = format!("pprof's files hold weights below 2^63, here are {}", tree.total());
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })?;
    let numbered = Numbered::new(tree);
    let mut texts = Texts::new();
    let value_type = match tree.unit() {
        Unit::Nanoseconds => proto::ValueType {
            r#type: texts.of("cpu"),
            unit: texts.of("nanoseconds"),
        },
        Unit::Samples => proto::ValueType {
            r#type: texts.of("samples"),
            unit: texts.of("count"),
        },
    };
    let head = proto::Profile {
        sample_type: vec![value_type],
        duration_nanos: match tree.unit() {
            Unit::Nanoseconds => total,
            Unit::Samples => 0,
        },
        period_type: Some(value_type),
        period: 1,
        comment: if title.is_empty() {
            Vec::new()
        } else {
            vec![texts.of(title)]
        },
        ..proto::Profile::default()
    };
    // Small fields one by one would each be a call into the packer.
    let packed = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(out, Compression::default());
    let mut out = io::BufWriter::new(packed);
    let mut buffer = Vec::new();
    let mut put = |part: &proto::Profile| {
        buffer.clear();
        part.encode(&mut buffer).expect("a Vec grows");
        out.write_all(&buffer)
    };
    put(&head)?;
    let mut part = proto::Profile::default();
    part.sample.push(proto::Sample::default());
    frames::for_each_weight(tree, &numbered, |node, path| {
        let sample = &mut part.sample[0];
        sample.location_id.clear();
        sample
            .location_id
            .extend(path.iter().rev().map(|&frame| u64::from(frame) + 1));
        sample.value.clear();
        sample.value.push(tree.own(node) as i64);
        put(&part)
    })?;
    for (id, &frame) in (1..).zip(&numbered.frames) {
        let frame = tree.frame(frame);
        let line = frames::line(frame).unwrap_or(0);
        let function = proto::Function {
            id,
            name: texts.of(&frames::name(frame)),
            system_name: 0,
            filename: texts.of(&frames::file(frame).unwrap_or_default()),
            start_line: line,
        };
        let location = proto::Location {
            id,
            address: 0,
            line: vec![proto::Line {
                function_id: id,
                line,
            }],
        };
        put(&proto::Profile {
            location: vec![location],
            function: vec![function],
            ..proto::Profile::default()
        })?;
    }
    put(&proto::Profile {
        string_table: texts.all,
        ..proto::Profile::default()
    })?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .finish()?;
    Ok(())
}
