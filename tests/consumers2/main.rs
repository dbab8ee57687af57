//! Exports, read by the programs they are for.
