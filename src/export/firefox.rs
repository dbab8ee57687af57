//! Stacks to the processed profiles of the Firefox Profiler (`profiler.firefox.com`, "load a profile from
//! file"), through the crate of samply.
//!
//! The format has samples with whole weights of 32 bits, so a sample stands for one microsecond and a path
//! for as many as lie between its exact start and end, both rounded down: all weights add up to the total
//! rounded down. A longer path than 2^31 - 1 microseconds, 35 minutes, becomes several samples. Paths stand
//! in time one after the other, in the order of their frames, with a node's own time after its children.
//! Stacks that are counted in samples keep their counts.

use super::frames;
use crate::profile::labels::frame_labels;
use crate::profile::stacks::{FrameKind, StackTree, Unit};
use fxprof_processed_profile as fx;
use std::io::{self, Write};
use std::time::Duration;

/// More weight than this, 24 days, would take too many samples.
const LONGEST: u64 = i32::MAX as u64 * 1000;

/// Writes the stacks as the only thread of a process with that title. A function is shown as
/// `name (file:line)`, its category tells Python functions from builtins. The time of the recording is not
/// known and set to 0.
///
/// # Errors
/// Those of `out`; one of kind `InvalidInput` if the stacks weigh more than 24 days or 2 * 10^12 samples.
pub fn write(tree: &StackTree, title: &str, mut out: impl Write) -> io::Result<()> {
    let tree = &*frames::without_empty_path(tree)?;
    let per_tick = match tree.unit() {
        Unit::Nanoseconds => 1000,
        Unit::Samples => 1,
    };
    let total = tree.total() / per_tick;
    if total > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the Firefox Profiler's files hold at most {LONGEST} microseconds or samples, here are {total}"
            ),
        ));
    }
    let start = fx::Timestamp::from_nanos_since_reference(0);
    let end = fx::Timestamp::from_nanos_since_reference(total * 1000);
    let reference = fx::ReferenceTimestamp::from_duration_since_unix_epoch(Duration::ZERO);
    let mut profile = fx::Profile::new(title, reference, fx::SamplingInterval::from_nanos(1000));
    let process = profile.add_process(title, 1, start);
    profile.set_process_end_time(process, end);
    let thread = profile.add_thread(process, 1, start, true);
    profile.set_thread_end_time(thread, end);
    let python = profile.add_category("Python", fx::CategoryColor::Blue);
    let builtin = profile.add_category("Builtin", fx::CategoryColor::Orange);
    let other = profile.add_category("Other", fx::CategoryColor::Gray);

    let labels = frame_labels(tree);
    let mut known: Vec<Option<fx::FrameHandle>> = vec![None; labels.len()];
    let mut path: Vec<fx::StackHandle> = Vec::new();
    // Samples must be in order of time, but a node's own time lies after its children: each waits here until
    // the walk leaves it.
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut before = 0;
    let mut leave_to = |profile: &mut fx::Profile, waiting: &mut Vec<Waiting>, depth: usize| {
        while let Some(own) = waiting.pop_if(|own| own.depth >= depth) {
            let (from, to) = (own.start / per_tick, own.end / per_tick);
            add_samples(profile, thread, own.stack, from, to, &mut before);
        }
    };
    for (visit, (node, start, width)) in tree.walk().zip(frames::layout(tree)) {
        leave_to(&mut profile, &mut waiting, visit.depth);
        path.truncate(visit.depth);
        let frame = tree.frame_id(node).expect("a walk leaves the root out");
        let handle = match known[frame.index()] {
            Some(handle) => handle,
            None => {
                let label = match labels[frame.index()].as_slice() {
                    b"" => "?".into(),
                    label => frames::utf8(label),
                };
                let category = match tree.frame(frame).kind {
                    FrameKind::Python => python,
                    FrameKind::Builtin => builtin,
                    FrameKind::Label | FrameKind::Synthetic => other,
                };
                let info = fx::FrameInfo {
                    frame: fx::Frame::Label(profile.intern_string(&label)),
                    category_pair: category.into(),
                    flags: fx::FrameFlags::empty(),
                };
                *known[frame.index()].insert(profile.intern_frame(thread, info))
            }
        };
        let stack = profile.intern_stack(thread, path.last().copied(), handle);
        path.push(stack);
        let end = start + width;
        waiting.push(Waiting {
            depth: visit.depth,
            stack,
            start: end - tree.own(node),
            end,
        });
    }
    leave_to(&mut profile, &mut waiting, 0);
    let mut buffered = io::BufWriter::new(&mut out);
    serde_json::to_writer(&mut buffered, &profile)?;
    buffered.write_all(b"\n")?;
    buffered.flush()
}

/// The own time of a node that the walk has not left yet.
struct Waiting {
    depth: usize,
    stack: fx::StackHandle,
    start: u64,
    end: u64,
}

/// Adds the samples of one path from one tick to another. All the time since the sample before, which stood
/// at `before`, counts as spent on the processor: a profile of calls knows no idleness.
fn add_samples(
    profile: &mut fx::Profile,
    thread: fx::ThreadHandle,
    stack: fx::StackHandle,
    from: u64,
    to: u64,
    before: &mut u64,
) {
    let mut at = from;
    while at < to {
        let weight = i32::try_from(to - at).unwrap_or(i32::MAX);
        let time = fx::Timestamp::from_nanos_since_reference(at * 1000);
        let busy = fx::CpuDelta::from_micros(at - *before);
        profile.add_sample(thread, time, Some(stack), busy, weight);
        *before = at;
        at += u64::from(weight.unsigned_abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{some_tree, tree_of};
    use proptest::prelude::*;

    /// Times in microseconds and weights of all samples.
    fn samples(tree: &StackTree) -> Vec<(f64, u64)> {
        let mut json = Vec::new();
        write(tree, "test", &mut json).expect("a small tree");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let samples = &json["threads"][0]["samples"];
        let weights = samples["weight"].as_array().expect("a list");
        let mut time = 0.0;
        let deltas = samples["timeDeltas"].as_array().expect("a list").iter();
        deltas
            .zip(weights)
            .map(|(delta, weight)| {
                time += delta.as_f64().expect("a time") * 1000.0;
                (time.round(), weight.as_u64().expect("a weight"))
            })
            .collect()
    }

    #[test]
    fn own_time_comes_after_the_children() {
        let mut tree = tree_of(&[(&["a"], 2500), (&["a", "b"], 1600), (&["c"], 1900)]);
        tree.set_unit(Unit::Nanoseconds);
        // By hand: b 0 to 1.6 µs, a to 4.1, c to 6.0.
        assert_eq!(samples(&tree), [(0.0, 1), (1.0, 3), (4.0, 2)]);
    }

    #[test]
    fn long_paths_are_split_and_endless_ones_refused() {
        let long = tree_of(&[(&["a"], 5_000_000_000)]);
        let largest = i32::MAX as u64;
        let weights: Vec<u64> = samples(&long).iter().map(|sample| sample.1).collect();
        assert_eq!(weights, [largest, largest, 5_000_000_000 - 2 * largest]);
        let endless = tree_of(&[(&["a"], u64::MAX)]);
        assert!(write(&endless, "", io::sink()).is_err());
    }

    proptest! {
        #[test]
        fn weights_add_up_in_order_of_time(tree in some_tree()) {
            let samples = samples(&tree);
            prop_assert!(samples.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert_eq!(samples.iter().map(|sample| sample.1).sum::<u64>(), tree.total());
        }
    }
}
