//! A large profile, the same each time, for all benches.

use prof::profile::{Calls, EdgeCalls, Profile};
use prof::python::{Dialect, Seconds};

/// A profile of so many functions with five callers each.
pub(crate) fn profile(functions: u32) -> Profile {
    let mut profile = Profile::new(Dialect::Python3);
    let mut state = 1u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let keys: Vec<_> = (0..functions)
        .map(|at| {
            let file = format!(
                "/srv/app/lib/python3.11/site-packages/package_{}/module_{}.py",
                at % 97,
                at / 20
            );
            profile.key(
                file.as_bytes(),
                1 + i64::from(at % 20) * 7,
                format!("function_{}", at / 3).as_bytes(),
            )
        })
        .collect::<Result<_, _>>()
        .expect("a million keys fit");
    let mut calls = || Calls {
        primitive: 1 + i128::from(random(1000)),
        total: 1 + i128::from(random(100_000)),
        own: Seconds::Float(random(1 << 30) as f64 * 1e-9),
        cumulative: Seconds::Float(random(1 << 30) as f64 * 1e-8),
    };
    let mut next = 0;
    for &key in &keys {
        let mut edges = Vec::new();
        for _ in 0..5 {
            next = (next + 7919) % keys.len();
            edges.push((keys[next], EdgeCalls::Timed(calls())));
        }
        let callers = profile.push_edges(edges).expect("a million edges fit");
        profile.insert(key, calls(), callers);
    }
    profile
}
