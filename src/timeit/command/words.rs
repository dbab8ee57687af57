//! Splits a command line into words as a POSIX shell does, but expands nothing.
//!
//! ```text
//! 'as it is'   "with \" \\ \$ \`"   \ before any other character   NAME=VALUE in front: the environment
//! ```

/// A command line, split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What stands in front as NAME=VALUE: set in the environment of the command.
    pub environment: Vec<(String, String)>,
    /// The program and its arguments; at least one.
    pub words: Vec<String>,
    /// A character that a shell would have expanded, such as `*`.
    pub unexpanded: Option<char>,
}

/// Why a text is no [`Line`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A quote that nothing closes.
    #[error("column {column}: nothing closes the {quote}")]
    Open {
        /// In characters, from 1.
        column: usize,
        /// The quote.
        quote: char,
    },
    /// Nothing follows a backslash.
    #[error("column {0}: nothing follows the \\")]
    Backslash(usize),
    /// What only a shell understands.
    #[error("column {column}: only a shell understands `{operator}`")]
    Operator {
        /// In characters, from 1.
        column: usize,
        /// Such as `&&`.
        operator: String,
    },
    /// There is no program.
    #[error("there is no command in it")]
    Empty,
}

/// Words that are for a shell when they are not quoted.
const OPERATORS: [&str; 16] = [
    "|", "||", "|&", "&", "&&", ";", ";;", "<", "<<", ">", ">>", "&>", "2>", "2>>", "2>&1", ">&2",
];

/// A word, and how it was written.
struct Word {
    text: String,
    column: usize,
    is_quoted: bool,
}

/// Splits a command line.
///
/// ```
/// let line = prof::timeit::command::words::split("A=1 grep 'a b' x\\ y").unwrap();
/// assert_eq!(line.words, ["grep", "a b", "x y"]);
/// assert_eq!(line.environment, [("A".to_owned(), "1".to_owned())]);
/// ```
///
/// # Errors
/// What is wrong with it, and where.
pub fn split(text: &str) -> Result<Line, Error> {
    let mut line = Line::default();
    for word in words(text, &mut line.unexpanded)? {
        if !word.is_quoted
            && (OPERATORS.contains(&word.text.as_str()) || word.text.len() > 1 && word.text.ends_with(';'))
        {
            let operator = if word.text.ends_with(';') { ";" } else { &word.text };
            return Err(Error::Operator {
                column: word.column,
                operator: operator.to_owned(),
            });
        }
        match word.text.split_once('=') {
            Some((name, value)) if line.words.is_empty() && is_name(name) => {
                line.environment.push((name.to_owned(), value.to_owned()));
            }
            _ => line.words.push(word.text),
        }
    }
    if line.words.is_empty() {
        return Err(Error::Empty);
    }
    Ok(line)
}

/// May a variable be called so?
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn words(text: &str, unexpanded: &mut Option<char>) -> Result<Vec<Word>, Error> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = (1..).zip(text.chars());
    while let Some((column, c)) = chars.next() {
        if c.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word {
            text: String::new(),
            column,
            is_quoted: false,
        });
        match c {
            '\'' | '"' => {
                word.is_quoted = true;
                quoted(c, column, &mut chars, &mut word.text)?;
            }
            '\\' => {
                word.is_quoted = true;
                let (_, escaped) = chars.next().ok_or(Error::Backslash(column))?;
                word.text.push(escaped);
            }
            _ => {
                if matches!(c, '*' | '?' | '$' | '`') || c == '~' && word.text.is_empty() {
                    unexpanded.get_or_insert(c);
                }
                word.text.push(c);
            }
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes what stands up to the closing quote.
fn quoted(
    quote: char,
    column: usize,
    chars: &mut impl Iterator<Item = (usize, char)>,
    text: &mut String,
) -> Result<(), Error> {
    loop {
        let (_, c) = chars.next().ok_or(Error::Open { column, quote })?;
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote == '"' {
            let (_, escaped) = chars.next().ok_or(Error::Open { column, quote })?;
            if !matches!(escaped, '"' | '\\' | '$' | '`') {
                text.push('\\');
            }
            text.push(escaped);
        } else {
            text.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(split(text).expect(text).words, expected, "{text}");
    }

    /// Expected: what `printf '%s\n'` of dash prints for the same line.
    #[test]
    fn quotes_and_backslashes_are_those_of_a_shell() {
        check("fd . /usr", &["fd", ".", "/usr"]);
        check("  a\tb\n c ", &["a", "b", "c"]);
        check(r#"echo 'a b' "c d" e\ f"#, &["echo", "a b", "c d", "e f"]);
        check(r#"echo 'it'\''s' "a\"b\n" """#, &["echo", "it's", r#"a"b\n"#, ""]);
        check(r#"echo a"b c"'d e'f"#, &["echo", "ab cd ef"]);
        check("echo ';' '&&' \\|", &["echo", ";", "&&", "|"]);
        check("curl http://a/?b=c&d=e", &["curl", "http://a/?b=c&d=e"]);
        check("dd if=/dev/null", &["dd", "if=/dev/null"]);
    }

    #[test]
    fn variables_stand_in_front() {
        let line = split("THREADS=8 _x='a b' ./run y=2").expect("a line");
        assert_eq!(
            line.environment,
            [("THREADS".into(), "8".into()), ("_x".into(), "a b".to_owned())]
        );
        assert_eq!(line.words, ["./run", "y=2"]);
        assert_eq!(split("1x=2").expect("a line").words, ["1x=2"]);
    }

    fn check_error(text: &str, expected: &str) {
        assert_eq!(split(text).expect_err(text).to_string(), expected, "{text}");
    }

    #[test]
    fn what_cannot_be_is_told_with_its_place() {
        check_error("", "there is no command in it");
        check_error("A=1", "there is no command in it");
        check_error("echo 'a", "column 6: nothing closes the '");
        check_error("echo \"a\\", "column 6: nothing closes the \"");
        check_error("echo \\", "column 6: nothing follows the \\");
        check_error("a && b", "column 3: only a shell understands `&&`");
        check_error("sleep 1; b", "column 7: only a shell understands `;`");
        check_error("a > b", "column 3: only a shell understands `>`");
    }

    #[test]
    fn what_a_shell_would_expand_is_known() {
        for (text, expected) in [
            ("grep TODO *", Some('*')),
            ("ls ~/x", Some('~')),
            ("ls a~b 'x*'", None),
            ("echo $HOME", Some('$')),
            ("echo \\$HOME", None),
        ] {
            assert_eq!(split(text).expect(text).unexpanded, expected, "{text}");
        }
    }
}
