//! A reactor's channel to the helper of a settings file: what its dummies ask goes out once in a turn.

use super::super::dummy::Dummy;
use super::super::settings::Printed;
use super::super::settings::protocol::{Line, Reader};
use super::Message;
use super::reactor::Reactor;
use mio::net::UnixStream;
use mio::{Interest, Token};
use std::io::{self, Read as _, Write as _};

/// Nobody waits for an answer that is asked for ahead: so long, in nanoseconds, it may be held back. A message to
/// another process costs more than all that is in it.
const HELD: u64 = 10_000_000;

/// One end of it.
#[derive(Debug)]
pub(super) struct Channel {
    stream: UnixStream,
    reader: Reader,
    /// What did not go out yet.
    out: Vec<u8>,
    printed: Printed,
}

impl Channel {
    fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        let result = loop {
            if sent == self.out.len() {
                break Ok(());
            }
            match self.stream.write(&self.out[sent..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It is busy; the poll tells when it has read some.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.out.drain(..sent);
        result
    }
}

impl Reactor {
    /// Its dummies get their commands through this channel.
    pub(super) fn ask_through(
        &mut self,
        channel: std::os::unix::net::UnixStream,
        printed: Printed,
    ) -> io::Result<()> {
        channel.set_nonblocking(true)?;
        let mut stream = UnixStream::from_std(channel);
        let token = self.helper_token();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, interest)?;
        self.helper = Some(Channel {
            stream,
            reader: Reader::default(),
            out: Vec::new(),
            printed,
        });
        Ok(())
    }

    /// Behind dummies, orders and the alarm.
    pub(super) fn helper_token(&self) -> Token {
        Token(self.slots.len() + 2)
    }

    /// Sends what dummies have asked: at once if one of them waits for it, else together with what others ask soon.
    pub(super) fn ask(&mut self, now: u64) {
        if self.shared.asks.is_empty() {
            return;
        }
        if !std::mem::take(&mut self.shared.is_urgent) {
            let until = *self.hold_asks.get_or_insert(now + HELD);
            if now < until {
                return;
            }
        }
        self.hold_asks = None;
        if let Some(helper) = &mut self.helper {
            helper.out.append(&mut self.shared.asks);
            if helper.flush().is_err() {
                self.lose_helper();
            }
        }
        self.shared.asks.clear();
    }

    /// Answers came, or there is room for more to ask.
    pub(super) fn hear(&mut self, is_writable: bool) {
        let mut answers = Vec::new();
        let (mut works, mut is_hopeless) = (true, false);
        let Some(helper) = &mut self.helper else {
            return;
        };
        if is_writable {
            works = helper.flush().is_ok();
        }
        while works {
            match helper.stream.read(&mut self.buffer) {
                Ok(0) => works = false,
                Ok(count) => {
                    let mut noise = false;
                    works = helper.reader.feed(&self.buffer[..count], |line| match line {
                        Line::Answer { dummy, ask, result } => answers.push((dummy, ask, result)),
                        Line::Note(text) => helper.printed.tell(&text),
                        Line::Hopeless => is_hopeless = true,
                        Line::Noise(_) => noise = true,
                    });
                    works &= !noise;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => works = false,
            }
        }
        for (dummy, ask, result) in answers {
            // Any number may stand there; only those of this thread's dummies are asked for.
            let Some(at) = (dummy as usize).checked_sub(self.index) else {
                continue;
            };
            if at.is_multiple_of(self.count) && at / self.count < self.slots.len() {
                let id = (at / self.count) as u32;
                self.act(id, |dummy, world| dummy.answered(world, ask, result));
            }
        }
        if is_hopeless {
            self.give_up_functions();
        }
        if !works {
            self.lose_helper();
        }
    }

    fn lose_helper(&mut self) {
        self.helper = None;
        self.shared.is_helper_gone = true;
        self.all(Dummy::helper_ended);
        self.give_up_functions();
    }

    fn give_up_functions(&self) {
        // Nobody listens only if the run was given up.
        let _ = self.sender.send(Message::NoFunctions);
    }
}
