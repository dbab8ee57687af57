//! A scenario file as TOML has it: the tables and what may stand in them, each value with its place.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) run: Run,
    #[serde(default)]
    pub(super) lag: Lag,
    #[serde(default)]
    pub(super) login: Login,
    #[serde(default)]
    pub(super) logout: Logout,
    #[serde(default)]
    pub(super) vars: BTreeMap<Text, Texts>,
    #[serde(default)]
    pub(super) feed: Vec<Feed>,
    #[serde(default)]
    pub(super) action: Vec<Action>,
    #[serde(default)]
    pub(super) profile: BTreeMap<Text, BTreeMap<Text, Spanned<f64>>>,
    #[serde(default)]
    pub(super) pool: Vec<Pool>,
    #[serde(default)]
    pub(super) stage: Vec<Stage>,
    #[serde(default)]
    pub(super) threshold: BTreeMap<Text, Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    pub(super) target: Option<Text>,
    pub(super) model: Option<Text>,
    pub(super) rate: Option<Spanned<f64>>,
    pub(super) arrivals: Option<Text>,
    pub(super) think: Option<Spanned<Think>>,
    pub(super) late: Option<Text>,
    pub(super) timestep: Option<Spanned<Time>>,
    pub(super) chance_of_action: Option<Spanned<f64>>,
    pub(super) chance_of_login: Option<Spanned<f64>>,
    pub(super) logins_at_once: Option<u32>,
    pub(super) seed: Option<Spanned<i64>>,
    pub(super) duration: Option<Spanned<Time>>,
    pub(super) profile: Option<Text>,
    pub(super) welcome: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lag {
    pub(super) method: Option<Text>,
    pub(super) probe: Option<Text>,
    pub(super) probe_share: Option<Spanned<f64>>,
    pub(super) quiet: Option<Spanned<Time>>,
    pub(super) timeout: Option<Spanned<Time>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) name: Option<Text>,
    pub(super) password: Option<Text>,
    #[serde(default)]
    pub(super) commands: Vec<Spanned<Step>>,
    pub(super) expect: Option<Text>,
    pub(super) fail: Option<Text>,
    pub(super) strict: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logout {
    #[serde(default)]
    pub(super) commands: Vec<Spanned<Step>>,
}

/// A command alone, or with what is known of its answer.
#[derive(Debug)]
pub(super) enum Step {
    Command(String),
    Table(StepTable),
}

// By hand: an untagged enum would lose the places of what is in the table.
impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command, or a table with `send`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Step, E> {
                Ok(Step::Command(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
                StepTable::deserialize(MapAccessDeserializer::new(map)).map(Step::Table)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepTable {
    pub(super) send: Text,
    pub(super) expect: Option<Text>,
    pub(super) fail: Option<Text>,
    #[serde(default)]
    pub(super) once: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub(super) name: Text,
    pub(super) weight: Option<Spanned<f64>>,
    pub(super) commands: Spanned<Vec<Text>>,
    #[serde(default)]
    pub(super) otherwise: Vec<Spanned<Vec<Text>>>,
    pub(super) expect: Option<Text>,
    pub(super) fail: Option<Text>,
    pub(super) timeout: Option<Spanned<Time>>,
    pub(super) answer: Option<bool>,
    #[serde(default)]
    pub(super) save: BTreeMap<Text, Text>,
    #[serde(default)]
    pub(super) remember: BTreeMap<Text, Vec<Text>>,
    pub(super) when: Option<Text>,
    pub(super) think: Option<Spanned<Think>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) profile: Text,
    pub(super) share: Option<Spanned<f64>>,
    pub(super) count: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stage {
    pub(super) dummies: u32,
    pub(super) over: Option<Spanned<Time>>,
    pub(super) hold: Option<Spanned<Time>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feed {
    pub(super) name: Text,
    pub(super) file: Text,
}

/// A duration: text with a unit, or a number of seconds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Time {
    Text(String),
    Seconds(f64),
}

/// One text or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Think {
    Constant(Time),
    Drawn(Drawn),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Drawn {
    Uniform(Time, Time),
    Exponential(Time),
    Lognormal(Time, f64),
    Recorded(Vec<Time>),
}
