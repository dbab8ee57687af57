//! `prof timeit`: times snippets in the user's own interpreter.
//!
//! A [`session`] is one fresh process that runs cases on demand; what is asked of it, and what becomes of
//! its samples, is the same for every language.
//!
//! ```text
//! auto      cases -> calibrate -> plan -> session -> Results
//! report    Results -> estimate, compare, findings -> text, tables, files
//! ```

pub mod auto;
mod calibrate;
pub mod compare;
pub mod estimate;
#[cfg(test)]
mod fake;
pub mod machine;
pub mod plan;
pub mod python;
pub mod results;
pub mod session;
