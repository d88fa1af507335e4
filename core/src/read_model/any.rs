//! One type for all read-model stores.

mod contract;
mod erase;
mod erased;
mod session;

use std::any::{TypeId, type_name};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::read_model::{ReadModelStore, SessionMismatch};
pub use session::AnySession;

use erased::Erased;

/// Any read-model store, chosen at run time. A clone is another handle to the same store.
#[derive(Clone)]
pub struct AnyReadModels(Arc<dyn Erased>);

impl fmt::Debug for AnyReadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyReadModels").field(&self.0.erased_session_type().1).finish()
    }
}

impl AnyReadModels {
    /// Erases the type of a store; users call [`ReadModelStore::erased`].
    pub(super) fn new(store: impl ReadModelStore) -> Self {
        Self(Arc::new(store))
    }

    /// Whether projections that write through `S` can write to this store.
    ///
    /// # Errors
    /// They cannot: the store gives another session.
    pub fn check_session<S: Send + 'static>(&self, name: &str) -> Result<(), SessionMismatch> {
        let (id, given) = self.0.erased_session_type();
        let wanted = type_name::<S>();
        let fits = id == TypeId::of::<S>() || TypeId::of::<S>() == TypeId::of::<AnySession>();
        if fits { Ok(()) } else { Err(SessionMismatch { name: name.to_owned(), wanted, given }) }
    }

    /// Whether an error of a projection is a failure of the store that may pass; see
    /// [`ReadModelStore::is_transient`].
    #[must_use]
    pub fn may_pass(&self, error: &(dyn Error + 'static)) -> bool {
        self.0.erased_is_transient(error)
    }
}
