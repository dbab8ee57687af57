//! When connections are begun, and from which address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Connections from one address to one server; with more the kernel looks ever longer for a free port.
const PER_SOURCE: u32 = 4000;
/// Connections of a thread that the server has not accepted yet: more would only fill its queue, and a full queue
/// makes the kernel try again after a second.
pub(super) const MOST_CONNECTING: u32 = 256;

/// The address that dummy number `number` connects from; `None`: the system's choice.
pub(super) fn source(target: SocketAddr, sources: &[IpAddr], number: u32) -> Option<SocketAddr> {
    if !sources.is_empty() {
        return Some(SocketAddr::new(sources[number as usize % sources.len()], 0));
    }
    match target.ip() {
        // All of 127/8 is this machine.
        IpAddr::V4(ip) if ip.is_loopback() && number >= PER_SOURCE => {
            let [_, _, high, low] = (number / PER_SOURCE + 1).to_be_bytes();
            Some(SocketAddr::new(Ipv4Addr::new(127, 0, high, low).into(), 0))
        }
        _ => None,
    }
}

/// So many connections may be begun by now.
#[derive(Debug)]
pub(super) struct Pace {
    /// A second; `None`: as many as there are.
    pub(super) rate: Option<f64>,
}

impl Pace {
    /// How many may have been begun at this time, in nanoseconds since the start.
    pub(super) fn allowed(&self, now: u64) -> u32 {
        // The first at once.
        self.rate
            .map_or(u32::MAX, |rate| (now as f64 / 1e9 * rate) as u32 + 1)
    }

    /// When one more than these may be begun.
    pub(super) fn next(&self, begun: u32) -> Option<u64> {
        self.rate.map(|rate| (f64::from(begun) / rate * 1e9) as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, sources: &[&str], number: u32, expected: Option<&str>) {
        let sources: Vec<IpAddr> = sources.iter().map(|ip| ip.parse().expect("an address")).collect();
        let found = source(target.parse().expect("an address"), &sources, number);
        assert_eq!(found.map(|address| address.ip().to_string()).as_deref(), expected);
    }

    #[test]
    fn many_loopback_connections_come_from_several_addresses() {
        check("127.0.0.1:4000", &[], 3999, None);
        check("127.0.0.1:4000", &[], 4000, Some("127.0.0.2"));
        check("127.0.0.1:4000", &[], 4000 * 256, Some("127.0.1.1"));
        check("10.0.0.1:4000", &[], 9999, None);
        check("[::1]:4000", &[], 9999, None);
        check("10.0.0.1:4000", &["10.0.0.2", "10.0.0.3"], 3, Some("10.0.0.3"));
    }

    #[test]
    fn a_rate_spreads_connections() {
        let pace = Pace { rate: Some(10.0) };
        assert_eq!(
            [0, 99_999_999, 100_000_001, 1_000_000_000].map(|now| pace.allowed(now)),
            [1, 1, 2, 11]
        );
        assert!((1..50).all(|begun| pace.allowed(pace.next(begun).expect("a time")) > begun));
        assert_eq!(Pace { rate: None }.allowed(0), u32::MAX);
    }
}
