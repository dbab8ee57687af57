//! Profiles and stacks to pictures and to other tools' files.

pub mod flamegraph;
