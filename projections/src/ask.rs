//! A view of one key, folded when it is asked for.

use annals::store::StreamQuery;
use annals::{EventStore, LoadError, RawEvent, StreamId};
use futures::TryStreamExt;

use crate::{Documents, View};

/// A view that can name the streams whose events make a document, so that a document can
/// be folded when somebody asks for it.
///
/// ```
/// # use annals::{AnyStore, LoadError, StreamId};
/// # use annals_projections::{LiveView, View, ask};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Serialize, Deserialize, annals::Event)]
/// # #[event(prefix = "account")]
/// # enum AccountEvent { Deposited { cents: u64 } }
/// # #[derive(Default, Serialize, Deserialize)]
/// # struct Balance { cents: u64 }
/// # impl View for Balance {
/// #     const NAME: &'static str = "balances";
/// #     type Key = StreamId;
/// #     type Event = AccountEvent;
/// #     fn keys(event: &annals::Recorded<AccountEvent>) -> annals_projections::Keys<StreamId> {
/// #         annals_projections::Keys::one(event.stream.clone())
/// #     }
/// #     fn evolve(&mut self, _: &StreamId, _: &annals::Recorded<AccountEvent>) {}
/// # }
/// impl LiveView for Balance {
///     fn streams(account: &StreamId) -> Vec<StreamId> {
///         vec![account.clone()]
///     }
/// }
///
/// # async fn example(store: AnyStore, account: StreamId) -> Result<(), LoadError> {
/// let balance: Option<Balance> = ask(&store, &account).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for one key",
    label = "does not name the streams of a key",
    note = "implement `annals_projections::LiveView`, or fold the whole log with `replay`"
)]
pub trait LiveView: View {
    /// The streams of a key: every event that touches the document is in one of them.
    fn streams(key: &Self::Key) -> Vec<StreamId>;
}

/// The document under a key, folded now from its streams; `None` if there is none.
///
/// It is as new as the log, and costs a read of these streams. They are read one after
/// the other, each up to where it ends then, and folded by their times of recording.
/// Memory holds their events. Dropping the future leaves nothing behind.
///
/// # Errors
/// See [`LoadError`]: the log cannot be read, or an event of the view's does not decode.
pub async fn ask<V: LiveView>(
    store: &impl EventStore,
    key: &V::Key,
) -> Result<Option<V>, LoadError> {
    fold(store, key, |_| true).await
}

/// The document under a key, folded from the events of its streams that count.
pub(crate) async fn fold<V: LiveView>(
    store: &impl EventStore,
    key: &V::Key,
    counts: impl Fn(&RawEvent) -> bool,
) -> Result<Option<V>, LoadError> {
    let mut events: Vec<RawEvent> = Vec::new();
    let mut streams = V::streams(key);
    streams.sort();
    streams.dedup();
    for stream in streams {
        let mut read = store.read(StreamQuery::forwards(stream));
        while let Some(event) = read.try_next().await? {
            if knows::<V>(&event) && counts(&event) {
                events.push(event);
            }
        }
    }
    events.sort_by_key(|event| (event.recorded_at, event.partition, event.position));
    let mut documents = Documents::<V>::new();
    for event in events {
        documents.apply_to(key, &event.decode()?);
    }
    Ok(documents.take(key))
}

/// Events of other types pass the view by.
fn knows<V: View>(event: &RawEvent) -> bool {
    use annals::Event;
    V::Event::SCHEMAS.iter().any(|schema| schema.name == event.name)
}
