//! Functions and call edges of one or two profiles, numbered together.

use super::contents::{Edge, Function, NONE, Numbers, Part};
use crate::export::edge_cost;
use crate::profile::change::without_addresses;
use crate::profile::from_stacks::place_of;
use crate::profile::stacks::{Frame, FrameKind, StackTree, Unit};
use crate::profile::{Calls, Count, EdgeCalls, KeyId, Profile, modules};
use rustc_hash::FxHashMap;

impl Numbers {
    pub(super) fn of(calls: Calls, unit: Unit) -> Numbers {
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
pub(super) struct Functions {
    pub(super) list: Vec<Function>,
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

    pub(super) fn add(&mut self, profile: &Profile, key: KeyId) -> u32 {
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

    pub(super) fn add_callers(&mut self, profile: &Profile, keys: &mut [u32]) {
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

    pub(super) fn synthetic(&mut self, name: &[u8]) -> u32 {
        if let Some(&known) = self.synthetic.get(name) {
            return known;
        }
        let new = self.push(None, 0, name, b"", FrameKind::Synthetic);
        self.synthetic.insert(name.to_vec(), new);
        new
    }

    /// The functions of a tree's frames.
    pub(super) fn of_frames(
        &mut self,
        tree: &StackTree,
        profile: &Profile,
        keys: &[u32],
        one_more: bool,
    ) -> Vec<u32> {
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
    pub(super) fn shorten(&mut self) {
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
pub(super) struct Edges {
    pub(super) list: Vec<Edge>,
    place: FxHashMap<(u32, u32), u32>,
}

impl Edges {
    pub(super) fn add(&mut self, part: &Part<'_>, keys: &[u32], side: usize) {
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
    pub(super) fn limit(&mut self, most: usize) -> usize {
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
