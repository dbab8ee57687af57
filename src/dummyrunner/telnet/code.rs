//! Numbers of the telnet protocol. Sources: RFC 854, 855, 857, 858, 860, 885, 1073, 1091, 2066; for what
//! only games use, <https://tintin.mudhalla.net/protocols/> (MCCP, MSSP, MSDP, GMCP, MTTS).

/// Begins every command; twice in a row it is the byte 255 itself.
pub const IAC: u8 = 255;
/// Asks the peer to stop an option, or refuses its offer.
pub const DONT: u8 = 254;
/// Asks the peer for an option, or accepts its offer.
pub const DO: u8 = 253;
/// Refuses or stops an option of one's own.
pub const WONT: u8 = 252;
/// Offers an option of one's own, or agrees to it.
pub const WILL: u8 = 251;
/// Begins a subnegotiation.
pub const SB: u8 = 250;
/// Go ahead: the end of a message or a prompt.
pub const GA: u8 = 249;
/// Are you there?
pub const AYT: u8 = 246;
/// Interrupt the process.
pub const IP: u8 = 244;
/// Nothing; keeps a connection alive.
pub const NOP: u8 = 241;
/// Ends a subnegotiation.
pub const SE: u8 = 240;
/// End of record: the end of a message or a prompt, once option `END_OF_RECORD` is agreed.
pub const EOR: u8 = 239;

/// Eight-bit data (RFC 856).
pub const BINARY: u8 = 0;
/// Who echoes what is typed (RFC 857); a server that begins to asks for a password.
pub const ECHO: u8 = 1;
/// No `GA` after a message (RFC 858).
pub const SUPPRESS_GO_AHEAD: u8 = 3;
/// A mark that comes back when all before it was handled (RFC 860).
pub const TIMING_MARK: u8 = 6;
/// The terminal's name (RFC 1091), and by MTTS what it can do.
pub const TERMINAL_TYPE: u8 = 24;
/// `EOR` after a message (RFC 885).
pub const END_OF_RECORD: u8 = 25;
/// Columns and rows (RFC 1073).
pub const WINDOW_SIZE: u8 = 31;
/// Editing at the client (RFC 1184).
pub const LINEMODE: u8 = 34;
/// Variables of the client's environment (RFC 1572).
pub const NEW_ENVIRON: u8 = 39;
/// The encoding of text (RFC 2066).
pub const CHARSET: u8 = 42;
/// Mud server data protocol: variables out of band.
pub const MSDP: u8 = 69;
/// Mud server status protocol: what a crawler lists.
pub const MSSP: u8 = 70;
/// Compression of what the server sends, version 2.
pub const COMPRESS2: u8 = 86;
/// Markup in text.
pub const MXP: u8 = 91;
/// Generic mud communication protocol: a package name and JSON out of band.
pub const GMCP: u8 = 201;

/// First byte of a `TERMINAL_TYPE` subnegotiation: this is it.
pub const TERMINAL_TYPE_IS: u8 = 0;
/// First byte of a `TERMINAL_TYPE` subnegotiation: tell the next.
pub const TERMINAL_TYPE_SEND: u8 = 1;
/// First byte of a `CHARSET` subnegotiation: names to choose from.
pub const CHARSET_REQUEST: u8 = 1;
/// First byte of a `CHARSET` subnegotiation: the name chosen.
pub const CHARSET_ACCEPTED: u8 = 2;
/// First byte of a `CHARSET` subnegotiation: none of them.
pub const CHARSET_REJECTED: u8 = 3;
/// In `MSSP` and `MSDP`: a name follows.
pub const VARIABLE: u8 = 1;
/// In `MSSP` and `MSDP`: a value follows.
pub const VALUE: u8 = 2;
