//! Whether a state survives its snapshot.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Aggregate;
use crate::decision::IntoEvents;
use crate::snapshot::SnapshotCodec;

/// Checks that a snapshot, taken at any place in this history, and the events
/// behind it lead to the same states as a replay from the beginning, with every
/// codec that the state can be written in.
///
/// It finds what no fingerprint can see: a field that is `#[serde(skip)]`ped, a
/// `Serialize` that loses something, an `evolve` that depends on more than the
/// state.
///
/// # Panics
/// A snapshot differs from the replay, or no codec can write the state.
#[track_caller]
pub fn assert_snapshot_equals_replay<A>(events: impl IntoEvents<A::Event>)
where
    A: Aggregate + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let events = events.into_events();
    for taken in 0..=events.len() {
        let mut written = 0;
        for codec in [SnapshotCodec::Bincode, SnapshotCodec::Json] {
            let mut replayed = fold(A::default(), &events[..taken]);
            if !codec.reads_back(&replayed) {
                continue;
            }
            written += 1;
            let bytes = codec.encode(&replayed);
            #[expect(clippy::expect_used, reason = "it has just been read back")]
            let mut restored = bytes.and_then(|b| codec.decode::<A>(&b)).expect("it reads back");
            let version = taken;
            assert!(
                restored == replayed,
                "the {codec} snapshot of version {version} differs; is a field skipped by serde?\n \
                 snapshot: {restored:?}\n   replay: {replayed:?}"
            );
            for (at, event) in (taken + 1..).zip(&events[taken..]) {
                restored.evolve(event);
                replayed.evolve(event);
                assert!(
                    restored == replayed,
                    "the {codec} snapshot of version {version} leads elsewhere at version {at}
 \
                     snapshot: {restored:?}
   replay: {replayed:?}"
                );
            }
        }
        assert!(written > 0, "no codec reads the state at version {taken} back");
    }
}

fn fold<A: Aggregate>(mut state: A, events: &[A::Event]) -> A {
    for event in events {
        state.evolve(event);
    }
    state
}
