//! What the log keeps of an instance, read without the code of its process.

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{
    AnyStore, AppendError, DecodeError, EventId, EventStore, Metadata, ReadError, StoreError,
    StreamId, Token, Version,
};
use futures::TryStreamExt;

use crate::append::{append_surely, failed};
use crate::book::Book;
use crate::step::{ProcessEvent, Step};

/// An instance, as far as annals knows it.
pub(crate) struct Kept {
    stream: StreamId,
    pub(crate) book: Book,
    version: Version,
    /// Its first step; none where it has not begun.
    pub(crate) first: Option<Step>,
    /// Its last event, and what is known besides for what follows from it.
    last: Option<(EventId, Metadata)>,
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
        let mut kept = Self { stream: stream.clone(), book, version, first: None, last: None };
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

    pub(crate) fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Writes a step behind what was read; `None` where the instance has moved meanwhile, and is
    /// to be read again.
    pub(crate) async fn go_on(
        &self,
        log: &AnyStore,
        step: Step,
    ) -> Result<Option<Token>, StoreError> {
        let event = NewEvent::encode(log.log().codec, &ProcessEvent::Stepped(step));
        let mut event = event.map_err(StoreError::permanent)?;
        if let Some((_, metadata)) = &self.last {
            event = event.with_metadata(metadata.clone());
        }
        let mut append = Append::to(self.stream.clone(), self.version, vec![event]);
        // The event as well as the version: a log that has lost its tail may have grown anew.
        if let Some((last, _)) = self.last {
            append = append.behind(last);
        }
        match append_surely(log, append).await {
            Ok(appended) => Ok(Some(appended.token())),
            Err(AppendError::Conflict(_) | AppendError::Diverged { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}
