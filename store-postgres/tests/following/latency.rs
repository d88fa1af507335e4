//! How soon a subscription is told. A figure for people: nothing is asserted of it.

use std::time::{Duration, Instant};

use crate::support::{append, caught_up, from_start, next, shared_log};

/// `cargo nextest run --release --run-ignored all -E 'test(how_soon)' --no-capture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; to be run alone, in release"]
async fn how_soon_another_process_delivers_what_was_appended() {
    let log = shared_log().await;
    let writer = log.clone().connect().await.unwrap();
    let reader = log.connect().await.unwrap();
    let mut events = from_start(&reader);
    caught_up(&mut events).await;
    let (told, mut tells) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            next(&mut events).await;
            if told.send(Instant::now()).await.is_err() {
                return;
            }
        }
    });
    let mut took = Vec::new();
    for nth in 0..220 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        append(&writer).await;
        let appended = Instant::now();
        let delivered = tells.recv().await.unwrap();
        if nth >= 20 {
            took.push(delivered.saturating_duration_since(appended));
        }
    }
    took.sort_unstable();
    println!("p50 {:?}, p90 {:?}, p99 {:?}", took[100], took[180], took[198]);
}
