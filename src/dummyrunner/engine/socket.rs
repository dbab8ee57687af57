//! One connection: begun, read, written, without ever waiting.

use super::super::metrics::Problem;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

/// What the server does not read is kept up to here.
const MOST_UNSENT: usize = 256 << 10;

/// A connection, and what could not be sent yet.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) is_made: bool,
    unsent: Vec<u8>,
}

/// What a read gave.
pub(super) enum Got {
    /// So many bytes; `true`: there may be more.
    Bytes(usize, bool),
    /// Nothing for now.
    Nothing,
    /// The end.
    End(Problem),
}

impl Connection {
    /// Begins to connect.
    pub(super) fn begin(target: SocketAddr, source: Option<SocketAddr>) -> io::Result<Connection> {
        let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // Commands are small and must not wait for each other.
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = source {
            // The port is chosen when it connects, so that only pairs of addresses must differ.
            #[cfg(target_os = "linux")]
            nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true)?;
            socket.bind(&source.into())?;
        }
        match socket.connect(&target.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(Connection {
                stream: TcpStream::from_std(socket.into()),
                is_made: false,
                unsent: Vec::new(),
            }),
        }
    }

    /// Is it made? `Ok(false)`: not yet.
    pub(super) fn is_ready(&mut self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => {
                self.is_made = true;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        loop {
            return match self.stream.read(buffer) {
                Ok(0) => Got::End(Problem::Closed),
                // A short read has emptied the socket.
                Ok(count) => Got::Bytes(count, count == buffer.len()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Got::Nothing,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Got::End(Problem::Reset),
            };
        }
    }

    /// Sends, or keeps what the system does not take now.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let sent = if self.unsent.is_empty() && self.is_made {
            self.write(bytes)?
        } else {
            0
        };
        if sent < bytes.len() {
            self.unsent.extend_from_slice(&bytes[sent..]);
        }
        if self.unsent.len() > MOST_UNSENT {
            return Err(Problem::NotReading);
        }
        Ok(())
    }

    /// Sends what was kept.
    pub(super) fn flush(&mut self) -> Result<(), Problem> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        let sent = self.write(&unsent)?;
        if sent < unsent.len() {
            self.unsent = unsent[sent..].to_vec();
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Problem> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Problem::Reset),
            }
        }
        Ok(sent)
    }

    /// Says that no more will come, so that what was sent is read before the end.
    pub(super) fn finish(&mut self) {
        // It may be closed already.
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }
}

/// What a failure to connect is called.
pub(super) fn problem(error: &io::Error) -> Problem {
    match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => Problem::Refused,
        Some(libc::ETIMEDOUT) => Problem::ConnectTimeout,
        Some(libc::EMFILE | libc::ENFILE | libc::EADDRNOTAVAIL | libc::EADDRINUSE) => Problem::NoDescriptors,
        Some(libc::ECONNRESET) => Problem::Reset,
        _ => Problem::ConnectFailed,
    }
}
