//! States of every kind: what their snapshots are written in, and what the
//! check for applications finds.

use std::collections::HashMap;

use annals::snapshot::{SnapshotCodec, SnapshotStore};
use annals::testing::assert_snapshot_equals_replay;
use annals::{Aggregate, Repository, SnapshotPolicy};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use crate::support::*;

macro_rules! aggregate {
    ($name:ident, |$state:ident, $cents:ident| $evolve:expr) => {
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

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Flattened {
    #[serde(flatten)]
    by_name: HashMap<String, u64>,
}
aggregate!(Flattened, |state, cents| state.by_name.insert(format!("n{cents}"), *cents));

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is")]
enum Tagged {
    #[default]
    Empty,
    Full {
        cents: u64,
    },
}
aggregate!(Tagged, |state, cents| *state = Tagged::Full { cents: *cents });

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Sometimes {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    odd: Vec<u64>,
    all: Vec<u64>,
}
aggregate!(Sometimes, |state, cents| {
    if cents % 2 == 1 {
        state.odd.push(*cents);
    }
    state.all.push(*cents);
});

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Forgets {
    cents: u64,
    #[serde(skip)]
    highest: u64,
}
aggregate!(Forgets, |state, cents| {
    state.cents += cents;
    state.highest = state.highest.max(*cents);
});

/// The codec of the snapshot after some deposits; the load from it equals what
/// was executed.
async fn codec_of<A>(deposits: &[u64], policy: SnapshotPolicy) -> Option<String>
where
    A: Aggregate<Id = str, Event = AccountEvent>
        + Clone
        + PartialEq
        + std::fmt::Debug
        + Serialize
        + for<'a> Deserialize<'a>,
{
    let store = MemoryStore::new();
    let all = Repository::<A>::new(store.clone()).snapshots(store.clone(), policy);
    for cents in deposits {
        let done = all.update(ID, |_| deposited(*cents)).await.unwrap();
        all.flush_snapshots().await;
        assert_eq!(all.load(ID).await.unwrap().state, done.state);
    }
    let saved = store.load_snapshot(&stream()).await.unwrap();
    saved.map(|snapshot| snapshot.codec.into_owned())
}

const EVERY: SnapshotPolicy = SnapshotPolicy::every(1);

#[tokio::test]
async fn a_plain_state_is_bincode_and_an_opaque_one_is_json() {
    assert_eq!(codec_of::<Account>(&[1, 2], EVERY).await.unwrap(), "bincode");
    assert_eq!(codec_of::<Flattened>(&[1, 2], EVERY).await.unwrap(), "json");
    assert_eq!(codec_of::<Tagged>(&[1, 2], EVERY).await.unwrap(), "json");
}

#[tokio::test]
async fn a_codec_may_be_chosen() {
    let json = EVERY.codec(SnapshotCodec::Json);
    assert_eq!(codec_of::<Account>(&[1], json).await.unwrap(), "json");
    let bincode = EVERY.codec(SnapshotCodec::Bincode);
    // bincode cannot read it back, so it is not believed.
    assert_eq!(codec_of::<Tagged>(&[1], bincode).await.unwrap(), "json");
}

#[tokio::test]
async fn a_state_with_fields_that_are_sometimes_skipped_ends_in_json() {
    assert_eq!(codec_of::<Sometimes>(&[2, 4], EVERY).await.unwrap(), "json");
    codec_of::<Sometimes>(&[2, 1, 4, 3], EVERY).await.unwrap();
    // In bincode this would be one odd deposit, and none at all.
    assert_eq!(codec_of::<Sometimes>(&[0], EVERY).await.unwrap(), "json");
}

#[tokio::test]
async fn a_state_that_no_codec_reads_back_has_no_snapshot() {
    let (logs, _guard) = crate::logs::Logs::capture();
    let saved = codec_of_one_way().await;
    assert_eq!(saved, None);
    assert!(logs.warnings().iter().any(|line| line.contains("no snapshot")));
}

/// A state that is written and never read.
async fn codec_of_one_way() -> Option<String> {
    #[derive(Debug, Clone, Default, Serialize, Deserialize)]
    struct OneWay(HashMap<(u8, u8), Wrong>);
    #[derive(Debug, Clone, Serialize, Deserialize)]
    #[serde(into = "u8", try_from = "u8")]
    struct Wrong;
    impl From<Wrong> for u8 {
        fn from(_: Wrong) -> u8 {
            7
        }
    }
    impl TryFrom<u8> for Wrong {
        type Error = String;
        fn try_from(_: u8) -> Result<Self, String> {
            Err("never".to_owned())
        }
    }
    aggregate!(OneWay, |state, _cents| state.0.insert((1, 2), Wrong));
    let store = MemoryStore::new();
    let all = Repository::<OneWay>::new(store.clone()).snapshots(store.clone(), EVERY);
    for _ in 0..3 {
        all.update(ID, |_| deposited(1)).await.unwrap();
        all.flush_snapshots().await;
        assert_eq!(all.load(ID).await.unwrap().state.0.len(), 1);
    }
    let saved = store.load_snapshot(&stream()).await.unwrap();
    saved.map(|snapshot| snapshot.codec.into_owned())
}

#[test]
fn the_check_passes_states_that_survive() {
    let events: Vec<_> = (0..6).map(deposited).collect();
    assert_snapshot_equals_replay::<Account>(events.clone());
    assert_snapshot_equals_replay::<Flattened>(events.clone());
    assert_snapshot_equals_replay::<Tagged>(events.clone());
    assert_snapshot_equals_replay::<Sometimes>(events.clone());
    assert_snapshot_equals_replay::<Forgets>([] as [AccountEvent; 0]);
}

#[test]
#[should_panic(expected = "snapshot of version 2 differs")]
fn the_check_finds_a_field_that_is_skipped() {
    assert_snapshot_equals_replay::<Forgets>([deposited(0), deposited(3)]);
}
