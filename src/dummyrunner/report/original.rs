//! The lines that Evennia's own Dummyrunner prints, for scripts that read them and eyes that know them.
//!
//! What is the same, what differs and why: [`parity`](crate::dummyrunner::parity).
//!
//! Source: its behaviour in 5.0.1.

use super::super::dummy::{Plan, Told, What};
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
    lag_in: Lags,
    lag_out: Lags,
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
            lag_in: Lags::default(),
            lag_out: Lags::default(),
            last: Duration::ZERO,
            all_in: false,
        }
    }

    /// What is printed of it, if anything.
    pub fn told(&mut self, told: &Told) -> Option<String> {
        let text = match &told.what {
            What::Phase(from, to) => {
                self.moved(*from, *to);
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
            "{:<35}\tconn: {} -> welcome screen: {} -> authing: {} -> loggedin/tot: {}/{} (after {:.0}s)",
            format!("{text} {key}"),
            self.connected,
            self.welcome,
            self.authing,
            self.logged_in,
            self.dummies,
            told.age as f64 / 1e9
        ))
    }

    /// Who logs out stays counted as having been in; only a lost connection takes a dummy off.
    fn moved(&mut self, from: Phase, to: Phase) {
        match from {
            Phase::Connected => self.connected -= 1,
            Phase::Welcome => self.welcome -= 1,
            Phase::Authing => self.authing -= 1,
            Phase::Playing if to != Phase::Leaving => self.logged_in -= 1,
            _ => {}
        }
        match to {
            Phase::Connected => self.connected += 1,
            Phase::Welcome => self.welcome += 1,
            Phase::Authing => self.authing += 1,
            Phase::Playing => self.logged_in += 1,
            _ => {}
        }
    }

    /// A second is over: the average line when it is time. Unlike the original's it does not wait for all to be in.
    pub fn second(&mut self, at: Duration, window: &Window) -> Option<String> {
        self.lag.add(&window.lag);
        self.lag_in.add(&window.lag_in);
        self.lag_out.add(&window.lag_out);
        let mut text = String::new();
        if !self.all_in && window.phases.of(Phase::Playing) == self.dummies {
            self.all_in = true;
            text.push_str(".. All clients connected and logged in!\n");
        }
        if at.saturating_sub(self.last) >= EVERY {
            let since = window.counters.since(&self.before);
            let rate = since.sent as f64 / at.saturating_sub(self.last).as_secs_f64();
            let mean = |lags: &Lags| match lags.mean() {
                Some(micros) => two_digits(micros / 1e6),
                // The original says 0.0 here, as of a perfect server.
                None => "nan".into(),
            };
            // The original knows the lag of its echo command only.
            let lag = match (self.lag_in.mean(), self.lag_out.mean()) {
                (Some(there), Some(back)) => two_digits((there + back) / 1e6),
                _ => mean(&self.lag),
            };
            text.push_str(&format!(
                ".. running 30s average: ~{rate:.0} actions/s lag: {lag}s (in: {}s, out: {}s)\n",
                mean(&self.lag_in),
                mean(&self.lag_out)
            ));
            self.before = window.counters;
            self.lag.clear();
            self.lag_in.clear();
            self.lag_out.clear();
            self.last = at;
        }
        (!text.is_empty()).then_some(text)
    }
}

/// What is printed before the run.
#[must_use]
pub fn banner(plan: &Plan, port: u16) -> String {
    let run = &plan.scenario.run;
    let timestep = run.timestep.as_secs_f64();
    let dummies = plan.options.dummies;
    let each = run.chance_of_action / timestep;
    format!(
        "\n    Dummyrunner starting using {dummies} dummy account(s).\n\n    TELNET_PORT = {port}\n    TIMESTEP = \
         {timestep} (rate {:?}/s)\n    CHANCE_OF_LOGIN = {:?}% per time step\n    CHANCE_OF_ACTION = {:?}% per time \
         step\n    -> avg rate (per client, after login): {each:?} cmds/s\n    -> total avg rate (after login): {:?} \
         cmds/s\n\n",
        1.0 / timestep,
        run.chance_of_login * 100.0,
        run.chance_of_action * 100.0,
        each * f64::from(dummies)
    )
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
        (minutes, seconds) => format!("{} {}", plural(minutes, "minute"), plural(seconds, "second")),
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
            line.starts_with("-> logout/disconnect (7 actions) Dummy-001\t"),
            "{line}"
        );
    }

    #[test]
    fn an_average_can_be_read_by_what_reads_the_originals() {
        // A line of the original: what scripts look for is all but its three numbers.
        let original = ".. running 30s average: ~105 actions/s lag: 0.014s (in: 0.0098s, out: 0.0042s)";
        let shape = |line: &str| line.replace(|c: char| c.is_ascii_digit() || c == '.', "");
        let mut lines = Lines::new(1);
        let mut window = Window::default();
        window.counters.sent = 3150;
        window.lag.record(99_000_000);
        window.lag_in.record(9_800_000);
        window.lag_out.record(4_200_000);
        let line = lines.second(Duration::from_secs(30), &window).expect("a line");
        assert_eq!(shape(line.trim_end()), shape(original));
        assert!(
            line.contains("~105 actions/s lag: 0.014s (in: 0.0098s, out: 0.0042s)"),
            "{line}"
        );
        let line = lines
            .second(Duration::from_secs(60), &Window::default())
            .expect("a line");
        assert!(
            line.contains("~0 actions/s lag: nans (in: nans, out: nans)"),
            "{line}"
        );
    }
}
