//! A log that was restored from an older dump below its read models, which live in a
//! database of their own.

use annals::EventStore;
use annals::read_model::ReadModelStore;

use super::super::domain::{Balance, account, append, deposited};
use super::super::world::World;
use super::{assert_stops, stuck};

/// The log loses what lies behind position 3, and gets other events.
async fn lose(world: &World, others: u64) {
    world.execute_on_log("DELETE FROM annals.events WHERE position > 3").await;
    for _ in 0..others {
        append(&world.log, &account(2), &[deposited(100)]).await;
    }
}

async fn fed() -> World {
    let world = World::apart().await;
    append(&world.log, &account(1), &[1; 6].map(deposited)).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world
}

#[tokio::test]
async fn postgres_bad_input_a_checkpoint_ahead_of_the_log_stops_the_view() {
    let world = fed().await;
    lose(&world, 0).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    assert_stops(&world, "balances", running, "lost its tail").await;
}

#[tokio::test]
async fn postgres_bad_input_other_events_in_the_place_of_the_checkpoint_stop_the_view() {
    let world = fed().await;
    lose(&world, 10).await;
    let head = world.log.log_head(annals::Partition::FIRST).await.unwrap();
    let units = world.models.models(None).await.unwrap().remove(0).units;
    assert!(head.position() > units[0].checkpoint.position(), "it has grown past it");
    let running = world.runner().view::<Balance>().start().await.unwrap();
    assert_stops(&world, "balances", running, "lost its tail").await;
    let audit = world.operations().audit("balances", None).await;
    assert!(audit.is_err() || !audit.unwrap().is_clean());
}

#[tokio::test]
async fn postgres_bad_input_a_tail_that_is_lost_below_a_running_view_stops_it() {
    let world = fed().await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    lose(&world, 10).await;
    let told = stuck(&world, "balances").await;
    assert!(told.contains("lost its tail"), "{told}");
    let kept = world.kept::<Balance>().await;
    assert_eq!(kept.len(), 1, "nothing of the other tail was taken: {kept:?}");
    running.stop().await.unwrap();
}
