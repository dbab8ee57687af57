//! `prof record --game`: an Evennia game, started by its own launcher, with one of its two processes under cProfile.
//!
//! The launcher starts the Portal, and that the Server, each time anew after a reload. Each gets `sys.path` of the one
//! that starts it, and with it what records.

use super::super::dummyrunner::game::named;
use super::super::output::Output;
use super::super::places::places;
use super::super::{Code, Failure, input, signals};
use super::summary::{Watch, seconds, shell_word, size};
use super::{Args, file};
use crate::evennia::{self, Game, Part, Settings};
use crate::process::{Meter, Sample};
use crate::python::text::shown;
use crate::record::recorder::Options;
use crate::record::run::{self, Running};
use crate::record::status::{Event, Story};
use crate::timeit::report::units::counted;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often it is looked what has happened.
const LOOK: Duration = Duration::from_millis(300);
/// How often a line says what the game costs where nobody watches.
const LINE: Duration = Duration::from_secs(30);
/// A game on a slow machine takes so long to start or to stop.
const PATIENCE: Duration = Duration::from_secs(120);
/// On a busy machine the launcher does not wait long enough for the Portal, and leaves the Server out.
const LAUNCHES: u32 = 4;
/// As long as the launcher may need to start the Server after the Portal.
const GAP: Duration = Duration::from_secs(15);

/// A game that is recorded.
struct Recorded<'a> {
    game: Game,
    part: Part,
    python: PathBuf,
    running: Running,
    story: Story,
    watch: Watch,
    meter: Meter,
    /// The most memory, and the processor time of earlier processes and of this one.
    peak: u64,
    cpu: (Duration, Duration),
    pid: Option<u32>,
    began: Instant,
    stop: Receiver<()>,
    output: &'a mut Output,
}

pub(super) fn run(folder: &Path, args: &Args, output: &mut Output) -> Result<Code, Failure> {
    let part = if args.portal { Part::Portal } else { Part::Server };
    let game = named(folder)?;
    refuse_if_running(&game)?;
    let given: Vec<PathBuf> = args.python.iter().map(PathBuf::from).collect();
    let interpreters = match &given[..] {
        [] => evennia::interpreters(&game, &places()),
        _ => vec![
            crate::interpreter::find(args.python.as_deref(), &places())
                .map_err(|error| Failure::usage(error.to_string()))?,
        ],
    };
    let (python, settings) = Settings::read(&game, &interpreters)
        .map_err(|error| Failure::usage(error.to_string()).hint(Some(error.hint())))?;
    let path = match &args.output[..] {
        [] => PathBuf::from(format!("{}.prof", part.name())),
        [path] => path.clone(),
        _ => {
            return Err(Failure::usage(
                "-o: a game writes one dump, and one more after each reload",
            ));
        }
    };
    let dump = file::prepare(&path)?;
    let options = Options {
        every: args.every.0,
        threads: args.threads,
        children: false,
        max_memory: args.max_rss,
        keep_running: args.keep_running,
        only: Some(match part {
            Part::Server => "/server/server.py",
            Part::Portal => "/portal/portal.py",
        }),
    };
    let launcher = launcher(&game, &python, "start");
    let running = run::start(launcher, &options, &dump, std::env::var_os("PYTHONPATH")).map_err(|error| {
        Failure::usage(format!(
            "cannot start `{}`: {}",
            python.display(),
            input::system_text(&error)
        ))
    })?;
    // Only now: the game would inherit that they are held back, and could not be ended by them.
    let (told, stop) = channel();
    signals::stop_on_signals(move || {
        // Once it is over nobody listens.
        let _ = told.send(());
    })?;
    let mut recorded = Recorded {
        meter: Meter::new(game.source(part)),
        game,
        part,
        python,
        running,
        story: Story::default(),
        watch: Watch::new(args.quiet),
        peak: 0,
        cpu: (Duration::ZERO, Duration::ZERO),
        pid: None,
        began: Instant::now(),
        stop,
        output,
    };
    if !recorded.starts()? {
        return Ok(Code::Failed);
    }
    if !args.quiet {
        recorded.say_that_it_runs(&settings, &path);
    }
    recorded.follow(args.quiet, args.keep_running)?;
    recorded.print(args.quiet);
    Ok(if recorded.story.dumps.is_empty() {
        Code::Failed
    } else {
        Code::Done
    })
}

fn refuse_if_running(game: &Game) -> Result<(), Failure> {
    let running: Vec<String> = Part::ALL
        .into_iter()
        .filter_map(|part| Some(format!("{} {}", part.name(), game.process(part)?.pid())))
        .collect();
    if running.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the game in `{}` runs already: {}",
        game.folder().display(),
        running.join(", ")
    );
    let pid = game.folder().join("server/server.pid");
    Err(Failure::usage(message).hint(Some(format!(
        "`evennia stop` first; or sample it as it is: prof record --pid {}",
        shell_word(&pid)
    ))))
}

/// The game's own launcher, which finds its other programs on the path.
fn launcher(game: &Game, python: &Path, what: &str) -> Command {
    let folder = python.parent().unwrap_or(Path::new("/"));
    let mut path = OsString::from(folder);
    if let Some(before) = std::env::var_os("PATH") {
        path.push(":");
        path.push(before);
    }
    let mut command = Command::new(python);
    let script = folder.join("evennia");
    if script.is_file() {
        command.arg(script);
    } else {
        command.args(["-m", "evennia.server.evennia_launcher"]);
    }
    command.arg(what).current_dir(game.folder()).env("PATH", path);
    command
}

impl Recorded<'_> {
    /// Hears what the recorder tells, and measures. Returns the launcher's end, once it has ended.
    fn look(&mut self) -> Result<(Option<std::process::ExitStatus>, Option<Sample>), Failure> {
        let (story, watch, output) = (&mut self.story, &mut self.watch, &mut *self.output);
        let ended = self.running.poll(|event: Event| {
            if event == Event::Kept {
                output.progress("recording has ended, the game goes on");
            } else {
                watch.tell(&event, output);
            }
            story.add(&event);
        })?;
        let sample = self.meter.sample(self.began.elapsed());
        if let Some(sample) = &sample {
            if self.pid.is_some_and(|pid| pid != sample.pid) {
                self.cpu.0 += self.cpu.1;
            }
            self.pid = Some(sample.pid);
            self.cpu.1 = sample.cpu;
            self.peak = self.peak.max(sample.rss);
        }
        Ok((ended, sample))
    }

    fn is_up(&self) -> bool {
        Part::ALL
            .into_iter()
            .all(|part| self.game.process(part).is_some())
    }

    fn is_gone(&self) -> bool {
        Part::ALL
            .into_iter()
            .all(|part| self.game.process(part).is_none())
    }

    /// Waits until the game is up. False, and said why, if it does not come.
    fn starts(&mut self) -> Result<bool, Failure> {
        let (mut launches, mut launched) = (1, None);
        loop {
            let (ended, _) = self.look()?;
            if ended.is_some() && launched.is_none() {
                launched = Some(Instant::now());
            }
            if self.is_up() && self.story.started && launched.is_some() {
                return Ok(true);
            }
            let waited = launched.map_or(Duration::ZERO, |at| at.elapsed());
            let failed = ended.is_some_and(|status| !status.success());
            let half_up = self.game.process(Part::Portal).is_some();
            if waited > GAP && half_up && launches < LAUNCHES && !failed {
                // It started the Portal alone. What the Portal starts is recorded, whoever asks it to.
                launches += 1;
                launcher(&self.game, &self.python, "start").status()?;
                launched = Some(Instant::now());
                continue;
            }
            let is_late = self.began.elapsed() > PATIENCE;
            if failed || is_late || (waited > GAP && !half_up) {
                let logs = self.game.folder().join("server/logs");
                let message = format!("the game in `{}` did not start", self.game.folder().display());
                let hint = format!(
                    "`evennia start` in that folder must work by itself; logs are in {}",
                    logs.display()
                );
                Failure::usage(message).hint(Some(hint)).tell(self.output)?;
                return Ok(false);
            }
            if let Ok(()) | Err(RecvTimeoutError::Disconnected) = self.stop.recv_timeout(LOOK) {
                self.stop_game()?;
                return Ok(true);
            }
        }
    }

    fn say_that_it_runs(&mut self, settings: &Settings, path: &Path) {
        let port = settings.port().map_or(String::new(), |port| {
            format!(", telnet {}:{port}", settings.host())
        });
        let line = format!(
            "game {} runs{port}; its {} is recorded to {}. `evennia stop`, or Ctrl-C here, ends it and leaves the profile",
            settings.name,
            capital(self.part),
            path.display()
        );
        self.output.progress(&shown(line.as_bytes()));
    }

    /// Until the game has stopped.
    fn follow(&mut self, quiet: bool, keep_running: bool) -> Result<(), Failure> {
        let mut block = (!quiet && std::io::stderr().is_terminal()).then_some(0);
        let mut next_line = self.began.elapsed() + LINE;
        let mut lost = None;
        while !self.is_gone() {
            let (_, sample) = self.look()?;
            let at = self.began.elapsed();
            if let Some(sample) = &sample {
                lost = None;
                let line = format!("{:>5.0} s: {}", at.as_secs_f64(), self.cost(sample));
                if let Some(lines) = block {
                    block = Some(self.output.redraw(lines, &line));
                } else if !quiet && at >= next_line {
                    next_line = at + LINE;
                    self.output.progress(&line);
                }
            } else if lost.is_none() && self.game.process(self.part).is_none() {
                lost = Some(self.pid);
                if self.was_killed() {
                    block = block.map(|_| 0);
                    let message = format!(
                        "the {} ended without a last dump: the profile ends with the last snapshot",
                        capital(self.part)
                    );
                    self.output.report("warning", &message);
                }
            }
            match self.stop.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) if keep_running => return self.end_recording(),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return self.stop_game(),
            }
        }
        self.look()?;
        Ok(())
    }

    /// Is the newest dump of the process that has gone a snapshot only?
    fn was_killed(&mut self) -> bool {
        let last = self
            .story
            .dumps
            .values()
            .rfind(|dump| Some(dump.process) == self.pid);
        self.pid.is_some() && last.is_none_or(|dump| dump.is_snapshot)
    }

    /// In good order, by its own launcher.
    fn stop_game(&mut self) -> Result<(), Failure> {
        self.output.progress("stopping the game ...");
        let status = launcher(&self.game, &self.python, "stop").status()?;
        let began = Instant::now();
        while !self.is_gone() && began.elapsed() < PATIENCE {
            self.look()?;
            if let Ok(()) = self.stop.recv_timeout(LOOK) {
                break;
            }
        }
        self.look()?;
        if !self.is_gone() {
            let message = format!("the game does not stop ({status})");
            self.output.report("warning", &message);
            self.output.report("hint", "evennia stop, in its folder");
        }
        Ok(())
    }

    /// `--keep-running`: the recorder in the process takes the first interrupt for this.
    fn end_recording(&mut self) -> Result<(), Failure> {
        let Some(pid) = self
            .game
            .process(self.part)
            .and_then(|process| i32::try_from(process.pid()).ok())
        else {
            return Ok(());
        };
        let dumps = self.story.clone();
        kill(Pid::from_raw(pid), Signal::SIGINT)
            .map_err(|error| Failure::usage(format!("cannot end the recording: {error}")))?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE && !self.is_gone() {
            self.look()?;
            let ended = |story: &Story| {
                let dumps = story
                    .dumps
                    .values()
                    .filter(|dump| !dump.is_snapshot && dump.process == pid as u32);
                dumps.count()
            };
            if ended(&self.story) > ended(&dumps) {
                break;
            }
            if let Ok(()) = self.stop.recv_timeout(LOOK) {
                break;
            }
        }
        Ok(())
    }

    fn cost(&self, sample: &Sample) -> String {
        let mut line = format!(
            "{} CPU {:.0}% of a core, memory {}",
            capital(self.part),
            sample.cores * 100.0,
            size(sample.rss)
        );
        if self.story.snapshots > 0 {
            line += &format!(
                "; {}, the longest held it up for {}",
                counted(self.story.snapshots, "snapshot"),
                seconds(self.story.longest.1)
            );
        }
        line
    }

    fn print(&mut self, quiet: bool) {
        if let Some(why) = &self.story.failure {
            self.output.report("error", &shown(why.as_bytes()));
        }
        if self.story.dumps.is_empty() {
            self.output.report(
                "error",
                "there is no dump: it was killed before the first snapshot",
            );
            self.output.report("hint", "--every 1s writes snapshots earlier");
            return;
        }
        if quiet {
            return;
        }
        let mut line = format!(
            "{}, {} CPU {}, peak memory {}",
            seconds(self.began.elapsed()),
            capital(self.part),
            seconds(self.cpu.0 + self.cpu.1),
            size(self.peak)
        );
        if self.story.snapshots > 0 {
            line += &format!(
                "; {}, the longest took {} and held it up for {}",
                counted(self.story.snapshots, "snapshot"),
                seconds(self.story.longest.0),
                seconds(self.story.longest.1)
            );
        }
        self.output.report("recorded", &line);
        let mut words = Vec::new();
        // `server.prof` before `server-2.prof`.
        let mut dumps: Vec<_> = self.story.dumps.values().collect();
        dumps.sort_by_key(|dump| (dump.path.len(), &dump.path));
        for dump in dumps {
            let line = format!(
                "{} ({}, {})",
                dump.path,
                counted(dump.functions, "function"),
                size(dump.bytes)
            );
            self.output.report("wrote", &shown(line.as_bytes()));
            words.push(shell_word(Path::new(&dump.path)));
        }
        let line = format!(
            "prof stats {} --exclude-idle --sort cumulative --limit 30",
            words.join(" ")
        );
        self.output.report("hint", &shown(line.as_bytes()));
    }
}

fn capital(part: Part) -> &'static str {
    match part {
        Part::Server => "Server",
        Part::Portal => "Portal",
    }
}
