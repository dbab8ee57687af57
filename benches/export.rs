//! Writing other tools' files, in functions a second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::export::{callgrind, dot};
use prof::format::pstats;
use prof::profile::{Calls, EdgeCalls, Profile, attribution};
use prof::python::{Dialect, Seconds};
use std::io;

/// So many functions, each called by five others.
fn generated(functions: usize) -> Profile {
    let mut profile = Profile::new(Dialect::Python3);
    let mut state = 3u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let keys: Vec<_> = (0..functions)
        .map(|at| {
            let file = format!("/srv/app/package_{}/module_{}.py", at / 4000, at / 20);
            let name = format!("function_{}", at / 3);
            profile.key(file.as_bytes(), 1 + at as i64 % 20, name.as_bytes())
        })
        .collect::<Result<_, _>>()
        .expect("they fit");
    let mut calls = || {
        let own = random(1 << 30) as f64 * 1e-9;
        Calls {
            primitive: 1 + i128::from(random(1000)),
            total: 1 + i128::from(random(100_000)),
            own: Seconds::Float(own),
            cumulative: Seconds::Float(own * (1 + random(5000)) as f64),
        }
    };
    let mut next = 0;
    for &key in &keys {
        let edges: Vec<_> = (0..5)
            .map(|_| {
                next = (next + 7919) % keys.len();
                (keys[next], EdgeCalls::Timed(calls()))
            })
            .collect();
        let callers = profile.push_edges(edges).expect("they fit");
        profile.insert(key, calls(), callers);
    }
    profile
}

fn export(criterion: &mut Criterion) {
    let server = pstats::read(&include_bytes!("../fixtures/server.prof")[..]).expect("a dump");
    for (name, profile) in [("server", server), ("100k", generated(100_000))] {
        let mut group = criterion.benchmark_group(format!("export/{name}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements(profile.len() as u64));
        group.bench_function("callgrind", |bencher| {
            let options = callgrind::Options::default();
            bencher.iter(|| callgrind::write(&profile, &options, io::sink()).expect("a sink takes all"));
        });
        group.bench_function("dot", |bencher| {
            let options = dot::Options::default();
            bencher.iter(|| dot::write(&profile, &options, io::sink()).expect("a sink takes all"));
        });
        group.bench_function("dot/all", |bencher| {
            let options = dot::Options {
                node_percent: 0.0,
                edge_percent: 0.0,
                ..dot::Options::default()
            };
            bencher.iter(|| dot::write(&profile, &options, io::sink()).expect("a sink takes all"));
        });
        group.finish();
    }
}

fn stacks(criterion: &mut Criterion) {
    let server = pstats::read(&include_bytes!("../fixtures/server.prof")[..]).expect("a dump");
    let tree = attribution::attribute(&server, &attribution::Options::default())
        .expect("few edges")
        .tree;
    let mut group = criterion.benchmark_group("from stacks");
    group.sample_size(20);
    group.throughput(Throughput::Elements(tree.len() as u64));
    group.bench_function("server", |bencher| {
        bencher.iter(|| Profile::from_stacks(&tree, 1.0).expect("few nodes"));
    });
    group.finish();
}

criterion_group!(benches, export, stacks);
criterion_main!(benches);
