//! Which processes are watched while dummies play.

use crate::process::{Meter, Source};

/// Names, and what measures the processes; we ourselves come last.
pub(super) fn watched(is_demo: bool) -> Vec<(String, Meter)> {
    let own = Meter::new(Source::Pid(std::process::id()));
    let name = if is_demo { "prof+game" } else { "prof" };
    vec![(name.into(), own)]
}
