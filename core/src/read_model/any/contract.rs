//! The contract, kept by the store behind.

use std::error::Error;

use tokio::time::Instant;

use super::{AnyReadModels, AnySession};
use crate::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, ReadModelStore, Resumed, Share,
    Standing, Step, SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use crate::{Checkpoint, StoreError, Token};

impl ReadModelStore for AnyReadModels {
    type Tx = AnySession;
    type Session = AnySession;

    async fn declare(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        self.0.erased_declare(model).await
    }

    async fn share(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        self.0.erased_share(heartbeat).await
    }

    async fn hand_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.0.erased_hand_over(leases).await
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.0.erased_leave(worker).await
    }

    async fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        self.0.erased_resume(lease).await
    }

    async fn begin(&self, lease: &Lease) -> Result<AnySession, CommitError> {
        self.0.erased_begin(lease).await
    }

    async fn begin_set_up(&self, lease: &Lease) -> Result<AnySession, CommitError> {
        self.0.erased_begin_set_up(lease).await
    }

    fn session(tx: &mut AnySession) -> &mut AnySession {
        tx
    }

    async fn load(
        &self,
        tx: &mut AnySession,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        self.0.erased_load(tx, keys).await
    }

    async fn save(
        &self,
        tx: &mut AnySession,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        self.0.erased_save(tx, documents).await
    }

    async fn commit(&self, tx: AnySession, step: &Step) -> Result<Committed, CommitError> {
        self.0.erased_commit(tx, step).await
    }

    async fn write(
        &self,
        lease: &Lease,
        documents: Vec<(DocumentKey, Option<Document>)>,
        step: &Step,
    ) -> Result<Committed, CommitError> {
        self.0.erased_write(lease, documents, step).await
    }

    /// Which store it is cannot be told here; see [`may_pass`](AnyReadModels::may_pass).
    fn is_transient(_: &(dyn Error + 'static)) -> bool {
        false
    }

    async fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        self.0.erased_reached(name, token, deadline).await
    }

    async fn stirred(&self) {
        self.0.erased_stirred().await;
    }

    async fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        self.0.erased_documents(which, documents).await
    }

    async fn documents_at_least(
        &self,
        name: &str,
        documents: &Documents,
        token: &Token,
        deadline: Instant,
    ) -> Result<Vec<(DocumentKey, Document)>, ReachedError> {
        self.0.erased_documents_at_least(name, documents, token, deadline).await
    }

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.0.erased_count(which).await
    }

    async fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        self.0.erased_standing(version, keys).await
    }

    async fn models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        self.0.erased_models(name).await
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        self.0.erased_letters(query).await
    }

    async fn wish(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        self.0.erased_wish(query, wish).await
    }

    async fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        self.0.erased_ledger(unit).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        self.0.erased_hold(hold).await
    }

    async fn release(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        self.0.erased_release(name, by).await
    }

    async fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        self.0.erased_compare(name, versions, Box::pin(snapshot), report).await
    }

    async fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        self.0.erased_switch(name, to).await
    }

    async fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        self.0.erased_discard(name, version).await
    }

    async fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        self.0.erased_mend(model, at, key, document).await
    }

    fn erased(self) -> AnyReadModels {
        self
    }
}
