//! Sort keys, their words, and the sort.

use crate::profile::{Calls, Count, FunctionId, Profile};
use crate::python::{Seconds, Version};
use std::cmp::Ordering;

/// What functions are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// All calls, most first.
    Calls,
    /// Cumulative time, most first.
    Cumulative,
    /// File name.
    File,
    /// Line number.
    Line,
    /// Function name.
    Name,
    /// Function name, then file, then line.
    NameFileLine,
    /// Primitive calls, most first.
    PrimitiveCalls,
    /// The name that pstats shows, as text.
    StandardName,
    /// Own time, most first.
    Time,
    /// All samples, most first: the browser's word for calls of a sampled profile.
    Samples,
}

/// The words that pstats lists as valid, in its order. Prefixes are valid by the rule of [`SortKey::parse`].
pub const VALID_KEYS: [(&str, SortKey); 13] = [
    ("calls", SortKey::Calls),
    ("ncalls", SortKey::Calls),
    ("cumtime", SortKey::Cumulative),
    ("cumulative", SortKey::Cumulative),
    ("filename", SortKey::File),
    ("line", SortKey::Line),
    ("module", SortKey::File),
    ("name", SortKey::Name),
    ("nfl", SortKey::NameFileLine),
    ("pcalls", SortKey::PrimitiveCalls),
    ("stdname", SortKey::StandardName),
    ("time", SortKey::Time),
    ("tottime", SortKey::Time),
];

/// What the browser takes for a sampled profile, whole words only.
const SAMPLED_KEYS: [(&str, SortKey); 13] = [
    ("samples", SortKey::Samples),
    ("nsamples", SortKey::Samples),
    ("cumtime", SortKey::Cumulative),
    ("cumulative", SortKey::Cumulative),
    ("filename", SortKey::File),
    ("line", SortKey::Line),
    ("module", SortKey::File),
    ("name", SortKey::Name),
    ("nfl", SortKey::NameFileLine),
    ("psamples", SortKey::PrimitiveCalls),
    ("stdname", SortKey::StandardName),
    ("time", SortKey::Time),
    ("tottime", SortKey::Time),
];

impl SortKey {
    /// The key of a word or of a prefix of one.
    ///
    /// pstats collects the prefixes of one word after the other, each from the longest down, and stops at the
    /// first that is there already; that one is ambiguous and falls out. So `cu` is cumulative time, `cum`
    /// is nothing, and `f` is a file name.
    #[must_use]
    pub fn parse(word: &str, python: Version) -> Option<SortKey> {
        // Up to 3.6 there was also a word `file`, which made itself ambiguous.
        if word.is_empty() || (word == "file" && !python.at_least(7)) {
            return None;
        }
        let mut found = None;
        for (at, (key, sorts_by)) in VALID_KEYS.iter().enumerate() {
            if !key.starts_with(word) {
                continue;
            }
            // A longer prefix that an earlier word had too ended this word's turn before `word`.
            let common = |earlier: &str| {
                key.bytes()
                    .zip(earlier.bytes())
                    .take_while(|(a, b)| a == b)
                    .count()
            };
            let taken = VALID_KEYS[..at]
                .iter()
                .map(|(earlier, _)| common(earlier))
                .max()
                .unwrap_or(0);
            match taken.cmp(&word.len()) {
                Ordering::Greater => {}
                Ordering::Equal => return None,
                Ordering::Less => found = Some(*sorts_by),
            }
        }
        found
    }

    /// The key of an old numeric word: -1, 0, 1 or 2.
    #[must_use]
    pub fn from_number(number: i64) -> Option<SortKey> {
        match number {
            -1 => Some(SortKey::StandardName),
            0 => Some(SortKey::Calls),
            1 => Some(SortKey::Time),
            2 => Some(SortKey::Cumulative),
            _ => None,
        }
    }

    /// The key of a word that the browser takes for a sampled profile.
    #[must_use]
    pub fn parse_sampled(word: &str) -> Option<SortKey> {
        SAMPLED_KEYS
            .iter()
            .find(|(key, _)| *key == word)
            .map(|(_, sorts_by)| *sorts_by)
    }

    /// How a report names it after `Ordered by: `.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            SortKey::Calls => "call count",
            SortKey::Cumulative => "cumulative time",
            SortKey::File => "file name",
            SortKey::Line => "line number",
            SortKey::Name => "function name",
            SortKey::NameFileLine => "name/file/line",
            SortKey::PrimitiveCalls => "primitive call count",
            SortKey::StandardName => "standard name",
            SortKey::Time => "internal time",
            SortKey::Samples => "sample count",
        }
    }
}

/// All functions, sorted by the keys; ties stay in the order of the dict.
pub(super) fn sorted(profile: &Profile, keys: &[SortKey]) -> Vec<FunctionId> {
    let mut functions = profile.dict_order();
    let columns: Vec<Column> = keys.iter().map(|&key| Column::new(profile, key)).collect();
    match &columns[..] {
        [Column::Floats(values)] => functions.sort_by_key(|function| values[function.index()]),
        _ => functions.sort_by(|&a, &b| {
            columns
                .iter()
                .map(|column| column.compare(profile, a, b))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        }),
    }
    functions
}

/// What one key compares, by function, taken out of the profile once.
enum Column {
    /// Floats as ints that sort the most first and NaN last.
    Floats(Vec<i64>),
    Times(Vec<Seconds>),
    Counts(Vec<Count>),
    /// The standard names one after the other, and where each ends.
    StandardNames(Vec<u8>, Vec<usize>),
    File,
    Line,
    Name,
    NameFileLine,
}

impl Column {
    fn new(profile: &Profile, key: SortKey) -> Column {
        let times = |time: fn(&Calls) -> Seconds| {
            let floats = profile
                .functions()
                .map(|function| match time(&profile.calls(function)) {
                    Seconds::Float(value) => Some(most_first(value)),
                    Seconds::Int(_) => None,
                });
            match floats.collect() {
                Some(floats) => Column::Floats(floats),
                None => Column::Times(
                    profile
                        .functions()
                        .map(|function| time(&profile.calls(function)))
                        .collect(),
                ),
            }
        };
        let counts = |count: fn(&Calls) -> Count| {
            Column::Counts(
                profile
                    .functions()
                    .map(|function| count(&profile.calls(function)))
                    .collect(),
            )
        };
        match key {
            SortKey::Calls | SortKey::Samples => counts(|calls| calls.total),
            SortKey::PrimitiveCalls => counts(|calls| calls.primitive),
            SortKey::Cumulative => times(|calls| calls.cumulative),
            SortKey::Time => times(|calls| calls.own),
            SortKey::File => Column::File,
            SortKey::Line => Column::Line,
            SortKey::Name => Column::Name,
            SortKey::NameFileLine => Column::NameFileLine,
            SortKey::StandardName => {
                let mut names = Vec::new();
                let ends = profile.functions().map(|function| {
                    profile.push_standard_name(profile.key_of(function), &mut names);
                    names.len()
                });
                let ends = ends.collect();
                Column::StandardNames(names, ends)
            }
        }
    }

    fn compare(&self, profile: &Profile, a: FunctionId, b: FunctionId) -> Ordering {
        let (key_a, key_b) = (profile.key_of(a), profile.key_of(b));
        let by_file = || profile.file(key_a).cmp(profile.file(key_b));
        let by_line = || profile.line(key_a).cmp(&profile.line(key_b));
        let by_name = || profile.name(key_a).cmp(profile.name(key_b));
        match self {
            Column::Floats(values) => values[a.index()].cmp(&values[b.index()]),
            Column::Times(values) => {
                let (a, b) = (values[a.index()], values[b.index()]);
                a.is_nan().cmp(&b.is_nan()).then_with(|| b.compare(a))
            }
            Column::Counts(values) => values[b.index()].cmp(&values[a.index()]),
            Column::StandardNames(names, ends) => {
                let name = |at: usize| &names[if at == 0 { 0 } else { ends[at - 1] }..ends[at]];
                name(a.index()).cmp(name(b.index()))
            }
            Column::File => by_file(),
            Column::Line => by_line(),
            Column::Name => by_name(),
            Column::NameFileLine => by_name().then_with(by_file).then_with(by_line),
        }
    }
}

/// An int for a float: smaller for a larger float, the same for both zeros, largest for a NaN.
fn most_first(value: f64) -> i64 {
    if value.is_nan() {
        return i64::MAX;
    }
    let bits = (value + 0.0).to_bits() as i64;
    // Negative floats grow with their magnitude: turn their order round, then everything.
    let ascending = if bits < 0 { bits ^ i64::MAX } else { bits };
    !ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that pstats of 3.7 to 3.15 takes, by heading.
    const WORDS: [(&str, &str); 9] = [
        ("call count", "ca cal call calls nc nca ncal ncall ncalls"),
        (
            "cumulative time",
            "cu cumt cumti cumtim cumtime cumu cumul cumula cumulat cumulati cumulativ cumulative",
        ),
        (
            "file name",
            "f fi fil file filen filena filenam filename m mo mod modu modul module",
        ),
        ("line number", "l li lin line"),
        ("function name", "na nam name"),
        ("name/file/line", "nf nfl"),
        ("primitive call count", "p pc pca pcal pcall pcalls"),
        ("standard name", "s st std stdn stdna stdnam stdname"),
        ("internal time", "ti tim time to tot tott totti tottim tottime"),
    ];

    #[test]
    fn exactly_the_words_of_pstats_are_keys() {
        let mut prefixes: Vec<&str> = VALID_KEYS
            .iter()
            .flat_map(|(key, _)| (1..=key.len()).map(|end| &key[..end]))
            .collect();
        prefixes.extend(["", "Calls", "callsx", "samples"]);
        for word in prefixes {
            let expected = WORDS
                .iter()
                .find(|(_, words)| words.split(' ').any(|w| w == word))
                .map(|(heading, _)| *heading);
            assert_eq!(
                SortKey::parse(word, Version::NEWEST).map(SortKey::heading),
                expected,
                "{word:?}"
            );
        }
        assert_eq!(
            WORDS
                .iter()
                .map(|(_, words)| words.split(' ').count())
                .sum::<usize>(),
            66
        );
        assert_eq!(SortKey::parse("file", Version { major: 3, minor: 6 }), None);
    }

    #[test]
    fn floats_sort_most_first_and_nan_last() {
        let sorted = [
            f64::INFINITY,
            1e300,
            1.0,
            5e-324,
            0.0,
            -5e-324,
            -1.0,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        assert!(sorted.map(most_first).is_sorted());
        assert_eq!(most_first(0.0), most_first(-0.0));
    }
}
