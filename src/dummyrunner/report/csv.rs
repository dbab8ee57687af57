//! A run second by second, as a table for programs.

use super::super::metrics::{Counters, Lags, Phase, Window};
use std::fmt::Write as _;
use std::time::Duration;

/// Columns, and a row for each second.
#[derive(Debug)]
pub struct Seconds {
    text: String,
    before: Counters,
}

const HEAD: &str = "seconds,connecting,connected,welcome,authing,playing,leaving,resting,ended,sent,answered,lost,late,\
failed,logins,bytes_in,bytes_out,lag_p50_us,lag_p90_us,lag_p99_us,lag_max_us,service_p50_us,service_p99_us,harness_p50_us,\
harness_p99_us\n";

impl Default for Seconds {
    fn default() -> Seconds {
        Seconds {
            text: HEAD.into(),
            before: Counters::default(),
        }
    }
}

impl Seconds {
    /// Adds a second that is over.
    pub fn add(&mut self, at: Duration, window: &Window) {
        let since = window.counters.since(&self.before);
        self.before = window.counters;
        let _ = write!(self.text, "{:.3}", at.as_secs_f64());
        let phases = [
            Phase::Connecting,
            Phase::Connected,
            Phase::Welcome,
            Phase::Authing,
            Phase::Playing,
            Phase::Leaving,
            Phase::Resting,
        ];
        for phase in phases {
            let _ = write!(self.text, ",{}", window.phases.of(phase));
        }
        let _ = write!(self.text, ",{}", window.phases.all_ended());
        for count in [
            since.sent,
            since.answered,
            since.lost,
            since.late,
            since.failed,
            since.logins,
            since.bytes_in,
            since.bytes_out,
        ] {
            let _ = write!(self.text, ",{count}");
        }
        self.points(&window.lag, &[50.0, 90.0, 99.0, 100.0]);
        self.points(&window.service, &[50.0, 99.0]);
        self.points(&window.harness, &[50.0, 99.0]);
        self.text.push('\n');
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn points(&mut self, lags: &Lags, percents: &[f64]) {
        for percent in percents {
            self.text.push(',');
            if let Some(micros) = lags.percentile(*percent) {
                let _ = write!(self.text, "{micros}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dummyrunner::metrics::Phases;

    #[test]
    fn a_second_has_a_value_for_each_column() {
        let mut window = Window {
            phases: Phases::new(3),
            ..Window::default()
        };
        window.counters.sent = 5;
        window.lag.record(2_000_000);
        let mut seconds = Seconds::default();
        seconds.add(Duration::from_secs(1), &window);
        window.counters.sent = 7;
        window.restart();
        seconds.add(Duration::from_secs(2), &window);
        let rows: Vec<Vec<&str>> = seconds
            .text()
            .lines()
            .map(|line| line.split(',').collect())
            .collect();
        assert!(
            rows.iter().all(|row| row.len() == rows[0].len()),
            "{}",
            seconds.text()
        );
        let column = |name: &str| rows[0].iter().position(|head| *head == name).expect("a column");
        assert_eq!((rows[1][column("sent")], rows[2][column("sent")]), ("5", "2"));
        assert_eq!(
            (rows[1][column("lag_p99_us")], rows[2][column("lag_p99_us")]),
            ("2000", "")
        );
    }
}
