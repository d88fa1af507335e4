//! Views are folded alike wherever and whenever they are folded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::panic::catch_unwind;

use annals::store::{Append, NewEvent};
use annals::{Event, EventStore, ExpectedVersion, LoadError, Payload, Recorded, StreamId};
use annals_memory::MemoryStore;
use annals_projections::testing::{FIRST_RECORDED, given_events};
use annals_projections::{Documents, Keys, LiveView, View, ask, replay};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened {
        owner: String,
    },
    /// The stream is that of who pays.
    Sent {
        to: String,
        cents: i64,
    },
    Noted,
    Closed,
}

use AccountEvent::{Closed, Noted, Opened, Sent};

fn opened(owner: &str) -> AccountEvent {
    Opened { owner: owner.into() }
}

fn sent(to: &str, cents: i64) -> AccountEvent {
    Sent { to: to.into(), cents }
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Balance {
    owner: String,
    cents: i64,
    closed: bool,
}

impl View for Balance {
    const NAME: &'static str = "balances";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        let own = event.stream.key().to_owned();
        match &event.event {
            Sent { to, .. } => Keys::many([own, to.clone()]),
            Noted => Keys::none(),
            Opened { .. } | Closed => Keys::one(own),
        }
    }

    fn evolve(&mut self, account: &String, event: &Recorded<AccountEvent>) {
        match &event.event {
            Opened { owner } => self.owner.clone_from(owner),
            Sent { to, cents } => {
                if event.stream.key() == account {
                    self.cents -= cents;
                }
                if to == account {
                    self.cents += cents;
                }
            }
            Noted => {}
            Closed => self.closed = true,
        }
    }

    fn is_gone(&self) -> bool {
        self.closed
    }
}

fn balance(owner: &str, cents: i64) -> Balance {
    Balance { owner: owner.into(), cents, closed: false }
}

/// What an account has done by itself: it is found in one stream.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Steps(u64);

impl View for Steps {
    const NAME: &'static str = "steps";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Some(event.stream.key().to_owned()).filter(|key| key != "quiet").into()
    }

    fn evolve(&mut self, _: &String, _: &Recorded<AccountEvent>) {
        self.0 += 1;
    }
}

impl LiveView for Steps {
    fn streams(key: &String) -> Vec<StreamId> {
        // Named twice, and beside one that has nothing for the key: it counts once.
        [key, key, "other"].map(|key| StreamId::new("account", key).unwrap()).to_vec()
    }
}

async fn append(store: &MemoryStore, stream: &str, event: &AccountEvent) -> OffsetDateTime {
    append_at(store, stream, event, None).await
}

async fn append_at(
    store: &MemoryStore,
    stream: &str,
    event: &AccountEvent,
    occurred_at: Option<OffsetDateTime>,
) -> OffsetDateTime {
    let mut new = NewEvent::encode(store.log().codec, event).unwrap();
    new.occurred_at = occurred_at;
    let append = Append::to(stream.parse().unwrap(), ExpectedVersion::Any, vec![new]);
    store.append(append).await.unwrap().recorded_at
}

#[test]
fn an_event_touches_one_document_or_many_or_none() {
    given_events([
        ("account-1", opened("ada")),
        ("account-2", opened("bob")),
        ("account-1", sent("2", 30)),
        // To itself: once, and not twice.
        ("account-1", sent("1", 7)),
        ("account-3", Noted),
    ])
    .then_view("1", balance("ada", -30))
    .then_view("2", balance("bob", 30))
    .then_no_view::<Balance>("3");
}

#[test]
fn a_document_that_is_gone_begins_anew() {
    let gone = given_events([("account-1", opened("ada")), ("account-1", Closed)]);
    assert!(gone.documents::<Balance>().is_empty());
    gone.then_no_view::<Balance>("1")
        .and_given([("account-1", sent("2", 1))])
        .then_view("1", balance("", -1));
}

#[test]
fn given_events_are_a_log() {
    let mut seen = Vec::new();
    let given = given_events([("account-1", Noted), ("account-2", Noted), ("account-1", Noted)]);
    given
        .with(|event| {
            seen.push((event.version.get(), event.position.get(), event.recorded_at));
        })
        .then_view("1", Steps(2));
    assert_eq!(seen, [(2, 3, FIRST_RECORDED + Duration::seconds(2))]);
}

#[test]
fn a_test_that_fails_says_what_is_there() {
    let text = |test: fn()| *catch_unwind(test).unwrap_err().downcast::<String>().unwrap();
    let other = text(|| {
        drop(given_events([("account-1", opened("ada"))]).then_view("1", balance("bob", 0)));
    });
    assert!(other.contains("ada") && other.contains("bob"), "{other}");
    let there = text(|| {
        drop(given_events([("account-1", Noted)]).then_no_view::<Steps>("1"));
    });
    assert!(there.contains("Steps(1)"), "{there}");
    let missing = text(|| {
        drop(given_events([("account-1", Noted)]).then_view("2", Steps(1)));
    });
    assert!(missing.contains("under [\"1\"]"), "{missing}");
    let stream = text(|| drop(given_events([("account", Noted)])));
    assert!(stream.contains("`account`"), "{stream}");
}

#[tokio::test]
async fn a_replay_folds_what_the_view_knows_up_to_its_moment() {
    for partitions in [1, 8] {
        let store = MemoryStore::builder().partitions(partitions).build();
        append(&store, "account-1", &opened("ada")).await;
        let opened_two = append(&store, "account-2", &opened("bob")).await;
        let other = NewEvent::new("order.placed", Payload::json("{}").unwrap());
        let other = Append::to("order-1".parse().unwrap(), ExpectedVersion::Any, vec![other]);
        store.append(other).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        let past = OffsetDateTime::UNIX_EPOCH;
        append_at(&store, "account-1", &sent("2", 5), Some(past)).await;

        let now = replay::<Balance>(&store).await.unwrap();
        assert_eq!(now.get("1"), Some(&balance("ada", -5)));
        assert_eq!(now.len(), 2, "events of other types pass it by");
        let then = replay::<Balance>(&store).recorded_until(opened_two).await.unwrap();
        assert!(then.iter().map(|(key, _)| &**key).eq(["1", "2"]));
        assert_eq!(then.get("1"), Some(&balance("ada", 0)));
        let occurred = replay::<Balance>(&store).occurred_until(past).await.unwrap();
        assert_eq!(occurred.get("1"), Some(&balance("", -5)), "recorded later than others");
    }
}

#[tokio::test]
async fn an_event_that_does_not_decode_is_an_error() {
    let store = MemoryStore::new();
    let bad = NewEvent::new("account.opened", Payload::json("{\"owner\":7}").unwrap());
    let bad = Append::to("account-1".parse().unwrap(), ExpectedVersion::Any, vec![bad]);
    store.append(bad).await.unwrap();
    let failed = replay::<Balance>(&store).await.unwrap_err();
    assert!(matches!(failed, LoadError::Decode(_)), "{failed:?}");
    let failed = ask::<Steps>(&store, &"1".to_owned()).await.unwrap_err();
    assert!(matches!(failed, LoadError::Decode(_)), "{failed:?}");
}

/// The same balances, by code that forgets what is paid to others.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mistaken(Balance);

impl View for Mistaken {
    const NAME: &'static str = "balances";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, account: &String, event: &Recorded<AccountEvent>) {
        self.0.evolve(account, event);
    }
}

#[test]
fn the_difference_of_two_versions_of_the_code_is_told_document_by_document() {
    let given = given_events([
        ("account-1", opened("ada")),
        ("account-2", opened("bob")),
        ("account-2", sent("3", 4)),
    ]);
    let before = given.documents::<Balance>();
    assert!(before.difference(&before).unwrap().is_empty());
    let difference = before.difference(&given.documents::<Mistaken>()).unwrap();
    assert_eq!((difference.changed.len(), difference.same), (1, 2));
    let changed = &difference.changed[0];
    assert_eq!((&*changed.key, &changed.after), ("3", &None));
    assert_eq!(
        difference.to_string(),
        "\"3\": {\"cents\":4,\"closed\":false,\"owner\":\"\"} became nothing\n\
         1 of 3 documents differ"
    );
}

fn histories() -> impl Strategy<Value = Vec<(u8, AccountEvent)>> {
    let event = prop_oneof![
        Just(opened("ada")),
        (0u8..5, 1i64..100).prop_map(|(to, cents)| sent(&to.to_string(), cents)),
        Just(Noted),
        Just(Closed),
    ];
    proptest::collection::vec((0u8..5, event), 0..40)
}

proptest! {
    #[test]
    fn a_replay_a_question_and_a_test_see_the_same(
        history in histories(),
        partitions in prop_oneof![Just(1u16), Just(8)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = MemoryStore::builder().partitions(partitions).build();
            let mut given = given_events([]);
            for (account, event) in &history {
                let stream = format!("account-{account}");
                append(&store, &stream, event).await;
                given = given.and_given([(&*stream, event.clone())]);
            }
            let replayed: Documents<Steps> = replay(&store).await.unwrap();
            assert_eq!(replayed, given.documents());
            if partitions == 1 {
                // Its documents gather events of several streams, and so of partitions
                // whose times may be the same.
                assert_eq!(replay::<Balance>(&store).await.unwrap(), given.documents());
            }
            for account in 0u8..6 {
                let asked = ask::<Steps>(&store, &account.to_string()).await.unwrap();
                assert_eq!(asked.as_ref(), replayed.get(&account.to_string()));
            }
        });
    }
}
