//! `prof record`: what `kill -9` loses.

use super::{Folder, calls, dump, start, until};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a busy machine may take to write a snapshot, and to let a thread run: with less to do it is milliseconds.
const SLACK: Duration = Duration::from_secs(2);

#[test]
fn no_more_than_the_last_interval_is_lost() {
    // Writes how often it was called, and when, before it returns.
    let program = "
import time
def step(number):
    os.write(log, ('%d %.6f\\n' % (number, time.time())).encode())
log = os.open('counter.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
number = 0
while True:
    number += 1
    step(number)
    time.sleep(0.001)
";
    let every = Duration::from_millis(500);
    let folder = Folder::new();
    let Some(recording) = start(&folder, &["--every", "500ms"], program) else {
        return;
    };
    let steps = || -> Vec<(u64, f64)> {
        let text = std::fs::read_to_string(folder.file("counter.log")).unwrap_or_default();
        let steps = text.lines().filter_map(|line| line.split_once(' '));
        // The last line may not be whole yet.
        steps
            .map_while(|(number, at)| Some((number.parse().ok()?, at.parse().ok()?)))
            .collect()
    };
    let written = || {
        let file = std::fs::metadata(folder.file("out.prof"));
        file.and_then(|file| file.modified()).ok()
    };
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let until_then = |at: SystemTime| {
        let known = seconds(at) - SLACK.as_secs_f64();
        steps().iter().filter(|(_, at)| *at <= known).count() as u64
    };
    until("a snapshot in the middle", || {
        written().is_some_and(|at| until_then(at) > 100)
    });
    let first = written().expect("a snapshot");
    until("the next one", || written() > Some(first));
    let next = written().expect("a snapshot");
    assert!(seconds(next) - seconds(first) <= (every + SLACK).as_secs_f64());
    recording.signal(9);
    assert_eq!(recording.end().0, 137);
    // Another one may have been written meanwhile.
    let last = written().expect("a snapshot");
    let (steps, expected) = (steps(), until_then(last));
    let found = calls(&dump(&folder.file("out.prof")), "step");
    assert!(
        (expected..=steps.len() as u64).contains(&found),
        "{found} of {}, of which {expected} were there {SLACK:?} before the last snapshot",
        steps.len()
    );
}
