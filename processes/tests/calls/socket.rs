//! A real socket that accepts calls and never answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_processes::{Call, CallOptions, Executor, Failure, ProcessOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::domain::{Ask, Became};
use super::world::World;

/// Sends the key of a command over a connection of its own, and waits for a line.
struct Client(std::net::SocketAddr);

impl Executor<Ask> for Client {
    type Reply = String;

    async fn execute(&self, _: &Ask, call: &Call) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(self.0).await.map_err(Failure::passing)?;
        let key = format!("{}\n", call.key.as_str());
        stream.write_all(key.as_bytes()).await.map_err(Failure::unknown)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(Failure::unknown)?;
        Ok(answer)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_try_ends_hangs_up_and_carries_the_same_key() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = said.clone();
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let heard = heard.clone();
            // It reads until the caller hangs up, and says nothing.
            tokio::spawn(async move {
                let mut text = String::new();
                let _ = stream.read_to_string(&mut text).await;
                heard.lock().unwrap().push(text);
            });
        }
    });
    let world = World::new();
    let options = CallOptions::new().timeout(Duration::from_millis(500)).attempts(3);
    let options = ProcessOptions::new().kind("pay", options);
    let worker = world.worker_with(Client(address), options).await;
    world.issue(1, &[Ask::Pay]).await;
    let reason = "it was not answered within 500ms".to_owned();
    assert_eq!(world.end(1).await, Became::Failed { reason, in_doubt: true });
    worker.stop().await.unwrap();
    while said.lock().unwrap().len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(*said.lock().unwrap(), ["billing/1/0\n"; 3]);
    server.abort();
}
