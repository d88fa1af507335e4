//! A headless Chromium, by its protocol for developers' tools.

use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Slow machines may take so long for what is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A page in a browser, which ends with this value.
pub(super) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    calls: u64,
    _process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Opens `url` in a window of so many pixels.
    pub(super) async fn open(url: &str, width: u32, height: u32) -> Self {
        let profile = TempDir::new().unwrap();
        let mut process = start(&profile);
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let devtools = loop {
            let line = lines.next_line().await.unwrap().expect("the browser has ended");
            if let Some((_, address)) = line.split_once("DevTools listening on ") {
                break address.to_owned();
            }
        };
        // What it says later is read too, or it would wait for ever to say it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = connect_async(devtools).await.unwrap();
        let mut browser =
            Self { socket, session: None, calls: 0, _process: process, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.resize(width, height).await;
        browser.call("Page.navigate", json!({ "url": url })).await;
        browser.until("document.readyState === 'complete'").await;
        browser
    }

    pub(super) async fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the reader prefers, such as `prefers-color-scheme` and `dark`.
    pub(super) async fn prefer(&mut self, name: &str, value: &str) {
        let features = json!({ "features": [{ "name": name, "value": value }] });
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Presses and lets go a key, as of `KeyboardEvent.key`.
    pub(super) async fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let event =
                json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// The value of an expression in the page.
    pub(super) async fn eval(&mut self, expression: &str) -> Value {
        let what = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let told = self.call("Runtime.evaluate", what).await;
        assert!(told.get("exceptionDetails").is_none(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(super) fn until<'a>(&'a mut self, expression: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let began = Instant::now();
            while self.eval(expression).await != json!(true) {
                if began.elapsed() > PATIENCE {
                    let page = self.eval("document.body.innerText").await;
                    panic!("{caller}: `{expression}` has not become true: {page}");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Keeps a picture of the whole page beside the program that is tested.
    pub(super) async fn picture(&mut self, name: &str) {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", whole).await;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let program = std::env::current_exe().unwrap();
        let folder = program.ancestors().nth(2).unwrap().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), picture).unwrap();
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).await.unwrap();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            let Message::Text(text) = next.unwrap().unwrap() else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            // Everything else is an event that nobody asked for.
            if answer["id"] == self.calls {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }
}

fn start(profile: &TempDir) -> Child {
    for name in NAMES {
        let mut command = Command::new(name);
        command
            // The sandbox is not to be had in containers and by root; only our page is shown.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match command.spawn() {
            Ok(process) => return process,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => panic!("{name} does not start: {error}"),
        }
    }
    panic!(
        "the tests of the live page need Chromium, which is not installed: `apt-get install \
         chromium`, `dnf install chromium` or `brew install --cask chromium`"
    );
}
