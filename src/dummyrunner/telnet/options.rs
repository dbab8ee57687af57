//! The options that we can use, sets of them, and what a client or a server makes of them.

use super::code;
use super::negotiate::Side;

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $code:path,)*) => {
        /// An option that we can use; all others are refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Known { $($(#[$doc])* $name,)* }

        impl Known {
            /// All of them.
            pub const ALL: [Known; Known::COUNT] = [$(Known::$name,)*];
            pub(super) const COUNT: usize = [$(stringify!($name),)*].len();

            /// Its number in the protocol.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Known::$name => $code,)* }
            }

            /// The option with this number.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Known> {
                match code { $($code => Some(Known::$name),)* _ => None }
            }
        }
    };
}

known! {
    /// Eight-bit data.
    Binary = code::BINARY,
    /// Who echoes what is typed.
    Echo = code::ECHO,
    /// No `GA` after messages.
    SuppressGoAhead = code::SUPPRESS_GO_AHEAD,
    /// The terminal's name.
    TerminalType = code::TERMINAL_TYPE,
    /// `EOR` after messages.
    EndOfRecord = code::END_OF_RECORD,
    /// Columns and rows.
    WindowSize = code::WINDOW_SIZE,
    /// The encoding of text.
    Charset = code::CHARSET,
    /// Variables out of band.
    Msdp = code::MSDP,
    /// What a crawler lists.
    Mssp = code::MSSP,
    /// Compression of what the server sends.
    Compress2 = code::COMPRESS2,
    /// A package name and JSON out of band.
    Gmcp = code::GMCP,
}

/// A set of options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set(u16);

impl Set {
    /// No option.
    pub const NONE: Set = Set(0);

    /// These options.
    #[must_use]
    pub fn of(options: &[Known]) -> Set {
        options.iter().fold(Set::NONE, |set, &option| set.with(option))
    }

    /// The set and this option.
    #[must_use]
    pub const fn with(self, option: Known) -> Set {
        Set(self.0 | 1 << option as u16)
    }

    /// The set but this option.
    #[must_use]
    pub const fn without(self, option: Known) -> Set {
        Set(self.0 & !(1 << option as u16))
    }

    /// Is it in the set?
    #[must_use]
    pub const fn has(self, option: Known) -> bool {
        self.0 & 1 << option as u16 != 0
    }

    /// Its options, in the order of [`Known`].
    pub fn iter(self) -> impl Iterator<Item = Known> {
        Known::ALL.into_iter().filter(move |&option| self.has(option))
    }
}

/// What a client looks like to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Refuses all options and sends nothing unasked.
    Raw,
    /// Answers nothing at all, as Evennia's own Dummyrunner, but what it is told to accept or refuse.
    Evennia,
    /// Agrees to what Mudlet agrees to, and says who it is over GMCP. Never MXP.
    Mudlet,
}

/// How one end of a connection behaves. Many connections share one.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What we may use when the peer asks.
    pub us: Set,
    /// What the peer may use when it offers.
    pub them: Set,
    /// What is refused, even by a client that answers nothing else.
    pub refused: Set,
    /// Are offers and requests that stand in none of the sets left without an answer?
    pub silent: bool,
    /// Names told one after the other when asked for the terminal's; the last is told twice.
    pub terminal_types: Vec<String>,
    /// Is a request for a timing mark answered with a mark? Else it is refused, which marks as well.
    pub marks_time: bool,
    /// Columns and rows.
    pub window: (u16, u16),
    /// Packages and their JSON, told once GMCP is agreed.
    pub gmcp: Vec<(String, String)>,
    /// Once the peer agrees to tell its terminal's names: ask for them, until one comes twice.
    pub ask_terminal_types: bool,
    /// Once the peer agrees to speak of encodings: propose UTF-8.
    pub ask_charset: bool,
    /// The longest subnegotiation that is kept, in bytes.
    pub subnegotiation_limit: usize,
}

impl Settings {
    /// A client of this kind.
    #[must_use]
    pub fn client(client: Client) -> Settings {
        let mut settings = Settings {
            us: Set::NONE,
            them: Set::NONE,
            refused: Set::NONE,
            silent: client == Client::Evennia,
            terminal_types: Vec::new(),
            marks_time: false,
            window: (80, 24),
            gmcp: Vec::new(),
            ask_terminal_types: false,
            ask_charset: false,
            // Maps and inventories of large games fill some ten KiB.
            subnegotiation_limit: 256 << 10,
        };
        if client == Client::Mudlet {
            use Known::{
                Charset, Compress2, Echo, EndOfRecord, Gmcp, Mssp, SuppressGoAhead, TerminalType, WindowSize,
            };
            settings.us = Set::of(&[SuppressGoAhead, TerminalType, WindowSize, Charset]);
            settings.them = Set::of(&[Echo, SuppressGoAhead, EndOfRecord, Charset, Mssp, Compress2, Gmcp]);
            settings.marks_time = true;
            // 301: ANSI, UTF-8, 256 colours, palette, true colour.
            settings.terminal_types = ["MUDLET", "ANSI-TRUECOLOR", "MTTS 301"].map(str::to_owned).into();
            settings.gmcp = [
                ("Core.Hello", r#"{ "client": "Mudlet", "version": "4.19.1" }"#),
                (
                    "Core.Supports.Set",
                    r#"[ "Char 1", "Char.Skills 1", "Char.Items 1", "Room 1", "IRE.Rift 1", "IRE.Composer 1" ]"#,
                ),
            ]
            .map(|(package, json)| (package.to_owned(), json.to_owned()))
            .into();
        }
        settings
    }

    /// A game server: it can do what games do, and asks for names and encodings. What it offers and asks
    /// for is up to whoever holds the [`Telnet`](super::Telnet).
    #[must_use]
    pub fn server() -> Settings {
        use Known::{
            Charset, Compress2, Echo, EndOfRecord, Gmcp, Mssp, SuppressGoAhead, TerminalType, WindowSize,
        };
        Settings {
            us: Set::of(&[Echo, SuppressGoAhead, EndOfRecord, Charset, Mssp, Compress2, Gmcp]),
            them: Set::of(&[SuppressGoAhead, TerminalType, WindowSize, Charset]),
            marks_time: true,
            ask_terminal_types: true,
            ask_charset: true,
            // Clients have little to tell, and there are many of them.
            subnegotiation_limit: 4 << 10,
            ..Settings::client(Client::Raw)
        }
    }

    /// The same, and the peer may use this option.
    #[must_use]
    pub fn accepting(mut self, option: Known) -> Settings {
        self.them = self.them.with(option);
        self.refused = self.refused.without(option);
        self
    }

    /// The same, but an offer of this option or a request for it is refused, by a silent client too.
    /// Evennia ends each message with `GA` for a client that refuses [`Known::SuppressGoAhead`].
    #[must_use]
    pub fn refusing(mut self, option: Known) -> Settings {
        self.refused = self.refused.with(option);
        self
    }

    /// What is wanted on this side.
    pub(super) fn wanted(&self, side: Side) -> Set {
        match side {
            Side::Us => self.us,
            Side::Them => self.them,
        }
    }
}
