//! Workers that users declare in a file `prof.toml`:
//!
//! ```toml
//! [timeit.workers.perl]
//! command = ["perl", "./worker.pl"]
//! ```

use super::Language;
use crate::timeit::session::Case;
use crate::toml_text::{self, Error};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;

/// Names that mean the languages that are known.
pub const KNOWN: [&str; 5] = ["python", "node", "ruby", "rust", "c"];

/// A code that needs more than this to become fast is beyond what can be waited for.
const MOST_WARM_UP: u64 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    timeit: Timeit,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timeit {
    #[serde(default)]
    workers: BTreeMap<Spanned<String>, Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    command: Spanned<Vec<String>>,
    name: Option<String>,
    warm_up_ms: Option<Spanned<u64>>,
    reference: Option<Reference>,
    #[serde(default)]
    collector: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    #[serde(default)]
    setup: String,
    statement: String,
}

/// The languages that a file in this folder declares, by name.
///
/// # Errors
/// The first mistake, with its place.
pub fn read(text: &str, folder: &Path) -> Result<BTreeMap<String, Language>, Error> {
    let bad = |at: usize, message: String| Error::at(text, at, message);
    let file: File = toml_text::read(text)?;
    let mut languages = BTreeMap::new();
    for (name, declared) in file.timeit.workers {
        let at = name.span().start;
        let name = name.into_inner();
        if KNOWN.contains(&&*name) {
            return Err(bad(
                at,
                format!("`{name}` is known without a declaration: give yours another name"),
            ));
        }
        let command = declared.command;
        if command.get_ref().first().is_none_or(String::is_empty) {
            return Err(bad(
                command.span().start,
                "`command` is a program and its arguments, such as [\"perl\", \"./worker.pl\"]".into(),
            ));
        }
        let command = command.into_inner().into_iter().map(|word| beside(word, folder));
        let warm_up = match declared.warm_up_ms {
            Some(time) if *time.get_ref() > MOST_WARM_UP => {
                let message = format!("`warm_up_ms` is at most {MOST_WARM_UP}");
                return Err(bad(time.span().start, message));
            }
            time => Duration::from_millis(time.map_or(0, Spanned::into_inner)),
        };
        let shown = declared.name.unwrap_or_else(|| name.clone());
        let mut language = Language::own(shown, command.collect(), warm_up);
        language.has_collector = declared.collector;
        language.reference = declared.reference.map(|reference| Case {
            name: "reference".into(),
            ..super::reference(&reference.setup, &reference.statement)
        });
        languages.insert(name, language);
    }
    Ok(languages)
}

/// A word that begins with `./` or `../` is a file beside the one that declares it.
fn beside(word: String, folder: &Path) -> String {
    if word.starts_with("./") || word.starts_with("../") {
        let path = folder.join(word.strip_prefix("./").unwrap_or(&word));
        return path.to_string_lossy().into_owned();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_here(text: &str) -> Result<BTreeMap<String, Language>, Error> {
        read(text, Path::new("/a/b"))
    }

    fn check_error(text: &str, line: usize, column: usize, message: &str) {
        let error = read_here(text).expect_err("a mistake");
        assert_eq!((error.line, error.column), (line, column), "{error}");
        assert!(error.message.contains(message), "{error}");
    }

    #[test]
    fn workers_are_declared() {
        let text = "[timeit.workers.lua]\ncommand = ['lua', './w.lua', '../x', '-v', 'a/b']\nwarm_up_ms = 5\n\
                    [timeit.workers.go]\ncommand = ['gow']\nname = 'Go'\ncollector = true\nreference = { statement = 'x' }\n";
        let found = read_here(text).expect("two workers");
        let (lua, go) = (&found["lua"], &found["go"]);
        assert_eq!(lua.command, ["lua", "/a/b/w.lua", "/a/b/../x", "-v", "a/b"]);
        assert_eq!(
            (&*lua.name, lua.warm_up, &lua.reference),
            ("lua", Duration::from_millis(5), &None)
        );
        assert_eq!((&*go.name, go.warm_up), ("Go", Duration::ZERO));
        assert_eq!(go.reference.as_ref().map(|case| &*case.statement), Some("x"));
        assert_eq!((lua.has_collector, go.has_collector), (false, true));
        assert_eq!(read_here("").expect("nothing").len(), 0);
    }

    #[test]
    fn mistakes_have_a_place() {
        check_error("[timeit.workers.lua]\ncommand = 'lua'", 2, 11, "expected");
        check_error(
            "[timeit.workers.lua]\ncommand = []",
            2,
            11,
            "a program and its arguments",
        );
        check_error(
            "[timeit.workers.lua]\ncomand = []",
            2,
            1,
            "unknown field `comand`",
        );
        check_error(
            "[timeit.workers.lua]\nname = 'x'",
            1,
            1,
            "missing field `command`",
        );
        check_error("\n[timeit.workers.ruby]\ncommand = ['x']", 2, 17, "known without");
        check_error(
            "[timeit.workers.a]\ncommand = ['x']\nwarm_up_ms = 90000",
            3,
            14,
            "at most",
        );
        check_error("[timeit]\nworker = 1", 2, 1, "unknown field");
        check_error("x", 1, 2, "");
    }
}
