//! Which of two is faster, by how much, and whether that can be said at all.
//!
//! Cases that ran in the same processes are compared by pairs: the logarithm of the ratio of two samples that followed
//! each other. The figure is the median of all pairs; its interval draws anew whole processes, and pairs in them
//! ([`bootstrap`]). In some hundred trials of equal cases (`examples/aa_trials.rs`) this called fewer of them
//! different than Wilcoxon's or Student's interval of the processes, and found 2% more often; a bootstrap of
//! the Hodges-Lehmann estimate of all pairs was half as wide again. Where pairs are few in a process, each counts as one
//! value; so it does with two interpreters, whose processes that ran next to each other are pairs. For these it is the
//! Hodges-Lehmann estimate with Wilcoxon's interval.
//!
//! Several comparisons at once share the risk of a false alarm ([`holm`]).

use super::estimate::{self, Estimate};
use super::results::{Kind, Metric, Results, Run, Side, Taken};
use crate::statistics::bootstrap::{self, Draws};
use crate::statistics::interval::Interval;
use crate::statistics::{Samples, holm, shift};
use std::time::Duration;

/// What differs by less is the same.
pub const SAME: f64 = 0.01;

/// Rounds between which samples can still be a pair.
const NEARBY: usize = 2;

/// Pairs of a process that are enough to be drawn from.
const ENOUGH_PAIRS: usize = 5;

/// One thing against another.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What it is compared with.
    pub base: String,
    /// What is compared.
    pub name: String,
    /// Its time over the base's.
    pub ratio: f64,
    /// The interval of the ratio; `None` where nothing is known of how processes differ.
    pub interval: Option<Interval>,
    /// Pairs that count.
    pub pairs: usize,
    /// Processes, or pairs of them.
    pub processes: usize,
    /// What follows.
    pub verdict: Verdict,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It takes less time.
    Faster,
    /// It takes more.
    Slower,
    /// The difference is below [`SAME`], whatever its sign.
    Same,
    /// Neither can be said.
    CannotTell {
        /// About how much longer a measurement would be that could, where that can be said.
        more: Option<Duration>,
    },
}

/// What is known of the logarithm of a ratio, before many are weighed against each other.
pub(crate) struct Evidence {
    pub(crate) base: String,
    pub(crate) name: String,
    pub(crate) log_ratio: f64,
    pub(crate) pairs: usize,
    pub(crate) processes: usize,
    pub(crate) spread: Spread,
}

/// Where intervals of a logarithm come from.
pub(crate) enum Spread {
    /// One value each.
    Values(Samples),
    Draws(Draws),
    Unknown,
}

impl Spread {
    fn interval(&self, level: f64) -> Option<Interval> {
        match self {
            Spread::Values(values) => shift::interval(values, level),
            Spread::Draws(draws) => Some(draws.interval(level)),
            Spread::Unknown => None,
        }
    }

    fn chance(&self) -> f64 {
        match self {
            Spread::Values(values) => shift::chance(values),
            Spread::Draws(draws) => draws.chance(),
            Spread::Unknown => 1.0,
        }
    }
}

/// All comparisons that results allow: other cases with the first on each runtime, other runtimes with the first for
/// each case.
#[must_use]
pub fn compare(results: &Results) -> Vec<Comparison> {
    let mut found = Vec::new();
    for runtime in 0..results.runtimes.len() {
        found.extend((1..results.cases.len()).filter_map(|case| of_cases(results, runtime, case)));
    }
    for case in 0..results.cases.len() {
        found.extend((1..results.runtimes.len()).filter_map(|runtime| of_runtimes(results, case, runtime)));
    }
    weigh(found, results.elapsed)
}

/// Gives each comparison its interval and its verdict.
pub(crate) fn weigh(found: Vec<Evidence>, elapsed: Duration) -> Vec<Comparison> {
    let chances: Vec<f64> = found.iter().map(|evidence| evidence.spread.chance()).collect();
    let levels = holm::levels(&chances);
    let judged = found.into_iter().zip(levels).map(|(evidence, level)| {
        let interval = evidence.spread.interval(level).map(|found| Interval {
            low: found.low.min(evidence.log_ratio),
            high: found.high.max(evidence.log_ratio),
            ..found
        });
        Comparison {
            base: evidence.base,
            name: evidence.name,
            ratio: evidence.log_ratio.exp(),
            interval: interval.map(|found| found.map(f64::exp)),
            pairs: evidence.pairs,
            processes: evidence.processes,
            verdict: judge(evidence.log_ratio, interval, elapsed),
        }
    });
    judged.collect()
}

/// The verdict on the logarithm of a ratio.
fn judge(log_ratio: f64, interval: Option<Interval>, elapsed: Duration) -> Verdict {
    let Some(found) = interval else {
        return Verdict::CannotTell { more: None };
    };
    let same = SAME.ln_1p();
    if -same <= found.low && found.high <= same {
        Verdict::Same
    } else if found.high < 0.0 {
        Verdict::Faster
    } else if found.low > 0.0 {
        Verdict::Slower
    } else {
        // Intervals shrink with the root of the time. It must clear 0, or lie within the limits of the same.
        let distance = log_ratio.abs().max(same - log_ratio.abs());
        let factor = (found.half_width() / distance).powi(2).max(1.2);
        Verdict::CannotTell {
            more: Duration::try_from_secs_f64(elapsed.as_secs_f64() * (factor - 1.0)).ok(),
        }
    }
}

/// A case with the first case, in the processes that both ran in.
fn of_cases(results: &Results, runtime: usize, case: usize) -> Option<Evidence> {
    let clusters = ratios(results, runtime, case);
    if clusters.is_empty() {
        return apart(results, runtime, case);
    }
    let pairs = clusters.iter().map(Vec::len).sum();
    let processes = clusters.len();
    let counts = Samples::new(clusters.iter().map(|pairs| pairs.len() as f64).collect())?;
    // Blocks of commands are many and nearly independent: their medians give an exact interval, narrower than that of
    // draws in which the spread within counts twice.
    let by_medians = results.is_of_commands() || counts.median() < ENOUGH_PAIRS as f64;
    let (log_ratio, spread) = if by_medians {
        let medians = clusters.into_iter().filter_map(Samples::new);
        let medians = Samples::new(medians.map(|pairs| pairs.median()).collect())?;
        (shift::estimate(&medians), Spread::Values(medians))
    } else {
        let middle = Samples::new(clusters.concat())?.median();
        let draws = bootstrap::within(&clusters, bootstrap::median);
        (middle, draws.map_or(Spread::Unknown, Spread::Draws))
    };
    Some(Evidence {
        base: results.name(Side { case: 0, runtime }),
        name: results.name(Side { case, runtime }),
        log_ratio,
        pairs,
        processes,
        spread,
    })
}

/// A case with the first case where neither ran near the other: the medians of the processes, drawn anew from both.
fn apart(results: &Results, runtime: usize, case: usize) -> Option<Evidence> {
    let medians = |case: usize| -> Vec<f64> {
        let found = estimate::estimate(results, Side { case, runtime });
        found.map(|found| found.medians).unwrap_or_default()
    };
    let groups = [medians(case), medians(0)];
    if groups.iter().any(Vec::is_empty) {
        return None;
    }
    let middle =
        |values: &mut dyn Iterator<Item = f64>| bootstrap::median(&mut values.collect::<Vec<_>>()).ln();
    let draws = bootstrap::of_groups(&[&groups[0][..], &groups[1][..]], |drawn| {
        middle(&mut drawn[0].iter().map(|value| **value)) - middle(&mut drawn[1].iter().map(|value| **value))
    });
    let log_ratio = middle(&mut groups[0].iter().copied()) - middle(&mut groups[1].iter().copied());
    log_ratio.is_finite().then(|| Evidence {
        base: results.name(Side { case: 0, runtime }),
        name: results.name(Side { case, runtime }),
        log_ratio,
        pairs: 0,
        processes: groups[0].len().min(groups[1].len()),
        spread: draws.map_or(Spread::Unknown, Spread::Draws),
    })
}

/// The logarithms of the ratios of a case to the first case, for each process of a runtime that has any. Processes with
/// too few undisturbed pairs count only where there are not enough others: their processor time varies tenfold as much.
#[must_use]
pub fn ratios(results: &Results, runtime: usize, case: usize) -> Vec<Vec<f64>> {
    let is_processor = estimate::counts_processor(results, runtime, Kind::Timed, &[0, case]);
    let found: Vec<Pairs> = results
        .runs_of(runtime)
        .map(|run| pairs(run, [0, case], results.metric, is_processor))
        .filter(|pairs| !pairs.ratios.is_empty())
        .collect();
    let clean = found.iter().filter(|pairs| !pairs.by_processor).count();
    found
        .into_iter()
        .filter(|pairs| !pairs.by_processor || clean < estimate::ENOUGH_PROCESSES)
        .map(|pairs| pairs.ratios)
        .collect()
}

/// What a process says of a ratio.
struct Pairs {
    ratios: Vec<f64>,
    by_processor: bool,
}

/// The logarithms of the ratios of two cases: of pairs of samples that were not interrupted, or of the processor's time
/// of all where these are too few and nothing waits.
fn pairs(run: &Run, cases: [usize; 2], metric: Metric, is_processor: bool) -> Pairs {
    let samples: Vec<&Taken> = run
        .taken
        .iter()
        .filter(|taken| taken.kind == Kind::Timed && cases.contains(&taken.sample.row.case))
        .collect();
    let all = neighbours(samples.iter().copied(), cases[0]);
    let clean = neighbours(samples.iter().copied().filter(|taken| taken.is_clean()), cases[0]);
    let waits = |taken: &&Taken| taken.sample.voluntary_switches > 0 || taken.sample.cpu.is_none();
    let is_enough = clean.len() >= ENOUGH_PAIRS.min(all.len());
    let is_of_commands = samples.iter().any(|taken| taken.sample.usage.is_some());
    let by_processor =
        is_processor || !is_of_commands && metric == Metric::Wall && !is_enough && !samples.iter().any(waits);
    let chosen = if metric == Metric::Wall && !by_processor && clean.len() >= ENOUGH_PAIRS {
        clean
    } else {
        all
    };
    let ratios = chosen.into_iter().filter_map(|(one, other)| {
        let (one, other) = match metric {
            Metric::Cpu => (one.process_cpu()?, other.process_cpu()?),
            Metric::Wall if by_processor => (one.cpu()?, other.cpu()?),
            Metric::Wall => (one.wall(), other.wall()),
        };
        Some((other / one).ln())
    });
    Pairs {
        ratios: ratios.filter(|ratio| ratio.is_finite()).collect(),
        by_processor,
    }
}

/// Pairs of samples of two cases that followed each other, each sample in one pair at most; those of `first` come
/// first. Where samples between them are left out, others of nearby rounds become neighbours: on a busy machine twice as
/// many as there are whole rounds without an interruption.
fn neighbours<'a>(samples: impl Iterator<Item = &'a Taken>, first: usize) -> Vec<(&'a Taken, &'a Taken)> {
    let mut pairs = Vec::new();
    let mut waiting: Option<&Taken> = None;
    for taken in samples {
        let partner = waiting.filter(|other| {
            other.sample.row.case != taken.sample.row.case
                && other.request == taken.request
                && taken.round.abs_diff(other.round) <= NEARBY
        });
        match partner {
            Some(other) if other.sample.row.case == first => pairs.push((other, taken)),
            Some(other) => pairs.push((taken, other)),
            None => {
                waiting = Some(taken);
                continue;
            }
        }
        waiting = None;
    }
    pairs
}

/// A runtime with the first: processes that ran next to each other are pairs.
fn of_runtimes(results: &Results, case: usize, runtime: usize) -> Option<Evidence> {
    let medians = |runtime: usize| {
        results.runs_of(runtime).map(move |run| {
            let of_run = estimate::of_run(results, run, case);
            let by_processor = of_run.by_processor;
            Some((Samples::new(of_run.values)?.median(), by_processor))
        })
    };
    let pairs: Vec<(f64, bool)> = medians(0)
        .zip(medians(runtime))
        .filter_map(|(one, other)| {
            let ((one, one_by_processor), (other, other_by_processor)) = (one?, other?);
            Some(((other / one).ln(), one_by_processor || other_by_processor))
        })
        .filter(|(ratio, _)| ratio.is_finite())
        .collect();
    let clean = pairs.iter().filter(|(_, by_processor)| !by_processor).count();
    let ratios: Vec<f64> = pairs
        .into_iter()
        .filter(|(_, by_processor)| !by_processor || clean < estimate::ENOUGH_PROCESSES)
        .map(|(ratio, _)| ratio)
        .collect();
    let processes = ratios.len();
    let values = Samples::new(ratios)?;
    Some(Evidence {
        base: results.name(Side { case, runtime: 0 }),
        name: results.name(Side { case, runtime }),
        log_ratio: shift::estimate(&values),
        pairs: processes,
        processes,
        spread: Spread::Values(values),
    })
}

/// Is there nothing left that more samples would tell? All figures lie within `precision`, all comparisons have a
/// verdict and are as sharp.
#[must_use]
pub fn is_settled(results: &Results, precision: f64) -> bool {
    let sharp = |reach: Option<f64>| reach.is_some_and(|reach| reach <= precision);
    let figures = results.sides().all(|side| {
        sharp(
            estimate::estimate(results, side)
                .as_ref()
                .and_then(Estimate::precision),
        )
    });
    figures
        && compare(results).iter().all(|comparison| {
            let reach = comparison
                .interval
                .map(|found| (found.high / found.low).sqrt() - 1.0);
            sharp(reach) && !matches!(comparison.verdict, Verdict::CannotTell { .. })
        })
}

#[cfg(test)]
mod tests;
