//! An order of functions that does not depend on the order of the dump.

use super::{KeyId, Profile};
use rustc_hash::FxHashMap;

/// The number of a key that neither a function nor a caller has.
pub(crate) const NO_NUMBER: u32 = u32::MAX;

/// The keys of functions and of their callers, sorted; and from key to its place
/// among them, [`NO_NUMBER`] for a key that nothing uses.
pub(crate) fn number_functions(profile: &Profile) -> (Vec<KeyId>, Vec<u32>) {
    let mut number_of = vec![NO_NUMBER; profile.key_count()];
    let mut keys = Vec::with_capacity(profile.len());
    let mut add = |key: KeyId| {
        if std::mem::replace(&mut number_of[key.index()], 0) == NO_NUMBER {
            keys.push(key);
        }
    };
    for function in profile.functions() {
        add(profile.key_of(function));
        profile.callers(function).for_each(|(caller, _)| add(caller));
    }
    // Long file names that many functions share are compared once.
    let mut files: Vec<_> = keys.iter().map(|&key| profile.key_parts(key).file).collect();
    files.sort_unstable_by_key(|file| file.0);
    files.dedup();
    files.sort_unstable_by_key(|&file| profile.strings().get(file));
    let ranks: FxHashMap<_, _> = files
        .into_iter()
        .enumerate()
        .map(|(rank, file)| (file, rank))
        .collect();
    keys.sort_by_cached_key(|&key| {
        let parts = profile.key_parts(key);
        (ranks[&parts.file], parts.line, profile.name(key))
    });
    for (number, key) in keys.iter().enumerate() {
        number_of[key.index()] = number as u32;
    }
    (keys, number_of)
}
