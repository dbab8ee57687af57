//! A headless Chromium that tests drive as a user does: the DevTools protocol over a pair of pipes, one JSON message
//! after the other, each ended by a zero byte. Source: Chromium, `--remote-debugging-pipe`, and the protocol's own pages.

use super::chromium::FLAGS;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// One browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// What the page complained of: exceptions, and what its policy forbade.
    pub(crate) complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it, with a page of this size.
    pub(crate) fn start(chromium: &str, width: u32, height: u32) -> Browser {
        let profile = tempfile::tempdir().expect("a temporary folder");
        // The browser reads from descriptor 3 and writes to 4; a shell puts our pipes there.
        let script = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh", chromium])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = child.stdin.take().expect("a pipe");
        let from = messages(child.stdout.take().expect("a pipe"));
        let mut browser = Browser {
            child,
            to,
            from,
            session: None,
            last: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = target["targetId"].as_str().expect("an id").to_owned();
        let attached = browser.call(
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
        );
        browser.session = Some(attached["sessionId"].as_str().expect("an id").to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        browser
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_call(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .expect("the browser reads");
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = self.from.recv_timeout(left);
            let answer = answer.unwrap_or_else(|_| panic!("no answer to {method}"));
            if answer["id"] == json!(self.last) {
                return match &answer["error"] {
                    Value::Null => Ok(answer["result"].clone()),
                    error => Err(error.clone()),
                };
            }
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => {
                    self.complaints
                        .push(answer["params"]["exceptionDetails"].to_string());
                }
                Some("Log.entryAdded") if answer["params"]["entry"]["level"] == "error" => {
                    self.complaints
                        .push(answer["params"]["entry"]["text"].to_string());
                }
                _ => {}
            }
        }
    }

    /// What an expression is worth in the page.
    pub(crate) fn ask(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].clone()
    }

    /// The text of the first element that a selector finds.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let found = self.ask(&format!(
            "document.querySelector({})?.textContent",
            json!(selector)
        ));
        found
            .as_str()
            .unwrap_or_else(|| panic!("no {selector}"))
            .to_owned()
    }

    /// Waits until an expression is true. A page that is just being left has no answer, which is not true yet.
    pub(crate) fn wait(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        let params = json!({ "expression": format!("Boolean({expression})"), "returnByValue": true });
        loop {
            let answer = self.try_call("Runtime.evaluate", params.clone());
            if answer.is_ok_and(|answer| answer["result"]["value"] == json!(true)) {
                return;
            }
            assert!(Instant::now() < until, "never true: {expression}");
        }
    }

    /// Waits until all that was asked for is drawn.
    pub(crate) fn settle(&mut self) {
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))");
    }

    /// Opens an address.
    pub(crate) fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({ "url": address }));
    }

    /// Moves the pointer.
    pub(crate) fn point(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", "none", x, y, 0);
        self.settle();
    }

    /// Clicks; `shift` with the Shift key.
    pub(crate) fn click(&mut self, x: f64, y: f64, shift: bool) {
        let modifiers = if shift { 8 } else { 0 };
        self.mouse("mouseMoved", "none", x, y, modifiers);
        self.mouse("mousePressed", "left", x, y, modifiers);
        self.mouse("mouseReleased", "left", x, y, modifiers);
        self.settle();
    }

    /// Clicks with the right button.
    pub(crate) fn click_right(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", "none", x, y, 0);
        self.mouse("mousePressed", "right", x, y, 0);
        self.mouse("mouseReleased", "right", x, y, 0);
        self.settle();
    }

    /// Presses the left button at one place, and lets go of it at another.
    pub(crate) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.mouse("mouseMoved", "none", from.0, from.1, 0);
        self.mouse("mousePressed", "left", from.0, from.1, 0);
        self.mouse("mouseMoved", "left", to.0, to.1, 0);
        self.mouse("mouseReleased", "left", to.0, to.1, 0);
        self.settle();
    }

    fn mouse(&mut self, kind: &str, button: &str, x: f64, y: f64, modifiers: u32) {
        let params = json!({
            "type": kind, "x": x, "y": y, "button": button, "clickCount": 1, "modifiers": modifiers,
            "buttons": u8::from(button == "left"),
        });
        self.call("Input.dispatchMouseEvent", params);
    }

    /// Clicks in the middle of the first element that a selector finds.
    pub(crate) fn click_on(&mut self, selector: &str) {
        let place = format!(
            "(() => {{ const element = document.querySelector({}); element.scrollIntoView({{ block: 'nearest' }});
            const box = element.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2]; }})()",
            json!(selector)
        );
        let place = self.ask(&place);
        let number = |at: usize| place[at].as_f64().expect("a place");
        self.click(number(0), number(1), false);
    }

    /// Presses a key: one character, or a name such as `Enter`.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Backspace" => 8,
            "Enter" => 13,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let mut down = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
        if key.chars().count() == 1 {
            down["text"] = json!(key);
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        self.settle();
    }

    /// Types a text, key by key.
    pub(crate) fn type_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(&c.to_string()));
    }

    /// A picture of the page, for people.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let text = answer["data"].as_str().expect("a picture");
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends with its pipe; if it does not, it is ended.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            if self.from.recv_timeout(Duration::from_millis(50)).is_err() {
                continue;
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads messages as they come, so that nobody waits for a pipe that says nothing.
fn messages(pipe: ChildStdout) -> Receiver<Value> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while reader.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
            bytes.pop();
            if let Ok(message) = serde_json::from_slice(&bytes)
                && send.send(message).is_err()
            {
                return;
            }
            bytes.clear();
        }
    });
    receive
}
