//! Parts of a tree.

use super::{Error, NodeId, StackTree};

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
}
