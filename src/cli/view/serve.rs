//! A server for one page on the loopback interface, which tells the page when the profile has changed.
//!
//! Only this machine reaches it, and it answers only to its own name: a web page elsewhere whose name resolves to
//! 127.0.0.1 (DNS rebinding) sends another Host and gets nothing.

use crate::cli::Failure;
use crate::cli::output::Output;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often the profile is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How long a browser may take to ask or to read.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a page that waits for changes hears that the server is still there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
const MOST_HEAD: u64 = 16 * 1024;
const MOST_CONNECTIONS: usize = 64;

/// What browsers get.
#[derive(Default)]
struct Served {
    page: Arc<Vec<u8>>,
    /// Counts the pages.
    version: u64,
    /// Why the last change gave no page.
    problem: Option<String>,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    served: Mutex<Served>,
    changed: Condvar,
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Served)) {
        change(&mut self.served.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

/// A server that is bound and not yet running.
pub(super) struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
    port: u16,
}

impl Server {
    /// Binds a port of the loopback interface; 0 is any that is free.
    pub(super) fn bind(port: u16) -> Result<Server, Failure> {
        let failure = |error: &io::Error| {
            let text = crate::system_text::system_text(error);
            Failure::usage(format!("cannot serve on port {port} of 127.0.0.1: {text}"))
                .hint(Some("--serve without a port takes a free one"))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| failure(&error))?;
        listener.set_nonblocking(true).map_err(|error| failure(&error))?;
        let port = listener.local_addr().map_err(|error| failure(&error))?.port();
        Ok(Server {
            listener,
            shared: Arc::default(),
            port,
        })
    }

    /// What to open.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Serves until `stop`. `look` is asked again and again for another page: `None` while nothing has changed.
    pub(super) fn run(
        &self,
        page: Vec<u8>,
        stop: &AtomicBool,
        output: &mut Output,
        mut look: impl FnMut(&mut Output) -> Option<Result<Vec<u8>, String>>,
    ) -> Result<(), Failure> {
        self.shared.change(|served| served.page = Arc::new(page));
        let connections = Arc::new(AtomicUsize::new(0));
        while !stop.load(Ordering::Relaxed) {
            if self.wait()? {
                self.accept(&connections);
                continue;
            }
            match look(output) {
                None => {}
                Some(Ok(page)) => self.shared.change(|served| {
                    served.page = Arc::new(page);
                    served.version += 1;
                    served.problem = None;
                }),
                Some(Err(problem)) => self.shared.change(|served| served.problem = Some(problem)),
            }
        }
        self.shared.change(|served| served.is_over = true);
        Ok(())
    }

    /// Waits for a browser until it is time to look at the profile again.
    fn wait(&self) -> Result<bool, Failure> {
        let timeout = PollTimeout::try_from(LOOK).expect("a third of a second");
        let mut sockets = [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sockets, timeout) {
            Ok(ready) => Ok(ready > 0),
            // Ctrl-C.
            Err(nix::errno::Errno::EINTR) => Ok(false),
            Err(error) => Err(Failure::usage(format!(
                "cannot wait for browsers: {}",
                error.desc()
            ))),
        }
    }

    fn accept(&self, connections: &Arc<AtomicUsize>) {
        // A browser that is gone again is no failure.
        let Ok((stream, _)) = self.listener.accept() else {
            return;
        };
        if connections.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            return;
        }
        connections.fetch_add(1, Ordering::Relaxed);
        let (shared, open, port) = (Arc::clone(&self.shared), Arc::clone(connections), self.port);
        std::thread::spawn(move || {
            // The browser sees for itself that it gets no answer.
            let _ = answer(&stream, &shared, port);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn answer(mut stream: &TcpStream, shared: &Shared, port: u16) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = Request::read(BufReader::new(stream.take(MOST_HEAD)))?;
    let Some(request) = request else {
        return refuse(stream, "400 Bad Request");
    };
    if !request.is_for(port) {
        return refuse(stream, "421 Misdirected Request");
    }
    match (&*request.method, &*request.path) {
        ("GET" | "HEAD", "/") => {
            let page = {
                let served = shared.served.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(&served.page)
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n{COMMON}\r\n",
                page.len()
            );
            stream.write_all(head.as_bytes())?;
            if request.method == "GET" {
                stream.write_all(&page)?;
            }
            Ok(())
        }
        ("GET", "/changes") => tell_changes(stream, shared),
        ("GET" | "HEAD", _) => refuse(stream, "404 Not Found"),
        _ => refuse(stream, "405 Method Not Allowed\r\nAllow: GET, HEAD"),
    }
}

const COMMON: &str = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
     Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n";

fn refuse(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n{COMMON}\r\n")
}

/// Server-sent events: `changed` when there is another page, `problem` with a text in JSON when there is none.
/// Source: WHATWG HTML, section 9.2.
fn tell_changes(mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{COMMON}\r\n"
    )?;
    let mut served = shared.served.lock().unwrap_or_else(PoisonError::into_inner);
    let version = served.version;
    let mut told = None;
    loop {
        if served.is_over {
            return Ok(());
        }
        let event = if served.version != version {
            "event: changed\ndata:\n\n".to_owned()
        } else if served.problem != told {
            told.clone_from(&served.problem);
            let problem = serde_json::to_string(told.as_deref().unwrap_or_default())?;
            format!("event: problem\ndata: {problem}\n\n")
        } else {
            ":\n\n".to_owned()
        };
        drop(served);
        stream.write_all(event.as_bytes())?;
        let again = shared.served.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same =
            |served: &mut Served| !served.is_over && served.version == version && served.problem == told;
        let waited = shared.changed.wait_timeout_while(again, SIGN_OF_LIFE, is_same);
        served = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// The first line and the host of a request.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    method: String,
    path: String,
    host: Option<String>,
}

impl Request {
    /// `None` if it is no request, or none that ends within the limit.
    fn read(reader: impl io::BufRead) -> io::Result<Option<Request>> {
        let mut lines = Vec::new();
        let mut reader = reader;
        loop {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let Some((first, fields)) = lines.split_first() else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Ok(None);
        };
        if !version.starts_with("HTTP/1.") {
            return Ok(None);
        }
        let mut hosts = fields.iter().filter_map(|field| {
            let (name, value) = field.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim().to_owned())
        });
        let host = hosts.next();
        if hosts.next().is_some() {
            return Ok(None);
        }
        Ok(Some(Request {
            method: method.to_owned(),
            path: target.split('?').next().unwrap_or_default().to_owned(),
            host,
        }))
    }

    /// Does it ask for this server by a name of its own?
    fn is_for(&self, port: u16) -> bool {
        let own = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        self.host
            .as_ref()
            .is_some_and(|host| own.contains(&host.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Option<Request> {
        Request::read(text.as_bytes()).expect("text can be read")
    }

    #[test]
    fn only_requests_for_its_own_name_are_answered() {
        let is_for = |host: &str| {
            let head = format!("GET / HTTP/1.1\r\n{host}\r\n\r\n");
            request(&head).is_some_and(|request| request.is_for(4000))
        };
        assert!(is_for("Host: 127.0.0.1:4000"));
        assert!(is_for("host:localhost:4000"));
        assert!(!is_for("Host: 127.0.0.1"));
        assert!(!is_for("Host: 127.0.0.1:4001"));
        assert!(!is_for("Host: evil.example:4000"));
        assert!(!is_for("X: 127.0.0.1:4000"));
        assert!(!is_for("Host: 127.0.0.1:4000\r\nHost: evil.example"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(request(""), None);
        assert_eq!(request("\r\n\r\n"), None);
        assert_eq!(request("GET /\r\n\r\n"), None);
        assert_eq!(request("GET / HTTP/2\r\n\r\n"), None);
        assert_eq!(request("GET / HTTP/1.1\r\nHost: x"), None, "it does not end");
        let found = request("GET /changes?1 HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
        assert_eq!((&*found.method, &*found.path), ("GET", "/changes"));
    }
}
