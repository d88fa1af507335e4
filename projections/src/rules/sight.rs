//! A document together with the guard of its key: what a decision rests on.

use std::sync::Arc;

use annals::AnyStore;
use annals::read_model::DocumentError;
use futures::future::BoxFuture;

use super::guard::{Guard, stream_of};
use crate::View;

/// How a document is read, as it is at the end of the log.
pub(super) type Look<V> = Arc<
    dyn Fn(<V as View>::Key) -> BoxFuture<'static, Result<Option<V>, DocumentError>> + Send + Sync,
>;

/// A key of a view, and how its document is read.
pub(super) struct Sight<V: View> {
    pub(super) log: AnyStore,
    pub(super) key: V::Key,
    pub(super) look: Look<V>,
}

/// A document, and the guard as it stood before the document was read.
pub(super) struct Seen<V> {
    pub(super) guard: Guard,
    pub(super) document: Option<V>,
}

impl<V: View> Sight<V> {
    /// Reads the guard, and then the document.
    ///
    /// Their order is why a decision is exact. Take any other decision on the key. Its
    /// append has written to the guard and whatever it decided, at once. Either it was
    /// committed before the guard was read here: then its events were in the log before
    /// the document was read, and are in it. Or it comes later: then the guard has
    /// another version than the one that was read, and the append that is decided here
    /// conflicts. Were the document read first, a decision committed in between would be
    /// in neither.
    pub(super) async fn look(&self) -> Result<Seen<V>, DocumentError> {
        let guard = Guard::read(&self.log, stream_of::<V>(&self.key)?).await?;
        let document = (self.look)(self.key.clone()).await?;
        Ok(Seen { guard, document })
    }
}

impl<V> Seen<V> {
    /// Whether nobody has decided on the key since it was read.
    pub(super) async fn stands(&self, log: &AnyStore) -> Result<bool, DocumentError> {
        Ok(self.guard.stands(log).await?)
    }
}

/// What may be read again at once.
pub(super) fn passes(error: &DocumentError) -> bool {
    error.is_transient()
}
