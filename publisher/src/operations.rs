//! What people do about publishers whose receiver is gone.

use annals::{AnyStore, EventStore};

use crate::error::PublisherError;
use crate::mark::{Marks, Stopped};

/// Looks whether publishers stand still, and lets them go on. It needs no code of theirs, and
/// works from any process.
///
/// Their lag, their dead letters and their health are told by
/// [`annals_projections::Operations`].
#[derive(Debug, Clone)]
pub struct PublisherOperations {
    log: AnyStore,
}

impl PublisherOperations {
    /// The publishers of this log.
    pub fn new(log: impl EventStore) -> Self {
        Self { log: log.erased() }
    }

    /// Which receiver is gone, and what it said; `None` if the publisher does not stand still.
    ///
    /// # Errors
    /// No publisher of this name was ever started, or the log could not be read.
    pub async fn stopped(&self, name: &str) -> Result<Option<Stopped>, PublisherError> {
        let (known, stopped) = Marks::new(self.log.clone(), name)?.stopped().await?;
        let unknown = || PublisherError::Unknown { name: name.to_owned() };
        known.then_some(stopped).ok_or_else(unknown)
    }

    /// Has a publisher go on whose receiver was gone, with the first message that it did not
    /// take. Workers see it within half a minute. The note says who has decided so, and why.
    /// Returns `false` where the publisher did not stand still.
    ///
    /// # Errors
    /// No publisher of this name was ever started, or the log failed. Then ask again: to say it
    /// twice does no harm.
    pub async fn resume(&self, name: &str, note: &str) -> Result<bool, PublisherError> {
        Marks::new(self.log.clone(), name)?.resume(note).await
    }
}
