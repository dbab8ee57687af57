//! `prof` times Python code, reads and draws profiles, records them, and loads game servers with simulated players.
//!
//! Profiles are read without Python; what times or records Python code runs it in the user's own interpreter.
//!
//! # Flows
//!
//! ```text
//! stats        bytes -> format -> Profile -> view -> rows -> text
//! diff         bytes, twice -> format -> Profiles -> view::diff -> report -> text
//! flamegraph, export  bytes -> format -> Profile or StackTree -> export -> bytes
//! view         bytes -> format -> Profile and StackTree -> page -> HTML
//! timeit       code -> session -> samples -> statistics -> report -> text
//! dummyrunner  file -> scenario -> engine -> metrics -> report
//! record       target, recorder -> a program that writes its dump -> Story
//!              a process that runs -> samples -> StackTree -> format, export
//! ```
//!
//! A layer uses only what stands below it: `cli` (arguments, files, terminal, exit codes), `view` (which
//! functions, in which order, as which text), `page` (the HTML page), `export` (other tools' files), `format` (bytes to
//! profiles and back), `profile` (the model), `timeit` (code that runs, its time and what to say of it), `statistics` (numbers to
//! numbers), `dummyrunner` (simulated players, and a game for them), `record` (programs that run under a profiler),
//! `evennia` (a game's folder, settings and processes), `interpreter` (finds the user's Python), `keeper` (ends what
//! runs in it should `prof` be killed), `process` (what a running one costs), `random` (numbers that a seed repeats),
//! `date` (moments as text), `markup` (text in pages), `toml_text` (what people write in TOML), `python` (what must come
//! out as Python itself does it). All but `cli` take bytes and writers and return values.
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
pub mod date;
pub mod dummyrunner;
pub mod evennia;
pub mod export;
pub mod format;
pub mod interpreter;
mod keeper;
mod markup;
pub mod page;
pub mod process;
pub mod profile;
pub mod python;
pub mod random;
pub mod record;
pub mod self_profile;
pub mod statistics;
mod system_text;
pub mod timeit;
pub mod toml_text;
pub mod view;
