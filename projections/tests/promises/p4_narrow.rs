//! P4: what poison costs the others, in work that is done again.

use std::sync::atomic::{AtomicU64, Ordering};

use annals::Recorded;
use annals::read_model::LetterQuery;
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use super::domain::{AccountEvent, account, append, deposited};
use super::world::World;

/// How often anything was folded, of each test.
static FOLDED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Folded<const TEST: usize>(u64);

impl<const TEST: usize> View for Folded<TEST> {
    const NAME: &'static str = "folded";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        FOLDED[TEST].fetch_add(1, Ordering::Relaxed);
        assert!(!matches!(event.event, AccountEvent::Closed), "poison");
        self.0 += 1;
    }
}

#[tokio::test]
async fn memory_p4_ten_poisoned_keys_cost_the_others_no_more_than_one() {
    let world = World::memory(1).await;
    let many = vec![deposited(1); 100];
    for key in 0..200 {
        append(&world.log, &account(key), &many).await;
    }
    // One after the other, behind much that may be one step with them.
    for key in 0..10 {
        append(&world.log, &account(key), &[AccountEvent::Closed]).await;
        append(&world.log, &account(key + 10), &many).await;
    }
    world.runner().view::<Folded<0>>().run_until_caught_up().await.unwrap();
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert_eq!(letters.len(), 10);
    let (folded, events) = (FOLDED[0].load(Ordering::Relaxed), 200 * 100 + 10 * 101);
    assert!(folded < events * 5 / 2, "{folded} for {events} events");
}

#[tokio::test]
async fn memory_p4_what_lies_before_poison_is_folded_once() {
    let world = World::memory(1).await;
    let many = vec![deposited(1); 100];
    for key in 0..30 {
        append(&world.log, &account(key), &many).await;
        append(&world.log, &account(key + 100), &[AccountEvent::Closed, deposited(1)]).await;
    }
    world.runner().view::<Folded<1>>().run_until_caught_up().await.unwrap();
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    assert_eq!(letters.len(), 60);
    // Each event once, and those that wait not at all; but for a step or two that a busy
    // machine has cut in the middle of a key. If each poison had what lies before it folded
    // again, it would be ten times as many.
    let folded = FOLDED[1].load(Ordering::Relaxed);
    assert!((30 * 100 + 30..30 * 100 + 500).contains(&folded), "{folded}");
}
