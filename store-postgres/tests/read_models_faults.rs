//! Workers that are paused or killed at any place leave all of a step or nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "helpers/models.rs"]
mod models;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use annals::read_model::{CommitError, Document};
use annals::{Position, ReadModelStore};
use annals_postgres::PostgresReadModels;
use models::{LONG, Log, Room, balances, key, leased, taken_over, written};
use sqlx::{Connection, Executor, PgConnection};

#[tokio::test]
async fn a_worker_paused_between_fence_and_commit_is_ended_by_the_server() {
    let room = Room::new().await;
    let log = Log::new();
    let (store, other) = (room.open().await, room.open().await);
    let lease_length = Duration::from_secs(1);
    let began = Instant::now();
    let (_, lease) = leased(&store, &log, lease_length).await;
    let from = store.resume(&lease).await.unwrap().checkpoint;
    let mut tx = store.begin(&lease).await.unwrap();
    store.save(&mut tx, written(&[("ada", 1)])).await.unwrap();
    // The last statement of a commit, as the store sends it, and then nothing more.
    let session = PostgresReadModels::session(&mut tx);
    let fence = "SELECT outcome FROM read_models._advance(
        (SELECT id FROM read_models._models), 0::smallint, 0, $1, $2, 1.0, 0, NULL, 3, $3,
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
        '{}', '{}', '{}', '{}')";
    let outcome: String = sqlx::query_scalar(fence)
        .bind(lease.worker.as_uuid())
        .bind(i64::try_from(lease.token).unwrap())
        .bind(log.event(3).as_uuid())
        .fetch_one(&mut *session)
        .await
        .unwrap();
    assert_eq!(outcome, "done");
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'annals balances v1 0/0' \
                   AND state = 'idle in transaction'";
    assert_eq!(room.number(blocked).await, 1);

    let (next, _) = taken_over(&other, &balances(&log, 1)).await;
    assert!(began.elapsed() >= lease_length && began.elapsed() < lease_length * 3);
    assert!(next.token > lease.token);
    assert_eq!(other.resume(&next).await.unwrap().checkpoint, from, "nothing was changed");
    room.write(&other, &next, &log, from, 2, &[("ada", 2)]).await;
    let ended = sqlx::query("SELECT 1").execute(PostgresReadModels::session(&mut tx)).await;
    assert!(ended.is_err(), "the server has ended it");
    let late = store.commit(tx, &log.step(from, 3)).await;
    assert!(matches!(late, Err(CommitError::Store(_) | CommitError::Fenced)), "{late:?}");
    assert_eq!(other.resume(&next).await.unwrap().checkpoint, log.at(2));
}

#[tokio::test]
async fn a_worker_that_lies_idle_holds_up_nobody() {
    let room = Room::new().await;
    let log = Log::new();
    let (store, other) = (room.open().await, room.open().await);
    let (_, lease) = leased(&store, &log, Duration::from_secs(1)).await;
    let from = store.resume(&lease).await.unwrap().checkpoint;
    let step = room.write(&store, &lease, &log, from, 1, &[("ada", 1)]).await;
    let mut tx = store.begin(&lease).await.unwrap();
    store.save(&mut tx, written(&[("ada", 2)])).await.unwrap();
    let (next, took) = taken_over(&other, &balances(&log, 1)).await;
    // It waits for the lock of the document until the server has ended the other one.
    room.write(&other, &next, &log, step.to, 2, &[("ada", 3)]).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(store.commit(tx, &log.step(step.to, 2)).await.is_err());
}

#[tokio::test]
async fn a_backend_killed_at_any_statement_leaves_all_or_nothing() {
    let room = Room::new().await;
    let log = Log::new();
    let store = room.open().await;
    let (_, lease) = leased(&store, &log, LONG).await;
    for killed_before in 0..4 {
        let from = store.resume(&lease).await.unwrap().checkpoint;
        let to = from.position().get() + 1;
        let mut tx = store.begin(&lease).await.unwrap();
        let kill = async |tx: &mut annals_postgres::PostgresStep| {
            let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
                .fetch_one(PostgresReadModels::session(tx))
                .await
                .unwrap();
            room.execute(&format!("SELECT pg_terminate_backend({pid}, 10000)")).await;
        };
        if killed_before == 0 {
            kill(&mut tx).await;
        }
        let loaded = store.load(&mut tx, &[key("ada")]).await;
        assert_eq!(loaded.is_err(), killed_before == 0);
        if killed_before == 1 {
            kill(&mut tx).await;
        }
        let saved = store.save(&mut tx, written(&[("ada", to)])).await;
        assert!(saved.as_ref().err().is_none_or(annals::StoreError::is_transient));
        if killed_before == 2 {
            kill(&mut tx).await;
        }
        let committed = store.commit(tx, &log.step(from, to)).await;
        let now = store.resume(&lease).await.unwrap().checkpoint;
        if killed_before < 3 {
            let told = matches!(&committed, Err(CommitError::Store(e)) if e.is_transient());
            assert!(told, "{committed:?}");
            assert_eq!((now, room.number(DOCUMENTS).await), (from, 0));
        } else {
            committed.unwrap();
            assert_eq!((now, room.number(DOCUMENTS).await), (log.at(to), 1));
        }
    }
}

const DOCUMENTS: &str = "SELECT count(*) FROM read_models.balances";

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_leave_documents_and_checkpoint_together() {
    let room = Arc::new(Room::new().await);
    let log = Log::new();
    let store = room.open().await;
    let (_, lease) = leased(&store, &log, LONG).await;
    let done = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn({
        let (room, done) = (room.clone(), done.clone());
        async move {
            let mut connection = PgConnection::connect(room.database.url()).await.unwrap();
            while !done.load(Ordering::Relaxed) {
                let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND application_name LIKE 'annals balances%'";
                connection.execute(kill).await.unwrap();
                tokio::time::sleep(Duration::from_millis(7)).await;
            }
        }
    });
    let (mut steps, mut failures) = (0, 0);
    let mut at = store.resume(&lease).await.unwrap().checkpoint;
    while steps < 60 || failures < 10 {
        let to = at.position().get() + 1;
        let before = |document: Option<&Document>| {
            let before = document.map_or(0, |d| {
                let text = std::str::from_utf8(d).unwrap();
                text.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
            });
            assert_eq!(before + 1, to, "the document is where the checkpoint is");
        };
        let stepped = async {
            if (steps + failures) % 2 == 1 {
                return store.write(&lease, written(&[("ada", to)]), &log.step(at, to)).await;
            }
            let mut tx = store.begin(&lease).await?;
            let loaded = store.load(&mut tx, &[key("ada")]).await?;
            before(loaded[0].as_ref());
            store.save(&mut tx, written(&[("ada", to)])).await?;
            store.commit(tx, &log.step(at, to)).await
        };
        match stepped.await {
            Ok(_) => (steps, at) = (steps + 1, log.at(to)),
            Err(CommitError::Store(error)) => {
                assert!(error.is_transient(), "{error}");
                failures += 1;
            }
            Err(CommitError::Unknown(_) | CommitError::Moved) => {
                failures += 1;
                at = loop {
                    if let Ok(resumed) = store.resume(&lease).await {
                        break resumed.checkpoint;
                    }
                };
            }
            Err(error) => panic!("{error}"),
        }
    }
    done.store(true, Ordering::Relaxed);
    killer.await.unwrap();
    let ledger = store.ledger(&lease.unit).await.unwrap();
    let applied: i64 = ledger.blocks.values().map(|block| block.applied.count).sum();
    assert_eq!(ledger.checkpoint.position(), Position::new(applied.cast_unsigned()));
}

/// Nobody ends it, so it must not wait for more than there is of its lease; and while it
/// waits it does not hold the unit.
#[tokio::test]
async fn a_step_in_one_statement_waits_no_longer_than_its_lease() {
    let room = Room::new().await;
    let log = Log::new();
    let (store, other) = (room.open().await, room.open().await);
    let (_, lease) = leased(&store, &log, Duration::from_secs(1)).await;
    let from = store.resume(&lease).await.unwrap().checkpoint;
    store.write(&lease, written(&[("ada", 1)]), &log.step(from, 1)).await.unwrap();
    let mut holder = PgConnection::connect(room.database.url()).await.unwrap();
    holder.execute("BEGIN; SELECT FROM read_models_balances_v1.balances FOR UPDATE").await.unwrap();
    let (step, model) = (log.step(log.at(1), 2), balances(&log, 1));
    let (refused, (next, _)) = tokio::join!(
        store.write(&lease, written(&[("ada", 2)]), &step),
        taken_over(&other, &model),
    );
    // Silence would be doubt.
    assert!(matches!(refused, Err(CommitError::Fenced | CommitError::Store(_))), "{refused:?}");
    holder.execute("ROLLBACK").await.unwrap();
    let step = log.step(log.at(1), 3);
    other.write(&next, written(&[("ada", 3)]), &step).await.unwrap();
    assert_eq!(other.resume(&next).await.unwrap().checkpoint, log.at(3));
}

/// A projection of its own makes a table in the first step, and finds it again.
#[tokio::test]
async fn a_projection_that_ends_the_transaction_is_found_out() {
    let room = Room::new().await;
    let log = Log::new();
    let store = room.open().await;
    let (_, lease) = leased(&store, &log, LONG).await;
    let from = store.resume(&lease).await.unwrap().checkpoint;
    let mut tx = store.begin(&lease).await.unwrap();
    PostgresReadModels::session(&mut tx).execute("COMMIT; BEGIN").await.unwrap();
    let refused = store.commit(tx, &log.step(from, 1)).await;
    assert!(matches!(refused, Err(CommitError::Store(_))), "{refused:?}");
    assert_eq!(store.resume(&lease).await.unwrap().checkpoint, from);
}
