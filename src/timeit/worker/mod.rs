//! Workers: programs that time code in one language, and what is spoken with them. Python's, Node.js', Ruby's and those
//! that users declare speak the same; so do programs that are built from C and Rust.
//!
//! A worker is a process of its own for each session. It may be written in anything that can read and write files;
//! `examples/workers/worker.pl` is one of a hundred lines, in Perl.
//!
//! # Its surroundings
//!
//! The environment names two files: from `PROF_REQUESTS` the worker reads, into `PROF_ANSWERS` it writes. They are pipes
//! that are open already, such as `/dev/fd/5`: open them by these names, or use the descriptors of these numbers. Write
//! each answer at once: a buffer must be flushed. The standard input is empty. What comes on standard output and
//! standard error is kept, and its end is shown to the user, so the code that is timed may print what it likes. The
//! working folder is the user's, or that of `--cwd`.
//!
//! Once there is nothing more to read, the worker ends, within two seconds, with exit code 0: another one, or a signal, means
//! that what the code left for later failed, and is told with what was printed. Where it must be stopped it gets SIGINT, with all processes of
//! its group, and half a second to tell what it has; then SIGKILL. Where its files can no longer be read or written, as
//! the code closed them, it ends with exit code 121.
//!
//! # Messages, version 1
//!
//! In both directions a message is one line of ASCII, `KIND NUMBER ... / LENGTH ...`, which ends in a line feed, then as many
//! texts as there are lengths, of so many bytes, with nothing between them or after them. Words are separated by single
//! spaces. Numbers are integers in decimal; -1 stands for what cannot be measured. Times are nanoseconds. Texts are UTF-8.
//! The line, and each text, is at most 16 MiB.
//!
//! | from prof | numbers | texts |
//! | --- | --- | --- |
//! | `prepare` | 1 if the garbage collector stays on while a sample runs, else 0; 0; 0, or where the program was built from the code, the place of the case among those that it was built from | setup, statement |
//! | `run` | 1 if `progress` is wanted, else 0; then two for each row of the plan: a case, and how many loops | |
//!
//! | from the worker | numbers | texts |
//! | --- | --- | --- |
//! | `hello` | 1, the version of this protocol | name of the implementation, its version, path of the executable; each may be empty |
//! | `ready` | | |
//! | `rows` | eight for each row that is complete and was not told yet | |
//! | `progress` | place of the row in the plan, loops done, wall-clock time and processor time since it began | |
//! | `grown` | case, items before and after, loops | name of a container that grew while a sample ran |
//! | `done` | as `rows`: the rest | |
//! | `error` | four as `progress`; 0 in the setup, 1 in the statement, -1 elsewhere; the line there, from 1, or 0 | type, message, what to show to the user |
//!
//! - The worker begins with `hello`, within 60 s whatever `--timeout` says. Then it answers requests, one after the other.
//! - `prepare` makes a case ready: cases count from 0, in their order. The answer is `ready`, or `error` where the code cannot
//!   be compiled; such a case does not count. It must come within `--timeout`.
//! - `run` takes one sample for each row: it runs the setup, which is not timed, then the statement so many times in one
//!   go. The answer is any number of `rows`, `progress` and `grown`, in the end `done`, or `error` where the code failed; before that,
//!   the rows that were complete. Messages of other kinds are ignored meanwhile.
//! - The eight numbers of a row are: wall-clock time of all loops; processor time of the thread; processor time of the
//!   process; voluntary and involuntary context switches; page faults; peak memory of the process in bytes; time of the setup.
//!   The first must be known. The second to sixth are what the time of the loops added.
//! - Where a plan takes longer, complete rows are told about four times a second; if progress is wanted, that, too, and each
//!   row as soon as it is complete. A worker that tells all in `done` is right as well, but Ctrl-C then finds nothing, and
//!   `--timeout` counts from the begin of the plan.
//!
//! A worker that measures nothing but wall-clock time, and tells nothing but `hello`, `ready`, `done` and `error`, is complete. Without
//! processor time `-p` shows the time on the wall, and says so; without involuntary switches no sample can be left out as
//! interrupted, and no report says how many were. A worker that switches a garbage collector off and on has `collector = true`
//! in its declaration.
//!
//! # An example
//!
//! All that is said when 21 * 2 is timed in Perl, twice with 1000 loops; `⏎` is a line feed, and after a text there is none.
//!
#![doc = include_str!("example.md")]
//!
//! The last request divides by a number that the setup has set to 0.

pub(in crate::timeit) mod channel;
pub(in crate::timeit) mod process;
pub(in crate::timeit) mod protocol;
pub(in crate::timeit) mod session;
mod taken;
