//! P5 under load: fifty write, and somebody reads all the time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals::read_model::{AnyReadModels, DocumentKey, Documents, ReadModelStore, Which};
use futures::future::join_all;
use tokio::time::sleep;

use super::domain::{Balance, Balance2, account, append, deposited, sent};
use super::world::{PATIENCE, World};

const WRITERS: u64 = 50;

/// How many events each document was folded from. Taken at once, in one query.
async fn events(models: &AnyReadModels) -> BTreeMap<DocumentKey, u64> {
    let which = Which::Current("balances".into());
    let all = Documents::After { key: None, limit: 1_000 };
    let found = models.documents(&which, &all).await.unwrap();
    let events = |json: &[u8]| {
        let document: serde_json::Value = serde_json::from_slice(json).unwrap();
        document["events"].as_u64().unwrap()
    };
    found.into_iter().map(|(key, document)| (key, events(&document))).collect()
}

/// Reads until it is told to stop: no document is ever missing, and none goes back.
async fn hammer(models: AnyReadModels, done: Arc<AtomicBool>) -> u64 {
    let (mut before, mut reads) = (events(&models).await, 0);
    while !done.load(Ordering::Relaxed) {
        let now = events(&models).await;
        assert_eq!(now.len() as u64, WRITERS * 2, "an empty or a partial model was seen");
        let back = before.iter().find(|(key, events)| now[key] < **events);
        assert_eq!(back, None, "a model that is behind was seen");
        before = now;
        reads += 1;
        sleep(Duration::from_millis(2)).await;
    }
    reads
}

pub async fn p5_fifty_writers_do_not_disturb_a_rebuild(world: World) {
    let first = (0..WRITERS * 2).map(|n| {
        let log = world.log.clone();
        async move { append(&log, &account(n), &[deposited(100)]).await }
    });
    join_all(first).await;
    let first = world.runner().view::<Balance>().start().await.unwrap();
    first.caught_up().await.unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let write = |writer: u64| {
        let (log, done) = (world.log.clone(), done.clone());
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                append(&log, &account(writer), &[sent(&(writer + WRITERS).to_string(), 1)]).await;
                sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(write).collect();
    let reader = tokio::spawn(hammer(world.models.clone(), done.clone()));

    let both = world.runner().view::<Balance>().view::<Balance2>().start().await.unwrap();
    both.caught_up().await.unwrap();
    // Forth, back, and forth again.
    for version in [2, 1, 2] {
        let operations = world.operations();
        let switch = operations.switch("balances", version);
        tokio::time::timeout(PATIENCE, switch).await.expect("it takes over").unwrap();
        assert_eq!(operations.current("balances").await.unwrap().version, version);
        sleep(Duration::from_millis(100)).await;
    }
    done.store(true, Ordering::Relaxed);
    join_all(writers).await.into_iter().for_each(|writer| writer.unwrap());
    assert!(reader.await.unwrap() > 0, "somebody has looked");
    both.caught_up().await.unwrap();
    world.assert_as_replayed::<Balance2>().await;
    world.operations().switch("balances", 1).await.unwrap();
    world.assert_as_replayed::<Balance>().await;
    first.stop().await.unwrap();
    both.stop().await.unwrap();
}
