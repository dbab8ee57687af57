//! Call edges to stacks: an estimate of the call paths behind a cProfile dump, which has none.
//!
//! A dump says of each function who called it and how long the calls took, but not on which path; below a
//! function with two callers the paths are shared out in proportion. What is kept true, for any numbers
//! that a dump can hold, also ones that contradict each other:
//!
//! - the own weights of all nodes add up to the own times of all functions, to the nanosecond;
//! - no function gets more than its own time (1 ns for rounding), and all of it if nothing is pruned;
//! - what is pruned stands in a named leaf where it was;
//! - a frame is marked exact only if consistent numbers leave no other place and width for it;
//! - memory and time are bounded by [`Options`], nothing recurses, and the result does not depend on the
//!   order of the functions in the dump.
//!
//! The way there: `graph` rounds the numbers and makes them consistent where functions meet their edges,
//! `components` finds the cycles, `assign` gives each edge the time that passes through it, `plan`
//! straightens a cycle out, `unfold` draws the tree, widest piece first, and `round` makes whole
//! nanoseconds of it.
//!
//! Source: `../shared/specs/export.md`, sections 1 and 2; the meaning of the numbers is that of CPython
//! `Modules/_lsprof.c`.

mod assign;
mod components;
mod graph;
mod plan;
mod round;
mod unfold;

use super::stacks::{self, StackTree};
use super::{Calls, EdgeCalls, Profile};
use crate::python::Seconds;

/// Why a profile cannot be turned into stacks.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Files can share lists of callers, so that a small one has more edges than memory holds.
    #[error("the profile has {edges} call edges; at most {limit} can be turned into stacks")]
    TooManyEdges {
        /// The edges that it has.
        edges: u64,
        /// [`Options::max_edges`].
        limit: u64,
    },
    /// More than 2^63 ns: 292 years.
    #[error("the own times of the functions add up to more than 292 years")]
    TooLong,
    /// More nodes than a tree can have.
    #[error(transparent)]
    Stacks(#[from] stacks::Error),
}

/// How much of the tree is drawn, and what it may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Pieces narrower than this share of the total are pruned. With 0, and cycles or many paths, only
    /// `budget` ends the unfolding.
    pub min_share: f64,
    /// The number of frames after which the rest is pruned. The tree has at most twice as many nodes, and
    /// one.
    pub budget: usize,
    /// Edge visits that may be spent on straightening cycles out; then one leaf stands for each further
    /// entry into a cycle. 4 million are about half a second.
    pub plan_work: u64,
    /// Profiles with more call edges than this are refused. An edge takes about 75 bytes.
    pub max_edges: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            min_share: 1e-5,
            budget: 50_000,
            plan_work: 4_000_000,
            max_edges: 5_000_000,
        }
    }
}

/// Edges that a profile of one thread that has ended does not have. Some: the profile was saved while
/// calls were running, or cProfile of Python 3.12 and later mixed the calls of several threads into one
/// stack. Own times are right then, callers and callees may not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspicious {
    /// Edges without a single complete call.
    pub no_calls: usize,
    /// Edges with more calls that are not recursive than calls.
    pub too_primitive: usize,
    /// Edges whose own time is more than 1 µs longer than their cumulative time.
    pub too_short: usize,
}

impl Suspicious {
    /// Those of a profile. Takes a look at each edge of each function.
    #[must_use]
    pub fn of(profile: &Profile) -> Suspicious {
        let mut suspicious = Suspicious::default();
        for function in profile.functions() {
            for (_, edge) in profile.callers(function) {
                if let EdgeCalls::Timed(edge) = edge {
                    let nanoseconds = |time: Seconds| time.nanoseconds().unwrap_or_default() as f64;
                    suspicious.look_at(&edge, nanoseconds(edge.own), nanoseconds(edge.cumulative));
                }
            }
        }
        suspicious
    }

    /// Counts an edge with these times, in nanoseconds, if it is suspicious.
    fn look_at(&mut self, edge: &Calls, own: f64, cumulative: f64) {
        const SLACK: f64 = 1000.0;
        self.no_calls += usize::from(edge.total == 0);
        self.too_primitive += usize::from(edge.primitive > edge.total);
        self.too_short += usize::from(cumulative + SLACK < own);
    }

    /// For how many reasons edges are suspicious.
    #[must_use]
    pub fn count(self) -> usize {
        self.no_calls + self.too_primitive + self.too_short
    }

    /// Is any edge suspicious?
    #[must_use]
    pub fn any(self) -> bool {
        self != Suspicious::default()
    }
}

/// Stacks made of call edges, and how far to trust them.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// The stacks, in nanoseconds. [`StackTree::total`] is the sum of own times.
    pub tree: StackTree,
    /// The number of functions in the profile.
    pub functions: usize,
    /// The part of the total, in nanoseconds, that is the own weight of frames that are exact.
    pub exact: u64,
    /// The part of the total, in nanoseconds, that was pruned.
    pub pruned: u64,
    /// Entries into cycles for which one leaf stands, since [`Options::plan_work`] was used up.
    pub collapsed: usize,
    /// Edges without times of their own, as in dumps of the module `profile` and sampled ones: their
    /// times are estimated from the counts.
    pub estimated_edges: usize,
    /// Edges that are not possible in a dump of one thread that has ended.
    pub suspicious: Suspicious,
    /// Numbers that were negative, infinite, not a number or absurdly large, and were taken as 0 (a count
    /// that is too large as the largest one).
    pub repaired: usize,
}

impl Attribution {
    /// The part of the total that is exact, 0 to 1; 0 for a total of 0.
    #[must_use]
    pub fn exact_share(&self) -> f64 {
        share(self.exact, self.tree.total())
    }

    /// The part of the total that was pruned, 0 to 1; 0 for a total of 0.
    #[must_use]
    pub fn pruned_share(&self) -> f64 {
        share(self.pruned, self.tree.total())
    }
}

fn share(part: u64, total: u64) -> f64 {
    if total == 0 {
        0.0
    } else {
        part as f64 / total as f64
    }
}

/// Turns the call edges of a profile into stacks.
///
/// # Errors
/// [`Error::TooManyEdges`], [`Error::TooLong`], or [`Error::Stacks`] if `options` ask for more than four
/// billion nodes.
///
/// ```
/// use prof::profile::attribution::{Options, attribute};
/// use prof::profile::{Calls, EdgeCalls, Profile};
/// use prof::python::{Dialect, Seconds};
///
/// let calls = |own, cumulative| Calls {
///     primitive: 1,
///     total: 1,
///     own: Seconds::Float(own),
///     cumulative: Seconds::Float(cumulative),
/// };
/// let mut profile = Profile::new(Dialect::Python3);
/// let main = profile.key(b"a.py", 1, b"main").unwrap();
/// let work = profile.key(b"a.py", 9, b"work").unwrap();
/// profile.insert(main, calls(1.0, 3.0), Default::default());
/// let callers = profile.push_edges([(main, EdgeCalls::Timed(calls(2.0, 2.0)))]).unwrap();
/// profile.insert(work, calls(2.0, 2.0), callers);
///
/// let attribution = attribute(&profile, &Options::default()).unwrap();
/// assert_eq!(attribution.tree.total(), 3_000_000_000);
/// assert_eq!(attribution.exact_share(), 1.0);
/// ```
pub fn attribute(profile: &Profile, options: &Options) -> Result<Attribution, Error> {
    let mut graph = graph::Graph::new(profile, options.max_edges)?;
    let components = components::Components::new(&graph);
    let pots = assign::assign(&mut graph, &components);
    let drawn = unfold::unfold(&graph, &components, &pots, options);
    let weights = round::round_by_group(&drawn.weights(), &drawn.groups(&graph), graph.total);
    let tree = drawn.tree(profile, &graph, &weights)?;
    let sum_where = |is_it: &dyn Fn(unfold::Piece) -> bool| {
        let pieces = drawn.pieces.iter().zip(&weights);
        pieces
            .filter(|(piece, _)| is_it(**piece))
            .map(|(_, weight)| weight)
            .sum()
    };
    Ok(Attribution {
        tree,
        functions: profile.len(),
        exact: sum_where(&|piece| piece.mark == stacks::Mark::Exact),
        pruned: sum_where(&|piece| piece.mark == stacks::Mark::Pruned),
        collapsed: drawn.collapsed,
        estimated_edges: graph.estimated,
        suspicious: graph.suspicious,
        repaired: graph.repaired,
    })
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
