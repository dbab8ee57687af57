//! Cuts a stream of bytes into text and telnet commands, wherever it was cut into chunks: the state that a
//! chunk ends in is kept. Text and whole subnegotiations are slices of the input; only a subnegotiation
//! that is cut by the end of a chunk or holds an escaped `IAC` is copied, up to a limit.
//! Source: RFC 854 and 855.

use super::code::{IAC, SB, SE, WILL};
use memchr::memchr;
use std::borrow::Cow;

/// A piece of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Data, with `IAC IAC` as one byte; never empty.
    Text(&'a [u8]),
    /// Two bytes: `IAC` and this.
    Command(u8),
    /// `WILL`, `WONT`, `DO` or `DONT`, and the option.
    Negotiation(u8, u8),
    /// The option, and what stood up to `IAC SE`, with `IAC IAC` as one byte.
    Subnegotiation(u8, Cow<'a, [u8]>),
    /// A subnegotiation of this option was longer than the limit, or a command stood in it.
    BadSubnegotiation(u8),
}

/// Where in the grammar the last chunk ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `IAC`.
    Command,
    /// After `IAC WILL` and the like.
    Negotiation(u8),
    /// After `IAC SB`.
    Option,
    /// In the data of this option.
    Data(u8),
    /// In the data of this option, after `IAC`.
    DataCommand(u8),
}

/// The state between two chunks.
#[derive(Debug, Default)]
pub(super) struct Parser {
    state: State,
    data: Data,
}

/// What there is of an unfinished subnegotiation.
#[derive(Debug)]
enum Data {
    /// Empty, and without memory of its own, outside of one.
    Kept(Vec<u8>),
    /// More than the limit.
    Overlong,
}

impl Default for Data {
    fn default() -> Data {
        Data::Kept(Vec::new())
    }
}

impl Parser {
    /// The next piece of `input`, which is shortened by it. `None`: all is used up. A subnegotiation of more
    /// than `limit` bytes is told but not kept.
    #[inline]
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8], limit: usize) -> Option<Token<'a>> {
        if self.state == State::Text {
            let text = *input;
            let len = memchr(IAC, text).unwrap_or(text.len());
            if len > 0 {
                *input = &text[len..];
                return Some(Token::Text(&text[..len]));
            }
        }
        self.next_command(input, limit)
    }

    fn next_command<'a>(&mut self, input: &mut &'a [u8], limit: usize) -> Option<Token<'a>> {
        loop {
            let (&byte, rest) = input.split_first()?;
            match self.state {
                // Only with an `IAC` in front: `next` has taken the text.
                State::Text => {
                    *input = rest;
                    self.state = State::Command;
                }
                State::Command => {
                    *input = rest;
                    self.state = State::Text;
                    match byte {
                        IAC => return Some(Token::Text(&[IAC])),
                        SB => self.state = State::Option,
                        WILL.. => self.state = State::Negotiation(byte),
                        _ => return Some(Token::Command(byte)),
                    }
                }
                State::Negotiation(verb) => {
                    *input = rest;
                    self.state = State::Text;
                    return Some(Token::Negotiation(verb, byte));
                }
                State::Option => {
                    // `IAC SB IAC`: no option has this number; the command counts.
                    *input = rest;
                    if byte == IAC {
                        return Some(self.broken(byte));
                    }
                    if let Some(len) = whole(rest).filter(|&len| len <= limit) {
                        *input = &rest[len + 2..];
                        self.state = State::Text;
                        return Some(Token::Subnegotiation(byte, Cow::Borrowed(&rest[..len])));
                    }
                    self.state = State::Data(byte);
                }
                State::Data(option) => {
                    let len = memchr(IAC, input).unwrap_or(input.len());
                    let (data, rest) = input.split_at(len);
                    self.keep(data, limit);
                    *input = rest;
                    if !rest.is_empty() {
                        *input = &rest[1..];
                        self.state = State::DataCommand(option);
                    }
                }
                State::DataCommand(option) => match byte {
                    IAC => {
                        *input = rest;
                        self.state = State::Data(option);
                        self.keep(&[IAC], limit);
                    }
                    SE => {
                        *input = rest;
                        self.state = State::Text;
                        return Some(match std::mem::take(&mut self.data) {
                            Data::Kept(data) => Token::Subnegotiation(option, Cow::Owned(data)),
                            Data::Overlong => Token::BadSubnegotiation(option),
                        });
                    }
                    _ => return Some(self.broken(option)),
                },
            }
        }
    }

    /// A command inside a subnegotiation: its end was lost, so it ends here and the command counts.
    fn broken(&mut self, option: u8) -> Token<'static> {
        self.data = Data::default();
        self.state = State::Command;
        Token::BadSubnegotiation(option)
    }

    fn keep(&mut self, data: &[u8], limit: usize) {
        let Data::Kept(kept) = &mut self.data else { return };
        if kept.len() + data.len() > limit {
            self.data = Data::Overlong;
        } else {
            kept.extend_from_slice(data);
        }
    }
}

/// The length of a subnegotiation's data, if its end is in the same chunk and no `IAC` is in it.
fn whole(rest: &[u8]) -> Option<usize> {
    let len = memchr(IAC, rest)?;
    (rest.get(len + 1) == Some(&SE)).then_some(len)
}
