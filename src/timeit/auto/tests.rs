use super::super::fake::{Opener, Patient, Taking, World};
use super::*;
use std::ops::ControlFlow;
use std::rc::Rc;

fn case(name: &str) -> Case {
    Case {
        name: name.into(),
        statement: name.into(),
        ..Case::default()
    }
}

fn measured(world: &Rc<World>, names: &[&str], versions: &[&str], settings: &Settings) -> (Results, End) {
    let mut results = Results {
        cases: names.iter().map(|name| case(name)).collect(),
        reference: Some(python_reference()),
        ..Results::default()
    };
    let mut openers: Vec<Box<dyn Open>> = versions
        .iter()
        .map(|version| Box::new(Opener::of(Rc::clone(world), version)) as Box<dyn Open>)
        .collect();
    let clock = || world.now.get();
    let end = measure(&mut results, &mut openers, settings, &clock, &mut Patient);
    (results, end)
}

/// One microsecond a loop, with 2% of noise between processes and 1% within.
fn microsecond(world: &World, taking: Taking) -> Duration {
    let process = (taking.process * 7 % 5) as f64 / 5.0 - 0.4;
    let noise = 1.0 + 0.04 * process + 0.01 * world.noise();
    Duration::from_secs_f64(taking.loops as f64 * 1e-6 * noise)
}

#[test]
fn the_time_is_kept_and_shared_by_many_processes() {
    let settings = Settings {
        precision: 0.0,
        ..Settings::default()
    };
    let world = World::new(microsecond);
    let (results, end) = measured(&world, &["a"], &["3.11"], &settings);
    assert!(end.stopped.is_none());
    assert!(
        (1.9..=2.05).contains(&results.elapsed.as_secs_f64()),
        "{:?}",
        results.elapsed
    );
    assert!(
        (15..=26).contains(&results.runs.len()),
        "{} processes",
        results.runs.len()
    );
    let timed = results.runs.iter().map(|run| run.timed(0).count());
    assert!(timed.clone().min() >= Some(28) && timed.max() <= Some(120));
    let reference: Duration = results
        .runs
        .iter()
        .flat_map(|run| run.of(Kind::Reference, 1))
        .map(|taken| taken.sample.wall)
        .sum();
    assert!(
        (0.008..0.03).contains(&(reference.as_secs_f64() / 2.0)),
        "{reference:?}"
    );
}

#[test]
fn it_stops_when_sharp_enough() {
    let world = World::new(|world: &World, taking: Taking| {
        Duration::from_secs_f64(taking.loops as f64 * 1e-6 * (1.0 + 0.002 * world.noise()))
    });
    let (results, _) = measured(&world, &["a"], &["3.11"], &Settings::default());
    assert_eq!(results.runs.len(), 6);
    assert!(results.elapsed < Duration::from_secs(1));
}

#[test]
fn dear_starts_make_few_processes_but_three() {
    let world = World::new(microsecond);
    world.start.set(Duration::from_millis(300));
    let settings = Settings {
        patience: Duration::from_secs(10),
        ..Settings::default()
    };
    let (results, _) = measured(&world, &["a"], &["3.11"], &settings);
    assert_eq!(results.runs.len(), 3);
    assert!(results.elapsed.as_secs_f64() < 2.1, "{:?}", results.elapsed);
    world.start.set(Duration::from_millis(1500));
    let (results, _) = measured(&world, &["a"], &["3.11"], &settings);
    assert_eq!(results.runs.len(), 3);
    let (results, _) = measured(&world, &["a"], &["3.11"], &Settings::default());
    assert_eq!(results.runs.len(), 1);
}

#[test]
fn long_statements_have_one_loop_and_end_in_time() {
    let world = World::new(|_, taking| {
        let seconds = if taking.case == 0 { 0.3 } else { 1e-6 };
        Duration::from_secs_f64(taking.loops as f64 * seconds)
    });
    let (results, _) = measured(&world, &["a"], &["3.11"], &Settings::default());
    assert!(
        results.runs.len() >= 3 && results.elapsed <= Duration::from_secs(2),
        "{results:?}"
    );
    assert!(
        results
            .runs
            .iter()
            .all(|run| run.timed(0).all(|taken| taken.sample.row.loops == 1))
    );
}

#[test]
fn samples_become_shorter_where_many_are_interrupted() {
    let loops = |share: f64| {
        let world = World::new(microsecond);
        world.interrupted.set((share, Duration::from_millis(3)));
        let (results, _) = measured(&world, &["a"], &["3.11"], &Settings::default());
        let last = results.runs.last().and_then(|run| run.timed(0).last());
        last.map_or(0, |taken| taken.sample.row.loops)
    };
    assert!((900..1100).contains(&loops(0.05)), "{}", loops(0.05));
    assert!((360..440).contains(&loops(0.5)), "{}", loops(0.5));
}

#[test]
fn what_takes_minutes_runs_once() {
    let world = World::new(|_, taking| {
        let seconds = if taking.case == 0 { 60.0 } else { 1e-6 };
        Duration::from_secs_f64(taking.loops as f64 * seconds)
    });
    let (results, _) = measured(&world, &["a"], &["3.11"], &Settings::default());
    assert_eq!((results.runs.len(), results.runs[0].timed(0).count()), (1, 1));
    assert!(results.elapsed.as_secs_f64() < 61.0, "{:?}", results.elapsed);
}

#[test]
fn cases_are_paired_and_programs_come_in_turn() {
    let world = World::new(microsecond);
    let (results, _) = measured(&world, &["a", "b"], &["3.11", "3.13"], &Settings::default());
    let order: Vec<usize> = results.runs.iter().map(|run| run.runtime).take(6).collect();
    assert_eq!(order, [0, 1, 1, 0, 0, 1]);
    for run in &results.runs {
        let rounds = |case: usize| run.timed(case).map(|taken| taken.round).collect::<Vec<_>>();
        assert_eq!(rounds(0), rounds(1));
    }
    assert_eq!(results.runtimes[1].version, "3.13");
}

#[test]
fn a_stop_keeps_what_was_measured() {
    struct After(usize);
    impl Watch for After {
        fn progress(&mut self, _: super::super::session::Progress) -> ControlFlow<()> {
            self.0 -= 1;
            if self.0 == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
    let world = World::new(microsecond);
    let mut results = Results {
        cases: vec![case("a")],
        ..Results::default()
    };
    let mut openers: Vec<Box<dyn Open>> = vec![Box::new(Opener::new(Rc::clone(&world)))];
    let clock = || world.now.get();
    let settings = Settings::default();
    let end = measure(&mut results, &mut openers, &settings, &clock, &mut After(100));
    assert!(matches!(end.stopped, Some(Reason::Interrupted)));
    assert!(results.runs.iter().map(|run| run.timed(0).count()).sum::<usize>() > 50);
    assert!(results.elapsed > Duration::ZERO);
}

#[test]
fn so_many_processes_as_are_asked_for() {
    let world = World::new(microsecond);
    let settings = Settings {
        processes: Some(4),
        ..Settings::default()
    };
    let (results, _) = measured(&world, &["a"], &["3.11"], &settings);
    assert_eq!((results.runs.len(), world.processes()), (4, 4));
    assert!(
        (1.9..2.1).contains(&results.elapsed.as_secs_f64()),
        "{:?}",
        results.elapsed
    );
}

#[test]
fn what_compiles_while_it_runs_is_fast_before_samples_count() {
    // The first samples of a process take ten times as long.
    let slow = |world: &World, taking: Taking| {
        let factor = if taking.earlier < 20 { 10.0 } else { 1.0 };
        Duration::from_secs_f64(factor * taking.loops as f64 * 1e-6 * (1.0 + 0.002 * world.noise()))
    };
    let slowest = |warm_up| {
        let world = World::new(slow);
        world.warm_up.set(Duration::from_millis(warm_up));
        let (results, end) = measured(&world, &["a"], &["3.11"], &Settings::default());
        assert!(end.stopped.is_none());
        let timed = results.runs.iter().flat_map(|run| run.timed(0));
        timed.map(super::super::results::Taken::wall).fold(0.0, f64::max)
    };
    assert!(slowest(0) > 9e-6);
    assert!((0.9e-6..1.1e-6).contains(&slowest(30)), "{}", slowest(30));
}
