//! Reading (bytes a second), sorting and printing of cProfile dumps.

mod flame;
mod generated;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::format::pstats;
use prof::python::Version;
use prof::view::{Restriction, Shown, SortKey, Stats};

fn benches(criterion: &mut Criterion) {
    let server = include_bytes!("../fixtures/server.prof").to_vec();
    for (name, dump) in [
        ("evennia", server),
        ("100k", pstats::write(&generated::profile(100_000))),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        group.throughput(Throughput::Bytes(dump.len() as u64));
        group.bench_function("read", |bencher| {
            bencher.iter(|| pstats::read(&dump[..]).expect("a sound dump"));
        });
        let profile = pstats::read(&dump[..]).expect("a sound dump");
        let mut stats = Stats::new(profile, b"bench.prof".into(), Version::NEWEST);
        group.throughput(Throughput::Elements(stats.profile().len() as u64));
        for (name, key) in [
            ("cumulative", SortKey::Cumulative),
            ("stdname", SortKey::StandardName),
        ] {
            group.bench_function(format!("sort/{name}"), |bencher| {
                bencher.iter(|| stats.sort(&[key]));
            });
        }
        let pattern = Restriction::parse(b"module_1|twisted", Version::NEWEST).expect("a valid pattern");
        group.bench_function("select/pattern", |bencher| {
            bencher.iter(|| {
                stats
                    .select(std::slice::from_ref(&pattern))
                    .expect("a simple pattern")
            });
        });
        group.bench_function("print/stats", |bencher| {
            bencher.iter(|| {
                stats
                    .print_stats(&[], Shown::Raw, &mut std::io::sink())
                    .expect("a sink takes all")
            });
        });
        group.bench_function("print/callers", |bencher| {
            bencher.iter(|| {
                stats
                    .print_callers(&[], Shown::Raw, &mut std::io::sink())
                    .expect("a sink takes all")
            });
        });
        group.bench_function("print/callees", |bencher| {
            bencher.iter(|| {
                stats
                    .print_callees(&[], Shown::Raw, &mut std::io::sink())
                    .expect("a sink takes all")
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = all;
    config = flame::criterion();
    targets = benches
}
criterion_main!(all);
