//! Where results go and come from: reports for files and programs, saved results, baselines.

use super::super::Failure;
use super::super::exit::First;
use super::super::output::{Output, check_folder, make_folder, write_file};
use crate::system_text::system_text;
use crate::timeit::profiled::Profiled;
use crate::timeit::report::units::Unit;
use crate::timeit::report::{csv, histogram, html, table};
use crate::timeit::results::Results;
use crate::timeit::{hyperfine, pyperf, saved};
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Write every sample and what is known of machine and interpreter as JSON; - is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<OsString>,

    /// Write every sample as comma-separated values; - is standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<OsString>,

    /// Write the figures as a Markdown table; - is standard output
    #[arg(long, alias = "export-markdown", value_name = "FILE")]
    markdown: Option<OsString>,

    /// Draw how the samples are spread
    #[arg(long)]
    hist: bool,

    /// Keep the results: in a file, or under a name for --baseline
    #[arg(long, value_name = "NAME|FILE.json")]
    save: Option<OsString>,

    /// Compare with saved results: ours, or a file of pyperf
    #[arg(long, value_name = "NAME|FILE.json")]
    baseline: Option<OsString>,

    /// Write the figures as an AsciiDoc table; - is standard output
    #[arg(long, alias = "export-asciidoc", value_name = "FILE")]
    asciidoc: Option<OsString>,

    /// Write the figures as a table for Emacs' org-mode; - is standard output
    #[arg(long, alias = "export-orgmode", value_name = "FILE")]
    orgmode: Option<OsString>,

    /// Write a page with the figures, how samples are spread, and how they followed each other
    #[arg(long, value_name = "FILE.html")]
    html: Option<OsString>,

    /// Write a file for another tool: hyperfine:FILE.json or pyperf:FILE.json, - for standard output; repeat for more
    #[arg(long, value_name = "TOOL:FILE", value_parser = parse_export)]
    export: Vec<(Tool, PathBuf)>,

    /// The same as `--export hyperfine:FILE`
    #[arg(long, value_name = "FILE", hide = true)]
    export_json: Vec<PathBuf>,

    /// Print no figures: for scripts that only want files, --fail-if, or the exit code
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    /// Files and `-`, but that of `--save`.
    fn names(&self) -> impl Iterator<Item = &OsStr> {
        let tables = [&self.markdown, &self.asciidoc, &self.orgmode];
        let reports = [&self.json, &self.csv, &self.html].into_iter().chain(tables);
        let reports = reports.flatten().map(OsString::as_os_str);
        reports.chain(self.exports().map(|(_, path)| path.as_os_str()))
    }

    /// Is one of them for standard output?
    fn takes_output(&self) -> bool {
        self.names().any(|name| name == "-")
    }

    /// Files for other tools.
    fn exports(&self) -> impl Iterator<Item = (Tool, &Path)> {
        let named = self.export.iter().map(|(tool, path)| (*tool, path.as_path()));
        let more = self
            .export_json
            .iter()
            .map(|path| (Tool::Hyperfine, path.as_path()));
        named.chain(more)
    }

    pub(super) fn has_baseline(&self) -> bool {
        self.baseline.is_some()
    }
}

/// Whose files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Hyperfine,
    Pyperf,
}

fn parse_export(text: &str) -> Result<(Tool, PathBuf), String> {
    match text.split_once(':') {
        Some(("hyperfine", file)) if !file.is_empty() => Ok((Tool::Hyperfine, file.into())),
        Some(("pyperf", file)) if !file.is_empty() => Ok((Tool::Pyperf, file.into())),
        _ => Err("it is hyperfine:FILE or pyperf:FILE".into()),
    }
}

/// Where a report goes, if it is wanted, and what is in it.
type Report<'a> = (Option<&'a OsString>, &'a dyn Fn() -> Vec<u8>);

/// Files that are known to be good, and the baseline.
pub(super) struct Store<'a> {
    args: &'a Args,
    save: Option<PathBuf>,
    /// The results, and what sentences call them.
    baseline: Option<(Results, String)>,
}

impl Store<'_> {
    /// Looks whether files can be written, and reads the baseline.
    pub(super) fn new(args: &Args) -> Result<Store<'_>, Failure> {
        if args.names().filter(|name| *name == "-").count() > 1 {
            return Err(Failure::usage(
                "standard output can only be one of --json, --csv, --markdown, --asciidoc, --orgmode, --html and --export",
            ));
        }
        let save = args.save.as_deref().map(save_place).transpose()?;
        let files = args.names().filter(|name| *name != "-").map(Path::new);
        for file in files.chain(save.as_deref()) {
            check_folder(file)?;
        }
        let baseline = args.baseline.as_deref().map(load_baseline).transpose()?;
        Ok(Store { args, save, baseline })
    }

    pub(super) fn baseline(&self) -> Option<(&Results, &str)> {
        self.baseline.as_ref().map(|(results, label)| (results, &**label))
    }

    /// Are there files to be written?
    pub(super) fn has_files(&self) -> bool {
        self.save.is_some() || self.args.names().any(|name| name != "-")
    }

    /// Is there no report for people on standard output: one for programs takes its place, or none is wanted?
    pub(super) fn is_silent(&self) -> bool {
        self.args.quiet || self.args.takes_output()
    }

    /// Writes all that is asked for, with what a profiler saw. A file that cannot be written keeps back no other.
    pub(super) fn write(
        &self,
        results: &Results,
        profiled: &[Profiled],
        unit: Option<Unit>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let args = self.args;
        if args.hist && !self.is_silent() {
            let text = histogram::render(results, unit, output.width());
            output.raw().write_all(text.as_bytes())?;
        }
        let reports: [Report<'_>; 6] = [
            (args.json.as_ref(), &|| saved::write(results)),
            (args.csv.as_ref(), &|| csv::render(results).into_bytes()),
            (args.markdown.as_ref(), &|| {
                table::render(results, unit).into_bytes()
            }),
            (args.asciidoc.as_ref(), &|| {
                table::asciidoc(results, unit).into_bytes()
            }),
            (args.orgmode.as_ref(), &|| {
                table::orgmode(results, unit).into_bytes()
            }),
            (args.html.as_ref(), &|| {
                html::render(results, profiled, unit).into_bytes()
            }),
        ];
        let mut first = First::default();
        for (name, bytes) in reports {
            if let Some(name) = name {
                let written = put(Path::new(name), &bytes(), output);
                first.note(written, output);
            }
        }
        if let Some(path) = &self.save {
            first.note(write_file(path, &saved::write(results)), output);
        }
        for (tool, path) in args.exports() {
            let bytes = match tool {
                Tool::Hyperfine => Some(hyperfine::write(results)),
                Tool::Pyperf => pyperf::write(results),
            };
            if let Some(bytes) = bytes {
                let written = put(path, &bytes, output);
                first.note(written, output);
            }
        }
        first.end()
    }
}

/// To a file or standard output.
fn put(path: &Path, bytes: &[u8], output: &mut Output) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        Ok(output.raw().write_all(bytes)?)
    } else {
        write_file(path, bytes)
    }
}

/// A file where a name holds a slash or ends as files do; else a name in our folder.
fn is_file(name: &OsStr) -> bool {
    let text = name.to_string_lossy();
    text.contains('/') || text.ends_with(".json") || text.ends_with(".json.gz") || text == "-"
}

/// Where results with names are: `prof/timeit` in XDG_DATA_HOME, or in its place in the user's home.
fn folder() -> Option<PathBuf> {
    let absolute = |variable: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("prof").join("timeit"))
}

fn named(name: &OsStr) -> Result<PathBuf, Failure> {
    let shown = name.to_string_lossy();
    if shown.is_empty() || shown.starts_with('.') || shown.contains(char::is_control) {
        return Err(
            Failure::usage(format!("`{shown}` is no name for results")).hint(Some(
                "use letters and digits, or the path of a file that ends in .json",
            )),
        );
    }
    let folder = folder().ok_or_else(|| {
        Failure::usage(format!(
            "no folder to keep `{shown}` in: neither XDG_DATA_HOME nor HOME is set"
        ))
        .hint(Some("give the path of a file that ends in .json"))
    })?;
    let mut file = name.to_owned();
    file.push(".json");
    Ok(folder.join(file))
}

fn save_place(name: &OsStr) -> Result<PathBuf, Failure> {
    if name == "-" {
        return Err(Failure::usage("--save keeps a file; --json - prints the same"));
    }
    if is_file(name) {
        return Ok(name.into());
    }
    let path = named(name)?;
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    Ok(path)
}

/// Saved results and what to call them.
fn load_baseline(name: &OsStr) -> Result<(Results, String), Failure> {
    let label = name.to_string_lossy().into_owned();
    if is_file(name) {
        return Ok((load(name)?, label));
    }
    let path = named(name)?;
    if !path.exists() {
        let hint = match saved_names(path.parent()) {
            names if names.is_empty() => "--save NAME keeps results under a name".to_owned(),
            names => format!("saved are {}", names.join(", ")),
        };
        return Err(Failure::usage(format!("no results are saved as `{label}`")).hint(Some(hint)));
    }
    Ok((load(path.as_os_str())?, label))
}

fn saved_names(folder: Option<&Path>) -> Vec<String> {
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let files = entries.into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".json")
                .map(str::to_owned)
        })
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// Reads results from a file or standard input.
pub(super) fn load(name: &OsStr) -> Result<Results, Failure> {
    let shown = name.to_string_lossy();
    let mut bytes = Vec::new();
    let result = if name == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    result.map_err(|error| Failure::usage(format!("cannot read `{shown}`: {}", system_text(&error))))?;
    saved::read(&bytes)
        .map_err(|error| Failure::usage(format!("cannot read `{shown}`: {error}")).hint(Some(error.hint())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files_are_told_apart() {
        for (name, expected) in [
            ("monday", false),
            ("v1.2", false),
            ("monday.json", true),
            ("results/monday", true),
            ("a.json.gz", true),
            ("-", true),
        ] {
            assert_eq!(is_file(OsStr::new(name)), expected, "{name}");
        }
        for name in ["", ".", "..", ".x", "a\nb"] {
            assert!(named(OsStr::new(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn exports_name_tool_and_file() {
        assert_eq!(
            parse_export("pyperf:a:b.json"),
            Ok((Tool::Pyperf, "a:b.json".into()))
        );
        assert_eq!(parse_export("hyperfine:a"), Ok((Tool::Hyperfine, "a".into())));
        for text in ["pyperf", "pyperf:", "hyperfin:a", ""] {
            assert!(parse_export(text).is_err(), "{text}");
        }
    }
}
