//! The lines of functions, from the files that a profile names, where they are on this machine.
//!
//! A profile may come from anywhere and the page may be mailed on, so that only regular files with an ending of Python
//! are read, whatever file a profile names.

use crate::page::Source;
use crate::profile::{FunctionId, KeyId, Profile};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::SystemTime;

/// Functions that get their lines: those that took most time.
const MOST_FUNCTIONS: usize = 3000;
/// All lines together, in bytes; they are packed to about a fifth.
const MOST_TEXT: usize = 4 << 20;
const MOST_FILE: u64 = 8 << 20;
/// Lines of one function.
const MOST_LINES: usize = 150;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) found: Vec<(KeyId, Source)>,
    /// Functions whose lines were looked for.
    pub(super) wanted: usize,
    /// Files of them, and those that could be read.
    pub(super) files: usize,
    pub(super) files_read: usize,
}

struct File {
    lines: Vec<String>,
    is_newer: bool,
}

/// Reads the lines of the functions of a profile that was saved at this time, if that is known.
pub(super) fn read(profile: &Profile, saved: Option<SystemTime>) -> Sources {
    let mut functions: Vec<FunctionId> = profile
        .functions()
        .filter(|&function| !profile.is_builtin(profile.key_of(function)))
        .collect();
    let time = |function: &FunctionId| {
        let calls = profile.calls(*function);
        let nanoseconds = |time: crate::python::Seconds| time.nanoseconds().unwrap_or(0);
        Reverse(nanoseconds(calls.own).max(nanoseconds(calls.cumulative)))
    };
    functions.sort_by_key(time);
    functions.truncate(MOST_FUNCTIONS);
    let mut sources = Sources {
        wanted: functions.len(),
        ..Sources::default()
    };
    let mut files: FxHashMap<&[u8], Option<File>> = FxHashMap::default();
    let mut size = 0;
    for function in functions {
        let key = profile.key_of(function);
        let path = profile.file(key);
        let file = files
            .entry(path)
            .or_insert_with(|| read_file(Path::new(OsStr::from_bytes(path)), saved));
        let Some(file) = file else { continue };
        let Some(mut source) = lines_of(&file.lines, profile.line(key), profile.name(key)) else {
            continue;
        };
        if file.is_newer {
            source.remark =
                Some("the file was changed after the profile was saved: lines may have moved".into());
        }
        size += source.text.len();
        if size > MOST_TEXT {
            break;
        }
        sources.found.push((key, source));
    }
    sources.files = files.len();
    sources.files_read = files.values().flatten().count();
    sources
}

fn read_file(path: &Path, saved: Option<SystemTime>) -> Option<File> {
    let is_python = path
        .extension()
        .is_some_and(|ending| ["py", "pyw", "pyi", "pyx"].iter().any(|known| ending == *known));
    if !is_python {
        return None;
    }
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MOST_FILE {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let changed = metadata.modified().ok();
    Some(File {
        lines: String::from_utf8_lossy(&bytes)
            .lines()
            .map(str::to_owned)
            .collect(),
        is_newer: changed.zip(saved).is_some_and(|(changed, saved)| changed > saved),
    })
}

/// The lines of a function that begins at a line: to the end of its block, or a few around it where it is none.
fn lines_of(lines: &[String], line: i64, name: &[u8]) -> Option<Source> {
    // The code of a whole module begins at 0 or 1.
    let first = usize::try_from(line.max(1)).ok()? - 1;
    if first >= lines.len() {
        return None;
    }
    let (from, to) = match name {
        b"<module>" => (first, first + 40),
        [b'<', ..] => (first.saturating_sub(3), first + 9),
        _ => (first, end_of_block(lines, first)),
    };
    let mut to = to.min(lines.len()).min(from + MOST_LINES);
    while to > from + 1 && lines[to - 1].trim().is_empty() {
        to -= 1;
    }
    Some(Source {
        first_line: from as u64 + 1,
        text: lines[from..to].join("\n"),
        remark: None,
    })
}

/// Where the block that begins with decorators, `def` or `class` at a line ends: at the first line that is not further
/// in, after the colon of its head.
fn end_of_block(lines: &[String], first: usize) -> usize {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let base = depth(&lines[first]);
    let mut in_head = true;
    for (at, line) in lines.iter().enumerate().skip(first) {
        let text = line.trim();
        if in_head {
            let code = text.split(" #").next().unwrap_or_default().trim_end();
            in_head = !code.ends_with(':') || text.starts_with('@');
            let is_one_line = ["def ", "async def ", "class "]
                .iter()
                .any(|word| depth(line) == base && text.starts_with(word) && text.contains("): "));
            if is_one_line && in_head {
                return at + 1;
            }
        } else if !text.is_empty() && depth(line) <= base && !text.starts_with('#') {
            return at;
        }
    }
    lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
import os

@cached(
    size=3,
)
def first(
    a,
) -> None:  # a head of several lines
    if a:

# a comment at the border
        return 1

    return 2


class Second:
    def third(self): return 3
    def fourth(self):
        return lambda: 4
last = 1
";

    fn check(line: i64, name: &str, expected: (u64, u64)) {
        let lines: Vec<String> = FILE.lines().map(str::to_owned).collect();
        let source = lines_of(&lines, line, name.as_bytes()).expect("the line is there");
        let count = source.text.lines().count() as u64;
        assert_eq!(
            (source.first_line, source.first_line + count - 1),
            expected,
            "{name}"
        );
    }

    #[test]
    fn a_function_ends_where_its_block_ends() {
        check(3, "first", (3, 14));
        check(6, "first", (6, 14));
        check(18, "third", (18, 18));
        check(19, "fourth", (19, 20));
        check(17, "Second", (17, 20));
        check(20, "<lambda>", (17, 21));
        check(0, "<module>", (1, 21));
        check(21, "last", (21, 21));
    }

    #[test]
    fn a_line_that_is_not_there_has_no_source() {
        assert_eq!(lines_of(&["x".into()], 2, b"f"), None);
        assert_eq!(lines_of(&[], 0, b"<module>"), None);
        assert!(lines_of(&["x".into()], i64::MIN, b"f").is_some());
    }

    #[test]
    fn only_python_files_are_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["secret", "a.py"] {
            std::fs::write(folder.path().join(name), "x = 1\n").expect("a temporary file");
        }
        std::fs::create_dir(folder.path().join("folder.py")).expect("a temporary folder");
        let is_read = |name: &str| read_file(&folder.path().join(name), None).is_some();
        assert_eq!(
            ["secret", "a.py", "folder.py", "none.py"].map(is_read),
            [false, true, false, false]
        );
        let long_ago = Some(SystemTime::UNIX_EPOCH);
        assert!(
            read_file(&folder.path().join("a.py"), long_ago)
                .expect("it is there")
                .is_newer
        );
    }
}
