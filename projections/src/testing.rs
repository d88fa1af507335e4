//! Given these events, the view is this, and the rows of a projection are these.

#![expect(clippy::needless_pass_by_value, reason = "tests write their values inline")]

mod log;
mod projected;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;

use annals::store::NewEvent;
use annals::{
    Codec, EncodeError, Event, EventId, LogId, Metadata, Origin, Partition, Payload, Position,
    RawEvent, Recorded, StreamId, Version, history,
};
use time::{Duration, OffsetDateTime};

use crate::{Documents, View};
use log::GivenLog;
pub use projected::{FailedEvent, GivenError, Projected};

/// The time at which the first of the given events was recorded; each further one a second
/// later.
pub const FIRST_RECORDED: OffsetDateTime = time::macros::datetime!(2025-01-01 00:00 UTC);

/// Begins a test of a view with what has happened, each event with its stream, as one log
/// of one partition.
///
/// ```
/// # use annals::{Event, Recorded};
/// # use annals_projections::testing::given_events;
/// # use annals_projections::{Keys, View};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Serialize, Deserialize, Event)]
/// # #[event(prefix = "order")]
/// # enum OrderEvent { Placed, Shipped }
/// # #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Open { shipped: bool }
/// # impl View for Open {
/// #     const NAME: &'static str = "open";
/// #     type Key = String;
/// #     type Event = OrderEvent;
/// #     fn keys(event: &Recorded<OrderEvent>) -> Keys<String> {
/// #         Keys::one(event.stream.key().to_owned())
/// #     }
/// #     fn evolve(&mut self, _: &String, event: &Recorded<OrderEvent>) {
/// #         self.shipped = matches!(event.event, OrderEvent::Shipped);
/// #     }
/// #     fn is_gone(&self) -> bool { self.shipped }
/// # }
/// given_events([("order-1", OrderEvent::Placed), ("order-2", OrderEvent::Placed)])
///     .and_given([("order-1", OrderEvent::Shipped)])
///     .then_no_view::<Open>("1")
///     .then_view("2", Open { shipped: false });
/// ```
///
/// # Panics
/// A stream's id is none: it has a category and a key, such as `order-1`.
#[track_caller]
#[must_use = "events test nothing until a `then` follows"]
pub fn given_events<'a, E: Event>(
    events: impl IntoIterator<Item = (&'a str, E)>,
) -> GivenEvents<E> {
    GivenEvents::new().and_given(events)
}

/// Events as a log holds them, given to a view: stream, stored name, schema version and
/// payload as JSON. It is what a dead letter of a view is exported as.
///
/// # Panics
/// An event does not decode, or the view panics.
#[track_caller]
pub fn given_stored<'a, V: View>(
    events: impl IntoIterator<Item = (&'a str, &'a str, u16, &'a str)>,
) -> GivenEvents<V::Event> {
    let given = given_stored_events(events);
    drop(given.documents::<V>());
    given
}

/// Events as a log holds them, as [`given_stored`] takes them, for
/// [projections](GivenEvents::when_projected). It is what a dead letter of a projection is
/// exported as.
///
/// # Panics
/// An event does not decode.
#[track_caller]
#[must_use = "events test nothing until they are projected"]
#[expect(clippy::panic, reason = "a failed assertion")]
pub fn given_stored_events<'a, E: Event>(
    events: impl IntoIterator<Item = (&'a str, &'a str, u16, &'a str)>,
) -> GivenEvents<E> {
    let mut given = GivenEvents::new();
    for (stream, name, schema_version, json) in events {
        let payload = match Payload::json(json) {
            Ok(payload) => payload,
            Err(error) => panic!("the payload of `{name}` at `{stream}`: {error}"),
        };
        let raw = given.record(stream, name.to_owned().into(), schema_version, payload);
        match raw.clone().decode() {
            Ok(event) => given.push(event, Some(raw)),
            Err(error) => panic!("{error}"),
        }
    }
    given
}

/// The events of a history, as [`annals::history`] exports it, such as one of production:
/// those that `E` knows by name, as a log of one partition that has imported it.
///
/// ```
/// # use annals::Event;
/// # use annals_projections::{View, testing::{GivenError, given_history}};
/// # async fn example<Balance: View<Key = String> + std::fmt::Debug + PartialEq>(history: &str)
/// # -> Result<(), GivenError> {
/// // `include_str!("history.ndjson")`
/// let given = given_history::<Balance::Event>(history).await?;
/// assert_eq!(given.documents::<Balance>().len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The history is damaged, or an event does not decode.
pub async fn given_history<E: Event>(
    ndjson: impl AsRef<[u8]> + Send + Sync,
) -> Result<GivenEvents<E>, GivenError> {
    let mut given = GivenEvents::new();
    let log = GivenLog::new(given.log, Vec::new());
    history::import_text(&log, ndjson).await?;
    for raw in log.events() {
        given.versions.insert(raw.stream.clone(), raw.version);
        if E::SCHEMAS.iter().any(|schema| schema.name == raw.name) {
            given.push(raw.clone().decode()?, Some(raw));
        }
    }
    Ok(given)
}

/// Events to fold views over, and to run projections over.
#[derive(Debug)]
pub struct GivenEvents<E> {
    log: LogId,
    events: Vec<Recorded<E>>,
    /// The payloads of those that were given as a log holds them: an older version, or a
    /// retired event, cannot be written again.
    stored: HashMap<EventId, RawEvent>,
    versions: HashMap<StreamId, Version>,
}

impl<E: Event> GivenEvents<E> {
    fn new() -> Self {
        let (events, stored, versions) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { log: LogId::new(), events, stored, versions }
    }

    fn push(&mut self, event: Recorded<E>, stored: Option<RawEvent>) {
        self.stored.extend(stored.map(|raw| (raw.id, raw)));
        self.events.push(event);
    }

    /// The events as a log holds them.
    fn raw(&self) -> Result<Vec<RawEvent>, EncodeError> {
        let raw = |event: &Recorded<E>| {
            let (name, schema_version, payload) = match self.stored.get(&event.id) {
                Some(raw) => (raw.name.clone(), raw.schema_version, raw.event.clone()),
                None => {
                    let new = NewEvent::encode(Codec::Json, &event.event)?;
                    (new.name, new.schema_version, new.payload)
                }
            };
            Ok(RawEvent {
                event: payload,
                id: event.id,
                stream: event.stream.clone(),
                version: event.version,
                partition: event.partition,
                position: event.position,
                name,
                schema_version,
                metadata: event.metadata.clone(),
                recorded_at: event.recorded_at,
                occurred_at: event.occurred_at,
                origin: event.origin,
            })
        };
        self.events.iter().map(raw).collect()
    }

    /// More happens.
    ///
    /// # Panics
    /// A stream's id is none.
    #[track_caller]
    #[must_use = "events test nothing until a `then` follows"]
    pub fn and_given<'a>(mut self, events: impl IntoIterator<Item = (&'a str, E)>) -> Self {
        for (stream, event) in events {
            let (name, schema) = (event.name().into(), event.schema_version());
            let recorded = self.record(stream, name, schema, event);
            self.push(recorded, None);
        }
        self
    }

    /// What follows, as a log would record it.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    fn record<T>(
        &mut self,
        stream: &str,
        name: Cow<'static, str>,
        schema_version: u16,
        event: T,
    ) -> Recorded<T> {
        let Ok(stream) = stream.parse::<StreamId>() else {
            panic!("`{stream}` is no stream's id, which has a category and a key: order-1");
        };
        let version = self.versions.entry(stream.clone()).or_insert(Version::NONE);
        *version = version.next();
        let last = self.events.last();
        let before = last.map_or(Position::START, |last| last.position);
        let recorded_at = last.map_or(FIRST_RECORDED, |last| last.recorded_at + Duration::SECOND);
        Recorded {
            id: EventId::new(),
            version: *version,
            partition: Partition::new(0),
            position: before.advanced_by(1),
            name,
            schema_version,
            metadata: Metadata::new(),
            recorded_at,
            occurred_at: None,
            origin: Origin::Native,
            stream,
            event,
        }
    }

    /// Changes the last event, such as its metadata or its times. It is then written anew
    /// for projections, also where it was given as a log holds it.
    #[must_use = "events test nothing until a `then` follows"]
    pub fn with(mut self, change: impl FnOnce(&mut Recorded<E>)) -> Self {
        if let Some(last) = self.events.last_mut() {
            self.stored.remove(&last.id);
            change(last);
        }
        self
    }

    /// The events, in their order, such as for what hands them over.
    #[must_use]
    pub fn events(&self) -> &[Recorded<E>] {
        &self.events
    }

    /// The documents of a view.
    #[must_use]
    pub fn documents<V: View<Event = E>>(&self) -> Documents<V> {
        let mut documents = Documents::new();
        for event in &self.events {
            documents.apply(event);
        }
        documents
    }

    /// The document under the key is exactly this.
    ///
    /// # Panics
    /// It is another one, or there is none.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    pub fn then_view<V>(self, key: impl Into<V::Key>, expected: V) -> Self
    where
        V: View<Event = E> + Debug + PartialEq,
    {
        let (documents, key) = (self.documents::<V>(), key.into());
        let Some(document) = documents.get(&key) else {
            let keys: Vec<_> = documents.iter().map(|(key, _)| key).collect();
            panic!("there is no document under {key:?}, but under {keys:?}");
        };
        assert!(
            *document == expected,
            "the document under {key:?} is another one\n document: {document:?}\n expected: {expected:?}"
        );
        self
    }

    /// There is no document under the key.
    ///
    /// # Panics
    /// There is one.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    pub fn then_no_view<V>(self, key: impl Into<V::Key>) -> Self
    where
        V: View<Event = E> + Debug,
    {
        let (documents, key) = (self.documents::<V>(), key.into());
        if let Some(document) = documents.get(&key) {
            panic!("there is a document under {key:?}: {document:?}");
        }
        self
    }
}
