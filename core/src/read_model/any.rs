//! One type for all read-model stores.

use std::any::{Any, TypeId, type_name};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Lease, Ledger, LetterQuery, Model,
    ReachedError, ReadModelStore, Resumed, SessionMismatch, Share, Step, SwitchError, Unit,
    VersionState, Which, Wish, WorkerId,
};
use crate::{StoreError, Token};

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

/// A transaction of any store, and what a projection writes through in it.
pub struct AnySession(Box<dyn ErasedTx>);

impl AnySession {
    /// What a projection writes through, if it is of this type; `AnySession` itself always
    /// is.
    pub fn session_of<S: Send + 'static>(&mut self) -> Option<&mut S> {
        if TypeId::of::<S>() == TypeId::of::<Self>() {
            return (self as &mut (dyn Any + Send)).downcast_mut();
        }
        self.0.session().downcast_mut()
    }
}

impl fmt::Debug for AnySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnySession")
    }
}

trait ErasedTx: Send {
    fn session(&mut self) -> &mut (dyn Any + Send);
    fn tx(&mut self) -> &mut (dyn Any + Send);
    fn into_tx(self: Box<Self>) -> Box<dyn Any + Send>;
}

struct TxOf<S: ReadModelStore>(S::Tx);

impl<S: ReadModelStore> ErasedTx for TxOf<S> {
    fn session(&mut self) -> &mut (dyn Any + Send) {
        S::session(&mut self.0)
    }

    fn tx(&mut self) -> &mut (dyn Any + Send) {
        &mut self.0
    }

    fn into_tx(self: Box<Self>) -> Box<dyn Any + Send> {
        Box::new(self.0)
    }
}

fn foreign() -> StoreError {
    StoreError::permanent("the transaction was begun by another store")
}

type Result0<T> = Result<T, StoreError>;

/// The object-safe twin. Its methods have names of their own, because both traits are in
/// scope here.
trait Erased: Send + Sync {
    fn erased_session_type(&self) -> (TypeId, &'static str);
    fn erased_is_transient(&self, error: &(dyn Error + 'static)) -> bool;
    fn erased_declare<'a>(
        &'a self,
        model: &'a Declaration,
    ) -> BoxFuture<'a, Result<VersionState, DeclareError>>;
    fn erased_share<'a>(&'a self, heartbeat: &'a Heartbeat) -> BoxFuture<'a, Result0<Share>>;
    fn erased_hand_over<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result0<()>>;
    fn erased_leave(&self, worker: WorkerId) -> BoxFuture<'_, Result0<()>>;
    fn erased_resume<'a>(&'a self, lease: &'a Lease)
    -> BoxFuture<'a, Result<Resumed, CommitError>>;
    fn erased_begin<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<AnySession, CommitError>>;
    fn erased_load<'a>(
        &'a self,
        tx: &'a mut AnySession,
        keys: &'a [DocumentKey],
    ) -> BoxFuture<'a, Result0<Vec<Option<Document>>>>;
    fn erased_save<'a>(
        &'a self,
        tx: &'a mut AnySession,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> BoxFuture<'a, Result0<()>>;
    fn erased_commit<'a>(
        &'a self,
        tx: AnySession,
        step: &'a Step,
    ) -> BoxFuture<'a, Result<Committed, CommitError>>;
    fn erased_write<'a>(
        &'a self,
        lease: &'a Lease,
        documents: Vec<(DocumentKey, Option<Document>)>,
        step: &'a Step,
    ) -> BoxFuture<'a, Result<Committed, CommitError>>;
    fn erased_reached<'a>(
        &'a self,
        name: &'a str,
        token: &'a Token,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<(), ReachedError>>;
    fn erased_stirred(&self) -> BoxFuture<'_, ()>;
    fn erased_documents<'a>(
        &'a self,
        which: &'a Which,
        documents: &'a Documents,
    ) -> BoxFuture<'a, Result0<Vec<(DocumentKey, Document)>>>;
    fn erased_count<'a>(&'a self, which: &'a Which) -> BoxFuture<'a, Result0<u64>>;
    fn erased_models<'a>(&'a self, name: Option<&'a str>) -> BoxFuture<'a, Result0<Vec<Model>>>;
    fn erased_letters<'a>(
        &'a self,
        query: &'a LetterQuery,
    ) -> BoxFuture<'a, Result0<Vec<DeadLetter>>>;
    fn erased_wish<'a>(
        &'a self,
        query: &'a LetterQuery,
        wish: &'a Wish,
    ) -> BoxFuture<'a, Result0<u64>>;
    fn erased_ledger<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result0<Ledger>>;
    fn erased_hold<'a>(&'a self, name: &'a str, versions: [u32; 2]) -> BoxFuture<'a, Result0<()>>;
    fn erased_release<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result0<()>>;
    fn erased_compare<'a>(
        &'a self,
        name: &'a str,
        versions: [u32; 2],
        snapshot: BoxFuture<'a, ()>,
        report: &'a mut (dyn FnMut(Difference) + Send),
    ) -> BoxFuture<'a, Result<Compared, CompareError>>;
    fn erased_switch<'a>(
        &'a self,
        name: &'a str,
        to: u32,
    ) -> BoxFuture<'a, Result<(), SwitchError>>;
    fn erased_discard<'a>(
        &'a self,
        name: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<(), SwitchError>>;
}

impl<S: ReadModelStore> Erased for S {
    fn erased_session_type(&self) -> (TypeId, &'static str) {
        (TypeId::of::<S::Session>(), type_name::<S::Session>())
    }

    fn erased_is_transient(&self, error: &(dyn Error + 'static)) -> bool {
        S::is_transient(error)
    }

    fn erased_declare<'a>(
        &'a self,
        model: &'a Declaration,
    ) -> BoxFuture<'a, Result<VersionState, DeclareError>> {
        Box::pin(self.declare(model))
    }

    fn erased_share<'a>(&'a self, heartbeat: &'a Heartbeat) -> BoxFuture<'a, Result0<Share>> {
        Box::pin(self.share(heartbeat))
    }

    fn erased_hand_over<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result0<()>> {
        Box::pin(self.hand_over(leases))
    }

    fn erased_leave(&self, worker: WorkerId) -> BoxFuture<'_, Result0<()>> {
        Box::pin(self.leave(worker))
    }

    fn erased_resume<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<Resumed, CommitError>> {
        Box::pin(self.resume(lease))
    }

    fn erased_begin<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<AnySession, CommitError>> {
        Box::pin(async move { Ok(AnySession(Box::new(TxOf::<S>(self.begin(lease).await?)))) })
    }

    fn erased_load<'a>(
        &'a self,
        tx: &'a mut AnySession,
        keys: &'a [DocumentKey],
    ) -> BoxFuture<'a, Result0<Vec<Option<Document>>>> {
        Box::pin(async move {
            let tx = tx.0.tx().downcast_mut::<S::Tx>().ok_or_else(foreign)?;
            self.load(tx, keys).await
        })
    }

    fn erased_save<'a>(
        &'a self,
        tx: &'a mut AnySession,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> BoxFuture<'a, Result0<()>> {
        Box::pin(async move {
            let tx = tx.0.tx().downcast_mut::<S::Tx>().ok_or_else(foreign)?;
            self.save(tx, documents).await
        })
    }

    fn erased_commit<'a>(
        &'a self,
        tx: AnySession,
        step: &'a Step,
    ) -> BoxFuture<'a, Result<Committed, CommitError>> {
        Box::pin(async move {
            let tx = tx.0.into_tx().downcast::<S::Tx>().map_err(|_| foreign())?;
            self.commit(*tx, step).await
        })
    }

    fn erased_write<'a>(
        &'a self,
        lease: &'a Lease,
        documents: Vec<(DocumentKey, Option<Document>)>,
        step: &'a Step,
    ) -> BoxFuture<'a, Result<Committed, CommitError>> {
        Box::pin(self.write(lease, documents, step))
    }

    fn erased_reached<'a>(
        &'a self,
        name: &'a str,
        token: &'a Token,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<(), ReachedError>> {
        Box::pin(self.reached(name, token, deadline))
    }

    fn erased_stirred(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.stirred())
    }

    fn erased_documents<'a>(
        &'a self,
        which: &'a Which,
        documents: &'a Documents,
    ) -> BoxFuture<'a, Result0<Vec<(DocumentKey, Document)>>> {
        Box::pin(self.documents(which, documents))
    }

    fn erased_count<'a>(&'a self, which: &'a Which) -> BoxFuture<'a, Result0<u64>> {
        Box::pin(self.count(which))
    }

    fn erased_models<'a>(&'a self, name: Option<&'a str>) -> BoxFuture<'a, Result0<Vec<Model>>> {
        Box::pin(self.models(name))
    }

    fn erased_letters<'a>(
        &'a self,
        query: &'a LetterQuery,
    ) -> BoxFuture<'a, Result0<Vec<DeadLetter>>> {
        Box::pin(self.letters(query))
    }

    fn erased_wish<'a>(
        &'a self,
        query: &'a LetterQuery,
        wish: &'a Wish,
    ) -> BoxFuture<'a, Result0<u64>> {
        Box::pin(self.wish(query, wish))
    }

    fn erased_ledger<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result0<Ledger>> {
        Box::pin(self.ledger(unit))
    }

    fn erased_hold<'a>(&'a self, name: &'a str, versions: [u32; 2]) -> BoxFuture<'a, Result0<()>> {
        Box::pin(self.hold(name, versions))
    }

    fn erased_release<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result0<()>> {
        Box::pin(self.release(name))
    }

    fn erased_compare<'a>(
        &'a self,
        name: &'a str,
        versions: [u32; 2],
        snapshot: BoxFuture<'a, ()>,
        report: &'a mut (dyn FnMut(Difference) + Send),
    ) -> BoxFuture<'a, Result<Compared, CompareError>> {
        Box::pin(self.compare(name, versions, snapshot, report))
    }

    fn erased_switch<'a>(
        &'a self,
        name: &'a str,
        to: u32,
    ) -> BoxFuture<'a, Result<(), SwitchError>> {
        Box::pin(self.switch(name, to))
    }

    fn erased_discard<'a>(
        &'a self,
        name: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<(), SwitchError>> {
        Box::pin(self.discard(name, version))
    }
}

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

    async fn count(&self, which: &Which) -> Result<u64, StoreError> {
        self.0.erased_count(which).await
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

    async fn hold(&self, name: &str, versions: [u32; 2]) -> Result<(), StoreError> {
        self.0.erased_hold(name, versions).await
    }

    async fn release(&self, name: &str) -> Result<(), StoreError> {
        self.0.erased_release(name).await
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

    fn erased(self) -> AnyReadModels {
        self
    }
}
