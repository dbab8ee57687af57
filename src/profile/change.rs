//! Changes of a whole profile: adding another, stripping folders, leaving functions out.

use super::{Calls, EdgeCalls, EdgeRange, FunctionId, Key, KeyId, Profile, StrId};
use crate::python::text;
use rustc_hash::FxHashMap;

/// Why a profile cannot be made or changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// More names, functions or edges than are kept.
    #[error("the profile has more names, functions or edges than can be kept (4 GiB, 2^32 - 2)")]
    TooLarge,
    /// A sum of ints leaves the range of 128 bits.
    #[error("a sum of calls or times is too large")]
    Overflow,
    /// Python 2 and 3 do not mix: names are bytes in one and text in the other.
    #[error("a profile of Python 2 cannot be added to one of Python 3")]
    Dialects,
    /// `profile` and cProfile say different things of an edge.
    #[error(
        "`{function}` has caller numbers of two kinds: a count from the module profile and times from cProfile"
    )]
    MixedEdges {
        /// The function's standard name, escaped for showing.
        function: String,
    },
}

/// What becomes of two callers of one function that get the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collision {
    /// The later one's numbers replace the earlier one's: what `strip_dirs` does.
    Replace,
    /// Their numbers are added.
    Add,
}

impl Profile {
    /// Adds another profile as `Stats.add` does: numbers of the same function are added, new
    /// functions come at the end in the other's order.
    ///
    /// # Errors
    /// [`Error::Dialects`], [`Error::MixedEdges`], [`Error::TooLarge`] or [`Error::Overflow`]; the profile is then
    /// partly changed and of no more use.
    pub fn add(&mut self, other: &Profile) -> Result<(), Error> {
        if self.dialect != other.dialect {
            return Err(Error::Dialects);
        }
        let mut key_map = KeyMap::new(other);
        let mut shared: FxHashMap<EdgeRange, EdgeRange> = FxHashMap::default();
        let mut union = Union::default();
        for function in other.dict_order() {
            let key = key_map.get(self, other, other.key_of(function))?;
            let theirs = other.caller_range(function);
            let (calls, callers) = match self.function_of(key) {
                Some(ours) => {
                    let calls = self
                        .calls(ours)
                        .plus(other.calls(function))
                        .ok_or(Error::Overflow)?;
                    let range = self.caller_range(ours);
                    for place in self.edge_dict_order(range) {
                        let (caller, edge) = self.edge(place as usize);
                        union.put(caller, edge);
                    }
                    for place in other.edge_dict_order(theirs) {
                        let (caller, edge) = other.edge(place as usize);
                        let caller = key_map.get(self, other, caller)?;
                        union.add(caller, edge).map_err(|clash| clash.of(self, key))?;
                    }
                    (calls, self.push_edges(union.drain())?)
                }
                None => {
                    let callers = match shared.get(&theirs) {
                        Some(&callers) => callers,
                        None => {
                            for place in other.edge_dict_order(theirs) {
                                let (caller, edge) = other.edge(place as usize);
                                union.put(key_map.get(self, other, caller)?, edge);
                            }
                            let callers = self.push_edges(union.drain())?;
                            shared.insert(theirs, callers);
                            callers
                        }
                    };
                    // pstats adds to zeros here, which turns -0.0 into 0.0.
                    let calls = Calls::default()
                        .plus(other.calls(function))
                        .ok_or(Error::Overflow)?;
                    (calls, callers)
                }
            };
            self.insert(key, calls, callers);
        }
        let (ours, theirs) = (self.totals, other.totals);
        self.totals.calls = ours.calls.checked_add(theirs.calls).ok_or(Error::Overflow)?;
        self.totals.primitive = ours
            .primitive
            .checked_add(theirs.primitive)
            .ok_or(Error::Overflow)?;
        self.totals.own = ours.own.plus(theirs.own).ok_or(Error::Overflow)?;
        for &key in &other.top_level {
            let key = key_map.get(self, other, key)?;
            if !self.top_level.contains(&key) {
                self.top_level.push(key);
            }
        }
        Ok(())
    }

    /// The same profile with each file name cut to what follows its last `/`, as `strip_dirs` does.
    /// Functions that get the same name are added; of callers of one function that do, the last one
    /// replaces the others, as in pstats. Totals stay.
    ///
    /// # Errors
    /// [`Error::MixedEdges`], [`Error::TooLarge`] or [`Error::Overflow`].
    pub fn strip_dirs(&self) -> Result<Profile, Error> {
        self.rename(Collision::Replace, |file, name| {
            (base_name(file).into(), name.into())
        })
    }

    /// The same profile with memory addresses in names (`0x7f3a5c0e1b20`) replaced by `0x..`, so that runs
    /// can be added and compared. Functions that get the same name are added.
    ///
    /// # Errors
    /// [`Error::MixedEdges`], [`Error::TooLarge`] or [`Error::Overflow`].
    pub fn fold_addresses(&self) -> Result<Profile, Error> {
        self.rename(Collision::Add, |file, name| {
            (file.into(), without_addresses(name))
        })
    }

    /// The same profile with every function renamed by `rename`, which gets file and name.
    fn rename(
        &self,
        collision: Collision,
        rename: impl Fn(&[u8], &[u8]) -> (Vec<u8>, Vec<u8>),
    ) -> Result<Profile, Error> {
        let mut new = Profile::new(self.dialect);
        new.sampled = self.sampled;
        new.totals = self.totals;
        let mut new_keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let (file, name) = rename(self.strings.get(key.file), self.strings.get(key.name));
            new_keys.push(new.key(&file, key.line, &name)?);
        }
        for key in &self.top_level {
            let key = new_keys[key.index()];
            if !new.top_level.contains(&key) {
                new.top_level.push(key);
            }
        }
        // Which old functions become one new function, in order of first appearance.
        let mut groups: Vec<(KeyId, Vec<FunctionId>)> = Vec::with_capacity(self.rows.len());
        let mut group_of: FxHashMap<KeyId, usize> = FxHashMap::default();
        for function in self.dict_order() {
            let key = new_keys[self.key_of(function).index()];
            let at = *group_of.entry(key).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
            groups[at].1.push(function);
        }
        let mut shared: FxHashMap<EdgeRange, EdgeRange> = FxHashMap::default();
        let mut renamed = Union::default();
        let mut union = Union::default();
        for (key, members) in groups {
            let mut calls = self.calls(members[0]);
            for &member in &members[1..] {
                calls = calls.plus(self.calls(member)).ok_or(Error::Overflow)?;
            }
            let alone = members.len() == 1;
            let mut callers = None;
            for member in members {
                let range = self.caller_range(member);
                if let (true, Some(&known)) = (alone, shared.get(&range)) {
                    callers = Some(known);
                    continue;
                }
                for place in self.edge_dict_order(range) {
                    let (caller, edge) = self.edge(place as usize);
                    let caller = new_keys[caller.index()];
                    match collision {
                        Collision::Replace => renamed.put(caller, edge),
                        Collision::Add => renamed.add(caller, edge).map_err(|clash| clash.of(&new, key))?,
                    }
                }
                if alone {
                    let new_range = new.push_edges(renamed.drain())?;
                    shared.insert(range, new_range);
                    callers = Some(new_range);
                } else {
                    for (caller, edge) in renamed.drain() {
                        union.add(caller, edge).map_err(|clash| clash.of(&new, key))?;
                    }
                }
            }
            let callers = match callers {
                Some(callers) => callers,
                None => new.push_edges(union.drain())?,
            };
            new.insert(key, calls, callers);
        }
        Ok(new)
    }

    /// The same profile without the functions for which `keep` is false, as themselves and as callers;
    /// totals are computed anew. Cumulative times stay: those of the callers still contain what was
    /// left out.
    ///
    /// # Errors
    /// [`Error::TooLarge`] or [`Error::Overflow`].
    pub fn retain(&self, keep: impl Fn(KeyId) -> bool) -> Result<Profile, Error> {
        let mut new = Profile::new(self.dialect);
        new.sampled = self.sampled;
        let kept: Vec<bool> = (0..self.keys.len() as u32).map(|key| keep(KeyId(key))).collect();
        let mut key_map = KeyMap::new(self);
        let mut shared: FxHashMap<EdgeRange, EdgeRange> = FxHashMap::default();
        for function in self.dict_order() {
            let old_key = self.key_of(function);
            if !kept[old_key.index()] {
                continue;
            }
            let key = key_map.get(&mut new, self, old_key)?;
            let range = self.caller_range(function);
            let callers = match shared.get(&range) {
                Some(&callers) => callers,
                None => {
                    let start = new.edge_count();
                    for (caller, edge) in self.edges(range).filter(|(caller, _)| kept[caller.index()]) {
                        let caller = key_map.get(&mut new, self, caller)?;
                        new.push_edge(caller, edge)?;
                    }
                    let callers = new.edges_since(start);
                    shared.insert(range, callers);
                    callers
                }
            };
            new.insert(key, self.calls(function), callers);
        }
        new.sum_up()?;
        Ok(new)
    }
}

/// Why the numbers of one caller cannot be added.
enum Clash {
    Mixed,
    Overflow,
}

impl Clash {
    fn of(self, profile: &Profile, function: KeyId) -> Error {
        match self {
            Clash::Mixed => Error::MixedEdges {
                function: text::shown(&profile.standard_name(function)),
            },
            Clash::Overflow => Error::Overflow,
        }
    }
}

/// A caller dict under construction: the first place of a caller is kept.
#[derive(Default)]
struct Union {
    list: Vec<(KeyId, EdgeCalls)>,
    place: FxHashMap<KeyId, usize>,
}

impl Union {
    /// Sets a caller's numbers; those that it had are lost.
    fn put(&mut self, caller: KeyId, calls: EdgeCalls) {
        let place = *self.place.entry(caller).or_insert(self.list.len());
        match self.list.get_mut(place) {
            Some(entry) => entry.1 = calls,
            None => self.list.push((caller, calls)),
        }
    }

    /// Adds to a caller's numbers.
    fn add(&mut self, caller: KeyId, calls: EdgeCalls) -> Result<(), Clash> {
        match self.place.get(&caller) {
            None => self.put(caller, calls),
            Some(&place) => {
                let entry = &mut self.list[place].1;
                *entry = match (calls, *entry) {
                    (EdgeCalls::Timed(new), EdgeCalls::Timed(old)) => {
                        EdgeCalls::Timed(new.plus(old).ok_or(Clash::Overflow)?)
                    }
                    (EdgeCalls::Counted(new), EdgeCalls::Counted(old)) => {
                        EdgeCalls::Counted(new.checked_add(old).ok_or(Clash::Overflow)?)
                    }
                    _ => return Err(Clash::Mixed),
                };
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> impl Iterator<Item = (KeyId, EdgeCalls)> + '_ {
        self.place.clear();
        self.list.drain(..)
    }
}

/// Carries keys from one profile over to another, each once.
struct KeyMap {
    keys: Vec<Option<KeyId>>,
    strings: FxHashMap<StrId, StrId>,
}

impl KeyMap {
    fn new(from: &Profile) -> KeyMap {
        KeyMap {
            keys: vec![None; from.keys.len()],
            strings: FxHashMap::default(),
        }
    }

    fn get(&mut self, to: &mut Profile, from: &Profile, key: KeyId) -> Result<KeyId, Error> {
        if let Some(known) = self.keys[key.index()] {
            return Ok(known);
        }
        let Key { file, line, name } = from.keys[key.index()];
        let mut carry = |id: StrId| match self.strings.get(&id) {
            Some(&known) => Ok(known),
            None => {
                let new = to.strings.intern(from.strings.get(id)).ok_or(Error::TooLarge)?;
                self.strings.insert(id, new);
                Ok(new)
            }
        };
        let (file, name) = (carry(file)?, carry(name)?);
        let new = to.key_from(Key { file, line, name })?;
        self.keys[key.index()] = Some(new);
        Ok(new)
    }
}

/// What follows the last `/`.
fn base_name(file: &[u8]) -> &[u8] {
    file.rsplit(|&byte| byte == b'/').next().unwrap_or(file)
}

/// `name` with each `0x` and its hexadecimal digits, from six on, replaced by `0x..`.
pub(crate) fn without_addresses(name: &[u8]) -> Vec<u8> {
    const SHORTEST: usize = 6;
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"0x") {
        let digits = rest[at + 2..]
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        out.extend_from_slice(&rest[..at + 2]);
        if digits >= SHORTEST {
            out.extend_from_slice(b"..");
            rest = &rest[at + 2 + digits..];
        } else {
            rest = &rest[at + 2..];
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{Dialect, Seconds};

    fn calls(total: i128, own: f64) -> Calls {
        Calls {
            primitive: total,
            total,
            own: Seconds::Float(own),
            cumulative: Seconds::Float(2.0 * own),
        }
    }

    /// A profile of functions called once a tenth of a second, each with the callers named.
    fn profile(functions: &[(&str, &[&str])]) -> Profile {
        let mut profile = Profile::new(Dialect::Python3);
        let key = |profile: &mut Profile, name: &str| {
            let (file, name) = name.rsplit_once(':').expect("file:name");
            profile
                .key(file.as_bytes(), 1, name.as_bytes())
                .expect("a small profile")
        };
        for (at, (name, callers)) in functions.iter().enumerate() {
            let edges: Vec<_> = callers
                .iter()
                .enumerate()
                .map(|(nth, caller)| {
                    (
                        key(&mut profile, caller),
                        EdgeCalls::Timed(calls(nth as i128 + 1, 0.5)),
                    )
                })
                .collect();
            let callers = profile.push_edges(edges).expect("a small profile");
            let name = key(&mut profile, name);
            profile.insert(name, calls(at as i128 + 1, 0.25), callers);
        }
        profile.sum_up().expect("small numbers");
        profile
    }

    fn shown(profile: &Profile) -> Vec<String> {
        let line = |function| {
            let name = |key| String::from_utf8_lossy(&profile.standard_name(key)).into_owned();
            let callers: Vec<String> = profile
                .callers(function)
                .map(|(caller, edge)| format!("{}={}", name(caller), edge.total()))
                .collect();
            let total = profile.calls(function).total;
            format!(
                "{} {total} [{}]",
                name(profile.key_of(function)),
                callers.join(" ")
            )
        };
        profile.functions().map(line).collect()
    }

    #[test]
    fn stripping_adds_functions_but_replaces_callers() {
        let before = profile(&[
            ("/x/a.py:f", &["/x/b.py:g", "/y/b.py:g"]),
            ("/y/a.py:f", &["/y/b.py:g"]),
        ]);
        let after = before.strip_dirs().expect("small numbers");
        // The callers of the first function collide: the second of them, with 2 calls, stays. Then both functions
        // become one.
        assert_eq!(shown(&after), ["a.py:1(f) 3 [b.py:1(g)=3]"]);
        assert_eq!(after.totals(), before.totals());
    }

    #[test]
    fn folding_addresses_adds_functions_and_callers() {
        let before = profile(&[
            ("~:at 0x7f3a5c0e1b20>", &["a:g 0x123456", "a:g 0x654321"]),
            ("~:at 0x7f3a5c0e1b30>", &[]),
        ]);
        let after = before.fold_addresses().expect("small numbers");
        assert_eq!(shown(&after), ["~:1(at 0x..>) 3 [a:1(g 0x..)=3]"]);
        assert_eq!(without_addresses(b"0x12345 0xabcdef0 0x"), b"0x12345 0x.. 0x");
    }

    #[test]
    fn adding_keeps_the_place_of_what_is_there() {
        let mut sum = profile(&[("a:f", &["a:g"]), ("a:g", &[])]);
        let other = profile(&[("a:h", &[]), ("a:f", &["a:h", "a:g"])]);
        sum.add(&other).expect("small numbers");
        assert_eq!(
            shown(&sum),
            ["a:1(f) 3 [a:1(g)=3 a:1(h)=1]", "a:1(g) 2 []", "a:1(h) 1 []"]
        );
        assert_eq!(sum.totals().calls, 6);
        let mut python2 = Profile::new(Dialect::Python2);
        assert_eq!(python2.add(&other), Err(Error::Dialects));
    }

    #[test]
    fn shared_callers_stay_shared() {
        let mut before = profile(&[("a:f", &["b:x", "b:y"]), ("a:g", &[])]);
        let callers = before.caller_range(FunctionId(0));
        before.insert(before.key_of(FunctionId(1)), Calls::default(), callers);
        let stripped = before.strip_dirs().expect("small numbers");
        let kept = before.retain(|_| true).expect("small numbers");
        let mut added = Profile::new(Dialect::Python3);
        added.add(&before).expect("small numbers");
        for after in [stripped, kept, added] {
            assert_eq!(
                after.caller_range(FunctionId(0)),
                after.caller_range(FunctionId(1))
            );
            assert_eq!(after.edge_count(), 2);
        }
    }

    #[test]
    fn leaving_out_recomputes_totals() {
        let before = profile(&[("a:f", &["a:g", "a:h"]), ("a:g", &[]), ("a:h", &[])]);
        let after = before
            .retain(|key| before.name(key) != b"g")
            .expect("small numbers");
        assert_eq!(shown(&after), ["a:1(f) 1 [a:1(h)=2]", "a:1(h) 3 []"]);
        assert_eq!(after.totals().own, Seconds::Float(0.5));
    }
}
