//! Known traps of timed snippets, recognised by the error that they end in.

use super::Framework;
use crate::timeit::session::{Case, Part};

/// What to do about an error while the world is set up.
pub(super) fn of_world(kind: &str, message: &str, framework: &Framework) -> Option<String> {
    let is_missing = |name: &str| kind == "ModuleNotFoundError" && message.contains(&format!("'{name}"));
    match framework {
        Framework::Django(_) if is_missing("django") => {
            Some("this Python has no Django: --python names another, such as the folder of a virtual environment".into())
        }
        Framework::Django(settings) if is_missing(settings.split('.').next().unwrap_or_default()) => {
            Some("settings are a module such as mysite.settings, found from the folder in which prof runs, or --cwd".into())
        }
        Framework::Evennia if is_missing("evennia") || is_missing("django") => {
            Some("this Python has no Evennia: --python names another, such as the folder of a virtual environment".into())
        }
        _ => None,
    }
}

/// What to do about an error of a snippet, if it is a known trap.
pub(super) fn of(
    kind: &str,
    message: &str,
    case: &Case,
    part: Option<Part>,
    version: &str,
) -> Option<String> {
    let code = match part {
        Some(Part::Setup) => &case.setup,
        _ => &case.statement,
    };
    match kind {
        "SyntaxError" => syntax(message, code, version).map(Into::into),
        "IndentationError" | "TabError" => Some(indentation(message).into()),
        "NameError" => name_in(message).map(|name| missing_name(name, case, part)),
        "UnboundLocalError" => name_in(message).map(|name| {
            format!(
                "the code runs in a function, where an assignment makes `{name}` local: \
                 put `global {name}` before it"
            )
        }),
        "ModuleNotFoundError" | "ImportError" => Some(
            "the code runs with the current folder first on sys.path; --python takes the virtual \
             environment that has the module"
                .into(),
        ),
        "SystemExit" => Some("the code called sys.exit(); the process that times it must go on".into()),
        "MemoryError" => Some("fewer loops may fit: -n takes their number".into()),
        _ => None,
    }
}

fn syntax(message: &str, code: &str, version: &str) -> Option<&'static str> {
    let is_import_all = message.contains("import *") || message.contains("import * ");
    let has_word = |word: &str| {
        code.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|found| found == word)
    };
    if is_import_all {
        return Some(
            "the code runs in a function, where Python allows no `import *`: name what is needed, as in \
             `from module import a, b`",
        );
    }
    if message.contains("from __future__") {
        return Some("the code runs in a function, where `from __future__` cannot stand");
    }
    if message.contains("'return' outside") || message.contains("'yield' outside") {
        return Some(
            "the snippet is the body of a loop, not of a function: define a function in -s and call it",
        );
    }
    if message.contains("outside loop") || message.contains("not properly in loop") {
        return Some(
            "`break` and `continue` would end the timing loop: they need a loop of the snippet's own",
        );
    }
    if has_word("await") || message.contains("'async") || message.contains("asynchronous") {
        return Some(
            "the snippet runs in a plain function: to time a coroutine, start it with asyncio, as in \
             -s 'import asyncio; run = asyncio.new_event_loop().run_until_complete' 'run(coroutine())'",
        );
    }
    if message.contains("nonlocal") {
        return Some("there is no function around the snippet whose names `nonlocal` could mean");
    }
    if !version.starts_with('2') && has_word("print") && !message.contains("string literal") {
        return code
            .lines()
            .any(|line| {
                line.trim_start()
                    .strip_prefix("print ")
                    .is_some_and(|rest| !rest.trim_start().starts_with(['(', '=']))
            })
            .then_some("in Python 3 `print` is a function: print(...); --python 2.7 runs Python 2");
    }
    None
}

fn indentation(message: &str) -> &'static str {
    if message.contains("tab") {
        "use either tabs or spaces for the indentation of all lines"
    } else if message.contains("expected an indented block") {
        "each argument is one line of the statement: give the lines of a block their indentation, as in \
         'for i in x:' '    f(i)'"
    } else {
        "each argument is one line of the statement: the first must start without a space, and lines of one \
         block with as many"
    }
}

/// The name in quotes within a message such as `name 'x' is not defined`.
fn name_in(message: &str) -> Option<&str> {
    message.split('\'').nth(1).filter(|name| !name.is_empty())
}

fn missing_name(name: &str, case: &Case, part: Option<Part>) -> String {
    if part == Some(Part::Setup) || !case.setup.is_empty() {
        return format!("the snippet sees only what -s defines or imports: `{name}` is not among it");
    }
    format!("define it first: -s '{name} = ...', or import it: -s 'from module import {name}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of CPython, the statement it is about, and a piece of the hint.
    fn check(kind: &str, message: &str, statement: &str, expected: &str) {
        let case = Case {
            statement: statement.into(),
            ..Case::default()
        };
        let hint = of(kind, message, &case, Some(Part::Statement), "3.11.7").unwrap_or_default();
        assert!(
            hint.contains(expected) && (!expected.is_empty() || hint.is_empty()),
            "{message}: {hint}"
        );
    }

    #[test]
    fn traps_are_explained() {
        let syntax = "SyntaxError";
        check(
            syntax,
            "import * only allowed at module level",
            "from os import *",
            "name what is needed",
        );
        check(
            syntax,
            "import * is not allowed in function 'inner' because it is not a top-level",
            "",
            "name what",
        );
        check(syntax, "'await' outside function", "await f()", "asyncio");
        check(syntax, "invalid syntax", "await f()", "asyncio");
        check(
            syntax,
            "'return' outside function",
            "return 1",
            "define a function",
        );
        check(syntax, "'break' outside loop", "break", "timing loop");
        check(
            syntax,
            "Missing parentheses in call to 'print'. Did you mean print(...)?",
            "print 1",
            "a function",
        );
        check(syntax, "invalid syntax", "print = = 1", "");
        check(
            "TabError",
            "inconsistent use of tabs and spaces in indentation",
            "",
            "either tabs",
        );
        check("IndentationError", "unexpected indent", " x", "without a space");
        check(
            "NameError",
            "name 'foo' is not defined",
            "foo()",
            "-s 'from module import foo'",
        );
        check(
            "UnboundLocalError",
            "local variable 'n' referenced before assignment",
            "n += 1",
            "global n",
        );
    }

    #[test]
    fn other_errors_have_no_hint() {
        check("ZeroDivisionError", "division by zero", "1/0", "");
        check("SyntaxError", "invalid syntax", "a b", "");
    }
}
