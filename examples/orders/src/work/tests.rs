//! What becomes of orders while the payment service is gone, comes back, or is slow.

mod traffic;
mod world;

use std::time::Duration;

use super::circuits::State;
use crate::fulfilment::payment;
use crate::order::Phase;
use crate::payment_service::Behaviour;
use world::{LONG, World, calls, cups, is_open, open_for, tea, until};

/// The ways in which it does not answer.
fn gone() -> [Behaviour; 3] {
    let calm = Behaviour::default;
    [
        Behaviour { fail: 1.0, ..calm() },
        Behaviour { hang: 1.0, ..calm() },
        Behaviour { vanish: 1.0, ..calm() },
    ]
}

#[tokio::test]
async fn while_its_circuit_is_open_the_payment_service_is_left_alone_and_all_else_goes_on() {
    for behaviour in gone() {
        let world = World::open(behaviour).await.patience(Duration::from_millis(100));
        let work = world.worker(open_for(LONG)).await;
        let circuits = work.circuits();
        let before = world.place(0..40, &[tea()]).await;
        // Those that were under way when it opened have their end too.
        until(|| is_open(&circuits) && calls(&circuits).under_way == 0).await;
        let called = &circuits.look()[0];
        assert_eq!((&*called.name, called.state), ("payments", State::Open));
        let asked = world.traffic.seen().calls();
        assert!(asked >= 32, "{asked} calls are too few to say that it does not answer");

        let behind = world.place(40..60, &[tea()]).await;
        until(|| circuits.look()[0].waiting == 60).await;
        let reserved = world.shop.stock.load(&tea()).await.unwrap().state.free;
        assert_eq!(reserved, 1_000 - 2 * 60, "goods are reserved as ever");
        // There are no cups: what was reserved beside them is released.
        let undone = world.place(60..64, &[tea(), cups()]).await;
        world.all(&undone, Phase::Cancelled).await;
        assert_eq!(world.shop.stock.load(&tea()).await.unwrap().state.free, reserved);

        assert!(is_open(&circuits));
        assert_eq!(world.traffic.seen().calls(), asked, "nobody asks while it is open");
        assert_eq!(calls(&circuits).circuit.unwrap().opened, 1);
        world.all(&[before, behind].concat(), Phase::Placed).await;
        work.stop().await.unwrap();
    }
}

#[tokio::test]
async fn one_order_tries_whether_the_payment_service_is_back_and_then_all_are_paid() {
    let [fail, _, vanish] = gone();
    for behaviour in [fail, vanish] {
        let world = World::open(behaviour).await;
        let work = world.worker(open_for(Duration::from_millis(300)).timeout(LONG)).await;
        let circuits = work.circuits();
        let orders = world.place(0..40, &[tea()]).await;
        until(|| is_open(&circuits) && calls(&circuits).under_way == 0).await;
        world.traffic.hold();
        world.behave(&Behaviour::default()).await;

        until(|| circuits.look()[0].state == State::HalfOpen).await;
        until(|| world.traffic.seen().under_way == 1).await;
        let late = world.place(40..50, &[tea()]).await;
        until(|| circuits.look()[0].waiting == 49).await;
        assert_eq!(calls(&circuits).under_way, 1, "all others wait for what becomes of it");
        world.traffic.let_go();
        world.all(&[orders, late].concat(), Phase::Shipped).await;
        assert_eq!(circuits.look()[0].state, State::Closed);
        world.ends_well(work, 50).await;
    }
}

#[tokio::test]
async fn money_that_was_held_without_an_answer_is_not_held_again_when_the_circuit_closes() {
    let [_, hang, _] = gone();
    let world = World::open(hang).await.patience(Duration::from_millis(100));
    let work = world.worker(open_for(Duration::from_millis(300))).await;
    let circuits = work.circuits();
    let orders = world.place(0..40, &[tea()]).await;
    until(|| is_open(&circuits)).await;
    world.behave(&Behaviour::default()).await;
    world.all(&orders, Phase::Shipped).await;
    assert_eq!(circuits.look()[0].state, State::Closed);
    assert!(world.traffic.seen().calls() > 40, "some have asked again");
    world.ends_well(work, 40).await;
}

/// Of the first calls, those that fail are known first.
#[tokio::test]
async fn a_payment_service_that_fails_now_and_then_is_called_on() {
    let world = World::open(Behaviour { fail: 0.3, ..Behaviour::default() }).await;
    world.traffic.hold_answers();
    let patient = payment().timeout(LONG).without_retry_budget();
    let work = world.worker(patient).await;
    let circuits = work.circuits();
    let orders = world.place(0..50, &[tea()]).await;
    // Each place is taken by a call that is done, and not answered.
    until(|| world.traffic.seen().done == 32).await;
    let failed = world.traffic.seen().calls() - 32;
    assert!(failed >= 5, "{failed} failures are too few to be taken for more");
    world.traffic.let_go();
    world.all(&orders, Phase::Shipped).await;
    assert_eq!(calls(&circuits).circuit.unwrap().opened, 0);
    world.ends_well(work, 50).await;
}

#[tokio::test]
async fn a_slow_payment_service_has_no_more_calls_at_once_than_it_is_to_have() {
    let world = World::open(Behaviour::default()).await;
    world.traffic.hold();
    let work = world.worker(payment().concurrency(3).timeout(LONG)).await;
    let circuits = work.circuits();
    let orders = world.place(0..10, &[tea()]).await;
    until(|| circuits.look()[0].waiting == 7 && world.traffic.seen().under_way == 3).await;
    world.traffic.let_go();
    world.all(&orders, Phase::Shipped).await;
    let seen = world.traffic.seen();
    assert_eq!((seen.most, seen.calls()), (3, 10));
    world.ends_well(work, 10).await;
}

#[tokio::test]
async fn a_call_that_outlasts_its_time_is_made_again_under_its_key() {
    let world = World::open(Behaviour::default()).await;
    world.traffic.hold();
    let work = world.worker(payment().timeout(Duration::from_millis(200))).await;
    let orders = world.place(0..1, &[tea()]).await;
    until(|| world.traffic.seen().calls() >= 2).await;
    assert!(calls(&work.circuits()).last_error.unwrap().error.contains("not answered within"));
    world.traffic.let_go();
    world.all(&orders, Phase::Shipped).await;
    // All of them had the same key: it is one payment.
    world.ends_well(work, 1).await;
}
