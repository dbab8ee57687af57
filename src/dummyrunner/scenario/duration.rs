//! Durations as people write them in scenarios and on the command line: `30s`, `500ms`, `1m30s`, `2.5`.

use std::time::Duration;

const UNITS: [(&str, f64); 5] = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Reads numbers with units (`us`, `ms`, `s`, `m`, `h`), one after the other; a bare number is seconds.
///
/// ```
/// use prof::dummyrunner::scenario::duration;
/// assert_eq!(duration::parse("1m30s").map(|time| time.as_secs()), Ok(90));
/// ```
///
/// # Errors
/// What is wrong with it, for people.
pub fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is no duration such as 30s, 500ms or 1m30s");
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        let tail = &rest[digits..];
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let unit = match &tail[..letters] {
            "" if digits == text.trim().len() => 1.0,
            unit => {
                let found = UNITS.iter().find(|(name, _)| *name == unit);
                found.ok_or_else(bad)?.1
            }
        };
        seconds += number * unit;
        rest = tail[letters..].trim_start();
    }
    // A year is longer than any run, and far below what a `Duration` or our nanoseconds can hold.
    if seconds > 366.0 * 86400.0 {
        return Err(format!("`{text}` is longer than a year"));
    }
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

/// The shortest text that [`parse`] reads as the same duration.
#[must_use]
pub fn show(time: Duration) -> String {
    let nanos = time.as_nanos();
    match nanos {
        0 => "0s".into(),
        _ if nanos.is_multiple_of(3_600_000_000_000) => format!("{}h", nanos / 3_600_000_000_000),
        _ if nanos.is_multiple_of(60_000_000_000) => format!("{}m", nanos / 60_000_000_000),
        _ if nanos.is_multiple_of(1_000_000_000) => format!("{}s", nanos / 1_000_000_000),
        _ if nanos.is_multiple_of(1_000_000) => format!("{}ms", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1000) => format!("{}us", nanos / 1000),
        _ => format!("{}.{:03}us", nanos / 1000, nanos % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse(text).ok(), expected.map(Duration::from_micros), "{text}");
    }

    #[test]
    fn numbers_with_units_and_bare_seconds() {
        check("30s", Some(30_000_000));
        check("500ms", Some(500_000));
        check("1m30s", Some(90_000_000));
        check("1h 1m", Some(3_660_000_000));
        check("2.5", Some(2_500_000));
        check("10us", Some(10));
        check("0", Some(0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", " ", "s", "1x", "1s2", "-1s", "1..2s", "1e3", "inf", "NaN", "9999999h", "1 2", "\u{661}s",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(nanos in 0..10_000_000_000_000u64) {
            for nanos in [nanos, nanos / 1000 * 1000, nanos / 1_000_000_000 * 1_000_000_000] {
                let time = Duration::from_nanos(nanos);
                prop_assert_eq!(parse(&show(time)), Ok(time));
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
