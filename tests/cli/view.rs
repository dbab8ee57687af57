//! `prof view`: what it reads, writes, says and serves. What the page does in a browser is in `view_page.rs`.

use crate::{fail, fixture, prof};
use predicates::prelude::*;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SERVER: &str = "fixtures/server.prof";

/// The page of these arguments.
fn page(arguments: &[&str]) -> String {
    let output = prof()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([&["view", "-o", "-"], arguments].concat())
        .assert()
        .success();
    String::from_utf8(output.get_output().stdout.clone()).expect("text")
}

/// What a page says of itself.
fn about(page: &str) -> Value {
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"about\">")
        .expect("every page has it");
    let (json, _) = rest.split_once("</script>").expect("it ends");
    serde_json::from_str(json).expect("JSON")
}

#[test]
fn the_totals_are_those_of_stats() {
    let about = about(&page(&[SERVER]));
    let stats = crate::run(&["stats", SERVER, "--format", "json", "--top", "1"]);
    let stats: Value = serde_json::from_str(&stats).expect("JSON");
    let totals = &stats["totals"];
    let shown = &about["totals"][1];
    assert_eq!(shown["calls"].as_f64(), totals["calls"].as_f64());
    assert_eq!(shown["primitive"].as_f64(), totals["primitive_calls"].as_f64());
    assert_eq!(shown["seconds"].as_f64(), totals["own_seconds"].as_f64());
    // pstats: 20419780 function calls (20272189 primitive calls) in 130.639 seconds.
    assert_eq!(shown["calls"].as_f64(), Some(20_419_780.0));
    assert_eq!(about["listed"].as_u64(), Some(2617));
    let width = about["widths"][1].as_u64().expect("a number");
    assert_eq!(width / 1_000_000, 130_639);
}

#[test]
fn a_page_is_one_file_that_loads_nothing_and_is_the_same_each_time() {
    let once = page(&[SERVER]);
    assert_eq!(once, page(&[SERVER]));
    assert!(once.starts_with("<!DOCTYPE html>") && once.trim_end().ends_with("</html>"));
    for outside in ["http://", "https://", "src=", "url(", "@import", "href="] {
        assert!(!once.contains(outside), "{outside}");
    }
    assert!(once.contains("default-src 'none'; script-src 'sha256-"));
    assert!(!once.contains("unsafe-inline") && !once.contains("connect-src"));
    // Without scripts there is a table; the poll of the reactor leads it.
    assert!(once.contains("<td>66.536 s</td><td>66.536 s</td><td>&lt;method &#39;poll&#39;"));
}

#[test]
fn it_is_written_under_the_name_of_the_profile_and_only_over_pages_of_prof() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let view = |arguments: &[&str]| {
        let mut command = prof();
        command.current_dir(folder.path()).arg("view").args(arguments);
        command.assert()
    };
    let server = fixture("server.prof");
    let server = server.to_str().expect("a plain path");
    view(&[server, "--no-open"])
        .success()
        .stdout("")
        .stderr(predicate::str::contains("wrote: server.html"));
    view(&[server, "--no-open"]).success();
    let (before, after) = (fixture("diff/before.prof"), fixture("diff/after.prof"));
    let pair = [
        before.to_str().expect("a plain path"),
        after.to_str().expect("a plain path"),
        "--no-open",
    ];
    view(&pair)
        .success()
        .stderr(predicate::str::contains("wrote: after.diff.html"));

    std::fs::write(folder.path().join("server.html"), "<html>notes</html>").expect("a temporary file");
    let told = "`server.html` is there already and is no page of prof";
    view(&[server]).code(2).stderr(predicate::str::contains(told));
    let kept = std::fs::read_to_string(folder.path().join("server.html")).expect("it is there");
    assert_eq!(kept, "<html>notes</html>");
    view(&[server, "-o", "server.html", "--no-open"]).success();

    std::fs::write(folder.path().join("own.html"), "a;b 3\n").expect("a temporary file");
    let told = "`own.html` is the profile itself";
    view(&["own.html", "-o", "own.html"])
        .code(2)
        .stderr(predicate::str::contains(told));
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        3,
        "nothing else is left"
    );
}

#[test]
fn without_a_screen_it_says_where_the_page_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = prof();
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"] {
        command.env_remove(variable);
    }
    command
        .current_dir(folder.path())
        .arg("view")
        .arg(fixture("server.prof"));
    if !cfg!(target_os = "macos") {
        let told = "open `server.html` in a browser";
        command.assert().success().stderr(predicate::str::contains(told));
    }
}

#[test]
fn samples_and_idle_time_are_told_apart() {
    let output = prof()
        .args(["view", "-", "-o", "-"])
        .write_stdin("main;work 3\nmain 1\n")
        .assert()
        .success();
    let samples = about(&String::from_utf8_lossy(&output.get_output().stdout));
    assert_eq!(
        (samples["unit"].as_str(), samples["widths"][1].as_u64()),
        (Some("samples"), Some(4))
    );
    assert_eq!(samples["counts"], "nothing");
    let busy = about(&page(&[SERVER, "--exclude-idle"]));
    let seconds = busy["totals"][1]["seconds"].as_f64().expect("a number");
    // 130.639 without the 66.536 of the poll and what else waits.
    assert!((60.0..64.2).contains(&seconds), "{seconds}");
    let remarks = busy["remarks"].to_string();
    assert!(remarks.contains("idle left out: 66."), "{remarks}");
}

#[test]
fn two_files_are_compared_or_added() {
    let (before, after) = ("fixtures/diff/before.prof", "fixtures/diff/after.prof");
    let compared = about(&page(&[before, after]));
    assert_eq!(compared["comparison"], true);
    // The totals that `prof diff` tells.
    let seconds = |about: &Value, side: usize| about["totals"][side]["seconds"].as_f64().expect("a number");
    assert!((seconds(&compared, 0) - 0.215).abs() < 1e-9 && (seconds(&compared, 1) - 0.222).abs() < 1e-9);
    let added = about(&page(&["--add", before, after]));
    assert_eq!(added["comparison"], false);
    assert!((seconds(&added, 1) - 0.437).abs() < 1e-9);
    let told = fail(&["view", before, after, SERVER], 2);
    assert!(
        told.contains("a page shows one profile or compares two") && told.contains("--add"),
        "{told}"
    );
    let told = fail(&["view", "-", "-"], 2);
    assert!(told.contains("standard input can only be one"), "{told}");
}

#[test]
fn what_cannot_be_shown_is_told() {
    assert!(fail(&["view", "fixtures/README.md"], 2).contains("found other text"));
    assert!(fail(&["view", "none.prof"], 2).contains("cannot read `none.prof`"));
    assert!(fail(&["view"], 2).contains("required"));
    assert!(fail(&["view", "-", "--serve"], 2).contains("standard input can be read once"));
    assert!(fail(&["view", SERVER, "--tui"], 2).contains("--tui needs a terminal"));
    assert!(fail(&["view", SERVER, SERVER, "--tui"], 2).contains("--tui shows one profile"));
    assert!(fail(&["view", SERVER, "--serve=70000"], 2).contains("70000"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folded = folder.path().join("a.folded");
    std::fs::write(&folded, "a;b 3\n").expect("a temporary file");
    let told = fail(&["view", folded.to_str().expect("a plain path"), SERVER], 2);
    assert!(
        told.contains("one profile counts samples and the other nanoseconds"),
        "{told}"
    );
}

#[test]
fn source_is_on_the_page_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("rules.py");
    std::fs::write(
        &file,
        "import os\n\ndef parse(text):\n    return os.fspath(text)\n\nend = 1\n",
    )
    .expect("a file");
    let stacks = format!(
        "main;parse ({}:3) 5\nmain;gone (/nowhere/x.py:1) 2\n",
        file.display()
    );
    let remarks = |arguments: &[&str]| {
        let mut command = prof();
        command
            .args(["view", "-", "-o", "-"])
            .args(arguments)
            .write_stdin(stacks.clone());
        let page = command.assert().success().get_output().stdout.clone();
        about(&String::from_utf8_lossy(&page))["remarks"].to_string()
    };
    let with = remarks(&["--source"]);
    assert!(
        with.contains("source of 1 of 2 functions (1 of 2 files are here)"),
        "{with}"
    );
    assert!(!remarks(&[]).contains("source"));
}

/// A server that is ended when the test ends.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
}

impl Served {
    pub(crate) fn start(path: &Path) -> Served {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("prof"))
            .args(["view", "--serve", "--no-open"])
            .arg(path)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("prof starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("http://127.0.0.1:") {
            line.clear();
            assert!(lines.read_line(&mut line).expect("text") > 0, "it ended");
        }
        let port = line
            .split("127.0.0.1:")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        let port = port.and_then(|port| port.parse().ok()).expect("a port");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Served { child, port }
    }

    fn ask(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a time");
        stream.write_all(request.as_bytes()).expect("it reads");
        stream
    }

    fn answer(&self, request: &str) -> String {
        let mut answer = Vec::new();
        self.ask(request)
            .read_to_end(&mut answer)
            .expect("an answer that ends");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_served_page_follows_the_file_and_only_its_own_name_is_answered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("live.folded");
    std::fs::write(&path, "main;work 3\n").expect("a temporary file");
    let mut served = Served::start(&path);
    let host = format!("Host: 127.0.0.1:{}", served.port);
    let get = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\n{host}\r\n\r\n");
    let answer = served.answer(&get("/", &host));
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("connect-src 'self'"),
        "{answer}"
    );
    assert_eq!(about(&answer)["widths"][1].as_u64(), Some(3));
    let status = |request: &str| {
        served
            .answer(request)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(status(&get("/", "Host: evil.example")).contains("421"));
    assert!(status(&get("/live.folded", &host)).contains("404"));
    assert!(status(&get("/../live.folded", &host)).contains("404"));
    assert!(status(&format!("POST / HTTP/1.1\r\n{host}\r\n\r\n")).contains("405"));
    assert!(status("nonsense\r\n\r\n").contains("400"));

    let mut events = BufReader::new(served.ask(&get("/changes", &host))).lines();
    let mut until = |wanted: &str| {
        let line = events.find(|line| line.as_ref().is_ok_and(|line| line.contains(wanted)));
        line.expect("the event comes").expect("text")
    };
    std::fs::write(&path, "no profile").expect("a temporary file");
    until("event: problem");
    assert!(until("data:").contains("cannot read"));
    assert_eq!(
        about(&served.answer(&get("/", &host)))["widths"][1].as_u64(),
        Some(3),
        "the last page stays"
    );
    // Whole at once, as programs that save profiles do.
    std::fs::write(folder.path().join("new"), "main;work 3\nmain;more 4\n").expect("a temporary file");
    std::fs::rename(folder.path().join("new"), &path).expect("it is renamed");
    until("event: changed");
    assert_eq!(
        about(&served.answer(&get("/", &host)))["widths"][1].as_u64(),
        Some(7)
    );

    let pid = nix::unistd::Pid::from_raw(served.child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it runs");
    let status = served.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0), "Ctrl-C is its orderly end");
}
