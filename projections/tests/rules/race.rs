//! Many writers at once.

use std::time::Duration;

use annals::{ExecuteError, Retry};
use annals_projections::{Operations, Runner};

use super::domain::{Emails, Emails2, Refused, Register, free2};
use super::world::{Done, World, is_taken, register};

/// 64 writers register 8 addresses: each belongs to one account.
async fn register_them_all(world: &World, prefix: &'static str) {
    let writers = (0..64).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            let accounts = world.accounts().retry(Retry::attempts(100));
            let email = format!("{prefix}{}@example.org", n % 8);
            register(&accounts, &world.rules(), &format!("{prefix}{n}"), &email).await
        })
    });
    let mut done: Vec<Done> = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        done.push(writer.await.unwrap());
    }
    let refused = done.iter().filter(|done| is_taken(done)).count();
    let made = done.iter().filter(|done| done.is_ok()).count();
    assert_eq!((made, refused), (8, 56), "{done:?}");
    for n in 0..8 {
        let (_, owners) = world.written(&format!("{prefix}{n}@example.org")).await;
        assert_eq!(owners.len(), 1, "{owners:?}");
    }
}

pub async fn many_writers_of_one_address_make_one_account_without_a_runner(world: World) {
    world.feed::<Emails>().await;
    register_them_all(&world, "a").await;
}

pub async fn many_writers_of_one_address_make_one_account_while_it_is_fed(world: World) {
    let runner = Runner::new(world.log.clone(), world.models.clone()).view::<Emails>();
    let running = runner.start().await.unwrap();
    for prefix in ["a", "b", "c"] {
        register_them_all(&world, prefix).await;
    }
    running.stop().await.unwrap();
}

/// Writers with the code of either version, while the newer one is built and takes over.
pub async fn code_of_two_versions_meets_at_one_guard_while_they_are_switched(world: World) {
    world.feed::<Emails>().await;
    world.register("0", "0@example.org").await.unwrap();
    let runner = Runner::new(world.log.clone(), world.models.clone());
    let running = runner.view::<Emails>().view::<Emails2>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let operations = Operations::new(world.log.clone(), world.models.clone());
    let switching = tokio::spawn(async move {
        for to in [2, 1, 2] {
            operations.switch("emails", to).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let writers = (0..48).map(|n: u32| {
        let world = world.clone();
        tokio::spawn(async move {
            let accounts = world.accounts().retry(Retry::attempts(100));
            let (id, email) = (format!("n{n}"), format!("{}@example.org", n % 8));
            if n.is_multiple_of(3) {
                return register(&accounts, &world.rules(), &id, &email).await;
            }
            let rules = world.rules();
            let rule = rules.on::<Emails2, _, _>(&email, free2);
            accounts.execute(&id, Register(email.clone())).and(rule).await
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(_) | Err(ExecuteError::Refused(Refused::Taken)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    switching.await.unwrap();
    running.stop().await.unwrap();
    for n in 0..8 {
        let (_, owners) = world.written(&format!("{n}@example.org")).await;
        assert_eq!(owners.len(), 1, "{owners:?}");
    }
}
