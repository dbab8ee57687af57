//! Limits that a server puts on its clients, in the numbers and words of Evennia where it has them.

use super::Now;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// To a connection that has to wait for the welcome screen.
pub(super) fn queued(wait: Duration) -> String {
    format!(
        "DoS protection is active. You are queued to connect in {:.1} seconds ...",
        wait.as_secs_f64()
    )
}

pub(super) const TOO_FAST: &str = "You entered commands too fast. Wait a moment and try again.";
pub(super) const TOO_LONG: &str =
    "You entered a string that was too long. Please break it up into multiple parts.";
pub(super) const TOO_MANY_ACCOUNTS: &str =
    "You are creating too many accounts. Please log into an existing account.";
pub(super) const TOO_MANY_FAILURES: &str = "Too many login failures; please try again in a few minutes.";
pub(super) const WRONG_LOGIN: &str = "Username and/or password is incorrect.";

/// Characters in a line, as in Evennia's settings.
pub(super) const LONGEST_LINE: u32 = 6000;

/// So many events from one address in a window that starts with the first.
#[derive(Debug)]
pub(super) struct Throttle {
    limit: u32,
    window: Duration,
    seen: HashMap<IpAddr, (Duration, u32)>,
}

/// Addresses that are remembered.
const MOST_ADDRESSES: usize = 10_000;

impl Throttle {
    /// Evennia's for new accounts.
    pub(super) fn accounts() -> Throttle {
        Throttle::new(2, Duration::from_secs(600))
    }

    /// Evennia's for wrong passwords.
    pub(super) fn failures() -> Throttle {
        Throttle::new(5, Duration::from_secs(300))
    }

    fn new(limit: u32, window: Duration) -> Throttle {
        Throttle {
            limit,
            window,
            seen: HashMap::new(),
        }
    }

    /// Has the address used up what it may?
    pub(super) fn is_full(&self, address: IpAddr, now: Now) -> bool {
        self.seen
            .get(&address)
            .is_some_and(|&(since, count)| count >= self.limit && now.running < since + self.window)
    }

    pub(super) fn count(&mut self, address: IpAddr, now: Now) {
        if self.seen.len() >= MOST_ADDRESSES {
            let window = self.window;
            self.seen.retain(|_, (since, _)| now.running < *since + window);
            if self.seen.len() >= MOST_ADDRESSES {
                self.seen.clear();
            }
        }
        let entry = self.seen.entry(address).or_insert((now.running, 0));
        if now.running >= entry.0 + self.window {
            *entry = (now.running, 0);
        }
        entry.1 += 1;
    }
}

/// So many events in a second, counted in whole seconds of the clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    second: u32,
    count: u32,
}

impl Rate {
    /// Counts one more; is it within the limit?
    pub(super) fn allows(&mut self, limit: u32, now: Now) -> bool {
        let second = now.running.as_secs() as u32;
        if self.second != second {
            *self = Rate { second, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= limit
    }
}

/// Lets so many through in a second; the others get a later time, in the order in which they came.
#[derive(Debug)]
pub(super) struct Gate {
    interval: Duration,
    next: Duration,
}

impl Gate {
    pub(super) fn new(per_second: u32) -> Gate {
        Gate {
            interval: Duration::from_secs(1) / per_second.max(1),
            next: Duration::ZERO,
        }
    }

    /// When the one that comes now may enter.
    pub(super) fn admit(&mut self, now: Now) -> Duration {
        let at = self.next.max(now.running);
        self.next = at + self.interval;
        at
    }
}
