//! MCCP2: what a server sends as one zlib stream, which may begin in the middle of a chunk and end again.
//! Source: <https://tintin.mudhalla.net/protocols/mccp/>.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a piece of a compressed stream gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inflated {
    /// More may come of this input, or there is none left.
    Going,
    /// The stream ended; what is left of the input is plain.
    Ended,
    /// No zlib stream.
    Corrupt,
}

/// Reads a compressed stream. It takes some 50 KB, whatever the stream claims.
#[derive(Debug)]
pub(super) struct Inflate(Decompress);

impl Inflate {
    pub(super) fn new() -> Inflate {
        Inflate(Decompress::new(true))
    }

    /// Takes from `input`, which is shortened by it, and fills `out` from its start. Returns how much of it
    /// is filled; nothing and [`Inflated::Going`] when all of `input` is used up.
    pub(super) fn step(&mut self, input: &mut &[u8], out: &mut [u8]) -> (usize, Inflated) {
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, out, FlushDecompress::None);
        // Neither can be more than what was given.
        let used = usize::try_from(self.0.total_in() - read).unwrap_or(input.len());
        let filled = usize::try_from(self.0.total_out() - written).unwrap_or(out.len());
        *input = input.get(used..).unwrap_or_default();
        let inflated = match status {
            Ok(Status::StreamEnd) => Inflated::Ended,
            Ok(Status::Ok | Status::BufError) => Inflated::Going,
            Err(_) => Inflated::Corrupt,
        };
        (filled.min(out.len()), inflated)
    }
}

/// Writes a compressed stream.
#[derive(Debug)]
pub struct Deflate(Compress);

impl Deflate {
    /// Tells the client in `out` that the stream begins.
    #[must_use]
    pub fn start(out: &mut Vec<u8>) -> Deflate {
        super::push_subnegotiation(out, super::code::COMPRESS2, &[]);
        Deflate(Compress::new(Compression::fast(), true))
    }

    /// Appends `plain` to `out`, compressed, so that the client can read all of it at once.
    pub fn push(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        self.run(plain, out, FlushCompress::Sync);
    }

    /// Ends the stream: what is sent after it is plain.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.run(&[], out, FlushCompress::Finish);
    }

    fn run(&mut self, mut plain: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
        loop {
            // Room for the input and the marks of a flush; more is asked for when that is not enough.
            out.reserve(plain.len() / 2 + 64);
            let (read, written) = (self.0.total_in(), self.0.total_out());
            // Only a misuse of the interface is an error here, and there is nothing to undo.
            let Ok(status) = self.0.compress_vec(plain, out, flush) else {
                return;
            };
            let used = usize::try_from(self.0.total_in() - read).unwrap_or(plain.len());
            plain = plain.get(used..).unwrap_or_default();
            let still = self.0.total_out() == written;
            if status == Status::StreamEnd || plain.is_empty() && (still || out.len() < out.capacity()) {
                return;
            }
        }
    }
}
