//! Stages as words: `100 over 30s hold 1m, 300 hold 30s`.

use super::{Stage, duration};
use std::time::Duration;

/// Reads stages with commas between them: how many dummies, `over` which time that number is reached, and how long to
/// `hold` it. Without `over` it is a step; at least one of the two must be there.
///
/// ```
/// use prof::dummyrunner::scenario::stages::parse;
/// assert_eq!(parse("100 over 30s hold 1m, 0 over 10s").map(|stages| stages.len()), Ok(2));
/// ```
///
/// # Errors
/// What is wrong with which stage, for people.
pub fn parse(text: &str) -> Result<Vec<Stage>, String> {
    text.split(',').map(stage).collect()
}

fn stage(text: &str) -> Result<Stage, String> {
    let bad = |what: &str| {
        format!(
            "stage `{}`: {what}; write such as 100 over 30s hold 1m",
            text.trim()
        )
    };
    let mut words = text.split_whitespace();
    let number = words.next().ok_or_else(|| bad("there is nothing"))?;
    let dummies = number
        .parse()
        .map_err(|_| bad(&format!("`{number}` is no number of dummies")))?;
    let (mut over, mut hold) = (None, None);
    while let Some(word) = words.next() {
        let place = match word {
            "over" => &mut over,
            "hold" => &mut hold,
            _ => return Err(bad(&format!("`{word}` is neither over nor hold"))),
        };
        let time = words
            .next()
            .ok_or_else(|| bad(&format!("no time after `{word}`")))?;
        if place
            .replace(duration::parse(time).map_err(|why| bad(&why))?)
            .is_some()
        {
            return Err(bad(&format!("`{word}` twice")));
        }
    }
    let stage = Stage {
        dummies,
        over: over.unwrap_or_default(),
        hold: hold.unwrap_or_default(),
    };
    if stage.over + stage.hold == Duration::ZERO {
        return Err(bad("it takes no time"));
    }
    Ok(stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_steps_and_holds() {
        let stage = |dummies, over, hold| Stage {
            dummies,
            over: Duration::from_secs(over),
            hold: Duration::from_secs(hold),
        };
        assert_eq!(
            parse("100 over 30s hold 1m, 300 hold 30s,0 over 90"),
            Ok(vec![stage(100, 30, 60), stage(300, 0, 30), stage(0, 90, 0)])
        );
        assert_eq!(parse("5 hold 1s over 2s"), Ok(vec![stage(5, 2, 1)]));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "100",
            "x hold 1s",
            "100 hold",
            "100 for 1s",
            "100 hold 1s hold 2s",
            "100 hold 0s",
            "1 hold 1s,,2 hold 1s",
            "-1 hold 1s",
            "100 over soon",
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with("stage `"), "{error}");
        }
    }
}
