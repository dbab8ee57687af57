//! What a session costs beside the code that it times: starting it, and one request. Without a Python on the path
//! it says so and measures nothing.
#![expect(clippy::print_stderr, reason = "a bench that is skipped says so")]

mod flame;

use criterion::{Criterion, criterion_group, criterion_main};
use prof::interpreter::{Places, find};
use prof::timeit::python::{Python, Settings};
use prof::timeit::session::{Case, Open as _, Progress, Row, Session, Watch};
use std::hint::black_box;
use std::ops::ControlFlow;

struct Nobody;

impl Watch for Nobody {
    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn open(python: &mut Python) -> Box<dyn Session> {
    let mut session = python.open().expect("it is a Python");
    let case = Case {
        statement: "pass".into(),
        ..Case::default()
    };
    session.prepare(&case).expect("it compiles");
    session
}

fn sessions(criterion: &mut Criterion) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = Places {
        path: std::env::split_paths(&path).collect(),
        ..Places::default()
    };
    let Ok(python) = find(None, &places) else {
        eprintln!("skipped: no Python on the path");
        return;
    };
    let mut python = Python::new(Settings::new(python));
    let mut session = open(&mut python);
    let row = Row { case: 0, loops: 1 };
    for (name, rows) in [("one row", 1), ("thirty rows", 30)] {
        let plan = vec![row; rows];
        criterion.bench_function(&format!("round trip of {name}"), |bencher| {
            bencher.iter(|| black_box(session.run(&plan, &mut Nobody)).expect("it runs"));
        });
    }
    let mut group = criterion.benchmark_group("processes");
    group.sample_size(20);
    group.bench_function("start, one row, end", |bencher| {
        bencher.iter(|| {
            let mut session = open(&mut python);
            session.run(&[row], &mut Nobody).expect("it runs");
            session.end()
        });
    });
}

criterion_group! {
    name = benches;
    config = flame::criterion();
    targets = sessions
}
criterion_main!(benches);
