//! A run second by second: dummies, commands, lag, and what the processes cost that were watched beside it.

use super::super::metrics::{Counters, Phase, Phases, Window};
use super::span::Span;
use crate::process::Sample;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// One second.
#[derive(Clone, Debug)]
pub struct Second {
    /// Its end, since the start of the run.
    pub at: Duration,
    /// Where dummies are at its end.
    pub phases: Phases,
    /// What was counted in it.
    pub counted: Counters,
    /// Lag, p50 p90 p99 and the longest, in microseconds; `None` without an answer.
    pub lag: Option<[u64; 4]>,
    /// From the actual send: p50 p99.
    pub service: Option<[u64; 2]>,
    /// Our own lateness: p50 p99.
    pub harness: Option<[u64; 2]>,
    /// In the order of the names; `None` where the process did not run.
    pub processes: Vec<Option<Sample>>,
    /// How many dummies were wanted.
    pub wanted: u32,
}

/// All seconds of a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Names of the watched processes: `server`, `portal`, `prof`.
    pub names: Vec<String>,
    /// The seconds, in order.
    pub seconds: Vec<Second>,
    /// The stages of the run, where it has any.
    pub stages: Vec<Span>,
    /// How many dummies are wanted now, where that changes.
    pub wanted: u32,
    before: (Duration, Counters, Phases),
}

/// What a process cost over a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Its name.
    pub name: String,
    /// Its number, and those after it if it was started again.
    pub pids: Vec<u32>,
    /// Processor time in the seconds that were seen.
    pub cpu: Duration,
    /// Processors busy with it, on average and in the busiest second.
    pub cores: [f64; 2],
    /// Bytes of memory: at first, at the end, most.
    pub rss: [u64; 3],
    /// Most threads at a time.
    pub threads: u32,
    /// Most open descriptors at a time, where they could be seen.
    pub descriptors: Option<u32>,
    /// Context switches a second on average: asked for, and not.
    pub switches: [f64; 2],
}

impl Cost {
    /// Microseconds of processor time for each of so many commands; `None` without any.
    #[must_use]
    pub fn each(&self, commands: u64) -> Option<u64> {
        (self.cpu.as_micros() as u64).checked_div(commands)
    }
}

impl History {
    /// With these processes beside it.
    #[must_use]
    pub fn new(names: Vec<String>) -> History {
        History {
            names,
            ..History::default()
        }
    }

    /// With the stages of the run.
    #[must_use]
    pub fn with_stages(self, stages: Vec<Span>) -> History {
        History { stages, ..self }
    }

    /// Adds a second that is over, with a sample, if there is one, for each process.
    pub fn add(&mut self, at: Duration, window: &Window, processes: Vec<Option<Sample>>) {
        let (then, counters, phases) =
            std::mem::replace(&mut self.before, (at, window.counters, window.phases));
        let counted = window.counters.since(&counters);
        // A second that reaches into two belongs to the one that has its middle.
        let middle = then + at.saturating_sub(then) / 2;
        let stage = self
            .stages
            .iter_mut()
            .find(|stage| (stage.from..stage.to).contains(&middle));
        if let Some(stage) = stage {
            let length = at.saturating_sub(then);
            stage.add(length, window, (&counters, &phases), &processes);
        }
        self.seconds.push(Second {
            at,
            phases: window.phases,
            counted,
            lag: window.lag.percentiles([50.0, 90.0, 99.0, 100.0]),
            service: window.service.percentiles([50.0, 99.0]),
            harness: window.harness.percentiles([50.0, 99.0]),
            processes,
            wanted: self.wanted,
        });
    }

    /// What each process cost; those that were never seen are left out.
    #[must_use]
    pub fn costs(&self) -> Vec<Cost> {
        let names = self.names.iter().enumerate();
        names.filter_map(|(at, name)| self.cost(at, name)).collect()
    }

    fn cost(&self, process: usize, name: &str) -> Option<Cost> {
        let mut seconds = Vec::new();
        let mut before = Duration::ZERO;
        for second in &self.seconds {
            if let Some(sample) = second.processes.get(process).copied().flatten() {
                seconds.push(((second.at - before).as_secs_f64(), sample));
            }
            before = second.at;
        }
        let (_, first) = seconds.first()?;
        let (_, last) = seconds.last()?;
        let span: f64 = seconds.iter().map(|(span, _)| span).sum();
        let mean = |value: fn(&Sample) -> f64| {
            let sum: f64 = seconds.iter().map(|(span, sample)| span * value(sample)).sum();
            sum / span.max(1e-9)
        };
        let samples = || seconds.iter().map(|(_, sample)| sample);
        let cores = mean(|sample| sample.cores);
        // A run ends within a second, and a moment of it says nothing of the time.
        let whole = seconds.iter().filter(|(span, _)| *span > 0.5);
        let busiest = whole.map(|(_, sample)| sample.cores);
        let mut pids: Vec<u32> = samples().map(|sample| sample.pid).collect();
        pids.dedup();
        Some(Cost {
            name: name.to_owned(),
            pids,
            cpu: Duration::from_secs_f64(cores * span),
            cores: [cores, busiest.fold(cores, f64::max)],
            rss: [
                first.rss,
                last.rss,
                samples().map(|sample| sample.rss).max().unwrap_or(0),
            ],
            threads: samples().map(|sample| sample.threads).max().unwrap_or(0),
            descriptors: samples().filter_map(|sample| sample.descriptors).max(),
            switches: [mean(|sample| sample.voluntary), mean(|sample| sample.involuntary)],
        })
    }

    /// A line of names, and a line for each second.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = self.columns().join(",") + "\n";
        for second in &self.seconds {
            let cells: Vec<String> = self.cells(second).iter().map(Cell::text).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }

    /// The same as `{"columns": […], "rows": [[…], …]}`.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows = self.seconds.iter().map(|second| {
            let cells = self.cells(second);
            cells.iter().map(Cell::value).collect::<Value>()
        });
        json!({ "columns": self.columns(), "rows": rows.collect::<Value>() })
    }

    fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = COLUMNS.split(',').map(str::to_owned).collect();
        for name in &self.names {
            columns.extend(PROCESS_COLUMNS.map(|column| format!("{name}_{column}")));
        }
        columns
    }

    fn cells(&self, second: &Second) -> Vec<Cell> {
        let phases = &second.phases;
        let counted = &second.counted;
        let mut cells = vec![Cell::Float(second.at.as_secs_f64())];
        let counts = [
            phases.of(Phase::Connecting).into(),
            phases.of(Phase::Connected).into(),
            phases.of(Phase::Welcome).into(),
            phases.of(Phase::Authing).into(),
            phases.of(Phase::Playing).into(),
            phases.of(Phase::Leaving).into(),
            phases.of(Phase::Resting).into(),
            phases.all_ended().into(),
            counted.sent,
            counted.answered,
            counted.lost,
            counted.late,
            counted.failed,
            counted.logins,
            counted.bytes_in,
            counted.bytes_out,
        ];
        cells.extend(counts.map(Cell::Count));
        cells.extend(Cell::of(second.lag));
        cells.extend(Cell::of(second.service));
        cells.extend(Cell::of(second.harness));
        cells.push(Cell::Count(second.wanted.into()));
        for at in 0..self.names.len() {
            match second.processes.get(at).copied().flatten() {
                None => cells.extend(PROCESS_COLUMNS.map(|_| Cell::Empty)),
                Some(sample) => cells.extend([
                    Cell::Count(sample.pid.into()),
                    Cell::Float(sample.cores),
                    Cell::Count(sample.rss),
                    Cell::Count(sample.threads.into()),
                    sample
                        .descriptors
                        .map_or(Cell::Empty, |count| Cell::Count(count.into())),
                    Cell::Float(sample.voluntary),
                    Cell::Float(sample.involuntary),
                ]),
            }
        }
        cells
    }
}

const COLUMNS: &str = "seconds,connecting,connected,welcome,authing,playing,leaving,resting,ended,sent,answered,lost,\
late,failed,logins,bytes_in,bytes_out,lag_p50_us,lag_p90_us,lag_p99_us,lag_max_us,service_p50_us,service_p99_us,\
harness_p50_us,harness_p99_us,wanted";
const PROCESS_COLUMNS: [&str; 7] = [
    "pid",
    "cores",
    "rss_bytes",
    "threads",
    "descriptors",
    "voluntary_switches_per_second",
    "involuntary_switches_per_second",
];

/// One value of a second.
enum Cell {
    Empty,
    Count(u64),
    Float(f64),
}

impl Cell {
    fn of<const N: usize>(points: Option<[u64; N]>) -> [Cell; N] {
        match points {
            Some(points) => points.map(Cell::Count),
            None => [(); N].map(|()| Cell::Empty),
        }
    }

    fn text(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Count(count) => count.to_string(),
            Cell::Float(value) => format!("{value:.3}"),
        }
    }

    fn value(&self) -> Value {
        match self {
            Cell::Empty => Value::Null,
            Cell::Count(count) => (*count).into(),
            // Three digits as in the table.
            Cell::Float(value) => ((value * 1000.0).round() / 1000.0).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(pid: u32, cores: f64, rss: u64) -> Option<Sample> {
        Some(Sample {
            pid,
            cores,
            cpu: Duration::ZERO,
            rss,
            threads: 4,
            descriptors: None,
            voluntary: 10.0,
            involuntary: 1.0,
        })
    }

    fn two_seconds() -> History {
        let mut window = Window {
            phases: Phases::new(3),
            ..Window::default()
        };
        window.counters.sent = 5;
        window.lag.record(2_000_000);
        let mut history = History::new(vec!["server".into()]);
        history.add(Duration::from_secs(1), &window, vec![sample(7, 0.5, 100)]);
        window.counters.sent = 7;
        window.restart();
        history.add(Duration::from_secs(2), &window, vec![None]);
        history.add(Duration::from_secs(4), &window, vec![sample(8, 0.25, 80)]);
        history
    }

    #[test]
    fn a_second_has_a_value_for_each_column() {
        let text = two_seconds().csv();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
        let column = |row: usize, name: &str| {
            let at = rows[0].iter().position(|head| *head == name);
            rows[row][at.expect("a column")]
        };
        assert_eq!((column(1, "sent"), column(2, "sent")), ("5", "2"));
        assert_eq!((column(1, "lag_p99_us"), column(2, "lag_p99_us")), ("2000", ""));
        assert_eq!(
            (
                column(1, "server_cores"),
                column(2, "server_cores"),
                column(3, "server_pid")
            ),
            ("0.500", "", "8")
        );
        let json = two_seconds().json();
        assert_eq!(json["columns"].as_array().map(Vec::len), Some(rows[0].len()));
        assert_eq!(json["rows"][1][9], 2, "the same order");
    }

    #[test]
    fn a_cost_is_of_the_seconds_that_were_seen() {
        let costs = two_seconds().costs();
        // 0.5 cores for one second and 0.25 for two.
        assert_eq!(costs.len(), 1);
        assert_eq!(costs[0].cpu, Duration::from_secs(1));
        assert!((costs[0].cores[0] - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!((costs[0].rss, &costs[0].pids[..]), ([100, 80, 100], &[7, 8][..]));
        assert!(History::new(vec!["server".into()]).costs().is_empty());
    }
}
