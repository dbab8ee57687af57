//! The process of a session: how it starts, what its code prints, and its end.

use super::channel::{Channel, Link, leave_open, timeout};
use super::protocol::{Error, Message, Reader};
use crate::keeper::{self, Guard};
use crate::timeit::session::Printed;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much is kept of what the code prints.
const KEPT: usize = 4096;
/// The exit code of a worker that cannot use its channel any more; workers hold the same.
const CUT_OFF: i32 = 121;
/// How long a process may take to end by itself once it is told to.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a worker may leave a request unread: one that waits for it reads at once.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take once it is interrupted.
pub(in crate::timeit) const INTERRUPT_PATIENCE: Duration = Duration::from_millis(500);

/// What there was to hear.
#[derive(Debug)]
pub(in crate::timeit) enum Heard {
    Message(Message),
    /// Nothing until now.
    Nothing,
    /// The channel is closed: the process has ended, or its code closed what it did not open.
    End,
    /// It does not speak the protocol.
    Noise(Error),
}

/// A process in a group of its own. No process of the group survives this value.
#[derive(Debug)]
pub(in crate::timeit) struct Process {
    /// The process and its group; 0 for one that is being forked.
    group: Pid,
    channel: Option<Channel>,
    reader: Reader,
    output: Option<PipeReader>,
    printed: Tail,
    status: Option<WaitStatus>,
    /// Kills the group if prof is killed.
    guard: Option<Guard>,
}

/// The end of what is printed.
#[derive(Debug, Default)]
struct Tail {
    end: VecDeque<u8>,
    total: u64,
}

impl Process {
    /// Starts the command with a channel; what it prints on standard output and error is kept here.
    pub(in crate::timeit) fn start(mut command: Command, link: Link) -> io::Result<Process> {
        // Without it sessions work as well.
        let _ = keeper::start();
        let (output, printed) = io::pipe()?;
        command
            .stdout(Stdio::from(OwnedFd::from(printed.try_clone()?)))
            .stderr(Stdio::from(OwnedFd::from(printed)))
            .process_group(0);
        let (channel, theirs) = match link {
            Link::Input => {
                let (channel, theirs) = Channel::socket()?;
                command.stdin(Stdio::from(theirs));
                (channel, None)
            }
            Link::Files => {
                let (requests, ours) = io::pipe()?;
                let (answers, theirs) = io::pipe()?;
                command.stdin(Stdio::null());
                leave_open(&mut command, [requests.as_raw_fd(), theirs.as_raw_fd()]);
                (
                    Channel::new(answers.into(), ours.into())?,
                    Some((requests, theirs)),
                )
            }
        };
        let child = command.spawn()?;
        drop(theirs);
        let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        Ok(Process {
            group,
            channel: Some(channel),
            reader: Reader::default(),
            output: Some(output),
            printed: Tail::default(),
            status: None,
            guard: Some(keeper::guard(group)),
        })
    }

    /// A process that this one is about to fork: it waits for descriptors. [`Process::is_now`] must follow.
    pub(in crate::timeit) fn forked(&mut self) -> io::Result<Process> {
        // One without a parent becomes our child: only so is it known how it ends.
        nix::sys::prctl::set_child_subreaper(true)?;
        let (channel, theirs) = Channel::socket()?;
        let (output, printed) = io::pipe()?;
        let to = self.channel.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        // One at a time: Python 2.7 receives no two.
        for descriptor in [theirs.as_raw_fd(), printed.as_raw_fd()] {
            sendmsg::<()>(
                to.writes.as_raw_fd(),
                &[io::IoSlice::new(b"f")],
                &[ControlMessage::ScmRights(&[descriptor])],
                MsgFlags::empty(),
                None,
            )?;
        }
        Ok(Process {
            group: Pid::from_raw(0),
            channel: Some(channel),
            reader: Reader::default(),
            output: Some(output),
            printed: Tail::default(),
            status: None,
            guard: None,
        })
    }

    /// The process that was forked has this number, and leads a group of its own.
    pub(in crate::timeit) fn is_now(&mut self, number: i32) {
        self.group = Pid::from_raw(number);
        self.guard = Some(keeper::guard(self.group));
    }

    /// Sends bytes; a process that is gone is noticed when its answer is awaited.
    pub(in crate::timeit) fn send(&mut self, bytes: &[u8]) {
        let until = Instant::now() + SEND_PATIENCE;
        let mut rest = bytes;
        while let (Some(channel), false) = (&mut self.channel, rest.is_empty()) {
            match channel.write(rest, until) {
                Ok(count) => rest = &rest[count..],
                Err(_) => self.channel = None,
            }
        }
    }

    /// Waits for a message, at most until then. Returns early with nothing when a signal came.
    pub(in crate::timeit) fn hear(&mut self, until: Instant) -> Heard {
        loop {
            match self.reader.next() {
                Ok(Some(message)) => return Heard::Message(message),
                Ok(None) => {}
                Err(error) => return Heard::Noise(error),
            }
            let Some(channel) = &self.channel else {
                return Heard::End;
            };
            let mut ready = [
                PollFd::new(channel.reads.as_fd(), PollFlags::POLLIN),
                // Any second place does once the output is closed.
                PollFd::new(
                    self.output
                        .as_ref()
                        .map_or(channel.reads.as_fd(), |output| output.as_fd()),
                    PollFlags::POLLIN,
                ),
            ];
            match poll(&mut ready, timeout(until)) {
                Err(Errno::EINTR) | Ok(0) => return Heard::Nothing,
                Err(_) => return Heard::End,
                Ok(_) => {}
            }
            let [has_message, has_output] = ready.map(|place| place.any().unwrap_or(true));
            if has_output && self.output.is_some() {
                self.read_output();
            }
            if has_message && !self.read_channel() {
                self.channel = None;
                return Heard::End;
            }
            if Instant::now() >= until && !has_message {
                return Heard::Nothing;
            }
        }
    }

    fn read_channel(&mut self) -> bool {
        let mut buffer = [0; 65536];
        let Some(channel) = &mut self.channel else {
            return false;
        };
        match channel.reads.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.reader.feed(&buffer[..count]);
                true
            }
            Err(error) => matches!(
                error.kind(),
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
            ),
        }
    }

    fn read_output(&mut self) {
        let mut buffer = [0; 65536];
        let Some(output) = &mut self.output else { return };
        match output.read(&mut buffer) {
            Ok(count) if count > 0 => self.printed.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => self.output = None,
        }
    }

    /// Asks the code to stop, as Ctrl-C in a terminal would.
    pub(in crate::timeit) fn interrupt(&self) {
        // It may have ended by now.
        let _ = killpg(self.group, Signal::SIGINT);
    }

    /// Closes the channel, waits for the process, and kills it and all that is left of its group when it takes
    /// too long. Returns how it ended, and what it printed.
    pub(in crate::timeit) fn end(&mut self, patience: Duration) -> (Option<WaitStatus>, Printed) {
        self.channel = None;
        if self.group.as_raw() == 0 {
            return (self.status, self.printed.take());
        }
        let until = Instant::now() + patience;
        while self.status.is_none() && !self.has_ended() && Instant::now() < until {
            self.wait_output(until.min(Instant::now() + Duration::from_millis(2)));
        }
        if self.status.is_none() {
            let ended = self.has_ended();
            // The leader is not reaped yet, so the group cannot be another's.
            let _ = killpg(self.group, Signal::SIGKILL);
            let status = reap(self.group);
            self.status = status.filter(|_| ended);
        }
        while self.output.is_some() && self.wait_output(Instant::now()) {}
        (self.status, self.printed.take())
    }

    /// Ends it in order: how, if it did by itself, and what it printed.
    pub(in crate::timeit) fn finish(&mut self) -> (Option<WaitStatus>, Printed) {
        self.end(PATIENCE)
    }

    /// Reads output if there is some until then. Was there some?
    fn wait_output(&mut self, until: Instant) -> bool {
        let Some(output) = &self.output else {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            return false;
        };
        let mut ready = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        let some = poll(&mut ready, timeout(until)).is_ok_and(|count| count > 0);
        if some {
            self.read_output();
        }
        some
    }

    fn has_ended(&self) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        !matches!(waitid(Id::Pid(self.group), flags), Ok(WaitStatus::StillAlive))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let bytes = &bytes[bytes.len().saturating_sub(KEPT)..];
        let room = KEPT - bytes.len();
        let over = self.end.len().saturating_sub(room);
        self.end.drain(..over);
        self.end.extend(bytes);
    }

    fn take(&mut self) -> Printed {
        let end = std::mem::take(&mut self.end).into();
        Printed {
            end,
            total: std::mem::take(&mut self.total),
        }
    }
}

/// Waits for the end of a process that ends.
fn reap(process: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(process, None) {
            Err(Errno::EINTR) => {}
            found => return found.ok(),
        }
    }
}

/// An end in words; `crash` is what crashes of the program itself may come from.
pub(in crate::timeit) fn words(status: Option<WaitStatus>, crash: &str) -> String {
    match status {
        Some(WaitStatus::Exited(_, CUT_OFF)) | None => "its code closed the channel to prof".to_owned(),
        Some(WaitStatus::Exited(_, code)) => format!("exit code {code}"),
        Some(WaitStatus::Signaled(_, signal, _)) => {
            let name = match signal {
                Signal::SIGSEGV => format!(": a segmentation fault{crash}"),
                Signal::SIGABRT => format!(": an abort{crash}"),
                Signal::SIGKILL => ": perhaps by the system, for want of memory".to_owned(),
                _ => String::new(),
            };
            format!("killed by signal {} ({signal}{name})", signal as i32)
        }
        Some(status) => format!("{status:?}"),
    }
}
