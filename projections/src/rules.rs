//! Rules: commands decided on documents as they are at the very end of the log.

mod deciding;
mod guard;
mod rule;
mod sight;
mod tail;

use std::sync::Arc;

use annals::read_model::{AnyReadModels, DocumentError};
use annals::store::Append;
use annals::{AnyStore, EventStore, ReadModelStore};

pub use deciding::Deciding;
pub use rule::Rule;
use sight::Sight;

use crate::{LiveView, View, ask};

/// Rules over the documents of views that a runner feeds.
///
/// A command is decided on a document as it is at the very end of the log, and its append
/// succeeds only if nobody has decided on the same key meanwhile; else it is decided
/// again. The document follows by the runner, as always. See
/// [the page of this crate](crate#rules).
///
/// It needs no runner in this process, and works while none runs, as long as the read
/// model is not [too far behind](Self::tail). A clone is another handle to the same stores.
#[derive(Debug, Clone)]
pub struct Rules {
    log: AnyStore,
    models: AnyReadModels,
    limit: u64,
}

impl Rules {
    /// Rules over the read models in a store, for commands in a log.
    pub fn new(log: impl EventStore, models: impl ReadModelStore) -> Self {
        Self { log: log.erased(), models: models.erased(), limit: 10_000 }
    }

    /// How many events of the view may stand behind its checkpoint in a partition, 10,000
    /// by default: they are read and folded for each decision. Beyond, and where a hundred
    /// times as many events of any kind stand there, a decision is refused with
    /// [`TooFarBehind`](DocumentError::TooFarBehind).
    #[must_use]
    pub fn tail(self, events: u64) -> Self {
        Self { limit: events, ..self }
    }

    /// A rule over the document under a key, which is `None` if there is none; for
    /// [`Execution::and`](annals::Execution::and).
    ///
    /// The rule is pure, as an aggregate is, and it is asked again after a conflict. What it
    /// refuses is the command's refusal.
    pub fn on<V: View, R, F>(&self, key: &V::Key, rule: F) -> Rule<V, F, R>
    where
        F: FnMut(Option<&V>) -> Result<(), R> + Send,
    {
        Rule::new(self.sight(key), rule)
    }

    /// Decides on the document under a key what to append, without an aggregate: its
    /// closure makes the append, or refuses, and is asked again when somebody
    /// else has decided on the key meanwhile.
    ///
    /// A conflict on a stream of the append's own is the answer at once.
    ///
    /// # Errors
    /// See [`ExecuteError`](annals::ExecuteError).
    pub fn decide<'a, V: View, R>(
        &self,
        key: &V::Key,
        decide: impl FnMut(Option<&V>) -> Result<Append, R> + Send + 'a,
    ) -> Deciding<'a, V, R> {
        Deciding::new(self.sight(key), Box::new(decide))
    }

    fn sight<V: View>(&self, key: &V::Key) -> Sight<V> {
        let rules = Arc::new(self.clone());
        let look = move |key| {
            let rules = rules.clone();
            Box::pin(async move { rules.newest::<V>(&key).await }) as _
        };
        Sight { log: self.log.clone(), key: key.clone(), look: Arc::new(look) }
    }
}

/// Rules over [live views](LiveView), which are folded from their streams when they are
/// asked: they need neither a runner nor a store of read models.
///
/// The cost of a decision is a read of these streams, from their beginning. A clone is
/// another handle to the same store.
#[derive(Debug, Clone)]
pub struct LiveRules {
    log: AnyStore,
}

impl LiveRules {
    /// Rules for commands in a log.
    pub fn new(log: impl EventStore) -> Self {
        Self { log: log.erased() }
    }

    /// See [`Rules::on`].
    pub fn on<V: LiveView, R, F>(&self, key: &V::Key, rule: F) -> Rule<V, F, R>
    where
        F: FnMut(Option<&V>) -> Result<(), R> + Send,
    {
        Rule::new(self.sight(key), rule)
    }

    /// See [`Rules::decide`].
    ///
    /// # Errors
    /// See [`ExecuteError`](annals::ExecuteError).
    pub fn decide<'a, V: LiveView, R>(
        &self,
        key: &V::Key,
        decide: impl FnMut(Option<&V>) -> Result<Append, R> + Send + 'a,
    ) -> Deciding<'a, V, R> {
        Deciding::new(self.sight(key), Box::new(decide))
    }

    fn sight<V: LiveView>(&self, key: &V::Key) -> Sight<V> {
        let log = self.log.clone();
        let look = move |key| {
            let log = log.clone();
            Box::pin(async move { ask::<V>(&log, &key).await.map_err(DocumentError::from) }) as _
        };
        Sight { log: self.log.clone(), key: key.clone(), look: Arc::new(look) }
    }
}
