//! One client: its telnet end, what it has typed so far, and what it is to be sent.

use super::accounts::Candidate;
use super::limits::{LONGEST_LINE, Rate};
use crate::dummyrunner::telnet::{Deflate, Known, Lines, Settings, Side, Telnet, push_text};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What may wait to be sent to a client before it is dropped.
pub(super) const MOST_WAITING: usize = 256 << 10;
/// Memory that an empty buffer may keep.
const KEPT: usize = 2 << 10;

/// What a client is doing.
#[derive(Debug)]
pub(super) enum State {
    /// Waits for the welcome screen.
    Queued,
    /// At the welcome screen.
    Welcome,
    /// Was asked for the password of this account.
    Password { name: String },
    /// Was asked for the password of a new account of this name.
    NewPassword { name: String },
    /// Was asked whether to make this account.
    Confirm(Candidate),
    /// In the game.
    Playing(Player),
}

/// Someone in the game. Where they are and what they own is the world's to know.
#[derive(Clone, Debug)]
pub(super) struct Player {
    pub(super) name: Arc<str>,
    pub(super) since: Duration,
    pub(super) last_command: Duration,
    pub(super) description: Option<Box<str>>,
    pub(super) has_prompt: bool,
    pub(super) hears_channel: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) telnet: Telnet,
    pub(super) lines: Lines,
    pub(super) state: State,
    pub(super) address: IpAddr,
    pub(super) rate: Rate,
    /// The client can show colours, as far as we know.
    pub(super) has_color: bool,
    /// Goes to the socket as it is.
    pub(super) wire: Vec<u8>,
    /// What the game said and is yet to be delayed or compressed; unused when there is neither.
    pub(super) said: Vec<u8>,
    /// Bytes that wait for their time.
    pub(super) delayed: usize,
    pub(super) is_delayed: bool,
    pub(super) deflate: Option<Box<Deflate>>,
    /// Closed once all is sent; what it types counts no more.
    pub(super) is_closing: bool,
    /// Did not read what it was sent: closed at once.
    pub(super) is_slow: bool,
    /// Stands in the list of sessions with something to send.
    pub(super) is_listed: bool,
    /// The number of the connection.
    pub(super) birth: u64,
}

impl Session {
    pub(super) fn new(settings: Arc<Settings>, address: IpAddr, is_delayed: bool) -> Session {
        Session {
            telnet: Telnet::new(settings),
            lines: Lines::new(LONGEST_LINE),
            state: State::Queued,
            address,
            rate: Rate::default(),
            has_color: true,
            wire: Vec::new(),
            said: Vec::new(),
            delayed: 0,
            is_delayed,
            deflate: None,
            is_closing: false,
            is_slow: false,
            is_listed: false,
            birth: 0,
        }
    }

    pub(super) fn player(&self) -> Option<&Player> {
        match &self.state {
            State::Playing(player) => Some(player),
            _ => None,
        }
    }

    pub(super) fn player_mut(&mut self) -> Option<&mut Player> {
        match &mut self.state {
            State::Playing(player) => Some(player),
            _ => None,
        }
    }

    /// Where the game writes.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        if self.is_delayed || self.deflate.is_some() {
            &mut self.said
        } else {
            &mut self.wire
        }
    }

    /// A message of the game, which is text in our own line ends without the last one. Colours in it are
    /// ended; the message is marked as telnet wants it.
    pub(super) fn say(&mut self, text: &str) {
        let has_color = self.has_color;
        let out = self.out();
        let from = out.len();
        push_text(out, text.as_bytes());
        if has_color {
            out.extend_from_slice(b"\x1b[0m");
        } else {
            strip_colors(out, from);
        }
        out.extend_from_slice(b"\r\n");
        self.end_message();
    }

    /// A question that is answered on the same line.
    pub(super) fn ask(&mut self, text: &str) {
        push_text(self.out(), text.as_bytes());
        self.end_message();
    }

    /// `password` off the screen: whoever says to echo and then does not, hides.
    pub(super) fn hide_typing(&mut self, hide: bool) {
        let mut bytes = Vec::new();
        self.telnet.wish(Side::Us, Known::Echo, hide, &mut bytes);
        self.out().extend_from_slice(&bytes);
    }

    fn end_message(&mut self) {
        // Not through `out`: the telnet end is borrowed as well.
        let out = match self.is_delayed || self.deflate.is_some() {
            true => &mut self.said,
            false => &mut self.wire,
        };
        self.telnet.push_end_of_message(out);
    }

    /// Puts bytes in front of the socket, compressed if that was agreed.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        match &mut self.deflate {
            Some(deflate) => deflate.push(bytes, &mut self.wire),
            None => self.wire.extend_from_slice(bytes),
        }
    }

    /// Begins or ends compression, in front of the socket.
    pub(super) fn compress(&mut self, on: bool) {
        if on && self.deflate.is_none() {
            self.deflate = Some(Box::new(Deflate::start(&mut self.wire)));
        } else if let Some(mut deflate) = self.deflate.take_if(|_| !on) {
            // What was said before comes first.
            if !self.is_delayed {
                deflate.push(&std::mem::take(&mut self.said), &mut self.wire);
            }
            deflate.finish(&mut self.wire);
        }
    }

    /// Bytes that wait in memory.
    pub(super) fn waiting(&self) -> usize {
        self.wire.len() + self.said.len() + self.delayed
    }

    /// All but `sent` bytes still wait for the socket.
    pub(super) fn sent(&mut self, sent: usize) {
        self.wire.drain(..sent);
        if self.wire.is_empty() {
            self.wire.shrink_to(KEPT);
        }
    }

    /// Nothing waits to be sent, and nothing will.
    pub(super) fn is_done(&self) -> bool {
        self.is_slow || self.is_closing && self.waiting() == 0
    }
}

/// Takes colours out of what we wrote ourselves: `ESC [` up to `m`.
fn strip_colors(out: &mut Vec<u8>, from: usize) {
    let plain = crate::dummyrunner::telnet::without_escapes(&out[from..]).into_owned();
    out.truncate(from);
    out.extend_from_slice(&plain);
}
