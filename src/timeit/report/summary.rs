//! The figures of a report as values: for the summary in saved results, and for whatever prints them.

use crate::statistics::interval::{Interval, Method};
use crate::timeit::compare::{Comparison, Verdict, compare};
use crate::timeit::estimate::{Estimate, estimate};
use crate::timeit::findings;
use crate::timeit::results::Results;
use serde::Serialize;

/// All that results say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    figures: Vec<Figure>,
    comparisons: Vec<ComparisonLine>,
    findings: Vec<FindingLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Figure {
    name: String,
    case: String,
    runtime: String,
    seconds: f64,
    min: f64,
    #[serde(flatten)]
    ends: Ends,
    processes: usize,
    samples: usize,
    /// Those that were not interrupted, where that is known.
    clean: Option<usize>,
    /// Processes whose processor time was taken.
    by_processor: usize,
    /// Processes that were too disturbed to count.
    left_out: usize,
    loops: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Ends {
    low: Option<f64>,
    high: Option<f64>,
    coverage: Option<f64>,
    method: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ComparisonLine {
    name: String,
    base: String,
    /// The time over that of the base.
    ratio: f64,
    #[serde(flatten)]
    ends: Ends,
    verdict: &'static str,
    /// Seconds of measuring that would tell, about.
    more_s: Option<f64>,
    pairs: usize,
    processes: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FindingLine {
    of: Option<String>,
    text: String,
}

impl Summary {
    /// Computes it.
    #[must_use]
    pub fn new(results: &Results) -> Summary {
        let figures = results
            .sides()
            .filter_map(|side| Some(figure(results, &estimate(results, side)?)));
        Summary {
            figures: figures.collect(),
            comparisons: compare(results).iter().map(line).collect(),
            findings: findings::find(results)
                .into_iter()
                .map(|finding| FindingLine {
                    of: finding.of,
                    text: finding.what.to_string(),
                })
                .collect(),
        }
    }
}

fn figure(results: &Results, estimate: &Estimate) -> Figure {
    let side = estimate.side;
    let case = results.cases.get(side.case);
    Figure {
        name: results.name(side),
        case: case.map(|case| case.statement.clone()).unwrap_or_default(),
        runtime: results
            .runtimes
            .get(side.runtime)
            .map(ToString::to_string)
            .unwrap_or_default(),
        seconds: estimate.seconds,
        min: estimate.min,
        ends: ends(estimate.interval),
        processes: estimate.medians.len(),
        samples: estimate.samples,
        clean: estimate.clean,
        by_processor: estimate.by_processor,
        left_out: estimate.left_out,
        loops: estimate.loops,
    }
}

fn ends(interval: Option<Interval>) -> Ends {
    interval.map_or_else(Ends::default, |found| Ends {
        low: Some(found.low),
        high: Some(found.high),
        coverage: Some(found.coverage),
        method: Some(match found.method {
            Method::OrderStatistics => "order statistics",
            Method::SignedRanks => "signed ranks",
            Method::Student => "student",
            Method::Bootstrap => "bootstrap",
        }),
    })
}

fn line(comparison: &Comparison) -> ComparisonLine {
    let (verdict, more) = match comparison.verdict {
        Verdict::Faster => ("faster", None),
        Verdict::Slower => ("slower", None),
        Verdict::Same => ("same", None),
        Verdict::CannotTell { more } => ("cannot tell", more),
    };
    ComparisonLine {
        name: comparison.name.clone(),
        base: comparison.base.clone(),
        ratio: comparison.ratio,
        ends: ends(comparison.interval),
        verdict,
        more_s: more.map(|time| time.as_secs_f64()),
        pairs: comparison.pairs,
        processes: comparison.processes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;

    #[test]
    fn the_summary_names_what_it_holds() {
        let summary = Summary::new(&fake::results(&["a", "b"], &["3.11.7"]));
        let value = serde_json::to_value(&summary).expect("JSON");
        assert_eq!(value["figures"][1]["name"], "b");
        assert_eq!(value["figures"][1]["case"], "b()");
        assert_eq!(value["figures"][0]["method"], "order statistics");
        assert_eq!(value["comparisons"][0]["verdict"], "slower");
        let ratio = value["comparisons"][0]["ratio"].as_f64().expect("a number");
        assert!((ratio - 2.0).abs() < 0.02, "{ratio}");
    }
}
