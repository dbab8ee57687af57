//! The figure of one case: the median over its processes of the median of each process' clean samples.
//!
//! A sample is clean if the system did not interrupt it. A process with fewer than five clean samples, as on a
//! machine where others always want the processor, gives the processor time of its samples instead, unless they
//! wait of their own will: then waiting is part of what is timed. Such a time varies far more, for it holds what
//! interruptions cost; where three processes have clean samples, those that have not are left out.

use super::results::{Kind, Metric, Results, Run, Side, Taken};
use crate::statistics::Samples;
use crate::statistics::interval::{self, Interval, LEVEL};

/// So many clean samples of a process are enough for its median.
const ENOUGH_CLEAN: usize = 5;

/// So many processes with clean samples are enough for a figure without the others.
pub(super) const ENOUGH_PROCESSES: usize = 3;

/// The figure of a case on a runtime. All times are seconds for each loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Whose figure it is.
    pub side: Side,
    /// The figure.
    pub seconds: f64,
    /// How far it may be off; `None` with one process.
    pub interval: Option<Interval>,
    /// The smallest sample.
    pub min: f64,
    /// The medians of the processes, in the order they ran.
    pub medians: Vec<f64>,
    /// Samples that count.
    pub samples: usize,
    /// Those of them that were not interrupted; `None` where that is not known.
    pub clean: Option<usize>,
    /// Processes whose processor time was taken.
    pub by_processor: usize,
    /// Processes that were too disturbed to count.
    pub left_out: usize,
    /// Loops in a sample.
    pub loops: u64,
}

/// What a process says of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct OfRun {
    /// Seconds for each loop, the samples that count.
    pub values: Vec<f64>,
    /// Were they the processor's time because too few were clean?
    pub by_processor: bool,
}

/// The values of a case in a process: its clean samples, or what stands in for them.
#[must_use]
pub fn of_run(results: &Results, run: &Run, case: usize) -> OfRun {
    let is_processor = counts_processor(results, run.runtime, Kind::Timed, &[case]);
    of_kind_in_run(results, run, Kind::Timed, case, is_processor)
}

/// Is the processor's time what counts of these cases in all of their runs? With commands all runs are one population: a
/// choice for each block of them would leave most out on a busy machine. Where half of them were disturbed, and they do
/// not wait, what remains undisturbed says less than the processor's time of all.
pub(super) fn counts_processor(results: &Results, runtime: usize, kind: Kind, cases: &[usize]) -> bool {
    let (mut all, mut clean, mut busy) = (0usize, 0usize, 0usize);
    let runs = results.runs_of(runtime);
    for taken in runs.flat_map(|run| &run.taken) {
        let sample = &taken.sample;
        if taken.kind == kind && cases.contains(&sample.row.case) && sample.usage.is_some() {
            all += 1;
            clean += usize::from(taken.is_clean());
            busy += usize::from(sample.voluntary_switches == 0);
        }
    }
    // One that waited for a disk once is no command that waits.
    results.metric == Metric::Wall && clean * 2 < all && busy * 10 >= all * 9
}

fn of_kind_in_run(results: &Results, run: &Run, kind: Kind, case: usize, is_processor: bool) -> OfRun {
    let metric = results.metric;
    let samples: Vec<&Taken> = run.of(kind, case).collect();
    let is_of_commands = samples.iter().any(|taken| taken.sample.usage.is_some());
    let clean = samples.iter().filter(|taken| taken.is_clean()).count();
    let by_processor = is_processor
        || !is_of_commands
            && metric == Metric::Wall
            && clean < ENOUGH_CLEAN.min(samples.len())
            && samples
                .iter()
                .all(|taken| taken.sample.voluntary_switches == 0 && taken.sample.cpu.is_some());
    let values = samples.iter().filter_map(|taken| match metric {
        Metric::Cpu => taken.process_cpu(),
        Metric::Wall if by_processor => taken.cpu(),
        Metric::Wall if clean >= ENOUGH_CLEAN && !taken.is_clean() => None,
        Metric::Wall => Some(taken.wall()),
    });
    OfRun {
        values: values.collect(),
        by_processor,
    }
}

/// The figure of a case on a runtime; `None` if no sample of it was taken.
#[must_use]
pub fn estimate(results: &Results, side: Side) -> Option<Estimate> {
    of_kind(results, Kind::Timed, side)
}

/// The figure of what ran as the reference: with commands the start of the shell.
#[must_use]
pub fn reference(results: &Results, runtime: usize) -> Option<Estimate> {
    let case = results.cases.len();
    of_kind(results, Kind::Reference, Side { case, runtime })
}

fn of_kind(results: &Results, kind: Kind, side: Side) -> Option<Estimate> {
    let is_processor = counts_processor(results, side.runtime, kind, &[side.case]);
    let of_runs: Vec<(&Run, OfRun)> = results
        .runs_of(side.runtime)
        .map(|run| (run, of_kind_in_run(results, run, kind, side.case, is_processor)))
        .filter(|(_, of_run)| !of_run.values.is_empty())
        .collect();
    let by_processor = of_runs.iter().filter(|(_, of_run)| of_run.by_processor).count();
    let leaves_out = of_runs.len() - by_processor >= ENOUGH_PROCESSES;
    let mut medians = Vec::new();
    let (mut samples, mut clean) = (0, None);
    let mut min = f64::INFINITY;
    let mut loops = Vec::new();
    for (run, of_run) in of_runs {
        let values = Samples::new(of_run.values).filter(|_| !(leaves_out && of_run.by_processor));
        if let Some(values) = values {
            min = min.min(values.min());
            medians.push(values.median());
        }
        for taken in run.of(kind, side.case) {
            samples += 1;
            if taken.sample.involuntary_switches.is_some() {
                clean = Some(clean.unwrap_or(0) + usize::from(taken.is_clean()));
            }
            loops.push(taken.sample.row.loops as f64);
        }
    }
    let all = Samples::new(medians.clone())?;
    Some(Estimate {
        side,
        seconds: all.median(),
        interval: interval::of_positive_median(&all, LEVEL),
        min,
        medians,
        samples,
        clean,
        by_processor: if leaves_out { 0 } else { by_processor },
        left_out: if leaves_out { by_processor } else { 0 },
        loops: Samples::new(loops).map_or(0, |loops| loops.median() as u64),
    })
}

impl Estimate {
    /// How far the interval reaches from the figure, as a share of it; the farther end counts.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        let found = self.interval?;
        let reach = (found.high - self.seconds).max(self.seconds - found.low);
        Some(reach / self.seconds).filter(|share| share.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::super::session::{Row, Runtime, Sample};
    use super::*;
    use std::time::Duration;

    /// A sample of ten loops: microseconds on the wall and on the processor, interruptions, waits.
    fn taken(wall: u64, cpu: u64, interrupted: u64, waits: u64) -> Taken {
        Taken {
            kind: Kind::Timed,
            request: 0,
            round: 0,
            sample: Sample {
                cpu: Some(Duration::from_micros(cpu)),
                process_cpu: Some(Duration::from_micros(2 * cpu)),
                voluntary_switches: waits,
                involuntary_switches: Some(interrupted),
                ..fake::sample(Row { case: 0, loops: 10 }, Duration::from_micros(wall))
            },
        }
    }

    fn check(samples: &[Taken], metric: Metric, expected_us: f64, by_processor: usize) {
        let results = Results {
            metric,
            runtimes: vec![Runtime {
                implementation: "CPython".into(),
                version: "3.11.7".into(),
                executable: "python3".into(),
            }],
            runs: vec![Run {
                taken: samples.to_vec(),
                ..Run::default()
            }],
            ..Results::default()
        };
        let found = estimate(&results, Side { case: 0, runtime: 0 }).expect("samples");
        assert!((found.seconds * 1e6 - expected_us).abs() < 1e-9, "{found:?}");
        assert_eq!(found.by_processor, by_processor);
        assert_eq!(found.samples, samples.len());
    }

    #[test]
    fn interrupted_samples_do_not_count() {
        let mut samples = vec![taken(1000, 1000, 0, 0); 5];
        samples.extend(vec![taken(3000, 1000, 1, 0); 20]);
        check(&samples, Metric::Wall, 100.0, 0);
    }

    #[test]
    fn too_few_clean_ones_leave_the_processor_time() {
        let mut samples = vec![taken(1000, 900, 0, 0); 4];
        samples.extend(vec![taken(3000, 950, 1, 0); 20]);
        check(&samples, Metric::Wall, 95.0, 1);
        // But who waits is timed with the waiting.
        samples.push(taken(3000, 950, 1, 1));
        check(&samples, Metric::Wall, 300.0, 0);
    }

    #[test]
    fn few_samples_that_are_all_clean_are_good() {
        check(
            &[taken(1000, 900, 0, 0), taken(1020, 900, 0, 0)],
            Metric::Wall,
            101.0,
            0,
        );
        check(&[taken(1000, 900, 2, 0)], Metric::Wall, 90.0, 1);
    }

    #[test]
    fn processor_time_of_all_threads_when_asked_for() {
        check(&[taken(1000, 900, 3, 1)], Metric::Cpu, 180.0, 0);
    }

    #[test]
    fn disturbed_processes_are_left_out_where_others_are_enough() {
        let good = vec![taken(1000, 900, 0, 0); 5];
        let bad = vec![taken(4000, 1500, 1, 0); 5];
        let figure = |processes: &[&Vec<Taken>]| {
            let run = |samples: &&Vec<Taken>| Run {
                taken: (*samples).clone(),
                ..Run::default()
            };
            let results = Results {
                runs: processes.iter().map(run).collect(),
                ..Results::default()
            };
            let found = estimate(&results, Side { case: 0, runtime: 0 }).expect("samples");
            let us = (found.seconds * 1e6).round();
            (
                us,
                found.medians.len(),
                found.by_processor,
                found.left_out,
                found.samples,
            )
        };
        assert_eq!(figure(&[&good, &bad, &good, &good]), (100.0, 3, 0, 1, 20));
        assert_eq!(figure(&[&good, &bad, &good]), (100.0, 3, 1, 0, 15));
        assert_eq!(figure(&[&bad, &bad]), (150.0, 2, 2, 0, 10));
    }

    #[test]
    fn nothing_measured_has_no_figure() {
        assert_eq!(estimate(&Results::default(), Side { case: 0, runtime: 0 }), None);
    }
}
