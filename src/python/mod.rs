//! What must come out as Python itself does it: how numbers and text are shown, which words are
//! numbers, regular expressions, and the order of a Python 2.7 dict.
//!
//! Text of Python 3 is kept as UTF-8 in which lone surrogates stand in their three-byte form
//! (WTF-8), since names with undecodable bytes reach a dump as surrogates. Text of Python 2 is
//! plain bytes.

pub mod dict27;
pub mod number;
pub mod regex;
pub mod text;

pub use number::{Seconds, Word};

/// Which Python wrote a dump, as far as it changes what the dump means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 2.7: names are bytes, widths count bytes, dicts have hash order.
    Python2,
    /// 3.x and PyPy3: names are Unicode text, dicts keep the order of insertion.
    Python3,
}

/// A version of Python whose output is to be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 2 or 3.
    pub major: u8,
    /// 7 for 2.7; 6 to 15 for 3.6 to 3.15.
    pub minor: u8,
}

impl Version {
    /// The newest that is covered.
    pub const NEWEST: Version = Version { major: 3, minor: 15 };
    /// The only version 2 that is covered.
    pub const PYTHON2: Version = Version { major: 2, minor: 7 };

    /// Reads `2.7` or `3.6` to `3.15`; `None` for anything else.
    ///
    /// ```
    /// use prof::python::Version;
    /// assert_eq!(Version::parse("3.8"), Some(Version { major: 3, minor: 8 }));
    /// assert_eq!(Version::parse("3.5"), None);
    /// ```
    #[must_use]
    pub fn parse(word: &str) -> Option<Version> {
        let (major, minor) = word.split_once('.')?;
        let version = Version {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        };
        let known = version == Version::PYTHON2 || (version.major == 3 && (6..=15).contains(&version.minor));
        known.then_some(version)
    }

    /// The dialect of the dumps that this version can read.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        if self.is_python2() {
            Dialect::Python2
        } else {
            Dialect::Python3
        }
    }

    /// Is this 2.7, where text is bytes?
    #[must_use]
    pub fn is_python2(self) -> bool {
        self.major == 2
    }

    /// Is this Python 3, minor version `minor` or later?
    #[must_use]
    pub fn at_least(self, minor: u8) -> bool {
        self >= Version { major: 3, minor }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
