//! Standard output and error: colour, width, and whether names must be escaped.

use super::Failure;
use crate::python::text;
use crate::system_text::system_text;
use crate::view::Shown;
use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use nix::unistd::{AccessFlags, access};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, IsTerminal, StdoutLock, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Standard output, which may be full or closed.
struct Stream {
    stdout: StdoutLock<'static>,
    failure: OnFailure,
}

/// What becomes of a failure to write.
enum OnFailure {
    /// It is an error where it happens.
    Tell,
    /// It is kept, and what is written later is lost.
    Keep(Option<io::Error>),
}

impl Stream {
    /// Keeps a failure, if that is asked for; `instead` is what is returned then.
    fn keep<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match (result, &mut self.failure) {
            (Err(error), OnFailure::Keep(kept)) if error.kind() != io::ErrorKind::Interrupted => {
                *kept = Some(error);
                Ok(instead)
            }
            (result, _) => result,
        }
    }

    fn is_lost(&self) -> bool {
        matches!(self.failure, OnFailure::Keep(Some(_)))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_lost() {
            return Ok(bytes.len());
        }
        let written = self.stdout.write(bytes);
        self.keep(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_lost() {
            return Ok(());
        }
        let flushed = self.stdout.flush();
        self.keep(flushed, ())
    }
}

/// Where a command prints.
pub(super) struct Output {
    stdout: Stream,
    color: anstream::ColorChoice,
    terminal: bool,
}

impl Output {
    pub(super) fn new(color: ColorChoice) -> Output {
        let color = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let stdout = std::io::stdout();
        let terminal = stdout.is_terminal();
        Output {
            stdout: Stream {
                stdout: stdout.lock(),
                failure: OnFailure::Tell,
            },
            color,
            terminal,
        }
    }

    /// Standard output as a stream of exact bytes.
    pub(super) fn raw(&mut self) -> &mut dyn Write {
        &mut self.stdout
    }

    /// From now on a failure to write to standard output keeps back nothing that comes after, such as files with the
    /// same results. [`Output::kept_failure`] tells it.
    pub(super) fn keep_failure(&mut self) {
        self.stdout.failure = OnFailure::Keep(None);
    }

    /// The failure that was kept, if there was one: it is an error now.
    pub(super) fn kept_failure(&mut self) -> Result<(), Failure> {
        self.flush()?;
        match &mut self.stdout.failure {
            OnFailure::Tell => Ok(()),
            OnFailure::Keep(kept) => kept.take().map_or(Ok(()), |error| Err(error.into())),
        }
    }

    /// Is colour wanted on standard output?
    pub(super) fn is_colored(&self) -> bool {
        match self.color {
            anstream::ColorChoice::Auto => {
                AutoStream::choice(&self.stdout.stdout) != anstream::ColorChoice::Never
            }
            choice => choice != anstream::ColorChoice::Never,
        }
    }

    /// Does a person look at standard output?
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// How names go to standard output.
    pub(super) fn shown(&self) -> Shown {
        if self.terminal { Shown::Escaped } else { Shown::Raw }
    }

    /// The terminal's columns; `None` where standard output is none.
    pub(super) fn width(&self) -> Option<usize> {
        self.terminal.then(terminal_width)
    }

    /// A block of state on standard error, drawn over the one before, whose lines are given; only for a terminal.
    /// Returns the lines of this one.
    pub(super) fn redraw(&mut self, lines_before: usize, text: &str) -> usize {
        let up = match lines_before {
            0 => String::new(),
            lines => format!("\x1b[{lines}A"),
        };
        // A line that wraps would be two, and the next block would be drawn too low.
        let width = terminal_width().saturating_sub(1).max(1);
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.chars().take(width).collect())
            .collect();
        // Nothing can be done if even this cannot be printed.
        let _ = writeln!(io::stderr().lock(), "{up}\x1b[J{}", lines.join("\n"));
        lines.len()
    }

    /// A line of progress on standard error.
    pub(super) fn progress(&mut self, line: &str) {
        // Nothing can be done if even this cannot be printed.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(Into::into)
    }

    /// Prints `kind: message` on standard error: an error, a failed check, a warning or a hint.
    pub(super) fn report(&mut self, kind: &str, message: &str) {
        let color = match kind {
            "error" | "failed" => AnsiColor::Red,
            "warning" => AnsiColor::Yellow,
            _ => AnsiColor::Cyan,
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        let mut stderr = AutoStream::new(std::io::stderr().lock(), self.color);
        // Nothing can be done if even this cannot be printed.
        let _ = writeln!(stderr, "{style}{kind}:{style:#} {message}");
    }
}

impl Output {
    /// Prints lines on standard error, each after a margin; what could harm a terminal is escaped.
    pub(super) fn lines(&mut self, lines: &str, margin: &str) {
        let mut stderr = std::io::stderr().lock();
        for line in lines.lines() {
            // Carets below a line stand below its characters: a tab is one, as wide as they need.
            let line = text::shown(line.replace('\t', " ").as_bytes());
            // Nothing can be done if even this cannot be printed.
            let _ = writeln!(stderr, "{margin}{line}");
        }
    }
}

/// Can a file be made there? Told before any work is done.
pub(super) fn check_folder(path: &Path) -> Result<(), Failure> {
    let result = if path.is_dir() {
        Err(std::io::Error::from(std::io::ErrorKind::IsADirectory))
    } else if !is_replaced(path) {
        access(path, AccessFlags::W_OK).map_err(Into::into)
    } else {
        tempfile::Builder::new()
            .prefix(".prof-")
            .tempfile_in(folder_of(&followed(path)))
            .map(drop)
    };
    result.map_err(|error| cannot_write(path, &error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// May a file take the place of what has this name? Not of a device or a pipe.
pub(super) fn is_replaced(path: &Path) -> bool {
    !is_stream(path) && std::fs::metadata(path).map_or(true, |found| found.is_file() || found.is_dir())
}

/// What a link leads to, which is what is replaced; the link stays.
pub(super) fn followed(path: &Path) -> Cow<'_, Path> {
    match path.canonicalize() {
        Ok(file) if path.is_symlink() && is_trusted(path) => Cow::Owned(file),
        _ => Cow::Borrowed(path),
    }
}

/// In a folder such as /tmp anybody can lay a link that leads to our own files. The kernel follows those of others
/// there neither (proc_sys_fs(5), protected_symlinks).
fn is_trusted(link: &Path) -> bool {
    let (Ok(link), Ok(folder)) = (
        std::fs::symlink_metadata(link),
        std::fs::metadata(folder_of(link)),
    ) else {
        return false;
    };
    let is_shared = folder.mode() & 0o1002 == 0o1002;
    !is_shared || link.uid() == nix::unistd::geteuid().as_raw() || link.uid() == folder.uid()
}

/// Does it lead to one of our own streams, which may be a file? Its name, too, must stay.
fn is_stream(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr"]
        .iter()
        .any(|name| path == Path::new(name))
}

/// Opens what is no file.
fn open(path: &Path) -> io::Result<File> {
    if !is_stream(path) {
        return File::options().write(true).open(path);
    }
    // One that is opened anew would write over what is there.
    let ours = if path.ends_with("stdout") {
        io::stdout().as_fd().try_clone_to_owned()
    } else {
        io::stderr().as_fd().try_clone_to_owned()
    };
    ours.map(File::from)
}

/// Makes a folder, and those above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.to_string_lossy();
        Failure::usage(format!(
            "cannot make the folder `{folder}`: {}",
            system_text(&error)
        ))
    })
}

/// Writes a file that appears whole or not at all: under another name beside it first.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = OutputFile::begin(path)?;
    file.write(bytes)?;
    file.finish()
}

/// A file that is written under another name beside it, and gets its own when it is complete. What is no file, such as
/// a device or a pipe, is written to as it comes.
pub(super) struct OutputFile {
    path: PathBuf,
    place: Place,
}

enum Place {
    Beside(BufWriter<NamedTempFile>),
    Itself(File),
}

impl OutputFile {
    /// Begins it: what would hinder it is found before anything is measured.
    pub(super) fn begin(path: &Path) -> Result<OutputFile, Failure> {
        let place = if is_replaced(path) {
            tempfile::Builder::new()
                .prefix(".prof-")
                .permissions(new_file_mode())
                .tempfile_in(folder_of(&followed(path)))
                .map(|file| Place::Beside(BufWriter::new(file)))
        } else {
            open(path).map(Place::Itself)
        };
        Ok(OutputFile {
            place: place.map_err(|error| cannot_write(path, &error))?,
            path: path.into(),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.place {
            Place::Beside(file) => file.write_all(bytes),
            Place::Itself(file) => file.write_all(bytes),
        };
        written.map_err(|error| cannot_write(&self.path, &error))
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let (path, place) = (self.path, self.place);
        let persist = || {
            if let Place::Beside(file) = place {
                let file = file.into_inner().map_err(IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(followed(&path))?;
            }
            Ok(())
        };
        persist().map_err(|error: io::Error| cannot_write(&path, &error))
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "cannot write `{}`: {}",
        path.to_string_lossy(),
        system_text(error)
    ))
}

/// What a new file may be read and written by, before the umask.
fn new_file_mode() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o666)
}

/// COLUMNS if it is set, else what the system says, else 80.
fn terminal_width() -> usize {
    if let Some(columns) = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
    {
        return columns;
    }
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    #[expect(unsafe_code, reason = "the C library is the only way to ask")]
    // SAFETY: TIOCGWINSZ writes one winsize, which `size` is.
    let status = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    if status == 0 && size.ws_col > 0 {
        usize::from(size.ws_col)
    } else {
        80
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("a file");
        std::os::unix::fs::symlink("file", &link).expect("a link");
        check_folder(&link).expect("it can be written");
        write_file(&link, b"new").expect("it can be written");
        assert_eq!(std::fs::read(&file).expect("a file"), b"new");
        assert!(link.is_symlink());
    }

    /// Only root can give a link to somebody else.
    #[test]
    fn links_of_others_in_a_shared_folder_lead_nowhere() {
        use std::os::unix::fs::PermissionsExt as _;
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let shared = folder.path().join("shared");
        std::fs::create_dir(&shared).expect("a folder");
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).expect("a folder");
        let (file, link) = (folder.path().join("file"), shared.join("link"));
        std::fs::write(&file, "old").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert_eq!(followed(&link), file.canonicalize().expect("a file"));
        std::os::unix::fs::lchown(&link, Some(12345), None).expect("root may");
        write_file(&link, b"new").expect("it can be written");
        assert_eq!(std::fs::read(&file).expect("a file"), b"old");
        assert_eq!(std::fs::read(&link).expect("a file"), b"new");
        assert!(!link.is_symlink());
    }

    #[test]
    fn a_pipe_stays_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        // Open in both directions it waits for nobody.
        let both = File::options().read(true).write(true).open(&pipe);
        let mut both = both.expect("a pipe");
        check_folder(&pipe).expect("it can be written");
        write_file(&pipe, b"abc").expect("a reader");
        let mut found = [0; 3];
        both.read_exact(&mut found).expect("three bytes");
        assert_eq!(&found, b"abc");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
