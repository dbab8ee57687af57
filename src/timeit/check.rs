//! `--fail-if`: how much slower or faster something may be.
//!
//! ```text
//! slower OP N%     faster OP N%      OP: > or >=
//! ```
//!
//! It holds only where the whole interval says so: what cannot be told fails no build. Slower by 5% is 1.05 times the
//! time; faster by 5% is the time divided by 1.05.

use super::compare::Comparison;

/// A `--fail-if` expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    text: String,
    slower: bool,
    or_equal: bool,
    /// 0.05 for 5%.
    share: f64,
}

/// Why a text is no [`Check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: expected {expected}")]
pub struct ParseError {
    /// In characters, from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: &'static str,
}

impl Check {
    /// Reads an expression.
    ///
    /// ```
    /// use prof::timeit::check::Check;
    /// assert!(Check::parse("slower > 5%").is_ok());
    /// assert_eq!(Check::parse("slower 5%").unwrap_err().column, 8);
    /// ```
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Check, ParseError> {
        let fail = |rest: &str, expected| {
            let before = &text[..text.len() - rest.len()];
            Err(ParseError {
                column: before.chars().count() + 1,
                expected,
            })
        };
        let rest = text.trim_start();
        let (slower, rest) = if let Some(rest) = rest.strip_prefix("slower") {
            (true, rest)
        } else if let Some(rest) = rest.strip_prefix("faster") {
            (false, rest)
        } else {
            return fail(rest, "`slower` or `faster`");
        };
        let rest = rest.trim_start();
        let Some(rest) = rest.strip_prefix('>') else {
            return fail(rest, "`>` or `>=`");
        };
        let (or_equal, rest) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
        let value = rest.trim_start();
        let number = value.trim_end().strip_suffix('%').map(str::trim_end);
        let Some(number) = number.and_then(|number| number.parse::<f64>().ok()) else {
            return fail(value, "a number of percent, such as 5%");
        };
        if !number.is_finite() || number < 0.0 {
            return fail(value, "a number that is not negative");
        }
        Ok(Check {
            text: text.trim().to_owned(),
            slower,
            or_equal,
            share: number / 100.0,
        })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Does it hold, by the whole interval?
    #[must_use]
    pub fn holds(&self, comparison: &Comparison) -> bool {
        let Some(found) = comparison.interval else {
            return false;
        };
        let least = if self.slower { found.low } else { 1.0 / found.high };
        let limit = 1.0 + self.share;
        least > limit || self.or_equal && least == limit
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare::Verdict;
    use super::*;
    use crate::statistics::interval::{Interval, Method};

    fn check_error(text: &str, column: usize, expected: &str) {
        let error = Check::parse(text).expect_err(text);
        assert_eq!((error.column, error.expected), (column, expected), "{text}");
    }

    #[test]
    fn errors_say_where() {
        check_error("", 1, "`slower` or `faster`");
        check_error(" sloer > 5%", 2, "`slower` or `faster`");
        check_error("slower", 7, "`>` or `>=`");
        check_error("slower < 5%", 8, "`>` or `>=`");
        check_error("faster >= 5", 11, "a number of percent, such as 5%");
        check_error("faster > x%", 10, "a number of percent, such as 5%");
        check_error("slower >", 9, "a number of percent, such as 5%");
        check_error("slower > -5%", 10, "a number that is not negative");
        check_error("slower > inf%", 10, "a number that is not negative");
    }

    fn check(text: &str, low: f64, high: f64, holds: bool) {
        let comparison = Comparison {
            base: "A".into(),
            name: "B".into(),
            ratio: f64::midpoint(low, high),
            interval: Some(Interval {
                low,
                high,
                coverage: 0.95,
                method: Method::Bootstrap,
            }),
            pairs: 100,
            processes: 10,
            verdict: Verdict::Slower,
        };
        assert_eq!(
            Check::parse(text).expect(text).holds(&comparison),
            holds,
            "{text} of {low} to {high}"
        );
        let unknown = Comparison {
            interval: None,
            ..comparison
        };
        assert!(!Check::parse(text).expect(text).holds(&unknown));
    }

    #[test]
    fn the_whole_interval_must_say_so() {
        check("slower > 5%", 1.06, 1.08, true);
        check("slower > 5%", 1.04, 1.08, false);
        check("slower>0%", 1.001, 1.08, true);
        check("faster > 5%", 0.8, 0.9, true);
        check("faster > 5%", 0.8, 0.96, false);
        check("slower >= 50 %", 1.5, 1.6, true);
        check("slower > 50%", 1.5, 1.6, false);
    }
}
