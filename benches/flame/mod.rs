//! Flame graphs of the benches, taken with the crate pprof as those of `--self-profile`:
//! `cargo bench --bench NAME -- --profile-time 3` writes `target/criterion/BENCH/profile/flamegraph.svg`.

use criterion::Criterion;
use criterion::profiler::Profiler;
use prof::self_profile::SelfProfile;
use std::path::Path;

/// What all benches begin with.
pub(crate) fn criterion() -> Criterion {
    Criterion::default().with_profiler(Flamegraphs(None))
}

struct Flamegraphs(Option<SelfProfile>);

impl Profiler for Flamegraphs {
    fn start_profiling(&mut self, _id: &str, _folder: &Path) {
        self.0 = Some(SelfProfile::start().expect("nothing else samples"));
    }

    fn stop_profiling(&mut self, id: &str, folder: &Path) {
        let Some(profile) = self.0.take() else { return };
        std::fs::create_dir_all(folder).expect("the target folder can be written");
        let svg = profile.flamegraph(id).expect("what was sampled can be drawn");
        std::fs::write(folder.join("flamegraph.svg"), svg.svg).expect("the target folder can be written");
    }
}
