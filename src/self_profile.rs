//! Samples of `prof` itself, drawn as a flame graph: for `--self-profile` and the benches.
//!
//! The crate pprof interrupts the process by CPU time and takes stacks; inferno draws them. The kernel's tick caps
//! the rate at about 250 samples for a second of CPU time, so a run below a tenth of a second shows little. Children are
//! not sampled: they do not inherit the timer.

use crate::markup;
use nix::time::{ClockId, clock_gettime};
use pprof::{ProfilerGuard, ProfilerGuardBuilder};
use std::collections::BTreeMap;
use std::time::Duration;

/// Why there is no flame graph.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Sampling cannot start or its result cannot be read.
    #[error("sampling failed: {0}")]
    Sampling(#[from] pprof::Error),
    /// The picture cannot be drawn.
    #[error("drawing failed: {0}")]
    Drawing(std::io::Error),
}

/// Sampling in progress. There can be only one at a time.
pub struct SelfProfile {
    guard: ProfilerGuard<'static>,
    /// Processor time before it.
    before: Duration,
}

/// A flame graph.
#[derive(Clone, Debug)]
pub struct Picture {
    /// An SVG.
    pub svg: Vec<u8>,
    /// Why nothing is to be seen in it: it was over before the first sample. The picture says so, too.
    pub empty: Option<String>,
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
        Ok(SelfProfile {
            guard,
            before: processor_time(),
        })
    }

    /// Stops and returns the stacks as folded lines, sorted: frames from the root, then the number of samples. There
    /// are none if it was over too soon.
    ///
    /// # Errors
    /// [`Error::Sampling`].
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
        Ok(stacks
            .into_iter()
            .map(|(stack, count)| format!("{stack} {count}"))
            .collect())
    }

    /// Stops and returns a flame graph.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn flamegraph(self, title: &str) -> Result<Picture, Error> {
        let took = processor_time().saturating_sub(self.before);
        let lines = self.folded()?;
        if lines.is_empty() {
            let why = format!(
                "nothing was sampled: {:.1} ms of processor time are too few for {RATE} samples a second",
                took.as_secs_f64() * 1e3
            );
            return Ok(Picture {
                svg: empty(title, &why),
                empty: Some(why),
            });
        }
        let mut options = inferno::flamegraph::Options::default();
        options.title = title.into();
        options.count_name = "samples".into();
        let mut svg = Vec::new();
        inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
            .map_err(Error::Drawing)?;
        Ok(Picture { svg, empty: None })
    }
}

/// What this process has used, all threads.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// A picture without frames, as wide as the others.
fn empty(title: &str, why: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"90\" viewBox=\"0 0 1200 90\">\n\
         <rect width=\"1200\" height=\"90\" fill=\"#eee\"/>\n\
         <g font-family=\"monospace\" text-anchor=\"middle\">\n\
         <text x=\"600\" y=\"28\" font-size=\"17\">{}</text>\n\
         <text x=\"600\" y=\"62\" font-size=\"13\">{}</text>\n\
         </g>\n</svg>",
        markup::escaped(title),
        markup::escaped(why)
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_loop_shows_in_the_picture() {
        let profile = SelfProfile::start().expect("nothing else samples in the tests");
        // Samples come by processor time, of which a busy machine gives little.
        let before = processor_time();
        let mut x = 1u64;
        while processor_time() < before + Duration::from_millis(400) {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        let picture = profile.flamegraph("busy").expect("samples can be drawn");
        let svg = String::from_utf8(picture.svg).expect("an SVG is text");
        assert_eq!(picture.empty, None, "samples were taken");
        assert!(
            svg.contains("busy_loop_shows") && svg.ends_with("</svg>"),
            "{}",
            &svg[..200]
        );
    }

    #[test]
    fn a_picture_without_samples_says_so() {
        let svg = String::from_utf8(empty("a < b", "nothing was sampled")).expect("an SVG is text");
        assert!(svg.contains(">a &lt; b</text>") && svg.contains(">nothing was sampled</text>"));
        assert!(svg.ends_with("</svg>"));
    }
}
