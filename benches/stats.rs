//! Reading (bytes a second), sorting and printing of cProfile dumps.
//!
//! `cargo bench --bench stats -- --profile-time 5` writes a flame graph of each bench instead, to
//! `target/criterion/NAME/profile/flamegraph.svg`.

mod generated;

use criterion::profiler::Profiler;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::format::pstats;
use prof::python::Version;
use prof::self_profile::SelfProfile;
use prof::view::{Restriction, Shown, SortKey, Stats};
use std::path::Path;

/// Takes the flame graphs of `--profile-time` with the crate pprof.
struct Flamegraphs(Option<SelfProfile>);

impl Profiler for Flamegraphs {
    fn start_profiling(&mut self, _id: &str, _folder: &Path) {
        self.0 = Some(SelfProfile::start().expect("nothing else samples"));
    }

    fn stop_profiling(&mut self, id: &str, folder: &Path) {
        let Some(profile) = self.0.take() else { return };
        std::fs::create_dir_all(folder).expect("the target folder can be written");
        let svg = profile
            .flamegraph(id)
            .expect("a bench takes long enough to be sampled");
        std::fs::write(folder.join("flamegraph.svg"), svg).expect("the target folder can be written");
    }
}

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
    config = Criterion::default().with_profiler(Flamegraphs(None));
    targets = benches
}
criterion_main!(all);
