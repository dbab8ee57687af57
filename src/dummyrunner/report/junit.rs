//! Thresholds as test cases, in the form that build servers read (JUnit's XML).

use super::Report;
use crate::markup;
use std::fmt::Write as _;

/// One suite: a case for each threshold, and one for the logins.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let mut cases = String::new();
    let mut failures = 0;
    let seconds = report.outcome.played.as_secs_f64();
    let mut case = |name: &str, failure: Option<String>| {
        let _ = write!(
            cases,
            "  <testcase classname=\"dummyrunner\" name=\"{}\" time=\"{seconds:.3}\"",
            escaped(name)
        );
        match failure {
            None => cases.push_str("/>\n"),
            Some(message) => {
                failures += 1;
                let _ = writeln!(
                    cases,
                    ">\n    <failure message=\"{}\"/>\n  </testcase>",
                    escaped(&message)
                );
            }
        }
    };
    let logins = report.outcome.metrics.window.counters.logins;
    case("dummies log in", (logins == 0).then(|| "nobody logged in".into()));
    let checked = report.check();
    for check in &checked {
        let name = check.condition.to_string();
        case(&name, (!check.passed).then(|| check.value_text()));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"prof dummyrunner\" tests=\"{}\" \
         failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">\n{cases}</testsuite>\n",
        checked.len() + 1
    )
}

fn escaped(text: &str) -> String {
    // XML has no way to write most control characters.
    markup::escaped(&text.replace(char::is_control, "?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_attributes() {
        assert_eq!(
            escaped("a < \"b\" & c > d\u{7}"),
            "a &lt; &quot;b&quot; &amp; c &gt; d?"
        );
    }
}
