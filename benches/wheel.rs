//! The timer wheel: what a tick of a dummy costs, among many.

mod flame;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::dummyrunner::wheel::Wheel;
use prof::random::Random;

const MS: u64 = 1_000_000;

/// A simulated second in which every dummy ticks once and sets its next tick.
fn ticks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wheel/tick");
    for dummies in [100u32, 10_000, 100_000] {
        let mut random = Random::stream(1, 1);
        let mut wheel = Wheel::new(dummies as usize, MS);
        for id in 0..dummies {
            wheel.set(id, random.below(1000 * MS));
        }
        let (mut now, mut due) = (0, Vec::new());
        group.throughput(Throughput::Elements(dummies.into()));
        group.bench_function(dummies.to_string(), |bencher| {
            bencher.iter(|| {
                for _ in 0..1000 {
                    now += MS;
                    wheel.advance(now, &mut due);
                    for (id, at) in due.drain(..) {
                        wheel.set(id, at + 1000 * MS);
                    }
                }
            });
        });
    }
    group.finish();
}

/// A timer that is moved again and again and never fires, as that of a command which is always answered in time.
fn moves(criterion: &mut Criterion) {
    let mut wheel = Wheel::new(10_000, MS);
    let mut random = Random::stream(1, 1);
    let mut group = criterion.benchmark_group("wheel/move");
    group.throughput(Throughput::Elements(1));
    group.bench_function("10000", |bencher| {
        bencher.iter(|| {
            let id = random.below(10_000) as u32;
            wheel.set(id, 30_000 * MS + random.below(1000 * MS))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = ticks, moves
}
criterion_main!(benches);
