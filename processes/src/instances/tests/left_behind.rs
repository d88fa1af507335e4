//! Events that come when the instance has gone beyond them.

use super::*;

#[tokio::test]
async fn what_was_left_behind_is_taken_in_once() {
    let log = MemoryStore::new().erased();
    let first = instances(log.clone());
    let late = paid(2, 20);
    for event in [paid(1, 100), paid(3, 3)] {
        assert!(take(&first, &event).await);
    }
    assert!(!take(&first, &late).await, "nobody has asked for it");
    assert!(revive(&first, &late).await);
    // Also by who knows nothing.
    for instances in [&first, &instances(log.clone())] {
        assert!(!revive(instances, &late).await);
    }
    // It has not gone back.
    let next = paid(4, 4_000);
    assert!(take(&first, &next).await);
    assert!(!take(&first, &next).await);
    assert_eq!(saved(&log).await.len(), 4);
}

#[tokio::test]
async fn what_stands_before_the_beginning_and_begins_nothing_stays_out() {
    let log = MemoryStore::new().erased();
    let instances = instances(log.clone());
    assert!(take(&instances, &paid(5, 100)).await);
    let earlier = paid(2, 20);
    let incoming = Incoming::Event { event: &earlier, starts: false, late: true };
    let taken = instances.advance("1", &incoming, &Metadata::new()).await.unwrap();
    assert!(taken.is_err());
    assert_eq!(saved(&log).await.len(), 1);
}

/// Another worker revives the same event between the look at the history and the append.
#[cfg(feature = "testing")]
#[tokio::test]
async fn two_who_revive_it_take_it_in_once() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::boundary::Boundary;

    let log = MemoryStore::new().erased();
    let others = instances(log.clone());
    for event in [paid(1, 100), paid(3, 3)] {
        assert!(take(&others, &event).await);
    }
    let (late, done) = (paid(2, 20), Arc::new(AtomicBool::new(false)));
    let (others, event, once) = (Arc::new(others), late.clone(), done.clone());
    let hook = Hook::new(move |boundary| {
        let (others, event, once) = (others.clone(), event.clone(), once.clone());
        Box::pin(async move {
            let first = boundary == Boundary::BeforeEventStep && !once.swap(true, Ordering::AcqRel);
            if first {
                assert!(revive(&others, &event).await);
            }
        })
    });
    let slow = Instances::<Saving>::new(log.clone(), Arc::new(SystemClock), hook);
    assert!(!revive(&slow, &late).await, "it is taken in");
    assert!(done.load(Ordering::Acquire));
    assert_eq!(saved(&log).await.len(), 3);
}
