//! `prof timeit`: times snippets in the user's own interpreter.
//!
//! A [`session`] is one fresh process that runs cases on demand; what is asked of it, and what becomes of
//! its samples, is the same for every language.

pub mod fixed;
pub mod python;
pub mod report;
pub mod rise;
pub mod session;
