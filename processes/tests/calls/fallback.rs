//! What to go on with where a command is given up.

use std::time::Duration;

use annals_processes::{BreakerOptions, CallOptions};

use super::domain::{Ask, Became};
use super::service::Says;
use super::world::World;

fn world() -> World {
    let mut world = World::new();
    world.service.falls_back = true;
    world
}

fn instead_of(failure: &str) -> Became {
    Became::Done { reply: format!("instead of: {failure}") }
}

#[tokio::test(start_paused = true)]
async fn it_takes_the_place_of_a_failure() {
    let world = world();
    world.service.says(Ask::Pay, Says::NotNow);
    let worker = world.pays(CallOptions::new().attempts(2)).await;
    world.issue(1, &[Ask::Pay]).await;
    assert_eq!(world.end(1).await, instead_of("not now"));
    assert_eq!(world.service.seen(Ask::Pay).calls, 2, "the tries come first");
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_for_a_command_that_an_open_circuit_has_held_up() {
    let world = world();
    world.service.says(Ask::Pay, Says::NotNow);
    let breaker = BreakerOptions::new().failures(1).open_for(Duration::from_secs(3_600));
    let options = CallOptions::new().attempts(1).breaker(breaker);
    let worker = world.pays(options.within(Duration::from_secs(2))).await;
    world.issue(1, &[Ask::Pay]).await;
    assert_eq!(world.end(1).await, instead_of("not now"));
    world.issue(2, &[Ask::Pay]).await;
    let reason = "it was not tried within 2s: the circuit of billing/pay is open";
    assert_eq!(world.end(2).await, instead_of(reason));
    assert_eq!(world.service.seen(Ask::Pay).calls, 1);
    worker.stop().await.unwrap();
}
