//! Work that outlasts a lease is waited for, without trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use annals::Recorded;
use annals_projections::ExternalProjection;

use super::domain::{AccountEvent, account, append, deposited};
use super::world::{PATIENCE, World};

/// How often work is under way before it is done.
const ANSWERS: u32 = 12;

#[derive(Debug, thiserror::Error)]
#[error("it is being done")]
struct UnderWay;

/// Says so often that work is under way, each time after so long.
#[derive(Clone)]
struct Work {
    asked: Arc<AtomicU32>,
    waits: Duration,
    answers: u32,
}

impl Work {
    fn new(waits: Duration, answers: u32) -> Self {
        Self { asked: Arc::default(), waits, answers }
    }
}

impl ExternalProjection for Work {
    const NAME: &'static str = "work";
    type Event = AccountEvent;
    type Error = UnderWay;

    async fn handle(&self, _: &[&Recorded<AccountEvent>]) -> Result<(), UnderWay> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.waits).await;
        if asked < self.answers { Err(UnderWay) } else { Ok(()) }
    }

    fn is_under_way(_: &UnderWay) -> bool {
        true
    }
}

/// What is said to keep it back.
async fn stuck(world: &World) -> Option<String> {
    let status = world.operations().status_of("work").await.unwrap();
    status.models.iter().flat_map(|m| &m.lags).find_map(|lag| lag.stuck.clone())
}

pub async fn p9_what_is_under_way_is_waited_for_without_trouble(world: World) {
    let work = Work::new(Duration::from_millis(250), ANSWERS);
    let running = world.runner().external(work.clone()).start().await.unwrap();
    running.caught_up().await.unwrap();
    append(&world.log, &account(1), &[deposited(1)]).await;
    // Several leases long. Trouble, and only trouble, comes with a pause.
    while work.asked.load(Ordering::SeqCst) <= ANSWERS {
        assert_eq!(stuck(&world).await, None);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.caught_up().await.unwrap();
    assert_eq!(work.asked.load(Ordering::SeqCst), ANSWERS + 1, "it is handed over once at a time");
    running.stop().await.unwrap();
    assert!(world.operations().audit("work", None).await.unwrap().is_clean());
}

pub async fn p9_who_does_not_wait_for_what_is_under_way_is_asked_with_pauses(world: World) {
    let work = Work::new(Duration::ZERO, u32::MAX);
    append(&world.log, &account(1), &[deposited(1)]).await;
    let running = world.runner().external(work.clone()).start().await.unwrap();
    let told = async {
        while stuck(&world).await.is_none_or(|stuck| !stuck.contains("it is being done")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("it is told");
    running.stop().await.unwrap();
}
