use super::super::auto::{Settings, measure, python_reference};
use super::super::fake::{Opener, Patient, Taking, World};
use super::super::session::{Case, Growth, Open};
use super::*;
use crate::timeit::machine::{Activity, Machine};
use std::rc::Rc;
use std::time::Duration;

/// Results of one case in a world, at full length.
fn measured(world: &Rc<World>) -> Results {
    let mut results = Results {
        cases: vec![Case {
            name: "A".into(),
            ..Case::default()
        }],
        reference: Some(python_reference()),
        ..Results::default()
    };
    let mut openers: Vec<Box<dyn Open>> = vec![Box::new(Opener::new(Rc::clone(world)))];
    let settings = Settings {
        precision: 0.0,
        ..Settings::default()
    };
    measure(
        &mut results,
        &mut openers,
        &settings,
        &|| world.now.get(),
        &mut Patient,
    );
    results
}

/// A world whose samples take `seconds` of all loops, with 2% of noise; the reference loop takes 10 us.
fn world(seconds: impl Fn(&World, Taking) -> f64 + 'static) -> Rc<World> {
    World::new(move |world, taking| {
        let seconds = if taking.case == 1 {
            taking.loops as f64 * 1e-5
        } else {
            seconds(world, taking)
        };
        Duration::from_secs_f64(seconds * (1.0 + 0.02 * world.noise()))
    })
}

fn texts(results: &Results) -> Vec<String> {
    find(results)
        .iter()
        .map(|finding| finding.what.to_string())
        .collect()
}

/// The one finding, of which each part is in its text.
fn check(results: &Results, parts: &[&str]) {
    let found = texts(results);
    assert_eq!(found.len(), 1, "{found:?}");
    for part in parts {
        assert!(found[0].contains(part), "`{}` has no `{part}`", found[0]);
    }
}

fn loops(taking: Taking) -> f64 {
    taking.loops as f64
}

#[test]
fn nothing_is_said_of_plain_figures() {
    let plain = |seed: u64| {
        let world = world(|_, taking| loops(taking) * 1e-6);
        world.random.replace(crate::random::Random::new(seed));
        world
    };
    for seed in 0..20 {
        assert_eq!(
            texts(&measured(&plain(seed))),
            Vec::<String>::new(),
            "seed {seed}"
        );
    }
    assert_eq!(texts(&Results::default()), Vec::<String>::new());
}

/// Process medians as far apart as on a real machine, 1% and 3% around the middle.
#[test]
fn nothing_is_said_of_processes_that_differ_by_chance() {
    for (seed, spread) in (0..20).zip([0.01, 0.03].into_iter().cycle()) {
        let world = World::new(move |world, taking| {
            let mut of_process = crate::random::Random::new(seed * 1000 + taking.process as u64);
            let place = (0..6).map(|_| of_process.unit() - 0.5).sum::<f64>();
            let noise = 1.0 + spread * place + 0.01 * world.noise();
            Duration::from_secs_f64(loops(taking) * 1e-6 * noise)
        });
        assert_eq!(texts(&measured(&world)), Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn nothing_is_left_to_time() {
    // An empty loop in C took 0.27 ns, a product of two numbers of Rust from memory 0.41 ns, `Math.sin` of a constant 0.41 ns in
    // Node.js, and 0.65 ns a call of a function.
    for time in [0.27e-9, 0.41e-9] {
        let world = world(move |_, taking| loops(taking) * time);
        check(&measured(&world), &["is what an empty loop takes"]);
    }
    let world = world(|_, taking| loops(taking) * 0.65e-9);
    assert_eq!(texts(&measured(&world)), Vec::<String>::new());
}

#[test]
fn growth_with_the_loops() {
    let mut results = measured(&world(|_, taking| {
        loops(taking) * 1e-6 + loops(taking).powi(2) * 2e-9
    }));
    check(
        &results,
        &[
            "the time per loop grows with their number: ",
            "something that the loops share",
        ],
    );
    for run in &mut results.runs {
        let growth = Growth {
            name: "a".into(),
            before: 0,
            after: 5000,
            loops: 50,
        };
        run.grown.push((0, growth));
    }
    check(&results, &["; `a` grows by 100 items a loop"]);
}

#[test]
fn caches_that_fill() {
    let results = measured(&world(|_, taking| 0.3e-3 + loops(taking) * 1e-6));
    check(
        &results,
        &["the time per loop falls with their number", "as with a cache"],
    );
}

#[test]
fn warm_up() {
    let results = measured(&world(|_, taking| {
        let slow = if taking.earlier < 40 { 1.2 } else { 1.0 };
        loops(taking) * 1e-6 * slow
    }));
    check(&results, &["each process warms up", "slower (1."]);
}

#[test]
fn drift_of_the_code_and_of_the_machine() {
    let drifting = |world: &World| 1.0 + 0.1 * world.now.get().as_secs_f64();
    let results = measured(&world(move |world, taking| {
        loops(taking) * 1e-6 * drifting(world)
    }));
    check(
        &results,
        &["slower during the run", "something outlives the processes"],
    );
    let machine = World::new(move |world, taking| {
        let each = if taking.case == 1 { 1e-5 } else { 1e-6 };
        Duration::from_secs_f64(loops(taking) * each * drifting(world) * (1.0 + 0.01 * world.noise()))
    });
    check(
        &measured(&machine),
        &["slower during the run", "the machine's own speed moved"],
    );
}

#[test]
fn two_groups_of_processes() {
    let results = measured(&world(|_, taking| {
        let slow = if taking.process % 3 == 0 { 1.15 } else { 1.0 };
        loops(taking) * 1e-6 * slow
    }));
    check(
        &results,
        &["two groups: 1.00 us (", "and 1.15 us (", "PYTHONHASHSEED"],
    );
}

#[test]
fn two_speeds_of_the_machine() {
    let world = World::new(|world, taking| {
        let each = if taking.case == 1 { 1e-5 } else { 1e-6 };
        let slow = if taking.process % 3 == 0 { 1.3 } else { 1.0 };
        Duration::from_secs_f64(loops(taking) * each * slow * (1.0 + 0.01 * world.noise()))
    });
    check(
        &measured(&world),
        &[
            "two groups: 1.00 us (",
            "and 1.30 us (",
            "the machine itself has two speeds",
        ],
    );
}

#[test]
fn a_setup_that_is_dearer_than_the_statement() {
    let world = world(|_, taking| loops(taking) * 1e-6);
    world.setup.set(Duration::from_millis(12));
    check(
        &measured(&world),
        &["the setup takes 12.0 ms before every sample of "],
    );
}

#[test]
fn a_clock_in_steps() {
    let world = World::new(|world, taking| {
        let seconds = loops(taking) * 1e-6 * (1.0 + 0.1 * world.noise());
        Duration::from_micros((seconds * 1e6 / 100.0).round() as u64 * 100)
    });
    let found = texts(&measured(&world));
    assert!(
        found
            .iter()
            .any(|text| text.starts_with("the program's clock moves in steps of 100 us, coarse for")),
        "{found:?}"
    );
}

#[test]
fn a_busy_machine() {
    let world = world(|_, taking| loops(taking) * 1e-6);
    world.interrupted.set((0.3, Duration::from_millis(3)));
    let mut results = measured(&world);
    check(&results, &["machine busy; ", "of the samples were interrupted"]);
    results.machine.cores = Some(2);
    results.activity.load = Some(6.04);
    check(&results, &["machine busy: load 6.0 on 2 cores; "]);
    results.metric = Metric::Cpu;
    assert_eq!(texts(&results), Vec::<String>::new());
}

#[test]
fn a_machine_that_does_not_get_its_time() {
    let mut results = measured(&world(|_, taking| loops(taking) * 1e-6));
    results.activity = Activity {
        steal: Some(0.12),
        ..Activity::default()
    };
    check(
        &results,
        &["the host gave 12% of the processor time to other machines"],
    );
    results.activity = Activity {
        throttled: Some(0.4),
        ..Activity::default()
    };
    results.machine = Machine {
        quota: Some(1.5),
        ..Machine::default()
    };
    check(
        &results,
        &["the control group was stopped for 400 ms: it may use 1.50 processors"],
    );
    results.activity.throttled = Some(0.001);
    assert_eq!(texts(&results), Vec::<String>::new());
}

#[test]
fn a_machine_whose_speed_varies() {
    let world = World::new(|world, taking| {
        let each = if taking.case == 1 {
            1e-5 * (1.0 + 0.2 * world.noise())
        } else {
            1e-6
        };
        Duration::from_secs_f64(loops(taking) * each * (1.0 + 0.01 * world.noise()))
    });
    let mut results = measured(&world);
    check(
        &results,
        &["the machine's own speed varied by ", "ratios of --vs"],
    );
    results.machine.governor = Some("powersave".into());
    check(&results, &["the machine's own speed varied by ", "`powersave`"]);
}

#[test]
fn halves_that_are_equal_did_not_move() {
    assert_eq!(moved(&[0.0; 12]), None);
    assert_eq!(moved(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0]), None);
    assert_eq!(moved(&[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0]), Some((1.0, 2.0)));
    assert_eq!(moved(&[2.0, 2.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0]), Some((2.0, 1.0)));
}
