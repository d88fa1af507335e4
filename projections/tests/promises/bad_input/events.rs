//! Events that nobody knows, that are known too late, and that do not decode.

use annals::store::{Append, NewEvent};
use annals::{Event, EventStore, ExpectedVersion, LoadError, Payload, Recorded};
use annals_projections::{Documents, Keys, StartError, View, replay};
use serde::{Deserialize, Serialize};

use super::super::domain::{AccountEvent, Balance, OtherEvent, account, append, deposited, sent};
use super::super::world::World;
use super::assert_stops;

/// What the first code knew of accounts.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub enum FirstEvent {
    Deposited { cents: i64 },
}

/// What an account was given or sends, as the first code folds it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moved(i64);

impl View for Moved {
    const NAME: &'static str = "moved";
    type Key = String;
    type Event = FirstEvent;

    fn keys(event: &Recorded<FirstEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, event: &Recorded<FirstEvent>) {
        let FirstEvent::Deposited { cents } = event.event;
        self.0 += cents;
    }
}

/// The same by later code, which has not raised the version.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Later<const VERSION: u32>(i64);

impl<const VERSION: u32> View for Later<VERSION> {
    const NAME: &'static str = "moved";
    const VERSION: u32 = VERSION;
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        if let AccountEvent::Deposited { cents } | AccountEvent::Sent { cents, .. } = event.event {
            self.0 += cents;
        }
    }
}

pub async fn bad_input_an_event_of_an_unknown_type_passes_by(world: World) {
    append(&world.log, &account(1), &[deposited(1), sent("2", 5), deposited(2)]).await;
    append(&world.log, &account(1), &[OtherEvent::Happened]).await;
    let unheard = NewEvent::new("account.unheard_of", Payload::json("{}").unwrap());
    let unheard = Append::to(account(1), ExpectedVersion::Any, vec![unheard]);
    world.log.append(unheard).await.unwrap();
    world.runner().view::<Moved>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Moved>().await;
    assert_eq!(world.kept::<Moved>().await, [("1".to_owned(), Moved(3))]);
}

pub async fn bad_input_a_type_that_was_passed_over_is_refused_when_it_becomes_known(world: World) {
    append(&world.log, &account(1), &[deposited(1), sent("2", 5), deposited(2)]).await;
    world.runner().view::<Moved>().run_until_caught_up().await.unwrap();
    // Two at once, and again: nobody gets it through.
    let later = async || world.runner().view::<Later<1>>().start().await.map(drop);
    let (one, other) = tokio::join!(later(), later());
    for refused in [one, other, later().await] {
        match refused.unwrap_err() {
            StartError::PassedOver { id, event, position, .. } => {
                assert_eq!((id.version, &*event, position.get()), (1, "account.sent", 2));
            }
            error => panic!("it would be missing: {error}"),
        }
    }
    // The code of before goes on, and another version has everything.
    append(&world.log, &account(2), &[deposited(4)]).await;
    world.runner().view::<Moved>().run_until_caught_up().await.unwrap();
    world.assert_as_replayed::<Moved>().await;
    let both = world.runner().view::<Moved>().view::<Later<2>>();
    both.run_until_caught_up().await.unwrap();
    world.operations().switch("moved", 2).await.unwrap();
    world.assert_as_replayed::<Later<2>>().await;
}

pub async fn bad_input_a_type_that_becomes_known_in_time_is_taken_under_load(world: World) {
    let first = world.runner().view::<Moved>().start().await.unwrap();
    let log = world.log.clone();
    let writing = tokio::spawn(async move {
        for n in 0..400 {
            append(&log, &account(n % 20), &[deposited(1)]).await;
        }
    });
    first.caught_up().await.unwrap();
    let later = world.runner().view::<Later<1>>().start().await.unwrap();
    // Only now anybody writes it.
    append(&world.log, &account(1), &[sent("2", 5)]).await;
    writing.await.unwrap();
    later.caught_up().await.unwrap();
    world.assert_as_replayed::<Later<1>>().await;
    first.stop().await.unwrap();
    later.stop().await.unwrap();
}

pub async fn bad_input_a_payload_that_does_not_decode_stops_what_would_pass_over_it(world: World) {
    append(&world.log, &account(1), &[deposited(5)]).await;
    let payload = Payload::json("{\"cents\": [\"many\"]}").unwrap();
    let event = NewEvent::new("account.deposited", payload);
    let broken = Append::to(account(1), ExpectedVersion::Any, vec![event]);
    world.log.append(broken).await.unwrap();
    let running = world.runner().view::<Balance>().start().await.unwrap();
    assert_stops(&world, "balances", running, "does not decode").await;
    let replayed: Result<Documents<Balance>, _> = replay(&world.log).await;
    assert!(matches!(replayed, Err(LoadError::Decode(_))));
    // What lies before it is there.
    assert_eq!(world.kept::<Balance>().await[0].1.cents, 5);
}
