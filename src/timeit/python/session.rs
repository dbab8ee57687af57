//! A session in a Python process: what is more than the common protocol.

use super::{Framework, Mode, Settings, World, hints};
use crate::timeit::session::{
    Case, Growth, Part, Printed, Reason, Row, Runtime, Sample, Session, Stop, Watch,
};
use crate::timeit::worker::channel::Link;
use crate::timeit::worker::protocol::Message;
use crate::timeit::worker::session::{Bounds, Called, Worker, code_error, runtime, unexpected};
use std::process::Command;

const WORKER: &str = include_str!("worker.py");
const MORE: &str = include_str!("more.py");
const WORLD: &str = include_str!("world.py");
const ERRORS: &str = include_str!("errors.py");
/// `receive.py` takes what is sent first; then the channel is `s`, the pieces are `t`, and `g` has what the first defines.
const BOOTSTRAP: &str = concat!(
    include_str!("../../python/receive.py"),
    "w=g['WORKER']=g['Worker'](s,t[1:])\nw.serve()\n"
);

/// What to do about an interpreter that does not start.
const HINT: &str = "--python names another interpreter";

/// A Python process that times cases.
#[derive(Debug)]
pub(super) struct PythonSession {
    worker: Worker,
    runtime: Runtime,
    bounds: Bounds,
    mode: Mode,
}

impl PythonSession {
    /// Starts the interpreter and waits until the worker in it is ready.
    pub(super) fn start(settings: &Settings) -> Result<PythonSession, Stop> {
        let mut command = Command::new(&settings.python);
        command.args(&settings.arguments).arg("-c").arg(BOOTSTRAP);
        command.envs(settings.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &settings.folder {
            command.current_dir(folder);
        }
        let bounds = Bounds {
            timeout: settings.timeout,
            interrupted: settings.interrupted,
            crash: ", a crash of the interpreter or of an extension",
        };
        let called = Called {
            shown: &settings.python.to_string_lossy(),
            kind: "a Python interpreter",
            hint: HINT,
        };
        let sources = [WORKER, MORE, ERRORS];
        let lengths = sources.map(|source| source.len().to_string()).join(" ");
        let source = format!("{lengths}\n{}", sources.concat());
        let (worker, hello) = Worker::start(command, Link::Input, source.as_bytes(), bounds, called)?;
        let mut session = PythonSession {
            worker,
            runtime: known(&hello)?,
            bounds,
            mode: settings.mode,
        };
        if let Some(world) = &settings.world {
            session.enter(world)?;
        }
        Ok(session)
    }

    /// Sets up what the code shall find.
    fn enter(&mut self, world: &World) -> Result<(), Stop> {
        let (framework, argument) = match &world.framework {
            Framework::None => ("", ""),
            Framework::Django(settings) => ("django", settings.as_str()),
            Framework::Evennia => ("evennia", ""),
        };
        let texts = [WORLD, framework, argument, &world.code];
        let answer = self
            .worker
            .ask(&Message::new("world", vec![i64::from(world.rollback)], &texts))?;
        match answer.kind.as_str() {
            "ready" => Ok(()),
            "error" => {
                let mut error = code_error(&answer);
                error.part = Some(Part::GlobalSetup);
                error.invalid_in = invalid_in(&error.kind, &error.shown);
                error.hint = hints::of_world(&error.kind, &error.message, &world.framework);
                Err(error.into())
            }
            _ => Err(unexpected(&answer)),
        }
    }

    /// A process that is as this one is now.
    pub(super) fn fork(&mut self) -> Result<PythonSession, Stop> {
        let answer = self.worker.ask_soon(&Message::new("fork", Vec::new(), &[]))?;
        if answer.kind != "send" {
            return Err(unexpected(&answer));
        }
        let process = self.worker.process.forked().map_err(|error| Reason::Start {
            message: format!("cannot fork a process: {error}").into(),
            hint: HINT.into(),
        })?;
        let mut worker = Worker::of(process, self.bounds);
        let answer = worker.hear_soon()?;
        let number = i32::try_from(answer.number(0)).ok().filter(|&number| number > 1);
        match number {
            Some(number) if answer.kind == "forked" => worker.process.is_now(number),
            _ => return Err(unexpected(&answer)),
        }
        Ok(PythonSession {
            worker,
            runtime: self.runtime.clone(),
            bounds: self.bounds,
            mode: self.mode,
        })
    }

    /// The same, with what is known of Python's errors.
    fn explained(&self, mut stop: Stop, case: &Case) -> Stop {
        if let Reason::Code(error) = &mut stop.reason {
            error.invalid_in = invalid_in(&error.kind, &error.shown);
            error.hint = hints::of(
                &error.kind,
                &error.message,
                case,
                error.part,
                &self.runtime.version,
            );
        }
        stop
    }
}

impl Session for PythonSession {
    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn prepare(&mut self, case: &Case) -> Result<(), Stop> {
        // As timeit takes an empty one.
        let or_pass = |code: &str| {
            if code.is_empty() {
                "pass".to_owned()
            } else {
                code.to_owned()
            }
        };
        let request = Message::new(
            "prepare",
            vec![i64::from(case.collect_garbage), self.mode as i64],
            &[&or_pass(&case.setup), &or_pass(&case.statement)],
        );
        self.worker
            .prepare(case, &request)
            .map_err(|stop| self.explained(stop, case))
    }

    fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
        self.worker.run(plan, watch).map_err(|stop| {
            let case = stop
                .running
                .and_then(|running| self.worker.case(running.row.case));
            let case = case.cloned().unwrap_or_default();
            self.explained(stop, &case)
        })
    }

    fn profile(&mut self, row: Row) -> Result<Option<Vec<u8>>, Stop> {
        let numbers = [row.case as u64, row.loops].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let request = Message::new("profile", numbers.to_vec(), &[WORLD]);
        let mut answer = self.worker.ask(&request)?;
        match answer.kind.as_str() {
            "profile" if !answer.texts.is_empty() => Ok(Some(answer.texts.swap_remove(0))),
            "error" => {
                let case = self.worker.case(row.case).cloned().unwrap_or_default();
                Err(self.explained(code_error(&answer).into(), &case))
            }
            _ => Err(unexpected(&answer)),
        }
    }

    fn growth(&self, case: usize) -> Option<&Growth> {
        self.worker.growth(case)
    }

    fn end(mut self: Box<Self>) -> Result<Printed, Reason> {
        Ok(self.worker.finish().1)
    }
}

/// Python, if such an error says that the code cannot be compiled; one that it raised when it compiled something has a
/// traceback.
fn invalid_in(kind: &str, shown: &str) -> Option<String> {
    let is_syntax = matches!(kind, "SyntaxError" | "IndentationError" | "TabError");
    (is_syntax && !shown.starts_with("Traceback")).then(|| "Python".to_owned())
}

/// The program that says hello, if it is one that can be used.
fn known(hello: &Message) -> Result<Runtime, Stop> {
    let mut runtime = runtime(hello);
    let is_known = match hello.number(1) {
        2 => hello.number(2) == 7,
        3 => hello.number(2) >= 6,
        major => major > 3,
    };
    if runtime.implementation != "cpython" || !is_known {
        let (implementation, version) = (runtime.implementation, runtime.version);
        return Err(Stop::from(Reason::Start {
            message: format!("prof times CPython 2.7, 3.6 and later; this is {implementation} {version}")
                .into(),
            hint: HINT.into(),
        }));
    }
    runtime.implementation = "CPython".into();
    Ok(runtime)
}
