//! Code of two deployments decides at the same time, under one version of the view. The newer
//! code knows an event by which an address is taken, and the older one does not.

use annals::read_model::DocumentError;
use annals::store::{Append, Appended, NewEvent};
use annals::{Event, EventStore, ExecuteError, ExpectedVersion, Recorded, StreamId};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use super::domain::{Emails, Refused};
use super::world::{World, is_taken};

const EMAIL: &str = "ada@example.org";

/// The same types of events, in another order, and one more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
enum NewerEvent {
    Adopted { email: String },
    Moved { cents: i64 },
    Registered { email: String },
    Poisoned { email: String },
    Closed { email: String },
}

/// The view of the newer code; its version was not raised.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct NewerEmails {
    owners: Vec<String>,
}

impl View for NewerEmails {
    const NAME: &'static str = "emails";
    type Key = String;
    type Event = NewerEvent;

    fn keys(event: &Recorded<NewerEvent>) -> Keys<String> {
        match &event.event {
            NewerEvent::Adopted { email } | NewerEvent::Registered { email } => {
                Keys::one(email.clone())
            }
            _ => Keys::none(),
        }
    }

    fn evolve(&mut self, _: &String, event: &Recorded<NewerEvent>) {
        self.owners.push(event.stream.key().to_owned());
    }
}

/// The newer code takes the address by the event that the older one does not know.
async fn adopt(world: &World, id: &str) -> Result<Appended, ExecuteError<Refused>> {
    let (rules, email) = (world.rules(), EMAIL.to_owned());
    let adopt = rules.decide(&email, |taken: Option<&NewerEmails>| {
        if taken.is_some() {
            return Err(Refused::Taken);
        }
        let adopted = NewerEvent::Adopted { email: EMAIL.to_owned() };
        let adopted = NewEvent::encode(world.log.log().codec, &adopted).unwrap();
        let stream = StreamId::new("account", id).unwrap();
        Ok(Append::to(stream, ExpectedVersion::Any, vec![adopted]))
    });
    adopt.await
}

fn is_of_other_events<T>(done: &Result<T, ExecuteError<Refused>>) -> bool {
    let Err(ExecuteError::Document(error)) = done else { return false };
    let advice = error.to_string();
    assert!(!error.is_transient() && advice.contains("deploy the same code"), "{advice}");
    matches!(error, DocumentError::OtherEvents { name, version: 1 } if name == "emails")
}

/// Workers first: the version is declared with the new event, but nobody has folded one yet.
/// The older code reads a guard that has seen all, and a document that has not.
pub async fn older_code_does_not_decide_beside_a_newer_worker(world: World) {
    world.feed::<Emails>().await;
    world.feed::<NewerEmails>().await;
    adopt(&world, "1").await.unwrap();
    let older = world.register("2", EMAIL).await;
    assert!(is_of_other_events(&older), "{older:?}");
    assert_eq!(world.events().await.len(), 2, "the newer code's event and its guard alone");
    let taken = adopt(&world, "3").await;
    assert!(matches!(taken, Err(ExecuteError::Refused(Refused::Taken))), "{taken:?}");
}

/// Those who decide first: the older worker would pass the new event over, and the newer code
/// would look behind it.
pub async fn newer_code_does_not_decide_beside_an_older_worker(world: World) {
    world.feed::<Emails>().await;
    for _ in 0..2 {
        let newer = adopt(&world, "1").await;
        assert!(is_of_other_events(&newer), "{newer:?}");
        world.feed::<Emails>().await;
    }
    assert_eq!(world.events().await.len(), 0, "nothing is written");
    world.register("2", EMAIL).await.unwrap();
    assert!(is_taken(&world.register("3", EMAIL).await), "the older code goes on meanwhile");
    world.feed::<NewerEmails>().await;
    let taken = adopt(&world, "1").await;
    assert!(matches!(taken, Err(ExecuteError::Refused(Refused::Taken))), "{taken:?}");
}
