//! `prof timeit`: times snippets in the user's own interpreter, and whole commands.
//!
//! A [`session`] is one fresh process that runs cases on demand; what is asked of it, and what becomes of
//! its samples, is the same for every language. What such processes and `prof` say to each other is described in [`worker`].
//!
//! ```text
//! auto      cases -> calibrate -> plan -> session -> Results
//! cold      cases -> a session for each sample -> Results
//! command   commands, each a case -> session, whose samples are processes -> Results
//! report    Results -> estimate, compare, findings -> text, tables, files
//! ```

pub mod auto;
pub mod baseline;
mod calibrate;
pub mod check;
pub mod cold;
pub mod command;
pub mod compare;
pub mod estimate;
#[cfg(test)]
mod fake;
pub mod findings;
pub mod fixed;
pub mod growth;
pub mod hyperfine;
pub mod language;
pub mod machine;
pub mod parameters;
pub mod plan;
pub mod profiled;
pub mod pyperf;
pub mod python;
pub mod report;
pub mod results;
pub mod rise;
pub mod saved;
pub mod session;
pub mod usage;
pub mod worker;
