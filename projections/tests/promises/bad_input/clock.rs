//! Clocks that jump.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::Clock;
use annals::read_model::ReadModelStore;
use annals_memory::MemoryReadModels;
use time::OffsetDateTime;

use super::super::domain::{Balance, account, append, deposited};
use super::super::world::World;

/// A clock that is set by hand.
#[derive(Clone)]
struct Wound(Arc<Mutex<OffsetDateTime>>);

impl Clock for Wound {
    fn now(&self) -> OffsetDateTime {
        let mut now = self.0.lock().unwrap();
        *now += Duration::from_micros(10);
        *now
    }
}

/// The clock by which leases run jumps to and fro, for stores where that is the clock of
/// the process; who was robbed of a lease so changes nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_bad_input_a_clock_that_jumps_loses_and_doubles_nothing() {
    let clock = Wound(Arc::new(Mutex::new(OffsetDateTime::now_utc())));
    let models = MemoryReadModels::with_clock(clock.clone());
    let world = World { models: models.erased(), ..World::memory(4).await };
    let start = async || world.runner().view::<Balance>().start().await.unwrap();
    let (one, other) = (start().await, start().await);
    for n in 0..200 {
        append(&world.log, &account(n % 20), &[deposited(1)]).await;
        let hours = time::Duration::hours(if n % 3 == 2 { -2 } else { 1 });
        if n % 10 < 3 {
            *clock.0.lock().unwrap() += hours;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    one.caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}

/// The clock of the process jumps by an hour: whatever waits in it believes that its time is
/// up. Leases run by another clock, and what was given up is done again.
async fn jumps(world: World) {
    let running = world.runner().view::<Balance>().start().await.unwrap();
    for n in 0..40 {
        append(&world.log, &account(n % 5), &[deposited(1)]).await;
        if n % 5 == 4 {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(3_600)).await;
            tokio::time::resume();
        }
    }
    running.caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn memory_bad_input_a_process_whose_clock_jumps_loses_and_doubles_nothing() {
    jumps(World::memory(1).await).await;
    jumps(World::memory(8).await).await;
}

#[tokio::test]
async fn postgres_bad_input_a_process_whose_clock_jumps_loses_and_doubles_nothing() {
    jumps(World::postgres(1).await).await;
    jumps(World::postgres(8).await).await;
}
