//! The object-safe twin of the contract.

use std::any::TypeId;
use std::error::Error;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::AnySession;
use crate::read_model::{
    CommitError, Committed, CompareError, Compared, DeadLetter, Declaration, DeclareError,
    Difference, Document, DocumentKey, Documents, Heartbeat, Hold, HoldError, HoldId, Lease,
    Ledger, LetterQuery, MendError, Model, ModelId, ReachedError, Resumed, Share, Standing, Step,
    SwitchError, Unit, VersionState, Which, Wish, WorkerId,
};
use crate::{Checkpoint, StoreError, Token};

pub(super) type Result0<T> = Result<T, StoreError>;

/// Its methods have names of their own, because both traits are in scope where the one is
/// made of the other.
pub(super) trait Erased: Send + Sync {
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
    fn erased_begin_set_up<'a>(
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
    fn erased_documents_at_least<'a>(
        &'a self,
        name: &'a str,
        documents: &'a Documents,
        token: &'a Token,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<(DocumentKey, Document)>, ReachedError>>;
    fn erased_count<'a>(&'a self, which: &'a Which) -> BoxFuture<'a, Result0<u64>>;
    fn erased_standing<'a>(
        &'a self,
        version: &'a ModelId,
        keys: &'a [DocumentKey],
    ) -> BoxFuture<'a, Result0<Option<Standing>>>;
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
    fn erased_hold<'a>(&'a self, hold: &'a Hold) -> BoxFuture<'a, Result<(), HoldError>>;
    fn erased_release<'a>(
        &'a self,
        name: &'a str,
        by: Option<HoldId>,
    ) -> BoxFuture<'a, Result0<()>>;
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
    fn erased_mend<'a>(
        &'a self,
        model: &'a ModelId,
        at: &'a [Checkpoint],
        key: &'a DocumentKey,
        document: Option<Document>,
    ) -> BoxFuture<'a, Result<(), MendError>>;
}
