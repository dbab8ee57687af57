//! Stacks that were read, added up.

use crate::profile::stacks::{Error, Frame, FrameId, FrameKind, StackTree, Unit};
use std::sync::Arc;
use std::time::Duration;

/// A function on a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) file: String,
    /// Its first line; 0 for code of C, which has no file here.
    pub(super) line: i64,
}

/// What one thread was doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    /// What stands below it: the process, the thread, where they are asked for.
    pub(super) below: Vec<String>,
    /// The innermost function first.
    pub(super) functions: Vec<Arc<Function>>,
    /// Were its frames of C code asked for, and could not be read?
    pub(super) lacks_native: bool,
}

/// How a sampling went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Looks at the program.
    pub looks: u64,
    /// Those that found it waiting.
    pub idle: u64,
    /// Looks that were due while another one took too long, and were left out.
    pub missed: u64,
    /// Looks that failed.
    pub errors: u64,
    /// What the first of them said.
    pub first_error: Option<String>,
    /// Stacks: each is a sample.
    pub samples: u64,
    /// Those whose frames of C code were asked for and could not be read.
    pub without_native: u64,
    /// From the first look to the last.
    pub elapsed: Duration,
    /// How long threads of the program were stopped, at least one at a time, and the longest time at a stretch.
    pub held: Duration,
    /// The longest of those times.
    pub longest: Duration,
    /// Our own processor time.
    pub own_cpu: Duration,
    /// The program's processor time, and from the first look until when.
    pub cpu: Duration,
    /// See `cpu`.
    pub measured: Duration,
    /// The memory that the program holds, in bytes; of its children none.
    pub memory: u64,
    /// The most that it held.
    pub peak_memory: u64,
    /// How often it was started again, with another number.
    pub restarts: u64,
}

impl Counts {
    /// Looks a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        per(self.looks as f64, self.elapsed)
    }

    /// Processors that were busy with the program.
    #[must_use]
    pub fn cores(&self) -> f64 {
        per(self.cpu.as_secs_f64(), self.measured)
    }

    /// Processors that were busy with looking.
    #[must_use]
    pub fn own_cores(&self) -> f64 {
        per(self.own_cpu.as_secs_f64(), self.elapsed)
    }

    /// The share of time in which the program was stopped.
    #[must_use]
    pub fn held_share(&self) -> f64 {
        per(self.held.as_secs_f64(), self.elapsed)
    }
}

fn per(value: f64, time: Duration) -> f64 {
    if time.is_zero() {
        0.0
    } else {
        value / time.as_secs_f64()
    }
}

/// Adds stacks to a tree.
#[derive(Debug)]
pub(super) struct Collector {
    pub(super) tree: StackTree,
    path: Vec<FrameId>,
}

impl Collector {
    pub(super) fn new() -> Collector {
        Collector {
            tree: StackTree::new(Unit::Samples),
            path: Vec::new(),
        }
    }

    /// # Errors
    /// More functions or paths than a tree keeps.
    pub(super) fn add(&mut self, stack: &Stack) -> Result<(), Error> {
        self.path.clear();
        for name in &stack.below {
            self.path
                .push(self.tree.intern(Frame::synthetic(name.as_bytes()))?);
        }
        for function in stack.functions.iter().rev() {
            self.path.push(self.tree.intern(Frame {
                name: function.name.as_bytes(),
                file: function.file.as_bytes(),
                line: function.line,
                kind: if function.file.is_empty() && function.line == 0 {
                    FrameKind::Builtin
                } else {
                    FrameKind::Python
                },
            })?);
        }
        self.tree.add_stack(&self.path, 1)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::folded;

    fn stack(below: &[&str], functions: &[(&str, i64)]) -> Stack {
        Stack {
            below: below.iter().map(|&name| name.into()).collect(),
            functions: functions
                .iter()
                .map(|&(name, line)| {
                    Arc::new(Function {
                        name: name.into(),
                        file: "/srv/game.py".into(),
                        line,
                    })
                })
                .collect(),
            lacks_native: false,
        }
    }

    #[test]
    fn stacks_stand_on_their_thread_and_begin_with_the_outermost_function() {
        let mut collector = Collector::new();
        for stack in [
            stack(&["MainThread"], &[("poll", 7), ("run", 3)]),
            stack(&["MainThread"], &[("poll", 7), ("run", 3)]),
            stack(&["worker"], &[("run", 3)]),
            stack(&[], &[("run", 3)]),
        ] {
            collector.add(&stack).expect("a small tree");
        }
        let mut text = Vec::new();
        folded::write(&collector.tree, &mut text).expect("a Vec grows");
        let expected =
            "MainThread;run (game.py:3);poll (game.py:7) 2\nrun (game.py:3) 1\nworker;run (game.py:3) 1\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
    }

    #[test]
    fn processor_time_is_that_until_it_was_measured() {
        let counts = Counts {
            cpu: Duration::from_secs(1),
            measured: Duration::from_secs(1),
            elapsed: Duration::from_millis(1900),
            ..Counts::default()
        };
        assert_eq!(counts.cores(), 1.0);
    }

    #[test]
    fn nothing_is_divided_by_a_time_of_zero() {
        assert_eq!(Counts::default().rate(), 0.0);
        let counts = Counts {
            looks: 50,
            elapsed: Duration::from_secs(2),
            held: Duration::from_millis(10),
            ..Counts::default()
        };
        assert_eq!((counts.rate(), counts.held_share()), (25.0, 0.005));
    }
}
