//! Aggregates by id: load them, and carry out commands on them.

mod attempt;
mod cache;
mod commit;
mod deadline;
mod error;
mod execution;
mod in_line;
mod line;
mod load;
mod moment;
mod outcome;
mod part;
mod patience;
mod retry;
mod seat;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

pub use error::{ExecuteError, LoadError};
pub use execution::{Executed, Execution};
pub use load::Loaded;
pub use moment::At;
pub use part::{Occasion, Part};
pub use patience::Pauses;
pub use retry::Retry;

use crate::decision::IntoDecision;
use crate::repository::cache::Cache;
use crate::repository::deadline::after;
use crate::repository::patience::Patience;
use crate::snapshot::{SnapshotPolicy, SnapshotStore, Snapshots};
use crate::store::StreamQuery;
use crate::stream::{is_category, is_reserved};
use crate::{Aggregate, AnyStore, Decide, EventStore, Recorded, StreamId};

/// The aggregates of one type in one store.
///
/// It loads an aggregate by folding its stream, decides a command on it, and
/// appends the decision under the version that it was decided on; after a
/// conflict it reads what is new and decides again. A clone is another handle
/// to the same repository, its cache and its snapshots.
#[doc = include_str!("../docs/repository.md")]
pub struct Repository<A: Aggregate> {
    pub(crate) inner: Arc<Inner<A>>,
}

/// A repository is configured before it is shared.
pub(crate) struct Inner<A> {
    pub(crate) store: AnyStore,
    pub(crate) cache: Option<Arc<Cache<A>>>,
    pub(crate) snapshots: Option<Arc<Snapshots<A>>>,
    pub(crate) settings: Settings,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) retry: Retry,
    pub(crate) deadline: Duration,
    pub(crate) skip_unknown: bool,
}

impl<A: Aggregate> Repository<A> {
    /// The aggregates in `store`, without snapshots and cache. Calls are retried
    /// as [`Retry::default`] says and take 30 seconds at most.
    pub fn new(store: impl EventStore) -> Self {
        const {
            assert!(
                is_category(A::CATEGORY),
                "Aggregate::CATEGORY must have 1 to 64 bytes and hold neither `-` nor NUL"
            );
            assert!(
                !is_reserved(A::CATEGORY),
                "Aggregate::CATEGORY must not begin with `annals.`, which is kept for annals itself"
            );
        }
        let settings = Settings {
            retry: Retry::default(),
            deadline: Duration::from_secs(30),
            skip_unknown: false,
        };
        let store = store.erased();
        Self { inner: Arc::new(Inner { store, cache: None, snapshots: None, settings }) }
    }

    /// Keeps the states of up to this many hot aggregates, so that they are not
    /// read again.
    ///
    /// A decision on a cached state is as safe as any: what it writes is checked
    /// by the append, and what it refuses, or leaves as it is, is returned only
    /// after the cached state was confirmed to be the newest.
    ///
    /// Commands on one aggregate are then decided one after the other, each on
    /// what the one before will leave, and may be committed together; see
    /// [hot aggregates](Repository#hot-aggregates).
    #[must_use]
    pub fn cache(self, aggregates: usize) -> Self
    where
        A: Clone,
    {
        self.with(|inner| inner.cache = Some(Arc::new(Cache::new(aggregates))))
    }

    /// Saves snapshots in `store` as `policy` says, in the background, and loads
    /// from them. See [`snapshot`](crate::snapshot).
    #[must_use]
    pub fn snapshots(self, store: impl SnapshotStore, policy: SnapshotPolicy) -> Self
    where
        A: Clone + Serialize + DeserializeOwned,
    {
        self.with(|inner| inner.snapshots = Some(Arc::new(Snapshots::new(store, policy))))
    }

    /// How calls are retried that do not say otherwise.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        self.with(|inner| inner.settings.retry = retry)
    }

    /// How long calls may take that do not say otherwise.
    #[must_use]
    pub fn timeout(self, time: Duration) -> Self {
        self.with(|inner| inner.settings.deadline = time)
    }

    /// Leaves out events whose type or schema version this code does not know,
    /// as older code meets them during a rolling deploy. By default they are an
    /// error, because a decision without them may be wrong: opt in only where
    /// the aggregate's decisions do not depend on what newer code adds.
    ///
    /// A state with a gap is never saved as a snapshot.
    #[must_use]
    pub fn skip_unknown_events(self) -> Self {
        self.with(|inner| inner.settings.skip_unknown = true)
    }

    /// Carries out a command. See [`Execution`] for its options.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub fn execute<'a, C>(
        &'a self,
        id: &A::Id,
        command: C,
    ) -> Execution<'a, A, <A as Decide<C>>::Error>
    where
        A: Decide<C>,
        C: Send + 'a,
    {
        let decision = Box::new(move |state: &A| state.decide(&command));
        Execution::new(self, id, std::any::type_name::<C>(), decision)
    }

    /// Carries out a decision that a closure makes: it returns events (one, a
    /// `Vec`, an array, an `Option`, or `()` for none), or a `Result` of these
    /// and a refusal. It is called again after a conflict.
    ///
    /// A closure that uses `?` needs its type written down:
    /// `|account| -> Result<_, Overdrawn> { .. }`.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub fn update<'a, F, D>(
        &'a self,
        id: &A::Id,
        mut decide: F,
    ) -> Execution<'a, A, <D as IntoDecision<A::Event>>::Error>
    where
        F: FnMut(&A) -> D + Send + 'a,
        D: IntoDecision<A::Event>,
    {
        let decision = Box::new(move |state: &A| decide(state).into_decision());
        Execution::new(self, id, std::any::type_name::<F>(), decision)
    }

    /// The newest state. An aggregate without events is in its default state,
    /// at [`Version::NONE`](crate::Version::NONE).
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load(&self, id: &A::Id) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::new(A::CATEGORY, id)?;
        let patience = self.patience();
        let load = async {
            let mut base = self.inner.base(&stream, &patience).await?;
            if !base.confirmed {
                self.inner.confirm(&stream, &mut base, &patience).await?;
            }
            Ok(base.folded)
        };
        patience.limit(load).await.map(|folded| self.loaded(folded))
    }

    /// The state as of a version, or as of a moment. Deciding on an old state is
    /// refused: pass its version to
    /// [`expected_version`](Execution::expected_version).
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load_at(&self, id: &A::Id, at: At) -> Result<Loaded<A>, LoadError> {
        let stream = StreamId::new(A::CATEGORY, id)?;
        let patience = self.patience();
        let load = || self.inner.load_at(&stream, at);
        let load = patience.retry(LoadError::is_transient, load);
        let folded = patience.limit(load).await?;
        Ok(self.loaded(folded))
    }

    /// The events of an aggregate, from the first to the last, as they were
    /// recorded.
    pub fn history(&self, id: &A::Id) -> BoxStream<'static, Result<Recorded<A::Event>, LoadError>> {
        match StreamId::new(A::CATEGORY, id) {
            Ok(stream) => self.inner.history(StreamQuery::forwards(stream)),
            Err(invalid) => {
                let refused = std::future::ready(Err(invalid.into()));
                futures::stream::once(refused).boxed()
            }
        }
    }

    /// Waits until the snapshots that are on their way have been saved or given
    /// up; for tests and for shutting down.
    pub async fn flush_snapshots(&self) {
        if let Some(snapshots) = &self.inner.snapshots {
            snapshots.flush().await;
        }
    }

    fn patience(&self) -> Patience {
        let Settings { deadline, retry, .. } = self.inner.settings;
        Patience::new(after(Instant::now(), deadline), retry)
    }

    fn loaded(&self, folded: crate::fold::Folded<A>) -> Loaded<A> {
        let token = folded.token(self.inner.store.log().id);
        Loaded { state: folded.state, version: folded.version, token }
    }

    /// Changes the settings of this handle; earlier clones keep theirs.
    fn with(self, change: impl FnOnce(&mut Inner<A>)) -> Self {
        let Inner { store, cache, snapshots, settings } = &*self.inner;
        let (store, cache, snapshots) = (store.clone(), cache.clone(), snapshots.clone());
        let mut inner = Inner { store, cache, snapshots, settings: *settings };
        change(&mut inner);
        Self { inner: Arc::new(inner) }
    }
}

impl<A: Aggregate> Clone for Repository<A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<A: Aggregate> fmt::Debug for Repository<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("category", &A::CATEGORY)
            .field("store", &self.inner.store)
            .field("settings", &self.inner.settings)
            .field("lines", &self.inner.cache.as_ref().map(|cache| cache.lines.count()))
            .finish_non_exhaustive()
    }
}
