//! What the tests of several binaries need.

use prof::profile::Profile;
use std::time::{Duration, Instant};

/// Waits for something, so long at most.
pub(crate) fn until_within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < patience, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How often the functions with such a name and file were called; 0 if the profile does not hold any.
pub(crate) fn calls_of(profile: &Profile, is_meant: impl Fn(&[u8], &[u8]) -> bool) -> u64 {
    let count = |function| {
        let total = profile.calls(function).total.to_string();
        total.parse::<u64>().expect("a count")
    };
    let of_these = profile.functions().filter(|&function| {
        let key = profile.key_of(function);
        is_meant(profile.name(key), profile.file(key))
    });
    of_these.map(count).sum()
}
