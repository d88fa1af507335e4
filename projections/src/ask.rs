//! A view of one key, folded when it is asked for.

use annals::store::StreamQuery;
use annals::{EventStore, LoadError, RawEvent, StreamId};
use futures::TryStreamExt;

use crate::{Documents, View};

/// A view that can name the streams whose events make a document, so that a document can
/// be folded when somebody asks for it.
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
    let mut events: Vec<RawEvent> = Vec::new();
    let mut streams = V::streams(key);
    streams.sort();
    streams.dedup();
    for stream in streams {
        let mut read = store.read(StreamQuery::forwards(stream));
        while let Some(event) = read.try_next().await? {
            if knows::<V>(&event) {
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
