//! Which module and package a function belongs to, found from the folders Python keeps libraries in.

use super::{KeyId, Profile};

/// Stands for the file, and where it does not show the module too, of C functions.
pub(crate) const BUILT_IN: &[u8] = b"(built-in)";

/// The dotted module of a function; the path of its file where no folder of libraries is on it.
pub(crate) fn module_of(profile: &Profile, key: KeyId) -> Vec<u8> {
    if has_no_file(profile, key) {
        return built_in_module(profile.name(key));
    }
    module(profile.file(key)).0
}

/// The outermost package of a function's module; for files outside a library, their folder.
pub(crate) fn package_of(profile: &Profile, key: KeyId) -> Vec<u8> {
    if has_no_file(profile, key) {
        return built_in_module(profile.name(key));
    }
    let file = profile.file(key);
    let (module, in_library) = module(file);
    if in_library {
        module
            .split(|&byte| byte == b'.')
            .next()
            .unwrap_or_default()
            .into()
    } else {
        match file.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => file[..=slash].into(),
            None => module,
        }
    }
}

fn has_no_file(profile: &Profile, key: KeyId) -> bool {
    profile.is_builtin(key) || profile.file(key).is_empty()
}

/// `posix` of `<built-in method posix.stat>`; methods of types belong to no module that the name tells.
fn built_in_module(name: &[u8]) -> Vec<u8> {
    let module = name.strip_prefix(b"<built-in method ").and_then(|rest| {
        let dotted = rest.strip_suffix(b">").unwrap_or(rest);
        let dot = dotted.iter().rposition(|&byte| byte == b'.')?;
        dotted[..dot]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte))
            .then(|| dotted[..dot].to_vec())
    });
    module.unwrap_or_else(|| BUILT_IN.into())
}

/// The dotted module of a file, and whether it stands in a folder of libraries, so that the name is sure.
fn module(file: &[u8]) -> (Vec<u8>, bool) {
    if let Some(frozen) = file
        .strip_prefix(b"<frozen ")
        .and_then(|rest| rest.strip_suffix(b">"))
    {
        return (frozen.into(), true);
    }
    let (path, in_library) = match after_library(file) {
        Some(path) => (path, true),
        None => (file, false),
    };
    let path = path.strip_suffix(b".py").unwrap_or(path);
    let path = path.strip_suffix(b"/__init__").unwrap_or(path);
    let dotted = if in_library {
        path.iter()
            .map(|&byte| if byte == b'/' { b'.' } else { byte })
            .collect()
    } else {
        path.into()
    };
    (dotted, in_library)
}

/// What follows the last `site-packages/`, `dist-packages/` or `lib/python3.12/`.
fn after_library(file: &[u8]) -> Option<&[u8]> {
    let mut start = 0;
    let mut found = None;
    let mut parent: &[u8] = b"";
    for folder in file.split_inclusive(|&byte| byte == b'/') {
        start += folder.len();
        let name = folder.strip_suffix(b"/").unwrap_or(b"");
        let versioned = name
            .strip_prefix(b"python")
            .is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit));
        if name == b"site-packages" || name == b"dist-packages" || (versioned && parent == b"lib") {
            found = Some(start);
        }
        parent = name;
    }
    found.map(|start| &file[start..])
}
