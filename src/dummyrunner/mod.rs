//! `prof dummyrunner`: simulated players on a line-based game server, and how long it lets them wait.
//!
//! ```text
//! file -> scenario -> engine -> metrics -> report
//! ```
//!
//! A [`scenario`] says what dummies do. The engine plays it: sockets and threads stand in there and nowhere else.

pub mod capacity;
pub mod demo;
pub mod dummy;
pub mod engine;
pub mod metrics;
pub mod report;
pub mod scenario;
pub mod telnet;
pub mod wheel;
