//! The browser on a terminal; with input from a pipe its text is checked in `corpus.rs`.

use crate::{fixture, prof};

#[test]
fn a_bad_file_for_add_ends_the_browser_with_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("bad.prof"), "no dump").expect("a temporary file");
    std::fs::copy(fixture("server.prof"), folder.path().join("a.prof")).expect("a temporary file");
    let output = prof()
        .current_dir(folder.path())
        .args(["stats", "--interactive", "a.prof"])
        .write_stdin("add bad.prof\nstats 1\n")
        .assert()
        .code(2);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(told.contains("error: cannot read `bad.prof`: byte 0"), "{told}");
}

#[cfg(target_os = "linux")]
mod terminal {
    use super::*;
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::os::fd::{FromRawFd as _, OwnedFd};
    use std::process::{Command, Stdio};
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    /// A program on a terminal of its own.
    struct Session {
        child: std::process::Child,
        keyboard: File,
        screen: Receiver<Vec<u8>>,
        seen: String,
    }

    impl Session {
        fn start(arguments: &[&str]) -> Session {
            let (mut master, mut slave) = (0, 0);
            let null = std::ptr::null_mut();
            #[expect(unsafe_code, reason = "only the C library opens terminals")]
            // SAFETY: openpty writes two descriptors, which are then owned here and nowhere else.
            let (master, slave) = unsafe {
                assert_eq!(
                    libc::openpty(&raw mut master, &raw mut slave, null, null.cast(), null.cast()),
                    0
                );
                (
                    File::from(OwnedFd::from_raw_fd(master)),
                    OwnedFd::from_raw_fd(slave),
                )
            };
            let stdio = || Stdio::from(slave.try_clone().expect("a descriptor is left"));
            let child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
                .args(arguments)
                .env("TERM", "xterm")
                .env("COLUMNS", "100")
                .env_remove("NO_COLOR")
                .stdin(stdio())
                .stdout(stdio())
                .stderr(stdio())
                .spawn()
                .expect("the binary runs");
            let (send, screen) = channel();
            let mut output = master.try_clone().expect("a descriptor is left");
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                // The terminal ends with an error when the last program has closed it.
                while let Ok(count @ 1..) = output.read(&mut buffer) {
                    if send.send(buffer[..count].to_vec()).is_err() {
                        break;
                    }
                }
            });
            Session {
                child,
                keyboard: master,
                screen,
                seen: String::new(),
            }
        }

        /// Waits until this text is on the screen.
        fn wait_for(&mut self, text: &str) {
            while !self.seen.contains(text) {
                match self.screen.recv_timeout(Duration::from_secs(20)) {
                    Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                    Err(RecvTimeoutError::Timeout) => panic!("`{text}` does not come: {:?}", self.seen),
                    Err(RecvTimeoutError::Disconnected) => panic!("`{text}` did not come: {:?}", self.seen),
                }
            }
            let end = self.seen.find(text).expect("it is there") + text.len();
            self.seen.drain(..end);
        }

        fn press(&mut self, keys: &str) {
            self.keyboard
                .write_all(keys.as_bytes())
                .expect("the terminal takes keys");
        }

        fn end(mut self) -> Option<i32> {
            self.child.wait().expect("it ends").code()
        }
    }

    #[test]
    fn commands_keys_and_functions_are_completed_and_history_is_kept() {
        let server = fixture("server.prof");
        let mut session = Session::start(&["stats", "--interactive", server.to_str().expect("a UTF-8 path")]);
        session.wait_for("% ");
        session.press("so\t");
        session.wait_for("sort ");
        session.press("cumu\t\r");
        session.wait_for("% ");
        session.press("stats maybeDef\t 1\r");
        session.wait_for("Ordered by: cumulative time");
        session.wait_for("restriction <'maybeDeferred'>");
        session.wait_for("% ");
        // Up: the last command again.
        session.press("\x1b[A\r");
        session.wait_for("restriction <'maybeDeferred'>");
        session.wait_for("% ");
        session.press("quit\r");
        session.wait_for("Goodbye.");
        assert_eq!(session.end(), Some(0));
    }

    #[test]
    fn a_terminal_gets_control_characters_escaped() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dump = b"{)\x03Z\x04a.pyi\x01\0\0\0Z\x08\x1b]0;evil)\x05i\x01\0\0\0i\x01\0\0\0g\0\0\0\0\0\0\0\0g\0\0\0\0\0\0\0\0{00";
        let path = folder.path().join("evil.prof");
        std::fs::write(&path, dump).expect("a temporary file");
        let mut session = Session::start(&["stats", path.to_str().expect("a UTF-8 path")]);
        session.wait_for("a.py:1(\\x1b]0;evil)");
        assert_eq!(session.end(), Some(0));
        // To a pipe the bytes are exact.
        prof()
            .arg("stats")
            .arg(&path)
            .assert()
            .success()
            .stdout(predicates::str::contains("\x1b]0;evil"));
    }

    #[test]
    fn limits_that_leave_nothing_are_told() {
        let server = fixture("server.prof");
        let server = server.to_str().expect("a UTF-8 path");
        let mut session = Session::start(&["stats", server, "--strip-dirs", "--limit", "site-packages"]);
        session.wait_for("the limits leave no function; with --strip-dirs");
        assert_eq!(session.end(), Some(0));
    }

    #[test]
    fn a_long_listing_in_file_order_gets_a_hint() {
        let server = fixture("server.prof");
        let mut session = Session::start(&["stats", server.to_str().expect("a UTF-8 path")]);
        session.wait_for("2617 functions follow in the order of the file; try --sort cumulative --limit 30");
        session.wait_for("filename:lineno(function)");
        session.wait_for("_getmembers");
        assert_eq!(session.end(), Some(0));
    }
}
