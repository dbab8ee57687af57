//! `prof record`: runs a Python program under cProfile, so that the profile is never lost.
//!
//! ```text
//! target     words of a command -> interpreter and arguments
//! recorder   the module that records, from `python/` and its settings -> archive
//! run        target, archive -> a program that runs; what it tells -> status -> Story
//! sample     a process -> StackTree, without any of the above
//! cost       what the recorder measured and counted -> what it added to the program's time
//! climb      looks at a process's memory -> does it climb?
//! hot        StackTree -> its hottest functions
//! ```
//!
//! Python itself runs the program. `prof` only puts one entry before PYTHONPATH, so that `site` imports the recorder
//! as `sitecustomize`; the recorder takes back the entry and the variable, imports the `sitecustomize` that would have
//! come without it, and starts the profiler. The dump is written by the program's own process: to a file beside it,
//! which is flushed to disk and renamed.
//!
//! Where the program's own options keep that out (`-E`, `-I`, `-S`), Python runs a line of ours (`-c`), which imports the
//! recorder and runs the program in its place, with the names, paths and arguments that Python would give it. Then
//! there is one frame below the program's (two below a module's), the dump has a call of `exec`, and the system shows
//! the line as the process's arguments.
//!
//! # What is as without us
//!
//! | | |
//! | --- | --- |
//! | arguments, `sys.argv`, `sys.orig_argv`, `sys.path`, `__main__`, `__file__`, `__spec__` | as without us: Python sets them |
//! | standard streams, working folder, descriptors, process group, terminal | inherited, nothing added |
//! | environment | as without us, but for `--children`, where PYTHONPATH keeps an entry |
//! | tracebacks, the stack, the recursion limit, warnings | no frame of ours below the program's; one above those of wrapped functions |
//! | exit code | the program's; 128 + signal when a signal ended it |
//! | SIGTERM, SIGHUP, SIGINT | the program's handlers run; where it has none, the dump is written and the same signal ends it, as soon as Python gets to run in the main thread: a call of C code that holds on delays it |
//! | `signal.signal`, `getsignal` | tell nothing of our handlers |
//! | `os._exit`, `os.abort`, `os.execv`, `os.execve`, `os.setsid` | Python functions that call the real ones; before 3.7 `os.fork`, `os.forkpty`, too |
//! | SIGUSR1, where the program does not use it | writes a snapshot instead of ending the program |
//! | the second thread of `--every` and `--max-rss` | `threading` does not know it; the system does. Before a fork of Python 3.12 and later it ends, and begins again after it. `--every 0` does without it |
//! | cProfile in the program | from 3.12 on it works beside ours. Up to 3.11, as `sys.setprofile`, it takes the place of ours: recording ends, what was recorded stays, and a warning says so |
//! | time | the program begins 2 to 5 ms later, and is slower, as under cProfile: see [`cost`] |
//!
//! # What a dump holds
//!
//! A last dump counts functions that have not returned until its moment. A snapshot leaves them out, and the edges
//! from them: cProfile knows no time of a call before its end, and to end calls that go on (as the last dump does) would
//! take their rest, and their callees' callers, from all later dumps. So of a program that was killed the functions
//! around its main loop are not there, nor whom they called; those that were called are. A snapshot is read while the profiler goes on. That holds up the
//! program where one call of C code reads the profiler and where one packs the dump; measured: 12 ms for 2,000 functions,
//! 40 ms for 10,000, 210 ms for 50,000. A program that defines functions without end makes the profile grow without end.
//!
//! What Python does between the import of `sitecustomize` and the program (`usercustomize`, the search for the program)
//! is in the dump, too: some tens of functions, less than a millisecond.
//!
//! Threads: the main thread, with `--threads` each has a profiler, and the dump adds them. cProfile of Python 3.12
//! and later hears all threads but takes them for one stack, so callers come out wrong. Here it hears one: the other
//! threads run where Python calls no tool (nor does it then call tracers that the program sets in them). With
//! `--threads`, or `--children`, whose forks may come from any thread, a function sends calls to the profiler of their
//! thread, from the second thread on; that makes recording about three times as dear. Threads that C code starts by
//! itself, not through Python, are not told apart.
//!
//! Children: a forked child records nothing, unless it calls `os.setsid`: it becomes a daemon, and the profile goes on
//! there with what it was before, also in the first child that it forks. Such a process writes `FILE.PID` as long as one
//! of those before it lives, else `FILE`. With `--children` each forked child, and each Python program that one starts,
//! writes `FILE.PID`, without what it inherited.
//!
//! Daemons that others start: with [`recorder::Options::only`] the recorder stays in `sys.path` of each program on the
//! way, which goes on as without it, and Evennia's launcher and Portal hand that on to what they start. Of a process that
//! becomes a daemon only the one that stays writes. One that is started again, after a reload, writes the next file.
//!
//! A program that runs already is not recorded but sampled: see [`sample`].
//!
//! Source: CPython `Modules/_lsprof.c`, `Lib/site.py`, `Lib/cProfile.py`, and `../shared/specs/export.md`.

mod archive;
pub mod climb;
pub mod cost;
pub mod forward;
pub mod hot;
pub mod recorder;
pub mod run;
pub mod sample;
pub mod status;
pub mod target;
