//! What a followed dummy says and hears, to read or as JSON lines.

use super::super::dummy::{Told, What};
use super::super::metrics::Phase;
use super::with_unit;
use crate::python::text::shown;
use serde_json::json;

/// A line of the dialogue; `None`: nothing to read. `names` are those of the actions; `verbose` shows telnet, too.
#[must_use]
pub fn line(told: &Told, names: &[String], verbose: bool, several: bool) -> Option<String> {
    let text = match &told.what {
        What::Sent(line) => format!("-> {}", shown(line)),
        What::Received(line) => format!("<- {}", shown(&super::super::telnet::without_escapes(line))),
        What::Telnet(text) if verbose => format!("<< {}", shown(text.as_bytes())),
        What::Answered {
            action,
            response,
            service,
            ..
        } => {
            let name = action
                .and_then(|at| names.get(usize::from(at)))
                .map_or("login", String::as_str);
            let lag = with_unit(response / 1000);
            let waited = if response.abs_diff(*service) > 1_000_000 {
                format!(" ({} of it after the send)", with_unit(service / 1000))
            } else {
                String::new()
            };
            format!("   {} answered in {lag}{waited}", shown(name.as_bytes()))
        }
        What::Phase(_, to) => format!("== {}", phase(*to)),
        What::Retry => "?? retrying welcome screen".into(),
        What::Problem(text) => format!("!! {text}"),
        What::Telnet(_) => return None,
    };
    let who = if several {
        format!(" {:03}", told.number + 1)
    } else {
        String::new()
    };
    Some(format!("{:>9.3}{who}  {text}\n", told.at as f64 / 1e9))
}

/// A line of the trace.
#[must_use]
pub fn trace(told: &Told, names: &[String]) -> String {
    let mut object = json!({
        "at": told.at as f64 / 1e9,
        "dummy": told.number + 1,
    });
    let (key, value) = match &told.what {
        What::Sent(line) => ("sent", json!(String::from_utf8_lossy(line))),
        What::Received(line) => ("received", json!(String::from_utf8_lossy(line))),
        What::Telnet(text) => ("telnet", json!(text)),
        What::Answered {
            action,
            response,
            service,
        } => {
            let name = action.and_then(|at| names.get(usize::from(at)));
            (
                "answered",
                json!({ "action": name, "response_us": response / 1000, "service_us": service / 1000 }),
            )
        }
        What::Phase(_, to) => ("state", json!(phase(*to))),
        What::Retry => ("state", json!("retry")),
        What::Problem(text) => ("problem", json!(text)),
    };
    object[key] = value;
    format!("{object}\n")
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Connecting => "connecting",
        Phase::Connected => "connected",
        Phase::Welcome => "welcome screen",
        Phase::Authing => "logging in",
        Phase::Playing => "logged in",
        Phase::Leaving => "logging out",
        Phase::Resting => "waiting to connect again",
        Phase::Ended(end) => super::super::metrics::End::ALL
            .iter()
            .find(|(known, _)| *known == end)
            .map_or("ended", |(_, text)| text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(what: What, verbose: bool, expected: Option<&str>) {
        let told = Told {
            number: 4,
            at: 1_234_567_890,
            istep: 0,
            age: 0,
            what,
        };
        assert_eq!(
            line(&told, &["looks".into()], verbose, false).as_deref(),
            expected
        );
        let value: serde_json::Value = serde_json::from_str(&trace(&told, &["looks".into()])).expect("JSON");
        assert_eq!(value["dummy"], 5);
    }

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        check(
            What::Received(b"\x1b[31mred\x1b[0m\x07 \xff".to_vec()),
            false,
            Some("    1.235  <- red\\x07 \\xff\n"),
        );
        check(
            What::Sent(b"look \x1b".to_vec()),
            false,
            Some("    1.235  -> look \\x1b\n"),
        );
        check(What::Telnet("GMCP x".into()), false, None);
        check(
            What::Telnet("GMCP x".into()),
            true,
            Some("    1.235  << GMCP x\n"),
        );
        let answered = What::Answered {
            action: Some(0),
            response: 5_000_000,
            service: 2_000_000,
        };
        check(
            answered,
            false,
            Some("    1.235     looks answered in 5.000 ms (2.000 ms of it after the send)\n"),
        );
    }
}
