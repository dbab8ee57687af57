//! What fixed mode found, in words.

use super::units::{self, Unit, counted};
use crate::python::text::shown;
use crate::timeit::findings::of_nothing;
use crate::timeit::fixed::Fixed;
use crate::timeit::results::Metric;
use crate::timeit::rise;
use crate::timeit::session::{Case, Growth, Progress, Runtime, Sample};

/// How figures are printed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Which time counts.
    pub metric: Metric,
    /// The unit of times per loop; without it the one that fits.
    pub unit: Option<Unit>,
    /// More digits, and every sample.
    pub verbose: bool,
}

impl Style {
    fn digits(self) -> usize {
        if self.verbose { 6 } else { 3 }
    }

    fn total(self, seconds: f64) -> String {
        units::time(seconds, self.digits() + 1, None)
    }

    fn per_loop(self, seconds: f64) -> String {
        units::time(seconds, self.digits(), self.unit)
    }
}

/// Best, middle and worst of some samples, seconds for all loops.
struct Spread {
    best: f64,
    median: f64,
    worst: f64,
}

impl Spread {
    fn of(times: &[f64]) -> Option<Spread> {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        Some(Spread {
            best: *times.first()?,
            median: *times.get(times.len() / 2)?,
            worst: *times.last()?,
        })
    }
}

/// The report of all cases: each by its name, unless they differ only in whether the garbage collector runs.
#[must_use]
pub fn text(fixed: &Fixed, cases: &[Case], runtime: &Runtime, style: Style) -> String {
    let mut text = String::new();
    let mut bests = Vec::new();
    let are_one = matches!(cases, [off, on] if differ_in_collector(off, on));
    for (index, case) in cases.iter().enumerate() {
        let samples: Vec<&Sample> = fixed
            .samples
            .iter()
            .filter(|sample| sample.row.case == index)
            .collect();
        let Some(first) = samples.first() else { continue };
        let loops = first.row.loops;
        let label = match (cases.len(), case.collect_garbage) {
            (1, _) => String::new(),
            (_, false) if are_one => "gc off  ".into(),
            (_, true) if are_one => "gc on   ".into(),
            _ => format!("{}  ", shown(case.name.as_bytes())),
        };
        let times: Vec<f64> = samples
            .iter()
            .map(|sample| style.metric.of(sample).as_secs_f64())
            .collect();
        let Some(spread) = Spread::of(&times) else {
            continue;
        };
        bests.push(spread.best / loops.max(1) as f64);
        let what = match style.metric {
            Metric::Wall => "total",
            Metric::Cpu => "processor time",
        };
        let what = match times.len() {
            1 => what.to_owned(),
            count => format!("best {what} of {count}:"),
        };
        let line = format!(
            "{label}{what} {} for {}",
            style.total(spread.best),
            counted(loops, "loop")
        );
        let per_loop = format!("{} per loop", style.per_loop(spread.best / loops.max(1) as f64));
        text += &format!("{line:<40} {per_loop:<20} {runtime}\n");
        if times.len() > 1 {
            text += &format!(
                "  median {} per loop, worst {}\n",
                style.per_loop(spread.median / loops.max(1) as f64),
                style.per_loop(spread.worst / loops.max(1) as f64)
            );
        }
        if style.verbose {
            let times: Vec<String> = times.iter().map(|&seconds| style.total(seconds)).collect();
            text += &format!("  totals: {}\n", times.join(", "));
        }
        // The clock is too coarse for a few loops; and a busy machine makes all loops slower on the wall.
        let used = |sample: &&Sample| sample.cpu.unwrap_or(sample.wall).as_secs_f64();
        let used = samples.iter().map(used).fold(f64::INFINITY, f64::min);
        if let Some(what) = of_nothing(used / loops as f64).filter(|_| loops >= 1000) {
            text += &format!("  {what}\n");
        }
        text += &rise_of(fixed, index, &samples, style);
    }
    if let ([off, on], true) = (&bests[..], are_one) {
        let (off, on) = (*off, *on);
        text += &collector(off, on, style);
    }
    text
}

/// Is it the same code, first without the garbage collector and then with it?
fn differ_in_collector(off: &Case, on: &Case) -> bool {
    let code = |case: &Case| (case.statement.clone(), case.setup.clone());
    (off.collect_garbage, on.collect_garbage) == (false, true) && code(off) == code(on)
}

/// How the collector changes the time per loop.
fn collector(off: f64, on: f64, style: Style) -> String {
    let percent = (on / off - 1.0) * 100.0;
    let more = style.per_loop((on - off).abs());
    if !percent.is_finite() {
        return String::new();
    }
    let what = if on >= off { "more" } else { "less" };
    format!("  with the garbage collector {more} per loop {what} ({percent:+.1}%)\n")
}

/// Whether the time per loop rose, in the sample in which it rose most, and what grew meanwhile.
fn rise_of(fixed: &Fixed, case: usize, samples: &[&Sample], style: Style) -> String {
    let rises = fixed
        .looks
        .iter()
        .filter(|looks| looks.first().is_some_and(|look| look.row.case == case))
        .filter_map(|looks| rise::find(looks, None));
    let Some(rise) = rises.max_by(|a, b| (a.to / a.from).total_cmp(&(b.to / b.from))) else {
        return String::new();
    };
    let growth = fixed.growth.get(case).and_then(Option::as_ref);
    let why = match growth {
        Some(growth) => grows(growth),
        None if samples.len() > 1 => {
            "nothing that is seen to grow explains it; perhaps the machine became slower".into()
        }
        None => "nothing that is seen to grow explains it; -r 3 tells whether it is the code or the machine"
            .into(),
    };
    format!(
        "  the time per loop rose from {} to {} during the run: {why}\n",
        style.per_loop(rise.from),
        style.per_loop(rise.to)
    )
}

fn grows(growth: &Growth) -> String {
    let more = growth.after.saturating_sub(growth.before);
    let each = more as f64 / growth.loops.max(1) as f64;
    let each = match each {
        each if each >= 1000.0 => units::count(each as u64),
        each if each.fract() == 0.0 => format!("{each:.0}"),
        each => units::significant(each, 2),
    };
    let items = if each == "1" { "item" } else { "items" };
    format!("`{}` grows by {each} {items} a loop", growth.name)
}

/// What is known of a sample that did not end.
#[must_use]
pub fn partial(running: &Progress, style: Style) -> String {
    let time = style.metric.of_progress(running).as_secs_f64();
    let of = format!(
        "{} of {}",
        units::count(running.done),
        counted(running.row.loops, "loop")
    );
    match running.done {
        0 => format!("stopped after {of} in {}\n", style.total(time)),
        done => format!(
            "stopped after {of} in {}: {} per loop\n",
            style.total(time),
            style.per_loop(time / done as f64)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;
    use crate::timeit::session::Row;
    use std::path::PathBuf;
    use std::time::Duration;

    fn runtime() -> Runtime {
        Runtime {
            implementation: "CPython".into(),
            version: "3.11.7".into(),
            executable: PathBuf::new(),
        }
    }

    fn sample(case: usize, milliseconds: u64) -> Sample {
        let row = Row {
            case,
            loops: 1_000_000,
        };
        Sample {
            process_cpu: Some(Duration::from_millis(milliseconds / 2)),
            ..fake::sample(row, Duration::from_millis(milliseconds))
        }
    }

    fn check(fixed: &Fixed, cases: usize, style: Style, expected: &str) {
        let cases: Vec<Case> = (0..cases)
            .map(|case| Case {
                collect_garbage: case == 1,
                ..Case::default()
            })
            .collect();
        assert_eq!(text(fixed, &cases, &runtime(), style), expected);
    }

    #[test]
    fn one_sample_is_a_line() {
        let mut fixed = Fixed {
            samples: vec![sample(0, 4512)],
            ..Fixed::default()
        };
        check(
            &fixed,
            1,
            Style::default(),
            "total 4.512 s for 1,000,000 loops        4.51 us per loop     CPython 3.11.7\n",
        );
        let style = Style {
            metric: Metric::Cpu,
            unit: Some(Unit::Nanoseconds),
            verbose: true,
        };
        fixed.samples.push(sample(0, 5000));
        check(
            &fixed,
            1,
            style,
            "best processor time of 2: 2.256000 s for 1,000,000 loops 2256.00 ns per loop  CPython 3.11.7\n  \
             median 2500.00 ns per loop, worst 2500.00 ns\n  totals: 2.256000 s, 2.500000 s\n",
        );
    }

    #[test]
    fn the_collector_is_compared() {
        let fixed = Fixed {
            samples: vec![sample(0, 4000), sample(1, 5000)],
            ..Fixed::default()
        };
        check(
            &fixed,
            2,
            Style::default(),
            "gc off  total 4.000 s for 1,000,000 loops 4.00 us per loop     CPython 3.11.7\n\
             gc on   total 5.000 s for 1,000,000 loops 5.00 us per loop     CPython 3.11.7\n  \
             with the garbage collector 1.00 us per loop more (+25.0%)\n",
        );
    }

    #[test]
    fn cases_with_equal_statements_are_not_the_collector() {
        let fixed = Fixed {
            samples: vec![sample(0, 4000), sample(1, 5000)],
            ..Fixed::default()
        };
        let cases = ["1", "2"].map(|n| Case {
            name: format!("n = {n}"),
            setup: format!("d = [{n}]"),
            statement: "sum(d)".into(),
            ..Case::default()
        });
        assert_eq!(
            text(&fixed, &cases, &runtime(), Style::default()),
            "n = 1  total 4.000 s for 1,000,000 loops 4.00 us per loop     CPython 3.11.7\n\
             n = 2  total 5.000 s for 1,000,000 loops 5.00 us per loop     CPython 3.11.7\n"
        );
    }

    #[test]
    fn a_rise_names_what_grows() {
        let row = sample(0, 0).row;
        let mut look = Progress {
            row,
            done: 0,
            elapsed: Duration::ZERO,
            process_cpu: Duration::ZERO,
        };
        let looks = (1..10_u32).map(|piece| {
            look.done += 1000;
            look.elapsed += Duration::from_millis(10) * piece;
            look.process_cpu = look.elapsed;
            look
        });
        let mut fixed = Fixed {
            samples: vec![sample(0, 4512)],
            looks: vec![looks.collect()],
            growth: vec![Some(Growth {
                name: "a".into(),
                before: 1,
                after: 100_000_001,
                loops: 1_000_000,
            })],
            stop: None,
        };
        let line = "total 4.512 s for 1,000,000 loops        4.51 us per loop     CPython 3.11.7\n";
        let rose = "  the time per loop rose from 20.0 us to 80.0 us during the run: ";
        check(
            &fixed,
            1,
            Style::default(),
            &format!("{line}{rose}`a` grows by 100 items a loop\n"),
        );
        fixed.growth.clear();
        let unknown =
            "nothing that is seen to grow explains it; -r 3 tells whether it is the code or the machine\n";
        check(&fixed, 1, Style::default(), &format!("{line}{rose}{unknown}"));
    }

    #[test]
    fn a_sample_that_did_not_end_has_a_rate() {
        let running = |done| Progress {
            row: Row {
                case: 0,
                loops: 1_000_000,
            },
            done,
            elapsed: Duration::from_millis(2050),
            process_cpu: Duration::from_millis(1025),
        };
        assert_eq!(
            partial(&running(500_000), Style::default()),
            "stopped after 500,000 of 1,000,000 loops in 2.050 s: 4.10 us per loop\n"
        );
        assert_eq!(
            partial(&running(0), Style::default()),
            "stopped after 0 of 1,000,000 loops in 2.050 s\n"
        );
    }
}
