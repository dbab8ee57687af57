//! While a program runs: what it costs at each snapshot, a line each, on a terminal that it leaves to lines.

use super::summary::{seconds, size};
use crate::process::{Meter, Sample, Source};
use crate::record::status::Dump;
use crate::timeit::report::units::counted;
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::io::IsTerminal as _;
use std::time::Duration;

/// The shortest time between two lines: they stand among what the program prints.
const LINE: Duration = Duration::from_secs(10);
/// How often the memory is looked at.
pub(super) const LOOK: Duration = Duration::from_secs(2);

/// One program.
pub(super) struct Live {
    process: u32,
    meter: Meter,
    /// When its memory was looked at last.
    looked: Duration,
    before: Option<Before>,
}

/// The line before, or the first look.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Before {
    at: Duration,
    cpu: Duration,
    rss: u64,
}

impl Before {
    fn of(at: Duration, sample: &Sample) -> Before {
        Before {
            at,
            cpu: sample.cpu,
            rss: sample.rss,
        }
    }
}

impl Live {
    pub(super) fn new(process: u32) -> Live {
        let mut meter = Meter::new(Source::Pid(process));
        // It measures from here on.
        meter.sample(Duration::ZERO);
        Live {
            process,
            meter,
            looked: Duration::ZERO,
            before: None,
        }
    }

    /// The program's memory, if it is time to look at it; `at` is the time since its start.
    pub(super) fn memory(&mut self, at: Duration) -> Option<u64> {
        if at < self.looked + LOOK {
            return None;
        }
        self.looked = at;
        let sample = self.meter.sample(at)?;
        self.before.get_or_insert_with(|| Before::of(at, &sample));
        Some(sample.rss)
    }

    /// The line for a snapshot, if it is time for one.
    pub(super) fn snapshot(&mut self, dump: &Dump, at: Duration) -> Option<String> {
        let before = self.before?;
        if !dump.is_snapshot || dump.process != self.process || at < before.at + LINE || !takes_lines() {
            return None;
        }
        let sample = self.meter.sample(at)?;
        let now = Before::of(at, &sample);
        self.before = Some(now);
        Some(line(before, now, dump))
    }
}

/// Is standard error a terminal on which a line more does no harm? Programs that draw on it, and those that ask for a
/// password, take it out of its usual state.
fn takes_lines() -> bool {
    let stderr = std::io::stderr();
    stderr.is_terminal()
        && tcgetattr(&stderr)
            .is_ok_and(|state| state.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO))
}

fn line(before: Before, now: Before, dump: &Dump) -> String {
    let passed = now.at.saturating_sub(before.at).as_secs_f64();
    let cpu = now.cpu.saturating_sub(before.cpu).as_secs_f64() / passed.max(1e-3);
    let change = if now.rss >= before.rss {
        format!("+{}", size(now.rss - before.rss))
    } else {
        format!("-{}", size(before.rss - now.rss))
    };
    format!(
        "{:.0} s: CPU {:.0}% of a core, memory {} ({change}); {} in {}, {} for the snapshot",
        now.at.as_secs_f64(),
        cpu * 100.0,
        size(now.rss),
        counted(dump.functions, "function"),
        dump.path.display(),
        seconds(dump.took)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::cost::{Prices, Work};

    #[test]
    fn a_line_tells_what_happened_since_the_one_before() {
        let dump = Dump {
            process: 1,
            is_snapshot: true,
            functions: 41_200,
            bytes: 1,
            took: Duration::from_micros(12_300),
            held: Duration::ZERO,
            memory: 0,
            peak: 0,
            prices: Prices::default(),
            work: Work::default(),
            path: "/srv/app.prof".into(),
        };
        let before = Before {
            at: Duration::from_secs(60),
            cpu: Duration::from_secs(50),
            rss: 200 << 20,
        };
        let now = Before {
            at: Duration::from_secs(90),
            cpu: Duration::from_millis(78_800),
            rss: 212 << 20,
        };
        assert_eq!(
            line(before, now, &dump),
            "90 s: CPU 96% of a core, memory 212.0 MiB (+12.0 MiB); 41,200 functions in /srv/app.prof, 12.3 ms for the snapshot"
        );
        assert!(
            line(
                now,
                Before {
                    rss: 100 << 20,
                    ..now
                },
                &dump
            )
            .contains("memory 100.0 MiB (-112.0 MiB)")
        );
    }
}
