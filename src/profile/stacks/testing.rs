//! Trees for tests.

use super::{Frame, StackTree, Unit};

/// Stacks as folded text has them, frames between `;`, each with its weight; `""` is the one without frames.
pub(crate) fn tree(unit: Unit, stacks: &[(&str, u64)]) -> StackTree {
    let mut tree = StackTree::new(unit);
    for &(stack, weight) in stacks {
        let frames: Vec<_> = stack
            .split_terminator(';')
            .map(|name| tree.intern(Frame::label(name.as_bytes())).expect("a small tree"))
            .collect();
        tree.add_stack(&frames, weight).expect("small weights");
    }
    tree
}
