//! `prof view`: a profile as a page for the browser.

mod open;
mod serve;
mod source;
#[cfg(feature = "tui")]
mod tui;

use super::export::check_size;
use super::output::Output;
use super::picture::{self, Data, Filters, Target};
use super::{Code, Failure, interrupt};
use crate::page::{self, Contents, Part, Words};
use crate::profile::stacks::StackTree;
use crate::profile::{Profile, attribution};
use crate::python::text;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Look at a profile in the browser: charts, a table, callers and callees in one HTML file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  prof view server.prof                       # writes server.html and opens it
  prof view before.prof after.prof            # compares: red grew, blue shrank
  prof view server.prof --exclude-idle --no-open -o busy.html
  prof view server.prof --source              # with the lines of the functions, if they are here
  prof view server.prof --serve               # the page follows the file as it is saved again
  prof view server.prof --tui                 # in the terminal

The page is one file without anything from the network: keep it, mail it. It has icicle and flame
graph, sunburst, square map, sandwich, call graph, reverse and a map of files, a table of functions
that sorts and searches, and for each function its callers and what it calls. Press ? in it for the
keys.")]
pub(super) struct Args {
    /// A profile of any kind that prof stats or prof flamegraph reads, or two to compare; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,

    /// Add the files up instead of comparing them
    #[arg(long)]
    add: bool,

    /// The file to write; - is standard output. Without this the profile's name with .html, here
    #[arg(short, long, value_name = "FILE.html")]
    output: Option<PathBuf>,

    /// Only write the page
    #[arg(long)]
    no_open: bool,

    /// Serve the page on 127.0.0.1 until Ctrl-C, and load it again when a file changes; without PORT on a free one
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    #[arg(conflicts_with = "output")]
    serve: Option<u16>,

    /// Show functions, callers and callees in the terminal instead
    #[cfg(feature = "tui")]
    #[arg(long, conflicts_with_all = ["output", "serve", "source"])]
    tui: bool,

    /// Put the lines of the functions on the page, from those of their files that are on this machine
    #[arg(long)]
    source: bool,

    /// Leave out the time of functions that only wait, such as a server's poll and sleep
    #[arg(long)]
    exclude_idle: bool,

    /// Leave folders out of file names; functions that then have the same name are added
    #[arg(long)]
    strip_dirs: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Code, Failure> {
    #[cfg(feature = "tui")]
    if args.tui {
        return args.browse(output);
    }
    if let Some(port) = args.serve {
        return args.serve(port, output);
    }
    let page = args.page(false, output)?;
    let target = Target::new(args.output.as_ref(), page.name);
    if let Target::File(path) = &target {
        args.check_target(path)?;
    }
    target.write(&page.bytes, output)?;
    if let Target::File(path) = &target
        && !args.no_open
    {
        open::open(path.as_os_str(), output);
    }
    Ok(Code::Done)
}

/// A page and what its file is called.
struct Page {
    bytes: Vec<u8>,
    name: String,
}

/// One side of a page.
struct Loaded {
    title: String,
    stem: String,
    remarks: Vec<String>,
    profile: Profile,
    tree: StackTree,
    is_measured: bool,
    saved: Option<SystemTime>,
}

impl Loaded {
    fn part(&self) -> Part<'_> {
        Part {
            profile: &self.profile,
            tree: &self.tree,
            is_measured: self.is_measured,
        }
    }
}

impl Args {
    /// The files of each side: one, or before and after.
    fn sides(&self) -> Result<Vec<&[OsString]>, Failure> {
        match &self.files[..] {
            files if self.add || files.len() == 1 => Ok(vec![files]),
            [before, after] if before == "-" && after == "-" => Err(Failure::usage(
                "standard input can only be one of the two profiles",
            )),
            files @ [_, _] => Ok(files.chunks(1).collect()),
            files => Err(Failure::usage(format!(
                "{} files: a page shows one profile or compares two",
                files.len()
            ))
            .hint(Some("--add adds them up"))),
        }
    }

    /// Reads the files and makes the page.
    fn page(&self, is_live: bool, output: &mut Output) -> Result<Page, Failure> {
        let sides = self.sides()?;
        let mut loaded = sides
            .iter()
            .map(|files| self.load(files, sides.len() == 2, output))
            .collect::<Result<Vec<Loaded>, _>>()?;
        let after = loaded.pop().expect("there is a side for each file");
        let failure = |error: page::Error| Failure::usage(error.to_string());
        let (mut contents, title, name, mut remarks) = match loaded.pop() {
            None => {
                let contents = Contents::new(after.part()).map_err(failure)?;
                let title = after.title.clone();
                (contents, title, format!("{}.html", after.stem), Vec::new())
            }
            Some(before) => {
                let contents = Contents::compare(before.part(), after.part()).map_err(failure)?;
                let title = format!("{} \u{2192} {}", before.title, after.title);
                let of_before = |remark| format!("before: {remark}");
                let remarks = before.remarks.into_iter().map(of_before).collect();
                (contents, title, format!("{}.diff.html", after.stem), remarks)
            }
        };
        remarks.extend(after.remarks.iter().cloned());
        if self.source {
            remarks.push(add_sources(&mut contents, &after, output));
        }
        let words = Words {
            title,
            remarks,
            is_live,
        };
        let mut bytes = Vec::new();
        page::write(&contents, &words, &mut bytes)?;
        Ok(Page { bytes, name })
    }

    fn load(&self, files: &[OsString], to_compare: bool, output: &mut Output) -> Result<Loaded, Failure> {
        let mut loaded = picture::load(files)?;
        if self.strip_dirs {
            loaded.strip_dirs()?;
        }
        let of_profile = |error: crate::profile::Error| Failure::usage(error.to_string());
        if let Data::Profile(profile) = &mut loaded.data {
            check_size(profile)?;
            if to_compare {
                **profile = profile.fold_addresses().map_err(of_profile)?;
            }
        }
        let filters = Filters::idle(self.exclude_idle);
        let mut stacks = picture::stacks(&loaded, &attribution::Options::default(), output)?;
        filters.apply(&mut stacks)?;
        let (profile, is_measured) = match loaded.data {
            Data::Profile(profile) => (filters.apply_to_profile(*profile)?, false),
            // A sample is one second here: the page shows samples as what they are.
            Data::Stacks(_) => (Profile::from_stacks(&stacks.tree, 1.0).map_err(of_profile)?, true),
        };
        let mut remarks = stacks.remarks;
        remarks.extend(loaded.dates);
        Ok(Loaded {
            title: loaded.title,
            stem: loaded.stem,
            remarks,
            profile,
            tree: stacks.tree,
            is_measured,
            saved: files.iter().filter_map(changed).max(),
        })
    }

    /// Shows one profile in the terminal.
    #[cfg(feature = "tui")]
    fn browse(&self, output: &mut Output) -> Result<Code, Failure> {
        let [files] = self.sides()?[..] else {
            let failure = Failure::usage("--tui shows one profile");
            return Err(failure.hint(Some("--add adds them up; prof diff compares in the terminal")));
        };
        if !output.is_terminal() {
            let failure = Failure::usage("--tui needs a terminal");
            return Err(failure.hint(Some("prof stats prints")));
        }
        let loaded = self.load(files, false, output)?;
        tui::run(&loaded.profile, loaded.title, loaded.tree.unit())?;
        Ok(Code::Done)
    }

    /// Serves the page until Ctrl-C.
    fn serve(&self, port: u16, output: &mut Output) -> Result<Code, Failure> {
        if self.files.iter().any(|file| file == "-") {
            let failure = Failure::usage("standard input can be read once, and --serve reads again");
            return Err(failure.hint(Some("save it to a file first")));
        }
        let mut seen = self.signs();
        let page = self.page(true, output)?;
        let server = serve::Server::bind(port)?;
        let stop = interrupt::watch();
        let address = server.address();
        output.report("serving", &format!("{address} until Ctrl-C"));
        if !self.no_open {
            open::open(OsStr::new(&address), output);
        }
        let look = |output: &mut Output| {
            let now = self.signs();
            if now == seen {
                return None;
            }
            seen = now;
            // A file that is being written is no profile yet; the page stays as it is until it is one.
            match self.page(true, output) {
                Ok(page) => {
                    output.report("changed", &text::shown(page.name.as_bytes()));
                    Some(Ok(page.bytes))
                }
                Err(failure) => {
                    let problem = failure.message().to_owned();
                    // The page tells it as well; a closed pipe has nothing to tell.
                    let _ = failure.tell(output);
                    Some(Err(problem))
                }
            }
        };
        server.run(page.bytes, stop, output, look)?;
        Ok(Code::Done)
    }

    /// By what a change of the files is seen; `None` for a file that is not there.
    fn signs(&self) -> Vec<Option<(SystemTime, u64, u64)>> {
        let sign = |file: &OsString| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
        };
        self.files.iter().map(sign).collect()
    }

    /// The page must not take the place of a profile, nor, under a name that nobody gave, that of another page.
    fn check_target(&self, path: &Path) -> Result<(), Failure> {
        let Ok(there) = path.canonicalize() else {
            return Ok(());
        };
        let shown = text::shown(path.as_os_str().as_encoded_bytes());
        let is_input = |file: &OsString| Path::new(file).canonicalize().is_ok_and(|file| file == there);
        if self.files.iter().any(is_input) {
            let failure = Failure::usage(format!("`{shown}` is the profile itself"));
            return Err(failure.hint(Some("name another file with -o")));
        }
        if self.output.is_none() && !is_own_page(path) {
            let failure = Failure::usage(format!("`{shown}` is there already and is no page of prof"));
            return Err(failure.hint(Some(format!("-o {shown} writes over it"))));
        }
        Ok(())
    }
}

fn changed(file: &OsString) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}

/// Puts the lines of functions on the page. Returns a remark for it.
fn add_sources(contents: &mut Contents, loaded: &Loaded, output: &mut Output) -> String {
    let sources = source::read(&loaded.profile, loaded.saved);
    let remark = format!(
        "source of {} of {} functions ({} of {} files are here)",
        sources.found.len(),
        sources.wanted,
        sources.files_read,
        sources.files
    );
    if sources.found.is_empty() {
        output.report("warning", &format!("no {remark}"));
    }
    for (key, source) in sources.found {
        contents.add_source(key, source);
    }
    remark
}

fn is_own_page(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    let mark = b"<meta name=\"generator\" content=\"prof\">";
    read.is_ok() && head.windows(mark.len()).any(|part| part == mark)
}
