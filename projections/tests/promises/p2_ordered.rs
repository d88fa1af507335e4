//! P2: events of one key are handled in order, also with parallel workers.

use annals_projections::Options;

use super::domain::{Balance, account, append, deposited};
use super::world::World;

pub async fn p2_events_of_a_key_come_in_order_in_every_slice(world: World) {
    for n in 0..300 {
        append(&world.log, &account(n % 20), &[deposited(n)]).await;
    }
    let options = || Options::new().slices(4).batch(7);
    let runner = world.runner().view_with::<Balance>(options());
    world.with_lines(runner, options()).run_until_caught_up().await.unwrap();
    for (account, balance) in world.kept::<Balance>().await {
        assert!(balance.versions.iter().copied().eq(1..=balance.events), "{account}: {balance:?}");
    }
    let lines = world.lines().await;
    assert_eq!(lines.len(), 300);
    let mut sum = 0;
    for ((stream, version), cents) in lines {
        sum = if version == 1 { 0 } else { sum };
        let number: i64 = stream.trim_start_matches("account-").parse().unwrap();
        sum += number + 20 * (i64::try_from(version).unwrap() - 1);
        assert_eq!(cents, sum, "a line rests on the one before");
    }
    world.assert_as_replayed::<Balance>().await;
}

pub async fn p2_an_event_in_several_slices_stops_the_view(world: World) {
    append(&world.log, &account(1), &[super::domain::sent("2", 1)]).await;
    // Of two keys in 64 slices these are in different ones.
    let runner = world.runner().view_with::<Balance>(Options::new().slices(64));
    let failed = runner.run_until_caught_up().await.unwrap_err();
    assert!(failed.to_string().contains("several slices"), "{failed}");
}
