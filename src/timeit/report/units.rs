//! Times with units, and counts, for people.

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// All, the shortest first.
    pub const ALL: [Unit; 4] = [
        Unit::Nanoseconds,
        Unit::Microseconds,
        Unit::Milliseconds,
        Unit::Seconds,
    ];

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        match self {
            Unit::Nanoseconds => 1e-9,
            Unit::Microseconds => 1e-6,
            Unit::Milliseconds => 1e-3,
            Unit::Seconds => 1.0,
        }
    }

    /// Such as `us`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "ns",
            Unit::Microseconds => "us",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
        }
    }

    /// The largest in which a time is at least 1, after rounding to so many digits.
    #[must_use]
    pub fn of(seconds: f64, digits: usize) -> Unit {
        let rounded = round(seconds.abs(), digits);
        let fits = |unit: &&Unit| rounded >= unit.seconds() * (1.0 - 1e-9);
        Unit::ALL.iter().rfind(fits).copied().unwrap_or(Unit::Nanoseconds)
    }
}

fn round(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1))
        .parse()
        .unwrap_or(value)
}

/// A time with so many significant digits, in a unit or the one that fits: `4.51 us`.
#[must_use]
pub fn time(seconds: f64, digits: usize, unit: Option<Unit>) -> String {
    let unit = unit.unwrap_or_else(|| Unit::of(seconds, digits));
    format!(
        "{} {}",
        significant(seconds / unit.seconds(), digits),
        unit.name()
    )
}

/// A number with so many significant digits, but all that stand before the point: `4.51`, `12346`, `0.00123`.
#[must_use]
pub fn significant(value: f64, digits: usize) -> String {
    let rounded = round(value, digits);
    if rounded == 0.0 || !rounded.is_finite() {
        return format!("{rounded}");
    }
    let before = rounded.abs().log10().floor() as i64 + 1;
    let after = usize::try_from(digits as i64 - before).unwrap_or(0);
    format!("{value:.after$}")
}

/// A count with its thousands set apart: `1,000,000`.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 loop`, `2,000 loops`.
#[must_use]
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: f64, digits: usize, expected: &str) {
        assert_eq!(time(seconds, digits, None), expected);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        check(4.512e-6, 3, "4.51 us");
        check(4.512, 4, "4.512 s");
        check(999.4e-9, 3, "999 ns");
        check(999.6e-9, 3, "1.00 us");
        check(1e-3, 3, "1.00 ms");
        check(123.456, 3, "123 s");
        check(12345.6, 3, "12346 s");
        check(1.234e-12, 3, "0.00123 ns");
        check(0.0, 3, "0 ns");
        assert_eq!(time(0.0012, 3, Some(Unit::Seconds)), "0.00120 s");
    }

    #[test]
    fn counts_have_their_thousands_set_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expected);
        }
        assert_eq!(counted(1, "loop"), "1 loop");
        assert_eq!(counted(0, "loop"), "0 loops");
    }
}
