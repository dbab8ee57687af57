//! A part of a run in which the number of dummies was planned: a stage, or a level of a search for capacity.

use super::super::metrics::{Counters, End, Lags, Phase, Phases, Window};
use super::super::scenario::Stage;
use crate::process::Sample;
use std::time::Duration;

/// What was measured in a part of a run.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Dummies that are wanted at its end.
    pub dummies: u32,
    /// Those wanted at its beginning.
    pub dummies_before: u32,
    /// Planned, since the start of the run.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
    /// Fewest and most that were in at the end of a second.
    pub playing: Option<[u32; 2]>,
    /// Seconds that were measured.
    pub seconds: f64,
    /// What was counted in them.
    pub counted: Counters,
    /// Dummies that could not get in, or lost their connection.
    pub fallen: u32,
    /// From the intended send, or where the model has none from the actual one.
    pub lag: Lags,
    /// From the actual send.
    pub service: Lags,
    /// Our own lateness.
    pub harness: Lags,
    /// For each watched process: processor seconds, and the seconds in which it was seen.
    processes: Vec<(f64, f64)>,
}

impl Span {
    /// Adds a second of this length. `before` is what was counted, and who stood where, when it began.
    pub fn add(
        &mut self,
        length: Duration,
        window: &Window,
        before: (&Counters, &Phases),
        processes: &[Option<Sample>],
    ) {
        let playing = window.phases.of(Phase::Playing);
        self.playing = Some(match self.playing {
            None => [playing; 2],
            Some([fewest, most]) => [fewest.min(playing), most.max(playing)],
        });
        self.seconds += length.as_secs_f64();
        let counted = window.counters.since(before.0);
        self.counted.add(&counted);
        // Who connects again does not stand among those that ended.
        self.fallen += fallen(&window.phases).saturating_sub(fallen(before.1)) + counted.reconnects as u32;
        self.lag.add(&window.lag);
        self.service.add(&window.service);
        self.harness.add(&window.harness);
        self.processes
            .resize(self.processes.len().max(processes.len()), (0.0, 0.0));
        for ((cpu, seconds), sample) in self.processes.iter_mut().zip(processes) {
            if let Some(sample) = sample {
                *cpu += sample.cores * length.as_secs_f64();
                *seconds += length.as_secs_f64();
            }
        }
    }

    /// Adds another part's measurements to these; what was planned stays.
    pub fn join(&mut self, other: &Span) {
        self.playing = match (self.playing, other.playing) {
            (Some([fewest, most]), Some([low, high])) => Some([fewest.min(low), most.max(high)]),
            (ours, theirs) => ours.or(theirs),
        };
        self.seconds += other.seconds;
        self.counted.add(&other.counted);
        self.fallen += other.fallen;
        self.lag.add(&other.lag);
        self.service.add(&other.service);
        self.harness.add(&other.harness);
        self.processes
            .resize(self.processes.len().max(other.processes.len()), (0.0, 0.0));
        for ((cpu, seconds), other) in self.processes.iter_mut().zip(&other.processes) {
            *cpu += other.0;
            *seconds += other.1;
        }
    }

    /// Processors busy with a process on average; `None` where it was not seen.
    #[must_use]
    pub fn cores(&self, process: usize) -> Option<f64> {
        let (cpu, seconds) = self.processes.get(process)?;
        (*seconds > 0.0).then(|| cpu / seconds)
    }

    /// Commands sent, a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.counted.sent as f64 / self.seconds.max(1e-9)
    }

    /// Commands without an answer or with a bad one, and dummies that fell out.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.counted.lost + self.counted.failed + u64::from(self.fallen)
    }

    /// Does the number of dummies change in it?
    #[must_use]
    pub fn is_ramp(&self) -> bool {
        self.dummies != self.dummies_before
    }

    /// What was planned, for people: `100`, or `0 to 100`.
    #[must_use]
    pub fn label(&self) -> String {
        if self.is_ramp() {
            format!("{} to {}", self.dummies_before, self.dummies)
        } else {
            self.dummies.to_string()
        }
    }
}

/// The parts that stages ask for: ramps and the times that the number stays.
#[must_use]
pub fn of_stages(stages: &[Stage]) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut at, mut before) = (Duration::ZERO, 0);
    for stage in stages {
        for (length, dummies_before) in [(stage.over, before), (stage.hold, stage.dummies)] {
            if length > Duration::ZERO {
                spans.push(Span {
                    dummies: stage.dummies,
                    dummies_before,
                    from: at,
                    to: at + length,
                    ..Span::default()
                });
            }
            at += length;
        }
        before = stage.dummies;
    }
    spans
}

fn fallen(phases: &Phases) -> u32 {
    [End::ConnectFailed, End::LoginFailed, End::Lost]
        .map(|end| phases.ended(end))
        .iter()
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_ramps_and_holds() {
        let stage = |dummies, over, hold| Stage {
            dummies,
            over: Duration::from_secs(over),
            hold: Duration::from_secs(hold),
        };
        let spans = of_stages(&[stage(100, 10, 30), stage(300, 0, 5), stage(0, 2, 0)]);
        let shown: Vec<(String, u64, u64)> = spans
            .iter()
            .map(|span| (span.label(), span.from.as_secs(), span.to.as_secs()))
            .collect();
        assert_eq!(
            shown,
            [
                ("0 to 100".into(), 0, 10),
                ("100".into(), 10, 40),
                ("300".into(), 40, 45),
                ("300 to 0".into(), 45, 47),
            ]
        );
    }

    #[test]
    fn sums_of_seconds() {
        let mut window = Window {
            phases: Phases::new(2),
            ..Window::default()
        };
        window.phases.step(Phase::Waiting, Phase::Playing);
        window.counters.sent = 12;
        window.counters.lost = 1;
        let before = Counters {
            sent: 2,
            ..Counters::default()
        };
        let mut span = Span::default();
        let phases = window.phases;
        span.add(Duration::from_secs(2), &window, (&before, &phases), &[None]);
        window.phases.step(Phase::Playing, Phase::Ended(End::Lost));
        span.add(
            Duration::from_secs(2),
            &window,
            (&window.counters.clone(), &phases),
            &[],
        );
        assert_eq!((span.playing, span.rate(), span.errors()), (Some([0, 1]), 2.5, 2));
        assert_eq!(span.cores(0), None);
        let mut twice = span.clone();
        twice.join(&span);
        assert_eq!((twice.rate(), twice.errors()), (2.5, 4));
    }
}
