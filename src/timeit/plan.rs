//! The rows of one request: which samples a process takes before it answers.
//!
//! A process that was just woken finds its caches cold, so a request carries some 30 ms of samples and its first
//! is dropped. Cases come in rounds, every second one backwards (A B, B A): what drifts meets all alike. The
//! samples that are no one's figure, probes and the reference loop, come last, so that none follows them.

use super::results::Kind;
use super::session::Row;
use std::time::Duration;

/// Wall-clock time of the samples of one request.
pub const REQUEST: Duration = Duration::from_millis(30);

/// The time of a sample of the reference loop.
pub const REFERENCE_SAMPLE: Duration = Duration::from_micros(600);

/// The share of the time that the reference loop may take.
const REFERENCE_SHARE: f64 = 0.02;

/// How many probes of a case a process takes.
const PROBES: usize = 3;

/// A case as it is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paced {
    /// Loops in a sample.
    pub loops: u64,
    /// What such a sample takes.
    pub sample: Duration,
}

/// One row, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What its sample will be for.
    pub kind: Kind,
    /// Its round.
    pub round: usize,
    /// What is asked.
    pub row: Row,
}

/// How requests are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The cases, in order.
    pub cases: Vec<Paced>,
    /// The reference loop, if one runs.
    pub reference: Option<Paced>,
}

impl Shape {
    /// The time of one round.
    #[must_use]
    pub fn round_time(&self) -> Duration {
        self.cases.iter().map(|case| case.sample).sum()
    }

    /// Rounds in a request: as many as fit, and an even number of them, unless one alone fills it.
    #[must_use]
    pub fn rounds(&self) -> usize {
        let fit = REQUEST.as_secs_f64() / self.round_time().as_secs_f64().max(1e-6);
        match fit.round() as usize {
            0 | 1 => 1,
            rounds => rounds.min(1000) / 2 * 2,
        }
    }

    /// About what a request takes.
    #[must_use]
    pub fn request_time(&self) -> Duration {
        self.round_time() * u32::try_from(self.rounds()).unwrap_or(u32::MAX)
    }

    /// A request whose first round has this number; with probes in the first of a process.
    #[must_use]
    pub fn request(&self, first_round: usize, with_probes: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        let forwards = |round: usize| round.is_multiple_of(2);
        let row = |case: usize| Row {
            case,
            loops: self.cases[case].loops,
        };
        let order = |round: usize| -> Vec<usize> {
            if forwards(round) {
                (0..self.cases.len()).collect()
            } else {
                (0..self.cases.len()).rev().collect()
            }
        };
        let first = order(first_round).first().copied();
        // A sample of tens of milliseconds does not feel a cold cache, and dropping it would cost too much.
        if let Some(case) = first.filter(|&case| self.cases[case].sample * 3 <= REQUEST) {
            steps.push(Step {
                kind: Kind::Warmup,
                round: first_round,
                row: row(case),
            });
        }
        for round in first_round..first_round + self.rounds() {
            steps.extend(order(round).into_iter().map(|case| Step {
                kind: Kind::Timed,
                round,
                row: row(case),
            }));
        }
        let last = first_round + self.rounds();
        if with_probes {
            for probe in 0..PROBES {
                let probed = self.cases.iter().enumerate().filter(|(_, case)| case.loops >= 8);
                steps.extend(probed.map(|(case, paced)| Step {
                    kind: Kind::Probe,
                    round: last + probe,
                    row: Row {
                        case,
                        loops: paced.loops / 8,
                    },
                }));
            }
        }
        if let Some(reference) = self.reference {
            let share = self.request_time().as_secs_f64() * REFERENCE_SHARE;
            let count = (share / reference.sample.as_secs_f64().max(1e-6)).round() as usize;
            let step = Step {
                kind: Kind::Reference,
                round: last,
                row: Row {
                    case: self.cases.len(),
                    loops: reference.loops,
                },
            };
            steps.extend(std::iter::repeat_n(step, count.clamp(1, 16)));
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(samples_ms: &[u64]) -> Shape {
        let paced = |&ms: &u64| Paced {
            loops: 80,
            sample: Duration::from_millis(ms),
        };
        Shape {
            cases: samples_ms.iter().map(paced).collect(),
            reference: Some(Paced {
                loops: 60,
                sample: REFERENCE_SAMPLE,
            }),
        }
    }

    /// A letter for each case: small dropped, capital timed, `8` a probe, `r` the reference.
    fn check(samples_ms: &[u64], first_round: usize, with_probes: bool, expected: &str) {
        let found: String = shape(samples_ms)
            .request(first_round, with_probes)
            .iter()
            .map(|step| match step.kind {
                Kind::Warmup => char::from(b'a' + step.row.case as u8),
                Kind::Timed => char::from(b'A' + step.row.case as u8),
                Kind::Probe => '8',
                Kind::Reference => 'r',
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn rounds_turn_and_the_first_is_dropped() {
        check(&[4, 3], 0, false, "aABBAABBAr");
        check(&[4, 3, 1], 1, true, "cCBAABCCBAABC888888888r");
        check(&[8], 0, true, "aAAAA888r");
    }

    #[test]
    fn long_samples_come_alone_and_none_is_dropped() {
        check(&[40], 0, false, "Ar");
        check(&[400, 300], 1, false, "BArrrrrrrrrrrrrrrr");
        check(&[12, 11], 0, false, "ABr");
    }

    #[test]
    fn a_request_lasts_thirty_milliseconds() {
        assert_eq!(shape(&[1, 1]).rounds(), 14);
        assert_eq!(shape(&[1]).rounds(), 30);
        assert_eq!(shape(&[0]).rounds(), 1000);
        assert_eq!(shape(&[7, 7]).request_time(), Duration::from_millis(28));
    }
}
