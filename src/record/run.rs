//! Runs a target with the recorder in it, and hears what it tells.
//!
//! Python imports the recorder from a file in memory of this process, through `/proc`; what the recorder tells comes
//! in another such file. So the program inherits no descriptor, and nothing is written beside the dump. All dumps are
//! written by the program itself: it and they survive the end of this process.

use super::recorder::{self, Options, Surroundings};
use super::status::{self, Event};
use super::target::Program;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::NamedTempFile;

/// How often it is looked whether the recorder told something.
const LOOK: Duration = Duration::from_millis(300);

/// A program that runs and is recorded.
#[derive(Debug)]
pub struct Running {
    child: Child,
    status: Heard,
    began: Instant,
    // They must be there as long as children may import from them.
    _module: File,
    _children: Option<NamedTempFile>,
}

/// Starts an interpreter; `output` is the dump's path from the root, `path_variable` the PYTHONPATH of this process,
/// `program` what is run where Python would not import the recorder by itself: then `command` has no arguments yet.
///
/// # Errors
/// What the system says.
pub fn start(
    mut command: Command,
    options: &Options,
    output: &Path,
    path_variable: Option<OsString>,
    program: Option<&Program>,
) -> io::Result<Running> {
    let process = std::process::id();
    // A process that outlives its `prof` must not write to another one that got the same number.
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let token = format!("prof-status-{process}-{}.", began.as_nanos());
    let status = memory(&token)?;
    let mut module = memory("prof-recorder")?;
    let status_path = format!("/proc/{process}/fd/{}", status.as_raw_fd());
    let place = format!("/proc/{process}/fd/{}", module.as_raw_fd());
    let entry = OsString::from(&place);
    let surroundings = Surroundings {
        output,
        status: &status_path,
        token: &token,
        entry: &entry,
        variable: path_variable.as_deref(),
        program,
        child: false,
    };
    let children = if options.children {
        Some(children_module(output, options, surroundings)?)
    } else {
        None
    };
    let with_children = children.as_ref().map(|(_, variable)| variable.as_os_str());
    module.write_all(&recorder::archive(
        options,
        Surroundings {
            variable: with_children.or(path_variable.as_deref()),
            ..surroundings
        },
    )?)?;
    let child = match program {
        Some(program) => command
            .args(&program.options)
            .arg("-c")
            .arg(recorder::boot(&place))
            .args(&program.rest),
        None => command.env(
            "PYTHONPATH",
            recorder::path_with(&entry, path_variable.as_deref()),
        ),
    }
    .spawn()?;
    Ok(Running {
        child,
        status: Heard {
            file: status,
            read: 0,
            part: Vec::new(),
        },
        began: Instant::now(),
        _module: module,
        _children: children.map(|(file, _)| file),
    })
}

/// The module for children that are new programs, in the dump's folder, and the PYTHONPATH that leads to it.
fn children_module(
    output: &Path,
    options: &Options,
    surroundings: Surroundings<'_>,
) -> io::Result<(NamedTempFile, OsString)> {
    let folder: PathBuf = output.parent().unwrap_or(Path::new("/")).into();
    let mut file = tempfile::Builder::new()
        .prefix(".prof-children-")
        .suffix(".zip")
        .tempfile_in(folder)?;
    let entry = file.path().as_os_str().to_owned();
    let variable = recorder::path_with(&entry, surroundings.variable);
    let archive = recorder::archive(
        options,
        Surroundings {
            entry: &entry,
            variable: Some(&variable),
            program: None,
            child: true,
            ..surroundings
        },
    )?;
    file.write_all(&archive)?;
    Ok((file, variable))
}

fn memory(name: &str) -> io::Result<File> {
    let name = CString::new(name).map_err(io::Error::other)?;
    Ok(File::from(memfd_create(name.as_c_str(), MFdFlags::MFD_CLOEXEC)?))
}

impl Running {
    /// The process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Hands over what was told since the last call. What was started may have ended, and others that it started go on.
    /// Returns how it ended, once it has.
    ///
    /// # Errors
    /// What the system says.
    pub fn poll(&mut self, mut tell: impl FnMut(Event)) -> io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        self.status.hear(&mut tell);
        Ok(ended)
    }

    /// Waits for its end; hands over events as they come and, with none, the time since its start now and then. Returns
    /// how it ended, and how long it ran.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(self, mut tell: impl FnMut(Option<Event>, Duration)) -> io::Result<(ExitStatus, Duration)> {
        let (sender, receiver) = channel();
        let Running {
            mut child,
            mut status,
            began,
            _module,
            _children,
        } = self;
        std::thread::spawn(move || sender.send((child.wait(), began.elapsed())));
        loop {
            let ended = receiver.recv_timeout(LOOK);
            status.hear(&mut |event| tell(Some(event), began.elapsed()));
            match ended {
                Err(RecvTimeoutError::Timeout) => tell(None, began.elapsed()),
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("its end was lost")),
                Ok((result, took)) => return Ok((result?, took)),
            }
        }
    }
}

/// What the recorder tells.
#[derive(Debug)]
struct Heard {
    file: File,
    read: u64,
    /// A line that is not complete.
    part: Vec<u8>,
}

impl Heard {
    /// Reads what is new.
    fn hear(&mut self, tell: &mut impl FnMut(Event)) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.file.read_at(&mut buffer, self.read) {
            self.read += count as u64;
            self.part.extend(&buffer[..count]);
        }
        while let Some(end) = self.part.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.part.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]);
            if let Some(event) = status::parse(&line) {
                tell(event);
            }
        }
    }
}
