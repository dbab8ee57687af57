//! Waking up on time: to the microsecond, where the poll itself knows only milliseconds.

use mio::Registry;
use std::io;
use std::time::Duration;

/// A timer that wakes a poll.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Alarm {
    timer: nix::sys::timerfd::TimerFd,
    /// What it is set to, so that it need not be set again.
    set_to: Option<u64>,
}

#[cfg(target_os = "linux")]
impl Alarm {
    pub(super) fn new(registry: &Registry, token: mio::Token) -> io::Result<Alarm> {
        use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
        use std::os::fd::{AsFd as _, AsRawFd as _};
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
        )?;
        let fd = timer.as_fd().as_raw_fd();
        registry.register(&mut mio::unix::SourceFd(&fd), token, mio::Interest::READABLE)?;
        Ok(Alarm { timer, set_to: None })
    }

    /// Wakes the poll at this time, both in nanoseconds since the start. Returns how long the poll may wait at most.
    pub(super) fn set(&mut self, now: u64, at: Option<u64>) -> Option<Duration> {
        use nix::sys::time::TimeSpec;
        use nix::sys::timerfd::{Expiration, TimerSetTimeFlags};
        let at = at?;
        if at <= now {
            return Some(Duration::ZERO);
        }
        if self.set_to != Some(at) {
            let left = TimeSpec::from_duration(Duration::from_nanos(at - now));
            if self
                .timer
                .set(Expiration::OneShot(left), TimerSetTimeFlags::empty())
                .is_err()
            {
                // Less exact, but on time.
                return Some(Duration::from_nanos(at - now));
            }
            self.set_to = Some(at);
        }
        None
    }

    /// It went off, or its time came otherwise.
    pub(super) fn is_over(&mut self, now: u64) {
        if self.set_to.is_some_and(|at| at <= now) {
            self.set_to = None;
        }
    }
}

/// Without such a timer the poll waits in its own unit.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct Alarm;

#[cfg(not(target_os = "linux"))]
impl Alarm {
    pub(super) fn new(_: &Registry, _: mio::Token) -> io::Result<Alarm> {
        Ok(Alarm)
    }

    pub(super) fn set(&mut self, now: u64, at: Option<u64>) -> Option<Duration> {
        at.map(|at| Duration::from_nanos(at.saturating_sub(now)))
    }

    pub(super) fn is_over(&mut self, _: u64) {}
}
