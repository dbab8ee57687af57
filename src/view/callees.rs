//! Callers turned round: whom a function calls.

use crate::profile::{FunctionId, KeyId, Profile};

/// The callees of some functions, built for those only: a small file can have 60 million of them in all.
pub(super) struct Callees<'a> {
    profile: &'a Profile,
    keys: &'a [KeyId],
    /// How many callees each of `keys` has.
    counts: Vec<u32>,
    /// From key to its place among `keys`.
    place: Vec<u32>,
    /// What is built now: the callees of `keys[built.start..built.end]`.
    built: std::ops::Range<usize>,
    starts: Vec<usize>,
    entries: Vec<(FunctionId, u32)>,
}

/// How many callees are kept at once, if one function has no more than that.
const AT_ONCE: usize = 4_000_000;
const NOT_ASKED: u32 = u32::MAX;

impl<'a> Callees<'a> {
    pub(super) fn new(profile: &'a Profile, keys: &'a [KeyId]) -> Callees<'a> {
        let mut place = vec![NOT_ASKED; profile.key_count()];
        for (at, key) in keys.iter().enumerate() {
            // A function that was added since the callees were computed has no callees.
            if let Some(place) = place.get_mut(key.index()) {
                *place = at as u32;
            }
        }
        let mut callees = Callees {
            profile,
            keys,
            counts: vec![0; keys.len()],
            place,
            built: 0..0,
            starts: vec![],
            entries: vec![],
        };
        callees.count();
        callees
    }

    /// The callees of `keys[at]`, each with the place of its edge, in table order.
    pub(super) fn of(&mut self, at: usize) -> &[(FunctionId, u32)] {
        if !self.built.contains(&at) {
            self.build(at);
        }
        let nth = at - self.built.start;
        &self.entries[self.starts[nth]..self.starts[nth + 1]]
    }

    fn count(&mut self) {
        let Callees {
            profile,
            counts,
            place,
            ..
        } = self;
        for function in profile.functions() {
            for edge in profile.caller_places(function) {
                if let Some(count) = counts.get_mut(place[profile.edge_caller(edge).index()] as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Builds as many as may be kept at once, from `first` on.
    fn build(&mut self, first: usize) {
        let mut end = first;
        let mut starts = vec![0];
        let mut total = 0;
        while end < self.keys.len() && (end == first || total + self.counts[end] as usize <= AT_ONCE) {
            total += self.counts[end] as usize;
            starts.push(total);
            end += 1;
        }
        let mut next = starts.clone();
        let mut entries = vec![(FunctionId(0), 0); total];
        for function in self.profile.functions() {
            for edge in self.profile.caller_places(function) {
                let at = self.place[self.profile.edge_caller(edge).index()] as usize;
                if (first..end).contains(&at) {
                    let to = &mut next[at - first];
                    entries[*to] = (function, edge as u32);
                    *to += 1;
                }
            }
        }
        self.built = first..end;
        self.starts = starts;
        self.entries = entries;
    }
}
