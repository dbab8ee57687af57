//! Weighted call paths: what sampled and folded files hold, and what the call edges of a cProfile dump
//! are turned into by [`attribution`](super::attribution).
//!
//! A [`StackTree`] is a list of nodes below one nameless root. What it keeps true: a parent stands before
//! its children, so that sums run over the list backwards and nothing ever recurses; two children of one
//! node differ in their frame; the weights of all nodes add up to [`StackTree::total`], which fits 64 bits,
//! so that no width overflows. What comes out in an order comes in that of the frames, never in hash
//! order and not in that of insertion.

use super::strings::{StrId, Strings};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher as _;

mod filter;
mod reverse;
#[cfg(test)]
pub(crate) mod testing;

pub use reverse::ReverseLimits;

/// Why a tree cannot be made or changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// More names, frames or nodes than are kept.
    #[error("the stacks have more names, frames or nodes than can be kept (4 GiB, 2^32 - 2)")]
    TooLarge,
    /// The weights leave 64 bits.
    #[error("the weights of the stacks add up to more than 2^64 - 1")]
    Overflow,
    /// Samples cannot be added to nanoseconds.
    #[error("stacks weighed in {theirs} cannot be added to stacks weighed in {ours}")]
    Units {
        /// The unit of the tree that was to grow.
        ours: Unit,
        /// The unit of the tree that was to be added.
        theirs: Unit,
    },
}

/// What a weight counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Nanoseconds,
    /// Looks at the running program; also anything else that a folded file counts without saying what.
    Samples,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unit::Nanoseconds => "nanoseconds",
            Unit::Samples => "samples",
        })
    }
}

/// What a frame stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// A function with a file and a line.
    Python,
    /// A C function, whose name says all.
    Builtin,
    /// Whatever a folded file calls it: the name is the whole label.
    Label,
    /// Not a function: a name for what was left out.
    Synthetic,
}

/// One function in a stack. Frames are ordered by name, then file, line and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame<'a> {
    /// The function's name.
    pub name: &'a [u8],
    /// Its file, empty where there is none.
    pub file: &'a [u8],
    /// Its first line, from 1; 0 where there is none.
    pub line: i64,
    /// What it is.
    pub kind: FrameKind,
}

impl<'a> Frame<'a> {
    /// A frame of a folded file.
    #[must_use]
    pub fn label(name: &'a [u8]) -> Frame<'a> {
        Frame {
            name,
            file: b"",
            line: 0,
            kind: FrameKind::Label,
        }
    }

    /// A name for what is no function.
    #[must_use]
    pub fn synthetic(name: &'a [u8]) -> Frame<'a> {
        Frame {
            kind: FrameKind::Synthetic,
            ..Frame::label(name)
        }
    }
}

/// How far the place and the width of a node can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It was measured, or follows from what was measured.
    Exact,
    /// It is shared out among several possible paths.
    Estimate,
    /// A leaf that holds the own time of calls back into a function that is already on the path.
    Recursion,
    /// A leaf that holds what was left out below its parent.
    Pruned,
}

impl Mark {
    /// What holds for a node that is made of two.
    fn join(self, other: Mark) -> Mark {
        if self == other { self } else { Mark::Estimate }
    }
}

/// A frame of one [`StackTree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(u32);

impl FrameId {
    /// The place of this frame among all frames of its tree, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node of one [`StackTree`]: a path of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The empty path, which has no frame.
    pub const ROOT: NodeId = NodeId(0);

    /// The place of this node in its tree; the root is at 0, parents come before children.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A frame with its texts as ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StoredFrame {
    name: StrId,
    file: StrId,
    line: i64,
    kind: FrameKind,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    own: u64,
    parent: u32,
    frame: u32,
    mark: Mark,
}

/// Stands for the frame of the root; also the first count that is too large.
const NONE: u32 = u32::MAX;

/// Weighted call paths, as a tree.
///
/// ```
/// use prof::profile::stacks::{Frame, StackTree, Unit};
///
/// let mut tree = StackTree::new(Unit::Samples);
/// let main = tree.intern(Frame::label(b"main")).unwrap();
/// let work = tree.intern(Frame::label(b"work")).unwrap();
/// tree.add_stack(&[main, work], 3).unwrap();
/// tree.add_stack(&[main], 1).unwrap();
/// assert_eq!(tree.total(), 4);
/// let widths = tree.widths();
/// let lines: Vec<_> = tree
///     .walk()
///     .map(|visit| (visit.depth, tree.frame_at(visit.node).unwrap().name, widths[visit.node.index()]))
///     .collect();
/// assert_eq!(lines, [(0, &b"main"[..], 4), (1, &b"work"[..], 3)]);
/// ```
#[derive(Clone, Debug)]
pub struct StackTree {
    unit: Unit,
    total: u64,
    strings: Strings,
    /// The empty name: labels have no file, and there are many of them.
    no_file: StrId,
    frames: Vec<StoredFrame>,
    frame_index: HashTable<u32>,
    nodes: Vec<Node>,
    /// From parent and frame to the node.
    child_index: HashTable<u32>,
}

impl StackTree {
    /// A tree without any stack.
    #[must_use]
    pub fn new(unit: Unit) -> StackTree {
        let mut strings = Strings::default();
        let no_file = strings.intern(b"").expect("the first name has room");
        StackTree {
            unit,
            total: 0,
            strings,
            no_file,
            frames: Vec::new(),
            frame_index: HashTable::new(),
            nodes: vec![Node {
                own: 0,
                parent: 0,
                frame: NONE,
                mark: Mark::Exact,
            }],
            child_index: HashTable::new(),
        }
    }

    /// Makes room for so many more nodes.
    pub fn reserve(&mut self, nodes: usize) {
        self.nodes.reserve(nodes);
        let nodes_here = &self.nodes;
        self.child_index.reserve(nodes, |&id| {
            hash_child(nodes_here[id as usize].parent, nodes_here[id as usize].frame)
        });
    }

    /// What the weights count.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Sets what [`StackTree::unit`] says, where the user knows better than the file.
    pub fn set_unit(&mut self, unit: Unit) {
        self.unit = unit;
    }

    /// The sum of all weights.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The number of nodes, without the root.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Is there no node but the root?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// All nodes but the root, parents before their children; otherwise in the order of insertion.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + Clone + use<> {
        (1..self.nodes.len() as u32).map(NodeId)
    }

    /// All frames in the order of insertion.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = FrameId> + Clone + use<> {
        (0..self.frames.len() as u32).map(FrameId)
    }

    /// What a frame is.
    #[must_use]
    pub fn frame(&self, frame: FrameId) -> Frame<'_> {
        let stored = self.frames[frame.index()];
        Frame {
            name: self.strings.get(stored.name),
            file: self.strings.get(stored.file),
            line: stored.line,
            kind: stored.kind,
        }
    }

    /// The frame that a path ends with; `None` for the root.
    #[must_use]
    pub fn frame_id(&self, node: NodeId) -> Option<FrameId> {
        let frame = self.nodes[node.index()].frame;
        (frame != NONE).then_some(FrameId(frame))
    }

    /// What the frame is that a path ends with; `None` for the root.
    #[must_use]
    pub fn frame_at(&self, node: NodeId) -> Option<Frame<'_>> {
        self.frame_id(node).map(|frame| self.frame(frame))
    }

    /// The path without its last frame; `None` for the root.
    #[must_use]
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        (node != NodeId::ROOT).then(|| NodeId(self.nodes[node.index()].parent))
    }

    /// The weight of a path itself, without the paths that go on from it.
    #[must_use]
    pub fn own(&self, node: NodeId) -> u64 {
        self.nodes[node.index()].own
    }

    /// How far a node can be trusted.
    #[must_use]
    pub fn mark(&self, node: NodeId) -> Mark {
        self.nodes[node.index()].mark
    }

    /// The frames of a path, outermost first.
    #[must_use]
    pub fn path(&self, node: NodeId) -> Vec<FrameId> {
        let mut path = Vec::new();
        let mut at = node;
        while let (Some(frame), Some(parent)) = (self.frame_id(at), self.parent(at)) {
            path.push(frame);
            at = parent;
        }
        path.reverse();
        path
    }

    /// The id of a frame, new or known.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn intern(&mut self, frame: Frame<'_>) -> Result<FrameId, Error> {
        let stored = StoredFrame {
            name: self.strings.intern(frame.name).ok_or(Error::TooLarge)?,
            file: match frame.file {
                b"" => self.no_file,
                file => self.strings.intern(file).ok_or(Error::TooLarge)?,
            },
            line: frame.line,
            kind: frame.kind,
        };
        let StackTree {
            frames, frame_index, ..
        } = self;
        if let Some(&id) = frame_index.find(hash_frame(stored), |&id| frames[id as usize] == stored) {
            return Ok(FrameId(id));
        }
        let id = next_id(frames.len())?;
        frames.push(stored);
        frame_index.insert_unique(hash_frame(stored), id, |&id| hash_frame(frames[id as usize]));
        Ok(FrameId(id))
    }

    /// The path that goes on from `parent` with `frame`, new or known. A known one keeps its mark if both
    /// agree, and is an estimate otherwise.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn child(&mut self, parent: NodeId, frame: FrameId, mark: Mark) -> Result<NodeId, Error> {
        let StackTree {
            nodes, child_index, ..
        } = self;
        let is_it = |&id: &u32| {
            let node = nodes[id as usize];
            (node.parent, node.frame) == (parent.0, frame.0)
        };
        if let Some(&id) = child_index.find(hash_child(parent.0, frame.0), is_it) {
            let known = &mut nodes[id as usize].mark;
            *known = known.join(mark);
            return Ok(NodeId(id));
        }
        let id = next_id(nodes.len())?;
        nodes.push(Node {
            own: 0,
            parent: parent.0,
            frame: frame.0,
            mark,
        });
        child_index.insert_unique(hash_child(parent.0, frame.0), id, |&id| {
            hash_child(nodes[id as usize].parent, nodes[id as usize].frame)
        });
        Ok(NodeId(id))
    }

    /// Adds to the weight of a path itself.
    ///
    /// # Errors
    /// [`Error::Overflow`]; nothing is changed then.
    pub fn add_weight(&mut self, node: NodeId, weight: u64) -> Result<(), Error> {
        self.total = self.total.checked_add(weight).ok_or(Error::Overflow)?;
        self.nodes[node.index()].own += weight;
        Ok(())
    }

    /// Adds a measured stack, outermost frame first.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::Overflow`].
    pub fn add_stack(&mut self, stack: &[FrameId], weight: u64) -> Result<NodeId, Error> {
        let mut node = NodeId::ROOT;
        for &frame in stack {
            node = self.child(node, frame, Mark::Exact)?;
        }
        self.add_weight(node, weight)?;
        Ok(node)
    }

    /// Gives the weight of the empty path, if it has any, to the path of one frame: most formats have no
    /// empty path.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn name_empty_path(&mut self, frame: Frame<'_>) -> Result<(), Error> {
        if self.own(NodeId::ROOT) > 0 {
            let frame = self.intern(frame)?;
            let node = self.child(NodeId::ROOT, frame, Mark::Exact)?;
            let weight = std::mem::take(&mut self.nodes[NodeId::ROOT.index()].own);
            self.nodes[node.index()].own += weight;
        }
        Ok(())
    }

    /// For each node, by [`NodeId::index`], its weight and that of all paths that go on from it.
    #[must_use]
    pub fn widths(&self) -> Vec<u64> {
        let mut widths: Vec<u64> = self.nodes.iter().map(|node| node.own).collect();
        for at in (1..widths.len()).rev() {
            widths[self.nodes[at].parent as usize] += widths[at];
        }
        widths
    }

    /// All nodes but the root: each before its children, children of one node in the order of their
    /// frames.
    #[must_use]
    pub fn walk(&self) -> Walk {
        // Two stable bucket sorts, by frame and then by parent, put the children of each node in order.
        let ranks = self.frame_ranks();
        let by_frame = bucket_sort(1..self.nodes.len() as u32, self.frames.len(), |at| {
            ranks[self.nodes[at as usize].frame as usize]
        });
        let parent = |at: u32| self.nodes[at as usize].parent;
        let children = bucket_sort(by_frame.order.into_iter(), self.nodes.len(), parent);
        let mut walk = Walk {
            children,
            todo: Vec::new(),
        };
        walk.push_children(0, 0);
        walk
    }

    /// For each frame its place when all are sorted.
    fn frame_ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..self.frames.len() as u32).collect();
        sorted.sort_unstable_by_key(|&frame| self.frame(FrameId(frame)));
        let mut ranks = vec![0; sorted.len()];
        for (rank, frame) in sorted.into_iter().enumerate() {
            ranks[frame as usize] = rank as u32;
        }
        ranks
    }

    /// Adds all stacks of another tree.
    ///
    /// # Errors
    /// [`Error::Units`], [`Error::Overflow`] or [`Error::TooLarge`]; after the last one this tree is partly
    /// changed and of no more use.
    pub fn merge(&mut self, other: &StackTree) -> Result<(), Error> {
        if self.unit != other.unit {
            return Err(Error::Units {
                ours: self.unit,
                theirs: other.unit,
            });
        }
        self.total.checked_add(other.total).ok_or(Error::Overflow)?;
        let frames: Vec<FrameId> = other
            .frames()
            .map(|frame| self.intern(other.frame(frame)))
            .collect::<Result<_, _>>()?;
        self.graft(other, &frames)
    }

    /// The same stacks with every frame replaced by `rename`; paths that become equal are added.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn rename<'a>(&'a self, mut rename: impl FnMut(FrameId) -> Frame<'a>) -> Result<StackTree, Error> {
        let mut new = StackTree::new(self.unit);
        let frames: Vec<FrameId> = self
            .frames()
            .map(|frame| new.intern(rename(frame)))
            .collect::<Result<_, _>>()?;
        new.graft(self, &frames)?;
        Ok(new)
    }

    /// Adds the nodes of another tree, whose frames are here `frames`.
    fn graft(&mut self, other: &StackTree, frames: &[FrameId]) -> Result<(), Error> {
        let mut here = Vec::with_capacity(other.nodes.len());
        here.push(NodeId::ROOT);
        self.add_weight(NodeId::ROOT, other.own(NodeId::ROOT))?;
        for node in &other.nodes[1..] {
            let parent = here[node.parent as usize];
            let to = self.child(parent, frames[node.frame as usize], node.mark)?;
            self.add_weight(to, node.own)?;
            here.push(to);
        }
        Ok(())
    }
}

/// A node on the way through a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The node.
    pub node: NodeId,
    /// The number of frames above it.
    pub depth: usize,
}

/// The way through a tree, see [`StackTree::walk`].
#[derive(Clone, Debug)]
pub struct Walk {
    children: Buckets,
    todo: Vec<(u32, u32)>,
}

impl Walk {
    fn push_children(&mut self, node: u32, depth: u32) {
        let children = self.children.get(node as usize);
        self.todo
            .extend(children.iter().rev().map(|&child| (child, depth)));
    }
}

impl Iterator for Walk {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let (node, depth) = self.todo.pop()?;
        self.push_children(node, depth + 1);
        Some(Visit {
            node: NodeId(node),
            depth: depth as usize,
        })
    }
}

/// Numbers in order of their bucket.
#[derive(Clone, Debug)]
struct Buckets {
    starts: Vec<u32>,
    order: Vec<u32>,
}

impl Buckets {
    fn get(&self, bucket: usize) -> &[u32] {
        &self.order[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
    }
}

/// Sorts by a small number, keeping the order of what is equal.
fn bucket_sort(
    items: impl Iterator<Item = u32> + Clone,
    buckets: usize,
    bucket: impl Fn(u32) -> u32,
) -> Buckets {
    let mut starts = vec![0u32; buckets + 1];
    for item in items.clone() {
        starts[bucket(item) as usize + 1] += 1;
    }
    for at in 0..buckets {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let mut order = vec![0; starts[buckets] as usize];
    for item in items {
        let place = &mut next[bucket(item) as usize];
        order[*place as usize] = item;
        *place += 1;
    }
    Buckets { starts, order }
}

fn next_id(count: usize) -> Result<u32, Error> {
    u32::try_from(count)
        .ok()
        .filter(|&id| id != NONE)
        .ok_or(Error::TooLarge)
}

fn hash_frame(frame: StoredFrame) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(u64::from(frame.file.0) << 32 | u64::from(frame.name.0));
    hasher.write_i64(frame.line);
    hasher.write_u8(frame.kind as u8);
    hasher.finish()
}

fn hash_child(parent: u32, frame: u32) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(u64::from(parent) << 32 | u64::from(frame));
    hasher.finish()
}
#[cfg(test)]
mod tests;
