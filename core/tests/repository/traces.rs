//! What is traced: enough to follow a command, and nothing of its content.

use annals::testing::{Fault, ScriptedStore};
use annals::{Metadata, Retry, SnapshotPolicy};
use annals_memory::MemoryStore;

use crate::logs::Logs;
use crate::support::*;

/// The fields of the spans of this name, one text for each time that any were
/// recorded.
fn spans(logs: &Logs, name: &str) -> String {
    let mut lines = logs.lines();
    lines.retain(|line| line.starts_with(name));
    lines.join("\n")
}

#[tokio::test]
async fn a_command_is_a_span_with_its_name_stream_attempts_and_outcome() {
    let (logs, _guard) = Logs::capture();
    let store = ScriptedStore::new(store_at(2).await);
    store.fail(Fault::Conflict { actual: v(3) });
    accounts(store).execute(ID, Deposit(5)).await.unwrap();
    let text = spans(&logs, "annals.command");
    let last = text.rsplit("command=").next().unwrap();
    for field in [
        "support::Deposit",
        "stream=account-1",
        "attempts=1",
        "attempts=2",
        "outcome=\"done\"",
        "version=3",
        "events=1",
    ] {
        assert!(last.contains(field), "no {field} in {last}");
    }
    let conflicts = logs.lines();
    assert!(conflicts.iter().any(|line| line.starts_with("DEBUG") && line.contains("conflict")));
}

#[tokio::test(start_paused = true)]
async fn every_outcome_has_a_word() {
    use std::time::Duration;
    let store = ScriptedStore::new(store_at(2).await);
    let accounts = accounts(store.clone()).retry(Retry::never());
    let outcome = async |fault: Option<Fault>, cents: u64, id: &str| {
        let (logs, _guard) = Logs::capture();
        if let Some(fault) = fault {
            store.fail(fault);
        }
        let call = accounts.execute(id, Withdraw(cents));
        let call = call.timeout(Duration::from_secs(cents.min(1) * 5));
        let _ = call.idempotency_key(key(&cents.to_string())).await;
        let text = spans(&logs, "annals.command");
        let at = text.find("outcome=").expect("an outcome is recorded");
        text[at..].split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(outcome(Some(Fault::Conflict { actual: v(9) }), 1, ID).await, "conflict");
    assert_eq!(outcome(Some(Fault::UnknownUnwritten), 1, ID).await, "unknown");
    assert_eq!(outcome(Some(Fault::Permanent), 1, ID).await, "failed");
    assert_eq!(outcome(None, 0, ID).await, "deadline");
    assert_eq!(outcome(None, 9, ID).await, "refused");
    assert_eq!(outcome(None, 1, ID).await, "done");
    assert_eq!(outcome(None, 1, ID).await, "repeated");
}

#[tokio::test]
async fn the_spans_of_the_caller_are_left_alone_where_ours_are_switched_off() {
    use tracing::Instrument;
    use tracing::field::Empty;
    let (logs, _guard) = Logs::capture_only("repository::traces");
    let accounts = accounts(store_at(2).await);
    let span = tracing::info_span!("request", attempts = Empty, version = Empty);
    let request = async {
        accounts.execute(ID, Deposit(5)).await.unwrap();
        accounts.load(ID).await.unwrap();
    };
    request.instrument(span).await;
    assert_eq!(logs.lines(), ["request"]);
}

#[tokio::test]
async fn no_content_is_traced_at_any_level() {
    const SECRET: &str = "5EC12E7";
    let (logs, _guard) = Logs::capture();
    let snapshots = MemoryStore::new();
    let store = ScriptedStore::new(MemoryStore::new());
    let accounts =
        accounts(store.clone()).cache(4).snapshots(snapshots.clone(), SnapshotPolicy::every(1));
    let metadata = Metadata::new()
        .with_actor(SECRET)
        .with_tenant(SECRET)
        .with_correlation_id(SECRET)
        .with_causation_id(SECRET)
        .with_header(SECRET, SECRET);
    let secret = opened(SECRET);
    for fault in [
        None,
        Some(Fault::Transient),
        Some(Fault::UnknownWritten),
        Some(Fault::Conflict { actual: v(2) }),
        Some(Fault::Permanent),
    ] {
        if let Some(fault) = fault {
            store.fail(fault);
        }
        let key = key(&format!("{SECRET}{fault:?}"));
        for _ in 0..2 {
            let call = accounts.update(ID, |_| secret.clone());
            let call = call.metadata(metadata.clone()).idempotency_key(key.clone());
            let _ = call.await;
        }
        let refused = accounts.update(ID, |_| Err::<(), _>(SECRET)).await;
        assert!(refused.is_err());
        accounts.flush_snapshots().await;
    }
    // Snapshots and events that cannot be read.
    let mut saved = annals::SnapshotStore::load_snapshot(&snapshots, &stream()).await;
    let mut garbage = saved.as_mut().unwrap().take().unwrap();
    garbage.version = garbage.version.next();
    garbage.codec = "json".into();
    garbage.state = format!(r#"{{"owner":["{SECRET}"]}}"#).into();
    annals::SnapshotStore::save_snapshot(&snapshots, garbage).await.unwrap();
    let fresh = crate::support::accounts(store.clone());
    let fresh = fresh.snapshots(snapshots, SnapshotPolicy::every(1));
    fresh.load(ID).await.unwrap();
    write_raw(&store, "account.opened", 1, &format!(r#"{{"owner":["{SECRET}"]}}"#)).await;
    assert!(fresh.load(ID).await.is_err());
    write_raw(&store, "account.deposited", 7, &format!(r#"{{"{SECRET}":1}}"#)).await;
    assert!(fresh.skip_unknown_events().execute(ID, Deposit(1)).await.is_err());

    let lines = logs.lines();
    assert!(lines.len() > 50, "the scenario is traced");
    for line in lines {
        assert!(!line.contains(SECRET), "{line}");
    }
}
