//! Stacks to speedscope's JSON: one `sampled` profile with a sample for each path that has a weight, in
//! the order of the frames. (An `evented` one would show the same and fails where times do not nest.)
//!
//! Source: the schema `file-format-schema.json` that speedscope ships.

use super::frames::{self, JsonList, Numbered};
use crate::profile::stacks::{StackTree, Unit};
use serde::Serialize;
use std::io::{self, Write};

/// Where the schema stands; the format asks for it, nothing is loaded from there.
const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

#[derive(Serialize)]
struct FrameOut<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<i64>,
}

/// Writes the stacks under a title. Weights are nanoseconds, or have no unit if they count samples. A weight
/// without any frame gets the frame `?`.
///
/// ```
/// use prof::{export, format};
/// let tree = format::folded::read(&b"main;work 3\nmain 1\n"[..]).unwrap();
/// let mut json = Vec::new();
/// export::speedscope::write(&tree, "a run", &mut json).unwrap();
/// assert_eq!(format::speedscope::read(&json).unwrap().total(), 4);
/// ```
///
/// # Errors
/// Those of `out`; one of kind `Other` if the tree is full.
pub fn write(tree: &StackTree, title: &str, mut out: impl Write) -> io::Result<()> {
    let tree = &*frames::without_empty_path(tree)?;
    let numbered = Numbered::new(tree);
    let unit = match tree.unit() {
        Unit::Nanoseconds => "nanoseconds",
        Unit::Samples => "none",
    };
    let title = serde_json::to_string(title)?;
    write!(
        out,
        "{{\"$schema\":\"{SCHEMA}\",\"exporter\":\"prof\",\"name\":{title},\"activeProfileIndex\":0,\n\
         \"shared\":{{\"frames\":"
    )?;
    let mut list = JsonList::new(&mut out)?;
    for &frame in &numbered.frames {
        let frame = tree.frame(frame);
        list.push(&FrameOut {
            name: &frames::name(frame),
            file: frames::file(frame).as_deref(),
            line: frames::line(frame),
        })?;
    }
    list.end()?;
    write!(
        out,
        "}},\n\"profiles\":[{{\"type\":\"sampled\",\"name\":{title},\"unit\":\"{unit}\",\
         \"startValue\":0,\"endValue\":{},\n\"samples\":",
        tree.total()
    )?;
    let mut list = JsonList::new(&mut out)?;
    frames::for_each_weight(tree, &numbered, |_, path| list.push(&path))?;
    list.end()?;
    out.write_all(b",\n\"weights\":")?;
    let mut list = JsonList::new(&mut out)?;
    frames::for_each_weight(tree, &numbered, |node, _| list.push(&tree.own(node)))?;
    list.end()?;
    out.write_all(b"}]}\n")
}
