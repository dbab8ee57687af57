//! A scenario from TOML: every mistake is found before anything connects, and told with its line and column.

mod login;
mod run;

use super::condition::Condition;
use super::template::{Names, Template};
use super::{Action, Feed, Method, Pattern, Pool, Profile, Scenario, Size, Stage, Variable, duration, file};
use crate::toml_text;
pub use crate::toml_text::Error;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;

/// Reads the file of a feed, by the path as the scenario has it; an error is for people.
pub type Load<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

/// The lists that every dummy has, as in the original.
const LISTS: [&str; 2] = ["exits", "objs"];
const LONGEST_TIMESTEP: Duration = Duration::from_secs(3600);

/// Reads a scenario.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(text: &str, load: Load<'_>) -> Result<Scenario, Error> {
    let file: file::File = toml_text::read(text)?;
    Place { text }.scenario(&file, load)
}

/// The text, to tell lines and columns.
struct Place<'t> {
    text: &'t str,
}

/// What templates can name.
struct Known<'a> {
    variables: &'a [Variable],
    feeds: &'a [Feed],
}

impl Names for Known<'_> {
    fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    fn feed(&self, feed: &str, column: &str) -> Option<(usize, usize)> {
        let at = self.feeds.iter().position(|known| known.name == feed)?;
        let column = self.feeds[at].columns.iter().position(|known| known == column)?;
        Some((at, column))
    }

    fn known(&self) -> Vec<String> {
        let variables = self.variables.iter().map(|variable| variable.name.clone());
        let columns = self.feeds.iter().flat_map(|feed| {
            feed.columns
                .iter()
                .map(|column| format!("{}.{column}", feed.name))
        });
        variables.chain(columns).collect()
    }
}

impl Place<'_> {
    fn bad(&self, at: Range<usize>, message: impl Into<String>) -> Error {
        Error::at(self.text, at.start, message)
    }

    /// The place of a part of a text: where the text stands as it reads, that part, else the whole.
    fn inside(&self, text: &str, span: Range<usize>, part: Range<usize>) -> Range<usize> {
        match self.text.get(span.clone()).and_then(|source| source.find(text)) {
            Some(at) => {
                let start = span.start + at;
                start + part.start..start + part.end
            }
            None => span,
        }
    }

    fn scenario(&self, file: &file::File, load: Load<'_>) -> Result<Scenario, Error> {
        let feeds = file
            .feed
            .iter()
            .map(|feed| self.feed(feed, load))
            .collect::<Result<Vec<_>, _>>()?;
        let variables = self.variables(file)?;
        let known = Known {
            variables: &variables,
            feeds: &feeds,
        };
        let actions = self.actions(file, &known)?;
        let profiles = match actions.is_empty() {
            true => Vec::new(),
            false => self.profiles(file, &actions)?,
        };
        let run = self.run(&file.run, &profiles)?;
        let lag = self.lag(&file.lag, &known)?;
        let (name, password, login) = self.login(&file.login, &known)?;
        let logout = self.steps(&file.logout.commands, &known)?;
        let stages = file.stage.iter().map(|stage| self.stage(stage));
        let stages = stages.collect::<Result<_, _>>()?;
        // What is wrong in the file is told before what is not in it.
        if actions.is_empty() {
            return Err(self.bad(0..0, "no [[action]]: the dummies would have nothing to do"));
        }
        if lag.method == Method::Expect
            && let Some(at) = actions
                .iter()
                .position(|action| action.answer && action.expect.is_none())
        {
            let message = format!(
                "with the method expect, action `{}` needs `expect`",
                actions[at].name
            );
            return Err(self.bad(file.action[at].name.span(), message));
        }
        let pools = self.pools(file, &profiles)?;
        let (thresholds, abort_after) = self.thresholds(file, &actions)?;
        Ok(Scenario {
            logout,
            stages,
            run,
            lag,
            name,
            password,
            login,
            strict_login: file.login.strict.unwrap_or(true),
            actions,
            profiles,
            pools,
            variables,
            feeds,
            thresholds,
            abort_after,
        })
    }

    fn time(&self, time: &Spanned<file::Time>) -> Result<Duration, Error> {
        time_of(time.get_ref()).map_err(|message| self.bad(time.span(), message))
    }

    fn time_or(&self, time: Option<&Spanned<file::Time>>, default: Duration) -> Result<Duration, Error> {
        time.map_or(Ok(default), |time| self.time(time))
    }

    fn number(&self, number: &Spanned<f64>, range: Range<f64>, what: &str) -> Result<f64, Error> {
        let value = *number.get_ref();
        // The end counts, too.
        if value >= range.start && value <= range.end {
            return Ok(value);
        }
        Err(self.bad(
            number.span(),
            format!("{what} is {} to {}, not {value}", range.start, range.end),
        ))
    }

    fn chance(&self, number: Option<&Spanned<f64>>, default: f64) -> Result<f64, Error> {
        number.map_or(Ok(default), |number| self.number(number, 0.0..1.0, "a chance"))
    }

    fn word<T: Copy>(&self, word: &file::Text, words: &[(&str, T)], what: &str) -> Result<T, Error> {
        let found = words.iter().find(|(name, _)| name == word.get_ref());
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
            self.bad(
                word.span(),
                format!(
                    "unknown {what} `{}`; known are {}",
                    word.get_ref(),
                    names.join(", ")
                ),
            )
        })
    }

    fn template(&self, text: &file::Text, known: &Known<'_>) -> Result<Template, Error> {
        self.template_at(text.get_ref(), text.span(), known)
    }

    fn template_at(&self, text: &str, span: Range<usize>, known: &Known<'_>) -> Result<Template, Error> {
        if text.trim().is_empty() {
            return Err(self.bad(span, "an empty command"));
        }
        Template::parse(text, known).map_err(|bad| self.bad(self.inside(text, span, bad.at), bad.message))
    }

    fn pattern(&self, text: &file::Text) -> Result<Pattern, Error> {
        Pattern::new(text.get_ref()).map_err(|message| self.bad(text.span(), message))
    }

    fn pattern_of(&self, text: Option<&file::Text>) -> Result<Option<Pattern>, Error> {
        text.map(|text| self.pattern(text)).transpose()
    }

    fn variables(&self, file: &file::File) -> Result<Vec<Variable>, Error> {
        let mut variables: Vec<Variable> = Vec::new();
        let mut add = |name: &str, initial: Vec<Box<str>>| match variables
            .iter_mut()
            .find(|known| known.name == name)
        {
            Some(known) => known.initial.extend(initial),
            None => variables.push(Variable {
                name: name.into(),
                initial,
            }),
        };
        LISTS.iter().for_each(|name| add(name, Vec::new()));
        for (name, texts) in &file.vars {
            if !is_name(name.get_ref()) {
                return Err(self.bad(name.span(), "a variable's name is letters, digits and _"));
            }
            let texts = match texts {
                file::Texts::One(text) => std::slice::from_ref(text),
                file::Texts::Many(texts) => texts,
            };
            if texts.iter().any(|text| text.contains(char::is_control)) {
                return Err(self.bad(name.span(), "a variable holds no control characters"));
            }
            add(
                name.get_ref(),
                texts.iter().map(|text| text.as_str().into()).collect(),
            );
        }
        let made = file
            .action
            .iter()
            .flat_map(|action| action.save.keys().chain(action.remember.keys()));
        for name in made {
            if !is_name(name.get_ref()) {
                return Err(self.bad(name.span(), "a variable's name is letters, digits and _"));
            }
            add(name.get_ref(), Vec::new());
        }
        Ok(variables)
    }

    fn actions(&self, file: &file::File, known: &Known<'_>) -> Result<Vec<Action>, Error> {
        let mut actions: Vec<Action> = Vec::new();
        for action in &file.action {
            let name = action.name.get_ref();
            if name.is_empty()
                || name.contains(char::is_control)
                || actions.iter().any(|known| known.name == *name)
            {
                return Err(self.bad(
                    action.name.span(),
                    format!("actions need different names, `{name}` does not do"),
                ));
            }
            actions.push(self.action(action, known)?);
        }
        if actions.len() > usize::from(u16::MAX) - 2 {
            return Err(self.bad(0..0, "more actions than anyone could tell apart"));
        }
        Ok(actions)
    }

    fn action(&self, action: &file::Action, known: &Known<'_>) -> Result<Action, Error> {
        let variable = |name: &file::Text| {
            known
                .variable(name.get_ref())
                .ok_or_else(|| self.bad(name.span(), format!("unknown variable `{}`", name.get_ref())))
        };
        let mut alternatives = Vec::new();
        for commands in std::iter::once(&action.commands).chain(&action.otherwise) {
            if commands.get_ref().is_empty() {
                return Err(self.bad(commands.span(), "an empty list of commands"));
            }
            let templates = commands.get_ref().iter().map(|text| self.template(text, known));
            alternatives.push(templates.collect::<Result<Vec<_>, _>>()?);
        }
        let mut save = Vec::new();
        for (name, text) in &action.save {
            let pattern = self.pattern(text)?;
            if !pattern.has_group() {
                return Err(self.bad(
                    text.span(),
                    "what is saved is the pattern's first group, and this one has none",
                ));
            }
            save.push((variable(name)?, pattern));
        }
        let mut remember = Vec::new();
        for (name, texts) in &action.remember {
            for text in texts {
                let template = self.template(text, known)?;
                remember.push((variable(name)?, template));
            }
        }
        Ok(Action {
            name: action.name.get_ref().clone(),
            weight: action
                .weight
                .as_ref()
                .map_or(Ok(1.0), |weight| self.number(weight, 0.0..1e9, "a weight"))?,
            alternatives,
            expect: self.pattern_of(action.expect.as_ref())?,
            fail: self.pattern_of(action.fail.as_ref())?,
            timeout: action.timeout.as_ref().map(|time| self.time(time)).transpose()?,
            answer: action.answer.unwrap_or(true),
            save,
            remember,
            when: action.when.as_ref().map(variable).transpose()?,
            think: action.think.as_ref().map(|think| self.think(think)).transpose()?,
        })
    }

    /// The profiles of the file; without any, one of the actions' own weights.
    fn profiles(&self, file: &file::File, actions: &[Action]) -> Result<Vec<Profile>, Error> {
        let mut profiles = Vec::new();
        for (name, weights) in &file.profile {
            let mut profile = Profile {
                name: name.get_ref().clone(),
                weights: Vec::new(),
            };
            for (action, weight) in weights {
                let at = actions
                    .iter()
                    .position(|known| known.name == *action.get_ref())
                    .ok_or_else(|| {
                        let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
                        let message = format!(
                            "unknown action `{}`; known are {}",
                            action.get_ref(),
                            names.join(", ")
                        );
                        self.bad(action.span(), message)
                    })?;
                profile
                    .weights
                    .push((at, self.number(weight, 0.0..1e9, "a weight")?));
            }
            profile.weights.sort_by_key(|(at, _)| *at);
            if profile.weights.iter().map(|(_, weight)| weight).sum::<f64>() <= 0.0 {
                return Err(self.bad(name.span(), "all weights of this profile are 0"));
            }
            profiles.push(profile);
        }
        if profiles.is_empty() {
            let weights: Vec<(usize, f64)> = actions.iter().map(|action| action.weight).enumerate().collect();
            if weights.iter().map(|(_, weight)| weight).sum::<f64>() <= 0.0 {
                return Err(self.bad(0..0, "all weights are 0"));
            }
            profiles.push(Profile {
                name: "default".into(),
                weights,
            });
        }
        Ok(profiles)
    }

    fn unknown_profile(&self, name: &file::Text, profiles: &[Profile]) -> Error {
        let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        self.bad(
            name.span(),
            format!(
                "unknown profile `{}`; known are {}",
                name.get_ref(),
                names.join(", ")
            ),
        )
    }

    fn pools(&self, file: &file::File, profiles: &[Profile]) -> Result<Vec<Pool>, Error> {
        let pool = |pool: &file::Pool| {
            let at = profiles
                .iter()
                .position(|known| known.name == *pool.profile.get_ref());
            let size = match (&pool.share, pool.count) {
                (Some(share), None) => Size::Share(self.number(share, 1e-6..1e9, "a share")?),
                (None, Some(count)) => Size::Count(count),
                _ => return Err(self.bad(pool.profile.span(), "a pool needs either `share` or `count`")),
            };
            Ok(Pool {
                profile: at.ok_or_else(|| self.unknown_profile(&pool.profile, profiles))?,
                size,
            })
        };
        file.pool.iter().map(pool).collect()
    }

    fn stage(&self, stage: &file::Stage) -> Result<Stage, Error> {
        Ok(Stage {
            dummies: stage.dummies,
            over: self.time_or(stage.over.as_ref(), Duration::ZERO)?,
            hold: self.time_or(stage.hold.as_ref(), Duration::ZERO)?,
        })
    }

    fn thresholds(
        &self,
        file: &file::File,
        actions: &[Action],
    ) -> Result<(Vec<Condition>, Option<Duration>), Error> {
        let mut thresholds = Vec::new();
        let mut abort_after = None;
        for (metric, limit) in &file.threshold {
            if metric.get_ref() == "abort_after" {
                let time = duration::parse(limit.get_ref());
                abort_after = Some(time.map_err(|message| self.bad(limit.span(), message))?);
                continue;
            }
            let condition = Condition::parse_parts(metric.get_ref(), limit.get_ref());
            let condition = condition.map_err(|message| self.bad(metric.span(), message))?;
            check_action(&condition, actions).map_err(|message| self.bad(metric.span(), message))?;
            thresholds.push(condition);
        }
        Ok((thresholds, abort_after))
    }

    fn feed(&self, feed: &file::Feed, load: Load<'_>) -> Result<Feed, Error> {
        if !is_name(feed.name.get_ref()) {
            return Err(self.bad(feed.name.span(), "a feed's name is letters, digits and _"));
        }
        let path = feed.file.get_ref();
        let (columns, rows) = load(path)
            .and_then(|text| super::feed::read(&text, path))
            .map_err(|message| self.bad(feed.file.span(), message))?;
        Ok(Feed {
            name: feed.name.get_ref().clone(),
            file: path.clone(),
            columns,
            rows,
        })
    }
}

/// Does the action of a condition exist?
///
/// # Errors
/// Says which do, for people.
pub fn check_action(condition: &Condition, actions: &[Action]) -> Result<(), String> {
    match &condition.action {
        Some(name) if !actions.iter().any(|action| action.name == *name) => {
            let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
            Err(format!("unknown action `{name}`; known are {}", names.join(", ")))
        }
        _ => Ok(()),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn time_of(time: &file::Time) -> Result<Duration, String> {
    match time {
        file::Time::Text(text) => duration::parse(text),
        file::Time::Seconds(seconds) => duration::parse(&seconds.to_string()),
    }
}

#[cfg(test)]
mod tests;
