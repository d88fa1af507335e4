//! `annals publishers`.

use std::time::Duration;

use annals::{EventStore, StreamId};
use annals_publisher::signature::Secret;
use annals_publisher::{MemorySink, NotTaken, Publisher, Publishers, RunningPublishers};
use annals_publisher::{Sink, WebhookSink};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::World;

/// Answers each request with the status of the moment. Returns its URL, which holds secrets.
async fn receiver(status: watch::Receiver<u16>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(BufReader::new(stream), status.clone()));
        }
    });
    format!("http://ada:s3cret@{address}/s3cret?token=s3cret")
}

async fn serve(mut stream: BufReader<TcpStream>, status: watch::Receiver<u16>) -> Option<()> {
    let mut length = 0;
    let mut line = String::new();
    while stream.read_line(&mut line).await.ok()? > 0 {
        let header = std::mem::take(&mut line).to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            stream.read_exact(&mut vec![0; length]).await.ok()?;
            let answer =
                format!("HTTP/1.1 {} As Told\r\ncontent-length: 0\r\n\r\n", *status.borrow());
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }
    None
}

async fn start(world: &World, name: &str, sink: impl Sink) -> RunningPublishers {
    let publisher = Publisher::new(name, sink).category("account").from_beginning();
    let publishers = Publishers::new(world.log.clone(), world.models.clone());
    publishers.publisher(publisher).lease(Duration::from_secs(1)).start().await.unwrap()
}

#[tokio::test]
async fn one_whose_receiver_is_gone_stands_still_until_somebody_has_it_go_on() {
    let (status, told) = watch::channel(410);
    let world = World::new().await;
    let url = receiver(told).await;
    let secret = Secret::from_bytes([7; 32]).unwrap();
    let running = start(&world, "deposits", WebhookSink::new(&url, secret).unwrap()).await;
    let other = start(&world, "copies", MemorySink::new()).await;
    world.deposit("1", 5).await;
    while running.publishers().stopped("deposits").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    other.caught_up().await.unwrap();

    let (code, told) = world.json(&["publishers", "list"]).await;
    assert_eq!((code, &told["more"]), (Some(0), &json!(false)), "a list is no health check");
    let gone = &told["publishers"][0];
    assert_eq!(
        (&gone["publisher"], &gone["stopped"]["reason"]),
        (&json!("deposits"), &json!("it answers 410"))
    );
    assert_eq!(told["publishers"][1]["publisher"], "copies");
    assert_eq!(told["publishers"][1]["stopped"], Value::Null);
    let told = world.annals(&["publishers", "list"]).await.code(0);
    let told = told.says("deposits").says("http://127.0.0.1:").says("it answers 410");
    assert!(!told.stdout.contains("s3cret"), "{told:?}");
    // The health check tells it too, with the next heartbeat of a worker.
    world.until(&["status", "deposits"], 2).await.says("wants nothing any more");

    let resume = ["publishers", "resume", "deposits"];
    world.annals(&resume).await.code(3).tells("--note");
    world.annals(&[&resume[..], &["--note", ""]].concat()).await.code(3).tells("--note");
    status.send_replace(200);
    let noted = [&resume[..], &["--note", "ada: they are back"]].concat();
    world.annals(&noted).await.code(0).says("go on within half a minute");
    while running.caught_up().await.is_err() {
        tokio::task::yield_now().await;
    }
    let (_, told) = world.json(&["publishers", "list"]).await;
    assert_eq!(told["publishers"][0]["stopped"], Value::Null);
    world.annals(&noted).await.code(1).tells("`deposits` does not stand still: nothing was");
    let stream = StreamId::new("annals.publisher", "deposits").unwrap();
    let head = world.log.stream_head(&stream).await.unwrap().unwrap();
    assert_eq!(head.version.get(), 3, "begun, stopped, resumed");
    running.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_server_of_a_target_is_told() {
    let world = World::new().await;
    let sink = MemorySink::new().named("https://ada:s3cret@partner.example/s3cret?token=s3cret");
    sink.then(NotTaken::gone("no more\x1b[2J, says https://partner.example/s3cret"));
    let running = start(&world, "deposits", sink).await;
    world.deposit("1", 5).await;
    while running.publishers().stopped("deposits").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    running.stop().await.unwrap();
    let (_, told) = world.json(&["publishers", "list"]).await;
    let stopped = &told["publishers"][0]["stopped"];
    assert_eq!(stopped["target"], "https://partner.example/...");
    assert!(!stopped.to_string().contains("s3cret"), "{stopped}");
    let told = world.annals(&["publishers", "list"]).await.code(0).says("says https://...");
    assert!(!told.stdout.contains("s3cret") && !told.stdout.contains('\x1b'), "{told:?}");
}

#[tokio::test]
async fn nobody_is_told_as_such() {
    let world = World::new().await;
    world.annals(&["publishers", "list"]).await.code(0).says("No publisher was ever started");
    let (code, told) = world.json(&["publishers", "list"]).await;
    assert_eq!((code, told), (Some(0), json!({ "publishers": [], "more": false })));
    let resume = |name: &'static str| ["publishers", "resume", name, "--note", "ada: why not"];
    let told = world.annals(&resume("deposits")).await.code(3);
    told.tells("there is no publisher `deposits`: has it ever been started?");
    let told = world.annals(&resume("postgres://me:s3cret@host/db")).await.code(3);
    assert!(!told.stderr.contains("s3cret"), "{told:?}");
    // One that was never stopped.
    start(&world, "deposits", MemorySink::new()).await.stop().await.unwrap();
    world.annals(&resume("deposits")).await.code(1).tells("does not stand still");
    let (code, told) = world.json(&resume("deposits")).await;
    assert_eq!(code, Some(1));
    assert!(told["error"].as_str().unwrap().contains("does not stand still"), "{told}");
    for name in ["copies", "archive"] {
        start(&world, name, MemorySink::new()).await.stop().await.unwrap();
    }
    let (_, told) = world.json(&["publishers", "list", "--limit", "2"]).await;
    assert_eq!(
        (&told["more"], &told["publishers"][1]["publisher"]),
        (&json!(true), &json!("copies"))
    );
    world.annals(&["publishers", "list", "--limit", "2"]).await.code(0).says("raise --limit");
}
