//! What a page shows: one profile or two, with functions, call edges and paths numbered together.

use super::forest::{self, Forest, MOST_NODES, Side};
use crate::export::edge_cost;
use crate::profile::change::without_addresses;
use crate::profile::from_stacks::place_of;
use crate::profile::stacks::{self, Frame, FrameKind, NodeId, StackTree, Unit};
use crate::profile::{Calls, Count, EdgeCalls, KeyId, Profile, Totals, modules};
use crate::view::diff;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// Call edges of a page; of more the longest stay.
const MOST_EDGES: usize = 1_000_000;

/// Stands for "no function yet".
const NONE: u32 = u32::MAX;

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

impl Numbers {
    fn of(calls: Calls, unit: Unit) -> Numbers {
        let weight = |seconds: crate::python::Seconds| match unit {
            Unit::Nanoseconds => seconds.nanoseconds().unwrap_or(0),
            // Made with one second per sample.
            Unit::Samples => seconds.as_f64() as u64,
        };
        Numbers {
            total: calls.total,
            primitive: calls.primitive,
            own: weight(calls.own),
            cumulative: weight(calls.cumulative),
        }
    }

    fn plus(self, other: Numbers) -> Numbers {
        Numbers {
            total: self.total.saturating_add(other.total),
            primitive: self.primitive.saturating_add(other.primitive),
            own: self.own.saturating_add(other.own),
            cumulative: self.cumulative.saturating_add(other.cumulative),
        }
    }
}

/// Functions as they are numbered.
#[derive(Default)]
struct Functions {
    list: Vec<Function>,
    /// The file of each as the profile has it.
    files: Vec<Option<Vec<u8>>>,
    only_callers: FxHashMap<(Vec<u8>, i64, Vec<u8>), u32>,
    synthetic: FxHashMap<Vec<u8>, u32>,
}

impl Functions {
    fn push(&mut self, file: Option<&[u8]>, line: i64, name: &[u8], package: &[u8], kind: FrameKind) -> u32 {
        let shown = |bytes: &[u8]| crate::python::text::shown(bytes);
        self.list.push(Function {
            name: if name.is_empty() { "?".into() } else { shown(name) },
            file: file.map(shown),
            short: String::new(),
            line,
            package: shown(package),
            kind,
            numbers: [None; 2],
        });
        self.files.push(file.map(<[u8]>::to_vec));
        self.list.len() as u32 - 1
    }

    fn add(&mut self, profile: &Profile, key: KeyId) -> u32 {
        let (file, name) = (profile.file(key), profile.name(key));
        let is_builtin = profile.line(key) == 0 && matches!(file, b"~" | b"");
        if !is_builtin {
            let package = modules::package_of(profile, key);
            return self.push(Some(file), profile.line(key), name, &package, FrameKind::Python);
        }
        // What samplers call a function is often a name and no more; only Python brackets those without a file.
        let is_bracketed = matches!(name.first(), Some(b'<' | b'{'));
        if is_bracketed || file.is_empty() {
            self.push(None, 0, name, &modules::of_built_in(name), FrameKind::Builtin)
        } else {
            self.push(None, 0, name, b"(no file)", FrameKind::Label)
        }
    }

    fn add_callers(&mut self, profile: &Profile, keys: &mut [u32]) {
        for function in profile.functions() {
            for (caller, _) in profile.callers(function) {
                if keys[caller.index()] != NONE {
                    continue;
                }
                let name = (
                    profile.file(caller).to_vec(),
                    profile.line(caller),
                    profile.name(caller).to_vec(),
                );
                keys[caller.index()] = match self.only_callers.get(&name) {
                    Some(&known) => known,
                    None => {
                        let new = self.add(profile, caller);
                        *self.only_callers.entry(name).or_insert(new)
                    }
                };
            }
        }
    }

    fn synthetic(&mut self, name: &[u8]) -> u32 {
        if let Some(&known) = self.synthetic.get(name) {
            return known;
        }
        let new = self.push(None, 0, name, b"", FrameKind::Synthetic);
        self.synthetic.insert(name.to_vec(), new);
        new
    }

    /// The functions of a tree's frames.
    fn of_frames(&mut self, tree: &StackTree, profile: &Profile, keys: &[u32], one_more: bool) -> Vec<u32> {
        let mut place: FxHashMap<(&[u8], i64, &[u8]), u32> = FxHashMap::default();
        for key in (0..profile.key_count() as u32).map(KeyId) {
            let name = (profile.file(key), profile.line(key), profile.name(key));
            place.insert(name, keys[key.index()]);
        }
        let known = |number: &u32| *number != NONE;
        let of_frame = |frame: Frame<'_>| {
            let (file, line, name) = place_of(frame);
            let found = place.get(&(file, line, name)).copied().filter(known);
            found.or_else(|| {
                // For a comparison the functions are without addresses, measured stacks still have them.
                let name = without_addresses(name);
                place.get(&(file, line, &name[..])).copied().filter(known)
            })
        };
        tree.frames()
            .map(|frame| match tree.frame(frame) {
                // Numbers of pieces left out differ from side to side.
                frame if frame.kind == FrameKind::Synthetic && one_more => self.synthetic(b"(more)"),
                frame if frame.kind == FrameKind::Synthetic => self.synthetic(frame.name),
                frame => of_frame(frame).unwrap_or_else(|| self.synthetic(frame.name)),
            })
            .collect()
    }

    /// Finds the shortest ends of files that tell them apart.
    fn shorten(&mut self) {
        let files: Vec<&[u8]> = self.files.iter().flatten().map(Vec::as_slice).collect();
        let mut ends = crate::profile::labels::unique_suffixes(&files).into_iter();
        for (function, file) in self.list.iter_mut().zip(&self.files) {
            if file.is_some() {
                let end = ends.next().expect("there is one for each file");
                function.short = crate::python::text::shown(end);
            }
        }
    }
}

#[derive(Default)]
struct Edges {
    list: Vec<Edge>,
    place: FxHashMap<(u32, u32), u32>,
}

impl Edges {
    fn add(&mut self, part: &Part<'_>, keys: &[u32], side: usize) {
        let unit = part.tree.unit();
        for function in part.profile.functions() {
            let callee = keys[part.profile.key_of(function).index()];
            for (caller, calls) in part.profile.callers(function) {
                let caller = keys[caller.index()];
                let numbers = match calls {
                    EdgeCalls::Timed(calls) => Numbers::of(calls, unit),
                    EdgeCalls::Counted(count) => counted(calls, count, part.profile.calls(function)),
                };
                let next = self.list.len() as u32;
                let at = *self.place.entry((callee, caller)).or_insert(next);
                if at == next {
                    self.list.push(Edge {
                        caller,
                        callee,
                        numbers: [None; 2],
                    });
                }
                let known = &mut self.list[at as usize].numbers[side];
                *known = Some(known.unwrap_or_default().plus(numbers));
            }
        }
    }

    /// Keeps the longest and sorts them by callee, the longest first. Returns how many went.
    fn limit(&mut self, most: usize) -> usize {
        let length = |edge: &Edge| {
            let cumulative = |numbers: Option<Numbers>| numbers.map_or(0, |numbers| numbers.cumulative);
            cumulative(edge.numbers[0]).max(cumulative(edge.numbers[1]))
        };
        let order = |edge: &Edge| (std::cmp::Reverse(length(edge)), edge.callee, edge.caller);
        let left_out = self.list.len().saturating_sub(most);
        if left_out > 0 {
            self.list.select_nth_unstable_by_key(most, order);
            self.list.truncate(most);
        }
        self.list.sort_unstable_by_key(|edge| (edge.callee, order(edge)));
        left_out
    }
}

/// An edge that has only a count: it has its part of the callee's times.
fn counted(calls: EdgeCalls, count: Count, callee: Calls) -> Numbers {
    let whole = Numbers::of(callee, Unit::Nanoseconds);
    let share = (count as f64 / callee.total.max(1) as f64).clamp(0.0, 1.0);
    Numbers {
        total: count,
        primitive: count,
        own: (whole.own as f64 * share) as u64,
        cumulative: edge_cost(calls, || callee).nanoseconds,
    }
}
