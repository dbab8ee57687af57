//! What recording adds to the processor time of a program: an estimate.
//!
//! It cannot be seen from one run. But the recorder measures, in the program's own interpreter before it begins, what
//! the profiler adds to a call of a Python function, to one of a built-in function, and to code without calls (Python
//! 3.10 and 3.11 dispatch each instruction through a slower way while a profiler is set). The dump tells how many calls
//! there were, and how long Python functions ran themselves. The rest is multiplication.
//!
//! It is an estimate: a program with many functions finds less of them in the processor's caches than the measured
//! loops, a generator that goes on costs less than a call, and the machine may run faster at another moment. Beside runs
//! without a profiler (see the README) most of the estimates were within a factor of two, the worst off by 2.3.

use std::time::Duration;

/// What the profiler adds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// To a call of a Python function.
    pub call: Price,
    /// To a call of a built-in function.
    pub builtin_call: Price,
    /// How many times as long code without calls takes.
    pub slower: f64,
}

/// Of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// What it takes without a profiler.
    pub alone: Duration,
    /// What the profiler adds.
    pub added: Duration,
}

/// What a program did while it was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Calls of Python functions.
    pub calls: u64,
    /// Calls of built-in functions.
    pub builtin_calls: u64,
    /// Time in Python functions themselves, with what the profiler added.
    pub own: Duration,
    /// Processor time, with what the profiler added.
    pub used: Duration,
}

/// Processor time of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// All of it.
    pub used: Duration,
    /// What the profiler added.
    pub added: Duration,
}

impl Price {
    /// Both in nanoseconds.
    pub(super) fn nanos(alone: u64, added: u64) -> Price {
        Price {
            alone: Duration::from_nanos(alone),
            added: Duration::from_nanos(added),
        }
    }
}

impl Prices {
    /// The processor time that the profiler added to this work.
    #[must_use]
    pub fn added(&self, work: &Work) -> Duration {
        let sum = |of: fn(&Price) -> Duration| {
            of(&self.call).as_secs_f64() * work.calls as f64
                + of(&self.builtin_call).as_secs_f64() * work.builtin_calls as f64
        };
        let (alone, added) = (sum(|price| price.alone), sum(|price| price.added));
        let used = work.used.as_secs_f64();
        // What calls take and what is added to them stands in the time of those who call. On a busy machine a function
        // also waits.
        let code = (work.own.as_secs_f64().min(used) - alone - added).max(0.0);
        let slower = code * (1.0 - 1.0 / self.slower.max(1.0));
        // A machine that was slower when it was measured than afterwards: then the proportion is what is known.
        let excess = ((alone + added) / used.max(1e-9)).max(1.0);
        Duration::try_from_secs_f64(added / excess + slower).unwrap_or(Duration::MAX)
    }
}

impl Cost {
    /// How many times as long the program took as without a profiler.
    #[must_use]
    pub fn times(&self) -> f64 {
        self.used.as_secs_f64() / self.used.saturating_sub(self.added).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_code_add_up() {
        let prices = Prices {
            call: Price::nanos(60, 200),
            builtin_call: Price::nanos(40, 100),
            slower: 1.25,
        };
        // 2 s and 1 s more for calls that take 600 ms and 400 ms; of the other 5 s in Python functions every fifth.
        let work = Work {
            calls: 10_000_000,
            builtin_calls: 10_000_000,
            own: Duration::from_secs(9),
            used: Duration::from_secs(12),
        };
        let added = prices.added(&work);
        assert!((added.as_secs_f64() - 4.0).abs() < 1e-6, "{added:?}");
        let cost = Cost {
            used: work.used,
            added,
        };
        assert!((cost.times() - 1.5).abs() < 1e-6);
        // Calls took all of it, and half as long as was measured: 1 s of 4 s is what they take alone.
        let work = Work {
            own: Duration::from_secs(1),
            used: Duration::from_secs(2),
            ..work
        };
        assert!((prices.added(&work).as_secs_f64() - 1.5).abs() < 1e-6);
    }
}
