//! KCachegrind itself, on a screen that nobody sees. What it made of a file stands in its status line, which
//! is read off the picture.

use crate::{alone, dumps, folder, is_there, succeed};
use prof::export::callgrind::{self, Options};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen, and the name that programs find it by.
fn screen() -> (Running, String) {
    let mut server = Command::new("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1000x700x24",
            "-nolisten",
            "tcp",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb starts");
    let mut number = String::new();
    let output = server.stdout.take().expect("a pipe");
    BufReader::new(output)
        .read_line(&mut number)
        .expect("its number, once it is ready");
    (Running(server), format!(":{}", number.trim()))
}

/// The window's status line, as text: the lowest lines of its picture, enlarged for the reader. `None` while
/// there is no such window.
fn status_line(display: &str, title: &str) -> Option<String> {
    let folder = folder();
    let (window, picture) = (folder.path().join("window.xwd"), folder.path().join("status.png"));
    let mut search = Command::new("xdotool");
    search
        .env("DISPLAY", display)
        .args(["search", "--onlyvisible", "--name", title]);
    let found = search.output().expect("xdotool starts").stdout;
    let found = String::from_utf8_lossy(&found);
    let id = found.lines().next()?;
    let mut dump = Command::new("xwd");
    dump.args(["-display", display, "-silent", "-id", id, "-out"])
        .arg(&window);
    if !dump.output().expect("xwd starts").status.success() {
        return None;
    }
    let mut convert = Command::new("convert");
    convert
        .arg(&window)
        .args(["-gravity", "South", "-crop", "x24+0+0", "+repage"])
        .args(["-colorspace", "Gray", "-resize", "400%"])
        .arg(&picture);
    succeed(convert.output().expect("convert starts"));
    let mut reader = Command::new("tesseract");
    reader.arg(&picture).args(["-", "--psm", "7"]);
    Some(succeed(reader.output().expect("tesseract starts")))
}

/// Opens a file and waits for the total that KCachegrind tells.
fn total(file: &Path, command: &str, home: &Path) -> String {
    let (_server, display) = screen();
    let log = home.join("log");
    let _viewer = Running(
        Command::new("kcachegrind")
            .arg(file)
            .env("DISPLAY", &display)
            .env("QT_QPA_PLATFORM", "xcb")
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("XDG_CONFIG_HOME", home)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).expect("a temporary file"))
            .spawn()
            .expect("KCachegrind starts"),
    );
    let name = file.file_name().expect("a file").to_string_lossy();
    // A regular expression, for xdotool. The rest of the title is not ASCII, which `.` does not match in the C locale.
    let title = format!("{name} .{command}.");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut last = String::new();
    while Instant::now() < deadline {
        sleep(Duration::from_millis(500));
        last = status_line(&display, &title).unwrap_or(last);
        if let Some((_, total)) = last.split_once("Cost:") {
            let said = fs::read_to_string(&log).expect("its log");
            assert!(!said.contains("rror"), "{said}");
            return total.chars().filter(char::is_ascii_digit).collect();
        }
    }
    panic!(
        "no total in {last:?}; it said {:?}",
        fs::read_to_string(&log).expect("its log")
    );
}

#[test]
fn kcachegrind_tells_the_total_of_the_dump() {
    if !["kcachegrind", "Xvfb", "xdotool", "xwd", "convert", "tesseract"]
        .into_iter()
        .all(is_there)
    {
        return;
    }
    let _alone = alone();
    let folder = folder();
    // No tip of the day before the window, and one number format wherever this runs.
    fs::write(
        folder.path().join("kcachegrindrc"),
        "[TipOfDay]\nRunOnStart=false\n",
    )
    .expect("a temporary file");
    let (_, profile) = dumps()
        .into_iter()
        .find(|(name, _)| name == "server")
        .expect("the Evennia dump");
    let file = folder.path().join("callgrind.out.server");
    let options = Options {
        command: "server.prof".into(),
    };
    let mut text = Vec::new();
    callgrind::write(&profile, &options, &mut text).expect("a Vec takes everything");
    fs::write(&file, &text).expect("a temporary file");
    let text = String::from_utf8(text).expect("text");
    let (_, expected) = text.split_once("totals: ").expect("a line of totals");
    assert_eq!(total(&file, "server.prof", folder.path()), expected.trim());
}
