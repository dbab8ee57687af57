//! `prof` reads, sorts, prints and compares profiles of Python programs, without Python.
//!
//! # Flows
//!
//! ```text
//! stats    bytes -> format -> Profile -> view -> rows -> text
//! diff     bytes, twice -> format -> Profiles -> view::diff -> report -> text
//! timeit   snippets -> session -> samples -> report -> text
//! flamegraph, export   bytes -> format -> Profile or StackTree -> export -> bytes
//! view     bytes -> format -> Profile and StackTree -> page -> HTML
//! timeit   code -> session -> samples -> statistics -> report -> text
//! dummyrunner   file -> scenario -> engine -> metrics -> report
//! record   target, recorder -> a program that writes its dump -> Story
//! ```
//!
//! A layer uses only what stands below it: `cli` (arguments, files, terminal, exit codes), `view` (which
//! functions, in which order, as which text), `page` (the HTML page), `export` (other tools' files), `format`
//! (bytes to profiles and back), `profile` (the model), `timeit` (code that runs, its time and what to say of
//! it), `statistics` (numbers to numbers), `dummyrunner` (simulated players, and a game for them), `record`
//! (programs that run under a profiler), `interpreter` (finds the user's Python), `python` (what must come out as
//! Python itself does it). All but `cli` take bytes and writers and return values.
//!
//! # Words
//!
//! | word | means |
//! | --- | --- |
//! | primitive (cc), total (nc) | calls not made by recursion; all calls |
//! | own (tt), cumulative (ct) | seconds in the function alone; in it and all it called |
//! | edge | caller -> callee, with numbers of its own |
//! | standard name | `file:line(name)`, or `{built-in ...}`: the name that pstats shows |
//! | restriction | a limit by count, share or pattern on what a report lists |
//! | case, loops, sample | code to time; executions in one go; the time of one go |
//! | clean | said of a sample that the system did not interrupt |
//! | round, pair | one sample of each case; two samples of one round |

pub mod cli;
pub mod dummyrunner;
pub mod export;
pub mod format;
pub mod interpreter;
pub mod page;
pub mod profile;
pub mod python;
pub mod random;
pub mod record;
pub mod self_profile;
pub mod statistics;
pub mod timeit;
pub mod view;
