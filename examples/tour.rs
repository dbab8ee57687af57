//! A tour of the whole tool on what is in this repository: needs no Python and no server.
//!
//! `cargo run --release --example tour [-- FOLDER]`
//!
//! Each step shows a command as one types it, then what `prof` prints for it. Files go into `target/tour`, or into the
//! FOLDER that is named. A step that fails or takes too long is told, the others still run, and the exit code is 1.

use anstyle::Style;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// After this a step is ended. The longest takes five seconds.
const LIMIT: Duration = Duration::from_secs(25);
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
const BOLD: Style = Style::new().bold();

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    // The steps start this very program under the name `prof`: nothing else must be built or installed.
    let name = arguments.next().unwrap_or_default();
    if Path::new(&name).file_name() == Some(OsStr::new("prof")) {
        return prof::cli::run(std::env::args_os());
    }
    match tour(arguments.next()) {
        Ok(failed) if failed.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(message) => {
            // Nothing can be done if even this cannot be printed.
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Runs the tour with files in this folder. Returns the commands that failed.
fn tour(folder: Option<OsString>) -> Result<Vec<String>, String> {
    if folder
        .as_ref()
        .is_some_and(|folder| folder.as_bytes().starts_with(b"-"))
    {
        return Err("the tour takes no options, only the FOLDER for its files".into());
    }
    let folder = folder.unwrap_or_else(|| Path::new(REPOSITORY).join("target/tour").into());
    let cannot_write = |error: io::Error| {
        let folder = folder.display();
        format!(
            "cannot write into `{folder}`: {error}\nhint: name another: cargo run --release --example tour -- FOLDER"
        )
    };
    std::fs::create_dir_all(&folder).map_err(cannot_write)?;
    let whole = std::fs::canonicalize(&folder).map_err(cannot_write)?;
    let tour = Tour::begin(&whole).map_err(|error| format!("the tour cannot begin: {error}"))?;
    match tour.run() {
        Ok(failed) => Ok(failed),
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

struct Tour {
    folder: PathBuf,
    /// A folder in which `prof` is this program.
    programs: TempDir,
    /// PATH with that in front.
    path: OsString,
    out: anstream::AutoStream<io::Stdout>,
    steps: u32,
    failed: Vec<String>,
}

impl Tour {
    fn begin(folder: &Path) -> io::Result<Tour> {
        let programs = tempfile::tempdir()?;
        symlink(std::env::current_exe()?, programs.path().join("prof"))?;
        let others = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(programs.path().into()).chain(std::env::split_paths(&others));
        Ok(Tour {
            folder: folder.into(),
            path: std::env::join_paths(all).map_err(io::Error::other)?,
            programs,
            out: anstream::stdout(),
            steps: 0,
            failed: Vec::new(),
        })
    }

    /// Runs all steps. Returns the commands that failed.
    fn run(mut self) -> io::Result<Vec<String>> {
        let files = [
            ("server.svg", "the flame graph: click to zoom, Ctrl-F to search"),
            ("server.html", "the profile: press ? for the keys"),
            ("dummies.html", "what the dummies met"),
        ];
        let paths = files.map(|(name, _)| self.folder.join(name));
        for path in &paths {
            // What is there at the end is of this run.
            let _ = std::fs::remove_file(path);
        }
        let [svg, page, report] = &paths.each_ref().map(|path| as_typed(path));
        writeln!(self.out, "A tour of prof, in {REPOSITORY}")?;

        self.step(
            "Where does the time of a loaded Evennia game server go? As pstats prints it, without what only waits",
            "stats fixtures/server.prof --exclude-idle --strip-dirs --sort tottime --limit 10",
            &[],
        )?;
        self.step(
            "The same as a flame graph",
            "flamegraph fixtures/server.prof --exclude-idle -o",
            &[svg],
        )?;
        self.step(
            "All of it as one page for the browser, with charts, a table, callers and callees",
            "view fixtures/server.prof --exclude-idle --no-open -o",
            &[page],
        )?;
        self.step(
            "What changed between two versions of a program?",
            "diff fixtures/diff/before.prof fixtures/diff/after.prof",
            &[],
        )?;
        self.step(
            "How long do ten players wait? Dummies play for five seconds on a small game that is built in",
            "dummyrunner demo 10 --duration 5s -- --timestep 250ms --seed 1 --html",
            &[report],
        )?;
        self.step(
            "How long does a command take?",
            "timeit --max-time 3 --cmd",
            &["prof stats fixtures/server.prof"],
        )?;
        self.time_a_snippet()?;

        writeln!(self.out, "\n{BOLD}Now open in a browser{BOLD:#}")?;
        for (path, (_, what)) in paths.iter().zip(files) {
            if path.is_file() {
                writeln!(self.out, "  {}  {what}", path.display())?;
            }
        }
        writeln!(self.out, "\n{BOLD}Try next{BOLD:#}")?;
        for (command, what) in [
            ("cargo install --path .", "puts prof on your PATH"),
            (
                "prof view fixtures/server.prof --tui",
                "the profile in the terminal",
            ),
            ("prof record -o app.prof app.py", "a profile of your own program"),
            (
                "prof dummyrunner demo 100 --stall 1s/5s",
                "a server that freezes, and what that does to players",
            ),
            ("prof --help", "all commands; `prof COMMAND --help` has examples"),
        ] {
            writeln!(self.out, "  {command:41}  {what}")?;
        }
        for command in &self.failed {
            writeln!(self.out, "\n{BOLD}failed:{BOLD:#} {command}")?;
        }
        Ok(self.failed)
    }

    fn time_a_snippet(&mut self) -> io::Result<()> {
        let mut asked = self.prof(&["timeit", "-n", "1", "pass"]);
        asked.stdout(Stdio::null()).stderr(Stdio::null());
        let what = "Which of two Python snippets is faster?";
        if !matches!(end(asked.spawn()?, LIMIT), Ok(0)) {
            self.heading(what)?;
            return writeln!(self.out, "left out: no Python was found");
        }
        self.step(
            what,
            "timeit --max-time 3",
            &["[i for i in range(100)]", "--vs", "list(range(100))"],
        )
    }

    /// Shows a command and runs it: words without spaces, then the rest.
    fn step(&mut self, what: &str, words: &str, rest: &[&str]) -> io::Result<()> {
        self.heading(what)?;
        let arguments: Vec<&str> = words.split(' ').chain(rest.iter().copied()).collect();
        let words: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        let line = format!("prof {}", words.join(" "));
        writeln!(self.out, "$ {line}")?;
        // What it prints must come below.
        self.out.flush()?;
        let failure = match self.prof(&arguments).spawn().and_then(|child| end(child, LIMIT)) {
            Ok(0) => return Ok(()),
            Ok(code) => format!("{line}: exit code {code}"),
            Err(error) => format!("{line}: {error}"),
        };
        writeln!(self.out, "{BOLD}failed:{BOLD:#} {failure}; the tour goes on")?;
        self.failed.push(failure);
        Ok(())
    }

    fn heading(&mut self, what: &str) -> io::Result<()> {
        self.steps += 1;
        writeln!(self.out, "\n{BOLD}{}. {what}{BOLD:#}", self.steps)
    }

    fn prof(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.path().join("prof"));
        command
            .args(arguments)
            .current_dir(REPOSITORY)
            .env("PATH", &self.path)
            .stdin(Stdio::null());
        command
    }
}

/// A file as one types it in the repository.
fn as_typed(path: &Path) -> String {
    let short = path.strip_prefix(REPOSITORY).unwrap_or(path);
    short.to_string_lossy().into_owned()
}

/// Waits for a child, but not longer than this. Returns its exit code.
fn end(mut child: Child, limit: Duration) -> io::Result<i32> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            let by_signal = || io::Error::other(status.to_string());
            return status.code().ok_or_else(by_signal);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    Err(io::Error::other(format!("not done after {} s", limit.as_secs())))
}

/// As one types it in a shell.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}
