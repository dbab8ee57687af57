//! Functions grouped by file, module or package.

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

const BUILT_IN: &[u8] = b"(built-in)";

fn group_name(profile: &Profile, key: KeyId, by: GroupBy) -> Vec<u8> {
    let file = profile.file(key);
    if profile.is_builtin(key) || file.is_empty() {
        return match by {
            GroupBy::File => BUILT_IN.into(),
            GroupBy::Module | GroupBy::Package => built_in_module(profile.name(key)),
        };
    }
    match by {
        GroupBy::File => file.into(),
        GroupBy::Module => module(file).0,
        GroupBy::Package => {
            let (module, in_library) = module(file);
            if in_library {
                module
                    .split(|&byte| byte == b'.')
                    .next()
                    .unwrap_or_default()
                    .into()
            } else {
                match file.iter().rposition(|&byte| byte == b'/') {
                    Some(slash) => file[..=slash].into(),
                    None => module,
                }
            }
        }
    }
}

/// `posix` of `<built-in method posix.stat>`; methods of types belong to no module that the name tells.
fn built_in_module(name: &[u8]) -> Vec<u8> {
    let module = name.strip_prefix(b"<built-in method ").and_then(|rest| {
        let dotted = rest.strip_suffix(b">").unwrap_or(rest);
        let dot = dotted.iter().rposition(|&byte| byte == b'.')?;
        dotted[..dot]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte))
            .then(|| dotted[..dot].to_vec())
    });
    module.unwrap_or_else(|| BUILT_IN.into())
}

/// The dotted module of a file, and whether it stands in a folder of libraries, so that the name is sure.
fn module(file: &[u8]) -> (Vec<u8>, bool) {
    if let Some(frozen) = file
        .strip_prefix(b"<frozen ")
        .and_then(|rest| rest.strip_suffix(b">"))
    {
        return (frozen.into(), true);
    }
    let (path, in_library) = match after_library(file) {
        Some(path) => (path, true),
        None => (file, false),
    };
    let path = path.strip_suffix(b".py").unwrap_or(path);
    let path = path.strip_suffix(b"/__init__").unwrap_or(path);
    let dotted = if in_library {
        path.iter()
            .map(|&byte| if byte == b'/' { b'.' } else { byte })
            .collect()
    } else {
        path.into()
    };
    (dotted, in_library)
}

/// What follows the last `site-packages/`, `dist-packages/` or `lib/python3.12/`.
pub(super) fn after_library(file: &[u8]) -> Option<&[u8]> {
    let mut start = 0;
    let mut found = None;
    let mut parent: &[u8] = b"";
    for folder in file.split_inclusive(|&byte| byte == b'/') {
        start += folder.len();
        let name = folder.strip_suffix(b"/").unwrap_or(b"");
        let versioned = name
            .strip_prefix(b"python")
            .is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit));
        if name == b"site-packages" || name == b"dist-packages" || (versioned && parent == b"lib") {
            found = Some(start);
        }
        parent = name;
    }
    found.map(|start| &file[start..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Dialect;

    #[test]
    fn files_belong_to_modules_and_packages() {
        let check = |file: &str, line: i64, name: &str, module: &str, package: &str| {
            let mut profile = Profile::new(Dialect::Python3);
            let key = profile
                .key(file.as_bytes(), line, name.as_bytes())
                .expect("a small profile");
            let shown = |by| String::from_utf8_lossy(&group_name(&profile, key, by)).into_owned();
            assert_eq!(
                (&*shown(GroupBy::Module), &*shown(GroupBy::Package)),
                (module, package)
            );
        };
        let base = "/venv/lib/python3.12/site-packages/twisted/internet/base.py";
        check(base, 9, "run", "twisted.internet.base", "twisted");
        check("/usr/lib/python3.12/re/__init__.py", 9, "f", "re", "re");
        check(
            "<frozen importlib._bootstrap>",
            9,
            "f",
            "importlib._bootstrap",
            "importlib",
        );
        check(
            "/srv/game/world/rules.py",
            9,
            "f",
            "/srv/game/world/rules",
            "/srv/game/world/",
        );
        check("rules.py", 9, "f", "rules", "rules");
        check("~", 0, "<built-in method posix.stat>", "posix", "posix");
        check(
            "~",
            0,
            "<method 'append' of 'list' objects>",
            "(built-in)",
            "(built-in)",
        );
    }

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
