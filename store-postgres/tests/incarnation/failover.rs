//! A standby that had not received everything becomes the primary.

use annals::store::{Append, LogQuery};
use annals::{AppendError, EventStore, ExpectedVersion, Position, ReadError, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;

use crate::proxy::Proxy;
use crate::support::{
    append, append_many, caught_up, event, failure, from_start, replicated, standby_of, stream,
    within,
};

#[tokio::test]
async fn a_tail_that_the_new_primary_never_had_is_noticed_by_all_who_knew_it() {
    let primary = Server::start().await.unwrap();
    let proxy = Proxy::to(primary.port()).await;
    PostgresStore::migrate(proxy.url()).await.unwrap();
    let store = PostgresStore::connect(proxy.url()).await.unwrap();
    append_many(&store, 5).await;
    let standby = standby_of(&primary).await;
    replicated(&standby, Position::new(5)).await;
    standby.stop().await.unwrap();
    // Acknowledged by the primary alone.
    append_many(&store, 5).await;
    let (mut waits, mut idles) = (from_start(&store), from_start(&store));
    let saved = caught_up(&mut waits).await;
    caught_up(&mut idles).await;
    let last = saved.event().unwrap();
    let waiting = tokio::spawn(async move { failure(&mut waits).await });

    primary.kill().await.unwrap();
    proxy.cut();
    standby.restart().await.unwrap();
    standby.promote().await.unwrap();
    proxy.lead_to(standby.port());

    let error = within("the loss", waiting).await.unwrap();
    assert!(matches!(error, ReadError::BeyondEnd { .. }), "{error:?}");
    let error = failure(&mut store.subscribe(LogQuery::resume(saved))).await;
    assert!(matches!(error, ReadError::BeyondEnd { .. }), "{error:?}");

    // The new tail reaches as far as the lost one.
    append_many(&store, 5).await;
    let head = store.stream_head(&stream()).await.unwrap().unwrap();
    assert_eq!(head.version, Version::new(10));
    let behind = |id| {
        let exactly = ExpectedVersion::Exactly(Version::new(10));
        Append::to(stream(), exactly, vec![event()]).behind(id)
    };
    let refused = store.append(behind(last)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Diverged { .. }), "{refused:?}");
    store.append(behind(head.event)).await.unwrap();
    append(&store).await;
    for error in
        [failure(&mut idles).await, failure(&mut store.subscribe(LogQuery::resume(saved))).await]
    {
        assert!(matches!(error, ReadError::Diverged { .. }), "{error:?}");
    }
}
