//! Profiles as callgrind files, for KCachegrind, QCachegrind and `callgrind_annotate`.
//!
//! The one event is `ns`, nanoseconds of own time; the file's total is the sum of the own times in it. A call
//! has the number of all calls, recursive ones included, and the cumulative time of the edge; readers fold
//! cycles themselves. A consumer knows a function by file and name only, so functions that share both
//! get their line into the name.
//!
//! Source: the Valgrind manual, "Callgrind Format Specification"; its traps as in
//! `../shared/specs/export.md`, section 6.

use super::{CHUNK, edge_cost, hand_on, one_line, total};
use crate::profile::callees::Callees;
use crate::profile::order::number_functions;
use crate::profile::{Count, EdgeCalls, FunctionId, KeyId, Profile};
use crate::python::number::push_int;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::io::{self, Write};

/// What a file says beside the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What ran, for the line `cmd:`. KCachegrind shows it beside the total. May be empty.
    pub command: String,
}

/// What a file contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Nanoseconds: the sum of own times.
    pub total: u128,
    /// Functions, also those that are only callers.
    pub functions: usize,
    /// Calls from one function to another.
    pub edges: u64,
    /// The edges whose time is estimated from a count, as in dumps of the module `profile`.
    pub estimated: u64,
}

/// Writes a profile. Memory is needed for functions and for edges as the profile stores them, not for
/// those that many functions share.
///
/// ```
/// use prof::export::callgrind::{self, Options};
/// use prof::profile::{Calls, Profile};
/// use prof::python::{Dialect, Seconds};
///
/// let mut profile = Profile::new(Dialect::Python3);
/// let f = profile.key(b"a.py", 7, b"f").unwrap();
/// let one = Calls { primitive: 1, total: 1, own: Seconds::Float(0.5), cumulative: Seconds::Float(0.5) };
/// profile.insert(f, one, Default::default());
/// let mut text = Vec::new();
/// callgrind::write(&profile, &Options::default(), &mut text).unwrap();
/// assert!(text.ends_with(b"\nfl=(1) a.py\nfn=(1) f\n7 500000000\n\ntotals: 500000000\n"));
/// ```
///
/// # Errors
/// Those of `out`.
pub fn write(profile: &Profile, options: &Options, mut out: impl Write) -> io::Result<Written> {
    let (keys, number_of) = number_functions(profile);
    let mut names = Names::new(profile, &keys);
    let callees = Callees::new(profile);
    // Callees lie anywhere in memory: what is asked of each stands together, here and in `names`.
    let number_of_function: Vec<u32> = profile
        .functions()
        .map(|function| number_of[profile.key_of(function).index()])
        .collect();
    drop(number_of);
    let mut written = Written {
        total: total(profile),
        functions: keys.len(),
        ..Written::default()
    };
    let mut text = Vec::with_capacity(2 * CHUNK);
    push_head(&mut text, profile, options, written.total);

    let mut called = Vec::new();
    for (number, &key) in keys.iter().enumerate() {
        text.push(b'\n');
        names.push_file(&mut text, b"fl=", number);
        names.push_name(&mut text, b"fn=", number);
        let own = profile
            .function_of(key)
            .and_then(|function| profile.calls(function).own.nanoseconds());
        let line = names.line(number);
        push_cost(&mut text, line, own.unwrap_or(0));

        called.clear();
        let numbered =
            |(callee, place): (FunctionId, usize)| (number_of_function[callee.index()], place, callee);
        called.extend(callees.of(key).map(numbered));
        called.sort_unstable();
        for &(callee_number, place, callee) in &called {
            let edge = profile.edge(place).1;
            let cost = edge_cost(edge, || profile.calls(callee));
            names.push_file(&mut text, b"cfi=", callee_number as usize);
            names.push_name(&mut text, b"cfn=", callee_number as usize);
            text.extend_from_slice(b"calls=");
            push_int(&mut text, cost.calls);
            text.push(b' ');
            push_int(&mut text, names.line(callee_number as usize));
            text.push(b'\n');
            push_cost(&mut text, line, cost.nanoseconds);
            written.edges += 1;
            written.estimated += u64::from(matches!(edge, EdgeCalls::Counted(_)));
            hand_on(&mut text, CHUNK, &mut out)?;
        }
        hand_on(&mut text, CHUNK, &mut out)?;
    }
    text.extend_from_slice(b"\ntotals: ");
    push_total(&mut text, written.total);
    hand_on(&mut text, 0, &mut out)?;
    out.flush()?;
    Ok(written)
}

/// Readers take `events:` for the end of the head, so only the summary follows it.
fn push_head(text: &mut Vec<u8>, profile: &Profile, options: &Options, total: u128) {
    let version = env!("CARGO_PKG_VERSION");
    text.extend_from_slice(
        format!("# callgrind format\nversion: 1\ncreator: prof {version}\ncmd:").as_bytes(),
    );
    if !options.command.is_empty() {
        text.push(b' ');
        text.extend_from_slice(&one_line(options.command.as_bytes()));
    }
    text.push(b'\n');
    let is_counted = |(_, edge): (KeyId, EdgeCalls)| matches!(edge, EdgeCalls::Counted(_));
    if profile
        .functions()
        .any(|function| profile.callers(function).any(is_counted))
    {
        text.extend_from_slice(b"desc: Note: times of calls are estimated from their counts\n");
    }
    text.extend_from_slice(b"positions: line\nevent: ns : Nanoseconds\nevents: ns\nsummary: ");
    push_total(text, total);
}

fn push_total(text: &mut Vec<u8>, total: u128) {
    text.extend_from_slice(total.to_string().as_bytes());
    text.push(b'\n');
}

fn push_cost(text: &mut Vec<u8>, line: Count, nanoseconds: u64) {
    push_int(text, line);
    text.push(b' ');
    push_int(text, nanoseconds.into());
    text.push(b'\n');
}

/// Where a function is to be found: the ids of its file and its name, and its line.
struct Place {
    file: u32,
    name: u32,
    line: i64,
}

/// The names of files and functions. Each is written out where it is used first, and always with its id:
/// `(2) f` alone would be taken for the id 2.
struct Names<'a> {
    /// For each function by its number.
    of_function: Vec<Place>,
    files: Table<'a>,
    names: Table<'a>,
}

impl<'a> Names<'a> {
    fn new(profile: &'a Profile, keys: &[KeyId]) -> Names<'a> {
        let (mut files, mut names) = (Table::default(), Table::default());
        // Keys are sorted by file.
        let mut last_file = None;
        let mut of_function: Vec<(u32, u32)> = keys
            .iter()
            .map(|&key| {
                let parts = profile.key_parts(key);
                let file = match last_file {
                    Some((file, id)) if file == parts.file => id,
                    _ => files.id(match profile.file(key) {
                        // The module `profile` writes C functions without a file, cProfile with this one.
                        b"" => Cow::Borrowed(b"~"),
                        file => one_line(file),
                    }),
                };
                last_file = Some((parts.file, file));
                (file, names.id(one_line(profile.name(key))))
            })
            .collect();

        let mut uses: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for &pair in &of_function {
            *uses.entry(pair).or_default() += 1;
        }
        let is_shared: Vec<bool> = of_function.iter().map(|pair| uses[pair] > 1).collect();
        let mut attempts: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for ((pair, &key), is_shared) in of_function.iter_mut().zip(keys).zip(is_shared) {
            if !is_shared {
                continue;
            }
            let name = one_line(profile.name(key));
            let with_line = [&name, format!(":{}", profile.line(key)).as_bytes()].concat();
            let first = (pair.0, names.id(Cow::Owned(with_line.clone())));
            *pair = first;
            // Taken by a function that is called so, or by one whose name differed in what was cleaned away.
            while uses.contains_key(pair) {
                let attempt = attempts.entry(first).or_insert(1);
                *attempt += 1;
                let numbered = [&with_line[..], format!(" ({attempt})").as_bytes()].concat();
                pair.1 = names.id(Cow::Owned(numbered));
            }
            uses.insert(*pair, 1);
        }
        let places = of_function.into_iter().zip(keys);
        Names {
            of_function: places
                .map(|((file, name), &key)| Place {
                    file,
                    name,
                    // A sign would make the line one relative to the last.
                    line: profile.line(key).max(0),
                })
                .collect(),
            files,
            names,
        }
    }

    fn push_file(&mut self, text: &mut Vec<u8>, field: &[u8], number: usize) {
        self.files.push(text, field, self.of_function[number].file);
    }

    fn push_name(&mut self, text: &mut Vec<u8>, field: &[u8], number: usize) {
        self.names.push(text, field, self.of_function[number].name);
    }

    fn line(&self, number: usize) -> Count {
        self.of_function[number].line.into()
    }
}

/// Names with ids.
#[derive(Default)]
struct Table<'a> {
    ids: FxHashMap<Cow<'a, [u8]>, u32>,
    /// By id.
    names: Vec<Cow<'a, [u8]>>,
    /// By id; beside the names, so that the many uses of known ids stay in a small piece of memory.
    is_written: Vec<bool>,
}

impl<'a> Table<'a> {
    fn id(&mut self, name: Cow<'a, [u8]>) -> u32 {
        if let Some(&id) = self.ids.get(&name) {
            return id;
        }
        let id = self.names.len() as u32;
        self.names.push(name.clone());
        self.is_written.push(false);
        self.ids.insert(name, id);
        id
    }

    fn push(&mut self, text: &mut Vec<u8>, field: &[u8], id: u32) {
        text.extend_from_slice(field);
        text.push(b'(');
        push_int(text, Count::from(id) + 1);
        text.push(b')');
        if !std::mem::replace(&mut self.is_written[id as usize], true) {
            text.push(b' ');
            text.extend_from_slice(&self.names[id as usize]);
        }
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{self, calls};
    use crate::profile::Calls;
    use crate::python::{Dialect, Seconds};

    type Function<'a> = (&'a str, i64, &'a str);
    type Row<'a> = (Function<'a>, Calls, &'a [(Function<'a>, EdgeCalls)]);

    /// Functions with their numbers and callers.
    fn profile(functions: &[Row<'_>]) -> Profile {
        let mut profile = Profile::new(Dialect::Python3);
        for &(function, calls, callers) in functions {
            testing::insert(&mut profile, function, calls, callers);
        }
        profile
    }

    fn text_of(profile: &Profile) -> String {
        let mut text = Vec::new();
        write(profile, &Options::default(), &mut text).expect("a Vec takes everything");
        String::from_utf8(text).expect("names are UTF-8")
    }

    /// All that follows the summary.
    fn check(profile: &Profile, expected: &str) {
        let text = text_of(profile);
        let (_, body) = text
            .split_once("\nsummary: ")
            .expect("the head ends with the summary");
        assert_eq!(body, expected);
    }

    #[test]
    fn the_head_comes_first_and_events_end_it() {
        let mut text = Vec::new();
        let options = Options {
            command: "server.prof\nevents: x".into(),
        };
        let f = ("a.py", 1, "f");
        let recursive = [(f, EdgeCalls::Counted(1))];
        let one = profile(&[(f, calls(2, 1.0, 1.0), &recursive)]);
        let written = write(&one, &options, &mut text).expect("a Vec takes everything");
        let expected = format!(
            "# callgrind format\nversion: 1\ncreator: prof {}\ncmd: server.prof events: x\n\
             desc: Note: times of calls are estimated from their counts\n\
             positions: line\nevent: ns : Nanoseconds\nevents: ns\nsummary: 1000000000\n\
             \nfl=(1) a.py\nfn=(1) f\n1 1000000000\n\
             cfi=(1)\ncfn=(1)\ncalls=1 1\n1 500000000\n\
             \ntotals: 1000000000\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(String::from_utf8_lossy(&text), expected);
        let expected = Written {
            total: 1_000_000_000,
            functions: 1,
            edges: 1,
            estimated: 1,
        };
        assert_eq!(written, expected);
    }

    #[test]
    fn calls_stand_below_the_caller_with_all_calls_and_the_time_of_the_edge() {
        let (main, f, len) = (("a.py", 1, "main"), ("a.py", 5, "f"), ("~", 0, "<len>"));
        let of_f = [
            (main, EdgeCalls::Timed(calls(1, 1.0, 3.0))),
            (f, EdgeCalls::Timed(calls(2, 1.0, 2.0))),
        ];
        let of_len = [(f, EdgeCalls::Timed(calls(3, 1.0, 1.0)))];
        let profile = profile(&[
            (len, calls(3, 1.0, 1.0), &of_len),
            (f, calls(3, 2.0, 3.0), &of_f),
            (main, calls(1, 0.5, 3.5), &[]),
        ]);
        check(
            &profile,
            "3500000000\n\
             \nfl=(1) a.py\nfn=(1) main\n1 500000000\n\
             cfi=(1)\ncfn=(2) f\ncalls=1 5\n1 3000000000\n\
             \nfl=(1)\nfn=(2)\n5 2000000000\n\
             cfi=(1)\ncfn=(2)\ncalls=2 5\n5 2000000000\n\
             cfi=(2) ~\ncfn=(3) <len>\ncalls=3 0\n5 1000000000\n\
             \nfl=(2)\nfn=(3)\n0 1000000000\n\
             \ntotals: 3500000000\n",
        );
    }

    #[test]
    fn callers_without_numbers_and_the_module_profile_come_out() {
        let edges = [(("b.py", -3, "gone"), EdgeCalls::Counted(1))];
        let profile = profile(&[(("", 0, "len"), calls(4, 0.25, 0.5), &edges)]);
        check(
            &profile,
            "250000000\n\
             \nfl=(1) ~\nfn=(1) len\n0 250000000\n\
             \nfl=(2) b.py\nfn=(2) gone\n0 0\n\
             cfi=(1)\ncfn=(1)\ncalls=1 0\n0 125000000\n\
             \ntotals: 250000000\n",
        );
    }

    #[test]
    fn times_are_rounded_once_and_the_total_is_their_sum() {
        let odd = [2.5e-9, 2.4e-9, -1.0, f64::NAN, f64::INFINITY, 1e300];
        let names = ["a", "b", "c", "d", "e", "f"];
        let functions: Vec<_> = names
            .iter()
            .zip(odd)
            .map(|(&name, own)| (("x.py", 1, name), calls(-1, own, own), &[][..]))
            .collect();
        let text = text_of(&profile(&functions));
        let selfs: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("1 ")).collect();
        assert_eq!(selfs, ["3", "2", "0", "0", "0", "0"]);
        assert!(text.contains("\nsummary: 5\n") && text.ends_with("\ntotals: 5\n"));
    }

    fn check_names(functions: &[Function<'_>], expected: &[&str]) {
        let functions: Vec<_> = functions
            .iter()
            .map(|&function| (function, Calls::default(), &[][..]))
            .collect();
        let text = text_of(&profile(&functions));
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("fn=")).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn functions_of_one_name_are_told_apart() {
        // In another file the name alone is enough, and known by then.
        check_names(
            &[
                ("a.py", 1, "<lambda>"),
                ("a.py", 2, "<lambda>"),
                ("b.py", 2, "<lambda>"),
            ],
            &["(2) <lambda>:1", "(3) <lambda>:2", "(1) <lambda>"],
        );
        check_names(
            &[("a.py", 1, "f"), ("a.py", 2, "f"), ("a.py", 3, "f:2")],
            &["(3) f:1", "(4) f:2 (2)", "(2) f:2"],
        );
        check_names(
            &[("a.py", 1, "f\n"), ("a.py", 1, "f\r"), ("a.py", 1, "f")],
            &["(2) f:1", "(3) f:1 (2)", "(4) f:1 (3)"],
        );
    }

    #[test]
    fn names_that_look_like_syntax_do_no_harm() {
        check_names(&[("a.py", 1, "(12) f")], &["(1) (12) f"]);
        check_names(&[("a.py", 1, "f\nfn=g\n1 5")], &["(1) f fn=g 1 5"]);
        check_names(&[("a.py", 1, "")], &["(1) ?"]);
    }

    #[test]
    fn equal_functions_in_any_order_give_the_same_bytes() {
        let (a, b, c) = (("a.py", 1, "a"), ("b.py", 1, "b"), ("c.py", 1, "c"));
        let edges = [
            (a, EdgeCalls::Timed(calls(1, 0.1, 0.2))),
            (b, EdgeCalls::Timed(calls(1, 0.1, 0.2))),
        ];
        let turned = [edges[1], edges[0]];
        let rows = [
            (a, calls(1, 0.1, 0.2), &[][..]),
            (b, calls(1, 0.1, 0.2), &edges[..1]),
            (c, calls(2, 0.1, 0.2), &edges[..]),
        ];
        let turned = [(c, calls(2, 0.1, 0.2), &turned[..]), rows[1], rows[0]];
        assert_eq!(text_of(&profile(&rows)), text_of(&profile(&turned)));
    }

    /// Caller, calls, nanoseconds.
    type Edge = (String, Count, u128);

    /// Of a profile what a file can hold: own times, and the calls and times of edges, by file and name.
    fn kept(profile: &Profile) -> Vec<(String, u128, Vec<Edge>)> {
        let name = |key| {
            let file = Some(profile.file(key)).filter(|file| !file.is_empty());
            let part = |bytes| String::from_utf8_lossy(bytes).into_owned();
            format!("{}:{}", part(file.unwrap_or(b"~")), part(profile.name(key)))
        };
        let nanoseconds = |time: Seconds| u128::from(time.nanoseconds().expect("a time"));
        let functions = profile.functions().map(|function| {
            let edges = profile.callers(function).map(|(caller, calls)| match calls {
                EdgeCalls::Timed(calls) => (name(caller), calls.total, nanoseconds(calls.cumulative)),
                EdgeCalls::Counted(_) => unreachable!("cProfile times its edges"),
            });
            let mut edges: Vec<_> = edges.collect();
            edges.sort();
            let own = nanoseconds(profile.calls(function).own);
            (name(profile.key_of(function)), own, edges)
        });
        let mut functions: Vec<_> = functions.collect();
        functions.sort();
        functions
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dump = &include_bytes!("../../fixtures/server.prof")[..];
        let profile = crate::format::pstats::read(dump).expect("a dump");
        let text = text_of(&profile);
        // Functions that share file and name carry their lines in the file, so they are told by these.
        let again = crate::format::callgrind::read(text.as_bytes()).expect("a callgrind file");
        let again_text = text_of(&again.profile);
        let third = crate::format::callgrind::read(again_text.as_bytes()).expect("a callgrind file");
        assert_eq!(kept(&again.profile), kept(&third.profile));
        let sums = |profile: &Profile| {
            let kept = kept(profile);
            let edges = || kept.iter().flat_map(|(_, _, edges)| edges);
            (
                kept.iter().map(|(_, own, _)| own).sum::<u128>(),
                edges().map(|&(_, calls, _)| calls).sum::<Count>(),
                edges().map(|&(_, _, time)| time).sum::<u128>(),
                edges().count(),
            )
        };
        assert_eq!(sums(&profile), sums(&again.profile));
    }

    #[test]
    fn a_profile_without_functions_is_a_file_without_them() {
        check(&Profile::new(Dialect::Python3), "0\n\ntotals: 0\n");
    }
}
