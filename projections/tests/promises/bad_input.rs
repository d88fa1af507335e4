//! What must not happen, and happens: each has an answer that somebody sees.

mod altered;
mod clock;
mod events;
mod log;
mod names;

pub use altered::*;
pub use events::*;
pub use names::*;

use annals_projections::Running;
use annals_projections::operations::Health;
use tokio::time::{sleep, timeout};

use super::world::{PATIENCE, World};

/// What is said of a read model that is stuck, as soon as the store knows it.
async fn stuck(world: &World, name: &str) -> String {
    let looking = async {
        loop {
            let status = world.operations().status_of(name).await.unwrap();
            let stuck = status.models.iter().flat_map(|m| &m.lags).find_map(|l| l.stuck.clone());
            if let Some(stuck) = stuck.filter(|_| status.health() != Health::Good) {
                return stuck;
            }
            sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("it is told")
}

/// It stops with these words, in its process and for who asks the store.
async fn assert_stops(world: &World, name: &str, running: Running, words: &str) {
    let failed = timeout(PATIENCE, running.caught_up()).await.expect("an answer").unwrap_err();
    assert!(failed.to_string().contains(words), "{failed}");
    let told = stuck(world, name).await;
    assert!(told.contains(words), "{told}");
    running.stop().await.unwrap();
}
