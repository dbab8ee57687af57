//! What is told of commands beside their time.

use super::units::{count, counted, significant, time};
use crate::statistics::Samples;
use crate::timeit::results::{Kind, Results, Side, Taken};
use crate::timeit::usage::{Counter, Usage};

/// Something that is known of every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The mean time with its standard deviation.
    Mean,
    /// The longest time.
    Max,
    /// Processor time in all.
    Cpu,
    /// Processor time in its own code.
    User,
    /// Processor time in the system's.
    System,
    /// Peak memory.
    Memory,
    /// Page faults.
    Faults,
    /// Times it waited, and times it was interrupted.
    Switches,
    /// What the processor counted.
    Counter(Counter),
}

/// What is told where nothing is asked for.
pub const DEFAULT: [Column; 7] = [
    Column::Mean,
    Column::Max,
    Column::User,
    Column::System,
    Column::Memory,
    Column::Faults,
    Column::Switches,
];

impl Column {
    /// All.
    pub fn all() -> impl Iterator<Item = Column> {
        let more = std::iter::once(Column::Cpu).chain(Counter::ALL.map(Column::Counter));
        DEFAULT.into_iter().chain(more)
    }

    /// As options call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Column::Mean => "mean",
            Column::Max => "max",
            Column::Cpu => "cpu",
            Column::User => "user",
            Column::System => "system",
            Column::Memory => "memory",
            Column::Faults => "faults",
            Column::Switches => "switches",
            Column::Counter(counter) => counter.name(),
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Column> {
        Column::all().find(|column| column.name() == name)
    }
}

/// What all runs of a command have in common, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Runs {
    /// The mean time.
    pub mean: f64,
    /// The longest.
    pub max: f64,
    /// The mean processor time in its own code.
    pub user: f64,
    /// The mean processor time in the system's.
    pub system: f64,
}

impl Runs {
    /// Those of a command; `None` if there are none, or they are no processes.
    #[must_use]
    pub fn of(results: &Results, side: Side) -> Option<Runs> {
        let runs = runs(results, side);
        let values = |value: &dyn Fn(&Taken, &Usage) -> f64| {
            Samples::new(runs.iter().map(|(taken, usage)| value(taken, usage)).collect())
        };
        let wall = values(&|taken, _| taken.wall())?;
        Some(Runs {
            mean: wall.mean(),
            max: wall.max(),
            user: values(&|_, usage| usage.user.as_secs_f64())?.mean(),
            system: values(&|_, usage| usage.system.as_secs_f64())?.mean(),
        })
    }
}

fn runs(results: &Results, side: Side) -> Vec<(&Taken, Usage)> {
    results
        .runs_of(side.runtime)
        .flat_map(|run| run.of(Kind::Timed, side.case))
        .filter_map(|taken| Some((taken, taken.sample.usage?)))
        .collect()
}

/// A line on the runs of a command; `None` if there are none, or they are no processes.
#[must_use]
pub fn line(results: &Results, side: Side, columns: &[Column]) -> Option<String> {
    let columns = if columns.is_empty() { &DEFAULT } else { columns };
    let runs = runs(results, side);
    if runs.is_empty() {
        return None;
    }
    let parts: Vec<String> = columns.iter().filter_map(|&column| part(&runs, column)).collect();
    Some(parts.join(", "))
}

fn part(runs: &[(&Taken, Usage)], column: Column) -> Option<String> {
    let values = |value: &dyn Fn(&Taken, &Usage) -> f64| {
        Samples::new(runs.iter().map(|(taken, usage)| value(taken, usage)).collect())
    };
    let wall = values(&|taken, _| taken.wall())?;
    Some(match column {
        Column::Mean if wall.len() > 1 => format!(
            "mean {} ± {}",
            time(wall.mean(), 4, None),
            time(wall.deviation(), 2, None)
        ),
        Column::Mean => format!("mean {}", time(wall.mean(), 4, None)),
        Column::Max => format!("max {}", time(wall.max(), 4, None)),
        Column::Cpu => {
            let both = values(&|_, usage| (usage.user + usage.system).as_secs_f64())?;
            format!("cpu {}", time(both.mean(), 3, None))
        }
        Column::User => {
            let user = values(&|_, usage| usage.user.as_secs_f64())?;
            format!("user {}", time(user.mean(), 3, None))
        }
        Column::System => {
            let system = values(&|_, usage| usage.system.as_secs_f64())?;
            format!("system {}", time(system.mean(), 3, None))
        }
        Column::Memory => match values(&|taken, _| taken.sample.peak_memory as f64)?.max() {
            // The system tells only what is above the memory that prof itself has.
            0.0 => "memory less than prof itself".into(),
            most => format!("memory {}", bytes(most)),
        },
        Column::Faults => {
            let faults = values(&|taken, _| taken.sample.faults as f64)?;
            counted(faults.median().round() as u64, "fault")
        }
        Column::Switches => {
            let waits = values(&|taken, _| taken.sample.voluntary_switches as f64)?;
            let interruptions = values(&|taken, _| taken.sample.involuntary_switches.unwrap_or(0) as f64)?;
            format!(
                "{}, {}",
                counted(waits.median().round() as u64, "wait"),
                counted(interruptions.median().round() as u64, "interruption")
            )
        }
        Column::Counter(counter) => {
            let counts = runs.iter().filter_map(|(_, usage)| usage.counters.get(counter));
            let counts = Samples::new(counts.map(|count| count as f64).collect())?;
            format!("{} {}", large(counts.median()), counter.name())
        }
    })
}

/// Bytes in a unit that fits.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let power = (bytes.max(1.0).log2() / 10.0).floor().min(4.0);
    format!(
        "{} {}",
        significant(bytes / 1024_f64.powf(power), 3),
        units[power as usize]
    )
}

/// A large count with a letter, such as `1.25M`.
fn large(number: f64) -> String {
    match number {
        ..1e4 => count(number.round() as u64),
        ..1e6 => format!("{}k", significant(number / 1e3, 4)),
        ..1e9 => format!("{}M", significant(number / 1e6, 4)),
        _ => format!("{}G", significant(number / 1e9, 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_unit_that_fits() {
        for (number, expected) in [
            (0.0, "0 bytes"),
            (512.0, "512 bytes"),
            (1536.0, "1.50 KiB"),
            (3_145_728.0, "3.00 MiB"),
            (2e12, "1.82 TiB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
    }

    #[test]
    fn counts_are_short() {
        for (number, expected) in [
            (12.4, "12"),
            (9999.0, "9,999"),
            (123_456.0, "123.5k"),
            (2.5e9, "2.500G"),
        ] {
            assert_eq!(large(number), expected);
        }
    }
}
