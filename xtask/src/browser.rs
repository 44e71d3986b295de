// SPDX-License-Identifier: GPL-2.0-or-later
//! A headless Chromium, driven over a pipe: the Chrome DevTools Protocol
//! of its `--remote-debugging-pipe`, JSON messages that end in a NUL.
//!
//! # Design decisions
//!
//! The crates for this protocol bring an asynchronous runtime or a web socket,
//! or fetch a browser of their own. Over a pipe it takes a dozen calls, and no
//! port is open to others meanwhile.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

/// How long one call, or the loading of a page, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What Chromium must not do by itself: ask the network, and its user.
const QUIET: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
];

/// A running browser with one page.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// What the page did since it was opened, that nobody asked for: its events.
    pub(crate) events: Vec<Value>,
    /// Its profile, which goes with it.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it with an empty page.
    pub(crate) fn start() -> Result<Self> {
        let profile = tempfile::tempdir().context("cannot create a directory for Chromium")?;
        // The protocol is spoken on file descriptors 3 and 4.
        let script = "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(QUIET)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start Chromium")?;
        let input = child.stdin.take().context("Chromium has no input")?;
        let stdout = child.stdout.take().context("Chromium has no output")?;
        let (sender, output) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(stdout).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else {
                    break;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            input,
            output,
            session: None,
            last: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", &attach)?;
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(browser)
    }

    /// Calls a method, and returns its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        (self.input.write_all(&bytes))
            .with_context(|| format!("Chromium is gone before {method}"))?;
        let id = self.last;
        let answer = self.wait(method, |it| it["id"] == id)?;
        if let Some(error) = answer.get("error") {
            bail!("Chromium refused {method}: {error}");
        }
        Ok(answer["result"].clone())
    }

    /// Waits for a message; the others are kept as events.
    fn wait(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = (self.output.recv_timeout(left))
                .with_context(|| format!("Chromium says nothing about {what}"))?;
            if is_it(&message) {
                return Ok(message);
            }
            self.events.push(message);
        }
    }

    /// Opens a file in a window of that many pixels, light or dark, and waits until all
    /// of it is there.
    pub(crate) fn open(&mut self, file: &Path, width: u32, dark: bool) -> Result<()> {
        let metrics = json!({
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", &metrics)?;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &features)?;
        let url = format!("file://{}", file.display());
        self.events.clear();
        let answer = self.call("Page.navigate", &json!({"url": url}))?;
        if let Some(error) = answer.get("errorText") {
            bail!("Chromium cannot open {url}: {error}");
        }
        let loaded = |it: &Value| it["method"] == "Page.loadEventFired";
        if !self.events.iter().any(loaded) {
            let event = self.wait("the page", loaded)?;
            self.events.push(event);
        }
        Ok(())
    }

    /// The value of an expression in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let params = json!({"expression": expression, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", &params)?;
        if let Some(error) = answer.get("exceptionDetails") {
            bail!("in the page: {error}");
        }
        Ok(answer["result"]["value"].clone())
    }

    /// A picture (PNG) of the page from its top; of all of it where no height is given.
    pub(crate) fn picture(&mut self, height: Option<u32>) -> Result<Vec<u8>> {
        let size = "[document.documentElement.clientWidth, document.documentElement.scrollHeight]";
        let size = self.evaluate(size)?;
        let height = height.map_or(size[1].clone(), Value::from);
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1});
        let params = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let answer = self.call("Page.captureScreenshot", &params)?;
        let data = answer["data"]
            .as_str()
            .context("Chromium made no picture")?;
        Ok(base64::Engine::decode(
            &base64::prelude::BASE64_STANDARD,
            data,
        )?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        // It ends its own processes; if it does not, it is ended.
        let closed = self.call("Browser.close", &json!({}));
        if closed.is_ok() && self.has_ended() {
            return;
        }
        let _ = self.child.kill();
        // One whose thread waits in the kernel for a lock that is never released cannot be ended.
        if !self.has_ended() {
            eprintln!("Chromium (process {}) does not end", self.child.id());
        }
    }
}

impl Browser {
    /// Waits for its end, but not for ever.
    fn has_ended(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        while !matches!(self.child.try_wait(), Ok(Some(_))) {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}
