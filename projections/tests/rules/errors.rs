//! Where a document is not known as it is, nothing is decided, and it is said why.

use annals::read_model::DocumentError;
use annals::store::{Append, NewEvent};
use annals::{EventStore, ExecuteError, ExpectedVersion, Payload, StreamId};
use annals_projections::Rules;

use super::domain::{AccountEvent, Emails};
use super::world::{Done, World, is_taken, register};

const EMAIL: &str = "ada@example.org";

fn why(done: Done) -> DocumentError {
    match done {
        Err(ExecuteError::Document(error)) => error,
        done => panic!("{done:?}"),
    }
}

async fn poison(world: &World, id: &str) {
    let poisoned = AccountEvent::Poisoned { email: EMAIL.into() };
    world.accounts().update(id, |_| poisoned.clone()).await.unwrap();
}

pub async fn a_read_model_that_nobody_has_fed_is_named(world: World) {
    let error = why(world.register("1", EMAIL).await);
    assert!(matches!(&error, DocumentError::NoSuchModel { name, version: 1 } if name == "emails"));
    assert!(error.to_string().contains("start a worker"), "{error}");
    assert_eq!(world.events().await.len(), 0, "nothing is written");
}

pub async fn a_read_model_that_is_too_far_behind_is_named(world: World) {
    world.feed::<Emails>().await;
    for n in 0..4 {
        // All in one partition.
        let mut n = Some(n);
        let registered = AccountEvent::Registered { email: format!("{}@x", n.take().unwrap()) };
        world.accounts().update("many", |_| registered.clone()).await.unwrap();
    }
    let (accounts, rules) = (world.accounts(), world.rules().tail(3));
    let error = why(register(&accounts, &rules, "1", EMAIL).await);
    assert!(matches!(error, DocumentError::TooFarBehind { limit: 3, .. }), "{error:?}");
    assert!(!error.is_transient(), "trying again at once does not help");
    register(&accounts, &rules.clone().tail(4), "1", EMAIL).await.unwrap();
    world.feed::<Emails>().await;
    assert!(is_taken(&register(&accounts, &rules.tail(0), "2", EMAIL).await));

    // Events of other kinds need not be folded, and still must be passed over.
    let other = || NewEvent::new("other.happened", Payload::json("1").unwrap());
    let stream = StreamId::new("other", "1").unwrap();
    let others = (0..101).map(|_| other()).collect();
    world.log.append(Append::to(stream, ExpectedVersion::Any, others)).await.unwrap();
    let error = why(register(&accounts, &world.rules().tail(1), "2", EMAIL).await);
    assert!(matches!(error, DocumentError::TooFarBehind { limit: 1, .. }), "{error:?}");
}

pub async fn a_document_of_which_events_are_parked_is_named(world: World) {
    poison(&world, "1").await;
    world.feed::<Emails>().await;
    let error = why(world.register("2", EMAIL).await);
    assert!(matches!(error, DocumentError::Parked { .. }), "{error:?}");
    world.register("2", "bob@example.org").await.unwrap();
}

pub async fn an_event_that_cannot_be_folded_or_read_is_named(world: World) {
    world.feed::<Emails>().await;
    poison(&world, "1").await;
    let error = why(world.register("2", EMAIL).await);
    assert!(matches!(error, DocumentError::Unfit { .. }), "{error:?}");
    world.register("2", "bob@example.org").await.unwrap();

    let broken = NewEvent::new("account.registered", Payload::json("{}").unwrap());
    let stream = StreamId::new("account", "3").unwrap();
    let append = Append::to(stream, ExpectedVersion::Any, vec![broken]);
    world.log.append(append).await.unwrap();
    let error = why(world.register("4", "cyd@example.org").await);
    assert!(matches!(error, DocumentError::Decode(_)), "it may be of any address: {error:?}");
}

pub async fn a_read_model_of_another_log_is_named(world: World) {
    world.feed::<Emails>().await;
    let other = World::memory(1).await;
    let rules = Rules::new(other.log.clone(), world.models.clone());
    let error = why(register(&other.accounts(), &rules, "1", EMAIL).await);
    assert!(matches!(error, DocumentError::AnotherLog { .. }), "{error:?}");
}
