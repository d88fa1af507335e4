//! The whole log, typed.

use futures::stream::{BoxStream, StreamExt};

use super::merged;
use crate::store::Filter;
use crate::{Event, EventStore, LoadError, Recorded};

/// The events that pass the filter, of the whole log in one order (see
/// [`merged`]), decoded: an aggregate's event type reads its category, a union
/// reads several.
///
/// ```
/// # use annals::{AnyStore, Event, LoadError};
/// # use annals::history;
/// # use annals::store::Filter;
/// # use futures::TryStreamExt;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize, Event)]
/// # #[event(prefix = "account")]
/// # enum AccountEvent { Deposited { cents: u64 } }
/// # async fn example(store: AnyStore) -> Result<u64, LoadError> {
/// let mut events = history::events::<AccountEvent>(&store, &Filter::all().category("account"));
/// let mut sum = 0;
/// while let Some(recorded) = events.try_next().await? {
///     let AccountEvent::Deposited { cents } = recorded.event;
///     sum += cents;
/// }
/// # Ok(sum)
/// # }
/// ```
///
/// # Errors
/// See [`LoadError`]; an event which `E` does not know is one, unless the filter
/// leaves it out ([`Filter::events`]).
pub fn events<E: Event>(
    store: &impl EventStore,
    filter: &Filter,
) -> BoxStream<'static, Result<Recorded<E>, LoadError>> {
    merged(store, filter).map(|raw| Ok(raw?.decode()?)).boxed()
}
