//! Where CPython keeps what a stack is read from, in bytes from the start of each structure.
//!
//! Source: the compiler's `offsetof` over the headers of CPython 3.6.15, 3.7.16, 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1
//! and 3.13.0 on 64-bit Linux. A build that differs, such as one for debugging, is noticed: see [`super::walk`].

/// The places of one version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// In the interpreter: the first of its threads.
    pub(super) threads: usize,
    /// In a thread: the number that Python gives it.
    pub(super) thread: usize,
    /// The number that the system gives it.
    pub(super) system_thread: Option<usize>,
    /// Its innermost frame, or what leads there.
    pub(super) frame: usize,
    /// In what leads there.
    pub(super) frame_in: Option<usize>,
    /// In a frame: the one that called it.
    pub(super) back: usize,
    /// Its code.
    pub(super) code: usize,
    /// Whose it is.
    pub(super) owner: Option<usize>,
    /// In a code: its first line, 4 bytes.
    pub(super) line: usize,
    /// The name of its file.
    pub(super) file: usize,
    /// Its name.
    pub(super) name: usize,
    /// Its name with that of its class.
    pub(super) qualified: Option<usize>,
    /// In a string: its text, if that is ASCII.
    pub(super) ascii: usize,
    /// If it is not.
    pub(super) wide: usize,
}

/// In a string: how many characters it has.
pub(super) const STRING_LENGTH: usize = 16;
/// From the third bit: bytes of a character (3 bits), is the text right behind this, is it ASCII.
pub(super) const STRING_STATE: usize = 32;

/// In a thread: the next one.
pub(super) const NEXT: usize = 8;
/// The owner of a frame that stands for no function.
pub(super) const OWNED_BY_C: u8 = 3;

const UP_TO_3_10: Layout = Layout {
    threads: 8,
    thread: 176,
    system_thread: None,
    frame: 24,
    frame_in: None,
    back: 24,
    code: 32,
    owner: None,
    line: 40,
    file: 104,
    name: 112,
    qualified: None,
    ascii: 48,
    wide: 72,
};

const OF_3_7: Layout = Layout {
    line: 36,
    file: 96,
    name: 104,
    ..UP_TO_3_10
};

const OF_3_6: Layout = Layout {
    thread: 152,
    ..OF_3_7
};

const OF_3_11: Layout = Layout {
    threads: 16,
    thread: 152,
    system_thread: Some(160),
    frame: 56,
    frame_in: Some(8),
    back: 48,
    code: 32,
    owner: None,
    line: 72,
    file: 112,
    name: 120,
    qualified: Some(128),
    ascii: 48,
    wide: 72,
};

const OF_3_12: Layout = Layout {
    threads: 72,
    thread: 136,
    system_thread: Some(144),
    frame_in: Some(0),
    back: 8,
    code: 0,
    owner: Some(70),
    line: 68,
    ascii: 40,
    wide: 56,
    ..OF_3_11
};

const OF_3_13: Layout = Layout {
    threads: 7344,
    thread: 152,
    system_thread: Some(160),
    frame: 72,
    frame_in: None,
    ..OF_3_12
};

impl Layout {
    /// Of Python 3 with this second number; `None` where it is not known.
    pub(super) fn of(minor: u64) -> Option<&'static Layout> {
        // A pointer of other systems has another size.
        if cfg!(not(target_pointer_width = "64")) {
            return None;
        }
        Some(match minor {
            6 => &OF_3_6,
            7 => &OF_3_7,
            8..=10 => &UP_TO_3_10,
            11 => &OF_3_11,
            12 => &OF_3_12,
            13 => &OF_3_13,
            _ => return None,
        })
    }
}
