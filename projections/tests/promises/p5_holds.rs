//! P5: whoever compares or switches stops the read models for a moment only, whatever
//! becomes of him.

use std::pin::pin;
use std::time::Duration;

use annals::read_model::{HoldError, ReadModelStore};
use annals_projections::Running;
use annals_projections::operations::Failed;
use futures::FutureExt;
use tokio::time::{sleep, timeout};

use super::domain::{Balance, account, append, deposited};
use super::world::{PATIENCE, World};

/// A version that is fed, and one that nobody feeds: they never come to one place.
async fn apart(world: &World) -> Running {
    append(&world.log, &account(1), &[deposited(1)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    world.models.declare(&super::p5_rebuild::declaration(world)).await.unwrap();
    running
}

async fn is_held(world: &World) -> bool {
    let models = world.models.models(Some("balances")).await.unwrap();
    models.iter().flat_map(|model| &model.units).any(|unit| unit.held_at.is_some())
}

async fn held(world: &World) {
    let held = async {
        while !is_held(world).await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, held).await.expect("both are held");
}

pub async fn p5_a_comparison_that_is_dropped_or_killed_stops_nobody(world: World) {
    let running = apart(&world).await;
    for killed in [false, true] {
        let comparing = world.operations().compare("balances", [1, 2]);
        let mut comparing = Box::pin(async { comparing.await.map(drop) });
        tokio::select! {
            compared = &mut comparing => panic!("they are apart: {compared:?}"),
            () = held(&world) => {}
        }
        append(&world.log, &account(1), &[deposited(1)]).await;
        if killed {
            // It does nothing any more, and tells nobody.
            std::mem::forget(comparing);
        } else {
            drop(comparing);
        }
        timeout(PATIENCE, running.caught_up()).await.expect("the version goes on").unwrap();
        assert!(!is_held(&world).await);
    }
    let kept = world.kept::<Balance>().await;
    assert_eq!(kept[0].1.cents, 3);
    running.stop().await.unwrap();
}

pub async fn p5_two_operators_wait_for_each_other(world: World) {
    let running = apart(&world).await;
    let first = world.operations().compare("balances", [1, 2]).within(PATIENCE);
    let mut first = pin!(first.into_future().fuse());
    tokio::select! {
        compared = &mut first => panic!("they are apart: {compared:?}"),
        () = held(&world) => {}
    }
    let second = world.operations().compare("balances", [1, 2]);
    let second = second.within(Duration::from_millis(500)).await;
    let taken = matches!(second, Err(Failed::Hold(HoldError::Taken { .. })));
    assert!(taken, "{second:?}");
    assert!(is_held(&world).await, "it has taken nothing from the first");

    // One that waits long enough has its turn.
    let mut second = pin!(world.operations().compare("balances", [1, 2]).into_future());
    let newer = world.runner().view::<super::domain::Balance2>().start().await.unwrap();
    let both = async { futures::join!(&mut first, &mut second) };
    let (first, second) = timeout(PATIENCE, both).await.expect("both come to an end");
    assert_eq!(first.unwrap().differences, second.unwrap().differences);
    newer.stop().await.unwrap();
    running.stop().await.unwrap();
}
