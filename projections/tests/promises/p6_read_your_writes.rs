//! P6: a query can wait for the commit whose token it was given.

use std::time::Duration;

use annals::Token;
use annals_projections::QueryError;
use tokio::time::Instant;

use super::domain::{Balance, OtherEvent, account, append, deposited};
use super::world::World;

pub async fn p6_a_query_sees_the_commit_of_its_token(world: World) {
    let running = world.runner().view::<Balance>().start().await.unwrap();
    // Somebody who only asks, such as another process.
    let views = world.views();
    for n in 1..=50 {
        let token = append(&world.log, &account(n % 5), &[deposited(1)]).await;
        // It travels in a header.
        let token: Token = token.to_string().parse().unwrap();
        let key = (n % 5).to_string();
        let balance = views.get::<Balance>(&key).at_least(&token).await.unwrap().unwrap();
        assert_eq!(
            balance.events,
            (n + 4 - (n + 4) % 5 + n % 5) / 5,
            "its own write at least, {n}"
        );
    }
    // Also where the view has nothing to do with the event.
    let token = append(&world.log, &"other-1".parse().unwrap(), &[OtherEvent::Happened]).await;
    assert_eq!(views.count::<Balance>().at_least(&token).await.unwrap(), 5);
    // For ever is longer than a clock can be set to.
    let first = views.get::<Balance>(&"1".into()).at_least(&token).within(Duration::MAX);
    assert!(first.await.unwrap().is_some());
    views.reached("balances", &token, Duration::MAX).await.unwrap();
    running.stop().await.unwrap();
}

pub async fn p6_a_wait_has_an_end(world: World) {
    world.runner().view::<Balance>().run_until_caught_up().await.unwrap();
    let token = append(&world.log, &account(1), &[deposited(1)]).await;
    let began = Instant::now();
    let query = world.views().get::<Balance>(&"1".into()).at_least(&token);
    let failed = query.within(Duration::from_millis(200)).await.unwrap_err();
    assert!(matches!(failed, QueryError::NotReached(_)), "{failed:?}");
    assert!(failed.to_string().contains("behind"), "{failed}");
    assert!(began.elapsed() >= Duration::from_millis(200));
    // Without a token it answers from what there is.
    assert_eq!(world.views().get::<Balance>(&"1".into()).await.unwrap(), None);
}
