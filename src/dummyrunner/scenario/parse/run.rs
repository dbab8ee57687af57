//! Tables of a scenario that say how a run goes: models, times, and how answers are found.

use super::super::template;
use super::super::{Lag, Late, Method, Model, Profile, Run, Think};
use super::{Error, Known, LONGEST_TIMESTEP, Place, file, time_of};
use std::time::Duration;
use toml::Spanned;

impl Place<'_> {
    /// `profiles`: none where there are no actions.
    pub(super) fn run(&self, run: &file::Run, profiles: &[Profile]) -> Result<Run, Error> {
        let timestep = self.time_or(run.timestep.as_ref(), Duration::from_secs(1))?;
        if let Some(place) = &run.timestep
            && (timestep < Duration::from_millis(1) || timestep > LONGEST_TIMESTEP)
        {
            return Err(self.bad(place.span(), "a timestep is 1ms to 1h"));
        }
        if let Some(profile) = &run.profile
            && !profiles.is_empty()
            && !profiles.iter().any(|known| known.name == *profile.get_ref())
        {
            return Err(self.unknown_profile(profile, profiles));
        }
        let seed = run.seed.as_ref().map(|seed| {
            u64::try_from(*seed.get_ref())
                .map_err(|_| self.bad(seed.span(), "a seed is a whole number from 0"))
        });
        let late = [("queue", Late::Queue), ("skip", Late::Skip), ("send", Late::Send)];
        if let Some(target) = &run.target
            && target
                .get_ref()
                .rsplit_once(':')
                .is_none_or(|(_, port)| port.parse::<u16>().is_err())
        {
            return Err(self.bad(target.span(), "a target is HOST:PORT"));
        }
        Ok(Run {
            target: run.target.as_ref().map(|target| target.get_ref().clone()),
            model: self.model(run)?,
            late: run.late.as_ref().map_or(Ok(Late::Queue), |word| {
                self.word(word, &late, "word for late ticks")
            })?,
            timestep,
            chance_of_action: self.chance(run.chance_of_action.as_ref(), 0.5)?,
            chance_of_login: self.chance(run.chance_of_login.as_ref(), 0.01)?,
            logins_at_once: run.logins_at_once.unwrap_or(10),
            seed: seed.transpose()?,
            duration: run.duration.as_ref().map(|time| self.time(time)).transpose()?,
            profile: run.profile.as_ref().map(|name| name.get_ref().clone()),
            welcome: run.welcome.unwrap_or(true),
        })
    }

    pub(super) fn model(&self, run: &file::Run) -> Result<Model, Error> {
        let words = [("tick", 0), ("rate", 1), ("think", 2), ("closed", 3)];
        let which = run
            .model
            .as_ref()
            .map_or(Ok(0), |word| self.word(word, &words, "model"))?;
        let missing = |what: &str| {
            let span = run.model.as_ref().map_or(0..0, Spanned::span);
            self.bad(span, format!("this model needs `{what}`"))
        };
        Ok(match which {
            1 => {
                let rate = run
                    .rate
                    .as_ref()
                    .ok_or_else(|| missing("rate = COMMANDS A SECOND"))?;
                let arrivals = [("constant", false), ("poisson", true)];
                Model::Rate {
                    rate: self.number(rate, 0.001..1e7, "a rate")?,
                    poisson: run
                        .arrivals
                        .as_ref()
                        .map_or(Ok(false), |word| self.word(word, &arrivals, "arrivals"))?,
                }
            }
            2 => Model::Think(self.think(run.think.as_ref().ok_or_else(|| missing("think = TIME"))?)?),
            3 => Model::Closed,
            _ => Model::Tick,
        })
    }

    pub(super) fn lag(&self, lag: &file::Lag, known: &Known<'_>) -> Result<Lag, Error> {
        let method = lag
            .method
            .as_ref()
            .map_or(Ok(Method::Auto), |word| self.word(word, &Method::ALL, "method"))?;
        let probe = lag
            .probe
            .as_ref()
            .map(|text| self.template(text, known))
            .transpose()?;
        if method == Method::EchoCommand {
            let place = || {
                lag.probe
                    .as_ref()
                    .or(lag.method.as_ref())
                    .map_or(0..0, Spanned::span)
            };
            let tags = probe.as_ref().map_or(0, |probe| {
                probe
                    .parts()
                    .iter()
                    .filter(|part| **part == template::Part::Tag)
                    .count()
            });
            if tags == 0 {
                return Err(self.bad(
                    place(),
                    "the method echo-command needs a probe with {tag}, such as probe = \"say {tag}\"",
                ));
            }
        }
        let share = lag
            .probe_share
            .as_ref()
            .map(|share| self.number(share, 0.0..1.0, "a share"));
        Ok(Lag {
            method,
            probe,
            probe_share: share.transpose()?,
            quiet: self.time_or(lag.quiet.as_ref(), Duration::from_millis(200))?,
            timeout: self.time_or(lag.timeout.as_ref(), Duration::from_secs(30))?,
        })
    }

    pub(super) fn think(&self, think: &Spanned<file::Think>) -> Result<Think, Error> {
        let read = || -> Result<Think, String> {
            Ok(match think.get_ref() {
                file::Think::Constant(time) => Think::Constant(time_of(time)?),
                file::Think::Drawn(file::Drawn::Uniform(low, high)) => {
                    let (low, high) = (time_of(low)?, time_of(high)?);
                    if low > high {
                        return Err("uniform needs the shorter time first".into());
                    }
                    Think::Uniform(low, high)
                }
                file::Think::Drawn(file::Drawn::Exponential(mean)) => Think::Exponential(time_of(mean)?),
                file::Think::Drawn(file::Drawn::Lognormal(median, deviation)) => {
                    if !(0.0..=10.0).contains(deviation) {
                        return Err("the deviation of lognormal is 0 to 10".into());
                    }
                    Think::Lognormal(time_of(median)?, *deviation)
                }
                file::Think::Drawn(file::Drawn::Recorded(times)) => {
                    if times.is_empty() {
                        return Err("recorded needs at least one time".into());
                    }
                    Think::Recorded(times.iter().map(time_of).collect::<Result<_, _>>()?)
                }
            })
        };
        read().map_err(|message| self.bad(think.span(), message))
    }
}
