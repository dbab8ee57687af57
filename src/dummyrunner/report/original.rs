//! The lines that Evennia's own Dummyrunner prints, for scripts that read them and eyes that know them.
//!
//! Source: its behaviour in 5.0.1. The figures are ours: commands sent instead of chunks received, and lags from the
//! intended send.

use super::super::dummy::{Told, What};
use super::super::metrics::{Counters, Lags, Phase, Window};
use super::Report;
use std::time::Duration;

/// Gauges that run along with what is told of all dummies.
#[derive(Debug)]
pub struct Lines {
    dummies: u32,
    connected: i64,
    welcome: i64,
    authing: i64,
    logged_in: i64,
    /// Since the last average.
    before: Counters,
    lag: Lags,
    last: Duration,
    all_in: bool,
}

const EVERY: Duration = Duration::from_secs(30);

impl Lines {
    /// For so many dummies.
    #[must_use]
    pub fn new(dummies: u32) -> Lines {
        Lines {
            dummies,
            connected: 0,
            welcome: 0,
            authing: 0,
            logged_in: 0,
            before: Counters::default(),
            lag: Lags::default(),
            last: Duration::ZERO,
            all_in: false,
        }
    }

    /// What is printed of it, if anything.
    pub fn told(&mut self, told: &Told) -> Option<String> {
        let text = match &told.what {
            What::Phase(from, to) => {
                self.count(*from, -1);
                self.count(*to, 1);
                match to {
                    Phase::Connected => "-> connected".to_owned(),
                    Phase::Welcome => "<- server sent login screen".into(),
                    Phase::Authing => "-> create/login".into(),
                    Phase::Playing => "== logged in".into(),
                    Phase::Leaving => format!("-> logout/disconnect ({} actions)", told.istep),
                    Phase::Resting => "XX lost connection".into(),
                    Phase::Ended(_) if matches!(from, Phase::Playing | Phase::Authing) => {
                        "XX lost connection".into()
                    }
                    _ => return None,
                }
            }
            What::Retry => "?? retrying welcome screen".into(),
            _ => return None,
        };
        let key = format!("Dummy-{:03}", told.number + 1);
        Some(format!(
            "{:<60}\tconn: {} -> welcome screen: {} -> authing: {} -> loggedin/tot: {}/{} (after {:.0}s)",
            format!("{text} {key}"),
            self.connected,
            self.welcome,
            self.authing,
            self.logged_in,
            self.dummies,
            told.age as f64 / 1e9
        ))
    }

    fn count(&mut self, phase: Phase, by: i64) {
        match phase {
            Phase::Connected => self.connected += by,
            Phase::Welcome => self.welcome += by,
            Phase::Authing => self.authing += by,
            Phase::Playing => self.logged_in += by,
            _ => {}
        }
    }

    /// A second is over: the average line when it is time. Unlike the original's it does not wait for all to be in.
    pub fn second(&mut self, at: Duration, window: &Window) -> Option<String> {
        self.lag.add(&window.lag);
        let mut text = String::new();
        if !self.all_in && window.phases.of(Phase::Playing) == self.dummies {
            self.all_in = true;
            text.push_str(&format!(".. all {} dummies are logged in.\n", self.dummies));
        }
        if at.saturating_sub(self.last) >= EVERY {
            let since = window.counters.since(&self.before);
            let rate = since.sent as f64 / at.saturating_sub(self.last).as_secs_f64();
            let lag = self
                .lag
                .mean()
                .map_or("-".into(), |micros| two_digits(micros / 1e6));
            text.push_str(&format!(
                ".. running 30s average: ~{rate:.0} actions/s lag: {lag}s\n"
            ));
            self.before = window.counters;
            self.lag.clear();
            self.last = at;
        }
        (!text.is_empty()).then_some(text)
    }
}

/// The last line.
#[must_use]
pub fn end(report: &Report<'_>) -> String {
    let seconds = report.outcome.elapsed.as_secs();
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let words = match (minutes, seconds) {
        (0, seconds) => plural(seconds, "second"),
        (minutes, 0) => plural(minutes, "minute"),
        (minutes, seconds) => format!("{}, {}", plural(minutes, "minute"), plural(seconds, "second")),
    };
    format!("... dummy client runner stopped after {words}.\n")
}

/// Two significant digits, as C's `%.2g`.
fn two_digits(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let text = format!("{value:.1e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..2).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let fixed = format!("{value:.*}", (1 - exponent).max(0) as usize);
    if fixed.contains('.') {
        fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        fixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_have_two_digits_as_in_c() {
        // From printf("%.2g").
        let cases = [
            (0.0, "0"),
            (0.0144, "0.014"),
            (2.71, "2.7"),
            (12.4, "12"),
            (123.0, "1.2e+02"),
            (0.5, "0.5"),
            (0.000_01, "1e-05"),
            (3.0, "3"),
        ];
        for (value, expected) in cases {
            assert_eq!(two_digits(value), expected);
        }
    }

    #[test]
    fn gauges_say_how_many_are_where() {
        let mut lines = Lines::new(2);
        let told = |what| Told {
            number: 0,
            at: 0,
            istep: 7,
            age: 3_000_000_000,
            what,
        };
        assert_eq!(
            lines.told(&told(What::Phase(Phase::Waiting, Phase::Connecting))),
            None
        );
        let line = lines
            .told(&told(What::Phase(Phase::Connecting, Phase::Connected)))
            .expect("a line");
        assert!(line.starts_with("-> connected Dummy-001 "), "{line}");
        assert!(
            line.ends_with("conn: 1 -> welcome screen: 0 -> authing: 0 -> loggedin/tot: 0/2 (after 3s)"),
            "{line}"
        );
        let line = lines
            .told(&told(What::Phase(Phase::Playing, Phase::Leaving)))
            .expect("a line");
        assert!(
            line.starts_with("-> logout/disconnect (7 actions) Dummy-001"),
            "{line}"
        );
    }
}
