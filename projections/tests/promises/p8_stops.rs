//! P8: it stops cleanly.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::domain::{Balance, account, append, deposited};
use super::world::World;

pub async fn p8_stopping_at_any_moment_loses_and_doubles_nothing(world: World) {
    for round in 0..15 {
        for n in 0..40 {
            append(&world.log, &account(n % 7), &[deposited(n)]).await;
        }
        let running = world.runner().view::<Balance>().start().await.unwrap();
        sleep(Duration::from_millis(round % 5)).await;
        let began = Instant::now();
        running.stop().await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
}

pub async fn p8_a_crash_at_any_moment_loses_and_doubles_nothing(world: World) {
    for round in 0..8 {
        for n in 0..40 {
            append(&world.log, &account(n % 7), &[deposited(n)]).await;
        }
        let runner = world.runner().lease(Duration::from_millis(200));
        let running = runner.view::<Balance>().start().await.unwrap();
        sleep(Duration::from_millis(round * 3)).await;
        drop(running);
        // Its leases run out.
        sleep(Duration::from_millis(210)).await;
    }
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
}
