//! Metadata, times, and causes.

use annals::{Metadata, Recorded};
use annals_memory::MemoryStore;
use time::macros::datetime;

use crate::support::*;

async fn one_event(metadata: Metadata) -> Recorded<AccountEvent> {
    let accounts = accounts(MemoryStore::new());
    let deposit = accounts.execute("cause", Deposit(1)).metadata(metadata);
    deposit.await.unwrap().events.remove(0)
}

#[tokio::test]
async fn every_event_of_a_decision_has_the_metadata_and_the_time_of_the_call() {
    let store = MemoryStore::new();
    let accounts = accounts(store.clone());
    let metadata = Metadata::new().with_actor("ada").with_header("channel", "web");
    let occurred_at = datetime!(2001-02-03 04:05:06 UTC);
    let two = accounts
        .update(ID, |_| [deposited(1), deposited(2)])
        .metadata(metadata.clone())
        .occurred_at(occurred_at);
    two.await.unwrap();
    accounts.execute(ID, Deposit(3)).await.unwrap();
    let log = log_of(&store).await;
    for event in &log[..2] {
        assert_eq!(event.metadata, metadata);
        assert_eq!(event.occurred_at, Some(occurred_at));
        assert!(event.recorded_at > occurred_at);
    }
    assert!(log[2].metadata.is_empty());
    assert_eq!(log[2].occurred_at, None);
}

#[tokio::test]
async fn what_is_decided_while_an_event_is_handled_has_it_as_its_cause() {
    let asked =
        Metadata::new().with_correlation_id("conversation").with_actor("ada").with_tenant("acme");
    let cause = one_event(asked).await;
    let accounts = accounts(MemoryStore::new());
    let done = annals::handling(&cause, async { accounts.execute(ID, Deposit(1)).await.unwrap() });
    let metadata = done.await.events.remove(0).metadata;
    assert_eq!(metadata.causation_id(), Some(&*cause.id.to_string()));
    assert_eq!(metadata.correlation_id(), Some("conversation"));
    assert_eq!(metadata.tenant(), Some("acme"));
    assert_eq!(metadata.actor(), None, "who asked first does not ask again");
}

#[tokio::test]
async fn a_cause_without_a_conversation_begins_one() {
    let cause = one_event(Metadata::new()).await;
    let accounts = accounts(MemoryStore::new());
    let first = annals::handling(&cause, async { accounts.execute(ID, Deposit(1)).await });
    let first = first.await.unwrap().events.remove(0);
    let id = cause.id.to_string();
    assert_eq!(first.metadata.correlation_id(), Some(&*id));
    // And it goes on from event to event.
    let second = annals::handling(&first, async { accounts.execute(ID, Deposit(1)).await });
    let second = second.await.unwrap().events.remove(0);
    assert_eq!(second.metadata.correlation_id(), Some(&*id));
    let first = first.id.to_string();
    assert_eq!(second.metadata.causation_id(), Some(&*first));
}

#[tokio::test]
async fn what_a_call_says_wins_over_the_cause() {
    let cause = one_event(Metadata::new().with_tenant("acme")).await;
    let accounts = accounts(MemoryStore::new());
    let own = Metadata::new().with_correlation_id("mine").with_tenant("other");
    let done =
        annals::handling(&cause, async { accounts.execute(ID, Deposit(1)).metadata(own).await });
    let metadata = done.await.unwrap().events.remove(0).metadata;
    assert_eq!(metadata.correlation_id(), Some("mine"));
    assert_eq!(metadata.tenant(), Some("other"));
    let cause = cause.id.to_string();
    assert_eq!(metadata.causation_id(), Some(&*cause));
}

#[tokio::test]
async fn a_cause_is_not_inherited_by_spawned_tasks_and_ends_with_its_scope() {
    let cause = one_event(Metadata::new()).await;
    let accounts = accounts(MemoryStore::new());
    let spawned = annals::handling(&cause, async {
        let accounts = accounts.clone();
        let task = tokio::spawn(async move { accounts.execute(ID, Deposit(1)).await });
        task.await.unwrap().unwrap()
    });
    assert!(spawned.await.events[0].metadata.is_empty());
    let after = accounts.execute(ID, Deposit(1)).await.unwrap();
    assert!(after.events[0].metadata.is_empty());
}

#[tokio::test]
async fn an_inner_cause_wins_over_an_outer_one() {
    let (outer, inner) = (one_event(Metadata::new()).await, one_event(Metadata::new()).await);
    let accounts = accounts(MemoryStore::new());
    let done = annals::handling(&outer, async {
        annals::handling(&inner, async { accounts.execute(ID, Deposit(1)).await }).await
    });
    let metadata = done.await.unwrap().events.remove(0).metadata;
    let inner = inner.id.to_string();
    assert_eq!(metadata.causation_id(), Some(&*inner));
}
