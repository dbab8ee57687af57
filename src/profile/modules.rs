//! Modules and packages by file names, found from the folders in which Python keeps libraries.

use super::{KeyId, Profile};

/// The module of C functions whose name tells none.
pub const BUILT_IN: &[u8] = b"(built-in)";

/// The dotted module of a function; the path of its file where no folder of libraries is on it.
#[must_use]
pub fn module_of(profile: &Profile, key: KeyId) -> Vec<u8> {
    if has_no_file(profile, key) {
        of_built_in(profile.name(key))
    } else {
        of_file(profile.file(key))
    }
}

/// The outermost package of a function's module; for files outside a library, their folder.
#[must_use]
pub fn package_of(profile: &Profile, key: KeyId) -> Vec<u8> {
    if has_no_file(profile, key) {
        of_built_in(profile.name(key))
    } else {
        package_of_file(profile.file(key))
    }
}

fn has_no_file(profile: &Profile, key: KeyId) -> bool {
    profile.is_builtin(key) || profile.file(key).is_empty()
}

/// The dotted module of a file; for a file outside the folders of libraries its path without the ending.
#[must_use]
pub fn of_file(file: &[u8]) -> Vec<u8> {
    module(file).0
}

/// The outermost package of a file's module; for a file outside the folders of libraries its folder.
#[must_use]
pub fn package_of_file(file: &[u8]) -> Vec<u8> {
    let (module, in_library) = module(file);
    if in_library {
        return module
            .split(|&byte| byte == b'.')
            .next()
            .unwrap_or_default()
            .into();
    }
    match file.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => file[..=slash].into(),
        None => module,
    }
}

/// The module of a C function by its name: `posix` of `<built-in method posix.stat>`. Methods of types belong to no
/// module that the name tells and are [`BUILT_IN`].
#[must_use]
pub fn of_built_in(name: &[u8]) -> Vec<u8> {
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
#[must_use]
pub fn after_library(file: &[u8]) -> Option<&[u8]> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_modules_and_packages() {
        let check = |file: &str, module: &str, package: &str| {
            let shown = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
            assert_eq!(
                (
                    &*shown(of_file(file.as_bytes())),
                    &*shown(package_of_file(file.as_bytes()))
                ),
                (module, package)
            );
        };
        let base = "/venv/lib/python3.12/site-packages/twisted/internet/base.py";
        check(base, "twisted.internet.base", "twisted");
        check("/usr/lib/python3.12/re/__init__.py", "re", "re");
        check(
            "<frozen importlib._bootstrap>",
            "importlib._bootstrap",
            "importlib",
        );
        check(
            "/srv/game/world/rules.py",
            "/srv/game/world/rules",
            "/srv/game/world/",
        );
        check("rules.py", "rules", "rules");
        assert_eq!(of_built_in(b"<built-in method posix.stat>"), b"posix");
        assert_eq!(of_built_in(b"<method 'append' of 'list' objects>"), b"(built-in)");
    }
}
