//! `--fail-if`: an expression that says how much a function may not grow.
//!
//! ```text
//! METRIC(REGEX) OP VALUE      METRIC: own, cumulative, calls, per-call (own time for each call)
//! total OP VALUE              the own time of everything
//! OP: > or >=                 VALUE: 5% growth, 0.2s or 10ms more, 100 more calls
//! ```
//!
//! REGEX is Python's, searched in the standard names of a function, as it was and as it is; every function that
//! matches is checked. What was nothing before has grown without end in percent.

use super::matching::Pair;
use super::{Delta, Diff, Metric, Side, Threshold, ThresholdError};
use crate::profile::FunctionId;
use crate::python::regex::{self, Pattern};
use crate::python::{Dialect, Version};

/// A `--fail-if` expression.
#[derive(Debug)]
pub struct Check {
    /// As it was written.
    text: String,
    metric: Metric,
    /// `None` for the total.
    patterns: Option<Patterns>,
    or_equal: bool,
    threshold: Threshold,
}

/// A pattern for each kind of names; the one for Python 2 may not exist.
#[derive(Debug)]
struct Patterns {
    text: Pattern,
    bytes: Option<Pattern>,
}

/// Why a text is no [`Check`].
#[derive(Debug, thiserror::Error)]
#[error("column {column}: {problem}", column = self.column())]
pub struct ParseError {
    text: String,
    /// The place in the text, in bytes.
    at: usize,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("expected own(REGEX), cumulative(REGEX), calls(REGEX), per-call(REGEX) or total")]
    Metric,
    #[error("expected `(` and a regular expression for names")]
    Open,
    #[error("expected `)` after the regular expression")]
    Close,
    #[error("expected `>` or `>=`; total takes no regular expression")]
    TotalOperator,
    #[error("expected `>` or `>=` and a value")]
    Operator,
    #[error(transparent)]
    Threshold(ThresholdError),
    #[error("cannot use the pattern: {0}")]
    Pattern(regex::Error),
}

impl ParseError {
    /// The place in the text, in characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or(&self.text);
        before.chars().count() + 1
    }
}

/// A function that grew more than it may.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Its standard name; `None` for the total.
    pub name: Option<String>,
    /// What is checked.
    pub metric: Metric,
    /// Before and after.
    pub delta: Delta,
}

impl Check {
    /// Reads an expression.
    ///
    /// ```
    /// use prof::view::diff::Check;
    /// assert!(Check::parse(r"cumulative(parse) > 5%").is_ok());
    /// assert!(Check::parse(r"own(\(send\)$) >= 10ms").is_ok());
    /// assert_eq!(Check::parse("own(parse > 5%").unwrap_err().column(), 11);
    /// ```
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Check, ParseError> {
        let fail = |at, problem| {
            Err(ParseError {
                text: text.to_owned(),
                at,
                problem,
            })
        };
        let start = text.len() - text.trim_start().len();
        let rest = &text[start..];
        let word_end = rest
            .find(|c: char| !(c.is_ascii_alphabetic() || c == '-'))
            .unwrap_or(rest.len());
        let metric = match &rest[..word_end] {
            "own" => Some(Metric::Own),
            "cumulative" => Some(Metric::Cumulative),
            "calls" => Some(Metric::Calls),
            "per-call" => Some(Metric::PerCall),
            "total" => None,
            _ => return fail(start, Problem::Metric),
        };
        let after_word = start + word_end;
        // A regular expression may hold `>` and brackets of its own; a value holds neither.
        let operator = text[after_word..].rfind('>').map(|at| after_word + at);
        let left = text[after_word..operator.unwrap_or(text.len())].trim_end();
        let left_end = after_word + left.len();
        let open = text.len() - text[after_word..].trim_start().len();
        let mut pattern = None;
        match metric {
            None if !left.trim().is_empty() => return fail(open, Problem::TotalOperator),
            None => {}
            Some(_) => {
                if !text[open..].starts_with('(') {
                    return fail(open, Problem::Open);
                }
                if !left.ends_with(')') {
                    let closed = text[open..].rfind(')').map(|at| open + at + 1);
                    return match closed {
                        Some(closed) => {
                            let space = text[closed..].len() - text[closed..].trim_start().len();
                            fail(closed + space, Problem::Operator)
                        }
                        None => fail(operator.unwrap_or(text.len()), Problem::Close),
                    };
                }
                pattern = Some((open + 1, &text[open + 1..left_end - 1]));
            }
        }
        let Some(operator) = operator else {
            return fail(text.trim_end().len(), Problem::Operator);
        };
        let or_equal = text[operator + 1..].starts_with('=');
        let value = &text[operator + 1 + usize::from(or_equal)..];
        let value_start = text.len() - value.trim_start().len();
        let metric = metric.unwrap_or(Metric::Own);
        let threshold = match Threshold::parse(value.trim(), metric) {
            Ok(threshold) => threshold,
            Err(error) => return fail(value_start + error.at(), Problem::Threshold(error)),
        };
        let patterns = match pattern {
            None => None,
            Some((at, pattern)) => match Pattern::new(pattern.as_bytes(), Version::NEWEST) {
                Ok(text) => Some(Patterns {
                    text,
                    bytes: Pattern::new(pattern.as_bytes(), Version::PYTHON2).ok(),
                }),
                Err(error) => return fail(at, Problem::Pattern(error)),
            },
        };
        Ok(Check {
            text: text.trim().to_owned(),
            metric,
            patterns,
            or_equal,
            threshold,
        })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The functions that grew more than they may, in the order of `diff`; `None` if no function of either profile
    /// matches.
    ///
    /// # Errors
    /// A pattern that takes too long on these names.
    pub fn breaches(&self, diff: &Diff<'_>) -> Result<Option<Vec<Breach>>, regex::Error> {
        let breach = |name: Option<String>, delta: Delta| Breach {
            name,
            metric: self.metric,
            delta,
        };
        let is_breach = |delta: &Delta| self.threshold.is_exceeded(delta, self.or_equal);
        let Some(patterns) = &self.patterns else {
            let delta = diff.total_delta(self.metric).filter(is_breach);
            return Ok(Some(delta.map(|delta| breach(None, delta)).into_iter().collect()));
        };
        let mut matched = false;
        let mut found: Vec<(&Pair, Delta)> = Vec::new();
        for pair in &diff.pairs {
            if !(patterns.is_match(&diff.after, pair.after)?
                || patterns.is_match(&diff.before, pair.before)?)
            {
                continue;
            }
            matched = true;
            if let Some(delta) = diff.delta(pair, self.metric).filter(is_breach) {
                found.push((pair, delta));
            }
        }
        let breaches = found
            .into_iter()
            .map(|(pair, delta)| breach(Some(diff.standard_name(pair)), delta));
        Ok(matched.then(|| breaches.collect()))
    }
}

impl Patterns {
    fn is_match(&self, side: &Side<'_>, function: Option<FunctionId>) -> Result<bool, regex::Error> {
        let Some(function) = function else {
            return Ok(false);
        };
        let name = side.profile.standard_name(side.profile.key_of(function));
        match (side.profile.dialect(), &self.bytes) {
            (Dialect::Python3, _) => self.text.is_match(&name),
            (Dialect::Python2, Some(pattern)) => pattern.is_match(&name),
            // Newer than Python 2 can read: as good as text.
            (Dialect::Python2, None) => self.text.is_match(String::from_utf8_lossy(&name).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Calls, Profile};
    use crate::python::Seconds;
    use crate::view::Stats;

    #[test]
    fn errors_point_at_the_place() {
        let check = |text: &str, expected: &str| {
            let error = Check::parse(text).expect_err("it is wrong").to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        };
        check("", "column 1: expected own(REGEX)");
        check("  tottime(x) > 5%", "column 3: expected own(REGEX)");
        check("own > 5%", "column 5: expected `(`");
        check("own(parse > 5%", "column 11: expected `)`");
        check("own(parse", "column 10: expected `)`");
        check("own(parse) 5%", "column 12: expected `>`");
        check("own((?P<x>a)) 5%", "column 15: expected `>`");
        check("own(parse) is > 5%", "column 12: expected `>`");
        check("own(parse)", "column 11: expected `>`");
        check("own(\u{e9}\u{e9}) > 5", "column 12: expected a value");
        check("own(parse) > fast", "column 14: expected a number");
        check("own(parse) > 5", "column 15: expected a value such as 5%, 0.2s");
        check(
            "calls(parse) > 5ms",
            "column 17: expected a value such as 5% or 100",
        );
        check("own(a**) > 5%", "column 5: cannot use the pattern");
        check("own(() > 5%", "column 5: cannot use the pattern");
        check("total(x) > 5%", "column 6: expected `>`");
        check("total", "column 6: expected `>`");
    }

    /// Functions of one file as `(name, calls, own)`; cumulative time is twice the own time.
    fn stats(functions: &[(&str, i128, f64)]) -> Stats {
        let mut profile = Profile::new(Dialect::Python3);
        for &(name, total, own) in functions {
            let key = profile.key(b"a.py", 1, name.as_bytes()).expect("a small profile");
            let calls = Calls {
                primitive: total,
                total,
                own: Seconds::Float(own),
                cumulative: Seconds::Float(2.0 * own),
            };
            profile.insert(key, calls, Default::default());
        }
        profile.sum_up().expect("small numbers");
        Stats::new(profile, b"a.prof".into(), Version::NEWEST)
    }

    #[test]
    fn what_grew_too_much_is_told() {
        let before = stats(&[("parse", 10, 1.0), ("send", 100, 2.0), ("gone", 1, 1.0)]);
        let after = stats(&[("parse", 10, 1.125), ("send", 50, 2.0), ("fresh", 1, 0.5)]);
        let diff = Diff::new(&before, &after, None).expect("small numbers");
        let check = |text: &str, expected: Option<&[&str]>| {
            let check = Check::parse(text).expect("a check");
            let found = check.breaches(&diff).expect("an easy pattern");
            let names = found.map(|found| {
                found
                    .into_iter()
                    .map(|found| found.name.unwrap_or_else(|| "total".into()))
                    .collect::<Vec<_>>()
            });
            let expected = expected.map(|names| names.iter().copied().map(str::to_owned).collect());
            assert_eq!(names, expected, "{text}");
        };
        let parse = &["a.py:1(parse)"][..];
        check("own(parse) > 12%", Some(parse));
        check("own(parse) > 12.5%", Some(&[]));
        check("own(parse) >= 12.5%", Some(parse));
        check("own (parse)>100ms", Some(parse));
        check("own(parse) > 0.2s", Some(&[]));
        check("cumulative(parse) > 0.2s", Some(parse));
        check("calls(.) > 0", Some(&["a.py:1(fresh)"]));
        check("calls(send) > -60", Some(&["a.py:1(send)"]));
        check("per-call(parse|send) > 50%", Some(&["a.py:1(send)"]));
        check("own(.) > 5%", Some(&["a.py:1(parse)", "a.py:1(fresh)"]));
        check("own(fresh) > 1000000%", Some(&["a.py:1(fresh)"]));
        check("own(gone) > 0%", Some(&[]));
        check("own(nothing) > 0%", None);
        check("total > 0%", Some(&[]));
        check("total > -10%", Some(&["total"]));
        check(r"own(\((parse|gone)\)$) > 5%", Some(parse));
    }
}
