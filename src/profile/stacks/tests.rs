use super::*;
use proptest::prelude::*;

/// Stacks as text: frames are single letters, outermost first.
fn tree(stacks: &[(&str, u64)]) -> StackTree {
    let mut tree = StackTree::new(Unit::Samples);
    for (stack, weight) in stacks {
        let frames: Vec<FrameId> = stack
            .as_bytes()
            .chunks(1)
            .map(|name| tree.intern(Frame::label(name)).expect("a small tree"))
            .collect();
        tree.add_stack(&frames, *weight).expect("small weights");
    }
    tree
}

/// What a tree holds, independent of the order in which it was made.
fn stacks(tree: &StackTree) -> Vec<(String, u64)> {
    let mut path = Vec::new();
    let mut stacks = Vec::new();
    for Visit { node, depth } in tree.walk() {
        path.truncate(depth);
        let name = tree.frame_at(node).expect("not the root").name;
        path.push(String::from_utf8_lossy(name));
        if tree.own(node) > 0 {
            stacks.push((path.concat(), tree.own(node)));
        }
    }
    if tree.own(NodeId::ROOT) > 0 {
        stacks.push((String::new(), tree.own(NodeId::ROOT)));
    }
    stacks
}

fn sorted(list: &[(&str, u64)]) -> Vec<(String, u64)> {
    let mut sums = std::collections::BTreeMap::new();
    for &(stack, weight) in list {
        *sums.entry(stack.to_string()).or_insert(0) += weight;
    }
    sums.retain(|_, weight| *weight > 0);
    sums.into_iter().collect()
}

#[test]
fn equal_paths_are_one_node() {
    let tree = tree(&[("mb", 2), ("ma", 1), ("mb", 3), ("m", 4), ("maa", 5)]);
    assert_eq!(tree.len(), 4);
    assert_eq!(tree.total(), 15);
    assert_eq!(
        stacks(&tree),
        sorted(&[("m", 4), ("ma", 1), ("maa", 5), ("mb", 5)])
    );
    let widths = tree.widths();
    let by_walk: Vec<u64> = tree.walk().map(|visit| widths[visit.node.index()]).collect();
    assert_eq!(by_walk, [15, 6, 5, 5]);
    let deepest = tree.nodes().last().expect("there are nodes");
    assert_eq!(tree.path(deepest).len(), 3);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut full = tree(&[("a", u64::MAX)]);
    assert_eq!(full.add_weight(NodeId::ROOT, 1), Err(Error::Overflow));
    assert_eq!(full.merge(&tree(&[("b", 1)])), Err(Error::Overflow));
    assert_eq!(stacks(&full), [("a".to_string(), u64::MAX)]);
    let units = tree(&[]).merge(&StackTree::new(Unit::Nanoseconds));
    assert_eq!(
        units.map_err(|error| error.to_string()),
        Err("stacks weighed in nanoseconds cannot be added to stacks weighed in samples".into())
    );
}

#[test]
fn two_marks_make_an_estimate_unless_they_agree() {
    let mut tree = tree(&[("a", 1)]);
    let (a, frame) = (NodeId(1), FrameId(0));
    assert_eq!(tree.mark(a), Mark::Exact);
    tree.child(NodeId::ROOT, frame, Mark::Exact).expect("it is there");
    assert_eq!(tree.mark(a), Mark::Exact);
    tree.child(NodeId::ROOT, frame, Mark::Recursion)
        .expect("it is there");
    assert_eq!(tree.mark(a), Mark::Estimate);
}

#[test]
fn renaming_adds_what_becomes_equal() {
    let tree = tree(&[("mab", 1), ("mxb", 2), ("mxc", 4)]);
    let renamed = tree
        .rename(|frame| match tree.frame(frame) {
            frame if frame.name == b"x" => Frame::label(b"a"),
            frame => frame,
        })
        .expect("a small tree");
    assert_eq!(stacks(&renamed), sorted(&[("mab", 3), ("mac", 4)]));
}

#[test]
fn reversing_puts_leaves_first() {
    let tree = tree(&[("mab", 1), ("mcb", 2), ("mc", 4)]);
    let reversed = tree.reversed(ReverseLimits::default()).expect("a small tree");
    assert_eq!(stacks(&reversed), sorted(&[("bam", 1), ("bcm", 2), ("cm", 4)]));
}

#[test]
fn a_reversed_tree_keeps_its_weight_within_limits() {
    // Every prefix of 1,000 different frames is a stack: 500,000 nodes when turned round.
    let mut tree = StackTree::new(Unit::Samples);
    let mut node = NodeId::ROOT;
    for line in 0..1000 {
        let frame = Frame {
            line,
            ..Frame::label(b"f")
        };
        let frame = tree.intern(frame).expect("a small tree");
        node = tree.child(node, frame, Mark::Exact).expect("a small tree");
        tree.add_weight(node, 1).expect("small weights");
    }
    let check = |limits: ReverseLimits, most_nodes| {
        let reversed = tree.reversed(limits).expect("a small tree");
        assert_eq!(reversed.total(), 1000);
        assert_eq!(reversed.widths()[0], 1000);
        assert!(reversed.len() <= most_nodes, "{}", reversed.len());
    };
    let all = ReverseLimits::default();
    check(all, 500_500);
    check(ReverseLimits { frames: 50, ..all }, 101);
    check(ReverseLimits { steps: 50, ..all }, 101);
    check(ReverseLimits { min_width: 2, ..all }, 1);
}

#[test]
fn depth_is_limited_by_memory_only() {
    let mut tree = StackTree::new(Unit::Samples);
    let frame = tree.intern(Frame::label(b"f")).expect("a small tree");
    tree.add_stack(&vec![frame; 200_000], 7).expect("it fits");
    assert_eq!(tree.walk().last().map(|visit| visit.depth), Some(199_999));
    assert_eq!(tree.clone().widths()[1], 7);
    assert_eq!(
        tree.reversed(ReverseLimits::default()).map(|tree| tree.len()),
        Ok(200_000)
    );
    let mut twice = tree.clone();
    twice.merge(&tree).expect("it fits");
    assert_eq!((twice.len(), twice.total()), (200_000, 14));
}

fn some_stacks() -> impl Strategy<Value = Vec<(String, u64)>> {
    prop::collection::vec(("[abc]{0,5}", 0..100u64), 0..30)
}

fn borrow(stacks: &[(String, u64)]) -> Vec<(&str, u64)> {
    stacks
        .iter()
        .map(|(stack, weight)| (stack.as_str(), *weight))
        .collect()
}

proptest! {
    #[test]
    fn trees_add_up(a in some_stacks(), b in some_stacks()) {
        let both: Vec<_> = a.iter().chain(&b).cloned().collect();
        let mut ab = tree(&borrow(&a));
        ab.merge(&tree(&borrow(&b))).expect("small trees");
        let mut ba = tree(&borrow(&b));
        ba.merge(&tree(&borrow(&a))).expect("small trees");
        prop_assert_eq!(stacks(&ab), stacks(&ba));
        let mut expected = sorted(&borrow(&both));
        expected.sort_by_key(|(stack, _)| (stack.is_empty(), stack.clone()));
        prop_assert_eq!(stacks(&ab), expected);
    }

    #[test]
    fn a_parents_width_is_its_own_weight_and_its_childrens(list in some_stacks()) {
        let tree = tree(&borrow(&list));
        let widths = tree.widths();
        let mut sums: Vec<u64> = (0..=tree.len()).map(|at| tree.own(NodeId(at as u32))).collect();
        for node in tree.nodes() {
            sums[tree.parent(node).expect("not the root").index()] += widths[node.index()];
        }
        prop_assert_eq!(sums, widths);
    }

    #[test]
    fn reversing_twice_changes_nothing(list in some_stacks()) {
        let tree = tree(&borrow(&list));
        let reversed = tree.reversed(ReverseLimits::default()).expect("small trees");
        let backwards: Vec<_> = list
            .iter()
            .map(|(stack, weight)| (stack.chars().rev().collect::<String>(), *weight))
            .collect();
        let mut expected = sorted(&borrow(&backwards));
        expected.sort_by_key(|(stack, _)| (stack.is_empty(), stack.clone()));
        prop_assert_eq!(stacks(&reversed), expected);
        let again = reversed.reversed(ReverseLimits::default()).expect("small trees");
        prop_assert_eq!(stacks(&again), stacks(&tree));
    }
}
