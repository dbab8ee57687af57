//! `--record`: the server is sampled while all dummies play, without those that log in or out.

use super::super::output::Output;
use super::super::stack_files::{About, Files};
use super::super::{Code, Failure};
use super::{Args, server};
use crate::dummyrunner::metrics::{Phase, Phases};
use crate::dummyrunner::report::hot::{Hot, address};
use crate::evennia::Game;
use crate::process::Source;
use crate::python::text::shown;
use crate::record::hot;
use crate::record::sample::{self, Error, Options, Sampled, Sampling};
use crate::timeit::report::units::counted;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Dummies that cannot get in do not keep the others from being looked at.
const SETTLED: Duration = Duration::from_secs(20);
/// The end is known a moment before it comes: windows come twice a second.
const BEFORE_END: Duration = Duration::from_millis(600);
/// Functions in a report.
const HOTTEST: usize = 10;

/// Samples the server of a run.
pub(super) struct Recorder {
    source: Source,
    files: Files,
    flamegraph: Option<String>,
    /// Its address for the report's page.
    link: Option<String>,
    /// When logouts begin.
    end: Option<Duration>,
    state: State,
    from: Duration,
    to: Duration,
}

enum State {
    /// Dummies log in.
    Waiting,
    Going(Sampling),
    Done(Result<Box<Sampled>, Error>),
}

impl Recorder {
    /// If it is asked for. What would hinder it is found before the run.
    pub(super) fn begin(
        args: &Args,
        target: SocketAddr,
        game: Option<&Game>,
        end: Option<Duration>,
    ) -> Result<Option<Recorder>, Failure> {
        if args.record.is_empty() {
            return Ok(None);
        }
        let source = server::sampled(args, target, game).ok_or_else(|| {
            let message = format!("--record: no process of this machine is seen to listen on {target}");
            Failure::usage(message).hint(Some("name the server's process with --server-pid"))
        })?;
        if args.record.iter().any(|path| path.as_os_str() == "-") {
            let failure = Failure::usage("--record: standard output has the report");
            return Err(failure.hint(Some("name a file, such as hot.folded")));
        }
        sample::check(&source)?;
        let files = Files::begin(&args.record, None, &[], PathBuf::new())?;
        Ok(Some(Recorder {
            flamegraph: files.picture().map(|path| path.display().to_string()),
            link: files
                .picture()
                .zip(args.html.as_deref())
                .and_then(|(picture, page)| {
                    let absolute = |path: &Path| std::path::absolute(path).ok();
                    Some(address(&absolute(picture)?, &absolute(page)?))
                }),
            source,
            files,
            end,
            state: State::Waiting,
            from: Duration::ZERO,
            to: Duration::ZERO,
        }))
    }

    /// Begins when all are in, and ends before the first leaves.
    pub(super) fn look(&mut self, at: Duration, phases: &Phases) {
        let is_over = phases.of(Phase::Leaving) > 0
            || phases.all_ended() == phases.total()
            || self.end.is_some_and(|end| at + BEFORE_END > end);
        match &self.state {
            State::Waiting if is_over => {}
            State::Waiting if is_steady(at, phases) => {
                (self.from, self.to) = (at, at);
                self.state = match Sampling::start(self.source.clone(), Options::default()) {
                    Ok(sampling) => State::Going(sampling),
                    Err(error) => State::Done(Err(error)),
                };
            }
            State::Going(_) if is_over => self.end(at),
            State::Going(_) => self.to = at,
            State::Waiting | State::Done(_) => {}
        }
    }

    fn end(&mut self, at: Duration) {
        self.state = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Going(sampling) => {
                self.to = at;
                State::Done(sampling.finish().map(Box::new))
            }
            state => state,
        };
    }

    /// Writes the files, and returns what the report says. What goes wrong is told: the run itself went well.
    pub(super) fn finish(mut self, output: &mut Output) -> Result<(Option<Hot>, Code), Failure> {
        self.end(self.to);
        let sampled = match self.state {
            State::Done(Ok(sampled)) => sampled,
            State::Done(Err(error)) => {
                Failure::from(error).tell(output)?;
                return Ok((None, Code::Failed));
            }
            State::Waiting | State::Going(_) => {
                Failure::failed("--record: the run ended before the dummies were in, so nothing was sampled")
                    .hint(Some("a longer --duration"))
                    .tell(output)?;
                return Ok((None, Code::Failed));
            }
        };
        let counts = sampled.counts.clone();
        let mut code = Code::Done;
        if counts.samples == 0 {
            let why = counts.first_error.as_deref().unwrap_or("the server only waited");
            Failure::failed(format!("--record: nothing was sampled: {why}")).tell(output)?;
            self.flamegraph = None;
            code = Code::Failed;
        } else {
            if let Some(error) = &counts.first_error {
                let message = format!(
                    "--record: {} failed, the first: {error}",
                    counted(counts.errors, "look")
                );
                output.report("warning", &shown(message.as_bytes()));
            }
            let about = About {
                title: "server while dummies play".into(),
                subtitle: format!(
                    "{} \u{b7} Python {}",
                    counted(counts.samples, "sample"),
                    sampled.python
                ),
                rate: Options::default().rate,
            };
            if let Err(failure) = self.files.finish(&sampled.tree, &about, true, output) {
                failure.tell(output)?;
                self.flamegraph = None;
                code = Code::Failed;
            }
        }
        let hot = Hot {
            functions: hot::hottest(&sampled.tree, HOTTEST)
                .map_err(|error| Failure::usage(error.to_string()))?,
            flamegraph: self.flamegraph,
            link: self.link,
            samples: counts.samples,
            from: self.from,
            to: self.to,
            counts,
        };
        Ok((Some(hot), code))
    }
}

/// Is everyone in who will be?
fn is_steady(at: Duration, phases: &Phases) -> bool {
    let on_the_way = [
        Phase::Waiting,
        Phase::Connecting,
        Phase::Connected,
        Phase::Welcome,
        Phase::Authing,
    ];
    let coming: u32 = on_the_way.iter().map(|phase| phases.of(*phase)).sum();
    phases.of(Phase::Playing) > 0 && (coming == 0 || at >= SETTLED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_when_all_are_in_or_when_some_will_not_be() {
        let mut phases = Phases::new(2);
        let (early, late) = (Duration::from_secs(3), Duration::from_secs(21));
        assert!(!is_steady(late, &phases), "nobody plays");
        phases.step(Phase::Waiting, Phase::Playing);
        assert!(!is_steady(early, &phases) && is_steady(late, &phases));
        phases.step(Phase::Waiting, Phase::Authing);
        assert!(!is_steady(early, &phases));
        phases.step(Phase::Authing, Phase::Playing);
        assert!(is_steady(early, &phases));
    }
}
