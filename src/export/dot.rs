//! Profiles as call graphs in the DOT language, for Graphviz: functions as boxes, calls as arrows, cold in
//! blue and hot in red, what takes little time left out.
//!
//! The picture is the one that gprof2dot has made familiar, with its cutoffs, but for this: percentages are
//! of the sum of own times; arrows count all calls, not only those that are no recursion; calls of a
//! function to itself are drawn; and the graph says how much time it hides.
//!
//! Source: the Graphviz documentation, "DOT Language" and "escString"; the quantities as in
//! `../shared/specs/export.md`, sections 1 and 6.

use super::{CHUNK, EdgeCost, edge_cost, hand_on, one_line, total};
use crate::profile::callees::Callees;
use crate::profile::labels::unique_suffixes;
use crate::profile::modules::package_of;
use crate::profile::{Calls, EdgeCalls, KeyId, Profile};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};

/// What the colour of a function shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorBy {
    /// The share of the total that its cumulative time is.
    #[default]
    Total,
    /// The share of the total that its own time is.
    Own,
}

/// What is drawn, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Functions whose cumulative time is less than so many percent of the total are left out.
    pub node_percent: f64,
    /// Calls that take less than so many percent of the total are left out.
    pub edge_percent: f64,
    /// What colours show.
    pub color_by: ColorBy,
    /// If not empty, only these functions and what they call, directly or not, are drawn.
    pub roots: Vec<KeyId>,
    /// If not empty, only these functions and what calls them, directly or not, are drawn.
    pub leaves: Vec<KeyId>,
    /// Only functions that are at most so many calls away: from `roots` and from `leaves`, or from the
    /// functions without callers if both are empty.
    pub depth: Option<usize>,
    /// Put the functions of one package into one frame.
    pub clusters: bool,
    /// Show `views:12:get`, else `app/views.py:12:get` with as many folders as tell the files apart.
    pub strip: bool,
    /// The first line of the graph's label, as the name of the file. May be empty.
    pub title: String,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            node_percent: 0.5,
            edge_percent: 0.1,
            color_by: ColorBy::Total,
            roots: Vec::new(),
            leaves: Vec::new(),
            depth: None,
            clusters: false,
            strip: true,
            title: String::new(),
        }
    }
}

/// What a graph contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Nanoseconds: the sum of own times, of which percentages are.
    pub total: u128,
    /// Nanoseconds: the own time of functions that are not drawn.
    pub hidden: u128,
    /// Functions drawn.
    pub functions: usize,
    /// Calls from one function to another drawn.
    pub edges: u64,
    /// The drawn edges whose time is estimated from a count, as in dumps of the module `profile`.
    pub estimated: u64,
}

/// Writes a profile. Functions and calls come in the order of file, line and name.
///
/// ```
/// use prof::export::dot::{self, Options};
/// use prof::profile::{Calls, Profile};
/// use prof::python::{Dialect, Seconds};
///
/// let mut profile = Profile::new(Dialect::Python3);
/// let f = profile.key(b"a.py", 7, b"f").unwrap();
/// let one = Calls { primitive: 1, total: 1, own: Seconds::Float(0.5), cumulative: Seconds::Float(0.5) };
/// profile.insert(f, one, Default::default());
/// let mut text = Vec::new();
/// dot::write(&profile, &Options::default(), &mut text).unwrap();
/// let text = String::from_utf8(text).unwrap();
/// assert!(text.contains(r#"n0 [label="a:7:f\n100.00%\n(100.00%)\n1×""#));
/// ```
///
/// # Errors
/// Those of `out`.
pub fn write(profile: &Profile, options: &Options, mut out: impl Write) -> io::Result<Written> {
    let total = total(profile);
    let graph = Graph::select(profile, options, total);
    let own = |key| nanoseconds(profile, key).0;
    let shown: u128 = graph.nodes.iter().map(|&key| u128::from(own(key))).sum();
    let mut written = Written {
        total,
        hidden: total - shown,
        functions: graph.nodes.len(),
        ..Written::default()
    };

    let mut text = Vec::with_capacity(2 * CHUNK);
    text.extend_from_slice(
        b"digraph profile {\n\
        \tgraph [fontname=\"Arial\", nodesep=0.125, ranksep=0.25, labelloc=t];\n\
        \tnode [fontname=\"Arial\", fontcolor=white, fontsize=10, shape=box, style=filled, width=0, height=0];\n\
        \tedge [fontname=\"Arial\", fontsize=10];\n",
    );
    graph.push_nodes(&mut text, options, &mut out)?;
    let mut calls = Vec::new();
    for (to, &callee) in graph.nodes.iter().enumerate() {
        graph.edges_to(callee, options.edge_percent, &mut calls);
        for &(from, cost, is_estimate) in &calls {
            graph.push_edge(&mut text, from, to, cost);
            written.edges += 1;
            written.estimated += u64::from(is_estimate);
            hand_on(&mut text, CHUNK, &mut out)?;
        }
    }
    // At the end, when it is known what has been drawn; Graphviz does not mind where it stands.
    push_graph_label(&mut text, profile, options, &written);
    text.extend_from_slice(b"}\n");
    hand_on(&mut text, 0, &mut out)?;
    out.flush()?;
    Ok(written)
}

/// Own and cumulative time.
fn nanoseconds(profile: &Profile, key: KeyId) -> (u64, u64) {
    let calls = profile
        .function_of(key)
        .map_or(Calls::default(), |function| profile.calls(function));
    let own = calls.own.nanoseconds().unwrap_or(0);
    // A profile that was saved while calls were running may say less.
    (own, calls.cumulative.nanoseconds().unwrap_or(0).max(own))
}

const HIDDEN: u32 = u32::MAX;

/// What is to be drawn.
struct Graph<'a> {
    profile: &'a Profile,
    total: u128,
    nodes: Vec<KeyId>,
    /// From key to the place among `nodes`, or [`HIDDEN`].
    node_of: Vec<u32>,
}

impl<'a> Graph<'a> {
    fn select(profile: &'a Profile, options: &Options, total: u128) -> Graph<'a> {
        let reached = reached(profile, options);
        let is_shown = |key: KeyId| {
            let percent = percent_of(nanoseconds(profile, key).1, total);
            reached.as_ref().is_none_or(|reached| reached[key.index()])
                && (percent >= options.node_percent || options.node_percent.is_nan())
        };
        let mut node_of = vec![HIDDEN; profile.key_count()];
        let mut nodes = Vec::new();
        let mut add = |key: KeyId| {
            if node_of[key.index()] == HIDDEN && is_shown(key) {
                node_of[key.index()] = 0;
                nodes.push(key);
            }
        };
        for function in profile.functions() {
            add(profile.key_of(function));
        }
        // Functions that are only callers have no time.
        if options.node_percent <= 0.0 {
            for function in profile.functions() {
                for place in profile.caller_places(function) {
                    add(profile.edge_caller(place));
                }
            }
        }
        nodes.sort_unstable_by(|&a, &b| profile.compare_keys(a, b));
        for (at, key) in nodes.iter().enumerate() {
            node_of[key.index()] = at as u32;
        }
        Graph {
            profile,
            total,
            nodes,
            node_of,
        }
    }

    /// The calls to a function that are drawn, with the place of the caller, in the order of callers.
    fn edges_to(&self, callee: KeyId, percent: f64, found: &mut Vec<(u32, EdgeCost, bool)>) {
        found.clear();
        let Some(function) = self.profile.function_of(callee) else {
            return;
        };
        let calls = self.profile.calls(function);
        for place in self.profile.caller_places(function) {
            let from = self.node_of[self.profile.edge_caller(place).index()];
            if from != HIDDEN {
                let edge = self.profile.edge(place).1;
                let cost = edge_cost(edge, || calls);
                if percent_of(cost.nanoseconds, self.total) >= percent || percent.is_nan() {
                    found.push((from, cost, matches!(edge, EdgeCalls::Counted(_))));
                }
            }
        }
        found.sort_unstable_by_key(|&(from, ..)| from);
    }

    fn push_nodes(&self, text: &mut Vec<u8>, options: &Options, out: &mut impl Write) -> io::Result<()> {
        let files = self.files(options);
        let node = |text: &mut Vec<u8>, at: usize| self.push_node(text, options, at, files[at]);
        if !options.clusters {
            for at in 0..self.nodes.len() {
                node(text, at);
                hand_on(text, CHUNK, out)?;
            }
            return Ok(());
        }
        let mut packages: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (at, &key) in self.nodes.iter().enumerate() {
            packages
                .entry(package_of(self.profile, key))
                .or_default()
                .push(at);
        }
        for (number, (package, members)) in packages.iter().enumerate() {
            text.extend_from_slice(format!("\tsubgraph cluster_{number} {{\n\tlabel=\"").as_bytes());
            push_escaped(text, package);
            text.extend_from_slice(b"\"; color=gray;\n");
            for &at in members {
                node(text, at);
                hand_on(text, CHUNK, out)?;
            }
            text.extend_from_slice(b"\t}\n");
        }
        Ok(())
    }

    /// For each node the file as it is shown; empty for C functions.
    fn files(&self, options: &Options) -> Vec<&'a [u8]> {
        let profile = self.profile;
        let files: Vec<&[u8]> = self
            .nodes
            .iter()
            .map(|&key| match profile.is_builtin(key) {
                true => b"",
                false => profile.file(key),
            })
            .collect();
        if options.strip {
            files.into_iter().map(module).collect()
        } else {
            unique_suffixes(&files)
        }
    }

    fn push_node(&self, text: &mut Vec<u8>, options: &Options, at: usize, file: &[u8]) {
        let key = self.nodes[at];
        let (own, cumulative) = nanoseconds(self.profile, key);
        let own = percent_of(own, self.total);
        let cumulative = percent_of(cumulative, self.total);
        text.extend_from_slice(format!("\tn{at} [label=\"").as_bytes());
        if !file.is_empty() {
            push_escaped(text, file);
            text.extend_from_slice(format!(":{}:", self.profile.line(key)).as_bytes());
        }
        push_escaped(text, self.profile.name(key));
        let calls = self
            .profile
            .function_of(key)
            .map_or(0, |function| self.profile.calls(function).total.max(0));
        let color = color(match options.color_by {
            ColorBy::Total => cumulative,
            ColorBy::Own => own,
        });
        text.extend_from_slice(
            format!("\\n{cumulative:.2}%\\n({own:.2}%)\\n{calls}×\", color=\"{color}\", tooltip=\"")
                .as_bytes(),
        );
        push_escaped(text, &self.profile.standard_name(key));
        text.extend_from_slice(b"\"];\n");
    }

    fn push_edge(&self, text: &mut Vec<u8>, from: u32, to: usize, cost: EdgeCost) {
        let percent = percent_of(cost.nanoseconds, self.total);
        let color = color(percent);
        let width = (percent.min(100.0) / 25.0).max(0.5);
        let arrow = width.sqrt() / 2.0;
        let calls = cost.calls;
        text.extend_from_slice(
            format!(
                "\tn{from} -> n{to} [label=\"{percent:.2}%\\n{calls}×\", color=\"{color}\", fontcolor=\"{color}\", \
                 penwidth={width:.2}, labeldistance={width:.2}, arrowsize={arrow:.2}];\n"
            )
            .as_bytes(),
        );
    }
}

/// The functions within reach of the chosen ones, by key; `None` if none is chosen.
fn reached(profile: &Profile, options: &Options) -> Option<Vec<bool>> {
    let Options {
        roots, leaves, depth, ..
    } = options;
    let below = |from: &[KeyId]| reached_below(profile, from, *depth);
    match (roots.is_empty(), leaves.is_empty()) {
        (true, true) if depth.is_some() => Some(below(&without_callers(profile))),
        (true, true) => None,
        (false, true) => Some(below(roots)),
        (true, false) => Some(reached_above(profile, leaves, *depth)),
        (false, false) => {
            let mut both = below(roots);
            let above = reached_above(profile, leaves, *depth);
            both.iter_mut()
                .zip(above)
                .for_each(|(both, above)| *both &= above);
            Some(both)
        }
    }
}

/// Functions that nothing but themselves calls; also those that are only callers.
fn without_callers(profile: &Profile) -> Vec<KeyId> {
    let is_called = |key: KeyId| {
        profile
            .function_of(key)
            .is_some_and(|function| profile.callers(function).any(|(caller, _)| caller != key))
    };
    (0..profile.key_count() as u32)
        .map(KeyId)
        .filter(|&key| !is_called(key))
        .collect()
}

/// Steps through the graph, nearest first.
struct Search {
    reached: Vec<bool>,
    todo: VecDeque<(KeyId, usize)>,
    depth: usize,
}

impl Search {
    fn new(profile: &Profile, from: &[KeyId], depth: Option<usize>) -> Search {
        let mut search = Search {
            reached: vec![false; profile.key_count()],
            todo: VecDeque::new(),
            depth: depth.unwrap_or(usize::MAX),
        };
        for &key in from {
            search.visit(key, 0);
        }
        search
    }

    fn visit(&mut self, key: KeyId, distance: usize) {
        // A key of another profile may be beyond this one's.
        if let Some(reached @ false) = self.reached.get_mut(key.index()) {
            *reached = true;
            self.todo.push_back((key, distance));
        }
    }

    /// The next function whose neighbours are within reach, and how far away they are.
    fn next(&mut self) -> Option<(KeyId, usize)> {
        let (key, distance) = self.todo.pop_front()?;
        (distance < self.depth).then_some((key, distance + 1))
    }
}

fn reached_below(profile: &Profile, from: &[KeyId], depth: Option<usize>) -> Vec<bool> {
    let callees = Callees::new(profile);
    let mut is_done = vec![false; callees.list_count()];
    let mut search = Search::new(profile, from, depth);
    while let Some((caller, distance)) = search.next() {
        for (list, _) in callees.lists_of(caller) {
            if !std::mem::replace(&mut is_done[list as usize], true) {
                for &callee in callees.functions_of(list) {
                    search.visit(profile.key_of(callee), distance);
                }
            }
        }
    }
    search.reached
}

fn reached_above(profile: &Profile, from: &[KeyId], depth: Option<usize>) -> Vec<bool> {
    let mut search = Search::new(profile, from, depth);
    while let Some((callee, distance)) = search.next() {
        if let Some(function) = profile.function_of(callee) {
            for place in profile.caller_places(function) {
                search.visit(profile.edge_caller(place), distance);
            }
        }
    }
    search.reached
}

/// 0 where there is no time at all.
fn percent_of(nanoseconds: u64, total: u128) -> f64 {
    if total == 0 {
        0.0
    } else {
        nanoseconds as f64 * 100.0 / total as f64
    }
}

/// Hue, saturation and brightness between 0 and 1, as Graphviz takes them: from a dark blue to a full red.
fn color(percent: f64) -> String {
    let heat = (percent / 100.0).clamp(0.0, 1.0);
    let hue = (1.0 - heat) * 2.0 / 3.0;
    format!("{hue:.3} {:.3} {:.3}", 0.9 + 0.1 * heat, 0.45 + 0.55 * heat)
}

/// The name of a file without folders and `.py`; with the folder for an `__init__.py`, which says nothing.
fn module(file: &[u8]) -> &[u8] {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let after_slash = |text: &[u8]| text.iter().rposition(is_separator).map_or(0, |at| at + 1);
    let stem = file.strip_suffix(b".py").unwrap_or(file);
    let start = after_slash(stem);
    let start = if &stem[start..] == b"__init__" && start > 0 {
        after_slash(&stem[..start - 1])
    } else {
        start
    };
    &stem[start..]
}

/// Graphviz refuses a string of 16 KiB and more; nobody reads one of a tenth of that.
const LONGEST: usize = 400;

/// Appends a text so that a label in quotes shows exactly it.
fn push_escaped(text: &mut Vec<u8>, name: &[u8]) {
    let name = one_line(name);
    let name = String::from_utf8_lossy(&name);
    let mut characters = name.chars();
    for c in characters.by_ref().take(LONGEST) {
        match c {
            '"' => text.extend_from_slice(b"\\\""),
            '\\' => text.extend_from_slice(b"\\\\"),
            // Graphviz takes HTML's names of characters for these.
            '&' => text.extend_from_slice(b"&amp;"),
            c => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    if characters.next().is_some() {
        text.extend_from_slice("…".as_bytes());
    }
}

fn push_graph_label(text: &mut Vec<u8>, profile: &Profile, options: &Options, written: &Written) {
    text.extend_from_slice(b"\tlabel=\"");
    if !options.title.is_empty() {
        push_escaped(text, options.title.as_bytes());
        text.extend_from_slice(b"\\n");
    }
    let seconds = |nanoseconds: u128| nanoseconds as f64 / 1e9;
    let hidden_percent = if written.total == 0 {
        0.0
    } else {
        written.hidden as f64 * 100.0 / written.total as f64
    };
    let label = format!(
        "{:.3} s in {} functions; {} functions and {} calls drawn, {:.3} s ({hidden_percent:.2}%) of own time hidden",
        seconds(written.total),
        profile.len(),
        written.functions,
        written.edges,
        seconds(written.hidden),
    );
    text.extend_from_slice(label.as_bytes());
    if written.estimated > 0 {
        text.extend_from_slice(b"\\ntimes of calls are estimated from their counts");
    }
    text.extend_from_slice(b"\";\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::testing::{self, calls};
    use crate::python::Dialect;

    const FILE: &str = "/srv/lib/python3.12/site-packages/app/views.py";

    fn key(profile: &mut Profile, name: &str) -> KeyId {
        profile
            .key(FILE.as_bytes(), 3, name.as_bytes())
            .expect("a small profile")
    }

    fn insert(profile: &mut Profile, name: &str, numbers: Calls, callers: &[(&str, EdgeCalls)]) {
        let callers: Vec<_> = callers
            .iter()
            .map(|&(caller, edge)| ((FILE, 3, caller), edge))
            .collect();
        testing::insert(profile, (FILE, 3, name), numbers, &callers);
    }

    /// 10 s: main (1 s) calls parse (6 s, itself once more) and save (2.96 s), which calls tiny (0.04 s).
    fn small() -> Profile {
        let mut profile = Profile::new(Dialect::Python3);
        let timed = |total, own, cumulative| EdgeCalls::Timed(calls(total, own, cumulative));
        insert(&mut profile, "main", calls(1, 1.0, 10.0), &[]);
        let of_parse = [("main", timed(1, 4.0, 6.0)), ("parse", timed(1, 2.0, 2.0))];
        insert(&mut profile, "parse", calls(2, 6.0, 6.0), &of_parse);
        insert(
            &mut profile,
            "save",
            calls(5, 2.96, 3.0),
            &[("main", timed(5, 2.96, 3.0))],
        );
        insert(
            &mut profile,
            "tiny",
            calls(9, 0.04, 0.04),
            &[("save", timed(9, 0.04, 0.04))],
        );
        profile
    }

    fn text_of(profile: &Profile, options: &Options) -> String {
        let mut text = Vec::new();
        write(profile, options, &mut text).expect("a Vec takes everything");
        String::from_utf8(text).expect("what is written is UTF-8")
    }

    /// Labels of nodes, then arrows with their labels.
    fn check(profile: &Profile, options: &Options, expected: &[&str]) {
        let text = text_of(profile, options);
        let lines: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("\tn"))
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
            .filter_map(|line| line.split("\", ").next())
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_over_the_cutoffs_is_drawn() {
        let expected = [
            r#"0 [label="views:3:main\n100.00%\n(10.00%)\n1×"#,
            r#"1 [label="views:3:parse\n60.00%\n(60.00%)\n2×"#,
            r#"2 [label="views:3:save\n30.00%\n(29.60%)\n5×"#,
            r#"0 -> n1 [label="60.00%\n1×"#,
            r#"1 -> n1 [label="20.00%\n1×"#,
            r#"0 -> n2 [label="30.00%\n5×"#,
        ];
        check(&small(), &Options::default(), &expected);
        let fewer = Options {
            node_percent: 60.0,
            edge_percent: 20.01,
            ..Options::default()
        };
        check(&small(), &fewer, &[expected[0], expected[1], expected[3]]);
        let all = Options {
            node_percent: 0.0,
            edge_percent: 0.0,
            ..Options::default()
        };
        // Four functions and four calls.
        assert_eq!(text_of(&small(), &all).matches(" [label=").count(), 8);
    }

    #[test]
    fn the_label_says_what_is_hidden() {
        let options = Options {
            title: "a \"b\"".into(),
            ..Options::default()
        };
        let label = r#"label="a \"b\"\n10.000 s in 4 functions; 3 functions and 3 calls drawn, 0.040 s (0.40%) of own time hidden";"#;
        assert!(text_of(&small(), &options).contains(label));
    }

    fn check_reach(roots: &[&str], leaves: &[&str], depth: Option<usize>, expected: &[&str]) {
        let mut profile = small();
        let options = Options {
            roots: roots.iter().map(|name| key(&mut profile, name)).collect(),
            leaves: leaves.iter().map(|name| key(&mut profile, name)).collect(),
            depth,
            node_percent: 0.0,
            ..Options::default()
        };
        let graph = Graph::select(&profile, &options, 1);
        let names: Vec<_> = graph
            .nodes
            .iter()
            .map(|&key| String::from_utf8_lossy(profile.name(key)))
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn roots_leaves_and_depth_limit_the_graph() {
        check_reach(&[], &[], None, &["main", "parse", "save", "tiny"]);
        check_reach(&["save"], &[], None, &["save", "tiny"]);
        check_reach(&[], &["tiny"], None, &["main", "save", "tiny"]);
        check_reach(&[], &["tiny"], Some(1), &["save", "tiny"]);
        check_reach(&["main"], &[], Some(1), &["main", "parse", "save"]);
        check_reach(&["main"], &["parse"], None, &["main", "parse"]);
        check_reach(&[], &[], Some(1), &["main", "parse", "save"]);
        check_reach(&["tiny"], &["parse"], None, &[]);
    }

    #[test]
    fn colours_go_from_blue_to_red_and_widths_with_the_share() {
        assert_eq!(color(0.0), "0.667 0.900 0.450");
        assert_eq!(color(50.0), "0.333 0.950 0.725");
        assert_eq!(color(100.0), "0.000 1.000 1.000");
        assert_eq!(color(250.0), color(100.0));
        let text = text_of(&small(), &Options::default());
        assert!(text.contains("penwidth=2.40, labeldistance=2.40, arrowsize=0.77"));
        let by_own = Options {
            color_by: ColorBy::Own,
            ..Options::default()
        };
        let hot = format!("1×\", color=\"{}\"", color(10.0));
        assert!(text_of(&small(), &by_own).contains(&hot));
    }

    #[test]
    fn clusters_and_longer_names_on_demand() {
        let options = Options {
            clusters: true,
            strip: false,
            ..Options::default()
        };
        let text = text_of(&small(), &options);
        assert!(text.contains("\tsubgraph cluster_0 {\n\tlabel=\"app\";"));
        assert!(text.contains("views.py:3:main"));
    }

    fn check_module(file: &[u8], expected: &[u8]) {
        assert_eq!(module(file), expected);
    }

    #[test]
    fn modules_are_named_by_their_files() {
        check_module(b"/srv/app/views.py", b"views");
        check_module(b"C:\\app\\views.py", b"views");
        check_module(b"/srv/app/__init__.py", b"app/__init__");
        check_module(b"__init__.py", b"__init__");
        check_module(b"<string>", b"<string>");
        check_module(b"", b"");
    }

    #[test]
    fn names_are_escaped() {
        let check = |name: &str, expected: &str| {
            let mut text = Vec::new();
            push_escaped(&mut text, name.as_bytes());
            assert_eq!(String::from_utf8_lossy(&text), expected);
        };
        check("\"a\\N\" &lt;\n", "\\\"a\\\\N\\\" &amp;lt;");
        check("a\\", "a\\\\");
        check(&"é".repeat(500), &format!("{}…", "é".repeat(400)));
        check(&"é".repeat(400), &"é".repeat(400));
    }

    #[test]
    fn profiles_without_time_or_functions_are_drawn() {
        let mut profile = Profile::new(Dialect::Python3);
        assert!(text_of(&profile, &Options::default()).ends_with("hidden\";\n}\n"));
        insert(
            &mut profile,
            "f",
            calls(-1, f64::NAN, -1.0),
            &[("only a caller", EdgeCalls::Counted(2))],
        );
        check(&profile, &Options::default(), &[]);
        let all = Options {
            node_percent: 0.0,
            edge_percent: f64::NAN,
            ..Options::default()
        };
        let expected = [
            r#"0 [label="views:3:f\n0.00%\n(0.00%)\n0×"#,
            r#"1 [label="views:3:only a caller\n0.00%\n(0.00%)\n0×"#,
            r#"1 -> n0 [label="0.00%\n2×"#,
        ];
        check(&profile, &all, &expected);
        assert!(text_of(&profile, &all).contains("estimated from their counts\";"));
    }
}
