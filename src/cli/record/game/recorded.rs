//! A game under cProfile, from its start to its end.

use super::super::live;
use super::super::summary::Watch;
use super::launcher;
use super::told::capital;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::evennia::{Game, Part};
use crate::process::{Meter, Sample};
use crate::record::run::Running;
use crate::record::status::{Event, Story};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
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

/// How the start of a game ends.
pub(super) enum Start {
    Up,
    /// By a signal meanwhile.
    Stopped,
    Failed,
}

/// So long after its launcher was ended the Portal may show that it was started.
const SETTLED: Duration = Duration::from_secs(5);

/// A game that is recorded.
pub(super) struct Recorded<'a> {
    pub(super) game: Game,
    pub(super) part: Part,
    pub(super) python: PathBuf,
    pub(super) running: Running,
    pub(super) story: Story,
    pub(super) watch: Watch,
    pub(super) meter: Meter,
    /// The most memory, and the processor time of earlier processes and of this one.
    pub(super) peak: u64,
    pub(super) cpu: (Duration, Duration),
    pub(super) pid: Option<u32>,
    pub(super) began: Instant,
    /// When it was looked whether its memory climbs.
    pub(super) looked: Duration,
    pub(super) stop: Receiver<()>,
    pub(super) output: &'a mut Output,
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
            let at = self.began.elapsed();
            if at >= self.looked + live::LOOK {
                self.looked = at;
                self.watch.look(sample.pid, sample.rss, live::LOOK, self.output);
            }
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

    /// Waits until the game is up. Why it does not come is told.
    pub(super) fn starts(&mut self) -> Result<Start, Failure> {
        let (mut launches, mut launched) = (1, None);
        let mut is_unwanted = false;
        loop {
            let (ended, _) = self.look()?;
            if ended.is_some() && launched.is_none() {
                launched = Some(Instant::now());
            }
            if self.is_up() && self.story.started && launched.is_some() {
                if !is_unwanted {
                    return Ok(Start::Up);
                }
                self.stop_game()?;
                return Ok(Start::Stopped);
            }
            let waited = launched.map_or(Duration::ZERO, |at| at.elapsed());
            let failed = ended.is_some_and(|status| !status.success());
            let half_up = self.game.process(Part::Portal).is_some();
            let is_late = self.began.elapsed() > PATIENCE;
            // A launcher that a terminal's Ctrl-C has ended may have started the Portal before.
            let is_settled = if failed {
                half_up || waited > SETTLED
            } else {
                waited > GAP
            };
            if is_unwanted {
                if is_settled || is_late {
                    self.stop_game()?;
                    return Ok(Start::Stopped);
                }
            } else if waited > GAP && half_up && launches < LAUNCHES && !failed {
                // It started the Portal alone. What the Portal starts is recorded, whoever asks it to.
                launches += 1;
                launcher(&self.game, &self.python, "start").status()?;
                launched = Some(Instant::now());
                continue;
            } else if failed || is_late || (waited > GAP && !half_up) {
                let logs = self.game.folder().join("server/logs");
                let message = format!("the game in `{}` did not start", self.game.folder().display());
                let hint = format!(
                    "`evennia start` in that folder must work by itself; logs are in {}",
                    logs.display()
                );
                Failure::usage(message).hint(Some(hint)).tell(self.output)?;
                return Ok(Start::Failed);
            }
            match self.stop.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                // What the launcher has not started yet cannot be stopped, and would run on by itself.
                Ok(()) if !is_unwanted => {
                    is_unwanted = true;
                    self.output
                        .progress("the game is stopped once it has started ...");
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    self.stop_game()?;
                    return Ok(Start::Stopped);
                }
            }
        }
    }

    /// Until the game has stopped.
    pub(super) fn follow(&mut self, quiet: bool, keep_running: bool) -> Result<(), Failure> {
        let mut block = (!quiet && std::io::stderr().is_terminal()).then_some(0);
        let mut next_line = self.began.elapsed() + LINE;
        let mut lost = None;
        while !self.is_gone() {
            let warnings = self.watch.warnings();
            let (_, sample) = self.look()?;
            if self.watch.warnings() != warnings {
                // They stand below the block, which begins anew below them.
                block = block.map(|_| 0);
            }
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
}
