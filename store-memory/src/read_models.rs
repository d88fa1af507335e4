//! Read models in memory, and how their contract maps to the files below this one.

mod commit;
mod compare;
mod declare;
mod documents;
mod lease;
mod letters;
mod mend;
mod reached;
mod state;
mod tables;
mod versions;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, Resumed, Share, Standing, Step,
    SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use annals::store::kept_time;
use annals::{Checkpoint, Clock, ReadModelStore, StoreError, SystemClock, Token};
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use commit::MemoryTx;
pub use tables::{MemoryTables, Table, TableError, TableKey, TableMismatch, TableRow};

use state::State;

/// After how long who waits for a change looks again in any case.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A store of read models in memory. A clone is another handle to the same store.
///
/// ```
/// use annals::ReadModelStore;
/// use annals_memory::MemoryReadModels;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let models = MemoryReadModels::new();
/// assert!(models.models(None).await.unwrap().is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryReadModels {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    // One lock for everything: a step is seen whole because nobody looks meanwhile. It
    // is never held over an await.
    state: Mutex<State>,
    /// Rung when a checkpoint has moved, or another version has become current.
    moved: Notify,
    /// Rung when leases, wishes or holds have changed.
    stirred: Notify,
}

impl MemoryReadModels {
    /// An empty store, whose leases run by the clock of the machine.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// An empty store, whose leases run by this clock.
    #[must_use]
    pub fn with_clock(clock: impl Clock) -> Self {
        let inner = Inner {
            clock: Arc::new(clock),
            state: Mutex::default(),
            moved: Notify::new(),
            stirred: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }
}

impl Default for MemoryReadModels {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryReadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReadModels").finish_non_exhaustive()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Everything is checked before anything changes, so the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> OffsetDateTime {
        kept_time(self.clock.now())
    }
}

impl ReadModelStore for MemoryReadModels {
    type Tx = MemoryTx;
    type Session = MemoryTables;

    async fn declare(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        self.inner.declare(model)
    }

    async fn share(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        Ok(self.inner.share(heartbeat))
    }

    async fn hand_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.inner.hand_over(leases);
        Ok(())
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.inner.leave(worker);
        Ok(())
    }

    async fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        self.inner.resume(lease)
    }

    async fn begin(&self, lease: &Lease) -> Result<MemoryTx, CommitError> {
        // Nothing here ever waits, so a worker that steps in a loop would keep its
        // thread for ever. Here it may be suspended or dropped.
        tokio::task::consume_budget().await;
        MemoryTx::begin(&self.inner, lease)
    }

    fn session(tx: &mut MemoryTx) -> &mut MemoryTables {
        tx.tables()
    }

    async fn load(
        &self,
        tx: &mut MemoryTx,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        tx.load(keys)
    }

    async fn save(
        &self,
        tx: &mut MemoryTx,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        tx.save(documents)
    }

    async fn commit(&self, tx: MemoryTx, step: &Step) -> Result<Committed, CommitError> {
        tokio::task::consume_budget().await;
        tx.commit(step)
    }

    fn is_transient(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(store) = error.downcast_ref::<StoreError>() {
                return store.is_transient();
            }
            cause = error.source();
        }
        false
    }

    async fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        self.inner.reached(name, token, deadline).await
    }

    fn stirred(&self) -> impl Future<Output = ()> + Send {
        // Who calls it and then asks for its share misses nothing in between: it is
        // listened for from now on, not from the first poll.
        let rung = self.inner.stirred.notified();
        async move {
            let _ = tokio::time::timeout(LOOK_AGAIN, rung).await;
        }
    }

    async fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        self.inner.documents(which, documents)
    }

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.inner.count(which)
    }

    async fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        self.inner.standing(version, keys)
    }

    async fn models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        Ok(self.inner.models(name))
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        Ok(self.inner.letters(query))
    }

    async fn wish(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        Ok(self.inner.wish(query, wish))
    }

    async fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        self.inner.ledger(unit)
    }

    async fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        self.inner.hold(hold)
    }

    async fn release(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        self.inner.release(name, by);
        Ok(())
    }

    async fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        let taken = self.inner.snapshot(name, versions)?;
        snapshot.await;
        taken.compare(report).await
    }

    async fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        self.inner.switch(name, to)
    }

    async fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        self.inner.discard(name, version)
    }

    async fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        self.inner.mend(model, at, key, document)
    }
}
