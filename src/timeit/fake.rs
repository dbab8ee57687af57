//! Sessions without processes: time passes only as a test says.

use super::session::{Case, Open, Progress, Row, Runtime, Sample, Session, Stop, Watch};
use crate::random::Random;
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

/// A sample that is about to be taken.
#[derive(Clone, Copy)]
pub(crate) struct Taking {
    pub(crate) case: usize,
    pub(crate) loops: u64,
    /// The process, counted over all.
    pub(crate) process: usize,
    /// Samples taken before it in this process.
    pub(crate) earlier: usize,
}

/// What the processes run in.
pub(crate) struct World {
    pub(crate) now: Cell<Duration>,
    pub(crate) random: RefCell<Random>,
    /// What starting a process takes.
    pub(crate) start: Cell<Duration>,
    /// What setup takes before a sample.
    pub(crate) setup: Cell<Duration>,
    /// The share of samples that are interrupted, and for how long.
    pub(crate) interrupted: Cell<(f64, Duration)>,
    /// How long a fresh process must run a case until that is fast.
    pub(crate) warm_up: Cell<Duration>,
    /// Whether samples wait of their own will.
    pub(crate) waits: Cell<bool>,
    processes: Cell<usize>,
    cost: Box<Cost>,
}

type Cost = dyn Fn(&World, Taking) -> Duration;

impl World {
    /// With what samples take when they are not interrupted.
    pub(crate) fn new(cost: impl Fn(&World, Taking) -> Duration + 'static) -> Rc<World> {
        Rc::new(World {
            now: Cell::new(Duration::ZERO),
            random: RefCell::new(Random::new(1)),
            start: Cell::new(Duration::from_millis(20)),
            setup: Cell::new(Duration::ZERO),
            interrupted: Cell::new((0.0, Duration::ZERO)),
            warm_up: Cell::new(Duration::ZERO),
            waits: Cell::new(false),
            processes: Cell::new(0),
            cost: Box::new(cost),
        })
    }

    /// How many processes were started.
    pub(crate) fn processes(&self) -> usize {
        self.processes.get()
    }

    /// A number from -1 to 1.
    pub(crate) fn noise(&self) -> f64 {
        self.random.borrow_mut().unit() * 2.0 - 1.0
    }

    fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }
}

/// Starts processes in a world.
pub(crate) struct Opener {
    world: Rc<World>,
    version: String,
}

impl Opener {
    pub(crate) fn new(world: Rc<World>) -> Opener {
        Opener::of(world, "3.11.7")
    }

    pub(crate) fn of(world: Rc<World>, version: &str) -> Opener {
        Opener {
            world,
            version: version.into(),
        }
    }
}

impl Open for Opener {
    fn open(&mut self) -> Result<Box<dyn Session>, Stop> {
        self.world.pass(self.world.start.get());
        let process = self.world.processes.get();
        self.world.processes.set(process + 1);
        Ok(Box::new(Process {
            world: Rc::clone(&self.world),
            runtime: Runtime {
                implementation: "CPython".into(),
                version: self.version.clone(),
                executable: "python3".into(),
            },
            process,
            earlier: 0,
        }))
    }
}

struct Process {
    world: Rc<World>,
    runtime: Runtime,
    process: usize,
    earlier: usize,
}

impl Session for Process {
    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn warm_up(&self) -> Duration {
        self.world.warm_up.get()
    }

    fn prepare(&mut self, _case: &Case) -> Result<(), Stop> {
        Ok(())
    }

    fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
        let mut samples = Vec::new();
        for &row in plan {
            let taking = Taking {
                case: row.case,
                loops: row.loops,
                process: self.process,
                earlier: self.earlier,
            };
            self.earlier += 1;
            let cpu = (self.world.cost)(&self.world, taking);
            let (share, pause) = self.world.interrupted.get();
            let is_interrupted = self.world.random.borrow_mut().unit() < share;
            let wall = if is_interrupted { cpu + pause } else { cpu };
            self.world.pass(self.world.setup.get() + wall);
            let progress = Progress {
                row,
                done: row.loops,
                elapsed: wall,
                process_cpu: cpu,
            };
            if watch.progress(progress) == ControlFlow::Break(()) {
                return Err(Stop {
                    reason: super::session::Reason::Interrupted,
                    samples,
                    running: Some(progress),
                });
            }
            samples.push(Sample {
                cpu: Some(cpu),
                process_cpu: Some(cpu),
                voluntary_switches: u64::from(self.world.waits.get()),
                involuntary_switches: Some(u64::from(is_interrupted)),
                peak_memory: 1 << 20,
                setup: self.world.setup.get(),
                ..sample(row, wall)
            });
        }
        Ok(samples)
    }
}

/// A sample that nothing disturbed, of which nothing but its time is known.
pub(crate) fn sample(row: Row, wall: Duration) -> Sample {
    Sample {
        row,
        wall,
        cpu: None,
        process_cpu: None,
        voluntary_switches: 0,
        involuntary_switches: Some(0),
        faults: 0,
        peak_memory: 0,
        setup: Duration::ZERO,
        usage: None,
    }
}

/// Never wants to stop.
pub(crate) struct Patient;

impl Watch for Patient {
    fn progress(&mut self, _progress: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Results of a short measurement of cases that take 1, 2, 3, ... microseconds.
pub(crate) fn results(names: &[&str], versions: &[&str]) -> super::results::Results {
    let world = World::new(|world, taking| {
        let cost = (taking.case + 1) as f64 * 1e-6;
        Duration::from_secs_f64(taking.loops as f64 * cost * (1.0 + 0.005 * world.noise()))
    });
    world.interrupted.set((0.05, Duration::from_millis(2)));
    let mut results = super::results::Results {
        tool: "prof 0.1.0".into(),
        date: "2026-11-22T16:02:15Z".into(),
        cases: names
            .iter()
            .map(|&name| Case {
                name: name.into(),
                statement: format!("{name}()"),
                setup: "import this".into(),
                collect_garbage: false,
                parameters: Vec::new(),
            })
            .collect(),
        reference: Some(super::auto::python_reference()),
        ..super::results::Results::default()
    };
    let mut openers: Vec<Box<dyn Open>> = versions
        .iter()
        .map(|version| Box::new(Opener::of(Rc::clone(&world), version)) as Box<dyn Open>)
        .collect();
    let settings = super::auto::Settings {
        max_time: Duration::from_millis(700),
        ..super::auto::Settings::default()
    };
    super::auto::measure(
        &mut results,
        &mut openers,
        &settings,
        &|| world.now.get(),
        &mut Patient,
    );
    results
}
