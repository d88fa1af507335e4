//! What read models promise on PostgreSQL, beyond the suite of every store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "helpers/models.rs"]
mod models;

use std::time::Duration;

use annals::read_model::{
    CommitError, DeclareError, Documents, KeyKind, Shape, SwitchError, VersionState, Which,
};
use annals::{Position, ReadModelStore};
use models::{Log, Room, balances, heartbeat, key, written};

#[tokio::test]
async fn a_step_moves_documents_and_checkpoint_together() {
    let room = Room::new().await;
    let store = room.open().await;
    let log = Log::new();
    let model = balances(&log, 1);
    assert_eq!(store.declare(&model).await.unwrap(), VersionState::Current);
    let beat = heartbeat(&model, Duration::from_secs(10));
    let share = store.share(&beat).await.unwrap();
    let lease = &share.leases[0];
    let resumed = store.resume(lease).await.unwrap();
    assert!(resumed.alone && resumed.checkpoint.position() == Position::START);

    let mut tx = store.begin(lease).await.unwrap();
    assert_eq!(store.load(&mut tx, &[key("ada")]).await.unwrap(), [None]);
    store.save(&mut tx, written(&[("ada", 1), ("bob", 2)])).await.unwrap();
    let step = log.step(resumed.checkpoint, 7);
    store.commit(tx, &step).await.unwrap();

    let current = Which::Current("balances".to_owned());
    let all = Documents::After { key: None, limit: 10 };
    let documents = store.documents(&current, &all).await.unwrap();
    let documents: Vec<_> = documents.into_iter().map(|(key, d)| (key.to_string(), d)).collect();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0], ("ada".to_owned(), "{\"cents\": 1}".into()));
    assert_eq!(store.count(&current).await.unwrap(), 2);
    assert_eq!(store.resume(lease).await.unwrap().checkpoint, step.to);
    let models = store.models(None).await.unwrap();
    assert_eq!(models[0].declaration, model);
    assert_eq!(models[0].units[0].checkpoint, step.to);
    assert_eq!(models[0].units[0].holder.as_deref(), Some("test"));
    let ledger = store.ledger(&lease.unit).await.unwrap();
    assert_eq!((ledger.blocks, ledger.letters.len()), (step.tallies.clone(), 0));

    // From where the unit does not stand any more.
    let tx = store.begin(lease).await.unwrap();
    assert!(matches!(store.commit(tx, &step).await, Err(CommitError::Moved)));
}

#[tokio::test]
async fn a_name_that_is_taken_is_told() {
    let room = Room::new().await;
    let store = room.open().await;
    room.execute("CREATE TABLE read_models.balances (mine int)").await;
    let refused = store.declare(&balances(&Log::new(), 1)).await.unwrap_err();
    assert!(matches!(&refused, DeclareError::NoRoom { .. }), "{refused:?}");
    assert!(refused.to_string().contains("something else of this name"), "{refused}");
    room.execute("DROP TABLE read_models.balances").await;
    room.execute("CREATE SCHEMA read_models_balances_v1").await;
    let refused = store.declare(&balances(&Log::new(), 1)).await.unwrap_err();
    assert!(matches!(&refused, DeclareError::NoRoom { .. }), "{refused:?}");
    room.execute("DROP SCHEMA read_models_balances_v1").await;
    store.declare(&balances(&Log::new(), 1)).await.unwrap();
}

#[tokio::test]
async fn many_who_declare_at_once_agree() {
    let room = Room::new().await;
    let log = Log::new();
    let declare = (0..8).map(|_| async {
        let store = room.open().await;
        store.declare(&balances(&log, 1)).await
    });
    for state in futures::future::join_all(declare).await {
        assert_eq!(state.unwrap(), VersionState::Current);
    }
    assert_eq!(room.open().await.models(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_generated_column_survives_and_is_shown() {
    let room = Room::new().await;
    let store = room.open().await;
    let log = Log::new();
    let model = balances(&log, 1);
    store.declare(&model).await.unwrap();
    let beat = heartbeat(&model, Duration::from_secs(10));
    let lease = store.share(&beat).await.unwrap().leases.remove(0);
    let from = store.resume(&lease).await.unwrap().checkpoint;
    let step = room.write(&store, &lease, &log, from, 1, &[("ada", 1)]).await;
    let add = "ALTER TABLE read_models_balances_v1.balances ADD cents bigint \
               GENERATED ALWAYS AS ((document->>'cents')::bigint) STORED";
    room.execute(add).await;
    room.write(&store, &lease, &log, step.to, 2, &[("ada", 5)]).await;
    store.declare(&model).await.unwrap();
    assert_eq!(room.number("SELECT cents FROM read_models.balances WHERE key = 'ada'").await, 5);

    // A version without the column takes over: the view has other columns, and its rights.
    room.execute("DROP ROLE IF EXISTS some_reader; CREATE ROLE some_reader").await;
    room.execute("GRANT SELECT ON read_models.balances TO some_reader").await;
    let next = balances(&log, 2);
    assert_eq!(store.declare(&next).await.unwrap(), VersionState::Building);
    assert!(matches!(store.switch("balances", 2).await, Err(SwitchError::Behind { .. })));
    let beat = heartbeat(&next, Duration::from_secs(10));
    let lease = store.share(&beat).await.unwrap().leases.remove(0);
    let from = store.resume(&lease).await.unwrap().checkpoint;
    room.write(&store, &lease, &log, from, 2, &[("eve", 5)]).await;
    // What depends on the view is in the way.
    room.execute("CREATE VIEW public.mine AS SELECT cents FROM read_models.balances").await;
    let refused = store.switch("balances", 2).await.unwrap_err();
    assert!(matches!(&refused, SwitchError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("view public.mine"), "{refused}");
    room.execute("DROP VIEW public.mine").await;
    store.switch("balances", 2).await.unwrap();
    let granted =
        "SELECT has_table_privilege('some_reader', 'read_models.balances', 'SELECT')::int::bigint";
    assert_eq!(room.number(granted).await, 1);
    assert_eq!(room.number("SELECT count(*) FROM read_models.balances WHERE key = 'eve'").await, 1);
    assert!(matches!(store.discard("balances", 2).await, Err(SwitchError::Current { .. })));
    store.discard("balances", 1).await.unwrap();
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'read_models_balances_v1'";
    assert_eq!(room.number(left).await, 0);
    room.execute("DROP OWNED BY some_reader; DROP ROLE some_reader").await;
}

#[tokio::test]
async fn a_table_that_is_gone_is_told() {
    let room = Room::new().await;
    let store = room.open().await;
    let log = Log::new();
    let model = balances(&log, 1);
    store.declare(&model).await.unwrap();
    let beat = heartbeat(&model, Duration::from_secs(10));
    let lease = store.share(&beat).await.unwrap().leases.remove(0);
    room.execute("DROP TABLE read_models_balances_v1.balances CASCADE").await;
    let mut tx = store.begin(&lease).await.unwrap();
    let failed = store.load(&mut tx, &[key("ada")]).await.unwrap_err();
    assert!(!failed.is_transient() && failed.to_string().contains("42P01"), "{failed}");
    let current = Which::Current("balances".to_owned());
    let failed = store.count(&current).await.unwrap_err();
    assert!(!failed.is_transient(), "{failed}");
}

#[tokio::test]
async fn a_name_too_long_for_a_schema_has_no_room() {
    let room = Room::new().await;
    let store = room.open().await;
    let mut model = balances(&Log::new(), 1_234_567_890);
    model.id.name = "n".repeat(40);
    let refused = store.declare(&model).await.unwrap_err();
    assert!(matches!(&refused, DeclareError::NoRoom { .. }), "{refused:?}");
    model.shape = Shape::Documents(KeyKind::Uuid);
    model.id.version = 1;
    store.declare(&model).await.unwrap();
}
