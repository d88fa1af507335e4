//! A publisher with a webhook, from end to end.

use std::time::Duration;

use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion, Payload};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_projections::RunError;
use annals_projections::operations::Health;
use annals_publisher::{Publisher, Publishers, RunningPublishers, WebhookSink};

use super::receiver::{Answer, Receiver, secret};

async fn append(log: &MemoryStore, stream: &str, events: usize) {
    let event = || NewEvent::new("order.placed", Payload::json("{}").unwrap());
    let events = (0..events).map(|_| event()).collect();
    let append = Append::to(stream.parse().unwrap(), ExpectedVersion::Any, events);
    log.append(append).await.unwrap();
}

async fn start(log: &MemoryStore, sink: WebhookSink) -> RunningPublishers {
    let publisher = Publisher::new("orders_out", sink).category("order");
    let publishers = Publishers::new(log.clone(), MemoryReadModels::new()).publisher(publisher);
    publishers.lease(Duration::from_secs(1)).start().await.unwrap()
}

#[tokio::test]
async fn a_receiver_in_trouble_gets_everything_in_order() {
    let (log, receiver) = (MemoryStore::new(), Receiver::new().await);
    for answer in [Answer::status(500), Answer::HangUp, Answer::status(200), Answer::Never] {
        receiver.then(answer);
    }
    let sink = receiver.sink().time_limit(Duration::from_millis(300));
    let running = start(&log, sink).await;
    append(&log, "order-1", 5).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    let versions: Vec<_> = receiver
        .received()
        .iter()
        .map(|received| received.json()["streamversion"].as_str().unwrap().to_owned())
        .collect();
    // The first one three times until it was taken, the second one twice.
    assert_eq!(versions, ["1", "1", "1", "2", "2", "3", "4", "5"]);
    let ids = receiver.ids();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[3] == ids[4]);
    assert!(receiver.received().iter().all(|received| received.verified(&secret()).is_ok()));
}

#[tokio::test]
async fn a_receiver_that_answers_410_stops_the_publisher_and_nothing_is_lost() {
    let (log, receiver) = (MemoryStore::new(), Receiver::new().await);
    receiver.then(Answer::status(204)).then(Answer::status(410));
    let running = start(&log, receiver.sink()).await;
    append(&log, "order-1", 3).await;
    append(&log, "order-2", 1).await;
    let publishers = running.publishers();
    while publishers.stopped("orders_out").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    let stopped = publishers.stopped("orders_out").await.unwrap().unwrap();
    assert_eq!(stopped.target, annals_publisher::Sink::target(&receiver.sink()));
    assert_eq!(stopped.reason, "it answers 410");
    assert!(matches!(running.caught_up().await, Err(RunError::Stopped { .. })));
    while !matches!(running.operations().status().await.unwrap().health(), Health::Bad(_)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.received().len(), 2, "nobody knocks again");

    assert!(publishers.resume("orders_out", "ada: they are back").await.unwrap());
    while running.caught_up().await.is_err() {
        tokio::task::yield_now().await;
    }
    running.stop().await.unwrap();
    let ids = receiver.ids();
    assert_eq!(ids.len(), 5);
    assert_eq!(ids[1], ids[2], "the message that it did not want comes first");
}
