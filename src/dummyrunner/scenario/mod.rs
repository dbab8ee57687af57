//! What dummies do: how they log in, which commands they send how often, and how an answer is known.
//!
//! A scenario is checked as a whole before anything connects; what it names exists, what it compares has a unit,
//! what it matches is a regular expression. Text becomes a scenario in [`parse`], and text again in [`mod@print`]; reading
//! what was printed gives the same scenario.
//!
//! Source of the model and of the built-in profiles' weights and commands: the manual and the behaviour of Evennia's
//! Dummyrunner.

pub mod builtin;
pub mod condition;
pub mod duration;
mod feed;
mod file;
pub mod parse;
pub mod print;
pub mod stages;
pub mod template;

use condition::Condition;
use fancy_regex::Regex;
use std::time::Duration;
use template::Template;

/// All that is to be known before a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// How the run goes.
    pub run: Run,
    /// How answers are found.
    pub lag: Lag,
    /// The name of a dummy's account.
    pub name: Template,
    /// Its password, where the scenario has one of its own.
    pub password: Option<Template>,
    /// How a dummy gets in.
    pub login: Vec<Step>,
    /// Must each command of the login that expects a text be answered by it? Else any text, then silence, will do.
    pub strict_login: bool,
    /// How it leaves.
    pub logout: Vec<Step>,
    /// What it can do.
    pub actions: Vec<Action>,
    /// Which of it how often.
    pub profiles: Vec<Profile>,
    /// Mixed populations; empty: all play one profile.
    pub pools: Vec<Pool>,
    /// Ramps.
    pub stages: Vec<Stage>,
    /// Lists and variables that commands draw from.
    pub variables: Vec<Variable>,
    /// Lines of data, one for each dummy.
    pub feeds: Vec<Feed>,
    /// What must hold of a run.
    pub thresholds: Vec<Condition>,
    /// Whether a run ends once a threshold has failed for so long.
    pub abort_after: Option<Duration>,
}

/// How a run goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Host and port of the server.
    pub target: Option<String>,
    /// When commands are sent.
    pub model: Model,
    /// What becomes of a tick that comes while the dummy still waits.
    pub late: Late,
    /// Time between a dummy's ticks.
    pub timestep: Duration,
    /// Chance that a tick sends a command.
    pub chance_of_action: f64,
    /// Chance that a tick begins a login.
    pub chance_of_login: f64,
    /// So many may be logging in whatever that chance says.
    pub logins_at_once: u32,
    /// The seed of all random numbers.
    pub seed: Option<u64>,
    /// When the run ends.
    pub duration: Option<Duration>,
    /// The profile that is played.
    pub profile: Option<String>,
    /// Does the server greet who connects?
    pub welcome: bool,
}

/// When commands are sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// At each dummy's ticks, by chance.
    Tick,
    /// So many a second over all dummies, whether they are answered or not.
    Rate {
        /// Commands a second.
        rate: f64,
        /// At random times instead of equal steps.
        poisson: bool,
    },
    /// So long after the answer.
    Think(Think),
    /// As soon as the answer is there.
    Closed,
}

/// How long a dummy thinks.
#[derive(Clone, Debug, PartialEq)]
pub enum Think {
    /// Always so long.
    Constant(Duration),
    /// Anything between the two.
    Uniform(Duration, Duration),
    /// Exponentially distributed with this mean.
    Exponential(Duration),
    /// Lognormally distributed: median, and the deviation of the logarithm.
    Lognormal(Duration, f64),
    /// One of these, drawn.
    Recorded(Vec<Duration>),
}

/// What becomes of a tick that comes while the dummy still waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Late {
    /// Its command is sent after the answer, and keeps its intended time.
    #[default]
    Queue,
    /// It is counted and nothing is sent.
    Skip,
    /// Its command is sent at once.
    Send,
}

/// How answers are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Lag {
    /// Which bytes answer a command.
    pub method: Method,
    /// The command of the method echo-command.
    pub probe: Option<Template>,
    /// The share of commands that get a probe; `None`: all below 200 dummies, else a tenth.
    pub probe_share: Option<f64>,
    /// The silence that ends an answer, for the method quiet.
    pub quiet: Duration,
    /// When a command counts as lost.
    pub timeout: Duration,
}

/// Which bytes answer a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// The best that the server takes.
    Auto,
    /// A GMCP echo behind the command, with a tag.
    GmcpEcho,
    /// A GMCP ping behind the command.
    GmcpPing,
    /// A command with a tag behind the command.
    EchoCommand,
    /// The end of a message or prompt: `GA` or `EOR`.
    Prompt,
    /// The text that the action expects.
    Expect,
    /// The last text before a silence.
    Quiet,
    /// The first text after the command.
    FirstByte,
}

impl Method {
    /// All, by the names that scenarios and reports use.
    pub const ALL: [(&'static str, Method); 8] = [
        ("auto", Method::Auto),
        ("gmcp-echo", Method::GmcpEcho),
        ("gmcp-ping", Method::GmcpPing),
        ("echo-command", Method::EchoCommand),
        ("ga", Method::Prompt),
        ("expect", Method::Expect),
        ("quiet", Method::Quiet),
        ("first-byte", Method::FirstByte),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Method::ALL
            .iter()
            .find(|(_, method)| *method == self)
            .map_or("auto", |(name, _)| name)
    }

    /// Does a probe behind the command close it?
    #[must_use]
    pub fn is_fence(self) -> bool {
        matches!(self, Method::GmcpEcho | Method::GmcpPing | Method::EchoCommand)
    }
}

/// One command of the login or logout.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is sent.
    pub send: Template,
    /// The text that says it was done; without one any text and then silence.
    pub expect: Option<Pattern>,
    /// The text that says it was not.
    pub fail: Option<Pattern>,
    /// Once done it is not done again after a lost connection: creating an account, say.
    pub once: bool,
}

/// A named list of commands.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its weight where no profile gives one.
    pub weight: f64,
    /// The commands, in order; if one of them draws from an empty list, the next alternative is taken.
    pub alternatives: Vec<Vec<Template>>,
    /// The text that answers it.
    pub expect: Option<Pattern>,
    /// The text that says that it failed.
    pub fail: Option<Pattern>,
    /// When it counts as lost, if not after the run's timeout.
    pub timeout: Option<Duration>,
    /// Does the server answer it at all?
    pub answer: bool,
    /// What is kept of its answers: variable, and pattern with a group.
    pub save: Vec<(usize, Pattern)>,
    /// What is added to lists when it has been answered.
    pub remember: Vec<(usize, Template)>,
    /// It is drawn only when this list or variable holds something.
    pub when: Option<usize>,
    /// How long the dummy thinks after it, if not as the run says.
    pub think: Option<Think>,
}

/// Weights of actions, normalised to a sum of 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Actions by number, in the scenario's order, with their weights as written.
    pub weights: Vec<(usize, f64)>,
}

/// A part of the population.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its profile's number.
    pub profile: usize,
    /// How many.
    pub size: Size,
}

/// How many dummies a pool has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// A share of those that the counted pools leave.
    Share(f64),
    /// So many.
    Count(u32),
}

/// A step of a ramp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// So many dummies are wanted at its end.
    pub dummies: u32,
    /// How long it takes to get there.
    pub over: Duration,
    /// How long it stays there.
    pub hold: Duration,
}

/// A list of texts, one for each dummy; a variable is the newest of its list.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it holds at first.
    pub initial: Vec<Box<str>>,
}

/// Lines of data; dummy k gets line k, over and over.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// Its name.
    pub name: String,
    /// The file that it came from.
    pub file: String,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its lines: one text for each column.
    pub rows: Vec<Vec<Box<str>>>,
}

/// A regular expression, equal to one of the same source.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles it.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn new(source: &str) -> Result<Pattern, String> {
        if source.is_empty() {
            return Err("an empty pattern matches everything".into());
        }
        let regex =
            Regex::new(source).map_err(|error| format!("`{source}` is no regular expression: {error}"))?;
        Ok(Pattern {
            source: source.into(),
            regex,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Is it in this line? A pattern that would take too long is not.
    #[must_use]
    pub fn is_in(&self, line: &str) -> bool {
        self.regex.is_match(line).unwrap_or(false)
    }

    /// Its first group in this line.
    #[must_use]
    pub fn group<'t>(&self, line: &'t str) -> Option<&'t str> {
        let captures = self.regex.captures(line).ok()??;
        captures.get(1).map(|group| group.as_str())
    }

    /// Does it have a group?
    #[must_use]
    pub fn has_group(&self) -> bool {
        self.regex.captures_len() > 1
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.source == other.source
    }
}

impl Scenario {
    /// The profile of each of so many dummies: pools one after the other, the last taking what is left.
    #[must_use]
    pub fn profiles_of(&self, dummies: u32) -> Vec<u16> {
        if self.pools.is_empty() {
            let chosen = self.run.profile.as_deref();
            let at = self
                .profiles
                .iter()
                .position(|profile| Some(profile.name.as_str()) == chosen);
            return vec![at.unwrap_or(0) as u16; dummies as usize];
        }
        let counted: u32 = self
            .pools
            .iter()
            .map(|pool| {
                if let Size::Count(count) = pool.size {
                    count
                } else {
                    0
                }
            })
            .sum();
        let shared = f64::from(dummies.saturating_sub(counted));
        let shares: f64 = self
            .pools
            .iter()
            .map(|pool| {
                if let Size::Share(share) = pool.size {
                    share
                } else {
                    0.0
                }
            })
            .sum();
        let mut profiles = Vec::with_capacity(dummies as usize);
        let (mut counted, mut share_so_far) = (0u32, 0.0);
        for pool in &self.pools {
            match pool.size {
                Size::Count(count) => counted += count,
                Size::Share(share) => share_so_far += share,
            }
            // Rounded on the running sum, so that all shares together give all dummies.
            let upto =
                counted as usize + (shared * share_so_far / shares.max(f64::MIN_POSITIVE)).round() as usize;
            profiles.resize(
                upto.min(dummies as usize).max(profiles.len()),
                pool.profile as u16,
            );
        }
        let last = self.pools.last().map_or(0, |pool| pool.profile as u16);
        profiles.resize(dummies as usize, last);
        profiles
    }

    /// How many dummies are wanted so long after the start; `None` without stages: all at once.
    #[must_use]
    pub fn wanted(&self, at: Duration) -> Option<u32> {
        let mut from = 0u32;
        let mut left = at;
        for stage in &self.stages {
            if left < stage.over {
                let share = left.as_secs_f64() / stage.over.as_secs_f64();
                let change = f64::from(stage.dummies) - f64::from(from);
                return Some((f64::from(from) + change * share).round() as u32);
            }
            left -= stage.over;
            if left < stage.hold {
                return Some(stage.dummies);
            }
            left -= stage.hold;
            from = stage.dummies;
        }
        (!self.stages.is_empty()).then_some(from)
    }

    /// How long the stages take together.
    #[must_use]
    pub fn stages_end(&self) -> Option<Duration> {
        let all = self.stages.iter().map(|stage| stage.over + stage.hold).sum();
        (!self.stages.is_empty()).then_some(all)
    }
}

impl Think {
    /// A time drawn from it.
    #[must_use]
    pub fn draw(&self, random: &mut crate::random::Random) -> Duration {
        // An hour: a draw from a long tail must not hold a dummy back for the whole run.
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.0, 3600.0));
        match self {
            Think::Constant(time) => *time,
            Think::Uniform(low, high) => {
                seconds(low.as_secs_f64() + (high.as_secs_f64() - low.as_secs_f64()) * random.unit())
            }
            Think::Exponential(mean) => seconds(random.exponential(mean.as_secs_f64())),
            Think::Lognormal(median, deviation) => {
                seconds(median.as_secs_f64() * (deviation * random.normal()).exp())
            }
            Think::Recorded(times) => times
                .get(random.below(times.len() as u64) as usize)
                .copied()
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pools: Vec<Pool>, stages: Vec<Stage>) -> Scenario {
        let mut scenario = builtin::load("looker").expect("a profile");
        scenario.pools = pools;
        scenario.stages = stages;
        scenario
    }

    #[test]
    fn pools_divide_all_dummies() {
        let check = |sizes: &[Size], dummies: u32, expected: &[u16]| {
            let pools = sizes
                .iter()
                .enumerate()
                .map(|(profile, &size)| Pool { profile, size });
            assert_eq!(with(pools.collect(), Vec::new()).profiles_of(dummies), expected);
        };
        check(&[Size::Share(0.5), Size::Share(0.5)], 5, &[0, 0, 0, 1, 1]);
        check(
            &[Size::Count(1), Size::Share(2.0), Size::Share(1.0)],
            4,
            &[0, 1, 1, 2],
        );
        check(&[Size::Count(9), Size::Count(1)], 3, &[0, 0, 0]);
        check(&[Size::Count(1), Size::Count(1)], 4, &[0, 1, 1, 1]);
    }

    #[test]
    fn stages_ramp_and_hold() {
        let stage = |dummies, over, hold| Stage {
            dummies,
            over: Duration::from_secs(over),
            hold: Duration::from_secs(hold),
        };
        let scenario = with(Vec::new(), vec![stage(10, 10, 5), stage(0, 0, 1), stage(4, 2, 0)]);
        let wanted = |seconds| scenario.wanted(Duration::from_secs_f64(seconds));
        let at = [0.0, 5.0, 10.0, 14.9, 15.5, 17.0, 18.0, 99.0].map(wanted);
        assert_eq!(at, [0, 5, 10, 10, 0, 2, 4, 4].map(Some));
        assert_eq!(scenario.stages_end(), Some(Duration::from_secs(18)));
        assert_eq!(with(Vec::new(), Vec::new()).wanted(Duration::ZERO), None);
    }

    #[test]
    fn thinking_never_takes_longer_than_an_hour() {
        let mut random = crate::random::Random::stream(1, 1);
        let long = Think::Lognormal(Duration::from_secs(1000), 50.0);
        assert!((0..100).all(|_| long.draw(&mut random) <= Duration::from_secs(3600)));
        let fixed = Think::Recorded(vec![Duration::from_secs(3)]);
        assert_eq!(fixed.draw(&mut random), Duration::from_secs(3));
    }
}
