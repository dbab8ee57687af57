//! What was measured, as text.

pub mod commands;
pub mod csv;
pub mod figures;
pub mod fixed;
pub mod growth;
pub mod histogram;
pub mod html;
pub mod summary;
pub mod table;
pub mod text;
pub mod timeit_line;
pub mod units;
