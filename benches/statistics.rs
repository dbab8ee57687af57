//! What `prof timeit` computes, on as many values as two seconds give: it must not take time from measuring.

mod flame;

use criterion::{Criterion, criterion_group, criterion_main};
use prof::random::Random;
use prof::statistics::bootstrap;
use prof::statistics::{Samples, distributions, interval, shift};
use prof::timeit::compare;
use prof::timeit::estimate::estimate;
use prof::timeit::findings;
use prof::timeit::results::{Kind, Results, Run, Side, Taken};
use prof::timeit::saved;
use prof::timeit::session::{Case, Row, Runtime, Sample};
use std::hint::black_box;
use std::time::Duration;

/// Twenty processes with forty pairs of samples each.
fn results() -> Results {
    let mut random = Random::new(1);
    let mut taken = |case: usize, round: usize, process: f64| Taken {
        kind: Kind::Timed,
        request: 0,
        round,
        sample: Sample {
            row: Row { case, loops: 1000 },
            wall: Duration::from_secs_f64(1e-3 * (1.0 + 0.02 * process + 0.01 * random.unit())),
            cpu: Some(Duration::from_millis(1)),
            process_cpu: Some(Duration::from_millis(1)),
            voluntary_switches: 0,
            involuntary_switches: Some(u64::from(random.below(5) == 0)),
            faults: 0,
            peak_memory: 1 << 24,
            setup: Duration::ZERO,
            usage: None,
        },
    };
    let runs = (0..20).map(|process| Run {
        taken: (0..40)
            .flat_map(|round| [(0, round), (1, round)])
            .map(|(case, round)| taken(case, round, f64::from(process * 7 % 20) / 20.0))
            .collect(),
        ..Run::default()
    });
    let runs = runs.collect();
    Results {
        cases: vec![Case::default(), Case::default()],
        runtimes: vec![Runtime {
            implementation: "CPython".into(),
            version: "3.11.7".into(),
            executable: "python3".into(),
        }],
        runs,
        ..Results::default()
    }
}

fn values(count: usize) -> Vec<f64> {
    let mut random = Random::new(2);
    (0..count).map(|_| random.unit()).collect()
}

fn statistics(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("statistics");
    let thousand = Samples::new(values(1000)).expect("values");
    group.bench_function("median and its interval, 1000 values", |bencher| {
        bencher.iter(|| interval::of_positive_median(black_box(&thousand), 0.95));
    });
    group.bench_function("Hodges-Lehmann, 1000 values", |bencher| {
        bencher.iter(|| shift::estimate(black_box(&thousand)));
    });
    group.bench_function("Wilcoxon's interval, 20 values", |bencher| {
        let twenty = Samples::new(values(20)).expect("values");
        bencher.iter(|| shift::interval(black_box(&twenty), 0.95));
    });
    group.bench_function("Student's quantile", |bencher| {
        bencher.iter(|| distributions::student_quantile(black_box(0.95), 7.0));
    });
    group.sample_size(20);
    let clusters = vec![values(40); 20];
    group.bench_function("bootstrap, 20 clusters of 40", |bencher| {
        bencher.iter(|| bootstrap::within(black_box(&clusters), bootstrap::median));
    });
    group.finish();
}

fn timeit(criterion: &mut Criterion) {
    let results = results();
    let mut group = criterion.benchmark_group("timeit");
    group.sample_size(20);
    group.bench_function("estimate", |bencher| {
        bencher.iter(|| estimate(black_box(&results), Side { case: 0, runtime: 0 }));
    });
    group.bench_function("compare", |bencher| {
        bencher.iter(|| compare::compare(black_box(&results)));
    });
    group.bench_function("findings", |bencher| {
        bencher.iter(|| findings::find(black_box(&results)));
    });
    let bytes = saved::write(&results);
    group.bench_function("write", |bencher| {
        bencher.iter(|| saved::write(black_box(&results)));
    });
    group.bench_function("read", |bencher| bencher.iter(|| saved::read(black_box(&bytes))));
    group.finish();
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = statistics, timeit
}
criterion_main!(benches);
