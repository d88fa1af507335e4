//! The connection breaks before the statement, behind it, or within the answer.

use ExpectedVersion::{Any, NoStream};
use annals::store::Append;
use annals::{AppendError, ExpectedVersion, Version};
use annals_postgres::PostgresStore;

use crate::connect;
use crate::proxy::{Fault, Proxy};
use crate::tools::{Held, append, begin, empty_log, events, key, of_stream, stream, waiting};

/// Each fault, and whether the server has carried the statement out when it strikes.
fn faults() -> [(Fault, Option<bool>); 5] {
    [
        (Fault::BeforeRequest, Some(false)),
        (Fault::AfterRequest, None),
        (Fault::BeforeAnswer, Some(true)),
        (Fault::WithinAnswer(1), Some(true)),
        (Fault::WithinAnswer(60), Some(true)),
    ]
}

/// Appends once under each fault; `make` says what.
async fn resolved(make: impl Fn(usize) -> Append) {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    for (n, (fault, carried_out)) in faults().into_iter().enumerate() {
        let one = make(n);
        proxy.arm(fault.clone());
        let done = append(&store, one.clone()).await;
        let done = done.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert!(proxy.has_struck(), "{fault:?}");
        if let Some(carried_out) = carried_out {
            assert_eq!(done.repeated, carried_out, "{fault:?}");
        }
        let again = append(&direct, one.clone()).await.unwrap();
        assert_eq!(again, done.repeated(), "{fault:?}: one outcome");
        assert_eq!(of_stream(&direct, &one.writes[0].stream).await.len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_again_under_an_exact_version() {
    resolved(|n| Append::to(stream(&n.to_string()), NoStream, events(2))).await;
}

#[tokio::test]
async fn a_lost_answer_is_found_again_under_a_key() {
    let made =
        |n: usize| Append::to(stream(&n.to_string()), Any, events(2)).with_key(key(&n.to_string()));
    let all: Vec<_> = (0..faults().len()).map(made).collect();
    resolved(|n| all[n].clone()).await;
}

#[tokio::test]
async fn what_no_repeat_can_tell_stays_unknown_and_is_not_sent_again() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let direct = connect(database.url()).await;
    for (n, (fault, carried_out)) in faults().into_iter().enumerate() {
        let store = connect(proxy.url()).await;
        let stream = stream(&n.to_string());
        proxy.arm(fault.clone());
        let answer = append(&store, Append::to(stream.clone(), Any, events(1))).await;
        assert!(matches!(answer, Err(AppendError::Unknown(_))), "{fault:?}: {answer:?}");
        // The next one works, and is not taken for the first one.
        append(&store, Append::to(stream.clone(), Any, events(1))).await.unwrap();
        let written = of_stream(&direct, &stream).await.len() == 2;
        if let Some(carried_out) = carried_out {
            assert_eq!(written, carried_out, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn of_a_batch_in_doubt_each_append_is_told_what_is_true_of_it() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    let held = Held::partition(database.url(), 0).await;
    let first = begin(&store, Append::to(stream("first"), NoStream, events(1)));
    waiting(database.url(), 1).await;
    // These wait together, and are sent together.
    let exact = begin(&store, Append::to(stream("exact"), NoStream, events(1)));
    let keyed = Append::to(stream("keyed"), Any, events(1)).with_key(key("key"));
    let keyed = begin(&store, keyed);
    let any = begin(&store, Append::to(stream("any"), Any, events(1)));
    let stale = begin(&store, Append::to(stream("warm"), NoStream, events(1)));
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    proxy.arm(Fault::BeforeAnswer);
    held.release().await;

    assert!(!first.await.unwrap().unwrap().repeated);
    assert!(exact.await.unwrap().unwrap().repeated);
    assert!(keyed.await.unwrap().unwrap().repeated);
    assert!(matches!(any.await.unwrap(), Err(AppendError::Unknown(_))));
    let Err(AppendError::Conflict(conflict)) = stale.await.unwrap() else {
        panic!("it was refused by the first try, and can never be written");
    };
    assert_eq!(conflict.actual, Version::new(2));
    for name in ["first", "exact", "keyed", "any"] {
        assert_eq!(of_stream(&direct, &stream(name)).await.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_bad_append_in_a_batch_in_doubt_harms_no_other() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let (store, direct) = (connect(proxy.url()).await, connect(database.url()).await);
    let held = Held::partition(database.url(), 0).await;
    let first = begin(&store, Append::to(stream("first"), NoStream, events(1)));
    waiting(database.url(), 1).await;
    let mut bad = events(1);
    // The calendar of PostgreSQL begins 4713 years before ours.
    bad[0].occurred_at = Some(time_before_all_times());
    let good: Vec<_> =
        (0..5).map(|n| Append::to(stream(&n.to_string()), NoStream, events(1))).collect();
    let good: Vec<_> = good.into_iter().map(|one| begin(&store, one)).collect();
    let bad = begin(&store, Append::to(stream("bad"), NoStream, bad));
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    proxy.arm(Fault::BeforeRequest);
    held.release().await;

    first.await.unwrap().unwrap();
    for one in good {
        one.await.unwrap().unwrap();
    }
    // The first try was in doubt; no repeat can tell that it was refused as well.
    assert!(matches!(bad.await.unwrap(), Err(AppendError::Unknown(_))));
    assert_eq!(of_stream(&direct, &stream("bad")).await.len(), 0);
}

fn time_before_all_times() -> time::OffsetDateTime {
    time::Date::MIN.midnight().assume_utc()
}

/// What happens to a connection that rests is no doubt of an append.
#[tokio::test]
async fn an_append_behind_a_rest_does_not_meet_a_broken_connection() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let store: PostgresStore = connect(proxy.url()).await;
    for _ in 0..3 {
        proxy.cut();
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        append(&store, Append::to(stream("rest"), Any, events(1))).await.unwrap();
    }
    assert_eq!(of_stream(&connect(database.url()).await, &stream("rest")).await.len(), 3);
}
