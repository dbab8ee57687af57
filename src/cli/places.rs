//! Where the environment says that interpreters are.

use crate::interpreter::Places;
use std::path::{Path, PathBuf};

/// Where this machine keeps interpreters.
pub(super) fn places() -> Places {
    let folder = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = folder("HOME");
    let in_home = |place: &str| home.as_deref().map(|home: &Path| home.join(place));
    let pyenv = folder("PYENV_ROOT").or_else(|| in_home(".pyenv"));
    let uv = folder("UV_PYTHON_INSTALL_DIR").or_else(|| in_home(".local/share/uv/python"));
    Places {
        path: std::env::var_os("PATH")
            .map(|path| std::env::split_paths(&path).collect())
            .unwrap_or_default(),
        virtual_env: folder("VIRTUAL_ENV"),
        versions: pyenv
            .map(|pyenv| pyenv.join("versions"))
            .into_iter()
            .chain(uv)
            .collect(),
    }
}
