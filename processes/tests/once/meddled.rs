//! A store of read models as one worker sees it: somebody meddles with what it does.

use std::error::Error;
use std::sync::Arc;

use annals::read_model::{
    AnyReadModels, AnySession, CommitError, Committed, CompareError, Compared, DeadLetter,
    Declaration, DeclareError, Difference, Document, DocumentKey, Documents, Heartbeat, Hold,
    HoldError, HoldId, Lease, Ledger, LetterQuery, MendError, Model, ModelId, ReachedError,
    ReadModelStore, Resumed, Share, Standing, Step, SwitchError, Unit, VersionState, Which, Wish,
    WorkerId,
};
use annals::{Checkpoint, StoreError, Token};
use futures::future::BoxFuture;
use tokio::time::Instant;

/// Who meddles.
pub trait Meddler: Send + Sync + 'static {
    /// Comes before what a worker does; an error is what becomes of it.
    fn before(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether the answer to what was committed is lost.
    fn loses_an_answer(&self) -> bool {
        false
    }
}

#[derive(Clone)]
pub struct Meddled {
    pub inner: AnyReadModels,
    pub meddler: Arc<dyn Meddler>,
}

type Tx = <AnyReadModels as ReadModelStore>::Tx;

impl Meddled {
    fn answer(&self, committed: Committed) -> Result<Committed, CommitError> {
        match self.meddler.loses_an_answer() {
            true => Err(CommitError::Unknown(StoreError::transient("the answer is lost"))),
            false => Ok(committed),
        }
    }
}

impl ReadModelStore for Meddled {
    type Tx = Tx;
    type Session = AnySession;

    async fn declare(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        self.inner.declare(model).await
    }

    async fn share(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        self.meddler.before().await?;
        self.inner.share(heartbeat).await
    }

    async fn hand_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.meddler.before().await?;
        self.inner.hand_over(leases).await
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.meddler.before().await?;
        self.inner.leave(worker).await
    }

    async fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        self.meddler.before().await?;
        self.inner.resume(lease).await
    }

    async fn begin(&self, lease: &Lease) -> Result<Tx, CommitError> {
        self.meddler.before().await?;
        self.inner.begin(lease).await
    }

    fn session(tx: &mut Tx) -> &mut AnySession {
        AnyReadModels::session(tx)
    }

    async fn load(
        &self,
        tx: &mut Tx,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        self.meddler.before().await?;
        self.inner.load(tx, keys).await
    }

    async fn save(
        &self,
        tx: &mut Tx,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        self.meddler.before().await?;
        self.inner.save(tx, documents).await
    }

    async fn commit(&self, tx: Tx, step: &Step) -> Result<Committed, CommitError> {
        self.meddler.before().await?;
        self.answer(self.inner.commit(tx, step).await?)
    }

    async fn write(
        &self,
        lease: &Lease,
        documents: Vec<(DocumentKey, Option<Document>)>,
        step: &Step,
    ) -> Result<Committed, CommitError> {
        self.meddler.before().await?;
        self.answer(self.inner.write(lease, documents, step).await?)
    }

    fn is_transient(error: &(dyn Error + 'static)) -> bool {
        AnyReadModels::is_transient(error)
    }

    async fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        self.inner.reached(name, token, deadline).await
    }

    async fn stirred(&self) {
        self.inner.stirred().await;
    }

    async fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        self.meddler.before().await?;
        self.inner.documents(which, documents).await
    }

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.inner.count(which).await
    }

    async fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        self.inner.standing(version, keys).await
    }

    async fn models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        self.inner.models(name).await
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        self.inner.letters(query).await
    }

    async fn wish(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        self.inner.wish(query, wish).await
    }

    async fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        self.inner.ledger(unit).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        self.inner.hold(hold).await
    }

    async fn release(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        self.inner.release(name, by).await
    }

    async fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        self.inner.compare(name, versions, snapshot, report).await
    }

    async fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        self.inner.switch(name, to).await
    }

    async fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        self.inner.discard(name, version).await
    }

    async fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        self.inner.mend(model, at, key, document).await
    }
}
