//! `prof dummyrunner`: simulated players on a line-based game server, and how long it lets them wait.
//!
//! ```text
//! file -> scenario -> engine -> metrics -> report
//! ```
//!
//! A [`scenario`] says what dummies do, or the Python functions of a [settings file](settings). The engine plays it: sockets and threads stand in there and nowhere else.

pub mod capacity;
pub mod demo;
pub mod dummy;
pub mod engine;
pub mod metrics;
#[doc = include_str!("parity.md")]
pub mod parity {}
pub mod report;
pub mod scenario;
pub mod settings;
pub mod telnet;
pub mod wheel;
