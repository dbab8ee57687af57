//! The sockets of the game, in one thread.

use super::game::Game;
use super::{Counts, Now, Options};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);
/// Read from a client at a time.
const READ: usize = 64 << 10;
/// Handed to the game at a time, so that the answers to it stay far below what makes a client too slow.
const PIECE: usize = 128;
/// Answers that may wait to be sent before a client's input has to wait, too.
const BUSY: usize = 64 << 10;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// Until we try again where the system had no descriptor for a connection.
const RETRY: Duration = Duration::from_millis(20);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// Where it should listen.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// Ends a server that runs in another thread.
#[derive(Clone, Debug)]
pub struct Stop {
    is_asked: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

impl Stop {
    /// Asks the server to end. It tells everyone, and ends soon after, but not in the middle of a stall.
    pub fn stop(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
        // Where this fails the server wakes up with the next event.
        let _ = self.waker.wake();
    }
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// What was read and waits for the answers before it to be sent.
    unhandled: Vec<u8>,
}

/// The demo game server, listening.
#[derive(Debug)]
pub struct Server {
    options: Options,
    game: Game,
    poll: Poll,
    listener: TcpListener,
    address: SocketAddr,
    connections: Vec<Option<Connection>>,
    stop: Stop,
    start: Instant,
    next_stall: Option<Duration>,
    /// Nanoseconds of work that were slept too little, or below 0 too much.
    owed: i64,
    /// Sessions that may have more to read although no event says so.
    unread: Vec<u32>,
    /// When to accept again after the system had no descriptor.
    retry: Option<Duration>,
}

impl Server {
    /// Listens; nobody is served before [`run`](Server::run).
    ///
    /// # Errors
    /// The address is in use, or not ours.
    pub fn bind(options: Options) -> Result<Server, BindError> {
        let failed = |source| BindError {
            address: options.address,
            source,
        };
        let (listener, poll) = listen(options.address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(failed)?;
        Ok(Server {
            game: Game::new(&options),
            next_stall: options.stall.map(|stall| stall.every),
            options,
            poll,
            listener,
            address,
            connections: Vec::new(),
            stop: Stop {
                is_asked: Arc::new(AtomicBool::new(false)),
                waker: Arc::new(waker),
            },
            start: Instant::now(),
            owed: 0,
            unread: Vec::new(),
            retry: None,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends it from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Serves until it is asked to stop; returns what happened.
    ///
    /// # Errors
    /// The system does not tell of events any more. What goes wrong with one connection ends only that.
    pub fn run(mut self) -> io::Result<Counts> {
        self.start = Instant::now();
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; READ];
        let mut listed = Vec::new();
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.stall();
            if self.stop.is_asked.load(Ordering::Relaxed) {
                break;
            }
            for id in std::mem::take(&mut self.unread) {
                self.read(id, &mut buffer);
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    WAKER => {}
                    Token(id) => {
                        let id = id as u32;
                        if event.is_writable() {
                            self.write(id);
                        }
                        if event.is_readable() || event.is_error() {
                            self.read(id, &mut buffer);
                        }
                        // The end comes after the data, and no other event tells of it.
                        if event.is_read_closed() {
                            self.unread.push(id);
                        }
                    }
                }
            }
            if self.retry.is_some_and(|at| at <= self.now().running) {
                self.accept();
            }
            self.game.tick(self.now());
            self.game.take_listed(&mut listed);
            for id in listed.drain(..) {
                self.write(id);
            }
        }
        self.game.end(self.now());
        self.game.take_listed(&mut listed);
        for id in listed.drain(..) {
            self.write(id);
        }
        Ok(self.game.counts().clone())
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            running: self.start.elapsed(),
            unix: unix.as_secs_f64(),
        }
    }

    /// Until the next thing that no socket tells of; `None` where there is none.
    fn timeout(&self) -> Option<Duration> {
        if !self.unread.is_empty() {
            return Some(Duration::ZERO);
        }
        let due = [self.game.next_due(), self.next_stall, self.retry];
        let due = due.into_iter().flatten().min()?;
        Some(due.saturating_sub(self.start.elapsed()))
    }

    /// Freezes if it is time, wherever that happens to be in the work.
    fn stall(&mut self) {
        let (Some(stall), Some(at)) = (self.options.stall, self.next_stall) else {
            return;
        };
        let now = self.start.elapsed();
        if now >= at {
            std::thread::sleep(stall.pause);
            // Not those that a pause longer than its period would have swallowed.
            let mut next = at + stall.every;
            while next <= self.start.elapsed() {
                next += stall.every.max(Duration::from_millis(1));
            }
            self.next_stall = Some(next);
        }
    }

    /// Takes the time that commands cost. Waking up late is made up for by the next ones.
    fn work(&mut self, commands: u64) {
        // A long queue must not keep us from ending.
        if self.stop.is_asked.load(Ordering::Relaxed) {
            return;
        }
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let cost = nanos(self.options.work).saturating_mul(i64::try_from(commands).unwrap_or(i64::MAX));
        let owed = self.owed.saturating_add(cost);
        let start = Instant::now();
        if let Ok(time @ 1..) = u64::try_from(owed) {
            std::thread::sleep(Duration::from_nanos(time));
        }
        self.owed = owed.saturating_sub(nanos(start.elapsed()));
    }

    fn accept(&mut self) {
        self.retry = None;
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The peer was gone before we came.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                    ) => {}
                // No descriptor or memory: the rest waits in the kernel, and no event will tell of it.
                Err(_) => {
                    self.retry = Some(self.start.elapsed() + RETRY);
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, mut stream: TcpStream, peer: SocketAddr) {
        // Without it an answer may wait 40 ms; a stream that cannot have it still works.
        let _ = stream.set_nodelay(true);
        let now = self.now();
        let id = self.game.connect(peer.ip(), now);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self
            .poll
            .registry()
            .register(&mut stream, Token(id as usize), interest)
            .is_err()
        {
            self.game.forget(id, now);
            return;
        }
        let place = id as usize;
        if self.connections.len() <= place {
            self.connections.resize_with(place + 1, || None);
        }
        self.connections[place] = Some(Connection {
            stream,
            unhandled: Vec::new(),
        });
    }

    /// Handles what waits, then reads once. A full buffer means that there may be more, which waits until
    /// others had their turn.
    fn read(&mut self, id: u32, buffer: &mut [u8]) {
        let Some(connection) = self.connection(id) else {
            return;
        };
        let waiting = std::mem::take(&mut connection.unhandled);
        if !waiting.is_empty() && !self.handle(id, &waiting) {
            return;
        }
        let Some(connection) = self.connection(id) else {
            return;
        };
        match connection.stream.read(buffer) {
            // It sends no more, but may still read what it is to be sent.
            Ok(0) => self.game.hang_up(id, self.now()),
            Ok(len) => {
                if self.handle(id, &buffer[..len]) && len == buffer.len() {
                    self.unread.push(id);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => self.unread.push(id),
            Err(_) => self.forget(id),
        }
    }

    /// Hands bytes to the game until too many answers wait to be sent; the rest is kept, and `false` is
    /// returned. So a client that sends much and reads little is slowed down as TCP would do it.
    fn handle(&mut self, id: u32, bytes: &[u8]) -> bool {
        let now = self.now();
        let mut rest = bytes;
        while let Some((piece, after)) = rest
            .split_at_checked(PIECE.min(rest.len()))
            .filter(|_| !rest.is_empty())
        {
            if self.game.waiting(id) > BUSY {
                self.write(id);
            }
            if self.game.waiting(id) > BUSY {
                if let Some(connection) = self.connection(id) {
                    connection.unhandled = rest.into();
                }
                return false;
            }
            let commands = self.game.counts().commands;
            self.game.receive(id, piece, now);
            let commands = self.game.counts().commands - commands;
            if commands > 0 && !self.options.work.is_zero() {
                self.work(commands);
                // Its answer does not wait for the work of others.
                self.write(id);
            }
            rest = after;
        }
        true
    }

    fn connection(&mut self, id: u32) -> Option<&mut Connection> {
        self.connections.get_mut(id as usize)?.as_mut()
    }

    fn write(&mut self, id: u32) {
        let Some(connection) = self.connections.get_mut(id as usize).and_then(Option::as_mut) else {
            return;
        };
        while !self.game.output(id).is_empty() {
            match connection.stream.write(self.game.output(id)) {
                Ok(0) => break,
                Ok(sent) => self.game.sent(id, sent),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.forget(id),
            }
        }
        if !connection.unhandled.is_empty() && self.game.waiting(id) <= BUSY {
            self.unread.push(id);
        }
        if self.game.is_done(id) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u32) {
        if let Some(mut connection) = self.connections.get_mut(id as usize).and_then(Option::take) {
            // Dropping it closes it all the same.
            let _ = self.poll.registry().deregister(&mut connection.stream);
            let now = self.now();
            self.game.forget(id, now);
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, Poll)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let mut listener = TcpListener::from_std(socket.into());
    let poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    Ok((listener, poll))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Shutdown;

    /// What the server says to these bytes until it closes, whole.
    fn talk(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        let mut client = std::net::TcpStream::connect(address).expect("it listens");
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a socket");
        client.write_all(bytes).expect("it reads");
        client.shutdown(Shutdown::Write).expect("a socket");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("it closes");
        answer
    }

    #[test]
    fn it_serves_on_loopback_until_it_is_stopped() {
        let server = Server::bind(Options::default()).expect("a free port");
        let (address, stop) = (server.address(), server.stop_handle());
        let taken = Server::bind(Options {
            address,
            ..Options::default()
        });
        let message = taken.expect_err("the port is in use").to_string();
        assert!(
            message.starts_with(&format!("cannot listen on {address}: ")),
            "{message}"
        );
        let thread = std::thread::spawn(move || server.run());
        // More than one read holds, from a client that sends no more; all of it is answered.
        let help = b"help limits\r\n".repeat(10_000);
        let reader = std::net::TcpStream::connect(address).expect("it listens");
        let mut writer = reader.try_clone().expect("a socket");
        let total = std::thread::spawn(move || {
            let (mut reader, mut answer) = (reader, Vec::new());
            reader.read_to_end(&mut answer).expect("it closes");
            answer
        });
        writer
            .write_all(b"create Ada secret\r\nyes\r\nconnect Ada secret\r\n")
            .expect("it reads");
        for part in help.chunks(1300) {
            writer.write_all(part).expect("it reads");
        }
        writer.shutdown(Shutdown::Write).expect("a socket");
        let answer = String::from_utf8_lossy(&total.join().expect("no panic")).into_owned();
        assert_eq!(answer.matches("server's memory stays as it is").count(), 10_000);
        let answer = talk(address, b"connect Ada secret\nwho\nquit\n");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains("1 in the game, 1 connected."), "{answer}");
        assert!(answer.contains("Quitting."), "{answer}");
        // One who is there at the end is told so.
        let mut last = std::net::TcpStream::connect(address).expect("it listens");
        last.set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a socket");
        let mut first = [0; 10];
        last.read_exact(&mut first).expect("a welcome");
        stop.stop();
        let mut answer = Vec::new();
        last.read_to_end(&mut answer).expect("it closes");
        assert!(
            answer.ends_with(b"The game ends.\x1b[0m\r\n\xff\xf9"),
            "{}",
            answer.escape_ascii()
        );
        let counts = thread.join().expect("no panic").expect("events");
        assert_eq!((counts.connections, counts.logins, counts.quits), (3, 2, 1));
        assert_eq!((counts.hang_ups, counts.slow_readers, counts.unknown), (1, 0, 0));
    }
}
