//! Files of sampled stacks: in the format that their names tell, opened before anything is sampled.

use super::Failure;
use super::exit::First;
use super::output::{Output, OutputFile};
use crate::export::{chrome, firefox, flamegraph, pprof, speedscope};
use crate::format::{folded, pstats};
use crate::profile::Profile;
use crate::profile::stacks::StackTree;
use crate::python::text;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Folded stacks, a line each: FILE.folded, FILE.txt
    Folded,
    /// A flame graph: FILE.svg
    Flamegraph,
    /// For speedscope: FILE.json
    Speedscope,
    /// For go tool pprof: FILE.pb.gz
    Pprof,
    /// For Chrome and Perfetto: FILE.trace.json
    Chrome,
    /// For the Firefox Profiler: FILE.firefox.json
    Firefox,
    /// A dump as Python's own sampling profiler saves it, for prof stats, and pstats from Python 3.15 on: FILE.prof
    Pstats,
}

impl Format {
    /// By the name of a file.
    pub(super) fn of(path: &Path) -> Option<Format> {
        ending(path).map(|(_, format)| format)
    }
}

/// The ending of a name that tells a format, and that format.
fn ending(path: &Path) -> Option<(&'static str, Format)> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let endings = [
        (".folded", Format::Folded),
        (".collapsed", Format::Folded),
        (".txt", Format::Folded),
        (".svg", Format::Flamegraph),
        (".trace.json", Format::Chrome),
        (".firefox.json", Format::Firefox),
        (".json", Format::Speedscope),
        (".pb.gz", Format::Pprof),
        (".pprof", Format::Pprof),
        (".prof", Format::Pstats),
        (".pstats", Format::Pstats),
    ];
    endings.into_iter().find(|(ending, _)| name.ends_with(ending))
}

/// `hot-2.pb.gz` of `hot.pb.gz`, as the second of several files; the first keeps its name.
pub(super) fn numbered(path: &Path, number: usize) -> PathBuf {
    let (Some(name), Some((ending, _)), 2..) = (path.file_name(), ending(path), number) else {
        return path.to_owned();
    };
    let name = name.as_encoded_bytes();
    let (stem, ending) = name.split_at(name.len() - ending.len());
    let numbered = [stem, format!("-{number}").as_bytes(), ending].concat();
    path.with_file_name(OsString::from_vec(numbered))
}

fn is_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What pictures and other files say about the samples.
pub(super) struct About {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// How many samples were taken a second.
    pub(super) rate: f64,
}

/// The files that were asked for; `None` is standard output.
pub(super) struct Files(Vec<(PathBuf, Format, Option<OutputFile>)>);

impl Files {
    /// Opens them. `to` is the format of those in `named`. What is called `-` goes to standard output, without `to` as
    /// folded stacks.
    pub(super) fn begin(
        named: &[PathBuf],
        to: Option<Format>,
        pictures: &[PathBuf],
        default: PathBuf,
    ) -> Result<Files, Failure> {
        let mut wanted = Vec::new();
        for path in named {
            let known = if is_output(path) {
                Some(Format::Folded)
            } else {
                Format::of(path)
            };
            let format = to.or(known).ok_or_else(|| {
                Failure::usage(format!("`{}`: no format has this ending", path.display())).hint(Some(
                    "name it .folded, .svg, .json (speedscope), .pb.gz (pprof) or .prof, or choose the format with --to",
                ))
            })?;
            wanted.push((path.clone(), format));
        }
        wanted.extend(pictures.iter().map(|path| (path.clone(), Format::Flamegraph)));
        if wanted.is_empty() {
            wanted.push((default, to.unwrap_or(Format::Folded)));
        }
        let files = wanted.into_iter().map(|(path, format)| {
            if path.is_dir() {
                let message = format!("cannot write `{}`: it is a folder", path.display());
                return Err(Failure::usage(message));
            }
            let file = match is_output(&path) {
                true => None,
                false => Some(OutputFile::begin(&path)?),
            };
            Ok((path, format, file))
        });
        Ok(Files(files.collect::<Result<_, _>>()?))
    }

    /// The first that `prof stats` reads.
    pub(super) fn for_stats(&self) -> Option<&Path> {
        let drawn = |format: Format| matches!(format, Format::Flamegraph | Format::Chrome | Format::Firefox);
        let file = self
            .0
            .iter()
            .find(|(_, format, file)| !drawn(*format) && file.is_some());
        file.map(|(path, ..)| path.as_path())
    }

    /// The first flame graph.
    pub(super) fn picture(&self) -> Option<&Path> {
        let file = self.0.iter().find(|(_, format, _)| *format == Format::Flamegraph);
        file.map(|(path, ..)| path.as_path())
    }

    /// Writes them all. One that fails keeps no other back.
    pub(super) fn finish(
        self,
        tree: &StackTree,
        about: &About,
        quiet: bool,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let mut first = First::default();
        for (path, format, file) in self.0 {
            let is_named = file.is_some();
            let written = bytes(tree, format, about).and_then(|bytes| match file {
                Some(mut file) => file.write(&bytes).and_then(|()| file.finish()),
                None => Ok(output
                    .raw()
                    .write_all(&bytes)
                    .and_then(|()| output.raw().flush())?),
            });
            if written.is_ok() && is_named && !quiet {
                output.report("wrote", &text::shown(path.as_os_str().as_encoded_bytes()));
            }
            first.note(written, output);
        }
        first.end()
    }
}

/// The bytes of a file of stacks.
pub(super) fn bytes(tree: &StackTree, format: Format, about: &About) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let title = &about.title;
    let written = match format {
        Format::Folded => folded::write_with_unit(tree, &mut bytes),
        Format::Flamegraph => return picture(tree, about),
        Format::Speedscope => speedscope::write(tree, title, &mut bytes),
        Format::Pprof => pprof::write(tree, title, &mut bytes),
        Format::Chrome => chrome::write(tree, title, &mut bytes),
        Format::Firefox => firefox::write(tree, title, &mut bytes),
        Format::Pstats => {
            let profile = Profile::from_stacks(tree, 1.0 / about.rate)
                .map_err(|error| Failure::usage(error.to_string()))?;
            return Ok(pstats::write(&profile));
        }
    };
    written.map_err(|error| Failure::usage(format!("cannot write these stacks so: {error}")))?;
    Ok(bytes)
}

/// A flame graph of samples.
pub(super) fn picture(tree: &StackTree, about: &About) -> Result<Vec<u8>, Failure> {
    let options = flamegraph::Options {
        title: about.title.clone(),
        subtitle: about.subtitle.clone(),
        colors: flamegraph::Colors::Module,
        inverted: false,
        sort: flamegraph::Sort::Name,
        min_width: 0.04,
        width: None,
        search: None,
    };
    flamegraph::draw(tree, &options).map_err(|error| Failure::usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_format() {
        for (name, expected) in [
            ("a.folded", Some(Format::Folded)),
            ("a.SVG", Some(Format::Flamegraph)),
            ("a.speedscope.json", Some(Format::Speedscope)),
            ("a.trace.json", Some(Format::Chrome)),
            ("a.firefox.json", Some(Format::Firefox)),
            ("a.pb.gz", Some(Format::Pprof)),
            ("a.prof", Some(Format::Pstats)),
            ("a.gz", None),
            ("folded", None),
        ] {
            assert_eq!(Format::of(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn several_files_are_numbered_before_their_ending() {
        for (name, number, expected) in [
            ("a.svg", 1, "a.svg"),
            ("d.x/a.PROF", 2, "d.x/a-2.PROF"),
            ("a.pb.gz", 12, "a-12.pb.gz"),
        ] {
            assert_eq!(numbered(Path::new(name), number), Path::new(expected), "{name}");
        }
    }
}
