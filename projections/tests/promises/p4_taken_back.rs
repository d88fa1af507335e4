//! P4: an event that fails changes nothing, while those before it stay applied.

use annals::Recorded;
use annals::read_model::LetterQuery;
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use super::domain::{AccountEvent, account, append, deposited, sent};
use super::world::World;

/// The versions of the events that it has met.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Met {
    events: Vec<String>,
    gone: bool,
}

impl View for Met {
    const NAME: &'static str = "met";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        let own = event.stream.key().to_owned();
        match &event.event {
            AccountEvent::Sent { to, .. } => Keys::many([own, to.clone()]),
            _ => Keys::one(own),
        }
    }

    /// It fails half-way: when it has changed the document, and maybe another one.
    fn evolve(&mut self, key: &String, event: &Recorded<AccountEvent>) {
        self.events.push(format!("{} {}", event.stream.key(), event.version.get()));
        self.gone = matches!(event.event, AccountEvent::Opened { .. });
        match &event.event {
            AccountEvent::Sent { to, .. } => assert!(to != key, "poison"),
            AccountEvent::Closed => panic!("poison"),
            _ => {}
        }
    }

    fn is_gone(&self) -> bool {
        self.gone
    }
}

pub async fn p4_an_event_that_fails_changes_nothing(world: World) {
    for key in 1..=3 {
        append(&world.log, &account(key), &[deposited(1)]).await;
    }
    let runner = || world.runner().view::<Met>();
    runner().run_until_caught_up().await.unwrap();

    let opened = AccountEvent::Opened { owner: "ada".into() };
    let write = async |key, event| append(&world.log, &account(key), &[event]).await;
    write(1, deposited(1)).await;
    write(2, deposited(1)).await;
    write(3, opened).await;
    // It changes the first of its documents and fails at the second.
    write(1, sent("2", 13)).await;
    write(1, deposited(1)).await;
    write(2, deposited(1)).await;
    write(3, deposited(1)).await;
    // There is no document yet.
    write(4, AccountEvent::Closed).await;
    write(4, deposited(1)).await;
    // There was none when the step began.
    write(5, deposited(1)).await;
    write(5, AccountEvent::Closed).await;
    write(3, deposited(1)).await;
    write(3, AccountEvent::Closed).await;
    runner().run_until_caught_up().await.unwrap();

    let kept = world.kept::<Met>().await;
    let kept: Vec<_> = kept.iter().map(|(key, met)| (&**key, met.events.join(", "))).collect();
    let expected = [("1", "1 1, 1 2"), ("2", "2 1, 2 2"), ("3", "3 3, 3 4"), ("5", "5 1")];
    assert_eq!(kept, expected.map(|(key, events)| (key, events.to_owned())));
    let letters = world.operations().letters(&LetterQuery::all()).await.unwrap();
    let letters = letters.iter().map(|l| (l.stream.key(), l.version.get(), l.reason.is_some()));
    assert_eq!(
        letters.collect::<Vec<_>>(),
        [
            ("1", 3, true),
            ("1", 4, false),
            ("2", 3, false),
            ("4", 1, true),
            ("4", 2, false),
            ("5", 2, true),
            ("3", 5, true),
        ]
    );
    assert!(world.operations().audit("met", None).await.unwrap().is_clean());
}
