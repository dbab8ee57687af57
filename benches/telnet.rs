//! The telnet codec, in bytes a second of what came over the wire.

mod flame;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prof::dummyrunner::telnet::{Client, Deflate, Event, Lines, Pattern, Settings, Telnet, push_gmcp};
use std::hint::black_box;
use std::sync::Arc;

/// What a game shows, in one read of 64 KiB.
fn room() -> Vec<u8> {
    let line = b"A wide hall. Dust dances in the light of tall windows, and a door leads north.\r\n";
    line.iter().copied().cycle().take(64 << 10).collect()
}

fn after_each_line(text: &[u8], mark: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    lines.flat_map(|line| [line, mark].concat()).collect()
}

/// An offer, its end, a message out of band and a word, over and over.
fn commands() -> Vec<u8> {
    let mut once = b"\xff\xfb\x01\xff\xfc\x01\xff\xfd\x1f\xff\xfe\x1fword".to_vec();
    push_gmcp(&mut once, "Char.Vitals", r#"{"hp": 100, "maxhp": 100}"#);
    once.repeat(1000)
}

fn receive(telnet: &mut Telnet, input: &[u8], replies: &mut Vec<u8>) -> usize {
    let mut len = 0;
    replies.clear();
    telnet.receive(input, replies, |event| {
        if let Event::Text(text) = event {
            len += text.len();
        }
    });
    len
}

fn codec(criterion: &mut Criterion) {
    let mudlet = Arc::new(Settings::client(Client::Mudlet));
    let text = room();
    let mut group = criterion.benchmark_group("telnet");
    for (name, input) in [
        ("plain", text.clone()),
        ("ga", after_each_line(&text, b"\xff\xf9")),
        ("commands", commands()),
        // 80 bytes at a time, as answers come to a dummy.
        ("small", text[..80].to_vec()),
    ] {
        group.throughput(Throughput::Bytes(input.len() as u64));
        let (mut telnet, mut replies) = (Telnet::new(Arc::clone(&mudlet)), Vec::new());
        group.bench_function(name, |bencher| {
            bencher.iter(|| receive(&mut telnet, black_box(&input), &mut replies));
        });
    }
    let mut packed = b"\xff\xfb\x56".to_vec();
    let mut deflate = Deflate::start(&mut packed);
    deflate.push(&text, &mut packed);
    deflate.finish(&mut packed);
    packed.extend_from_slice(b"\xff\xfc\x56");
    // What comes out counts, as with plain text.
    group.throughput(Throughput::Bytes(text.len() as u64));
    let (mut telnet, mut replies) = (Telnet::new(mudlet), Vec::new());
    group.bench_function("mccp", |bencher| {
        bencher.iter(|| receive(&mut telnet, black_box(&packed), &mut replies));
    });
    group.finish();
}

fn lines(criterion: &mut Criterion) {
    let text = room();
    let tag = Pattern::literal("Echo returns: ['17'], {}");
    let mut group = criterion.benchmark_group("telnet lines");
    group.throughput(Throughput::Bytes(text.len() as u64));
    for (name, size) in [("whole", text.len()), ("chunks of 100", 100)] {
        let mut lines = Lines::new(10_000);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut found = 0;
                for chunk in black_box(&text).chunks(size) {
                    lines.push(chunk, |line| found += usize::from(tag.is_in(line.text)));
                }
                found
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = codec, lines
}
criterion_main!(benches);
