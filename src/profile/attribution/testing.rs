//! A profiler with a fake clock: what cProfile would write of a run, and the stacks that the run really
//! had. The rules are those of CPython `Modules/_lsprof.c`: a call counts as primitive, and its time as
//! cumulative, when no other call of the function (for an edge: through the edge) is open.

use crate::profile::stacks::{Frame, FrameKind, StackTree, Unit};
use crate::profile::{Calls, EdgeCalls, Profile};
use crate::python::{Dialect, Seconds};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    open: u32,
    calls: i128,
    recursive: i128,
    own: u64,
    cumulative: u64,
}

impl Numbers {
    fn leave(&mut self, own: u64, whole: u64) {
        self.open -= 1;
        self.calls += 1;
        self.own += own;
        if self.open == 0 {
            self.cumulative += whole;
        } else {
            self.recursive += 1;
        }
    }

    fn as_calls(&self) -> Calls {
        let seconds = |ns: u64| Seconds::Float(ns as f64 / 1e9);
        Calls {
            primitive: self.calls - self.recursive,
            total: self.calls,
            own: seconds(self.own),
            cumulative: seconds(self.cumulative),
        }
    }
}

#[derive(Debug)]
struct Open {
    name: char,
    entered: u64,
    below: u64,
}

/// Records a run. Functions are called by single characters.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    now: u64,
    open: Vec<Open>,
    functions: BTreeMap<char, Numbers>,
    edges: BTreeMap<(char, char), Numbers>,
    stacks: BTreeMap<String, u64>,
}

impl Recorder {
    pub(super) fn enter(&mut self, name: char) {
        self.functions.entry(name).or_default().open += 1;
        if let Some(caller) = self.open.last() {
            self.edges.entry((caller.name, name)).or_default().open += 1;
        }
        self.open.push(Open {
            name,
            entered: self.now,
            below: 0,
        });
    }

    pub(super) fn leave(&mut self) {
        let path: String = self.open.iter().map(|open| open.name).collect();
        let Some(Open { name, entered, below }) = self.open.pop() else {
            return;
        };
        let whole = self.now - entered;
        let own = whole - below;
        *self.stacks.entry(path).or_default() += own;
        let known = "every open call was entered";
        self.functions.get_mut(&name).expect(known).leave(own, whole);
        if let Some(caller) = self.open.last_mut() {
            caller.below += whole;
            self.edges
                .get_mut(&(caller.name, name))
                .expect(known)
                .leave(own, whole);
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, nanoseconds: u64) {
        // Outside any call nothing measures it.
        if !self.open.is_empty() {
            self.now += nanoseconds;
        }
    }

    /// A call with all that happens in it.
    pub(super) fn call(&mut self, name: char, body: impl FnOnce(&mut Recorder)) {
        self.enter(name);
        body(self);
        self.leave();
    }

    /// What cProfile would have written, and the true stacks.
    pub(super) fn finish(mut self) -> (Profile, StackTree) {
        while !self.open.is_empty() {
            self.leave();
        }
        let mut profile = Profile::new(Dialect::Python3);
        for (&callee, numbers) in &self.functions {
            let edges: Vec<_> = self
                .edges
                .iter()
                .filter(|((_, to), _)| *to == callee)
                .map(|(&(from, _), edge)| (key(&mut profile, from), EdgeCalls::Timed(edge.as_calls())))
                .collect();
            let callers = profile.push_edges(edges).expect("a small profile");
            let key = key(&mut profile, callee);
            profile.insert(key, numbers.as_calls(), callers);
        }
        let mut truth = StackTree::new(Unit::Nanoseconds);
        for (path, &weight) in &self.stacks {
            let names: Vec<String> = path.chars().map(String::from).collect();
            let frames: Vec<_> = names
                .iter()
                .map(|name| truth.intern(frame(name)).expect("a small tree"))
                .collect();
            truth.add_stack(&frames, weight).expect("small weights");
        }
        (profile, truth)
    }
}

fn key(profile: &mut Profile, name: char) -> crate::profile::KeyId {
    let name = String::from(name);
    profile
        .key(b"run.py", 1, name.as_bytes())
        .expect("a small profile")
}

fn frame(name: &str) -> Frame<'_> {
    Frame {
        name: name.as_bytes(),
        file: b"run.py",
        line: 1,
        kind: FrameKind::Python,
    }
}
