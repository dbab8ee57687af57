//! What stands below each function: for a function outside cycles its callees, for a cycle an acyclic
//! picture of it that depends on where it is entered.
//!
//! The picture is the tree of most likely paths from the entry: shortest paths where an edge is as long as
//! its share of its caller's time is small. Edges of the cycle that are not in the tree end in recursion
//! leaves. (Several instances of a member, weights by call counts or by hops were tried against recorded
//! stacks and are no better.)
//!
//! A profile that began or ended inside a cycle, or that mixed threads, has many calls without a recorded
//! caller into one cycle. A plan for each would show the whole cycle again and again, so there is one for all
//! of them: each such function stands at the top, or below another one where that is the likelier way to it.

use super::components::Components;
use super::graph::Graph;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a piece of the tree is. The order decides among pieces of one frame that are equally wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// An edge into another component, which brings the callee.
    Entry(u32),
    /// The next function of the same cycle, one that its plan puts below.
    Member(u32),
    /// A call back into the cycle, to this function.
    Recursion(u32),
    /// A function without a recorded caller.
    Root(u32),
    /// A function at the top of the plan for all root calls into its cycle.
    Top(u32),
}

/// A piece below a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Its part of the pot.
    pub(super) weight: f64,
    /// The weights of it and of all that come after it below the same frame.
    pub(super) rest: f64,
    pub(super) target: Target,
}

impl Item {
    /// `None` if it weighs nothing.
    fn new(weight: f64, target: Target) -> Option<Item> {
        (weight > 0.0).then_some(Item {
            weight,
            rest: weight,
            target,
        })
    }
}

/// The pieces below one frame, widest first, none without weight: a part of the planner's list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items {
    pub(super) next: u32,
    pub(super) end: u32,
}

/// Stands for pieces that were not asked for yet.
const UNKNOWN: Items = Items { next: 1, end: 0 };

/// A component of several functions, with its members counted from 0: small, since each plan runs over it.
struct Cycle {
    /// Where the inner edges of each member begin.
    starts: Vec<u32>,
    callees: Vec<u32>,
    /// How unlikely an edge is among those of its caller.
    lengths: Vec<f64>,
    own: Vec<f64>,
    /// For each member what leaves the cycle.
    leaving: Vec<f64>,
    /// The number of edges, of those that leave too.
    all_edges: u64,
}

/// Where a plan begins.
struct Source {
    /// The member's place in its component.
    member: u32,
    /// How unlikely it is among the sources, as [`Cycle::lengths`].
    distance: f64,
    /// Own time that is not that of an edge of the cycle, as part of the pot.
    own: f64,
}

/// A cycle as seen from one entry, or from several; by the place of the member in its component.
struct Plan {
    /// For each member, the one it stands below; [`NONE`] at the top.
    above: Vec<u32>,
    /// For each member the own time of the tree edge to it, and that of root calls to it.
    own: Vec<f64>,
    /// For each member all that stands below it, and its own time.
    subtree: Vec<f64>,
    /// For each member the pieces below it.
    items: Vec<Items>,
}

const NONE: u32 = u32::MAX;
/// Stands for the plan of a function that is entered outside cycles.
const NO_PLAN: u32 = u32::MAX;
/// Stands for a plan that would cost too much.
const REFUSED: u32 = u32::MAX - 1;

/// Where a frame stands in its component: which plan, if there is one, and which function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    plan: u32,
    function: u32,
}

impl Place {
    /// The place of another member of the same component, on the same plan.
    pub(super) fn below(self, member: u32) -> Place {
        Place {
            function: member,
            ..self
        }
    }
}

/// Makes plans and lists of pieces when they are first asked for, and keeps them.
pub(super) struct Planner<'g> {
    graph: &'g Graph,
    components: &'g Components,
    pots: &'g [f64],
    work_left: u64,
    plans: Vec<Plan>,
    plan_of_entry: FxHashMap<u32, u32>,
    /// For components with several root calls, the plan for all of them and its nanoseconds for each unit.
    plan_of_roots: FxHashMap<u32, (u32, f64)>,
    items: Vec<Item>,
    /// For each function the pieces below it where it stands on no plan.
    items_outside: Vec<Items>,
    cycles: FxHashMap<u32, Cycle>,
    search: Search,
}

/// Scratch memory of the search for shortest paths: lists, since hash tables take twice as long.
#[derive(Default)]
struct Search {
    distance: Vec<f64>,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    order: Vec<u32>,
}

impl<'g> Planner<'g> {
    pub(super) fn new(
        graph: &'g Graph,
        components: &'g Components,
        pots: &'g [f64],
        work: u64,
    ) -> Planner<'g> {
        Planner {
            graph,
            components,
            pots,
            // Pieces are counted in 32 bits, and there are not more than visits.
            work_left: work.min(1 << 31),
            plans: Vec::new(),
            plan_of_entry: FxHashMap::default(),
            plan_of_roots: FxHashMap::default(),
            items: Vec::new(),
            items_outside: vec![UNKNOWN; graph.len()],
            cycles: FxHashMap::default(),
            search: Search::default(),
        }
    }

    /// The place of a function that is entered from outside its component; `None` if the work allowed is
    /// used up.
    pub(super) fn enter(&mut self, function: u32) -> Option<Place> {
        let component = self.components.of[function as usize];
        if self.components.members(component).len() == 1 {
            return Some(Place {
                plan: NO_PLAN,
                function,
            });
        }
        let plan = match self.plan_of_entry.get(&function) {
            Some(&known) => known,
            None => {
                let entry = Source {
                    member: self.components.place[function as usize],
                    distance: 0.0,
                    own: 0.0,
                };
                let new = self.make_plan(component, &[entry]);
                self.plan_of_entry.insert(function, new);
                new
            }
        };
        (plan != REFUSED).then_some(Place { plan, function })
    }

    /// The place of a function at the top of the plan for all root calls into its cycle, and the nanoseconds for
    /// each unit of weight there.
    pub(super) fn top(&self, function: u32) -> Option<(Place, f64)> {
        let component = self.components.of[function as usize];
        let &(plan, scale) = self.plan_of_roots.get(&component)?;
        Some((Place { plan, function }, scale))
    }

    /// The own time, as part of the pot, of a member that is not the entry.
    pub(super) fn own(&self, place: Place) -> f64 {
        self.plans[place.plan as usize].own[self.at(place.function)]
    }

    /// What stands below a frame.
    pub(super) fn items(&mut self, place: Place) -> Items {
        let known = *self.known_items(place);
        if known.next <= known.end {
            return known;
        }
        let start = self.items.len();
        let of = &self.components.of;
        let plan = self.plans.get(place.plan as usize);
        for edge in self.graph.outgoing(place.function) {
            let callee = self.graph.callees[edge];
            let (weight, target) = if of[callee as usize] != of[place.function as usize] {
                (self.graph.edge_whole[edge], Target::Entry(edge as u32))
            } else {
                match plan {
                    Some(plan) if plan.above[self.at(callee)] as usize == self.at(place.function) => {
                        (plan.subtree[self.at(callee)], Target::Member(callee))
                    }
                    _ => (self.graph.edge_own[edge], Target::Recursion(callee)),
                }
            };
            self.items.extend(Item::new(weight, target));
        }
        let items = self.sort_since(start);
        *self.known_items(place) = items;
        items
    }

    fn known_items(&mut self, place: Place) -> &mut Items {
        let at = self.at(place.function);
        match self.plans.get_mut(place.plan as usize) {
            Some(plan) => &mut plan.items[at],
            None => &mut self.items_outside[place.function as usize],
        }
    }

    /// What stands at the top.
    pub(super) fn root_items(&mut self) -> Items {
        let start = self.items.len();
        let graph = self.graph;
        for (root, function) in graph.roots.iter().zip(0..) {
            let Some(root) = root else {
                continue;
            };
            if root.is_shared {
                self.plan_roots(self.components.of[function as usize]);
            }
            let item = match self.top(function) {
                Some((place, scale)) => {
                    let (plan, at) = (&self.plans[place.plan as usize], self.at(function));
                    if plan.above[at] != NONE {
                        continue;
                    }
                    Item::new(plan.subtree[at] * scale, Target::Top(function))
                }
                None => Item::new(root.whole, Target::Root(function)),
            };
            self.items.extend(item);
        }
        self.sort_since(start)
    }

    /// Makes the plan for all root calls into a cycle, if there is work left and time to share out.
    fn plan_roots(&mut self, component: u32) {
        /// Less of the cycle than this is not worth a plan, and own times would leave the numbers' precision.
        const LEAST: f64 = 1e-6;
        if self.plan_of_roots.contains_key(&component) {
            return;
        }
        let members = self.components.members(component);
        let roots = || {
            let roots = members.iter().zip(0..);
            roots.filter_map(|(&member, place)| Some((self.graph.roots[member as usize]?, place)))
        };
        let shared: f64 = roots().map(|(root, _)| root.whole - root.own).sum();
        let scale = shared / self.pots[component as usize];
        // Also false if the pot is empty.
        if !(scale.is_finite() && scale >= LEAST) {
            return;
        }
        let sources: Vec<Source> = roots()
            .map(|(root, member)| Source {
                member,
                distance: length((root.whole - root.own) / shared),
                own: root.own / scale,
            })
            .collect();
        let plan = self.make_plan(component, &sources);
        if plan != REFUSED {
            self.plan_of_roots.insert(component, (plan, scale));
        }
    }

    /// The next of some pieces.
    pub(super) fn first(&self, items: Items) -> Option<Item> {
        self.items[..items.end as usize].get(items.next as usize).copied()
    }

    /// Puts the newest pieces in order, widest first, with the sums of what comes after.
    fn sort_since(&mut self, start: usize) -> Items {
        let items = &mut self.items[start..];
        items.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.target.cmp(&b.target)));
        for at in (1..items.len()).rev() {
            items[at - 1].rest += items[at].rest;
        }
        Items {
            next: start as u32,
            end: self.items.len() as u32,
        }
    }

    /// Where a member's numbers stand in a plan.
    fn at(&self, member: u32) -> usize {
        self.components.place[member as usize] as usize
    }

    fn make_plan(&mut self, component: u32, sources: &[Source]) -> u32 {
        if self.work_left == 0 {
            return REFUSED;
        }
        let (graph, components) = (self.graph, self.components);
        let new_cycle = || Cycle::new(graph, components, component);
        let cycle = self.cycles.entry(component).or_insert_with(new_cycle);
        let size = cycle.starts.len() - 1;
        let mut plan = Plan {
            above: vec![NONE; size],
            own: vec![0.0; size],
            subtree: vec![0.0; size],
            items: vec![UNKNOWN; size],
        };
        for source in sources {
            plan.own[source.member as usize] = source.own;
        }
        self.search.shortest_paths(cycle, sources, &mut plan.above);
        self.work_left = self.work_left.saturating_sub(cycle.all_edges);

        // Callees in the tree come after their callers in the order of distance.
        for &member in self.search.order.iter().rev() {
            // Until its caller adds the edge, its own time is that of root calls.
            let mut below = cycle.leaving[member as usize] + plan.own[member as usize];
            let edges = cycle.outgoing(member);
            for (&callee, own) in cycle.callees[edges.clone()].iter().zip(&cycle.own[edges]) {
                let callee = callee as usize;
                if plan.above[callee] == member {
                    plan.own[callee] += own;
                    plan.subtree[callee] += own;
                    below += plan.subtree[callee];
                } else {
                    below += own;
                }
            }
            plan.subtree[member as usize] = below;
        }
        self.plans.push(plan);
        self.plans.len() as u32 - 1
    }
}

/// How unlikely a way is that takes this share of the time.
fn length(share: f64) -> f64 {
    const LEAST_SHARE: f64 = 1e-9;
    -share.clamp(LEAST_SHARE, 1.0).ln()
}

impl Cycle {
    fn new(graph: &Graph, components: &Components, component: u32) -> Cycle {
        let members = components.members(component);
        let mut cycle = Cycle {
            starts: vec![0],
            callees: Vec::new(),
            lengths: Vec::new(),
            own: Vec::new(),
            leaving: vec![0.0; members.len()],
            all_edges: 0,
        };
        for (&member, leaving) in members.iter().zip(0..) {
            let edges = graph.outgoing(member);
            cycle.all_edges += edges.len() as u64;
            let sum: f64 = graph.edge_cumulative[edges.clone()].iter().sum();
            for edge in edges {
                let callee = graph.callees[edge] as usize;
                if components.of[callee] != component {
                    cycle.leaving[leaving] += graph.edge_whole[edge];
                    continue;
                }
                let share = if sum > 0.0 {
                    graph.edge_cumulative[edge] / sum
                } else {
                    0.0
                };
                cycle.callees.push(components.place[callee]);
                cycle.lengths.push(length(share));
                cycle.own.push(graph.edge_own[edge]);
            }
            cycle.starts.push(cycle.callees.len() as u32);
        }
        cycle
    }

    fn outgoing(&self, member: u32) -> std::ops::Range<usize> {
        self.starts[member as usize] as usize..self.starts[member as usize + 1] as usize
    }
}

impl Search {
    /// Fills in the caller that each member of a cycle has on the shortest path from any of `sources`, and
    /// `order`: the members by distance. Of equally short paths the one that was found first stays; members
    /// at equal distance come in the order of their numbers.
    fn shortest_paths(&mut self, cycle: &Cycle, sources: &[Source], above: &mut [u32]) {
        /// Differences of rounding are none.
        const SLACK: f64 = 1e-12;
        self.distance.clear();
        self.distance.resize(above.len(), f64::INFINITY);
        self.order.clear();
        self.queue.clear();
        for &Source { member, distance, .. } in sources {
            let distance = distance.abs();
            self.distance[member as usize] = distance;
            // Floats that are not negative compare as their bits do; -0.0 would not.
            self.queue.push(Reverse((distance.to_bits(), member)));
        }
        while let Some(Reverse((bits, member))) = self.queue.pop() {
            let distance = f64::from_bits(bits);
            // What was put in before a shorter path was found is void.
            if self.distance[member as usize] != distance {
                continue;
            }
            self.order.push(member);
            let edges = cycle.outgoing(member);
            for (&callee, length) in cycle.callees[edges.clone()].iter().zip(&cycle.lengths[edges]) {
                let longer = distance + length;
                let known = &mut self.distance[callee as usize];
                if longer < *known - SLACK {
                    *known = longer;
                    above[callee as usize] = member;
                    self.queue.push(Reverse((longer.to_bits(), callee)));
                }
            }
        }
    }
}
