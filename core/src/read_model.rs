//! The contract of a read-model store.

mod any;
mod assign;
mod audit;
mod declare;
mod error;
mod hold;
mod key;
mod lease;
mod letter;
mod standing;
mod status;
mod step;

use std::error::Error;

use tokio::time::Instant;

pub use any::{AnyReadModels, AnySession};
pub use assign::{Candidate, assigned};
pub use audit::{BLOCK, Ledger, Mark, Tallies, Tally};
pub use declare::{Declaration, Handled, MAX_NAME_BYTES, ModelId, Shape};
pub use error::{
    CommitError, CompareError, DeclareError, HoldError, InvalidName, MendError, ReachedError,
    SessionMismatch, SwitchError,
};
pub use hold::{Hold, HoldId};
pub use key::{DocumentKey, InvalidKey, KeyKind, MAX_KEY_BYTES};
pub use lease::{Heartbeat, Lease, Report, Share, Unit, WorkerId};
pub use letter::{DeadLetter, LetterQuery, Wish};
pub use standing::{DocumentError, Standing};
pub use status::{Compared, Difference, Model, UnitStatus, VersionState};
pub use step::{Committed, Document, Documents, Resumed, Settled, Settlement, Step, Which};

use crate::{Checkpoint, StoreError, Token};

/// Keeps read models, and how far each has come, in one place: what an event
/// changes and the checkpoint behind the event commit together or not at all.
///
/// It knows documents as JSON, keys, positions and leases, and nothing of views
/// and events. A read model has *versions*, of which one is current and answers
/// queries. A version is fed by *units*: one for each partition of the log, and for
/// each slice where the keys are sliced. Who works on a unit holds its lease.
///
/// # Promises
/// Every implementation keeps these; the suite has a test for each.
///
/// - **One commit**: documents, rows written through the session, checkpoint,
///   tallies and dead letters of a [`Step`] are seen together or not at all.
/// - **Fenced**: a step commits only under the lease that is in force at its commit,
///   by the clock of the store, and only from the checkpoint which it names. Who was
///   paused past the lease, or works with a lease that was taken over, changes
///   nothing. A transaction which lies idle does not hold up who takes over: the
///   store ends it when the lease has run out.
/// - **One holder**: at no time two leases of one unit are in force.
/// - **Current, always**: queries see the current version; a switch is one step, and
///   no query sees an empty or a partial model because of it.
/// - **Held**: while a version is held at a position, no step goes beyond it. One at a
///   time holds it, and for no longer than was said, so that nobody who is gone stops a
///   read model for good.
///
/// # Dropping futures
/// A dropped [`Tx`](Self::Tx) has changed nothing. A dropped `commit` has committed
/// all or nothing, or still does: the unit's checkpoint, read by
/// [`resume`](Self::resume), tells. Of all others each is one atomic step.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep read models",
    note = "use `MemoryReadModels` of annals-memory, `PostgresReadModels` of annals-postgres, or \
            implement `ReadModelStore`"
)]
pub trait ReadModelStore: Send + Sync + Sized + 'static {
    /// A transaction under way.
    type Tx: Send + 'static;

    /// What a projection writes its own rows through, such as a connection to the
    /// database.
    type Session: Send + 'static;

    /// Makes a version of a read model known, and makes room for it. The first version
    /// of a name is current at once; a later one is built beside it.
    ///
    /// What is known already is compared: a later code may handle more events than the
    /// one before, and then ends the leases of workers with the earlier code. Types of
    /// events that are new to it are taken only where no unit has come farther than the log
    /// was [searched](Declaration::searched) for them: what was passed over would be missing
    /// for good. Who has searched, but not far enough, finds the units without leases for a
    /// moment, so that they do not run away from him again.
    ///
    /// # Errors
    /// See [`DeclareError`].
    fn declare(
        &self,
        model: &Declaration,
    ) -> impl Future<Output = Result<VersionState, DeclareError>> + Send;

    /// Says that a worker is alive, renews its leases, and gives it those that are
    /// free and [fall to it](assigned).
    ///
    /// A model that was declared anew with other events is no longer shared with a
    /// worker that gives its [fingerprint](Declaration::fingerprint) of before.
    ///
    /// # Errors
    /// The store failed; leases may have run out meanwhile.
    fn share(
        &self,
        heartbeat: &Heartbeat,
    ) -> impl Future<Output = Result<Share, StoreError>> + Send;

    /// Gives leases back, so that another worker can have them at once.
    ///
    /// # Errors
    /// The store failed; the leases run out.
    fn hand_over(&self, leases: &[Lease]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives all leases of a worker back, and forgets it.
    ///
    /// # Errors
    /// The store failed; the leases run out.
    fn leave(&self, worker: WorkerId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Where a unit stands, read for the holder of its lease.
    ///
    /// # Errors
    /// The lease is not in force any more, or the store failed.
    fn resume(&self, lease: &Lease) -> impl Future<Output = Result<Resumed, CommitError>> + Send;

    /// Begins a transaction for the next step of a unit.
    ///
    /// # Errors
    /// The lease is not in force any more, or the store failed.
    fn begin(&self, lease: &Lease) -> impl Future<Output = Result<Self::Tx, CommitError>> + Send;

    /// Begins a transaction in which a projection makes its tables: until it ends, nobody
    /// else is in such a transaction for the same version, so that two units do not make
    /// the same table at the same moment. Like [`begin`](Self::begin) where tables are not
    /// made, or where that does no harm.
    ///
    /// # Errors
    /// The lease is not in force any more, or the store failed.
    fn begin_set_up(
        &self,
        lease: &Lease,
    ) -> impl Future<Output = Result<Self::Tx, CommitError>> + Send {
        self.begin(lease)
    }

    /// What a projection writes through, within the transaction. Names of tables
    /// without a schema are those of the version that is fed.
    fn session(tx: &mut Self::Tx) -> &mut Self::Session;

    /// The documents under these keys, in their order, and locked until the end of the
    /// transaction where another unit could change them.
    ///
    /// # Errors
    /// The store failed.
    fn load(
        &self,
        tx: &mut Self::Tx,
        keys: &[DocumentKey],
    ) -> impl Future<Output = Result<Vec<Option<Document>>, StoreError>> + Send;

    /// Writes documents; `None` deletes. No key comes twice.
    ///
    /// # Errors
    /// The store failed, or [cannot keep](StoreError::is_content) one of the documents,
    /// which it may also say at the commit. The transaction cannot go on after either.
    fn save(
        &self,
        tx: &mut Self::Tx,
        documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Moves the checkpoint and commits; the check of the lease is the last statement
    /// before. It renews the lease.
    ///
    /// # Errors
    /// See [`CommitError`].
    fn commit(
        &self,
        tx: Self::Tx,
        step: &Step,
    ) -> impl Future<Output = Result<Committed, CommitError>> + Send;

    /// A whole step that writes documents: begins, saves and commits. For who has gathered
    /// what a step writes without a transaction, because no other unit could change the
    /// documents meanwhile; a store may need fewer round trips for it.
    ///
    /// # Errors
    /// Those of the three.
    fn write(
        &self,
        lease: &Lease,
        documents: Vec<(DocumentKey, Option<Document>)>,
        step: &Step,
    ) -> impl Future<Output = Result<Committed, CommitError>> + Send {
        async move {
            let mut tx = self.begin(lease).await?;
            if !documents.is_empty() {
                self.save(&mut tx, documents).await?;
            }
            self.commit(tx, step).await
        }
    }

    /// Whether an error of a projection is a failure of this store that may pass, so
    /// that it says nothing about the event.
    fn is_transient(error: &(dyn Error + 'static)) -> bool;

    /// Waits until the current version has taken all events up to the token's places,
    /// or the deadline passes.
    ///
    /// # Errors
    /// See [`ReachedError`].
    fn reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), ReachedError>> + Send;

    /// Waits until leases or wishes may have changed, as far as the store can tell; for
    /// a worker who would otherwise wait for its next heartbeat. It may return too
    /// early, and after at most a minute.
    fn stirred(&self) -> impl Future<Output = ()> + Send;

    /// Documents, in the order of their keys.
    ///
    /// # Errors
    /// The store failed, or has no such model.
    fn documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> impl Future<Output = Result<Vec<(DocumentKey, Document)>, StoreError>> + Send;

    /// Documents of the current version, once it has taken all events up to the token's
    /// places: what [`reached`](Self::reached) and then [`documents`](Self::documents) say.
    /// It is the version that is current when they are read which has come there, and none
    /// of them is older. A store may need fewer round trips for it.
    ///
    /// As it is here, another version may become current between the two: it was not behind
    /// the one before.
    ///
    /// # Errors
    /// See [`ReachedError`]; those of [`documents`](Self::documents) are among the store's.
    fn documents_at_least(
        &self,
        name: &str,
        documents: &Documents,
        token: &Token,
        deadline: Instant,
    ) -> impl Future<Output = Result<Vec<(DocumentKey, Document)>, ReachedError>> + Send {
        async move {
            self.reached(name, token, deadline).await?;
            Ok(self.documents(&Which::Current(name.to_owned()), documents).await?)
        }
    }

    /// How many documents there are.
    ///
    /// # Errors
    /// The store failed, or has no such model.
    fn count(&self, which: &Which) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The documents of a version under keys, with the checkpoints of its units, the
    /// keys among them that are parked, and the fingerprint of what it handles, all in one
    /// snapshot: folded with the events behind the checkpoints by code that handles the
    /// same, a document is what it is at the end of the log.
    /// `None` if there is no such version.
    ///
    /// # Errors
    /// The store failed, or the version does not keep documents under such keys.
    fn standing(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> impl Future<Output = Result<Option<Standing>, StoreError>> + Send;

    /// Every read model with its versions and their units, or those of one name, in one
    /// snapshot.
    ///
    /// # Errors
    /// The store failed.
    fn models(
        &self,
        name: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Model>, StoreError>> + Send;

    /// Dead letters, in the order of their units and positions.
    ///
    /// # Errors
    /// The store failed.
    fn letters(
        &self,
        query: &LetterQuery,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, StoreError>> + Send;

    /// Notes what is to become of the dead letters that the query names; the holder of
    /// the unit does it. Returns of how many.
    ///
    /// # Errors
    /// The store failed.
    fn wish(
        &self,
        query: &LetterQuery,
        wish: &Wish,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The checkpoint of a unit, its tallies and its dead letters, in one snapshot.
    ///
    /// # Errors
    /// The store failed, or has no such unit.
    fn ledger(&self, unit: &Unit) -> impl Future<Output = Result<Ledger, StoreError>> + Send;

    /// Holds two versions at the position that the one which is ahead has reached, in
    /// every partition, so that the other comes to the same place.
    ///
    /// Who holds both already renews the hold, at the place where it is. A hold that was
    /// not renewed in time is over, and the versions go on.
    ///
    /// # Errors
    /// See [`HoldError`].
    fn hold(&self, hold: &Hold) -> impl Future<Output = Result<(), HoldError>> + Send;

    /// Lets the versions of a model go on that are held by this one; without, whoever
    /// holds them.
    ///
    /// # Errors
    /// The store failed; the hold runs out.
    fn release(
        &self,
        name: &str,
        by: Option<HoldId>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Compares two versions which stand at the same place, in one snapshot, and hands
    /// each document or row that differs to `report`.
    ///
    /// The comparison calls `snapshot` once the snapshot is taken: from then on the
    /// versions may go on.
    ///
    /// # Errors
    /// See [`CompareError`].
    fn compare(
        &self,
        name: &str,
        versions: [u32; 2],
        snapshot: impl Future<Output = ()> + Send,
        report: &mut (dyn FnMut(Difference) + Send),
    ) -> impl Future<Output = Result<Compared, CompareError>> + Send;

    /// Makes a version the current one, in one step.
    ///
    /// # Errors
    /// See [`SwitchError`].
    fn switch(&self, name: &str, to: u32) -> impl Future<Output = Result<(), SwitchError>> + Send;

    /// Removes a version that is not the current one, with everything that was kept for
    /// it.
    ///
    /// # Errors
    /// See [`SwitchError`].
    fn discard(
        &self,
        name: &str,
        version: u32,
    ) -> impl Future<Output = Result<(), SwitchError>> + Send;

    /// Replaces the document under a key by one that was made anew from the log, or
    /// removes it, if every unit of the version stands at these places, one for each
    /// partition. The leases of its units end: who works on them begins anew, and forgets
    /// what he has read.
    ///
    /// # Errors
    /// See [`MendError`]; nothing was changed.
    fn mend(
        &self,
        model: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<Document>,
    ) -> impl Future<Output = Result<(), MendError>> + Send;

    /// The same store behind one type for all stores.
    fn erased(self) -> AnyReadModels {
        AnyReadModels::new(self)
    }
}
