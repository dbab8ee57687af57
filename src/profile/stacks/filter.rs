//! Parts of a tree.

use super::{Error, FrameId, NodeId, StackTree};
use hashbrown::HashTable;

impl StackTree {
    /// The tree with the own weights of only those nodes for which `keep` is true, and with the paths to them.
    ///
    /// # Errors
    /// None that the tree itself did not have: [`Error::TooLarge`], [`Error::Overflow`].
    pub fn filtered(&self, keep: impl Fn(NodeId) -> bool) -> Result<StackTree, Error> {
        let mut width = vec![0u64; self.len() + 1];
        for node in self.nodes().rev().chain([NodeId::ROOT]) {
            if keep(node) {
                width[node.index()] += self.own(node);
            }
            if let Some(parent) = self.parent(node) {
                width[parent.index()] += width[node.index()];
            }
        }
        let mut part = StackTree::new(self.unit());
        let mut place = vec![NodeId::ROOT; self.len() + 1];
        if keep(NodeId::ROOT) {
            part.add_weight(NodeId::ROOT, self.own(NodeId::ROOT))?;
        }
        for node in self.nodes() {
            let (Some(parent), Some(frame)) = (self.parent(node), self.frame_at(node)) else {
                continue;
            };
            if width[node.index()] == 0 {
                continue;
            }
            let frame = part.intern(frame)?;
            let new = part.child(place[parent.index()], frame, self.mark(node))?;
            place[node.index()] = new;
            if keep(node) {
                part.add_weight(new, self.own(node))?;
            }
        }
        Ok(part)
    }

    /// The tree without the paths narrower than `least`; what they weigh goes to the path they go on from, so that
    /// all other widths stay. Frames keep their ids. `widths` are those of [`StackTree::widths`].
    #[must_use]
    pub fn without_narrow(&self, widths: &[u64], least: f64) -> StackTree {
        let mut part = StackTree {
            nodes: vec![self.nodes[0]],
            child_index: HashTable::new(),
            unit: self.unit,
            total: self.total,
            strings: self.strings.clone(),
            no_file: self.no_file,
            frames: self.frames.clone(),
            frame_index: self.frame_index.clone(),
        };
        // For each node its place in `part`; for one that is left out that of the path above it.
        let mut places = vec![NodeId::ROOT; self.len() + 1];
        for node in self.nodes() {
            let (at, parent) = (self.nodes[node.index()], self.nodes[node.index()].parent);
            let above = places[parent as usize];
            places[node.index()] = if widths[node.index()] as f64 >= least {
                // Nothing new overflows: there are no more nodes and no more weight than here.
                let id = part
                    .child(above, FrameId(at.frame), at.mark)
                    .expect("no more nodes than in the whole");
                part.nodes[id.index()].own += at.own;
                id
            } else {
                part.nodes[above.index()].own += at.own;
                above
            };
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Unit};
    use super::*;

    #[test]
    fn only_what_is_kept_and_the_way_to_it_stays() {
        let mut tree = StackTree::new(Unit::Samples);
        let [a, b, c] = [b"a", b"b", b"c"].map(|name| tree.intern(Frame::label(name)).expect("a small tree"));
        for (stack, weight) in [(&[a][..], 1), (&[a, b], 2), (&[a, c], 4), (&[c], 8)] {
            tree.add_stack(stack, weight).expect("a small tree");
        }
        let part = tree
            .filtered(|node| tree.frame_id(node) == Some(b))
            .expect("a small tree");
        assert_eq!((part.total(), part.len()), (2, 2));
        let rest = tree
            .filtered(|node| tree.frame_id(node) != Some(b))
            .expect("a small tree");
        assert_eq!((rest.total(), rest.len()), (13, 3));
    }

    #[test]
    fn what_is_narrow_weighs_on_the_path_above() {
        let mut tree = StackTree::new(Unit::Samples);
        let [a, b, c] = [b"a", b"b", b"c"].map(|name| tree.intern(Frame::label(name)).expect("a small tree"));
        for (stack, weight) in [
            (&[a][..], 1),
            (&[a, b, c], 2),
            (&[a, b, a], 1),
            (&[a, c], 4),
            (&[b, b], 2),
        ] {
            tree.add_stack(stack, weight).expect("a small tree");
        }
        let part = tree.without_narrow(&tree.widths(), 3.0);
        let shown: Vec<_> = part
            .nodes()
            .map(|node| (part.path(node), part.own(node), part.widths()[node.index()]))
            .collect();
        assert_eq!(shown, [(vec![a], 1, 8), (vec![a, b], 3, 3), (vec![a, c], 4, 4)]);
        assert_eq!((part.own(NodeId::ROOT), part.total()), (2, 10));
    }
}
