//! Builds programs in Rust: each case is a module, whose function holds setup and loop.

use super::build::{Compiler, Diagnosis, Error, marked, name};
use super::tokens::{Dialect, shared};
use crate::timeit::session::{Case, CodeError, Part};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Output;

const WORKER: &str = include_str!("worker.rs");

/// Where loops begin.
const ALIGN: &str = "llvm-args=-align-loops=64";

/// Lines before the setup.
const BEFORE: usize = 1;

/// Builds a program of all cases.
pub(super) fn build(compiler: &Compiler<'_>, cases: &[Case]) -> Result<PathBuf, Error> {
    // A toolchain, such as +nightly, is named before all else.
    let is_toolchain = |word: &OsString| word.to_string_lossy().starts_with('+');
    let arguments = compiler.arguments();
    let toolchain = arguments.iter().take_while(|word| is_toolchain(word)).count();
    let (toolchain, arguments) = arguments.split_at(toolchain);
    let version = compiler.run(compiler.program().args(toolchain).arg("--version"))?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let version = version.split_whitespace().nth(1).unwrap_or_default();
    let main = compiler.write("main.rs", &worker(cases.len(), version))?;
    let program = compiler.folder.join("program");
    let build = |names: &[Vec<String>], is_aligned: bool| -> Result<Output, Error> {
        for (at, (case, names)) in cases.iter().zip(names).enumerate() {
            compiler.write(&format!("case_{at}.rs"), &source(case, names))?;
        }
        let mut command = compiler.program();
        command
            .args(toolchain)
            .args(["--error-format", "json", "--crate-name", "timed"]);
        if !arguments
            .iter()
            .any(|word| word.to_string_lossy().starts_with("--edition"))
        {
            command.args(["--edition", "2021"]);
        }
        command.args(["-C", "opt-level=3", "-C", "codegen-units=1"]);
        if is_aligned {
            command.args(["-C", ALIGN]);
        }
        command.args(compiler.flags("RUSTFLAGS")).args(arguments);
        command.arg("-o").args([&program, &main]);
        compiler.run(&mut command)
    };
    let shared = |case: &Case| shared(&case.setup, &case.statement, Dialect::Rust);
    let mut names: Vec<Vec<String>> = cases.iter().map(shared).collect();
    let mut is_aligned = true;
    loop {
        let output = build(&names, is_aligned)?;
        if output.status.success() {
            return Ok(program);
        }
        // Other versions of what rustc is built on may not know it.
        if is_aligned && String::from_utf8_lossy(&output.stderr).contains("align-loops") {
            is_aligned = false;
        } else if !leave_out(&output, cases, &mut names) {
            return Err(Error::Code(diagnosis(compiler, &output, cases)));
        }
    }
}

/// Takes out the names that cannot go through memory, such as one whose value was moved; false if there are none.
fn leave_out(output: &Output, cases: &[Case], names: &mut [Vec<String>]) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut found = Vec::new();
    for line in text.lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        let spans = message["spans"].as_array().into_iter().flatten();
        let is_ours = |span: &&Value| span["is_primary"] == true && message["level"] == "error";
        found.extend(
            spans
                .filter(is_ours)
                .filter_map(|span| escaping(span, cases, names)),
        );
    }
    found.sort_unstable();
    found.dedup();
    for &(case, name) in found.iter().rev() {
        names[case].remove(name);
    }
    !found.is_empty()
}

/// The case, and the place of the name in it, if this is where we send a name through memory.
fn escaping(span: &Value, cases: &[Case], names: &[Vec<String>]) -> Option<(usize, usize)> {
    let file = Path::new(span["file_name"].as_str()?).file_stem()?.to_str()?;
    let Some(case) = file.strip_prefix("case_") else {
        // What a macro of the standard library is made to: where it was called.
        return escaping(span.get("expansion")?.get("span")?, cases, names);
    };
    let case: usize = case.parse().ok()?;
    let lines = cases.get(case)?.setup.split('\n').count();
    (span["line_start"].as_u64()? == u64::try_from(lines + BEFORE + 1).ok()?).then_some(())?;
    let column = usize::try_from(span["column_start"].as_u64()?).ok()?;
    let mut end = 1;
    let name = names[case].iter().position(|name| {
        end += escape(name).chars().count();
        column <= end
    })?;
    Some((case, name))
}

fn worker(cases: usize, version: &str) -> String {
    let mut text = format!("#![allow(warnings)]\nconst VERSION: &str = {version:?};\n");
    for at in 0..cases {
        text.push_str(&format!("mod case_{at};\n"));
    }
    text.push_str("const CASES: &[fn()] = &[");
    for at in 0..cases {
        text.push_str(&format!("case_{at}::run, "));
    }
    text.push_str("];\n");
    text.push_str(WORKER);
    text
}

/// Lets a name's value go through memory.
fn escape(name: &str) -> String {
    // The compiler knows that nothing is written through a shared reference, and would fold what it points to.
    format!(" std::hint::black_box(std::ptr::addr_of!({name}));")
}

fn source(case: &Case, names: &[String]) -> String {
    let escapes: String = names.iter().map(|name| escape(name)).collect();
    format!(
        "pub fn run() {{\n{}\n;{escapes} let mut prof_left = 0u64; loop {{ prof_left = crate::next(prof_left); \
         if prof_left == 0 {{ break; }} while prof_left > 0 {{ prof_left -= 1; std::hint::black_box({{\n{}\n}}); }} }} }}\n",
        case.setup, case.statement
    )
}

/// Where a line of a case's file stands in the user's code.
fn place(case: &Case, line: usize) -> Option<(Part, usize)> {
    let setup = case.setup.split('\n').count();
    let statement = case.statement.split('\n').count();
    let line = line.checked_sub(BEFORE)?;
    match line {
        0 => None,
        line if line <= setup => Some((Part::Setup, line)),
        line if line > setup + 1 && line <= setup + 1 + statement => {
            Some((Part::Statement, line - setup - 1))
        }
        _ => None,
    }
}

/// The case whose file this is.
fn of_file<'a>(file: &str, cases: &'a [Case]) -> Option<&'a Case> {
    let name = file.rsplit('/').next()?;
    let number = name.strip_prefix("case_")?.strip_suffix(".rs")?;
    cases.get(number.parse::<usize>().ok()?)
}

/// A panic as it is told: its place in the user's code, where it has one there.
pub(super) fn of_panic(mut error: CodeError, cases: &[Case]) -> CodeError {
    if error.kind != "panic" {
        if error.shown.is_empty() {
            error.shown.clone_from(&error.message);
        }
        return error;
    }
    let found = (|| {
        let (rest, column) = error.shown.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let (part, line) = place(of_file(file, cases)?, line.parse().ok()?)?;
        Some((part, line, format!("{}:{line}:{column}", name(part))))
    })();
    let at = match found {
        Some((part, line, at)) => {
            (error.part, error.line) = (Some(part), Some(line));
            at
        }
        None => error.shown,
    };
    error.shown = format!("panicked at {at}:\n{}", error.message);
    error
}

/// The errors that the compiler tells, each with its places in the user's code.
fn diagnosis(compiler: &Compiler<'_>, output: &Output, cases: &[Case]) -> Diagnosis {
    let text = String::from_utf8_lossy(&output.stderr);
    let messages = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    compiler.diagnosis(output, messages.filter_map(|message| of_message(&message, cases)))
}

fn of_message(message: &Value, cases: &[Case]) -> Option<Diagnosis> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if message["level"] != "error" || text(&message["message"]).starts_with("aborting due to") {
        return None;
    }
    let code = text(&message["code"]["code"]);
    let what = text(&message["message"]);
    let mut shown = if code.is_empty() {
        format!("error: {what}")
    } else {
        format!("error[{code}]: {what}")
    };
    let mut at = None;
    let mut spans: Vec<&Value> = message["spans"].as_array().into_iter().flatten().collect();
    spans.sort_by_key(|span| span["is_primary"] != true);
    for span in spans {
        let number = |name: &str| usize::try_from(span[name].as_u64().unwrap_or(0)).unwrap_or(0);
        let Some(case) = of_file(&text(&span["file_name"]), cases) else {
            continue;
        };
        let Some((part, line)) = place(case, number("line_start")) else {
            continue;
        };
        at = at.or(Some((part, line)));
        let column = number("column_start");
        let end = if number("line_end") == number("line_start") {
            number("column_end")
        } else {
            column
        };
        shown.push_str(&format!("\n --> {}:{line}:{column}", name(part)));
        if let Some((text_of_line, mark)) = marked(case, (part, line), column..end) {
            let label = text(&span["label"]);
            shown.push_str(format!("\n{line:>4} | {text_of_line}\n     | {mark} {label}").trim_end());
        }
    }
    for child in message["children"].as_array().into_iter().flatten() {
        let is_told = matches!(child["level"].as_str(), Some("help" | "note"));
        let what = text(&child["message"]);
        if is_told && !what.is_empty() {
            shown.push_str(&format!("\n  {}: {what}", text(&child["level"])));
        }
    }
    Some(Diagnosis {
        kind: if code.is_empty() { "error".into() } else { code },
        message: what,
        shown,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_places() {
        let case = Case {
            setup: "let a = 1;\nlet b = 2;".into(),
            statement: "a +\nb".into(),
            ..Case::default()
        };
        let text = source(&case, &["a".to_owned(), "b".to_owned()]);
        for (line, found) in text.lines().enumerate() {
            let expected = match found {
                "let a = 1;" => Some((Part::Setup, 1)),
                "let b = 2;" => Some((Part::Setup, 2)),
                "a +" => Some((Part::Statement, 1)),
                "b" => Some((Part::Statement, 2)),
                _ => None,
            };
            assert_eq!(place(&case, line + 1), expected, "{found}");
        }
        assert!(
            text.contains("addr_of!(a)); std::hint::black_box(std::ptr::addr_of!(b));"),
            "{text}"
        );
    }
}
