//! The helper's process: its channels, what it prints, and its end.

use crate::keeper::{self, Guard};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// `receive.py` takes what is sent first; then the channel is `s`, the pieces are `t`, and `g` has what the first defines.
const BOOTSTRAP: &str = concat!(
    include_str!("../../python/receive.py"),
    "eval(compile(t[1],'<prof>','exec',0,True),g)\ng['main'](s,t[2])\n"
);
const LOAD: &str = include_str!("load.py");
const HELPER: &str = include_str!("helper.py");

/// All that is shown of what a file prints in a run.
const MOST_SHOWN: usize = 16 << 10;
/// What is kept of the end of it, should the helper die.
const KEPT: usize = 2 << 10;
/// How long the helper may take to end by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A helper in a process group of its own. No process of the group survives this value, nor `prof`.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Pid,
    control: Option<UnixStream>,
    heard: Vec<u8>,
    printed: Printed,
    reader: Option<JoinHandle<()>>,
    status: Option<ExitStatus>,
    _guard: Guard,
}

/// What the file's own code printed, as it comes.
#[derive(Clone, Debug, Default)]
pub struct Printed(Arc<Mutex<Text>>);

#[derive(Debug, Default)]
struct Text {
    new: Vec<u8>,
    shown: usize,
    left_out: u64,
    end: VecDeque<u8>,
}

impl Printed {
    fn text(&self) -> std::sync::MutexGuard<'_, Text> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a text of the helper itself, whatever else was printed.
    pub(crate) fn tell(&self, note: &[u8]) {
        self.text().new.extend_from_slice(note);
    }

    fn push(&self, bytes: &[u8]) {
        let mut text = self.text();
        let room = MOST_SHOWN.saturating_sub(text.shown).min(bytes.len());
        text.shown += room;
        text.new.extend_from_slice(&bytes[..room]);
        text.left_out += (bytes.len() - room) as u64;
        text.end.extend(&bytes[bytes.len().saturating_sub(KEPT)..]);
        let over = text.end.len().saturating_sub(KEPT);
        text.end.drain(..over);
    }

    /// What was not taken yet: whole lines, or, with `all`, also the beginning of one. Not for a terminal as it is.
    #[must_use]
    pub fn take(&self, all: bool) -> Vec<u8> {
        let mut text = self.text();
        let end = match all {
            true => text.new.len(),
            false => memchr::memrchr(b'\n', &text.new).map_or(0, |at| at + 1),
        };
        let rest = text.new.split_off(end);
        std::mem::replace(&mut text.new, rest)
    }

    /// What was left out, if anything was.
    #[must_use]
    pub fn left_out_note(&self) -> Option<String> {
        let count = self.text().left_out;
        (count > 0).then(|| format!("({count} bytes more that the settings file printed are left out)\n"))
    }

    /// The last line that says something.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        let text = self.text();
        let end: Vec<u8> = text.end.iter().copied().collect();
        let end = String::from_utf8_lossy(&end);
        end.lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .map(str::to_owned)
    }
}

impl Process {
    /// Starts the interpreter, with one end of each of so many channels, and what the helper has to know.
    pub(super) fn start(
        python: &Path,
        channels: usize,
        config: impl FnOnce(&[i32]) -> String,
    ) -> io::Result<(Process, Vec<UnixStream>)> {
        // Without it helpers work as well.
        let _ = keeper::start();
        let (control, theirs) = UnixStream::pair()?;
        let (output, printed) = io::pipe()?;
        let mut ours = Vec::with_capacity(channels);
        let mut inherited = Vec::with_capacity(channels);
        for _ in 0..channels {
            let (near, far) = UnixStream::pair()?;
            fcntl(&far, FcntlArg::F_SETFD(FdFlag::empty()))?;
            ours.push(near);
            inherited.push(far);
        }
        let mut command = Command::new(python);
        command
            .args(["-u", "-c", BOOTSTRAP])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(printed.try_clone()?)))
            .stderr(Stdio::from(OwnedFd::from(printed)))
            .process_group(0);
        let child = command.spawn()?;
        drop(command);
        let numbers: Vec<i32> = inherited.iter().map(AsRawFd::as_raw_fd).collect();
        drop(inherited);
        let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let printed = Printed::default();
        let mut process = Process {
            child,
            group,
            control: Some(control),
            heard: Vec::new(),
            printed: printed.clone(),
            reader: None,
            status: None,
            _guard: keeper::guard(group),
        };
        process.reader = Some(
            std::thread::Builder::new()
                .name("settings".into())
                .spawn(move || drain(output, &printed))?,
        );
        let config = config(&numbers);
        process.send(&format!(
            "{} {} {}\n{LOAD}{HELPER}{config}",
            LOAD.len(),
            HELPER.len(),
            config.len()
        ));
        Ok((process, ours))
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn printed(&self) -> &Printed {
        &self.printed
    }

    /// Sends to the control channel; a helper that is gone is noticed when its answer is awaited.
    pub(super) fn send(&mut self, text: &str) {
        if let Some(control) = &mut self.control
            && control
                .set_write_timeout(Some(PATIENCE))
                .and_then(|()| control.write_all(text.as_bytes()))
                .is_err()
        {
            self.control = None;
        }
    }

    /// A line from the control channel; `Ok(None)`: it took longer than this.
    ///
    /// # Errors
    /// The channel is closed.
    pub(super) fn hear(&mut self, patience: Duration) -> io::Result<Option<String>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.heard) {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            let control = self.control.as_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            control.set_read_timeout(Some(left))?;
            let mut buffer = [0; 16 << 10];
            match control.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.heard.extend_from_slice(&buffer[..count]),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Ok(None),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    /// Closes the channel, waits, and kills what is left of the group. `None`: it did not end by itself.
    pub(super) fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.control = None;
        let until = Instant::now() + patience;
        let mut ended = self.has_ended();
        while !ended && Instant::now() < until {
            std::thread::sleep(LOOK_EVERY);
            ended = self.has_ended();
        }
        // The leader is not reaped yet, so the group cannot be another's.
        let _ = killpg(self.group, Signal::SIGKILL);
        self.status = self.child.wait().ok();
        let until = Instant::now() + PATIENCE / 4;
        // Something that left the group may hold the pipe for ever.
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) && Instant::now() < until {
            std::thread::sleep(LOOK_EVERY);
        }
        self.status.filter(|_| ended)
    }

    fn has_ended(&self) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        !matches!(waitid(Id::Pid(self.group), flags), Ok(WaitStatus::StillAlive))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.end(Duration::ZERO);
        }
    }
}

fn drain(mut output: PipeReader, printed: &Printed) {
    let mut buffer = [0; 16 << 10];
    loop {
        match output.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => printed.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// An end in words.
pub(super) fn words(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "it closed its channel to prof".into();
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or("", Signal::as_str);
            format!("it was killed by signal {signal} ({name})")
        }
        (None, None) => "it ended".into(),
    }
}
