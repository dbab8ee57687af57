//! What holds for any numbers.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Own time by name of function.
fn own_times(tree: &StackTree) -> BTreeMap<(&[u8], i64), u64> {
    let mut sums = BTreeMap::new();
    for node in tree.nodes().filter(|&node| tree.mark(node) != Mark::Pruned) {
        let frame = tree.frame_at(node).expect("not the root");
        *sums.entry((frame.name, frame.line)).or_default() += tree.own(node);
    }
    sums
}

/// Any numbers, many of them zero; any edges, also from what is no function, and shared.
#[derive(Clone, Debug)]
struct Chaos {
    functions: Vec<(Count, Count, f64, f64, usize)>,
    lists: Vec<Vec<(usize, EdgeCalls)>>,
}

impl Chaos {
    fn profile(&self, order: impl Fn(usize) -> usize) -> Profile {
        let mut profile = Profile::new(Dialect::Python3);
        let count = self.functions.len();
        let key = |profile: &mut Profile, at: usize| {
            profile.key(b"x.py", at as i64, b"f").expect("a small profile")
        };
        let mut ranges: BTreeMap<usize, EdgeRange> = BTreeMap::new();
        for at in 0..count {
            let at = order(at);
            let (primitive, total, own, cumulative, list) = self.functions[at];
            let list = list % self.lists.len().max(1);
            let callers = *ranges.entry(list).or_insert_with(|| {
                let edges = self.lists.get(list).map_or(&[][..], Vec::as_slice);
                let mut edges: Vec<_> = edges
                    .iter()
                    .map(|&(caller, edge)| (key(&mut profile, caller % (count + 1)), edge))
                    .collect();
                // The last one wins, as in a dict, and then the order does not matter.
                let mut seen = std::collections::BTreeSet::new();
                edges.reverse();
                edges.retain(|&(caller, _)| seen.insert(profile.line(caller)));
                edges.sort_by_key(|&(caller, _)| order(profile.line(caller) as usize % count));
                profile.push_edges(edges).expect("a small profile")
            });
            let calls = Calls {
                primitive,
                total,
                own: Seconds::Float(own),
                cumulative: Seconds::Float(cumulative),
            };
            let key = key(&mut profile, at);
            profile.insert(key, calls, callers);
        }
        profile
    }
}

fn chaos(functions: usize, wild: bool) -> impl Strategy<Value = Chaos> {
    let count = prop_oneof![3 => 0..4i128, 2 => 0..100i128, 1 => 0..(1i128 << 70)];
    let time = prop_oneof![
        4 => Just(0.0),
        2 => (0..20u32).prop_map(f64::from),
        2 => 0.0..1e-6f64,
        2 => 0.0..1e5f64,
        u32::from(wild) => prop_oneof![
            Just(-1.0), Just(f64::NAN), Just(f64::INFINITY), Just(1e9), Just(1e30), Just(5e-324)
        ],
    ];
    let edge = prop_oneof![
        4 => (count.clone(), count.clone(), time.clone(), time.clone())
            .prop_map(|(total, primitive, own, cumulative)| timed(total, primitive, own, cumulative)),
        1 => count.clone().prop_map(EdgeCalls::Counted),
    ];
    let list = prop::collection::vec((any::<usize>(), edge), 0..=functions.min(5));
    let function = (count.clone(), count, time.clone(), time, any::<usize>());
    (
        prop::collection::vec(function, 0..=functions),
        prop::collection::vec(list, 0..=functions),
    )
        .prop_map(|(functions, lists)| Chaos { functions, lists })
}

/// Rounded once, as the specification says, or 0.
fn nanoseconds(seconds: f64) -> u64 {
    let ns = (seconds * 1e9).round();
    if ns >= 0.0 && ns < 2f64.powi(63) {
        ns as u64
    } else {
        0
    }
}

/// I1 to I5 of the specification, for any numbers.
fn check_invariants(chaos: &Chaos, options: Options, whole: bool) -> Result<(), TestCaseError> {
    let profile = chaos.profile(|at| at);
    let attribution = match attribute(&profile, &options) {
        Ok(attribution) => attribution,
        Err(error) => {
            prop_assert_eq!(error, Error::TooLong);
            return Ok(());
        }
    };
    let tree = &attribution.tree;
    let own: Vec<u64> = chaos
        .functions
        .iter()
        .map(|function| nanoseconds(function.2))
        .collect();
    let total: u64 = own.iter().sum();
    prop_assert_eq!(tree.total(), total);
    prop_assert_eq!(tree.widths()[0], total);

    // Floats of years have no nanoseconds; those of days do.
    let slack = 1 + (total as f64 * 1e-14) as u64;
    let mut placed = 0;
    for ((_, line), sum) in own_times(tree) {
        let own = own.get(line as usize).copied().unwrap_or(0);
        prop_assert!(sum <= own + slack, "function {line}: {sum} of {own}");
        placed += sum;
    }
    prop_assert_eq!(placed + attribution.pruned, total);
    let pruned: u64 = tree
        .nodes()
        .filter(|&node| tree.mark(node) == Mark::Pruned)
        .map(|node| tree.own(node))
        .sum();
    prop_assert_eq!(pruned, attribution.pruned);
    prop_assert!(tree.len() <= options.budget.saturating_mul(2).saturating_add(1));

    let mut graph = graph::Graph::new(&profile, options.max_edges).expect("it was possible above");
    let components = components::Components::new(&graph);
    let pots = assign::assign(&mut graph, &components);
    let roots: f64 = graph.roots.iter().flatten().map(|root| root.whole).sum();
    prop_assert!(
        (roots - total as f64).abs() <= 1e-9 * total as f64 + 1e-6,
        "{roots} of {total}"
    );
    prop_assert!(
        pots.iter()
            .chain(&graph.edge_whole)
            .all(|&time| time >= 0.0 && time.is_finite())
    );

    if whole && attribution.pruned == 0 {
        let placed = own_times(tree);
        for (line, &own) in own.iter().enumerate() {
            let sum = placed.get(&(&b"f"[..], line as i64)).copied().unwrap_or(0);
            prop_assert!(sum.abs_diff(own) <= slack, "function {line}: {sum} of {own}");
        }
    }
    Ok(())
}

/// A step of a run: calls a function, returns from one, or lets time pass.
#[derive(Clone, Copy, Debug)]
enum Step {
    Enter(char),
    Leave,
    Tick(u64),
}

fn steps(functions: std::ops::RangeInclusive<char>) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => prop::char::ranges(vec![functions].into()).prop_map(Step::Enter),
        2 => Just(Step::Leave),
        2 => (0..5_000_000u64).prop_map(Step::Tick),
    ];
    prop::collection::vec(step, 0..120)
}

fn record(steps: &[Step]) -> (Profile, StackTree) {
    let mut run = Recorder::default();
    for &step in steps {
        match step {
            Step::Enter(function) => run.enter(function),
            Step::Leave => run.leave(),
            Step::Tick(time) => run.tick(time),
        }
    }
    run.finish()
}

/// The path of a node as text.
fn path_of(tree: &StackTree, node: NodeId) -> String {
    let names = tree.path(node).into_iter();
    names
        .map(|frame| String::from_utf8_lossy(tree.frame(frame).name).into_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_time_is_lost(chaos in chaos(20, false), min_share in prop_oneof![Just(0.0), Just(1e-5), Just(0.1)],
                       budget in prop_oneof![0..5usize, 5..5000usize], work in prop_oneof![0..30u64, Just(1 << 20)]) {
        let options = Options { min_share, budget, plan_work: work, ..WHOLE };
        check_invariants(&chaos, options, false)?;
    }

    #[test]
    fn every_function_gets_all_its_time_in_a_whole_tree(chaos in chaos(6, false)) {
        check_invariants(&chaos, Options { budget: 100_000, ..WHOLE }, true)?;
    }

    #[test]
    fn no_number_breaks_it(chaos in chaos(8, true)) {
        check_invariants(&chaos, Options { budget: 1000, ..WHOLE }, false)?;
    }

    #[test]
    fn the_order_of_the_dump_does_not_matter(chaos in chaos(12, false), turn in 0..12usize) {
        let count = chaos.functions.len();
        let options = Options { budget: 2000, ..WHOLE };
        let turned = |at| (count - 1 - at + turn) % count;
        let one = attribute(&chaos.profile(|at| at), &options);
        let other = attribute(&chaos.profile(turned), &options);
        match (one, other) {
            (Ok(one), Ok(other)) => {
                prop_assert_eq!(lines(&one.tree), lines(&other.tree));
                prop_assert_eq!(one.suspicious, other.suspicious);
                prop_assert_eq!((one.repaired, one.estimated_edges), (other.repaired, other.estimated_edges));
            }
            (one, other) => prop_assert_eq!(one.map(|_| ()), other.map(|_| ())),
        }
    }

    #[test]
    fn an_edge_gets_its_cumulative_time(steps in steps('a'..='f')) {
        let (profile, _) = record(&steps);
        let mut graph = graph::Graph::new(&profile, u64::MAX).expect("a small profile");
        let components = components::Components::new(&graph);
        assign::assign(&mut graph, &components);
        let attribution = attribute(&profile, &WHOLE).expect("a small profile");
        let tree = &attribution.tree;
        prop_assert!(!attribution.suspicious.any());
        let name = |function: u32| profile.name(graph.keys[function as usize]);
        let mut widths: BTreeMap<(&[u8], &[u8]), u64> = BTreeMap::new();
        let all = tree.widths();
        for node in tree.nodes() {
            if let Some(caller) = tree.parent(node).and_then(|parent| tree.frame_at(parent)) {
                let callee = tree.frame_at(node).expect("not the root");
                *widths.entry((caller.name, callee.name)).or_default() += all[node.index()];
            }
        }
        for edge in 0..graph.callees.len() {
            let (caller, callee) = (graph.callers[edge], graph.callees[edge]);
            let is_cyclic = |function: u32| components.is_cyclic(components.of[function as usize]);
            if is_cyclic(caller) || is_cyclic(callee) {
                continue;
            }
            let expected = graph.edge_cumulative[edge];
            prop_assert!((graph.edge_whole[edge] - expected).abs() <= 1000.0);
            let drawn = widths.get(&(name(caller), name(callee))).copied().unwrap_or(0);
            prop_assert!((drawn as f64 - expected).abs() <= 1000.0, "{drawn} of {expected}");
        }
    }

    #[test]
    fn exact_frames_are_those_of_the_run(steps in steps('a'..='e')) {
        let (profile, truth) = record(&steps);
        let attribution = attribute(&profile, &WHOLE).expect("a small profile");
        let tree = &attribution.tree;
        let true_widths = truth.widths();
        let by_path: BTreeMap<String, u64> =
            truth.nodes().map(|node| (path_of(&truth, node), true_widths[node.index()])).collect();
        let widths = tree.widths();
        for node in tree.nodes().filter(|&node| tree.mark(node) == Mark::Exact) {
            let path = path_of(tree, node);
            let expected = by_path.get(&path).copied().unwrap_or(0);
            prop_assert!(widths[node.index()].abs_diff(expected) <= 1000, "{path}: {} of {expected}", widths[node.index()]);
        }
    }
}
