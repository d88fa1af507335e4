//! A11 bad input is refused before it is written, by the limit's name.

use super::tools::{at_once, key};
use super::{Fixture, Subject};
use crate::store::{Append, InvalidAppend, MAX_EVENT_NAME_BYTES, NewEvent};
use crate::{AppendError, EventStore, ExpectedVersion, Metadata, Payload, Version};
use ExpectedVersion::Any;

impl<F: Fixture> Subject<F> {
    /// Fails unless the append is refused so, also under a key, and
    /// nothing changes.
    #[track_caller]
    fn assert_invalid(
        &self,
        append: Append,
        expected: InvalidAppend,
    ) -> impl Future<Output = ()> + Send {
        let at = std::panic::Location::caller();
        async move {
            for append in [append.clone(), append.with_key(key("bad"))] {
                match self.refused(append).await {
                    AppendError::Invalid(invalid) => assert_eq!(invalid, expected, "{at}"),
                    error => panic!("{at}: it should have been invalid: {error:?}"),
                }
            }
            assert_eq!(self.audit().await, [], "{at}: a refused append writes nothing");
        }
    }

    fn one(&self, event: NewEvent) -> Append {
        Append::to(self.stream("bad"), Any, vec![event])
    }

    fn payload_of(&self, bytes: usize) -> Payload {
        // Two bytes are the quotes.
        Payload::json(format!("\"{}\"", "x".repeat(bytes - 2))).expect("a payload")
    }
}

/// None at all, and none for one of the streams.
pub async fn a11_an_append_without_events_is_refused<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("empty");
    let empty = || InvalidAppend::NoEvents { stream: Some(stream.clone()) };
    log.assert_invalid(Append::to(stream.clone(), Any, vec![]), empty()).await;
    let second =
        Append::to(log.stream("full"), Any, log.events(1)).and(stream.clone(), Any, vec![]);
    log.assert_invalid(second, empty()).await;
    let nothing = Append { writes: vec![], ..Append::to(stream.clone(), Any, vec![]) };
    log.assert_invalid(nothing, InvalidAppend::NoEvents { stream: None }).await;
}

/// One event above the limit, in one write and in two.
pub async fn a11_too_many_events_are_refused_with_the_limit<F: Fixture>(log: Subject<F>) {
    let limit = log.store.log().limits.events;
    let too_many = || InvalidAppend::TooManyEvents { events: limit + 1, limit };
    let append = Append::to(log.stream("many"), Any, log.events(limit + 1));
    log.assert_invalid(append, too_many()).await;
    let [one, other] = log.apart();
    let append = Append::to(one, Any, log.events(limit)).and(other, Any, log.events(1));
    log.assert_invalid(append, too_many()).await;
}

/// One byte above each limit is refused, the limit itself is taken.
pub async fn a11_oversized_events_are_refused_with_the_limit<F: Fixture>(log: Subject<F>) {
    let limits = log.store.log().limits;
    let payload = |bytes| NewEvent::new("big", log.payload_of(bytes));
    let actor = |bytes| log.event().with_metadata(Metadata::new().with_actor("a".repeat(bytes)));
    let (name, limit) = (|| "big".to_owned(), limits.payload_bytes);
    let too_large = InvalidAppend::PayloadTooLarge { name: name(), bytes: limit + 1, limit };
    log.assert_invalid(log.one(payload(limit + 1)), too_large).await;
    let (bytes, limit) = (limits.metadata_bytes + 1, limits.metadata_bytes);
    let too_large = InvalidAppend::MetadataTooLarge { name: "happened".to_owned(), bytes, limit };
    log.assert_invalid(log.one(actor(bytes)), too_large).await;
    let (count, limit) = (limits.append_bytes / limits.payload_bytes, limits.append_bytes);
    let largest = payload(limits.payload_bytes);
    let largest = |_| largest.clone().with_id(crate::EventId::new());
    let mut events: Vec<_> = (0..count).map(largest).collect();
    events.push(payload(2));
    let too_large =
        InvalidAppend::AppendTooLarge { bytes: count * limits.payload_bytes + 2, limit };
    log.assert_invalid(Append::to(log.stream("bad"), Any, events), too_large).await;

    let events = vec![payload(limits.payload_bytes), actor(limits.metadata_bytes)];
    log.append(Append::to(log.stream("good"), Any, events.clone())).await;
    let stored = log.of_stream(&log.stream("good")).await;
    assert_eq!(stored[0].event, events[0].payload);
    assert_eq!(stored[1].metadata, events[1].metadata);
}

/// Names that filters, quoting or a column could misread; version 0 of a schema.
pub async fn a11_bad_names_and_schema_versions_are_refused<F: Fixture>(log: Subject<F>) {
    let long = "n".repeat(MAX_EVENT_NAME_BYTES + 1);
    for name in ["", "a b", "a'b", "a\"b", "a,b", "*", "a\0b", "\u{fc}", "a\nb", &long] {
        let event = NewEvent::new(name.to_owned(), log.payload_of(2));
        let bytes = name.len();
        log.assert_invalid(log.one(event), InvalidAppend::EventName { bytes }).await;
    }
    let mut event = log.event();
    event.schema_version = 0;
    let name = "happened".to_owned();
    log.assert_invalid(log.one(event), InvalidAppend::SchemaVersion { name }).await;
}

/// In every text of the metadata.
pub async fn a11_a_nul_in_metadata_is_refused<F: Fixture>(log: Subject<F>) {
    let nul = "a\0b";
    let metadata = [
        Metadata::new().with_actor(nul),
        Metadata::new().with_tenant(nul),
        Metadata::new().with_correlation_id(nul),
        Metadata::new().with_causation_id(nul),
        Metadata::new().with_header("name", nul),
        Metadata::new().with_header(nul, "value"),
    ];
    for metadata in metadata {
        let name = "happened".to_owned();
        let append = log.one(log.event().with_metadata(metadata));
        log.assert_invalid(append, InvalidAppend::NulInMetadata { name }).await;
    }
}

/// Bad appends among good ones: each good one is written.
pub async fn a11_a_bad_append_harms_no_neighbour<F: Fixture>(log: Subject<F>) {
    let streams = log.apart();
    let tries = (0..60).map(|n| {
        let (store, stream) = (log.store.clone(), streams[n / 3 % 2].clone());
        let bad = match n % 3 {
            0 => Append::to(stream.clone(), Any, vec![]),
            1 => log.one(log.event().with_metadata(Metadata::new().with_actor("\0"))),
            _ => Append::to(stream.clone(), Version::new(u64::MAX), log.events(1)),
        };
        let good = Append::to(stream, Any, log.events(1));
        async move {
            let (bad, good) = futures::join!(store.append(bad), store.append(good));
            bad.expect_err("a bad append");
            good.expect("a good append beside a bad one");
        }
    });
    at_once(tries).await;
    assert_eq!(log.audit().await.len(), 60);
}
