//! What the system says of an error, for people.

use std::io;

/// Without Rust's number, and what a crate adds behind that, such as the name of a temporary file.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_left_out() {
        let check = |error: io::Error, expected: &str| assert_eq!(system_text(&error), expected);
        check(
            io::Error::from_raw_os_error(libc::ENOENT),
            "No such file or directory",
        );
        check(
            io::Error::other("No space left on device (os error 28) at path \"x\""),
            "No space left on device",
        );
        check(io::Error::other("what we say"), "what we say");
    }
}
