//! A2 contiguous: the versions of a stream are 1, 2, 3 and so on.

use tokio::time::Instant;

use super::tools::at_once;
use super::{Fixture, Subject};
use crate::store::Append;
use crate::{EventStore, ExpectedVersion, Version};

/// Appends of 1 to 12 events, one behind the other.
pub async fn a2_versions_are_1_2_3_and_so_on<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("growing");
    let mut expected = Vec::new();
    for size in 1..=12 {
        let events = log.events(size);
        let base = Version::new(expected.len() as u64);
        expected.extend(events.iter().map(|event| event.id));
        let done = log.append(Append::to(stream.clone(), base, events)).await;
        assert_eq!(done.writes[0].version.get(), expected.len() as u64);
    }
    let events = log.of_stream(&stream).await;
    assert!(events.iter().map(|event| event.version.get()).eq(1..=78), "no version is missing");
    assert!(events.iter().map(|event| event.id).eq(expected), "the events, in their order");
    log.audit().await;
}

/// Streams of one partition count each for themselves.
pub async fn a2_every_stream_counts_for_itself<F: Fixture>(log: Subject<F>) {
    let streams = log.together::<3>();
    for _ in 0..4 {
        for stream in &streams {
            log.grow(stream, 2).await;
        }
    }
    for stream in &streams {
        let versions = log.of_stream(stream).await.into_iter().map(|event| event.version.get());
        assert!(versions.eq(1..=8), "the versions of {stream}");
    }
    log.audit().await;
}

/// A conflict, a bad append and a late one, between appends that succeed.
pub async fn a2_refusals_leave_no_holes<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("refusing");
    for version in 0..6 {
        let append = |events| Append::to(stream.clone(), Version::new(version), events);
        log.conflict(Append::to(stream.clone(), Version::new(99), log.events(2))).await;
        log.refused(append(vec![])).await;
        log.refused(append(log.events(2)).with_deadline(Instant::now())).await;
        let done = log.append(append(log.events(1))).await;
        assert_eq!(done.writes[0].version, Version::new(version + 1));
    }
    assert_eq!(log.audit().await.len(), 6);
}

/// 64 writers who do not care about versions, to one stream and to another.
pub async fn a2_racing_writers_leave_no_holes<F: Fixture>(log: Subject<F>) {
    let streams = log.apart();
    let writers = (0..64usize).map(|writer| {
        let (store, stream) = (log.store.clone(), streams[writer % 2].clone());
        let batches: Vec<_> = (0..4).map(|round| log.events(1 + (writer + round) % 3)).collect();
        async move {
            let mut places = Vec::new();
            for events in batches {
                let append = Append::to(stream.clone(), ExpectedVersion::Any, events);
                let done = store.append(append).await.expect("an append to any version");
                places.extend(done.writes[0].places().map(|place| (stream.clone(), place)));
            }
            places
        }
    });
    let mut acknowledged: Vec<_> = at_once(writers).await.into_iter().flatten().collect();
    let found = log.audit().await.into_iter();
    let mut found: Vec<_> =
        found.map(|event| (event.stream, (event.version, event.position))).collect();
    acknowledged.sort();
    found.sort();
    assert_eq!(found, acknowledged, "every place was given to exactly one event");
}
