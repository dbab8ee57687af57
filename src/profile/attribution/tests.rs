//! Dumps whose stacks are known by hand.

mod properties;

use super::testing::Recorder;
use super::*;
use crate::format::pstats;
use crate::profile::stacks::{Mark, NodeId, Visit};
use crate::profile::{Calls, Count, EdgeCalls, EdgeRange, KeyId};
use crate::python::{Dialect, Seconds};

/// Nothing is pruned, as long as the tree stays small.
const WHOLE: Options = Options {
    min_share: 0.0,
    budget: 1_000_000,
    plan_work: 4_000_000,
    max_edges: 5_000_000,
};

/// A tree as lines: path, width and own weight in seconds; `=` for exact frames and `~` for estimates, `*`
/// behind a recursion leaf.
fn lines(tree: &StackTree) -> Vec<String> {
    let widths = tree.widths();
    let seconds = |ns: u64| ns as f64 / 1e9;
    let mut path: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for Visit { node, depth } in tree.walk() {
        path.truncate(depth);
        let name = tree.frame_at(node).expect("not the root").name;
        let (star, sign) = match tree.mark(node) {
            Mark::Exact => ("", '='),
            Mark::Estimate => ("", '~'),
            Mark::Recursion => ("*", '~'),
            Mark::Pruned => ("", '-'),
        };
        path.push(String::from_utf8_lossy(name).into_owned() + star);
        let (width, own) = (seconds(widths[node.index()]), seconds(tree.own(node)));
        lines.push(format!("{} {sign} {width}/{own}", path.join(";")));
    }
    lines
}

fn check(profile: &Profile, options: Options, expected: &[&str]) -> Attribution {
    let attribution = attribute(profile, &options).expect("a small profile");
    assert_eq!(lines(&attribution.tree), expected);
    attribution
}

/// Checks a run with the fake clock and the dump that cProfile wrote of the same program.
fn check_golden(run: impl FnOnce(&mut Recorder), dump: &[u8], expected: &[&str]) {
    let mut recorder = Recorder::default();
    run(&mut recorder);
    let attribution = check(&recorder.finish().0, WHOLE, expected);
    assert!(!attribution.suspicious.any());
    assert_eq!(
        (
            attribution.estimated_edges,
            attribution.repaired,
            attribution.pruned
        ),
        (0, 0, 0)
    );
    let dump = pstats::read(dump).expect("a dump");
    check(&dump, WHOLE, expected);
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_function_with_two_callers_is_shared_out() {
    let a = |run: &mut Recorder, x, y| {
        run.call('a', |run| {
            run.call('c', |run| run.tick(x * SECOND));
            run.call('d', |run| run.tick(y * SECOND));
        });
    };
    check_golden(
        |run| {
            run.call('m', |run| {
                a(run, 4, 1);
                run.call('b', |run| a(run, 1, 4));
            });
        },
        include_bytes!("../../../fixtures/stacks/two_contexts.prof"),
        &[
            "m = 10/0",
            "m;a = 5/0",
            "m;a;c ~ 2.5/2.5",
            "m;a;d ~ 2.5/2.5",
            "m;b = 5/0",
            "m;b;a = 5/0",
            "m;b;a;c ~ 2.5/2.5",
            "m;b;a;d ~ 2.5/2.5",
        ],
    );
}

#[test]
fn a_function_that_calls_itself_has_a_recursion_leaf() {
    fn f(run: &mut Recorder, depth: u32) {
        run.call('f', |run| {
            run.tick(SECOND);
            if depth > 0 {
                f(run, depth - 1);
            }
        });
    }
    check_golden(
        |run| run.call('m', |run| f(run, 3)),
        include_bytes!("../../../fixtures/stacks/self_recursion.prof"),
        &["m = 4/0", "m;f = 4/1", "m;f;f* ~ 3/3"],
    );
}

#[test]
fn a_cycle_is_straightened_out() {
    fn play(run: &mut Recorder, depth: u32, players: [char; 2]) {
        run.call(players[0], |run| {
            run.tick(SECOND);
            if depth > 0 {
                play(run, depth - 1, [players[1], players[0]]);
            }
        });
    }
    check_golden(
        |run| run.call('m', |run| play(run, 3, ['p', 'q'])),
        include_bytes!("../../../fixtures/stacks/mutual_recursion.prof"),
        &["m = 4/0", "m;p = 4/1", "m;p;q ~ 3/2", "m;p;q;p* ~ 1/1"],
    );
}

/// Numbers by hand: the cycle has 4 s that are not own times of root calls, of which `p` claims 3 and `q` 1; all
/// of `p`'s time goes on to `q`, so that the likelier way to `q` is through `p`.
#[test]
fn several_root_calls_into_a_cycle_share_one_picture() {
    let mut run = Recorder::default();
    run.call('p', |run| {
        run.tick(SECOND);
        run.call('q', |run| {
            run.tick(SECOND);
            run.call('l', |run| run.tick(2 * SECOND));
        });
    });
    run.call('q', |run| {
        run.tick(SECOND);
        run.call('p', |run| run.tick(SECOND));
    });
    check(
        &run.finish().0,
        WHOLE,
        &["p ~ 6/1", "p;q ~ 5/2", "p;q;l ~ 2/2", "p;q;p* ~ 1/1"],
    );
}

#[test]
fn without_shared_callees_everything_is_exact() {
    let leaf = |run: &mut Recorder| run.call('l', |run| run.tick(2 * SECOND));
    let middle = |run: &mut Recorder| {
        run.call('i', |run| {
            run.tick(SECOND);
            leaf(run);
        });
    };
    check_golden(
        |run| {
            run.call('m', |run| {
                middle(run);
                middle(run);
                leaf(run);
            });
        },
        include_bytes!("../../../fixtures/stacks/chain.prof"),
        &["m = 8/0", "m;i = 6/2", "m;i;l = 4/4", "m;l = 2/2"],
    );
}

#[test]
fn counts_of_the_module_profile_are_shared_out_by_calls() {
    // The chain again, by profile.Profile with the same clock: l is called twice by i and once by m.
    let dump =
        pstats::read(&include_bytes!("../../../fixtures/stacks/chain_profile.prof")[..]).expect("a dump");
    let attribution = check(
        &dump,
        WHOLE,
        &["m = 8/0", "m;i = 6/2", "m;i;l = 4/4", "m;l = 2/2"],
    );
    assert_eq!(attribution.estimated_edges, 3);
}

#[test]
fn mixed_threads_are_seen() {
    let dump =
        pstats::read(&include_bytes!("../../../fixtures/stacks/threads_312.prof")[..]).expect("a dump");
    let attribution = attribute(&dump, &WHOLE).expect("a small profile");
    assert!(attribution.suspicious.any());
    let dump =
        pstats::read(&include_bytes!("../../../fixtures/stacks/threads_311.prof")[..]).expect("a dump");
    assert!(
        !attribute(&dump, &WHOLE)
            .expect("a small profile")
            .suspicious
            .any()
    );
}

/// A function of a hand-made profile: name, (cc, nc, tt, ct), callers.
type Function<'a> = (&'a str, (Count, Count, f64, f64), &'a [(&'a str, EdgeCalls)]);

fn timed(total: Count, primitive: Count, own: f64, cumulative: f64) -> EdgeCalls {
    EdgeCalls::Timed(Calls {
        primitive,
        total,
        own: Seconds::Float(own),
        cumulative: Seconds::Float(cumulative),
    })
}

fn profile(functions: &[Function<'_>]) -> Profile {
    let mut profile = Profile::new(Dialect::Python3);
    let key = |profile: &mut Profile, name: &str| {
        profile.key(b"x.py", 1, name.as_bytes()).expect("a small profile")
    };
    for &(name, (primitive, total, own, cumulative), callers) in functions {
        let edges: Vec<_> = callers
            .iter()
            .map(|&(caller, edge)| (key(&mut profile, caller), edge))
            .collect();
        let callers = profile.push_edges(edges).expect("a small profile");
        let calls = Calls {
            primitive,
            total,
            own: Seconds::Float(own),
            cumulative: Seconds::Float(cumulative),
        };
        let key = key(&mut profile, name);
        profile.insert(key, calls, callers);
    }
    profile
}

#[test]
fn little_or_nothing_is_a_tree_too() {
    check(&profile(&[]), WHOLE, &[]);
    let zeros = profile(&[
        ("f", (0, 0, 0.0, 0.0), &[]),
        ("g", (1, 1, 0.0, 0.0), &[("f", timed(1, 1, 0.0, 0.0))]),
    ]);
    let attribution = check(&zeros, WHOLE, &[]);
    assert_eq!(
        (attribution.exact_share(), attribution.pruned_share()),
        (0.0, 0.0)
    );
    // Never called, as far as the dump says, and still there.
    check(&profile(&[("f", (0, 0, 2.0, 0.0), &[])]), WHOLE, &["f = 2/2"]);
    // Only the edge's cumulative time says that it was called.
    let odd = profile(&[("f", (0, 0, 2.0, 2.0), &[("g", timed(0, 0, 0.0, 1.0))])]);
    check(&odd, WHOLE, &["g = 2/0", "g;f = 2/2"]);
}

#[test]
fn callers_without_numbers_get_a_function() {
    let only_callee = profile(&[("f", (2, 2, 3.0, 3.0), &[("gone", timed(1, 1, 1.0, 1.0))])]);
    let attribution = check(&only_callee, WHOLE, &["f = 2/2", "gone = 1/0", "gone;f = 1/1"]);
    assert_eq!(attribution.functions, 1);
    assert_eq!(attribution.exact_share(), 1.0);
}

#[test]
fn a_cycle_that_nobody_enters_begins_at_its_longest() {
    let cycle = profile(&[
        ("f", (1, 1, 1.0, 3.0), &[("g", timed(1, 1, 1.0, 3.0))]),
        ("g", (1, 1, 2.0, 4.0), &[("f", timed(1, 1, 2.0, 4.0))]),
    ]);
    check(&cycle, WHOLE, &["g = 3/0", "g;f ~ 3/1", "g;f;g* ~ 2/2"]);
}

#[test]
fn impossible_numbers_become_zero_and_are_counted() {
    for bad in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let broken = profile(&[
            ("f", (1, 1, 1.0, 2.0), &[]),
            ("g", (-1, -1, bad, bad), &[("f", timed(1, 1, bad, 1.0))]),
        ]);
        let attribution = check(&broken, WHOLE, &["f = 1/1"]);
        assert_eq!(attribution.repaired, 4, "{bad}");
    }
    // Nothing is lost to rounding of a time that is zero at heart.
    let tiny = profile(&[("f", (1, 1, -1e-12, 1.0), &[])]);
    assert_eq!(attribute(&tiny, &WHOLE).expect("a small profile").repaired, 0);
}

#[test]
fn times_are_rounded_once_and_half_away_from_zero() {
    let list: Vec<Function<'_>> = vec![("f", (1, 1, 0.5e-9, 0.0), &[]), ("g", (1, 1, 2.4e-9, 0.0), &[])];
    assert_eq!(
        attribute(&profile(&list), &WHOLE)
            .expect("a small profile")
            .tree
            .total(),
        3
    );
}

#[test]
fn too_much_is_an_error() {
    let century = 3_000_000_000.0;
    let long = profile(&[
        ("a", (1, 1, century, 1.0), &[]),
        ("b", (1, 1, century, 1.0), &[]),
        ("c", (1, 1, century, 1.0), &[]),
        ("d", (1, 1, 3.0 * century, 1.0), &[]),
    ]);
    assert_eq!(attribute(&long, &WHOLE).map(|_| ()), Err(Error::TooLong));

    // A hundred functions share the same hundred callers.
    let mut shared = Profile::new(Dialect::Python3);
    let keys: Vec<KeyId> = (0..100)
        .map(|line| shared.key(b"x.py", line, b"f").expect("small"))
        .collect();
    let callers: Vec<_> = keys.iter().map(|&key| (key, timed(1, 1, 1.0, 1.0))).collect();
    let range = shared.push_edges(callers).expect("small");
    for key in keys {
        let calls = Calls {
            primitive: 1,
            total: 100,
            own: Seconds::Int(1),
            cumulative: Seconds::Int(1),
        };
        shared.insert(key, calls, range);
    }
    let limit = Options {
        max_edges: 9_999,
        ..WHOLE
    };
    let error = attribute(&shared, &limit)
        .map(|_| ())
        .map_err(|error| error.to_string());
    let message = "the profile has 10000 call edges; at most 9999 can be turned into stacks";
    assert_eq!(error, Err(message.into()));
    assert_eq!(
        attribute(&shared, &Options::default())
            .expect("allowed")
            .tree
            .total(),
        100 * SECOND
    );
}

#[test]
fn what_is_too_narrow_or_too_much_is_named() {
    let wide = |min_share, budget| Options {
        min_share,
        budget,
        ..WHOLE
    };
    let fan = profile(&[
        ("m", (1, 1, 0.0, 10.0), &[]),
        ("a", (1, 1, 7.0, 7.0), &[("m", timed(1, 1, 7.0, 7.0))]),
        ("b", (1, 1, 2.0, 2.0), &[("m", timed(1, 1, 2.0, 2.0))]),
        ("c", (1, 1, 1.0, 1.0), &[("m", timed(1, 1, 1.0, 1.0))]),
    ]);
    let all = ["m = 10/0", "m;a = 7/7", "m;b = 2/2", "m;c = 1/1"];
    check(&fan, wide(0.1, 4), &all);
    let some = ["m = 10/0", "m;(2 more) - 3/3", "m;a = 7/7"];
    let attribution = check(&fan, wide(0.25, 4), &some);
    assert_eq!(
        (attribution.pruned_share(), attribution.exact_share()),
        (0.3, 0.7)
    );
    check(&fan, wide(0.0, 2), &some);
    check(&fan, wide(0.0, 0), &["(1 more) - 10/10"]);
}

#[test]
fn a_cycle_beyond_the_allowed_work_is_one_leaf() {
    let cycle = profile(&[
        ("m", (1, 1, 0.0, 6.0), &[]),
        (
            "f",
            (2, 2, 2.0, 6.0),
            &[("m", timed(1, 1, 1.0, 6.0)), ("g", timed(1, 1, 1.0, 1.0))],
        ),
        ("g", (1, 1, 4.0, 5.0), &[("f", timed(1, 1, 4.0, 5.0))]),
    ]);
    let none = Options {
        plan_work: 0,
        ..WHOLE
    };
    let expected = ["m = 6/0", "m;f = 6/1", "m;f;(recursive group, 2 functions) - 5/5"];
    assert_eq!(check(&cycle, none, &expected).collapsed, 1);
    check(
        &cycle,
        WHOLE,
        &["m = 6/0", "m;f = 6/1", "m;f;g ~ 5/4", "m;f;g;f* ~ 1/1"],
    );
}

#[test]
fn a_sampled_profile_counts_samples() {
    // 10 samples of m, 6 of them with f on top of it; one second each.
    let mut sampled = profile(&[
        ("m", (4, 10, 4.0, 10.0), &[]),
        ("f", (6, 6, 6.0, 6.0), &[("m", EdgeCalls::Counted(6))]),
    ]);
    sampled.set_sampled(true);
    let attribution = check(&sampled, WHOLE, &["m = 10/4", "m;f = 6/6"]);
    assert_eq!(attribution.estimated_edges, 1);
}

#[test]
fn a_chain_of_a_hundred_thousand_calls_needs_no_deep_stack() {
    for cyclic in [false, true] {
        let mut chain = Profile::new(Dialect::Python3);
        let count = 100_000;
        let keys: Vec<KeyId> = (0..count)
            .map(|line| chain.key(b"x.py", line, b"f").expect("it fits"))
            .collect();
        for at in 0..keys.len() {
            let calls = Calls {
                primitive: 1,
                total: 1,
                own: Seconds::Float(1.0),
                cumulative: Seconds::Float((count as usize - at) as f64),
            };
            let caller = if cyclic && at == 0 { keys.len() } else { at }.checked_sub(1);
            let edges = caller.map(|caller| (keys[caller], EdgeCalls::Timed(calls)));
            let callers = chain.push_edges(edges).expect("it fits");
            chain.insert(keys[at], calls, callers);
        }
        let attribution = attribute(&chain, &WHOLE).expect("it fits");
        assert_eq!(attribution.tree.total(), count as u64 * SECOND);
        assert_eq!(attribution.tree.len(), keys.len() + usize::from(cyclic));
    }
}
