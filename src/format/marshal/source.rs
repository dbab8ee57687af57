//! The bytes of a marshal reader: a buffer of fixed size that knows its place in the input.

use super::Error;
use std::io::Read;

/// Bytes from a reader, through a buffer of fixed size.
pub(super) struct Source<R> {
    input: R,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// The offset of `buffer[0]` in the input.
    base: u64,
    /// Did the last reading find the end of the input?
    ended: bool,
    /// A value that is longer than the buffer.
    long: Vec<u8>,
}

const BUFFER: usize = 64 * 1024;

impl<R: Read> Source<R> {
    pub(super) fn new(input: R) -> Source<R> {
        Source {
            input,
            buffer: vec![0; BUFFER].into(),
            at: 0,
            end: 0,
            base: 0,
            ended: false,
            long: Vec::new(),
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Moves what is left to the front and reads more behind it. At the end of the input nothing is added.
    #[cold]
    fn fill(&mut self) -> Result<usize, Error> {
        self.buffer.copy_within(self.at..self.end, 0);
        self.base += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.ended = count == 0;
                    self.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(Error::Io {
                        offset: self.base + self.end as u64,
                        source,
                    });
                }
            }
        }
    }

    #[inline]
    pub(super) fn lookahead(&mut self, wanted: usize) -> Result<&[u8], Error> {
        // Asking again at the end of the input would cost a system call each time.
        while self.end - self.at < wanted && !self.ended {
            self.fill()?;
        }
        Ok(&self.buffer[self.at..self.end])
    }

    #[inline]
    pub(super) fn skip(&mut self, bytes: usize) {
        debug_assert!(
            bytes <= self.end - self.at,
            "only what was looked at can be skipped"
        );
        self.at += bytes;
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<Option<u8>, Error> {
        if self.at == self.end && self.fill()? == 0 {
            return Ok(None);
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(Some(byte))
    }

    #[inline]
    pub(super) fn exact<const N: usize>(&mut self, inside: &'static str) -> Result<[u8; N], Error> {
        while self.end - self.at < N {
            if self.fill()? == 0 {
                return Err(self.truncated(inside));
            }
        }
        let bytes = self.buffer[self.at..self.at + N]
            .try_into()
            .expect("the slice has N bytes");
        self.at += N;
        Ok(bytes)
    }

    pub(super) fn take(&mut self, len: u32, inside: &'static str) -> Result<&[u8], Error> {
        let len = len as usize;
        if len > BUFFER {
            return self.take_long(len, inside);
        }
        while self.end - self.at < len {
            if self.fill()? == 0 {
                return Err(self.truncated(inside));
            }
        }
        self.at += len;
        Ok(&self.buffer[self.at - len..self.at])
    }

    /// A value longer than the buffer, gathered as far as the input really has it.
    fn take_long(&mut self, len: usize, inside: &'static str) -> Result<&[u8], Error> {
        self.long.clear();
        while self.long.len() < len {
            if self.at == self.end && self.fill()? == 0 {
                return Err(self.truncated(inside));
            }
            let part = (self.end - self.at).min(len - self.long.len());
            self.long.extend_from_slice(&self.buffer[self.at..self.at + part]);
            self.at += part;
        }
        Ok(&self.long)
    }

    fn truncated(&self, inside: &'static str) -> Error {
        Error::Truncated {
            offset: self.base + self.end as u64,
            inside,
        }
    }
}
