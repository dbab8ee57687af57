//! What was measured, as text.

pub mod fixed;
pub mod timeit_line;
pub mod units;
