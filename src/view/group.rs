//! Functions grouped by file, module or package.

use crate::profile::modules::{BUILT_IN, module_of, package_of};
use crate::profile::{Calls, EdgeCalls, KeyId, Profile};
use crate::python::Seconds;
use rustc_hash::FxHashMap;

/// What functions are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GroupBy {
    /// The source file.
    File,
    /// The dotted module, found from the folders Python keeps libraries in.
    Module,
    /// The outermost package of the module; for files outside a library, their folder.
    Package,
}

/// The functions of one file, module or package, as one row.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The name of the group, as raw bytes in the encoding of the profile's names.
    pub(super) name: Vec<u8>,
    /// How many functions it has.
    pub(super) functions: usize,
    /// Calls and own time are sums. Cumulative time is that of the calls that come from outside, and no more than
    /// the whole profile's; it is too high where groups call each other in turn.
    pub(super) calls: Calls,
}

/// All groups, in the order in which their first function stands in the profile.
pub(super) fn groups(profile: &Profile, by: GroupBy) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut place: FxHashMap<Vec<u8>, usize> = FxHashMap::default();
    let group_of_key: Vec<usize> = (0..profile.key_count() as u32)
        .map(|key| {
            let name = group_name(profile, KeyId(key), by);
            *place.entry(name).or_insert_with_key(|name| {
                groups.push(Group {
                    name: name.clone(),
                    functions: 0,
                    calls: Calls::default(),
                });
                groups.len() - 1
            })
        })
        .collect();
    for function in profile.dict_order() {
        let at = group_of_key[profile.key_of(function).index()];
        let calls = profile.calls(function);
        let (mut inside, mut entered, mut known) = (0, 0.0, 0.0);
        for (caller, edge) in profile.callers(function) {
            let share = match edge {
                EdgeCalls::Timed(edge) => edge.cumulative.as_f64(),
                // Only a count is known: the part of the time that goes with it.
                EdgeCalls::Counted(count) => {
                    calls.cumulative.as_f64() * count as f64 / calls.total.max(1) as f64
                }
            };
            known += share;
            if group_of_key[caller.index()] == at {
                inside += 1;
            } else {
                entered += share;
            }
        }
        // What no caller accounts for was entered from outside, too.
        let root = (calls.cumulative.as_f64() - known).max(0.0);
        let cumulative = if inside == 0 {
            calls.cumulative.as_f64()
        } else {
            entered + root
        };
        let group = &mut groups[at];
        let entry = Calls {
            cumulative: Seconds::Float(cumulative),
            ..calls
        };
        group.functions += 1;
        group.calls = group.calls.plus(entry).unwrap_or(group.calls);
    }
    let total = profile.totals().own.as_f64();
    for group in &mut groups {
        let cumulative = group
            .calls
            .cumulative
            .as_f64()
            .min(total)
            .max(group.calls.own.as_f64());
        group.calls.cumulative = Seconds::Float(cumulative);
    }
    groups.retain(|group| group.functions > 0);
    groups
}

fn group_name(profile: &Profile, key: KeyId, by: GroupBy) -> Vec<u8> {
    match by {
        GroupBy::File if profile.is_builtin(key) || profile.file(key).is_empty() => BUILT_IN.into(),
        GroupBy::File => profile.file(key).into(),
        GroupBy::Module => module_of(profile, key),
        GroupBy::Package => package_of(profile, key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Dialect;

    #[test]
    fn time_inside_a_group_is_counted_once() {
        // main (2 s) calls a (1 s own, 3 s in all) in another file, which calls b (2 s) in its own.
        let mut profile = Profile::new(Dialect::Python3);
        let calls = |own, cumulative| Calls {
            primitive: 1,
            total: 1,
            own: Seconds::Float(own),
            cumulative: Seconds::Float(cumulative),
        };
        let main = profile.key(b"m.py", 1, b"main").expect("a small profile");
        let a = profile.key(b"lib.py", 1, b"a").expect("a small profile");
        let b = profile.key(b"lib.py", 9, b"b").expect("a small profile");
        profile.insert(main, calls(2.0, 5.0), Default::default());
        let by_main = profile
            .push_edges([(main, EdgeCalls::Timed(calls(1.0, 3.0)))])
            .expect("a small profile");
        profile.insert(a, calls(1.0, 3.0), by_main);
        let by_a = profile
            .push_edges([(a, EdgeCalls::Timed(calls(2.0, 2.0)))])
            .expect("a small profile");
        profile.insert(b, calls(2.0, 2.0), by_a);
        profile.sum_up().expect("small numbers");
        let groups = groups(&profile, GroupBy::File);
        let seen: Vec<_> = groups
            .iter()
            .map(|group| (group.calls.own.as_f64(), group.calls.cumulative.as_f64()))
            .collect();
        assert_eq!(seen, [(2.0, 5.0), (3.0, 3.0)]);
    }
}
