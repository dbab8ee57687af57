//! What can be said of measured values: their middle, how far it may be off, whether two things differ.
//!
//! Everything here takes numbers and gives numbers; units, processes and words are the callers'. Nothing
//! assumes that times are normally distributed, save where a function says so: they are not.
//!
//! - [`samples`]: values, sorted, never empty; minimum, median, quantiles, deviation.
//! - [`interval`]: how far a median may be off: exact from order statistics, Student's where there are too
//!   few values for that.
//! - [`shift`]: the Hodges-Lehmann estimate and Wilcoxon's interval around it.
//! - [`bootstrap`]: intervals of any statistic of values in clusters.
//! - [`holm`]: many comparisons at once.

pub mod bootstrap;
pub mod distributions;
pub mod holm;
pub mod interval;
pub mod samples;
pub mod shift;

pub use interval::Interval;
pub use samples::Samples;
