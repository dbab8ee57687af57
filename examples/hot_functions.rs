//! The flow of `prof stats` in a program of your own: bytes to a profile, sorted, the hottest functions as text
//! and as values.
//!
//! `cargo run --example hot_functions [FILE]`

use prof::format::{Packing, read_profile};
use prof::python::Version;
use prof::view::{Restriction, Shown, SortKey, Stats};
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "fixtures/server.prof".into());
    let profile = read_profile(File::open(&path)?, Packing::None)?;

    let mut stats = Stats::new(profile, path.into_bytes(), Version::NEWEST);
    stats.sort(&[SortKey::Time]);
    stats.print_stats(&[Restriction::Count(10)], Shown::Escaped, &mut std::io::stdout())?;

    let hottest = stats.select(&[Restriction::Count(1)])?.functions[0];
    let profile = stats.profile();
    let (calls, all) = (profile.calls(hottest), profile.totals());
    let name = prof::python::text::shown(&profile.standard_name(profile.key_of(hottest)));
    let share = calls.own.as_f64() / all.own.as_f64() * 100.0;
    let mut out = std::io::stdout();
    std::io::Write::write_fmt(&mut out, format_args!("{share:.0}% of the time is in {name}\n"))?;
    Ok(())
}
