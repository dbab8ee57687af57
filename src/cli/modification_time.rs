//! The time of a file's last change as `ctime` shows it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

#[expect(unsafe_code, reason = "the crate libc does not declare it for Linux")]
unsafe extern "C" {
    /// Reads TZ; `localtime_r` need not do it by itself.
    safe fn tzset();
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Tue Nov  7 22:13:20 2023`: English whatever the locale, the day padded with a space, local time by TZ,
/// seconds rounded down. `None` for a time that the C library cannot show.
pub(super) fn of(metadata: &Metadata) -> Option<String> {
    // Python keeps the time as a float, in which the last hundred nanoseconds of a second are the next one.
    let seconds = (metadata.mtime() as f64 + 1e-9 * metadata.mtime_nsec() as f64).floor() as libc::time_t;
    #[expect(unsafe_code, reason = "only the C library knows the rules of TZ")]
    // SAFETY: tzset has no arguments and no other thread runs yet; localtime_r writes one tm, for which all
    // zeros is a valid value.
    let time = unsafe {
        tzset();
        let mut time: libc::tm = std::mem::zeroed();
        if libc::localtime_r(&raw const seconds, &raw mut time).is_null() {
            return None;
        }
        time
    };
    let day = DAYS.get(usize::try_from(time.tm_wday).ok()?)?;
    let month = MONTHS.get(usize::try_from(time.tm_mon).ok()?)?;
    Some(format!(
        "{day} {month} {:2} {:02}:{:02}:{:02} {}",
        time.tm_mday,
        time.tm_hour,
        time.tm_min,
        time.tm_sec,
        i64::from(time.tm_year) + 1900
    ))
}
