//! `--cpu`: which processors run what is timed.

use super::super::Failure;
use crate::system_text::system_text;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// No system has more.
const MOST: usize = 8 * std::mem::size_of::<CpuSet>();

/// Processors by their numbers, as in `0,2-3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Processors(Vec<usize>);

impl Processors {
    /// Of a list of numbers and ranges.
    pub(super) fn parse(text: &str) -> Result<Processors, String> {
        let bad = || "it is a list of numbers from 0 on, such as 0 or 0,2-3".to_owned();
        let number = |text: &str| {
            text.trim()
                .parse::<usize>()
                .ok()
                .filter(|&number| number < MOST)
                .ok_or_else(bad)
        };
        let mut all = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(bad());
            }
            all.extend(first..=last);
        }
        Ok(Processors(all))
    }

    /// From now on this thread, and all that it starts, runs on these alone.
    pub(super) fn choose(&self) -> Result<(), Failure> {
        let ours = Pid::from_raw(0);
        let failed = |why: &str| Failure::usage(format!("cannot use --cpu: {why}"));
        let by_system = |error: nix::Error| failed(&system_text(&error.into()));
        let usable = sched_getaffinity(ours).map_err(by_system)?;
        let mut set = CpuSet::new();
        for &number in &self.0 {
            if !usable.is_set(number).unwrap_or(false) {
                let numbers = (0..MOST).filter(|&number| usable.is_set(number).unwrap_or(false));
                let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
                return Err(failed(&format!("there is no processor {number} that we may use"))
                    .hint(Some(format!("these we may use: {}", numbers.join(", ")))));
            }
            set.set(number).map_err(by_system)?;
        }
        sched_setaffinity(ours, &set).map_err(by_system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_numbers_and_ranges() {
        for (text, expected) in [
            ("0", Some(vec![0])),
            ("3, 0-2", Some(vec![3, 0, 1, 2])),
            ("", None),
            ("1-", None),
            ("2-1", None),
            ("-1", None),
            ("a", None),
            ("99999999", None),
            ("0-99999999", None),
        ] {
            assert_eq!(Processors::parse(text).ok().map(|all| all.0), expected, "{text}");
        }
    }
}
