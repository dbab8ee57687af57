//! Reads speedscope's JSON: all profiles of a file, `sampled` and `evented` ones, added up.
//!
//! Times become nanoseconds; bytes and what has no unit are counted as they are. Weights may be fractions:
//! what rounding takes from one goes to the next, so that their sum stays right. In an `evented` profile the
//! time in which no frame is open belongs to nothing and is left out; in a `sampled` one an empty stack has
//! a weight, and the tree's root keeps it.
//!
//! Source: the schema `file-format-schema.json` that speedscope ships.

use crate::profile::stacks::{self, Frame, FrameId, FrameKind, Mark, NodeId, StackTree, Unit};
use serde::Deserialize;
use serde_json::Number;

/// Why bytes are no profile of speedscope. Profiles, samples and events count from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are not JSON, or JSON of another shape; the text says the line and the column.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A profile does not fit together.
    #[error("profile {profile}, {part} {at}: expected {expected}, found {found}")]
    Profile {
        /// Which profile of the file.
        profile: usize,
        /// What of it.
        part: &'static str,
        /// Which of these.
        at: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A profile is of no known type or unit.
    #[error("profile {profile}: expected {expected}, found {found}")]
    Head {
        /// Which profile of the file.
        profile: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// There is no profile in the file.
    #[error("the file has no profiles")]
    NoStacks,
    /// The stacks or their weights go beyond what is kept.
    #[error("profile {profile}: {source}")]
    Stacks {
        /// The profile that was too much.
        profile: usize,
        /// What was too much.
        source: stacks::Error,
    },
}

impl Error {
    /// What the user can do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Json(error) if error.is_eof() => Some("the file is cut short: write or fetch it again"),
            Error::Json(_) => Some("speedscope's own JSON has `shared.frames` and `profiles`"),
            Error::Head { .. } | Error::Profile { .. } | Error::NoStacks | Error::Stacks { .. } => None,
        }
    }
}

#[derive(Deserialize)]
struct FileIn {
    shared: Shared,
    profiles: Vec<ProfileIn>,
}

#[derive(Deserialize)]
struct Shared {
    frames: Vec<FrameIn>,
}

#[derive(Deserialize)]
struct FrameIn {
    name: String,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    line: Option<Number>,
}

/// Both types of profile in one, since a choice by `type` would keep everything twice.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileIn {
    r#type: String,
    unit: String,
    #[serde(default)]
    samples: Vec<Vec<u32>>,
    #[serde(default)]
    weights: Vec<Number>,
    #[serde(default)]
    events: Vec<EventIn>,
    #[serde(default)]
    end_value: Option<Number>,
}

#[derive(Deserialize)]
struct EventIn {
    r#type: String,
    at: Number,
    frame: u32,
}

/// Turns amounts of a unit into whole numbers.
struct Scale {
    factor: u64,
    /// What rounding has taken so far.
    rest: f64,
}

impl Scale {
    /// Nothing if the amount is negative or beyond 64 bits.
    fn whole(&mut self, amount: &Number) -> Option<u64> {
        if let Some(whole) = amount.as_u64() {
            return whole.checked_mul(self.factor);
        }
        let exact = amount.as_f64()? * self.factor as f64;
        if !(0.0..18_446_744_073_709_551_615.0).contains(&exact) {
            return None;
        }
        let whole = (exact + self.rest).round().max(0.0);
        self.rest += exact - whole;
        Some(whole as u64)
    }
}

/// What is wrong with a sample or an event: which, what was expected, what was found.
struct Wrong(&'static str, usize, &'static str, String);

enum Failure {
    Wrong(Wrong),
    Stacks(stacks::Error),
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Failure {
        Failure::Wrong(wrong)
    }
}

impl From<stacks::Error> for Failure {
    fn from(error: stacks::Error) -> Failure {
        Failure::Stacks(error)
    }
}

/// Reads a file.
///
/// # Errors
/// Why the bytes are no profile; see [`Error::hint`].
pub fn read(bytes: &[u8]) -> Result<StackTree, Error> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let file: FileIn = serde_json::from_slice(bytes)?;
    let (_, unit) = match file.profiles.first() {
        Some(first) => unit_of(first, 1)?,
        None => return Err(Error::NoStacks),
    };
    let mut tree = StackTree::new(unit);
    let frames =
        intern(&mut tree, &file.shared.frames).map_err(|source| Error::Stacks { profile: 1, source })?;
    for (number, profile) in (1..).zip(&file.profiles) {
        let (factor, theirs) = unit_of(profile, number)?;
        let too_much = |source| Error::Stacks {
            profile: number,
            source,
        };
        if theirs != unit {
            return Err(too_much(stacks::Error::Units { ours: unit, theirs }));
        }
        let added = match profile.r#type.as_str() {
            "sampled" => add_samples(&mut tree, &frames, profile, factor),
            "evented" => add_events(&mut tree, &frames, profile, factor),
            other => {
                return Err(Error::Head {
                    profile: number,
                    expected: "the type `sampled` or `evented`",
                    found: shown(other),
                });
            }
        };
        added.map_err(|failure| match failure {
            Failure::Stacks(source) => too_much(source),
            Failure::Wrong(Wrong(part, at, expected, found)) => Error::Profile {
                profile: number,
                part,
                at,
                expected,
                found,
            },
        })?;
    }
    Ok(tree)
}

fn shown(text: &str) -> String {
    let begin: String = text.chars().take(40).collect();
    format!("`{}`", begin.escape_debug())
}

fn unit_of(profile: &ProfileIn, number: usize) -> Result<(u64, Unit), Error> {
    Ok(match profile.unit.as_str() {
        "nanoseconds" => (1, Unit::Nanoseconds),
        "microseconds" => (1_000, Unit::Nanoseconds),
        "milliseconds" => (1_000_000, Unit::Nanoseconds),
        "seconds" => (1_000_000_000, Unit::Nanoseconds),
        "none" | "bytes" => (1, Unit::Samples),
        other => {
            return Err(Error::Head {
                profile: number,
                expected: "a unit that speedscope knows",
                found: shown(other),
            });
        }
    })
}

fn intern(tree: &mut StackTree, frames: &[FrameIn]) -> Result<Vec<FrameId>, stacks::Error> {
    frames
        .iter()
        .map(|frame| {
            let name = frame.name.as_bytes();
            let file = frame.file.as_deref().unwrap_or_default().as_bytes();
            if file.is_empty() {
                return tree.intern(Frame::label(name));
            }
            let line = frame.line.as_ref().and_then(Number::as_i64).unwrap_or(0).max(0);
            tree.intern(Frame {
                name,
                file,
                line,
                kind: FrameKind::Python,
            })
        })
        .collect()
}

fn frame_of(frames: &[FrameId], frame: u32, part: &'static str, at: usize) -> Result<FrameId, Wrong> {
    let missing = || Wrong(part, at, "a frame of `shared.frames`", format!("{frame}"));
    frames.get(frame as usize).copied().ok_or_else(missing)
}

fn add_samples(
    tree: &mut StackTree,
    frames: &[FrameId],
    profile: &ProfileIn,
    factor: u64,
) -> Result<(), Failure> {
    let (samples, weights) = (&profile.samples, &profile.weights);
    if samples.len() != weights.len() {
        let at = samples.len().min(weights.len()) + 1;
        let found = format!("{} samples and {} weights", samples.len(), weights.len());
        return Err(Wrong("sample", at, "a weight for each sample", found).into());
    }
    let mut scale = Scale { factor, rest: 0.0 };
    for (at, (sample, weight)) in (1..).zip(samples.iter().zip(weights)) {
        let weight = scale
            .whole(weight)
            .ok_or_else(|| Wrong("weight", at, "a number from 0 to 2^64 units", weight.to_string()))?;
        let mut node = NodeId::ROOT;
        for &frame in sample {
            node = tree.child(node, frame_of(frames, frame, "sample", at)?, Mark::Exact)?;
        }
        tree.add_weight(node, weight)?;
    }
    Ok(())
}

fn add_events(
    tree: &mut StackTree,
    frames: &[FrameId],
    profile: &ProfileIn,
    factor: u64,
) -> Result<(), Failure> {
    // Each point in time is rounded by itself: the differences add up to the last one.
    let time = |amount: &Number| Scale { factor, rest: 0.0 }.whole(amount);
    let mut open: Vec<NodeId> = Vec::new();
    let mut before = 0;
    for (at, event) in (1..).zip(&profile.events) {
        let now = time(&event.at).filter(|&now| at == 1 || now >= before);
        let now = now.ok_or_else(|| {
            Wrong(
                "event",
                at,
                "a time not before the last one's",
                event.at.to_string(),
            )
        })?;
        let frame = frame_of(frames, event.frame, "event", at)?;
        let top = open.last().copied();
        if let Some(top) = top {
            tree.add_weight(top, now - before)?;
        }
        before = now;
        match event.r#type.as_str() {
            "O" => open.push(tree.child(top.unwrap_or(NodeId::ROOT), frame, Mark::Exact)?),
            "C" if top.is_some_and(|top| tree.frame_id(top) == Some(frame)) => {
                open.pop();
            }
            "C" => {
                let found = match top.and_then(|top| tree.frame_at(top)) {
                    Some(top) => format!(
                        "the end of frame {}, inside {}",
                        event.frame,
                        shown(&String::from_utf8_lossy(top.name))
                    ),
                    None => format!("the end of frame {}, none is open", event.frame),
                };
                return Err(Wrong("event", at, "the end of the innermost frame", found).into());
            }
            other => return Err(Wrong("event", at, "the type `O` or `C`", shown(other)).into()),
        }
    }
    // What is still open lasts until the end of the profile.
    if let (Some(&top), Some(end)) = (open.last(), profile.end_value.as_ref().and_then(time)) {
        tree.add_weight(top, end.saturating_sub(before))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export;
    use crate::export::testing::{assert_same, listing, reconstructed, some_text_tree, some_tree, tree_of};
    use proptest::prelude::*;

    fn written(tree: &StackTree) -> Vec<u8> {
        let mut file = Vec::new();
        export::speedscope::write(tree, "a \"title\"", &mut file).expect("a small tree");
        file
    }

    #[test]
    fn a_dump_comes_back_as_it_went() {
        let tree = reconstructed(include_bytes!("../../fixtures/server.prof"));
        let again = read(&written(&tree)).expect("our own file");
        assert_eq!(again.total(), tree.total());
        assert_eq!(again.unit(), Unit::Nanoseconds);
        assert_same(&again, &tree);
    }

    fn file(profiles: &str) -> String {
        format!(
            r#"{{"shared":{{"frames":[{{"name":"a"}},{{"name":"b","col":null}}]}},"profiles":[{profiles}]}}"#
        )
    }

    const SAMPLED: &str = r#"{"type":"sampled","name":"x","unit":"milliseconds","startValue":0,"endValue":1,
        "samples":[[0],[0,1],[]],"weights":[0.5,1,0.25]}"#;
    const EVENTED: &str = r#"{"type":"evented","name":"y","unit":"seconds","startValue":1,"endValue":9,"events":[
        {"type":"O","at":2,"frame":0},{"type":"O","at":3,"frame":1},{"type":"C","at":5.5,"frame":1},
        {"type":"C","at":6,"frame":0},{"type":"O","at":8,"frame":1}]}"#;

    #[test]
    fn profiles_of_a_file_are_added() {
        let tree = read(file(&format!("{SAMPLED},{EVENTED}")).as_bytes()).expect("a file");
        let mut expected = tree_of(&[
            (&["a"], 1_500_500_000),
            (&["a", "b"], 2_501_000_000),
            (&[], 250_000),
            (&["b"], 1_000_000_000),
        ]);
        expected.set_unit(Unit::Nanoseconds);
        assert_eq!(listing(&tree), listing(&expected));
        assert_eq!(tree.unit(), Unit::Nanoseconds);
    }

    #[test]
    fn fractions_add_up() {
        let weights = ["0.4"; 10].join(",");
        let samples = ["[0]"; 10].join(",");
        let sampled = format!(
            r#"{{"type":"sampled","name":"","unit":"none","startValue":0,"endValue":4,"samples":[{samples}],"weights":[{weights}]}}"#
        );
        assert_eq!(read(file(&sampled).as_bytes()).expect("a file").total(), 4);
    }

    fn check_error(profile: &str, message: &str) {
        let error = read(file(profile).as_bytes()).expect_err("no profile");
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn errors_say_where_and_what() {
        check_error("", "the file has no profiles");
        check_error(
            &SAMPLED.replace("[0,1]", "[0,7]"),
            "profile 1, sample 2: expected a frame of `shared.frames`, found 7",
        );
        check_error(
            &SAMPLED.replace(",0.25", ""),
            "profile 1, sample 3: expected a weight for each sample, found 3 samples and 2 weights",
        );
        check_error(
            &SAMPLED.replace("0.25", "-1"),
            "profile 1, weight 3: expected a number from 0 to 2^64 units, found -1",
        );
        check_error(
            &SAMPLED.replace("milliseconds", "weeks"),
            "profile 1: expected a unit that speedscope knows, found `weeks`",
        );
        check_error(
            &SAMPLED.replace("sampled", "guessed"),
            "profile 1: expected the type `sampled` or `evented`, found `guessed`",
        );
        check_error(
            &format!("{SAMPLED},{}", SAMPLED.replace("milliseconds", "none")),
            "profile 2: stacks weighed in samples cannot be added to stacks weighed in nanoseconds",
        );
        check_error(
            &EVENTED.replace("5.5,\"frame\":1", "5.5,\"frame\":0"),
            "profile 1, event 3: expected the end of the innermost frame, found the end of frame 0, inside `b`",
        );
        check_error(
            &EVENTED.replace("5.5", "2.5"),
            "profile 1, event 3: expected a time not before the last one's, found 2.5",
        );
        let error = read(b"{\"shared\": 1}").expect_err("another shape");
        assert!(error.to_string().contains("line 1 column 12"), "{error}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn every_cut_or_changed_byte_is_read_or_refused() {
        let text = file(&format!("{SAMPLED},{EVENTED}"));
        for at in 0..text.len() {
            let _ = read(&text.as_bytes()[..at]);
            let mut changed = text.as_bytes().to_vec();
            for byte in b"09-.e\"[]{},:\\\xff\0" {
                changed[at] = *byte;
                let _ = read(&changed);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(tree in some_text_tree()) {
            prop_assert_eq!(listing(&read(&written(&tree)).expect("our own file")), listing(&tree));
        }

        #[test]
        fn the_total_is_kept_whatever_the_names(tree in some_tree()) {
            prop_assert_eq!(read(&written(&tree)).expect("our own file").total(), tree.total());
        }
    }
}
