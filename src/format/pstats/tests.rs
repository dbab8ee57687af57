//! The reader against itself, the writer, and damaged files. Against CPython it is tested in `tests/cli/corpus.rs`.

use super::*;
use crate::profile::FunctionId;
use crate::view::{Shown, SortKey, Stats};
use proptest::prelude::*;
use std::path::Path;

/// Everything that a profile says, in a form that can be compared.
fn contents(profile: &Profile) -> Vec<String> {
    let function = |function: FunctionId| {
        let callers: Vec<_> = profile
            .callers(function)
            .map(|(key, calls)| (profile.standard_name(key), calls))
            .collect();
        format!(
            "{:?} {:?} {callers:?}",
            profile.standard_name(profile.key_of(function)),
            profile.calls(function)
        )
    };
    let head = format!(
        "{:?} {} {:?}",
        profile.dialect(),
        profile.is_sampled(),
        profile.totals()
    );
    std::iter::once(head)
        .chain(profile.functions().map(function))
        .collect()
}

fn dumps() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pstats/dumps");
    let mut dumps: Vec<_> = std::fs::read_dir(folder)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("the folder can be listed").path())
        .map(|path| {
            (
                path.to_string_lossy().into_owned(),
                std::fs::read(&path).expect("a fixture can be read"),
            )
        })
        .collect();
    dumps.sort();
    assert!(dumps.len() > 100);
    dumps
}

/// The body of every fuzz test of this reader: no bytes panic, both ways of reading agree, and what is a dump can
/// be printed, changed and written.
fn fuzz(bytes: &[u8]) {
    let fast = read_with(bytes, Way::Fast);
    let general = read_with(bytes, Way::General);
    match (fast, general) {
        (Ok(fast), Ok(general)) => {
            assert_eq!(contents(&fast), contents(&general));
            let python = match fast.dialect() {
                Dialect::Python2 => crate::python::Version::PYTHON2,
                Dialect::Python3 => crate::python::Version::NEWEST,
            };
            let again = read(&write(&fast)[..]).expect("what was written can be read");
            let (mut before, mut after) = (contents(&fast), contents(&again));
            if python.major == 2 {
                // Nothing tells a dump of Python 2 in which no name occurs twice.
                before.remove(0);
                after.remove(0);
            }
            assert_eq!(before, after);
            let mut stats = Stats::new(fast, b"x".into(), python);
            let mut sink = Vec::new();
            // Numbers of two kinds may meet; that is an error, not a panic.
            let _ = stats.profile().fold_addresses();
            stats.sort(&[SortKey::Cumulative, SortKey::StandardName]);
            stats
                .print_stats(&[], Shown::Raw, &mut sink)
                .expect("a Vec takes all");
            stats
                .print_callers(&[], Shown::Escaped, &mut sink)
                .expect("a Vec takes all");
            stats
                .print_callees(&[], Shown::Raw, &mut sink)
                .expect("a Vec takes all");
            let _ = stats.strip_dirs();
            let _ = stats.add(&general, b"y".into());
        }
        (Err(_), Err(_)) => {}
        (fast, general) => panic!("the ways differ: {:?} and {:?}", fast.err(), general.err()),
    }
}

#[test]
fn both_ways_of_reading_agree_on_all_dumps() {
    for (_, bytes) in dumps() {
        fuzz(&bytes);
    }
}

#[test]
fn a_cut_dump_is_an_error_that_tells_where() {
    let small = dumps()
        .into_iter()
        .filter(|(name, bytes)| !name.contains(".bad") && bytes.len() < 1500);
    for (name, bytes) in small {
        let whole = read(&bytes[..]).expect("a sound dump");
        for cut in 0..bytes.len() {
            match read(&bytes[..cut]) {
                // What follows the object is not read, so that cutting it changes nothing.
                Ok(profile) => assert_eq!(contents(&profile), contents(&whole), "{name} cut at {cut}"),
                Err(Error::Marshal(
                    marshal::Error::NoValue { offset } | marshal::Error::Truncated { offset, .. },
                )) => assert_eq!(offset, cut as u64, "{name}"),
                Err(error) => panic!("{name} cut at {cut}: {error}"),
            }
        }
    }
}

#[test]
fn a_name_longer_than_the_buffer_is_read() {
    let name = "n".repeat(200_000);
    let mut profile = Profile::new(Dialect::Python3);
    let key = profile.key(b"a.py", 1, name.as_bytes()).expect("a small profile");
    profile.insert(key, Calls::default(), EdgeRange::default());
    let again = read(&write(&profile)[..]).expect("what was written can be read");
    assert_eq!(again.name(again.key_of(FunctionId(0))).len(), name.len());
}

/// A reader that gives one byte at a time.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(buffer.len()).min(1);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn chunks_do_not_matter() {
    for (name, bytes) in dumps() {
        let (whole, drops) = (read(&bytes[..]), read(Drops(&bytes)));
        match (whole, drops) {
            (Ok(whole), Ok(drops)) => assert_eq!(contents(&whole), contents(&drops), "{name}"),
            (Err(whole), Err(drops)) => assert_eq!(whole.to_string(), drops.to_string(), "{name}"),
            _ => panic!("{name} depends on chunks"),
        }
    }
}

fn seconds() -> impl Strategy<Value = Seconds> {
    prop_oneof![
        8 => any::<f64>().prop_filter("comparable", |value| !value.is_nan()).prop_map(Seconds::Float),
        1 => any::<i64>().prop_map(|value| Seconds::Int(value.into())),
    ]
}

fn calls() -> impl Strategy<Value = Calls> {
    let count =
        || prop_oneof![8 => 0..1000i128, 1 => any::<i64>().prop_map(i128::from), 1 => Just(1i128 << 70)];
    (count(), count(), seconds(), seconds()).prop_map(|(primitive, total, own, cumulative)| Calls {
        primitive,
        total,
        own,
        cumulative,
    })
}

fn profiles() -> impl Strategy<Value = Profile> {
    let key = || ("[a-c/~\u{e9}]{0,3}", -1..3i64, "[f-h<>]{0,3}");
    let edge = prop_oneof![8 => calls().prop_map(EdgeCalls::Timed), 1 => any::<i64>().prop_map(|count| EdgeCalls::Counted(count.into()))];
    let function = (key(), calls(), proptest::collection::vec((key(), edge), 0..5));
    proptest::collection::vec(function, 1..12).prop_map(|functions| {
        let mut profile = Profile::new(Dialect::Python3);
        let key = |profile: &mut Profile, (file, line, name): (String, i64, String)| {
            profile
                .key(file.as_bytes(), line, name.as_bytes())
                .expect("a small profile")
        };
        for (function, calls, edges) in functions {
            let function = key(&mut profile, function);
            let edges: Vec<_> = edges
                .into_iter()
                .map(|(caller, calls)| (key(&mut profile, caller), calls))
                .collect();
            let callers = profile.push_edges(edges).expect("a small profile");
            profile.insert(function, calls, callers);
        }
        profile.sum_up().expect("sums of 64 bits fit 128");
        profile
    })
}

proptest! {
    #[test]
    fn what_was_written_reads_the_same(profile in profiles()) {
        let again = read(&write(&profile)[..]).expect("what was written can be read");
        prop_assert_eq!(contents(&profile), contents(&again));
    }

    #[test]
    fn changed_bytes_never_panic(
        dump in proptest::sample::select(dumps()),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = dump.1;
        prop_assume!(!bytes.is_empty());
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        fuzz(&bytes);
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz(&bytes);
        fuzz(&[&b"{"[..], &bytes].concat());
    }
}
