//! From a log to lines.

use std::collections::BTreeSet;

use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use serde::Serialize;

use super::frame::{Digest, Header};
use super::line::{self, Unwritable};
use super::merge::{in_one_order, merged};
use super::{ExportError, MAX_LINE_BYTES, MAX_STREAMS};
use crate::store::{EventStore, Filter, StreamQuery};
use crate::{RawEvent, ReadError, StreamId};

/// What to export. Streams are exported whole, never without some of their
/// events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// The whole log, over all partitions.
    #[default]
    Log,
    /// All streams of these categories.
    Categories(Vec<String>),
    /// These streams, at most [`MAX_STREAMS`]; one that does not exist has no
    /// events.
    Streams(Vec<StreamId>),
}

/// Exports a history, as lines without their line feeds; the last one says that
/// the history is whole.
///
/// The events come in the order of [`merged`]. What is appended meanwhile is
/// left out of an export of the log or of categories, which ends where the
/// partitions ended when it began; named streams may bring some of it, without
/// holes. One page of each partition, or of each stream, is held at a time.
/// Dropping the export leaves nothing behind but an unfinished file, which no
/// import takes.
///
/// # Errors
/// See [`ExportError`]; the stream ends behind the first one.
pub fn export<S: EventStore>(
    store: &S,
    scope: Scope,
) -> impl Stream<Item = Result<String, ExportError>> + Send + 'static + use<S> {
    let header = Header::new(store.log().id, scope.clone());
    let events = events(store, scope);
    async_stream::try_stream! {
        let mut events = events?;
        yield json(&header);
        let mut digest = Digest::default();
        while let Some(event) = events.try_next().await? {
            let line = line(&event)?;
            digest.add(&line);
            yield line;
        }
        yield json(&digest.end());
    }
}

/// Exports a history as one text, in memory; for tests and for small logs.
///
/// # Errors
/// See [`ExportError`].
pub async fn export_text<S: EventStore>(store: &S, scope: Scope) -> Result<String, ExportError> {
    let lines = export(store, scope);
    let add = async |text: String, line: String| Ok(text + &line + "\n");
    lines.try_fold(String::new(), add).await
}

fn events<S: EventStore>(
    store: &S,
    scope: Scope,
) -> Result<BoxStream<'static, Result<RawEvent, ReadError>>, ExportError> {
    let categories = match scope {
        Scope::Log => Vec::new(),
        // An empty filter would let everything pass.
        Scope::Categories(categories) if categories.is_empty() => {
            return Ok(futures::stream::empty().boxed());
        }
        Scope::Categories(categories) => categories,
        Scope::Streams(streams) => {
            let streams: BTreeSet<StreamId> = streams.into_iter().collect();
            if streams.len() > MAX_STREAMS {
                let streams = streams.len();
                return Err(ExportError::TooManyStreams { streams });
            }
            let read = |stream| store.read(StreamQuery::forwards(stream)).boxed();
            return Ok(in_one_order(streams.into_iter().map(read).collect()).boxed());
        }
    };
    let filter = categories.into_iter().fold(Filter::all(), Filter::category);
    Ok(merged(store, &filter).boxed())
}

fn line(event: &RawEvent) -> Result<String, ExportError> {
    let (stream, version) = (event.stream.clone(), event.version);
    match line::write(event) {
        Ok(line) if line.len() > MAX_LINE_BYTES => {
            let bytes = line.len();
            Err(ExportError::LineTooLong { stream, version, bytes })
        }
        Ok(line) => Ok(line),
        Err(Unwritable::Time) => Err(ExportError::Time { stream, version }),
        Err(Unwritable::Payload(source)) => Err(ExportError::Payload { stream, version, source }),
    }
}

/// Writes a line of the frame.
pub(super) fn json(frame: &impl Serialize) -> String {
    #[expect(clippy::expect_used, reason = "texts and numbers in a struct are always JSON")]
    serde_json::to_string(frame).expect("texts and numbers are JSON")
}
