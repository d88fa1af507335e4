//! A snapshot that is in doubt is not believed: the whole log is read instead.

use std::borrow::Cow;

use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::{EventId, EventStore, LogId, StoreError, StreamId, Version};
use annals_projections::{Begun, Discarded, LocalView};

use super::domain::{Balance, Balance2, account, append, deposited, sent};
use super::views::{Counted, OfOthers, Reshaped};
use super::world::{World, altered, caught_up, swap};

async fn with_snapshot<V: annals_projections::View>(world: &World) -> StoredSnapshot {
    for n in 0..20 {
        append(&world.log, &account(n % 7), &[deposited(3), sent("3", 1)]).await;
    }
    world.started::<V>().await.stop().await.unwrap();
    world.stored::<V>().await.unwrap()
}

pub async fn another_version_of_the_view_is_discarded(world: World) {
    with_snapshot::<Balance>(&world).await;
    let second = world.started::<Balance2>().await;
    let reason = Discarded::Version { its: 1, ours: 2 };
    assert_eq!(*second.begun(), Begun::Discarded(reason));
    world.assert_as_replayed(&second).await;
    append(&world.log, &account(1), &[deposited(1)]).await;
    second.caught_up(super::world::PATIENCE).await.unwrap();
    second.stop().await.unwrap();
    let again = world.started::<Balance2>().await;
    assert!(matches!(again.begun(), Begun::Snapshot(_)));
    world.assert_as_replayed(&again).await;
    // And back.
    let first = world.started::<Balance>().await;
    assert!(matches!(first.begun(), Begun::Discarded(Discarded::Version { .. })));
    world.assert_as_replayed(&first).await;
}

pub async fn another_shape_or_other_events_are_discarded(world: World) {
    with_snapshot::<Counted>(&world).await;
    let reshaped = world.started::<Reshaped>().await;
    assert_eq!(*reshaped.begun(), Begun::Discarded(Discarded::Shape));
    world.assert_as_replayed(&reshaped).await;
    reshaped.stop().await.unwrap();
    let others = world.started::<OfOthers>().await;
    assert_eq!(*others.begun(), Begun::Discarded(Discarded::Shape), "of other events");
    assert!(others.with(annals_projections::Documents::is_empty).unwrap());
}

/// Opens the view, which has to replay for this reason, and saves a snapshot that is
/// believed again.
async fn discards(world: &World, reason: impl Fn(&Discarded) -> bool) {
    let view = world.started::<Counted>().await;
    let Begun::Discarded(why) = view.begun() else { panic!("{:?}", view.begun()) };
    assert!(reason(why), "{why}");
    world.assert_as_replayed(&view).await;
    view.stop().await.unwrap();
    let again = world.started::<Counted>().await;
    assert!(matches!(again.begun(), Begun::Snapshot(_)), "{:?}", again.begun());
    world.assert_as_replayed(&again).await;
}

pub async fn another_log_is_discarded(world: World) {
    let another = world.another().await;
    let theirs = with_snapshot::<Counted>(&another).await;
    assert!(world.snapshots.save_snapshot(theirs).await.unwrap());
    for n in 0..5 {
        append(&world.log, &account(n), &[deposited(1)]).await;
    }
    discards(&world, |why| *why == Discarded::AnotherLog).await;
    // Also where only its places are.
    let stored = world.stored::<Counted>().await.unwrap();
    let (log, other) = (world.log.log().id.to_string(), LogId::new().to_string());
    let foreign = altered(&stored, |bytes| swap(&mut bytes[60..], &log, &other));
    world.replace(&stored, foreign).await;
    discards(&world, |why| *why == Discarded::Damaged).await;
}

pub async fn an_event_that_the_log_does_not_hold_is_discarded(world: World) {
    let stored = with_snapshot::<Counted>(&world).await;
    let partition = world.log.log().partitions.of(&account(3));
    let head = world.log.log_head(partition).await.unwrap();
    let (event, other) = (head.event().unwrap().to_string(), EventId::new().to_string());
    let lost = altered(&stored, |bytes| swap(bytes, &event, &other));
    world.replace(&stored, lost).await;
    discards(&world, |why| *why == Discarded::NotInLog { partition }).await;

    // A restore that loses the tail, and a new one that has grown past it.
    let Some(database) = &world.database else { return };
    let cut = annals_postgres::sqlx::AssertSqlSafe(format!(
        "DELETE FROM annals.events WHERE partition = {partition} AND position = {}",
        head.position()
    ));
    let mut db =
        <annals_postgres::sqlx::PgConnection as annals_postgres::sqlx::Connection>::connect(
            database.url(),
        )
        .await
        .unwrap();
    annals_postgres::sqlx::raw_sql(cut).execute(&mut db).await.unwrap();
    let view = world.open::<Counted>().start().await.unwrap();
    assert_eq!(*view.begun(), Begun::Discarded(Discarded::NotInLog { partition }));
    assert_eq!(world.stored::<Counted>().await, None, "it is not in the way of newer ones");
}

pub async fn what_does_not_decode_is_discarded(world: World) {
    let stored = with_snapshot::<Counted>(&world).await;
    // Its bytes were changed: the hash does not fit.
    let mut state = stored.state.to_vec();
    let middle = state.len() / 2;
    state[middle] ^= 1;
    let damaged = StoredSnapshot { state: state.into(), ..stored.clone() };
    world.replace(&stored, damaged).await;
    discards(&world, |why| *why == Discarded::Damaged).await;

    let stored = world.stored::<Counted>().await.unwrap();
    let unknown = StoredSnapshot { codec: Cow::Borrowed("sealed"), ..stored.clone() };
    world.replace(&stored, unknown).await;
    discards(&world, |why| matches!(why, Discarded::Unfit(_))).await;

    // A document that is none, though the hash fits.
    let stored = world.stored::<Counted>().await.unwrap();
    let cut = altered(&stored, |bytes| {
        // The first document stands behind the header and its key, each behind a length.
        let part = |bytes: &[u8], at: usize| {
            u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize + at + 4
        };
        let at = part(bytes, part(bytes, 0));
        let end = part(bytes, at);
        bytes[at + 4..end].fill(0xff);
    });
    world.replace(&stored, cut).await;
    discards(&world, |why| matches!(why, Discarded::Unfit(_))).await;

    // Fewer documents than it says.
    let stored = world.stored::<Counted>().await.unwrap();
    let fewer = altered(&stored, |bytes| {
        let at = bytes.len() - 8;
        bytes[at] += 1;
    });
    world.replace(&stored, fewer).await;
    discards(&world, |why| *why == Discarded::Damaged).await;

    // Another version than its places add up to.
    let stored = world.stored::<Counted>().await.unwrap();
    let ahead = StoredSnapshot { version: Version::new(stored.version.get() + 1), ..stored };
    assert!(world.snapshots.save_snapshot(ahead).await.unwrap());
    discards(&world, |why| *why == Discarded::Damaged).await;
}

/// It never answers anything.
struct Broken;

fn broken<T>() -> Result<T, StoreError> {
    Err(StoreError::permanent("broken"))
}

impl SnapshotStore for Broken {
    async fn load_snapshot(&self, _: &StreamId) -> Result<Option<StoredSnapshot>, StoreError> {
        broken()
    }

    async fn save_snapshot(&self, _: StoredSnapshot) -> Result<bool, StoreError> {
        broken()
    }

    async fn delete_snapshot(
        &self,
        _: &StreamId,
        _: Version,
        _: EventId,
    ) -> Result<(), StoreError> {
        broken()
    }
}

pub async fn a_store_that_fails_costs_a_replay(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let open = LocalView::<Counted>::open(world.log.clone()).snapshots(Broken).every(1);
    let view = caught_up(open.start().await.unwrap()).await;
    assert_eq!(*view.begun(), Begun::Discarded(Discarded::NotLoaded));
    world.assert_as_replayed(&view).await;
    let stopped = view.stop().await.unwrap_err();
    let annals_projections::StopError::NotSaved(annals_projections::SaveError::Store(_)) = stopped
    else {
        panic!("{stopped}")
    };
}
