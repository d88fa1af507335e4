//! Whether a state survives its snapshot.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Aggregate;
use crate::decision::IntoEvents;
use crate::snapshot::SnapshotCodec;
use crate::snapshot::shape::Shape;

/// Checks that a snapshot, taken at any place in this history, and the events
/// behind it lead to the same states as a replay from the beginning, with every
/// codec that a snapshot of the state may be written in.
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
    let shape = Shape::of::<A>();
    for taken in 0..=events.len() {
        let mut written = 0;
        for codec in SnapshotCodec::candidates(shape, None) {
            let mut replayed = fold(A::default(), &events[..taken]);
            let Some(bytes) = codec.encode_readable(&replayed) else {
                continue;
            };
            written += 1;
            #[expect(clippy::expect_used, reason = "it has just been read back")]
            let mut restored: A = codec.decode(&bytes).expect("it reads back");
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
                    "the {codec} snapshot of version {version} leads elsewhere at version {at}\n \
                     snapshot: {restored:?}\n   replay: {replayed:?}"
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
