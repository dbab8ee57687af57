//! Shows a page in the user's browser.

use super::super::output::Output;
use crate::python::text;
use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a failure of the opener is waited for. Some stay until the browser ends.
const PATIENCE: Duration = Duration::from_millis(1500);
const STEP: Duration = Duration::from_millis(50);

/// Opens a file or an address. That it cannot is no failure of the command: the page is there.
pub(super) fn open(page: &OsStr, output: &mut Output) {
    let shown = text::shown(page.as_encoded_bytes());
    let by_hand = |why: &str| format!("{why}: open `{shown}` in a browser (--no-open does not try)");
    if !has_display(|variable| std::env::var_os(variable)) {
        output.report("hint", &by_hand("no screen is known here"));
        return;
    }
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    // A name that begins with a dash would be an option of the opener.
    let page = match page.as_encoded_bytes().first() {
        Some(b'-') => [OsStr::new("./"), page].into_iter().collect::<OsString>(),
        _ => page.into(),
    };
    let child = Command::new(opener)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        output.report("hint", &by_hand(&format!("there is no {opener}")));
        return;
    };
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return,
            Ok(Some(_)) | Err(_) => {
                output.report("hint", &by_hand(&format!("{opener} found no browser")));
                return;
            }
            Ok(None) => std::thread::sleep(STEP),
        }
        waited += STEP;
    }
}

/// Is there a screen, as far as the environment says?
fn has_display(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    // WSL has no screen of its own, its opener shows pages on Windows.
    cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(is_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn without_a_screen_nothing_is_opened() {
        assert!(!has_display(|_| None));
        assert!(!has_display(|_| Some(OsString::new())));
        assert!(has_display(
            |name| (name == "WAYLAND_DISPLAY").then(|| "wayland-0".into())
        ));
    }
}
