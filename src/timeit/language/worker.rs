// Times Rust for prof: the program that is built with the cases. The protocol is that of timeit::worker.
use std::ffi::c_long;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::FromRawFd;
use std::panic::{catch_unwind, set_hook};
use std::process::exit;
use std::sync::Mutex;

// The exit code when the code that is timed closed the channel.
const CUT_OFF: i32 = 121;
const LOOK_EVERY: i64 = 250_000_000;
const MONOTONIC: i32 = 1;
const PROCESS: i32 = 2;
const THREAD: i32 = 3;

#[repr(C)]
struct Time {
    seconds: c_long,
    nanoseconds: c_long,
}

// What getrusage writes: two times of two numbers, then fourteen numbers.
type Usage = [c_long; 18];
const MEMORY: usize = 4;
const MINOR: usize = 8;
const MAJOR: usize = 9;
const VOLUNTARY: usize = 16;
const INVOLUNTARY: usize = 17;

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Time) -> i32;
    fn getrusage(who: i32, usage: *mut Usage) -> i32;
    fn fcntl(descriptor: i32, command: i32, argument: i32) -> i32;
}

fn clock(clock: i32) -> i64 {
    let mut time = Time { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(clock, &mut time) };
    time.seconds as i64 * 1_000_000_000 + time.nanoseconds as i64
}

fn usage(who: i32) -> Usage {
    let mut usage = [0; 18];
    unsafe { getrusage(who, &mut usage) };
    usage
}

// The row that runs.
#[derive(Clone, Default)]
struct Row {
    index: i64,
    loops: i64,
    is_watched: bool,
    done: i64,
    piece: i64,
    wall: i64,
    cpu: i64,
    thread: i64,
    setup: i64,
    called: i64,
    began: i64,
    piece_began: i64,
    told: i64,
    cpu_began: i64,
    thread_began: i64,
    usage: Usage,
    has_left: bool,
}

static ROW: Mutex<Option<Row>> = Mutex::new(None);
static ANSWERS: Mutex<Option<File>> = Mutex::new(None);
// The last panic: its message, and its place.
static PANIC: Mutex<Option<(String, String)>> = Mutex::new(None);

fn locked<T>(mutex: &'static Mutex<T>) -> std::sync::MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(|error| error.into_inner())
}

// Called by the code before its loops, and after each piece of them, with how many it left out: how many come next.
#[inline(never)]
pub fn next(left: u64) -> u64 {
    let now = clock(MONOTONIC);
    let mut row = locked(&ROW);
    let Some(row) = row.as_mut() else { return 0 };
    if row.began == 0 {
        row.setup = now - row.called;
        row.piece = if row.is_watched { row.loops.min(64) } else { row.loops };
        row.usage = usage(1);
        row.cpu_began = clock(PROCESS);
        row.thread_began = clock(THREAD);
        row.began = clock(MONOTONIC);
        row.told = row.began;
        row.piece_began = row.began;
        return row.piece as u64;
    }
    row.has_left = left != 0;
    row.done += row.piece - left as i64;
    row.wall = now - row.began;
    if row.done >= row.loops || row.has_left {
        row.thread = clock(THREAD) - row.thread_began;
        row.cpu = clock(PROCESS) - row.cpu_began;
        return 0;
    }
    if now - row.told > LOOK_EVERY {
        row.cpu = clock(PROCESS) - row.cpu_began;
        say("progress", &[row.index, row.done, row.wall, row.cpu], &[]);
        row.told = now;
    }
    // Pieces of about 50 ms: long enough that they cost nothing.
    if now - row.piece_began < 25_000_000 {
        row.piece *= 2;
    }
    row.piece = row.piece.min(row.loops - row.done);
    row.piece_began = clock(MONOTONIC);
    row.piece as u64
}

fn say(kind: &str, numbers: &[i64], texts: &[&str]) {
    let mut message = kind.to_owned();
    for number in numbers {
        message += &format!(" {number}");
    }
    message += " /";
    for text in texts {
        message += &format!(" {}", text.len());
    }
    message += "\n";
    texts.iter().for_each(|text| message += text);
    let written = locked(&ANSWERS).as_mut().map(|file| file.write_all(message.as_bytes()));
    if !matches!(written, Some(Ok(()))) {
        exit(CUT_OFF);
    }
}

fn fail(kind: &str, message: &str, place: &str) {
    let row = locked(&ROW).clone().unwrap_or_default();
    let part = i64::from(row.began != 0);
    say("error", &[row.index, row.done, row.wall, row.cpu, part, 0], &[kind, message, place]);
}

fn run(numbers: &[i64], places: &[usize]) {
    let mut rows = Vec::new();
    let mut told = clock(MONOTONIC);
    for (index, pair) in numbers[1..].chunks_exact(2).enumerate() {
        *locked(&ROW) = Some(Row {
            index: index as i64,
            loops: pair[1],
            is_watched: numbers[0] == 1,
            called: clock(MONOTONIC),
            ..Row::default()
        });
        let result = catch_unwind(CASES[places[pair[0] as usize]]);
        let row = locked(&ROW).clone().unwrap_or_default();
        let is_complete = row.began != 0 && row.done >= row.loops && !row.has_left;
        if result.is_err() || !is_complete {
            say("rows", &rows, &[]);
            match locked(&PANIC).take() {
                Some((message, place)) if result.is_err() => fail("panic", &message, &place),
                _ => fail("error", "the statement left the loop before its end", ""),
            }
            return;
        }
        let after = usage(1);
        let more = |place: usize| (after[place] - row.usage[place]) as i64;
        let memory = usage(0)[MEMORY] as i64 * 1024;
        let faults = more(MINOR) + more(MAJOR);
        rows.extend([row.wall, row.thread, row.cpu, more(VOLUNTARY), more(INVOLUNTARY), faults, memory, row.setup]);
        if clock(MONOTONIC) - told > LOOK_EVERY {
            say("rows", &rows, &[]);
            rows.clear();
            told = clock(MONOTONIC);
        }
    }
    say("done", &rows, &[]);
}

fn channel(name: &str) -> File {
    let path = std::env::var(name).unwrap_or_default();
    unsafe { std::env::remove_var(name) };
    match path.rsplit('/').next().and_then(|number| number.parse().ok()) {
        // 2 and 1: the descriptor is closed in programs that the code starts.
        Some(number) if unsafe { fcntl(number, 2, 1) } == 0 => unsafe { File::from_raw_fd(number) },
        _ => exit(CUT_OFF),
    }
}

fn main() {
    let mut requests = BufReader::new(channel("PROF_REQUESTS"));
    *locked(&ANSWERS) = Some(channel("PROF_ANSWERS"));
    set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        *locked(&PANIC) = Some((text.to_owned(), place));
    }));
    say("hello", &[1], &["rustc", VERSION, ""]);
    let mut places: Vec<usize> = Vec::new();
    let mut head = String::new();
    while requests.read_line(&mut head).is_ok_and(|count| count > 0) {
        let (words, lengths) = head.split_once('/').unwrap_or_default();
        // The texts of the cases were built in.
        let length = lengths.split_whitespace().filter_map(|length| length.parse::<u64>().ok()).sum();
        let _ = std::io::copy(&mut requests.by_ref().take(length), &mut std::io::sink());
        let mut words = words.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let numbers: Vec<i64> = words.filter_map(|word| word.parse().ok()).collect();
        match kind {
            "prepare" => {
                places.push(numbers[2] as usize);
                say("ready", &[], &[]);
            }
            "run" => run(&numbers, &places),
            _ => break,
        }
        head.clear();
    }
}
