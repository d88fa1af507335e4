//! States whose shape cannot be traced: a snapshot of other code is found out
//! by its content, or not written at all.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use annals::snapshot::SnapshotCodec;
use annals::{Aggregate, Repository, SnapshotPolicy};
use annals_memory::MemoryStore;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::saved;
use crate::logs::Logs;
use crate::support::*;

macro_rules! aggregate {
    ($name:ty, |$state:ident, $cents:ident| $evolve:expr) => {
        impl Aggregate for $name {
            const CATEGORY: &'static str = "account";
            type Id = str;
            type Event = AccountEvent;

            fn evolve(&mut self, event: &AccountEvent) {
                let $state = self;
                if let AccountEvent::Deposited { cents: $cents } = event {
                    $evolve;
                }
            }
        }
    };
}

/// A type that accepts few values, so that no sample of ours gets through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Iban(String);

impl TryFrom<String> for Iban {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (15..=34).contains(&text.len()) { Ok(Self(text)) } else { Err("no IBAN") }
    }
}

impl From<Iban> for String {
    fn from(iban: Iban) -> Self {
        iban.0
    }
}

/// Two versions of one state, which differ in one place.
macro_rules! versions {
    ($($module:ident: $first:ident, $second:ident, $count:ident;)*) => {
        $(mod $module {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            pub(super) struct Amounts {
                $first: u64,
                $second: u64,
            }

            /// JSON has no such keys.
            #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
            pub(super) struct ByPair {
                seats: HashMap<(u8, u8), u64>,
                transfers: Vec<(Iban, Amounts)>,
            }
            aggregate!(ByPair, |state, cents| {
                state.seats.insert((1, 1), *cents);
                let iban = Iban("DE00000000000000".to_owned());
                state.transfers.push((iban, Amounts { gross: *cents, net: cents - 1 }));
            });

            #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
            #[serde(tag = "phase")]
            pub(super) enum Tagged {
                #[default]
                New,
                Open {
                    #[serde(default)]
                    $count: u64,
                },
            }
            aggregate!(Tagged, |state, cents| *state = Tagged::Open { $count: *cents });
        })*
    };
}

versions! {
    old: gross, net, count;
    new: net, gross, total;
}

/// The state that one type reads where another has left its snapshots, and the
/// state by a replay.
async fn read_after<W, R>(policy: SnapshotPolicy) -> ((R, R), MemoryStore)
where
    W: Aggregate<Id = str, Event = AccountEvent> + Clone + Serialize + DeserializeOwned,
    R: Aggregate<Id = str, Event = AccountEvent> + Clone + Serialize + DeserializeOwned,
{
    let store = MemoryStore::new();
    let writes = Repository::<W>::new(store.clone()).snapshots(store.clone(), policy);
    for cents in [7, 8] {
        writes.update(ID, |_| deposited(cents)).await.unwrap();
        writes.flush_snapshots().await;
    }
    let plain = Repository::<R>::new(store.clone());
    let reads = plain.clone().snapshots(store.clone(), SnapshotPolicy::every(1000));
    let states = (reads.load(ID).await.unwrap().state, plain.load(ID).await.unwrap().state);
    (states, store)
}

const EVERY: SnapshotPolicy = SnapshotPolicy::every(1);

#[tokio::test]
async fn bincode_is_neither_a_fallback_nor_a_choice() {
    for policy in [EVERY, EVERY.codec(SnapshotCodec::Bincode), EVERY.codec(SnapshotCodec::Json)] {
        let (logs, _guard) = Logs::capture();
        let ((read, plain), store) = read_after::<old::ByPair, new::ByPair>(policy).await;
        assert_eq!(read, plain);
        assert_eq!(saved(&store).await, None);
        assert!(logs.warnings().iter().any(|line| line.contains("no snapshot")));
    }
}

#[tokio::test]
async fn a_choice_that_is_not_followed_is_warned_of() {
    let (logs, _guard) = Logs::capture();
    let bincode = EVERY.codec(SnapshotCodec::Bincode);
    let (_, store) = read_after::<old::Tagged, old::Tagged>(bincode).await;
    assert_eq!(saved(&store).await.unwrap().codec, "json");
    let [warning] = &logs.warnings()[..] else { panic!("{:?}", logs.warnings()) };
    assert!(warning.contains("written in json") && warning.contains("account"), "{warning}");
}

#[tokio::test]
async fn one_in_bincode_is_discarded() {
    use annals::snapshot::SnapshotStore;
    let (_, store) = read_after::<old::Tagged, old::Tagged>(EVERY).await;
    let mut snapshot = saved(&store).await.unwrap();
    snapshot.codec = "bincode".into();
    let changed = MemoryStore::new();
    changed.save_snapshot(snapshot).await.unwrap();
    let (logs, _guard) = Logs::capture();
    let repository = Repository::<old::Tagged>::new(store.clone()).snapshots(changed, EVERY);
    let plain = Repository::<old::Tagged>::new(store).load(ID).await.unwrap().state;
    assert_eq!(repository.load(ID).await.unwrap().state, plain);
    assert!(logs.warnings()[0].contains("bincode cannot be trusted"));
}

#[tokio::test]
async fn one_with_a_field_that_is_called_otherwise_now_is_discarded() {
    let (logs, _guard) = Logs::capture();
    let ((read, plain), store) = read_after::<old::Tagged, new::Tagged>(EVERY).await;
    assert!(saved(&store).await.is_some());
    assert_eq!(read, plain);
    let [warning] = &logs.warnings()[..] else { panic!("{:?}", logs.warnings()) };
    assert!(warning.contains("snapshot discarded"), "{warning}");
}

#[tokio::test]
async fn one_that_fits_is_taken_without_a_warning() {
    let (logs, _guard) = Logs::capture();
    let ((read, plain), _) = read_after::<new::Tagged, new::Tagged>(EVERY).await;
    assert_eq!(read, plain);
    assert_eq!(logs.warnings(), [] as [String; 0]);
}

/// JSON has one null for all that is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Nested {
    limit: Option<Option<u64>>,
    #[serde(flatten)]
    more: BTreeMap<String, u64>,
}
aggregate!(Nested, |state, _cents| state.limit = Some(None));

#[tokio::test]
async fn a_state_that_json_makes_another_one_has_no_snapshot() {
    let ((read, plain), store) = read_after::<Nested, Nested>(EVERY).await;
    assert_eq!(read, plain);
    assert_eq!(saved(&store).await, None);
}
