//! Conditions on what a run measures: `p99 > 500ms`, `errors.rate < 1%`, `service.p50(looks) < 20ms`.

use super::duration;
use std::fmt;

/// Something measured, compared with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is measured.
    pub metric: Metric,
    /// Of this action only.
    pub action: Option<String>,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what: microseconds, a share of 1, or a number, as [`Metric`] says.
    pub value: f64,
}

/// What can be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// A lag, in microseconds.
    Time(Clock, Point),
    /// Errors by commands sent, a share of 1.
    ErrorRate,
    /// Commands without an answer, with a bad one, and failed connections and logins.
    Errors,
    /// Commands that were not answered in time.
    Lost,
    /// Commands sent, a second.
    Rate,
    /// Dummies that got in, as a share of 1.
    LoggedIn,
    /// Processors that the server was busy with, of which one is 1; where its process is watched.
    ServerCpu,
}

/// Which histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// From the intended send; where a model has none, from the actual one.
    Response,
    /// From the actual send.
    Service,
    /// Our own lateness.
    Harness,
    /// From the first command of the login to being in.
    Login,
}

/// Which number of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Point {
    /// A percentile, 0 to 100.
    Percentile(f64),
    /// The mean.
    Mean,
    /// The greatest.
    Max,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Does it hold of these?
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        })
    }
}

const SHAPE: &str =
    "METRIC < VALUE, such as 'lag.p99 < 500ms', 'p50(looks) < 20ms', 'errors.rate < 1%' or 'rate > 100'";

impl Condition {
    /// Reads `METRIC(ACTION) OP VALUE`; the action may be left out, and `lag.` before a percentile.
    ///
    /// ```
    /// # use prof::dummyrunner::scenario::condition::Condition;
    /// assert!(Condition::parse("p99 > 500ms").is_ok());
    /// ```
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let at = text
            .find(['<', '>'])
            .ok_or_else(|| format!("`{text}` is no condition; write {SHAPE}"))?;
        Condition::parse_parts(text[..at].trim(), &text[at..])
    }

    /// Reads the metric and the rest apart, as a table of thresholds has them.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse_parts(metric: &str, rest: &str) -> Result<Condition, String> {
        let rest = rest.trim();
        let (comparison, value) = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, rest.strip_prefix(sign)?.trim())))
        .ok_or_else(|| format!("`{rest}` begins with none of <, <=, >, >="))?;
        let (name, action) = match metric.split_once('(') {
            None => (metric, None),
            Some((name, action)) => {
                let action = action.strip_suffix(')');
                let action = action.ok_or_else(|| format!("`{metric}` lacks a closing parenthesis"))?;
                (name.trim(), Some(action.trim().to_owned()))
            }
        };
        let metric = parse_metric(name).ok_or_else(|| {
            format!(
                "unknown metric `{name}`; known are lag.pN, lag.mean, lag.max, the same with service, harness and \
                 login, errors.rate, errors, lost, rate, logged_in, \
                 server.cpu"
            )
        })?;
        if action.is_some()
            && matches!(
                metric,
                Metric::LoggedIn | Metric::ServerCpu | Metric::Time(Clock::Login | Clock::Harness, _)
            )
        {
            return Err(format!("`{name}` is not measured by action"));
        }
        Ok(Condition {
            metric,
            action,
            comparison,
            value: parse_value(metric, value)?,
        })
    }

    /// The metric, as [`Condition::parse_parts`] reads it.
    #[must_use]
    pub fn metric_text(&self) -> String {
        let name = match self.metric {
            Metric::Time(clock, point) => {
                let clock = match clock {
                    Clock::Response => "lag",
                    Clock::Service => "service",
                    Clock::Harness => "harness",
                    Clock::Login => "login",
                };
                match point {
                    Point::Percentile(percent) => format!("{clock}.p{percent}"),
                    Point::Mean => format!("{clock}.mean"),
                    Point::Max => format!("{clock}.max"),
                }
            }
            Metric::ErrorRate => "errors.rate".into(),
            Metric::Errors => "errors".into(),
            Metric::Lost => "lost".into(),
            Metric::Rate => "rate".into(),
            Metric::LoggedIn => "logged_in".into(),
            Metric::ServerCpu => "server.cpu".into(),
        };
        match &self.action {
            Some(action) => format!("{name}({action})"),
            None => name,
        }
    }

    /// A value of the metric with its unit.
    #[must_use]
    pub fn value_text(&self, value: f64) -> String {
        match self.metric {
            Metric::Time(..) => duration::show(std::time::Duration::from_nanos(
                (value.max(0.0) * 1000.0).round() as u64,
            )),
            Metric::ErrorRate | Metric::LoggedIn | Metric::ServerCpu => {
                // Rounded far below what a share of counts can show, so that 0.07 does not come out as 7.000000000000001%.
                format!("{}%", (value * 1e8).round() / 1e6)
            }
            _ => format!("{value}"),
        }
    }

    /// The comparison and the value, as [`Condition::parse_parts`] reads them.
    #[must_use]
    pub fn limit_text(&self) -> String {
        format!("{} {}", self.comparison, self.value_text(self.value))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.metric_text(), self.limit_text())
    }
}

fn parse_metric(name: &str) -> Option<Metric> {
    match name {
        "errors.rate" => return Some(Metric::ErrorRate),
        "errors" => return Some(Metric::Errors),
        "lost" => return Some(Metric::Lost),
        "rate" => return Some(Metric::Rate),
        "logged_in" => return Some(Metric::LoggedIn),
        "server.cpu" => return Some(Metric::ServerCpu),
        _ => {}
    }
    let (clock, point) = name.split_once('.').unwrap_or(("lag", name));
    // `p99.9` has a point of its own.
    let (clock, point) = match clock {
        "lag" | "response" => (Clock::Response, point),
        "service" => (Clock::Service, point),
        "harness" => (Clock::Harness, point),
        "login" => (Clock::Login, point),
        _ if clock.starts_with('p') => (Clock::Response, name),
        _ => return None,
    };
    let point = match point {
        "mean" => Point::Mean,
        "max" => Point::Max,
        _ => {
            let percent: f64 = point.strip_prefix('p')?.parse().ok()?;
            if !(0.0..=100.0).contains(&percent) {
                return None;
            }
            Point::Percentile(percent)
        }
    };
    Some(Metric::Time(clock, point))
}

fn parse_value(metric: Metric, text: &str) -> Result<f64, String> {
    let number = |text: &str| {
        let number = text.trim().parse::<f64>().ok();
        number.filter(|number| number.is_finite() && *number >= 0.0)
    };
    match metric {
        Metric::Time(..) => duration::parse(text).map(|time| time.as_nanos() as f64 / 1000.0),
        Metric::ErrorRate | Metric::LoggedIn | Metric::ServerCpu => match text.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| percent / 100.0),
            None => number(text),
        }
        .ok_or_else(|| format!("`{text}` is no share such as 1% or 0.01")),
        _ => number(text).ok_or_else(|| format!("`{text}` is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, metric: Metric, action: Option<&str>, value: f64, shown: &str) {
        let condition = Condition::parse(text).expect(text);
        assert_eq!(
            (condition.metric, condition.action.as_deref()),
            (metric, action),
            "{text}"
        );
        assert!(
            (condition.value - value).abs() < 1e-9,
            "{text}: {}",
            condition.value
        );
        assert_eq!(condition.to_string(), shown);
        assert_eq!(Condition::parse(shown), Ok(condition));
    }

    #[test]
    fn metrics_with_their_units() {
        let lag = |percent| Metric::Time(Clock::Response, Point::Percentile(percent));
        check("p99 > 500ms", lag(99.0), None, 500_000.0, "lag.p99 > 500ms");
        check("p99.9>=1.5s", lag(99.9), None, 1_500_000.0, "lag.p99.9 >= 1500ms");
        check(
            "lag.p50(looks) < 20ms",
            lag(50.0),
            Some("looks"),
            20_000.0,
            "lag.p50(looks) < 20ms",
        );
        check(
            "login.max < 1",
            Metric::Time(Clock::Login, Point::Max),
            None,
            1e6,
            "login.max < 1s",
        );
        check(
            "service.mean <= 1ms",
            Metric::Time(Clock::Service, Point::Mean),
            None,
            1e3,
            "service.mean <= 1ms",
        );
        check(
            "errors.rate < 7%",
            Metric::ErrorRate,
            None,
            0.07,
            "errors.rate < 7%",
        );
        check(
            "logged_in >= 0.5",
            Metric::LoggedIn,
            None,
            0.5,
            "logged_in >= 50%",
        );
        check(
            "server.cpu < 80%",
            Metric::ServerCpu,
            None,
            0.8,
            "server.cpu < 80%",
        );
        check("errors < 1", Metric::Errors, None, 1.0, "errors < 1");
        check("rate > 100.5", Metric::Rate, None, 100.5, "rate > 100.5");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "p99",
            "p99 = 5ms",
            "p101 > 5ms",
            "p-1 > 5ms",
            "lag.p99 > 5%",
            "errors > x",
            "rate > inf",
            "x > 1",
            "p99( > 1s",
            "logged_in(x) > 1",
            "server.cpu(x) > 1",
            "harness.p50(x) < 1ms",
            "errors.rate < -1%",
        ] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*", metric in "[a-z.0-9()]*") {
            let _ = Condition::parse(&text);
            let _ = Condition::parse_parts(&metric, "< 1s");
        }
    }
}
