//! Samples of `prof` itself, drawn as a flame graph: for `--self-profile` and the benches.
//!
//! The crate pprof interrupts the process by CPU time and takes stacks; inferno draws them. The kernel's tick caps
//! the rate at about 250 samples for a second of CPU time, so a run below a tenth of a second shows little.

use pprof::{ProfilerGuard, ProfilerGuardBuilder};
use std::collections::BTreeMap;

/// Why there is no flame graph.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Sampling cannot start or its result cannot be read.
    #[error("sampling failed: {0}")]
    Sampling(#[from] pprof::Error),
    /// It was over before the first sample.
    #[error("nothing was sampled: prof was done too soon")]
    NoSamples,
    /// The picture cannot be drawn.
    #[error("drawing failed: {0}")]
    Drawing(std::io::Error),
}

/// Sampling in progress. There can be only one at a time.
pub struct SelfProfile {
    guard: ProfilerGuard<'static>,
}

/// Not a divisor of the tick or of anything that happens at round intervals.
const RATE: i32 = 99;

impl SelfProfile {
    /// Starts sampling this process, 99 times for each second of its CPU time.
    ///
    /// # Errors
    /// [`Error::Sampling`] when it is on already or the system does not let us.
    pub fn start() -> Result<SelfProfile, Error> {
        // Unwinding through these can deadlock or crash.
        let guard = ProfilerGuardBuilder::default()
            .frequency(RATE)
            .blocklist(&["libc", "libgcc", "pthread", "vdso"])
            .build()?;
        Ok(SelfProfile { guard })
    }

    /// Stops and returns the stacks as folded lines, sorted: frames from the root, then the number of samples.
    ///
    /// # Errors
    /// [`Error::Sampling`]; [`Error::NoSamples`].
    pub fn folded(self) -> Result<Vec<String>, Error> {
        let report = self.guard.report().build()?;
        let mut stacks: BTreeMap<String, i64> = BTreeMap::new();
        for (frames, count) in &report.data {
            let mut names = vec![frames.thread_name.clone()];
            // A frame holds what was inlined into it, innermost first.
            for frame in frames.frames.iter().rev() {
                names.extend(frame.iter().rev().map(|symbol| symbol.name().replace(';', ":")));
            }
            *stacks.entry(names.join(";")).or_default() += *count as i64;
        }
        if stacks.is_empty() {
            return Err(Error::NoSamples);
        }
        Ok(stacks
            .into_iter()
            .map(|(stack, count)| format!("{stack} {count}"))
            .collect())
    }

    /// Stops and returns a flame graph, an SVG.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn flamegraph(self, title: &str) -> Result<Vec<u8>, Error> {
        let lines = self.folded()?;
        let mut options = inferno::flamegraph::Options::default();
        options.title = title.into();
        options.count_name = "samples".into();
        let mut svg = Vec::new();
        inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
            .map_err(Error::Drawing)?;
        Ok(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_loop_shows_in_the_picture() {
        let profile = SelfProfile::start().expect("nothing else samples in the tests");
        let start = std::time::Instant::now();
        let mut x = 1u64;
        while start.elapsed() < std::time::Duration::from_millis(400) {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        let svg = profile.flamegraph("busy").expect("samples were taken");
        let svg = String::from_utf8(svg).expect("an SVG is text");
        assert!(
            svg.contains("busy_loop_shows") && svg.ends_with("</svg>"),
            "{}",
            &svg[..200]
        );
    }
}
