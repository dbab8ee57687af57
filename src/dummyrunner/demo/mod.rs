//! A small game server to try dummies on: nothing to install, and light enough to measure ten thousand of
//! them. It is honest telnet, so a person can play on it, and it answers the commands of Evennia that
//! dummies send, in the order in which they came.
//!
//! [`Game`] is all of it but the sockets: bytes and the time in, bytes out. [`Server`] is one thread that
//! holds the sockets. What a client can make it keep is bounded, for each client and in total.

mod accounts;
mod commands;
mod game;
mod gmcp;
mod limits;
mod login;
mod server;
mod session;
mod slab;
#[cfg(test)]
mod tests;
mod world;

pub use game::Game;
pub use server::{BindError, Server, Stop};

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes any that is free.
    pub address: SocketAddr,
    /// Each answer of the game is sent so much later. What telnet itself answers is not delayed.
    pub lag: Duration,
    /// The whole server does nothing for a while, again and again.
    pub stall: Option<Stall>,
    /// Each command keeps the whole server busy for so long, and is answered then: one after the other, as in a game
    /// of one thread. So what it can hold is known by arithmetic.
    pub work: Duration,
    /// Further connections are told that the game is full.
    pub max_players: usize,
    /// Further connections of the same second wait before they see the welcome screen, as with Evennia.
    pub connections_per_second: Option<u32>,
    /// Further commands of one connection in the same second are dropped with a warning, as with Evennia.
    pub commands_per_second: Option<u32>,
    /// As Evennia: from one address 2 new accounts in 10 minutes, and 5 wrong passwords in 5.
    pub login_throttle: bool,
    /// Offer compression (MCCP2). Each client that agrees costs some 300 KB.
    pub compression: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            lag: Duration::ZERO,
            stall: None,
            work: Duration::ZERO,
            max_players: 100_000,
            connections_per_second: None,
            commands_per_second: None,
            login_throttle: false,
            compression: false,
        }
    }
}

/// The server freezes for `pause` in each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// How long it does nothing.
    pub pause: Duration,
    /// From the start of one pause to that of the next.
    pub every: Duration,
}

/// The time, as the game is told it.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Since the server started.
    pub running: Duration,
    /// Seconds since 1970, as Python's `time.time()`.
    pub unix: f64,
}

/// What happened so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Most of them open at a time.
    pub peak: usize,
    /// Turned away: the game was full.
    pub full: u64,
    /// Closed by us: they did not read what they were sent.
    pub slow_readers: u64,
    /// Left with `quit`.
    pub quits: u64,
    /// Left without.
    pub hang_ups: u64,
    /// Lines taken as commands.
    pub commands: u64,
    /// Of these, not known.
    pub unknown: u64,
    /// GMCP messages.
    pub gmcp: u64,
    /// Accounts made.
    pub accounts: u64,
    /// Logins that worked.
    pub logins: u64,
    /// Logins with an unknown name or a wrong password.
    pub wrong_logins: u64,
    /// Logins, new accounts, connections and commands that met a limit.
    pub limited: u64,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
}
