//! What holds of every log at every time, whatever was done to it.

use std::collections::{HashMap, HashSet};

use crate::conformance::{Fixture, Subject};
use crate::{Checkpoint, EventId, EventStore, Partition, Position, RawEvent, StreamId, Version};

impl<F: Fixture> Subject<F> {
    /// Reads the whole log in every way, and fails if the ways disagree, a
    /// version is missing, an order is broken or an event stands there twice.
    /// Returns all events, partition by partition.
    pub(in crate::conformance) async fn audit(&self) -> Vec<RawEvent> {
        let mut all = Vec::new();
        for partition in self.partitions().iter() {
            let events = self.of_partition(partition).await;
            let versions = check_order(&events);
            self.check_streams(partition, &events, versions).await;
            self.check_head(partition, events.last()).await;
            all.extend(events);
        }
        let mut seen: HashSet<EventId> = HashSet::new();
        let twice = all.iter().find(|event| !seen.insert(event.id));
        assert!(twice.is_none(), "an event stands in the log twice: {twice:?}");
        all
    }

    async fn check_streams(
        &self,
        partition: Partition,
        events: &[RawEvent],
        versions: HashMap<StreamId, Version>,
    ) {
        for (stream, version) in versions {
            let home = self.partitions().of(&stream);
            assert_eq!(home, partition, "a stream lives in the partition of its id");
            let here = events.iter().filter(|event| event.stream == stream);
            let read = self.of_stream(&stream).await;
            assert!(here.eq(&read), "stream {stream} reads like its part of the log");
            assert_eq!(self.version(&stream).await, version, "the head of {stream}");
        }
    }

    async fn check_head(&self, partition: Partition, last: Option<&RawEvent>) {
        let log = self.store.log().id;
        let expected = last.map_or(Checkpoint::start(log, partition), |e| e.checkpoint(log));
        let head = self.store.log_head(partition).await;
        assert_eq!(head.expect("the head of a partition"), expected);
    }
}

/// Positions rise, times never fall, versions are 1, 2, 3 in each stream.
/// Returns the version of every stream.
fn check_order(events: &[RawEvent]) -> HashMap<StreamId, Version> {
    let mut versions: HashMap<StreamId, Version> = HashMap::new();
    let (mut position, mut time) = (Position::START, None);
    for event in events {
        assert!(event.position > position, "positions rise: {position}, then {event:?}");
        assert!(time <= Some(event.recorded_at), "the time of recording falls: {event:?}");
        let version = versions.entry(event.stream.clone()).or_default();
        assert_eq!(event.version, version.next(), "versions have no holes: {event:?}");
        *version = event.version;
        (position, time) = (event.position, Some(event.recorded_at));
    }
    versions
}
