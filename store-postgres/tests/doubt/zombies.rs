//! Statements of clients that are gone, which are carried out later.

use std::sync::Arc;

use ExpectedVersion::{Any, NoStream};
use annals::store::Append;
use annals::{AppendError, ExpectedVersion, Version};
use tokio::sync::Notify;

use crate::connect;
use crate::proxy::{Fault, Proxy};
use crate::tools::{
    Held, append, begin, empty_log, events, eventually, key, of_stream, stream, waiting,
};

#[tokio::test]
async fn a_statement_that_arrives_behind_its_repeat_writes_nothing() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    let exact = Append::to(stream("exact"), NoStream, events(2));
    let keyed = Append::to(stream("keyed"), Any, events(2)).with_key(key("key"));
    for one in [exact, keyed] {
        let arrives = Arc::new(Notify::new());
        proxy.arm(Fault::Late(arrives.clone()));
        let done = append(&store, one.clone()).await.unwrap();
        assert!(!done.repeated, "the repeat came first");
        // It goes to the server now, and comes before whatever is sent behind it.
        arrives.notify_one();
        let held = Held::partition(database.url(), 0).await;
        held.release().await;
        let again = append(&direct, one.clone()).await.unwrap();
        assert_eq!(again, done.repeated());
        assert_eq!(of_stream(&direct, &one.writes[0].stream).await.len(), 2);
    }
}

#[tokio::test]
async fn a_statement_that_waits_for_its_turn_commits_and_its_repeat_gets_the_first_outcome() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    let exact = Append::to(stream("exact"), NoStream, events(2));
    let keyed = Append::to(stream("keyed"), Any, events(2)).with_key(key("key"));
    for one in [exact, keyed] {
        let held = Held::partition(database.url(), 0).await;
        proxy.arm(Fault::AfterRequest);
        let answer = begin(&store, one.clone());
        // The first try, whose client is gone, and behind it the repeat.
        waiting(database.url(), 2).await;
        held.release().await;
        let done = answer.await.unwrap().unwrap();
        assert!(done.repeated, "the first try has written it");
        assert_eq!(of_stream(&direct, &one.writes[0].stream).await.len(), 2);
    }
}

/// Reading would not have told: the statement was still on its way.
#[tokio::test]
async fn unknown_is_said_of_what_is_written_later() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    let arrives = Arc::new(Notify::new());
    proxy.arm(Fault::Late(arrives.clone()));
    let answer = append(&store, Append::to(stream("any"), Any, events(1))).await;
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    assert_eq!(of_stream(&direct, &stream("any")).await.len(), 0);
    arrives.notify_one();
    let written = async || of_stream(&direct, &stream("any")).await.len() == 1;
    eventually("what was on its way", written).await;
}

/// The repeat is refused, because the stream has not come so far; the first try is
/// carried out when it has.
#[tokio::test]
async fn a_refusal_that_may_not_hold_for_the_first_try_stays_unknown() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    let arrives = Arc::new(Notify::new());
    proxy.arm(Fault::Late(arrives.clone()));
    let one = Append::to(stream("one"), Version::new(1), events(1));
    let answer = append(&store, one.clone()).await;
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    append(&direct, Append::to(stream("one"), NoStream, events(1))).await.unwrap();
    arrives.notify_one();
    let written = async || of_stream(&direct, &stream("one")).await.len() == 2;
    eventually("the first try", written).await;
    assert!(append(&direct, one).await.unwrap().repeated, "appending again resolves it");
}
