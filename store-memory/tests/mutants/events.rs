//! Stores that do not keep events as they were written or imported.

use annals::store::Append;
use annals::{Codec, EventStore, Metadata, Origin, Payload, RawEvent};
use annals_memory::MemoryStore;
use futures::{StreamExt, TryStreamExt};
use time::OffsetDateTime;

use crate::idempotent::KnowsNoRepeats;
use crate::mutant::{Answer, Events, Mutation, caught};

caught! {
    event_losing_metadata: "event_", |_| Changes(|event| event.metadata = Metadata::new());
    event_losing_the_writers_time: "event_", |_| Changes(|event| event.occurred_at = None);
    event_losing_schema_versions: "event_", |_| Changes(|event| event.schema_version = 1);
    event_writing_json_anew: "event_", |_| Changes(writes_json_anew);
    event_reading_everything_as_json: "event_payloads_of_any_codec", |_| Changes(takes_it_for_json);
    import_without_a_mark: "import_", |_| Changes(|event| event.origin = Origin::Native);
    import_turning_time_back: "import_from_the_future", |_| Changes(ignores_other_clocks);
    import_with_new_times: "import_of_older_events", |_| ImportsNow;
    import_twice: "import_repeated", |_| KnowsNoRepeats;
}

struct Changes(fn(&mut RawEvent));

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes")
    }
}

impl Mutation for Changes {
    fn of_stream(&self, events: Events) -> Events {
        let change = self.0;
        events
            .map_ok(move |mut event| {
                change(&mut event);
                event
            })
            .boxed()
    }

    fn of_log(&self, events: Events) -> Events {
        self.of_stream(events)
    }
}

/// As a database does that parses what it stores.
fn writes_json_anew(event: &mut RawEvent) {
    let value = event.event.as_json_text().map(serde_json::from_str::<serde_json::Value>);
    if let Some(Ok(value)) = value {
        event.event = Payload::json(value.to_string()).expect("it was JSON before");
    }
}

fn takes_it_for_json(event: &mut RawEvent) {
    event.event = Payload::from_stored(Codec::Json, event.event.bytes().clone());
}

fn ignores_other_clocks(event: &mut RawEvent) {
    if event.origin == Origin::Native {
        event.recorded_at = OffsetDateTime::now_utc();
    }
}

#[derive(Debug)]
struct ImportsNow;

impl Mutation for ImportsNow {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        let events = append.writes.iter_mut().flat_map(|write| &mut write.events);
        for time in events.filter_map(|event| event.recorded_at.as_mut()) {
            *time = OffsetDateTime::now_utc();
        }
        Box::pin(store.append(append))
    }
}
