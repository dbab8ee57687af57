//! Axes: from values to places, and which values get a line and a number.

/// What an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    /// Microseconds.
    Micros,
    /// Processors, shown in percent of one.
    Cores,
    Bytes,
}

/// From values to a place between 0 and 1.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    /// Values with a line.
    pub(super) ticks: Vec<f64>,
}

impl Unit {
    /// The word that the script knows it by.
    pub(super) fn word(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Micros => "micros",
            Unit::Cores => "cores",
            Unit::Bytes => "bytes",
        }
    }

    /// A round value at a tick.
    pub(super) fn tick(self, value: f64) -> String {
        match self {
            Unit::Count => thousands(value),
            Unit::Micros if value >= 1e6 => format!("{} s", plain(value / 1e6)),
            Unit::Micros if value >= 1e3 => format!("{} ms", plain(value / 1e3)),
            Unit::Micros => format!("{} us", plain(value)),
            Unit::Cores => format!("{}%", plain(value * 100.0)),
            Unit::Bytes => format!("{} MB", plain(value / 1e6)),
        }
    }
}

impl Scale {
    /// From 0 up to at least `most`, in round steps.
    pub(super) fn linear(most: f64, unit: Unit) -> Scale {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        let mut step = nice(most / 4.0);
        if unit == Unit::Count {
            step = step.max(1.0);
        }
        let count = (most / step - 1e-9).ceil().max(1.0);
        Scale {
            low: 0.0,
            high: step * count,
            is_log: false,
            ticks: (0..=count as u32).map(|at| f64::from(at) * step).collect(),
        }
    }

    /// In powers of ten, around what is above 0.
    pub(super) fn log(values: impl Iterator<Item = f64>) -> Scale {
        let ends = values
            .filter(|value| value.is_finite() && *value > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = if ends.1 > 0.0 { ends } else { (1000.0, 10_000.0) };
        let first = (low.log10() + 1e-9).floor() as i32;
        let last = ((high.log10() - 1e-9).ceil() as i32).max(first + 1);
        let decades = last - first;
        let mut ticks = Vec::new();
        for power in first..=last {
            let value = 10_f64.powi(power);
            ticks.push(value);
            if decades <= 2 && power < last {
                ticks.extend([2.0 * value, 5.0 * value]);
            }
        }
        Scale {
            low: 10_f64.powi(first),
            high: 10_f64.powi(last),
            is_log: true,
            ticks,
        }
    }

    /// Between two ends, with these ticks.
    pub(super) fn between(low: f64, high: f64, ticks: Vec<f64>) -> Scale {
        Scale {
            low,
            high: if high > low { high } else { low + 1.0 },
            is_log: false,
            ticks,
        }
    }

    /// Around these, in round steps, not from 0.
    pub(super) fn around(low: f64, high: f64) -> Scale {
        let step = nice((high - low).max(1.0) / 6.0).max(1.0);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let last = last.max(first + 1.0);
        let ticks = (0..=(last - first) as u32).map(|at| (first + f64::from(at)) * step);
        Scale::between(first * step, last * step, ticks.collect())
    }

    /// Time from 0, in steps that clocks have.
    pub(super) fn time(end: f64) -> Scale {
        const STEPS: [f64; 16] = [
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
            14_400.0, 21_600.0,
        ];
        let end = end.max(1.0);
        let step = STEPS.into_iter().find(|step| end / step <= 12.0);
        let step = step.unwrap_or_else(|| (end / 12.0 / 86_400.0).ceil() * 86_400.0);
        let count = (end / step + 1e-9).floor() as u32;
        Scale::between(0.0, end, (0..=count).map(|at| f64::from(at) * step).collect())
    }

    /// Where a value stands, from 0 to 1; what is outside stands at the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, 20, … that is not below.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|step| step * power >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// A time since the start: `42 s`, `1:05`, `2:00:00`.
pub(super) fn clock(seconds: f64, end: f64) -> String {
    let whole = seconds.round() as u64;
    if end < 60.0 {
        format!("{whole} s")
    } else if end < 3600.0 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
    }
}

/// Without zeros that say nothing.
fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole number in groups of three digits.
pub(super) fn thousands(value: f64) -> String {
    if value.fract().abs() > 1e-6 {
        return plain(value);
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scale: &Scale, unit: Unit, expected: &[&str]) {
        let ticks: Vec<String> = scale.ticks.iter().map(|tick| unit.tick(*tick)).collect();
        assert_eq!(ticks, expected);
        assert!(
            scale
                .ticks
                .iter()
                .all(|tick| (0.0..=1.0).contains(&scale.place(*tick)))
        );
    }

    #[test]
    fn ticks_are_round() {
        check(
            &Scale::linear(97.0, Unit::Count),
            Unit::Count,
            &["0", "50", "100"],
        );
        check(&Scale::linear(2.0, Unit::Count), Unit::Count, &["0", "1", "2"]);
        check(&Scale::linear(0.0, Unit::Count), Unit::Count, &["0", "1"]);
        check(
            &Scale::linear(1.2, Unit::Cores),
            Unit::Cores,
            &["0%", "50%", "100%", "150%"],
        );
        check(
            &Scale::linear(f64::NAN, Unit::Bytes).clone(),
            Unit::Count,
            &["0", "0.5", "1"],
        );
        check(
            &Scale::log([300.0, 20_000.0].into_iter()),
            Unit::Micros,
            &["100 us", "1 ms", "10 ms", "100 ms"],
        );
        check(
            &Scale::log([2_000_000.0].into_iter()),
            Unit::Micros,
            &["1 s", "2 s", "5 s", "10 s"],
        );
        check(
            &Scale::around(303.0, 320.0),
            Unit::Count,
            &["300", "305", "310", "315", "320"],
        );
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }

    #[test]
    fn times_are_those_of_a_clock() {
        let shown = |end: f64| {
            let ticks = Scale::time(end).ticks;
            ticks.iter().map(|tick| clock(*tick, end)).collect::<Vec<_>>()
        };
        assert_eq!(shown(10.0).last().map(String::as_str), Some("10 s"));
        assert_eq!(shown(600.0)[1..3], ["1:00", "2:00"]);
        assert_eq!(shown(86_400.0)[1], "2:00:00");
        assert!(shown(9e6).len() <= 14);
        assert_eq!(shown(0.0), ["0 s", "1 s"]);
    }

    #[test]
    fn places_follow_the_scale() {
        let log = Scale::log([10.0, 1000.0].into_iter());
        assert!((log.place(100.0) - 0.5).abs() < 1e-9);
        assert_eq!((log.place(0.0), log.place(1e9)), (0.0, 1.0));
    }
}
