//! `--record`: the server is sampled while dummies play on it.

use crate::{prof, python};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server that answers each line, after some work in a function of its own.
const SERVER: &str = "\
import selectors, socket
def work():
    return sum(number * number for number in range(30000))
def answer(connection):
    data = connection.recv(4096)
    if not data:
        chosen.unregister(connection)
        connection.close()
        return
    work()
    connection.sendall(b'done ' + data)
    if b'quit' in data:
        chosen.unregister(connection)
        connection.close()
listener = socket.create_server(('127.0.0.1', 0))
chosen = selectors.DefaultSelector()
chosen.register(listener, selectors.EVENT_READ)
print(listener.getsockname()[1], flush=True)
def serve():
    while True:
        for key, _ in chosen.select():
            if key.fileobj is listener:
                connection = listener.accept()[0]
                connection.sendall(b'welcome\\r\\n')
                chosen.register(connection, selectors.EVENT_READ)
            else:
                answer(key.fileobj)
serve()
";

const SCENARIO: &str = "\
[run]
timestep = \"50ms\"
chance_of_action = 1.0
chance_of_login = 1.0
profile = \"asks\"

[lag]
method = \"expect\"

[login]
name = \"Dummy_{gid}\"
commands = []

[logout]
commands = [\"quit\"]

[[action]]
name = \"ask\"
weight = 1.0
commands = [\"ask\"]\nexpect = \"done\"

[profile.asks]
ask = 1.0
";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(python: &str, folder: &Path) -> (Server, String) {
    std::fs::write(folder.join("server.py"), SERVER).expect("a file");
    std::fs::write(folder.join("asks.toml"), SCENARIO).expect("a file");
    let mut child = Command::new(python)
        .arg("server.py")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let mut port = String::new();
    let out = child.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut port).expect("a line");
    (Server(child), port.trim().into())
}

#[test]
fn the_report_shows_where_the_server_spends_its_time() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, port) = serve(python, folder.path());
    let arguments = [
        "dummyrunner",
        "5",
        "--scenario",
        "asks.toml",
        "--duration",
        "4s",
        "--port",
    ];
    let assert = prof()
        .args(arguments)
        .args([
            &port,
            "--record",
            "hot.svg",
            "--record",
            "hot.folded",
            "--json",
            "run.json",
        ])
        .current_dir(folder.path())
        .assert();
    let output = assert.get_output();
    let report =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert!(report.contains("the server's functions, by "), "{report}");
    assert!(report.contains("flame graph: hot.svg"), "{report}");
    let json = std::fs::read(folder.path().join("run.json")).expect("a file");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let hot = &json["hot"];
    assert!(hot["samples"].as_u64().expect("a count") > 20, "{hot}");
    let functions = hot["functions"].as_array().expect("a list");
    let share = |name: &str, which: &str| {
        let found = functions.iter().find(|function| {
            let text = function["name"].as_str().expect("a name");
            text.contains(name)
        });
        found.map_or(0.0, |function| function[which].as_f64().expect("a share"))
    };
    // All but selecting and sending is in `work`.
    assert!(share("(work)", "cumulative_share") > 0.5, "{hot}");
    let (from, to) = (hot["from_seconds"].as_f64(), hot["to_seconds"].as_f64());
    assert!(from < to && to < Some(4.1), "{hot}");
    let folded = std::fs::read_to_string(folder.path().join("hot.folded")).expect("a file");
    assert!(
        folded.contains("serve (server.py:") && folded.contains(";work ("),
        "{folded}"
    );
    assert!(folder.path().join("hot.svg").is_file());
}

#[test]
fn a_server_that_cannot_be_sampled_is_told_before_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port().to_string();
    // We listen, and are no Python.
    let check = |arguments: &[&str], expected: &str| {
        let assert = prof()
            .args(["dummyrunner", "2", "--duration", "1s", "--record", "hot.svg"])
            .args(arguments)
            .current_dir(folder.path())
            .assert()
            .code(2);
        let told = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(told.contains(expected), "{told}");
    };
    check(&["--port", &port], "is no Python program\nhint: ");
    check(
        &["--port", &port, "--record", "-"],
        "standard output has the report\nhint: ",
    );
    drop(listener);
    check(&["--port", &port], "no process of this machine is seen to listen");
    assert!(!folder.path().join("hot.svg").exists());
}
