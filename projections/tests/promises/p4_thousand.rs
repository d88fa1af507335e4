//! P4 at size: of a thousand keys ten are poisoned.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::EventStore;
use annals::read_model::{DeadLetter, LetterQuery};
use annals_projections::{Options, Running};
use futures::StreamExt;
use tokio::time::{sleep, timeout};

use super::domain::{AccountEvent, Balance, account, append, cure, deposited};
use super::world::{PATIENCE, World};

const KEYS: u64 = 1_000;

fn is_poisoned(key: u64) -> bool {
    key.is_multiple_of(100)
}

/// Four events for each key, of which the second may be poison.
async fn write(world: &World) {
    let cure = world.log.log().id.to_string();
    for round in 0..2 {
        let append = |key: u64| {
            let (log, cure) = (world.log.clone(), cure.clone());
            async move {
                let second =
                    if is_poisoned(key) { AccountEvent::Poisoned { cure } } else { deposited(1) };
                let events = [deposited(1), second, deposited(1), deposited(1)];
                let events = if round == 0 { &events[..1] } else { &events[1..] };
                append(&log, &account(key), events).await;
            }
        };
        futures::stream::iter(0..KEYS).map(append).buffer_unordered(50).collect::<()>().await;
    }
}

/// The dead letters are those of the poisoned keys, in the order of each: the event that
/// fails, and those that wait for it.
async fn assert_parked(world: &World) -> Vec<DeadLetter> {
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    let mut streams: BTreeMap<String, Vec<(u64, bool)>> = BTreeMap::new();
    for letter in &letters {
        let of_stream = streams.entry(letter.stream.to_string()).or_default();
        of_stream.push((letter.version.get(), letter.reason.is_some()));
    }
    let expected = (0..KEYS).filter(|key| is_poisoned(*key));
    let expected =
        expected.map(|key| (account(key).to_string(), vec![(2, true), (3, false), (4, false)]));
    assert_eq!(streams, expected.collect());
    let in_order = |letter: &DeadLetter| (letter.unit.clone(), letter.position);
    assert!(letters.is_sorted_by_key(in_order));
    letters
}

async fn cured(world: &World, running: Running) {
    cure::found(&world.log.log().id.to_string());
    world.operations().retry(&LetterQuery::all()).await.unwrap();
    let gone = async {
        while !world.operations().letters(&LetterQuery::all()).await.unwrap().is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("every dead letter is settled");
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
}

pub async fn p4_ten_of_a_thousand_keys_are_parked_in_order_and_cured(world: World) {
    write(&world).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let kept = world.kept::<Balance>().await;
    assert_eq!(kept.len() as u64, KEYS);
    for (key, balance) in kept {
        let poisoned = is_poisoned(key.parse().unwrap());
        assert_eq!(balance.cents, if poisoned { 1 } else { 4 }, "{key}");
    }
    assert_parked(&world).await;
    assert!(world.operations().audit("balances", None).await.unwrap().is_clean());
    cured(&world, running).await;
    world.assert_as_replayed::<Balance>().await;
}

pub async fn p4_ten_of_a_thousand_keys_of_a_projection_are_parked_and_cured(world: World) {
    write(&world).await;
    let runner = world.with_lines(world.runner(), Options::new().attempts(2));
    let running = runner.start().await.unwrap();
    running.caught_up().await.unwrap();
    let lines = |poisoned: u64| (KEYS - 10) * 4 + 10 * poisoned;
    assert_eq!(world.lines().await.len() as u64, lines(1));
    let letters = assert_parked(&world).await;
    assert!(letters.iter().all(|l| l.attempts == if l.reason.is_some() { 2 } else { 0 }));
    cured(&world, running).await;
    let all = world.lines().await;
    assert_eq!(all.len() as u64, lines(4));
    for ((stream, version), cents) in all {
        let poisoned = is_poisoned(stream.strip_prefix("account-").unwrap().parse().unwrap());
        let expected = if poisoned && version > 1 { version - 1 } else { version };
        assert_eq!(cents.cast_unsigned(), expected, "{stream} version {version}");
    }
    assert!(world.operations().audit("lines", None).await.unwrap().is_clean());
}
