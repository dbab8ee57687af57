//! Sessions in other languages than Python: Node.js, Ruby, C, Rust, and workers that users declare. What is asked of them and
//! what they answer is the protocol of [`super::worker`].
//!
//! | | Node.js | Ruby | C, Rust | Perl (`examples/workers`) |
//! | --- | --- | --- | --- | --- |
//! | wall-clock time | yes | yes | yes | yes |
//! | processor time of the thread | from 23.9 on | yes | yes | no |
//! | processor time of the process | in microseconds | yes | yes | yes |
//! | switches | of the main thread | yes | yes | no |
//! | page faults | of the process | no | yes | no |
//! | peak memory | yes | yes | yes | no |
//! | time of the setup | yes | yes | yes | yes |
//! | progress | yes | yes | yes | yes |
//! | the collector is off | no | while loops run | it has none | it has none |
//!
//! The setup and the loop stand in one function, so names of the setup are local there. A value that the statement
//! has is kept, so that no compiler leaves it out as unused: statements end with an expression, and a loop that takes no
//! longer than an empty one is told. In Ruby all is kept but `a, b = b, a`, of which an array is made only where it is
//! kept. Perl's worker leaves it in void context, as Perl computes what stands there, too, but for literals and `sort`.
//!
//! Node.js compiles what runs often while it runs: a fresh process first runs each case for [`Language::warm_up`], which no
//! sample counts. Ruby's collector, once off, would let memory grow without end: it runs between pieces of the loops, and the clock
//! stands still meanwhile.

mod build;
mod c;
pub mod declared;
mod rust;
mod tokens;

use super::session::{Case, Growth, Open, Printed, Reason, Row, Runtime, Sample, Session, Stop, Watch};
use super::worker::channel::Link;
use super::worker::protocol::Message;
use super::worker::session::{Bounds, Called, Worker, runtime};
use build::Built;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokens::Dialect;

const NODE: &str = include_str!("worker.js");
const RUBY: &str = include_str!("worker.rb");

/// A language, and how code in it is timed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    /// Such as `JavaScript`.
    pub name: String,
    /// What runs it, such as `Node.js`.
    pub program: String,
    /// The program and its arguments, where the user names no other.
    pub command: Vec<String>,
    worker: Source,
    /// How long a fresh process must run a case until that is as fast as it becomes.
    pub warm_up: Duration,
    /// A loop whose time tells how fast the machine is.
    pub reference: Option<Case>,
    /// Can its garbage collector be switched off and on?
    pub has_collector: bool,
}

/// Where the worker comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The program gets this as an argument.
    Argument(&'static str),
    /// The program is one.
    Own,
    /// It is built with the code.
    Built(Dialect),
}

impl Language {
    /// One that is known, by the names of [`declared::KNOWN`].
    #[must_use]
    pub fn known(name: &str) -> Option<Language> {
        match name {
            "node" => Some(Language::node()),
            "ruby" => Some(Language::ruby()),
            "rust" => Some(Language::rust()),
            "c" => Some(Language::c()),
            _ => None,
        }
    }

    /// Opens sessions in what runs it, for these cases and no others.
    #[must_use]
    pub fn opener(&self, settings: Settings, cases: &[Case]) -> Box<dyn Open> {
        let language = self.clone();
        match self.worker {
            Source::Built(dialect) => Box::new(Built::new(language, dialect, settings, cases)),
            _ => Box::new(Interpreter { language, settings }),
        }
    }

    fn hint(&self) -> String {
        let words = self.command.join(" ");
        format!(
            "install {}, or name with --with what is to be used instead of `{words}`",
            self.program
        )
    }

    /// JavaScript in Node.js.
    #[must_use]
    pub fn node() -> Language {
        Language {
            name: "JavaScript".into(),
            program: "Node.js".into(),
            command: vec!["node".into()],
            worker: Source::Argument(NODE),
            warm_up: Duration::from_millis(30),
            reference: Some(reference(
                "const items = Array.from({ length: 1000 }, (_, at) => at);",
                "let sum = 0; for (const item of items) sum += item;",
            )),
            has_collector: false,
        }
    }

    /// Ruby, in any implementation.
    #[must_use]
    pub fn ruby() -> Language {
        Language {
            name: "Ruby".into(),
            program: "Ruby".into(),
            command: vec!["ruby".into()],
            worker: Source::Argument(RUBY),
            warm_up: Duration::ZERO,
            reference: Some(reference("items = (0...1000).to_a", "items.each { |item| item }")),
            has_collector: true,
        }
    }

    /// C, built by `cc`.
    #[must_use]
    pub fn c() -> Language {
        Language {
            name: "C".into(),
            program: "a compiler of C".into(),
            command: vec!["cc".into()],
            worker: Source::Built(Dialect::C),
            warm_up: Duration::ZERO,
            reference: Some(reference(
                "volatile unsigned x = 1;",
                "for (int i = 0; i < 1000; i++) x = x * 3 + 1;",
            )),
            has_collector: false,
        }
    }

    /// Rust, built by `rustc`.
    #[must_use]
    pub fn rust() -> Language {
        Language {
            name: "Rust".into(),
            program: "rustc".into(),
            command: vec!["rustc".into()],
            worker: Source::Built(Dialect::Rust),
            warm_up: Duration::ZERO,
            reference: Some(reference(
                "let mut x = 1u32;",
                "for _ in 0..1000 { x = std::hint::black_box(x).wrapping_mul(3) + 1; }",
            )),
            has_collector: false,
        }
    }

    /// One whose worker is a program of the user's own.
    #[must_use]
    pub fn own(name: String, command: Vec<String>, warm_up: Duration) -> Language {
        Language {
            program: name.clone(),
            name,
            command,
            worker: Source::Own,
            warm_up,
            reference: None,
            has_collector: false,
        }
    }
}

/// A loop that takes some microseconds everywhere.
fn reference(setup: &str, statement: &str) -> Case {
    Case {
        name: "reference".into(),
        statement: statement.into(),
        setup: setup.into(),
        collect_garbage: false,
        parameters: Vec::new(),
    }
}

/// How the processes of sessions are started and bounded.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The program, and its arguments before ours.
    pub command: Vec<OsString>,
    /// Added to the environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The working folder; ours without it.
    pub folder: Option<PathBuf>,
    /// How long one sample may take.
    pub timeout: Option<Duration>,
    /// Once set, what runs ends as interrupted.
    pub interrupted: Option<&'static AtomicBool>,
}

impl Settings {
    /// What the user gave the program.
    fn arguments(&self) -> &[OsString] {
        self.command.get(1..).unwrap_or_default()
    }

    /// Gives a program its environment and its folder.
    fn surround(&self, command: &mut Command) {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
    }

    /// The command as the user wrote it.
    fn shown(&self) -> String {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    /// A program with these surroundings.
    fn start(
        &self,
        language: &Language,
        command: Vec<OsString>,
        crash: &'static str,
    ) -> Result<Opened, Stop> {
        let called = Called {
            shown: &self.shown(),
            kind: &format!("{} for prof", language.program),
            hint: &language.hint(),
        };
        let mut words = command.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        self.surround(&mut command);
        let bounds = Bounds {
            timeout: self.timeout,
            interrupted: self.interrupted,
            crash,
        };
        let (worker, hello) = Worker::start(command, Link::Files, &[], bounds, called)?;
        Ok(Opened {
            worker,
            runtime: runtime(&hello),
            language: language.name.clone(),
            warm_up: language.warm_up,
            built: None,
        })
    }
}

/// Opens sessions in an interpreter, or in a worker of the user's own.
#[derive(Debug)]
struct Interpreter {
    language: Language,
    settings: Settings,
}

impl Open for Interpreter {
    fn open(&mut self) -> Result<Box<dyn Session>, Stop> {
        let mut command = self.settings.command.clone();
        if let Source::Argument(source) = self.language.worker {
            command.extend(["-e".into(), source.into()]);
        }
        let crash = ", a crash of the program that runs it or of an extension";
        let mut session = self.settings.start(&self.language, command, crash)?;
        if session.runtime.implementation.is_empty() {
            session.runtime.implementation.clone_from(&self.language.program);
        }
        // Those that the user names: what a declaration names is no news.
        let declared = self.language.command.iter().map(OsStr::new);
        if !self.settings.command.iter().map(OsString::as_os_str).eq(declared) {
            session.name_arguments(self.settings.arguments());
        }
        // What was found may be a shim that takes long to find the interpreter: only the first session pays. A word that
        // is no option may be the program itself, as in `env ruby`.
        let is_option = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        let are_options = self.settings.arguments().iter().all(is_option);
        let executable = &session.runtime.executable;
        if self.language.worker != Source::Own
            && are_options
            && executable.is_absolute()
            && let Some(first) = self.settings.command.first_mut()
        {
            *first = executable.into();
        }
        Ok(Box::new(session))
    }
}

/// A process that times cases.
#[derive(Debug)]
struct Opened {
    worker: Worker,
    runtime: Runtime,
    /// The language's name.
    language: String,
    warm_up: Duration,
    /// The cases that are in it, if it was built from them.
    built: Option<Rc<[Case]>>,
}

impl Opened {
    /// Names the arguments of what runs or compiled the code, as part of what ran.
    fn name_arguments(&mut self, arguments: &[OsString]) {
        for argument in arguments {
            self.runtime.version.push(' ');
            self.runtime.version.push_str(&argument.to_string_lossy());
        }
    }

    /// Where a case stands among those from which the program was built.
    fn place(&self, case: &Case) -> i64 {
        let same = |built: &Case| built.setup == case.setup && built.statement == case.statement;
        let place = self.built.iter().flat_map(|cases| cases.iter()).position(same);
        i64::try_from(place.unwrap_or(0)).unwrap_or(0)
    }
}

impl Session for Opened {
    fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn warm_up(&self) -> Duration {
        self.warm_up
    }

    fn prepare(&mut self, case: &Case) -> Result<(), Stop> {
        let numbers = vec![i64::from(case.collect_garbage), 0, self.place(case)];
        let request = Message::new("prepare", numbers, &[&case.setup, &case.statement]);
        self.worker.prepare(case, &request).map_err(|mut stop| {
            if let Reason::Code(error) = &mut stop.reason {
                error.invalid_in = Some(self.language.clone());
                error.hint = hint(&error.message).map(Into::into);
            }
            stop
        })
    }

    fn run(&mut self, plan: &[Row], watch: &mut dyn Watch) -> Result<Vec<Sample>, Stop> {
        self.worker.run(plan, watch).map_err(|mut stop| {
            if let Reason::Code(error) = &mut stop.reason {
                if let Some(cases) = &self.built {
                    **error = rust::of_panic(std::mem::take(&mut **error), cases);
                }
                error.hint = hint(&error.message).map(Into::into);
            }
            stop
        })
    }

    fn growth(&self, case: usize) -> Option<&Growth> {
        self.worker.growth(case)
    }

    fn end(mut self: Box<Self>) -> Result<Printed, Reason> {
        self.worker.end()
    }
}

/// What to do about a known trap, by what is said of it.
fn hint(message: &str) -> Option<&'static str> {
    if message.contains("left the loop before its end") {
        return Some(
            "break, last, return and the like would end the loop that is timed: they need one of the statement's own",
        );
    }
    if message.contains("import statement outside a module") {
        return Some("the code runs in a function: const name = require('module') does what import does");
    }
    if message.contains("await is only valid") {
        return Some("the code runs in a function that cannot await");
    }
    None
}

#[cfg(test)]
mod tests;
