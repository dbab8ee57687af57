//! What the colours of a flame graph tell. inferno takes a colour for each label, so a mark that changes the colour
//! is part of the label.

use super::marked;
use crate::profile::modules;
use crate::profile::stacks::{Frame, FrameId, FrameKind, Mark, StackTree};
use inferno::flamegraph::color::{Color, Palette, PaletteMap};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher as _;
use std::str::FromStr;

/// What the colour of a frame tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colors {
    /// Its package: a hue for each, C functions grey.
    Module,
    /// Its share of all own time: the redder, the more.
    Own,
    /// Nothing, or what one of inferno's palettes tells.
    Palette(Palette),
}

impl FromStr for Colors {
    type Err = String;

    /// `module`, `own`, or a palette of inferno.
    fn from_str(word: &str) -> Result<Colors, String> {
        match word {
            "module" => Ok(Colors::Module),
            "own" => Ok(Colors::Own),
            _ => Palette::from_str(word).map(Colors::Palette).map_err(|_| {
                let palettes = Palette::VARIANTS.join(", ");
                format!("expected module, own, or a palette: {palettes}")
            }),
        }
    }
}

const PALE: f64 = 0.5;
const GREY: Color = Color {
    r: 205,
    g: 208,
    b: 214,
};

/// The colours of the frames that are drawn, `None` where inferno picks them. `whole` has all weights, also those of
/// paths that are too narrow to be drawn; `labels` are those of frames, by their index, and frames have the same ids in
/// both trees.
pub(super) fn palette(
    colors: Colors,
    whole: &StackTree,
    drawn: &StackTree,
    labels: &[String],
) -> Option<PaletteMap> {
    match colors {
        Colors::Module => Some(by_module(drawn, labels)),
        Colors::Own => Some(by_own_share(whole, labels)),
        Colors::Palette(_) => None,
    }
}

fn by_module(tree: &StackTree, labels: &[String]) -> PaletteMap {
    let mut palette = PaletteMap::default();
    let mut known = FxHashSet::default();
    for node in tree.nodes() {
        let (Some(id), mark) = (tree.frame_id(node), tree.mark(node)) else {
            continue;
        };
        if !known.insert((id, mark)) {
            continue;
        }
        let [r, g, b] = module_color(tree.frame(id), mark);
        palette.insert(marked(&labels[id.index()], mark), Color { r, g, b });
    }
    palette
}

/// Red, green and blue of a frame by its package; paler where its place is an estimate.
pub(crate) fn module_color(frame: Frame<'_>, mark: Mark) -> [u8; 3] {
    let color = match frame.kind {
        FrameKind::Python => hue(&modules::package_of_file(frame.file), frame.name),
        FrameKind::Builtin | FrameKind::Synthetic => GREY,
        FrameKind::Label => match file_of_label(frame.name) {
            Some(file) => hue(&modules::package_of_file(file), frame.name),
            None => hue(frame.name, frame.name),
        },
    };
    let color = if mark == Mark::Exact { color } else { pale(color) };
    [color.r, color.g, color.b]
}

/// The file in `name (file:line)`, as py-spy and others label frames.
fn file_of_label(label: &[u8]) -> Option<&[u8]> {
    let inside = label.strip_suffix(b")")?;
    let open = inside.iter().rposition(|&byte| byte == b'(')?;
    let place = &inside[open + 1..];
    let colon = place.iter().rposition(|&byte| byte == b':')?;
    Some(&place[..colon])
}

fn by_own_share(tree: &StackTree, labels: &[String]) -> PaletteMap {
    let mut by_frame: FxHashMap<(FrameId, Mark), u64> = FxHashMap::default();
    for node in tree.nodes() {
        if let Some(frame) = tree.frame_id(node) {
            *by_frame.entry((frame, tree.mark(node))).or_default() += tree.own(node);
        }
    }
    let mut own: FxHashMap<String, u64> = FxHashMap::default();
    for ((frame, mark), weight) in by_frame {
        *own.entry(marked(&labels[frame.index()], mark)).or_default() += weight;
    }
    let most = own.values().copied().max().unwrap_or(0).max(1);
    let mut palette = PaletteMap::default();
    for (label, own) in own {
        // The root makes small shares visible beside one large one.
        let share = (own as f64 / most as f64).sqrt();
        let fade = |full: f64| (245.0 + (full - 245.0) * share) as u8;
        palette.insert(
            label,
            Color {
                r: fade(220.0),
                g: fade(40.0),
                b: fade(30.0),
            },
        );
    }
    palette
}

/// A hue for the package, a little lighter or darker for each name.
fn hue(package: &[u8], name: &[u8]) -> Color {
    let unit = |bytes: &[u8]| {
        let mut hasher = FxHasher::default();
        hasher.write(bytes);
        (hasher.finish() >> 32) as f64 / f64::from(u32::MAX)
    };
    let lightness = 0.66 + 0.1 * unit(name);
    let (hue, chroma) = (unit(package) * 6.0, 0.62 * (1.0 - (2.0 * lightness - 1.0).abs()));
    let second = chroma * (1.0 - (hue % 2.0 - 1.0).abs());
    let (r, g, b) = match hue as u32 {
        0 => (chroma, second, 0.0),
        1 => (second, chroma, 0.0),
        2 => (0.0, chroma, second),
        3 => (0.0, second, chroma),
        4 => (second, 0.0, chroma),
        _ => (chroma, 0.0, second),
    };
    let byte = |part: f64| ((part + lightness - chroma / 2.0) * 255.0).round() as u8;
    Color {
        r: byte(r),
        g: byte(g),
        b: byte(b),
    }
}

fn pale(Color { r, g, b }: Color) -> Color {
    let lift = |part: u8| (255.0 - f64::from(255 - part) * PALE) as u8;
    Color {
        r: lift(r),
        g: lift(g),
        b: lift(b),
    }
}
