//! Other tools' files, one module for each. All weights are whole numbers, and the total of a file is that
//! of the profile, unless a module says what its format cannot hold. The same profile gives the same bytes.

pub mod chrome;
pub mod firefox;
mod frames;
pub mod json;
pub mod pprof;
pub mod speedscope;
#[cfg(test)]
pub(crate) mod testing;
