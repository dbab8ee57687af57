//! Gives each edge the time that passes through it, so that what enters a component is what is spent in
//! it and below it.

use super::components::Components;
use super::graph::{Graph, Root};

/// Fills in `whole` of all edges into a component from outside and of all root edges. Returns for each
/// component its pot: the time that is spent in it and below it, but not as the own time of a function
/// that was entered from outside.
///
/// With consistent numbers an edge gets its cumulative time; with any numbers the root edges together get
/// the total.
pub(super) fn assign(graph: &mut Graph, components: &Components) -> Vec<f64> {
    // Callees come first, so that the edges that leave a component have theirs.
    (0..components.len() as u32)
        .map(|component| assign_one(graph, components, component))
        .collect()
}

fn assign_one(graph: &mut Graph, components: &Components, component: u32) -> f64 {
    let members = components.members(component);
    let (mut pot, mut claimed) = (0.0, 0.0);
    for &member in members {
        for edge in graph.outgoing(member) {
            if components.of[graph.callees[edge] as usize] == component {
                pot += graph.edge_own[edge];
                claimed += graph.edge_own[edge];
            } else {
                pot += graph.edge_whole[edge];
                claimed += graph.edge_cumulative[edge];
            }
        }
    }

    let mut entries: Vec<usize> = Vec::new();
    for &member in members {
        let edges = graph.incoming(member);
        entries.extend(edges.filter(|&edge| components.of[graph.callers[edge] as usize] != component));
    }
    let is_root = |graph: &Graph, member: u32| graph.roots[member as usize].is_some();
    let mut roots: Vec<u32> = members
        .iter()
        .copied()
        .filter(|&member| is_root(graph, member))
        .collect();
    if entries.is_empty() && roots.is_empty() {
        // A cycle that nobody enters: the profile began inside it. Of equals the last one is taken.
        let longest = |&a: &u32, &b: &u32| {
            graph.cumulative[a as usize]
                .total_cmp(&graph.cumulative[b as usize])
                .then(a.cmp(&b))
        };
        let start = members
            .iter()
            .copied()
            .max_by(longest)
            .expect("a component has members");
        graph.roots[start as usize] = Some(Root {
            calls: 0.0,
            own: 0.0,
            whole: 0.0,
            is_shared: false,
        });
        roots.push(start);
    }

    let mut weights: Vec<f64> = entries
        .iter()
        .map(|&edge| (graph.edge_cumulative[edge] - graph.edge_own[edge]).max(0.0))
        .collect();
    let rest = (claimed - weights.iter().sum::<f64>()).max(0.0);
    weights.extend(share_of_roots(graph, &roots, rest));
    let mut sum: f64 = weights.iter().sum();
    if sum <= 0.0 && pot > 0.0 {
        let calls = entries.iter().map(|&edge| graph.edge_calls[edge]);
        let root_calls = roots.iter().map(|&member| root(graph, member).calls);
        weights = calls.chain(root_calls).map(|calls| calls.max(1.0)).collect();
        sum = weights.iter().sum();
    }
    let share = |weight: f64| if sum > 0.0 { pot * (weight / sum) } else { 0.0 };
    for (&edge, &weight) in entries.iter().zip(&weights) {
        graph.edge_whole[edge] = graph.edge_own[edge] + share(weight);
    }
    for (&member, &weight) in roots.iter().zip(&weights[entries.len()..]) {
        let root = graph.roots[member as usize].as_mut().expect("it is a root");
        root.whole = root.own + share(weight);
        root.is_shared = roots.len() > 1;
    }
    pot
}

/// Divides what the other entries leave over among the root edges: by the cumulative time that the
/// function's callers do not account for, else by calls.
fn share_of_roots(graph: &Graph, roots: &[u32], rest: f64) -> Vec<f64> {
    let unexplained = |&member: &u32| {
        let explained: f64 = graph
            .incoming(member)
            .map(|edge| graph.edge_cumulative[edge])
            .sum();
        (graph.cumulative[member as usize] - explained - root(graph, member).own).max(0.0)
    };
    let mut parts: Vec<f64> = roots.iter().map(unexplained).collect();
    let mut sum: f64 = parts.iter().sum();
    if sum <= 0.0 {
        parts = roots
            .iter()
            .map(|&member| root(graph, member).calls.max(1.0))
            .collect();
        sum = parts.iter().sum();
    }
    parts.into_iter().map(|part| rest * (part / sum)).collect()
}

fn root(graph: &Graph, member: u32) -> Root {
    graph.roots[member as usize].expect("it is a root")
}
