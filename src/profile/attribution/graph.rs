//! The profile as a graph of dense numbers, with edge times that add up to the functions' own times.
//!
//! Functions are numbered in the order of their keys and edges in that of caller and callee; every sum
//! runs in this order, so that the order of the dump never shows, not even in the last bit.

use super::{Error, Suspicious};
use crate::profile::order::number_functions;
use crate::profile::{Count, EdgeCalls, FunctionId, KeyId, Profile};
use crate::python::Seconds;

/// Calls that nothing recorded as a caller of made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub(super) calls: f64,
    /// Own time of these calls.
    pub(super) own: f64,
    /// Time of these calls with all that they called: what [`assign`](super::assign) finds.
    pub(super) whole: f64,
    /// Whether other root calls enter the same component, so that `whole` is an estimate: numbers of a cycle
    /// do not say which time belongs to which entry.
    pub(super) is_shared: bool,
}

/// Times are nanoseconds.
pub(super) struct Graph {
    /// Each function's key. Numbers ascend with the keys.
    pub(super) keys: Vec<KeyId>,
    pub(super) own: Vec<u64>,
    pub(super) cumulative: Vec<f64>,
    pub(super) roots: Vec<Option<Root>>,
    /// Where the edges of each caller begin; one more than there are functions.
    pub(super) out_starts: Vec<u32>,
    pub(super) callers: Vec<u32>,
    pub(super) callees: Vec<u32>,
    pub(super) edge_calls: Vec<f64>,
    /// Own time of the callee when called through the edge.
    pub(super) edge_own: Vec<f64>,
    pub(super) edge_cumulative: Vec<f64>,
    /// Time that passes through the edge: what [`assign`](super::assign) finds.
    pub(super) edge_whole: Vec<f64>,
    /// Where the edges of each callee begin among `in_edges`.
    in_starts: Vec<u32>,
    in_edges: Vec<u32>,
    pub(super) total: u64,
    pub(super) estimated: usize,
    pub(super) suspicious: Suspicious,
    pub(super) repaired: usize,
}

/// An edge on its way into the graph.
struct Incoming {
    caller: u32,
    calls: f64,
    own: f64,
    cumulative: f64,
}

impl Graph {
    pub(super) fn new(profile: &Profile, max_edges: u64) -> Result<Graph, Error> {
        let edges = profile.edge_uses();
        if edges > max_edges.min(u64::from(u32::MAX) - 1) {
            return Err(Error::TooManyEdges {
                edges,
                limit: max_edges,
            });
        }
        let (keys, number_of) = number_functions(profile);
        let count = keys.len();
        let mut reader = Reader::default();
        let mut graph = Graph {
            own: vec![0; count],
            cumulative: vec![0.0; count],
            roots: vec![None; count],
            out_starts: vec![0; count + 1],
            callers: Vec::new(),
            callees: Vec::new(),
            edge_calls: Vec::new(),
            edge_own: Vec::new(),
            edge_cumulative: Vec::new(),
            edge_whole: Vec::new(),
            in_starts: Vec::with_capacity(count + 1),
            in_edges: Vec::new(),
            keys,
            total: 0,
            estimated: 0,
            suspicious: Suspicious::default(),
            repaired: 0,
        };

        // How many edges each caller has, to put them in place without a copy of them all.
        for (callee, function) in graph.functions(profile) {
            let row = Row::read(profile, function, &mut Reader::default());
            graph.own[callee] = row.own;
            graph.cumulative[callee] = row.cumulative;
            graph.total = graph.total.checked_add(row.own).ok_or(Error::TooLong)?;
            let mut ignore = Reader::default();
            for (caller, calls) in profile.callers(function) {
                let caller = number_of[caller.index()];
                if row.edge(caller, calls, &mut ignore).is_some() {
                    graph.out_starts[caller as usize + 1] += 1;
                }
            }
        }
        if i64::try_from(graph.total).is_err() {
            return Err(Error::TooLong);
        }
        for at in 0..count {
            graph.out_starts[at + 1] += graph.out_starts[at];
        }
        graph.make_room(graph.out_starts[count] as usize);

        let mut next = graph.out_starts.clone();
        let mut incoming = Vec::new();
        let mut rows = graph.functions(profile).into_iter().peekable();
        graph.in_starts.push(0);
        for callee in 0..count {
            incoming.clear();
            if let Some((_, function)) = rows.next_if(|&(number, _)| number == callee) {
                let row = Row::read(profile, function, &mut reader);
                let edges = profile.callers(function);
                incoming.extend(
                    edges.filter_map(|(caller, calls)| {
                        row.edge(number_of[caller.index()], calls, &mut reader)
                    }),
                );
                incoming.sort_unstable_by_key(|edge| edge.caller);
                graph.roots[callee] = row.reconcile(&mut incoming);
            }
            for edge in &incoming {
                let place = &mut next[edge.caller as usize];
                let at = *place as usize;
                *place += 1;
                graph.callers[at] = edge.caller;
                graph.callees[at] = callee as u32;
                graph.edge_calls[at] = edge.calls;
                graph.edge_own[at] = edge.own;
                graph.edge_cumulative[at] = edge.cumulative;
                graph.in_edges.push(at as u32);
            }
            graph.in_starts.push(graph.in_edges.len() as u32);
        }
        (graph.estimated, graph.suspicious, graph.repaired) =
            (reader.estimated, reader.suspicious, reader.repaired);
        Ok(graph)
    }

    fn make_room(&mut self, edges: usize) {
        self.callers = vec![0; edges];
        self.callees = vec![0; edges];
        for numbers in [
            &mut self.edge_calls,
            &mut self.edge_own,
            &mut self.edge_cumulative,
            &mut self.edge_whole,
        ] {
            *numbers = vec![0.0; edges];
        }
        self.in_edges.reserve_exact(edges);
    }

    /// The functions that have numbers, in the order of their numbers here.
    fn functions(&self, profile: &Profile) -> Vec<(usize, FunctionId)> {
        let numbered = self.keys.iter().enumerate();
        numbered
            .filter_map(|(number, &key)| Some((number, profile.function_of(key)?)))
            .collect()
    }

    /// The number of functions.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The edges that leave a function, by callee.
    pub(super) fn outgoing(&self, function: u32) -> std::ops::Range<usize> {
        self.out_starts[function as usize] as usize..self.out_starts[function as usize + 1] as usize
    }

    /// The edges that lead to a function, by caller.
    pub(super) fn incoming(&self, function: u32) -> impl ExactSizeIterator<Item = usize> + '_ {
        let (from, to) = (
            self.in_starts[function as usize],
            self.in_starts[function as usize + 1],
        );
        self.in_edges[from as usize..to as usize]
            .iter()
            .map(|&edge| edge as usize)
    }
}

/// Makes numbers of what a dump holds, and counts what it had to mend.
#[derive(Default)]
struct Reader {
    estimated: usize,
    suspicious: Suspicious,
    repaired: usize,
}

impl Reader {
    /// Nanoseconds, or 0.
    fn nanoseconds(&mut self, time: Seconds) -> u64 {
        time.nanoseconds().unwrap_or_else(|| {
            self.repaired += 1;
            0
        })
    }

    /// A count as a float that holds it exactly.
    fn calls(&mut self, count: Count) -> f64 {
        const TOP: Count = 1 << 53;
        let within = count.clamp(0, TOP);
        self.repaired += usize::from(within != count);
        within as f64
    }
}

/// A function's own numbers.
struct Row {
    calls: f64,
    own: u64,
    cumulative: f64,
}

impl Row {
    fn read(profile: &Profile, function: FunctionId, reader: &mut Reader) -> Row {
        let calls = profile.calls(function);
        Row {
            calls: reader.calls(calls.total),
            own: reader.nanoseconds(calls.own),
            cumulative: reader.nanoseconds(calls.cumulative) as f64,
        }
    }

    /// One of the edges to this function; `None` if it says nothing.
    fn edge(&self, caller: u32, edge: EdgeCalls, reader: &mut Reader) -> Option<Incoming> {
        let (calls, own, cumulative) = match edge {
            EdgeCalls::Timed(edge) => {
                let own = reader.nanoseconds(edge.own) as f64;
                let cumulative = reader.nanoseconds(edge.cumulative) as f64;
                reader.suspicious.look_at(&edge, own, cumulative);
                (reader.calls(edge.total), own, cumulative)
            }
            EdgeCalls::Counted(count) => {
                reader.estimated += 1;
                let calls = reader.calls(count);
                let share = if self.calls > 0.0 { calls / self.calls } else { 0.0 };
                (calls, self.own as f64 * share.min(1.0), self.cumulative * share)
            }
        };
        (calls > 0.0 || own > 0.0 || cumulative > 0.0).then_some(Incoming {
            caller,
            calls,
            own,
            cumulative,
        })
    }

    /// Scales the edges' own times so that they add up to the function's, together with those of the calls
    /// that no edge accounts for, which are returned.
    fn reconcile(&self, edges: &mut [Incoming]) -> Option<Root> {
        let own = self.own as f64;
        let sum = |part: fn(&Incoming) -> f64| edges.iter().map(part).sum::<f64>();
        let (calls, owns, cumulatives) = (
            sum(|edge| edge.calls),
            sum(|edge| edge.own),
            sum(|edge| edge.cumulative),
        );
        let root_calls = if !edges.is_empty() {
            (self.calls - calls).max(0.0)
        } else if self.calls > 0.0 || self.own > 0 {
            self.calls.max(1.0)
        } else {
            0.0
        };
        if root_calls > 0.0 {
            if owns > own {
                edges.iter_mut().for_each(|edge| edge.own *= own / owns);
            }
            return Some(Root {
                calls: root_calls,
                own: (own - owns).max(0.0),
                whole: 0.0,
                is_shared: false,
            });
        }
        for edge in edges {
            // An edge that says nothing at all is not here, so one of the three sums is not zero.
            edge.own = if owns > 0.0 {
                edge.own * (own / owns)
            } else if calls > 0.0 {
                own * (edge.calls / calls)
            } else {
                own * (edge.cumulative / cumulatives)
            };
        }
        None
    }
}
