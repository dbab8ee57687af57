//! Writing other tools' files, in functions a second.

mod flame;
mod generated;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::export::{callgrind, chrome, dot, firefox, flamegraph, json, pprof, speedscope};
use prof::format::{folded, pstats};
use prof::profile::stacks::StackTree;
use prof::profile::{Profile, attribution};
use prof::python::Version;
use prof::view::diff::Diff;
use prof::view::{self, Stats};
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

fn server_tree() -> StackTree {
    let server = pstats::read(&include_bytes!("../fixtures/server.prof")[..]).expect("a dump");
    attribution::attribute(&server, &attribution::Options::default())
        .expect("few edges")
        .tree
}

/// The writers of stacks, in nodes a second.
fn trees(criterion: &mut Criterion) {
    type Write = fn(&StackTree, &str, &mut dyn io::Write) -> io::Result<()>;
    let writers: [(&str, Write); 6] = [
        ("speedscope", |tree, title, out| {
            speedscope::write(tree, title, out)
        }),
        ("pprof", |tree, title, out| pprof::write(tree, title, out)),
        ("chrome", |tree, title, out| chrome::write(tree, title, out)),
        ("firefox", |tree, title, out| firefox::write(tree, title, out)),
        ("json", |tree, title, out| json::write(tree, title, out)),
        ("folded", |tree, _, out| folded::write(tree, out)),
    ];
    let tree = server_tree();
    let mut group = criterion.benchmark_group("export/tree");
    group.sample_size(20);
    group.throughput(Throughput::Elements(tree.len() as u64));
    for (name, write) in writers {
        group.bench_function(name, |bencher| {
            bencher.iter(|| write(&tree, "server", &mut io::sink()).expect("a sink takes all"));
        });
    }
    let options = flamegraph::Options {
        title: "server".into(),
        subtitle: String::new(),
        colors: flamegraph::Colors::Module,
        inverted: false,
        sort: flamegraph::Sort::Name,
        min_width: 0.01,
        width: None,
        search: None,
    };
    group.bench_function("flamegraph", |bencher| {
        bencher.iter(|| flamegraph::draw(&tree, &options).expect("there is time to draw"));
    });
    group.finish();
}

/// Two profiles, compared and sorted, in functions a second.
fn diff(criterion: &mut Criterion) {
    let stats = |seed: u32| Stats::new(generated::profile(100_000 - seed), Vec::new(), Version::NEWEST);
    let (before, after) = (stats(0), stats(100));
    let mut group = criterion.benchmark_group("diff");
    group.sample_size(10);
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("100k", |bencher| {
        bencher.iter(|| {
            let diff = Diff::new(&before, &after, None).expect("nothing is scaled");
            diff.report(&view::diff::Options {
                order: view::diff::Order::Own,
                top: Some(30),
                min_change: None,
                unchanged: false,
            })
        });
    });
    group.finish();
}

fn stacks(criterion: &mut Criterion) {
    let tree = server_tree();
    let mut group = criterion.benchmark_group("from stacks");
    group.sample_size(20);
    group.throughput(Throughput::Elements(tree.len() as u64));
    group.bench_function("server", |bencher| {
        bencher.iter(|| Profile::from_stacks(&tree, 1.0).expect("few nodes"));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = export, trees, diff, stacks
}
criterion_main!(benches);
