//! A function's file, line and name, and how they are shown.

use super::{KeyId, Profile, StrId};
use crate::python::number::push_int;
use crate::python::text;
use std::cmp::Ordering;

/// What identifies a function in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The file as the dump has it; `~` for a C function, whose name then says all.
    pub file: StrId,
    /// The first line of the function, from 1; 0 for a C function.
    pub line: i64,
    /// The function's name.
    pub name: StrId,
}

impl Profile {
    /// The file of a function, as the dump has it.
    #[must_use]
    pub fn file(&self, key: KeyId) -> &[u8] {
        self.strings.get(self.keys[key.index()].file)
    }

    /// The first line of a function, from 1; 0 for a C function.
    #[must_use]
    pub fn line(&self, key: KeyId) -> i64 {
        self.keys[key.index()].line
    }

    /// The name of a function, as the dump has it.
    #[must_use]
    pub fn name(&self, key: KeyId) -> &[u8] {
        self.strings.get(self.keys[key.index()].name)
    }

    /// Is this a C function as cProfile names it, without a file?
    #[must_use]
    pub fn is_builtin(&self, key: KeyId) -> bool {
        self.line(key) == 0 && self.file(key) == b"~"
    }

    /// Appends the name that pstats shows (its "standard name"), as the dump has it: `file:line(name)`,
    /// or `{built-in ...}`.
    pub fn push_standard_name(&self, key: KeyId, out: &mut Vec<u8>) {
        let name = self.name(key);
        if self.is_builtin(key) {
            match name {
                [b'<', middle @ .., b'>'] => {
                    out.push(b'{');
                    out.extend_from_slice(middle);
                    out.push(b'}');
                }
                _ => out.extend_from_slice(name),
            }
        } else {
            out.extend_from_slice(self.file(key));
            out.push(b':');
            push_int(out, self.line(key).into());
            out.push(b'(');
            out.extend_from_slice(name);
            out.push(b')');
        }
    }

    /// The name that pstats shows, see [`Profile::push_standard_name`].
    #[must_use]
    pub fn standard_name(&self, key: KeyId) -> Vec<u8> {
        let mut name = Vec::new();
        self.push_standard_name(key, &mut name);
        name
    }

    /// The length of the standard name: in code points, or in bytes for Python 2.
    #[must_use]
    pub fn standard_name_length(&self, key: KeyId) -> usize {
        let length = |text: &[u8]| text::length(text, self.dialect);
        let name = length(self.name(key));
        if self.is_builtin(key) {
            // The outer pair of brackets is replaced, not added.
            name
        } else {
            length(self.file(key)) + decimal_length(self.line(key)) + name + 3
        }
    }

    /// Compares by file, then line as a number, then name.
    #[must_use]
    pub fn compare_keys(&self, a: KeyId, b: KeyId) -> Ordering {
        let by_line = || self.line(a).cmp(&self.line(b));
        let by_name = || self.name(a).cmp(self.name(b));
        self.file(a)
            .cmp(self.file(b))
            .then_with(by_line)
            .then_with(by_name)
    }
}

fn decimal_length(value: i64) -> usize {
    let digits = value.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    digits + usize::from(value < 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Dialect;

    fn check(file: &str, line: i64, name: &str, shown: &str) {
        let mut profile = Profile::new(Dialect::Python3);
        let key = profile
            .key(file.as_bytes(), line, name.as_bytes())
            .expect("a small profile");
        assert_eq!(String::from_utf8_lossy(&profile.standard_name(key)), shown);
        assert_eq!(profile.standard_name_length(key), shown.chars().count());
    }

    #[test]
    fn names_are_shown_as_pstats_shows_them() {
        check("a.py", 12, "f", "a.py:12(f)");
        check(
            "~",
            0,
            "<built-in method builtins.len>",
            "{built-in method builtins.len}",
        );
        check("~", 0, "<>", "{}");
        check("~", 0, "<", "<");
        check("~", 0, "sleep", "sleep");
        check("~", 1, "<x>", "~:1(<x>)");
        check("", 0, "len", ":0(len)");
        check("caf\u{e9}.py", -10, "na\u{ef}ve", "caf\u{e9}.py:-10(na\u{ef}ve)");
    }
}
