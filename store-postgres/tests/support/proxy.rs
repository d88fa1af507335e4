//! A proxy between a store and its server, which breaks connections at chosen moments.
//!
//! It knows one thing of the protocol: a chunk from the client that begins with `B`
//! (Bind) carries a statement that was prepared before, and the one with the name of an
//! event in it is the append. Greetings, questions whether the connection works and
//! statements that are prepared just now begin otherwise.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

/// What happens to the connection on which the next prepared statement is sent.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is cut; the server sees nothing of the statement.
    BeforeRequest,
    /// The server gets the statement; the client is cut off at once.
    AfterRequest,
    /// The server carries the statement out; the client gets nothing of the answer.
    BeforeAnswer,
    /// The client gets so many bytes of the answer.
    WithinAnswer(usize),
    /// The client is cut off at once; the server gets the statement when it is told so.
    Late(Arc<Notify>),
    /// Nothing is carried any more, in either direction.
    Silence,
}

struct State {
    upstream: String,
    armed: Mutex<Option<Fault>>,
    cuts: watch::Sender<u64>,
    /// What clients say, and what the server hears instead.
    rewrite: Option<(&'static str, String)>,
}

/// It ends, with its connections, when it is dropped.
pub(crate) struct Proxy {
    url: String,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before the server of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        Self::start(url, None).await
    }

    /// A proxy that changes one text into another, no longer one.
    pub(crate) async fn rewriting(url: &str, from: &'static str, to: &str) -> Self {
        Self::start(url, Some((from, format!("{to:width$}", width = from.len())))).await
    }

    async fn start(url: &str, rewrite: Option<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let begin = url.find('@').map_or_else(|| url.find("://").unwrap() + 3, |at| at + 1);
        let end = begin + url[begin..].find('/').unwrap();
        let upstream = match &url[begin..end] {
            host if host.contains(':') => host.to_owned(),
            host => format!("{host}:5432"),
        };
        let url = format!("{}127.0.0.1:{port}{}", &url[..begin], &url[end..]);
        let (armed, cuts) = (Mutex::new(None), watch::Sender::new(0));
        let state = State { upstream, armed, cuts, rewrite };
        let state = Arc::new(state);
        let accepting = tokio::spawn(accept(listener, state.clone()));
        Self { url, state, accepting }
    }

    /// The way to the server through the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets this happen once, with the next prepared statement.
    pub(crate) fn arm(&self, fault: Fault) {
        *self.state.armed.lock().unwrap() = Some(fault);
    }

    /// Whether what was armed has happened.
    pub(crate) fn has_struck(&self) -> bool {
        self.state.armed.lock().unwrap().is_none()
    }

    /// Cuts all connections that there are.
    pub(crate) fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(serve(client, state.clone()));
    }
}

/// Carries bytes in both directions until one side ends or a fault strikes.
async fn serve(mut client: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    let mut cuts = state.cuts.subscribe();
    let mut server = TcpStream::connect(&state.upstream).await?;
    server.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            _ = cuts.changed() => return Ok(()),
            read = client.read(&mut request) => {
                let request = &mut request[..read?];
                if request.is_empty() {
                    return Ok(());
                }
                if let Some((from, to)) = &state.rewrite {
                    rewrite(request, from.as_bytes(), to.as_bytes());
                }
                let fault = match request[0] {
                    b'B' if is_append(request) => state.armed.lock().unwrap().take(),
                    _ => None,
                };
                match fault {
                    Some(fault) => return strike(fault, request, client, server).await,
                    None => server.write_all(request).await?,
                }
            }
            read = server.read(&mut answer) => {
                let answer = &answer[..read?];
                if answer.is_empty() {
                    return Ok(());
                }
                client.write_all(answer).await?;
            }
        }
    }
}

/// Whether the statement brings events, as the tests make them.
fn is_append(request: &[u8]) -> bool {
    request.windows(12).any(|text| text == b"account.used")
}

async fn strike(
    fault: Fault,
    request: &[u8],
    mut client: TcpStream,
    mut server: TcpStream,
) -> std::io::Result<()> {
    match fault {
        Fault::BeforeRequest => {}
        Fault::AfterRequest => {
            server.write_all(request).await?;
            drop(client);
            whole(&mut server).await?;
        }
        Fault::BeforeAnswer => {
            server.write_all(request).await?;
            whole(&mut server).await?;
        }
        Fault::WithinAnswer(bytes) => {
            server.write_all(request).await?;
            let answer = whole(&mut server).await?;
            assert!(bytes < answer.len(), "the answer has only {} bytes", answer.len());
            client.write_all(&answer[..bytes]).await?;
        }
        Fault::Late(released) => {
            drop(client);
            released.notified().await;
            server.write_all(request).await?;
            whole(&mut server).await?;
        }
        Fault::Silence => tokio::time::sleep(Duration::from_secs(600)).await,
    }
    Ok(())
}

fn rewrite(request: &mut [u8], from: &[u8], to: &[u8]) {
    if let Some(at) = request.windows(from.len()).position(|window| window == from) {
        request[at..at + to.len()].copy_from_slice(to);
    }
}

/// The answer, up to the message that the server is ready for the next statement: it
/// comes when the transaction has ended.
async fn whole(server: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"Z\0\0\0\x05I") {
        if server.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    Ok(answer)
}
