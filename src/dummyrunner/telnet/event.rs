//! What a stream of bytes tells.

use super::negotiate::Side;
use super::options::Known;

/// What the peer sent. Slices live as long as the call that tells the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Text as it came: line ends are [`Lines`](super::Lines)' business, and one text may come in several
    /// pieces, cut anywhere.
    Text(&'a [u8]),
    /// `GA`: a message or a prompt ends here.
    GoAhead,
    /// `EOR`: the same.
    EndOfRecord,
    /// The peer asks whether we are there; only a server need answer, with some text.
    AreYouThere,
    /// Any other command without an option: `NOP`, `IP`, `BRK` and so on, by its number.
    Command(u8),
    /// An option is now in use, or no more.
    Option {
        /// Who uses it.
        side: Side,
        /// Which.
        option: Known,
        /// In use.
        on: bool,
    },
    /// The answer to our request for a timing mark; any answer is a mark.
    TimingMark,
    /// A GMCP message: its package, and the text behind it, which should be JSON.
    Gmcp {
        /// Such as `Core.Ping`.
        package: &'a [u8],
        /// Empty where there is none.
        json: &'a [u8],
    },
    /// The name of the client's terminal, of the client itself, or what it can do (`MTTS n`).
    TerminalType(&'a [u8]),
    /// The size of the client's window.
    WindowSize {
        /// Characters in a line.
        columns: u16,
        /// Lines.
        rows: u16,
    },
    /// The encoding that both agreed on; `None`: the peer takes none that we proposed.
    Charset(Option<&'a [u8]>),
    /// Data of an agreed option that we do not read ourselves, such as `MSSP` or `MSDP`.
    Subnegotiation {
        /// Which.
        option: u8,
        /// With `IAC IAC` as one byte.
        data: &'a [u8],
    },
    /// A subnegotiation that was too long, or cut off by another command. Nothing of it is told.
    BadSubnegotiation {
        /// Which.
        option: u8,
    },
    /// What follows is compressed, or no more.
    Compressed(bool),
    /// The compressed stream is damaged. All that follows is lost; the connection is of no more use.
    CorruptStream,
}

/// The pairs of an `MSSP` subnegotiation: name and value; a name with several values comes several times.
pub fn mssp_pairs(data: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    use super::code::{VALUE, VARIABLE};
    data.split(|&byte| byte == VARIABLE).skip(1).flat_map(|variable| {
        let mut parts = variable.split(|&byte| byte == VALUE);
        let name = parts.next().unwrap_or_default();
        parts.map(move |value| (name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mssp_lists_names_with_their_values() {
        let check = |data: &[u8], expected: &[(&[u8], &[u8])]| {
            assert_eq!(mssp_pairs(data).collect::<Vec<_>>(), expected);
        };
        check(
            b"\x01NAME\x02Demo\x01PORT\x0223\x024000",
            &[(b"NAME", b"Demo"), (b"PORT", b"23"), (b"PORT", b"4000")],
        );
        check(b"", &[]);
        check(b"junk\x01ONLY\x01A\x02", &[(b"A", b"")]);
    }
}
