//! The tree the other way round: leaves at the top, their callers below them.
//!
//! Turning a deep tree round can take the square of its size (each node of a chain of 100,000 may be the
//! end of a path), so it is done widest first, within limits, and what is over goes to named leaves.

use super::{Error, Frame, FrameId, Mark, NodeId, StackTree};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// How much of a reversed tree is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReverseLimits {
    /// What weighs less than this goes to the leaf `(N more)` of its parent.
    pub min_width: u64,
    /// The number of frames, after which the same happens to what is left. A leaf may stand below each.
    pub frames: usize,
    /// The number of steps from a path to its caller, after which the same happens.
    pub steps: usize,
}

impl Default for ReverseLimits {
    /// Everything, up to two million frames and 64 million steps (about two seconds).
    fn default() -> ReverseLimits {
        ReverseLimits {
            min_width: 0,
            frames: 2_000_000,
            steps: 64_000_000,
        }
    }
}

/// The end of a path, on its way to the root.
#[derive(Clone, Copy)]
struct Cursor {
    at: NodeId,
    exact: bool,
    weight: u64,
}

/// Paths that are equal as far as they have been followed and whose next frame is equal too.
struct Piece {
    width: u64,
    number: u64,
    parent: NodeId,
    frame: FrameId,
    cursors: Vec<Cursor>,
}

impl Piece {
    fn order(&self) -> (u64, Reverse<u64>) {
        (self.width, Reverse(self.number))
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Piece) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Piece {}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Piece) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Piece {
    fn cmp(&self, other: &Piece) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl StackTree {
    /// The callers of the leaves: each path turned round, with its weight. Leaves that stand for what was
    /// left out become one frame `(other)`.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn reversed(&self, limits: ReverseLimits) -> Result<StackTree, Error> {
        let mut new = StackTree::new(self.unit);
        let mut frames: Vec<FrameId> = self
            .frames()
            .map(|frame| new.intern(self.frame(frame)))
            .collect::<Result<_, _>>()?;
        frames.push(new.intern(Frame::synthetic(b"(other)"))?);
        let ranks = new.frame_ranks();
        let frame_of = |cursor: &Cursor| {
            let other = self.frames.len();
            let known = self.frame_id(cursor.at).map_or(other, FrameId::index);
            frames[if self.mark(cursor.at) == Mark::Pruned {
                other
            } else {
                known
            }]
        };

        let mut queue = BinaryHeap::new();
        let mut numbers = 0..;
        let mut divide = |queue: &mut BinaryHeap<Piece>, parent: NodeId, mut cursors: Vec<Cursor>| {
            cursors.sort_unstable_by_key(|cursor| (ranks[frame_of(cursor).index()], cursor.at));
            for group in cursors.chunk_by(|a, b| frame_of(a) == frame_of(b)) {
                queue.push(Piece {
                    width: group.iter().map(|cursor| cursor.weight).sum(),
                    number: numbers.next().expect("fewer than 2^64 pieces"),
                    parent,
                    frame: frame_of(&group[0]),
                    cursors: group.to_vec(),
                });
            }
        };
        let ends = self.nodes().filter(|&node| self.own(node) > 0).map(|at| Cursor {
            at,
            exact: self.mark(at) == Mark::Exact,
            weight: self.own(at),
        });
        divide(&mut queue, NodeId::ROOT, ends.collect());
        new.add_weight(NodeId::ROOT, self.own(NodeId::ROOT))?;

        let mut steps = 0usize;
        let mut left_out: Vec<(NodeId, u64)> = Vec::new();
        while let Some(piece) = queue.pop() {
            if piece.width < limits.min_width || new.len() >= limits.frames || steps >= limits.steps {
                left_out.push((piece.parent, piece.width));
                continue;
            }
            steps = steps.saturating_add(piece.cursors.len());
            let exact = piece.cursors.iter().all(|cursor| cursor.exact);
            let mark = if exact { Mark::Exact } else { Mark::Estimate };
            let node = new.child(piece.parent, piece.frame, mark)?;
            let mut onward = Vec::new();
            for cursor in piece.cursors {
                match self.parent(cursor.at) {
                    Some(at) if at != NodeId::ROOT => onward.push(Cursor { at, ..cursor }),
                    _ => new.add_weight(node, cursor.weight)?,
                }
            }
            divide(&mut queue, node, onward);
        }

        left_out.sort_unstable();
        for group in left_out.chunk_by(|a, b| a.0 == b.0) {
            let name = format!("({} more)", group.len());
            let frame = new.intern(Frame::synthetic(name.as_bytes()))?;
            let leaf = new.child(group[0].0, frame, Mark::Pruned)?;
            new.add_weight(leaf, group.iter().map(|left| left.1).sum())?;
        }
        Ok(new)
    }
}
