//! Stacks to a flame graph, an SVG that zooms and searches in any browser, drawn by inferno.
//!
//! What inferno would do by itself and must not: it drops stacks whose weights are fractions, takes a number at
//! the end of a name for a second column, and complains of lines in another order than its own. So names go through
//! [`folded::sanitise`], weights are whole nanoseconds or samples, and the lines come in the order of the walk.
//! The same tree gives the same bytes.

mod colors;

pub use colors::Colors;
pub(crate) use colors::module_color;

use crate::format::folded;
use crate::profile::labels::frame_labels;
use crate::profile::stacks::{Frame, FrameKind, Mark, NodeId, StackTree, Unit};
use inferno::flamegraph::color::{BackgroundColor, BasicPalette, Color, Palette};
use inferno::flamegraph::{Direction, Options as Inferno, TextTruncateDirection};
use rustc_hash::FxHashMap;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no weight to draw.
    #[error("there is no time and no sample to draw")]
    Empty,
    /// inferno cannot draw it.
    #[error("cannot draw: {0}")]
    Drawing(#[from] std::io::Error),
    /// The two trees of a comparison count different things.
    #[error("one profile counts {before} and the other {after}: they cannot be compared")]
    Units {
        /// What the first counts.
        before: Unit,
        /// What the second counts.
        after: Unit,
    },
    /// The trees cannot be put together.
    #[error(transparent)]
    Stacks(#[from] crate::profile::stacks::Error),
}

/// In which order siblings stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sort {
    /// By name, so that two graphs can be compared.
    Name,
    /// Widest first.
    Width,
}

/// How a flame graph is drawn.
#[derive(Clone, Debug)]
pub struct Options {
    /// The heading.
    pub title: String,
    /// The line below it.
    pub subtitle: String,
    /// What colours tell.
    pub colors: Colors,
    /// Draw from the top down: an icicle.
    pub inverted: bool,
    /// In which order siblings stand.
    pub sort: Sort,
    /// Frames narrower than this percentage of the picture are not drawn.
    pub min_width: f64,
    /// The width of the picture in pixels; `None` follows the window.
    pub width: Option<usize>,
    /// What is searched for when the picture opens.
    pub search: Option<String>,
}

/// Draws one tree.
///
/// # Errors
/// [`Error::Empty`] or [`Error::Drawing`].
pub fn draw(tree: &StackTree, options: &Options) -> Result<Vec<u8>, Error> {
    // As inferno decides it. What it would not draw anyhow is not spelled out for it.
    let least = options.min_width / (100.0 / tree.total() as f64);
    let whole = tree;
    let tree = &whole.without_narrow(&whole.widths(), least);
    let frames = shown_labels(tree);
    let labels = node_labels(tree, &frames);
    let widths = tree.widths();
    let lines = lines(tree, &labels, &widths, options.sort, |node| {
        match tree.own(node) {
            0 => None,
            weight => Some(format!(" {weight}")),
        }
    });
    let mut palette = colors::palette(options.colors, whole, tree, &frames);
    let mut inferno = inferno_options(tree.unit(), options);
    inferno.palette_map = palette.as_mut();
    render(&mut inferno, &lines, options)
}

/// A comparison of two trees, and what it cannot show.
#[derive(Debug)]
pub struct Difference {
    /// The picture: widths are those of the second tree, red grew, blue shrank.
    pub svg: Vec<u8>,
    /// Functions that are in the first tree only, which have no width: name and own weight, most first.
    pub gone: Vec<(String, u64)>,
}

/// Draws the second tree coloured by what has changed since the first, path by path. Functions are matched by name
/// and file: their lines may have moved.
///
/// # Errors
/// Any [`Error`].
pub fn draw_difference(
    before: &StackTree,
    after: &StackTree,
    normalize: bool,
    options: &Options,
) -> Result<Difference, Error> {
    if before.unit() != after.unit() {
        return Err(Error::Units {
            before: before.unit(),
            after: after.unit(),
        });
    }
    let mut both = without_lines(after)?;
    let after_nodes = both.len();
    let mut after_own: Vec<u64> = both.nodes().map(|node| both.own(node)).collect();
    both.merge(&without_lines(before)?)?;
    // Merging keeps the nodes that were there in their places.
    after_own.resize(both.len(), 0);
    let scale = if normalize && before.total() > 0 {
        after.total() as f64 / before.total() as f64
    } else {
        1.0
    };
    let own_before = |node: NodeId| {
        let before = both.own(node) - after_own[node.index() - 1];
        (before as f64 * scale).round() as u64
    };
    // Both trees are estimates of their own, so marks would say little.
    let names = shown_labels(&both);
    let of_frame = |node| {
        both.frame_id(node)
            .map_or_else(String::new, |frame| names[frame.index()].clone())
    };
    let labels: Vec<String> = std::iter::once(NodeId::ROOT)
        .chain(both.nodes())
        .map(of_frame)
        .collect();
    let mut widths = vec![0; both.len() + 1];
    for node in both.nodes().rev() {
        widths[node.index()] += after_own[node.index() - 1];
        if let Some(parent) = both.parent(node) {
            widths[parent.index()] += widths[node.index()];
        }
    }
    let lines = lines(&both, &labels, &widths, options.sort, |node| {
        match (own_before(node), after_own[node.index() - 1]) {
            (0, 0) => None,
            (before, after) => Some(format!(" {before} {after}")),
        }
    });
    let mut gone: FxHashMap<usize, (u64, u64)> = FxHashMap::default();
    for node in both.nodes() {
        let Some(frame) = both.frame_id(node) else {
            continue;
        };
        let entry = gone.entry(frame.index()).or_default();
        entry.0 += own_before(node);
        entry.1 += if node.index() <= after_nodes {
            widths[node.index()]
        } else {
            0
        };
    }
    let mut gone: Vec<(String, u64)> = gone
        .into_iter()
        .filter(|&(_, (before, after))| before > 0 && after == 0)
        .map(|(frame, (before, _))| (names[frame].clone(), before))
        .collect();
    gone.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut inferno = inferno_options(both.unit(), options);
    Ok(Difference {
        svg: render(&mut inferno, &lines, options)?,
        gone,
    })
}

/// The same tree with functions told apart by file and name only, and one name for all that was pruned.
fn without_lines(tree: &StackTree) -> Result<StackTree, Error> {
    Ok(tree.rename(|frame| match tree.frame(frame) {
        pruned if pruned.kind == FrameKind::Synthetic => Frame::synthetic(b"(more)"),
        frame => Frame { line: 0, ..frame },
    })?)
}

fn inferno_options(unit: Unit, options: &Options) -> Inferno<'static> {
    let mut inferno = Inferno::default();
    inferno.title = options.title.clone();
    inferno.subtitle = Some(options.subtitle.clone()).filter(|subtitle| !subtitle.is_empty());
    inferno.direction = if options.inverted {
        Direction::Inverted
    } else {
        Direction::Straight
    };
    inferno.min_width = options.min_width;
    inferno.image_width = options.width;
    inferno.text_truncate_direction = TextTruncateDirection::Right;
    inferno.bgcolors = Some(BackgroundColor::Flat(Color {
        r: 255,
        g: 255,
        b: 255,
    }));
    inferno.deterministic = true;
    // The lines come in the order that is wanted; inferno's own order and its check of it are switched off.
    inferno.no_sort = true;
    inferno.flame_chart = true;
    inferno.colors = match options.colors {
        Colors::Palette(palette) => palette,
        Colors::Module | Colors::Own => Palette::Basic(BasicPalette::Hot),
    };
    match unit {
        Unit::Nanoseconds => {
            inferno.count_name = "ms".into();
            inferno.factor = 1e-6;
        }
        Unit::Samples => inferno.count_name = "samples".into(),
    }
    inferno
}

fn render(inferno: &mut Inferno<'_>, lines: &[String], options: &Options) -> Result<Vec<u8>, Error> {
    if lines.is_empty() {
        return Err(Error::Empty);
    }
    let mut svg = Vec::new();
    // As a flame chart inferno turns the lines round.
    inferno::flamegraph::from_lines(inferno, lines.iter().rev().map(String::as_str), &mut svg)?;
    if let Some(term) = &options.search {
        svg = with_search(&svg, term);
    }
    Ok(svg)
}

/// The picture with a search that starts when it is opened: inferno's script reads it from the address, or does
/// what is added here.
fn with_search(svg: &[u8], term: &str) -> Vec<u8> {
    let Some(end) = svg.windows(6).rposition(|bytes| bytes == b"</svg>") else {
        return svg.into();
    };
    let term = serde_json::to_string(term)
        .expect("a string is valid JSON")
        .replace('<', "\\u003c")
        .replace("]]>", "]]\\u003e");
    let script = format!(
        "<script type=\"text/ecmascript\"><![CDATA[window.addEventListener(\"load\", function () {{ search({term}); }});]]></script>"
    );
    [&svg[..end], script.as_bytes(), &svg[end..]].concat()
}

/// For each frame, by its index, its label in a form that inferno takes as it is.
fn shown_labels(tree: &StackTree) -> Vec<String> {
    let safe = |label: &Vec<u8>| String::from_utf8_lossy(&folded::sanitise(label)).into_owned();
    frame_labels(tree).iter().map(safe).collect()
}

/// For each node, by its index, the label of its frame as the picture shows it.
fn node_labels(tree: &StackTree, frames: &[String]) -> Vec<String> {
    let label = |node| {
        let name = tree.frame_id(node).map_or("?", |frame| &frames[frame.index()]);
        marked(name, tree.mark(node))
    };
    std::iter::once(String::new())
        .chain(tree.nodes().map(label))
        .collect()
}

/// The label of a frame. Estimated frames get a mark of their own, since a colour belongs to a label.
pub(crate) fn marked(label: &str, mark: Mark) -> String {
    match mark {
        Mark::Exact | Mark::Pruned => label.to_owned(),
        Mark::Estimate => format!("{label} ~"),
        Mark::Recursion => format!("{label} \u{21bb}"),
    }
}

/// The lines for inferno: for each node that has weights, its labels from the root and the weights.
fn lines(
    tree: &StackTree,
    labels: &[String],
    widths: &[u64],
    sort: Sort,
    weights: impl Fn(NodeId) -> Option<String>,
) -> Vec<String> {
    let mut children: Vec<Vec<NodeId>> = vec![Vec::new(); tree.len() + 1];
    for node in tree.nodes() {
        if let Some(parent) = tree.parent(node) {
            children[parent.index()].push(node);
        }
    }
    for siblings in &mut children {
        siblings.sort_by(|a, b| {
            let by_name = || {
                labels[a.index()]
                    .cmp(&labels[b.index()])
                    .then(a.index().cmp(&b.index()))
            };
            match sort {
                Sort::Name => by_name(),
                Sort::Width => widths[b.index()].cmp(&widths[a.index()]).then_with(by_name),
            }
        });
    }
    let mut lines = Vec::new();
    let mut path = String::new();
    if tree.own(NodeId::ROOT) > 0 {
        lines.push(format!("? {}", tree.own(NodeId::ROOT)));
    }
    // Each entry: a node and how long the path is without it.
    let mut stack: Vec<(NodeId, usize)> = children[NodeId::ROOT.index()]
        .iter()
        .rev()
        .map(|&node| (node, 0))
        .collect();
    while let Some((node, before)) = stack.pop() {
        path.truncate(before);
        if before > 0 {
            path.push(';');
        }
        path.push_str(&labels[node.index()]);
        if let Some(weights) = weights(node) {
            lines.push([path.as_str(), weights.as_str()].concat());
        }
        stack.extend(
            children[node.index()]
                .iter()
                .rev()
                .map(|&child| (child, path.len())),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::testing;

    fn tree(stacks: &[(&str, u64)]) -> StackTree {
        testing::tree(Unit::Samples, stacks)
    }

    fn options() -> Options {
        Options {
            title: "a <title>".into(),
            subtitle: "b & c".into(),
            colors: Colors::Module,
            inverted: false,
            sort: Sort::Name,
            min_width: 0.01,
            width: Some(1200),
            search: None,
        }
    }

    fn drawn(tree: &StackTree, options: &Options) -> String {
        String::from_utf8(draw(tree, options).expect("something to draw")).expect("an SVG is text")
    }

    /// The frames of a picture: name, and width in its unit.
    fn frames(svg: &str) -> Vec<(String, u64)> {
        let mut frames: Vec<_> = svg
            .split("<g>")
            .skip(1)
            .map(|group| {
                let between = |a: &str, b: &str| {
                    let rest = group.split_once(a).expect("a frame has it").1;
                    rest.split_once(b).expect("and an end of it").0.to_owned()
                };
                let title = between("<title>", "</title>");
                let width = between("fg:w=\"", "\"").parse().expect("a width is a number");
                (
                    title.rsplit_once(" (").expect("a title has a width").0.to_owned(),
                    width,
                )
            })
            .collect();
        frames.sort();
        frames
    }

    #[test]
    fn widths_are_the_weights_and_names_are_escaped() {
        let svg = drawn(
            &tree(&[("<module>;f", 3), ("<module>;g & h", 4), ("<module>", 1)]),
            &options(),
        );
        let expected = [("&lt;module&gt;", 8), ("all", 8), ("f", 3), ("g &amp; h", 4)];
        assert_eq!(
            frames(&svg),
            expected.map(|(name, width)| (name.to_owned(), width))
        );
        assert!(svg.contains("a &lt;title&gt;") && svg.contains("b &amp; c"));
        assert_eq!(
            svg,
            drawn(
                &tree(&[("<module>;g & h", 4), ("<module>", 1), ("<module>;f", 3)]),
                &options()
            )
        );
    }

    #[test]
    fn siblings_stand_in_the_order_asked_for() {
        let tree = tree(&[("a;x", 1), ("a;y", 5), ("b", 9)]);
        let place = |svg: &str, name: &str| {
            let group = svg
                .split("<g>")
                .find(|group| group.contains(&format!("<title>{name} (")))
                .expect("it is drawn");
            group
                .split_once("fg:x=\"")
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(x, _)| x.parse::<u64>())
                .expect("it has a place")
                .expect("a number")
        };
        let by_name = drawn(&tree, &options());
        assert!(place(&by_name, "a") < place(&by_name, "b") && place(&by_name, "x") < place(&by_name, "y"));
        let by_width = drawn(
            &tree,
            &Options {
                sort: Sort::Width,
                ..options()
            },
        );
        assert!(
            place(&by_width, "b") < place(&by_width, "a") && place(&by_width, "y") < place(&by_width, "x")
        );
    }

    #[test]
    fn what_is_gone_is_told() {
        let (before, after) = (
            tree(&[("a;old", 6), ("a;same", 4)]),
            tree(&[("a;same", 8), ("a;new", 2)]),
        );
        let difference = draw_difference(&before, &after, false, &options()).expect("both count samples");
        assert_eq!(difference.gone, [("old".to_owned(), 6)]);
        let svg = String::from_utf8(difference.svg).expect("an SVG is text");
        assert!(
            frames(&svg).contains(&("new".to_owned(), 2)),
            "{:?}",
            frames(&svg)
        );
        assert!(svg.contains("+40.00%"), "`same` doubled: {svg}");
    }

    #[test]
    fn a_search_is_data_and_no_script() {
        let svg = drawn(
            &tree(&[("a", 1)]),
            &Options {
                search: Some("]]></script>\"".into()),
                ..options()
            },
        );
        assert!(
            svg.contains(r#"search("]]\u003e\u003c/script>\"")"#),
            "{}",
            &svg[svg.len() - 300..]
        );
    }

    #[test]
    fn nothing_cannot_be_drawn() {
        assert!(matches!(
            draw(&StackTree::new(Unit::Samples), &options()),
            Err(Error::Empty)
        ));
    }

    #[test]
    fn colours_are_known_by_name() {
        assert_eq!("own".parse(), Ok(Colors::Own));
        assert!(matches!("hot".parse(), Ok(Colors::Palette(_))));
        assert!(
            "plaid"
                .parse::<Colors>()
                .is_err_and(|message| message.contains("hot"))
        );
    }
}
