//! P9: side effects are not replayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annals::Recorded;
use annals_projections::{ExternalProjection, replay};

use super::domain::{AccountEvent, Balance, Balance2, account, append, deposited};
use super::world::World;

/// Somewhere else, where every event is counted.
struct Index(Arc<AtomicU64>);

impl ExternalProjection for Index {
    const NAME: &'static str = "search_index";
    type Event = AccountEvent;
    type Error = std::convert::Infallible;

    async fn handle(&self, events: &[&Recorded<AccountEvent>]) -> Result<(), Self::Error> {
        self.0.fetch_add(events.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

pub async fn p9_neither_replay_nor_rebuild_reaches_what_lives_elsewhere(world: World) {
    let handed = Arc::new(AtomicU64::new(0));
    for n in 0..30 {
        append(&world.log, &account(n), &[deposited(1)]).await;
    }
    let runner = || world.runner().external(Index(handed.clone())).view::<Balance>();
    runner().run_until_caught_up().await.unwrap();
    assert_eq!(handed.load(Ordering::SeqCst), 30);
    // Another version of the view is built, and the log is replayed.
    runner().view::<Balance2>().run_until_caught_up().await.unwrap();
    replay::<Balance>(&world.log).await.unwrap();
    assert_eq!(handed.load(Ordering::SeqCst), 30);
    assert!(world.operations().audit("search_index", None).await.unwrap().is_clean());
}
