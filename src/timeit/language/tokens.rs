//! As much of C and Rust as is needed to place the user's code: its words, its brackets, and the names that a setup
//! binds.

/// A piece of code that is no comment and no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// Any other character.
    Mark(char),
    /// A text or a character, in quotes.
    Text,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    C,
    Rust,
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens with their lines, from 1.
pub(super) fn tokens(code: &str, dialect: Dialect) -> Vec<(usize, Token<'_>)> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (code, 1);
    while let Some(c) = rest.chars().next() {
        let (length, token) = match c {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), None),
            '/' if rest.starts_with("/*") => (comment(rest, dialect), None),
            c if is_of_word(c) => match raw_text(rest).filter(|_| dialect == Dialect::Rust) {
                Some(length) => (length, Some(Token::Text)),
                None => {
                    let length = word(rest, dialect);
                    (length, Some(Token::Word(&rest[..length])))
                }
            },
            '\'' if dialect == Dialect::Rust && is_lifetime(rest) => (1, None),
            '"' | '\'' => (text(rest, c), Some(Token::Text)),
            c if c.is_whitespace() => (c.len_utf8(), None),
            c => (c.len_utf8(), Some(Token::Mark(c))),
        };
        found.extend(token.map(|token| (line, token)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// The length of a word; in C the digits of a number may have a `'` between them.
fn word(code: &str, dialect: Dialect) -> usize {
    let is_number = dialect == Dialect::C && code.starts_with(|c: char| c.is_ascii_digit());
    let ends = |&(at, c): &(usize, char)| {
        let goes_on = c == '\'' && is_number && code[at + 1..].starts_with(is_of_word);
        !is_of_word(c) && !goes_on
    };
    code.char_indices().find(ends).map_or(code.len(), |(at, _)| at)
}

/// The length of a comment, which in Rust may hold others.
fn comment(code: &str, dialect: Dialect) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let rest = &code[at..];
        let Some(next) = rest.find(['*', '/']) else {
            return code.len();
        };
        at += next;
        if code[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else if dialect == Dialect::Rust && code[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a text up to its quote.
fn text(code: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The length of a text such as `r#"..."#` or `b"..."`, if one begins here.
fn raw_text(code: &str) -> Option<usize> {
    let start = code.find(['"', '#']).filter(|&at| at <= 2)?;
    if !matches!(&code[..start], "r" | "br" | "cr" | "b" | "c") {
        return None;
    }
    if !code[..start].ends_with('r') {
        return code[start..]
            .starts_with('"')
            .then(|| start + text(&code[start..], '"'));
    }
    let hashes = code[start..].find(|c| c != '#').unwrap_or(0);
    let inside = start + hashes + 1;
    code[start + hashes..].starts_with('"').then(|| {
        let end = format!("\"{}", "#".repeat(hashes));
        code[inside..]
            .find(&end)
            .map_or(code.len(), |at| inside + at + end.len())
    })
}

/// `'a` and not `'a'`.
fn is_lifetime(code: &str) -> bool {
    let mut after = code.chars().skip(1);
    after.next().is_some_and(|c| is_of_word(c) && c != '\\') && after.next() != Some('\'')
}

/// A bracket that has no partner: its line, and what is to be told.
pub(super) fn unbalanced(code: &str, dialect: Dialect) -> Option<(usize, String)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    for (line, token) in tokens(code, dialect) {
        let Token::Mark(mark) = token else { continue };
        let partner = match mark {
            '(' | '[' | '{' => {
                open.push((line, mark));
                continue;
            }
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => continue,
        };
        if open.pop().is_none_or(|(_, found)| found != partner) {
            return Some((line, format!("`{mark}` closes nothing")));
        }
    }
    open.pop()
        .map(|(line, mark)| (line, format!("`{mark}` is never closed")))
}

/// Names that a setup binds for all that comes after it, and that a statement uses.
pub(super) fn shared(setup: &str, statement: &str, dialect: Dialect) -> Vec<String> {
    let statement = tokens(statement, dialect);
    let is_used = |name: &str| {
        statement.iter().enumerate().any(|(at, (_, token))| {
            let before = |by: usize| at.checked_sub(by).map(|at| statement[at].1);
            let is_field = match before(1) {
                Some(Token::Mark('>')) => before(2) == Some(Token::Mark('-')),
                before => before == Some(Token::Mark('.')),
            };
            *token == Token::Word(name) && !is_field
        })
    };
    let tokens: Vec<Token<'_>> = tokens(setup, dialect)
        .into_iter()
        .map(|(_, token)| token)
        .collect();
    let mut names: Vec<String> = match dialect {
        Dialect::C => of_declarations(&tokens),
        Dialect::Rust => of_lets(&tokens),
    };
    names.retain(|name| is_used(name));
    names.sort();
    names.dedup();
    names
}

/// Begins of statements of C that declare no variable.
const NO_DECLARATION: [&str; 8] = [
    "typedef", "return", "goto", "break", "continue", "else", "do", "enum",
];

/// Words of C that come before `;`, `,`, `=` or `[` and are no names.
const NO_NAME: [&str; 6] = ["return", "break", "continue", "else", "do", "default"];

fn of_declarations(tokens: &[Token<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let (mut depth, mut declares) = (0_usize, true);
    let mut is_first = true;
    for (at, &token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                is_first = depth == 0 && token == Token::Mark('}');
                continue;
            }
            Token::Mark(';') if depth == 0 => {
                is_first = true;
                continue;
            }
            Token::Word(word) if depth == 0 => {
                if is_first {
                    declares = !NO_DECLARATION.contains(&word);
                }
                let is_variable = matches!(tokens.get(at + 1), Some(Token::Mark('=' | ';' | ',' | '[')))
                    && tokens.get(at + 2).is_none_or(|&next| {
                        tokens.get(at + 1) != Some(&Token::Mark('=')) || next != Token::Mark('=')
                    });
                let is_part = at > 0 && matches!(tokens[at - 1], Token::Mark('.' | '>'));
                let is_name = !word.starts_with(|c: char| c.is_ascii_digit()) && !NO_NAME.contains(&word);
                if declares && is_variable && is_name && !is_part {
                    found.push(word.to_owned());
                }
            }
            _ => {}
        }
        is_first = false;
    }
    found
}

fn of_lets(tokens: &[Token<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    // The depth of brackets within the pattern of a `let`, while that lasts.
    let mut pattern: Option<usize> = None;
    for (at, &token) in tokens.iter().enumerate() {
        match (token, &mut pattern) {
            (Token::Mark('(' | '[' | '{'), Some(inside)) => *inside += 1,
            (Token::Mark(')' | ']' | '}'), Some(inside)) => *inside = inside.saturating_sub(1),
            (Token::Mark('=' | ';'), Some(_)) | (Token::Mark(':'), Some(0)) => pattern = None,
            (Token::Word(word), Some(_)) => {
                let is_name = word.starts_with(|c: char| c.is_lowercase() || c == '_') && word != "_";
                let is_field = matches!(tokens.get(at + 1), Some(Token::Mark('(' | '{')))
                    || pattern != Some(0) && tokens.get(at + 1) == Some(&Token::Mark(':'));
                if is_name && !is_field && !matches!(word, "mut" | "ref") {
                    found.push(word.to_owned());
                }
            }
            (Token::Mark('(' | '[' | '{'), None) => depth += 1,
            (Token::Mark(')' | ']' | '}'), None) => depth = depth.saturating_sub(1),
            (Token::Word("let"), None) if depth == 0 => pattern = Some(0),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(setup: &str, statement: &str, dialect: Dialect, expected: &[&str]) {
        assert_eq!(shared(setup, statement, dialect), expected, "{setup}");
    }

    #[test]
    fn names_of_lets_are_found() {
        let check = |setup, statement, expected: &[&str]| check(setup, statement, Dialect::Rust, expected);
        check(
            "let v: Vec<u64> = (0..9).collect();",
            "v.iter().sum::<u64>()",
            &["v"],
        );
        check("let (a, mut b) = (1, 2);", "a + b", &["a", "b"]);
        check(
            "let Point { x, y: z } = p; let Some(w) = q else { return };",
            "x y z w p",
            &["w", "x", "z"],
        );
        check("let a = 1; { let b = 2; } fn f() { let c = 3; }", "a b c", &["a"]);
        check("let a = 1; let b = 2;", "x.a + f(b)", &["b"]);
        check(
            "let a = \"let b = 1\"; // let c = 1;\nlet d = r#\"\"; let e = 1;\"#;",
            "a b c d e",
            &["a", "d"],
        );
        check("let a: &'static str = \"x\"; let b = 'b';", "a b", &["a", "b"]);
    }

    #[test]
    fn names_of_declarations_are_found() {
        let check = |setup, statement, expected: &[&str]| check(setup, statement, Dialect::C, expected);
        check("volatile double x = 2;", "sqrt(x)", &["x"]);
        check("int a[3] = {1, 2}, *p = a, n;", "a[n] + *p", &["a", "n", "p"]);
        check("typedef int T; struct s { int b; } c;", "(T)c.b + b", &["c"]);
        check("int i; for (i = 0; i < 3; i++) { int j = i; }", "i + j", &["i"]);
        check("size_t n = 5; if (n == 5) f(n);", "(size_t)n", &["n"]);
        check("struct s *q = 0; int b, n;", "q->b > n", &["n", "q"]);
    }

    #[test]
    fn brackets_have_partners() {
        let check = |code, expected: Option<(usize, &str)>| {
            let found = unbalanced(code, Dialect::Rust);
            assert_eq!(
                found.as_ref().map(|(line, text)| (*line, &**text)),
                expected,
                "{code}"
            );
        };
        check("f(x[1], \"(\", '(', /* ( /* ( */ */ b\"{\") // (", None);
        check("a\n}", Some((2, "`}` closes nothing")));
        check("if x {\n(", Some((2, "`(` is never closed")));
        check("(]", Some((1, "`]` closes nothing")));
        check("fn f<'a>(x: &'a str) {}", None);
    }

    #[test]
    fn numbers_of_c_may_have_quotes_in_them() {
        for code in ["f(1'000)", "(0xFF'FFu + 1'0.5)", "(u'(')", "(x ? 1:'(')"] {
            assert_eq!(unbalanced(code, Dialect::C), None, "{code}");
        }
        let shown = |code| tokens(code, Dialect::C).len();
        assert_eq!((shown("1'000"), shown("1 '0'")), (1, 2));
    }

    #[test]
    fn any_code_is_read() {
        for code in ["\"", "'", "/*", "r#\"", "b\"", "é'é", "/* *", "r", "'\\''"] {
            for dialect in [Dialect::C, Dialect::Rust] {
                tokens(code, dialect);
                unbalanced(code, dialect);
            }
        }
    }
}
