//! What goes wrong with a publisher itself.

use annals::read_model::InvalidName;
use annals::{AppendError, DecodeError, EncodeError, InvalidStreamId, ReadError, StoreError};
use annals_projections::RunError;

/// What the log keeps of a publisher could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublisherError {
    /// No publisher can have this name.
    #[error(transparent)]
    Name(#[from] InvalidStreamId),
    /// A newer version of annals has written it: upgrade this process.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Nothing is known of a publisher of this name: has it ever been started?
    #[error("there is no publisher `{name}`: has it ever been started?")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PublisherError {
    /// Whether it may pass by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

impl From<AppendError> for PublisherError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unknown(error) | AppendError::Store(error) => Self::Store(error),
            // Another one was as quick: whoever looks again sees it.
            AppendError::Conflict(conflict) => Self::Store(StoreError::transient(conflict)),
            error => Self::Store(StoreError::permanent(error)),
        }
    }
}

/// Why publishers do not start, or not end as they should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A name is 1 to 40 of the characters `a-z`, `0-9` and `_`, beginning with a letter.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Nobody should publish everything without knowing it: choose categories.
    #[error("the publisher `{name}` has no category: say which events others may see")]
    NothingChosen {
        /// The publisher.
        name: String,
    },
    /// It could not be known from where on a publisher follows the log.
    #[error(transparent)]
    Publisher(#[from] PublisherError),
    /// The checkpoints could not be made known.
    #[error(transparent)]
    Runner(#[from] annals_projections::StartError),
    /// The leases could not be given back; they run out.
    #[error(transparent)]
    Run(#[from] RunError),
}
