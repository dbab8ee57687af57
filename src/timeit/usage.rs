//! What the system says of a process that is a sample of its own.

use std::time::Duration;

/// What one process used, with all its children that it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in its own code.
    pub user: Duration,
    /// Processor time in the system's.
    pub system: Duration,
    /// Its exit code; below 0 the signal that killed it.
    pub status: i32,
    /// What the processor counted.
    pub counters: Counters,
}

/// Something that processors count, in user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Cycles.
    Cycles,
    /// Instructions that were completed.
    Instructions,
    /// Looks into the last cache.
    CacheReferences,
    /// Those of them that found nothing.
    CacheMisses,
    /// Branches that went where they were not expected to.
    BranchMisses,
}

impl Counter {
    /// All.
    pub const ALL: [Counter; 5] = [
        Counter::Cycles,
        Counter::Instructions,
        Counter::CacheReferences,
        Counter::CacheMisses,
        Counter::BranchMisses,
    ];

    /// As options and files call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Counter::Cycles => "cycles",
            Counter::Instructions => "instructions",
            Counter::CacheReferences => "cache-references",
            Counter::CacheMisses => "cache-misses",
            Counter::BranchMisses => "branch-misses",
        }
    }
}

/// The counters of one process; which are known is the same for all processes of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters([u64; Counter::ALL.len()]);

/// Stands for what is not known: no process counts so far.
const UNKNOWN: u64 = u64::MAX;

impl Default for Counters {
    fn default() -> Counters {
        Counters([UNKNOWN; Counter::ALL.len()])
    }
}

impl Counters {
    /// What was counted, if it is known.
    #[must_use]
    pub fn get(&self, counter: Counter) -> Option<u64> {
        Some(self.0[counter as usize]).filter(|&count| count != UNKNOWN)
    }

    /// Notes what was counted.
    pub fn set(&mut self, counter: Counter, count: u64) {
        self.0[counter as usize] = count;
    }
}
