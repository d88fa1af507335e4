//! The contract of an event store.

mod any;
mod append;
mod appended;
mod error;
mod invalid;
mod key;
mod limits;
mod query;
mod time;

use futures::stream::BoxStream;

pub use any::AnyStore;
pub use append::{Append, NewEvent, Write};
pub use appended::{Appended, Place, Written};
pub use error::{AppendError, ReadError, StoreError, StreamHead};
pub use invalid::{InvalidAppend, MAX_EVENT_NAME_BYTES};
pub use key::{IdempotencyKey, InvalidIdempotencyKey, UnserializableCommand};
pub use limits::{Limits, LogInfo};
pub use query::{After, Direction, Filter, LogQuery, StreamQuery};
pub use time::kept_time;

use crate::{Checkpoint, Partition, RawEvent, StreamId};

/// An append-only log of events in streams: bytes, names and versions, and
/// nothing of aggregates.
///
/// # Promises
/// Every implementation keeps these; the [conformance suite](crate::conformance)
/// has a test for each, by the same name.
///
/// - **A1 atomic**: an append writes all its events or none, also over several
///   streams.
/// - **A2 contiguous**: the versions of a stream are 1, 2, 3 and so on, without
///   holes, whatever raced, was refused or crashed.
/// - **A3 optimistic**: a writer whose expected version is stale changes nothing
///   and gets a [`Conflict`](crate::Conflict) with the true version.
/// - **A4 one order**: within a partition positions rise strictly and agree with
///   the versions of each stream.
/// - **A5 no late arrivals**: once any reader was given a position, no event at
///   or below it appears in that partition later. A log that has lost its tail is
///   noticed: a checkpoint whose event it does not hold is refused as
///   [`ReadError::Diverged`] or [`ReadError::BeyondEnd`], and an append
///   [behind](Append::behind) such an event as [`AppendError::Diverged`].
/// - **A6 acknowledged is durable**: what `append` returned `Ok` for survives
///   what the store says that it survives (a crash of the process, of the
///   database; nothing, in memory), and is seen through every handle at once.
/// - **A7 idempotent**: an append of the same event ids under an exact version
///   returns the first outcome, and so does one under an idempotency key, which
///   is looked up before any version is checked. Refusals consume no key.
/// - **A8 honest about doubt**: an append that may or may not have been written
///   is [`AppendError::Unknown`], and appending again resolves it.
/// - **A9 cancel-safe**: a dropped `append` has written everything or nothing,
///   or still does, and harms no other append.
/// - **A10 bounded**: queues, pages and waits have limits; deadlines are kept.
/// - **A11 bad input is refused before it is written**, by a typed error that
///   names the limit, and harms no neighbour.
///
/// # Dropping futures and streams
/// A dropped read or subscription leaves nothing behind. Of `append` see A9.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event store",
    note = "use `MemoryStore` of annals-memory or another crate's store; implement `EventStore` for one of your own"
)]
pub trait EventStore: Send + Sync + Sized + 'static {
    /// What this log is and takes. It costs nothing to ask.
    fn log(&self) -> &LogInfo;

    /// Appends events to one stream or to several, all or none.
    ///
    /// The store checks, in this order: the [limits](Append::check), the
    /// deadline, the idempotency key, the expected versions, and the events
    /// [behind](Append::behind) which to write, in the order of the writes. When
    /// a version check fails it looks whether this is a
    /// [repeat](Append::is_repeat).
    ///
    /// # Errors
    /// See [`AppendError`]; only `Unknown` leaves open whether something was
    /// written.
    fn append(&self, append: Append) -> impl Future<Output = Result<Appended, AppendError>> + Send;

    /// The outcome of the append to `stream` under `key`, if there was one;
    /// [`repeated`](Appended::repeated) is set in it.
    ///
    /// # Errors
    /// [`AppendError::KeyReused`] if the fingerprints differ, or a failure of
    /// the store.
    fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> impl Future<Output = Result<Option<Appended>, AppendError>> + Send;

    /// Reads a stream; a stream that does not exist has no events. What is
    /// appended after the read began may or may not be read.
    fn read(&self, query: StreamQuery) -> EventStream;

    /// Reads a partition up to where its end was when the read began, in pages
    /// of bounded size.
    fn read_all(&self, query: LogQuery) -> EventStream;

    /// Reads a partition to its end and follows it: catches up, says so, and
    /// waits for more. It ends with an error or after the query's limit, never
    /// by itself; dropping it stops it. A slow reader holds back nobody: events
    /// wait in the log.
    ///
    /// A reader saves a checkpoint together with what it made of the events, and
    /// resumes there. It follows each partition of the log by a subscription of
    /// its own.
    ///
    /// ```
    /// use annals::store::{Delivery, Filter, LogQuery};
    /// use annals::{EventStore, Partition, ReadError};
    /// use futures::TryStreamExt;
    ///
    /// async fn follow(store: impl EventStore) -> Result<(), ReadError> {
    ///     // The first time; later `LogQuery::resume(saved)`.
    ///     let query = LogQuery::partition(Partition::FIRST);
    ///     let mut orders = store.subscribe(query.filter(Filter::all().category("order")));
    ///     let mut saved = None;
    ///     while let Some(delivery) = orders.try_next().await? {
    ///         match delivery {
    ///             Delivery::Event(raw) => {
    ///                 // raw.decode::<OrderEvent>() makes it a typed one.
    ///                 saved = Some(raw.checkpoint(store.log().id));
    ///             }
    ///             Delivery::Passed(checkpoint) => saved = Some(checkpoint),
    ///             Delivery::CaughtUp(checkpoint) => {
    ///                 saved = Some(checkpoint);
    ///                 break; // or stay, for what is still to come
    ///             }
    ///             _ => {}
    ///         }
    ///     }
    ///     # let _ = saved;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// For authors of stores: `Passed` comes whenever a page was looked at and
    /// its last event did not pass the filter; `CaughtUp` comes each time that
    /// the end is reached, with the checkpoint of the last event there.
    fn subscribe(&self, query: LogQuery) -> DeliveryStream;

    /// Where a stream ends; `None` if it has no events.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn stream_head(
        &self,
        stream: &StreamId,
    ) -> impl Future<Output = Result<Option<StreamHead>, ReadError>> + Send;

    /// Where a partition ends: the checkpoint of a reader who has read it all.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn log_head(
        &self,
        partition: Partition,
    ) -> impl Future<Output = Result<Checkpoint, ReadError>> + Send;

    /// The same store behind one type for all stores. Erasing twice costs
    /// nothing more.
    fn erased(self) -> AnyStore {
        AnyStore::new(self)
    }
}

/// A read on its way. It is boxed, so that it borrows nothing, can be sent to
/// another task, and needs no pinning; beside a read that is nothing.
pub type EventStream = BoxStream<'static, Result<RawEvent, ReadError>>;

/// A subscription on its way; see [`EventStream`].
pub type DeliveryStream = BoxStream<'static, Result<Delivery, ReadError>>;

/// What a subscription delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// The next event that passes the filter.
    Event(RawEvent),
    /// No event up to here passes the filter; a reader may save this checkpoint,
    /// so as not to read them again.
    Passed(Checkpoint),
    /// Everything there was has been delivered; what follows is new. It comes
    /// each time that the end is reached.
    CaughtUp(Checkpoint),
}
