//! What the log keeps of an instance, read without the code of its process.

use annals::store::StreamQuery;
use annals::{AnyStore, DecodeError, EventId, EventStore, Metadata, ReadError, StreamId, Version};
use futures::TryStreamExt;

use crate::book::Book;
use crate::step::{ProcessEvent, Step};

/// An instance, as far as annals knows it.
pub(crate) struct Kept {
    pub(crate) book: Book,
    pub(crate) version: Version,
    /// Its first step; none where it has not begun.
    pub(crate) first: Option<Step>,
    /// Its last event, and what is known besides for what follows from it.
    pub(crate) last: Option<(EventId, Metadata)>,
}

/// Why an instance could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Kept {
    /// Reads an instance from its stream.
    pub(crate) async fn read(log: &AnyStore, stream: &StreamId) -> Result<Self, KeptError> {
        let mut events = log.read(StreamQuery::forwards(stream.clone()));
        let (book, version) = (Book::default(), Version::NONE);
        let mut kept = Self { book, version, first: None, last: None };
        while let Some(raw) = events.try_next().await? {
            (kept.version, kept.last) = (raw.version, Some((raw.id, Metadata::caused_by(&raw))));
            if raw.name == "annals.process.stepped"
                && let recorded = raw.decode::<ProcessEvent>()?
                && let ProcessEvent::Stepped(step) = &recorded.event
            {
                kept.book.take(step, &recorded);
                kept.first.get_or_insert_with(|| step.clone());
            }
        }
        Ok(kept)
    }
}
