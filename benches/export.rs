//! Writing other tools' files, in functions a second.

mod generated;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::export::{callgrind, dot};
use prof::format::pstats;
use prof::profile::{Profile, attribution};
use std::io;

fn export(criterion: &mut Criterion) {
    let server = pstats::read(&include_bytes!("../fixtures/server.prof")[..]).expect("a dump");
    for (name, profile) in [("server", server), ("100k", generated::profile(100_000))] {
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
