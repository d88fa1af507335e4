//! P3: several processes share the work by leases.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::read_model::ReadModelStore;
use tokio::time::{Instant, sleep, timeout};

use super::domain::{Balance, account, append, deposited};
use super::world::{PATIENCE, World};

/// How many units each worker holds, and how many nobody does.
async fn shares(world: &World) -> BTreeMap<Option<String>, usize> {
    let mut shares = BTreeMap::new();
    for model in world.models.models(None).await.unwrap() {
        for unit in model.units {
            *shares.entry(unit.holder).or_default() += 1;
        }
    }
    shares
}

async fn until(world: &World, fits: impl Fn(&BTreeMap<Option<String>, usize>) -> bool) {
    let looking = async {
        loop {
            let shares = shares(world).await;
            if fits(&shares) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(PATIENCE, looking).await.is_err() {
        panic!("{:?}", shares(world).await);
    }
}

fn evenly(shares: &BTreeMap<Option<String>, usize>, workers: usize) -> bool {
    let (most, least) = (shares.values().max(), shares.values().min());
    let idle = workers - shares.len().min(workers);
    let least = if idle > 0 { 0 } else { *least.unwrap() };
    !shares.contains_key(&None) && *most.unwrap() - least <= 1
}

pub async fn p3_work_is_shared_evenly_and_handed_over(world: World) {
    let start =
        async |label: &str| world.runner().view::<Balance>().label(label).start().await.unwrap();
    let one = start("one").await;
    until(&world, |shares| evenly(shares, 1)).await;
    let (two, three) = (start("two").await, start("three").await);
    let units = shares(&world).await.values().sum::<usize>();
    until(&world, |shares| evenly(shares, 3) && shares.len() == units.min(3)).await;
    // Handed over at once, long before a lease has run out.
    let began = Instant::now();
    one.stop().await.unwrap();
    until(&world, |shares| evenly(shares, 2) && !shares.contains_key(&Some("one".into()))).await;
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    for n in 0..40 {
        append(&world.log, &account(n), &[deposited(1)]).await;
    }
    two.caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
    two.stop().await.unwrap();
    three.stop().await.unwrap();
}

pub async fn p3_the_work_of_a_crashed_process_is_taken_over(world: World) {
    let crashed = world.runner().view::<Balance>().label("crashed").start().await.unwrap();
    until(&world, |shares| evenly(shares, 1)).await;
    let other = world.runner().view::<Balance>().label("other").start().await.unwrap();
    drop(crashed);
    let began = Instant::now();
    append(&world.log, &account(1), &[deposited(1)]).await;
    until(&world, |shares| shares.len() == 1 && shares.contains_key(&Some("other".into()))).await;
    // Twice the lease of a second.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    other.caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
    other.stop().await.unwrap();
}
