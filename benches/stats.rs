//! Reading (bytes a second), sorting and printing of cProfile dumps.
//!
//! `cargo bench --bench stats -- --profile-time 5` writes a flame graph of each bench instead, to
//! `target/criterion/NAME/profile/flamegraph.svg`.

use criterion::profiler::Profiler;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::format::pstats;
use prof::profile::{Calls, EdgeCalls, Profile};
use prof::python::{Dialect, Seconds, Version};
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

/// A dump of so many functions with five callers each, of the form that cProfile gives it.
fn generated(functions: u32) -> Vec<u8> {
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
    pstats::write(&profile)
}

fn benches(criterion: &mut Criterion) {
    let server = include_bytes!("../fixtures/server.prof").to_vec();
    for (name, dump) in [("evennia", server), ("100k", generated(100_000))] {
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
