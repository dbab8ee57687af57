//! What a page shows: one profile or two, with functions, call edges and paths numbered together.

use super::forest::{self, Forest, MOST_NODES, Side};
use super::numbering::{Edges, Functions};
use crate::profile::stacks::{self, Frame, FrameKind, NodeId, StackTree, Unit};
use crate::profile::{Count, KeyId, Profile, Totals};
use crate::view::diff;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// Call edges of a page; of more the longest stay.
const MOST_EDGES: usize = 1_000_000;

/// Stands for "no function yet".
pub(super) const NONE: u32 = u32::MAX;

/// Why two profiles are no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They count different things.
    #[error("one profile counts {before} and the other {after}: they cannot be compared")]
    Units {
        /// What the first counts.
        before: Unit,
        /// What the second counts.
        after: Unit,
    },
    /// The stacks cannot be changed as the page needs it.
    #[error(transparent)]
    Stacks(#[from] stacks::Error),
}

/// One profile: its functions and their stacks, which have the same functions.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Functions and callers. Of samples: made of the stacks with 1 second per sample.
    pub profile: &'a Profile,
    /// Measured, or made by [`attribution`](crate::profile::attribution).
    pub tree: &'a StackTree,
    /// Were the stacks measured, and the functions made of them?
    pub is_measured: bool,
}

/// What the column `ncalls` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Counts {
    /// Calls.
    Calls,
    /// Samples with the function on the stack, and with it on top.
    Samples,
    /// Nothing that is worth a column.
    Nothing,
}

/// A function as the page knows it, all text as it may be shown.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) file: Option<String>,
    /// The end of `file` that tells it from all others.
    pub(super) short: String,
    pub(super) line: i64,
    pub(super) package: String,
    pub(super) kind: FrameKind,
    /// Before and after; of one profile only the second is used.
    pub(super) numbers: [Option<Numbers>; 2],
}

/// Calls, and times in nanoseconds or samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) total: Count,
    pub(super) primitive: Count,
    pub(super) own: u64,
    pub(super) cumulative: u64,
}

/// Calls of one function by another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) caller: u32,
    pub(super) callee: u32,
    pub(super) numbers: [Option<Numbers>; 2],
}

/// Lines of a file around a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The number of the first line, from 1.
    pub first_line: u64,
    /// The lines.
    pub text: String,
    /// Something that a reader should know, such as that the file is newer than the profile.
    pub remark: Option<String>,
}

/// Everything on a page but its words about files.
#[derive(Debug)]
pub struct Contents {
    pub(super) unit: Unit,
    pub(super) counts: Counts,
    pub(super) is_comparison: bool,
    /// Before and after.
    pub(super) totals: [Totals; 2],
    /// The sums of own weights.
    pub(super) widths: [u64; 2],
    /// The functions of the table, then those that are only named as callers, then names for what was left out.
    pub(super) functions: Vec<Function>,
    /// How many of them are in the table.
    pub(super) listed: usize,
    /// By callee.
    pub(super) edges: Vec<Edge>,
    pub(super) edges_left_out: usize,
    pub(super) forest: Forest,
    pub(super) sources: Vec<(u32, Source)>,
    /// From the keys of the (second) profile to functions.
    number_of_key: Vec<u32>,
}

impl Contents {
    /// One profile.
    ///
    /// # Errors
    /// [`Error::Stacks`] for a tree that is full.
    pub fn new(part: Part<'_>) -> Result<Contents, Error> {
        Contents::build(None, part)
    }

    /// Two profiles, compared: functions are matched as [`diff::pairs`] does.
    ///
    /// # Errors
    /// [`Error::Units`] for nanoseconds and samples, [`Error::Stacks`] for a tree that is full.
    pub fn compare(before: Part<'_>, after: Part<'_>) -> Result<Contents, Error> {
        let units = (before.tree.unit(), after.tree.unit());
        if units.0 != units.1 {
            let (before, after) = units;
            return Err(Error::Units { before, after });
        }
        Contents::build(Some(before), after)
    }

    fn build(before: Option<Part<'_>>, after: Part<'_>) -> Result<Contents, Error> {
        let mut functions = Functions::default();
        let mut after_keys = vec![NONE; after.profile.key_count()];
        let mut before_keys = vec![NONE; before.map_or(0, |part| part.profile.key_count())];
        let mut partners = FxHashMap::default();
        if let Some(before) = before {
            let pairs = diff::pairs(before.profile, after.profile);
            partners.extend(pairs.iter().filter_map(|pair| Some((pair.before?, pair.after?))));
        }
        let numbers = |part: &Part<'_>, calls| Numbers::of(calls, part.tree.unit());
        for function in after.profile.dict_order() {
            let key = after.profile.key_of(function);
            let number = functions.add(after.profile, key);
            after_keys[key.index()] = number;
            functions.list[number as usize].numbers[1] = Some(numbers(&after, after.profile.calls(function)));
        }
        if let Some(before) = &before {
            for function in before.profile.dict_order() {
                let key = before.profile.key_of(function);
                let number = match partners.get(&function) {
                    Some(&partner) => after_keys[after.profile.key_of(partner).index()],
                    None => functions.add(before.profile, key),
                };
                before_keys[key.index()] = number;
                functions.list[number as usize].numbers[0] =
                    Some(numbers(before, before.profile.calls(function)));
            }
        }
        let listed = functions.list.len();
        // Functions that are only callers, in both profiles the same if their names are.
        functions.add_callers(after.profile, &mut after_keys);
        if let Some(before) = &before {
            functions.add_callers(before.profile, &mut before_keys);
        }

        let mut edges = Edges::default();
        if let Some(before) = &before {
            edges.add(before, &before_keys, 0);
        }
        edges.add(&after, &after_keys, 1);
        let edges_left_out = edges.limit(MOST_EDGES);

        let more = functions.synthetic(b"(more)");
        let after_tree = with_named_root(after.tree)?;
        let before_tree = before.map(|part| with_named_root(part.tree)).transpose()?;
        let mut sides = vec![Side {
            tree: &after_tree,
            function_of: functions.of_frames(&after_tree, after.profile, &after_keys, before.is_some()),
            place: 1,
        }];
        if let (Some(part), Some(tree)) = (&before, &before_tree) {
            sides.push(Side {
                tree,
                function_of: functions.of_frames(tree, part.profile, &before_keys, true),
                place: 0,
            });
        }
        let forest = forest::plant(&sides, more, MOST_NODES);
        functions.shorten();
        let counts = match (after.is_measured, after.profile.is_sampled()) {
            (true, _) => Counts::Nothing,
            (false, true) => Counts::Samples,
            (false, false) => Counts::Calls,
        };
        Ok(Contents {
            unit: after.tree.unit(),
            counts,
            is_comparison: before.is_some(),
            totals: [before.unwrap_or(after).profile.totals(), after.profile.totals()],
            widths: [before.map_or(0, |part| part.tree.total()), after.tree.total()],
            functions: functions.list,
            listed,
            edges: edges.list,
            edges_left_out,
            forest,
            sources: Vec::new(),
            number_of_key: after_keys,
        })
    }

    /// Adds the lines around a function of the (second) profile.
    pub fn add_source(&mut self, function: KeyId, source: Source) {
        let number = self.number_of_key[function.index()];
        if number != NONE {
            self.sources.push((number, source));
        }
    }
}

/// The tree without a weight on the empty path, which is a function `?`, as in [`Profile::from_stacks`].
fn with_named_root(tree: &StackTree) -> Result<Cow<'_, StackTree>, Error> {
    if tree.own(NodeId::ROOT) == 0 {
        return Ok(Cow::Borrowed(tree));
    }
    let mut tree = tree.clone();
    tree.name_empty_path(Frame::label(b"?"))?;
    Ok(Cow::Owned(tree))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::some_tree;
    use crate::profile::attribution::{Options, attribute};
    use proptest::prelude::*;

    fn part<'a>(profile: &'a Profile, tree: &'a StackTree, is_measured: bool) -> Part<'a> {
        Part {
            profile,
            tree,
            is_measured,
        }
    }

    #[test]
    fn a_dump_keeps_its_functions_edges_and_time() {
        let dump = &include_bytes!("../../fixtures/server.prof")[..];
        let profile = crate::format::pstats::read(dump).expect("a dump");
        let tree = attribute(&profile, &Options::default()).expect("few edges").tree;
        let contents = Contents::new(part(&profile, &tree, false)).expect("a small tree");
        assert_eq!(
            (contents.listed, contents.edges_left_out, contents.forest.cut),
            (2617, 0, 0)
        );
        assert_eq!(contents.edges.len() as u64, profile.edge_uses());
        let own = |function: &Function| function.numbers[1].expect("one side").own;
        assert_eq!(
            contents.functions[..contents.listed].iter().map(own).sum::<u64>(),
            tree.total()
        );
        let drawn: u64 = contents.forest.nodes.iter().map(|node| node.own[1]).sum();
        assert_eq!(drawn, tree.total());
        // Every function of a path is one of the table, or a name for what was left out.
        for node in &contents.forest.nodes {
            let is_left_out = contents.functions[node.function as usize].kind == FrameKind::Synthetic;
            assert!((node.function as usize) < contents.listed || is_left_out);
        }
    }

    #[test]
    fn functions_that_are_only_callers_are_named_but_not_listed() {
        use crate::profile::{Calls, EdgeCalls};
        let mut profile = Profile::new(crate::python::Dialect::Python3);
        let main = profile.key(b"a.py", 1, b"main").expect("a small profile");
        let work = profile.key(b"a.py", 9, b"work").expect("a small profile");
        let callers = profile
            .push_edges([(main, EdgeCalls::Counted(3))])
            .expect("a small profile");
        let calls = Calls {
            primitive: 6,
            total: 6,
            own: crate::python::Seconds::Float(1.0),
            cumulative: crate::python::Seconds::Float(2.0),
        };
        profile.insert(work, calls, callers);
        let tree = StackTree::new(Unit::Nanoseconds);
        let contents = Contents::new(part(&profile, &tree, false)).expect("a small tree");
        let names: Vec<_> = contents
            .functions
            .iter()
            .map(|function| &*function.name)
            .collect();
        assert_eq!((names, contents.listed), (vec!["work", "main", "(more)"], 1));
        // Half of the calls have half of the times.
        let expected = Numbers {
            total: 3,
            primitive: 3,
            own: 500_000_000,
            cumulative: 1_000_000_000,
        };
        let edge = contents.edges[0];
        assert_eq!(
            (edge.caller, edge.callee, edge.numbers),
            (1, 0, [None, Some(expected)])
        );
    }

    proptest! {
        #[test]
        fn no_weight_is_lost_between_stacks_and_page(before in some_tree(), after in some_tree()) {
            prop_assume!(before.unit() == after.unit());
            let functions = |tree| Profile::from_stacks(tree, 1.0).expect("a small tree");
            let (old, new) = (functions(&before), functions(&after));
            let contents = Contents::compare(part(&old, &before, true), part(&new, &after, true));
            let contents = contents.expect("small trees");
            for (side, tree) in [&before, &after].into_iter().enumerate() {
                let drawn: u64 = contents.forest.nodes.iter().map(|node| node.own[side]).sum();
                prop_assert_eq!(drawn, tree.total());
                let own = |function: &Function| function.numbers[side].map_or(0, |numbers| numbers.own);
                let listed: u64 = contents.functions.iter().map(own).sum();
                prop_assert_eq!(listed, tree.total());
            }
            for pair in contents.edges.windows(2) {
                prop_assert!(pair[0].callee <= pair[1].callee);
            }
        }
    }
}
