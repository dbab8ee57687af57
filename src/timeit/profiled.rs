//! Where the time of code goes: after the figures, every case once more under a profiler.
//!
//! Figures and profile never come from the same run: the profiler makes calls several times dearer.

use super::estimate::estimate;
use super::results::{Results, Side};
use super::session::{Failed, Open, Reason, Row, Stop};
use crate::format::{Packing, read_profile};
use crate::profile::Profile;
use crate::profile::attribution::{self, Attribution, attribute};

/// The code runs for about so many seconds, were it not for the profiler.
const SECONDS: f64 = 0.1;

/// No sample has more loops: each call costs memory of the profiler only once, but time.
const MOST_LOOPS: f64 = 1e6;

/// What the profiler saw of one case in one runtime.
#[derive(Clone, Debug)]
pub struct Profiled {
    /// Whose time it is.
    pub side: Side,
    /// The loops that ran.
    pub loops: u64,
    /// The profiler's own dump, of all loops together; empty if the code calls no function.
    pub dump: Vec<u8>,
    /// What is in it; `None` if the code calls no function.
    pub seen: Option<Seen>,
}

/// What is in a dump.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Functions and who called them.
    pub profile: Profile,
    /// Stacks made of these.
    pub stacks: Attribution,
}

/// Runs every case that has a figure under the profiler of its runtime, in a fresh process; those whose runtime has none
/// are left out. Of cold starts there is one loop, as those that follow find all done. What was seen until then comes
/// with the reason why it ended early, if it did.
pub fn profile(
    openers: &mut [Box<dyn Open>],
    results: &Results,
    is_cold: bool,
) -> (Vec<Profiled>, Option<Reason>) {
    let most = if is_cold { 1.0 } else { MOST_LOOPS };
    let mut all = Vec::new();
    for (runtime, opener) in openers.iter_mut().enumerate() {
        for case in 0..results.cases.len() {
            let side = Side { case, runtime };
            let Some(estimate) = estimate(results, side) else {
                continue;
            };
            let loops = (SECONDS / estimate.seconds.max(1e-9)).clamp(1.0, most) as u64;
            let found = dump(opener.as_mut(), results, case, loops)
                .map_err(|stop| stop.reason)
                .and_then(|dump| dump.map(|dump| read(side, loops, dump)).transpose());
            match found {
                Ok(found) => all.extend(found),
                Err(reason) => return (all, Some(reason)),
            }
        }
    }
    (all, None)
}

/// A fresh process takes one sample under the profiler.
fn dump(opener: &mut dyn Open, results: &Results, case: usize, loops: u64) -> Result<Option<Vec<u8>>, Stop> {
    let mut session = opener.open()?;
    session.prepare(&results.cases[case])?;
    let dump = session.profile(Row { case: 0, loops });
    let ended = session.end();
    let dump = dump?;
    ended?;
    Ok(dump)
}

fn read(side: Side, loops: u64, dump: Vec<u8>) -> Result<Profiled, Reason> {
    let bad = |error: &dyn std::fmt::Display| {
        Reason::Failed(Box::new(Failed {
            message: format!("the profiler gave nothing that can be used: {error}"),
            ..Failed::default()
        }))
    };
    let seen = if dump.is_empty() {
        None
    } else {
        let profile = read_profile(&dump[..], Packing::None).map_err(|error| bad(&error))?;
        let stacks = attribute(&profile, &attribution::Options::default()).map_err(|error| bad(&error))?;
        Some(Seen { profile, stacks })
    };
    Ok(Profiled {
        side,
        loops,
        dump,
        seen,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: Side = Side { case: 0, runtime: 0 };

    #[test]
    fn a_dump_is_read_and_an_empty_one_has_no_stacks() {
        let dump = std::fs::read("fixtures/server.prof").expect("a file");
        let found = read(SIDE, 10, dump).expect("a dump");
        let seen = found.seen.expect("functions");
        assert_eq!(seen.stacks.functions, seen.profile.len());
        assert!(read(SIDE, 10, Vec::new()).expect("nothing").seen.is_none());
    }

    #[test]
    fn what_is_no_dump_is_told() {
        let Err(Reason::Failed(failed)) = read(SIDE, 1, b"{nonsense".to_vec()) else {
            panic!("it is no dump")
        };
        assert!(failed.message.contains("the profiler gave nothing"), "{failed:?}");
    }
}
