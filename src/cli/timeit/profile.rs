//! `--profile` and `--profile-out`: what the profiler saw, as tables and as files.

use super::super::output::check_folder;
use super::super::output::{Output, write_file};
use super::super::stack_files::{About, Format, bytes, numbered};
use super::super::{Failure, picture};
use crate::python::Version;
use crate::python::text;
use crate::timeit::profiled::{Profiled, Seen};
use crate::timeit::report::units::counted;
use crate::timeit::results::Results;
use crate::view::table::{self, Layout};
use crate::view::{Restriction, SortKey, Stats, View};
use std::path::PathBuf;

/// Functions that are shown.
const FUNCTIONS: &[u8] = b"10";

/// Where profiles are kept, each in a file of its own.
pub(super) struct Target {
    path: PathBuf,
    format: Format,
}

impl Target {
    /// A file whose name tells the format, in a folder that can be written to.
    pub(super) fn new(path: PathBuf) -> Result<Target, Failure> {
        let format = Format::of(&path).ok_or_else(|| {
            Failure::usage(format!(
                "--profile-out `{}`: no format has this ending",
                path.display()
            ))
            .hint(Some(
                "name it .prof (a dump of cProfile), .svg (a flame graph), .folded, .json (speedscope) or .pb.gz (pprof)",
            ))
        })?;
        check_folder(&path)?;
        Ok(Target { path, format })
    }

    /// Writes a file for each case, and says which holds what.
    pub(super) fn write(
        &self,
        all: &[Profiled],
        results: &Results,
        output: &mut Output,
    ) -> Result<(), Failure> {
        for (at, one) in all.iter().enumerate() {
            let path = numbered(&self.path, at + 1);
            let name = results.name(one.side);
            let shown = text::shown(path.as_os_str().as_encoded_bytes());
            let Some(seen) = &one.seen else {
                let name = text::shown(name.as_bytes());
                let message = format!("`{shown}` is not written: {name} calls no function");
                output.report("warning", &message);
                continue;
            };
            let bytes = match self.format {
                Format::Pstats => one.dump.clone(),
                format => bytes(&seen.stacks.tree, format, &about(one, seen, &name, output))?,
            };
            write_file(&path, &bytes)?;
            let of = if all.len() > 1 {
                format!(": {}", text::shown(name.as_bytes()))
            } else {
                String::new()
            };
            output.report("wrote", &format!("{shown}{of}"));
        }
        Ok(())
    }
}

/// What the file of a case says of itself.
fn about(one: &Profiled, seen: &Seen, name: &str, output: &mut Output) -> About {
    let mut parts = vec![format!("{} under cProfile", counted(one.loops, "loop"))];
    parts.extend(picture::remarks(&seen.stacks, name, output));
    About {
        title: name.to_owned(),
        subtitle: parts.join(" \u{b7} "),
        // Only stacks that are counted in samples have one.
        rate: 1.0,
    }
}

/// Shows the hottest functions of each case.
pub(super) fn show(all: &[Profiled], results: &Results, output: &mut Output) -> Result<(), Failure> {
    let mut out = String::new();
    for one in all {
        let (name, loops) = (
            text::shown(results.name(one.side).as_bytes()),
            counted(one.loops, "loop"),
        );
        out.push_str(&format!(
            "\n{name}: where {loops} went under cProfile, which makes calls dearer\n"
        ));
        match &one.seen {
            Some(seen) => out.push_str(&functions(seen, output)?),
            None => out.push_str("  it calls no function: its time is that of its own lines\n"),
        }
    }
    output.raw().write_all(out.as_bytes())?;
    Ok(())
}

fn functions(seen: &Seen, output: &Output) -> Result<String, Failure> {
    let mut stats = Stats::new(seen.profile.clone(), Vec::new(), Version::NEWEST);
    stats.sort(&[SortKey::Time]);
    let limit = Restriction::parse(FUNCTIONS, Version::NEWEST);
    let limit = limit.map_err(|error| Failure::usage(error.to_string()))?;
    let selection = stats
        .select(&[limit])
        .map_err(|error| Failure::usage(error.to_string()))?;
    let layout = Layout::Plain {
        width: output.width(),
        color: output.is_colored(),
    };
    Ok(table::render(&stats.rows(&selection, View::Functions), layout))
}
