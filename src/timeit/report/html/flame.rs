//! Where the time of each case goes: a flame graph that stands still, in the colours of `prof flamegraph`. What is under
//! the mouse tells its name and its time; `prof timeit --profile-out FILE.svg` draws one that zooms and searches.

use super::{WIDTH, open};
use crate::export::flamegraph::{marked, module_color};
use crate::markup::escaped_shown as escaped;
use crate::profile::labels::frame_labels;
use crate::profile::stacks::{NodeId, StackTree};
use crate::timeit::profiled::{Profiled, Seen};
use crate::timeit::report::units::{Unit, counted, significant, time};

/// The height of a row.
const ROW: f64 = 18.0;

/// The width of a letter.
const LETTER: f64 = 6.7;

/// No label is cut to fewer letters.
const LEAST_LETTERS: usize = 4;

/// What is narrower is not drawn, in the units of the drawing.
const NARROW: f64 = 0.8;

/// No more rows are drawn: what is deeper is told in words.
const ROWS: usize = 60;

/// The picture of one case, and what it says in words.
pub(super) fn draw(of: &Profiled, name: &str, unit: Option<Unit>) -> String {
    let loops = counted(of.loops, "loop");
    let head = format!("<h3>{}</h3>\n", escaped(name));
    let Some(seen) = &of.seen else {
        return format!(
            "{head}<p class=\"note\">It calls no function: its time is that of its own lines.</p>\n"
        );
    };
    let tree = &seen.stacks.tree;
    if tree.total() == 0 {
        return format!("{head}<p class=\"note\">The profiler saw no time in {loops}.</p>\n");
    }
    let (picture, hidden) = picture(tree, of.loops, name, unit);
    let mut note = format!("{loops} under cProfile, which makes calls dearer");
    if let Some(estimated) = estimated(seen) {
        note.push_str(&format!("; {estimated}"));
    }
    if hidden > 0 {
        note.push_str(&format!(
            "; {} more above the {ROWS} that are drawn",
            counted(hidden as u64, "row")
        ));
    }
    format!("{head}{picture}<p class=\"note\">{note}.</p>\n")
}

/// How much of the picture is no measurement.
fn estimated(seen: &Seen) -> Option<String> {
    let share = seen.stacks.exact_share();
    (share < 1.0).then(|| {
        let percent = significant((1.0 - share) * 100.0, 2);
        format!("{percent}% is shared out among several callers by estimate (~)")
    })
}

/// A box for each node that is wide enough, callers below what they called; and how many rows there are besides.
fn picture(tree: &StackTree, loops: u64, name: &str, unit: Option<Unit>) -> (String, usize) {
    let widths = tree.widths();
    let places = places(tree, &widths);
    let shown: Vec<&Place> = places
        .iter()
        .filter(|place| place.width >= NARROW && place.row < ROWS)
        .collect();
    let rows =
        |places: &mut dyn Iterator<Item = &Place>| places.map(|place| place.row + 1).max().unwrap_or(0);
    let drawn = rows(&mut shown.iter().copied());
    let all = rows(&mut places.iter().filter(|place| place.width >= NARROW));
    let labels = frame_labels(tree);
    let mut out = open(ROW * drawn as f64, &format!("where the time of {name} goes"));
    out.push_str("<g class=\"flame\">\n");
    for place in shown {
        let (Some(frame), Some(id)) = (tree.frame_at(place.node), tree.frame_id(place.node)) else {
            continue;
        };
        let mark = tree.mark(place.node);
        let label = String::from_utf8_lossy(&labels[id.index()]);
        let weight = widths[place.node.index()] as f64;
        let [red, green, blue] = module_color(frame, mark);
        let y = ROW * (drawn - 1 - place.row) as f64;
        out.push_str(&format!(
            "<g><title>{}: {} per loop, {}%</title><rect x=\"{:.1}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"{:.0}\" fill=\"rgb({red},{green},{blue})\"/>{}</g>\n",
            escaped(&marked(&label, mark)),
            time(weight * 1e-9 / loops.max(1) as f64, 3, unit),
            significant(weight / tree.total() as f64 * 100.0, 3),
            place.left,
            place.width,
            ROW - 1.0,
            text(&marked(short(&label), mark), place, y)
        ));
    }
    out.push_str("</g>\n</svg>\n");
    (out, all - drawn)
}

/// The label of a function of C without what all of them share.
fn short(label: &str) -> &str {
    let name = label.strip_prefix("<built-in method ");
    name.and_then(|name| name.strip_suffix('>')).unwrap_or(label)
}

/// The label in its box, cut to what fits.
fn text(label: &str, place: &Place, y: f64) -> String {
    let fits = ((place.width - 6.0) / LETTER).max(0.0) as usize;
    let letters = label.chars().count();
    let shown: String = if letters <= fits {
        label.to_owned()
    } else if fits >= LEAST_LETTERS {
        label.chars().take(fits - 1).chain(['…']).collect()
    } else {
        return String::new();
    };
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        place.left + 3.0,
        y + ROW - 6.0,
        escaped(&shown)
    )
}

/// Where a node is drawn.
struct Place {
    node: NodeId,
    /// Counted from the callers.
    row: usize,
    left: f64,
    width: f64,
}

/// The places of all nodes. Neighbours stand in the order of their frames, so that two pictures can be compared.
fn places(tree: &StackTree, widths: &[u64]) -> Vec<Place> {
    let scale = WIDTH / tree.total().max(1) as f64;
    // For each node, where its next child goes; that of the root comes first.
    let mut next = vec![0; tree.len() + 1];
    let mut places = Vec::new();
    for visit in tree.walk() {
        let node = visit.node;
        let Some(parent) = tree.parent(node) else {
            continue;
        };
        let left: u64 = next[parent.index()];
        next[parent.index()] += widths[node.index()];
        next[node.index()] = left;
        places.push(Place {
            node,
            row: visit.depth,
            left: left as f64 * scale,
            width: widths[node.index()] as f64 * scale,
        });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::{Unit as Weights, testing};

    fn tree(stacks: &[(&str, u64)]) -> StackTree {
        testing::tree(Weights::Nanoseconds, stacks)
    }

    /// By hand: 960 units are 8 ns, so 1 ns is 120 of them; `a` holds its own 1 ns and the 5 ns of `x`.
    #[test]
    fn boxes_stand_on_their_callers_and_have_the_width_of_their_time() {
        let (svg, hidden) = picture(&tree(&[("a;x", 5), ("a", 1), ("b<", 2)]), 2, "n", None);
        let row = |title: &str, place: &str| {
            let wanted = format!("<g><title>{title}</title><rect {place} ");
            assert!(svg.contains(&wanted), "{wanted} in {svg}");
        };
        row("a: 3.00 ns per loop, 75.0%", "x=\"0.0\" y=\"18\" width=\"720.0\"");
        row("x: 2.50 ns per loop, 62.5%", "x=\"0.0\" y=\"0\" width=\"600.0\"");
        row(
            "b&lt;: 1.00 ns per loop, 25.0%",
            "x=\"720.0\" y=\"18\" width=\"240.0\"",
        );
        assert_eq!(hidden, 0);
        assert!(svg.contains("viewBox=\"0 0 960 36\""), "{svg}");
    }

    #[test]
    fn what_is_deep_or_narrow_is_not_drawn() {
        let deep: Vec<String> = (0..70).map(|depth| format!("f{depth}")).collect();
        let (svg, hidden) = picture(&tree(&[(&deep.join(";"), 10_000), ("narrow", 5)]), 1, "n", None);
        assert_eq!(hidden, 10);
        assert_eq!(svg.matches("<rect").count(), ROWS);
        assert!(!svg.contains("narrow"), "{svg}");
    }

    #[test]
    fn labels_are_cut_to_their_box() {
        let of = |width: f64| {
            let place = Place {
                node: NodeId::ROOT,
                row: 0,
                left: 0.0,
                width,
            };
            text("a_long_name", &place, 0.0)
        };
        assert!(of(100.0).contains(">a_long_name<"));
        assert!(of(60.0).contains(">a_long_…<"), "{}", of(60.0));
        assert_eq!(of(20.0), "");
        assert_eq!(short("<built-in method builtins.max>"), "builtins.max");
        assert_eq!(short("max (a.py:1)"), "max (a.py:1)");
    }
}
