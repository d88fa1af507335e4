//! P1: where the read model and its checkpoint live together, they change together.

use super::domain::{Balance, account, append, deposited, sent};
use super::world::World;

pub async fn p1_a_view_is_what_a_replay_gives(world: World) {
    for n in 0..200 {
        append(&world.log, &account(n % 7), &[deposited(n), sent(&(n % 5).to_string(), 1)]).await;
    }
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
    // Again, from where it stands.
    append(&world.log, &account(1), &[deposited(1), super::domain::AccountEvent::Closed]).await;
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
}

pub async fn p1_a_projection_is_what_a_replay_gives(world: World) {
    for n in 0..50 {
        append(&world.log, &account(n % 3), &[deposited(n)]).await;
    }
    let lines = |world: &World| world.with_lines(world.runner(), Default::default());
    lines(&world).run_until_caught_up().await.unwrap();
    append(&world.log, &account(1), &[deposited(1)]).await;
    lines(&world).run_until_caught_up().await.unwrap();
    let lines = world.lines().await;
    assert_eq!(lines.len(), 51);
    let of_1: i64 = (0..50).filter(|n| n % 3 == 1).sum::<i64>() + 1;
    let last = lines.iter().rfind(|((stream, _), _)| stream == "account-1");
    assert_eq!(last.unwrap().1, of_1, "each row rests on the one before");
    assert!(world.operations().audit("lines", None).await.unwrap().is_clean());
}
