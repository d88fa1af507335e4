//! P7: lag is known, and why.

use std::time::Duration;

use annals_projections::operations::Health;
use tokio::time::sleep;

use super::domain::{Balance, account, append, deposited};
use super::world::World;

pub async fn p7_lag_is_known_in_events_and_in_time(world: World) {
    append(&world.log, &account(1), &[deposited(1)]).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    let status = world.operations().status().await.unwrap();
    assert!(status.models[0].lags.iter().all(|lag| lag.events == 0 && lag.stuck.is_none()));
    assert_eq!(status.health(), Health::Good);

    append(&world.log, &account(1), &[deposited(1), deposited(2)]).await;
    sleep(Duration::from_millis(150)).await;
    append(&world.log, &account(1), &[deposited(3)]).await;
    let status = world.operations().status().await.unwrap();
    let lag = status.models[0].lags.iter().find(|lag| lag.events > 0).expect("one is behind");
    assert_eq!(lag.events, 3);
    assert!(lag.time >= Duration::from_millis(150), "the oldest counts: {:?}", lag.time);
    assert!(lag.stuck.as_deref().unwrap().contains("waiting for a lease"), "{lag:?}");
    assert!(matches!(status.health(), Health::Impaired(_)));
}
