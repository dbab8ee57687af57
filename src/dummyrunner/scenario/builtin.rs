//! The scenarios that come with `prof`: the original's seven profiles under their names.

use super::parse::{self, parse};
use super::{Profile, Scenario};

const TEXT: &str = include_str!("builtin.toml");

/// The profile that is played where none is chosen.
pub const DEFAULT: &str = "looker";

/// All built-in profiles, the quietest first.
pub const PROFILES: [&str; 7] = [
    "idler",
    "looker",
    "normal_player",
    "normal_builder",
    "heavy_builder",
    "socializing_builder",
    "only_digger",
];

/// The scenario of a built-in profile, which is the only one in it; `None` for an unknown name.
#[must_use]
pub fn load(name: &str) -> Option<Scenario> {
    // Tests read it: it is always a scenario.
    let scenario = parse(TEXT, &mut no_files).ok()?;
    only(scenario, name)
}

/// The scenario with one of its profiles and the actions of that.
#[must_use]
pub fn only(mut scenario: Scenario, name: &str) -> Option<Scenario> {
    let profile = scenario
        .profiles
        .iter()
        .find(|profile| profile.name == name)?
        .clone();
    let played = |at: usize| profile.weights.iter().position(|(action, _)| *action == at);
    let weights = profile
        .weights
        .iter()
        .enumerate()
        .map(|(at, (_, weight))| (at, *weight))
        .collect();
    let actions = std::mem::take(&mut scenario.actions).into_iter().enumerate();
    scenario.actions = actions
        .filter(|(at, _)| played(*at).is_some())
        .map(|(_, action)| action)
        .collect();
    scenario.run.profile = Some(name.into());
    scenario.profiles = vec![Profile {
        name: name.into(),
        weights,
    }];
    Some(scenario)
}

fn no_files(_: &str) -> Result<String, String> {
    Err("the built-in scenarios need no files".into())
}

/// Reads a scenario that has no feeds.
///
/// # Errors
/// As [`parse()`].
pub fn parse_alone(text: &str) -> Result<Scenario, parse::Error> {
    parse(text, &mut |_| Err("no files are read here".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dummyrunner::scenario::print::print;

    #[test]
    fn all_profiles_are_there_with_the_originals_weights() {
        // Sums of the weights as the original's source has them.
        let sums = [1.0, 1.0, 0.95, 1.0, 0.9, 1.0, 1.0];
        for (name, sum) in PROFILES.into_iter().zip(sums) {
            let scenario = load(name).expect(name);
            assert_eq!(scenario.profiles.len(), 1);
            assert_eq!(scenario.actions.len(), scenario.profiles[0].weights.len());
            let found: f64 = scenario.profiles[0]
                .weights
                .iter()
                .map(|(_, weight)| weight)
                .sum();
            assert!((found - sum).abs() < 1e-9, "{name}: {found}");
        }
        assert!(load("nobody").is_none());
    }

    #[test]
    fn what_is_printed_reads_as_the_same_scenario() {
        for name in PROFILES {
            let scenario = load(name).expect(name);
            let text = print(&scenario);
            assert_eq!(parse_alone(&text), Ok(scenario), "{text}");
        }
    }
}
