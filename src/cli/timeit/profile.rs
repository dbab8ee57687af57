//! `--profile`: after the figures, the same code once more under cProfile.

use super::super::output::{Output, write_file};
use super::super::{Code, Failure};
use super::stops::tell;
use crate::format::{Packing, read_profile};
use crate::python::Version;
use crate::python::text;
use crate::timeit::estimate::estimate;
use crate::timeit::report::units::counted;
use crate::timeit::results::{Results, Side};
use crate::timeit::session::{Open, Row, Stop};
use crate::view::table::{self, Layout};
use crate::view::{Restriction, SortKey, Stats, View};
use std::path::Path;

/// The code runs for about so many seconds, were it not for the profiler.
const SECONDS: f64 = 0.1;

/// Functions that are shown.
const FUNCTIONS: &[u8] = b"10";

/// No sample has more loops: each call costs memory of the profiler only once, but time.
const MOST_LOOPS: f64 = 1e6;

/// Profiles every case in every interpreter, and shows where the time goes. With a path the dump of the first case in
/// the first interpreter is kept there.
pub(super) fn run(
    openers: &mut [Box<dyn Open>],
    results: &Results,
    keep: Option<&Path>,
    is_shown: bool,
    output: &mut Output,
) -> Result<Code, Failure> {
    let mut kept = keep;
    for (runtime, opener) in openers.iter_mut().enumerate() {
        for case in 0..results.cases.len() {
            let side = Side { case, runtime };
            let Some(estimate) = estimate(results, side) else {
                continue;
            };
            let loops = (SECONDS / estimate.seconds.max(1e-9)).clamp(1.0, MOST_LOOPS) as u64;
            let dump = match dump(opener.as_mut(), results, case, loops) {
                Ok(Some(dump)) => dump,
                Ok(None) => continue,
                Err(stop) => return tell(&stop.reason, false, output),
            };
            if let Some(path) = kept.take_if(|_| !dump.is_empty()) {
                write_file(path, &dump)?;
            }
            if is_shown {
                show(&dump, &results.name(side), loops, output)?;
            }
        }
    }
    if let Some(path) = kept {
        let path = path.display();
        output.report(
            "warning",
            &format!("`{path}` is not written: the code calls no function"),
        );
    }
    Ok(Code::Done)
}

/// A fresh process takes one sample under the profiler.
fn dump(opener: &mut dyn Open, results: &Results, case: usize, loops: u64) -> Result<Option<Vec<u8>>, Stop> {
    let mut session = opener.open()?;
    session.prepare(&results.cases[case])?;
    let dump = session.profile(Row { case: 0, loops });
    session.end();
    dump
}

fn show(dump: &[u8], name: &str, loops: u64, output: &mut Output) -> Result<(), Failure> {
    let loops = counted(loops, "loop");
    let mut out = format!("\n{name}: where {loops} went under cProfile, which makes calls dearer\n");
    if dump.is_empty() {
        out.push_str("  it calls no function: its time is that of its own lines\n");
    } else {
        let profile = read_profile(dump, Packing::None)
            .map_err(|error| Failure::usage(format!("the profiler gave no dump: {error}")))?;
        let mut stats = Stats::new(profile, Vec::new(), Version::NEWEST);
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
        out.push_str(&table::render(&stats.rows(&selection, View::Functions), layout));
    }
    for line in out.lines() {
        let line = if output.is_colored() {
            line.to_owned()
        } else {
            text::shown(line.as_bytes())
        };
        output.raw().write_all(line.as_bytes())?;
        output.raw().write_all(b"\n")?;
    }
    Ok(())
}
