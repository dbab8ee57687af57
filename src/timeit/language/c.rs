//! Builds programs in C: each case is a file, whose lines the compiler takes for those of `<setup>` and `<stmt>`.

use super::build::{Compiler, Diagnosis, Error, marked, name};
use super::tokens::{Dialect, shared};
use crate::timeit::session::{Case, Part};
use std::path::{Path, PathBuf};
use std::process::Output;

const WORKER: &str = include_str!("worker.c");

/// Mistakes that compilers of C only warn of, and that make other code of what was written.
const ERRORS: [&str; 3] = [
    "-Werror=implicit-function-declaration",
    "-Werror=int-conversion",
    "-Werror=incompatible-pointer-types",
];

/// How a statement stands in the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Its value is used.
    Value,
    /// It has a value that fits into no register, which is used.
    Large,
    /// It has none.
    Statements,
}

/// What is tried, the best first.
const FORMS: [Form; 3] = [Form::Value, Form::Large, Form::Statements];

/// How a case is built.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    form: Form,
    /// Names whose values go through memory.
    in_memory: Vec<String>,
    /// Names that have no address: each loop begins with values of which the compiler knows nothing.
    in_registers: Vec<String>,
}

impl Way {
    /// The one that nearly always is right.
    fn guess(case: &Case) -> Way {
        let statement = case.statement.trim();
        let form = if statement.ends_with('}') || statement.is_empty() {
            Form::Statements
        } else {
            Form::Value
        };
        Way {
            form,
            in_memory: shared(&parted(&case.setup).1, &case.statement, Dialect::C),
            in_registers: Vec::new(),
        }
    }

    /// Takes out the names of which the compiler says that they cannot be used so; false if there are none.
    fn leave_out(&mut self, output: &Output) -> bool {
        let text = String::from_utf8_lossy(&output.stderr);
        let wrong = |file: &str, names: &mut Vec<String>| {
            let of_line = |line: &str| {
                let (number, rest) = line.strip_prefix(file)?.split_once(':')?;
                rest.contains(" error: ").then(|| number.parse::<usize>().ok())?
            };
            let mut lines: Vec<usize> = text.lines().filter_map(of_line).collect();
            lines.sort_unstable();
            lines.dedup();
            let mut taken = Vec::new();
            let count = names.len();
            for line in lines.into_iter().rev().filter(|line| (1..=count).contains(line)) {
                taken.push(names.remove(line - 1));
            }
            taken
        };
        let dropped = wrong("<register>:", &mut self.in_registers);
        let moved = wrong("<memory>:", &mut self.in_memory);
        let has_some = !dropped.is_empty() || !moved.is_empty();
        self.in_registers.extend(moved);
        has_some
    }
}

/// Builds a program of all cases.
pub(super) fn build(compiler: &Compiler<'_>, cases: &[Case]) -> Result<PathBuf, Error> {
    let guesses: Vec<Way> = cases.iter().map(Way::guess).collect();
    match link(compiler, cases, &guesses) {
        Err(Error::Code(_)) => {}
        result => return result,
    }
    let ways = cases
        .iter()
        .map(|case| way(compiler, case))
        .collect::<Result<Vec<_>, _>>()?;
    link(compiler, cases, &ways)
}

/// The first way in which a case compiles.
fn way(compiler: &Compiler<'_>, case: &Case) -> Result<Way, Error> {
    let check = |way: &Way| -> Result<Output, Error> {
        let file = compiler.write("case.c", &source(case, 0, way))?;
        run(compiler, &[&file], &["-c", "-o", "/dev/null"])
    };
    let mut way = Way::guess(case);
    for form in FORMS {
        way.form = form;
        loop {
            let output = check(&way)?;
            if output.status.success() {
                return Ok(way);
            }
            if !way.leave_out(&output) {
                break;
            }
        }
    }
    let is_statement = case.statement.trim_end().ends_with([';', '}']);
    way.form = if is_statement {
        Form::Statements
    } else {
        Form::Value
    };
    let output = check(&way)?;
    Err(Error::Code(diagnosis(compiler, &output, case)))
}

fn link(compiler: &Compiler<'_>, cases: &[Case], ways: &[Way]) -> Result<PathBuf, Error> {
    let mut files = vec![compiler.write("worker.c", &worker(cases.len()))?];
    for (at, (case, way)) in cases.iter().zip(ways).enumerate() {
        files.push(compiler.write(&format!("case_{at}.c"), &source(case, at, way))?);
    }
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let program = compiler.folder.join("program");
    let output = run(compiler, &files, &["-o", &program.to_string_lossy()])?;
    if output.status.success() {
        return Ok(program);
    }
    let case = cases.first().cloned().unwrap_or_default();
    Err(Error::Code(diagnosis(compiler, &output, &case)))
}

fn run(compiler: &Compiler<'_>, files: &[&Path], more: &[&str]) -> Result<Output, Error> {
    let mut command = compiler.program();
    command.env("LC_ALL", "C.UTF-8");
    command
        .args(["-O2", "-falign-loops=64"])
        .args(ERRORS)
        .args(compiler.flags("CFLAGS"));
    command.args(files).args(compiler.arguments()).args(more);
    if !more.contains(&"-c") {
        command.args(compiler.flags("LDFLAGS")).arg("-lm");
    }
    compiler.run(&mut command)
}

fn worker(cases: usize) -> String {
    let mut text = String::new();
    for at in 0..cases {
        text.push_str(&format!("void prof_case_{at}(void);\n"));
    }
    text.push_str("static void (*const prof_cases[])(void) = {");
    for at in 0..cases {
        text.push_str(&format!("prof_case_{at}, "));
    }
    // A case may be prepared more than once.
    text.push_str(&format!(
        "}};\nstatic long long prof_places[{}], prof_known;\n{WORKER}",
        cases + 64
    ));
    text
}

/// Lines of a setup that stand before the function, which begin with `#`, and those in it.
fn parted(setup: &str) -> (String, String) {
    let mut outside = String::new();
    let mut inside = String::new();
    let mut goes_on = false;
    for (line, text) in setup.lines().enumerate() {
        let is_outside = goes_on || text.trim_start().starts_with('#');
        if is_outside {
            if !goes_on {
                outside.push_str(&format!("#line {} \"<setup>\"\n", line + 1));
            }
            outside.push_str(text);
            outside.push('\n');
        } else {
            inside.push_str(text);
        }
        inside.push('\n');
        goes_on = is_outside && text.ends_with('\\');
    }
    (outside, inside)
}

/// The file of a case.
fn source(case: &Case, at: usize, way: &Way) -> String {
    let (outside, inside) = parted(&case.setup);
    let lines = |file: &str, names: &[String], line: &dyn Fn(&str) -> String| {
        let lines: String = names.iter().map(|name| line(name)).collect();
        format!("#line 1 \"<{file}>\"\n{lines}")
    };
    let escapes = lines("memory", &way.in_memory, &|name| {
        format!("__asm__ volatile(\"\" : : \"r\"(&{name}) : \"memory\");\n")
    });
    let changes = lines("register", &way.in_registers, &|name| {
        format!("__asm__ volatile(\"\" : \"+r\"({name}));\n")
    });
    let form = way.form;
    let statement = &case.statement;
    let ours = "#line 1 \"<prof>\"\n";
    let value = statement.trim_end().trim_end_matches(';');
    let user = |text: &str| format!("\n#line 1 \"<stmt>\"\n{text}\n{ours}");
    let body = match form {
        Form::Value | Form::Large => {
            let constraint = if form == Form::Value { "r,m" } else { "m" };
            format!(
                "__auto_type prof_value = ({});\n__asm__ volatile(\"\" : : \"{constraint}\"(prof_value) : \"memory\");\n",
                user(value)
            )
        }
        Form::Statements => format!(
            "{{{};}}\n__asm__ volatile(\"\" : : : \"memory\");\n",
            user(statement)
        ),
    };
    format!(
        "{ours}unsigned long long prof_next(unsigned long long);\n{outside}{ours}void prof_case_{at}(void);\n\
         void prof_case_{at}(void)\n{{\n#line 1 \"<setup>\"\n{inside}{ours};\n{escapes}{ours}\
         unsigned long long prof_left = 0;\nwhile ((prof_left = prof_next(prof_left)))\nwhile (prof_left) {{\n\
         prof_left--;\n{changes}{ours}{body}}}\n}}\n"
    )
}

/// The errors that a compiler tells of the user's lines.
fn diagnosis(compiler: &Compiler<'_>, output: &Output, case: &Case) -> Diagnosis {
    let text = String::from_utf8_lossy(&output.stderr);
    let found = text.lines().filter_map(located);
    let found = found.map(|(part, line, column, message)| {
        let mut shown = format!("{}:{line}:{column}: {message}", name(part));
        if let Some((text, mark)) = marked(case, (part, line), column..column) {
            shown.push_str(&format!("\n{text}\n{mark}"));
        }
        Diagnosis {
            kind: "error".into(),
            message: message.to_owned(),
            shown,
            at: Some((part, line)),
        }
    });
    compiler.diagnosis(output, found)
}

/// An error with its place in the user's code: `<stmt>:1:5: error: ...`.
fn located(line: &str) -> Option<(Part, usize, usize, &str)> {
    let (part, rest) = match line.split_once(':')? {
        ("<setup>", rest) => (Part::Setup, rest),
        ("<stmt>", rest) => (Part::Statement, rest),
        _ => return None,
    };
    let (line, rest) = rest.split_once(':')?;
    let (column, message) = rest.split_once(": ")?;
    let is_error = message.starts_with("error: ") || message.starts_with("fatal error: ");
    is_error.then_some(())?;
    Some((part, line.parse().ok()?, column.parse().ok()?, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(setup: &str, statement: &str) -> Case {
        Case {
            setup: setup.into(),
            statement: statement.into(),
            ..Case::default()
        }
    }

    #[test]
    fn lines_with_a_hash_stand_outside_and_all_keep_their_numbers() {
        let case = case("int a;\n#define B \\\n 1\nint c;", "a + B;");
        let text = source(&case, 3, &Way::guess(&case));
        let lines: Vec<&str> = text.lines().collect();
        let at = |line: &str| lines.iter().position(|found| *found == line).expect(line);
        assert_eq!(lines[at("#define B \\") - 1], "#line 2 \"<setup>\"");
        assert!(at("#define B \\") < at("void prof_case_3(void)"));
        assert_eq!(
            lines[at("#line 1 \"<setup>\"") + 1..][..4],
            ["int a;", "", "", "int c;"]
        );
        assert_eq!(lines[at("#line 1 \"<stmt>\"") + 1], "a + B");
        assert!(
            text.contains("\"r\"(&a)") && !text.contains("\"r\"(&c)"),
            "{text}"
        );
    }

    #[test]
    fn only_names_that_fail_are_left_out() {
        let mut way = Way::guess(&case("int a = 1; register int b = 2; int c;", "a + b + c"));
        let mut told = |text: &str| {
            let output = Output {
                status: std::process::ExitStatus::default(),
                stdout: Vec::new(),
                stderr: text.into(),
            };
            let has_some = way.leave_out(&output);
            (has_some, way.in_memory.join(" "), way.in_registers.join(" "))
        };
        let expect = |found, memory: &str, registers: &str| (found, memory.to_owned(), registers.to_owned());
        assert_eq!(
            told("<memory>:1:1: warning: w\n<stmt>:3:1: error: x\n"),
            expect(false, "a b c", "")
        );
        assert_eq!(
            told("<memory>:2:25: error: address of register variable 'b' requested\n"),
            expect(true, "a c", "b")
        );
        assert_eq!(
            told("<register>:1:1: error: x\n<memory>:9:1: error: x\n"),
            expect(true, "a c", "")
        );
    }

    #[test]
    fn errors_have_places() {
        assert_eq!(
            located("<stmt>:1:5: error: 'y' undeclared"),
            Some((Part::Statement, 1, 5, "error: 'y' undeclared"))
        );
        for line in [
            "<stmt>:1:5: note: x",
            "<prof>:1:5: error: x",
            "<stmt>: In function",
            "x",
        ] {
            assert_eq!(located(line), None, "{line}");
        }
    }
}
