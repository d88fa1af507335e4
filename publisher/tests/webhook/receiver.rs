//! A receiver of webhooks, which answers what it is told to, byte by byte.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use annals::{
    EventId, Metadata, Origin, Partition, Payload, Position, RawEvent, Recorded, Version,
};
use annals_publisher::signature::{Secret, Signed, VerifyError, verify};
use annals_publisher::{Message, WebhookSink};
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn verified(&self, secret: &Secret) -> Result<(), VerifyError> {
        let signed = Signed {
            id: self.header("webhook-id"),
            timestamp: self.header("webhook-timestamp"),
            signature: self.header("webhook-signature"),
        };
        verify(secret, signed, &self.body, OffsetDateTime::now_utc())
    }
}

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Answer {
    Bytes(Vec<u8>),
    /// This, again and again, behind the first bytes, until nobody listens.
    Endless(Vec<u8>, Vec<u8>),
    Never,
    HangUp,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::with(status, "")
    }

    /// A status and headers, each with its end of line.
    pub fn with(status: u16, headers: &str) -> Self {
        let text = format!("HTTP/1.1 {status} As Told\r\n{headers}content-length: 0\r\n\r\n");
        Self::Bytes(text.into())
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    answers: VecDeque<Answer>,
    otherwise: Option<Answer>,
}

pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// It takes everything.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=t0ken", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { url, state, task }
    }

    /// One of the next answers.
    pub fn then(&self, answer: Answer) -> &Self {
        self.state.lock().unwrap().answers.push_back(answer);
        self
    }

    /// The answer where no other one is told.
    pub fn always(&self, answer: Answer) {
        self.state.lock().unwrap().otherwise = Some(answer);
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// The ids of the messages that were taken, as far as they came one by one.
    pub fn ids(&self) -> Vec<String> {
        self.received().iter().map(|received| received.header("webhook-id").to_owned()).collect()
    }

    pub fn sink(&self) -> WebhookSink {
        WebhookSink::new(&self.url, secret()).unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn secret() -> Secret {
    Secret::from_bytes([7; 32]).unwrap()
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let received = read(&mut stream).await?;
        let answer = {
            let mut state = state.lock().unwrap();
            state.received.push(received);
            let answer = state.answers.pop_front().or_else(|| state.otherwise.clone());
            answer.unwrap_or(Answer::status(204))
        };
        match answer {
            Answer::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
            Answer::Endless(first, more) => {
                stream.write_all(&first).await.ok()?;
                loop {
                    stream.write_all(&more).await.ok()?;
                }
            }
            Answer::Never => std::future::pending().await,
            Answer::HangUp => return None,
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |line: &String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    let headers: HashMap<_, _> = lines[1..].iter().map(header).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |len| len.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { line: lines[0].clone(), headers, body })
}

/// Messages of one stream.
pub fn messages(count: u64) -> Vec<Message> {
    let message = |version| {
        let raw: RawEvent = Recorded {
            event: Payload::json(format!(r#"{{"secret":"p4yload","nth":{version}}}"#)).unwrap(),
            id: EventId::new(),
            stream: "order-1".parse().unwrap(),
            version: Version::new(version),
            partition: Partition::new(0),
            position: Position::new(version),
            name: "order.placed".into(),
            schema_version: 1,
            metadata: Metadata::new(),
            recorded_at: OffsetDateTime::UNIX_EPOCH,
            occurred_at: None,
            origin: Origin::Native,
        };
        Message::new(&raw, Arc::from("https://shop.example"))
    };
    (1..=count).map(message).collect()
}
