//! P4, of chains and panics.

use std::time::Duration;

use annals::read_model::LetterQuery;
use annals::{EventStore, Recorded};
use annals_projections::{Keys, View};
use serde::{Deserialize, Deserializer, Serialize};
use tokio::time::{sleep, timeout};

use super::domain::{AccountEvent, Balance, account, append, cure, deposited, sent};
use super::world::{PATIENCE, World};

/// Streams that live in one partition.
fn together(world: &World, count: usize) -> Vec<String> {
    let partitions = world.log.log().partitions;
    let home = partitions.of(&account("a0"));
    let keys = (0..).map(|n| format!("a{n}"));
    keys.filter(|key| partitions.of(&account(key)) == home).take(count).collect()
}

pub async fn p4_a_chain_of_keys_is_freed_by_what_it_waits_for(world: World) {
    let keys = together(&world, 3);
    let poison = AccountEvent::Poisoned { cure: world.log.log().id.to_string() };
    // The second waits for the first by a key, and the third for the second by another.
    append(&world.log, &account(&keys[0]), &[poison, sent(&keys[1], 1)]).await;
    append(&world.log, &account(&keys[1]), &[sent(&keys[2], 1)]).await;
    append(&world.log, &account(&keys[2]), &[deposited(5)]).await;
    let running = world.runner().view::<Balance>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert_eq!(letters.len(), 4, "{letters:?}");
    cure::found(&world.log.log().id.to_string());
    // Only those of the first key are asked for.
    world.operations().retry(&LetterQuery::all().key(&*keys[0])).await.unwrap();
    let gone = async {
        while !world.operations().letters(&LetterQuery::all()).await.unwrap().is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the whole chain is freed");
    world.assert_as_replayed::<Balance>().await;
    running.stop().await.unwrap();
}

/// Its code panics where a document is read back.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Brittle(u64);

impl<'de> Deserialize<'de> for Brittle {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(from)?;
        assert!(number != 2, "poison");
        Ok(Self(number))
    }
}

impl View for Brittle {
    const NAME: &'static str = "brittle";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, _: &Recorded<AccountEvent>) {
        self.0 += 1;
    }
}

pub async fn p4_a_panic_anywhere_in_user_code_parks_its_event(world: World) {
    for _ in 0..3 {
        append(&world.log, &account(1), &[deposited(1)]).await;
        append(&world.log, &account(2), &[deposited(1)]).await;
        append(&world.log, &account(2), &[deposited(1)]).await;
        // Begun anew each time, so that documents are read back.
        let run = world.runner().view::<Brittle>().run_until_caught_up();
        timeout(PATIENCE, run).await.expect("it comes to an end").unwrap();
    }
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert!(!letters.is_empty() && letters[0].reason.as_deref().unwrap().contains("poison"));
    assert!(world.operations().audit("brittle", None).await.unwrap().is_clean());
}

/// It takes long to find that it cannot take an event of another account than `a0`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Slow(u64);

impl View for Slow {
    const NAME: &'static str = "slow";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        if matches!(event.event, AccountEvent::Poisoned { .. }) {
            std::thread::sleep(Duration::from_millis(5));
            panic!("poison");
        }
        self.0 += 1;
    }
}

pub async fn p4_many_wishes_do_not_hold_up_the_log(world: World) {
    let keys = together(&world, 150);
    let poison = || AccountEvent::Poisoned { cure: "none".into() };
    for key in &keys[1..] {
        append(&world.log, &account(key), &[poison(), deposited(1)]).await;
    }
    let running = world.runner().view::<Slow>().start().await.unwrap();
    running.caught_up().await.unwrap();
    let operations = world.operations();
    let wished = async || {
        let letters = operations.letters(&LetterQuery::all()).await.unwrap();
        letters.iter().filter(|letter| letter.wish.is_some()).count()
    };
    assert_eq!(operations.retry(&LetterQuery::all()).await.unwrap(), 298);
    let begun = async {
        while wished().await == 298 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, begun).await.expect("they are tried");
    append(&world.log, &account(&keys[0]), &[deposited(1)]).await;
    let taken = async {
        while world.kept::<Slow>().await.is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("the log is followed");
    assert!(wished().await > 0, "not only when all wishes are fulfilled");
    let answered = async {
        while wished().await > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("every wish is answered");
    let letters = operations.letters(&LetterQuery::all()).await.unwrap();
    let attempts: Vec<_> = letters.iter().map(|letter| letter.attempts).collect();
    assert_eq!(attempts, [2, 0].repeat(149), "each that failed was tried once more, in its order");
    running.stop().await.unwrap();
}
