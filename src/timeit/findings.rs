//! What a reader of the figures should know, in words. Nothing is said where there is nothing to say, and never that
//! there are outliers: always what may be behind them.
//!
//! Thresholds are such that ordinary noise does not reach them: a finding needs an effect of some size, and most
//! processes must agree on it.

mod words;

use super::estimate;
use super::results::{Kind, Metric, Results, Run, Side, Taken};
use crate::statistics::Samples;
use std::cmp::Ordering;

/// A loop below this, in seconds, does nothing: two steps of a processor at 3.3 GHz, where an empty loop takes one in C
/// and Rust, and less than two in Node.js. No loop of an interpreter comes near it.
const EMPTY: f64 = 0.6e-9;

/// Something to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The case and runtime it is of, by name; `None` where it is of the whole measurement.
    pub of: Option<String>,
    /// What it is.
    pub what: What,
}

/// Kinds of findings. Times are seconds; for each loop, where not said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The time for each loop rises with their number.
    Grows {
        /// With an eighth of the loops.
        few: f64,
        /// With all.
        many: f64,
        /// All loops.
        loops: u64,
        /// The container behind it and the items it gains in a loop, if known.
        container: Option<(String, f64)>,
    },
    /// It falls: the first loops do what later ones find done.
    Falls {
        /// With an eighth of the loops.
        few: f64,
        /// With all.
        many: f64,
        /// All loops.
        loops: u64,
    },
    /// A process' first samples are slower than its last.
    WarmsUp {
        /// The first.
        first: f64,
        /// The last.
        last: f64,
    },
    /// The first run of a command took far longer than all others.
    SlowFirst {
        /// The first.
        first: f64,
        /// The figure.
        usual: f64,
    },
    /// Later processes took longer, or less.
    Drifts {
        /// The first half of the processes.
        from: f64,
        /// The second half.
        to: f64,
        /// Did the reference loop drift alike?
        machine: bool,
    },
    /// Processes fall into two groups.
    TwoGroups {
        /// The figure of the faster, and how many.
        fast: (f64, usize),
        /// The figure of the slower, and how many.
        slow: (f64, usize),
        /// Was the reference loop slower in these, too?
        machine: bool,
        /// Is it Python, which orders sets anew in each process?
        is_python: bool,
    },
    /// The setup takes longer than what is timed.
    SetupDear {
        /// The time of one setup.
        setup: f64,
        /// The time of the sample after it.
        sample: f64,
    },
    /// It takes no longer than a loop that does nothing.
    Nothing {
        /// The time of a loop.
        time: f64,
    },
    /// The clock moves in steps.
    CoarseClock {
        /// A step.
        step: f64,
        /// The time of a sample.
        sample: f64,
    },
    /// Others wanted the processors.
    Busy {
        /// The share of samples that were interrupted.
        interrupted: f64,
        /// The load at the start.
        load: Option<f64>,
        /// Processors.
        cores: Option<u32>,
    },
    /// The host gave time to other machines.
    Stolen {
        /// The share of processor time.
        share: f64,
    },
    /// The control group had used up its time.
    Throttled {
        /// Seconds in all.
        seconds: f64,
        /// Processors it may use.
        quota: Option<f64>,
    },
    /// The processor's own speed varied.
    Unsteady {
        /// How far the reference loop varied, as a share.
        spread: f64,
        /// What sets the frequency, where that lets it vary.
        governor: Option<String>,
    },
}

/// Everything that is to be said of results.
#[must_use]
pub fn find(results: &Results) -> Vec<Finding> {
    let mut found = Vec::new();
    for side in results.sides() {
        let runs: Vec<&Run> = results.runs_of(side.runtime).collect();
        if results.is_of_commands() {
            let of = Some(results.name(side));
            let looks = [slow_first(&runs, side.case), dear_setup(&runs, side.case)];
            found.extend(
                looks
                    .into_iter()
                    .flatten()
                    .map(|what| Finding { of: of.clone(), what }),
            );
            continue;
        }
        let looks = [
            growth(&runs, side.case),
            warm_up(&runs, side.case),
            drift(results, &runs, side),
            two_groups(results, &runs, side),
            dear_setup(&runs, side.case),
            nothing(&runs, side.case),
            coarse_clock(&runs, side.case),
        ];
        let of = Some(results.name(side));
        found.extend(
            looks
                .into_iter()
                .flatten()
                .map(|what| Finding { of: of.clone(), what }),
        );
    }
    let is_told = |finding: &Finding| {
        matches!(
            finding.what,
            What::Drifts { machine: true, .. } | What::TwoGroups { machine: true, .. }
        )
    };
    let looks = [
        busy(results),
        stolen(results),
        throttled(results),
        unsteady(results).filter(|_| !results.is_of_commands() && !found.iter().any(is_told)),
    ];
    found.extend(looks.into_iter().flatten().map(|what| Finding { of: None, what }));
    found
}

fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    Some(Samples::new(values.into_iter().collect())?.median())
}

/// The median of samples' time for each loop on the wall, of those that were not interrupted.
fn middle<'a>(samples: impl Iterator<Item = &'a Taken>) -> Option<f64> {
    median(samples.filter(|taken| taken.is_clean()).map(Taken::wall)).filter(|&value| value > 0.0)
}

/// Two figures of each process, if at least three have both; and their medians when `agree` holds for nine of ten.
fn most_agree(
    pairs: impl Iterator<Item = Option<(f64, f64)>>,
    agree: impl Fn(f64) -> bool,
) -> Option<(f64, f64)> {
    let pairs: Vec<(f64, f64)> = pairs.flatten().collect();
    let agreeing = pairs.iter().filter(|(one, other)| agree(other / one)).count();
    if pairs.len() < 3 || agreeing * 10 < pairs.len() * 9 {
        return None;
    }
    Some((
        median(pairs.iter().map(|pair| pair.0))?,
        median(pairs.iter().map(|pair| pair.1))?,
    ))
}

fn growth(runs: &[&Run], case: usize) -> Option<What> {
    let pairs = || {
        runs.iter()
            .map(|run| Some((middle(run.of(Kind::Probe, case))?, middle(run.timed(case))?)))
    };
    let loops = runs
        .iter()
        .find_map(|run| run.timed(case).next())?
        .sample
        .row
        .loops;
    if let Some((few, many)) =
        most_agree(pairs(), |ratio| ratio > 1.07).filter(|(few, many)| many / few > 1.1)
    {
        // What most processes name.
        let grown = runs
            .iter()
            .find_map(|run| run.grown.iter().find(|(of, _)| *of == case));
        let container = grown.map(|(_, growth)| {
            let items = growth.after.saturating_sub(growth.before) as f64;
            (growth.name.clone(), items / growth.loops.max(1) as f64)
        });
        return Some(What::Grows {
            few,
            many,
            loops,
            container,
        });
    }
    // Short samples are somewhat slower anyway: their caches are colder.
    let (few, many) = most_agree(pairs(), |ratio| ratio < 0.75)?;
    Some(What::Falls { few, many, loops })
}

fn warm_up(runs: &[&Run], case: usize) -> Option<What> {
    let pairs = runs.iter().map(|run| {
        let clean: Vec<&Taken> = run.timed(case).filter(|taken| taken.is_clean()).collect();
        let first = clean.get(..clean.len() / 4).filter(|first| first.len() >= 5)?;
        let last = &clean[clean.len() / 2..];
        Some((middle(first.iter().copied())?, middle(last.iter().copied())?))
    });
    let (first, last) = most_agree(pairs, |ratio| ratio < 0.96)?;
    (first / last > 1.05).then_some(What::WarmsUp { first, last })
}

/// How one half of some values lies to the other: both medians, when nearly all of one half are above all of the other.
fn moved(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 8 {
        return None;
    }
    let (first, second) = values.split_at(values.len() / 2);
    // Equal ones, as those of a coarse clock, neither rise nor fall.
    let is_nearly_all = |wanted: Ordering| {
        let pairs = first
            .iter()
            .flat_map(|one| second.iter().map(|other| other.total_cmp(one)));
        let count = pairs.filter(|&found| found == wanted).count();
        count as f64 > 0.95 * (first.len() * second.len()) as f64
    };
    let is_moved = is_nearly_all(Ordering::Greater) || is_nearly_all(Ordering::Less);
    is_moved.then_some(())?;
    Some((median(first.iter().copied())?, median(second.iter().copied())?))
}

fn drift(results: &Results, runs: &[&Run], side: Side) -> Option<What> {
    let (from, to) = moved(&estimate::estimate(results, side)?.medians)?;
    let change = (to / from).ln();
    if change.abs() < 0.02 || !change.is_finite() {
        return None;
    }
    let reference: Vec<f64> = runs
        .iter()
        .filter_map(|run| middle(run.of(Kind::Reference, results.cases.len())))
        .collect();
    let machine = moved(&reference).is_some_and(|(from, to)| (to / from).ln() / change > 0.5);
    Some(What::Drifts { from, to, machine })
}

fn two_groups(results: &Results, runs: &[&Run], side: Side) -> Option<What> {
    let medians = Samples::new(estimate::estimate(results, side)?.medians)?;
    let sorted = medians.sorted();
    let gap = |at: usize| (sorted[at] / sorted[at - 1]).ln();
    let cut = (1..sorted.len()).max_by(|&a, &b| gap(a).total_cmp(&gap(b)))?;
    let (fast, slow) = sorted.split_at(cut);
    let least = (sorted.len() / 5).max(2);
    let range = |group: &[f64]| (group[group.len() - 1] / group[0]).ln();
    let far_apart = gap(cut) > 0.03 && gap(cut) > 3.0 * range(fast).max(range(slow));
    if sorted.len() < 6 || fast.len() < least || slow.len() < least || !far_apart {
        return None;
    }
    let reference = |is_slow: bool| {
        let of_group = runs.iter().filter(|run| {
            let values = estimate::of_run(results, run, side.case).values;
            median(values).is_some_and(|value| (value >= slow[0]) == is_slow)
        });
        median(of_group.filter_map(|run| middle(run.of(Kind::Reference, results.cases.len()))))
    };
    let (fast_figure, slow_figure) = (median(fast.iter().copied())?, median(slow.iter().copied())?);
    let machine = reference(false)
        .zip(reference(true))
        .is_some_and(|(fast, slow)| (slow / fast).ln() > 0.5 * (slow_figure / fast_figure).ln());
    Some(What::TwoGroups {
        fast: (fast_figure, fast.len()),
        slow: (slow_figure, slow.len()),
        machine,
        is_python: results
            .runtimes
            .get(side.runtime)
            .is_some_and(|runtime| runtime.implementation == "CPython"),
    })
}

/// The first run far above all others: it filled caches.
fn slow_first(runs: &[&Run], case: usize) -> Option<What> {
    let walls: Vec<f64> = runs
        .iter()
        .flat_map(|run| run.timed(case))
        .map(Taken::wall)
        .collect();
    let (&first, rest) = walls.split_first().filter(|(_, rest)| rest.len() >= 4)?;
    let rest = Samples::new(rest.to_vec())?;
    let usual = rest.median();
    (first > 1.2 * usual && first > rest.max()).then_some(What::SlowFirst { first, usual })
}

fn dear_setup(runs: &[&Run], case: usize) -> Option<What> {
    let all = |value: fn(&Taken) -> f64| median(runs.iter().flat_map(|run| run.timed(case)).map(value));
    let setup = all(|taken| taken.sample.setup.as_secs_f64())?;
    let sample = all(|taken| taken.sample.wall.as_secs_f64())?;
    (setup > sample).then_some(What::SetupDear { setup, sample })
}

fn nothing(runs: &[&Run], case: usize) -> Option<What> {
    of_nothing(middle(runs.iter().flat_map(|run| run.timed(case)))?)
}

/// What there is to say if a loop takes so many seconds, and so does nothing.
pub(super) fn of_nothing(time: f64) -> Option<What> {
    (time < EMPTY).then_some(What::Nothing { time })
}

fn coarse_clock(runs: &[&Run], case: usize) -> Option<What> {
    let walls = runs
        .iter()
        .flat_map(|run| run.timed(case))
        .map(|taken| taken.sample.wall);
    let mut walls: Vec<_> = walls.collect();
    walls.sort();
    let count = walls.len();
    let sample = walls.get(count / 2)?.as_secs_f64();
    walls.dedup();
    let step = walls.windows(2).map(|two| two[1] - two[0]).min()?.as_secs_f64();
    // Times that differ by chance do not come twice.
    (count >= 10 && walls.len() * 2 <= count && step >= 0.01 * sample)
        .then_some(What::CoarseClock { step, sample })
}

fn busy(results: &Results) -> Option<What> {
    if results.metric == Metric::Cpu {
        return None;
    }
    let timed = || {
        let samples = results.runs.iter().flat_map(|run| &run.taken);
        samples.filter(|taken| taken.kind == Kind::Timed)
    };
    let all = timed().count();
    let interrupted = timed().filter(|taken| !taken.is_clean()).count() as f64 / all.max(1) as f64;
    // Samples of many milliseconds are always interrupted now and then.
    let sample = median(timed().map(|taken| taken.sample.wall.as_secs_f64()))?;
    let is_busy = if sample < 0.01 {
        interrupted > 0.1
    } else {
        let per_core = results.activity.load? / f64::from(results.machine.cores?);
        interrupted > 0.5 && per_core > 1.0
    };
    is_busy.then_some(What::Busy {
        interrupted,
        load: results.activity.load,
        cores: results.machine.cores,
    })
}

fn stolen(results: &Results) -> Option<What> {
    let share = results.activity.steal?;
    (share > 0.02).then_some(What::Stolen { share })
}

fn throttled(results: &Results) -> Option<What> {
    let seconds = results.activity.throttled?;
    (seconds > 0.02 * results.elapsed.as_secs_f64()).then_some(What::Throttled {
        seconds,
        quota: results.machine.quota,
    })
}

fn unsteady(results: &Results) -> Option<What> {
    // Programs run the loop at different speed; the first stands for the machine.
    let place = results.cases.len();
    let samples = results.runs_of(0).flat_map(|run| run.of(Kind::Reference, place));
    let values = samples
        .filter(|taken| taken.is_clean())
        .map(Taken::wall)
        .collect();
    let values = Samples::new(values).filter(|values| values.len() >= 10)?;
    let spread = values.quantile(0.9) / values.quantile(0.1) - 1.0;
    let governor = results
        .machine
        .governor
        .clone()
        .filter(|name| name != "performance");
    (spread > 0.15).then_some(What::Unsteady { spread, governor })
}

#[cfg(test)]
mod tests;
