//! Strongly connected components: functions that call each other in a cycle.
//!
//! Tarjan's algorithm with a stack of its own, since the depth is that of the graph: peers that recurse
//! here die of large servers.

use super::graph::Graph;

/// The components, numbered so that callees come before callers.
pub(super) struct Components {
    /// The component of each function.
    pub(super) of: Vec<u32>,
    /// Each function's place among the members of its component.
    pub(super) place: Vec<u32>,
    starts: Vec<u32>,
    members: Vec<u32>,
    cyclic: Vec<bool>,
}

const UNSEEN: u32 = u32::MAX;

impl Components {
    pub(super) fn new(graph: &Graph) -> Components {
        let count = graph.len();
        let mut of = vec![UNSEEN; count];
        let mut seen = vec![UNSEEN; count];
        let mut lowest = vec![0u32; count];
        let mut open: Vec<u32> = Vec::new();
        let mut path: Vec<(u32, std::ops::Range<usize>)> = Vec::new();
        let mut starts = vec![0u32];
        let mut members: Vec<u32> = Vec::with_capacity(count);
        let mut number = 0;
        for start in 0..count as u32 {
            if seen[start as usize] != UNSEEN {
                continue;
            }
            let mut entered = Some(start);
            loop {
                if let Some(function) = entered.take() {
                    seen[function as usize] = number;
                    lowest[function as usize] = number;
                    number += 1;
                    open.push(function);
                    path.push((function, graph.outgoing(function)));
                }
                let Some((function, edges)) = path.last_mut() else {
                    break;
                };
                let at = *function as usize;
                if let Some(edge) = edges.next() {
                    let callee = graph.callees[edge];
                    if seen[callee as usize] == UNSEEN {
                        entered = Some(callee);
                    } else if of[callee as usize] == UNSEEN {
                        lowest[at] = lowest[at].min(seen[callee as usize]);
                    }
                    continue;
                }
                path.pop();
                if let Some(&(caller, _)) = path.last() {
                    lowest[caller as usize] = lowest[caller as usize].min(lowest[at]);
                }
                if lowest[at] == seen[at] {
                    let component = starts.len() as u32 - 1;
                    let first = members.len();
                    while let Some(member) = open.pop() {
                        of[member as usize] = component;
                        members.push(member);
                        if member as usize == at {
                            break;
                        }
                    }
                    members[first..].sort_unstable();
                    starts.push(members.len() as u32);
                }
            }
        }
        Components::finish(graph, of, starts, members)
    }

    fn finish(graph: &Graph, of: Vec<u32>, starts: Vec<u32>, members: Vec<u32>) -> Components {
        let mut place = vec![0; of.len()];
        let mut cyclic = Vec::with_capacity(starts.len() - 1);
        for bounds in starts.windows(2) {
            let part = &members[bounds[0] as usize..bounds[1] as usize];
            for (at, &member) in part.iter().enumerate() {
                place[member as usize] = at as u32;
            }
            let calls_itself = |function: u32| {
                let callees = &graph.callees[graph.outgoing(function)];
                callees.binary_search(&function).is_ok()
            };
            cyclic.push(part.len() > 1 || calls_itself(part[0]));
        }
        Components {
            of,
            place,
            starts,
            members,
            cyclic,
        }
    }

    /// The number of components.
    pub(super) fn len(&self) -> usize {
        self.cyclic.len()
    }

    /// The functions of a component, in the order of their numbers.
    pub(super) fn members(&self, component: u32) -> &[u32] {
        let bounds = &self.starts[component as usize..component as usize + 2];
        &self.members[bounds[0] as usize..bounds[1] as usize]
    }

    /// Is there a way from a member back to itself?
    pub(super) fn is_cyclic(&self, component: u32) -> bool {
        self.cyclic[component as usize]
    }
}
