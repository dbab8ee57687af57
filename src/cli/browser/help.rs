//! The browser's help.

use super::{Failure, Output, Version, say};

/// How the arguments of a report are told; three commands share it.
const RESTRICTIONS: &str = "\
Arguments may be:
* An integer maximum number of entries to print.
* A decimal fractional number between 0 and 1, controlling
  what fraction of selected entries to print.
* A regular expression; only entries with function names
  that match it are printed.";

/// The commands, in the order in which they are listed.
pub(super) const COMMANDS: [&str; 11] = [
    "EOF", "add", "callees", "callers", "help", "quit", "read", "reverse", "sort", "stats", "strip",
];

/// Prints the list of commands, or the text on one.
pub(super) fn print(topic: &[u8], python: Version, output: &mut Output) -> Result<(), Failure> {
    let report = |what: &str| format!("Print {what} from the current stat object.\n{RESTRICTIONS}");
    let text = match topic {
        b"" => {
            let title = "Documented commands (type help <topic>):";
            format!(
                "\n{title}\n{}\n{}\n",
                "=".repeat(title.len()),
                COMMANDS.join("  ")
            )
        }
        b"stats" => report("statistics"),
        b"callers" => report("callers statistics"),
        b"callees" => report("callees statistics"),
        b"sort" => "Sort profile data according to specified keys.\n\
                    (Typing `sort' without arguments lists valid keys.)"
            .into(),
        b"add" => "Add profile info from given file to current statistics object.".into(),
        b"read" => {
            "Read in profile data from a specified file.\nWithout argument, reload the current file.".into()
        }
        b"reverse" => "Reverse the sort order of the profiling report.".into(),
        b"strip" => "Strip leading path information from filenames in the report.".into(),
        // The typing error was mended in 3.8.
        b"EOF" | b"quit" if !python.at_least(8) => "Leave the profile brower.".into(),
        b"EOF" | b"quit" => "Leave the profile browser.".into(),
        b"help" => "Show help for a given command.".into(),
        _ => return say(output, &[b"*** No help on ", topic].concat()),
    };
    for line in text.split('\n') {
        say(output, line.as_bytes())?;
    }
    Ok(())
}
