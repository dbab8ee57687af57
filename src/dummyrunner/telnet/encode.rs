//! What goes on the wire: commands, texts, probes and out-of-band messages as bytes.
//!
//! All append to a buffer of the caller, so that a command and the probe behind it go out in one write.

use super::code::{self, IAC, SB, SE};
use memchr::{memchr, memchr3};

/// A line that a player types: `IAC` doubled, `CR LF` behind it. A line break inside would make two
/// commands of it; it is sent as a space.
pub fn push_command(out: &mut Vec<u8>, line: &[u8]) {
    let mut rest = line;
    while let Some(at) = memchr3(b'\r', b'\n', IAC, rest) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            IAC => out.extend_from_slice(&[IAC, IAC]),
            _ => out.push(b' '),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\r\n");
}

/// Text that a server shows: `IAC` doubled, `LF` alone as `CR LF`, `CR` alone as `CR NUL`.
pub fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = memchr3(b'\r', b'\n', IAC, rest) {
        out.extend_from_slice(&rest[..at]);
        let mut used = at + 1;
        match rest[at] {
            IAC => out.extend_from_slice(&[IAC, IAC]),
            b'\n' => out.extend_from_slice(b"\r\n"),
            _ if rest.get(at + 1) == Some(&b'\n') => {
                out.extend_from_slice(b"\r\n");
                used += 1;
            }
            _ => out.extend_from_slice(b"\r\0"),
        }
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
}

/// `IAC SB`, the option, its data with `IAC` doubled, `IAC SE`.
pub fn push_subnegotiation(out: &mut Vec<u8>, option: u8, data: &[&[u8]]) {
    out.extend_from_slice(&[IAC, SB, option]);
    for part in data {
        let mut rest = *part;
        while let Some(at) = memchr(IAC, rest) {
            out.extend_from_slice(&rest[..=at]);
            out.push(IAC);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
    }
    out.extend_from_slice(&[IAC, SE]);
}

/// A GMCP message: the package, and its JSON if there is any.
pub fn push_gmcp(out: &mut Vec<u8>, package: &str, json: &str) {
    if json.is_empty() {
        push_subnegotiation(out, code::GMCP, &[package.as_bytes()]);
    } else {
        push_subnegotiation(out, code::GMCP, &[package.as_bytes(), b" ", json.as_bytes()]);
    }
}

/// Evennia's echo over GMCP; [`echo_answer`] is the text that it answers with. A tag of letters and digits
/// comes back as it is.
pub fn push_gmcp_echo(out: &mut Vec<u8>, tag: &str) {
    push_subnegotiation(out, code::GMCP, &[b"Core.Echo \"", tag.as_bytes(), b"\""]);
}

/// The text in which the tag of [`push_gmcp_echo`] comes back.
#[must_use]
pub fn echo_answer(tag: &str) -> String {
    format!("Echo returns: ['{tag}'], {{}}")
}

/// Asks for a `Core.Ping` back. It has no tag.
pub fn push_gmcp_ping(out: &mut Vec<u8>) {
    push_gmcp(out, "Core.Ping", "");
}

/// Asks for a timing mark; the peer answers [`TimingMark`](super::Event::TimingMark), whether it knows the
/// option or not.
pub fn push_timing_mark(out: &mut Vec<u8>) {
    out.extend_from_slice(&[IAC, code::DO, code::TIMING_MARK]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(push: impl Fn(&mut Vec<u8>), expected: &[u8]) {
        let mut out = b"before".to_vec();
        push(&mut out);
        assert_eq!(out, [b"before", expected].concat());
    }

    #[test]
    fn a_command_is_one_line_whatever_is_in_it() {
        check(|out| push_command(out, b"look"), b"look\r\n");
        check(|out| push_command(out, b""), b"\r\n");
        check(
            |out| push_command(out, b"say \xff\xff!"),
            b"say \xff\xff\xff\xff!\r\n",
        );
        check(|out| push_command(out, b"say a\r\nquit\n"), b"say a  quit \r\n");
    }

    #[test]
    fn text_has_network_line_ends() {
        check(|out| push_text(out, b"a\nb\r\nc\rd\r"), b"a\r\nb\r\nc\r\0d\r\0");
        check(|out| push_text(out, b"\xff\n"), b"\xff\xff\r\n");
        check(|out| push_text(out, b""), b"");
    }

    #[test]
    fn messages_out_of_band_escape_their_data() {
        check(
            |out| push_subnegotiation(out, 31, &[&[0, 255, 255], &[24]]),
            b"\xff\xfa\x1f\x00\xff\xff\xff\xff\x18\xff\xf0",
        );
        check(|out| push_gmcp(out, "A.B", "{}"), b"\xff\xfa\xc9A.B {}\xff\xf0");
        check(push_gmcp_ping, b"\xff\xfa\xc9Core.Ping\xff\xf0");
        check(
            |out| push_gmcp_echo(out, "t1"),
            b"\xff\xfa\xc9Core.Echo \"t1\"\xff\xf0",
        );
        check(push_timing_mark, b"\xff\xfd\x06");
    }
}
