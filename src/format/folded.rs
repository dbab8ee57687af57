//! Folded stacks, the text that most profilers write for flame graphs: one line for each stack, frames
//! from the outermost to the innermost with `;` between them, a space, and how often it was seen.
//!
//! A file is added up while it is read, so that memory holds different stacks and not lines. What is
//! written can be read by every tool that takes the format: no label is taken for something else, lines
//! are sorted by their frames, and what has no weight is left out.
//!
//! The format does not say what weights count: samples, as most profilers have it. A line of comment may say that
//! they are nanoseconds.
//!
//! Source: Brendan Gregg's FlameGraph, `flamegraph.pl`; the traps are those of inferno 0.12 (`from_lines`),
//! see `../shared/specs/export.md`, sections 3 and 6. Python's `profiling.sampling --collapsed` adds lines
//! of comment.

use crate::profile::labels::frame_labels;
use crate::profile::stacks::{self, Frame, Mark, NodeId, StackTree, Unit, Visit};
use crate::python::text::{self, Piece};
use std::io::{self, BufRead, Write};

/// Says that weights are nanoseconds.
pub(super) const NANOSECONDS: &str = "# weights are nanoseconds";

/// Why bytes are no folded stacks. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes cannot be read.
    #[error("line {line}: {source}")]
    Io {
        /// The line that was to be read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A line is no stack.
    #[error("line {line}: expected {expected}, found {found}")]
    Line {
        /// Where it stands.
        line: u64,
        /// What should stand there.
        expected: &'static str,
        /// What stands there, shortened and escaped for showing.
        found: String,
    },
    /// There is not a single stack.
    #[error("the file has no stacks")]
    NoStacks,
    /// The stacks or their weights go beyond what is kept.
    #[error("line {line}: {source}")]
    Stacks {
        /// The line that was too much.
        line: u64,
        /// What was too much.
        source: stacks::Error,
    },
}

impl Error {
    /// What the user can do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Line { .. } => Some("folded stacks look like `main;parse;read 12`, one stack on a line"),
            Error::NoStacks => Some("the profiler saw nothing: let it run longer, or at a higher rate"),
            Error::Io { .. } | Error::Stacks { .. } => None,
        }
    }
}

/// Reads folded stacks. Empty lines and those that are `#` or begin with `# ` are skipped, lines may end
/// in CR LF, and equal stacks are added. Weights are samples, unless a line `# weights are nanoseconds` says
/// otherwise. The last word of a line is its weight, whole and not negative; a
/// differential file, with two weights on a line, is read with the first one as part of the frame.
///
/// ```
/// use prof::format::folded;
/// let tree = folded::read(&b"# run 7\nmain;work 3\nmain 1\nmain;work 2\n"[..]).unwrap();
/// assert_eq!(tree.total(), 6);
/// let mut text = Vec::new();
/// folded::write(&tree, &mut text).unwrap();
/// assert_eq!(text, b"main 1\nmain;work 5\n");
/// ```
///
/// # Errors
/// Why the bytes are no folded stacks, with the line; see [`Error::hint`].
pub fn read(mut input: impl BufRead) -> Result<StackTree, Error> {
    let mut adder = Adder {
        tree: StackTree::new(Unit::Samples),
        last: Vec::new(),
        path: Vec::new(),
    };
    let mut bytes = Vec::new();
    let mut found_any = false;
    for line in 1.. {
        bytes.clear();
        let length = input
            .read_until(b'\n', &mut bytes)
            .map_err(|source| Error::Io { line, source })?;
        if length == 0 {
            break;
        }
        let mut text = bytes.as_slice();
        if line == 1 {
            text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        }
        let text = text.trim_ascii();
        if text == NANOSECONDS.as_bytes() {
            adder.tree.set_unit(Unit::Nanoseconds);
        }
        if text.is_empty() || text == b"#" || text.starts_with(b"# ") {
            continue;
        }
        let (frames, weight) = split(text).map_err(|(expected, found)| Error::Line {
            line,
            expected,
            found,
        })?;
        found_any = true;
        if weight > 0 {
            adder
                .add(frames, weight)
                .map_err(|source| Error::Stacks { line, source })?;
        }
    }
    if found_any {
        Ok(adder.tree)
    } else {
        Err(Error::NoStacks)
    }
}

/// The frames and the weight of a line, or what was expected and what was found.
fn split(line: &[u8]) -> Result<(&[u8], u64), (&'static str, String)> {
    const STACK: &str = "a stack, a space and a weight";
    let space = line.iter().rposition(u8::is_ascii_whitespace);
    let Some(space) = space else {
        return Err((STACK, shorten(line)));
    };
    let (frames, weight) = (line[..space].trim_ascii_end(), &line[space + 1..]);
    if !weight.iter().all(u8::is_ascii_digit) {
        return Err(("a whole number at the end of the line", shorten(weight)));
    }
    let weight = std::str::from_utf8(weight)
        .ok()
        .and_then(|digits| digits.parse().ok());
    match weight {
        Some(weight) => Ok((frames, weight)),
        None => Err(("a weight below 2^64", shorten(&line[space + 1..]))),
    }
}

/// A tree that grows line by line. Neighbours share most of their frames in a sorted file, so the last
/// line's path is kept.
struct Adder {
    tree: StackTree,
    last: Vec<u8>,
    /// For each frame of the last line where its text ends, and its node.
    path: Vec<(usize, NodeId)>,
}

impl Adder {
    fn add(&mut self, frames: &[u8], weight: u64) -> Result<(), stacks::Error> {
        let same = common(&self.last, frames);
        // A frame is the same if its text is, to the end: before a `;`, or where the line ends.
        let ends_here = |end: usize| frames.get(end).is_none_or(|&byte| byte == b';');
        let kept = self
            .path
            .iter()
            .take_while(|&&(end, _)| end <= same && ends_here(end))
            .count();
        self.path.truncate(kept);
        let (mut start, mut node) = match self.path.last() {
            Some(&(end, node)) => (end + 1, node),
            None => (0, NodeId::ROOT),
        };
        if let Some(rest) = frames.get(start..) {
            for name in rest.split(|&byte| byte == b';') {
                let frame = self.tree.intern(Frame::label(name))?;
                node = self.tree.child(node, frame, Mark::Exact)?;
                start += name.len() + 1;
                self.path.push((start - 1, node));
            }
        }
        self.last.clear();
        self.last.extend_from_slice(frames);
        self.tree.add_weight(node, weight)
    }
}

/// How many bytes both begin with. Lines are long and mostly alike, so words of eight are compared first.
fn common(a: &[u8], b: &[u8]) -> usize {
    let (words, others) = (a.chunks_exact(8), b.chunks_exact(8));
    let same = 8 * words.zip(others).take_while(|(a, b)| a == b).count();
    let rest = a[same..].iter().zip(&b[same..]);
    same + rest.take_while(|(a, b)| a == b).count()
}

/// The beginning of what was found, in backquotes.
fn shorten(found: &[u8]) -> String {
    const LONGEST: usize = 40;
    match found.get(..LONGEST) {
        Some(begin) if found.len() > LONGEST => format!("`{}`...", text::shown(begin)),
        _ => format!("`{}`", text::shown(found)),
    }
}

/// Writes the stacks as [`write()`] does; before nanoseconds stands a line of comment that says so, for a file that is
/// to be read here again. Other programs may expect a weight on each line.
///
/// # Errors
/// Those of [`write()`].
pub fn write_with_unit(tree: &StackTree, mut out: impl Write) -> io::Result<()> {
    if tree.unit() == Unit::Nanoseconds && tree.total() > 0 {
        writeln!(out, "{NANOSECONDS}")?;
    }
    write(tree, out)
}

/// Writes the stacks as text: one line for each path that has a weight of its own, sorted by frames.
/// Frames get the labels of [`frame_labels`], made safe by [`sanitise`]; paths whose labels are equal are
/// added. A weight without any frame gets the frame `?`. What weights count is not said, as in files of other tools:
/// see [`write_with_unit`].
///
/// # Errors
/// Those of `out`; one of kind `Other` if the labels take more than 4 GiB.
pub fn write(tree: &StackTree, mut out: impl Write) -> io::Result<()> {
    let tree = labelled(tree).map_err(io::Error::other)?;
    let mut path: Vec<u8> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    for Visit { node, depth } in tree.walk() {
        ends.truncate(depth);
        path.truncate(ends.last().copied().unwrap_or(0));
        if depth > 0 {
            path.push(b';');
        }
        path.extend_from_slice(tree.frame_at(node).expect("a walk leaves the root out").name);
        ends.push(path.len());
        if tree.own(node) > 0 {
            out.write_all(&path)?;
            writeln!(out, " {}", tree.own(node))?;
        }
    }
    Ok(())
}

/// The same stacks with safe labels for frames: siblings have different ones, and the walk is sorted by
/// them.
fn labelled(tree: &StackTree) -> Result<StackTree, stacks::Error> {
    let labels: Vec<Vec<u8>> = frame_labels(tree).iter().map(|label| sanitise(label)).collect();
    let mut labelled = tree.rename(|frame| Frame::label(&labels[frame.index()]))?;
    labelled.name_empty_path(Frame::label(b"?"))?;
    Ok(labelled)
}

/// A label that no reader of folded text takes for something else: UTF-8, without `;` and control
/// characters, not empty, without white space around it, not the beginning of a comment, and without a
/// number as its last word, which inferno would read as a first column of weights.
///
/// ```
/// use prof::format::folded::sanitise;
/// assert_eq!(sanitise(b"a;b\n"), b"a:b");
/// assert_eq!(sanitise(b"line 3"), b"line_3");
/// ```
#[must_use]
pub fn sanitise(label: &[u8]) -> Vec<u8> {
    let clean: String = text::pieces(label)
        .map(|piece| match piece {
            Piece::Char(';') => ':',
            Piece::Char(c) if c.is_control() || c.is_whitespace() => ' ',
            Piece::Char(c) => c,
            Piece::Surrogate(_) | Piece::Byte(_) => char::REPLACEMENT_CHARACTER,
        })
        .collect();
    let mut clean = clean.trim().to_owned();
    if clean.is_empty() {
        clean.push('?');
    }
    if clean == "#" || clean.starts_with("# ") {
        clean.insert(0, '_');
    }
    if let Some((_, last)) = clean.rsplit_once(' ')
        && last.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+'))
    {
        let space = clean.len() - last.len() - 1;
        clean.replace_range(space..=space, "_");
    }
    clean.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::attribution::{Options, attribute};
    use crate::profile::stacks::{FrameId, FrameKind};
    use proptest::prelude::*;

    fn text_of(tree: &StackTree) -> Vec<u8> {
        let mut text = Vec::new();
        write(tree, &mut text).expect("a small tree");
        text
    }

    fn check(input: &str, output: &str) {
        let tree = read(input.as_bytes()).expect("folded stacks");
        let written = text_of(&tree);
        assert_eq!(String::from_utf8_lossy(&written), output);
    }

    #[test]
    fn equal_stacks_are_added_and_sorted_by_frames() {
        check("b 1\na;c 2\na 3\nb 4\n", "a 3\na;c 2\nb 5\n");
        // By raw lines `foo 10` would stand between the two stacks that begin with `foo;`.
        check("foo 10\nfoo 9x;a 1\nfoo;b 2\n", "foo 10\nfoo;b 2\nfoo 9x;a 1\n");
    }

    #[test]
    fn comments_ends_of_line_and_a_mark_of_byte_order_do_not_count() {
        check(
            "\u{feff}# Tachyon\r\n#\r\n\r\na;b 1\r\n  \t\r\na 2",
            "a 2\na;b 1\n",
        );
        check(
            "a;b 1\na;bc 1\na;b 1\na 1\nab 1\na;b;c 1\n",
            "a 1\na;b 2\na;b;c 1\na;bc 1\nab 1\n",
        );
        check("#include 3\n", "#include 3\n");
        check("a\t7\n", "a 7\n");
        check("a;b 0\n", "");
    }

    #[test]
    fn odd_labels_come_out_harmless() {
        check(";a; 1\n", "?;a;? 1\n");
        check("b line 3 100\n", "b line_3 100\n");
        check(
            "a;<built-in method builtins.len> 2\n",
            "a;<built-in method builtins.len> 2\n",
        );
    }

    fn check_label(label: &[u8], expected: &str) {
        assert_eq!(String::from_utf8_lossy(&sanitise(label)), expected);
    }

    #[test]
    fn labels_are_made_safe() {
        check_label(b"f (a.py:1)", "f (a.py:1)");
        check_label("a;b\r\n\u{85}\u{2028}c".as_bytes(), "a:b    c");
        check_label(b" \t ", "?");
        check_label(b"# f", "_# f");
        check_label(b"#", "_#");
        check_label(b"x 1.5", "x_1.5");
        check_label(b"x 1 2", "x 1_2");
        check_label(b"12", "12");
        check_label(b"caf\xe9", "caf\u{fffd}");
        check_label(b"\xed\xb2\x80", "\u{fffd}");
    }

    #[test]
    fn labels_that_become_equal_are_added() {
        let mut tree = StackTree::new(Unit::Nanoseconds);
        for (name, weight) in [("a;b", 1), ("a:b", 2)] {
            let frame = tree.intern(Frame::label(name.as_bytes())).expect("small");
            let below = tree.intern(Frame::label(b"x")).expect("small");
            tree.add_stack(&[frame, below], weight).expect("small");
        }
        tree.add_stack(&[], 4).expect("small");
        assert_eq!(text_of(&tree), b"? 4\na:b;x 3\n");
    }

    #[test]
    fn a_reconstructed_tree_is_written_with_its_total() {
        let dump = &include_bytes!("../../fixtures/stacks/two_contexts.prof")[..];
        let profile = super::super::pstats::read(dump).expect("a dump");
        let tree = attribute(&profile, &Options::default())
            .expect("a small profile")
            .tree;
        let text = text_of(&tree);
        let expected = "\
            m (golden.py:6);a (golden.py:4);c (golden.py:2) 2500000000\n\
            m (golden.py:6);a (golden.py:4);d (golden.py:3) 2500000000\n\
            m (golden.py:6);b (golden.py:5);a (golden.py:4);c (golden.py:2) 2500000000\n\
            m (golden.py:6);b (golden.py:5);a (golden.py:4);d (golden.py:3) 2500000000\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        assert_eq!(read(&text[..]).expect("our own text").unit(), Unit::Samples);
        let mut told = Vec::new();
        write_with_unit(&tree, &mut told).expect("a Vec grows");
        assert_eq!(
            String::from_utf8_lossy(&told),
            format!("# weights are nanoseconds\n{expected}")
        );
        let again = read(&told[..]).expect("our own text");
        assert_eq!((again.unit(), again.total()), (Unit::Nanoseconds, tree.total()));
    }

    #[test]
    fn weights_are_samples_unless_it_is_said() {
        let unit = |text: &str| read(text.as_bytes()).expect("folded stacks").unit();
        assert_eq!(unit("a 1\n"), Unit::Samples);
        assert_eq!(unit("# weights are samples\na 1\n"), Unit::Samples);
        // Sorted lines have it where they want.
        assert_eq!(unit("a 1\n# weights are nanoseconds\r\n"), Unit::Nanoseconds);
    }

    fn check_error(input: &[u8], message: &str) {
        let error = read(input).expect_err("no folded stacks");
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn errors_say_where_and_what() {
        check_error(b"", "the file has no stacks");
        check_error(b"# only\n\n", "the file has no stacks");
        check_error(
            b"a 1\n\nmain;work\n",
            "line 3: expected a stack, a space and a weight, found `main;work`",
        );
        check_error(
            b"a 1.5\n",
            "line 1: expected a whole number at the end of the line, found `1.5`",
        );
        check_error(
            b"a -1\n",
            "line 1: expected a whole number at the end of the line, found `-1`",
        );
        check_error(
            b"a 99999999999999999999\n",
            "line 1: expected a weight below 2^64, found `99999999999999999999`",
        );
        check_error(
            b"12\n",
            "line 1: expected a stack, a space and a weight, found `12`",
        );
        check_error(
            b"a 18446744073709551615\nb 1\n",
            "line 2: the weights of the stacks add up to more than 2^64 - 1",
        );
        let long = [&b"\x1b[31m"[..], &[b'x'; 100]].concat();
        let shown = format!("\\x1b[31m{}", "x".repeat(35));
        check_error(
            &long,
            &format!("line 1: expected a stack, a space and a weight, found `{shown}`..."),
        );
        assert!(read(&b"a"[..]).expect_err("no folded stacks").hint().is_some());
    }

    #[test]
    fn every_cut_or_changed_byte_is_read_or_refused() {
        let text = b"# c\nmain;work 12\r\nmain;w\xc3\xa9rk;x 3\n\nmain 4\n";
        for at in 0..text.len() {
            let _ = read(&text[..at]);
            let mut changed = text.to_vec();
            for byte in 0..=255 {
                changed[at] = byte;
                if let Ok(tree) = read(changed.as_slice()) {
                    let written = text_of(&tree);
                    assert!(tree.total() == 0 || read(written.as_slice()).is_ok());
                }
            }
        }
    }

    /// Frames of all kinds, with names made of what has a meaning in the format.
    fn some_tree() -> impl Strategy<Value = StackTree> {
        let parts: [&[u8]; 10] = [
            b"a",
            b";",
            b" ",
            b"1",
            b"#",
            b"\n",
            b".",
            "\u{a0}".as_bytes(),
            b"\xff",
            b"\xed\xb2\x80",
        ];
        let name = prop::collection::vec(prop::sample::select(parts.to_vec()), 0..5)
            .prop_map(|parts| parts.concat());
        let kind = prop_oneof![
            Just(FrameKind::Label),
            Just(FrameKind::Python),
            Just(FrameKind::Builtin)
        ];
        let stack = prop::collection::vec((name, kind, 0..3i64), 0..5);
        prop::collection::vec((stack, 0..1000u64), 0..12).prop_map(|stacks| {
            let mut tree = StackTree::new(Unit::Samples);
            for (stack, weight) in stacks {
                let frames: Vec<FrameId> = stack
                    .iter()
                    .map(|(name, kind, line)| {
                        let file = if *kind == FrameKind::Python {
                            &b"/x/a.py"[..]
                        } else {
                            b""
                        };
                        let frame = Frame {
                            name,
                            file,
                            line: *line,
                            kind: *kind,
                        };
                        tree.intern(frame).expect("a small tree")
                    })
                    .collect();
                tree.add_stack(&frames, weight).expect("small weights");
            }
            tree
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(tree in some_tree()) {
            let text = text_of(&tree);
            prop_assert!(std::str::from_utf8(&text).is_ok());
            if tree.total() > 0 {
                let again = read(text.as_slice()).expect("our own text");
                prop_assert_eq!(again.total(), tree.total());
                prop_assert_eq!(text_of(&again), text);
            } else {
                prop_assert!(text.is_empty());
            }
        }

        #[test]
        fn what_is_read_is_written_with_its_total(lines in prop::collection::vec(("[ab; #1.]{0,6}", 0..100u64), 0..20)) {
            let text: String = lines.iter().map(|(stack, weight)| format!("{stack} {weight}\n")).collect();
            if let Ok(tree) = read(text.as_bytes()) {
                let written = text_of(&tree);
                let total: u64 = String::from_utf8(written)
                    .expect("UTF-8")
                    .lines()
                    .map(|line| line.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok()).expect("a weight"))
                    .sum();
                prop_assert_eq!(total, tree.total());
            }
        }
    }
}
