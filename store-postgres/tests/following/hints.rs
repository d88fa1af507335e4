//! Who tells, and who looks.

use std::time::Duration;

use annals::store::Append;
use annals::{EventStore, ExpectedVersion, StreamId};
use annals_postgres::testing::Server;

use crate::proxy::Proxy;
use crate::support::{
    NEVER, append, append_many, caught_up, event, from_start, log_on, next, shared_log, within,
};

#[tokio::test]
async fn a_process_is_told_of_what_another_one_appends() {
    let log = shared_log().await;
    let writer = log.clone().connect().await.unwrap();
    let reader = log.poll_interval(NEVER).connect().await.unwrap();
    let mut events = from_start(&reader);
    // The first ones may be found by the look when listening begins, the others not.
    for position in 1..=20 {
        append(&writer).await;
        assert_eq!(next(&mut events).await, position);
    }
}

#[tokio::test]
async fn a_process_is_told_at_once_of_what_it_appends_itself() {
    let log = shared_log().await.poll_interval(NEVER).transaction_pooler();
    let store = log.connect().await.unwrap();
    let mut events = from_start(&store);
    for position in 1..=20 {
        append(&store).await;
        assert_eq!(next(&mut events).await, position);
    }
}

#[tokio::test]
async fn events_of_which_nobody_tells_are_found_by_looking() {
    let log = shared_log().await;
    let writer = log.clone().connect().await.unwrap();
    // Without notifications, as behind a pooler.
    let reader = log.transaction_pooler().connect().await.unwrap();
    let mut events = from_start(&reader);
    caught_up(&mut events).await;
    for position in 1..=5 {
        append(&writer).await;
        assert_eq!(next(&mut events).await, position);
    }
}

#[tokio::test]
async fn a_writer_behind_a_pooler_still_tells_others() {
    let log = shared_log().await;
    let writer = log.clone().transaction_pooler().connect().await.unwrap();
    let reader = log.poll_interval(NEVER).connect().await.unwrap();
    let mut events = from_start(&reader);
    for position in 1..=5 {
        append(&writer).await;
        assert_eq!(next(&mut events).await, position);
    }
}

#[tokio::test]
async fn what_was_appended_while_nobody_listened_is_found_when_listening_is_resumed() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::to(server.port()).await;
    let log = log_on(&server).await;
    let writer = log.clone().connect().await.unwrap();
    let reader = log.poll_interval(NEVER).listen_url(proxy.url()).connect().await.unwrap();
    let mut events = from_start(&reader);
    caught_up(&mut events).await;
    for position in 1..=3 {
        append(&writer).await;
        assert_eq!(next(&mut events).await, position);
    }
    // Somebody must wait, or nobody would listen.
    let waiting = tokio::spawn(async move { (next(&mut events).await, events) });
    let before = proxy.accepted();
    proxy.cut();
    let tried = async {
        // The look at the loss is made before the second try to connect.
        while proxy.accepted() < before + 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within("two tries to listen again", tried).await;
    append(&writer).await;
    proxy.lead_to(server.port());
    let (position, mut events) = waiting.await.unwrap();
    assert_eq!(position, 4);
    append(&writer).await;
    assert_eq!(next(&mut events).await, 5, "it is told again");
}

#[tokio::test]
async fn a_filter_that_lets_nothing_pass_still_moves_on() {
    let log = shared_log().await;
    let store = log.connect().await.unwrap();
    let query = annals::store::LogQuery::partition(annals::Partition::FIRST);
    let filter = annals::store::Filter::all().category("order");
    let mut orders = EventStore::subscribe(&store, query.filter(filter));
    caught_up(&mut orders).await;
    append_many(&store, 3).await;
    let reached = async { while caught_up(&mut orders).await.position().get() < 3 {} };
    within("the end", reached).await;
}

/// What is told to be few is read without the filter of the server.
#[tokio::test]
async fn a_filter_holds_for_few_events_as_for_many() {
    let log = shared_log().await;
    let writer = log.clone().connect().await.unwrap();
    let reader = log.poll_interval(NEVER).connect().await.unwrap();
    let query = annals::store::LogQuery::partition(annals::Partition::FIRST);
    let filter = annals::store::Filter::all().category("order");
    let mut orders = EventStore::subscribe(&reader, query.filter(filter));
    caught_up(&mut orders).await;
    let mut end = 0;
    for (order, others) in (1..).zip([2, 0, 40, 3, 1]) {
        append_many(&writer, others).await;
        let order = StreamId::new("order", order).unwrap();
        let order = Append::to(order, ExpectedVersion::NoStream, vec![event()]);
        writer.append(order).await.unwrap();
        end += others as u64 + 1;
        assert_eq!(next(&mut orders).await, end, "the order, and nothing before it");
    }
}
