//! Which function of one profile is which of another, when lines moved or folders differ.
//!
//! Files are paired first: the same path; then, of what is left, the longest common end of the path, folder by
//! folder. A file of a library (below `site-packages` or `lib/python3.x`) needs its whole path below it, an
//! `__init__.py` its folder; a path without folders is one of a dump whose folders were stripped, and its name is
//! enough. Then functions are paired by name within a pair of files. Where a name stands for several functions,
//! as `__init__` and `<lambda>` do, the functions with a name of their own tell by how many lines that part of
//! the file moved; what is still open is paired in the order of lines.
//!
//! All of it takes time in proportion to the names, and nothing follows hash order.

use crate::profile::modules::after_library;
use crate::profile::{FunctionId, Profile};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// A function of either profile, or the same function in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The function in BEFORE.
    pub before: Option<FunctionId>,
    /// The function in AFTER.
    pub after: Option<FunctionId>,
}

/// All functions of both profiles, each once: those of AFTER in its order, then what only BEFORE has in its order.
#[must_use]
pub fn pairs(before: &Profile, after: &Profile) -> Vec<Pair> {
    let (old, new) = (Files::new(before), Files::new(after));
    let partners = pair_files(&old, &new);
    // Functions by pair of files and name, in the order of AFTER.
    let mut groups: Vec<Group> = Vec::new();
    let mut place: FxHashMap<(u32, &[u8]), usize> = FxHashMap::default();
    for function in after.functions() {
        let key = (new.file_of[function.index()], after.name(after.key_of(function)));
        let at = *place.entry(key).or_insert_with(|| {
            groups.push(Group {
                file: key.0,
                ..Group::default()
            });
            groups.len() - 1
        });
        let line = after.line(after.key_of(function));
        groups[at].after.push((line, function));
    }
    for function in before.functions() {
        let Some(file) = partners[old.file_of[function.index()] as usize] else {
            continue;
        };
        if let Some(&at) = place.get(&(file, before.name(before.key_of(function)))) {
            let line = before.line(before.key_of(function));
            groups[at].before.push((line, function));
        }
    }
    let mut moves = vec![Moves::default(); new.paths.len()];
    for group in &groups {
        if let ([(from, _)], [(to, _)]) = (&group.before[..], &group.after[..]) {
            moves[group.file as usize].0.push((*from, *to));
        }
    }
    for moves in &mut moves {
        moves.0.sort_unstable();
    }
    let mut found: Vec<Option<FunctionId>> = vec![None; after.len()];
    let mut taken = vec![false; before.len()];
    for group in &mut groups {
        group.pair(&moves[group.file as usize], |old, new| {
            found[new.index()] = Some(old);
            taken[old.index()] = true;
        });
    }
    let of_after = after.functions().map(|function| Pair {
        before: found[function.index()],
        after: Some(function),
    });
    let gone = before
        .functions()
        .filter(|function| !taken[function.index()])
        .map(|function| Pair {
            before: Some(function),
            after: None,
        });
    of_after.chain(gone).collect()
}

/// The functions of one name in one pair of files, with their lines.
#[derive(Default)]
struct Group {
    file: u32,
    before: Vec<(i64, FunctionId)>,
    after: Vec<(i64, FunctionId)>,
}

impl Group {
    fn pair(&mut self, moves: &Moves, mut found: impl FnMut(FunctionId, FunctionId)) {
        self.before.sort_unstable();
        self.after.sort_unstable();
        // As many as before and no hint how lines moved: they are the same ones in the same order.
        if self.before.len() != self.after.len() || !moves.0.is_empty() {
            let mut at_line: FxHashMap<i64, usize> = FxHashMap::default();
            for (at, &(line, _)) in self.after.iter().enumerate() {
                at_line.entry(line).or_insert(at);
            }
            let mut taken = vec![false; self.after.len()];
            self.before.retain(|&(line, old)| {
                let at = at_line.remove(&moves.expected(line));
                if let Some(at) = at {
                    taken[at] = true;
                    found(old, self.after[at].1);
                }
                at.is_none()
            });
            let mut at = 0..;
            self.after.retain(|_| at.next().is_some_and(|at| !taken[at]));
        }
        for (&(_, old), &(_, new)) in self.before.iter().zip(&self.after) {
            found(old, new);
        }
    }
}

/// From which line to which the functions with a name of their own moved, sorted.
#[derive(Clone, Default)]
struct Moves(Vec<(i64, i64)>);

impl Moves {
    /// Where a line is now, going by the nearest such function above it, or else by the first below.
    fn expected(&self, line: i64) -> i64 {
        let below = self.0.partition_point(|&(from, _)| from <= line);
        match self.0.get(below.saturating_sub(1)) {
            Some(&(from, to)) => line.saturating_add(to.saturating_sub(from)),
            None => line,
        }
    }
}

/// The files of a profile, numbered in the order of their first function.
struct Files<'a> {
    profile: &'a Profile,
    paths: Vec<&'a [u8]>,
    /// How many parts, from the file's name up, another path must have too in order to be the same file; `None`
    /// for a path without folders, to which its name is enough.
    needed: Vec<Option<usize>>,
    functions: Vec<Vec<FunctionId>>,
    /// The file of each function.
    file_of: Vec<u32>,
}

impl<'a> Files<'a> {
    fn new(profile: &'a Profile) -> Files<'a> {
        let mut files = Files {
            profile,
            paths: Vec::new(),
            needed: Vec::new(),
            functions: Vec::new(),
            file_of: Vec::with_capacity(profile.len()),
        };
        let mut place: FxHashMap<&[u8], u32> = FxHashMap::default();
        for function in profile.functions() {
            let path = profile.file(profile.key_of(function));
            let at = *place.entry(path).or_insert_with(|| {
                files.paths.push(path);
                files.needed.push((!is_bare(path)).then(|| parts_needed(path)));
                files.functions.push(Vec::new());
                // A profile has fewer than 2^32 functions.
                (files.paths.len() - 1) as u32
            });
            files.functions[at as usize].push(function);
            files.file_of.push(at);
        }
        files
    }

    fn names(&self, file: u32) -> impl Iterator<Item = &'a [u8]> + '_ {
        let functions = self.functions[file as usize].iter();
        functions.map(|&function| self.profile.name(self.profile.key_of(function)))
    }
}

/// More folders than this tell nothing new.
const DEEPEST: usize = 64;
/// So many pairs of files with the same end of the path are compared by their functions.
const FEW: usize = 256;

/// The file of `new` that each file of `old` is.
fn pair_files(old: &Files<'_>, new: &Files<'_>) -> Vec<Option<u32>> {
    let mut partners = vec![None; old.paths.len()];
    let at_path: FxHashMap<&[u8], u32> = (0u32..).zip(&new.paths).map(|(at, &path)| (path, at)).collect();
    let mut taken = vec![false; new.paths.len()];
    for (path, partner) in old.paths.iter().zip(&mut partners) {
        *partner = at_path.get(path).copied();
        if let Some(at) = *partner {
            taken[at as usize] = true;
        }
    }
    // The ends of paths as a tree, from the file's name up.
    let mut ends: Vec<End> = Vec::new();
    let mut children: FxHashMap<(u32, &[u8]), u32> = FxHashMap::default();
    let mut grow = |path, file, side: fn(&mut End) -> &mut Vec<u32>| {
        let mut node = u32::MAX;
        for (depth, part) in (1..).zip(parts(path).take(DEEPEST)) {
            node = *children.entry((node, part)).or_insert_with(|| {
                ends.push(End {
                    depth,
                    ..End::default()
                });
                (ends.len() - 1) as u32
            });
            side(&mut ends[node as usize]).push(file);
        }
    };
    for (file, &path) in (0..).zip(&old.paths) {
        if partners[file as usize].is_none() && is_path(path) {
            grow(path, file, |end| &mut end.before);
        }
    }
    for (file, &path) in (0..).zip(&new.paths) {
        if !taken[file as usize] && is_path(path) {
            grow(path, file, |end| &mut end.after);
        }
    }
    ends.retain(|end| !end.before.is_empty() && !end.after.is_empty());
    // The longest first; a stable sort keeps the order of the files.
    ends.sort_by_key(|end| Reverse(end.depth));
    // How many names two files have in common, known from a longer end.
    let mut common = FxHashMap::default();
    for mut end in ends {
        end.before.retain(|&file| partners[file as usize].is_none());
        end.after.retain(|&file| !taken[file as usize]);
        for (before, after) in end.pairs(old, new, &mut common) {
            if partners[before as usize].is_none() && !taken[after as usize] {
                partners[before as usize] = Some(after);
                taken[after as usize] = true;
            }
        }
    }
    partners
}

/// One end of paths, and which files have it.
#[derive(Default)]
struct End {
    depth: usize,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl End {
    /// The pairs of these files that may be the same, the best first: those with the most function names in
    /// common, but at least one.
    fn pairs(
        &self,
        old: &Files<'_>,
        new: &Files<'_>,
        common: &mut FxHashMap<(u32, u32), usize>,
    ) -> Vec<(u32, u32)> {
        let may_be = |before: u32, after: u32| match (old.needed[before as usize], new.needed[after as usize])
        {
            (Some(before), Some(after)) => self.depth >= before.max(after),
            _ => true,
        };
        let count = |before: u32, after: u32| {
            let names: FxHashSet<&[u8]> = old.names(before).collect();
            let both: FxHashSet<&[u8]> = new.names(after).filter(|name| names.contains(name)).collect();
            both.len()
        };
        let mut scored: Vec<(Reverse<usize>, u32, u32)> = Vec::new();
        let mut score = |before, after| {
            if may_be(before, after) {
                let known = common.entry((before, after));
                let common = *known.or_insert_with(|| count(before, after));
                if common > 0 {
                    scored.push((Reverse(common), before, after));
                }
            }
        };
        if self.before.len().saturating_mul(self.after.len()) <= FEW {
            for &before in &self.before {
                for &after in &self.after {
                    score(before, after);
                }
            }
        } else {
            for (&before, &after) in self.before.iter().zip(&self.after) {
                score(before, after);
            }
        }
        scored.sort_unstable();
        scored
            .into_iter()
            .map(|(_, before, after)| (before, after))
            .collect()
    }
}

/// Is this the name of a file, and not `~`, `<string>` or `<frozen os>`?
fn is_path(path: &[u8]) -> bool {
    !path.is_empty() && path != b"~" && !path.starts_with(b"<")
}

/// The parts of a path from the file's name up.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = path.rsplit(|&byte| byte == b'/' || byte == b'\\');
    parts.filter(|part| !part.is_empty() && *part != b".")
}

fn is_bare(path: &[u8]) -> bool {
    parts(path).nth(1).is_none()
}

fn parts_needed(path: &[u8]) -> usize {
    if let Some(module) = after_library(path) {
        return parts(module).count().clamp(1, DEEPEST);
    }
    match parts(path).next() {
        Some(b"__init__.py" | b"__main__.py") => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Calls;
    use crate::python::Dialect;

    fn profile(functions: &[&str]) -> Profile {
        let mut profile = Profile::new(Dialect::Python3);
        for function in functions {
            let (place, name) = function.split_once('(').expect("file:line(name)");
            let (file, line) = place.rsplit_once(':').expect("file:line(name)");
            let name = name.strip_suffix(')').expect("file:line(name)");
            let line = line.parse().expect("a line");
            let key = profile.key(file.as_bytes(), line, name.as_bytes());
            profile.insert(
                key.expect("a small profile"),
                Calls::default(),
                Default::default(),
            );
        }
        profile
    }

    /// Checks the pairs: each as `before = after`, `+ new` or `- gone`.
    fn check(before: &[&str], after: &[&str], expected: &[&str]) {
        let (before, after) = (profile(before), profile(after));
        let name = |profile: &Profile, function| {
            let key = profile.key_of(function);
            format!(
                "{}:{}({})",
                String::from_utf8_lossy(profile.file(key)),
                profile.line(key),
                String::from_utf8_lossy(profile.name(key))
            )
        };
        let shown: Vec<String> = pairs(&before, &after)
            .iter()
            .map(|pair| match (pair.before, pair.after) {
                (Some(old), Some(new)) => format!("{} = {}", name(&before, old), name(&after, new)),
                (None, Some(new)) => format!("+ {}", name(&after, new)),
                (Some(old), None) => format!("- {}", name(&before, old)),
                (None, None) => unreachable!("a pair has a function"),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn moved_lines() {
        check(
            &["a.py:1(f)", "a.py:5(g)"],
            &["a.py:3(g)", "a.py:9(f)"],
            &["a.py:5(g) = a.py:3(g)", "a.py:1(f) = a.py:9(f)"],
        );
    }

    #[test]
    fn moved_folders() {
        check(
            &[
                "/old/venv/lib/python3.11/site-packages/x/utils.py:1(f)",
                "/old/venv/lib/python3.11/site-packages/y/utils.py:1(f)",
                "/home/me/game/world/rules.py:7(roll)",
                "/usr/lib/python3.11/json/decoder.py:3(decode)",
            ],
            &[
                "/new/venv/lib/python3.12/site-packages/y/utils.py:2(f)",
                "/new/venv/lib/python3.12/site-packages/x/utils.py:2(f)",
                "/srv/game/world/rules.py:8(roll)",
                "/opt/python/lib/python3.12/json/decoder.py:4(decode)",
            ],
            &[
                "/old/venv/lib/python3.11/site-packages/y/utils.py:1(f) = \
                 /new/venv/lib/python3.12/site-packages/y/utils.py:2(f)",
                "/old/venv/lib/python3.11/site-packages/x/utils.py:1(f) = \
                 /new/venv/lib/python3.12/site-packages/x/utils.py:2(f)",
                "/home/me/game/world/rules.py:7(roll) = /srv/game/world/rules.py:8(roll)",
                "/usr/lib/python3.11/json/decoder.py:3(decode) = /opt/python/lib/python3.12/json/decoder.py:4(decode)",
            ],
        );
        // Windows, a checkout elsewhere, a dump with stripped folders.
        check(
            &["C:\\game\\rules.py:1(f)"],
            &["/srv/game/rules.py:1(f)"],
            &["C:\\game\\rules.py:1(f) = /srv/game/rules.py:1(f)"],
        );
        check(
            &["decoder.py:1(decode)"],
            &["/usr/lib/python3.11/json/decoder.py:1(decode)"],
            &["decoder.py:1(decode) = /usr/lib/python3.11/json/decoder.py:1(decode)"],
        );
    }

    #[test]
    fn files_that_only_share_a_name_are_not_the_same() {
        check(
            &[
                "/venv/site-packages/x/utils.py:1(f)",
                "/srv/a/__init__.py:1(f)",
                "/srv/a/util.py:1(f)",
            ],
            &[
                "/venv/site-packages/y/utils.py:1(f)",
                "/srv/b/__init__.py:1(f)",
                "/srv/b/util.py:1(g)",
            ],
            &[
                "+ /venv/site-packages/y/utils.py:1(f)",
                "+ /srv/b/__init__.py:1(f)",
                "+ /srv/b/util.py:1(g)",
                "- /venv/site-packages/x/utils.py:1(f)",
                "- /srv/a/__init__.py:1(f)",
                "- /srv/a/util.py:1(f)",
            ],
        );
        // Of several with the same end, the one with the most names in common.
        check(
            &["/1/util.py:1(f)", "/1/util.py:2(g)", "/2/util.py:1(f)"],
            &["/3/util.py:1(f)", "/4/util.py:1(f)", "/4/util.py:2(g)"],
            &[
                "/2/util.py:1(f) = /3/util.py:1(f)",
                "/1/util.py:1(f) = /4/util.py:1(f)",
                "/1/util.py:2(g) = /4/util.py:2(g)",
            ],
        );
    }

    #[test]
    fn several_functions_of_one_name() {
        // All moved by 10 lines: the line that happens to be the same is another function.
        check(
            &["a.py:10(<lambda>)", "a.py:20(<lambda>)"],
            &["a.py:20(<lambda>)", "a.py:30(<lambda>)"],
            &[
                "a.py:10(<lambda>) = a.py:20(<lambda>)",
                "a.py:20(<lambda>) = a.py:30(<lambda>)",
            ],
        );
        // One is gone, nothing moved.
        check(
            &["a.py:10(<lambda>)", "a.py:20(<lambda>)", "a.py:30(<lambda>)"],
            &["a.py:20(<lambda>)", "a.py:30(<lambda>)"],
            &[
                "a.py:20(<lambda>) = a.py:20(<lambda>)",
                "a.py:30(<lambda>) = a.py:30(<lambda>)",
                "- a.py:10(<lambda>)",
            ],
        );
        // One is gone, and a function with a name of its own tells that the rest moved by 5 lines.
        check(
            &["a.py:1(f)", "a.py:10(__init__)", "a.py:15(__init__)"],
            &["a.py:6(f)", "a.py:20(__init__)"],
            &[
                "a.py:1(f) = a.py:6(f)",
                "a.py:15(__init__) = a.py:20(__init__)",
                "- a.py:10(__init__)",
            ],
        );
    }

    #[test]
    fn built_in_functions_go_by_name() {
        check(
            &["~:0(<built-in method builtins.len>)", "~:0(<sum>)"],
            &["~:0(<built-in method builtins.len>)", "~:0(<max>)"],
            &[
                "~:0(<built-in method builtins.len>) = ~:0(<built-in method builtins.len>)",
                "+ ~:0(<max>)",
                "- ~:0(<sum>)",
            ],
        );
    }

    proptest::proptest! {
        #[test]
        fn every_function_is_paired_once_and_by_name(
            before in proptest::collection::vec("(/[ab]){0,2}/([xy]|__init__)[.]py:[1-9]\\([fg]\\)", 0..24),
            after in proptest::collection::vec("(/[ab]){0,2}/([xy]|__init__)[.]py:[1-9]\\([fg]\\)", 0..24),
        ) {
            let profile = |names: &[String]| profile(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let (before, after) = (profile(&before), profile(&after));
            let found = pairs(&before, &after);
            let mut sides = [vec![0; before.len()], vec![0; after.len()]];
            for pair in &found {
                for (side, function) in sides.iter_mut().zip([pair.before, pair.after]) {
                    if let Some(function) = function {
                        side[function.index()] += 1;
                    }
                }
                if let (Some(old), Some(new)) = (pair.before, pair.after) {
                    assert_eq!(before.name(before.key_of(old)), after.name(after.key_of(new)));
                }
            }
            assert!(sides.iter().flatten().all(|&count| count == 1));
            let same = pairs(&after, &after);
            assert!(same.iter().all(|pair| pair.before == pair.after));
        }
    }

    #[test]
    fn odd_names_and_many_files_neither_fail_nor_take_long() {
        let deep = format!("{}x.py:{}(f)", "a/".repeat(5000), i64::MAX);
        let odd = [
            deep.as_str(),
            ":0()",
            "/:1(f)",
            "a.py:-9223372036854775808(f)",
            "./.:1(f)",
        ];
        check(
            &odd,
            &[],
            &odd.map(|name| format!("- {name}")).each_ref().map(String::as_str),
        );
        let files = |root: &str| -> Vec<String> {
            (0..20_000)
                .map(|at| format!("/{root}{at}/__init__.py:1(f)"))
                .collect()
        };
        let (before, after) = (files("a"), files("b"));
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let after: Vec<&str> = after.iter().map(String::as_str).collect();
        assert_eq!(pairs(&profile(&before), &profile(&after)).len(), 40_000);
    }
}
