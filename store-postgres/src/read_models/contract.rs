//! How the contract maps to the files beside this one.

use std::error::Error;

use annals::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, Resumed, Share, Standing, Step,
    SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use annals::{Checkpoint, ReadModelStore, StoreError, Token};
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::error::{Kind, kind};
use crate::read_models::{PostgresReadModels, PostgresStep};

impl ReadModelStore for PostgresReadModels {
    type Tx = PostgresStep;
    type Session = PgConnection;

    async fn declare(&self, model: &Declaration) -> Result<VersionState, DeclareError> {
        self.declared(model).await
    }

    async fn share(&self, heartbeat: &Heartbeat) -> Result<Share, StoreError> {
        self.shared(heartbeat).await
    }

    async fn hand_over(&self, leases: &[Lease]) -> Result<(), StoreError> {
        self.handed_over(leases).await
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.left(worker).await
    }

    async fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        self.resumed(lease).await
    }

    async fn begin(&self, lease: &Lease) -> Result<PostgresStep, CommitError> {
        self.begun(lease).await
    }

    async fn begin_set_up(&self, lease: &Lease) -> Result<PostgresStep, CommitError> {
        self.begun_alone(lease).await
    }

    fn session(step: &mut PostgresStep) -> &mut PgConnection {
        step.connection()
    }

    async fn load(
        &self,
        step: &mut PostgresStep,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        self.loaded(step, keys).await
    }

    async fn save(
        &self,
        step: &mut PostgresStep,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        self.saved(step, documents).await
    }

    async fn commit(&self, step: PostgresStep, what: &Step) -> Result<Committed, CommitError> {
        self.committed(step, what).await
    }

    async fn write(
        &self,
        lease: &Lease,
        documents: Vec<(DocumentKey, Option<Document>)>,
        what: &Step,
    ) -> Result<Committed, CommitError> {
        self.written(lease, documents, what).await
    }

    fn is_transient(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<sqlx::Error>() {
                return matches!(kind(error), Kind::Transient | Kind::Doubt | Kind::Elsewhere);
            }
            if let Some(error) = error.downcast_ref::<StoreError>() {
                return error.is_transient();
            }
            next = error.source();
        }
        false
    }

    async fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        self.has_reached(name, token, deadline).await
    }

    async fn stirred(&self) {
        self.inner.news.await_stir().await;
    }

    async fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        self.read_documents(which, documents).await
    }

    async fn documents_at_least(
        &self,
        name: &str,
        documents: &Documents,
        token: &Token,
        deadline: Instant,
    ) -> Result<Vec<(DocumentKey, Document)>, ReachedError> {
        self.read_at_least(name, documents, token, deadline).await
    }

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.count_documents(which).await
    }

    async fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        self.stands(version, keys).await
    }

    async fn models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        self.all_models(name).await
    }

    async fn letters(&self, query: &LetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        self.dead_letters(query).await
    }

    async fn wish(&self, query: &LetterQuery, wish: &Wish) -> Result<u64, StoreError> {
        self.wished(query, wish).await
    }

    async fn ledger(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        self.books(unit).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        self.held(hold).await
    }

    async fn release(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        self.released(name, by).await
    }

    async fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Compared, CompareError> {
        self.compared(name, versions, snapshot, report).await
    }

    async fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        self.switched(name, to).await
    }

    async fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        self.discarded(name, version).await
    }

    async fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> Result<(), MendError> {
        self.mended(model, at, key, document.as_ref()).await
    }
}
