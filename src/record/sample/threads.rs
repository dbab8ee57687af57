//! Which threads of a process the system runs.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// The threads of one process, whose states are asked again and again: the files stay open.
#[derive(Debug)]
pub(super) struct Threads {
    pid: u32,
    states: HashMap<i32, File>,
}

impl Threads {
    pub(super) fn of(pid: u32) -> Threads {
        Threads {
            pid,
            states: HashMap::new(),
        }
    }

    /// Is there such a thread, by the last [`Threads::running`]?
    pub(super) fn contains(&self, thread: i32) -> bool {
        self.states.contains_key(&thread)
    }

    /// The threads that run now or would, had they a processor.
    ///
    /// # Errors
    /// What the system says when the process is gone.
    pub(super) fn running(&mut self) -> std::io::Result<Vec<i32>> {
        let folder = format!("/proc/{}/task", self.pid);
        let threads: Vec<i32> = fs::read_dir(&folder)?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        self.states.retain(|thread, _| threads.contains(thread));
        let mut running = Vec::new();
        for thread in threads {
            if !self.states.contains_key(&thread)
                && let Ok(file) = File::open(format!("{folder}/{thread}/stat"))
            {
                self.states.insert(thread, file);
            }
            let mut line = [0; 512];
            let length = self
                .states
                .get(&thread)
                .and_then(|file| file.read_at(&mut line, 0).ok());
            if length.is_some_and(|length| is_running(&line[..length])) {
                running.push(thread);
            }
        }
        Ok(running)
    }
}

/// Does a line of `/proc/PID/stat` say so? The name before the state is in brackets, and may hold some.
fn is_running(line: &[u8]) -> bool {
    line.iter()
        .rposition(|&byte| byte == b')')
        .and_then(|end| line.get(end + 2))
        .is_some_and(|&state| state == b'R')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_stands_behind_the_name() {
        for (line, expected) in [
            ("77 (python) R 1 77", true),
            ("77 (a) R (b)) S 1 77", false),
            ("77 (python) t 1 77", false),
            ("77 (pyth", false),
            ("", false),
        ] {
            assert_eq!(is_running(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn who_looks_runs_and_who_waits_does_not() {
        let (told, tells) = std::sync::mpsc::channel::<()>();
        let (number, numbers) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            number.send(nix::unistd::gettid().as_raw()).expect("it is heard");
            let _ = tells.recv();
        });
        let waiter = numbers.recv().expect("it is told");
        let mut threads = Threads::of(std::process::id());
        let own = nix::unistd::gettid().as_raw();
        loop {
            let running = threads.running().expect("we run");
            assert!(running.contains(&own));
            assert!(threads.contains(waiter));
            if !running.contains(&waiter) {
                break;
            }
        }
        drop(told);
        waiting.join().expect("it only waits");
        // The system takes its number back a moment after its end.
        while threads.contains(waiter) {
            threads.running().expect("we run");
        }
    }
}
