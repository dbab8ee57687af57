//! Which server may be loaded: this machine, and another only where the user says so.

use super::super::Failure;
use super::Args;
use super::game::Found;
use crate::date;
use crate::dummyrunner::scenario::Scenario;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

const PORT: u16 = 4000;

/// The server's address: what the arguments say, else the scenario or settings file, else the game.
pub(super) fn resolve(args: &Args, scenario: &Scenario, game: Option<&Found>) -> Result<SocketAddr, Failure> {
    if let Some(port) = args.port {
        let host = game.map_or(Ipv4Addr::LOCALHOST.into(), |game| game.settings.host());
        return Ok(SocketAddr::new(host, port));
    }
    let is_named = args.target.is_some() || scenario.run.target.is_some();
    if let Some(game) = game.filter(|_| !is_named) {
        return game.address();
    }
    let Some(target) = args.target.as_ref().or(scenario.run.target.as_ref()) else {
        return Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
    };
    let addresses = target.to_socket_addrs().map_err(|error| {
        Failure::usage(format!("cannot use the target `{target}`: {error}"))
            .hint(Some("write HOST:PORT, such as 127.0.0.1:4000 or [::1]:4000"))
    })?;
    // Of a name with several addresses, such as localhost, the one that most servers listen on.
    let addresses: Vec<SocketAddr> = addresses.collect();
    let address = addresses
        .iter()
        .find(|address| address.is_ipv4())
        .or(addresses.first());
    let Some(&address) = address else {
        return Err(Failure::usage(format!("the target `{target}` has no address")));
    };
    if is_near(address.ip()) || args.i_own_this_server {
        return Ok(address);
    }
    Err(
        Failure::usage(format!("{address} is not in a private network")).hint(Some(
            "load only servers of your own; if this is one, add --i-own-this-server",
        )),
    )
}

/// This machine, or a private network.
fn is_near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// A moment as `YYYYmmddHHMMSS`, in UTC.
pub(super) fn stamp(seconds: u64) -> String {
    let digits = date::iso(seconds);
    digits.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_date_prints_them() {
        // From `date -u -d @N +%Y%m%d%H%M%S`.
        let cases = [
            (0, "19700101000000"),
            (951_827_696, "20000229123456"),
            (1_767_225_599, "20251231235959"),
            (4_107_542_400, "21000301000000"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(stamp(seconds), expected);
        }
    }

    #[test]
    fn only_near_servers_need_no_word() {
        let near = |ip: &str| is_near(ip.parse().expect("an address"));
        assert!(
            [
                "127.0.0.1",
                "::1",
                "10.1.2.3",
                "192.168.1.1",
                "fd00::1",
                "::ffff:127.0.0.1"
            ]
            .into_iter()
            .all(near)
        );
        assert!(
            !["8.8.8.8", "2001:db8::1", "172.32.0.1", "0.0.0.0"]
                .into_iter()
                .any(near)
        );
    }
}
