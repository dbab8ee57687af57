//! Draws the tree, widest piece first, until what is left is too narrow or too much.
//!
//! Only the widest piece of a frame that is not drawn yet waits in the queue, so that a function with
//! thousands of callees costs no more than is drawn of it.

use super::components::Components;
use super::graph::Graph;
use super::plan::{Items, Place, Planner, Target};
use super::{Error, Options};
use crate::profile::stacks::{Frame, FrameKind, Mark, NodeId, StackTree, Unit};
use crate::profile::{KeyId, Profile};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a node of the drawn tree shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shown {
    Function(u32),
    /// So many pieces that were left out.
    More(u32),
    /// The rest of a cycle of so many functions.
    Cycle(usize),
}

/// A node of the drawn tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Its place in the list; [`TOP`] for none. Parents come first.
    parent: u32,
    shown: Shown,
    own: f64,
    pub(super) mark: Mark,
}

const TOP: u32 = u32::MAX;

/// The tree before its weights are rounded.
#[derive(Default)]
pub(super) struct Drawn {
    pub(super) pieces: Vec<Piece>,
    pub(super) collapsed: usize,
}

/// A frame some of whose pieces are not drawn yet.
struct Waiting {
    /// The piece that the frame is; [`TOP`] for what is above all roots.
    node: u32,
    items: Items,
    /// Nanoseconds for each unit of weight.
    scale: f64,
    /// Where the frame stands; `None` above all roots.
    place: Option<Place>,
    /// Whether nothing above is shared out.
    sole: bool,
}

/// The widest piece of a frame that is waiting.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    /// The bits of its width: floats that are not negative compare as these do.
    width: u64,
    /// Of pieces that are equally wide the one of the older frame comes first, then the one that comes
    /// first there.
    number: Reverse<u64>,
    /// The frame's place in the list of all that wait.
    waiting: usize,
}

struct Unfolder<'g> {
    graph: &'g Graph,
    components: &'g Components,
    pots: &'g [f64],
    planner: Planner<'g>,
    waiting: Vec<Waiting>,
    queue: BinaryHeap<Next>,
    /// The next number for a piece.
    number: u64,
    narrowest: f64,
    drawn: Drawn,
}

/// Draws the tree.
pub(super) fn unfold(graph: &Graph, components: &Components, pots: &[f64], options: &Options) -> Drawn {
    let mut unfolder = Unfolder {
        graph,
        components,
        pots,
        planner: Planner::new(graph, components, pots, options.plan_work),
        waiting: Vec::new(),
        queue: BinaryHeap::new(),
        number: 0,
        narrowest: options.min_share * graph.total as f64,
        drawn: Drawn::default(),
    };
    let items = unfolder.planner.root_items();
    unfolder.wait(Waiting {
        node: TOP,
        items,
        scale: 1.0,
        place: None,
        sole: true,
    });
    // Places are 32 bits, and a pruned leaf may stand below each frame.
    let budget = options.budget.min(u32::MAX as usize / 2 - 1);
    let mut frames = 0;
    while let Some(next) = unfolder.queue.peek() {
        if frames < budget {
            frames += 1;
            let waiting = next.waiting;
            unfolder.draw(waiting);
        } else {
            unfolder.prune_queue();
        }
    }
    unfolder.drawn
}

impl Unfolder<'_> {
    /// Puts the pieces below a frame into the queue.
    fn wait(&mut self, waiting: Waiting) {
        let number = self.number;
        self.number += u64::from(waiting.items.end - waiting.items.next);
        self.waiting.push(waiting);
        if let Some(width) = self.width_of_next(self.waiting.len() - 1) {
            self.queue.push(Next {
                width: width.to_bits(),
                number: Reverse(number),
                waiting: self.waiting.len() - 1,
            });
        }
    }

    /// The width of the first piece that a frame waits to draw, if it is to be drawn; else all that are
    /// left are pruned.
    fn width_of_next(&mut self, waiting: usize) -> Option<f64> {
        let frame = &self.waiting[waiting];
        let width = self.planner.first(frame.items)?.weight * frame.scale;
        if width > 0.0 && width >= self.narrowest {
            return Some(width);
        }
        self.prune(waiting);
        None
    }

    /// One leaf for all pieces that are left below a frame.
    fn prune(&mut self, waiting: usize) {
        let Waiting {
            node, items, scale, ..
        } = self.waiting[waiting];
        let first = self.planner.first(items).expect("there is something to prune");
        self.drawn.pieces.push(Piece {
            parent: node,
            shown: Shown::More(items.end - items.next),
            own: first.rest * scale,
            mark: Mark::Pruned,
        });
    }

    fn prune_queue(&mut self) {
        let mut left: Vec<usize> = self.queue.drain().map(|next| next.waiting).collect();
        left.sort_unstable();
        left.into_iter().for_each(|waiting| self.prune(waiting));
    }

    /// Draws the first piece of the frame that stands first in the queue, whose next piece takes that
    /// place. What is below the new one goes into the queue.
    fn draw(&mut self, waiting: usize) {
        let frame = &mut self.waiting[waiting];
        let Waiting {
            node,
            items,
            scale,
            place,
            sole,
        } = *frame;
        frame.items.next += 1;
        match self.width_of_next(waiting) {
            Some(width) => {
                let mut next = self.queue.peek_mut().expect("it stands first");
                next.width = width.to_bits();
                next.number.0 += 1;
            }
            None => {
                self.queue.pop();
            }
        }
        let graph = self.graph;
        let item = self.planner.first(items).expect("it is to be drawn");
        match item.target {
            Target::Root(function) => {
                let root = graph.roots[function as usize].expect("only roots were put there");
                self.enter(node, function, (root.own, root.whole), 1.0, !root.is_shared);
            }
            Target::Entry(edge) => {
                let edge = edge as usize;
                let times = (graph.edge_own[edge], graph.edge_whole[edge]);
                self.enter(node, graph.callees[edge], times, scale, sole);
            }
            Target::Member(member) => {
                let place = place.expect("members stand below a member").below(member);
                self.member(node, member, place, scale);
            }
            Target::Top(function) => {
                let (place, scale) = self.planner.top(function).expect("its cycle has that plan");
                self.member(node, function, place, scale);
            }
            Target::Recursion(function) => {
                let own = item.weight * scale;
                self.push(node, Shown::Function(function), own, Mark::Recursion);
            }
        }
    }

    /// Draws a function that stands on a plan; what stands below it goes into the queue.
    fn member(&mut self, parent: u32, function: u32, place: Place, scale: f64) {
        let own = scale * self.planner.own(place);
        let node = self.push(parent, Shown::Function(function), own, Mark::Estimate);
        let items = self.planner.items(place);
        self.wait(Waiting {
            node,
            items,
            scale,
            place: Some(place),
            sole: false,
        });
    }

    /// Draws a function that is entered from another component; what stands below it goes into the queue.
    fn enter(&mut self, parent: u32, function: u32, (own, whole): (f64, f64), scale: f64, sole: bool) {
        let component = self.components.of[function as usize];
        let mark = if sole { Mark::Exact } else { Mark::Estimate };
        let node = self.push(parent, Shown::Function(function), scale * own, mark);
        let pot = self.pots[component as usize];
        if pot <= 0.0 || whole <= own {
            return;
        }
        match self.planner.enter(function) {
            Some(place) => {
                let entries = self.graph.incoming(function).len()
                    + usize::from(self.graph.roots[function as usize].is_some());
                let items = self.planner.items(place);
                self.wait(Waiting {
                    node,
                    items,
                    scale: scale * ((whole - own) / pot),
                    place: Some(place),
                    sole: sole && entries == 1 && !self.components.is_cyclic(component),
                });
            }
            None => {
                self.drawn.collapsed += 1;
                let functions = self.components.members(component).len();
                self.push(node, Shown::Cycle(functions), scale * (whole - own), Mark::Pruned);
            }
        }
    }

    fn push(&mut self, parent: u32, shown: Shown, own: f64, mark: Mark) -> u32 {
        self.drawn.pieces.push(Piece {
            parent,
            shown,
            own,
            mark,
        });
        self.drawn.pieces.len() as u32 - 1
    }
}

impl Drawn {
    /// The own weight of each piece.
    pub(super) fn weights(&self) -> Vec<f64> {
        self.pieces.iter().map(|piece| piece.own).collect()
    }

    /// For each piece its function, or one number for all that are none.
    pub(super) fn groups(&self, graph: &Graph) -> Vec<u32> {
        let group = |piece: &Piece| match piece.shown {
            Shown::Function(function) => function,
            Shown::More(_) | Shown::Cycle(_) => graph.len() as u32,
        };
        self.pieces.iter().map(group).collect()
    }

    /// The tree with these weights, without what has none.
    pub(super) fn tree(&self, profile: &Profile, graph: &Graph, weights: &[u64]) -> Result<StackTree, Error> {
        let mut widths = weights.to_vec();
        for (at, piece) in self.pieces.iter().enumerate().rev() {
            if piece.parent != TOP {
                widths[piece.parent as usize] += widths[at];
            }
        }
        let mut tree = StackTree::new(Unit::Nanoseconds);
        tree.reserve(self.pieces.len());
        let mut frames = vec![None; graph.len()];
        let mut more = FxHashMap::default();
        let mut nodes = vec![NodeId::ROOT; self.pieces.len()];
        for (at, piece) in self.pieces.iter().enumerate() {
            if widths[at] == 0 {
                continue;
            }
            let frame = match piece.shown {
                Shown::Function(function) => match frames[function as usize] {
                    Some(known) => known,
                    None => *frames[function as usize]
                        .insert(tree.intern(frame_of(profile, graph.keys[function as usize]))?),
                },
                Shown::More(count) => match more.get(&count) {
                    Some(&known) => known,
                    None => {
                        let name = format!("({count} more)");
                        let new = tree.intern(Frame::synthetic(name.as_bytes()))?;
                        *more.entry(count).or_insert(new)
                    }
                },
                Shown::Cycle(functions) => {
                    let name = format!("(recursive group, {functions} functions)");
                    tree.intern(Frame::synthetic(name.as_bytes()))?
                }
            };
            let parent = match piece.parent {
                TOP => NodeId::ROOT,
                parent => nodes[parent as usize],
            };
            nodes[at] = tree.child(parent, frame, piece.mark)?;
            tree.add_weight(nodes[at], weights[at])?;
        }
        Ok(tree)
    }
}

/// A function as a frame. The module `profile` and old Pythons write no file for C functions.
fn frame_of(profile: &Profile, key: KeyId) -> Frame<'_> {
    let builtin = profile.line(key) == 0 && matches!(profile.file(key), b"~" | b"");
    Frame {
        name: profile.name(key),
        file: profile.file(key),
        line: profile.line(key),
        kind: if builtin {
            FrameKind::Builtin
        } else {
            FrameKind::Python
        },
    }
}
