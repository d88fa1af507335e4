//! What the suite cannot say: tables of a projection's own, and who is woken.

#![allow(clippy::expect_used, reason = "in a test an expectation is an assertion")]

use std::time::Duration;

use annals::read_model::{
    CommitError, Declaration, Difference, Heartbeat, Lease, ModelId, Shape, Step, VersionState,
    Which, WorkerId,
};
use annals::{Checkpoint, EventId, LogId, Partition, Partitions, Position};
use annals::{ReadModelStore, StoreError};
use annals_memory::{MemoryReadModels, MemoryTables, MemoryTx, TableError, TableMismatch};

const LOG: LogId = LogId::from_uuid(uuid::Uuid::from_u128(7));

fn at(position: u64) -> Checkpoint {
    let event = EventId::from_uuid(uuid::Uuid::from_u128(u128::from(position)));
    Checkpoint::new(LOG, Partition::FIRST, Position::new(position), event)
}

fn statements(version: u32) -> ModelId {
    ModelId::new("statements", version).expect("a name")
}

fn current() -> Which {
    Which::Current("statements".to_owned())
}

fn heartbeat(model: &Declaration) -> Heartbeat {
    Heartbeat {
        worker: WorkerId::new(),
        label: "a test".to_owned(),
        lease: Duration::from_secs(60),
        models: vec![(model.id.clone(), model.fingerprint())],
        reports: Vec::new(),
    }
}

/// A version that keeps tables of its own, in so many slices, and the leases of its units.
async fn fed(store: &MemoryReadModels, version: u32, slices: u16) -> Vec<Lease> {
    let model = Declaration::new(statements(version), Shape::Tables, &[], LOG, Partitions::ONE)
        .slices(slices);
    let state = store.declare(&model).await.expect("room");
    assert_eq!(state == VersionState::Current, version == 1);
    store.share(&heartbeat(&model)).await.expect("a share").leases
}

async fn commit(store: &MemoryReadModels, tx: MemoryTx, to: u64) -> Result<(), CommitError> {
    let from = Checkpoint::start(LOG, Partition::FIRST);
    store.commit(tx, &Step { to: at(to), ..Step::from(from) }).await.map(drop)
}

fn put(tables: &mut MemoryTables, key: &str, cents: u64) {
    let mut table = tables.table::<String, u64>("lines").expect("a table");
    table.insert(key.to_owned(), cents);
}

#[tokio::test]
async fn rows_are_seen_in_their_transaction_and_by_others_after_the_commit() {
    let store = MemoryReadModels::new();
    let lease = fed(&store, 1, 1).await.remove(0);
    let mut tx = store.begin(&lease).await.expect("a transaction");
    let tables = MemoryReadModels::session(&mut tx);
    for (key, cents) in [("b", 2), ("a", 1), ("c", 3)] {
        put(tables, key, cents);
    }
    let mut table = tables.table::<String, u64>("lines").expect("a table");
    table.remove(&"c".to_owned());
    assert_eq!((table.get(&"a".to_owned()), table.get(&"c".to_owned())), (Some(1), None));
    let rows = vec![("a".to_owned(), 1), ("b".to_owned(), 2)];
    assert_eq!(table.iter().collect::<Vec<_>>(), rows);
    assert_eq!((table.len(), table.is_empty()), (2, false));
    assert_eq!(store.table::<String, u64>(&current(), "lines"), Ok(vec![]));
    commit(&store, tx, 1).await.expect("a commit");
    assert_eq!(store.table(&current(), "lines"), Ok(rows));
}

#[tokio::test]
async fn a_table_of_other_types_is_a_typed_error() {
    let store = MemoryReadModels::new();
    let lease = fed(&store, 1, 1).await.remove(0);
    let mut tx = store.begin(&lease).await.expect("a transaction");
    put(MemoryReadModels::session(&mut tx), "a", 1);
    let early = MemoryReadModels::session(&mut tx).table::<u64, u64>("lines").map(drop);
    assert!(matches!(&early, Err(TableMismatch { table, .. }) if table == "lines"), "{early:?}");
    commit(&store, tx, 1).await.expect("a commit");
    let mut tx = store.begin(&lease).await.expect("a transaction");
    assert!(MemoryReadModels::session(&mut tx).table::<String, u8>("lines").is_err());
    let read = store.table::<String, u8>(&current(), "lines");
    assert!(matches!(read, Err(TableError::Mismatch(_))), "{read:?}");
    let unknown = Which::Current("nothing".to_owned());
    let read = store.table::<String, u64>(&unknown, "lines");
    assert!(matches!(read, Err(TableError::Unknown(_))), "{read:?}");
}

#[tokio::test]
async fn two_slices_that_change_one_row_lose_no_update() {
    let store = MemoryReadModels::new();
    let leases = fed(&store, 1, 2).await;
    // One row that was read, and then the table as a whole.
    type Reads = fn(&mut MemoryTables) -> u64;
    let ways: [Reads; 2] = [
        |tables| {
            let mut table = tables.table::<String, u64>("lines").expect("a table");
            table.get(&"total".to_owned()).unwrap_or_default()
        },
        |tables| {
            let mut table = tables.table::<String, u64>("lines").expect("a table");
            table.iter().map(|(_, cents)| cents).sum()
        },
    ];
    for (leases, reads) in [&leases, &leases].into_iter().zip(ways) {
        let mut txs = Vec::new();
        for lease in leases {
            let mut tx = store.begin(lease).await.expect("a transaction");
            let tables = MemoryReadModels::session(&mut tx);
            let before = reads(tables);
            put(tables, "total", before + 1);
            txs.push((lease, tx));
        }
        let mut ends = Vec::new();
        for (lease, tx) in txs {
            let stands = store.resume(lease).await.expect("an answer").checkpoint;
            ends.push(store.commit(tx, &Step::from(stands)).await);
        }
        assert!(ends[0].is_ok());
        let late = ends.remove(1).expect_err("it has read what has changed");
        assert!(matches!(&late, CommitError::Store(error) if error.is_transient()), "{late:?}");
    }
    assert_eq!(store.table(&current(), "lines"), Ok(vec![("total".to_owned(), 2_u64)]));
}

#[tokio::test]
async fn tables_of_two_versions_are_apart_and_compared_row_by_row() {
    let store = MemoryReadModels::new();
    for (version, rows) in [(1, [("a", 1), ("b", 2)]), (2, [("a", 1), ("b", 3)])] {
        let lease = fed(&store, version, 1).await.remove(0);
        let mut tx = store.begin(&lease).await.expect("a transaction");
        for (key, cents) in rows {
            put(MemoryReadModels::session(&mut tx), key, cents);
        }
        commit(&store, tx, 5).await.expect("a commit");
    }
    let mut found = Vec::new();
    let mut report = |difference| found.push(difference);
    let compared = store.compare("statements", [1, 2], async {}, &mut report).await;
    let compared = compared.expect("compared");
    assert!(!compared.is_equal());
    let lines = compared.tables["lines"];
    assert_eq!((lines[0].0, lines[1].0), (2, 2));
    let text = |json: &str| Some(json.to_owned());
    let (table, key) = ("lines".to_owned(), "\"b\"".to_owned());
    assert_eq!(found, [Difference { table, key, before: text("2"), after: text("3") }]);
}

#[tokio::test]
async fn who_waits_is_stirred_by_what_was_handed_over() {
    let store = MemoryReadModels::new();
    let lease = fed(&store, 1, 1).await.remove(0);
    let patience = Duration::from_secs(5);
    // It counts from the call on: what comes before the first poll is not missed.
    let stirred = store.stirred();
    store.hand_over(std::slice::from_ref(&lease)).await.expect("handed over");
    tokio::time::timeout(patience, stirred).await.expect("stirred");
    let stirred = store.stirred();
    store.leave(lease.worker).await.expect("gone");
    tokio::time::timeout(patience, stirred).await.expect("stirred");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_stirred_after_a_minute_in_any_case() {
    let begun = tokio::time::Instant::now();
    MemoryReadModels::new().stirred().await;
    assert!(begun.elapsed() <= Duration::from_secs(61));
}

#[test]
fn only_a_failure_that_may_pass_is_transient() {
    let of = |error: StoreError| MemoryReadModels::is_transient(&error);
    assert!(of(StoreError::transient("busy")));
    assert!(!of(StoreError::permanent("broken")));
    assert!(!MemoryReadModels::is_transient(&std::fmt::Error));
}
