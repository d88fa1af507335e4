//! A view begins behind its snapshot.

use annals::store::Filter;
use annals::{EventId, history};
use annals_projections::{Begun, LocalView};
use futures::TryStreamExt;

use super::domain::{OtherEvent, account, append, deposited, sent};
use super::views::{Counted, folded};
use super::world::{World, caught_up};

async fn grow(world: &World, events: u64) {
    for n in 0..events {
        append(&world.log, &account(n % 20), &[deposited(1), sent(&((n + 7) % 20).to_string(), 1)])
            .await;
    }
}

/// All events, in the order of the log.
async fn events(world: &World) -> Vec<EventId> {
    let events = history::merged(&world.log, &Filter::all().category("account"));
    events.map_ok(|event| event.id).try_collect().await.unwrap()
}

pub async fn a_restart_continues_from_the_snapshot(world: World) {
    grow(&world, 40).await;
    let view = world.started::<Counted>().await;
    assert_eq!(*view.begun(), Begun::Beginning);
    let reached = view.reached();
    view.stop().await.unwrap();
    let before = events(&world).await;
    grow(&world, 5).await;
    let again = world.started::<Counted>().await;
    assert_eq!(*again.begun(), Begun::Snapshot(reached));
    world.assert_as_replayed(&again).await;
    // The replay that it was compared with has folded each once more.
    for event in &before {
        assert_eq!(folded(*event), 2, "read again, though the snapshot holds it");
    }
    for event in events(&world).await.iter().filter(|event| !before.contains(event)) {
        assert_eq!(folded(*event), 2);
    }
    again.stop().await.unwrap();
    // There is nothing new, so nothing is saved, and nothing is read.
    let stored = world.stored::<Counted>().await;
    let third = world.started::<Counted>().await;
    third.stop().await.unwrap();
    assert_eq!(world.stored::<Counted>().await, stored);
}

pub async fn who_was_dropped_continues_from_the_last_snapshot(world: World) {
    let view = world.open::<Counted>().every(10).start().await.unwrap();
    grow(&world, 30).await;
    view.caught_up(super::world::PATIENCE).await.unwrap();
    let stored = world.saved::<Counted>(10).await;
    grow(&world, 3).await;
    drop(view);
    let again = world.started::<Counted>().await;
    let Begun::Snapshot(token) = again.begun() else { panic!("{:?}", again.begun()) };
    let behind: u64 = token.checkpoints().map(|place| place.position().get()).sum();
    assert!(behind >= stored.version.get(), "{behind} of {}", stored.version);
    world.assert_as_replayed(&again).await;
}

pub async fn a_snapshot_is_saved_while_events_go_on(world: World) {
    // More documents than a piece of a snapshot has.
    let many = 700;
    for chunk in (0..many).collect::<Vec<_>>().chunks(100) {
        for n in chunk {
            append(&world.log, &account(n), &[deposited(1)]).await;
        }
    }
    let view = world.open::<Counted>().every(50).start().await.unwrap();
    grow(&world, 60).await;
    view.caught_up(super::world::PATIENCE).await.unwrap();
    world.saved::<Counted>(50).await;
    drop(view);
    let again = world.started::<Counted>().await;
    assert!(matches!(again.begun(), Begun::Snapshot(_)), "{:?}", again.begun());
    world.assert_as_replayed(&again).await;
}

pub async fn events_of_others_are_not_read_again(world: World) {
    grow(&world, 3).await;
    for n in 0..30 {
        let stream = format!("other-{n}").parse().unwrap();
        append(&world.log, &stream, &[OtherEvent::Happened]).await;
    }
    let view = world.started::<Counted>().await;
    let reached = view.reached();
    view.stop().await.unwrap();
    let again = world.started::<Counted>().await;
    assert_eq!(*again.begun(), Begun::Snapshot(reached));
    let ends = again.reached().checkpoints().map(|place| place.position().get()).sum::<u64>();
    assert_eq!(ends, 36, "it stands behind the events of others, too");
}

pub async fn without_snapshots_the_whole_log_is_read(world: World) {
    grow(&world, 10).await;
    let open = || LocalView::<Counted>::open(world.log.clone());
    let view = caught_up(open().start().await.unwrap()).await;
    world.assert_as_replayed(&view).await;
    view.stop().await.unwrap();
    assert_eq!(world.stored::<Counted>().await, None);
    let again = caught_up(open().start().await.unwrap()).await;
    assert_eq!(*again.begun(), Begun::Beginning);
    world.assert_as_replayed(&again).await;
}
