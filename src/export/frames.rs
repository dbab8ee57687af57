//! What the writers of stacks share: frames as text, numbered in the order in which they are met.

use crate::profile::stacks::{Frame, FrameId, FrameKind, Mark, NodeId, StackTree};
use crate::python::text::{self, Piece};
use std::borrow::Cow;
use std::io;

/// Text for formats that are UTF-8: U+FFFD stands for what is none.
pub(super) fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => text::pieces(bytes)
            .map(|piece| match piece {
                Piece::Char(c) => c,
                Piece::Surrogate(_) | Piece::Byte(_) => char::REPLACEMENT_CHARACTER,
            })
            .collect(),
    }
}

/// The name of a frame; `?` if it is empty, since many tools take that for a frame they know nothing of.
pub(super) fn name(frame: Frame<'_>) -> Cow<'_, str> {
    if frame.name.is_empty() {
        Cow::Borrowed("?")
    } else {
        utf8(frame.name)
    }
}

/// The file of a frame, if it has one that means something.
pub(super) fn file(frame: Frame<'_>) -> Option<Cow<'_, str>> {
    (frame.kind == FrameKind::Python && !frame.file.is_empty()).then(|| utf8(frame.file))
}

/// The line of a frame in its [`file`].
pub(super) fn line(frame: Frame<'_>) -> Option<i64> {
    (file(frame).is_some() && frame.line > 0).then_some(frame.line)
}

/// One word for a mark.
pub(super) fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Exact => "exact",
        Mark::Estimate => "estimate",
        Mark::Recursion => "recursion",
        Mark::Pruned => "pruned",
    }
}

/// The tree without a weight on the empty path, which goes to a frame `?` as in folded stacks.
pub(super) fn without_empty_path(tree: &StackTree) -> io::Result<Cow<'_, StackTree>> {
    if tree.own(NodeId::ROOT) == 0 {
        return Ok(Cow::Borrowed(tree));
    }
    let mut tree = tree.clone();
    tree.name_empty_path(Frame::label(b"?"))
        .map_err(io::Error::other)?;
    Ok(Cow::Owned(tree))
}

/// Frames numbered from 0 in the order in which a walk meets them, so that the order in which a tree was
/// built does not show.
pub(super) struct Numbered {
    /// The frames that are met.
    pub(super) frames: Vec<FrameId>,
    number: Vec<u32>,
}

impl Numbered {
    pub(super) fn new(tree: &StackTree) -> Numbered {
        let mut frames = Vec::new();
        let mut number = vec![u32::MAX; tree.frames().len()];
        for visit in tree.walk() {
            if let Some(frame) = tree.frame_id(visit.node)
                && number[frame.index()] == u32::MAX
            {
                number[frame.index()] = frames.len() as u32;
                frames.push(frame);
            }
        }
        Numbered { frames, number }
    }

    /// The number of a frame that some node of the tree has.
    pub(super) fn of(&self, frame: FrameId) -> u32 {
        self.number[frame.index()]
    }
}

/// Calls `each` with every path that has a weight of its own: its node, and the numbers of its frames from
/// the outermost on.
pub(super) fn for_each_weight(
    tree: &StackTree,
    numbered: &Numbered,
    mut each: impl FnMut(NodeId, &[u32]) -> io::Result<()>,
) -> io::Result<()> {
    let mut path = Vec::new();
    for visit in tree.walk() {
        path.truncate(visit.depth);
        let frame = tree.frame_id(visit.node).expect("a walk leaves the root out");
        path.push(numbered.of(frame));
        if tree.own(visit.node) > 0 {
            each(visit.node, &path)?;
        }
    }
    Ok(())
}

/// A list in JSON, written item by item, one on a line.
pub(super) struct JsonList<W> {
    out: W,
    any: bool,
}

impl<W: io::Write> JsonList<W> {
    /// Opens the list.
    pub(super) fn new(mut out: W) -> io::Result<JsonList<W>> {
        out.write_all(b"[")?;
        Ok(JsonList { out, any: false })
    }

    pub(super) fn push(&mut self, item: &impl serde::Serialize) -> io::Result<()> {
        self.out.write_all(if std::mem::replace(&mut self.any, true) {
            b",\n"
        } else {
            b"\n"
        })?;
        serde_json::to_writer(&mut self.out, item).map_err(io::Error::from)
    }

    /// Closes the list.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.out.write_all(b"]")
    }
}

/// All nodes in walking order, each with its start and width when they are laid out one after the other:
/// children from their parent's start on, the parent's own weight after them.
pub(super) fn layout(tree: &StackTree) -> impl Iterator<Item = (NodeId, u64, u64)> {
    let widths = tree.widths();
    // Where the next child starts, for the root and each node on the path.
    let mut next = vec![0];
    tree.walk().map(move |visit| {
        next.truncate(visit.depth + 1);
        let start = next[visit.depth];
        let width = widths[visit.node.index()];
        next[visit.depth] += width;
        next.push(start);
        (visit.node, start, width)
    })
}
