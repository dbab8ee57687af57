//! The helper of a settings file: calls of an action, by how many are asked for at a time. Needs a `python3`.

mod flame;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::dummyrunner::settings::protocol::{Line, Reader, push_call};
use prof::dummyrunner::settings::{FIRST_ACTION, Loaded, Source, load};
use std::io::{Read as _, Write as _};

/// An action as most are: it looks at what the dummy remembers.
const FILE: &str = "
def login(client): return ('connect me pw',)
def looks(client):
    found = ['look %s' % name for name in client.objs]
    if not found:
        found = ['look %s' % name for name in client.exits]
    return found or ('look', 'look here')
ACTIONS = (login, login, (1, looks))
";

/// Asks for so many calls, and waits for all answers.
fn call(loaded: &mut Loaded, count: u32, line: &mut Vec<u8>, buffer: &mut [u8]) {
    line.clear();
    for dummy in 0..count {
        push_call(line, dummy, 1, FIRST_ACTION, 5);
    }
    let channel = &mut loaded.channels[0];
    channel.write_all(line).expect("the helper listens");
    let mut reader = Reader::default();
    let mut left = count;
    while left > 0 {
        let read = channel.read(buffer).expect("the helper speaks");
        reader.feed(&buffer[..read], |line| {
            left -= u32::from(matches!(line, Line::Answer { result: Ok(_), .. }));
        });
    }
}

fn calls(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let module = folder.path().join("bots.py");
    std::fs::write(&module, FILE).expect("a file");
    let source = Source {
        python: "python3".into(),
        game: None,
        module: module.into(),
        profile: None,
    };
    let mut loaded = load(&source, 1, 1, &mut |_| {}).expect("a settings file");
    let (mut line, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let mut group = criterion.benchmark_group("settings/calls");
    for count in [1, 100, 1000] {
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| call(&mut loaded, count, &mut line, &mut buffer));
        });
    }
    group.finish();
    loaded.helper.finish().expect("the helper ends in order");
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = calls
}
criterion_main!(benches);
