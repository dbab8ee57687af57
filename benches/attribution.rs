//! Turning call edges into stacks, and stacks into folded text and back.

mod flame;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::format::{folded, pstats};
use prof::profile::attribution::{Options, attribute};
use prof::profile::{Calls, EdgeCalls, KeyId, Profile};
use prof::python::{Dialect, Seconds};
use std::collections::BTreeSet;

/// The dump of a game server under load: 2,617 functions, 1,533 of them in one cycle.
fn server() -> Profile {
    pstats::read(&include_bytes!("../fixtures/server.prof")[..]).expect("a dump")
}

/// A hundred thousand functions, 90,169 of them in one cycle: each calls up to four of those that
/// follow, and now and then one that went before.
fn one_large_cycle() -> Profile {
    const FUNCTIONS: usize = 100_000;
    let mut state = 7u64;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut edges = BTreeSet::new();
    for caller in 0..FUNCTIONS {
        for _ in 0..=random(5) {
            let callee = if caller > 10 && random(200) == 0 {
                caller - 1 - random(caller.min(5000) - 1)
            } else {
                (caller + 1 + random(40) * random(100)).min(FUNCTIONS - 1)
            };
            edges.insert((callee, caller));
        }
    }
    let mut calls = || {
        let own = (1 + random(100_000)) as f64 * 1e-8;
        Calls {
            primitive: 10,
            total: 10,
            own: Seconds::Float(own),
            cumulative: Seconds::Float(own * (1 + random(500)) as f64),
        }
    };
    let mut profile = Profile::new(Dialect::Python3);
    let keys: Vec<KeyId> = (0..FUNCTIONS)
        .map(|at| {
            let file = format!("/srv/app/package_{}/module_{}.py", at / 4000, at / 200);
            let name = format!("function_{at}");
            profile
                .key(file.as_bytes(), 1 + at as i64 % 200, name.as_bytes())
                .expect("it fits")
        })
        .collect();
    for (at, &key) in keys.iter().enumerate() {
        let callers: Vec<_> = edges
            .range((at, 0)..(at + 1, 0))
            .map(|&(_, caller)| (keys[caller], EdgeCalls::Timed(calls())))
            .collect();
        let total = 10 * callers.len().max(1) as i128;
        let callers = profile.push_edges(callers).expect("it fits");
        profile.insert(key, Calls { total, ..calls() }, callers);
    }
    profile
}

fn attribution(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attribution");
    group.sample_size(20);
    for (name, profile) in [("server", server()), ("one large cycle", one_large_cycle())] {
        group.throughput(Throughput::Elements(profile.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| attribute(&profile, &Options::default()).expect("few edges"));
        });
    }
    group.finish();
}

fn text(criterion: &mut Criterion) {
    let tree = attribute(&server(), &Options::default()).expect("few edges").tree;
    let mut text = Vec::new();
    folded::write(&tree, &mut text).expect("a Vec takes everything");
    let mut group = criterion.benchmark_group("folded");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::with_capacity(text.len());
            folded::write(&tree, &mut out).expect("a Vec takes everything");
            out
        });
    });
    group.bench_function("read", |bencher| {
        bencher.iter(|| folded::read(text.as_slice()).expect("our own text"));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = attribution, text
}
criterion_main!(benches);
