//! Parameters of cases: `{name}` in a text stands for each of some values in turn, several parameters for all their
//! combinations.

/// A name and its values, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As it stands between braces.
    pub name: String,
    /// What it stands for; at least one.
    pub values: Vec<String>,
}

/// The value of each parameter.
pub type Set = Vec<(String, String)>;

/// Why there is no such parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A name that cannot stand between braces.
    #[error("`{0}` is no name: use letters, digits, _ and -")]
    Name(String),
    /// Not a number.
    #[error("`{0}` is no number such as 12 or 0.5")]
    Number(String),
    /// Nothing lies between.
    #[error("from {0} to {1} is nothing: the second is less")]
    Order(String, String),
    /// It would never end.
    #[error("a step is above 0, not {0}")]
    Step(String),
    /// Nobody wants to wait for that.
    #[error("it has more than {MOST} values")]
    Many,
}

/// A parameter has at most so many values, and so have all their combinations.
pub const MOST: usize = 10_000;

/// Digits behind the point that are worth anything.
const MOST_DIGITS: usize = 12;

impl Parameter {
    /// Values with commas between them; `\,` is a comma in a value.
    ///
    /// ```
    /// use prof::timeit::parameters::Parameter;
    /// assert_eq!(Parameter::list("c", r"gcc,clang,a\,b").unwrap().values, ["gcc", "clang", "a,b"]);
    /// ```
    ///
    /// # Errors
    /// If the name is none.
    pub fn list(name: &str, values: &str) -> Result<Parameter, Error> {
        let mut found = vec![String::new()];
        let mut chars = values.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&',') => {
                    chars.next();
                    push(&mut found, ',');
                }
                ',' => found.push(String::new()),
                c => push(&mut found, c),
            }
        }
        Parameter::new(name, found)
    }

    /// All numbers from the first to the last, in steps (1 without one). They have as many digits behind the point as
    /// the first and the step have: what is written exactly is counted exactly.
    ///
    /// ```
    /// use prof::timeit::parameters::Parameter;
    /// assert_eq!(Parameter::range("x", "0.3", "0.7", Some("0.2")).unwrap().values, ["0.3", "0.5", "0.7"]);
    /// ```
    ///
    /// # Errors
    /// If something is no number, or there are none, or too many.
    pub fn range(name: &str, first: &str, last: &str, step: Option<&str>) -> Result<Parameter, Error> {
        let step = step.unwrap_or("1");
        let digits = |text: &str| text.split_once('.').map_or(0, |(_, behind)| behind.len());
        let shown = digits(first).max(digits(step));
        let scale = shown.max(digits(last));
        let [low, high, by] = [first, last, step].map(|text| scaled(text, scale));
        let (low, high, by) = (low?, high?, by?);
        if high < low {
            return Err(Error::Order(first.into(), last.into()));
        }
        if by <= 0 {
            return Err(Error::Step(step.into()));
        }
        if (high - low) / by >= MOST as i128 {
            return Err(Error::Many);
        }
        let unit = 10_i128.pow((scale - shown) as u32);
        let values = (0..).map(|at| low + at * by).take_while(|&value| value <= high);
        Parameter::new(name, values.map(|value| decimal(value / unit, shown)).collect())
    }

    fn new(name: &str, values: Vec<String>) -> Result<Parameter, Error> {
        let is_good = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_good) {
            return Err(Error::Name(name.into()));
        }
        if values.len() > MOST {
            return Err(Error::Many);
        }
        Ok(Parameter {
            name: name.into(),
            values,
        })
    }
}

fn push(found: &mut [String], c: char) {
    if let Some(last) = found.last_mut() {
        last.push(c);
    }
}

/// A decimal number as so many units of its last digit.
fn scaled(text: &str, digits: usize) -> Result<i128, Error> {
    let bad = || Error::Number(text.into());
    let (sign, plain) = text.strip_prefix('-').map_or((1, text), |plain| (-1, plain));
    let (before, behind) = plain.split_once('.').unwrap_or((plain, ""));
    let is_number = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if !is_number(before)
        || !is_number(behind)
        || before.is_empty() && behind.is_empty()
        || before.len() > 18
        || digits > MOST_DIGITS
    {
        return Err(bad());
    }
    let text = format!("{before}{behind:0<digits$}");
    Ok(sign * text.parse::<i128>().map_err(|_| bad())?)
}

/// The other way.
fn decimal(value: i128, digits: usize) -> String {
    if digits == 0 {
        return value.to_string();
    }
    let sign = if value < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", value.unsigned_abs(), width = digits + 1);
    let (before, behind) = text.split_at(text.len() - digits);
    format!("{sign}{before}.{behind}")
}

/// All combinations, the last parameter turning fastest; one empty set without parameters.
///
/// # Errors
/// If there are too many.
pub fn product(parameters: &[Parameter]) -> Result<Vec<Set>, Error> {
    let mut sets: Vec<Set> = vec![Vec::new()];
    for parameter in parameters {
        if sets.len().saturating_mul(parameter.values.len()) > MOST {
            return Err(Error::Many);
        }
        let longer = |set: &Set, value: &String| {
            let mut set = set.clone();
            set.push((parameter.name.clone(), value.clone()));
            set
        };
        sets = sets
            .iter()
            .flat_map(|set| parameter.values.iter().map(move |value| longer(set, value)))
            .collect();
    }
    Ok(sets)
}

/// A text with the values in place of the names; other braces stay as they are.
#[must_use]
pub fn fill(text: &str, set: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let value = rest.find('}').and_then(|end| {
            let name = &rest[1..end];
            let (_, value) = set.iter().find(|(other, _)| other == name)?;
            Some((value, end))
        });
        if let Some((value, end)) = value {
            out.push_str(value);
            rest = &rest[end + 1..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Is a parameter named in a text?
#[must_use]
pub fn is_named(text: &str, name: &str) -> bool {
    text.contains(&format!("{{{name}}}"))
}

/// The values of a set, for names of cases: `n = 10, x = a`.
#[must_use]
pub fn label(set: &[(String, String)]) -> String {
    let parts: Vec<String> = set
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_range(first: &str, last: &str, step: Option<&str>, expected: &[&str]) {
        let found = Parameter::range("n", first, last, step).expect("a range");
        assert_eq!(found.values, expected);
    }

    /// Expected: hand counts; floats would give 0.1 + 0.2 = 0.30000000000000004.
    #[test]
    fn ranges_are_exact() {
        check_range("1", "4", None, &["1", "2", "3", "4"]);
        check_range("0.1", "0.4", Some("0.1"), &["0.1", "0.2", "0.3", "0.4"]);
        check_range("0", "1", Some("0.4"), &["0.0", "0.4", "0.8"]);
        check_range("-1", "1.5", None, &["-1", "0", "1"]);
        check_range("-0.5", "0.5", Some(".5"), &["-0.5", "0.0", "0.5"]);
        check_range("7", "7", None, &["7"]);
    }

    #[test]
    fn what_is_no_range_is_told() {
        for (first, last, step, expected) in [
            ("a", "2", None, "`a` is no number such as 12 or 0.5"),
            ("1", "1e3", None, "`1e3` is no number such as 12 or 0.5"),
            ("1", "", None, "`` is no number such as 12 or 0.5"),
            ("2", "1", None, "from 2 to 1 is nothing: the second is less"),
            ("1", "2", Some("0"), "a step is above 0, not 0"),
            ("1", "2", Some("-1"), "a step is above 0, not -1"),
            ("0", "10000", None, "it has more than 10000 values"),
            (
                "0",
                "1",
                Some("0.0000000000001"),
                "`0` is no number such as 12 or 0.5",
            ),
        ] {
            let found = Parameter::range("n", first, last, step).expect_err(last);
            assert_eq!(found.to_string(), expected);
        }
        assert!(Parameter::list("a b", "1").is_err());
        assert!(Parameter::list("", "1").is_err());
    }

    #[test]
    fn combinations_are_all_of_them() {
        let parameters = [
            Parameter::list("a", "1,2").expect("a list"),
            Parameter::list("b", "x,y").expect("a list"),
        ];
        let labels: Vec<String> = product(&parameters)
            .expect("four")
            .iter()
            .map(|set| label(set))
            .collect();
        assert_eq!(
            labels,
            ["a = 1, b = x", "a = 1, b = y", "a = 2, b = x", "a = 2, b = y"]
        );
        assert_eq!(product(&[]).expect("one"), [Vec::new()]);
        let many = Parameter::range("n", "1", "5000", None).expect("a range");
        assert_eq!(product(&[many.clone(), many]), Err(Error::Many));
    }

    #[test]
    fn only_what_is_named_is_filled_in() {
        let set = [
            ("n".to_owned(), "10".to_owned()),
            ("m".to_owned(), "{n}".to_owned()),
        ];
        for (text, expected) in [
            ("range({n})", "range(10)"),
            ("{n}{n} {m}", "1010 {n}"),
            ("{'a': {n}}", "{'a': 10}"),
            ("f'{x}' { n }", "f'{x}' { n }"),
            ("{{n}} {", "{10} {"),
        ] {
            assert_eq!(fill(text, &set), expected, "{text}");
        }
    }
}
