//! Profiles and trees for the tests of readers and writers.

use crate::profile::attribution::{Options, attribute};
use crate::profile::stacks::{Frame, FrameId, FrameKind, NodeId, StackTree, Unit};
use crate::profile::{Calls, Count, EdgeCalls, Profile};
use crate::python::Seconds;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Numbers of a function or an edge of which one call is primitive.
pub(crate) fn calls(total: Count, own: f64, cumulative: f64) -> Calls {
    Calls {
        primitive: 1,
        total,
        own: Seconds::Float(own),
        cumulative: Seconds::Float(cumulative),
    }
}

/// Puts a function with its callers into a profile. A function is its file, line and name.
pub(crate) fn insert(
    profile: &mut Profile,
    function: (&str, i64, &str),
    calls: Calls,
    callers: &[((&str, i64, &str), EdgeCalls)],
) {
    let key = |profile: &mut Profile, (file, line, name): (&str, i64, &str)| {
        profile
            .key(file.as_bytes(), line, name.as_bytes())
            .expect("a small profile")
    };
    let edges: Vec<_> = callers
        .iter()
        .map(|&(caller, edge)| (key(profile, caller), edge))
        .collect();
    let callers = profile.push_edges(edges).expect("a small profile");
    let function = key(profile, function);
    profile.insert(function, calls, callers);
}

/// A tree of samples from stacks of names.
pub(crate) fn tree_of(stacks: &[(&[&str], u64)]) -> StackTree {
    let mut tree = StackTree::new(Unit::Samples);
    for (stack, weight) in stacks {
        let frames: Vec<FrameId> = stack
            .iter()
            .map(|name| tree.intern(Frame::label(name.as_bytes())).expect("a small tree"))
            .collect();
        tree.add_stack(&frames, *weight).expect("small weights");
    }
    tree
}

/// The tree of a dump in `fixtures/`.
pub(crate) fn reconstructed(dump: &[u8]) -> StackTree {
    let profile = crate::format::pstats::read(dump).expect("a dump");
    attribute(&profile, &Options::default())
        .expect("a small profile")
        .tree
}

/// All paths that have a weight, sorted: for each frame name, file and line, then the weight. Paths that
/// look the same are added.
pub(crate) fn listing(tree: &StackTree) -> Vec<(Vec<String>, u64)> {
    let mut paths = BTreeMap::new();
    for node in std::iter::once(NodeId::ROOT).chain(tree.nodes()) {
        let path = tree.path(node).into_iter().map(|frame| {
            let frame = tree.frame(frame);
            let place = match frame.kind {
                FrameKind::Python if !frame.file.is_empty() => {
                    format!("{}:{}", frame.file.escape_ascii(), frame.line)
                }
                _ => String::new(),
            };
            format!("{} {place}", frame.name.escape_ascii())
        });
        if tree.own(node) > 0 {
            *paths.entry(path.collect()).or_default() += tree.own(node);
        }
    }
    paths.into_iter().collect()
}

/// Do both hold the same stacks? A message shows only the first difference.
#[track_caller]
pub(crate) fn assert_same(found: &StackTree, expected: &StackTree) {
    let (found, expected) = (listing(found), listing(expected));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

fn tree_from(
    name: impl Strategy<Value = Vec<u8>> + 'static,
    least_depth: usize,
) -> impl Strategy<Value = StackTree> {
    let kind = prop_oneof![
        Just(FrameKind::Label),
        Just(FrameKind::Python),
        Just(FrameKind::Builtin),
        Just(FrameKind::Synthetic),
    ];
    let stack = prop::collection::vec((name, kind, 1..3i64), least_depth..6);
    prop::collection::vec((stack, 0..3000u64), 0..12).prop_map(|stacks| {
        let mut tree = StackTree::new(Unit::Samples);
        for (stack, weight) in stacks {
            let frames: Vec<FrameId> = stack
                .iter()
                .map(|(name, kind, line)| {
                    let python = *kind == FrameKind::Python;
                    let frame = Frame {
                        name,
                        file: if python { b"/x/a.py" } else { b"" },
                        line: if python { *line } else { 0 },
                        kind: *kind,
                    };
                    tree.intern(frame).expect("a small tree")
                })
                .collect();
            tree.add_stack(&frames, weight).expect("small weights");
        }
        tree
    })
}

/// Any tree, also with names that are empty or no text, and with a weight on the empty path.
pub(crate) fn some_tree() -> impl Strategy<Value = StackTree> {
    let parts: [&[u8]; 8] = [b"a", b"<b>", b" ", b"\"", b"\n", b"\0", b"\xff", b"\xed\xb2\x80"];
    let name =
        prop::collection::vec(prop::sample::select(parts.to_vec()), 0..4).prop_map(|parts| parts.concat());
    tree_from(name, 0)
}

/// Any tree that a format of Unicode text can hold.
pub(crate) fn some_text_tree() -> impl Strategy<Value = StackTree> {
    tree_from("[a-c<\\\\\"\n\u{e9}(]{1,3}".prop_map(String::into_bytes), 1)
}
