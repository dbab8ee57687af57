//! Findings as sentences.

use super::What;
use crate::timeit::report::units::{Unit, time};
use std::fmt;

/// Two times in one unit, with as many digits as show their difference.
fn two(one: f64, other: f64) -> (String, String) {
    let unit = Some(Unit::of(one.max(other), 3));
    (time(one, 3, unit), time(other, 3, unit))
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        small if small < 9.95 => format!("{small:.1}%"),
        great => format!("{great:.0}%"),
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Grows {
                few,
                many,
                loops,
                container,
            } => {
                let (few, many) = two(*few, *many);
                write!(
                    formatter,
                    "the time per loop grows with their number: {few} with {} loops, {many} with {loops}",
                    loops / 8
                )?;
                match container {
                    Some((name, items)) => {
                        write!(formatter, "; `{name}` grows by {} a loop", items_text(*items))
                    }
                    None => formatter.write_str("; something that the loops share grows or fills up"),
                }
            }
            What::Falls { few, many, loops } => {
                let (few, many) = two(*few, *many);
                write!(
                    formatter,
                    "the time per loop falls with their number: {few} with {} loops, {many} with {loops}; the \
                     first loops do what later ones find done, as with a cache",
                    loops / 8
                )
            }
            What::WarmsUp { first, last } => {
                let slower = percent(first / last - 1.0);
                let (first, last) = two(*first, *last);
                write!(
                    formatter,
                    "each process warms up: its first samples are {slower} slower ({first}, later {last})"
                )
            }
            What::SlowFirst { first, usual } => {
                let times = format!("{:.1}", first / usual);
                let (first, usual) = two(*first, *usual);
                write!(
                    formatter,
                    "the first run took {times} times as long ({first}, usually {usual}): caches were cold; --warmup 3 \
                     fills them first, --prepare may empty them before each run"
                )
            }
            What::Drifts { from, to, machine } => {
                let word = if to > from { "slower" } else { "faster" };
                let change = percent((to / from).max(from / to) - 1.0);
                let (from, to) = two(*from, *to);
                let why = if *machine {
                    "the machine's own speed moved, for the reference loop did the same"
                } else {
                    "not the machine, for the reference loop did not: something outlives the processes, such as \
                     files"
                };
                write!(
                    formatter,
                    "it became {change} {word} during the run ({from}, then {to}): {why}"
                )
            }
            What::TwoGroups {
                fast,
                slow,
                machine,
                is_python,
            } => {
                let (fast_time, slow_time) = two(fast.0, slow.0);
                let why = if *machine {
                    "the machine itself has two speeds, for the reference loop does the same: a busy sibling of the \
                     core, or its frequency"
                } else if !is_python {
                    "where memory lies may be behind it, or what each process draws by chance"
                } else {
                    "the order of sets by the hash seed (see PYTHONHASHSEED), or where memory lies, may be behind it"
                };
                write!(
                    formatter,
                    "processes fall into two groups: {fast_time} ({}) and {slow_time} ({}); {why}",
                    fast.1, slow.1
                )
            }
            What::SetupDear { setup, sample } => {
                let (setup, sample) = (time(*setup, 3, None), time(*sample, 3, None));
                write!(
                    formatter,
                    "the setup takes {setup} before every sample of {sample}: most of the time goes into it"
                )
            }
            What::Nothing { time: taken } => {
                let taken = time(*taken, 2, None);
                write!(
                    formatter,
                    "{taken} is what an empty loop takes: the compiler left the work out, or a processor does it \
                     beside the loop; let the statement end with an expression that has the result, and the setup bind \
                     what it works on"
                )
            }
            What::CoarseClock { step, sample } => {
                let (step, sample) = (time(*step, 3, None), time(*sample, 3, None));
                write!(
                    formatter,
                    "the program's clock moves in steps of {step}, coarse for samples of {sample}"
                )
            }
            What::Busy {
                interrupted,
                load,
                cores,
            } => {
                formatter.write_str("machine busy")?;
                if let (Some(load), Some(cores)) = (load, cores) {
                    let s = if *cores == 1 { "" } else { "s" };
                    write!(formatter, ": load {load:.1} on {cores} core{s}")?;
                }
                let interrupted = percent(*interrupted);
                write!(
                    formatter,
                    "; {interrupted} of the samples were interrupted, the figures leave these out"
                )
            }
            What::Stolen { share } => write!(
                formatter,
                "the host gave {} of the processor time to other machines",
                percent(*share)
            ),
            What::Throttled { seconds, quota } => {
                write!(
                    formatter,
                    "the control group was stopped for {}",
                    time(*seconds, 2, None)
                )?;
                match quota {
                    Some(quota) => write!(formatter, ": it may use {quota:.2} processors"),
                    None => formatter.write_str(": it had used up its processor time"),
                }
            }
            What::Unsteady { spread, governor } => {
                let spread = percent(*spread);
                write!(
                    formatter,
                    "the machine's own speed varied by {spread}, by the reference loop"
                )?;
                match governor {
                    Some(name) => write!(formatter, "; its frequency is set by `{name}`"),
                    None => formatter.write_str("; ratios of --vs are not touched by that"),
                }
            }
        }
    }
}

fn items_text(items: f64) -> String {
    let rounded = items.round();
    let s = if rounded == 1.0 { "" } else { "s" };
    if (items - rounded).abs() < 0.01 {
        format!("{rounded:.0} item{s}")
    } else {
        format!("{items:.2} items")
    }
}
