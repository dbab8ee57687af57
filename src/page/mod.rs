//! `prof view`: a profile as one HTML file with everything in it, which needs no network and no server.
//!
//! [`Contents`] numbers functions, call edges and paths; [`write()`] packs them (columns of numbers, deflate, base64)
//! and puts them between the page's style and script, which are the files of this folder as they are. What kept
//! true: names are data and never markup (they are only in the packed part, in JSON without `<`, or escaped), the
//! page's policy allows its own script and style by hash and nothing else, the totals are those of `prof stats`,
//! and the same profile gives the same bytes.
//!
//! Source: `../shared/specs/export.md`, section 5; the policy is that of W3C, Content Security Policy Level 3.

mod contents;
mod encode;
mod fallback;
mod forest;
mod numbering;

pub use contents::{Contents, Error, Part, Source};

use crate::profile::stacks::{FrameKind, Mark, Unit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contents::{Counts, Numbers};
use encode::{Encoder, Texts};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};

/// The frame of the page; words in double braces stand for what is put in.
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// The script, a file for each job, in one scope.
const SCRIPT: &[&str] = &[
    include_str!("script/decode.js"),
    include_str!("script/format.js"),
    include_str!("script/tree.js"),
    include_str!("script/aggregate.js"),
    include_str!("script/search.js"),
    include_str!("script/colors.js"),
    include_str!("script/icicle.js"),
    include_str!("script/sunburst.js"),
    include_str!("script/squares.js"),
    include_str!("script/sandwich.js"),
    include_str!("script/callgraph.js"),
    include_str!("script/layers.js"),
    include_str!("script/graph.js"),
    include_str!("script/chart.js"),
    include_str!("script/table.js"),
    include_str!("script/detail.js"),
    include_str!("script/menu.js"),
    include_str!("script/state.js"),
    include_str!("script/main.js"),
];

/// The words of a page that are not in the profile.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The files, as one line.
    pub title: String,
    /// What a reader should know, a phrase each: how exact the stacks are, what was left out, dates.
    pub remarks: Vec<String>,
    /// Does a server send this page, which tells of changes at `changes` beside it?
    pub is_live: bool,
}

/// What the script reads first.
#[derive(Serialize)]
struct About<'a> {
    schema: &'static str,
    version: &'static str,
    title: &'a str,
    remarks: &'a [String],
    live: bool,
    comparison: bool,
    unit: &'static str,
    counts: Counts,
    listed: usize,
    functions: usize,
    edges: usize,
    nodes: usize,
    /// Sums of own weights, before and after.
    widths: [u64; 2],
    totals: [TotalsOut; 2],
}

/// As `prof stats` has them.
#[derive(Serialize)]
struct TotalsOut {
    calls: f64,
    primitive: f64,
    /// A number; the words of Python where it is none: `nan`, `inf`, `-inf`.
    seconds: serde_json::Value,
}

/// Writes the page.
///
/// ```
/// use prof::format::pstats;
/// use prof::page::{Contents, Part, Words, write};
/// use prof::profile::attribution::{Options, attribute};
///
/// let profile = pstats::read(&std::fs::read("fixtures/server.prof").unwrap()[..]).unwrap();
/// let tree = attribute(&profile, &Options::default()).unwrap().tree;
/// let contents = Contents::new(Part { profile: &profile, tree: &tree, is_measured: false }).unwrap();
/// let mut page = Vec::new();
/// write(&contents, &Words { title: "server.prof".into(), ..Words::default() }, &mut page).unwrap();
/// assert!(page.starts_with(b"<!DOCTYPE html>"));
/// ```
///
/// # Errors
/// Those of `out`.
pub fn write(contents: &Contents, words: &Words, mut out: impl Write) -> io::Result<()> {
    let script = format!("(() => {{\n'use strict';\n{}}})();\n", SCRIPT.concat());
    let about = about(contents, words)?;
    let data = BASE64.encode(deflate(&pack(contents))?);
    let fallback = fallback::table(contents);
    let title = fallback::escaped(&words.title);
    let policy = policy(&script, words.is_live);
    // One pass: nothing that is put in is looked through again.
    let mut rest = PAGE;
    while let Some((before, marked)) = rest.split_once("{{") {
        let (word, after) = marked.split_once("}}").expect("our own page closes its braces");
        out.write_all(before.as_bytes())?;
        let part = match word {
            "policy" => &policy,
            "title" => &title,
            "style" => STYLE,
            "fallback" => &fallback,
            "about" => &about,
            "data" => &data,
            "script" => &script,
            word => unreachable!("our own page has no {word}"),
        };
        out.write_all(part.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// What the page may do: run this one script and use this one style.
fn policy(script: &str, is_live: bool) -> String {
    let hash = |text: &str| BASE64.encode(Sha256::digest(text));
    let live = if is_live { "; connect-src 'self'" } else { "" };
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'{live}",
        hash(script),
        hash(STYLE)
    )
}

fn about(contents: &Contents, words: &Words) -> io::Result<String> {
    let totals = contents.totals.map(|totals| TotalsOut {
        calls: totals.calls as f64,
        primitive: totals.primitive as f64,
        seconds: match totals.own.as_f64() {
            seconds if seconds.is_finite() => seconds.into(),
            seconds if seconds.is_nan() => "nan".into(),
            seconds => if seconds > 0.0 { "inf" } else { "-inf" }.into(),
        },
    });
    let mut remarks = words.remarks.clone();
    if contents.forest.cut > 0 {
        let (cut, nodes) = (contents.forest.cut, forest::MOST_NODES);
        let narrow = match contents.unit {
            Unit::Nanoseconds => format!("{:.3} ms", cut as f64 * 1e-6),
            Unit::Samples => format!("{cut} samples"),
        };
        remarks.push(format!(
            "only the {nodes} widest paths: those below {narrow} are in (more)"
        ));
    }
    if contents.edges_left_out > 0 {
        let kept = contents.edges.len();
        remarks.push(format!(
            "only the {kept} longest of {} calls between functions",
            kept + contents.edges_left_out
        ));
    }
    let about = About {
        schema: "prof-page/1",
        version: env!("CARGO_PKG_VERSION"),
        title: &words.title,
        remarks: &remarks,
        live: words.is_live,
        comparison: contents.is_comparison,
        unit: match contents.unit {
            Unit::Nanoseconds => "ns",
            Unit::Samples => "samples",
        },
        counts: contents.counts,
        listed: contents.listed,
        functions: contents.functions.len(),
        edges: contents.edges.len(),
        nodes: contents.forest.nodes.len(),
        widths: contents.widths,
        totals,
    };
    // Within a script element only `<` could end it; JSON allows it to be written as an escape.
    Ok(serde_json::to_string(&about)?.replace('<', "\\u003c"))
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::new(6));
    packer.write_all(bytes)?;
    packer.finish()
}

/// All columns, in the order in which `decode.js` reads them.
fn pack(contents: &Contents) -> Vec<u8> {
    let functions = &contents.functions;
    let mut texts = Texts::default();
    let mut table = Encoder::default();
    table.column(functions.iter().map(|function| texts.add(&function.name).into()));
    // 0 is no file.
    let files = functions.iter().map(|function| match &function.file {
        Some(file) => u64::from(texts.add(file)) + 1,
        None => 0,
    });
    table.column(files.collect::<Vec<_>>());
    table.column(functions.iter().map(|function| texts.add(&function.short).into()));
    table.column(
        functions
            .iter()
            .map(|function| texts.add(&function.package).into()),
    );
    table.signed_column(functions.iter().map(|function| function.line.into()));
    table.column(functions.iter().map(|function| match function.kind {
        FrameKind::Python => 0,
        FrameKind::Builtin => 1,
        FrameKind::Label => 2,
        FrameKind::Synthetic => 3,
    }));
    for side in sides(contents) {
        numbers(
            &mut table,
            functions.iter().map(|function| function.numbers[side]),
        );
    }

    let edges = &contents.edges;
    let mut callers_of = vec![0u64; functions.len()];
    edges
        .iter()
        .for_each(|edge| callers_of[edge.callee as usize] += 1);
    table.column(callers_of);
    table.column(edges.iter().map(|edge| edge.caller.into()));
    for side in sides(contents) {
        numbers(&mut table, edges.iter().map(|edge| edge.numbers[side]));
    }

    let nodes = &contents.forest.nodes;
    // How many frames deeper than the node before; at most one.
    let mut depth_before = -1;
    table.column(nodes.iter().map(|node| {
        let up = depth_before + 1 - i64::from(node.depth);
        depth_before = node.depth.into();
        up as u64
    }));
    table.column(nodes.iter().map(|node| node.function.into()));
    table.column(nodes.iter().map(|node| match node.mark {
        Mark::Exact => 0,
        Mark::Estimate => 1,
        Mark::Recursion => 2,
        Mark::Pruned => 3,
    }));
    for side in sides(contents) {
        table.column(nodes.iter().map(|node| node.own[side]));
    }

    table.number(contents.sources.len() as u64);
    for (function, source) in &contents.sources {
        table.number((*function).into());
        table.number(source.first_line);
        table.number(texts.add(&source.text).into());
        table.number(texts.add(source.remark.as_deref().unwrap_or_default()).into());
    }

    let mut all = Encoder::default();
    all.texts(&texts);
    all.bytes.extend_from_slice(&table.bytes);
    all.bytes
}

/// The sides that a page has.
fn sides(contents: &Contents) -> std::ops::Range<usize> {
    if contents.is_comparison { 0..2 } else { 1..2 }
}

/// Four columns; what a side does not have is 0 everywhere and told by a fifth.
fn numbers(table: &mut Encoder, rows: impl Iterator<Item = Option<Numbers>> + Clone) {
    let known = rows.clone().map(Option::unwrap_or_default);
    table.column(rows.map(|row| u64::from(row.is_some())));
    table.signed_column(known.clone().map(|row| row.total));
    table.signed_column(known.clone().map(|row| row.total.saturating_sub(row.primitive)));
    table.column(known.clone().map(|row| row.own));
    table.signed_column(known.map(|row| i128::from(row.cumulative) - i128::from(row.own)));
}
