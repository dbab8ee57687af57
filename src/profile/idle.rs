//! Functions that wait: a server's profile is often half the poll of its reactor.

use super::{KeyId, Profile};

/// C functions in which a thread sleeps until something happens, by the name without what is around it.
const WAITING: &[&str] = &[
    "time.sleep",
    "select.select",
    "select.poll",
    "'poll' of 'select.poll'",
    "'poll' of 'select.epoll'",
    "'poll' of 'select.devpoll'",
    "'control' of 'select.kqueue'",
    "'acquire' of '_thread.lock'",
    "'acquire' of '_thread.RLock'",
    "'acquire' of 'thread.lock'",
    "'get' of '_queue.SimpleQueue'",
    "'accept' of '_socket.socket'",
    "_thread.lock.acquire",
    "signal.pause",
    "signal.sigwait",
    "signal.sigtimedwait",
    "posix.wait",
    "posix.wait3",
    "posix.wait4",
    "posix.waitid",
    "posix.waitpid",
    "_winapi.WaitForSingleObject",
    "_winapi.WaitForMultipleObjects",
    "_overlapped.GetQueuedCompletionStatus",
];

/// The names of the same as the module `profile` writes them: without a module, so only those that are clear.
const WAITING_BARE: &[&str] = &["sleep", "poll", "epoll", "select", "waitpid", "sigwait"];

/// Does this function do nothing but wait?
#[must_use]
pub fn is_idle(profile: &Profile, key: KeyId) -> bool {
    profile.line(key) == 0 && is_idle_name(profile.file(key), profile.name(key))
}

/// Does the C function of this name do nothing but wait? `file` is empty for what the module `profile` names.
#[must_use]
pub fn is_idle_name(file: &[u8], name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    if file.is_empty() && WAITING_BARE.contains(&name) {
        return true;
    }
    let inner = name.trim_start_matches(['<', '{']).trim_end_matches(['>', '}']);
    let inner = inner
        .strip_prefix("built-in method ")
        .or_else(|| inner.strip_prefix("method "))
        .unwrap_or(inner);
    WAITING.contains(&inner.strip_suffix(" objects").unwrap_or(inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Dialect;

    #[test]
    fn waiting_is_told_from_working() {
        let check = |file: &str, name: &str, expected: bool| {
            let mut profile = Profile::new(Dialect::Python3);
            let key = profile
                .key(file.as_bytes(), 0, name.as_bytes())
                .expect("a small profile");
            assert_eq!(is_idle(&profile, key), expected, "{name}");
        };
        check("~", "<method 'poll' of 'select.epoll' objects>", true);
        check("~", "<built-in method time.sleep>", true);
        check("~", "<built-in method select.select>", true);
        check("~", "<method 'acquire' of '_thread.lock' objects>", true);
        check("", "sleep", true);
        check("~", "<method 'append' of 'list' objects>", false);
        check("~", "<method 'poll' of 'mine.Poll' objects>", false);
        check("a.py", "sleep", false);
    }
}
