//! Stacks to JSON of our own, for scripts: everything that a [`StackTree`] knows.
//!
//! ```text
//! {
//!   "schema": "prof-stacks/1",
//!   "title": text,
//!   "unit": "nanoseconds" or "samples",
//!   "total": the sum of all `own`,
//!   "frames": [{"name": text, "file": text, "line": number, "kind": kind}, ...],
//!   "nodes": [{"frame": place, "parent": place or null, "own": number, "mark": mark}, ...]
//! }
//! ```
//!
//! `frame` and `parent` count from 0 in `frames` and `nodes`; parents stand before their children, and
//! children of one node in the order of their frames: by name, file, line, kind. `file` is empty and `line`
//! 0 where there is none. A kind is `python`, `builtin`, `label` (all that is known is the name) or
//! `synthetic` (not a function). A mark is `exact`, `estimate` (shared out among several possible paths),
//! `recursion` (own time of calls back into a function on the path) or `pruned` (what was left out there).
//! What is no Unicode is shown as U+FFFD, a weight without any frame gets the frame `?`. Later versions may
//! add keys; another meaning gets another number behind `prof-stacks/`.

use super::frames::{self, JsonList, Numbered};
use crate::profile::stacks::{FrameKind, StackTree};
use serde::Serialize;
use std::io::{self, Write};

/// What the key `schema` says.
pub const SCHEMA: &str = "prof-stacks/1";

#[derive(Serialize)]
struct FrameOut<'a> {
    name: &'a str,
    file: &'a str,
    line: i64,
    kind: &'static str,
}

#[derive(Serialize)]
struct NodeOut {
    frame: u32,
    parent: Option<u32>,
    own: u64,
    mark: &'static str,
}

fn kind(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Python => "python",
        FrameKind::Builtin => "builtin",
        FrameKind::Label => "label",
        FrameKind::Synthetic => "synthetic",
    }
}

/// Writes the stacks under a title.
///
/// ```
/// use prof::{export, format};
/// let tree = format::folded::read(&b"main 1\n"[..]).unwrap();
/// let mut json = Vec::new();
/// export::json::write(&tree, "a run", &mut json).unwrap();
/// let expected = r#"{"schema":"prof-stacks/1","title":"a run","unit":"samples","total":1,
/// "frames":[
/// {"name":"main","file":"","line":0,"kind":"label"}],
/// "nodes":[
/// {"frame":0,"parent":null,"own":1,"mark":"exact"}]}
/// "#;
/// assert_eq!(String::from_utf8(json).unwrap(), expected);
/// ```
///
/// # Errors
/// Those of `out`; one of kind `Other` if the tree is full.
pub fn write(tree: &StackTree, title: &str, mut out: impl Write) -> io::Result<()> {
    let tree = &*frames::without_empty_path(tree)?;
    let numbered = Numbered::new(tree);
    write!(
        out,
        "{{\"schema\":\"{SCHEMA}\",\"title\":{},\"unit\":\"{}\",\"total\":{},\n\"frames\":",
        serde_json::to_string(title)?,
        tree.unit(),
        tree.total()
    )?;
    let mut list = JsonList::new(&mut out)?;
    for &frame in &numbered.frames {
        let frame = tree.frame(frame);
        list.push(&FrameOut {
            name: &frames::utf8(frame.name),
            file: &frames::utf8(frame.file),
            line: frame.line,
            kind: kind(frame.kind),
        })?;
    }
    list.end()?;
    out.write_all(b",\n\"nodes\":")?;
    let mut list = JsonList::new(&mut out)?;
    // The places of the nodes on the current path.
    let mut path: Vec<u32> = Vec::new();
    for (place, visit) in (0..).zip(tree.walk()) {
        path.truncate(visit.depth);
        let frame = tree.frame_id(visit.node).expect("a walk leaves the root out");
        list.push(&NodeOut {
            frame: numbered.of(frame),
            parent: path.last().copied(),
            own: tree.own(visit.node),
            mark: frames::mark(tree.mark(visit.node)),
        })?;
        path.push(place);
    }
    list.end()?;
    out.write_all(b"}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::some_tree;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn weights_add_up_and_parents_come_first(tree in some_tree()) {
            let mut json = Vec::new();
            write(&tree, "\"\u{1}", &mut json).expect("a small tree");
            let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
            let nodes = json["nodes"].as_array().expect("a list");
            let total: u64 = nodes.iter().map(|node| node["own"].as_u64().expect("a weight")).sum();
            prop_assert_eq!(total, tree.total());
            prop_assert_eq!(json["total"].as_u64(), Some(tree.total()));
            for (at, node) in nodes.iter().enumerate() {
                prop_assert!(node["parent"].is_null() || node["parent"].as_u64() < Some(at as u64));
                prop_assert!(json["frames"].get(node["frame"].as_u64().expect("a place") as usize).is_some());
            }
        }
    }
}
