//! A settings file as a scenario: what it says of times and weights, with actions whose commands its functions give.

use super::super::scenario::{Action, Profile, Scenario, builtin};
use super::{FIRST_ACTION, Settings};
use std::time::Duration;

/// What a file without PROFILE plays.
const NAMELESS: &str = "ACTIONS";

impl Settings {
    /// The scenario that it asks for. Its actions are those of the file, in order, and hold no commands: a plan
    /// [with functions](crate::dummyrunner::dummy::Plan::with_functions) asks for them. Its login is not sent, but says
    /// what is known of the answers to the login commands of Evennia.
    ///
    /// # Panics
    /// Never: tests load the built-in profiles.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        let mut scenario = builtin::load(builtin::DEFAULT).expect("tests load all that is built in");
        scenario.actions = self
            .functions
            .iter()
            .skip(FIRST_ACTION as usize)
            .map(action)
            .collect();
        let name = self.profile.clone().unwrap_or_else(|| NAMELESS.into());
        let weights = scenario.actions.iter().map(|action| action.weight).enumerate();
        scenario.profiles = vec![Profile {
            name: name.clone(),
            weights: weights.collect(),
        }];
        scenario.variables.clear();
        let run = &mut scenario.run;
        run.target = self.port.map(|port| format!("127.0.0.1:{port}"));
        run.timestep = Duration::from_secs_f64(self.timestep);
        run.chance_of_action = self.chance_of_action;
        run.chance_of_login = self.chance_of_login;
        run.profile = Some(name);
        scenario
    }
}

fn action(function: &super::Function) -> Action {
    Action {
        name: function.name.clone(),
        weight: function.weight,
        alternatives: Vec::new(),
        expect: None,
        fail: None,
        timeout: None,
        answer: true,
        save: Vec::new(),
        remember: Vec::new(),
        when: None,
        think: None,
    }
}
