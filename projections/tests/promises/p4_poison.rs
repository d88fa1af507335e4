//! P4: poison is contained.

use std::time::Duration;

use annals::read_model::LetterQuery;
use annals::store::{Append, NewEvent};
use annals::{EventStore, ExpectedVersion, Payload};
use annals_projections::operations::Health;
use annals_projections::{OnFailure, OnUnreadable, Options, Running};
use tokio::time::{sleep, timeout};

use super::domain::{AccountEvent, Balance, account, append, cure, deposited, sent};
use super::world::{PATIENCE, World};

fn poison(world: &World) -> AccountEvent {
    AccountEvent::Poisoned { cure: cure_of(world) }
}

fn cure_of(world: &World) -> String {
    world.log.log().id.to_string()
}

async fn letters_gone(world: &World) {
    let gone = async {
        while !world.operations().letters(&LetterQuery::all()).await.unwrap().is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("every dead letter is settled");
}

async fn settled(world: &World, running: Running) {
    letters_gone(world).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
}

pub async fn p4_poison_parks_its_keys_and_others_go_on(world: World) {
    append(&world.log, &account(1), &[deposited(5), poison(&world), deposited(7)]).await;
    append(&world.log, &account(2), &[deposited(1)]).await;
    // What touches a parked key parks its other keys too.
    append(&world.log, &account(1), &[sent("3", 2)]).await;
    append(&world.log, &account(3), &[deposited(9)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();

    let kept = world.kept::<Balance>().await;
    let cents: Vec<_> = kept.iter().map(|(key, b)| (key.as_str(), b.cents)).collect();
    let same =
        world.log.log().partitions.of(&account(1)) == world.log.log().partitions.of(&account(3));
    // Parked is what comes behind in the same partition.
    let expected = if same { vec![("1", 5), ("2", 1)] } else { vec![("1", 5), ("2", 1), ("3", 9)] };
    assert_eq!(cents, expected);
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert!(letters[0].reason.as_deref().unwrap().contains("poison"), "{letters:?}");
    assert!(letters[1..].iter().all(|letter| letter.reason.is_none()));
    assert_eq!(letters.len(), if same { 4 } else { 3 });
    assert_eq!(letters[2].keys, ["1", "3"]);
    assert!(world.operations().audit("balances", None).await.unwrap().is_clean());
    let health = world.operations().status().await.unwrap().health();
    assert!(matches!(health, Health::Impaired(_)), "{health}");

    // Not mended: all stay, in their order.
    world.operations().retry(&LetterQuery::all()).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    let again = world.operations().letters(&LetterQuery::all()).await.unwrap();
    let places = |letters: &[annals::read_model::DeadLetter]| {
        letters.iter().map(|letter| letter.position).collect::<Vec<_>>()
    };
    assert_eq!(places(&again), places(&letters));

    cure::found(&cure_of(&world));
    world.operations().retry(&LetterQuery::all()).await.unwrap();
    settled(&world, running).await;
    world.assert_as_replayed::<Balance>().await;
}

pub async fn p4_a_projection_tries_again_and_then_parks(world: World) {
    append(&world.log, &account(1), &[deposited(5), poison(&world), deposited(7)]).await;
    append(&world.log, &account(2), &[deposited(1)]).await;
    let runner = world.with_lines(world.runner(), Options::new().attempts(3));
    let running = runner.start().await.unwrap();
    running.caught_up().await.unwrap();
    assert_eq!(world.lines().await, [(("account-1".into(), 1), 5), (("account-2".into(), 1), 1)]);
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.attempts).collect::<Vec<_>>(), [3, 0]);
    cure::found(&cure_of(&world));
    world.operations().retry(&LetterQuery::all().key("account-1")).await.unwrap();
    settled(&world, running).await;
    assert_eq!(world.lines().await[2], (("account-1".into(), 3), 12));
    assert!(world.operations().audit("lines", None).await.unwrap().is_clean());
}

pub async fn p4_a_dead_letter_is_skipped_with_a_note(world: World) {
    append(&world.log, &account(1), &[deposited(5), poison(&world), deposited(7)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    world.operations().skip(&letters[0], "ada: it was never meant").await.unwrap();
    settled(&world, running).await;
    let balance = world.views().get::<Balance>(&"1".into()).await.unwrap().unwrap();
    assert_eq!((balance.cents, balance.versions), (12, vec![1, 3]));
    let audit = world.operations().audit("balances", None).await.unwrap();
    assert!(audit.is_clean(), "{audit}");
    let skipped: i64 = audit.partitions.iter().map(|p| p.tallies.skipped.count).sum();
    assert_eq!(skipped, 1);
}

pub async fn p4_a_read_model_may_stop_instead(world: World) {
    append(&world.log, &account(1), &[deposited(5), poison(&world)]).await;
    let options = Options::new().on_failure(OnFailure::Stop);
    let runner = || world.runner().view_with::<Balance>(options.clone());
    let failed = runner().run_until_caught_up().await.unwrap_err().to_string();
    assert!(failed.contains("position 2") && failed.contains("poison"), "{failed}");
    // What came before is there.
    assert_eq!(world.kept::<Balance>().await[0].1.cents, 5);
    cure::found(&cure_of(&world));
    runner().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Balance>().await;
}

/// An event that no code reads.
async fn unreadable(world: &World, key: &str) {
    let payload = Payload::json("{\"cents\": \"many\"}").unwrap();
    let event = NewEvent::new("account.deposited", payload);
    let append = Append::to(account(key), ExpectedVersion::Any, vec![event]);
    world.log.append(append).await.unwrap();
}

pub async fn p4_an_event_that_does_not_decode_stops_the_view(world: World) {
    append(&world.log, &account(1), &[deposited(5)]).await;
    unreadable(&world, "1").await;
    append(&world.log, &account(1), &[deposited(7)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    let failed = running.caught_up().await.unwrap_err().to_string();
    assert!(failed.contains("does not decode"), "{failed}");
    assert!(!failed.contains("many"), "no payload in an error: {failed}");
    assert_eq!(world.kept::<Balance>().await[0].1.cents, 5);
    // It is told with the next heartbeat, and it is red.
    let red = async {
        loop {
            match world.operations().status().await.unwrap().health() {
                Health::Bad(reasons) => return reasons,
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let reasons = timeout(PATIENCE, red).await.expect("it is said");
    assert!(reasons[0].contains("stopped"), "{reasons:?}");
    running.stop().await.unwrap();
}

pub async fn p4_an_event_that_does_not_decode_is_parked_by_its_stream(world: World) {
    append(&world.log, &account(1), &[deposited(5)]).await;
    unreadable(&world, "1").await;
    append(&world.log, &account(1), &[deposited(7)]).await;
    append(&world.log, &account(2), &[deposited(1)]).await;
    let options = Options::new().on_unreadable(OnUnreadable::ParkStream);
    let runner = world.with_lines(world.runner(), options);
    runner.run_until_caught_up().await.unwrap();
    assert_eq!(world.lines().await.len(), 2);
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert_eq!(letters.iter().map(|l| l.keys[0].as_str()).collect::<Vec<_>>(), ["account-1"; 2]);
    assert!(world.operations().audit("lines", None).await.unwrap().is_clean());
}

pub async fn p4_many_poisoned_keys_hold_up_nobody(world: World) {
    for n in 0..400 {
        let key = n % 100;
        let event = if n / 100 == 1 && key % 10 == 0 { poison(&world) } else { deposited(1) };
        append(&world.log, &account(key), &[event]).await;
    }
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let kept = world.kept::<Balance>().await;
    assert_eq!(kept.len(), 100);
    for (key, balance) in kept {
        let poisoned = key.parse::<u64>().unwrap() % 10 == 0;
        assert_eq!(balance.cents, if poisoned { 1 } else { 4 }, "{key}");
    }
    assert_eq!(world.operations().letters(&LetterQuery::all()).await.unwrap().len(), 30);
    cure::found(&cure_of(&world));
    world.operations().retry(&LetterQuery::all()).await.unwrap();
    settled(&world, running).await;
    world.assert_as_replayed::<Balance>().await;
}
