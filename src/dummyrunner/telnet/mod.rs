//! Telnet as games speak it, for both ends: bytes in, events and answers out; no sockets, no clock.
//!
//! [`Telnet`] cuts a stream into text and commands, wherever it was cut into chunks, and answers what
//! telnet itself has to; [`Lines`] makes lines of the text, [`Pattern`] looks for tags in them, and the
//! `push_` functions write what is sent. What is true of all of it: any bytes may come, in chunks of any
//! size; memory is bounded, and so is what is answered.

pub mod code;
mod compression;
mod encode;
mod endpoint;
mod event;
mod lines;
mod negotiate;
mod options;
mod parse;
mod pattern;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod utf8;

pub use compression::Deflate;
pub use encode::{
    echo_answer, push_command, push_gmcp, push_gmcp_echo, push_gmcp_ping, push_subnegotiation, push_text,
    push_timing_mark,
};
pub use endpoint::Telnet;
pub use event::{Event, mssp_pairs};
pub use lines::{Line, Lines};
pub use negotiate::Side;
pub use options::{Client, Known, Set, Settings};
pub use pattern::{Pattern, PatternError, without_escapes};
pub use utf8::Utf8;
