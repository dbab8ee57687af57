//! What `prof flamegraph`, `prof view` and `prof export` share: inputs of any format, made into one profile or one tree.

use super::output::Output;
use super::{Failure, input};
use crate::format::any::Input;
use crate::profile::attribution::{self, Attribution, Suspicious, attribute};
use crate::profile::stacks::{NodeId, StackTree, Unit};
use crate::profile::{Profile, is_idle, is_idle_name};
use crate::python::regex::Pattern;
use crate::python::{Version, text};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What was read, in the form it has.
pub(super) struct Loaded {
    /// The files, as one line.
    pub(super) title: String,
    /// The first file's name without folder and ending, for the names of outputs.
    pub(super) stem: String,
    /// The time of each file's last change, where there is one.
    pub(super) dates: Vec<String>,
    pub(super) data: Data,
}

/// One profile made of all inputs: functions and callers where all have those, else stacks.
pub(super) enum Data {
    Profile(Box<Profile>),
    Stacks(StackTree),
}

/// Loads all files and adds them.
pub(super) fn load(files: &[OsString]) -> Result<Loaded, Failure> {
    let mut data: Option<Data> = None;
    let (mut names, mut dates) = (Vec::new(), Vec::new());
    for path in files {
        let loaded = input::load_any(path)?;
        names.push(text::shown(
            Path::new(path).file_name().unwrap_or(path).as_encoded_bytes(),
        ));
        dates.extend(loaded.date);
        let failure =
            |problem: String| Failure::usage(format!("cannot add `{}`: {problem}", path.to_string_lossy()));
        data = Some(match (data, loaded.input) {
            (None, Input::Profile(profile)) => Data::Profile(profile),
            (None, Input::Stacks(tree)) => Data::Stacks(tree),
            (Some(Data::Profile(mut sum)), Input::Profile(profile)) => {
                sum.add(&profile).map_err(|error| failure(error.to_string()))?;
                Data::Profile(sum)
            }
            (Some(data), input) => {
                let mut sum = data.into_stacks(&attribution::Options::default())?;
                let other = match input {
                    Input::Profile(profile) => Data::Profile(profile),
                    Input::Stacks(tree) => Data::Stacks(tree),
                };
                sum.merge(&other.into_stacks(&attribution::Options::default())?)
                    .map_err(|error| failure(error.to_string()))?;
                Data::Stacks(sum)
            }
        });
    }
    let Some(data) = data else {
        return Err(Failure::usage("no file is named").hint(Some("- is standard input")));
    };
    let stem = files.first().map_or("profile".into(), |path| stem(path));
    Ok(Loaded {
        title: names.join(" + "),
        stem,
        dates,
        data,
    })
}

impl Loaded {
    /// Removes folders from file names; stacks are labelled with the shortest that are unique anyway.
    pub(super) fn strip_dirs(&mut self) -> Result<(), Failure> {
        if let Data::Profile(profile) = &mut self.data {
            **profile = profile
                .strip_dirs()
                .map_err(|error| Failure::usage(error.to_string()))?;
        }
        Ok(())
    }
}

/// `server` of `/tmp/server.prof.gz`.
fn stem(path: &OsStr) -> String {
    let name = Path::new(path)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = Path::new(name)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    if stem.is_empty() || stem == "-" {
        "profile".into()
    } else {
        stem
    }
}

impl Data {
    /// The stacks, measured or made from the edges.
    fn into_stacks(self, options: &attribution::Options) -> Result<StackTree, Failure> {
        match self {
            Data::Stacks(tree) => Ok(tree),
            Data::Profile(profile) => Ok(attributed(&profile, options)?.tree),
        }
    }
}

fn attributed(profile: &Profile, options: &attribution::Options) -> Result<Attribution, Failure> {
    attribute(profile, options)
        .map_err(|error| Failure::usage(format!("cannot make stacks of the profile: {error}")))
}

/// Stacks, and how they came about.
pub(super) struct Stacks {
    pub(super) tree: StackTree,
    /// One phrase for each thing that a reader should know.
    pub(super) remarks: Vec<String>,
}

/// Makes stacks of what was loaded, and warns of what makes them doubtful.
pub(super) fn stacks(
    loaded: &Loaded,
    options: &attribution::Options,
    output: &mut Output,
) -> Result<Stacks, Failure> {
    let profile = match &loaded.data {
        Data::Stacks(tree) => {
            return Ok(Stacks {
                tree: tree.clone(),
                remarks: vec!["measured stacks".into()],
            });
        }
        Data::Profile(profile) => profile,
    };
    let made = attributed(profile, options)?;
    Ok(Stacks {
        remarks: remarks(&made, &loaded.title, output),
        tree: made.tree,
    })
}

/// What a reader should know of stacks that were made of functions and callers; warns of what makes them doubtful.
pub(super) fn remarks(made: &Attribution, title: &str, output: &mut Output) -> Vec<String> {
    let mut remarks = vec![format!("{} functions", made.functions)];
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    if made.exact < made.tree.total() {
        let exact = percent(made.exact_share());
        remarks.push(format!("{exact} exact, the rest estimated from callers (~)"));
    } else {
        remarks.push("all stacks exact".into());
    }
    if made.pruned > 0 {
        remarks.push(format!("{} in (more)", percent(made.pruned_share())));
    }
    if made.estimated_edges > 0 {
        remarks.push("callers are counts without times".into());
    }
    if made.suspicious.any() {
        remarks.push("threads or open calls mixed".into());
        warn_of(made.suspicious, title, output);
    }
    if made.repaired > 0 {
        remarks.push(format!("{} impossible numbers count as 0", made.repaired));
        output.report(
            "warning",
            &format!(
                "{title}: {} numbers are negative or no numbers and count as 0",
                made.repaired
            ),
        );
    }
    remarks
}

/// Says that callers may be wrong, if they may.
pub(super) fn warn_of(suspicious: Suspicious, title: &str, output: &mut Output) {
    if suspicious.any() {
        output.report(
            "warning",
            &format!(
                "{}: {} callers have numbers that one thread that has ended does not give: the profile was saved while \
                 calls were running, or cProfile of Python 3.12 and later mixed threads; own times are right, who \
                 called whom may not be",
                title,
                suspicious.count()
            ),
        );
    }
}

/// Which stacks to keep.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Filters {
    /// Keep only stacks with a function whose name a Python regular expression matches
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    focus: Option<OsString>,

    /// Leave out the time of functions that only wait, such as a server's poll and sleep
    #[arg(long)]
    exclude_idle: bool,
}

impl Filters {
    /// Only that of waiting, or none.
    pub(super) fn idle(exclude_idle: bool) -> Filters {
        Filters {
            focus: None,
            exclude_idle,
        }
    }

    /// Is anything left out?
    pub(super) fn leave_out(&self) -> bool {
        self.exclude_idle || self.focus.is_some()
    }

    /// Applies them to functions and callers, which have no stacks to focus on.
    pub(super) fn apply_to_profile(&self, profile: Profile) -> Result<Profile, Failure> {
        if self.focus.is_some() {
            let failure = Failure::usage("--focus chooses stacks, and this format has functions and callers");
            return Err(failure.hint(Some("--to dot has --root and --leaf")));
        }
        if !self.exclude_idle {
            return Ok(profile);
        }
        let kept = profile.retain(|key| !is_idle(&profile, key));
        kept.map_err(|error| Failure::usage(error.to_string()))
    }

    /// Applies them and says what is left out.
    pub(super) fn apply(&self, stacks: &mut Stacks) -> Result<(), Failure> {
        let failure = |error: crate::profile::stacks::Error| Failure::usage(error.to_string());
        let total = stacks.tree.total();
        if self.exclude_idle {
            let tree = &stacks.tree;
            let idle = |node: NodeId| {
                tree.frame_at(node)
                    .is_some_and(|frame| frame.line == 0 && is_idle_name(b"~", frame.name))
            };
            stacks.tree = tree.filtered(|node| !idle(node)).map_err(failure)?;
            stacks.remarks.push(format!(
                "idle left out: {}",
                amount(total - stacks.tree.total(), stacks.tree.unit())
            ));
        }
        if let Some(focus) = &self.focus {
            let bad = |error: crate::python::regex::Error| {
                Failure::usage(format!(
                    "cannot use the pattern `{}`: {error}",
                    focus.to_string_lossy()
                ))
            };
            let pattern =
                Pattern::new(&text::from_system(focus.as_encoded_bytes()), Version::NEWEST).map_err(bad)?;
            let tree = &stacks.tree;
            let labels = crate::profile::labels::frame_labels(tree);
            let matching = labels
                .iter()
                .map(|label| pattern.is_match(label))
                .collect::<Result<Vec<bool>, _>>()
                .map_err(bad)?;
            let mut inside = vec![false; tree.len() + 1];
            for node in tree.nodes() {
                let above = tree.parent(node).is_some_and(|parent| inside[parent.index()]);
                inside[node.index()] =
                    above || tree.frame_id(node).is_some_and(|frame| matching[frame.index()]);
            }
            stacks.tree = tree.filtered(|node| inside[node.index()]).map_err(failure)?;
            stacks.remarks.push(format!(
                "only stacks with {}",
                text::shown(focus.as_encoded_bytes())
            ));
            if stacks.tree.total() == 0 {
                return Err(Failure::usage(format!(
                    "no function matches `{}`",
                    focus.to_string_lossy()
                )));
            }
        }
        Ok(())
    }
}

/// Seconds, or samples.
pub(super) fn amount(weight: u64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => format!("{:.3} s", weight as f64 * 1e-9),
        Unit::Samples => format!("{weight} samples"),
    }
}

/// Where an output goes.
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

impl Target {
    /// What `-o` names, or this name in the current folder.
    pub(super) fn new(named: Option<&PathBuf>, default: String) -> Target {
        match named {
            Some(path) if path.as_os_str() == "-" => Target::Stdout,
            Some(path) => Target::File(path.clone()),
            None => Target::File(default.into()),
        }
    }

    /// Writes it whole or not at all, and says where it is.
    pub(super) fn write(&self, bytes: &[u8], output: &mut Output) -> Result<(), Failure> {
        match self {
            Target::Stdout => Ok(output.raw().write_all(bytes)?),
            Target::File(path) => {
                super::output::write_file(path, bytes)?;
                output.report("wrote", &text::shown(path.as_os_str().as_encoded_bytes()));
                Ok(())
            }
        }
    }
}
