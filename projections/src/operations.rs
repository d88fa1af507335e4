//! What people do with read models: look after them, mend them, rebuild and audit them.

mod audit;
mod compare;
mod comparison;
mod holding;
mod key;
mod letters;
mod report;
mod status;
mod versions;

use std::fmt;

use annals::read_model::{
    AnyReadModels, CompareError, HoldError, MendError, ModelId, ReadModelStore, SwitchError,
    VersionState,
};
use annals::{AnyStore, EventStore, LoadError, ReadError, StoreError};

// Users of a runner need not look for them in the contract of the stores.
pub use annals::read_model::{DeadLetter, LetterQuery, Which, Wish};
pub use audit::{Audit, BlockDifference, PartitionAudit};
pub use compare::Comparing;
pub use comparison::Comparison;
pub use letters::LetterCode;
pub use status::{Health, ModelStatus, Progress, Status, UnitLag};

/// Looks after the read models in a store, whoever feeds them. It needs none of their
/// code.
///
/// A clone is another handle to the same stores.
#[derive(Clone)]
pub struct Operations {
    log: AnyStore,
    models: AnyReadModels,
}

impl Operations {
    /// The read models of a store, and the log that they are fed from.
    pub fn new(log: impl EventStore, models: impl ReadModelStore) -> Self {
        Self { log: log.erased(), models: models.erased() }
    }

    pub(crate) fn any(log: AnyStore, models: AnyReadModels) -> Self {
        Self { log, models }
    }

    /// The version that answers queries, and all others, by their numbers.
    ///
    /// # Errors
    /// There is no such read model, or the store failed.
    pub async fn versions(&self, name: &str) -> Result<Vec<(ModelId, VersionState)>, Failed> {
        let models = self.models.models(Some(name)).await?;
        if models.is_empty() {
            return Err(Failed::Unknown { name: name.to_owned() });
        }
        Ok(models.into_iter().map(|model| (model.declaration.id, model.state)).collect())
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations").field("log", &self.log).finish_non_exhaustive()
    }
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// There is no such read model.
    #[error("there is no read model `{name}`: has a worker with it ever been started?")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// There is no such version of it.
    #[error(
        "there is no version {version} of the read model `{name}`: has a worker with it ever been \
         started, or was it discarded?"
    )]
    UnknownVersion {
        /// The read model.
        name: String,
        /// The version.
        version: u32,
    },
    /// The versions did not come to the same place in time: a worker is missing, or stuck.
    /// Nothing is held any more.
    #[error(
        "the versions of `{name}` did not come to the same place in time: look at their status"
    )]
    NotTogether {
        /// The read model.
        name: String,
    },
    /// The versions are not held for a comparison or a switch: another one goes on, or
    /// there are no such versions.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// The versions cannot be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The version does not become the current one, or is not discarded.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// A document cannot be replaced by one that was made anew.
    #[error(transparent)]
    Mend(#[from] MendError),
    /// A document cannot be made anew: the code of its view panics.
    #[error("the document cannot be made anew: {reason}")]
    Panicked {
        /// With what message.
        reason: String,
    },
    /// A document cannot be made anew: an event does not decode, or the log could not be
    /// read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The store of the read models failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
