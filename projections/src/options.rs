//! How a read model is fed.

use std::time::Duration;

/// How a read model is fed, where it differs from the default.
///
/// ```
/// # use annals_projections::{OnFailure, Options};
/// let options = Options::new().slices(4).on_failure(OnFailure::Stop);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub(crate) slices: u16,
    pub(crate) batch: Option<usize>,
    pub(crate) attempts: u32,
    pub(crate) on_failure: OnFailure,
    pub(crate) on_unreadable: OnUnreadable,
}

/// What becomes of an event that cannot be applied, when it has been tried often enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnFailure {
    /// It is parked, with all later events of its keys, and others go on.
    #[default]
    Park,
    /// The read model stops at it, in its partition and slice, and tries it again every
    /// now and then.
    Stop,
}

/// What becomes of an event of which no key can be computed, because it does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnUnreadable {
    /// The read model stops at it, in its partition, until code that reads it is deployed.
    #[default]
    Stop,
    /// It is parked with all later events of its stream, where the key of a stream is
    /// known; see [`View::key_of_stream`](crate::View::key_of_stream).
    ParkStream,
}

impl Options {
    /// The most slices that a partition is divided into.
    pub const MAX_SLICES: u16 = 64;

    /// The default: one slice, and what fails is parked.
    #[must_use]
    pub fn new() -> Self {
        Self {
            slices: 1,
            batch: None,
            attempts: 5,
            on_failure: OnFailure::default(),
            on_unreadable: OnUnreadable::default(),
        }
    }

    /// Into how many slices the keys of each partition are divided, 1 by default and 64 at
    /// most. Slices are fed at the same time, here or by other processes, each in the order
    /// of its keys: for handlers that are slow.
    ///
    /// An event must then have one key, or keys of one slice; another one stops the read
    /// model. The number is fixed for a version.
    #[must_use]
    pub fn slices(self, slices: u16) -> Self {
        Self { slices: slices.clamp(1, Self::MAX_SLICES), ..self }
    }

    /// The most events that are committed at once: 200,000 by default for a view, which
    /// writes each document once, and 500 for others. Steps are smaller where events come
    /// one by one, where they take long, and where one has failed; none gathers events for
    /// longer than a quarter of the lease, or than the lease where it is a view in a log of
    /// one partition.
    ///
    /// Many updates of one row in one transaction are slow in PostgreSQL: each looks
    /// through those before.
    #[must_use]
    pub fn batch(self, events: usize) -> Self {
        Self { batch: Some(events.max(1)), ..self }
    }

    /// How often an event that fails is tried, 5 by default, with pauses that grow from 50 ms.
    /// It is parked meanwhile, so that others go on; then it waits for somebody who retries
    /// it. What a pure view cannot fold is tried once: it would fail in the same way again.
    ///
    /// With [`OnFailure::Stop`] the read model waits with it from the beginning.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// What becomes of an event that cannot be applied.
    #[must_use]
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// What becomes of an event that does not decode.
    #[must_use]
    pub fn on_unreadable(self, on_unreadable: OnUnreadable) -> Self {
        Self { on_unreadable, ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// What holds for a whole runner.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) lease: Duration,
    pub(crate) label: String,
}
