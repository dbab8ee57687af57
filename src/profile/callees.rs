//! Callers turned round: whom a function calls.

use super::{EdgeRange, FunctionId, KeyId, Profile};

/// The callees of every function. Takes memory for the edges as they are stored, each once, however many
/// functions share them: a small file can have 60 million callees in all.
#[derive(Debug)]
pub(crate) struct Callees {
    /// For each key where its entries begin; one more than there are keys.
    starts: Vec<usize>,
    /// The place of an edge, and the number of the list of callers in which it stands.
    entries: Vec<(u32, u32)>,
    /// The functions by their list of callers; those of one list in table order.
    functions: Vec<FunctionId>,
    /// For each list of callers where its functions begin; one more than there are lists.
    lists: Vec<u32>,
}

impl Callees {
    pub(crate) fn new(profile: &Profile) -> Callees {
        let range_of = |function: FunctionId| profile.caller_range(function);
        let mut functions: Vec<FunctionId> = profile
            .functions()
            .filter(|&function| !range_of(function).is_empty())
            .collect();
        // Readers append edges function by function, so this finds them sorted.
        functions.sort_by_key(|&function| {
            let EdgeRange { start, len } = range_of(function);
            (start, len)
        });
        let mut lists = Vec::new();
        let mut ranges: Vec<EdgeRange> = Vec::new();
        for (at, &function) in functions.iter().enumerate() {
            let range = range_of(function);
            if ranges.last() != Some(&range) {
                ranges.push(range);
                lists.push(at as u32);
            }
        }
        lists.push(functions.len() as u32);

        let mut starts = vec![0usize; profile.key_count() + 1];
        for &range in &ranges {
            for place in range.places() {
                starts[profile.edge_caller(place).index() + 1] += 1;
            }
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        // Each start is moved to its end while the entries are put in place, which is the next one's start.
        let mut entries = vec![(0, 0); starts.last().copied().unwrap_or(0)];
        for (list, &range) in ranges.iter().enumerate() {
            for place in range.places() {
                let next = &mut starts[profile.edge_caller(place).index()];
                entries[*next] = (place as u32, list as u32);
                *next += 1;
            }
        }
        starts.pop();
        starts.insert(0, 0);
        Callees {
            starts,
            entries,
            functions,
            lists,
        }
    }

    /// The callees of a function, each with the place of its edge among all edges, in no order that means
    /// anything. A key that is newer than this has none.
    pub(crate) fn of(&self, caller: KeyId) -> impl Iterator<Item = (FunctionId, usize)> + '_ {
        self.lists_of(caller)
            .flat_map(|(list, place)| self.functions_of(list).iter().map(move |&callee| (callee, place)))
    }

    /// The lists of callers in which a function stands, each with the place of its edge. All functions of
    /// [`Callees::functions_of`] such a list are its callees.
    pub(crate) fn lists_of(&self, caller: KeyId) -> impl Iterator<Item = (u32, usize)> + '_ {
        let bounds = self.starts.get(caller.index()..caller.index() + 2);
        let entries = bounds.map_or(&[][..], |bounds| &self.entries[bounds[0]..bounds[1]]);
        entries.iter().map(|&(place, list)| (list, place as usize))
    }

    /// The functions that share a list of callers.
    pub(crate) fn functions_of(&self, list: u32) -> &[FunctionId] {
        let list = list as usize;
        &self.functions[self.lists[list] as usize..self.lists[list + 1] as usize]
    }

    /// The number of different lists of callers.
    pub(crate) fn list_count(&self) -> usize {
        self.lists.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Calls, EdgeCalls};
    use crate::python::Dialect;

    #[test]
    fn shared_lists_of_callers_are_turned_round() {
        let mut profile = Profile::new(Dialect::Python3);
        let [a, b, c, d] = ["a", "b", "c", "d"]
            .map(|name| profile.key(b"x.py", 1, name.as_bytes()).expect("a small profile"));
        let push = |profile: &mut Profile, callers: &[KeyId]| {
            let edges: Vec<_> = callers
                .iter()
                .map(|&caller| (caller, EdgeCalls::Counted(1)))
                .collect();
            profile.push_edges(edges).expect("a small profile")
        };
        let shared = push(&mut profile, &[a, d]);
        let own = push(&mut profile, &[a]);
        profile.insert(c, Calls::default(), shared);
        profile.insert(a, Calls::default(), EdgeRange::default());
        profile.insert(b, Calls::default(), shared);
        profile.insert(d, Calls::default(), own);
        let late = profile.key(b"x.py", 9, b"late").expect("a small profile");

        let callees = Callees::new(&profile);
        let check = |caller: KeyId, expected: &[(&[u8], usize)]| {
            let mut found: Vec<_> = callees
                .of(caller)
                .map(|(callee, place)| (profile.name(profile.key_of(callee)), place))
                .collect();
            found.sort_unstable();
            assert_eq!(found, expected);
        };
        check(a, &[(b"b", 0), (b"c", 0), (b"d", 2)]);
        check(d, &[(b"b", 1), (b"c", 1)]);
        check(b, &[]);
        check(late, &[]);
        check(KeyId(77), &[]);
        assert_eq!(callees.list_count(), 2);
    }
}
