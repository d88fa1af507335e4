//! Read models in tables of the user's own.

use std::error::Error;

use annals::{Event, Recorded, StreamId};

use crate::runner::progress;

/// A read model written by code of the user's own, in the transaction that also moves the
/// checkpoint: whatever crashes, the rows are those of a fresh replay.
///
/// `S` is what the store of the read models gives to write through: a `PgConnection`, or
/// the `MemoryTables` of annals-memory.
///
/// ```
/// use annals::{Event, Recorded};
/// use annals_memory::{MemoryTables, TableMismatch};
/// use annals_projections::Projection;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Event)]
/// #[event(prefix = "account")]
/// enum AccountEvent {
///     Deposited { cents: i64 },
/// }
///
/// /// A line for each deposit.
/// struct Lines;
///
/// impl Projection<MemoryTables> for Lines {
///     const NAME: &'static str = "lines";
///     type Event = AccountEvent;
///     type Error = TableMismatch;
///
///     async fn handle(
///         &self,
///         tables: &mut MemoryTables,
///         event: &Recorded<AccountEvent>,
///     ) -> Result<(), TableMismatch> {
///         let AccountEvent::Deposited { cents } = &event.event;
///         let place = (event.stream.to_string(), event.version.get());
///         tables.table::<(String, u64), i64>("lines")?.insert(place, *cents);
///         Ok(())
///     }
/// }
/// ```
///
/// # Tables
/// A version has tables of its own: names without a schema are those of the version that
/// is fed, and queries find the tables of the current version under the same names in the
/// schema of the read models. So a new version is built beside the old one by the same
/// code.
///
/// # Failure
/// Whatever `handle` returns or panics with, nothing of the transaction stays. A failure
/// of the store that may pass is tried again until it has passed. Any other is put down to
/// the event: the batch is narrowed to it, and it is parked with the later events of its
/// key, while others go on, and tried again a few times by itself.
///
/// # Dropping
/// The future of `handle` may be dropped at any of its awaits, when the runner is stopped
/// in a hurry or its lease is lost. Nothing of the transaction stays.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not write through `{S}`, which the store of the read models gives",
    label = "not a projection for this store",
    note = "implement `annals_projections::Projection<{S}>` for it, or choose a store that gives another session"
)]
pub trait Projection<S: Send + 'static>: Send + Sync + 'static {
    /// The name of the read model, by the rules of [`View::NAME`](crate::View::NAME).
    const NAME: &'static str;

    /// Raised by one whenever the code would make other rows of the same events.
    const VERSION: u32 = 1;

    /// The events that it handles. Events of other types pass it by.
    type Event: Event;

    /// What goes wrong.
    type Error: Error + Send + Sync + 'static;

    /// Makes the tables. It is called before the first event of each partition, and so
    /// perhaps several times, though never by two at the same moment: `CREATE TABLE IF NOT
    /// EXISTS`.
    fn set_up(&self, session: &mut S) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = session;
        std::future::ready(Ok(()))
    }

    /// Handles one event.
    fn handle(
        &self,
        session: &mut S,
        event: &Recorded<Self::Event>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Handles the events of one transaction, in their order; by default one after the
    /// other. Where many rows can be written by one statement, do it here.
    fn handle_batch(
        &self,
        session: &mut S,
        events: &[&Recorded<Self::Event>],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async move {
            for event in events {
                progress::reached(event);
                self.handle(session, event).await?;
            }
            Ok(())
        }
    }

    /// What the order of events is kept for, also when one of them fails: its stream by
    /// default. Where a row gathers events of several streams, it is the key of the row.
    fn key(event: &Recorded<Self::Event>) -> String {
        event.stream.to_string()
    }

    /// The key of every event of a stream, where they have one key: an event that does not
    /// decode can then be parked. It goes with [`key`](Self::key); return `None` where you
    /// replace that one by anything but the stream.
    fn key_of_stream(stream: &StreamId) -> Option<String> {
        Some(stream.to_string())
    }
}

/// A read model that lives elsewhere, such as a search index or a cache: its events are
/// handed over at least once, and the checkpoint follows.
///
/// After a crash, or a lease that was lost, events come again. Every event carries its
/// partition and position: keep the position with what you write, and leave out what is
/// not newer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an external projection",
    note = "implement `annals_projections::ExternalProjection` for it"
)]
pub trait ExternalProjection: Send + Sync + 'static {
    /// The name of the read model, by the rules of [`View::NAME`](crate::View::NAME).
    const NAME: &'static str;

    /// Raised by one to hand over everything from the beginning.
    const VERSION: u32 = 1;

    /// Whether it is about what happens from now on, and not about all that has happened: who
    /// sends greetings, and not a search index. Then [`Event`](Self::Event) may change without
    /// a new version. Types of events that are new to it are handed over from where it stands
    /// when that code starts for the first time; workers with the code before are handed
    /// nothing from then on, and do not start again, for they would pass over such events.
    const FROM_NOW_ON: bool = false;

    /// Raised by one whenever [`Event`](Self::Event) has fewer types than before, or the code
    /// before is to come back: else such code is taken for older code that does not know what
    /// is handled, and does not start. Code of an earlier revision is handed nothing from then
    /// on. It counts only with [`FROM_NOW_ON`](Self::FROM_NOW_ON): elsewhere raise the version.
    const REVISION: u32 = 1;

    /// The events that it handles. Events of other types pass it by.
    type Event: Event;

    /// What goes wrong.
    type Error: Error + Send + Sync + 'static;

    /// Handles events, in their order. Where it fails, the same events come again,
    /// perhaps fewer of them.
    fn handle(
        &self,
        events: &[&Recorded<Self::Event>],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Handles an event that was parked as a dead letter and is tried again, perhaps behind
    /// those that came after it. By default as [`handle`](Self::handle) does.
    fn revive(
        &self,
        event: &Recorded<Self::Event>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async move { self.handle(&[event]).await }
    }

    /// Whether a failure says nothing about the events and may pass: then it is tried
    /// again until it has passed, and nothing is parked. By default all failures are such.
    fn is_transient(error: &Self::Error) -> bool {
        let _ = error;
        true
    }

    /// Whether it is no failure at all: what is done about the events is still under way, and the
    /// same events are to be handed over again at once, to be waited for further. Nothing is
    /// parked, the status shows no trouble, and nobody is warned.
    ///
    /// It is for work that may take longer than a [lease](crate::Runner::lease), within which
    /// `handle` has to end: let such work go on beside it, and wait for it half a lease at a
    /// time. An answer within a tenth of a lease is taken for a failure that passes, so that
    /// nobody is asked without a pause.
    fn is_under_way(error: &Self::Error) -> bool {
        let _ = error;
        false
    }

    /// What the order of events is kept for; see [`Projection::key`].
    fn key(event: &Recorded<Self::Event>) -> String {
        event.stream.to_string()
    }

    /// See [`Projection::key_of_stream`].
    fn key_of_stream(stream: &StreamId) -> Option<String> {
        Some(stream.to_string())
    }
}
