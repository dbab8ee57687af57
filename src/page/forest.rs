//! The stacks of one or two profiles as one tree, in the order in which the page draws them.

use crate::profile::stacks::{Mark, StackTree};
use rustc_hash::FxHashMap;

/// Paths of a page. More would take a browser longer to load than people wait.
pub(super) const MOST_NODES: usize = 200_000;

/// One path, in walking order: parents before children, wide ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Frames above it.
    pub(super) depth: u32,
    /// The number of its function.
    pub(super) function: u32,
    pub(super) mark: Mark,
    /// Weights of its own, before and after; of one profile only the second is used.
    pub(super) own: [u64; 2],
}

/// One profile's stacks, and for each frame the number of its function.
pub(super) struct Side<'a> {
    pub(super) tree: &'a StackTree,
    pub(super) function_of: Vec<u32>,
    /// 0 for before, 1 for after.
    pub(super) place: usize,
}

#[derive(Clone, Copy)]
struct Grown {
    parent: u32,
    node: Node,
}

/// Nodes without the root, and the width below which paths were left out (0 if none were).
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) nodes: Vec<Node>,
    pub(super) cut: u64,
}

/// Puts the sides together, whose empty paths have no weight (see [`StackTree::name_empty_path`]). What is narrower than fits in `most` nodes is summed up in leaves of the function `more`.
pub(super) fn plant(sides: &[Side<'_>], more: u32, most: usize) -> Forest {
    let mut grown: Vec<Grown> = vec![Grown {
        parent: 0,
        node: Node {
            depth: 0,
            function: more,
            mark: Mark::Exact,
            own: [0; 2],
        },
    }];
    let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    for side in sides {
        let mut here = vec![0u32; side.tree.len() + 1];
        for node in side.tree.nodes() {
            let (Some(frame), Some(parent)) = (side.tree.frame_id(node), side.tree.parent(node)) else {
                continue;
            };
            let (parent, function) = (here[parent.index()], side.function_of[frame.index()]);
            let next = grown.len() as u32;
            let at = *known.entry((parent, function)).or_insert(next);
            if at == next {
                grown.push(Grown {
                    parent,
                    node: Node {
                        depth: grown[parent as usize].node.depth + u32::from(parent != 0),
                        function,
                        mark: side.tree.mark(node),
                        own: [0; 2],
                    },
                });
            } else if grown[at as usize].node.mark != side.tree.mark(node) {
                grown[at as usize].node.mark = Mark::Estimate;
            }
            grown[at as usize].node.own[side.place] += side.tree.own(node);
            here[node.index()] = at;
        }
    }
    let widths = widths(&grown);
    let cut = cut(&widths, most);
    let nodes = walk(&grown, &widths, cut, more);
    Forest { nodes, cut }
}

fn widths(grown: &[Grown]) -> Vec<[u64; 2]> {
    let mut widths: Vec<[u64; 2]> = grown.iter().map(|grown| grown.node.own).collect();
    for at in (1..grown.len()).rev() {
        let [before, after] = widths[at];
        let parent = &mut widths[grown[at].parent as usize];
        *parent = [parent[0] + before, parent[1] + after];
    }
    widths
}

fn widest(width: [u64; 2]) -> u64 {
    width[0].max(width[1])
}

/// The width below which nodes go so that no more than `most` stay.
fn cut(widths: &[[u64; 2]], most: usize) -> u64 {
    if widths.len() <= most + 1 {
        return 0;
    }
    let mut all: Vec<u64> = widths.iter().map(|&width| widest(width)).collect();
    let (_, &mut narrowest_kept, _) = all.select_nth_unstable_by(most, |a, b| b.cmp(a));
    narrowest_kept + 1
}

/// What a walk does next.
enum Step {
    /// Goes into a node.
    Into(u32),
    /// Adds what was left out below a node.
    Rest(Node),
}

fn walk(grown: &[Grown], widths: &[[u64; 2]], cut: u64, more: u32) -> Vec<Node> {
    // Children by parent, in the order of insertion.
    let mut starts = vec![0u32; grown.len() + 1];
    for child in &grown[1..] {
        starts[child.parent as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut next = starts.clone();
    let mut children = vec![0u32; grown.len() - 1];
    for (at, child) in grown.iter().enumerate().skip(1) {
        let place = &mut next[child.parent as usize];
        children[*place as usize] = at as u32;
        *place += 1;
    }
    let mut nodes = Vec::with_capacity(grown.len() - 1);
    let mut stack = vec![Step::Into(0)];
    while let Some(step) = stack.pop() {
        let at = match step {
            Step::Into(at) => at,
            Step::Rest(node) => {
                nodes.push(node);
                continue;
            }
        };
        let of_parent = &mut children[starts[at as usize] as usize..starts[at as usize + 1] as usize];
        // What was left out stands last, whatever it sums up to; equally wide ones in the order of functions.
        of_parent.sort_unstable_by_key(|&child| {
            let node = grown[child as usize].node;
            let width = widest(widths[child as usize]);
            (node.mark == Mark::Pruned, std::cmp::Reverse(width), node.function)
        });
        if at != 0 {
            nodes.push(grown[at as usize].node);
        }
        let stays = |child: u32| {
            cut == 0
                || grown[child as usize].node.mark != Mark::Pruned && widest(widths[child as usize]) >= cut
        };
        let (kept, rest) = of_parent.split_at(of_parent.partition_point(|&child| stays(child)));
        let sum = |side: usize| rest.iter().map(|&child| widths[child as usize][side]).sum();
        let own: [u64; 2] = [sum(0), sum(1)];
        if own != [0; 2] {
            stack.push(Step::Rest(Node {
                depth: grown[at as usize].node.depth + u32::from(at != 0),
                function: more,
                mark: Mark::Pruned,
                own,
            }));
        }
        stack.extend(kept.iter().rev().map(|&child| Step::Into(child)));
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::{Frame, Unit};

    fn tree(stacks: &[(&str, u64)]) -> StackTree {
        let mut tree = StackTree::new(Unit::Samples);
        for (stack, weight) in stacks {
            let frames: Vec<_> = stack
                .bytes()
                .map(|name| tree.intern(Frame::label(&[name])).expect("a small tree"))
                .collect();
            tree.add_stack(&frames, *weight).expect("a small tree");
        }
        tree
    }

    /// Functions are numbered by their letter.
    fn side(tree: &StackTree, place: usize) -> Side<'_> {
        let number = |frame| u32::from(tree.frame(frame).name[0] - b'a');
        Side {
            tree,
            function_of: tree.frames().map(number).collect(),
            place,
        }
    }

    fn shown(forest: &Forest) -> Vec<String> {
        let line = |node: &Node| {
            let name = char::from(b'a' + node.function as u8);
            format!(
                "{}{name} {} {}",
                " ".repeat(node.depth as usize),
                node.own[0],
                node.own[1]
            )
        };
        forest.nodes.iter().map(line).collect()
    }

    #[test]
    fn wide_paths_come_first() {
        let tree = tree(&[("ab", 1), ("ac", 5), ("d", 9), ("a", 2)]);
        let forest = plant(&[side(&tree, 1)], 25, 100);
        assert_eq!(shown(&forest), ["d 0 9", "a 0 2", " c 0 5", " b 0 1"]);
    }

    #[test]
    fn two_sides_share_their_paths() {
        let (before, after) = (tree(&[("ab", 4), ("c", 1)]), tree(&[("ab", 3), ("ad", 2)]));
        let forest = plant(&[side(&after, 1), side(&before, 0)], 25, 100);
        assert_eq!(shown(&forest), ["a 0 0", " b 4 3", " d 0 2", "c 1 0"]);
    }

    #[test]
    fn what_does_not_fit_is_summed_up() {
        let tree = tree(&[("ab", 10), ("acd", 3), ("ae", 2), ("f", 20), ("g", 1)]);
        let forest = plant(&[side(&tree, 1)], 25, 4);
        // Kept: f 20, a 15, b 10; c and d are both 3 wide and one too many, so both go.
        assert_eq!(shown(&forest), ["f 0 20", "a 0 0", " b 0 10", " z 0 5", "z 0 1"]);
        let total: u64 = forest.nodes.iter().map(|node| node.own[1]).sum();
        assert_eq!(total, tree.total());
        assert_eq!(forest.cut, 4);
    }

    #[test]
    fn a_deep_path_costs_no_stack() {
        let mut deep = StackTree::new(Unit::Samples);
        let f = deep.intern(Frame::label(b"a")).expect("a small tree");
        deep.add_stack(&vec![f; 150_000], 1).expect("a small tree");
        let forest = plant(&[side(&deep, 1)], 25, MOST_NODES);
        assert_eq!(forest.nodes.len(), 150_000);
        assert_eq!(forest.nodes[149_999].depth, 149_999);
    }
}
