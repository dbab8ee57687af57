//! What helps when the system does not let us look into a process.
//!
//! Source: ptrace(2), and the kernel's documentation of Yama.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// What would give us the right to look into a process.
pub(super) fn permission_hint(pid: u32) -> &'static str {
    let owner = fs::metadata(format!("/proc/{pid}")).map(|metadata| metadata.uid());
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    hint_for(
        owner.is_ok_and(|owner| owner != nix::unistd::geteuid().as_raw()),
        scope.trim(),
    )
}

/// By whether the process belongs to another user, and the kernel's `ptrace_scope`.
fn hint_for(is_foreign: bool, scope: &str) -> &'static str {
    match (is_foreign, scope) {
        (_, "3") => "kernel.yama.ptrace_scope is 3: until it is set lower and the machine booted, nobody may",
        (true, _) => "it belongs to another user: run prof as that one, or as root (sudo prof record ...)",
        (_, "1") => {
            "kernel.yama.ptrace_scope is 1: only a parent may. Run prof as root (sudo), or give it the right once: sudo \
             setcap cap_sys_ptrace=ep \"$(command -v prof)\""
        }
        (_, "2") => "kernel.yama.ptrace_scope is 2: run prof as root (sudo prof record ...)",
        _ => {
            "in a container: start it with --cap-add SYS_PTRACE; elsewhere: run prof as root (sudo), since the program \
             may have given up or gained rights"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_depends_on_who_owns_it_and_on_the_kernel() {
        // As ptrace(2) and the kernel's Yama documentation tell the scopes.
        for (is_foreign, scope, expected) in [
            (true, "0", "another user"),
            (true, "1", "another user"),
            (false, "1", "only a parent"),
            (false, "2", "as root"),
            (false, "3", "nobody"),
            (true, "3", "nobody"),
            (false, "", "SYS_PTRACE"),
        ] {
            assert!(
                hint_for(is_foreign, scope).contains(expected),
                "{is_foreign} {scope}"
            );
        }
    }
}
