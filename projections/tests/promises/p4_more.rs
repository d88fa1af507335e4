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
