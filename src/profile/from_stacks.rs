//! Stacks summed up as functions and who called them, so that folded files can be shown and exported as
//! dumps are.

use super::stacks::{Frame, FrameKind, NodeId, StackTree, Unit, Visit};
use super::{Calls, Count, EdgeCalls, Error, KeyId, Profile};
use crate::python::{Dialect, Seconds};
use rustc_hash::FxHashMap;

impl Profile {
    /// The functions of stacks. Own times are those of the paths that end with a function, and add up to the
    /// tree's total; cumulative times are those of all paths on which it stands, each counted once however
    /// often it stands there. The same holds for edges. Takes time in proportion to the tree.
    ///
    /// Stacks do not say how many calls there were, so counts are something else:
    ///
    /// - of samples, as in the dumps of Python's own sampling profiler ([`Profile::is_sampled`]): `total` is
    ///   the samples with the function on the stack, `primitive` those with it on top;
    /// - of nanoseconds, the number of paths that end with the function, which is the least number of calls
    ///   that can have made them; `primitive` are those on which it stands once.
    ///
    /// `seconds_per_sample` is the time between two samples, of no meaning for nanoseconds. Labels like
    /// `get (app/views.py:12)`, which this program and py-spy write, are taken apart; any other label is a
    /// name without a file. The weight of the empty path goes to a function `?`.
    ///
    /// ```
    /// use prof::format::folded;
    /// use prof::profile::Profile;
    ///
    /// let tree = folded::read(&b"main;fib 2\nmain;fib;fib 3\n"[..]).unwrap();
    /// let profile = Profile::from_stacks(&tree, 0.01).unwrap();
    /// let fib = profile.calls(profile.functions().last().unwrap());
    /// assert_eq!((fib.primitive, fib.total), (5, 5));
    /// assert_eq!(fib.cumulative.as_f64(), 0.05);
    /// ```
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn from_stacks(tree: &StackTree, seconds_per_sample: f64) -> Result<Profile, Error> {
        let mut profile = Profile::new(Dialect::Python3);
        profile.set_sampled(tree.unit() == Unit::Samples);
        let mut adder = Adder::default();
        let mut keys: Vec<Option<KeyId>> = vec![None; tree.frames().len()];
        let widths = tree.widths();
        if tree.own(NodeId::ROOT) > 0 {
            let own = tree.own(NodeId::ROOT);
            adder.enter(key_of(&mut profile, Frame::label(b"?"))?, own, own);
        }
        for Visit { node, depth } in tree.walk() {
            let Some(frame) = tree.frame_id(node) else {
                continue;
            };
            adder.leave_to(depth);
            let key = match keys[frame.index()] {
                Some(key) => key,
                None => *keys[frame.index()].insert(key_of(&mut profile, tree.frame(frame))?),
            };
            adder.enter(key, tree.own(node), widths[node.index()]);
        }

        let calls = |sum: &Sum| match tree.unit() {
            Unit::Samples => Calls {
                primitive: sum.own.into(),
                total: sum.width.into(),
                own: Seconds::Float(sum.own as f64 * seconds_per_sample),
                cumulative: Seconds::Float(sum.width as f64 * seconds_per_sample),
            },
            Unit::Nanoseconds => Calls {
                primitive: sum.outermost,
                total: sum.paths,
                own: Seconds::Float(sum.own as f64 / 1e9),
                cumulative: Seconds::Float(sum.width as f64 / 1e9),
            },
        };
        let Adder {
            functions, mut edges, ..
        } = adder;
        // Stable: callers stay in the order in which they came.
        edges.sort_by_key(|edge| edge.callee);
        let mut edges = edges.iter().peekable();
        for (at, sum) in functions.iter().enumerate() {
            let start = profile.edge_count();
            while let Some(edge) = edges.next_if(|edge| edge.callee.index() == at) {
                profile.push_edge(edge.caller, EdgeCalls::Timed(calls(&edge.sum)))?;
            }
            let callers = profile.edges_since(start);
            profile.insert(KeyId(at as u32), calls(sum), callers);
        }
        profile.sum_up()?;
        Ok(profile)
    }
}

/// What is known of a function or an edge, and whether it is on the path to where the walk is now.
#[derive(Debug, Default)]
struct Sum {
    open: u32,
    own: u64,
    width: u64,
    paths: Count,
    outermost: Count,
}

impl Sum {
    fn enter(&mut self, own: u64, width: u64) {
        self.own += own;
        self.paths += 1;
        if self.open == 0 {
            self.width += width;
            self.outermost += 1;
        }
        self.open += 1;
    }
}

#[derive(Debug)]
struct Edge {
    callee: KeyId,
    caller: KeyId,
    sum: Sum,
}

#[derive(Debug, Default)]
struct Adder {
    /// By key: a key is made when its first path comes.
    functions: Vec<Sum>,
    edges: Vec<Edge>,
    edge_of: FxHashMap<(KeyId, KeyId), usize>,
    /// The path to where the walk is now, each function with the edge that led to it.
    path: Vec<(KeyId, Option<usize>)>,
}

impl Adder {
    fn leave_to(&mut self, depth: usize) {
        for (key, edge) in self.path.drain(depth.min(self.path.len())..) {
            self.functions[key.index()].open -= 1;
            if let Some(edge) = edge {
                self.edges[edge].sum.open -= 1;
            }
        }
    }

    fn enter(&mut self, key: KeyId, own: u64, width: u64) {
        if self.functions.len() <= key.index() {
            self.functions.resize_with(key.index() + 1, Sum::default);
        }
        self.functions[key.index()].enter(own, width);
        let edge = self.path.last().map(|&(caller, _)| {
            let edges = &mut self.edges;
            *self.edge_of.entry((caller, key)).or_insert_with(|| {
                edges.push(Edge {
                    callee: key,
                    caller,
                    sum: Sum::default(),
                });
                edges.len() - 1
            })
        });
        if let Some(edge) = edge {
            self.edges[edge].sum.enter(own, width);
        }
        self.path.push((key, edge));
    }
}

fn key_of(profile: &mut Profile, frame: Frame<'_>) -> Result<KeyId, Error> {
    let (file, line, name) = place_of(frame);
    profile.key(file, line, name)
}

/// File, line and name of the function that a frame is in [`Profile::from_stacks`].
pub(crate) fn place_of(frame: Frame<'_>) -> (&[u8], i64, &[u8]) {
    match frame.kind {
        FrameKind::Python | FrameKind::Builtin => (frame.file, frame.line, frame.name),
        FrameKind::Synthetic => (b"~", 0, frame.name),
        FrameKind::Label => split_label(frame.name).unwrap_or((b"~", 0, frame.name)),
    }
}

/// File, line and name of `name (file:line)`, or of `name (file.py)`, which py-spy writes with `--function`.
fn split_label(label: &[u8]) -> Option<(&[u8], i64, &[u8])> {
    let inside = label.strip_suffix(b")")?;
    // Folders may contain brackets; names of Python functions do not.
    let bracket = inside.windows(2).position(|pair| pair == b" (")?;
    let (name, place) = (inside[..bracket].trim_ascii(), &inside[bracket + 2..]);
    if name.is_empty() {
        return None;
    }
    if place.len() > b".py".len() && place.ends_with(b".py") {
        return Some((place, 0, name));
    }
    let colon = place.iter().rposition(|&byte| byte == b':')?;
    let (file, digits) = (&place[..colon], &place[colon + 1..]);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if file.is_empty() || !is_number {
        return None;
    }
    let line = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((file, line, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::attribution::{self, attribute};
    use crate::profile::stacks::testing::tree;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Lines of `name cc nc tt ct`, indented for the callers of the function above.
    fn shown(profile: &Profile) -> Vec<String> {
        let line = |key, calls: Calls| {
            let name = String::from_utf8_lossy(&profile.standard_name(key)).into_owned();
            let (own, cumulative) = (calls.own.as_f64(), calls.cumulative.as_f64());
            format!("{name} {} {} {own} {cumulative}", calls.primitive, calls.total)
        };
        let mut lines = Vec::new();
        for function in profile.functions() {
            lines.push(line(profile.key_of(function), profile.calls(function)));
            for (caller, edge) in profile.callers(function) {
                let EdgeCalls::Timed(calls) = edge else {
                    panic!("stacks have times");
                };
                lines.push(format!("  {}", line(caller, calls)));
            }
        }
        lines
    }

    fn check(unit: Unit, stacks: &[(&str, u64)], expected: &[&str]) {
        let profile = Profile::from_stacks(&tree(unit, stacks), 0.5).expect("a small tree");
        assert_eq!(shown(&profile), expected);
    }

    #[test]
    fn samples_are_counted_on_top_and_on_the_stack() {
        check(
            Unit::Samples,
            &[("m;f", 2), ("m;g;f", 3), ("m", 1)],
            &[
                "m 1 6 0.5 3",
                "f 5 5 2.5 2.5",
                "  m 2 2 1 1",
                "  g 3 3 1.5 1.5",
                "g 0 3 0 1.5",
                "  m 0 3 0 1.5",
            ],
        );
    }

    #[test]
    fn recursion_is_counted_once() {
        // m calls f, f calls itself twice deep; then g in between.
        check(
            Unit::Nanoseconds,
            &[
                ("m;f", 1_000_000_000),
                ("m;f;f;f", 2_000_000_000),
                ("m;f;g;f", 4_000_000_000),
            ],
            &[
                "m 1 1 0 7",
                "f 1 4 7 7",
                "  m 1 1 1 7",
                "  f 1 2 2 2",
                "  g 1 1 4 4",
                "g 1 1 0 4",
                "  f 1 1 0 4",
            ],
        );
    }

    #[test]
    fn the_empty_path_and_equal_functions_are_added() {
        check(Unit::Samples, &[("", 2), ("?", 1)], &["? 3 3 1.5 1.5"]);
        let mut tree = tree(Unit::Samples, &[("f (a.py:1)", 1)]);
        let python = Frame {
            name: b"f",
            file: b"a.py",
            line: 1,
            kind: FrameKind::Python,
        };
        let python = tree.intern(python).expect("a small tree");
        tree.add_stack(&[python, python], 2).expect("small weights");
        let profile = Profile::from_stacks(&tree, 1.0).expect("a small tree");
        assert_eq!(shown(&profile), ["a.py:1(f) 3 3 3 3", "  a.py:1(f) 2 2 2 2"]);
    }

    #[test]
    fn labels_are_taken_apart_where_they_have_a_file() {
        let check = |label: &str, expected: Option<(&str, i64, &str)>| {
            let found = split_label(label.as_bytes());
            let expected = expected.map(|(file, line, name)| (file.as_bytes(), line, name.as_bytes()));
            assert_eq!(found, expected, "{label}");
        };
        check("get (app/views.py:12)", Some(("app/views.py", 12, "get")));
        check(
            "<lambda> (C:\\a b (1)\\x.py:3)",
            Some(("C:\\a b (1)\\x.py", 3, "<lambda>")),
        );
        check("<lambda> (C:\\a\\x.py:3)", Some(("C:\\a\\x.py", 3, "<lambda>")));
        check("run (threading.py)", Some(("threading.py", 0, "run")));
        check("call(int, char)", None);
        check("f (int)", None);
        check("f (a:b)", None);
        check("f (:1)", None);
        check(" (a.py:1)", None);
        check("f (a.py:99999999999999999999)", None);
        check("(3 more)", None);
        check("", None);
    }

    #[test]
    fn stacks_of_a_dump_add_up_to_it_again() {
        let dump = &include_bytes!("../../fixtures/server.prof")[..];
        let profile = crate::format::pstats::read(dump).expect("a dump");
        let tree = attribute(&profile, &attribution::Options::default())
            .expect("few edges")
            .tree;
        let again = Profile::from_stacks(&tree, 1.0).expect("few nodes");
        let nanoseconds: u64 = again
            .functions()
            .filter_map(|function| again.calls(function).own.nanoseconds())
            .sum();
        assert_eq!(nanoseconds, tree.total());
    }

    #[test]
    fn a_deep_path_costs_no_square_of_time() {
        let mut tree = StackTree::new(Unit::Samples);
        let f = tree.intern(Frame::label(b"f")).expect("a small tree");
        let g = tree.intern(Frame::label(b"g")).expect("a small tree");
        let path: Vec<_> = (0..200_000).map(|at| if at % 2 == 0 { f } else { g }).collect();
        tree.add_stack(&path, 7).expect("small weights");
        let profile = Profile::from_stacks(&tree, 1.0).expect("few nodes");
        let expected = ["f 0 7 0 7", "  g 0 7 0 7", "g 7 7 7 7", "  f 7 7 7 7"];
        assert_eq!(shown(&profile), expected);
    }

    proptest! {
        #[test]
        fn sums_agree_with_a_count_by_hand(stacks in prop::collection::vec(("([a-d];){0,6}", 0..100u64), 0..20)) {
            let stacks: Vec<(&str, u64)> = stacks.iter().map(|(stack, weight)| (&**stack, *weight)).collect();
            let tree = tree(Unit::Samples, &stacks);
            let profile = Profile::from_stacks(&tree, 1.0).expect("a small tree");
            prop_assert_eq!(profile.totals().primitive, Count::from(tree.total()));

            let mut functions: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            let mut edges: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            for (stack, weight) in stacks {
                let stack = if stack.is_empty() { "?;" } else { stack };
                let names: Vec<&str> = stack.split_terminator(';').collect();
                let mut on_stack: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
                functions.entry(on_stack[names.len() - 1].clone()).or_default().0 += weight;
                on_stack.sort_unstable();
                on_stack.dedup();
                on_stack.into_iter().for_each(|name| functions.entry(name).or_default().1 += weight);
                let mut calls: Vec<String> = names.windows(2).map(|pair| pair.join(">")).collect();
                if let Some(last) = calls.last() {
                    edges.entry(last.clone()).or_default().0 += weight;
                }
                calls.sort_unstable();
                calls.dedup();
                calls.into_iter().for_each(|call| edges.entry(call).or_default().1 += weight);
            }
            let name = |key| String::from_utf8_lossy(profile.name(key)).into_owned();
            for function in profile.functions() {
                let callee = name(profile.key_of(function));
                let calls = profile.calls(function);
                let (own, on_stack) = functions[&callee];
                prop_assert_eq!((calls.primitive, calls.total), (own.into(), on_stack.into()));
                for (caller, edge) in profile.callers(function) {
                    let (own, on_stack) = edges[&format!("{}>{callee}", name(caller))];
                    let EdgeCalls::Timed(calls) = edge else { panic!("stacks have times") };
                    prop_assert_eq!((calls.primitive, calls.total), (own.into(), on_stack.into()));
                    prop_assert_eq!(calls.own.as_f64(), own as f64);
                }
            }
        }
    }
}
