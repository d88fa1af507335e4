//! A view, folded over a whole log.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use annals::store::{EventStream, Filter};
use annals::{EventStore, LoadError, RawEvent, history};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use time::OffsetDateTime;

use crate::{Documents, View};

/// Folds a view over the whole log, in memory, up to where the log ends when it begins.
///
/// It writes nothing, and no process or side effect hears of it. Memory holds all
/// documents and one page of each partition. Dropping the future leaves nothing behind.
///
/// ```
/// # use annals::{AnyStore, LoadError};
/// # use annals_projections::{View, replay};
/// # use time::OffsetDateTime;
/// # async fn example<Balance: View<Key = String>>(store: AnyStore, new_year: OffsetDateTime)
/// # -> Result<(), LoadError> {
/// let balances = replay::<Balance>(&store).await?;
/// let account = balances.get("1");
///
/// let then = replay::<Balance>(&store).recorded_until(new_year).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// See [`LoadError`]: the log cannot be read, or an event of the view's does not decode.
pub fn replay<V: View>(store: &impl EventStore) -> Replay<V> {
    let events = history::merged(store, &Filter::all().events::<V::Event>());
    Replay { events, until: Until::End, view: PhantomData }
}

/// A replay that is about to begin; await it.
#[must_use = "a replay does nothing until it is awaited"]
pub struct Replay<V> {
    /// Nothing is read before it is polled.
    events: EventStream,
    until: Until,
    view: PhantomData<fn() -> V>,
}

#[derive(Debug, Clone, Copy)]
enum Until {
    End,
    RecordedAt(OffsetDateTime),
    OccurredAt(OffsetDateTime),
}

impl Until {
    fn includes(self, event: &RawEvent) -> bool {
        match self {
            Self::End => true,
            Self::RecordedAt(time) => event.recorded_at <= time,
            Self::OccurredAt(time) => event.occurred_or_recorded_at() <= time,
        }
    }
}

impl<V> Replay<V> {
    /// The view as the log knew it at this moment: of events recorded then or before.
    pub fn recorded_until(mut self, moment: OffsetDateTime) -> Self {
        self.until = Until::RecordedAt(moment);
        self
    }

    /// The view as it was at this moment by the word of the writers: events that
    /// occurred later are left out, whenever they were recorded. Events without a time
    /// of their own count by their time of recording.
    pub fn occurred_until(mut self, moment: OffsetDateTime) -> Self {
        self.until = Until::OccurredAt(moment);
        self
    }
}

impl<V: View> fmt::Debug for Replay<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("view", &V::NAME)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl<V: View> IntoFuture for Replay<V> {
    type Output = Result<Documents<V>, LoadError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { mut events, until, .. } = self;
        Box::pin(async move {
            let mut documents = Documents::new();
            while let Some(raw) = events.try_next().await? {
                if until.includes(&raw) {
                    documents.apply(&raw.decode()?);
                } else if matches!(until, Until::RecordedAt(_)) {
                    // These times rise: nothing behind it belongs to that moment.
                    break;
                }
            }
            Ok(documents)
        })
    }
}
