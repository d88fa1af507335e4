//! Stands between a worker and PostgreSQL, reads what the worker says, and stops its process
//! at a certain statement.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::sleep;

/// A statement of a worker, by what its text contains.
#[derive(Debug, Clone, Copy)]
pub enum Statement {
    Text(&'static str),
    /// The COMMIT behind a statement.
    CommitOf(&'static str),
}

/// Where the process is stopped.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// The statement stays on its way until the process goes on.
    Before,
    /// The server gets the statement, and nobody hears the answer.
    After,
}

pub struct Proxy {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    server: String,
    point: watch::Sender<Option<(Statement, When)>>,
    process: AtomicU32,
    stopped: watch::Sender<bool>,
    /// Whether what was under way when the process was stopped has been committed.
    committed: AtomicBool,
}

impl Proxy {
    pub async fn to(url: &str) -> Self {
        let (head, rest) = url.split_once('@').expect("a user");
        let (server, database) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            server: server.to_owned(),
            point: watch::Sender::new(None),
            process: AtomicU32::new(0),
            stopped: watch::Sender::new(false),
            committed: AtomicBool::new(false),
        });
        let accepting = inner.clone();
        tokio::spawn(async move {
            while let Ok((worker, _)) = listener.accept().await {
                let inner = accepting.clone();
                let server = TcpStream::connect(&inner.server).await.unwrap();
                let (from_worker, to_worker) = worker.into_split();
                let (from_server, to_server) = server.into_split();
                let watched = Arc::new(AtomicBool::new(false));
                tokio::spawn(back(inner.clone(), from_server, to_worker, watched.clone()));
                let connection = Connection::new(inner, watched);
                tokio::spawn(connection.forth(from_worker, to_server));
            }
        });
        Self { url: format!("{head}@{here}/{database}"), inner }
    }

    /// Whose statements these are.
    pub fn watch(&self, process: u32) {
        self.inner.process.store(process, Ordering::SeqCst);
    }

    /// The process is stopped at the next such statement.
    pub fn arm(&self, statement: Statement, when: When) {
        self.inner.committed.store(false, Ordering::SeqCst);
        self.inner.point.send_replace(Some((statement, when)));
    }

    /// Waits until it was stopped.
    pub async fn stopped(&self) {
        self.inner.stopped.subscribe().wait_for(|stopped| *stopped).await.unwrap();
    }

    /// Lets it go on.
    pub async fn go_on(&self) {
        signal(&self.inner, "-CONT").await;
        self.inner.stopped.send_replace(false);
    }

    /// Whether what was under way when it was stopped has been committed.
    pub fn has_committed(&self) -> bool {
        self.inner.committed.load(Ordering::SeqCst)
    }
}

async fn signal(inner: &Inner, signal: &str) -> u32 {
    while inner.process.load(Ordering::SeqCst) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let process = inner.process.load(Ordering::SeqCst);
    let sent = Command::new("kill").args([signal, &process.to_string()]).status().await.unwrap();
    assert!(sent.success());
    process
}

/// Stops the process, and waits until it is.
async fn stop(inner: &Inner) {
    let process = signal(inner, "-STOP").await;
    let stat = format!("/proc/{process}/stat");
    let is_stopped = || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.rsplit(')').next().unwrap().trim_start().starts_with('T')
    };
    while !is_stopped() {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn back(
    inner: Arc<Inner>,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    watched: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let says = |text: &[u8]| buffer[..length].windows(text.len()).any(|part| part == text);
        if watched.load(Ordering::SeqCst) && says(b"COMMIT\0") {
            inner.committed.store(true, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// What the worker has said on a connection.
struct Connection {
    inner: Arc<Inner>,
    watched: Arc<AtomicBool>,
    /// Prepared statements, by their names.
    prepared: HashMap<Vec<u8>, String>,
    /// The last statement.
    last: String,
    started: bool,
}

impl Connection {
    fn new(inner: Arc<Inner>, watched: Arc<AtomicBool>) -> Self {
        Self { inner, watched, prepared: HashMap::new(), last: String::new(), started: false }
    }

    async fn forth(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let (mut said, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            said.extend_from_slice(&buffer[..length]);
            while let Some(length) = self.message(&said) {
                let message: Vec<u8> = said.drain(..length).collect();
                self.hear(&message).await;
                if to.write_all(&message).await.is_err() {
                    return;
                }
            }
        }
    }

    /// How long the first message is, if it is all there. Those before the session has
    /// started have no type.
    fn message(&self, said: &[u8]) -> Option<usize> {
        let head = usize::from(self.started);
        let length = said.get(head..head + 4)?.try_into().unwrap();
        let length = head + u32::from_be_bytes(length) as usize;
        (said.len() >= length).then_some(length)
    }

    async fn hear(&mut self, message: &[u8]) {
        if !self.started {
            // Version 3 of the protocol; else it asks for encryption, and is told no.
            self.started = message[4..8] == [0, 3, 0, 0];
            return;
        }
        let mut texts = message[5..].split(|byte| *byte == 0);
        let mut text = || texts.next().unwrap_or_default().to_vec();
        let said = match message[0] {
            b'Q' => String::from_utf8(text()).unwrap(),
            b'P' => {
                let name = text();
                self.prepared.insert(name, String::from_utf8(text()).unwrap());
                return;
            }
            b'B' => {
                text();
                self.prepared.get(&text()).cloned().unwrap_or_default()
            }
            _ => return,
        };
        self.statement(said).await;
    }

    async fn statement(&mut self, said: String) {
        // A transaction that begins is another one, and what is no step may be committed.
        let no_step = self.last.starts_with("BEGIN") && !said.contains("annals.step");
        if said.starts_with("BEGIN") || no_step {
            self.watched.store(false, Ordering::SeqCst);
        }
        let is_it = |statement: Statement| match statement {
            Statement::Text(text) => said.contains(text),
            Statement::CommitOf(text) => said == "COMMIT" && self.last.contains(text),
        };
        let mut when = None;
        self.inner.point.send_if_modified(|point| {
            when = point.take_if(|(statement, _)| is_it(*statement)).map(|(_, when)| when);
            when.is_some()
        });
        self.last = said;
        let Some(when) = when else { return };
        stop(&self.inner).await;
        self.watched.store(true, Ordering::SeqCst);
        self.inner.stopped.send_replace(true);
        if matches!(when, When::Before) {
            self.inner.stopped.subscribe().wait_for(|stopped| !stopped).await.unwrap();
        }
    }
}
