//! Looks at long runs: a bar on a terminal, and the end of the time that is allowed.

use crate::timeit::report::units;
use crate::timeit::session::{Progress, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A run that is over sooner has no bar.
const QUIET: Duration = Duration::from_secs(1);
/// A run that takes longer gets a hint on how to have it shorter.
const LONG: Duration = Duration::from_secs(60);

/// The watch of one command.
pub(super) struct Bar {
    began: Instant,
    until: Option<Instant>,
    /// Samples in all, once that is known.
    samples: Option<u64>,
    /// Samples that are complete, as far as was seen.
    complete: u64,
    last: Option<Progress>,
    bar: Option<ProgressBar>,
    is_terminal: bool,
    is_hinted: bool,
}

impl Bar {
    /// In all that it watches, a `max_time` may be spent. There is no bar before the number of samples is known.
    pub(super) fn new(max_time: Option<Duration>) -> Bar {
        let began = Instant::now();
        Bar {
            began,
            until: max_time.and_then(|time| began.checked_add(time)),
            samples: None,
            complete: 0,
            last: None,
            bar: None,
            is_terminal: std::io::stderr().is_terminal(),
            is_hinted: false,
        }
    }

    /// From now on so many samples are taken.
    pub(super) fn expect(&mut self, samples: u64) {
        self.samples = Some(samples);
        self.complete = 0;
        self.last = None;
        self.began = Instant::now();
    }

    /// Is the time over that was allowed?
    pub(super) fn is_out_of_time(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Takes the bar away, before anything else is printed.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self, progress: Progress) {
        let Some(samples) = self.samples else { return };
        let total = progress.row.loops.saturating_mul(samples);
        let done = progress
            .row
            .loops
            .saturating_mul(self.complete)
            .saturating_add(progress.done);
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            bar.set_style(style());
            bar
        });
        let elapsed = self.began.elapsed();
        let left = elapsed.mul_f64((total.saturating_sub(done)) as f64 / done.max(1) as f64);
        let message = if done == 0 {
            "the first loop is not over".to_owned()
        } else {
            let each = elapsed.as_secs_f64() / done as f64;
            format!("{} per loop, {} left", units::time(each, 3, None), in_words(left))
        };
        bar.set_message(message);
        bar.set_position(done);
        if done > 0 && elapsed + left > LONG && !self.is_hinted {
            self.is_hinted = true;
            bar.println(format!(
                "hint: {} take about {}; -n takes a smaller number, Ctrl-C prints what is measured by then",
                units::counted(total, "loop"),
                in_words(elapsed + left)
            ));
        }
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", units::significant(seconds as f64 / 3600.0, 2)),
    }
}

impl Watch for Bar {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        if let Some(last) = self.last
            && (progress.done < last.done || progress.row != last.row)
        {
            self.complete += 1;
        }
        // A look that found nothing new says nothing of the speed.
        let is_new = self
            .last
            .is_none_or(|last| last.done != progress.done || last.row != progress.row);
        self.last = Some(progress);
        if self.is_terminal && self.began.elapsed() > QUIET && (is_new || self.bar.is_none()) {
            self.show(progress);
        }
        if self.is_out_of_time() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// The watch of commands: a bar on a terminal that shows how much of the time is over.
pub(super) struct Runs<'a> {
    inner: &'a mut dyn Watch,
    began: Instant,
    planned: Duration,
    bar: Option<ProgressBar>,
    is_terminal: bool,
}

impl Runs<'_> {
    /// Asks another watch what it thinks; about so much time is planned.
    pub(super) fn new(inner: &mut dyn Watch, planned: Duration) -> Runs<'_> {
        Runs {
            inner,
            began: Instant::now(),
            planned,
            bar: None,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }
}

impl Watch for Runs<'_> {
    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        let elapsed = self.began.elapsed();
        if self.is_terminal && elapsed > QUIET {
            let planned = u64::try_from(self.planned.as_millis()).unwrap_or(u64::MAX);
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::with_draw_target(Some(planned), ProgressDrawTarget::stderr());
                bar.set_style(style());
                bar
            });
            let left = self.planned.saturating_sub(elapsed);
            let running = if progress.elapsed >= QUIET {
                format!("one run since {}, ", in_words(progress.elapsed))
            } else {
                String::new()
            };
            bar.set_message(if left.is_zero() {
                format!("{running}{} so far", in_words(elapsed))
            } else {
                format!("{running}about {} left", in_words(left))
            });
            bar.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(planned).min(planned));
        }
        self.inner.progress(progress)
    }
}

impl Drop for Runs<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
