//! Profiles to dumps.

use super::SAMPLED;
use crate::format::marshal::Writer;
use crate::profile::{EdgeCalls, Key, KeyId, Profile, StrId};
use crate::python::{Dialect, Seconds};

/// What a writer refers to again.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shared {
    Name(StrId),
    Caller(KeyId),
}

/// A dump that CPython (of the same major version) loads to the same contents.
#[must_use]
pub fn write(profile: &Profile) -> Vec<u8> {
    let mut writer = match profile.dialect() {
        Dialect::Python2 => Writer::version2(),
        Dialect::Python3 => Writer::version4(),
    };
    let key = |writer: &mut Writer<Shared>, key: KeyId| {
        let Key { file, line, name } = profile.key_parts(key);
        writer.text(profile.strings().get(file), Shared::Name(file));
        writer.int(i128::from(line));
        writer.text(profile.strings().get(name), Shared::Name(name));
    };
    let seconds = |writer: &mut Writer<Shared>, seconds: Seconds| match seconds {
        Seconds::Int(value) => writer.int(value),
        Seconds::Float(value) => writer.float(value),
    };
    writer.begin_dict();
    for function in profile.functions() {
        writer.begin_tuple(3);
        key(&mut writer, profile.key_of(function));
        let calls = profile.calls(function);
        writer.begin_tuple(5);
        writer.int(calls.primitive);
        writer.int(calls.total);
        seconds(&mut writer, calls.own);
        seconds(&mut writer, calls.cumulative);
        writer.begin_dict();
        for (caller, calls) in profile.callers(function) {
            if writer.begin_shared_tuple(3, Shared::Caller(caller)) {
                key(&mut writer, caller);
            }
            match calls {
                EdgeCalls::Counted(count) => writer.int(count),
                EdgeCalls::Timed(calls) => {
                    writer.begin_tuple(4);
                    writer.int(calls.total);
                    writer.int(calls.primitive);
                    seconds(&mut writer, calls.own);
                    seconds(&mut writer, calls.cumulative);
                }
            }
        }
        writer.end_dict();
    }
    // Where Python's own sampler puts it.
    if profile.is_sampled() {
        let name = profile.key_count() as u32;
        writer.begin_tuple(1);
        writer.text(SAMPLED, Shared::Caller(KeyId(name)));
        writer.truth();
    }
    writer.end_dict();
    writer.into_bytes()
}
