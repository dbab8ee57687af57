//! Simulated players on a telnet game server, and a small game server to try them on.

pub mod demo;
pub mod telnet;
