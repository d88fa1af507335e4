//! P7: lag is known, and why.

use std::time::Duration;

use annals_projections::operations::Health;
use tokio::time::sleep;

use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion, Payload};

use super::domain::{Balance, account, append, deposited};
use super::world::{PATIENCE, World};

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

/// Who has stopped says since when, and is not said to go on each time that it tries again.
pub async fn p7_who_has_stopped_says_since_when(world: World) {
    let wrong = NewEvent::new("account.deposited", Payload::json(r#"{"cents":"much"}"#).unwrap());
    world.log.append(Append::to(account(1), ExpectedVersion::Any, vec![wrong])).await.unwrap();
    let running = world.runner().view::<Balance>().start().await.unwrap();
    let since = async || {
        let status = world.operations().status().await.unwrap();
        let units = status.models.iter().flat_map(|model| &model.model.units);
        units.filter_map(|unit| unit.report.as_ref()?.since).next()
    };
    let told = async {
        loop {
            if let Some(since) = since().await {
                return since;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let first = tokio::time::timeout(PATIENCE, told).await.expect("it is told");
    // It tries again several times, and says so with several heartbeats.
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(since().await, Some(first));
    running.stop().await.unwrap();
}
