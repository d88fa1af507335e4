//! A4 one order: positions rise within a partition and agree with versions.

use super::tools::at_once;
use super::{Fixture, Subject};
use crate::store::{Append, LogQuery};
use crate::{EventStore, ExpectedVersion, Partition, Partitions, ReadError, Token};
use ExpectedVersion::Any;

/// Appends of several sizes to streams that take turns.
pub async fn a4_positions_rise_and_agree_with_versions<F: Fixture>(log: Subject<F>) {
    let streams = log.together::<3>();
    let mut written = Vec::new();
    for round in 0..5 {
        for stream in &streams {
            let events = log.events(1 + round % 3);
            written.extend(events.iter().map(|event| event.id));
            log.append(Append::to(stream.clone(), Any, events)).await;
        }
    }
    let events = log.of_partition(log.partitions().of(&streams[0])).await;
    assert!(events.iter().map(|event| event.id).eq(written), "in the order of the appends");
    assert!(events.is_sorted_by(|a, b| a.position < b.position), "positions rise");
    log.audit().await;
}

/// What an append says of places, times and its token is what the log says.
pub async fn a4_the_outcome_names_the_places_of_its_events<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    for _ in 0..3 {
        let append =
            Append::to(one.clone(), Any, log.events(3)).and(other.clone(), Any, log.events(2));
        let done = log.append(append).await;
        assert!(!done.repeated, "it is new");
        let mut token = Token::empty(log.store.log().id);
        for write in &done.writes {
            let events = log.of_stream(&write.stream).await;
            let first = events.len() - usize::try_from(write.events).unwrap();
            let places = events[first..].iter().map(|event| (event.version, event.position));
            assert!(places.eq(write.places()), "the places of {write:?}");
            let last = events.last().expect("it was written");
            assert_eq!((last.id, last.partition), (write.last, write.partition));
            assert_eq!(last.recorded_at, done.recorded_at, "one time for the append");
            token = token.with(last.checkpoint(done.log));
        }
        assert_eq!(done.token(), token);
    }
    log.audit().await;
}

/// Within a partition the events stand in the order of the writes.
pub async fn a4_the_writes_of_an_append_stand_in_their_order<F: Fixture>(log: Subject<F>) {
    let [one, two, three] = log.together();
    let append = Append::to(three.clone(), Any, log.events(2))
        .and(one.clone(), Any, log.events(1))
        .and(two.clone(), Any, log.events(2))
        .and(three.clone(), Any, log.events(1));
    let done = log.append(append).await;
    let events = log.of_partition(done.writes[0].partition).await;
    let streams = events.iter().map(|event| &event.stream);
    assert!(streams.eq([&three, &three, &one, &two, &two, &three]));
    let positions = events.iter().map(|event| event.position);
    assert!(positions.eq(done.writes.iter().flat_map(|w| w.places().map(|(_, at)| at))));
    log.audit().await;
}

/// All events of a stream are in the partition of its id, and in no other.
pub async fn a4_a_stream_lives_in_the_partition_of_its_id<F: Fixture>(log: Subject<F>) {
    for key in 0..24 {
        let stream = log.stream(key);
        let done = log.grow(&stream, 2).await;
        assert_eq!(done.writes[0].partition, log.partitions().of(&stream));
    }
    assert_eq!(log.audit().await.len(), 48, "each event is in exactly one partition");
}

/// A partition beyond the last is an error that says how many there are.
pub async fn a4_a_partition_that_is_not_there_is_an_error<F: Fixture>(log: Subject<F>) {
    use futures::StreamExt;
    let count = log.partitions().count();
    for number in [count, Partitions::MAX, u16::MAX] {
        let beyond = Partition::new(number);
        let is_told = |error: Option<ReadError>| {
            matches!(error, Some(ReadError::NoSuchPartition { partition, partitions })
                if partition == beyond && partitions == count)
        };
        let read = Box::pin(log.store.read_all(LogQuery::partition(beyond))).next().await;
        assert!(is_told(read.and_then(Result::err)), "a read of {beyond}");
        let followed = Box::pin(log.store.subscribe(LogQuery::partition(beyond))).next().await;
        assert!(is_told(followed.and_then(Result::err)), "a subscription to {beyond}");
        assert!(is_told(log.store.log_head(beyond).await.err()), "the head of {beyond}");
    }
}

/// Many writers on two handles: every handle reads one and the same order, and
/// the time of recording never falls in it.
pub async fn a4_every_handle_reads_the_same_order<F: Fixture>(log: Subject<F>) {
    let other = log.reopened().await;
    let writers = (0..32).map(|writer| {
        let store = if writer % 2 == 0 { log.store.clone() } else { other.store.clone() };
        let appends: Vec<_> = (0..5)
            .map(|round| Append::to(log.stream((writer + round) % 7), Any, log.events(2)))
            .collect();
        async move {
            for append in appends {
                store.append(append).await.expect("an append to any version");
            }
        }
    });
    at_once(writers).await;
    let order = log.audit().await;
    assert_eq!(order.len(), 320);
    assert_eq!(other.audit().await, order, "the order through another handle");
}
