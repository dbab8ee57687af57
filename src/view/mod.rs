//! Profiles as reports: which functions, in which order, and the text that shows them.
//!
//! [`Stats`] is what pstats calls by that name: a profile, the files it came from, and an order. The text
//! of its reports equals pstats' byte for byte; `../shared/specs/pstats.md` has the rules.

pub mod csv;
pub mod diff;
mod group;

pub mod json;
mod report;
mod restriction;
mod rows;
mod sort;
pub mod table;

pub use group::GroupBy;

pub use report::{Notes, Shown};
pub use restriction::Restriction;
pub use rows::{Edge, LeftOut, Row, Rows, Subject, View, percent_of};
pub use sort::{SortKey, VALID_KEYS};

use crate::profile::{self, FunctionId, KeyId, Profile};
use crate::python::{Version, regex};

/// A loaded profile on which reports are made, as pstats' class `Stats`.
///
/// ```
/// use prof::format::{Packing, read_profile};
/// use prof::python::Version;
/// use prof::view::{Shown, SortKey, Stats};
///
/// let dump = std::fs::read("fixtures/server.prof").unwrap();
/// let profile = read_profile(&dump[..], Packing::None).unwrap();
/// let mut stats = Stats::new(profile, b"server.prof".into(), Version::NEWEST);
/// stats.sort(&[SortKey::Cumulative]);
/// let mut text = Vec::new();
/// stats.print_stats(&[], Shown::Raw, &mut text).unwrap();
/// assert!(String::from_utf8_lossy(&text).contains("Ordered by: cumulative time"));
/// ```
#[derive(Debug)]
pub struct Stats {
    profile: Profile,
    /// One line of the head of a report for each file, as raw bytes.
    files: Vec<Vec<u8>>,
    order: Option<Order>,
    left_out: Option<LeftOut>,
    /// Did a report turn the callers round into callees? pstats keeps that index when more is added.
    callees_known: bool,
    /// The profile as it was when the callees were computed, if it has changed since.
    callee_source: Option<Box<Profile>>,
    python: Version,
}

#[derive(Debug)]
struct Order {
    functions: Vec<FunctionId>,
    heading: String,
}

/// The functions that a report lists, after sorting and restrictions.
#[derive(Clone, Debug)]
pub struct Selection {
    /// In the order of the report.
    pub functions: Vec<FunctionId>,
    /// How they were chosen, as pstats prints it: several lines, raw bytes.
    message: Vec<u8>,
}

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A pattern that Python can handle but we cannot, or that would run without end.
    #[error(transparent)]
    Pattern(#[from] regex::Error),
    /// The output cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Stats {
    /// A report on one profile. `file` is the line that names it in the head of the report, raw bytes.
    #[must_use]
    pub fn new(profile: Profile, file: Vec<u8>, python: Version) -> Stats {
        Stats {
            profile,
            files: vec![file],
            order: None,
            left_out: None,
            callees_known: false,
            callee_source: None,
            python,
        }
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The lines that name the files in the head of a report, raw bytes.
    #[must_use]
    pub fn files(&self) -> &[Vec<u8>] {
        &self.files
    }

    /// What [`Stats::retain`] left out.
    #[must_use]
    pub fn left_out(&self) -> Option<&LeftOut> {
        self.left_out.as_ref()
    }

    /// The Python whose text is printed.
    #[must_use]
    pub fn python(&self) -> Version {
        self.python
    }

    /// Adds another profile: numbers of the same function are added.
    ///
    /// # Errors
    /// As [`Profile::add`]; the report is then of no more use.
    pub fn add(&mut self, profile: &Profile, file: Vec<u8>) -> Result<(), profile::Error> {
        if self.callees_known && self.callee_source.is_none() {
            self.callee_source = Some(Box::new(self.profile.clone()));
        }
        self.profile.add(profile)?;
        self.files.push(file);
        self.order = None;
        Ok(())
    }

    /// Puts another profile in the place of this one, made from it: with folders stripped, or functions
    /// left out.
    pub fn replace_profile(&mut self, profile: Profile) {
        self.profile = profile;
        self.order = None;
        self.callees_known = false;
        self.callee_source = None;
    }

    /// Removes folders from file names.
    ///
    /// # Errors
    /// As [`Profile::strip_dirs`].
    pub fn strip_dirs(&mut self) -> Result<(), profile::Error> {
        self.replace_profile(self.profile.strip_dirs()?);
        Ok(())
    }

    /// Leaves out the functions for which `keep` is false, as themselves and as callers, and says so in the head of
    /// reports. Totals are computed anew.
    ///
    /// # Errors
    /// As [`Profile::retain`].
    pub fn retain(&mut self, keep: impl Fn(&Profile, KeyId) -> bool) -> Result<(), profile::Error> {
        let kept = self.profile.retain(|key| keep(&self.profile, key))?;
        let rest = self.profile.retain(|key| !keep(&self.profile, key))?;
        let functions = self.profile.len() - kept.len();
        self.replace_profile(kept);
        self.left_out = Some(LeftOut {
            functions,
            totals: rest.totals(),
        });
        Ok(())
    }

    /// Sorts by the first key, ties by the second, and so on; what is still equal stays in file order.
    pub fn sort(&mut self, keys: &[SortKey]) {
        let headings: Vec<&str> = keys.iter().map(|key| key.heading()).collect();
        self.order = Some(Order {
            functions: sort::sorted(&self.profile, keys),
            heading: headings.join(", "),
        });
    }

    /// Turns the sorted order round; nothing happens before a sort.
    pub fn reverse(&mut self) {
        if let Some(order) = &mut self.order {
            order.functions.reverse();
        }
    }

    /// Is there an order, other than that of the file?
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.order.is_some()
    }

    /// The functions that are left by the restrictions, each applied to what the one before left.
    ///
    /// # Errors
    /// A pattern that takes too long on these names.
    pub fn select(&self, restrictions: &[Restriction]) -> Result<Selection, Error> {
        let (mut functions, mut message) = match &self.order {
            Some(order) => (
                order.functions.clone(),
                format!("   Ordered by: {}\n", order.heading).into_bytes(),
            ),
            None => (
                self.profile.dict_order(),
                b"   Random listing order was used\n".to_vec(),
            ),
        };
        for restriction in restrictions {
            restriction.apply(&self.profile, &mut functions, &mut message, self.python)?;
        }
        Ok(Selection { functions, message })
    }

    fn keys<'a>(&'a self, selection: &'a Selection) -> impl Iterator<Item = KeyId> + 'a {
        selection
            .functions
            .iter()
            .map(|&function| self.profile.key_of(function))
    }
}
