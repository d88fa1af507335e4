//! Every store as the object-safe twin.

use std::any::{TypeId, type_name};
use std::error::Error;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::AnySession;
use super::erased::{Erased, Result0};
use super::session::TxOf;
use crate::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, ReadModelStore, Resumed, Share,
    Standing, Step, SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use crate::{Checkpoint, StoreError, Token};

fn foreign() -> StoreError {
    StoreError::permanent("the transaction was begun by another store")
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

    fn erased_begin_set_up<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<AnySession, CommitError>> {
        Box::pin(
            async move { Ok(AnySession(Box::new(TxOf::<S>(self.begin_set_up(lease).await?)))) },
        )
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

    fn erased_documents_at_least<'a>(
        &'a self,
        name: &'a str,
        documents: &'a Documents,
        token: &'a Token,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<(DocumentKey, Document)>, ReachedError>> {
        Box::pin(self.documents_at_least(name, documents, token, deadline))
    }

    fn erased_count<'a>(&'a self, which: &'a Which) -> BoxFuture<'a, Result0<u64>> {
        Box::pin(self.count(which))
    }

    fn erased_standing<'a>(
        &'a self,
        version: &'a ModelId,
        keys: &'a [DocumentKey],
    ) -> BoxFuture<'a, Result0<Option<Standing>>> {
        Box::pin(self.standing(version, keys))
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

    fn erased_hold<'a>(&'a self, hold: &'a Hold) -> BoxFuture<'a, Result<(), HoldError>> {
        Box::pin(self.hold(hold))
    }

    fn erased_release<'a>(
        &'a self,
        name: &'a str,
        by: Option<HoldId>,
    ) -> BoxFuture<'a, Result0<()>> {
        Box::pin(self.release(name, by))
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

    fn erased_mend<'a>(
        &'a self,
        model: &'a ModelId,
        at: &'a [Checkpoint],
        key: &'a DocumentKey,
        document: Option<Document>,
    ) -> BoxFuture<'a, Result<(), MendError>> {
        Box::pin(self.mend(model, at, key, document))
    }
}
