//! Results of today against results of another day.
//!
//! Nothing is paired: the figures are medians of processes, drawn anew from both sides ([`bootstrap::of_groups`]).
//! If the same reference loop ran in both on the same version of the same program, it tells whether the machine's own
//! speed moved between them; if it clearly did, what is compared is the ratio to the reference loop.

use super::compare::{self, Comparison, Evidence, SAME, Spread};
use super::estimate;
use super::results::{Kind, Results, Side, Taken};
use crate::statistics::Samples;
use crate::statistics::bootstrap::{self, median};
use crate::statistics::interval::LEVEL;

/// What became of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The verdict; `base` and `name` are the names of the case then and now.
    pub comparison: Comparison,
    /// How much slower the machine itself has become, where the comparison allows for it: 1.08 is 8%.
    pub machine: Option<f64>,
}

/// What a process says of a case, and how fast the reference loop was.
struct OfProcess {
    value: f64,
    reference: Option<f64>,
}

/// Everything that both have, new against old. Cases are the same if statement and setup are, or else if they have one
/// name; if there is but one case in each, that is compared. So it is with runtimes and their versions. `label` is what
/// sentences call the old results.
#[must_use]
pub fn compare(new: &Results, old: &Results, label: &str) -> Vec<Change> {
    let mut machines = Vec::new();
    let mut found = Vec::new();
    for side in new.sides() {
        let Some(then) = counterpart(new, old, side) else {
            continue;
        };
        if let Some((evidence, machine)) = evidence(new, side, old, then, label) {
            found.push(evidence);
            machines.push(machine);
        }
    }
    let comparisons = compare::weigh(found, new.elapsed);
    comparisons
        .into_iter()
        .zip(machines)
        .map(|(comparison, machine)| Change { comparison, machine })
        .collect()
}

fn counterpart(new: &Results, old: &Results, side: Side) -> Option<Side> {
    let case = new.cases.get(side.case)?;
    let only_case = (new.cases.len() == 1 && old.cases.len() == 1).then_some(0);
    let same_code = |other: &&super::session::Case| {
        !case.statement.is_empty() && other.statement == case.statement && other.setup == case.setup
    };
    let place = |found: &super::session::Case| old.cases.iter().position(|other| std::ptr::eq(other, found));
    let by_code = old.cases.iter().find(same_code).and_then(place);
    let by_name = || old.cases.iter().position(|other| other.name == case.name);
    let runtime = new.runtimes.get(side.runtime)?;
    let only_runtime = (new.runtimes.len() == 1 && old.runtimes.len() == 1).then_some(0);
    let by_version = old
        .runtimes
        .iter()
        .position(|other| other.to_string() == runtime.to_string());
    Some(Side {
        case: by_code.or_else(by_name).or(only_case)?,
        runtime: by_version.or(only_runtime)?,
    })
}

fn of_processes(results: &Results, side: Side) -> Vec<OfProcess> {
    let place = results.cases.len();
    let of_run = |run| {
        let values = Samples::new(estimate::of_run(results, run, side.case).values)?;
        let references = run.of(Kind::Reference, place).filter(|taken| taken.is_clean());
        let reference = Samples::new(references.map(Taken::wall).collect());
        Some(OfProcess {
            value: values.median(),
            reference: reference
                .map(|values| values.median())
                .filter(|&value| value > 0.0),
        })
    };
    results.runs_of(side.runtime).filter_map(of_run).collect()
}

fn evidence(
    new: &Results,
    side: Side,
    old: &Results,
    then: Side,
    label: &str,
) -> Option<(Evidence, Option<f64>)> {
    let (now, before) = (of_processes(new, side), of_processes(old, then));
    let values = |group: &[&OfProcess]| middle(group.iter().map(|one| one.value));
    let references = |group: &[&OfProcess]| middle(group.iter().filter_map(|one| one.reference));
    let plain = |drawn: &[Vec<&OfProcess>]| values(&drawn[0]) - values(&drawn[1]);
    let speed = |drawn: &[Vec<&OfProcess>]| references(&drawn[0]) - references(&drawn[1]);
    let all = [now.iter().collect::<Vec<_>>(), before.iter().collect()];
    let groups = [&now[..], &before[..]];
    // A shell by itself is no loop: its start may change with its version.
    let comparable = !new.is_of_commands()
        && new.reference.is_some()
        && new.reference == old.reference
        && new.runtimes.get(side.runtime)?.to_string() == old.runtimes.get(then.runtime)?.to_string();
    let machine = comparable
        .then(|| bootstrap::of_groups(&groups, speed))
        .flatten()
        .map(|draws| (speed(&all), draws.interval(LEVEL)))
        .filter(|(moved, found)| moved.abs() > SAME && !found.contains(0.0))
        .map(|(moved, _)| moved);
    let (log_ratio, draws) = if machine.is_some() {
        let corrected = |drawn: &[Vec<&OfProcess>]| plain(drawn) - speed(drawn);
        (corrected(&all), bootstrap::of_groups(&groups, corrected))
    } else {
        (plain(&all), bootstrap::of_groups(&groups, plain))
    };
    if !log_ratio.is_finite() {
        return None;
    }
    let (base, name) = (old.name(then), new.name(side));
    let evidence = Evidence {
        base: if base == name {
            format!("in {label}")
        } else {
            format!("{base} in {label}")
        },
        name,
        log_ratio,
        pairs: 0,
        processes: now.len().min(before.len()),
        spread: draws.map_or(Spread::Unknown, Spread::Draws),
    };
    Some((evidence, machine.map(f64::exp)))
}

/// The logarithm of the median.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    median(&mut values.collect::<Vec<_>>()).ln()
}

#[cfg(test)]
mod tests {
    use super::super::compare::Verdict;
    use super::super::fake;
    use super::*;

    /// The same results with all times, or only those that count, so many times as long.
    fn slower(results: &Results, by: f64, with_reference: bool) -> Results {
        let mut results = results.clone();
        for taken in results.runs.iter_mut().flat_map(|run| &mut run.taken) {
            if with_reference || taken.kind != Kind::Reference {
                taken.sample.wall = taken.sample.wall.mul_f64(by);
            }
        }
        results
    }

    fn check(new: &Results, old: &Results, verdict: Verdict, ratio: f64, machine: Option<f64>) {
        let found = compare(new, old, "old");
        assert_eq!(found.len(), new.cases.len());
        for change in found {
            assert_eq!(change.comparison.verdict, verdict, "{change:?}");
            assert!((change.comparison.ratio - ratio).abs() < 0.002, "{change:?}");
            assert_eq!(change.machine.is_some(), machine.is_some(), "{change:?}");
            if let (Some(found), Some(expected)) = (change.machine, machine) {
                assert!((found - expected).abs() < 0.005, "{found}");
            }
        }
    }

    #[test]
    fn a_slower_statement_and_a_slower_machine() {
        let old = fake::results(&["a", "b"], &["3.11.7"]);
        check(&old, &old, Verdict::Same, 1.0, None);
        check(&slower(&old, 1.05, false), &old, Verdict::Slower, 1.05, None);
        check(&slower(&old, 0.9, false), &old, Verdict::Faster, 0.9, None);
        check(&slower(&old, 1.3, true), &old, Verdict::Same, 1.0, Some(1.3));
        check(
            &slower(&slower(&old, 1.3, true), 1.05, false),
            &old,
            Verdict::Slower,
            1.05,
            Some(1.3),
        );
    }

    #[test]
    fn another_reference_or_version_says_nothing_of_the_machine() {
        let old = fake::results(&["a"], &["3.11.7"]);
        let mut new = slower(&old, 1.3, true);
        new.reference = None;
        check(&new, &old, Verdict::Slower, 1.3, None);
        let mut new = slower(&old, 1.3, true);
        new.runtimes[0].version = "3.13.0".into();
        check(&new, &old, Verdict::Slower, 1.3, None);
    }

    #[test]
    fn cases_are_found_by_code_then_name() {
        let old = fake::results(&["a", "b"], &["3.11.7"]);
        let mut new = old.clone();
        new.cases[0].name = "renamed".into();
        new.cases[1].statement = "changed()".into();
        let names: Vec<(String, String)> = compare(&new, &old, "old")
            .into_iter()
            .map(|change| (change.comparison.base, change.comparison.name))
            .collect();
        assert_eq!(
            names,
            [
                ("a in old".into(), "renamed".into()),
                ("in old".into(), "b".into())
            ]
        );
        new.cases[1].name = "new".into();
        assert_eq!(compare(&new, &old, "old").len(), 1);
    }

    #[test]
    fn one_process_tells_nothing() {
        let mut old = fake::results(&["a"], &["3.11.7"]);
        let new = old.clone();
        old.runs.truncate(1);
        let found = compare(&new, &old, "old");
        assert_eq!(found[0].comparison.verdict, Verdict::CannotTell { more: None });
        old.runs.clear();
        assert_eq!(compare(&new, &old, "old"), []);
    }
}
