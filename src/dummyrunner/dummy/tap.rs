//! What is told of single dummies: a dialogue to read, or a trace of everything.

use super::super::metrics::Phase;

/// Something that happened to a dummy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number, from 0.
    pub number: u32,
    /// Nanoseconds since the start.
    pub at: u64,
    /// Commands that it has sent so far.
    pub istep: u32,
    /// Nanoseconds from its connection.
    pub age: u64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It sent a command.
    Sent(Vec<u8>),
    /// A line came, or what there was of one.
    Received(Vec<u8>),
    /// Something of telnet that is no text.
    Telnet(String),
    /// A command was answered: the action's number and the lag in nanoseconds from its intended and actual send.
    Answered {
        /// The action's number; `None`: a command of the login.
        action: Option<u16>,
        /// From the intended send.
        response: u64,
        /// From the actual send.
        service: u64,
    },
    /// It moved on.
    Phase(Phase, Phase),
    /// It asks for the welcome screen again.
    Retry,
    /// Something went wrong.
    Problem(&'static str),
}
