//! Documents with the place up to which they are exact.

use super::{Document, DocumentKey, InvalidKey, InvalidName, Unit};
use crate::{Checkpoint, DecodeError, LoadError, Partition, Position, ReadError, StoreError};

/// Documents of a version, and how far each of its units has come: one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The [fingerprint](super::Declaration::fingerprint) of the declaration by which it is
    /// fed: of the events that it handles, in the same moment. A document says nothing of
    /// events that it does not handle, so whoever goes on folding it must handle the same.
    pub fingerprint: u64,
    /// Into how many slices its keys are divided.
    pub slices: u16,
    /// Its units with their checkpoints, in their order.
    pub units: Vec<(Unit, Checkpoint)>,
    /// Those of the documents that there are, in the order of their keys.
    pub documents: Vec<(DocumentKey, Document)>,
    /// The keys, as texts, of which events are parked: their documents are behind. Each
    /// once, in their order.
    pub parked: Vec<String>,
}

/// Why a document is not known as it is at the end of the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The read model is farther behind the log than one may read for a decision. Start
    /// a worker that feeds it, wait until it has caught up, or allow for more.
    #[error(
        "the read model `{name}` is more than {limit} events behind the log: start a worker that \
         feeds it, wait until it has caught up, or allow for more"
    )]
    TooFarBehind {
        /// The read model.
        name: String,
        /// How many events behind it may be.
        limit: u64,
    },
    /// Events of the document are parked, so that it is not what it should be. Mend what
    /// made them fail, and retry or skip them.
    #[error(
        "events of this document of `{name}` are parked: mend what made them fail, and retry or \
         skip them"
    )]
    Parked {
        /// The read model.
        name: String,
    },
    /// There is no such version. Feed it before the code that decides on it is used.
    #[error(
        "there is no read model `{name}` version {version}: start a worker that feeds it before \
         commands are decided on it"
    )]
    NoSuchModel {
        /// The read model.
        name: String,
        /// The version of this code.
        version: u32,
    },
    /// The version is fed by code that handles other types of events, or other schema
    /// versions of them, than this code: what the one folds the other is blind to. Deploy
    /// the same code to the workers and to those who decide.
    #[error(
        "the read model `{name}` version {version} is fed by code that handles other events than \
         this code: deploy the same code to the workers and to those who decide"
    )]
    OtherEvents {
        /// The read model.
        name: String,
        /// The version of this code.
        version: u32,
    },
    /// It is fed from another log than the one that would be appended to.
    #[error("the read model `{name}` is fed from another log than the one that is written to")]
    AnotherLog {
        /// The read model.
        name: String,
    },
    /// The document is not one that this code reads: it was fed by other code under the
    /// same version. Raise the version, so that it is built anew.
    #[error("a document of `{name}` is not one that this code reads: raise the version")]
    Unreadable {
        /// The read model.
        name: String,
    },
    /// An event that the read model has not taken yet cannot be folded: the view panics.
    #[error(
        "the event at position {position} of partition {partition} cannot be folded into a \
         document of `{name}`: mend the view"
    )]
    Unfit {
        /// The read model.
        name: String,
        /// The partition of the event.
        partition: Partition,
        /// Its position.
        position: Position,
    },
    /// An event that the read model has not taken yet does not decode. Deploy code that
    /// reads it.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The name of the view cannot be that of a read model.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// The key cannot be that of a document.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The streams of the document could not be read.
    #[error(transparent)]
    Load(LoadError),
    /// The store of the read models failed.
    #[error("the store of the read models failed")]
    Store(#[from] StoreError),
}

impl DocumentError {
    /// Whether the same may succeed at once when it is tried again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            DocumentError::Read(error) => error.is_transient(),
            DocumentError::Load(error) => error.is_transient(),
            DocumentError::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

impl From<LoadError> for DocumentError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Decode(error) => DocumentError::Decode(error),
            LoadError::Read(error) => DocumentError::Read(error),
            error => DocumentError::Load(error),
        }
    }
}
