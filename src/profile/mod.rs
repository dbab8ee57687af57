//! The model that readers return and that views and exports take: which functions ran, how often,
//! for how long, and who called them.
//!
//! Ids are dense, so that per-function data of a view is a plain `Vec`. A function that is only
//! ever named as a caller has a [`KeyId`] but no [`FunctionId`]. Nothing here depends on hash order.

pub mod attribution;
pub(crate) mod callees;
mod calls;
pub(crate) mod change;
pub(crate) mod from_stacks;
mod function;
mod idle;
pub mod labels;
pub mod modules;
pub(crate) mod order;
pub mod stacks;
mod strings;

pub use calls::{Calls, Count, EdgeCalls};
pub use change::{Collision, Error};
pub use function::Key;
pub use idle::{is_idle, is_idle_name};
pub use strings::{StrId, Strings};

use crate::python::{Dialect, Seconds, dict27};
use calls::Packed;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher as _;

/// A function that is named in a profile, as itself or as a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) u32);

impl KeyId {
    /// The place of this key among all keys, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A function that has numbers of its own in a profile. Ids count from 0 in the order of insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub(crate) u32);

impl FunctionId {
    /// The place of this function in the order of insertion, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The callers of a function: a part of the profile's list of edges, which several functions may
/// share. A small file can give 60,000 functions the same 1,000 callers, so they are never copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EdgeRange {
    start: u32,
    len: u32,
}

impl EdgeRange {
    /// The number of callers.
    #[must_use]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Is there no caller?
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The place of the first edge among all edges.
    #[must_use]
    pub fn start(self) -> usize {
        self.start as usize
    }

    fn places(self) -> std::ops::Range<usize> {
        self.start()..self.start() + self.len()
    }
}

/// The sums over a whole profile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// All calls (sum of `nc`).
    pub calls: Count,
    /// Calls that were not made by recursion (sum of `cc`).
    pub primitive: Count,
    /// Seconds: the sum of own times, added from left to right in the order of the file.
    pub own: Seconds,
}

/// What ran, how often, for how long, and who called it.
///
/// ```
/// use prof::profile::{Calls, Profile};
/// use prof::python::{Dialect, Seconds};
///
/// let mut profile = Profile::new(Dialect::Python3);
/// let f = profile.key(b"a.py", 1, b"f").unwrap();
/// let one = Calls { primitive: 1, total: 1, own: Seconds::Float(0.5), cumulative: Seconds::Float(0.5) };
/// profile.insert(f, one, Default::default());
/// profile.sum_up().unwrap();
/// assert_eq!(profile.totals().own, Seconds::Float(0.5));
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    dialect: Dialect,
    sampled: bool,
    strings: Strings,
    keys: Vec<Key>,
    key_index: HashTable<u32>,
    rows: Vec<Row>,
    /// From key to row, [`NO_ROW`] for a function that is only a caller. May be shorter than `keys`.
    row_of_key: Vec<u32>,
    edge_callers: Vec<KeyId>,
    edge_calls: Vec<Packed>,
    wide: Vec<EdgeCalls>,
    totals: Totals,
    top_level: Vec<KeyId>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    key: KeyId,
    callers: EdgeRange,
    calls: Packed,
}

const NO_ROW: u32 = u32::MAX;

impl Profile {
    /// An empty profile.
    #[must_use]
    pub fn new(dialect: Dialect) -> Profile {
        Profile {
            dialect,
            sampled: false,
            strings: Strings::default(),
            keys: Vec::new(),
            key_index: HashTable::new(),
            rows: Vec::new(),
            row_of_key: Vec::new(),
            edge_callers: Vec::new(),
            edge_calls: Vec::new(),
            wide: Vec::new(),
            totals: Totals::default(),
            top_level: Vec::new(),
        }
    }

    /// Whose dump this is: whether names are bytes or text, and which order dicts have.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Sets what [`Profile::dialect`] says; a reader knows it only at the end of a file.
    pub fn set_dialect(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Do counts mean samples and not calls (Python 3.15's sampling profiler)?
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// Sets what [`Profile::is_sampled`] says.
    pub fn set_sampled(&mut self, sampled: bool) {
        self.sampled = sampled;
    }

    /// The number of functions that have numbers of their own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Is there no function?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All functions in the order of insertion.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = FunctionId> + Clone + use<> {
        (0..self.rows.len() as u32).map(FunctionId)
    }

    /// All functions in the order in which the dict of that Python yields them.
    #[must_use]
    pub fn dict_order(&self) -> Vec<FunctionId> {
        match self.dialect {
            Dialect::Python3 => self.functions().collect(),
            Dialect::Python2 => {
                let hashes: Vec<i64> = self.rows.iter().map(|row| self.hash27(row.key)).collect();
                dict27::order(&hashes).into_iter().map(FunctionId).collect()
            }
        }
    }

    /// The key of a function.
    #[must_use]
    pub fn key_of(&self, function: FunctionId) -> KeyId {
        self.rows[function.index()].key
    }

    /// The function of a key, if it has numbers of its own.
    #[must_use]
    pub fn function_of(&self, key: KeyId) -> Option<FunctionId> {
        let row = self.row_of_key.get(key.index()).copied().unwrap_or(NO_ROW);
        (row != NO_ROW).then_some(FunctionId(row))
    }

    /// What identifies a function, with names as ids in [`Profile::strings`].
    #[must_use]
    pub fn key_parts(&self, key: KeyId) -> Key {
        self.keys[key.index()]
    }

    /// The number of keys: of functions and of those that are only callers.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// The numbers of a function.
    #[must_use]
    pub fn calls(&self, function: FunctionId) -> Calls {
        match self.rows[function.index()].calls.unpack(&self.wide) {
            EdgeCalls::Timed(calls) => calls,
            EdgeCalls::Counted(_) => unreachable!("`insert` packs only timed numbers"),
        }
    }

    /// The part of the list of edges that holds a function's callers.
    #[must_use]
    pub fn caller_range(&self, function: FunctionId) -> EdgeRange {
        self.rows[function.index()].callers
    }

    /// The edges of a range, in the order of insertion.
    pub fn edges(&self, range: EdgeRange) -> impl ExactSizeIterator<Item = (KeyId, EdgeCalls)> + '_ {
        range.places().map(|place| self.edge(place))
    }

    /// One edge of the list of all edges.
    #[must_use]
    pub fn edge(&self, place: usize) -> (KeyId, EdgeCalls) {
        (
            self.edge_callers[place],
            self.edge_calls[place].unpack(&self.wide),
        )
    }

    /// The caller of one edge of the list of all edges.
    #[must_use]
    pub fn edge_caller(&self, place: usize) -> KeyId {
        self.edge_callers[place]
    }

    /// The places of a function's callers in the list of all edges, in the order of insertion.
    pub fn caller_places(&self, function: FunctionId) -> std::ops::Range<usize> {
        self.caller_range(function).places()
    }

    /// Who called a function, in the order of insertion.
    pub fn callers(&self, function: FunctionId) -> impl ExactSizeIterator<Item = (KeyId, EdgeCalls)> + '_ {
        self.edges(self.caller_range(function))
    }

    /// The places of a range's edges in the order in which the dict of that Python yields them.
    #[must_use]
    pub fn edge_dict_order(&self, range: EdgeRange) -> Vec<u32> {
        let places = range.start..range.start + range.len;
        match self.dialect {
            Dialect::Python3 => places.collect(),
            Dialect::Python2 => {
                let hashes: Vec<i64> = places
                    .map(|place| self.hash27(self.edge_callers[place as usize]))
                    .collect();
                dict27::order(&hashes)
                    .into_iter()
                    .map(|at| range.start + at)
                    .collect()
            }
        }
    }

    /// The sums over all functions, as of the last [`Profile::sum_up`] and the adding since.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The functions that old Jython dumps mark as the start of the program.
    #[must_use]
    pub fn top_level(&self) -> &[KeyId] {
        &self.top_level
    }

    /// The id of `(file, line, name)`, new or known.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 4 GiB of names or 2^32 - 1 keys.
    pub fn key(&mut self, file: &[u8], line: i64, name: &[u8]) -> Result<KeyId, Error> {
        let file = self.strings.intern(file).ok_or(Error::TooLarge)?;
        let name = self.strings.intern(name).ok_or(Error::TooLarge)?;
        self.key_from(Key { file, line, name })
    }

    /// The id of a key made of names that are already in [`Profile::strings_mut`].
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 2^32 - 1 keys.
    pub fn key_from(&mut self, key: Key) -> Result<KeyId, Error> {
        let Profile { keys, key_index, .. } = self;
        if let Some(&id) = key_index.find(hash_key(key), |&id| keys[id as usize] == key) {
            return Ok(KeyId(id));
        }
        let id = u32::try_from(keys.len())
            .ok()
            .filter(|&id| id != NO_ROW)
            .ok_or(Error::TooLarge)?;
        keys.push(key);
        key_index.insert_unique(hash_key(key), id, |&id| hash_key(keys[id as usize]));
        Ok(KeyId(id))
    }

    /// The names of this profile.
    #[must_use]
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    /// The names of this profile, to add to.
    pub fn strings_mut(&mut self) -> &mut Strings {
        &mut self.strings
    }

    /// Appends edges, each with its caller; the range is for [`Profile::insert`]. The callers of one
    /// range must all be different.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 2^32 - 1 edges.
    pub fn push_edges(
        &mut self,
        edges: impl IntoIterator<Item = (KeyId, EdgeCalls)>,
    ) -> Result<EdgeRange, Error> {
        let start = self.edge_count();
        for (caller, calls) in edges {
            self.push_edge(caller, calls)?;
        }
        Ok(self.edges_since(start))
    }

    /// The number of edges of all functions. Functions of a file can share their callers, so that it may be far more
    /// than [`Profile::edge_count`].
    #[must_use]
    pub fn edge_uses(&self) -> u64 {
        self.functions()
            .map(|function| self.caller_range(function).len() as u64)
            .sum()
    }

    /// The number of edges in the list, also of those that no function uses any more.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edge_callers.len()
    }

    /// Takes the edges from the list again that were appended since it had `len` of them.
    pub fn truncate_edges(&mut self, len: usize) {
        self.edge_callers.truncate(len);
        self.edge_calls.truncate(len);
    }

    /// Appends one edge to the list.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 2^32 - 1 edges.
    pub fn push_edge(&mut self, caller: KeyId, calls: EdgeCalls) -> Result<(), Error> {
        if self.edge_callers.len() >= u32::MAX as usize {
            return Err(Error::TooLarge);
        }
        let packed = Packed::pack(calls, &mut self.wide);
        self.edge_callers.push(caller);
        self.edge_calls.push(packed);
        Ok(())
    }

    /// The range of the edges that were appended since the list had `start` of them. Of several edges
    /// with the same caller the last one's numbers are kept, in the first one's place, as a Python
    /// dict does.
    pub fn edges_since(&mut self, start: usize) -> EdgeRange {
        self.drop_duplicate_callers(start);
        EdgeRange {
            start: start as u32,
            len: (self.edge_callers.len() - start) as u32,
        }
    }

    fn drop_duplicate_callers(&mut self, start: usize) {
        const FEW: usize = 16;
        let callers = &self.edge_callers[start..];
        let first_place = |at: usize| callers[..at].iter().position(|&caller| caller == callers[at]);
        if callers.len() <= FEW && !(1..callers.len()).any(|at| first_place(at).is_some()) {
            return;
        }
        let mut place = rustc_hash::FxHashMap::default();
        let mut kept = start;
        for at in start..self.edge_callers.len() {
            let (caller, calls) = (self.edge_callers[at], self.edge_calls[at]);
            let to = *place.entry(caller).or_insert(kept);
            if to == kept {
                self.edge_callers[to] = caller;
                kept += 1;
            }
            self.edge_calls[to] = calls;
        }
        self.edge_callers.truncate(kept);
        self.edge_calls.truncate(kept);
    }

    /// Sets the numbers and callers of a function. One that is there already keeps its place.
    pub fn insert(&mut self, key: KeyId, calls: Calls, callers: EdgeRange) -> FunctionId {
        let row = Row {
            key,
            callers,
            calls: Packed::pack(EdgeCalls::Timed(calls), &mut self.wide),
        };
        if self.row_of_key.len() <= key.index() {
            self.row_of_key.resize(self.keys.len(), NO_ROW);
        }
        let place = &mut self.row_of_key[key.index()];
        if *place == NO_ROW {
            *place = self.rows.len() as u32;
            self.rows.push(row);
        } else {
            self.rows[*place as usize] = row;
        }
        FunctionId(*place)
    }

    /// Computes [`Profile::totals`] and [`Profile::top_level`] from the functions, as pstats does after
    /// loading a file.
    ///
    /// # Errors
    /// [`Error::Overflow`] if a sum of ints is too large.
    pub fn sum_up(&mut self) -> Result<(), Error> {
        let mut totals = Totals::default();
        let profiler = self.jprofile_key();
        let mut top_level = Vec::new();
        let mut add = |function: FunctionId| {
            let calls = self.calls(function);
            totals.calls = totals.calls.checked_add(calls.total)?;
            totals.primitive = totals.primitive.checked_add(calls.primitive)?;
            totals.own = totals.own.plus(calls.own)?;
            if profiler.is_some_and(|profiler| self.callers(function).any(|(caller, _)| caller == profiler)) {
                top_level.push(self.key_of(function));
            }
            Some(())
        };
        match self.dialect {
            Dialect::Python3 => self.functions().try_for_each(&mut add),
            Dialect::Python2 => self.dict_order().into_iter().try_for_each(&mut add),
        }
        .ok_or(Error::Overflow)?;
        self.totals = totals;
        self.top_level = top_level;
        Ok(())
    }

    fn jprofile_key(&self) -> Option<KeyId> {
        let is_it = |key: &Key| {
            key.line == 0
                && self.strings.get(key.name) == b"profiler"
                && self.strings.get(key.file) == b"jprofile"
        };
        self.keys.iter().position(is_it).map(|at| KeyId(at as u32))
    }

    fn hash27(&self, key: KeyId) -> i64 {
        let key = self.keys[key.index()];
        dict27::hash_tuple(&[
            dict27::hash_bytes(self.strings.get(key.file)),
            dict27::hash_int(key.line),
            dict27::hash_bytes(self.strings.get(key.name)),
        ])
    }
}

fn hash_key(key: Key) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(u64::from(key.file.0) << 32 | u64::from(key.name.0));
    hasher.write_i64(key.line);
    hasher.finish()
}
