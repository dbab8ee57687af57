//! One end of a telnet connection: bytes in, events and answers out. Knows no sockets and no clock.

use super::code::{self, AYT, EOR, GA};
use super::compression::{Inflate, Inflated};
use super::encode::{push_gmcp, push_subnegotiation};
use super::event::Event;
use super::negotiate::{self, Negotiation, Side};
use super::options::{Known, Settings};
use super::parse::{Parser, Token};
use std::sync::Arc;

/// One end of a telnet connection.
///
/// ```
/// use prof::dummyrunner::telnet::{Client, Event, Settings, Telnet};
/// let mut telnet = Telnet::new(Settings::client(Client::Raw).into());
/// let (mut replies, mut text) = (Vec::new(), Vec::new());
/// // The server offers to suppress GA in the middle of a line.
/// telnet.receive(b"Wel\xff\xfb\x03come\xff\xf9", &mut replies, |event| {
///     if let Event::Text(part) = event {
///         text.extend_from_slice(part);
///     }
/// });
/// assert_eq!(text, b"Welcome");
/// assert_eq!(replies, b"\xff\xfe\x03"); // DONT
/// ```
#[derive(Debug)]
pub struct Telnet {
    settings: Arc<Settings>,
    parser: Parser,
    negotiation: Negotiation,
    /// What most connections never need.
    extra: Option<Box<Extra>>,
}

#[derive(Debug, Default)]
struct Extra {
    inflate: Option<Inflate>,
    /// A compressed stream was damaged: nothing after it can be read.
    is_lost: bool,
    /// How many names of our terminal were told.
    terminal_types_told: usize,
    /// How often we asked for the name of the peer's terminal, and what it last was.
    terminal_types_asked: u8,
    last_terminal_type: Vec<u8>,
    is_gmcp_greeted: bool,
    is_charset_asked: bool,
}

/// What we ask of a peer whose terminal has a new name each time; MTTS needs four.
const MOST_TERMINAL_TYPES: u8 = 6;
/// Inflated at a time.
const INFLATED: usize = 16 << 10;

impl Telnet {
    /// An end that has neither sent nor received anything.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Telnet {
        Telnet {
            settings,
            parser: Parser::default(),
            negotiation: Negotiation::default(),
            extra: None,
        }
    }

    /// How it behaves.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Is the option in use?
    #[must_use]
    pub fn is_used(&self, side: Side, option: Known) -> bool {
        self.negotiation.is_used(side, option)
    }

    /// Offers or asks for an option, or ends its use; nothing where it is so already.
    pub fn wish(&mut self, side: Side, option: Known, yes: bool, out: &mut Vec<u8>) {
        self.negotiation.wish(side, option, yes, out);
    }

    /// Marks the end of a message or prompt in the way that was agreed: `EOR`, `GA`, or nothing.
    pub fn push_end_of_message(&self, out: &mut Vec<u8>) {
        if self.is_used(Side::Us, Known::EndOfRecord) {
            out.extend_from_slice(&[code::IAC, EOR]);
        } else if !self.is_used(Side::Us, Known::SuppressGoAhead) {
            out.extend_from_slice(&[code::IAC, GA]);
        }
    }

    /// Takes what the peer sent, cut anywhere. Tells each event; what telnet itself has to answer is
    /// appended to `replies`.
    ///
    /// It answers a message with at most one of about the same size, but for what is told once in a
    /// connection, and it keeps no more than one subnegotiation up to the limit of the settings.
    pub fn receive(&mut self, input: &[u8], replies: &mut Vec<u8>, mut on: impl FnMut(Event<'_>)) {
        let mut rest = input;
        loop {
            if self.extra.as_ref().is_some_and(|extra| extra.is_lost) {
                return;
            }
            if self.is_inflating() {
                self.receive_compressed(&mut rest, replies, &mut on);
            } else {
                self.receive_plain(&mut rest, replies, &mut on);
            }
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Until all is used up or a compressed stream begins.
    #[inline]
    fn receive_plain(&mut self, rest: &mut &[u8], replies: &mut Vec<u8>, on: &mut impl FnMut(Event<'_>)) {
        while let Some(token) = self.parser.next(rest, self.settings.subnegotiation_limit) {
            match token {
                Token::Text(text) => on(Event::Text(text)),
                Token::Command(GA) => on(Event::GoAhead),
                Token::Command(EOR) => on(Event::EndOfRecord),
                token => {
                    if self.obey(token, replies, on) {
                        on(Event::Compressed(true));
                        self.extra().inflate = Some(Inflate::new());
                        return;
                    }
                }
            }
        }
    }

    /// Until all is used up or the compressed stream ends.
    fn receive_compressed(
        &mut self,
        rest: &mut &[u8],
        replies: &mut Vec<u8>,
        on: &mut impl FnMut(Event<'_>),
    ) {
        let mut buffer = [0; INFLATED];
        loop {
            let Some(inflate) = self.extra().inflate.as_mut() else {
                return;
            };
            let left = rest.len();
            let (filled, inflated) = inflate.step(rest, &mut buffer);
            let mut text = &buffer[..filled];
            while let Some(token) = self.parser.next(&mut text, self.settings.subnegotiation_limit) {
                // A stream in the stream is refused.
                self.tell(token, replies, on);
            }
            match inflated {
                Inflated::Going if filled == INFLATED || rest.len() < left && !rest.is_empty() => {}
                Inflated::Going if rest.is_empty() => return,
                Inflated::Ended => {
                    self.extra().inflate = None;
                    on(Event::Compressed(false));
                    return;
                }
                Inflated::Going | Inflated::Corrupt => {
                    let extra = self.extra();
                    (extra.inflate, extra.is_lost) = (None, true);
                    *rest = &[];
                    on(Event::CorruptStream);
                    return;
                }
            }
        }
    }

    fn tell(&mut self, token: Token<'_>, replies: &mut Vec<u8>, on: &mut impl FnMut(Event<'_>)) {
        match token {
            Token::Text(text) => on(Event::Text(text)),
            token => {
                self.obey(token, replies, on);
            }
        }
    }

    /// All but text. Returns whether a compressed stream begins.
    fn obey(&mut self, token: Token<'_>, replies: &mut Vec<u8>, on: &mut impl FnMut(Event<'_>)) -> bool {
        match token {
            Token::Text(_) => {}
            Token::Command(GA) => on(Event::GoAhead),
            Token::Command(EOR) => on(Event::EndOfRecord),
            Token::Command(AYT) => on(Event::AreYouThere),
            Token::Command(code::SE) => {}
            Token::Command(command) => on(Event::Command(command)),
            Token::Negotiation(verb, option) => self.negotiate(verb, option, replies, on),
            Token::BadSubnegotiation(option) => on(Event::BadSubnegotiation { option }),
            Token::Subnegotiation(code::COMPRESS2, _) => {
                return self.is_used(Side::Them, Known::Compress2) && !self.is_inflating();
            }
            Token::Subnegotiation(option, data) => self.subnegotiate(option, &data, replies, on),
        }
        false
    }

    fn negotiate(&mut self, verb: u8, option: u8, replies: &mut Vec<u8>, on: &mut impl FnMut(Event<'_>)) {
        if option == code::TIMING_MARK {
            return self.mark_time(verb, replies, on);
        }
        let settings = Arc::clone(&self.settings);
        let Some(option) = Known::from_code(option) else {
            if !settings.silent {
                negotiate::refuse(verb, option, replies);
            }
            return;
        };
        let answers =
            |side| !settings.silent || settings.refused.has(option) || settings.wanted(side).has(option);
        let welcome = |side| settings.wanted(side).has(option) && !settings.refused.has(option);
        let heard = self.negotiation.receive(verb, option, answers, welcome, replies);
        if let Some((side, on_now)) = heard {
            on(Event::Option {
                side,
                option,
                on: on_now,
            });
            if on_now {
                self.greet(side, option, replies);
            }
        }
    }

    /// A timing mark is no option that is on or off: each request is answered, and no answer is.
    fn mark_time(&self, verb: u8, replies: &mut Vec<u8>, on: &mut impl FnMut(Event<'_>)) {
        match verb {
            code::WILL | code::WONT => on(Event::TimingMark),
            code::DO if !self.settings.silent => {
                negotiate::say(Side::Us, code::TIMING_MARK, self.settings.marks_time, replies);
            }
            _ => {}
        }
    }

    /// What is told as soon as an option is agreed.
    fn greet(&mut self, side: Side, option: Known, replies: &mut Vec<u8>) {
        let settings = Arc::clone(&self.settings);
        match (side, option) {
            (Side::Us, Known::WindowSize) => {
                let (columns, rows) = settings.window;
                let size = [columns.to_be_bytes(), rows.to_be_bytes()].concat();
                push_subnegotiation(replies, code::WINDOW_SIZE, &[&size]);
            }
            (Side::Them, Known::TerminalType) if settings.ask_terminal_types => {
                self.ask_terminal_type(replies);
            }
            (_, Known::Charset) if settings.ask_charset && !self.extra().is_charset_asked => {
                self.extra().is_charset_asked = true;
                push_subnegotiation(replies, code::CHARSET, &[&[code::CHARSET_REQUEST], b";UTF-8"]);
            }
            (_, Known::Gmcp) if !settings.gmcp.is_empty() && !self.extra().is_gmcp_greeted => {
                self.extra().is_gmcp_greeted = true;
                for (package, json) in &settings.gmcp {
                    push_gmcp(replies, package, json);
                }
            }
            _ => {}
        }
    }

    fn subnegotiate(
        &mut self,
        option: u8,
        data: &[u8],
        replies: &mut Vec<u8>,
        on: &mut impl FnMut(Event<'_>),
    ) {
        match (option, data) {
            (code::TERMINAL_TYPE, [code::TERMINAL_TYPE_SEND]) => {
                if self.is_used(Side::Us, Known::TerminalType) {
                    self.tell_terminal_type(replies);
                }
            }
            (code::TERMINAL_TYPE, [code::TERMINAL_TYPE_IS, name @ ..]) => {
                if self.is_used(Side::Them, Known::TerminalType) {
                    on(Event::TerminalType(name));
                    self.hear_terminal_type(name, replies);
                }
            }
            (code::WINDOW_SIZE, &[a, b, c, d]) => on(Event::WindowSize {
                columns: u16::from_be_bytes([a, b]),
                rows: u16::from_be_bytes([c, d]),
            }),
            (code::CHARSET, [code::CHARSET_REQUEST, request @ ..]) => {
                self.choose_charset(request, replies, on);
            }
            (code::CHARSET, [code::CHARSET_ACCEPTED, name @ ..]) => on(Event::Charset(Some(name))),
            (code::CHARSET, [code::CHARSET_REJECTED, ..]) => on(Event::Charset(None)),
            (code::GMCP, data) => {
                let end = data
                    .iter()
                    .position(u8::is_ascii_whitespace)
                    .unwrap_or(data.len());
                let (package, json) = (&data[..end], data[end..].trim_ascii());
                on(Event::Gmcp { package, json });
            }
            (code::TERMINAL_TYPE | code::WINDOW_SIZE | code::CHARSET, _) => {
                on(Event::BadSubnegotiation { option });
            }
            (option, data) => on(Event::Subnegotiation { option, data }),
        }
    }

    /// The next name; the last twice, which says that there is no other, and then from the start again.
    fn tell_terminal_type(&mut self, replies: &mut Vec<u8>) {
        let settings = Arc::clone(&self.settings);
        let names = &settings.terminal_types;
        let told = &mut self.extra().terminal_types_told;
        let name = names
            .get(*told)
            .or(names.last())
            .map_or("UNKNOWN", String::as_str);
        *told = if *told >= names.len() { 0 } else { *told + 1 };
        push_subnegotiation(
            replies,
            code::TERMINAL_TYPE,
            &[&[code::TERMINAL_TYPE_IS], name.as_bytes()],
        );
    }

    fn ask_terminal_type(&mut self, replies: &mut Vec<u8>) {
        let asked = &mut self.extra().terminal_types_asked;
        if *asked < MOST_TERMINAL_TYPES {
            *asked += 1;
            push_subnegotiation(replies, code::TERMINAL_TYPE, &[&[code::TERMINAL_TYPE_SEND]]);
        }
    }

    fn hear_terminal_type(&mut self, name: &[u8], replies: &mut Vec<u8>) {
        let extra = self.extra();
        if extra.terminal_types_asked == 0 || extra.last_terminal_type == name {
            return;
        }
        extra.last_terminal_type = name.into();
        self.ask_terminal_type(replies);
    }

    /// RFC 2066: a separator, then names between separators; perhaps `[TTABLE]` and a version before it.
    fn choose_charset(&mut self, request: &[u8], replies: &mut Vec<u8>, on: &mut impl FnMut(Event<'_>)) {
        if !Side::BOTH.iter().any(|&side| self.is_used(side, Known::Charset)) {
            return;
        }
        let names = match request.strip_prefix(b"[TTABLE]") {
            Some([_version, names @ ..]) => names,
            _ => request,
        };
        let found = names.split_first().and_then(|(separator, names)| {
            names
                .split(|byte| byte == separator)
                .find(|name| name.eq_ignore_ascii_case(b"UTF-8") || name.eq_ignore_ascii_case(b"UTF8"))
        });
        // Where both ask, the server's question counts; the one who asks is the server.
        match found.filter(|_| !self.settings.ask_charset) {
            Some(name) => {
                push_subnegotiation(replies, code::CHARSET, &[&[code::CHARSET_ACCEPTED], name]);
                on(Event::Charset(Some(name)));
            }
            None => push_subnegotiation(replies, code::CHARSET, &[&[code::CHARSET_REJECTED]]),
        }
    }

    fn is_inflating(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.inflate.is_some())
    }

    fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
}
