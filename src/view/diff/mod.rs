//! Two profiles compared function by function: what grew, what shrank, what is new and what is gone.
//!
//! [`Diff`] pairs the functions (by file and name, wherever lines and folders moved to), [`Diff::report`] sorts and
//! limits them, [`Check`] asks whether one grew too much. What a report does not list it sums up, so that the
//! changes of own time add up to the change of the whole.

mod check;
pub mod csv;
pub mod json;
mod matching;
mod measure;
mod report;
pub mod table;

pub use check::{Breach, Check, ParseError};
pub use matching::{Pair, pairs};
pub use measure::{Delta, Metric, Threshold, ThresholdError};
pub use report::{Function, Options, Order, Others, Report, Row, SideReport};

use super::Stats;
use crate::profile::{self, Calls, FunctionId, Profile};
use std::borrow::Cow;

/// By what BEFORE is scaled to be comparable with an AFTER that ran for longer or shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Normalize {
    /// So that both have the same own time in all.
    Time,
    /// So that both have the same number of calls in all.
    Calls,
}

/// Why two profiles cannot be compared.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Error {
    /// A profile cannot be changed as comparing needs it.
    #[error(transparent)]
    Profile(#[from] profile::Error),
    /// Nothing to scale by.
    #[error("cannot scale BEFORE to AFTER: their totals are {before} and {after}")]
    Scale {
        /// The total of BEFORE.
        before: f64,
        /// The total of AFTER.
        after: f64,
    },
}

/// Two profiles whose functions are paired.
///
/// ```
/// use prof::format::{Packing, read_profile};
/// use prof::python::Version;
/// use prof::view::Stats;
/// use prof::view::diff::{Diff, Options};
///
/// let load = |path: &str| {
///     let profile = read_profile(&std::fs::read(path).unwrap()[..], Packing::None).unwrap();
///     Stats::new(profile, path.into(), Version::NEWEST)
/// };
/// let (before, after) = (load("fixtures/diff/before.prof"), load("fixtures/diff/after.prof"));
/// let diff = Diff::new(&before, &after, None)?;
/// let report = diff.report(&Options::default());
/// assert_eq!(report.rows[0].after.as_ref().unwrap().name, "parse");
/// # Ok::<(), prof::view::diff::Error>(())
/// ```
#[derive(Debug)]
pub struct Diff<'a> {
    before: Side<'a>,
    after: Side<'a>,
    normalize: Option<Normalize>,
    scale: f64,
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Side<'a> {
    stats: &'a Stats,
    /// Without memory addresses in names.
    profile: Cow<'a, Profile>,
}

impl<'a> Side<'a> {
    fn new(stats: &'a Stats) -> Result<Side<'a>, Error> {
        let profile = stats.profile();
        let has_address = |function: FunctionId| {
            let name = profile.name(profile.key_of(function));
            name.windows(2).any(|pair| pair == b"0x")
        };
        let profile = if profile.functions().any(has_address) {
            Cow::Owned(profile.fold_addresses()?)
        } else {
            Cow::Borrowed(profile)
        };
        Ok(Side { stats, profile })
    }

    fn calls(&self, function: Option<FunctionId>) -> Option<Calls> {
        function.map(|function| self.profile.calls(function))
    }
}

impl<'a> Diff<'a> {
    /// Pairs the functions of two profiles. Memory addresses in names are left out first; functions that then have
    /// the same name are added up.
    ///
    /// # Errors
    /// [`Error::Scale`] if a total is zero, negative or not finite where one is needed, and [`Error::Profile`] for
    /// numbers too large to be added.
    pub fn new(before: &'a Stats, after: &'a Stats, normalize: Option<Normalize>) -> Result<Diff<'a>, Error> {
        let (before, after) = (Side::new(before)?, Side::new(after)?);
        let scale = match normalize {
            None => 1.0,
            Some(normalize) => {
                let total = |side: &Side<'_>| {
                    let totals = side.profile.totals();
                    match normalize {
                        Normalize::Time => totals.own.as_f64(),
                        Normalize::Calls => totals.calls as f64,
                    }
                };
                let (before, after) = (total(&before), total(&after));
                let scale = after / before;
                if !(before > 0.0 && after > 0.0 && scale.is_finite() && scale > 0.0) {
                    return Err(Error::Scale { before, after });
                }
                scale
            }
        };
        let pairs = matching::pairs(&before.profile, &after.profile);
        Ok(Diff {
            before,
            after,
            normalize,
            scale,
            pairs,
        })
    }

    /// By how much the calls and times of BEFORE are multiplied; 1 unless they are normalised.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The change of one number of a pair; `None` where neither side has it.
    fn delta(&self, pair: &Pair, metric: Metric) -> Option<Delta> {
        let (before, after) = (self.before.calls(pair.before), self.after.calls(pair.after));
        Delta::new(metric, before, after, self.scale)
    }

    /// The change of the own time of everything.
    fn total_delta(&self, metric: Metric) -> Option<Delta> {
        let calls = |side: &Side<'_>| {
            let totals = side.profile.totals();
            Calls {
                primitive: totals.primitive,
                total: totals.calls,
                own: totals.own,
                cumulative: totals.own,
            }
        };
        Delta::new(
            metric,
            Some(calls(&self.before)),
            Some(calls(&self.after)),
            self.scale,
        )
    }
}
