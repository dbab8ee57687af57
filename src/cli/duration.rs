//! Durations on the command line.

use std::time::Duration;

/// Such as 0.5, 500ms, 2s or 1m.
pub(super) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let (number, seconds) = [("ms", 1e-3), ("m", 60.0), ("s", 1.0)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .unwrap_or((text, 1.0));
    number
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|number| *number > 0.0)
        .and_then(|number| Duration::try_from_secs_f64(number * seconds).ok())
        .filter(|time| *time < Duration::from_secs(1 << 32))
        .ok_or_else(|| "it is a number of seconds above 0, such as 0.5, or 500ms".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_have_a_unit() {
        for (text, expected) in [
            ("2", Some(2000)),
            ("0.5", Some(500)),
            ("300ms", Some(300)),
            ("1m", Some(60_000)),
            ("0", None),
            ("-1", None),
            ("nan", None),
            ("1e300", None),
            ("s", None),
        ] {
            let time = parse_seconds(text).ok().map(|time| time.as_millis());
            assert_eq!(time, expected, "{text}");
        }
    }
}
