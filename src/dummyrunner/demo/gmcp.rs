//! Evennia's way with a GMCP message: JSON to the arguments of a Python call.

use serde_json::Value;
use std::fmt::Write as _;

/// The arguments as Python shows them: `['tag'], {}`. A list gives positional arguments, an object named
/// ones, anything else is one argument, also when it is no JSON.
pub(super) fn python_arguments(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    let mut out = String::new();
    match serde_json::from_str(&text) {
        _ if text.is_empty() => out.push_str("[], {}"),
        Ok(Value::Object(named)) => {
            out.push_str("[], ");
            push_repr(&mut out, &Value::Object(named));
        }
        Ok(list @ Value::Array(_)) => {
            push_repr(&mut out, &list);
            out.push_str(", {}");
        }
        Ok(value) => {
            push_repr(&mut out, &Value::Array(vec![value]));
            out.push_str(", {}");
        }
        Err(_) => {
            push_repr(&mut out, &Value::Array(vec![Value::String(text.into_owned())]));
            out.push_str(", {}");
        }
    }
    out
}

/// `serde_json` reads no more than 128 levels, so this ends.
fn push_repr(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{number}");
        }
        Value::String(text) => push_string(out, text),
        Value::Array(values) => {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                push_repr(out, value);
            }
            out.push(']');
        }
        Value::Object(values) => {
            out.push('{');
            for (i, (name, value)) in values.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                push_string(out, name);
                out.push_str(": ");
                push_repr(out, value);
            }
            out.push('}');
        }
    }
}

fn push_string(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::python_arguments;

    #[test]
    fn arguments_look_as_in_python() {
        let check = |json: &str, expected: &str| assert_eq!(python_arguments(json.as_bytes()), expected);
        check("\"t17\"", "['t17'], {}");
        check("", "[], {}");
        check("[1, \"a'b\", null, 2.5]", "[1, \"a'b\", None, 2.5], {}");
        check(r#"{"a": true}"#, "[], {'a': True}");
        check("not json", "['not json'], {}");
        check(r#""a\"'\n\\""#, r#"['a"\'\n\\'], {}"#);
        check(&"[".repeat(1000), &format!("['{}'], {{}}", "[".repeat(1000)));
    }
}
