//! `-L`, `-P` and `-D`.

use super::super::Failure;
use crate::timeit::parameters::{self, Parameter, Set};

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Parameters")]
pub(super) struct Args {
    /// Time it with each of these values in place of {NAME}; repeat for all combinations
    #[arg(short = 'L', long, num_args = 2, value_names = ["NAME", "A,B,C"], allow_hyphen_values = true)]
    parameter_list: Vec<String>,

    /// Time it with each number from the first to the last in place of {NAME}; repeat for all combinations
    #[arg(short = 'P', long, num_args = 3, value_names = ["NAME", "MIN", "MAX"], allow_hyphen_values = true)]
    parameter_scan: Vec<String>,

    /// The steps of -P; once for all, or once for each [default: 1]
    #[arg(
        short = 'D',
        long,
        visible_alias = "parameter-step-size",
        value_name = "STEP",
        allow_hyphen_values = true
    )]
    parameter_step: Vec<String>,
}

impl Args {
    /// Are there parameters?
    pub(super) fn is_given(&self) -> bool {
        !self.parameter_list.is_empty() || !self.parameter_scan.is_empty()
    }

    fn all(&self) -> Result<Vec<Parameter>, Failure> {
        let scans = self.parameter_scan.len() / 3;
        let steps = &self.parameter_step;
        if !steps.is_empty() && steps.len() != 1 && steps.len() != scans || scans < steps.len() {
            return Err(Failure::usage(format!(
                "{} times -D, but {scans} times -P: give it once for all, or once for each",
                steps.len()
            )));
        }
        let failed = |name: &str| {
            let name = name.to_owned();
            move |error| Failure::usage(format!("cannot use the parameter `{name}`: {error}"))
        };
        let mut all = Vec::new();
        for two in self.parameter_list.chunks(2) {
            all.push(Parameter::list(&two[0], &two[1]).map_err(failed(&two[0]))?);
        }
        for (at, three) in self.parameter_scan.chunks(3).enumerate() {
            let step = steps.get(at).or(steps.first()).map(String::as_str);
            all.push(Parameter::range(&three[0], &three[1], &three[2], step).map_err(failed(&three[0]))?);
        }
        for (at, one) in all.iter().enumerate() {
            if all[..at].iter().any(|other| other.name == one.name) {
                return Err(Failure::usage(format!(
                    "the parameter `{}` is given twice",
                    one.name
                )));
            }
        }
        Ok(all)
    }

    /// All combinations; one empty set without parameters.
    pub(super) fn sets(&self) -> Result<Vec<Set>, Failure> {
        parameters::product(&self.all()?)
            .map_err(|error| Failure::usage(format!("too many combinations of parameters: {error}")))
    }

    /// Fails if a parameter stands in none of these texts: most likely its name is misspelt.
    pub(super) fn check_use<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let texts: Vec<&str> = texts.collect();
        for parameter in self.all()? {
            let name = &parameter.name;
            if !texts.iter().any(|text| parameters::is_named(text, name)) {
                return Err(Failure::usage(format!("the parameter `{name}` is used nowhere"))
                    .hint(Some(format!("write {{{name}}} where its value belongs"))));
            }
        }
        Ok(())
    }
}
