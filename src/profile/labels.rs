//! What a frame is called in a picture: `name (file:line)`, with no more folders than it takes to tell
//! the files apart.

use super::stacks::{Frame, FrameKind, StackTree};
use rustc_hash::FxHashMap;
use std::io::Write as _;

/// For each path its shortest end, in whole components, that no other of the paths has; the whole path
/// where it is itself the end of another. Equal paths get equal ends, different ones different ends.
/// `/` and `\` both separate.
///
/// ```
/// use prof::profile::labels::unique_suffixes;
/// let paths = ["/srv/app/views.py", "/srv/shop/views.py", "/srv/shop/cart.py"].map(str::as_bytes);
/// let short = ["app/views.py", "shop/views.py", "cart.py"].map(str::as_bytes);
/// assert_eq!(unique_suffixes(&paths), short);
/// ```
#[must_use]
pub fn unique_suffixes<'a>(paths: &[&'a [u8]]) -> Vec<&'a [u8]> {
    // Sorted from the end, the path that shares most with another one stands next to it.
    let mut sorted = paths.to_vec();
    sorted.sort_unstable_by(|a, b| components(a).cmp(components(b)).then_with(|| a.cmp(b)));
    sorted.dedup();
    let mut suffixes = FxHashMap::default();
    let mut shared_before = 0;
    for (at, &path) in sorted.iter().enumerate() {
        let next = sorted.get(at + 1);
        let shared_after = next.map_or(0, |next| shared_components(path, next));
        suffixes.insert(path, last_components(path, shared_before.max(shared_after) + 1));
        shared_before = shared_after;
    }
    paths.iter().map(|path| suffixes[path]).collect()
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// The parts of a path between separators, last one first.
fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.rsplit(is_separator)
}

fn shared_components(a: &[u8], b: &[u8]) -> usize {
    components(a)
        .zip(components(b))
        .take_while(|(a, b)| a == b)
        .count()
}

/// The end of a path that has so many components, or the path if it has no more than that. The last
/// component may be empty, but it is not all that is shown.
fn last_components(path: &[u8], count: usize) -> &[u8] {
    let length: usize = components(path).take(count).map(|part| part.len() + 1).sum();
    match length.saturating_sub(1) {
        0 => path,
        length => &path[path.len() - length..],
    }
}

/// For each frame of a tree, by [`FrameId::index`](super::stacks::FrameId::index), its label:
/// `name (file:line)` for a Python function, without the line where there is none; else the name alone.
#[must_use]
pub fn frame_labels(tree: &StackTree) -> Vec<Vec<u8>> {
    let frames: Vec<Frame<'_>> = tree.frames().map(|frame| tree.frame(frame)).collect();
    let is_python = |frame: &Frame<'_>| frame.kind == FrameKind::Python;
    let files: Vec<&[u8]> = frames
        .iter()
        .filter(|frame| is_python(frame))
        .map(|frame| frame.file)
        .collect();
    let mut short = unique_suffixes(&files).into_iter();
    let label = |frame: &Frame<'_>| {
        let mut label = frame.name.to_vec();
        if is_python(frame) {
            let file = short.next().expect("there is one for each Python frame");
            label.extend_from_slice(b" (");
            label.extend_from_slice(file);
            if frame.line != 0 {
                write!(label, ":{}", frame.line).expect("writing to a Vec does not fail");
            }
            label.push(b')');
        }
        label
    };
    frames.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::Unit;
    use proptest::prelude::*;

    fn check(paths: &[&str], expected: &[&str]) {
        let bytes: Vec<&[u8]> = paths.iter().map(|path| path.as_bytes()).collect();
        let short: Vec<_> = unique_suffixes(&bytes)
            .into_iter()
            .map(String::from_utf8_lossy)
            .collect();
        assert_eq!(short, expected);
    }

    #[test]
    fn a_path_is_cut_as_far_as_it_stays_unique() {
        check(&[], &[]);
        check(&["/a/b/c.py"], &["c.py"]);
        check(&["/a/x.py", "/b/x.py", "/b/y.py"], &["a/x.py", "b/x.py", "y.py"]);
        check(
            &["/a/q/x.py", "/b/q/x.py", "/b/r/x.py"],
            &["a/q/x.py", "b/q/x.py", "r/x.py"],
        );
        check(&["x.py", "/x.py", "/a/x.py"], &["x.py", "/x.py", "a/x.py"]);
        check(&["/a/x.py", "/a/x.py"], &["x.py", "x.py"]);
        check(&[r"C:\a\x.py", r"C:\b\x.py"], &[r"a\x.py", r"b\x.py"]);
        check(&["a/b", r"a\b"], &["a/b", r"a\b"]);
        check(&["<string>", "<frozen os>"], &["<string>", "<frozen os>"]);
        check(&["", "/", "a/", "b"], &["", "/", "a/", "b"]);
    }

    #[test]
    fn only_python_functions_show_file_and_line() {
        let mut tree = StackTree::new(Unit::Samples);
        let python = |name: &'static [u8], file: &'static [u8], line| Frame {
            name,
            file,
            line,
            kind: FrameKind::Python,
        };
        let builtin = Frame {
            kind: FrameKind::Builtin,
            ..python(b"<built-in method builtins.len>", b"~", 0)
        };
        for frame in [
            python(b"f", b"/srv/a/x.py", 1),
            builtin,
            python(b"g", b"/srv/b/x.py", 20),
            Frame::synthetic(b"(3 more)"),
            Frame::label(b"main"),
        ] {
            tree.intern(frame).expect("a small tree");
        }
        let labels: Vec<_> = frame_labels(&tree)
            .into_iter()
            .map(|label| String::from_utf8(label).expect("ASCII"))
            .collect();
        let expected = [
            "f (a/x.py:1)",
            "<built-in method builtins.len>",
            "g (b/x.py:20)",
            "(3 more)",
            "main",
        ];
        assert_eq!(labels, expected);
    }

    #[test]
    fn thirty_thousand_files_take_no_square_of_time() {
        let paths: Vec<String> = (0..100_000)
            .map(|i| format!("/srv/{}/pkg/{}/x.py", i % 317, i / 317))
            .collect();
        let bytes: Vec<&[u8]> = paths.iter().map(String::as_bytes).collect();
        let mut short = unique_suffixes(&bytes);
        short.sort_unstable();
        short.dedup();
        assert_eq!(short.len(), paths.len());
    }

    proptest! {
        #[test]
        fn ends_are_ends_and_stay_different(paths in prop::collection::vec("[ab/\\\\]{0,6}", 0..20)) {
            let bytes: Vec<&[u8]> = paths.iter().map(String::as_bytes).collect();
            let short = unique_suffixes(&bytes);
            for (a, short_a) in bytes.iter().zip(&short) {
                prop_assert!(a.ends_with(short_a));
                for (b, short_b) in bytes.iter().zip(&short) {
                    prop_assert_eq!(a == b, short_a == short_b);
                }
            }
        }
    }
}
