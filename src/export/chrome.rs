//! Stacks to the trace events of Chrome, which Perfetto and `chrome://tracing` show.
//!
//! A tree has widths but no times, so its nodes are laid out one after the other: children from where
//! their parent starts, in the order of their frames, and the parent's own time after them. Times are whole
//! microseconds, rounded down from exact sums, so that what lies within something still does; readers
//! refuse fractions that do not nest. What is shorter than the grid is left out; it stays within its
//! parent. Samples are drawn one microsecond each.
//!
//! Source: the document "Trace Event Format" of the Chromium project.

use super::frames::{self, JsonList};
use crate::profile::labels::frame_labels;
use crate::profile::stacks::{StackTree, Unit};
use serde::Serialize;
use std::io::{self, Write};

/// A complete event (`X`).
#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    cat: &'static str,
    ph: &'static str,
    ts: u64,
    dur: u64,
    pid: u32,
    tid: u32,
}

/// Metadata (`M`): the name of the process.
#[derive(Serialize)]
struct Named<'a> {
    name: &'static str,
    ph: &'static str,
    pid: u32,
    tid: u32,
    args: Args<'a>,
}

#[derive(Serialize)]
struct Args<'a> {
    name: &'a str,
}

/// Writes the stacks as one thread of a process with that title. A function is shown as
/// `name (file:line)`; the category of an event is the mark of its node.
///
/// # Errors
/// Those of `out`; one of kind `Other` if the tree is full.
pub fn write(tree: &StackTree, title: &str, mut out: impl Write) -> io::Result<()> {
    let tree = &*frames::without_empty_path(tree)?;
    let per_tick = match tree.unit() {
        Unit::Nanoseconds => 1000,
        Unit::Samples => 1,
    };
    let labels = frame_labels(tree);
    out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":")?;
    let mut list = JsonList::new(&mut out)?;
    let (pid, tid) = (1, 1);
    list.push(&Named {
        name: "process_name",
        ph: "M",
        pid,
        tid,
        args: Args { name: title },
    })?;
    for (node, start, width) in frames::layout(tree) {
        let ts = start / per_tick;
        let dur = (start + width) / per_tick - ts;
        if dur > 0 {
            let frame = tree.frame_id(node).expect("a walk leaves the root out");
            let label = match labels[frame.index()].as_slice() {
                b"" => "?".into(),
                label => frames::utf8(label),
            };
            list.push(&Event {
                name: &label,
                cat: frames::mark(tree.mark(node)),
                ph: "X",
                ts,
                dur,
                pid,
                tid,
            })?;
        }
    }
    list.end()?;
    out.write_all(b"}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{some_tree, tree_of};
    use proptest::prelude::*;
    use serde_json::Value;

    fn events(tree: &StackTree) -> Vec<Value> {
        let mut json = Vec::new();
        write(tree, "test", &mut json).expect("a small tree");
        let mut json: Value = serde_json::from_slice(&json).expect("JSON");
        let Value::Array(events) = json["traceEvents"].take() else {
            panic!("no list of events");
        };
        events.into_iter().filter(|event| event["ph"] == "X").collect()
    }

    #[test]
    fn times_are_floors_of_exact_sums() {
        let mut tree = tree_of(&[
            (&["a", "b"], 600),
            (&["a", "c"], 600),
            (&["a"], 900),
            (&["d"], 899),
        ]);
        tree.set_unit(Unit::Nanoseconds);
        let shown: Vec<_> = events(&tree)
            .iter()
            .map(|event| format!("{} {}+{}", event["name"], event["ts"], event["dur"]))
            .collect();
        // By hand: a 0 to 2100 ns, b 0 to 600 (left out), c 600 to 1200, d 2100 to 2999 (left out).
        assert_eq!(shown, ["\"a\" 0+2", "\"c\" 0+1"]);
    }

    proptest! {
        #[test]
        fn events_nest(tree in some_tree(), unit in prop_oneof![Just(Unit::Samples), Just(Unit::Nanoseconds)]) {
            let mut tree = tree;
            tree.set_unit(unit);
            let mut open: Vec<u64> = Vec::new();
            let mut last = 0;
            for event in events(&tree) {
                let ts = event["ts"].as_u64().expect("a time");
                let end = ts + event["dur"].as_u64().expect("a time");
                prop_assert!(ts >= last && end > ts);
                last = ts;
                open.retain(|&end| end > ts);
                prop_assert!(open.iter().all(|&outer| outer >= end));
                open.push(end);
            }
        }

        #[test]
        fn samples_are_all_there(tree in some_tree()) {
            let roots: u64 = {
                let mut end = 0;
                let mut sum = 0;
                for event in events(&tree) {
                    let ts = event["ts"].as_u64().expect("a time");
                    if ts >= end {
                        end = ts + event["dur"].as_u64().expect("a time");
                        sum += end - ts;
                    }
                }
                sum
            };
            prop_assert_eq!(roots, tree.total());
        }
    }
}
